package galera

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/go-sql-driver/mysql"

	"github.com/kagu-db/kagu/backupd"
	"github.com/kagu-db/kagu/internal/sqlconn"
)

// table is a table, view or sequence of a server, with all that is needed to read it.
type table struct {
	schema, name string
	kind         string // BASE TABLE, SYSTEM VERSIONED, VIEW, SEQUENCE
	engine       string
	size         int64 // bytes of its rows, an estimate
	columns      []column
	every        []string // names of all columns, generated ones too
	key          string   // first column of the primary key if it is a whole number, else ""
}

func (t table) String() string { return sqlconn.Name(t.schema) + "." + sqlconn.Name(t.name) }

// unusable reports whether it is a view that the server itself cannot read.
func (t table) unusable() bool { return t.kind == "VIEW" && len(t.every) == 0 }

// holds reports whether the rows are the table's own. Of other engines they are somewhere else, or
// nowhere.
func (t table) holds() bool {
	return (t.kind == "BASE TABLE" || t.kind == "SYSTEM VERSIONED") &&
		!slices.Contains([]string{"FEDERATED", "CONNECT", "SPIDER", "MRG_MyISAM", "BLACKHOLE"}, t.engine)
}

// snapshotted reports whether the engine gives rows of the moment at which a snapshot began.
func (t table) snapshotted() bool {
	return slices.Contains([]string{"InnoDB", "ROCKSDB", "TokuDB"}, t.engine)
}

// ours are the schemas that a server makes by itself.
const ours = "'information_schema','performance_schema','mysql','sys'"

// readTables lists what the schemas hold, in the order of names; no schemas: all.
func readTables(ctx context.Context, sql *sqlconn.Session, schemas []string) ([]table, error) {
	where, err := within("TABLE_SCHEMA", schemas)
	if err != nil {
		return nil, err
	}
	rows, err := sql.Texts(ctx, `SELECT TABLE_SCHEMA, TABLE_NAME, TABLE_TYPE, IFNULL(ENGINE, ''), IFNULL(DATA_LENGTH, 0)
		FROM information_schema.TABLES WHERE `+where+` AND TABLE_TYPE <> 'SYSTEM VIEW' ORDER BY 1, 2`)
	if err != nil {
		return nil, fmt.Errorf("list the tables: %w", err)
	}
	all := make([]table, len(rows))
	at := map[[2]string]*table{}
	for i, r := range rows {
		size, _ := strconv.ParseInt(r[4], 10, 64) // an estimate, which may be missing
		all[i] = table{schema: r[0], name: r[1], kind: r[2], engine: r[3], size: size}
		at[[2]string{r[0], r[1]}] = &all[i]
	}
	columns, err := sql.Texts(ctx, `SELECT TABLE_SCHEMA, TABLE_NAME, COLUMN_NAME, DATA_TYPE, IS_GENERATED FROM information_schema.COLUMNS
		WHERE `+where+` ORDER BY 1, 2, ORDINAL_POSITION`)
	if err != nil {
		return nil, fmt.Errorf("list the columns: %w", err)
	}
	for _, r := range columns {
		if t := at[[2]string{r[0], r[1]}]; t != nil {
			t.every = append(t.every, r[2])
			if r[4] != "ALWAYS" {
				t.columns = append(t.columns, column{name: r[2], form: forms[r[3]]})
			}
		}
	}
	for i, t := range all {
		if t.kind != "VIEW" || len(t.every) > 0 {
			continue
		}
		// One that calls a function shows its columns to nobody who may not call that, but is read as its
		// definer. One that cannot be used at all has none.
		all[i].every, err = sql.Columns(ctx, "SELECT * FROM "+t.String()+" LIMIT 0")
		var said *mysql.MySQLError
		if err != nil && !errors.As(err, &said) {
			return nil, fmt.Errorf("list the columns of %s: %w", t, err)
		}
	}
	keys, err := sql.Texts(ctx, `SELECT s.TABLE_SCHEMA, s.TABLE_NAME, s.COLUMN_NAME FROM information_schema.STATISTICS s JOIN information_schema.COLUMNS c
		USING (TABLE_SCHEMA, TABLE_NAME, COLUMN_NAME) WHERE s.`+where+` AND s.INDEX_NAME = 'PRIMARY' AND s.SEQ_IN_INDEX = 1
		AND c.DATA_TYPE IN ('tinyint', 'smallint', 'mediumint', 'int', 'bigint')`)
	if err != nil {
		return nil, fmt.Errorf("list the keys: %w", err)
	}
	for _, r := range keys {
		if t := at[[2]string{r[0], r[1]}]; t != nil {
			t.key = r[2]
		}
	}
	return all, nil
}

// within is a condition on a column that holds the name of a schema.
func within(column string, schemas []string) (string, error) {
	if len(schemas) == 0 {
		return column + " NOT IN (" + ours + ")", nil
	}
	var quoted []string
	for _, s := range schemas {
		text, err := sqlconn.Literal("schema", s)
		if err != nil {
			return "", err
		}
		quoted = append(quoted, text)
	}
	return column + " IN (" + strings.Join(quoted, ",") + ")", nil
}

// changed says in words what differs between two lists: definitions, not sizes.
func changed(before, after []table) (notes []string) {
	key := func(t table) string { return t.String() }
	was := map[string]table{}
	for _, t := range before {
		was[key(t)] = t
	}
	for _, t := range after {
		old, found := was[key(t)]
		delete(was, key(t))
		old.size = t.size
		switch {
		case !found:
			notes = append(notes, t.String()+" was created meanwhile")
		case !reflect.DeepEqual(old, t):
			notes = append(notes, t.String()+" was altered meanwhile")
		}
	}
	for _, t := range before {
		if _, left := was[key(t)]; left {
			notes = append(notes, t.String()+" was dropped or renamed meanwhile")
		}
	}
	return notes
}

// content lists what a restore must bring back.
func content(tables []table) []backupd.Table {
	var all []backupd.Table
	for _, t := range tables {
		engine := t.engine
		if t.kind == "VIEW" || t.kind == "SEQUENCE" {
			engine = t.kind
		}
		all = append(all, backupd.Table{Schema: t.schema, Name: t.name, Engine: engine})
	}
	return all
}
