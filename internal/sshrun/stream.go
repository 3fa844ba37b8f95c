package sshrun

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync/atomic"
	"time"

	"golang.org/x/crypto/ssh"

	"github.com/kagu-db/kagu/internal/inventory"
)

// connectTimeout bounds a stream's way to its first byte: connection, login, session.
const connectTimeout = 10 * time.Second

// errIdle says that the host sent nothing for too long.
var errIdle = errors.New("the host sent nothing")

// Stream runs the command and lets talk read what it writes and write what it reads, for as
// long as they like. There is no cap on bytes; but while talk reads and the host sends nothing
// for the time given, the connection is broken off. Who reads slowly slows the command down,
// through SSH's window. The connection ends with the context, and with talk if that fails;
// otherwise the command's end is awaited, and is in the Result as with Run.
func (r Runner) Stream(ctx context.Context, host inventory.Host, command string, idle time.Duration, talk func(stdout io.Reader, stdin io.WriteCloser) error) (Result, error) {
	c := call{host: host, account: r.Account}
	connecting, cancel := context.WithTimeout(ctx, connectTimeout)
	defer cancel()
	client, conn, err := c.dial(connecting, 0)
	if err != nil {
		return Result{}, c.explain(connecting, err)
	}
	defer client.Close()
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	made := context.AfterFunc(connecting, func() { conn.Close() })
	session, stdin, stdout, err := c.session(client)
	if err != nil {
		return Result{}, c.explain(connecting, conn.orCap(err))
	}
	stderr := &cappedBuffer{max: MaxStderr}
	session.Stderr = stderr
	c.stage, c.sent = "run the command", true
	if err := session.Start(command); err != nil {
		return Result{}, c.explain(connecting, err)
	}
	made() // the way is made
	watched := &watchedReader{ended: ctx.Err, from: stdout, idle: idle, giveUp: func() { conn.Close() }}
	if err := talk(watched, stdin); err != nil {
		conn.Close()
		_ = session.Wait() // it returns at once now, and then nobody writes to stderr
		result := Result{Stderr: stderr.kept.String()}
		switch {
		case watched.gaveUp.Load():
			cause := fmt.Errorf("%w for %v", errIdle, idle)
			return result, &Error{Host: c.host.Name, Stage: c.stage, Sent: true, Err: kinded{ErrTimeout, cause}, Remedy: "is the host up and its sshd alive? try: ssh -v " + c.target()}
		case ctx.Err() != nil:
			return result, &Error{Host: c.host.Name, Stage: c.stage, Sent: true, Err: ctx.Err()}
		}
		return result, err
	}
	return c.end(ctx, session, stderr, conn, idle)
}

// end awaits the command's end.
func (c *call) end(ctx context.Context, session *ssh.Session, stderr *cappedBuffer, conn *cappedConn, idle time.Duration) (Result, error) {
	ctx, cancel := context.WithTimeout(ctx, idle)
	defer cancel()
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	err := session.Wait()
	result := Result{Stderr: stderr.kept.String()}
	if exit, ok := errors.AsType[*ssh.ExitError](err); ok && exit.Signal() == "" {
		result.Exit = exit.ExitStatus()
		return result, nil
	}
	if err != nil {
		return result, c.explain(ctx, err)
	}
	return result, nil
}

func (c *call) session(client *ssh.Client) (*ssh.Session, io.WriteCloser, io.Reader, error) {
	c.stage = "open a session"
	session, err := client.NewSession()
	if err != nil {
		return nil, nil, nil, err
	}
	stdin, err := session.StdinPipe()
	if err != nil {
		return nil, nil, nil, err
	}
	stdout, err := session.StdoutPipe()
	return session, stdin, stdout, err
}

// watchedReader gives up when one read waits too long. The time in which nobody reads does not
// count: it is ours. A connection that we closed looks like an end of the output, and is told
// from one here.
type watchedReader struct {
	ended  func() error
	from   io.Reader
	idle   time.Duration
	giveUp func()
	gaveUp atomic.Bool
}

func (r *watchedReader) Read(p []byte) (int, error) {
	timer := time.AfterFunc(r.idle, func() {
		r.gaveUp.Store(true)
		r.giveUp()
	})
	n, err := r.from.Read(p)
	timer.Stop()
	switch {
	case err == nil:
	case r.gaveUp.Load():
		err = errIdle
	case r.ended() != nil:
		err = r.ended()
	}
	return n, err
}
