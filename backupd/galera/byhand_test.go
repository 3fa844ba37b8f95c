package galera

import (
	"os/exec"
	"testing"

	"github.com/kagu-db/kagu/internal/goldentest"
	"github.com/kagu-db/kagu/internal/inventory"
)

func TestWhatAHumanDoesToFoundACluster(t *testing.T) {
	member := func(name, service, dir string) inventory.Node {
		return inventory.Node{Name: name, Host: inventory.Host{Name: "host-" + name}, Service: service, DataDir: dir}
	}
	c := inventory.Cluster{
		Name: "backoffice", Nodes: []inventory.Node{member("db1", "mariadb.service", "/var/lib/mysql"), member("db2", "mariadb@b.service", "/srv/my data")},
		Backup: &inventory.Backup{Jobs: []inventory.BackupJob{{Name: "dump", Method: "logical"}, {Name: "nightly", Method: "physical"}}},
	}
	goldentest.Compare(t, "testdata/byhand.txt", byHand(c, c.Nodes[0]))

	c.Arbitrator = &inventory.Arbitrator{Host: inventory.Host{Name: "arb1"}, Service: "garbd.service"}
	c.Nodes[1].Service, c.Nodes[1].Start = "", []string{"/usr/sbin/mariadbd", "--defaults-file=/etc/it's mine.cnf"}
	goldentest.Compare(t, "testdata/byhand_arbitrator.txt", byHand(c, c.Nodes[1]))
}

func TestAWordStaysOneWord(t *testing.T) {
	for _, text := range []string{"plain", "two words", "it's", "$(touch x)", "`x`", "a\nb", "*", "", "--flag=\"x\""} {
		out, err := exec.Command("sh", "-c", "printf '<%s>' "+word(text)).Output()
		if err != nil || string(out) != "<"+text+">" {
			t.Errorf("%q became %q: %v", text, out, err)
		}
	}
}
