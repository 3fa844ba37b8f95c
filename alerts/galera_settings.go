package alerts

import (
	"time"

	"github.com/kagu-db/kagu/internal/metric"
)

// galeraSettings is about what somebody has set. It has time: a rolling change is no drift.
func galeraSettings() []Rule {
	return []Rule{
		{
			Name: "GaleraConfigDrift",
			Expr: expr(`count by (job, cluster, variable) (count_values by (job, cluster, variable) ("fingerprint", %s)) > 1`,
				metric.GaleraVariableFingerprint),
			For:      time.Hour,
			Severity: Warning,
			Scope:    ScopeCluster,
			Summary:  "{{ $labels.cluster }}: the members disagree on {{ $labels.variable }}",
			Description: "A setting that must be the same everywhere has {{ $value }} values. " +
				"After a failover clients find another server than before.",
		},
		{
			Name:     "GaleraUnsafeSetting",
			Expr:     expr(`%s == 1`, metric.GaleraUnsafeSetting),
			For:      30 * time.Minute,
			Severity: Warning,
			Scope:    ScopeNode,
			Summary:  "{{ $labels.node }} of {{ $labels.cluster }} runs with an unsafe setting: {{ $labels.setting }}",
			Description: "It can cost data or split the cluster, at the next restart or at the next cut of the network. " +
				"The runbook says what each one does.",
		},
		{
			Name: "GaleraAutoIncrementClash",
			Expr: expr(`min by (job, cluster) (%[1]s) < on (job, cluster) count by (job, cluster) (%[1]s)
or count by (job, cluster) (%[2]s) > on (job, cluster) count by (job, cluster) (count_values by (job, cluster) ("offset", %[2]s))`,
				metric.GaleraAutoIncrementIncrement, metric.GaleraAutoIncrementOffset),
			For:      30 * time.Minute,
			Severity: Warning,
			Scope:    ScopeCluster,
			Summary:  "{{ $labels.cluster }}: two members give out the same auto-increment values",
			Description: "Two have the same offset, or the step is smaller than the number of members. " +
				"Inserts on both fail with conflicts. Somebody set them by hand.",
		},
		{
			Name:     "GaleraTablesWithoutPrimaryKey",
			Expr:     expr(`sum by (job, cluster) (max by (job, cluster, schema) (%s{hazard="no_primary_key"})) > 0`, metric.GaleraSchemaHazardTables),
			For:      time.Hour,
			Severity: Info,
			Scope:    ScopeCluster,
			Summary:  "{{ $labels.cluster }}: {{ $value }} tables have no primary key",
			Description: "Changes of many rows in such a table take every other member hours to apply, since it searches the table for each row. " +
				"The board has them by schema.",
		},
	}
}
