package galera

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kagu-db/kagu/internal/metric"
)

func TestThreadsByWhatTheyWaitFor(t *testing.T) {
	got := listThreads(threadList, "7", at(1795473010)).count()
	want := tally{
		waiting: map[string]int64{"toi": 3, "isolation": 1, "flow_control": 7, "certification": 7, "commit": 2},
		idle:    3, metadata: 3,
	}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(tally{})); diff != "" {
		t.Errorf("want -, got +:\n%s", diff)
	}
}

func TestEveryReasonOfTheTableIsDeclared(t *testing.T) {
	declared := map[string]bool{}
	for _, s := range metric.GaleraWsrepWaitingThreads.States {
		declared[s] = true
	}
	for _, w := range waits {
		if !declared[w.reason] {
			t.Errorf("%q of %q is no state of the family", w.reason, w.part)
		}
	}
	labels := map[string]bool{}
	for _, v := range workloads {
		for _, s := range v.family.States {
			labels[v.family.Name+s] = true
		}
		if v.label != "" && !labels[v.family.Name+v.label] {
			t.Errorf("%s: %q is no value of %s", v.name, v.label, v.family)
		}
	}
}

// Variables of one family and label are added up, so they must not stand apart.
func TestVariablesOfOneSeriesStandTogether(t *testing.T) {
	seen := map[string]bool{}
	last := ""
	for _, v := range workloads {
		series := v.family.Name + " " + v.label
		if series != last && seen[series] {
			t.Errorf("%s comes again at %s", series, v.name)
		}
		seen[series], last = true, series
	}
}
