package ndb

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/go-sql-driver/mysql"
)

// mysqlDB is a handle on an SQL node of our own. Statements may take as long as they take: what
// sqlconn sets for servers in production is not wanted here.
type mysqlDB struct{ pool *sql.DB }

func openMySQL(address, user, password string) *mysqlDB {
	c := mysql.NewConfig()
	c.User, c.Passwd, c.Net, c.Addr = user, password, "tcp", address
	c.Logger = &mysql.NopLogger{} // a server that is going up is no news here
	connector, err := mysql.NewConnector(c)
	if err != nil { // a fixed form of options
		panic(err)
	}
	pool := sql.OpenDB(connector)
	pool.SetMaxOpenConns(1)
	return &mysqlDB{pool}
}

func (d *mysqlDB) close() error { return d.pool.Close() }

// value returns the only value of the only row.
func (d *mysqlDB) value(ctx context.Context, query string) (string, error) {
	rows, err := d.rows(ctx, query)
	if err != nil {
		return "", err
	}
	if len(rows) != 1 || len(rows[0]) != 1 {
		return "", fmt.Errorf("the answer has %d rows, want one with one value", len(rows))
	}
	return rows[0][0], nil
}

// most bounds an answer: what is asked here has few rows.
const most = 1_000_000

// rows returns an answer as text, a NULL as "NULL".
func (d *mysqlDB) rows(ctx context.Context, query string) ([][]string, error) {
	answer, err := d.pool.QueryContext(ctx, query)
	if err != nil {
		return nil, err
	}
	defer answer.Close()
	names, err := answer.Columns()
	if err != nil {
		return nil, err
	}
	values := make([]sql.NullString, len(names))
	into := make([]any, len(names))
	for i := range values {
		into[i] = &values[i]
	}
	var all [][]string
	for answer.Next() {
		if len(all) == most {
			return nil, errors.New("the answer has too many rows")
		}
		if err := answer.Scan(into...); err != nil {
			return nil, err
		}
		row := make([]string, len(values))
		for i, v := range values {
			row[i] = "NULL"
			if v.Valid {
				row[i] = v.String
			}
		}
		all = append(all, row)
	}
	return all, answer.Err()
}

func (d *mysqlDB) do(ctx context.Context, statement string) error {
	_, err := d.pool.ExecContext(ctx, statement)
	return err
}
