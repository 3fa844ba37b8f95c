package metric

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
)

// gathered is a collector of what it holds, for a registry.
type gathered []prometheus.Metric

func (gathered) Describe(chan<- *prometheus.Desc) {}

func (g gathered) Collect(to chan<- prometheus.Metric) {
	for _, m := range g {
		to <- m
	}
}

func text(t *testing.T, families []*dto.MetricFamily) string {
	t.Helper()
	var b strings.Builder
	for _, f := range families {
		if _, err := expfmt.MetricFamilyToText(&b, f); err != nil {
			t.Fatal(err)
		}
	}
	return b.String()
}

func TestAPageIsWhatARegistryGathers(t *testing.T) {
	var samples []prometheus.Metric
	GaleraLocalState.StateSet(func(m prometheus.Metric) { samples = append(samples, m) }, "synced")
	samples = append(samples,
		GaleraUp.Sample(1),
		GaleraNodeInfo.Sample(1, "n1", "10.0.0.1", "4.23", "10.11", "mariadb"),
		GaleraReplicatedBytesTotal.Sample(7),
		GaleraClusterMembers.Sample(3, "data"), GaleraReady.Sample(0), GaleraClusterMembers.Sample(0, "arbitrator"),
	)
	registry := prometheus.NewRegistry()
	registry.MustRegister(gathered(samples))
	want, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	got, err := Page(samples)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(text(t, want), text(t, got)); diff != "" {
		t.Errorf("registry -, page +:\n%s", diff)
	}
}

func TestASampleThatComesTwiceIsTold(t *testing.T) {
	got, err := Page([]prometheus.Metric{GaleraUp.Sample(1), GaleraReady.Sample(1), GaleraUp.Sample(0)})
	if err == nil || !strings.Contains(err.Error(), "galera_up[] comes twice") {
		t.Errorf("got %v", err)
	}
	if page := text(t, got); !strings.Contains(page, "\ngalera_up 1\n") || !strings.Contains(page, "\ngalera_ready 1\n") {
		t.Errorf("the rest is not there:\n%s", page)
	}
}

func TestADistribution(t *testing.T) {
	page, err := Page([]prometheus.Metric{
		GaleraUp.Sample(1), GaleraQuestionsTotal.Sample(3),
		GaleraQueryDurationSeconds.Distribution(9, 1.5, []Bucket{{0.1, 7}, {1, 8}}),
	})
	if err != nil {
		t.Fatal(err)
	}
	got := text(t, page)
	for _, want := range []string{
		"# TYPE galera_query_duration_seconds histogram\n", "galera_query_duration_seconds_bucket{le=\"0.1\"} 7\n", "galera_query_duration_seconds_bucket{le=\"1\"} 8\n",
		"galera_query_duration_seconds_bucket{le=\"+Inf\"} 9\n", "galera_query_duration_seconds_sum 1.5\n", "galera_query_duration_seconds_count 9\n",
		"galera_up 1\n", "galera_questions_total 3\n",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("lacks %s:\n%s", want, got)
		}
	}
}

func TestAForeignMetricIsTold(t *testing.T) {
	got, err := Page([]prometheus.Metric{GaleraUp.Sample(1), prometheus.NewGauge(prometheus.GaugeOpts{Name: "x"})})
	if err == nil || len(got) != 1 {
		t.Errorf("got %d families, %v", len(got), err)
	}
}

func TestLabels(t *testing.T) {
	page, err := Page([]prometheus.Metric{GaleraLocalStateInfo.Sample(1, "\xff\"\n")})
	if err != nil {
		t.Fatal(err)
	}
	if got := text(t, page); !strings.Contains(got, "galera_local_state_info{comment=\"\uFFFD\\\"\\n\"} 1\n") {
		t.Errorf("got %s", got)
	}
	defer func() {
		if recover() == nil {
			t.Error("a sample without its label is taken")
		}
	}()
	GaleraLocalStateInfo.Sample(1)
}
