package backupd

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/kagu-db/kagu/internal/inventory"
	"github.com/kagu-db/kagu/internal/metric"
)

// gauges gathers samples. What is not known is left out.
type gauges struct{ all []prometheus.Metric }

func (g *gauges) value(f *metric.Family, value float64, labels ...string) {
	g.all = append(g.all, f.Sample(value, labels...))
}

func (g *gauges) time(f *metric.Family, at time.Time, labels ...string) {
	if !at.IsZero() {
		g.value(f, float64(at.UnixMilli())/1000, labels...)
	}
}

// policies tells what kagu.yaml wants, for rules to compare with.
func (g *gauges) policies(f *inventory.Fleet, now time.Time) {
	longest := map[[2]string]time.Duration{}
	for _, s := range Slots(f) {
		c, _ := f.Cluster(s.Cluster)
		for _, j := range c.Backup.Jobs {
			if j.Name == s.Job {
				key := [2]string{s.Cluster, j.Method}
				// Several jobs of a method help each other: the one that comes most often counts.
				if age := s.longestAge(now); longest[key] == 0 || age < longest[key] {
					longest[key] = age
				}
			}
		}
	}
	for key, age := range longest {
		g.value(metric.BackupdNewestMaxAge, age.Seconds(), key[0], key[1])
	}
	for _, c := range f.Clusters {
		if c.Backup != nil && c.Backup.Proof.MaxAge > 0 {
			g.value(metric.BackupdProofMaxAge, c.Backup.Proof.MaxAge.Seconds(), c.Name)
		}
	}
}

// takes is how long a backup may take before the one before it counts as too old.
const takes = 2 * time.Hour

// longestAge is how old the newest backup of a job gets when all goes well: the longest time between
// two begins, the window in which the second may be late, and the time that it takes.
func (s Slot) longestAge(now time.Time) time.Duration {
	var longest time.Duration
	end := now.AddDate(0, 0, 40)
	at := s.Next(now)
	for range 1000 {
		next := s.Next(at)
		if next.IsZero() {
			break
		}
		longest = max(longest, next.Sub(at))
		if at = next; at.After(end) {
			break
		}
	}
	return longest + s.Window + takes
}

func (g *gauges) schedule(planned []Planned) {
	for _, p := range planned {
		g.time(metric.BackupdNext, p.Next, p.Cluster, p.Job)
		waiting := 0.0
		if p.Waiting != "" {
			waiting = 1
		}
		g.value(metric.BackupdWaiting, waiting, p.Cluster, p.Job)
	}
}

func (g *gauges) running(runs []Run) {
	for _, r := range runs {
		g.time(metric.BackupdRunning, r.Begun, r.Cluster, string(r.What))
		g.value(metric.BackupdRunBytes, float64(r.Plain), r.Cluster, string(r.What))
	}
}

// debts tells since when something is owed: of two that are the same, the older.
func (g *gauges) debts(debts map[int64]Debt) {
	oldest := map[[3]string]time.Time{}
	for _, d := range debts {
		key := [3]string{d.Cluster, d.Node, d.What}
		if since, there := oldest[key]; !there || d.Since.Before(since) {
			oldest[key] = d.Since
		}
	}
	for key, since := range oldest {
		g.time(metric.BackupdDebt, since, key[:]...)
	}
}

// runs tells how the newest run of each job of a cluster ended. The newest comes first.
func (g *gauges) runs(b inventory.Backup, runs []Run) {
	told, pruned := map[string]bool{}, false
	for _, r := range runs {
		known := r.Job == "" || slices.ContainsFunc(b.Jobs, func(j inventory.BackupJob) bool { return j.Name == r.Job })
		if r.Ended.IsZero() || !known {
			continue
		}
		if key := string(r.What) + " " + r.Job; !told[key] {
			told[key] = true
			failed := 0.0
			if r.Error != "" {
				failed = 1
			}
			g.value(metric.BackupdLastFailed, failed, r.Cluster, string(r.What), r.Job)
		}
		if r.What == Pruning && r.Error == "" && !pruned {
			pruned = true
			g.time(metric.BackupdPruned, r.Ended, r.Cluster)
		}
	}
}

// countsAs lists the methods that a backup is one of. A full copy does what an incremental one does.
func countsAs(m Method) []Method {
	if m == Physical {
		return []Method{Physical, Incremental}
	}
	return []Method{m}
}

