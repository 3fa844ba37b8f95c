package host

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/kagu-db/kagu/internal/inventory"
	"github.com/kagu-db/kagu/internal/mbstream"
	"github.com/kagu-db/kagu/internal/node"
)

// silence is how long a tool may send nothing, and a reader take nothing, before a stream is
// broken off: a member that is desynced meanwhile falls behind.
const silence = 10 * time.Minute

// A flow is one verb that streams, as it is carried out.
type flow struct {
	r       node.Request
	cluster inventory.Cluster
	n       inventory.Node
	d       stateDir
	out     *node.Sender
	in      io.Reader
	opened  bool
	notes   []string // what a human should know of a success
}

// open tells the client that bytes follow. Until then an error is a refusal.
func (fl *flow) open(s node.Stream) error {
	fl.opened = true
	return fl.out.Header(node.Reply{Version: node.Version, Verb: fl.r.Verb, Stream: &s})
}

// Stream carries out one verb that streams and returns its last word, which the client has got
// too unless it is gone. Whatever happens, the stream ends as one that is whole only if it is.
func (s *Server) Stream(ctx context.Context, r node.Request, in io.Reader, out io.Writer) (reply node.Reply) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	fl := &flow{r: r, out: node.NewSender(out), in: in}
	stop := fl.beat(cancel)
	defer stop()
	reply = node.Reply{Version: node.Version, Verb: r.Verb}
	result, err := s.carryOut(ctx, fl)
	var no *refusal
	switch {
	case err == nil:
		reply.Done, reply.Stream = true, result
	case !fl.opened || errors.As(err, &no):
		reply.Refused = clean(err.Error(), 800)
	default:
		reply.Error = clean(err.Error(), 800)
	}
	if fl.opened && reply.Refused != "" { // too late for that
		reply.Error, reply.Refused = reply.Refused, ""
	}
	stop()
	last := fl.out.Trailer
	if !fl.opened {
		last = fl.out.Header
	}
	if err := last(reply); err != nil && reply.Done {
		reply.Done, reply.Stream, reply.Error = false, nil, "the client is gone: "+err.Error()
	}
	return reply
}

// beat tells the client from time to time that we live. That a beat cannot be sent is how we
// learn that the client is gone while there is nothing to send.
func (fl *flow) beat(gone context.CancelCauseFunc) (stop func()) {
	ended, quit := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		tick := time.NewTicker(node.BeatEvery)
		defer tick.Stop()
		for {
			select {
			case <-quit:
				return
			case <-tick.C:
				if err := fl.out.Beat(); err != nil {
					gone(fmt.Errorf("the client is gone: %w", err))
					return
				}
			}
		}
	}()
	return sync.OnceFunc(func() { close(quit); <-ended })
}

// carryOut does what change does for other verbs. The node's lock is given back before a backup
// begins: a server may be stopped and started beside it.
func (s *Server) carryOut(ctx context.Context, fl *flow) (result *node.Stream, err error) {
	defer func() {
		if p := recover(); p != nil {
			result, err = nil, fmt.Errorf("internal error, please report it: %v", p)
		}
	}()
	r := fl.r
	if fl.cluster, fl.n, err = s.find(r); err == nil {
		err = r.Valid()
	}
	if err == nil {
		err = r.Late(s.now())
	}
	if err != nil {
		return nil, err
	}
	fl.d = s.nodeDir(r.Cluster, r.Node)
	unlock, err := s.begin(r, fl.d)
	if err != nil {
		return nil, err
	}
	unlock = sync.OnceFunc(unlock)
	defer unlock()
	var work func(context.Context, *flow) (*node.Stream, error)
	switch r.Verb {
	case node.Backup:
		work = s.backup
		unlock()
	case node.Collect:
		work = s.collect
		unlock()
	case node.Restore:
		work = s.restore
	default:
		return nil, fmt.Errorf("verb %q is no stream", string(r.Verb))
	}
	began := s.now().UTC()
	result, err = work(ctx, fl)
	if err == nil {
		result.Began, result.Ended, result.Notes = began, s.now().UTC(), append(result.Notes, fl.notes...)
	}
	unlock()
	return result, s.finish(fl, result, err)
}

// begin takes the node's lock and writes down what is about to be done. Who discards may have to wait for
// a moment: the stream of the same files that it has broken off writes its outcome down.
func (s *Server) begin(r node.Request, d stateDir) (unlock func(), err error) {
	lock := d.lock
	if r.Verb == node.Discard {
		lock = d.lockSoon
	}
	if unlock, err = lock(); err != nil {
		return nil, stateDirError(err)
	}
	if err = d.remember(r, s.now()); err == nil {
		err = d.audit(r, s.From, s.now(), "begun")
	}
	if err != nil {
		unlock()
		return nil, stateDirError(err)
	}
	return unlock, nil
}

// finish writes the outcome down. That this fails makes no backup worse: it is told in a note.
func (s *Server) finish(fl *flow, result *node.Stream, err error) error {
	outcome := "done"
	if err != nil {
		outcome = "failed: " + err.Error()
	}
	unlock, lockErr := fl.d.lockSoon()
	if lockErr == nil {
		lockErr = errors.Join(fl.d.conclude(fl.r.ID, outcome), fl.d.audit(fl.r, s.From, s.now(), clean(outcome, 500)))
		unlock()
	}
	if lockErr != nil && result != nil {
		result.Notes = append(result.Notes, clean("the outcome was not written down: "+lockErr.Error(), 300))
	}
	return err
}

// pump copies from a tool to the client at a pace, and breaks off when either side sleeps.
func (fl *flow) pump(ctx context.Context, cancel context.CancelCauseFunc, p *pace, from io.Reader, look *mbstream.Scanner) error {
	timer := time.AfterFunc(silence, func() { cancel(errSilent) })
	defer timer.Stop()
	buffer := make([]byte, node.MaxFrame)
	for {
		n, err := p.read(ctx, from, look, buffer)
		if n > 0 {
			timer.Reset(silence)
			if _, err := fl.out.Write(buffer[:n]); err != nil {
				return fmt.Errorf("the client is gone: %w", err)
			}
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read its output: %w", err)
		}
	}
}
