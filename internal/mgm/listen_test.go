package mgm_test

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kagu-db/kagu/internal/mgm"
	"github.com/kagu-db/kagu/internal/mgm/mgmtest"
)

// listening runs a test in a bubble where time is faked: a cluster behind a server in memory,
// and a listener that has begun to follow it.
func listening(t *testing.T, many *mgmtest.Cluster, h mgmtest.Handler, test func(s *mgmtest.Server, l *mgm.Listener)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		server := mgmtest.Pipe(h)
		defer server.Close()
		l := mgm.New(mgm.Options{Addresses: []string{"m1"}, Dial: server.Dial}).Listen(t.Context(), mgm.DefaultFilter())
		defer l.Close()
		synctest.Wait()
		if many.Listeners() != 1 || !l.Stream().Up {
			t.Fatalf("%d listeners, %+v", many.Listeners(), l.Stream())
		}
		test(server, l)
	})
}

// take waits for the next event.
func take(t *testing.T, l *mgm.Listener) mgm.Event {
	t.Helper()
	select {
	case e := <-l.Events():
		return e
	case <-time.After(time.Minute):
		t.Fatalf("no event: %+v", l.Stream())
	}
	panic("not reached")
}

func TestEventsAreTyped(t *testing.T) {
	many := mgmtest.NewCluster(2)
	listening(t, many, many, func(_ *mgmtest.Server, l *mgm.Listener) {
		many.Kill(3)
		if e := take(t, l); e.Type != mgm.Disconnected || e.Source != 1 || e.Node("node") != 3 || e.Severity != mgm.SeverityAlert || e.Time != time.Now() {
			t.Errorf("got %+v", e)
		}
		if e := take(t, l); e.Name != "NODE_FAILREP" || e.Source != 2 || e.Node("failed_node") != 3 || e.Category != mgm.CategoryNodeRestart {
			t.Errorf("got %+v", e)
		}
		many.Emit(mgm.Event{Type: mgm.BackupCompleted, Source: 2, Fields: []mgm.Field{
			{Name: "backup_id", Value: 7}, {Name: "n_bytes", Value: 1<<32 - 1}, {Name: "n_bytes_hi", Value: 2},
		}})
		if n, ok := take(t, l).Value("n_bytes"); !ok || n != 2<<32+1<<32-1 {
			t.Errorf("n_bytes is %d, %t", n, ok)
		}
		many.Emit(mgm.Event{Type: mgm.WarningText, Source: 2, Words: []uint32{'G' | 'C'<<8 | 'P'<<16 | ' '<<24, 's' | 't'<<8 | 'o'<<16 | 'p'<<24, 0x7f00}})
		if e := take(t, l); e.Text != "GCP stop" {
			t.Errorf("the text is %q", e.Text)
		}
		many.EmitBlock("log event reply\ntype=4711\ntime=0\nsource_nodeid=2\n<PING>\nflux=-1\n\n")
		if e := take(t, l); e.Type.Known() || e.Name != "unknown_4711" || e.Severity != "" || len(e.Fields) != 1 || e.Fields[0].Value != 1<<32-1 {
			t.Errorf("an event of the future: %+v", e)
		}
		many.Emit(mgm.Event{Type: mgm.StartReport, Source: 3, Words: []uint32{1, 30, 5, 0}})
		if e := take(t, l); e.Name != "StartReport" || len(e.Words) != 4 {
			t.Errorf("got %+v", e)
		} else if left, _ := e.Value("remaining_seconds"); left != 30 {
			t.Errorf("got %+v", e)
		}
	})
}