// backups tells of the newest ones and of how many there are. The entries come oldest first.
func (g *gauges) backups(entries []Entry) {
	type key struct {
		cluster string
		method  Method
	}
	newest, proven, proof, count := map[key]Entry{}, map[key]Entry{}, map[key]Record{}, map[[3]string]int{}
	chains := wholeChains(entries)
	for _, e := range entries {
		m := e.Manifest
		count[[3]string{m.Cluster, string(m.Method), e.state()}]++
		if !chains[m.Cluster+"/"+m.ID] {
			continue
		}
		for _, method := range countsAs(m.Method) {
			newest[key{m.Cluster, method}] = e
			if at, ok := e.ProvenAt(); ok {
				proven[key{m.Cluster, method}] = e
				if r, _ := e.Newest(Proven); at.After(proof[key{m.Cluster, method}].Ended) {
					proof[key{m.Cluster, method}] = r
				}
			}
		}
	}
	for k, e := range newest {
		m, method := e.Manifest, string(k.method)
		g.time(metric.BackupdNewest, m.Ended, k.cluster, method)
		g.value(metric.BackupdPlainBytes, float64(m.Plain()), k.cluster, method)
		g.value(metric.BackupdStoredBytes, float64(m.Stored()), k.cluster, method)
		g.value(metric.BackupdSeconds, m.Ended.Sub(m.Begun).Seconds(), k.cluster, method)
	}
	for k, e := range proven {
		g.time(metric.BackupdProven, e.Manifest.Ended, k.cluster, string(k.method))
	}
	for k, r := range proof {
		g.time(metric.BackupdProof, r.Ended, k.cluster, string(k.method))
		if r.Evidence != nil && len(r.Evidence.Seconds) > 0 {
			var all float64
			for _, s := range r.Evidence.Seconds {
				all += s
			}
			g.value(metric.BackupdRestoreSeconds, all, k.cluster, string(k.method))
		}
	}
	for k, n := range count {
		g.value(metric.BackupdBackups, float64(n), k[0], k[1], k[2])
	}
}

// archived tells how far the archives of binary logs have come.
func (g *gauges) archived(logs map[string]Archived) {
	for cluster, a := range logs {
		g.time(metric.BackupdLogs, a.Newest, cluster)
	}
}

// wholeChains names the backups that could be restored, as CLUSTER/ID. The oldest come first, so
// that each is judged by the one it builds on.
func wholeChains(entries []Entry) map[string]bool {
	whole := map[string]bool{}
	for _, e := range entries {
		m := e.Manifest
		_, bad := e.Bad()
		whole[m.Cluster+"/"+m.ID] = !bad && (m.Base == "" || whole[m.Cluster+"/"+m.Base])
	}
	return whole
}

// state is what was found of a backup, in a word.
func (e Entry) state() string {
	if _, bad := e.Bad(); bad {
		return "bad"
	}
	if _, proven := e.ProvenAt(); proven {
		return "proven"
	}
	if len(e.Records) > 0 {
		return "checked"
	}
	return "unchecked"
}

// stores tells what backups take in each store, and what one more round of them would.
func (g *gauges) stores(f *inventory.Fleet, entries []Entry, logs map[string]Archived) {
	held, last := map[[2]string]int64{}, map[[3]string]int64{}
	for _, e := range entries {
		m := e.Manifest
		for _, st := range e.Stores {
			held[[2]string{st, m.Cluster}] += m.Stored()
			last[[3]string{st, m.Cluster, string(m.Method)}] = m.Stored()
		}
	}
	for cluster, a := range logs {
		for st, size := range a.Held {
			held[[2]string{st, cluster}] += size
		}
	}
	round := map[string]int64{}
	for key, size := range last {
		round[key[0]] += size
	}
	for name := range f.Backup.Stores {
		g.value(metric.BackupdStoreRound, float64(round[name]), name)
	}
	for key, size := range held {
		g.value(metric.BackupdStoreHeld, float64(size), key[0], key[1])
	}
}

// space asks each store how much is free. One that does not answer in time is down. It is not asked
// again while it still owes an answer: a mount that hangs holds up one goroutine and no more.
func (g *gauges) space(ctx context.Context, e *Engine, f *inventory.Fleet, asking *sync.Map) error {
	type answer struct {
		name    string
		free    uint64
		limited bool
		err     error
	}
	answers := make(chan answer, len(f.Backup.Stores)) // who comes late finds room
	down := map[string]error{}
	for name, s := range f.Backup.Stores {
		down[name] = errors.New("it does not answer")
		if _, owes := asking.LoadOrStore(name, true); owes {
			continue
		}
		go func() {
			defer asking.Delete(name)
			a := answer{name: name}
			st, err := e.OpenStore(s)
			if err == nil {
				a.free, a.limited, err = st.Free(ctx)
			}
			a.err = err
			answers <- a
		}()
	}
	timeout := time.After(refreshEvery / 2)
wait:
	for range down {
		select {
		case a := <-answers:
			if down[a.name] = a.err; a.err == nil && a.limited {
				g.value(metric.BackupdStoreFree, float64(a.free), a.name)
			}
		case <-timeout:
			break wait
		}
	}
	var errs []error
	for name, err := range down {
		up := 1.0
		if err != nil {
			up = 0
			errs = append(errs, fmt.Errorf("store %s: %w", name, err))
		}
		g.value(metric.BackupdStoreUp, up, name)
	}
	return errors.Join(errs...)
}
