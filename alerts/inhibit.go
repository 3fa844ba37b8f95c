package alerts

import "strings"

type amInhibit struct {
	SourceMatchers []string `yaml:"source_matchers,flow"`
	TargetMatchers []string `yaml:"target_matchers,flow"`
	Equal          []string `yaml:"equal,flow"`
}

// inhibitions name the cause and keep its consequences quiet. A row never silences an alert
// that says more than its source.
func inhibitions() []amInhibit {
	node, whole := []string{"job", "cluster", "instance"}, []string{"job", "cluster"}
	dataNode := []string{"job", "cluster", "node_id"}
	return []amInhibit{
		{ // who cannot see a node now knows nothing new about it; GaleraExporterUnsteady sees
			SourceMatchers: []string{`alertname="GaleraExporterDown"`},
			TargetMatchers: []string{`scope="node"`, `remediate!="true"`},
			Equal:          node,
		},
		mutes("GaleraNodeDown", node, "GaleraNodeNotPrimary", "GaleraNodeNotSynced", "GaleraHealthFlapping"),
		mutes("GaleraNodeDown", whole, "GaleraMembersMissing"),
		mutes("GaleraNodeInconsistent", node, "GaleraNodeNotPrimary", "GaleraNodeNotSynced"),
		mutes("GaleraNodeNotPrimary", node, "GaleraNodeNotSynced", "GaleraHealthFlapping", "GaleraReceiveQueueHigh", "GaleraApplierStalled"),
		mutes("GaleraNodeNotPrimary", whole, "GaleraMembersMissing"),
		// one message for the cluster instead of one for each of its nodes
		mutes("GaleraNoPrimary", whole, "GaleraNodeDown", "GaleraNodeNotPrimary", "GaleraNodeNotSynced",
			"GaleraNoWriter", "GaleraNextLossStopsCluster", "GaleraMembersMissing", "GaleraMembershipFlapping"),
		mutes("GaleraNextLossStopsCluster", whole, "GaleraMembersMissing"),
		mutes("GaleraSchemaChangeBlocked", node, "GaleraLockPileUp", "GaleraLockWaitLong"),
		mutes("GaleraSchemaChangeBlocked", whole, "GaleraApplierStalled", "GaleraFlowControlStall", "GaleraFlowControlHigh", "GaleraReceiveQueueHigh"),
		mutes("GaleraApplierStalled", whole, "GaleraFlowControlStall", "GaleraFlowControlHigh", "GaleraReceiveQueueHigh"),
		mutes("GaleraFlowControlStall", whole, "GaleraFlowControlHigh"),
		mutes("GaleraLongTransaction", node, "GaleraHistoryListLong"),
		mutes("GaleraLockPileUp", node, "GaleraLockWaitLong", "GaleraConnectionsNearLimit"),
		mutes("GaleraReplicaBroken", []string{"job", "cluster", "source_host", "source_port"}, "GaleraReplicaStopped"),
		mutes("GaleraConnectionsRefused", node, "GaleraConnectionsNearLimit"),
		mutes("GaleraDatadirFull", node, "GaleraDatadirFilling"),
		mutes("NdbClusterDown", whole, "NdbNoSQLNode", "NdbSQLNodeDetached", "NdbDataNodeDown", "NdbNodeGroupDegraded", "NdbNextLossStopsCluster",
			"NdbHostLossStopsCluster", "NdbArbitratorTrouble", "NdbNdbinfoSilent", "NdbManagementDisagrees"),
		mutes("NdbDataNodesUnseen", whole, "NdbArbitratorTrouble"),
		mutes("NdbNoSQLNode", whole, "NdbSQLNodeDetached", "NdbSQLNodeDown", "NdbNdbinfoSilent", "NdbCollectorFailing"),
		mutes("NdbSQLNodeDown", node, "NdbCollectorFailing"),
		mutes("NdbDataNodeDown", whole, "NdbNodeGroupDegraded", "NdbHostLossStopsCluster"),
		mutes("NdbNextLossStopsCluster", whole, "NdbNodeGroupDegraded", "NdbHostLossStopsCluster"),
		mutes("NdbNoManagement", whole, "NdbManagementDown", "NdbEventStreamSilent", "NdbCollectorFailing", "NdbArbitratorTrouble"),
		mutes("NdbDataMemoryFull", dataNode, "NdbDataMemoryRunway"),
		mutes("NdbRedoFull", dataNode, "NdbRedoRunway"),
		mutes("NdbMetricsAbsent", []string{"site"}, "NdbExporterDown", "NdbClusterUnwatched"),
		{
			SourceMatchers: []string{`alertname="GaleraMetricsAbsent"`},
			TargetMatchers: []string{`alertname=~"GaleraExporterDown|GaleraNodeUnwatched"`},
			Equal:          []string{"site"},
		},
		{
			SourceMatchers: []string{`alertname="RemediatorDown"`},
			TargetMatchers: []string{`scope="remediator"`, `alertname!="RemediatorDown"`},
			Equal:          []string{"job", "instance"},
		},
	}
}

// mutes keeps alerts quiet whose cause is told already, where the labels of equal are the same.
func mutes(cause string, equal []string, consequences ...string) amInhibit {
	op := "="
	if len(consequences) > 1 {
		op = "=~"
	}
	return amInhibit{
		SourceMatchers: []string{`alertname="` + cause + `"`},
		TargetMatchers: []string{`alertname` + op + `"` + strings.Join(consequences, "|") + `"`},
		Equal:          equal,
	}
}