func TestABrokenStreamIsAGapAndTheSavedEventsFollow(t *testing.T) {
	many := mgmtest.NewCluster(2)
	many.Save(2, 10, time.Unix(100, 0), mgm.StartCompleted, 591618)
	listening(t, many, many, func(s *mgmtest.Server, l *mgm.Listener) {
		many.Emit(mgm.Event{Type: mgm.LocalCheckpointDone, Source: 2, Fields: []mgm.Field{{Name: "lci", Value: 5}}})
		if e := take(t, l); e.Saved || e.Type != mgm.LocalCheckpointDone {
			t.Errorf("got %+v", e)
		}
		many.Save(2, 11, time.Unix(101, 0), mgm.LocalCheckpointDone, 5, 0, 0)
		many.Save(2, 12, time.Unix(102, 0), mgm.NodeFailed, 3, 0)
		many.Save(2, 13, time.Unix(103, 0), mgm.GlobalCheckpointBegun, 77) // the filter does not hear these
		many.Save(2, 14, time.Unix(104, 0), mgm.BackupStarted, 0x80010003, 9)
		before := time.Now()
		s.Drop()
		if e := take(t, l); e.Gap == nil || !e.Gap.Saved || e.Gap.Why != "the stream ended" || e.Gap.Since.After(before) {
			t.Fatalf("got %+v", e)
		}
		if e := take(t, l); !e.Saved || e.Type != mgm.NodeFailed || e.Node("failed_node") != 3 || e.Sequence != 12 || e.Time.Unix() != 102 {
			t.Errorf("got %+v", e)
		}
		if e := take(t, l); e.Type != mgm.BackupStarted || e.Node("starting_node") != 3 {
			t.Errorf("got %+v", e)
		}
		// The stream, open before the log was read, brings the last of it once more.
		many.Emit(mgm.Event{Type: mgm.NodeFailed, Source: 2, Fields: []mgm.Field{{Name: "failed_node", Value: 3}, {Name: "failure_state"}}})
		many.Emit(mgm.Event{Type: mgm.BackupAborted, Source: 2, Fields: []mgm.Field{{Name: "backup_id", Value: 9}}})
		if e := take(t, l); e.Type != mgm.BackupAborted {
			t.Errorf("told twice: %+v", e)
		}
		if got := l.Stream(); !got.Up || got.Reconnects != 1 || got.Gaps != 1 {
			t.Errorf("the stream is %+v", got)
		}
	})
}

func TestANodeThatWasRestartedNumbersItsEventsFromZero(t *testing.T) {
	many := mgmtest.NewCluster(2)
	many.Save(3, 500, time.Unix(100, 0), mgm.StartCompleted, 591618)
	listening(t, many, many, func(s *mgmtest.Server, l *mgm.Listener) {
		many.ForgetSaved()
		many.Save(3, 0, time.Unix(200, 0), mgm.StartStarted, 591618)
		s.Drop()
		if e := take(t, l); e.Gap == nil {
			t.Errorf("got %+v", e)
		}
		if e := take(t, l); e.Type != mgm.StartStarted || !e.Saved {
			t.Errorf("got %+v", e)
		}
	})
}

func TestASilentStreamIsDead(t *testing.T) {
	many := mgmtest.NewCluster(2)
	first := true
	h := mgmtest.HandlerFunc(func(w io.Writer, r mgmtest.Request) bool {
		if r.Name == "listen event" && first {
			first = false
			_, err := io.WriteString(w, "listen event\nresult: 0\n\n<PING>\n")
			return err == nil
		}
		return many.Handle(w, r)
	})
	synctest.Test(t, func(t *testing.T) {
		server := mgmtest.Pipe(h)
		defer server.Close()
		l := mgm.New(mgm.Options{Addresses: []string{"m1"}, Dial: server.Dial}).Listen(t.Context(), mgm.DefaultFilter())
		defer l.Close()
		began := time.Now()
		if e := take(t, l); e.Gap == nil || e.Gap.Why != "the stream fell silent" {
			t.Errorf("got %+v", e)
		}
		if took := time.Since(began); took < 5*time.Second || took > 6*time.Second {
			t.Errorf("noticed after %s", took)
		}
	})
}

func TestWhoTakesNoEventsFindsAGapAndHoldsUpNobody(t *testing.T) {
	many := mgmtest.NewCluster(2)
	listening(t, many, many, func(_ *mgmtest.Server, l *mgm.Listener) {
		const sent = 5000 // more than a listener keeps
		for range sent {
			many.Emit(mgm.Event{Type: mgm.MissedHeartbeat, Source: 2, Fields: []mgm.Field{{Name: "node", Value: 3}}})
			synctest.Wait()
		}
		if l.Stream().Gaps != 1 {
			t.Errorf("the stream is %+v", l.Stream())
		}
		got := 0
		for {
			e := take(t, l)
			if e.Gap != nil {
				if got+e.Gap.Lost != sent || e.Gap.Lost == 0 {
					t.Errorf("%d events and %d lost, want %d together", got, e.Gap.Lost, sent)
				}
				return
			}
			got++
		}
	})
}

