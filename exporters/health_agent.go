package exporters

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"time"
)

// readyFor is how long after a drain or a maintenance, and after the start, an answer begins
// with the word "ready". HAProxy leaves its states DRAIN and MAINT on that word only; said for
// ever, it would also undo what an operator set on HAProxy's own socket.
const readyFor = 30 * time.Second

// agentVoice says verdicts in the words of HAProxy's agent check.
type agentVoice struct{ readyUntil time.Time }

// say returns one line. A node that takes no new traffic of either kind and yet answers drains:
// its sessions may finish.
func (a *agentVoice) say(v Verdicts, now time.Time) string {
	ready := ""
	if now.Before(a.readyUntil) {
		ready = "ready "
	}
	switch {
	case v.Maintenance:
		a.readyUntil = now.Add(readyFor)
		return "maint\n"
	case v.Of[Writer].OK || v.Of[Reader].OK:
		return fmt.Sprintf("%sup %d%%\n", ready, max(1, min(v.Weight, 100)))
	case v.Of[Any].OK:
		a.readyUntil = now.Add(readyFor)
		return "up drain\n"
	default:
		return ready + "down #" + oneLine(v.Of[Any].Reason) + "\n"
	}
}

// patience is how long a proxy may take to fetch the agent's line.
const patience = time.Second

// crowd is how many proxies may be at the agent's port at once.
const crowd = 64

// ServeAgent answers HAProxy's agent checks until the context ends: a line for each connection.
func (h *Health) ServeAgent(ctx context.Context, l net.Listener) error {
	var (
		wg    sync.WaitGroup
		seats = make(chan struct{}, crowd)
	)
	defer wg.Wait()
	stop := context.AfterFunc(ctx, func() { _ = l.Close() })
	defer stop()
	for {
		conn, err := l.Accept()
		switch {
		case ctx.Err() != nil:
			if err == nil {
				_ = conn.Close()
			}
			return nil
		case errors.Is(err, net.ErrClosed):
			return err
		case err != nil: // such as no file descriptor left: that passes
			h.Log.Warn("agent check not accepted", "reason", err)
			pause(ctx, 100*time.Millisecond)
			continue
		}
		seats <- struct{}{}
		wg.Go(func() {
			defer func() { <-seats }()
			h.tellAgent(ctx, conn)
		})
	}
}

func pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// tellAgent writes the line and waits for the proxy to hang up: closing while something that it
// sent is unread would throw the line away.
func (h *Health) tellAgent(ctx context.Context, conn net.Conn) {
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(patience))
	if _, err := io.WriteString(conn, h.agentLine(ctx)); err != nil {
		return // a proxy that does not listen asks again
	}
	if half, ok := conn.(interface{ CloseWrite() error }); ok && half.CloseWrite() == nil {
		_, _ = io.Copy(io.Discard, io.LimitReader(conn, 4096))
	}
}

func (h *Health) agentLine(ctx context.Context) string {
	w, err := h.watch(h.Node)
	if err != nil {
		return "down #" + oneLine(err.Error()) + "\n"
	}
	s, age, stale := w.current(ctx)
	if stale != "" {
		return fmt.Sprintf("down #%s, %d ms\n", stale, age.Milliseconds())
	}
	return s.agent
}
