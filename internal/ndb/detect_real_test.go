package ndb_test

import (
	"context"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/kagu-db/kagu/internal/cluster"
	"github.com/kagu-db/kagu/internal/lab"
	"github.com/kagu-db/kagu/internal/lab/labtest"
	"github.com/kagu-db/kagu/internal/mgm"
	"github.com/kagu-db/kagu/internal/ndb"
)

// BenchmarkDetection freezes a data node and measures how long the cluster takes to declare it
// failed, in heartbeat intervals. It is no test: `go test -run '^$' -bench Detection -benchtime 5x`.
func BenchmarkDetection(b *testing.B) {
	l := labtest.Up(b, lab.Options{Kind: cluster.KindNDB, SQL: 1})
	client := mgm.New(mgm.Options{Addresses: l.ManagementAddresses()})
	defer client.Close()
	config, err := client.Config(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	c := ndb.ConfigurationOf(config)
	bound := ndb.DetectionTime(c.HeartbeatDB, c.HeartbeatAPI).DataByData
	listener := client.Listen(b.Context(), mgm.DefaultFilter())
	defer listener.Close()
	var took []float64
	for b.Loop() {
		p, err := l.Server("d1") // looked up before, so that only the signal is in the measured time
		if err != nil {
			b.Fatal(err)
		}
		froze := time.Now()
		if err := syscall.Kill(p.PID, syscall.SIGSTOP); err != nil {
			b.Fatal(err)
		}
		failed := awaitFailure(b, listener, froze)
		took = append(took, failed.Sub(froze).Seconds()/c.HeartbeatDB.Seconds())
		b.Logf("declared failed after %s, computed %s to %s", failed.Sub(froze), bound.Least, bound.Most)
		if err := l.Thaw(b.Context(), "d1"); err != nil {
			b.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(b.Context(), 2*time.Minute)
		err = l.AwaitState(ctx, "d1", mgm.StateNoContact)
		if err == nil {
			err = l.AwaitState(ctx, "d1", mgm.StateStarted)
		}
		cancel()
		if err != nil {
			b.Fatal(err)
		}
	}
	slices.Sort(took)
	b.ReportMetric(took[0], "intervals-min")
	b.ReportMetric((took[(len(took)-1)/2]+took[len(took)/2])/2, "intervals-median")
	b.ReportMetric(took[len(took)-1], "intervals-max")
}

// awaitFailure returns when the event came that a node was declared failed.
func awaitFailure(b *testing.B, l *mgm.Listener, since time.Time) time.Time {
	b.Helper()
	late := time.After(time.Minute)
	for {
		select {
		case ev := <-l.Events():
			if ev.Type == mgm.NodeFailed && !ev.Saved && ev.Time.After(since) {
				return ev.Time
			}
		case <-late:
			b.Fatal("nobody noticed")
		}
	}
}
