package ndb

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/kagu-db/kagu/backupd"
	"github.com/kagu-db/kagu/internal/sqlconn"
)

// A native backup holds the state of its end, which is over when anybody can count. So rows are
// counted after it, and kept for the tables that nobody wrote to from before the backup until after
// the count: the data nodes count the writes of each table.

// table names a table.
type table struct{ schema, name string }

func (t table) sql() string { return quote(t.schema) + "." + quote(t.name) }

// content is what a SQL node says of tables at one moment.
type content struct {
	engines map[table]string
	writes  map[string]string // by the data nodes' name of a table, "schema/def/table": rows written since they started
}

func (c content) written(t table) (string, bool) {
	n, known := c.writes[t.schema+"/def/"+t.name] // one whose name they spell otherwise is not known
	return n, known
}

// inNDB returns the tables that the data nodes hold, sorted.
func (c content) inNDB() []table {
	var all []table
	for t, engine := range c.engines {
		if isNDB(engine) {
			all = append(all, t)
		}
	}
	slices.SortFunc(all, func(a, b table) int { return strings.Compare(a.schema+"\x00"+a.name, b.schema+"\x00"+b.name) })
	return all
}

func isNDB(engine string) bool { return strings.EqualFold(engine, "ndbcluster") }

func (s *seat) content(ctx context.Context) (content, error) {
	c := content{engines: map[table]string{}, writes: map[string]string{}}
	rows, err := s.Table(ctx, "SELECT TABLE_SCHEMA AS s, TABLE_NAME AS t, ENGINE AS e FROM information_schema.TABLES WHERE TABLE_TYPE = 'BASE TABLE' AND TABLE_SCHEMA NOT IN "+systemSchemas)
	if err != nil {
		return c, fmt.Errorf("list the tables: %w", err)
	}
	for _, r := range rows {
		c.engines[table{r["s"], r["t"]}] = r["e"]
	}
	err = s.Each(ctx, `SELECT COALESCE(parent_fq_name, fq_name), SUM(tot_key_inserts + tot_key_updates + tot_key_writes + tot_key_deletes)
		FROM ndbinfo.operations_per_fragment GROUP BY 1`, func(name, n []byte) { c.writes[string(name)] = string(n) })
	if err != nil {
		return c, fmt.Errorf("ask how often tables were written to: %w", err)
	}
	return c, nil
}

// What is checksummed: a scan costs the data nodes as much as any other, so small tables only, and
// not too many of them.
const (
	checksumRows = 20_000  // of one table
	checksumAll  = 500_000 // of all tables together
)

// counted returns the tables that the backup holds. Rows and checksums are given for those that
// were not written to meanwhile.
func (s *seat) counted(ctx context.Context, before content) ([]backupd.Table, []string, error) {
	now, err := s.content(ctx)
	if err != nil {
		return nil, nil, err
	}
	var all []backupd.Table
	var left int64 = checksumAll
	for _, t := range now.inNDB() {
		if _, was := before.engines[t]; !was {
			continue
		}
		row := backupd.Table{Schema: t.schema, Name: t.name, Engine: now.engines[t]}
		if was, known := before.written(t); known {
			if is, _ := now.written(t); is == was {
				if err := s.count(ctx, t, &row, &left); err != nil {
					return nil, nil, err
				}
			}
		}
		all = append(all, row)
	}
	after, err := s.content(ctx)
	if err != nil {
		return nil, nil, err
	}
	exact := 0
	for i := range all {
		t := table{all[i].Schema, all[i].Name}
		was, _ := before.written(t)
		if is, _ := after.written(t); is != was {
			all[i].Rows, all[i].Sum = nil, ""
		}
		if all[i].Rows != nil {
			exact++
		}
	}
	notes := changes(before, after)
	if exact < len(all) {
		notes = append(notes, fmt.Sprintf("rows are known of %d of %d tables: the others were written to while the backup was taken", exact, len(all)))
	}
	return all, notes, nil
}

// count counts the rows of a table, and sums it up if it is small.
func (s *seat) count(ctx context.Context, t table, row *backupd.Table, left *int64) error {
	counts, err := s.Strings(ctx, "SELECT COUNT(*) FROM "+t.sql())
	if err != nil || len(counts) != 1 {
		return fmt.Errorf("count the rows of %s: %w", t.sql(), err)
	}
	n, err := strconv.ParseInt(counts[0], 10, 64)
	if err != nil {
		return fmt.Errorf("count the rows of %s: %w", t.sql(), err)
	}
	row.Rows = &n
	if n > checksumRows || n > *left {
		return nil
	}
	*left -= n
	row.Sum, err = s.sum(ctx, t)
	if errors.Is(err, sqlconn.ErrTimeout) { // wide rows on a busy node: it is done without
		return nil
	}
	if err != nil {
		return fmt.Errorf("sum up %s: %w", t.sql(), err)
	}
	return nil
}

func (s *seat) sum(ctx context.Context, t table) (string, error) {
	var columns [][2]string
	if err := s.Each(ctx, columnsQuery(t), func(name, kind []byte) { columns = append(columns, [2]string{string(name), string(kind)}) }); err != nil {
		return "", err
	}
	query, err := sumQuery(t, columns)
	if err != nil {
		return "", err
	}
	sums, err := s.Strings(ctx, query)
	return strings.Join(sums, ""), err
}

// changes tells of tables that came and went while the backup was taken, and of those it does not hold.
func changes(before, after content) []string {
	var notes []string
	note := func(words string, tables []table) {
		if len(tables) == 0 {
			return
		}
		slices.SortFunc(tables, func(a, b table) int { return strings.Compare(a.sql(), b.sql()) })
		const shown = 20
		var names []string
		for _, t := range tables[:min(shown, len(tables))] {
			names = append(names, t.schema+"."+t.name)
		}
		if len(tables) > shown {
			names = append(names, fmt.Sprintf("and %d more", len(tables)-shown))
		}
		notes = append(notes, words+": "+strings.Join(names, ", "))
	}
	var came, went, local []table
	for t, engine := range after.engines {
		if _, was := before.engines[t]; !was && isNDB(engine) {
			came = append(came, t)
		}
		if !isNDB(engine) {
			local = append(local, t)
		}
	}
	for t, engine := range before.engines {
		if _, is := after.engines[t]; !is && isNDB(engine) {
			went = append(went, t)
		}
	}
	note("created while the backup was taken, so maybe not in it", came)
	note("dropped while the backup was taken, so maybe in it", went)
	note("only their definition is in the backup, their rows are on a SQL node alone", local)
	return notes
}
