package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/kagu-db/kagu/internal/lab"
)

// Options says what to break and how long to wait.
type Options struct {
	Node     string        // whose server is killed
	Deadline time.Duration // for the loop to heal it, and to say so
}

// warmUp is how long the watchers get to have seen the healthy cluster.
const warmUp = 60 * time.Second

// ErrNotHealed says that the deadline passed.
var ErrNotHealed = errors.New("the loop did not heal the node in time")

// goals is all that must have been seen for the demo to have succeeded.
var goals = []struct{ key, what string }{
	{"detected", "Prometheus scraped the node as down"},
	{"alert", "an alert fired"},
	{"process", "a new server process ran"},
	{"synced", "the node was Synced again"},
	{"healed", "the remediator's incident ended as healed"},
	{"told", "Slack heard of it"},
}

// Run writes through the proxy, kills the node's server and prints the timeline until every
// goal is reached. The error wraps ErrNotHealed if one is not, and names it.
func Run(ctx context.Context, l *lab.Lab, o Options, out io.Writer) error {
	if _, err := l.Node(o.Node); err != nil {
		return err
	}
	if err := ready(ctx, l); err != nil {
		return err
	}
	writer, err := NewWriter(ctx, l)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return writer.Run(ctx) })
	group.Go(func() error {
		defer cancel()
		return heal(ctx, group, l, o, writer, out)
	})
	return group.Wait()
}

// heal breaks the node and watches it heal.
func heal(ctx context.Context, group *errgroup.Group, l *lab.Lab, o Options, writer *Writer, out io.Writer) error {
	if err := pause(ctx, time.Second); err != nil { // some rows before, so that a gap can be seen
		return err
	}
	acked, _ := writer.Account()
	fmt.Fprintf(out, "A client writes through HAProxy; %d rows so far. Killing %s now (kill -9).\n\n", acked, o.Node)
	writer.Forget()
	zero := time.Now()
	w := &watch{Timeline: NewTimeline(zero), lab: l, node: o.Node, zero: zero, deadline: o.Deadline}
	if err := l.Kill(ctx, o.Node); err != nil {
		return err
	}
	w.Add("killed", Event{zero, "killed", o.Node + "'s server"})
	for _, look := range []func(context.Context) error{w.server, w.prometheus, w.remediator, w.slack} {
		group.Go(func() error { return every(ctx, 100*time.Millisecond, look) })
	}
	missed, err := w.follow(ctx, out)
	if err != nil {
		return err
	}
	acked, longest := writer.Account()
	fmt.Fprintf(out, "\nThe client has %d rows acknowledged; its longest wait for one was %.2f s.\n", acked, longest.Seconds())
	if len(missed) > 0 {
		return fmt.Errorf("%w: within %v nobody saw that %s", ErrNotHealed, o.Deadline, missed[0])
	}
	return nil
}

// follow prints the timeline until all goals are reached or the deadline is, and returns the
// goals that were not.
func (w *watch) follow(ctx context.Context, out io.Writer) ([]string, error) {
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		missed := w.missed()
		over := time.Since(w.zero) > w.deadline
		horizon := time.Now().Add(-late)
		if len(missed) == 0 || over {
			if err := pause(ctx, late); err != nil {
				return nil, err
			}
			horizon = time.Now()
		}
		if err := w.Print(out, horizon); err != nil {
			return nil, err
		}
		if len(missed) == 0 || over {
			return missed, nil
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-tick.C:
		}
	}
}

func (w *watch) missed() []string {
	var missed []string
	for _, g := range goals {
		if !w.Saw(g.key) {
			missed = append(missed, g.what)
		}
	}
	return missed
}

// ready waits until Prometheus has seen every node up: a node that was never seen cannot be
// missed.
func ready(ctx context.Context, l *lab.Lab) error {
	ctx, cancel := context.WithTimeout(ctx, warmUp)
	defer cancel()
	query := fmt.Sprintf("sum(galera_up{cluster=%q}) >= %d", lab.ClusterName, len(l.Nodes))
	for {
		_, found, err := seconds(ctx, l.URL(lab.Prometheus), query)
		if err == nil && found {
			return nil
		}
		if e := pause(ctx, 100*time.Millisecond); e != nil {
			return fmt.Errorf("wait until Prometheus sees %d nodes that are up: %w", len(l.Nodes), errors.Join(e, err))
		}
	}
}

func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
