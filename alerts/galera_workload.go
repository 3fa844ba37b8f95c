package alerts

import (
	"time"

	"github.com/kagu-db/kagu/internal/metric"
)

// galeraWorkload is about what clients do to a server, and about its disk.
func galeraWorkload() []Rule {
	return []Rule{
		{
			Name:     "GaleraConnectionsRefused",
			Expr:     expr(`increase(%s[5m]) > 5`, metric.GaleraConnectionsRefusedTotal),
			For:      time.Minute,
			Severity: Critical,
			Scope:    ScopeNode,
			Summary:  "{{ $labels.node }} of {{ $labels.cluster }} turns clients away: max_connections is reached",
			Description: "Clients get the error \"Too many connections\" now. " +
				"Most often they pile up behind something slow: a lock, flow control, a disk.",
		},
		{
			Name:        "GaleraConnectionsNearLimit",
			Expr:        expr(`%s / on (job, cluster, node, instance) %s > 0.85`, metric.GaleraConnections, metric.GaleraConnectionsLimit),
			For:         5 * time.Minute,
			Severity:    Warning,
			Scope:       ScopeNode,
			Summary:     "{{ $labels.node }} of {{ $labels.cluster }} uses {{ $value | humanizePercentage }} of its connections",
			Description: "At 100 % clients are refused. After a failover the survivors must take the connections of the one that died, too.",
		},
		{
			Name:     "GaleraLongTransaction",
			Expr:     expr(`time() - %s > 4 * 3600`, metric.GaleraInnodbOldestTransactionStartTimestampSeconds),
			For:      time.Minute,
			Severity: Warning,
			Scope:    ScopeNode,
			Summary:  "{{ $labels.node }} of {{ $labels.cluster }}: a transaction has been open for {{ $value | humanizeDuration }}",
			Description: "It keeps old versions of all rows, and a schema change of a table that it touched would stop the cluster. " +
				"A report that was forgotten, or a client that died without saying so.",
		},
		{
			Name:     "GaleraHugeTransaction",
			Expr:     expr(`%s > 1e6`, metric.GaleraInnodbTransactionRowsModifiedMax),
			For:      time.Minute,
			Severity: Warning,
			Scope:    ScopeNode,
			Summary:  "{{ $labels.node }} of {{ $labels.cluster }}: one transaction has changed {{ $value | humanize }} rows",
			Description: "When it commits, it becomes one write set, and every member waits while the others apply it. " +
				"If it ends, rolling it back takes as long.",
		},
		{
			Name:     "GaleraHistoryListLong",
			Expr:     expr(`%s > 1e6`, metric.GaleraInnodbHistoryListLength),
			For:      30 * time.Minute,
			Severity: Warning,
			Scope:    ScopeNode,
			Summary:  "{{ $labels.node }} of {{ $labels.cluster }} keeps {{ $value | humanize }} old changes for old readers",
			Description: "Purge cannot go on, so each read walks longer chains and the undo log grows. " +
				"Most often one transaction was left open.",
		},
		{
			Name: "GaleraDatadirFilling",
			Expr: expr(`%[1]s / on (job, cluster, node, instance) %[2]s < 0.15
or (%[1]s / on (job, cluster, node, instance) %[2]s < 0.5 and on (job, cluster, node, instance) predict_linear(%[1]s[6h], 86400) < 0)`,
				metric.GaleraDatadirAvailableBytes, metric.GaleraDatadirSizeBytes),
			For:      30 * time.Minute,
			Severity: Warning,
			Scope:    ScopeNode,
			Summary:  "{{ $labels.node }} of {{ $labels.cluster }}: {{ $value | humanizePercentage }} of the data directory's disk is left",
			Description: "Less than 15 % is free, or at the pace of the last six hours nothing is left tomorrow. " +
				"A full transfer to this node would need the size of the data once more.",
		},
		{
			Name: "GaleraDatadirFull",
			Expr: expr(`%s / on (job, cluster, node, instance) %s < 0.04`,
				metric.GaleraDatadirAvailableBytes, metric.GaleraDatadirSizeBytes),
			For:      time.Minute,
			Severity: Critical,
			Scope:    ScopeNode,
			Summary:  "{{ $labels.node }} of {{ $labels.cluster }}: only {{ $value | humanizePercentage }} of the data directory's disk is left",
			Description: "A member that cannot write stops, and until it does all others wait for it. " +
				"The others most likely follow: they hold the same data.",
		},
		{
			Name: "GaleraRedoNearFull",
			Expr: expr(`%s / on (job, cluster, node, instance) %s > 0.9`,
				metric.GaleraInnodbCheckpointAgeBytes, metric.GaleraInnodbCheckpointAgeLimitBytes),
			For:      5 * time.Minute,
			Severity: Warning,
			Scope:    ScopeNode,
			Summary:  "{{ $labels.node }} of {{ $labels.cluster }}: the redo log is {{ $value | humanizePercentage }} full",
			Description: "At 100 % each write waits until the disk has taken old changes, and so does the cluster, by flow control. " +
				"The redo log is too small for these writes, or the disk too slow.",
		},
		{
			Name:     "GaleraOpenFilesNearLimit",
			Expr:     expr(`%s / on (job, cluster, node, instance) %s > 0.85`, metric.GaleraOpenFiles, metric.GaleraOpenFilesLimit),
			For:      10 * time.Minute,
			Severity: Warning,
			Scope:    ScopeNode,
			Summary:  "{{ $labels.node }} of {{ $labels.cluster }} has {{ $value | humanizePercentage }} of the files open that it may",
			Description: "At 100 % tables can no longer be opened and clients get error 24. " +
				"Most often the unit's LimitNOFILE is lower than the options file asks for.",
		},
		{
			Name:     "GaleraAccessDenied",
			Expr:     expr(`increase(%s[10m]) > 100`, metric.GaleraAccessDeniedTotal),
			For:      5 * time.Minute,
			Severity: Warning,
			Scope:    ScopeNode,
			Summary:  "{{ $labels.node }} of {{ $labels.cluster }} refused {{ $value | humanize }} log-ins or statements in ten minutes",
			Description: "A client has an old password or lost a right, and tries again and again; or somebody tries passwords. " +
				"The server's error log has user and host of the refused log-ins.",
		},
	}
}
