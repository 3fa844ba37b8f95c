package proxytest

import (
	"context"
	"database/sql"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"

	"github.com/kagu-db/kagu/internal/lab"
)

// pace is the pause from one row to the next.
const pace = 10 * time.Millisecond

// A Client writes a numbered row every 10 ms through a proxy, as one application with one
// connection, and keeps a ledger: which rows were acknowledged, and when none was.
type Client struct {
	lab   *lab.Lab
	table string
	db    *sql.DB

	mu    sync.Mutex // guards what follows
	acked []int
	last  time.Time
	gap   time.Duration
}

// Write starts a client. It waits a second for an answer, then it connects anew. Stop ends it,
// and the test's end at the latest.
func Write(t testing.TB, l *lab.Lab, address, table string) (c *Client, stop func()) {
	t.Helper()
	config, err := l.WriterConfig(address)
	if err != nil {
		t.Fatal(err)
	}
	config.DBName, config.Timeout, config.ReadTimeout = lab.Schema, time.Second, time.Second
	connector, err := mysql.NewConnector(config)
	if err != nil {
		t.Fatal(err)
	}
	c = &Client{lab: l, table: table, db: sql.OpenDB(connector)}
	c.db.SetMaxOpenConns(1)
	if err := l.SQL(t.Context(), l.Nodes[0].Name, "CREATE TABLE "+lab.Schema+"."+table+" (id INT PRIMARY KEY)"); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() { defer close(ended); c.run(ctx) }()
	stop = func() { cancel(); <-ended }
	t.Cleanup(func() { stop(); _ = c.db.Close() })
	Await(t, "the first rows are acknowledged", func() bool { return c.Acked() > 10 })
	c.Forget()
	return c, stop
}

func (c *Client) run(ctx context.Context) {
	tick := time.NewTicker(pace)
	defer tick.Stop()
	for id := 1; ; id++ {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		// Of a write that fails nobody knows whether it happened. The next row is another one.
		if _, err := c.db.ExecContext(ctx, fmt.Sprintf("INSERT INTO %s VALUES (%d)", c.table, id)); err == nil {
			c.ack(id, time.Now())
		}
	}
}

func (c *Client) ack(id int, now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.last.IsZero() {
		c.gap = max(c.gap, now.Sub(c.last))
	}
	c.last, c.acked = now, append(c.acked, id)
}

// Acked counts the acknowledged rows.
func (c *Client) Acked() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.acked)
}

// Forget begins to look for the longest gap anew.
func (c *Client) Forget() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.gap = 0
}

// Gap is the longest time without an acknowledged row, one that still lasts included.
func (c *Client) Gap() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	return max(c.gap, time.Since(c.last))
}

// Flows waits until rows are acknowledged again.
func (c *Client) Flows(t testing.TB) {
	t.Helper()
	before := c.Acked()
	Await(t, "rows are acknowledged again", func() bool { return c.Acked() > before+20 })
}

// Missing returns the acknowledged rows that a node does not have.
func (c *Client) Missing(ctx context.Context, n lab.Node) ([]int, error) {
	config, err := c.lab.WriterConfig(n.SQLAddress())
	if err != nil {
		return nil, err
	}
	config.DBName, config.Params = lab.Schema, map[string]string{"wsrep_sync_wait": "1"}
	connector, err := mysql.NewConnector(config)
	if err != nil {
		return nil, err
	}
	db := sql.OpenDB(connector)
	defer db.Close()
	rows, err := db.QueryContext(ctx, "SELECT id FROM "+c.table)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	there := map[int]bool{}
	for rows.Next() {
		var id int
		if err := rows.Scan(&id); err != nil {
			return nil, err
		}
		there[id] = true
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	var missing []int
	for _, id := range c.acked {
		if !there[id] {
			missing = append(missing, id)
		}
	}
	return missing, rows.Err()
}
