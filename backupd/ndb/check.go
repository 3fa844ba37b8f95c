package ndb

import (
	"context"
	"fmt"
	"strings"

	"github.com/kagu-db/kagu/backupd"
)

// check looks at what was restored. An error means that it could not.
func (t *throwaway) check(ctx context.Context, m backupd.Manifest, p backupd.Proof) ([]backupd.Check, error) {
	var checks []backupd.Check
	there, err := t.tablesAreThere(ctx, m.Content)
	if err != nil {
		return nil, err
	}
	checks = append(checks, there)
	if !there.Good { // what is not there cannot be counted
		return checks, nil
	}
	for _, look := range []func(context.Context, backupd.Manifest, func()) (backupd.Check, error){t.rowsAreThere, t.sumsAgree, t.allCanBeRead} {
		c, err := look(ctx, m, p.Count(len(m.Content), "tables"))
		if err != nil {
			return checks, err
		}
		checks = append(checks, c)
	}
	if p.Cluster.Backup != nil {
		for _, q := range p.Cluster.Backup.Checks {
			c := backupd.Check{Name: "query: " + q.Query}
			got, err := t.db.value(ctx, q.Query)
			switch {
			case ctx.Err() != nil:
				return checks, context.Cause(ctx)
			case err != nil:
				c.Said = err.Error()
			default:
				c.Good, c.Said = got == q.Want, fmt.Sprintf("%q", got)
				if !c.Good {
					c.Said = fmt.Sprintf("%q, want %q", got, q.Want)
				}
			}
			checks = append(checks, c)
		}
	}
	return checks, nil
}

// of sums a look at tables up: how many were good, or what is wrong with the others.
func of(name string, looked int, what string, bad []string) backupd.Check {
	if len(bad) == 0 {
		return backupd.Check{Name: name, Good: true, Said: fmt.Sprintf("%d %s", looked, what)}
	}
	const shown = 5
	said := fmt.Sprintf("%d of %d: %s", len(bad), looked, strings.Join(bad[:min(shown, len(bad))], "; "))
	if len(bad) > shown {
		said += "; …"
	}
	return backupd.Check{Name: name, Said: said}
}

func (t *throwaway) tablesAreThere(ctx context.Context, want []backupd.Table) (backupd.Check, error) {
	rows, err := t.db.rows(ctx, "SELECT TABLE_SCHEMA, TABLE_NAME, ENGINE FROM information_schema.TABLES WHERE TABLE_TYPE = 'BASE TABLE'")
	if err != nil {
		return backupd.Check{}, fmt.Errorf("list the restored tables: %w", err)
	}
	engines := map[table]string{}
	for _, r := range rows {
		engines[table{r[0], r[1]}] = r[2]
	}
	var bad []string
	for _, w := range want {
		if engine := engines[table{w.Schema, w.Name}]; !isNDB(engine) {
			bad = append(bad, fmt.Sprintf("%s.%s is missing", w.Schema, w.Name))
		}
	}
	return of("tables are there", len(want), "tables", bad), nil
}

func (t *throwaway) rowsAreThere(ctx context.Context, m backupd.Manifest, another func()) (backupd.Check, error) {
	var bad []string
	looked := 0
	for i, w := range m.Content {
		if i > 0 {
			another()
		}
		if w.Rows == nil {
			continue
		}
		looked++
		got, err := t.db.value(ctx, "SELECT COUNT(*) FROM "+table{w.Schema, w.Name}.sql())
		if ctx.Err() != nil {
			return backupd.Check{}, context.Cause(ctx)
		}
		if err != nil {
			bad = append(bad, fmt.Sprintf("%s.%s: %v", w.Schema, w.Name, err))
		} else if want := fmt.Sprint(*w.Rows); got != want {
			bad = append(bad, fmt.Sprintf("%s.%s has %s rows, want %s", w.Schema, w.Name, got, want))
		}
	}
	return of("rows", looked, "tables that nobody wrote to meanwhile have as many rows as then", bad), nil
}

func (t *throwaway) sumsAgree(ctx context.Context, m backupd.Manifest, another func()) (backupd.Check, error) {
	var bad []string
	looked := 0
	for i, w := range m.Content {
		if i > 0 {
			another()
		}
		if !strings.HasPrefix(w.Sum, sumMark) {
			continue // none, or one that was made in another way
		}
		looked++
		got, err := t.sum(ctx, table{w.Schema, w.Name})
		if ctx.Err() != nil {
			return backupd.Check{}, context.Cause(ctx)
		}
		if err != nil {
			bad = append(bad, fmt.Sprintf("%s.%s: %v", w.Schema, w.Name, err))
		} else if got != w.Sum {
			bad = append(bad, fmt.Sprintf("%s.%s holds other rows than then", w.Schema, w.Name))
		}
	}
	return of("checksums", looked, "tables hold the same rows as then", bad), nil
}

func (t *throwaway) sum(ctx context.Context, of table) (string, error) {
	rows, err := t.db.rows(ctx, columnsQuery(of))
	if err != nil {
		return "", err
	}
	var columns [][2]string
	for _, r := range rows {
		columns = append(columns, [2]string{r[0], r[1]})
	}
	query, err := sumQuery(of, columns)
	if err != nil {
		return "", err
	}
	return t.db.value(ctx, query)
}

// allCanBeRead reads every row of every table: NDB has no CHECK TABLE, and what CHECKSUM TABLE says
// is of no interest here. Whether unique and foreign keys hold was found out when the indexes were
// built.
func (t *throwaway) allCanBeRead(ctx context.Context, m backupd.Manifest, another func()) (backupd.Check, error) {
	var bad []string
	for i, w := range m.Content {
		if i > 0 {
			another()
		}
		rows, err := t.db.rows(ctx, "CHECKSUM TABLE "+table{w.Schema, w.Name}.sql())
		switch {
		case ctx.Err() != nil:
			return backupd.Check{}, context.Cause(ctx)
		case err != nil:
			bad = append(bad, fmt.Sprintf("%s.%s: %v", w.Schema, w.Name, err))
		case len(rows) != 1 || len(rows[0]) != 2 || rows[0][1] == "NULL": // it says by a warning what is wrong
			bad = append(bad, fmt.Sprintf("%s.%s cannot be read", w.Schema, w.Name))
		}
	}
	return of("every row can be read", len(m.Content), "tables", bad), nil
}
