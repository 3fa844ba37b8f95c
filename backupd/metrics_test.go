package backupd

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/kagu-db/kagu/backupd/store"
	"github.com/kagu-db/kagu/internal/goldentest"
	"github.com/kagu-db/kagu/internal/inventory"
	"github.com/kagu-db/kagu/internal/metric"
)

func TestMetricsTellOfBackups(t *testing.T) {
	r, clock := pruneRig(t, 2, func(e *Engine) {
		fleet := e.Fleet()
		fleet.Backup.Stores = map[string]inventory.BackupStore{"main": {Name: "main"}, "offsite": {Name: "offsite"}}
		b := fleet.Clusters[0].Backup
		for i := range b.Jobs {
			if b.Jobs[i].Method != "binlog" {
				b.Jobs[i].Schedule, b.Jobs[i].Window = "15 2 * * *", 4*time.Hour
			}
		}
		b.Proof.MaxAge = 36 * time.Hour
	})
	registry := prometheus.NewPedanticRegistry()
	m := NewMetrics(registry)
	m.seed(r.engine.Fleet())
	r.kind.take = func(Take) error { return errors.New("mariadb-backup was killed") }
	m.Ended(r.take("changes"), r.last)
	if _, err := r.engine.owe(t.Context(), Debt{Cluster: "backoffice", Node: "db2", What: "desync", Since: time.Unix(1772500000, 0)}); err != nil {
		t.Fatal(err)
	}
	m.ArchiveFailed("backoffice")
	m.Missed(Slot{Cluster: "backoffice", Job: "full"})
	m.Reloaded(false)
	clock.add(time.Hour)
	planned := []Planned{{Cluster: "backoffice", Job: "full", Next: time.Unix(1772600000, 0), Waiting: "the cluster is in maintenance"}}
	var err error
	if m.state, err = m.refresh(t.Context(), r.engine, planned); err != nil {
		t.Fatal(err)
	}
	goldentest.Compare(t, "testdata/metrics.txt", steady(t, registry))
}

// steady prints every sample as NAME{LABELS} VALUE, times cut to the second: the clock of a test
// ticks each time it is looked at.
func steady(t *testing.T, g prometheus.Gatherer) string {
	t.Helper()
	families, err := g.Gather()
	if err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	for _, f := range families {
		for _, one := range f.GetMetric() {
			var labels []string
			for _, l := range one.GetLabel() {
				labels = append(labels, l.GetName()+"="+l.GetValue())
			}
			value := one.GetGauge().GetValue()
			if one.Counter != nil {
				value = one.GetCounter().GetValue()
			}
			if strings.HasSuffix(f.GetName(), "_seconds") {
				value = float64(int64(value))
			}
			if hidden.MatchString(f.GetName()) { // sealed sizes differ with each random key
				value = min(value, 1)
			}
			fmt.Fprintf(&text, "%s{%s} %.0f\n", f.GetName(), strings.Join(labels, ","), value)
		}
	}
	return text.String()
}

var hidden = regexp.MustCompile(`stored_bytes|round_bytes|held_bytes|written`)

func TestEveryFamilyOfBackupdIsEmittedOrCounted(t *testing.T) {
	registry := prometheus.NewPedanticRegistry()
	m := NewMetrics(registry)
	described := make(chan *prometheus.Desc, 100)
	m.Describe(described)
	close(described)
	known := map[string]bool{}
	for d := range described {
		known[d.String()] = true
	}
	for _, f := range metric.Backupd() {
		vector := slices.Contains([]*metric.Family{
			metric.BackupdRuns, metric.BackupdFailures, metric.BackupdLogErrors, metric.BackupdMissed,
			metric.BackupdReadTotal, metric.BackupdWrittenTotal, metric.BackupdHints, metric.BackupdConfigReload,
		}, f)
		if known[f.Desc().String()] == vector {
			t.Errorf("%s: it must be a vector or be described, and not both", f)
		}
	}
}

// hung is a store that owes its answer, as a mount of a dead server does.
type hung struct {
	*memory
	asked   *atomic.Int64
	release chan struct{}
}

func (h hung) Free(context.Context) (uint64, bool, error) {
	h.asked.Add(1)
	<-h.release
	return 7, true, nil
}

func TestAStoreThatHangsIsDownAndHoldsUpNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := hung{newMemory(), &atomic.Int64{}, make(chan struct{})}
		stores := map[string]store.Store{"nas": h, "main": newMemory()}
		fleet := &inventory.Fleet{Backup: inventory.Backupd{Stores: map[string]inventory.BackupStore{"nas": {Name: "nas"}, "main": {Name: "main"}}}}
		e := &Engine{OpenStore: func(s inventory.BackupStore) (store.Store, error) { return stores[s.Name], nil }}
		var asking sync.Map
		look := func() string {
			registry := prometheus.NewPedanticRegistry()
			var g gauges
			err := g.space(t.Context(), e, fleet, &asking)
			registry.MustRegister(fixed(g.all))
			return fmt.Sprintf("%s%v", steady(t, registry), err)
		}
		const down = "backupd_store_up{store=main} 1\nbackupd_store_up{store=nas} 0\nstore nas: it does not answer"
		for range 3 {
			if got := look(); got != down {
				t.Errorf("got %s, want %s", got, down)
			}
		}
		if n := h.asked.Load(); n != 1 {
			t.Errorf("it was asked %d times while it owed an answer", n)
		}
		close(h.release)
		synctest.Wait()
		const up = "backupd_store_free_bytes{store=nas} 7\nbackupd_store_up{store=main} 1\nbackupd_store_up{store=nas} 1\n<nil>"
		if got := look(); got != up {
			t.Errorf("got %s, want %s", got, up)
		}
	})
}

// fixed is a collector of these samples.
type fixed []prometheus.Metric

func (fixed) Describe(chan<- *prometheus.Desc) {}

func (f fixed) Collect(to chan<- prometheus.Metric) {
	for _, m := range f {
		to <- m
	}
}

func TestWholeChains(t *testing.T) {
	entry := func(id, base string, good bool) Entry {
		return Entry{Manifest: Manifest{ID: id, Cluster: "c", Base: base}, Records: []Record{{Look: Opened, Good: good}}}
	}
	got := wholeChains([]Entry{entry("a", "", true), entry("b", "a", false), entry("c", "b", true), entry("d", "a", true), entry("e", "missing", true)})
	if want := map[string]bool{"c/a": true, "c/b": false, "c/c": false, "c/d": true, "c/e": false}; !maps.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}
