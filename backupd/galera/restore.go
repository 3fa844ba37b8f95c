package galera

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/kagu-db/kagu/backupd"
	"github.com/kagu-db/kagu/internal/failpoint"
	"github.com/kagu-db/kagu/internal/scratch"
)

// serverIn is where the scratch server of a restore is, beside what the engine notes of it.
func serverIn(dir string) string { return filepath.Join(dir, "server") }

// replayingFile is there from the moment a replay begins. What was replayed cannot be replayed again,
// and a replay that was cut short cannot be gone on with: both begin anew, from the backup.
const replayingFile = "replaying"

// Do carries out a step.
func (k Kind) Do(ctx context.Context, r backupd.Restore, s backupd.Step) error {
	to := tell(r.Tell)
	switch s.Name {
	case stepPrepare:
		sp, err := newSpare(ctx, serverIn(r.Dir), r.Scratch, true)
		if err != nil {
			return err
		}
		return sp.prepare(ctx, r, to)
	case stepReplay:
		return replayStep(ctx, r, to)
	case stepKeep:
		sp, err := running(ctx, r)
		if err == nil && !sp.runs(ctx) {
			err = errors.New("the scratch server does not answer")
		}
		return err
	case stepCopy:
		sp, err := running(ctx, r)
		if err != nil {
			return err
		}
		return sp.copyTo(ctx, r.Cluster, s, to)
	case stepCarry:
		sp, err := running(ctx, r)
		if err != nil {
			return err
		}
		return sp.carryOver(ctx, r.Cluster, s, to)
	case stepDrop:
		f, err := scratch.Claim(serverIn(r.Dir), false)
		if err != nil {
			return err
		}
		return f.Remove(ctx)
	case stepUpload:
		return k.upload(ctx, r, s)
	case stepStart:
		return k.startNode(ctx, r, s)
	case stepJoin:
		return k.awaitJoin(ctx, r, s, to)
	case backupd.ByHand:
		for line := range strings.Lines(s.Data[backupd.Commands]) {
			to(backupd.ByHand, strings.TrimSuffix(line, "\n"))
		}
		return nil
	}
	return fmt.Errorf("a Galera cluster has no step %.40q", s.Name)
}

// prepare brings the chain to life anew, whatever was in the folder.
func (s *spare) prepare(ctx context.Context, r backupd.Restore, to func(stage, detail string)) error {
	if err := s.folder.Kill(ctx); err != nil {
		return err
	}
	if err := os.RemoveAll(filepath.Join(s.dir, replayingFile)); err != nil {
		return err
	}
	err := s.restore(ctx, r.Links, func(stage, detail string, do func() error) error {
		to(stage, detail)
		return do()
	})
	if err == nil {
		err = errors.Join(s.flush(ctx), s.remember())
	}
	return err
}

// flush brings to disk what the server has carried out. It runs without that, for speed, and if it
// was killed after a step that is noted as done it would come back without the last second of it.
func (s *spare) flush(ctx context.Context) error {
	sql, err := s.connect(ctx)
	if err != nil {
		return err
	}
	defer sql.Close()
	for _, statement := range []string{ // FLUSH does nothing of it while it is 0
		"SET GLOBAL innodb_flush_log_at_trx_commit=1", "FLUSH LOCAL ENGINE LOGS", "SET GLOBAL innodb_flush_log_at_trx_commit=0",
	} {
		if err := sql.Exec(ctx, statement); err != nil {
			return fmt.Errorf("bring the scratch server's data to disk: %w", err)
		}
	}
	return nil
}

// running returns the scratch server of a restore. If it has ended meanwhile it is started.
func running(ctx context.Context, r backupd.Restore) (*spare, error) {
	s, err := newSpare(ctx, serverIn(r.Dir), r.Scratch, true)
	if err != nil || s.runs(ctx) {
		return s, err
	}
	if err := s.recall(); err != nil {
		return nil, err
	}
	if err := s.folder.Kill(ctx); err != nil { // one that hangs
		return nil, err
	}
	return s, s.start(ctx, s.options)
}

func replayStep(ctx context.Context, r backupd.Restore, to func(stage, detail string)) error {
	logs, err := logsOf(r)
	if err != nil {
		return err
	}
	s, err := running(ctx, r)
	if err != nil {
		return err
	}
	note := filepath.Join(s.dir, replayingFile)
	if _, err := os.Stat(note); err == nil {
		to("prepare", "an earlier try has replayed already: from the backup again")
		if err := s.prepare(ctx, r, to); err != nil {
			return err
		}
	}
	to("fetch", fmt.Sprintf("%d pieces of binary logs", len(logs)))
	dir := filepath.Join(s.dir, "logs")
	files, err := collect(ctx, dir, logs)
	if err != nil {
		return err
	}
	part, err := stretch(files, r.Links[len(r.Links)-1].Manifest, nodeOf(logs[0].Manifest), until{before: r.Point.Time, with: r.Point.GTID})
	if err != nil {
		return err
	}
	failpoint.Here("restore-collected")
	if err := writeWhole(note, []byte(time.Now().UTC().Format(time.RFC3339)+"\n")); err != nil {
		return err
	}
	failpoint.Here("restore-replaying")
	to("replay", pointText(r))
	if err := s.replay(ctx, part); err != nil {
		return err
	}
	if err := s.flush(ctx); err != nil {
		return err
	}
	return os.RemoveAll(dir)
}
