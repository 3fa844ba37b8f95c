package galera

import (
	"slices"
	"time"

	"github.com/kagu-db/kagu/exporters"
	"github.com/kagu-db/kagu/internal/metric"
	"github.com/kagu-db/kagu/internal/sqlconn"
)

// A Source is a collector as an operator sees it: what it is for, what it costs, whether it is
// on, and what the account needs for it.
type Source struct {
	Name string
	Help string      // for --help: what it tells
	On   bool        // without a switch
	Cost metric.Cost // every scrape, slow, or on demand: only when asked for with collect[]

	// Needs are the grants without which it fails. What SHOW answers needs none.
	Needs []sqlconn.Grant

	deadline time.Duration                   // of its own statements
	make     func(*look) exporters.Collector // of one scrape; nil for those that live as long as their target
}

// process lets an account see the threads and transactions of others.
var process = sqlconn.Grant{Privilege: "PROCESS", On: "*.*"}

// soon is the deadline of what is answered from memory.
const soon = 2 * time.Second

// Sources lists every collector, in the order in which a page shows what they emit.
func Sources() []Source {
	return []Source{
		{
			Name: "status", Help: "State, membership, replication, flow control and latency. Without it there is no galera_up.",
			On: true, Cost: metric.EveryScrape,
			make: func(l *look) exporters.Collector { return status{l} },
		},
		{
			Name: "status.window-stats", Help: "Extremes and means of the queues since somebody said FLUSH STATUS.",
			Cost: metric.EveryScrape, deadline: soon,
			make: func(l *look) exporters.Collector { return windowStats{l} },
		},
		{
			Name: "variables", Help: "Versions, limits, timeouts, unsafe settings, maintenance modes.",
			On: true, Cost: metric.EveryScrape, deadline: soon,
			make: func(l *look) exporters.Collector { return variables{l} },
		},
		{
			Name: "drift", Help: "Fingerprints of the settings that should be the same on all members.",
			On: true, Cost: metric.EveryScrape, deadline: soon,
			make: func(l *look) exporters.Collector { return drift{l} },
		},
		{
			Name: "view", Help: "Fingerprint of the view, which tells two clusters apart.",
			On: true, Cost: metric.EveryScrape, deadline: soon,
			Needs: []sqlconn.Grant{{Privilege: "SELECT", On: "mysql.wsrep_cluster"}, {Privilege: "SELECT", On: "mysql.wsrep_cluster_members"}},
			make:  func(l *look) exporters.Collector { return view{l.db} },
		},
		{
			Name: "streaming", Help: "Fragments of huge transactions on their way.",
			On: true, Cost: metric.EveryScrape, deadline: soon,
			Needs: []sqlconn.Grant{{Privilege: "SELECT", On: "mysql.wsrep_streaming_log"}},
			make:  func(l *look) exporters.Collector { return streaming{l.db} },
		},
		{
			Name: "members", Help: "One series for each member that the node sees: members times members in a cluster.",
			Cost: metric.OnDemand, deadline: soon,
			Needs: []sqlconn.Grant{{Privilege: "SELECT", On: "mysql.wsrep_cluster_members"}},
			make:  func(l *look) exporters.Collector { return members{l.db} },
		},
		{
			Name: "workload", Help: "Connections, statements, temporary tables, InnoDB.",
			On: true, Cost: metric.EveryScrape, deadline: soon,
			make: func(l *look) exporters.Collector { return workload{l} },
		},
		{
			Name: "transactions", Help: "The oldest and the largest transaction, and who waits for what.",
			On: true, Cost: metric.EveryScrape, deadline: soon,
			Needs: []sqlconn.Grant{process},
			make:  func(l *look) exporters.Collector { return transactions{l} },
		},
		{
			Name: "latency", Help: "Histogram of how long statements take, if the server has the plugin query_response_time.",
			On: true, Cost: metric.EveryScrape, deadline: soon,
			make: func(l *look) exporters.Collector { return latency{l} },
		},
		{
			Name: "locks", Help: "Who blocks whom, by rows and by metadata; asks nothing while nobody waits.",
			On: true, Cost: metric.EveryScrape, deadline: soon,
			Needs: []sqlconn.Grant{process},
			make:  func(l *look) exporters.Collector { return locks{l} },
		},
		{
			Name: "replication", Help: "Asynchronous channels of this node, their lag, and its own replicas.",
			On: true, Cost: metric.EveryScrape, deadline: soon,
			Needs: []sqlconn.Grant{{Privilege: "REPLICA MONITOR", On: "*.*"}},
			make:  func(l *look) exporters.Collector { return replication{l} },
		},
		{
			Name: "tls", Help: "When the server's certificate ends; needs TLS to the database in kagu.yaml.",
			On: true, Cost: metric.EveryScrape, deadline: soon,
			make: func(l *look) exporters.Collector { return certificate{l.shown} },
		},
		{
			Name: "clock", Help: "Distance between the server's clock and the exporter's.",
			On: true, Cost: metric.EveryScrape, deadline: soon,
			make: func(l *look) exporters.Collector { return clock{l.db} },
		},
		{
			Name: "allowlist", Help: "Fingerprint of who may join the cluster; MariaDB from 10.10 on.",
			Cost: metric.EveryScrape, deadline: soon,
			Needs: []sqlconn.Grant{{Privilege: "SELECT", On: "mysql.wsrep_allowlist"}},
			make:  func(l *look) exporters.Collector { return allowlist{l.db} },
		},
		{
			Name: "digests", Help: "Which instruments are on, and the statements that take most time, by form, if performance_schema is; read each minute.",
			On: true, Cost: metric.Slow,
			Needs: []sqlconn.Grant{
				{Privilege: "SELECT", On: "performance_schema.events_statements_summary_by_digest"},
				{Privilege: "SELECT", On: "performance_schema.events_statements_summary_global_by_event_name"},
			},
		},
		{
			Name: "binlog", Help: "Number and size of the binary logs; read each five minutes.",
			On: true, Cost: metric.Slow,
			Needs: []sqlconn.Grant{{Privilege: "BINLOG MONITOR", On: "*.*"}},
		},
		{
			Name: "accounts", Help: "Number of accounts that replicas log in with; read once an hour.",
			Cost:  metric.Slow,
			Needs: []sqlconn.Grant{{Privilege: "SELECT (" + accountColumns + ")", On: "mysql.user"}},
		},
		{
			Name: "schema", Help: "Tables that replicate badly and sizes, by schema; read once an hour.",
			Cost:  metric.Slow,
			Needs: []sqlconn.Grant{process, {Privilege: "REFERENCES", On: "*.*"}},
		},
		{
			Name: "host", Help: "Saved position, transfer, disk and process of the node of --node, also while it is down.",
			On: true, Cost: metric.EveryScrape,
		},
	}
}

// Grants returns what the account needs for these sources, each once.
func Grants(sources []Source) []sqlconn.Grant {
	var all []sqlconn.Grant
	for _, s := range sources {
		for _, g := range s.Needs {
			if !slices.Contains(all, g) {
				all = append(all, g)
			}
		}
	}
	return all
}

// Switches say which sources are on, by name; what is not in them is as its Source says.
type Switches map[string]bool

// On returns the sources that are on.
func (s Switches) On() []Source { return exporters.On(Sources(), switched, s) }

// asked returns the sources with these names, or with no name those that are on.
func (s Switches) asked(names []string) ([]Source, error) {
	return exporters.Asked(Sources(), switched, s, names)
}

func switched(s Source) (name string, on bool) { return s.Name, s.On }
