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
		{
			Name:     "GaleraTablesNotReplicated",
			Expr:     expr(`sum by (job, cluster) (max by (job, cluster, schema) (%s{hazard="not_innodb"})) > 0`, metric.GaleraSchemaHazardTables),
			For:      time.Hour,
			Severity: Warning,
			Scope:    ScopeCluster,
			Summary:  "{{ $labels.cluster }}: {{ $value }} tables are not InnoDB and not replicated",
			Description: "What is written into such a table stays on the member that took the write. " +
				"After a failover it looks lost, and a backup of one member has only that member's rows.",
		},
		{
			Name:     "GaleraCascadeToBigTable",
			Expr:     expr(`sum by (job, cluster) (max by (job, cluster, schema) (%s{hazard="cascade_to_big_table"})) > 0`, metric.GaleraSchemaHazardTables),
			For:      time.Hour,
			Severity: Info,
			Scope:    ScopeCluster,
			Summary:  "{{ $labels.cluster }}: {{ $value }} big tables are the target of a cascade",
			Description: "One small DELETE or UPDATE of the parent may become a write set of millions of rows, which all members wait for. " +
				"The board has them by schema.",
		},
		{
			Name: "GaleraAllowlistDiffers",
			Expr: expr(`count by (job, cluster) (count_values by (job, cluster) ("fingerprint", %s)) > 1`,
				metric.GaleraAllowlistFingerprint),
			For:      30 * time.Minute,
			Severity: Warning,
			Scope:    ScopeCluster,
			Summary:  "{{ $labels.cluster }}: the members do not agree on who may join",
			Description: "There are {{ $value }} different lists of addresses. " +
				"Whether a member that was away may come back depends on whom it asks.",
		},
		{
			Name: "GaleraVersionsDiffer",
			Expr: expr(`count by (job, cluster) (count by (job, cluster, server_version) (%[1]s)) > 1
or count by (job, cluster) (count by (job, cluster, provider_version) (%[1]s)) > 1
or count by (job, cluster) (count_values by (job, cluster) ("protocol", %[2]s)) > 1`,
				metric.GaleraNodeInfo, metric.GaleraProtocolVersion),
			For:      24 * time.Hour,
			Severity: Warning,
			Scope:    ScopeCluster,
			Summary:  "{{ $labels.cluster }} has run {{ $value }} different versions for a day",
			Description: "An upgrade was begun and not finished. " +
				"Members of different versions are meant to run together for the time of the upgrade only.",
		},
	}
}
