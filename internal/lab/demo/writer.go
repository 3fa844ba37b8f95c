package demo

import (
	"context"
	"database/sql"
	"fmt"
	"sync"
	"time"

	"github.com/go-sql-driver/mysql"

	"github.com/kagu-db/kagu/internal/lab"
)

// A Writer is the application: it inserts a row through the proxy, over and over, and keeps
// account of when it could not.
type Writer struct {
	db *sql.DB

	mu      sync.Mutex // guards what follows
	acked   int
	last    time.Time
	longest time.Duration
	from    time.Time // begin of the longest gap
}

// between is the pause from one row to the next.
const between = 20 * time.Millisecond

// NewWriter connects to the lab's proxy and makes the table.
func NewWriter(ctx context.Context, l *lab.Lab) (*Writer, error) {
	config, err := l.WriterConfig(l.Addresses[lab.HAProxy])
	if err != nil {
		return nil, err
	}
	config.DBName, config.Timeout, config.ReadTimeout = lab.Schema, time.Second, time.Second
	connector, err := mysql.NewConnector(config)
	if err != nil {
		return nil, err
	}
	w := &Writer{db: sql.OpenDB(connector)}
	w.db.SetMaxOpenConns(1)
	if _, err := w.db.ExecContext(ctx, "CREATE TABLE IF NOT EXISTS demo (id BIGINT AUTO_INCREMENT PRIMARY KEY, at DATETIME(6) NOT NULL)"); err != nil {
		return nil, fmt.Errorf("make the demo's table: %w", err)
	}
	return w, nil
}

// Run writes until the context ends.
func (w *Writer) Run(ctx context.Context) error {
	defer w.db.Close()
	tick := time.NewTicker(between)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		// A write that fails is what this is here to measure: the next one is the retry.
		if _, err := w.db.ExecContext(ctx, "INSERT INTO demo (at) VALUES (NOW(6))"); err == nil {
			w.ack(time.Now())
		}
	}
}

func (w *Writer) ack(now time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if gap := now.Sub(w.last); !w.last.IsZero() && gap > w.longest {
		w.longest, w.from = gap, w.last
	}
	w.last = now
	w.acked++
}

// Forget starts the account anew.
func (w *Writer) Forget() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.longest = 0
}

// Account returns how many rows were acknowledged and the longest time without one.
func (w *Writer) Account() (acked int, longest time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.acked, w.longest
}
