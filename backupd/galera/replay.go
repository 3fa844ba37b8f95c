package galera

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/kagu-db/kagu/backupd"
	"github.com/kagu-db/kagu/internal/binlog"
)

// replayed is a stretch of binary logs: from a place in the first to a place in the last.
type replayed struct {
	files    []string
	from, to uint64
}

// collect puts archived pieces together to the files that they are of.
func collect(ctx context.Context, dir string, logs []backupd.Link) (files []string, err error) {
	if err := os.RemoveAll(dir); err != nil {
		return nil, err
	}
	if err := os.Mkdir(dir, 0o700); err != nil {
		return nil, err
	}
	for _, l := range logs {
		m := l.Manifest
		if _, err := binlog.Name(m.Position.File); err != nil {
			return nil, fmt.Errorf("read of which file %s is: %w", m.ID, err)
		}
		path := filepath.Join(dir, m.Position.File)
		if startOf(m) == 0 {
			files = append(files, path)
		}
		if err := appendPiece(ctx, path, l); err != nil {
			return nil, fmt.Errorf("fetch %s: %w", m.ID, err)
		}
	}
	return files, nil
}

func appendPiece(ctx context.Context, path string, l backupd.Link) error {
	m := l.Manifest
	f, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if uint64(info.Size()) != startOf(m) {
		return fmt.Errorf("it begins at %d and what is there ends at %d: %w", startOf(m), info.Size(), backupd.ErrBroken)
	}
	in, err := l.Source.Open(ctx, streamLog)
	if err != nil {
		return err
	}
	n, err := io.Copy(f, in)
	if err := errors.Join(err, in.Close(), f.Close()); err != nil {
		return err
	}
	if startOf(m)+uint64(n) != m.Position.Offset {
		return fmt.Errorf("it has %d bytes, and says that it ends at %d: %w", n, m.Position.Offset, backupd.ErrDamaged)
	}
	return nil
}

// stretch finds what is to be replayed on a state.
func stretch(files []string, base backupd.Manifest, node string, to until) (replayed, error) {
	begin := place{}
	if nodeOf(base) == node && base.Position.File != "" {
		if len(files) == 0 || filepath.Base(files[0]) != base.Position.File {
			return replayed{}, fmt.Errorf("the logs do not begin with %s: %w", base.Position.File, backupd.ErrBroken)
		}
		if err := confirm(files[0], base); err != nil {
			return replayed{}, err
		}
		begin.offset = base.Position.Offset
	} else {
		var err error
		if begin, err = findSeqno(files, base.Position.Seqno); err != nil {
			return replayed{}, err
		}
	}
	end, err := findEnd(files, begin.log, to)
	if err != nil {
		return replayed{}, err
	}
	if end.log < begin.log || end.log == begin.log && end.offset < begin.offset {
		return replayed{}, fmt.Errorf("%w: it ends in %s at %d, and the backup is of %s at %d", backupd.ErrTooLate,
			filepath.Base(files[end.log]), end.offset, filepath.Base(files[begin.log]), begin.offset)
	}
	return replayed{files: files[begin.log : end.log+1], from: begin.offset, to: end.offset}, nil
}

func findSeqno(files []string, seqno int64) (place, error) {
	s := &seqnoSearch{seqno: seqno}
	for i, path := range files {
		f, err := os.Open(path)
		if err != nil {
			return place{}, err
		}
		at, found, err := s.read(i, f)
		f.Close()
		if err != nil {
			return place{}, fmt.Errorf("read %s: %w", filepath.Base(path), err)
		}
		if found {
			return at, nil
		}
	}
	if at, certain := s.last(); certain {
		return at, nil
	}
	return place{}, fmt.Errorf("the archived binary logs end before the state of the backup, which is at %d: wait until they have come so far", seqno)
}

func findEnd(files []string, from int, to until) (place, error) {
	end := place{}
	for i := from; i < len(files); i++ {
		f, err := os.Open(files[i])
		if err != nil {
			return end, err
		}
		at, found, err := to.find(f)
		f.Close()
		if err != nil {
			return end, fmt.Errorf("read %s: %w", filepath.Base(files[i]), err)
		}
		end = place{i, at}
		if found {
			return end, nil
		}
	}
	if to.with != "" {
		return end, fmt.Errorf("no archived binary log has the transaction %s", to.with)
	}
	return end, nil
}

// replay carries out what the logs hold, by mariadb-binlog and the client mariadb.
func (s *spare) replay(ctx context.Context, r replayed) error {
	if len(r.files) == 0 || len(r.files) == 1 && r.from >= r.to {
		return nil
	}
	from := r.from
	if info, err := os.Stat(r.files[0]); err != nil {
		return err
	} else if uint64(info.Size()) <= from { // nothing in the first one; mariadb-binlog would complain
		r.files, from = r.files[1:], 0
	}
	args := []string{"--no-defaults", fmt.Sprintf("--stop-position=%d", r.to)}
	if from > 0 {
		args = append(args, fmt.Sprintf("--start-position=%d", from))
	}
	args = append(args, r.files...)
	for _, f := range append([]string{filepath.Dir(r.files[0])}, r.files...) {
		if err := s.own(f); err != nil {
			return err
		}
	}
	in, out, err := os.Pipe()
	if err != nil {
		return err
	}
	read := make(chan error, 1)
	go func() {
		err := s.run(ctx, s.dir, nil, out, "mariadb-binlog", args...)
		read <- errors.Join(err, out.Close())
	}()
	err = s.client(ctx, in)
	_ = in.Close() // a client that failed leaves mariadb-binlog with nobody to write to
	if first := <-read; err == nil {
		err = first
	}
	if err != nil {
		return fmt.Errorf("replay binary logs: %w", err)
	}
	return nil
}
