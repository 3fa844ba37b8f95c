package node

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/kagu-db/kagu/internal/inventory"
	"github.com/kagu-db/kagu/internal/sshrun"
)

// A playedHost is a Runner whose host is a function: it reads what comes, answers, and returns its exit
// code.
type playedHost func(stdin io.Reader, stdout io.Writer) int

func (playedHost) Run(context.Context, inventory.Host, string) (sshrun.Result, error) {
	return sshrun.Result{}, errors.New("a stream was expected")
}

func (p playedHost) Stream(ctx context.Context, _ inventory.Host, _ string, _ time.Duration, talk func(io.Reader, io.WriteCloser) error) (sshrun.Result, error) {
	toHost, stdin := io.Pipe()
	stdout, fromHost := io.Pipe()
	defer context.AfterFunc(ctx, func() { stdout.CloseWithError(context.Cause(ctx)); toHost.CloseWithError(context.Cause(ctx)) })()
	exit := make(chan int, 1)
	go func() {
		code := p(toHost, fromHost)
		fromHost.Close()
		toHost.Close()
		exit <- code
	}()
	err := talk(stdout, stdin)
	if err != nil {
		stdout.CloseWithError(err)
	}
	return sshrun.Result{Exit: <-exit}, err
}

// arrived closes seen when the first byte is written.
type arrived struct {
	bytes.Buffer
	seen chan struct{}
}

func (a *arrived) Write(p []byte) (int, error) {
	if a.Len() == 0 {
		close(a.seen)
	}
	return a.Buffer.Write(p)
}

func followed(ctx context.Context, host playedHost, complete <-chan struct{}, w io.Writer) (Reply, error) {
	r := Request{Verb: Collect, Cluster: "voip", Node: "d1", ID: "0123456789", NotAfter: time.Now().Add(time.Minute), By: "backupd", BackupID: 9}
	return Client{SSH: host}.Follow(ctx, inventory.Host{Name: "d1"}, r, complete, w)
}

func opened(out io.Writer) *Sender {
	s := NewSender(out)
	_ = s.Header(Reply{Version: Version, Verb: Collect, Stream: &Stream{Format: FormatTar}})
	return s
}

func TestAClientSaysWhenABackupIsComplete(t *testing.T) {
	w, complete := &arrived{seen: make(chan struct{})}, make(chan struct{})
	go func() {
		<-w.seen // so it is heard before the end is told
		close(complete)
	}()
	reply, err := followed(t.Context(), func(stdin io.Reader, stdout io.Writer) int {
		s := opened(stdout)
		_, _ = s.Write([]byte("grows"))
		if err := NewParts(stdin).Next(); !errors.Is(err, io.EOF) {
			t.Errorf("the end is told as %v", err)
		}
		_, _ = s.Write([]byte(", rest"))
		_ = s.Trailer(Reply{Version: Version, Verb: Collect, Done: true, Stream: &Stream{Bytes: s.Sent()}})
		return ExitDone
	}, complete, w)
	if err != nil || reply.Err() != nil || w.String() != "grows, rest" {
		t.Errorf("%q, %+v, %v", w, reply, err)
	}
}

func TestAFollowThatEndsEarly(t *testing.T) {
	refuse := func(why string) playedHost {
		return func(_ io.Reader, stdout io.Writer) int {
			_, _ = io.WriteString(stdout, why+"\n")
			return ExitBad
		}
	}
	t.Run("a kagu-node that knows nothing of it is older", func(t *testing.T) {
		var w bytes.Buffer
		_, err := followed(t.Context(), refuse(`{"v":1,"verb":"","done":false,"refused":"bad request: request has an unknown key \"follow\""}`), nil, &w)
		if !errors.Is(err, ErrCannotFollow) || w.Len() > 0 {
			t.Errorf("%q, %v", &w, err)
		}
	})
	t.Run("one that refuses for another reason is not", func(t *testing.T) {
		reply, err := followed(t.Context(), refuse(`{"v":1,"verb":"collect","done":false,"refused":"d1 is no data node"}`), nil, io.Discard)
		if err != nil || reply.Refused != "d1 is no data node" {
			t.Errorf("%+v, %v", reply, err)
		}
	})
	t.Run("a client that gives up does not say that it is complete", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		said := make(chan error, 1)
		_, err := followed(ctx, func(stdin io.Reader, stdout io.Writer) int {
			_, _ = opened(stdout).Write([]byte("grows"))
			cancel()
			said <- NewParts(stdin).Next()
			return ExitRefused
		}, nil, io.Discard)
		if told := <-said; err == nil || !errors.Is(told, ErrCut) {
			t.Errorf("kagu-node heard %v, the client %v", told, err)
		}
	})
	t.Run("no other verb follows", func(t *testing.T) {
		_, err := Client{}.Follow(t.Context(), inventory.Host{Name: "d1"}, Request{Verb: Backup}, nil, io.Discard)
		if err == nil || !strings.Contains(err.Error(), "it follows nothing") {
			t.Error(err)
		}
	})
}
