package queries

import (
	"strings"
	"testing"

	"github.com/kagu-db/kagu/internal/metric"
)

func TestCheckFindsWhatTheCatalogueLacks(t *testing.T) {
	c := NewCatalogue(append(metric.All(), metric.Recorded()...)...)
	for _, test := range []struct{ name, query, fault string }{
		{"a family with its own label", `galera_local_state{state="synced", cluster="a"}`, ""},
		{"a recording", `cluster:galera_nodes_primary:count{cluster="a"} == 0`, ""},
		{"a family of Prometheus", `up{job="galera"}`, ""},
		{"a misspelt family", `galera_upp == 0`, "no such family"},
		{"a label the family lacks", `galera_up{state="synced"}`, `no label "state"`},
		{"a state that never is", `galera_local_state{state=~"synced|doner"}`, `never is "doner"`},
		{"an aggregation by a label that is not there", `sum by (cluster, colour) (galera_up)`, "no label colour"},
		{"an aggregation that loses a label needed later", `sum by (cluster) (galera_up) and on (cluster, node) galera_ready`, "no label node"},
		{"a histogram by its bare name", `remediator_look_duration_seconds`, "no such family"},
		{"a histogram by its buckets", `histogram_quantile(0.99, sum by (le) (rate(remediator_look_duration_seconds_bucket[5m])))`, ""},
		{"a label of the other side, brought along", `sum by (cluster, flavor) (galera_up * on (instance) group_left (flavor) galera_node_info)`, ""},
		{"a label brought along that is not there", `galera_up * on (instance) group_left (colour) galera_node_info`, "no label colour"},
		{"the largest of some series, with their labels", `sum by (state) (topk by (cluster) (3, galera_local_state))`, ""},
		{"the largest by a label that is not there", `topk by (colour) (3, galera_up)`, "no label colour"},
		{"a fault inside a function", `max(rate(galera_nothing_total[1m]))`, "no such family"},
		{"no PromQL", `sum by (`, "parse error"},
	} {
		_, err := c.Check(test.query)
		switch {
		case test.fault == "" && err != nil:
			t.Errorf("%s: %v", test.name, err)
		case test.fault != "" && (err == nil || !strings.Contains(err.Error(), test.fault)):
			t.Errorf("%s: got %v, want a fault with %q", test.name, err, test.fault)
		}
	}
}
