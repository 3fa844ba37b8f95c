package host

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/kagu-db/kagu/internal/inventory"
	"github.com/kagu-db/kagu/internal/node"
	"github.com/kagu-db/kagu/internal/sqlconn"
)

// noteFile says that a backup is going on: what it must undo, for whoever has to do it.
const noteFile = "backup.json"

type note struct {
	ID       string    `json:"id"`
	By       string    `json:"by"`
	Since    time.Time `json:"since"`
	Desynced bool      `json:"desynced"` // by us: what a human desynced stays so
	Dir      string    `json:"dir"`      // the tool's own folder
}

// loadNote returns the note; nil if there is none.
func (d stateDir) loadNote() (*note, error) {
	var n note
	switch err := d.load(noteFile, &n); {
	case errors.Is(err, os.ErrNotExist):
		return nil, nil
	case err != nil:
		return nil, err
	}
	return &n, nil
}

// watched is a member while it is backed up.
type watched struct {
	db *sqlconn.DB
	d  stateDir
}

// dirPrefix is how the tool's folders begin; nothing else is ever removed.
const dirPrefix = "kagu-backup-"

// makeDir makes the tool's folder, in memory where that is possible.
func makeDir() (string, error) {
	for _, parent := range []string{"/run", os.TempDir()} {
		if dir, err := os.MkdirTemp(parent, dirPrefix); err == nil {
			return dir, nil
		} else if parent == os.TempDir() {
			return "", err
		}
	}
	return "", nil
}

func (n note) removeDir() error {
	if !strings.HasPrefix(filepath.Base(n.Dir), dirPrefix) {
		return nil
	}
	return os.RemoveAll(n.Dir)
}

// during desyncs the member if that is wanted, does the work, and undoes everything: whatever
// becomes of the work, and, by a process of its own, whatever becomes of us.
func (w watched) during(ctx context.Context, s *Server, fl *flow, cred inventory.Credential, m member, locks backupLocks, work func(ctx context.Context, dir string) error) (err error) {
	dir, err := makeDir()
	if err != nil {
		return fmt.Errorf("make the tool's folder: %w", err)
	}
	mine := note{ID: fl.r.ID, By: fl.r.By, Since: s.now().UTC(), Desynced: fl.r.Desync && !m.desync, Dir: dir}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	if err := w.d.save(noteFile, mine); err != nil {
		return errors.Join(err, mine.removeDir())
	}
	dog, err := s.startWatchdog(watchOrder{
		Address: fl.n.SQL, User: cred.User, Password: cred.Password.Reveal(), TLS: fl.cluster.TLS, State: w.d.path,
	}, locks, func() { cancel(errWatchdogGone) })
	if err != nil {
		return errors.Join(err, w.undo(ctx, mine))
	}
	defer func() {
		undone := w.undo(ctx, mine)
		if undone != nil {
			undone = fmt.Errorf("what the backup did to the member is not undone yet, a process on the host goes on trying: %w", undone)
		}
		dog.dismiss(undone == nil)
		if err == nil && undone != nil { // the backup itself is good
			fl.notes = append(fl.notes, clean(undone.Error(), 300))
			return
		}
		if undone != nil {
			err = fmt.Errorf("%w; and %w", err, undone)
		}
	}()
	if mine.Desynced {
		if err := w.set(ctx, true); err != nil {
			return fmt.Errorf("desync the member: %w", err)
		}
	}
	return work(ctx, dir)
}

// set switches wsrep_desync.
func (w watched) set(ctx context.Context, on bool) error {
	ctx, cancel := context.WithTimeout(ctx, askLimit)
	defer cancel()
	statement := "SET GLOBAL wsrep_desync=OFF"
	if on {
		statement = "SET GLOBAL wsrep_desync=ON"
	}
	_, err := w.db.Table(ctx, statement)
	return err
}

// undo ends what the note says, and then removes the note. It goes on although the work was
// cancelled, for a while: longer is the watchdog's.
func (w watched) undo(ctx context.Context, n note) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), endLimit)
	defer cancel()
	if err := w.resync(ctx, n); err != nil {
		return err
	}
	return errors.Join(n.removeDir(), w.d.remove(noteFile))
}

// resync ends our desync. A server that was started after it has none of ours.
func (w watched) resync(ctx context.Context, n note) error {
	if !n.Desynced {
		return nil
	}
	for {
		err := w.tryResync(ctx, n)
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("end the desync: %w", err)
		case <-time.After(500 * time.Millisecond):
		}
	}
}

func (w watched) tryResync(ctx context.Context, n note) error {
	m, err := askMember(ctx, w.db, time.Now())
	if err != nil {
		return err
	}
	const tick = 2 * time.Second // the server tells its uptime in whole seconds
	if !m.desync || m.started.After(n.Since.Add(tick)) {
		return nil
	}
	return w.set(ctx, false)
}

// clearLeftover undoes what a backup left behind whose processes are all dead: the caller has
// their lock.
func (w watched) clearLeftover(ctx context.Context) error {
	left, err := w.d.loadNote()
	if err != nil || left == nil {
		return err
	}
	if err := w.undo(ctx, *left); err != nil {
		return fmt.Errorf("what the backup %s of %s left behind cannot be undone: %w", left.ID, left.Since.Format(time.RFC3339), err)
	}
	return nil
}

// tellDesynced puts a desync of ours that has not ended into the state.
func (d stateDir) tellDesynced(f *facts) {
	n, err := d.loadNote()
	switch {
	case err != nil:
		f.state.Notes = append(f.state.Notes, clean("backup: "+err.Error(), 300))
	case n != nil && n.Desynced:
		alive := true
		if lock, err := lockFile(filepath.Join(d.path, backupLock)); err == nil {
			lock.Close()
			alive = false
		}
		f.state.Desynced = &node.Desync{ID: n.ID, By: n.By, Since: n.Since, Alive: alive}
	}
}

// resyncVerb ends a desync that a dead backup of ours left behind, at once and by hand.
func (s *Server) resyncVerb(ctx context.Context, fl *flow) error {
	locks, err := s.lockBackup(fl.d)
	if err != nil {
		return err
	}
	defer locks.release()
	left, err := fl.d.loadNote()
	if err != nil || left == nil {
		return err
	}
	cred, err := s.backupCredential(fl)
	if err != nil {
		return err
	}
	db := sqlconn.Open(fl.n.SQL, cred, fl.cluster.TLS)
	defer db.Close()
	return watched{db: db, d: fl.d}.clearLeftover(ctx)
}
