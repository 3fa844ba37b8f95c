package exporters

import (
	"context"
	"errors"
	"net/http"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/kagu-db/kagu/internal/metric"
)

// sized emits how often it ran, after a while.
func sized(runs *int, while time.Duration) func(context.Context, func(prometheus.Metric)) error {
	return func(ctx context.Context, emit func(prometheus.Metric)) error {
		*runs++
		emit(metric.GaleraClusterSize.Sample(float64(*runs)))
		select {
		case <-time.After(while):
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func TestASlowCollectorIsOffTheHotPath(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		runs := 0
		slow := &Apart{Collector: source{"slow", sized(&runs, time.Minute)}, Every: time.Hour, Deadline: 2 * time.Minute}
		p := prober(t, slow)
		lines := func() []string {
			start := time.Now()
			_, got := ask(p, "c/n", "5")
			if took := time.Since(start); took != 0 {
				t.Errorf("a scrape waits %s", took)
			}
			return got
		}
		same := func(when string, want ...string) {
			t.Helper()
			if diff := cmp.Diff(want, lines()); diff != "" {
				t.Errorf("%s, want -, got +:\n%s", when, diff)
			}
		}
		const good = `galera_exporter_collector_success{collector="slow"} 1`
		same("the first scrape has nothing yet", good)
		time.Sleep(30 * time.Second)
		same("while it runs, no second one begins", good)
		time.Sleep(30 * time.Second)
		synctest.Wait()
		const at = `galera_exporter_last_snapshot_timestamp_seconds{collector="slow"} `
		same("then its result and the time of it", "galera_cluster_size 1", good, at+"9.4668486e+08")
		time.Sleep(58 * time.Minute)
		same("kept for an hour", "galera_cluster_size 1", good, at+"9.4668486e+08")
		time.Sleep(2 * time.Minute)
		same("then the old one once more, while the next runs", "galera_cluster_size 1", good, at+"9.4668486e+08")
		time.Sleep(time.Minute)
		synctest.Wait()
		same("and then the next", "galera_cluster_size 2", good, at+"9.4668852e+08")
		if runs != 2 {
			t.Errorf("%d runs, want 2", runs)
		}
		if err := slow.Close(); err != nil {
			t.Error(err)
		}
	})
}

func TestASlowCollectorThatFailsKeepsItsLastGoodResult(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fail := false
		slow := &Apart{Every: time.Hour, Deadline: time.Minute, Collector: source{"slow", func(_ context.Context, emit func(prometheus.Metric)) error {
			if fail {
				return errors.New("no grant")
			}
			emit(metric.GaleraClusterSize.Sample(7))
			return nil
		}}}
		p := prober(t, slow)
		ask(p, "c/n", "5")
		synctest.Wait()
		fail = true
		time.Sleep(time.Hour)
		ask(p, "c/n", "5")
		synctest.Wait()
		_, got := ask(p, "c/n", "5")
		want := []string{
			"galera_cluster_size 7", `galera_exporter_collector_success{collector="slow"} 0`,
			`galera_exporter_last_snapshot_timestamp_seconds{collector="slow"} 9.466848e+08`,
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("want -, got +:\n%s", diff)
		}
		synctest.Wait()
	})
}

func TestWhatHangsWhereNoContextReachesHangsAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var runs atomic.Int32
		disk := make(chan struct{})
		hung := &Apart{Collector: source{"host", func(context.Context, func(prometheus.Metric)) error {
			runs.Add(1)
			<-disk
			return nil
		}}, Deadline: time.Second}
		p := prober(t, hung, source{"good", ready})
		for range 3 {
			start := time.Now()
			_, got := ask(p, "c/n", "2")
			want := []string{`galera_exporter_collector_success{collector="good"} 1`, `galera_exporter_collector_success{collector="host"} 0`, "galera_ready 1"}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("want -, got +:\n%s", diff)
			}
			if took := time.Since(start); took != 1750*time.Millisecond {
				t.Errorf("took %s", took)
			}
		}
		if n := runs.Load(); n != 1 {
			t.Errorf("%d runs hang, want 1", n)
		}
		start := time.Now()
		if err := hung.Close(); err == nil || time.Since(start) != closeWait {
			t.Errorf("closed after %s: %v", time.Since(start), err)
		}
		close(disk)
	})
}

func TestACollectorHasADeadlineOfItsOwn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		_, got := ask(prober(t, Within{source{"silent", silent}, time.Second}, source{"good", ready}), "c/n", "10")
		if took := time.Since(start); took != time.Second || len(got) != 3 {
			t.Errorf("took %s: %v", took, got)
		}
	})
}

func TestCollectorsAskedForByName(t *testing.T) {
	p := proberOf(t, func() ([]*Target, error) {
		return []*Target{{Name: "c/n", Look: func(asked []string) ([]Collector, error) {
			all := map[string]Collector{"a": source{"a", good}, "b": source{"b", good}}
			var some []Collector
			for _, name := range asked {
				if all[name] == nil {
					return nil, errors.New("no collector " + name)
				}
				some = append(some, all[name])
			}
			return some, nil
		}}}, nil
	})
	const success = `galera_exporter_collector_success{collector="`
	for _, c := range []struct {
		name, query string
		code        int
		want        []string
	}{
		{"one", "&collect[]=b", http.StatusOK, []string{success + `b"} 1`}},
		{"each once", "&collect[]=b&collect[]=a&collect[]=b", http.StatusOK, []string{success + `a"} 1`, success + `b"} 1`}},
		{"one that there is not", "&collect[]=c", http.StatusBadRequest, []string{"collect[]: no collector c"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			code, got := ask(p, "c/n"+c.query, "")
			if diff := cmp.Diff(c.want, got); diff != "" || code != c.code {
				t.Errorf("%d, want -, got +:\n%s", code, diff)
			}
		})
	}
}
