package bench

import (
	"context"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/kagu-db/kagu/internal/lab"
)

var (
	impactPairs = flag.Int("impact-pairs", 10, "how many pairs, with and without a backup, its impact is measured in")
	impactBytes = flag.Int64("impact-bytes", 1<<30, "rows in the cluster that is backed up meanwhile, in bytes")
	impactRate  = flag.String("impact-rate", "16MiB", "the rate of the backup, as in kagu.yaml")
)

const (
	impactHalf   = 8 * time.Second
	impactTarget = 1.25 // of the p99, at the median
)

// BenchmarkBackupImpact lets clients read and write by primary key through one member of a
// Galera cluster in a closed loop, with and without a physical backup of another member at a
// rate, in pairs that change their order. backupd, kagu-node and the three servers share the cores.
func BenchmarkBackupImpact(b *testing.B) {
	if b.N > 1 {
		return // it is long and prints its own n
	}
	l := up(b, lab.Options{Services: []lab.Service{lab.SSH, lab.Backupd}})
	fill(b, l, "random", *impactBytes)
	throttle(b, l, *impactRate)
	db := server(b, l, l.Nodes[0].SQLAddress())
	loadTable(b, db, "InnoDB")

	keyLoad(b, db, impactHalf/2) // warm
	var p pairing
	for i := range *impactPairs {
		var on, off []time.Duration
		measure := func(backup bool) {
			if backup {
				stop := runningBackup(b, l)
				on = keyLoad(b, db, impactHalf)
				stop()
			} else {
				off = keyLoad(b, db, impactHalf)
			}
		}
		undisturbed(b, "pair", func() {
			measure(i%2 == 0)
			measure(i%2 != 0)
		})
		p.add(on, off)
	}
	p.print("backup at "+*impactRate+"/s", impactTarget)
}

// throttle gives the lab's cluster a rate for backups, and backupd the new kagu.yaml.
func throttle(b *testing.B, l *lab.Lab, rate string) {
	b.Helper()
	text, err := os.ReadFile(l.Config())
	check(b, err)
	const store = "store: main\n"
	before, after, found := strings.Cut(string(text), store)
	if !found {
		b.Fatalf("the lab's kagu.yaml has no %q", store)
	}
	indent := before[strings.LastIndexByte(before, '\n')+1:]
	check(b, os.WriteFile(l.Config(), []byte(before+store+indent+"rate: "+rate+"\n"+after), 0o600))
	check(b, l.KillService(string(lab.Backupd)))
	check(b, l.Restart(b.Context(), lab.Backupd))
}

// runningBackup orders a backup and returns once its stream runs. stop kills it and brings the
// member back.
func runningBackup(b *testing.B, l *lab.Lab) (stop func()) {
	b.Helper()
	parts := func() int {
		all, err := filepath.Glob(filepath.Join(l.Store(), "parts", "*", "*", "*", "*"))
		check(b, err)
		return len(all)
	}
	before := parts()
	out, err := exec.CommandContext(b.Context(), filepath.Join(l.Bin, "kagu"), "--config.file="+l.Config(), "backup", "run", lab.ClusterName, "full", "--no-wait").CombinedOutput()
	if err != nil {
		b.Fatalf("kagu backup run: %v\n%s", err, out)
	}
	await(b, "the first part is stored", func() bool { return parts() > before })
	return func() {
		b.Helper()
		last := parts()
		await(b, "the backup still runs", func() bool { return parts() > last })
		check(b, l.KillService(string(lab.Backupd)))
		await(b, "no member is desynced", func() bool {
			return !slices.ContainsFunc(l.Nodes, func(n lab.Node) bool {
				status, err := l.Wsrep(b.Context(), n.Name)
				return err != nil || status["wsrep_local_state_comment"] != "Synced"
			})
		})
		check(b, os.RemoveAll(filepath.Join(l.Store(), "parts")))
		check(b, l.Restart(b.Context(), lab.Backupd))
	}
}

// await waits until something is so, for as long as go test lets the benchmark run.
func await(b *testing.B, what string, is func() bool) {
	b.Helper()
	for !is() {
		select {
		case <-b.Context().Done():
			b.Fatalf("%s: %v", what, context.Cause(b.Context()))
		case <-time.After(50 * time.Millisecond):
		}
	}
}
