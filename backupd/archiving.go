package backupd

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/kagu-db/kagu/internal/inventory"
)

// archiveAgain is how long an archive rests after it failed.
const archiveAgain = 15 * time.Second

// Reload takes a changed fleet into use for what never ends: archives of jobs that are gone end, and
// new ones begin.
func (e *Engine) Reload() {
	select {
	case e.changed() <- struct{}{}:
	default: // it is going to look anyway
	}
}

func (e *Engine) changed() chan struct{} {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.reload == nil {
		e.reload = make(chan struct{}, 1)
	}
	return e.reload
}

// archive runs the jobs of the method binlog, each in a goroutine of its own, until the context ends.
func (e *Engine) archive(ctx context.Context) {
	for ctx.Err() == nil {
		some, stop := context.WithCancelCause(ctx)
		done := make(chan struct{})
		go func() {
			defer close(done)
			e.archiveAll(some)
		}()
		select {
		case <-ctx.Done():
		case <-e.changed():
		}
		stop(errors.New("kagu.yaml was read again"))
		<-done
	}
}

func (e *Engine) archiveAll(ctx context.Context) {
	ended := make(chan struct{})
	running := 0
	for _, c := range e.Fleet().Clusters {
		if c.Backup == nil {
			continue
		}
		for _, j := range c.Backup.Jobs {
			if Method(j.Method) != Binlog {
				continue
			}
			running++
			go func() {
				defer func() { ended <- struct{}{} }()
				e.archiveOne(ctx, c, j)
			}()
		}
	}
	for range running {
		<-ended
	}
}

// archiveOne keeps one archive going: what ends it is told and tried again.
func (e *Engine) archiveOne(ctx context.Context, c inventory.Cluster, j inventory.BackupJob) {
	for ctx.Err() == nil {
		err := e.archiveOnce(ctx, c, j)
		if ctx.Err() != nil {
			return
		}
		if e.ArchiveFailed != nil {
			e.ArchiveFailed(c.Name)
		}
		e.Log.WarnContext(ctx, "the archive of binary logs stopped and begins again soon", "cluster", c.Name, "job", j.Name, "err", err)
		select {
		case <-ctx.Done():
		case <-time.After(archiveAgain):
		}
	}
}

func (e *Engine) archiveOnce(ctx context.Context, c inventory.Cluster, j inventory.BackupJob) error {
	kind, ok := e.Kinds[c.Kind].(Archiver)
	if !ok {
		return fmt.Errorf("binary logs of kind %s are not archived by this program", c.Kind)
	}
	last, err := e.Catalogue.NewestPiece(ctx, c.Name)
	if err != nil {
		return err
	}
	dir := filepath.Join(e.Dir, "archive-"+c.Name)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("make the folder of the archive: %w", err)
	}
	a := Archive{
		Cluster: c, Job: j, Dir: dir, Last: last, Every: j.Interval,
		Tell: func(stage, detail string) {
			e.Log.InfoContext(ctx, "archive", "cluster", c.Name, "job", j.Name, "stage", stage, "detail", detail)
		},
		Keep: func(ctx context.Context, write func(context.Context, Sink) (Facts, error)) (Manifest, error) {
			return e.piece(ctx, c, j, write)
		},
		Idle: e.idle(c, e.Log),
	}
	return kind.Archive(ctx, a)
}

// piece stores one piece of a binary log as a small backup.
func (e *Engine) piece(ctx context.Context, c inventory.Cluster, j inventory.BackupJob, write func(context.Context, Sink) (Facts, error)) (Manifest, error) {
	v, err := e.signingVault(c.Backup.Store)
	if err != nil {
		return Manifest{}, err
	}
	m := e.manifest(c, j, Binlog)
	sealer, err := NewSealer(ctx, v.Store, c.Name, m.ID, SealOptions{Recipients: v.Keys.Recipients, Workers: 1})
	if err != nil {
		return Manifest{}, err
	}
	m.Facts, err = write(ctx, sealer)
	if err != nil {
		sealer.Fail(err)
	}
	if m.Streams, err = sealer.Finish(); err != nil {
		e.sweep(context.WithoutCancel(ctx), c, m.ID)
		return Manifest{}, err
	}
	m.Ended = e.now().UTC()
	if err := v.Save(ctx, m); err != nil {
		return Manifest{}, err
	}
	if err := e.Catalogue.Add(ctx, m, c.Backup.Store.Name); err != nil {
		return Manifest{}, err
	}
	if e.Kept != nil {
		e.Kept(m)
	}
	return m, nil
}
