package galera

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/kagu-db/kagu/backupd"
	"github.com/kagu-db/kagu/internal/inventory"
)

func prove(t *testing.T, c inventory.Cluster, links ...backupd.Link) (backupd.Evidence, error) {
	t.Helper()
	e, err := Kind{}.Prove(t.Context(), backupd.Proof{Cluster: c, Links: links, Dir: folder(t), Tell: func(stage, detail string) { t.Log(stage, detail) }})
	for _, check := range e.Checks {
		t.Log(check.Name, check.Good, check.Said)
	}
	t.Log(e.Seconds)
	return e, err
}

// failing returns the checks that are not good.
func failing(e backupd.Evidence) string {
	var all []string
	for _, c := range e.Checks {
		if !c.Good {
			all = append(all, c.Name+": "+c.Said)
		}
	}
	return strings.Join(all, "; ")
}

func TestBackupsAreProven(t *testing.T) {
	t.Parallel()
	from := server(t, "--log-bin=binlog", "--server-id=3")
	from.sql(t, "CREATE DATABASE shop", "USE shop", "CREATE TABLE shop.a (id INT PRIMARY KEY, v LONGTEXT)", "INSERT INTO shop.a SELECT seq, REPEAT(seq, 100) FROM seq_1_to_20000")
	c := clusterOf(from)
	c.Backup.Checks = []inventory.ContentCheck{{Query: "SELECT COUNT(*) FROM shop.a", Want: "20000"}}
	k := kindOf(fakeHosts{server: from})
	full, err := take(t, k, c, backupd.Physical, nil)
	if err != nil {
		t.Fatal(err)
	}
	from.sql(t, "CREATE TABLE shop.b (id INT PRIMARY KEY)", "INSERT INTO shop.b VALUES (1), (2)")
	first, err := take(t, k, c, backupd.Incremental, &full.Manifest)
	if err != nil {
		t.Fatal(err)
	}
	first.Manifest.Base = full.Manifest.ID
	from.sql(t, "INSERT INTO shop.b VALUES (3)")
	second, err := take(t, k, c, backupd.Incremental, &first.Manifest)
	if err != nil {
		t.Fatal(err)
	}
	second.Manifest.Base = first.Manifest.ID
	logical, err := take(t, k, c, backupd.Logical, nil)
	if err != nil {
		t.Fatal(err)
	}

	t.Run("a full backup", func(t *testing.T) {
		e, err := prove(t, c, full)
		if err != nil || !e.Good() || len(e.Checks) != 4 {
			t.Errorf("%v, %s", err, failing(e))
		}
	})
	t.Run("a chain", func(t *testing.T) {
		c := clusterOf(from)
		c.Backup.Checks = []inventory.ContentCheck{{Query: "SELECT SUM(id) FROM shop.b", Want: "6"}, {Query: "SELECT SUM(id) FROM shop.b", Want: "7"}, {Query: "SELECT nothing", Want: ""}}
		e, err := prove(t, c, full, first, second)
		if err != nil || !strings.HasPrefix(failing(e), `query: SELECT SUM(id) FROM shop.b: "6", want "7"; query: SELECT nothing: query `) {
			t.Errorf("%v, %s", err, failing(e))
		}
	})
	t.Run("a chain with a hole is not begun", func(t *testing.T) {
		if _, err := prove(t, c, full, second); !errors.Is(err, backupd.ErrBroken) || !strings.Contains(err.Error(), "does not build on") {
			t.Error(err)
		}
		forged := second
		forged.Manifest.Base = full.Manifest.ID
		if _, err := prove(t, c, full, forged); !errors.Is(err, backupd.ErrBroken) || !strings.Contains(err.Error(), "begins at LSN") {
			t.Error(err)
		}
	})
	t.Run("rows as SQL", func(t *testing.T) {
		e, err := prove(t, c, logical)
		if err != nil || !e.Good() || len(e.Checks) != 5 {
			t.Errorf("%v, %s", err, failing(e))
		}
	})
	t.Run("a row that is not there, and one that is another", func(t *testing.T) {
		for what, check := range map[string]string{"(1)": "rows: 20002 rows counted, wrong: `shop`.`b` has 2 of 3", "(1),\n(2)": "checksums: 1 of 2 tables are the same, different: `shop`.`b`"} {
			bad := logical
			m := newMemory()
			for name, b := range logical.Source.(*memory).streams {
				if strings.HasPrefix(name, "rows-") {
					if len(what) > 3 {
						b = bytes.Replace(b, []byte("(1),\n(2)"), []byte("(4),\n(2)"), 1)
					} else {
						b = bytes.Replace(b, []byte("(1),\n(2)"), []byte("(2)"), 1)
					}
				}
				m.streams[name] = b
			}
			bad.Source = m
			if e, err := prove(t, c, bad); err != nil || failing(e) != check {
				t.Errorf("%v, %s", err, failing(e))
			}
		}
	})
	t.Run("a backup whose files are damaged fails its proof", func(t *testing.T) {
		bad := full
		m := newMemory()
		b := bytes.Clone(full.Source.(*memory).streams[streamData])
		at := bytes.Index(b, []byte(strings.Repeat("15000", 20)))
		if at < 0 {
			t.Fatal("the row is not found in the stream")
		}
		copy(b[at:], "99999")
		m.streams[streamData], m.streams[streamConfig] = b, full.Source.(*memory).streams[streamConfig]
		bad.Source = m
		e, err := prove(t, c, bad)
		if err != nil || !strings.HasPrefix(failing(e), "it can be restored: unpack "+bad.Manifest.ID) {
			t.Errorf("%v, %s", err, failing(e))
		}
	})
	t.Run("a page that is damaged on the way to the disk", func(t *testing.T) {
		s, err := newSpare(t.Context(), filepath.Join(folder(t), "s"), inventory.Scratch{}, false)
		if err != nil {
			t.Fatal(err)
		}
		defer s.remove()
		if err := s.unpack(t.Context(), []backupd.Link{full}, func(_, _ string, do func() error) error { return do() }); err != nil {
			t.Fatal(err)
		}
		f, err := os.OpenFile(filepath.Join(dataIn(s.dir), "shop", "a.ibd"), os.O_RDWR, 0)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		if _, err := f.WriteAt([]byte("?"), 20*16384+5000); err != nil {
			t.Fatal(err)
		}
		if c, err := s.pages(t.Context(), backupd.Proof{}); err != nil || c.Good || !strings.HasSuffix(c.Said, "damaged: shop/a.ibd") {
			t.Errorf("%+v, %v", c, err)
		}
	})
	t.Run("a server of another series is told", func(t *testing.T) {
		old := full
		old.Manifest.Origin.Server = "10.6.18-MariaDB-log"
		if _, err := prove(t, c, old); err == nil || !strings.Contains(err.Error(), "install the series 10.6 here") {
			t.Error(err)
		}
	})
	t.Run("nothing is left of a scratch server", func(t *testing.T) {
		root := folder(t)
		old, err := newSpare(t.Context(), filepath.Join(root, "old"), inventory.Scratch{}, false)
		if err != nil {
			t.Fatal(err)
		}
		mark := filepath.Join(old.dir, "kagu-servers.json")
		text, err := os.ReadFile(mark)
		if err != nil {
			t.Fatal(err)
		}
		text = bytes.Replace(text, []byte(`"pid":`), []byte(`"pid":9`), 1) // as of a process that was killed
		if err := os.WriteFile(mark, text, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := (Kind{}).Prove(t.Context(), backupd.Proof{Cluster: c, Links: []backupd.Link{full}, Dir: filepath.Join(root, "new"), Scratch: inventory.Scratch{Dir: root}}); err != nil {
			t.Fatal(err)
		}
		if left, _ := filepath.Glob(filepath.Join(root, "*")); len(left) > 0 {
			t.Error(left)
		}
	})
}
