package alerts

type amInhibit struct {
	SourceMatchers []string `yaml:"source_matchers,flow"`
	TargetMatchers []string `yaml:"target_matchers,flow"`
	Equal          []string `yaml:"equal,flow"`
}

// inhibitions name the cause and keep its consequences quiet. A row never silences an alert
// that says more than its source.
func inhibitions() []amInhibit {
	node := []string{"job", "cluster", "instance"}
	return []amInhibit{
		{ // who cannot see a node now knows nothing new about it; GaleraExporterUnsteady sees
			SourceMatchers: []string{`alertname="GaleraExporterDown"`},
			TargetMatchers: []string{`scope="node"`, `remediate!="true"`},
			Equal:          node,
		},
		{
			SourceMatchers: []string{`alertname="GaleraNodeDown"`},
			TargetMatchers: []string{`alertname=~"GaleraNodeNotPrimary|GaleraNodeNotSynced"`},
			Equal:          node,
		},
		{
			SourceMatchers: []string{`alertname="GaleraNodeNotPrimary"`},
			TargetMatchers: []string{`alertname="GaleraNodeNotSynced"`},
			Equal:          node,
		},
		{ // one message for the cluster instead of one for each of its nodes
			SourceMatchers: []string{`alertname="GaleraNoPrimary"`},
			TargetMatchers: []string{`alertname=~"GaleraNodeDown|GaleraNodeNotPrimary|GaleraNodeNotSynced"`},
			Equal:          []string{"job", "cluster"},
		},
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
