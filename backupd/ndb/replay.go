package ndb

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"

	"github.com/kagu-db/kagu/backupd"
	"github.com/kagu-db/kagu/internal/scratch"
)

// piecesOf returns the archived pieces that follow a backup, in order: those of the file that the
// backup names, from its begin on, and all that begin where the one before ended. The last piece of a
// file ends where the next file begins.
func piecesOf(m backupd.Manifest, logs []backupd.Link) []backupd.Link {
	var pieces []backupd.Link
	for _, l := range logs {
		from := l.Manifest.From
		if l.Manifest.Method != backupd.Binlog || from == nil {
			continue
		}
		if len(pieces) == 0 {
			if from.File == m.Position.File && from.Offset == 0 {
				pieces = append(pieces, l)
			}
			continue
		}
		last := pieces[len(pieces)-1].Manifest
		if slices.Equal(l.Manifest.Origin.Nodes, last.Origin.Nodes) && from.File == last.Position.File && from.Offset == last.Position.Offset {
			pieces = append(pieces, l)
		}
	}
	return pieces
}

// reachedBy says why the archive does not lead from the backup to the point.
func reachedBy(m backupd.Manifest, logs []backupd.Link, to backupd.Point) error {
	if m.Position.File == "" {
		return fmt.Errorf("backup %s does not say where it is in a binary log: no SQL node wrote one", m.ID)
	}
	pieces := piecesOf(m, logs)
	if len(pieces) == 0 {
		return fmt.Errorf("no archived binary log goes on from %s at %d: a job of the method binlog keeps it", m.Position.File, m.Position.Offset)
	}
	last := pieces[len(pieces)-1].Manifest
	if at := last.Position; at.File == m.Position.File && at.Offset < m.Position.Offset {
		return fmt.Errorf("the archive ends with %s at %d, before the end of the backup at %d", at.File, at.Offset, m.Position.Offset)
	}
	switch {
	case to.Epoch != 0 && last.Position.Stop < to.Epoch>>32:
		return fmt.Errorf("the archive ends with global checkpoint %d, and epoch %d is of %d", last.Position.Stop, to.Epoch, to.Epoch>>32)
	case !to.Time.IsZero() && last.Begun.Before(to.Time):
		return fmt.Errorf("the archive ends at %s", last.Begun.UTC().Format("2006-01-02T15:04:05Z"))
	}
	return nil
}

// replay carries out archived binary logs on the throw-away cluster up to the point. It is done once:
// a try that was cut short has left the cluster at no point at all, so it is filled anew.
func (t *throwaway) replay(ctx context.Context, r backupd.Restore, tell func(string)) error {
	m := r.Links[0].Manifest
	begun := t.File("replay-has-begun")
	if _, err := os.Stat(begun); err == nil {
		tell("an earlier try was cut short: the cluster is filled anew")
		if err := t.fill(ctx, r.Links[0], tell); err != nil {
			return err
		}
	}
	dir := t.File("logs")
	if err := errors.Join(os.RemoveAll(dir), os.MkdirAll(dir, 0o700)); err != nil {
		return err
	}
	files, stop, err := assemble(ctx, dir, m, piecesOf(m, r.Logs), r.Point)
	if err != nil {
		return err
	}
	if err := os.WriteFile(begun, nil, 0o600); err != nil {
		return err
	}
	args := append([]string{"--no-defaults", "--start-position=" + strconv.FormatUint(m.Position.Offset, 10)}, stop...)
	from := t.Command(ctx, t.program("mysqlbinlog"), append(args, files...)...)
	from.Env = append(from.Env, "TZ=UTC") // of --stop-datetime
	into := t.Command(ctx, t.program("mysql"), "--defaults-file="+t.File("my.cnf"), "--binary-mode", "--batch")
	pipe, err := from.StdoutPipe()
	if err != nil {
		return err
	}
	saidFrom, saidInto := &scratch.Tail{}, &scratch.Tail{}
	from.Stderr, into.Stdin, into.Stdout, into.Stderr = saidFrom, pipe, saidInto, saidInto
	if err := from.Start(); err != nil {
		return fmt.Errorf("start mysqlbinlog: %w", err)
	}
	errInto := into.Run()
	if errInto != nil {
		_ = from.Process.Kill() // nobody reads it any more
	}
	errFrom := from.Wait()
	if errInto != nil {
		return fmt.Errorf("carry the binary log out: %w; the end of what was said:\n%s", errInto, saidInto)
	}
	if errFrom != nil {
		return fmt.Errorf("read the binary log: %w; the end of what was said:\n%s", errFrom, saidFrom)
	}
	return os.Remove(begun)
}

// assemble puts the pieces together to the files they come from, and says where to stop.
func assemble(ctx context.Context, dir string, m backupd.Manifest, pieces []backupd.Link, to backupd.Point) (files, stop []string, err error) {
	if !to.Time.IsZero() {
		stop = []string{"--stop-datetime=" + to.Time.UTC().Format("2006-01-02 15:04:05")}
	}
	for _, p := range pieces {
		name, err := logName(p.Manifest.From.File)
		if err != nil {
			return nil, nil, err
		}
		path := dir + "/" + name
		if err := appendPiece(ctx, path, p); err != nil {
			return nil, nil, fmt.Errorf("unpack %s: %w", p.Manifest.ID, err)
		}
		if !slices.Contains(files, path) {
			files = append(files, path)
		}
		if to.Epoch == 0 || p.Manifest.Position.Stop < to.Epoch>>32 {
			continue
		}
		at, over, err := endOf(ctx, p, to.Epoch)
		if err != nil {
			return nil, nil, err
		}
		if over { // it holds a later epoch: here it ends
			if p.Manifest.From.File == m.Position.File {
				at = max(at, m.Position.Offset)
			}
			return files, []string{"--stop-position=" + strconv.FormatUint(at, 10)}, nil
		}
	}
	return files, stop, nil
}

// endOf returns where the last epoch ends in a piece that is not later than the one wanted, and
// whether a later one follows in it.
func endOf(ctx context.Context, p backupd.Link, epoch uint64) (at uint64, over bool, err error) {
	text, err := readAll(ctx, p.Source, indexStream, maxAbout)
	var ends []epochEnd
	if err == nil {
		ends, err = readEpochs(text)
	}
	if err != nil {
		return 0, false, fmt.Errorf("read where the epochs are in %s: %w", p.Manifest.ID, err)
	}
	at = p.Manifest.From.Offset
	for _, e := range ends {
		if e.Epoch > epoch {
			return max(at, 4), true, nil
		}
		at = e.To
	}
	return at, false, nil
}

// readEpochs reads the lists of epochs of one or more pieces, one behind the other.
func readEpochs(text []byte) (all []epochEnd, err error) {
	for d := json.NewDecoder(bytes.NewReader(text)); ; {
		var ends []epochEnd
		switch err := d.Decode(&ends); {
		case errors.Is(err, io.EOF):
			return all, nil
		case err != nil:
			return nil, err
		}
		all = append(all, ends...)
	}
}

func appendPiece(ctx context.Context, path string, p backupd.Link) error {
	body, err := p.Source.Open(ctx, logStream)
	if err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return errors.Join(err, body.Close())
	}
	_, err = io.Copy(f, body)
	return errors.Join(err, body.Close(), f.Close())
}
