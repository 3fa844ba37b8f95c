package galera

import (
	"cmp"
	"context"
	"path/filepath"
	"slices"
	"time"

	"github.com/kagu-db/kagu/exporters"
	"github.com/kagu-db/kagu/internal/inventory"
	"github.com/kagu-db/kagu/internal/metric"
	"github.com/kagu-db/kagu/internal/sqlconn"
)

// A pairer answers a statement of two columns; sqlconn.DB is one.
type pairer interface {
	Pairs(ctx context.Context, query string) (map[string]string, error)
}

// A querier answers statements of any columns too; sqlconn.DB is one.
type querier interface {
	pairer
	Table(ctx context.Context, query string) ([]map[string]string, error)
}

// Options say what is read of the nodes.
type Options struct {
	Switches Switches

	// Node is the CLUSTER/NODE that runs on this host, whose files are read too; "" if none does.
	Node string

	// StatusFile is the name of wsrep_status_file of Node, in its data directory unless it is
	// a whole path; "" if it has none.
	StatusFile string

	// BigTable is the size in bytes from which on a table is big; 0 is DefaultBigTable.
	BigTable int64
}

// DefaultBigTable is a gibibyte: a cascade into that is a write set that members choke on.
const DefaultBigTable = 1 << 30

// hostDeadline is how long the files of the host may take.
const hostDeadline = 2 * time.Second

// Targets returns one target for each Galera node of the fleet, named CLUSTER/NODE.
func Targets(fleet *inventory.Fleet, o Options) []*exporters.Target {
	var all []*exporters.Target
	for _, c := range fleet.Clusters {
		expected := len(c.Nodes)
		if c.Arbitrator != nil {
			expected++
		}
		members := new(weights)
		for _, n := range c.Nodes {
			db := sqlconn.Open(n.SQL, c.Credential, c.TLS)
			slow := sqlconn.Open(n.SQL, c.Credential, c.TLS) // connects when something slow is asked
			t := target{db: db, shown: db.CertificateExpiry, expected: expected, weights: members, node: n.Name, switches: o.Switches, apart: apart(slow, o)}
			name := c.Name + "/" + n.Name
			if name == o.Node {
				t.apart["host"] = &exporters.Apart{Collector: hostOf(n, o.StatusFile), Deadline: hostDeadline}
			}
			all = append(all, &exporters.Target{
				Name:    name,
				Address: n.SQL,
				Labels:  map[string]string{metric.Cluster: c.Name, metric.Node: n.Name},
				Look:    t.look,
				Release: func() {
					for _, a := range t.apart {
						_ = a.Close() // it hangs in the kernel, and what it would say nobody waits for
					}
					_, _ = db.Close(), slow.Close() // nothing is lost with connections that only read
				},
			})
		}
	}
	return all
}

// apart returns the slow collectors of one node. They take turns on its second connection.
func apart(db querier, o Options) map[string]*exporters.Apart {
	all := map[string]*exporters.Apart{}
	add := func(c exporters.Collector, every, deadline time.Duration) {
		for _, s := range Sources() {
			if s.Name == c.Name() {
				all[s.Name] = &exporters.Apart{Collector: granted(c, s.Needs), Every: every, Deadline: deadline}
			}
		}
	}
	add(digests{db}, digestsEvery, slowDeadline)
	add(binlog{db}, binlogEvery, slowDeadline)
	add(accounts{db}, accountsEvery, slowDeadline)
	add(schema{db, cmp.Or(o.BigTable, DefaultBigTable)}, schemaEvery, schemaDeadline)
	return all
}

// slowDeadline is how long a slow collector may take, waiting for the others included.
const slowDeadline = 45 * time.Second

func hostOf(n inventory.Node, statusFile string) host {
	if statusFile != "" && !filepath.IsAbs(statusFile) {
		statusFile = filepath.Join(n.DataDir, statusFile)
	}
	return host{dataDir: n.DataDir, statusFile: statusFile, pidFile: n.PIDFile, service: n.Service, cgroups: "/sys/fs/cgroup", proc: "/proc"}
}

// A target is what lives as long as the configuration.
type target struct {
	db       querier
	shown    func() (time.Time, bool) // when the certificate ends that db was shown
	expected int                      // members, by kagu.yaml
	weights  *weights                 // shared by the members of a cluster
	node     string
	switches Switches
	apart    map[string]*exporters.Apart // by name; no host if the node is on another one
}

// look returns the collectors of one scrape. They share what they read of the status and of
// the variables.
func (t target) look(asked []string) ([]exporters.Collector, error) {
	sources, err := t.switches.asked(asked)
	if err != nil {
		return nil, err
	}
	l := newLook(t)
	collectors := make([]exporters.Collector, 0, len(sources))
	for _, s := range sources {
		if s.make == nil {
			if a, ok := t.apart[s.Name]; ok {
				collectors = append(collectors, a)
			}
			continue
		}
		if s.Name == "workload" {
			l.query = workloadQuery
		}
		c := s.make(l)
		if s.deadline > 0 {
			c = turn{look: l, Collector: exporters.Within{Collector: c, Deadline: s.deadline}, needs: s.Needs}
		}
		collectors = append(collectors, c)
	}
	return slices.Clip(collectors), nil
}
