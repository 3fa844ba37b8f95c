package ndb

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"time"

	"github.com/kagu-db/kagu/backupd"
	"github.com/kagu-db/kagu/internal/inventory"
)

// The streams of a piece of the binary log: its bytes as they stand in the server's file, and the
// rows of mysql.ndb_binlog_index for it, which say where each epoch ends.
const (
	logStream   = "binlog"
	indexStream = "epochs.json"
)

var _ backupd.Archiver = (*Kind)(nil)

// Archive keeps the binary log of one SQL node, piece by piece. Every SQL node that writes a binary
// log has all changes of the cluster, each at its own positions: so a line is of one node, and when
// another takes over a new line begins. A piece ends where an epoch does, or the file.
func (k *Kind) Archive(ctx context.Context, a backupd.Archive) error {
	l := lineOf(a.Last)
	for {
		if err := k.archiveOnce(ctx, a, &l); err != nil {
			return errors.Join(context.Cause(ctx), err) // who calls again lets another SQL node take over
		}
		select {
		case <-time.After(a.Every):
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// line is how far the archive has come.
type line struct {
	node   string
	file   string
	offset uint64
}

func lineOf(last *backupd.Piece) line {
	if last == nil {
		return line{}
	}
	return line{last.Node, last.To.File, last.To.Offset}
}

// archiveOnce archives all there is now.
func (k *Kind) archiveOnce(ctx context.Context, a backupd.Archive, l *line) error {
	s, err := sitWhere(ctx, a.Cluster, l.node)
	if err != nil {
		return err
	}
	defer s.Close()
	if !s.logs {
		return errors.New("no SQL node writes a binary log of the cluster: set log_bin, ndb_log_bin and ndb_log_binlog_index on one")
	}
	logs, err := s.binaryLogs(ctx)
	if err != nil {
		return err
	}
	note := l.meet(s.node.Name, logs)
	at := 0
	for logs[at].name != l.file {
		at++
	}
	for ; at < len(logs); at++ {
		if logs[at].name != l.file { // nothing was left in the one before, not even that it was closed: its server died
			note = "a new line begins: " + l.file + " was not closed"
			l.file, l.offset = logs[at].name, 0
		}
		next := ""
		if at < len(logs)-1 {
			next = logs[at+1].name
		}
		kept, err := k.archiveFile(ctx, a, s, l, logs[at], next, note)
		if err != nil {
			return err
		}
		if kept {
			note = ""
		}
	}
	return nil
}

// sitWhere prefers the SQL node that the line is of.
func sitWhere(ctx context.Context, c inventory.Cluster, name string) (*seat, error) {
	for _, n := range c.SQL {
		if n.Name == name {
			only := c
			only.SQL = []inventory.Node{n}
			if s, err := sit(ctx, only); err == nil && s.logs {
				return s, nil
			} else if err == nil {
				_ = s.Close() // nothing runs on it
			}
		}
	}
	return sit(ctx, c)
}

// meet puts the line to what the SQL node has now, and says what is missing if something is.
func (l *line) meet(node string, logs []binaryLog) (note string) {
	was, newest := *l, logs[len(logs)-1].name
	l.node = node
	switch {
	case was.node == "":
		l.file, l.offset = newest, 0
		return "a new line begins: there was none before"
	case was.node != node:
		l.file, l.offset = newest, 0
		return "a new line begins: the one before was of " + was.node
	}
	for _, log := range logs {
		if log.name == was.file && log.size >= was.offset {
			return ""
		}
	}
	l.file, l.offset = logs[0].name, 0
	return fmt.Sprintf("a gap: %s at %d is not on %s any more; a new line begins", was.file, was.offset, node)
}

// archiveFile keeps what a file has beyond the line: to its end if it is finished, which is where the
// next one begins, else to the end of the last epoch in it.
func (k *Kind) archiveFile(ctx context.Context, a backupd.Archive, s *seat, l *line, log binaryLog, next, note string) (bool, error) {
	ends, err := s.epochs(ctx, log.name, l.offset)
	if err != nil {
		return false, err
	}
	to := log.size
	if next == "" {
		if len(ends) == 0 {
			return false, nil
		}
		to = ends[len(ends)-1].To
	}
	if to <= l.offset {
		return false, nil
	}
	dir, err := os.MkdirTemp(a.Dir, "fetch-")
	if err != nil {
		return false, fmt.Errorf("archive the binary log of %s: %w", s.node.Name, err)
	}
	defer os.RemoveAll(dir)
	path, skip, err := k.fetchLog(ctx, a.Cluster, dir, s, log.name, l.offset)
	var newest time.Time
	var lost []epochEnd
	if err == nil {
		newest, lost, err = soundPiece(path, skip, l.offset, to)
	}
	if err != nil {
		return false, fmt.Errorf("archive %s of %s: %w", log.name, s.node.Name, err)
	}
	facts := backupd.Facts{
		Origin:   backupd.Origin{Nodes: []string{s.node.Name}, Server: s.server, Tool: "mysqlbinlog"},
		From:     &backupd.Position{File: log.name, Offset: l.offset},
		Position: backupd.Position{File: log.name, Offset: to},
	}
	if next != "" {
		facts.Position = backupd.Position{File: next}
	}
	if len(ends) > 0 {
		facts.From.Start, facts.Position.Stop, facts.Position.Time = ends[0].Epoch>>32, ends[len(ends)-1].Epoch>>32, newest
	}
	if note != "" {
		facts.Notes = append(facts.Notes, note)
	}
	if len(lost) > 0 {
		facts.Notes = append(facts.Notes, lostNote)
		ends = append(ends, lost...)
		slices.SortStableFunc(ends, func(a, b epochEnd) int { return cmp.Compare(a.To, b.To) })
	}
	index, err := json.Marshal(ends)
	if err != nil {
		return false, err
	}
	m, err := a.Keep(ctx, func(ctx context.Context, sink backupd.Sink) (backupd.Facts, error) {
		if err := copyPiece(ctx, sink, path, skip, int64(to-l.offset)); err != nil {
			return facts, err
		}
		return facts, write(ctx, sink, indexStream, index)
	})
	if err != nil {
		return false, err
	}
	a.Tell("archive", fmt.Sprintf("%s: %s of %s from %d to %d, %d epochs", m.ID, log.name, s.node.Name, l.offset, to, len(ends)-len(lost)))
	l.file, l.offset = facts.Position.File, facts.Position.Offset
	return true, nil
}

func copyPiece(ctx context.Context, sink backupd.Sink, path string, skip, n int64) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	w, err := sink.Stream(ctx, logStream)
	if err != nil {
		return err
	}
	if _, err := io.Copy(w, io.NewSectionReader(f, skip, n)); err != nil {
		return err
	}
	return w.Close()
}
