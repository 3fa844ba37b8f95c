package galera

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/kagu-db/kagu/backupd"
	"github.com/kagu-db/kagu/internal/failpoint"
)

// stages are told to humans and timed.
const (
	stageFetch   = "fetch"
	stagePrepare = "prepare"
	stageStart   = "start"
	stageCheck   = "check"
)

// errEmpty says that not even a server without data runs here, which is no fault of a backup.
var errEmpty = errors.New("an empty server cannot be started on this machine")

// unpack makes a data directory out of a physical chain. What an earlier try left is removed.
func (s *spare) unpack(ctx context.Context, links []backupd.Link, timed func(stage, detail string, do func() error) error) error {
	more := filepath.Join(s.dir, "incremental")
	for _, dir := range []string{dataIn(s.dir), more} {
		if err := os.RemoveAll(dir); err != nil {
			return err
		}
	}
	for i, l := range links {
		if err := fits(s.version, l.Manifest); err != nil {
			return err
		}
		dir, args := dataIn(s.dir), []string{"--no-defaults", "--prepare", "--target-dir=" + dataIn(s.dir), "--tmpdir=" + s.tmp(), "--use-memory=" + scratchMemory}
		if i > 0 {
			dir = more
			args = append(args, "--incremental-dir="+more)
		}
		err := timed(stageFetch, l.Manifest.ID, func() error { return s.extract(ctx, l, dir) })
		if err != nil {
			return err
		}
		failpoint.Here("restore-fetched")
		err = timed(stagePrepare, l.Manifest.ID, func() error {
			return s.run(ctx, s.dir, nil, nil, "mariadb-backup", args...)
		})
		if err != nil {
			return fmt.Errorf("prepare %s: %w", l.Manifest.ID, err)
		}
		failpoint.Here("restore-prepared")
		if err := os.RemoveAll(more); err != nil {
			return err
		}
	}
	return nil
}

// extract unpacks the files of one backup into a folder.
func (s *spare) extract(ctx context.Context, l backupd.Link, dir string) error {
	if err := os.Mkdir(dir, 0o700); err != nil {
		return err
	}
	if err := s.own(dir); err != nil {
		return err
	}
	in, err := l.Source.Open(ctx, streamData)
	if err != nil {
		return err
	}
	err = s.run(ctx, dir, in, nil, "mbstream", "-x", "-C", dir)
	if err := errors.Join(err, in.Close()); err != nil {
		return fmt.Errorf("unpack %s: %w", l.Manifest.ID, err)
	}
	return nil
}

// restore brings a chain to life: the server runs with its content.
func (s *spare) restore(ctx context.Context, links []backupd.Link, timed func(stage, detail string, do func() error) error) error {
	last := links[len(links)-1]
	var options []string
	if last.Manifest.Method == backupd.Logical {
		if err := os.RemoveAll(dataIn(s.dir)); err != nil {
			return err
		}
		if err := timed(stageStart, "an empty server", func() error {
			if err := s.install(ctx); err != nil {
				return fmt.Errorf("%w: %w", errEmpty, err)
			}
			if err := s.start(ctx, nil); err != nil {
				return fmt.Errorf("%w: %w", errEmpty, err)
			}
			return nil
		}); err != nil {
			return err
		}
		return timed(stageFetch, last.Manifest.ID, func() error { return s.load(ctx, last) })
	}
	if err := s.unpack(ctx, links, timed); err != nil {
		return err
	}
	c, err := loadConfig(ctx, last)
	if err != nil {
		return err
	}
	if options, err = c.options(); err != nil {
		return err
	}
	s.options = options
	if s.beforeStart != nil {
		if err := s.beforeStart(c); err != nil {
			return err
		}
	}
	return timed(stageStart, last.Manifest.ID, func() error { return s.start(ctx, options) })
}
