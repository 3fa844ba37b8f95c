package inventory_test

import (
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kagu-db/kagu/internal/inventory"
)

const member = `      - {name: dbN, host: dbN, sql: "10.0.0.1N:3306", service: mariadb.service}` + "\n"

func galera(members int, rest string) string {
	text := "    kind: galera\n    nodes:\n"
	for i := range members {
		text += strings.ReplaceAll(member, "N", string(rune('1'+i)))
	}
	return text + rest
}

// A warning never keeps a fleet from loading.
func TestWarnings(t *testing.T) {
	const (
		head = "site: noumea\ncredentials: {monitor: {user: m, password_file: monitor.pass}}\n" +
			"ssh: {user: kagu, key_file: ssh_key, known_hosts_file: known_hosts}\n" +
			"hosts: {db1: {address: 10.0.0.11}, db2: {address: 10.0.0.12}, db3: {address: 10.0.0.13}, arb1: {address: 10.0.0.14}}\n" +
			"clusters:\n  c:\n"
		allKnown = "10.0.0.11,10.0.0.12,10.0.0.13,10.0.0.14 " + hostKey + "\n"
		arbiter  = "    arbitrator: {host: arb1, service: garbd.service}\n"
		ndb      = "    kind: ndb\n    management: [{id: 1, host: db1, address: \"10.0.0.11:1186\", service: ndb_mgmd.service}]\n"
	)
	cases := []struct {
		name       string
		clusters   string
		knownHosts string
		want       []string
	}{
		{name: "three members give none", clusters: galera(3, ""), knownHosts: allKnown},
		{name: "two members and an arbitrator give none", clusters: galera(2, arbiter), knownHosts: allKnown},
		{
			name: "two members alone", clusters: galera(2, ""), knownHosts: allKnown,
			want: []string{"8:5: clusters.c.nodes: 2 votes: a split into halves stops both; add a member or an arbitrator on a third site"},
		},
		{
			name: "one member alone", clusters: galera(1, ""), knownHosts: allKnown,
			want: []string{"8:5: clusters.c.nodes: one member alone: its loss is the loss of the cluster; add two members"},
		},
		{
			name: "an arbitrator beside a member", clusters: galera(2, strings.Replace(arbiter, "arb1", "db2", 1)), knownHosts: allKnown,
			want: []string{"11:5: clusters.c.arbitrator: the arbitrator shares host db2 with db2 and falls with it; run garbd on a host without a member"},
		},
		{
			name: "hosts without a pinned key", clusters: galera(3, ""), knownHosts: "10.0.0.11,10.0.0.13 " + hostKey + "\n",
			want: []string{`3:38: ssh.known_hosts_file: has no key of arb1, db2: every verb there will be refused; for each run ssh-keyscan as in "ssh-keyscan -p 22 10.0.0.14", compare the fingerprint on the host, and append the line`},
		},
		{
			name: "a host known on another port only", clusters: galera(3, ""), knownHosts: strings.Replace(allKnown, "10.0.0.14", "[10.0.0.14]:2222", 1),
			want: []string{`3:38: ssh.known_hosts_file: has no key of arb1: every verb there will be refused; for each run ssh-keyscan as in "ssh-keyscan -p 22 10.0.0.14", compare the fingerprint on the host, and append the line`},
		},
		{
			name: "a known_hosts file that is none", clusters: galera(3, ""), knownHosts: "nonsense\n",
			want: []string{"3:38: ssh.known_hosts_file: cannot be used: knownhosts: known_hosts:1: knownhosts: missing host pattern; make it with ssh-keyscan and compare the fingerprints on each host"},
		},
		{
			name: "a small NDB cluster", clusters: ndb + "    data: [{id: 2, host: db1, service: ndbmtd.service}]\n", knownHosts: allKnown,
			want: []string{
				"8:5: clusters.c.management: one management server: without it no data node can restart; add a second on another host",
				"8:5: clusters.c.management: ndb-1 shares host db1 with a data node: if that host is lost, so is the arbitrator; run management servers on hosts without data nodes",
				"9:5: clusters.c.data: 1 data nodes: with two replicas their number is even; check NoOfReplicas, and that none is missing here",
			},
		},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			inFolder(t, "good")
			write(t, "known_hosts", c.knownHosts, 0o644)
			write(t, "kagu.yaml", head+c.clusters, 0o644)
			fleet, err := inventory.Load("kagu.yaml")
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, w := range fleet.Warnings {
				got = append(got, strings.TrimPrefix(w.Error(), "kagu.yaml:"))
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("warnings (-want +got):\n%s", diff)
			}
		})
	}
}

func TestAKnownHostsFileThatIsMissingIsAWarning(t *testing.T) {
	inFolder(t, "good")
	if err := os.Remove("known_hosts"); err != nil {
		t.Fatal(err)
	}
	fleet, err := inventory.Load("ndb.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if len(fleet.Warnings) != 1 || !strings.Contains(fleet.Warnings[0].Message, "no such file") {
		t.Errorf("warnings: %v", fleet.Warnings)
	}
}
