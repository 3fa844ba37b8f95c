package lab

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/kagu-db/kagu/internal/cluster"
)

// startTimeout bounds the start of everything.
const startTimeout = 4 * time.Minute

// Up starts a lab. It first clears away what killed owners left: ephemeral labs of this
// account, and a lab in the same folder that was never finished. If a step fails, what was
// started is stopped again.
func Up(ctx context.Context, o Options) (*Lab, error) {
	o, err := o.checked()
	if err != nil {
		return nil, err
	}
	if err := missing(o); err != nil {
		return nil, err
	}
	if err := Sweep(ctx); err != nil {
		return nil, fmt.Errorf("clear away labs whose owner is gone: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	l, unlock, err := create(ctx, o)
	if err != nil {
		return nil, err
	}
	defer unlock()
	if err := l.start(ctx, o); err != nil {
		return nil, errors.Join(err, l.down(context.WithoutCancel(ctx)))
	}
	return l, nil
}

// create makes the folder and writes down what will be started, before anything is.
func create(ctx context.Context, o Options) (*Lab, func(), error) {
	me, err := user.Current()
	if err != nil {
		return nil, nil, err
	}
	owner, err := Running("owner", os.Getpid())
	if err != nil {
		return nil, nil, err
	}
	boot, err := bootID()
	if err != nil {
		return nil, nil, err
	}
	dir := o.Dir
	if dir == "" {
		o.Ephemeral = true
		if dir, err = newFolder(); err != nil {
			return nil, nil, err
		}
	}
	if dir, err = filepath.Abs(dir); err != nil {
		return nil, nil, err
	}
	if err := private(dir); err != nil {
		return nil, nil, err
	}
	unlock, err := lock(dir)
	if err != nil {
		return nil, nil, err
	}
	l, err := func() (*Lab, error) {
		if err := clearFolder(ctx, dir); err != nil {
			return nil, err
		}
		l := &Lab{
			ID: strings.ToLower(rand.Text()), Dir: dir, Bin: o.Bin, Begun: time.Now().UTC(), Boot: boot, Owner: owner, Ephemeral: o.Ephemeral,
			Kind: o.Kind, Mode: o.Mode, Profile: o.Profile, Rules: o.Rules, Account: me.Username,
			Parameters: o.Parameters, BinLog: o.BinLog, Pool: o.Pool,
		}
		if o.Kind == cluster.KindNDB {
			l.Home = filepath.Clean(os.Getenv(NDBHome))
		}
		if err := l.place(o); err != nil {
			return nil, err
		}
		return l, l.save()
	}()
	if err != nil {
		unlock()
		return nil, nil, err
	}
	return l, unlock, nil
}

// clearFolder makes sure that the folder holds no lab, and nothing else either.
func clearFolder(ctx context.Context, dir string) error {
	old, err := Open(dir)
	switch {
	case err == nil && old.Ready && old.running():
		return fmt.Errorf("a lab runs in %s; stop it first: kagu lab down --dir=%s", dir, dir)
	case err == nil:
		return old.empty(ctx)
	case !errors.Is(err, ErrNoLab):
		return err
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if e.Name() != lockFile {
			return fmt.Errorf("%s holds %s and is not a lab's; name an empty folder", dir, e.Name())
		}
	}
	return nil
}

// running tells whether any process of the lab is alive.
func (l *Lab) running() bool {
	all, err := processes()
	return err != nil || len(all.of(l)) > 0
}

// start starts everything in turn.
func (l *Lab) start(ctx context.Context, o Options) error {
	begun := time.Now()
	progress := func(step string) { o.Progress(fmt.Sprintf("%5.1f s  %s", time.Since(begun).Seconds(), step)) }
	if err := l.kind().start(ctx, l, progress); err != nil {
		return err
	}
	if err := l.writeFleet(o); err != nil {
		return err
	}
	for _, s := range o.Services {
		if err := l.startService(ctx, s); err != nil {
			return err
		}
		progress(string(s) + " answers")
	}
	l.Ready = true
	return l.save()
}

// lockFile keeps two programs from starting or stopping a lab in one folder.
const lockFile = "lock"

// lock takes the folder's lock, or says that another has it. The kernel lets go of it when its
// holder dies.
func lock(dir string) (func(), error) {
	f, err := os.OpenFile(filepath.Join(dir, lockFile), os.O_CREATE|os.O_RDWR|syscall.O_CLOEXEC, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		f.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			err = errors.New("another program is starting or stopping this lab now")
		}
		return nil, fmt.Errorf("lock %s: %w", dir, err)
	}
	return func() { f.Close() }, nil
}

// private makes the folder if it is not there, and refuses one that others could reach into.
func private(dir string) error {
	// A Unix socket's path may have 107 bytes; the longest of ours is HAProxy's while it starts.
	if len(dir)+len("/haproxy.sock.12345.tmp") > 107 {
		return fmt.Errorf("%s is too long a path for Unix sockets; name a shorter one with --dir", dir)
	}
	err := os.Mkdir(dir, 0o700)
	if err != nil && !errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("make the lab's folder: %w", err)
	}
	info, err := os.Lstat(dir)
	if err != nil {
		return err
	}
	owner, ok := info.Sys().(*syscall.Stat_t)
	switch {
	case !info.IsDir():
		return fmt.Errorf("%s is not a folder", dir)
	case !ok || int(owner.Uid) != os.Geteuid():
		return fmt.Errorf("%s belongs to another account; name a folder with --dir", dir)
	case info.Mode().Perm()&0o066 != 0:
		return fmt.Errorf("%s is open to others; chmod 700 it, or name another folder with --dir", dir)
	}
	return nil
}
