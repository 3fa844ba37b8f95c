package node

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/kagu-db/kagu/internal/inventory"
	"github.com/kagu-db/kagu/internal/sshrun"
)

// BeatEvery is how often kagu-node says that it lives while it has nothing to send, and
// streamIdle how long a client believes it without.
const (
	BeatEvery  = 2 * time.Second
	streamIdle = 60 * time.Second
)

// Stream asks the host for a Backup or a Collect and writes its bytes to w. Without an error the
// reply is what kagu-node said: a trailer that is done, with what was sent; one that failed; or
// a refusal, and then w got nothing (see Reply.Err). With an error, or with a reply that failed,
// what w got is worth nothing: it is not whole, whatever it looks like. A slow w slows the host
// down. The context ends it, and then kagu-node clears up on the host.
func (c Client) Stream(ctx context.Context, host inventory.Host, r Request, w io.Writer) (Reply, error) {
	if r.Verb != Backup && r.Verb != Collect {
		return Reply{}, fmt.Errorf("ask %s to %s: its answer is no stream", host.Name, r.Verb)
	}
	command, err := r.encode(host)
	if err != nil {
		return Reply{}, err
	}
	var reply Reply
	result, err := c.SSH.Stream(ctx, host, command, streamIdle, func(stdout io.Reader, stdin io.WriteCloser) error {
		if err := stdin.Close(); err != nil {
			return err
		}
		var err error
		reply, err = Receive(stdout, r.Verb, w, nil)
		return err
	})
	return r.heard(host, reply, result, err)
}

// ErrCannotFollow: kagu-node on that host is of an older release, and collects only what is complete.
var ErrCannotFollow = errors.New("kagu-node there is older and cannot follow a backup while it is written")

// Follow is Stream for a Collect of a backup that is still being written. Once complete is closed
// kagu-node is told so, sends the rest and proves all of it; a connection that ends before makes it
// give up. With ErrCannotFollow w got nothing.
func (c Client) Follow(ctx context.Context, host inventory.Host, r Request, complete <-chan struct{}, w io.Writer) (Reply, error) {
	if r.Verb != Collect {
		return Reply{}, fmt.Errorf("ask %s to %s: it follows nothing", host.Name, r.Verb)
	}
	r.Follow = true
	command, err := r.encode(host)
	if err != nil {
		return Reply{}, err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var reply Reply
	var telling sync.WaitGroup
	result, err := c.SSH.Stream(ctx, host, command, streamIdle, func(stdout io.Reader, stdin io.WriteCloser) error {
		telling.Go(func() { tell(ctx, stdin, complete) })
		var err error
		reply, err = Receive(stdout, r.Verb, w, nil)
		return err
	})
	cancel()
	telling.Wait() // the connection is closed, so no write waits any more
	reply, err = r.heard(host, reply, result, err)
	if err == nil && strings.Contains(reply.Refused, unknownKey("follow").Error()) {
		return Reply{}, r.asked(host, ErrCannotFollow)
	}
	return reply, err
}

// tell says on the way to kagu-node that we live, and at last that the backup is complete. What cannot
// be sent is not told of here: the other way is broken then too.
func tell(ctx context.Context, stdin io.WriteCloser, complete <-chan struct{}) {
	defer stdin.Close() // without an End before it: cut short
	s := NewSender(stdin)
	tick := time.NewTicker(BeatEvery)
	defer tick.Stop()
	for {
		select {
		case <-complete:
			_ = s.End()
			return
		case <-ctx.Done():
			return
		case <-tick.C:
			if s.Beat() != nil {
				return
			}
		}
	}
}

// heard judges the end of a stream. The trailer counts only if kagu-node's own exit code does
// not contradict it.
func (r Request) heard(host inventory.Host, reply Reply, result sshrun.Result, err error) (Reply, error) {
	if err == nil && reply.Done != (result.Exit == ExitDone) {
		err = fmt.Errorf("kagu-node ended with exit code %d after it had said done: %v", result.Exit, reply.Done)
	}
	if err != nil {
		if errors.Is(err, ErrCut) && result.Stderr != "" {
			err = notKaguNode(result, err)
		}
		return Reply{}, r.asked(host, err)
	}
	return reply, nil
}

// A Part opens one part of what is sent to a host. It is called when its turn has come.
type Part func(context.Context) (io.ReadCloser, error)

// Upload asks the host for a Restore and sends it the parts: a full backup and then its
// incrementals, in order. Nothing is opened before kagu-node has agreed to take it. The reply is
// as with Do, ErrUnsure included: once all was sent, a lost answer may be a success.
func (c Client) Upload(ctx context.Context, host inventory.Host, r Request, parts ...Part) (Reply, error) {
	if r.Verb != Restore {
		return Reply{}, fmt.Errorf("ask %s to %s: it takes no stream", host.Name, r.Verb)
	}
	command, err := r.encode(host)
	if err != nil {
		return Reply{}, err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	u := upload{parts: parts, done: make(chan struct{})}
	var reply Reply
	result, err := c.SSH.Stream(ctx, host, command, streamIdle, func(stdout io.Reader, stdin io.WriteCloser) error {
		var err error
		reply, err = Receive(stdout, r.Verb, io.Discard, func(Reply) error {
			u.begun = true
			go u.send(ctx, stdin)
			return nil
		})
		return err
	})
	cancel()
	if u.begun {
		<-u.done // the connection is closed, so no write waits any more
	}
	reply, err = r.heard(host, reply, result, err)
	switch {
	case u.failed != nil && !reply.Done: // what ails kagu-node then is that we stopped
		return Reply{}, r.asked(host, u.failed)
	case err != nil && u.sent:
		return Reply{}, fmt.Errorf("%w: %w", ErrUnsure, err)
	}
	return reply, err
}

// upload sends the parts, beside the reading of the answer. Its fields are read once done is closed.
type upload struct {
	parts  []Part
	begun  bool
	sent   bool  // all of it
	failed error // because of a part, not of the connection
	done   chan struct{}
}

func (u *upload) send(ctx context.Context, stdin io.WriteCloser) {
	defer close(u.done)
	defer stdin.Close() // without an End before it: cut short
	s := NewSender(stdin)
	for i, part := range u.parts {
		if err := u.sendPart(ctx, s, part); err != nil {
			if s.err == nil && ctx.Err() == nil {
				u.failed = fmt.Errorf("read part %d of %d: %w", i+1, len(u.parts), err)
			}
			return
		}
	}
	u.sent = s.End() == nil
}

func (u *upload) sendPart(ctx context.Context, s *Sender, part Part) error {
	from, err := part(ctx)
	if err != nil {
		return err
	}
	_, err = io.CopyBuffer(writerOnly{s}, readerOnly{from}, make([]byte, MaxFrame/4))
	if err = errors.Join(err, from.Close()); err != nil {
		return err
	}
	return s.Part()
}

// writerOnly and readerOnly hide what io.Copy would use instead of its buffer.
type (
	writerOnly struct{ io.Writer }
	readerOnly struct{ io.Reader }
)
