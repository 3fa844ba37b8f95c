package galera

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/kagu-db/kagu/internal/failpoint"
	"github.com/kagu-db/kagu/internal/inventory"
	"github.com/kagu-db/kagu/internal/scratch"
	"github.com/kagu-db/kagu/internal/sqlconn"
)

// A spare is a scratch server: a MariaDB of ours in a folder of ours. It listens on a socket in that
// folder alone, since a restored server asks nobody for a password: whoever may enter the folder
// may do everything with the data, and does already.
type spare struct {
	programs
	folder  *scratch.Folder
	dir     string // all of it, also its tmpdir: a server empties its tmpdir, whoever else uses it
	version string
	options []string // that its data needs
	server  *process // that we started; nil: none yet

	beforeStart func(config) error // is called when the files are prepared; nil: nothing is
}

// ownUser is an account of ours on a scratch server, made at each start: those in restored data are
// not ours. It has no password; the socket is in a folder that nobody else may enter.
const (
	ownUser = "kagu_scratch"
	// PROXY cannot be granted while a server starts, and who lacks it cannot restore grants of it.
	ownAccount = "CREATE OR REPLACE USER " + ownUser + "@localhost;\n" +
		"GRANT ALL PRIVILEGES ON *.* TO " + ownUser + "@localhost WITH GRANT OPTION;\n" +
		"REPLACE INTO mysql.proxies_priv (Host, User, Proxied_host, Proxied_user, With_grant, Grantor) VALUES ('localhost', '" + ownUser + "', '', '', 1, '');\n" +
		"FLUSH PRIVILEGES;\n"
)

func dataIn(dir string) string { return filepath.Join(dir, "data") }

func socketIn(dir string) string { return filepath.Join(dir, "sql.sock") }

// maxSocket is the longest path of a socket that the kernel takes.
const maxSocket = 107

// memory of a scratch server and of a preparation, bounded: they run beside other work.
const scratchMemory = "256M"

// newSpare takes a folder that is empty, not there or ours already. One that is kept is a human's in
// the end; any other is removed even if we die.
func newSpare(ctx context.Context, dir string, cfg inventory.Scratch, keep bool) (*spare, error) {
	if len(socketIn(dir)) > maxSocket {
		return nil, fmt.Errorf("%s is too long a path for the socket of a server: name a shorter backup.scratch.dir", dir)
	}
	p, err := newPrograms(cfg.MariaDB)
	if err != nil {
		return nil, err
	}
	s := &spare{programs: p, dir: dir}
	if s.version, err = p.version(ctx, "mariadbd"); err != nil {
		return nil, err
	}
	if s.folder, err = scratch.Claim(dir, keep); err != nil {
		return nil, err
	}
	// Tools too: one that outlived a killed kagu would go on writing beside its successor.
	s.mark = s.folder.Mark
	if err := os.MkdirAll(s.tmp(), 0o700); err != nil {
		return nil, fmt.Errorf("make the folder of a scratch server: %w", err)
	}
	for _, d := range []string{dir, s.tmp()} {
		if err := p.own(d); err != nil {
			return nil, fmt.Errorf("make the folder of a scratch server: %w", err)
		}
	}
	return s, nil
}

func (s *spare) tmp() string { return filepath.Join(s.dir, "tmp") }

// give writes a small file for a program that runs as another account.
func (s *spare) give(path string, content string) error {
	if err := writeWhole(path, []byte(content)); err != nil || s.account == nil {
		return err
	}
	return os.Chown(path, int(s.account.uid), int(s.account.gid))
}

// install makes an empty data directory.
func (s *spare) install(ctx context.Context) error {
	return s.run(ctx, s.dir, nil, nil, "mariadb-install-db", "--no-defaults", "--auth-root-authentication-method=normal",
		"--skip-test-db", "--skip-name-resolve", "--datadir="+dataIn(s.dir), "--tmpdir="+s.tmp(), "--innodb-buffer-pool-size=64M")
}

// start starts the server and waits until it answers.
func (s *spare) start(ctx context.Context, options []string) error {
	args := []string{
		"--no-defaults", "--datadir=" + dataIn(s.dir), "--tmpdir=" + s.tmp(), "--socket=" + socketIn(s.dir),
		"--pid-file=" + filepath.Join(s.dir, "pid"), "--log-error=" + s.log(), "--skip-networking", "--skip-slave-start",
		"--event-scheduler=OFF", "--skip-log-bin", "--performance-schema=OFF", "--innodb-buffer-pool-size=" + scratchMemory,
		"--innodb-flush-log-at-trx-commit=0", "--max-allowed-packet=1G", "--key-buffer-size=16M", "--character-set-server=utf8mb4",
	}
	args = append(args, options...)
	init := filepath.Join(s.dir, "account.sql")
	if err := s.give(init, ownAccount); err != nil {
		return err
	}
	args = append(args, "--init-file="+init)
	// It must outlive the context that starts it: a restore to scratch leaves it running.
	cmd, err := s.command(context.WithoutCancel(ctx), s.dir, "mariadbd", args...)
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start a scratch server: %w", err)
	}
	failpoint.Here("restore-starting")
	started := &process{ended: make(chan struct{})}
	s.server = started
	go func() { // it ends with the server, which somebody else may end
		defer close(started.ended)
		if started.how = cmd.Wait(); started.how == nil {
			started.how = errors.New("it was shut down")
		}
	}()
	if err := s.await(ctx, started); err != nil {
		err = fmt.Errorf("start a scratch server in %s: %w; the end of its log:\n%s", s.dir, err, s.said())
		return errors.Join(err, s.folder.Kill(context.WithoutCancel(ctx)))
	}
	return nil
}

// await asks until the server answers. A server that recovers takes as long as it takes.
func (s *spare) await(ctx context.Context, started *process) error {
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		if s.runs(ctx) {
			return nil
		}
		select {
		case <-tick.C:
		case <-started.ended:
			return fmt.Errorf("it ended: %w", started.how)
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// A process is a server that we started.
type process struct {
	ended chan struct{} // is closed when it has
	how   error         // then, never nil
}

// gone says how the server ended; nil if it serves, or was never started. One that no longer answers
// is given a moment to end.
func (s *spare) gone(ctx context.Context) error {
	if s.server == nil || s.runs(ctx) {
		return nil
	}
	select {
	case <-s.server.ended:
		return s.server.how
	case <-time.After(patience):
		return errors.New("it does not answer")
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (s *spare) log() string { return filepath.Join(s.dir, "error.log") }

func (s *spare) said() string { return scratch.LogEnd(s.log()) }

// connect opens a session that may do everything.
func (s *spare) connect(ctx context.Context, settings ...string) (*sqlconn.Session, error) {
	return sqlconn.Connect(ctx, socketIn(s.dir), inventory.Credential{User: ownUser}, nil, settings...)
}

// runs reports whether the server answers, also one that an earlier process of ours started.
func (s *spare) runs(ctx context.Context) bool {
	sql, err := s.connect(ctx)
	if err != nil {
		return false
	}
	return sql.Close() == nil
}

// remove ends the server at once and removes all of it: nobody needs the data again.
func (s *spare) remove() error {
	ctx, cancel := context.WithTimeout(context.Background(), lastWords)
	defer cancel()
	return s.folder.Remove(ctx)
}
