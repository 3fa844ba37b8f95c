package ndb

import (
	"time"

	"github.com/kagu-db/kagu/exporters"
	"github.com/kagu-db/kagu/internal/metric"
	"github.com/kagu-db/kagu/internal/sqlconn"
)

// A SQLSource is a collector that asks SQL nodes, as an operator sees it: what it is for, what it
// costs, whether it is on, and what the account needs for it.
type SQLSource struct {
	Name string
	Help string      // for --help: what it tells
	On   bool        // without a switch
	Cost metric.Cost // every scrape, or slow: apart from the scrapes

	// Needs are the grants without which it fails. What SHOW answers needs none.
	Needs []sqlconn.Grant

	deadline time.Duration
	make     func(*sqlLook) exporters.Collector // of one scrape
	apart    func(*sqlSide) exporters.Collector // of one that lives as long as its target
	every    time.Duration                      // how often that runs
}

var (
	process  = sqlconn.Grant{Privilege: "PROCESS", On: "*.*"}
	readInfo = sqlconn.Grant{Privilege: "SELECT", On: "ndbinfo.*"}
)

// infoDeadline is how long the tables of ndbinfo may take together. A data node that is frozen
// makes them wait until the cluster declares it dead.
const infoDeadline = 4 * time.Second

// SQLSources lists the collectors that ask SQL nodes, in the order in which a page shows what
// they emit.
func SQLSources() []SQLSource {
	every := func(name, help string, of ...infoReading) SQLSource {
		return SQLSource{
			Name: name, Help: help, On: true, Cost: metric.EveryScrape, Needs: []sqlconn.Grant{readInfo}, deadline: infoDeadline,
			make: func(l *sqlLook) exporters.Collector { return infoCollector{l, name, of} },
		}
	}
	apart := func(name, help, query string, emit func(cells, nodeNames, []map[string]string), needs ...sqlconn.Grant) SQLSource {
		return SQLSource{
			Name: name, Help: help, Cost: metric.Slow, Needs: needs, deadline: slowDeadline, every: slowEvery,
			apart: func(s *sqlSide) exporters.Collector { return slowCollector{s, name, query, emit} },
		}
	}
	spj := every("ndbinfo.spj", "What joins pushed down to the data nodes do.", infoReading{countersTable, emitSPJ})
	spj.On = false
	return []SQLSource{
		{
			Name: "sql", Help: "What each SQL node says of itself: connected, schema distribution, API counters, conflicts.",
			On: true, Cost: metric.EveryScrape, deadline: 2 * nodeDeadline,
			make: func(l *sqlLook) exporters.Collector { return sqlStatus{l} },
		},
		{
			Name: "sql.binlog", Help: "How far each SQL node's binary log is behind the cluster.",
			On: true, Cost: metric.EveryScrape, deadline: 2 * nodeDeadline, Needs: []sqlconn.Grant{process},
			make: func(l *sqlLook) exporters.Collector { return sqlBinlog{l} },
		},
		{
			Name: "sql.sync", Help: "Schema objects that a SQL node has not got.",
			On: true, Cost: metric.EveryScrape, deadline: 2 * nodeDeadline,
			Needs: []sqlconn.Grant{{Privilege: "SELECT", On: "performance_schema.ndb_sync_pending_objects"}, {Privilege: "SELECT", On: "performance_schema.ndb_sync_excluded_objects"}},
			make:  func(l *sqlLook) exporters.Collector { return sqlSync{l} },
		},
		{
			Name: "sql.replication", Help: "Epochs that replication between clusters has reached.",
			On: true, Cost: metric.EveryScrape, deadline: 2 * nodeDeadline,
			Needs: []sqlconn.Grant{
				{Privilege: "SELECT", On: "performance_schema.ndb_replication_applier_status"},
				{Privilege: "SELECT", On: "mysql.ndb_apply_status"},
				{Privilege: "SELECT", On: "mysql.ndb_binlog_index"},
			},
			make: func(l *sqlLook) exporters.Collector { return sqlReplication{l} },
		},
		{
			Name: "ndbinfo", Help: "Whether ndbinfo tells anything and through which SQL node; uptime of the data nodes.",
			On: true, Cost: metric.EveryScrape, deadline: infoDeadline, Needs: []sqlconn.Grant{readInfo},
			make: func(l *sqlLook) exporters.Collector { return infoNodes{l} },
		},
		every("ndbinfo.memory", "Data memory, buffers, resources, pools of records.",
			infoReading{memoryTable, emitMemory}, infoReading{resourcesTable, emitResources}, infoReading{poolsTable, emitPools}),
		every("ndbinfo.logs", "Redo and undo logs: space and buffers.",
			infoReading{logSpacesTable, emitLogSpaces}, infoReading{logBuffersTable, emitLogBuffers}),
		every("ndbinfo.counters", "Transactions, operations, overloads.", infoReading{countersTable, emitCounters}),
		spj,
		every("ndbinfo.transporters", "Links between the nodes.", infoReading{transportersList, emitTransporters}),
		every("ndbinfo.disk", "Checkpoint and redo writes, disk data.", infoReading{diskWritesTable, emitDiskWrites}, infoReading{diskPagesTable, emitDiskPages}),
		{
			Name: "ndbinfo.threads", Help: "CPU of the data nodes' threads, by kind.",
			On: true, Cost: metric.EveryScrape, deadline: infoDeadline, Needs: []sqlconn.Grant{readInfo},
			make: func(l *sqlLook) exporters.Collector { return infoThreads{l} },
		},
		every("ndbinfo.membership", "Arbitration, president, restarts, newest backup.",
			infoReading{membershipTable, emitMembership}, infoReading{restartTable, emitRestarts}, infoReading{backupTable, emitBackup}),
		{
			Name: "ndbinfo.config", Help: "What the data nodes run with, and who is connected; read every 2 minutes.",
			On: true, Cost: metric.Slow, Needs: []sqlconn.Grant{readInfo}, deadline: configDeadline, every: configEvery,
			apart: func(s *sqlSide) exporters.Collector { return infoConfig{s} },
		},
		{
			Name: "ndbinfo.tables", Help: "Memory, rows, operations and lock waits of the 20 largest tables; read every 5 minutes.",
			Cost: metric.Slow, Needs: []sqlconn.Grant{readInfo}, deadline: slowDeadline, every: slowEvery,
			apart: func(s *sqlSide) exporters.Collector { return &infoTables{side: s} },
		},
		apart("ndbinfo.fragments", "Fragments without all replicas, and where the primaries are; read every 5 minutes.", fragmentsQuery, emitFragments, readInfo),
		apart("ndbinfo.latency", "Latency histograms of the transaction coordinators; read every 5 minutes.", latencyQuery, emitLatency, readInfo),
		apart("ndbinfo.files", "Space of disk data; read every 5 minutes.", filesQuery, emitFiles, readInfo, process),
		apart("ndbinfo.transactions", "Open transactions and row locks; read every 5 minutes.", transactionsQuery, emitTransactions, readInfo),
	}
}
