package alerts

import (
	"time"

	"github.com/kagu-db/kagu/internal/metric"
)

// galeraAvailability is about whether clients are served, and by how many.
func galeraAvailability() []Rule {
	return []Rule{
		{
			Name:      "GaleraNodeDown",
			Expr:      expr(`last_over_time(%s[10m]) == 0`, metric.GaleraUp),
			For:       10 * time.Second,
			Severity:  Warning,
			Scope:     ScopeNode,
			Remediate: true,
			Summary:   "{{ $labels.node }} of {{ $labels.cluster }} does not answer SQL",
			Description: "The exporter runs, but the server does not answer. " +
				"It may be dead, frozen, cut off, or receiving a full copy of the data. The remediator looks at once.",
		},
		{
			Name:      "GaleraNoPrimary",
			Expr:      expr(`last_over_time(%s[10m]) == 0`, metric.GaleraNodesPrimary),
			For:       10 * time.Second,
			Severity:  Critical,
			Scope:     ScopeCluster,
			Remediate: true,
			Summary:   "{{ $labels.cluster }} has no primary component: nobody can write",
			Description: "No member that can be seen belongs to a primary component. " +
				"The remediator looks and explains; it never bootstraps a cluster without a human.",
		},
		{
			Name: "GaleraNodeNotPrimary",
			Expr: expr(`%s{status="primary"} == 0 unless on (job, cluster, node, instance) %s{state="joiner"} == 1`, // a joiner that catches up says non-Primary until it is done
				metric.GaleraClusterStatus, metric.GaleraLocalState),
			For:      30 * time.Second,
			Severity: Critical,
			Scope:    ScopeNode,
			Summary:  "{{ $labels.node }} of {{ $labels.cluster }} runs outside the primary component",
			Description: "The server answers but refuses reads and writes, because it lost the majority of its cluster. " +
				"Most often the network between the members is cut.",
		},
		{
			Name: "GaleraNodeNotSynced",
			Expr: expr(`sum by (job, cluster, node, instance) (%s{state=~"synced|donor"}) == 0`,
				metric.GaleraLocalState),
			For:      5 * time.Minute,
			Severity: Warning,
			Scope:    ScopeNode,
			Summary:  "{{ $labels.node }} of {{ $labels.cluster }} answers but is neither synced nor donor",
			Description: "The node has been joining, catching up or in error for five minutes. " +
				"It serves no current data and does not count as redundancy.",
		},
		{
			Name:     "GaleraNodeFlapping",
			Expr:     expr(`changes(%s[15m]) >= 4`, metric.GaleraUp),
			Severity: Warning,
			Scope:    ScopeNode,
			Summary:  "{{ $labels.node }} of {{ $labels.cluster }} came and went {{ $value }} times in 15 minutes",
			Description: "A server that dies soon after each start is not healed by another start. " +
				"Its error log says why.",
		},
		{
			Name: "GaleraSplitBrain",
			Expr: expr(`%[1]s > on (job, cluster) %[2]s
or (count by (job, cluster) (count by (job, cluster, cluster_state_uuid) (
  %[3]s and on (job, cluster, node, instance) %[4]s{status="primary"} == 1)) > 1)
or (count by (job, cluster) (count_values by (job, cluster) ("view",
  %[5]s and on (job, cluster, node, instance) %[4]s{status="primary"} == 1)) > 1)`,
				metric.GaleraNodesPrimary, metric.GaleraClusterSizeMin, metric.GaleraClusterInfo, metric.GaleraClusterStatus, metric.GaleraViewFingerprint),
			For:      time.Minute,
			Severity: Critical,
			Scope:    ScopeCluster,
			Summary:  "{{ $labels.cluster }} is split: its primary members are not in one component",
			Description: "More members are primary than any of them counts, or they hold two histories, or they disagree on who is a member. " +
				"Each side may take writes that the other never sees.",
		},
		{
			Name:     "GaleraNodeInconsistent",
			Expr:     expr(`%s{state="error"} == 1`, metric.GaleraLocalState),
			Severity: Critical,
			Scope:    ScopeNode,
			Summary:  "{{ $labels.node }} of {{ $labels.cluster }} lost an inconsistency vote: its data differ",
			Description: "The node could not apply what the others could, and has left the cluster. " +
				"It needs a full copy of the data, and its cause needs to be found before it happens to the others.",
		},
		{
			Name: "GaleraReplicationOff",
			Expr: expr(`%s == 0 and on (job, cluster, node, instance) %s == 1`,
				metric.GaleraWsrepOn, metric.GaleraUp),
			For:      time.Minute,
			Severity: Critical,
			Scope:    ScopeNode,
			Summary:  "{{ $labels.node }} of {{ $labels.cluster }} runs with wsrep_on=OFF: what is written there stays there",
			Description: "The server answers and takes writes, and no other member gets them. " +
				"The health answers keep proxies away; clients that connect directly make the data diverge.",
		},
		{
			Name:     "GaleraNoWriter",
			Expr:     expr(`max by (job, cluster) (%s{kind="writer"}) == 0`, metric.GaleraHealth),
			For:      30 * time.Second,
			Severity: Critical,
			Scope:    ScopeCluster,
			Summary:  "{{ $labels.cluster }}: proxies are told that no member may take writes",
			Description: "Each member that proxies ask about says no: donors, desynced, read-only, fenced or seen too long ago. " +
				"A proxy without a fallback refuses writes now.",
		},
		{
			Name:     "GaleraHealthFlapping",
			Expr:     expr(`sum by (job, cluster, node, instance) (increase(%s{kind="writer"}[15m])) > 6`, metric.GaleraHealthTransitionsTotal),
			For:      time.Minute,
			Severity: Warning,
			Scope:    ScopeNode,
			Summary:  "{{ $labels.node }} of {{ $labels.cluster }}: the answer to proxies changes again and again",
			Description: "The writer's answer changed more than six times in 15 minutes, and each change moves the clients' connections. " +
				"Most often the host is so loaded that looks come too late.",
		},
		{
			Name:     "GaleraNodeFenced",
			Expr:     expr(`sum by (job, cluster, node, instance) (%s{mode!="none"}) > 0`, metric.GaleraRejectQueries),
			For:      30 * time.Minute,
			Severity: Warning,
			Scope:    ScopeNode,
			Summary:  "{{ $labels.node }} of {{ $labels.cluster }} has turned all clients away for half an hour",
			Description: "Somebody set wsrep_reject_queries. The node stays a member and serves nobody, " +
				"so it is no redundancy for clients.",
		},
	}
}
