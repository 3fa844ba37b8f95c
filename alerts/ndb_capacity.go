package alerts

import (
	"time"

	"github.com/kagu-db/kagu/internal/metric"
)

// ndbCapacity is about what runs full.
func ndbCapacity() []Rule {
	return []Rule{
		{
			Name: "NdbDataMemoryFull",
			Expr: expr(`%[1]s{state="used"} / ignoring (state) %[1]s{state="total"} > 0.95`,
				metric.NdbDataMemoryBytes),
			For:      2 * time.Minute,
			Severity: Critical,
			Scope:    ScopeNode,
			Summary:  "Data node {{ $labels.node }} of {{ $labels.cluster }} has {{ $value | humanizePercentage }} of its data memory in use",
			Description: "At 100 % inserts fail with error 827, for all clients. " +
				"A data node that must restart now may not be able to.",
		},
		{
			Name: "NdbDataMemoryRunway",
			Expr: expr(`%[1]s{state="used"} / ignoring (state) %[1]s{state="total"} > 0.8
or (%[1]s{state="used"} / ignoring (state) %[1]s{state="total"} > 0.5
  and on (job, cluster, node_id) %[2]s{resource="data_memory"} < 2 * 86400)`,
				metric.NdbDataMemoryBytes, metric.NdbRunwaySeconds),
			For:      30 * time.Minute,
			Severity: Warning,
			Scope:    ScopeNode,
			Summary:  "Data node {{ $labels.node }} of {{ $labels.cluster }}: {{ $value | humanizePercentage }} of its data memory is in use",
			Description: "More than 80 %, or at the pace of the last hour full within two days. " +
				"More memory means a rolling restart: plan it.",
		},
		{
			Name:     "NdbRedoFull",
			Expr:     expr(`%s{log="redo"} > 0.85`, metric.NdbLogSpaceFullestRatio),
			For:      time.Minute,
			Severity: Critical,
			Scope:    ScopeNode,
			Summary:  "Data node {{ $labels.node }} of {{ $labels.cluster }}: {{ $value | humanizePercentage }} of a redo log part is in use",
			Description: "When one part is full, writes fail with error 410 until a checkpoint frees it. " +
				"Checkpoints are too slow for the writes, or one hangs.",
		},
		{
			Name: "NdbRedoRunway",
			Expr: expr(`%[1]s{log="redo"} > 0.6
or (%[1]s{log="redo"} > 0.3 and on (job, cluster, node_id) %[2]s{resource="redo"} < 1800)`,
				metric.NdbLogSpaceFullestRatio, metric.NdbRunwaySeconds),
			For:      5 * time.Minute,
			Severity: Warning,
			Scope:    ScopeNode,
			Summary:  "Data node {{ $labels.node }} of {{ $labels.cluster }}: {{ $value | humanizePercentage }} of a redo part is used, rising",
			Description: "More than 60 %, or at its pace full within half an hour. " +
				"A checkpoint ends it if the disk keeps up.",
		},
		{
			Name:     "NdbOverloaded",
			Expr:     expr(`rate(%s{at="any"}[5m]) > 1`, metric.NdbLQHOverloadsTotal),
			For:      5 * time.Minute,
			Severity: Warning,
			Scope:    ScopeNode,
			Summary:  "Data node {{ $labels.node }} of {{ $labels.cluster }} refuses {{ $value | humanize }} operations a second",
			Description: "Clients get error 1218. A node that reads too slowly, an SQL node most often, " +
				"or SendBufferMemory is too small for the load.",
		},
	}
}
