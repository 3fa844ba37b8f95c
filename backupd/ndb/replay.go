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
	"github.com/kagu-db/kagu/internal/binlog"
	"github.com/kagu-db/kagu/internal/scratch"
)

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
		if err := t.defineAll(ctx, r.Links[0], tell); err != nil {
			return err
		}
	}
	point, err := json.Marshal(r.Point)
	if err != nil {
		return err
	}
	done := t.File("replayed")
	if text, err := os.ReadFile(done); err == nil && bytes.Equal(text, point) {
		tell("the binary log was carried out already")
		if err := t.serves(ctx); err != nil {
			return fmt.Errorf("the throw-away cluster does not run any more: remove %s and restore again: %w", t.Path, err)
		}
		return nil
	}
	dir := t.File("logs")
	if err := errors.Join(os.RemoveAll(dir), os.MkdirAll(dir, 0o700)); err != nil {
		return err
	}
	pieces, _ := piecesOf(m, r.Logs) // the plan has looked whether they lead there
	files, stop, err := assemble(ctx, dir, m, pieces, r.Point)
	if err == nil {
		err = confirm(ctx, dir, m, pieces)
	}
	if err != nil {
		return err
	}
	if err := os.WriteFile(begun, nil, 0o600); err != nil {
		return err
	}
	// What the cluster merged within an epoch may delete a row that never was, and the log changes rows
	// of tables that are the SQL node's own, of which a backup has no rows: --idempotent lets both pass.
	args := append([]string{"--no-defaults", "--idempotent", "--start-position=" + strconv.FormatUint(m.Position.Offset, 10)}, stop...)
	from := t.Command(ctx, t.program("mysqlbinlog"), append(args, files...)...)
	from.Env = append(from.Env, "TZ=UTC") // of --stop-datetime
	// An epoch is many transactions in one, its rows in no order: unique and foreign keys hold at its
	// end only.
	into := t.Command(ctx, t.program("mysql"), "--defaults-file="+t.File("my.cnf"), "--binary-mode", "--batch", "--init-command=SET ndb_deferred_constraints=1")
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
	return errors.Join(os.WriteFile(done, point, 0o600), os.Remove(begun))
}

// assemble puts the pieces together to the files they come from, and says where to stop.
func assemble(ctx context.Context, dir string, m backupd.Manifest, pieces []backupd.Link, to backupd.Point) (files, stop []string, err error) {
	if !to.Time.IsZero() {
		stop = []string{"--stop-datetime=" + to.Time.UTC().Format("2006-01-02 15:04:05")}
	}
	for _, p := range pieces {
		name, err := binlog.Name(p.Manifest.From.File)
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
