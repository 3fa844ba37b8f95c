package ndb

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/kagu-db/kagu/backupd"
	"github.com/kagu-db/kagu/internal/mgm"
)

// describe writes what the SQL node has beside the native backup, and notes what is in it.
func (s *seat) describe(ctx context.Context, to backupd.Sink, a *About, f *backupd.Facts, before content) error {
	var notes []string
	g, both := errgroup.WithContext(ctx) // the data nodes take a tenth of a second to say how often tables were written to
	g.Go(func() error {
		d, err := s.definitions(both)
		if err != nil {
			return err
		}
		a.Schemas = d.schemas
		return errors.Join(write(both, to, definitionsStream, d.all), write(both, to, eventsStream, d.events))
	})
	g.Go(func() (err error) {
		f.Content, notes, err = s.counted(both, before)
		return err
	})
	err := g.Wait()
	if err != nil {
		return err
	}
	f.Notes = append(f.Notes, notes...)
	a.Keyed, err = s.Strings(ctx, "SELECT DISTINCT CONCAT(CONSTRAINT_SCHEMA, '.', TABLE_NAME) FROM information_schema.REFERENTIAL_CONSTRAINTS WHERE CONSTRAINT_SCHEMA NOT IN "+systemSchemas)
	if err != nil {
		return fmt.Errorf("list the foreign keys: %w", err)
	}
	a.Applied, err = s.Table(ctx, "SELECT server_id, epoch, log_name, start_pos, end_pos FROM mysql.ndb_apply_status")
	if err != nil {
		return fmt.Errorf("read how far this cluster has applied another's changes: %w", err)
	}
	if !s.logs {
		f.Notes = append(f.Notes, "no SQL node writes a binary log: this backup is the only point in time that can be restored")
		return nil
	}
	p, found, err := s.place(ctx, lastEpoch(a.Done.StopGCI))
	if err != nil {
		return err
	}
	if !found {
		f.Notes = append(f.Notes, fmt.Sprintf("%s has not written the end of the backup into its binary log within %s: replay must begin at an earlier backup", s.node.Name, patience))
		return nil
	}
	f.Position.File, f.Position.Offset = p.file, p.offset
	return nil
}

// lastEpoch is the last epoch of a global checkpoint.
func lastEpoch(gci uint64) uint64 { return gci<<32 | 0xffffffff }

// place is a place in the binary log of a SQL node.
type place struct {
	file   string
	offset uint64
}

// place returns where the binary log goes on after an epoch. It waits a moment until the SQL node
// has come so far.
func (s *seat) place(ctx context.Context, epoch uint64) (place, bool, error) {
	for begun := time.Now(); ; {
		handled, err := s.handled(ctx)
		if err != nil {
			return place{}, false, err
		}
		if handled > epoch {
			p, err := s.after(ctx, epoch)
			return p, err == nil, err
		}
		if time.Since(begun) > patience {
			return place{}, false, nil
		}
		select {
		case <-time.After(100 * time.Millisecond):
		case <-ctx.Done():
			return place{}, false, context.Cause(ctx)
		}
	}
}

// after finds the place in the index of epochs. An index without rows says that nothing was written
// since the log began to keep one: its end, read before, is the place.
func (s *seat) after(ctx context.Context, epoch uint64) (place, error) {
	status, err := s.Table(ctx, "SHOW BINARY LOG STATUS")
	if err != nil || len(status) != 1 {
		return place{}, fmt.Errorf("ask %s where its binary log ends: %w", s.node.Name, err)
	}
	found := map[string]string{"f": status[0]["file"], "p": status[0]["position"]}
	for _, query := range []string{
		"SELECT SUBSTRING_INDEX(next_file, '/', -1) AS f, next_position AS p FROM mysql.ndb_binlog_index WHERE epoch <= %d ORDER BY epoch DESC LIMIT 1",
		"SELECT SUBSTRING_INDEX(File, '/', -1) AS f, Position AS p FROM mysql.ndb_binlog_index WHERE epoch > %d ORDER BY epoch LIMIT 1",
	} {
		rows, err := s.Table(ctx, fmt.Sprintf(query, epoch))
		if err != nil {
			return place{}, fmt.Errorf("look for epoch %d in mysql.ndb_binlog_index of %s: %w", epoch, s.node.Name, err)
		}
		if len(rows) > 0 && rows[0]["f"] != "" {
			found = rows[0]
			break
		}
	}
	offset, err := strconv.ParseUint(found["p"], 10, 64)
	if err != nil {
		return place{}, fmt.Errorf("where %s has epoch %d in its binary log: %w", s.node.Name, epoch, err)
	}
	return place{found["f"], offset}, nil
}

// memory returns what one copy of the data takes of DataMemory: of each node group the fullest node.
func (s *seat) memory(ctx context.Context, nodes []mgm.NodeStatus) (uint64, error) {
	groups := map[string]mgm.NodeGroup{}
	for _, n := range nodes {
		groups[strconv.Itoa(n.ID)] = n.NodeGroup
	}
	fullest := map[mgm.NodeGroup]uint64{}
	var bad error
	err := s.Each(ctx, "SELECT node_id, used FROM ndbinfo.memoryusage WHERE memory_type = 'Data memory'", func(node, used []byte) {
		n, err := strconv.ParseUint(string(used), 10, 64)
		if err != nil {
			bad = err
		}
		group := groups[string(node)]
		fullest[group] = max(fullest[group], n)
	})
	if err == nil {
		err = bad
	}
	if err != nil {
		return 0, fmt.Errorf("ask how much memory the data takes: %w", err)
	}
	var all uint64
	for _, n := range fullest {
		all += n
	}
	return all, nil
}
