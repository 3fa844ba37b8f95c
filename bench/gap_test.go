package bench

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/kagu-db/kagu/internal/lab"
	"github.com/kagu-db/kagu/internal/lab/proxytest"
	"github.com/kagu-db/kagu/internal/needs"
)

var (
	gaps     = flag.Int("gaps", 5, "how often the serving node is killed, frozen and cut off, for each figure of the write gap")
	peerGaps = flag.Int("peer-gaps", 0, "how often with clustercheck; 0 for as often")
	gapsWith = flag.String("gaps-profile", string(lab.ProfileLAN), "with which profile of evs settings what we ship is measured")
)

// BenchmarkWriteGap breaks the node that serves and measures how long a client that writes a row
// every 10 ms through HAProxy gets no acknowledgement: with what we ship, and with clustercheck as
// its README has it on a cluster with default settings. No acknowledged row may be lost.
func BenchmarkWriteGap(b *testing.B) {
	if b.N > 1 {
		return // it is long and prints its own n
	}
	var ours, theirs map[string][]time.Duration
	b.Run("shipped", func(b *testing.B) {
		ours = gap(b, "deploy/haproxy, evs "+*gapsWith, lab.Profile(*gapsWith), shipped, *gaps)
	})
	b.Run("clustercheck", func(b *testing.B) {
		theirs = gap(b, "clustercheck, evs default", lab.ProfileDefault, readme, cmp.Or(*peerGaps, *gaps))
	})
	for _, fault := range []string{killed, frozen, cutOff} {
		if len(ours[fault]) > 0 && len(theirs[fault]) > 0 {
			ratio{
				what: "write gap, " + fault, ours: []float64{quantile(ours[fault], 0.5).Seconds()}, theirs: []float64{quantile(theirs[fault], 0.5).Seconds()},
				unit: "s", target: 0.16, names: [2]string{"median of ours", "of theirs"},
			}.print()
		}
	}
}

// What happens to the serving node.
const (
	killed = "kill -9"
	frozen = "SIGSTOP"
	cutOff = "host off the network"
)

func gap(b *testing.B, what string, profile lab.Profile, front func(*testing.B, *proxytest.Rig), times int) map[string][]time.Duration {
	if b.N > 1 {
		return nil
	}
	l := up(b, lab.Options{Profile: profile})
	r := proxytest.New(b, l)
	front(b, r)
	client, stop := proxytest.Write(b, l, r.Address(proxytest.WritePort), "gap")
	all := map[string][]time.Duration{}
	cut := func(ctx context.Context, node string) error { return l.Cut(ctx, node, lab.CutHost) }
	for _, f := range []struct {
		what       string
		hurt, mend func(context.Context, string) error
	}{{killed, l.Kill, l.Start}, {frozen, l.Freeze, l.Thaw}, {cutOff, cut, l.Join}} {
		if f.what == cutOff && os.Geteuid() != 0 {
			fmt.Println("write gap, " + f.what + ": not measured, it needs root")
			continue
		}
		all[f.what] = faults(b, r, client, times, f.hurt, f.mend)
		row{"write gap, " + f.what + " (" + what + ")", all[f.what], 0.5, 0}.print()
	}
	stop()
	lost := 0
	for _, n := range l.Nodes {
		missing, err := client.Missing(b.Context(), n)
		if err != nil {
			b.Fatal(err)
		}
		lost += len(missing)
	}
	fmt.Printf("%-62s %d of %d (wanted: 0)\n", "acknowledged rows that a node lacks ("+what+")", lost, client.Acked())
	return all
}

func shipped(b *testing.B, r *proxytest.Rig) {
	r.StartExporters(b, needs.Build(b, "../cmd/galera_exporter"))
	r.StartHAProxy(b, "../deploy/haproxy/galera.cfg")
}

func readme(b *testing.B, r *proxytest.Rig) {
	for _, n := range r.Lab.Nodes {
		startClustercheck(b, r, n)
	}
	r.StartHAProxy(b, "testdata/clustercheck.cfg")
}

// faults breaks the serving node and mends it, over and over, and returns the gaps.
func faults(b *testing.B, r *proxytest.Rig, client *proxytest.Client, times int, hurt, mend func(context.Context, string) error) []time.Duration {
	b.Helper()
	var all []time.Duration
	for range times {
		node := serving(b, r)
		client.Forget()
		if err := hurt(b.Context(), node); err != nil {
			b.Fatal(err)
		}
		proxytest.Await(b, "writes go to another node", func() bool { return client.Gap() > 200*time.Millisecond })
		client.Flows(b)
		all = append(all, client.Gap())
		if err := mend(b.Context(), node); err != nil {
			b.Fatal(err)
		}
		if err := r.Lab.AwaitSynced(b.Context()); err != nil {
			b.Fatal(err)
		}
		for _, n := range r.Lab.Nodes {
			proxytest.Await(b, "the proxy takes "+n.Name+" back", func() bool {
				return r.Server(b, "galera_writer", n.Name, "status") == "UP"
			})
		}
		client.Flows(b)
	}
	return all
}

// serving is the node that the client's connection goes to.
func serving(b *testing.B, r *proxytest.Rig) string {
	b.Helper()
	name := ""
	proxytest.Await(b, "one node serves", func() bool {
		for _, n := range r.Lab.Nodes {
			if r.Server(b, "galera_writer", n.Name, "scur") == "1" {
				name = n.Name
				return true
			}
		}
		return false
	})
	return name
}
