package ndb

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/kagu-db/kagu/internal/sqlconn"
)

// A table is what we read of a table of ndbinfo.
type table struct {
	name    string
	columns string // that we read, in any case the server likes
	others  string // that we know and do not read
	hidden  bool   // a base table, which information_schema does not list
}

// features are the columns that a SQL node's ndbinfo has, by table, all in lower case.
type features struct {
	columns map[string]map[string]bool
	opened  uint64 // the connection that they were read on: a new one may lead to a newer server
}

const featuresQuery = "SELECT LOWER(TABLE_NAME) AS t, LOWER(COLUMN_NAME) AS c FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = 'ndbinfo'"

// features reads which tables and columns there are, at each new connection.
func (n *sqlNode) detect(ctx context.Context) (map[string]map[string]bool, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.features.columns != nil && n.features.opened == n.own.Opened() {
		return n.features.columns, nil
	}
	opened := n.own.Opened()
	rows, err := n.own.Table(ctx, featuresQuery)
	if err != nil {
		return nil, n.says(err)
	}
	columns := map[string]map[string]bool{}
	for _, row := range rows {
		if columns[row["t"]] == nil {
			columns[row["t"]] = map[string]bool{}
		}
		columns[row["t"]][row["c"]] = true
	}
	if len(columns) > 0 { // without the grant there is none, and with it there soon may be
		n.features = features{columns, opened}
	}
	return columns, nil
}

// have returns the columns of a table that can be read, nil if none can.
func (t table) have(columns map[string]map[string]bool) []string {
	wanted := strings.Fields(t.columns)
	if t.hidden || len(columns) == 0 {
		return wanted // the server's refusal says more than we would
	}
	var have []string
	for _, c := range wanted {
		if columns[t.name][strings.ToLower(c)] {
			have = append(have, c)
		}
	}
	return have
}

// census counts the columns of the tables we read that we do not know, and those we know and
// that are not there.
func census(columns map[string]map[string]bool, tables []table) (unknown, absent int) {
	for _, t := range tables {
		if t.hidden {
			continue
		}
		known := map[string]bool{}
		for _, c := range strings.Fields(t.columns + " " + t.others) {
			known[strings.ToLower(c)] = true
		}
		for c := range columns[t.name] {
			if !known[c] {
				unknown++
			}
		}
		for c := range known {
			if !columns[t.name][c] {
				absent++
			}
		}
	}
	return unknown, absent
}

func (t table) query(columns []string) string {
	name := "ndbinfo." + t.name
	if t.hidden {
		name = "ndbinfo.`" + t.name + "`"
	}
	return "SELECT `" + strings.Join(columns, "`, `") + "` FROM " + name
}

// read returns the rows of a table, once in a look. A table that the server does not have has no
// rows; without ndbinfo the error says why.
func (l *sqlLook) read(ctx context.Context, t table) ([]map[string]string, error) {
	return l.readAs(ctx, t.name, func(columns map[string]map[string]bool) string {
		have := t.have(columns)
		if len(have) == 0 {
			return ""
		}
		return t.query(have)
	})
}

// readAs is read for a statement of its own; "" reads nothing.
func (l *sqlLook) readAs(ctx context.Context, key string, statement func(columns map[string]map[string]bool) string) ([]map[string]string, error) {
	l.mu.Lock()
	r, ok := l.tables[key]
	if !ok {
		r = &reading[[]map[string]string]{}
		l.tables[key] = r
	}
	l.mu.Unlock()
	return r.get(func() ([]map[string]string, error) {
		n, err := l.choose(ctx)
		if err != nil {
			return nil, err
		}
		columns, err := n.detect(ctx)
		if err != nil {
			return nil, err
		}
		query := statement(columns)
		if query == "" {
			return nil, nil
		}
		db := n.info
		if l.slow {
			db = n.apart
		}
		rows, err := db.Table(ctx, query)
		if errors.Is(err, sqlconn.ErrNoCluster) && ctx.Err() == nil {
			rows, err = db.Table(ctx, query) // a data node failed while it was asked; the others answer
		}
		switch {
		case errors.Is(err, sqlconn.ErrMissing):
			return nil, nil
		case err != nil:
			if !errors.Is(err, sqlconn.ErrGrant) {
				l.seat.remember(n, time.Now())
			}
			if errors.Is(err, sqlconn.ErrTimeout) {
				n.hangs.Store(true)
			}
			return nil, n.says(err)
		}
		if key == nodesTable.name {
			n.hangs.Store(false)
		}
		return rows, nil
	})
}

// rows returns the rows of a table if ndbinfo serves: while its table of nodes is empty, every
// table is, and means nothing. Where a statement hung, the table of nodes goes alone and first:
// the server cannot end a scan that waits for a frozen data node, and those would pile up.
func (l *sqlLook) rows(ctx context.Context, t table) ([]map[string]string, error) {
	if n, err := l.choose(ctx); err != nil {
		return nil, err
	} else if n.hangs.Load() {
		if err := l.alive(ctx); err != nil {
			return nil, err
		}
	}
	alive := make(chan error, 1)
	go func() { alive <- l.alive(ctx) }()
	rows, err := l.read(ctx, t)
	if dead := <-alive; dead != nil {
		return nil, dead
	}
	return rows, err
}

// alive says why ndbinfo tells nothing; nil if it does.
func (l *sqlLook) alive(ctx context.Context) error {
	rows, err := l.read(ctx, nodesTable)
	if err == nil && len(rows) == 0 {
		err = &infoError{state: empty}
	}
	return err
}