func TestAListenerGoesOnWithTheNextServer(t *testing.T) {
	many := mgmtest.NewCluster(2)
	synctest.Test(t, func(t *testing.T) {
		servers := map[string]*mgmtest.Server{"m1:1186": mgmtest.Pipe(many), "m2:1186": mgmtest.Pipe(many)}
		defer servers["m2:1186"].Close()
		dial := func(ctx context.Context, network, address string) (net.Conn, error) {
			return servers[address].Dial(ctx, network, address)
		}
		l := mgm.New(mgm.Options{Addresses: []string{"m1", "m2"}, Dial: dial}).Listen(t.Context(), mgm.DefaultFilter())
		defer l.Close()
		synctest.Wait()
		if got := l.Stream().Server; got != "m1:1186" {
			t.Errorf("listens to %q", got)
		}
		servers["m1:1186"].Close()
		if e := take(t, l); e.Gap == nil || e.Server != "m2:1186" {
			t.Errorf("got %+v", e)
		}
	})
}

func TestAListenerLeavesAServerThatHasNothingToTell(t *testing.T) {
	many := mgmtest.NewCluster(2)
	synctest.Test(t, func(t *testing.T) {
		servers := map[string]*mgmtest.Server{"m1:1186": mgmtest.Pipe(many), "m2:1186": mgmtest.Pipe(many)}
		defer servers["m1:1186"].Close()
		defer servers["m2:1186"].Close()
		dial := func(ctx context.Context, network, address string) (net.Conn, error) {
			return servers[address].Dial(ctx, network, address)
		}
		l := mgm.New(mgm.Options{Addresses: []string{"m1", "m2"}, Dial: dial}).Listen(t.Context(), mgm.DefaultFilter())
		defer l.Close()
		synctest.Wait()
		l.Leave("m2")
		synctest.Wait()
		if got := l.Stream(); got.Server != "m1:1186" || got.Gaps != 0 {
			t.Errorf("it left another than it was told to: %+v", got)
		}
		l.Leave("m1")
		if e := take(t, l); e.Gap == nil || e.Server != "m2:1186" {
			t.Errorf("got %+v", e)
		}
	})
}

// Each new stream has the data nodes' logs read, so it is not tried ten times a second.
func TestAServerThatEndsEachStreamAtOnce(t *testing.T) {
	ends := mgmtest.On("listen event", mgmtest.CutOff("listen event\nresult: 0\n\n"), mgmtest.NewCluster(2))
	synctest.Test(t, func(t *testing.T) {
		server := mgmtest.Pipe(ends)
		defer server.Close()
		l := mgm.New(mgm.Options{Addresses: []string{"m1"}, Dial: server.Dial}).Listen(t.Context(), mgm.DefaultFilter())
		defer l.Close()
		time.Sleep(time.Minute)
		if n := server.Asked("listen event"); n < 10 || n > 30 {
			t.Errorf("tried %d times in a minute", n)
		}
	})
}

func TestARefusedListenerSaysWhyAndTriesAgain(t *testing.T) {
	refusing := mgmtest.Opening().With("listen event", "listen event\nresult: -1\nmsg: Unknown category: >FOO<\n\n")
	synctest.Test(t, func(t *testing.T) {
		server := mgmtest.Pipe(refusing)
		defer server.Close()
		l := mgm.New(mgm.Options{Addresses: []string{"m1"}, Dial: server.Dial}).Listen(t.Context(), mgm.DefaultFilter())
		time.Sleep(time.Minute)
		got := l.Stream()
		var said *mgm.ServerError
		if got.Up || !errors.As(got.Err, &said) || !strings.Contains(said.Text, "FOO") {
			t.Errorf("the stream is %+v", got)
		}
		if n := server.Asked("listen event"); n < 10 || n > 30 {
			t.Errorf("tried %d times in a minute", n)
		}
		l.Close()
		if _, open := <-l.Events(); open {
			t.Error("the channel is open after Close")
		}
	})
}

func TestTheTableOfEventsIsInOrder(t *testing.T) {
	last := mgm.EventType(-1)
	for _, info := range mgm.EventTypes() {
		if info.Type <= last || info.Name == "" || info.Severity == "" || info.Category < mgm.CategoryStartup || info.Category > mgm.CategorySchema {
			t.Errorf("%+v after %d", info, last)
		}
		last = info.Type
		if got, known := info.Type.Info(); !known || got.Name != info.Name {
			t.Errorf("%d is found as %+v", int(info.Type), got)
		}
	}
	if mgm.EventType(61).Known() {
		t.Error("61 is known")
	}
}
