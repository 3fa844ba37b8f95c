package bench

import (
	"database/sql"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"

	"github.com/kagu-db/kagu/internal/lab"
)

const (
	loadClients = 4
	loadRows    = 10000
)

// server opens the lab's schema on a SQL node, as who writes.
func server(b *testing.B, l *lab.Lab, address string) *sql.DB {
	b.Helper()
	config, err := l.WriterConfig(address)
	check(b, err)
	config.DBName = lab.Schema
	config.InterpolateParams = true // one round trip for each operation
	connector, err := mysql.NewConnector(config)
	check(b, err)
	db := sql.OpenDB(connector)
	db.SetMaxIdleConns(loadClients)
	b.Cleanup(func() { _ = db.Close() })
	return db
}

// loadTable makes the table that keyLoad reads and writes.
func loadTable(b *testing.B, db *sql.DB, engine string) {
	b.Helper()
	_, err := db.ExecContext(b.Context(), "CREATE TABLE leases (id INT PRIMARY KEY, v VARCHAR(100)) ENGINE="+engine)
	check(b, err)
	for first := 0; first < loadRows; first += 1000 {
		rows := make([]string, 1000)
		for i := range rows {
			rows[i] = fmt.Sprintf("(%d,'%080d')", first+i, i)
		}
		_, err = db.ExecContext(b.Context(), "INSERT INTO leases VALUES "+strings.Join(rows, ","))
		check(b, err)
	}
}

// keyLoad reads and writes by primary key in a closed loop, four reads for each write, and returns how
// long each took.
func keyLoad(b *testing.B, db *sql.DB, length time.Duration) []time.Duration {
	b.Helper()
	took := make([][]time.Duration, loadClients)
	until := time.Now().Add(length)
	var clients sync.WaitGroup
	for c := range loadClients {
		clients.Go(func() {
			conn, err := db.Conn(b.Context())
			if err != nil {
				b.Error(err)
				return
			}
			defer conn.Close()
			for n := 0; time.Now().Before(until); n++ {
				id, start := rand.IntN(loadRows), time.Now()
				if n%5 == 0 {
					_, err = conn.ExecContext(b.Context(), "UPDATE leases SET v = ? WHERE id = ?", fmt.Sprint(start.UnixNano()), id)
				} else {
					var v string
					err = conn.QueryRowContext(b.Context(), "SELECT v FROM leases WHERE id = ?", id).Scan(&v)
				}
				if err != nil {
					b.Error(err)
					return
				}
				took[c] = append(took[c], time.Since(start))
			}
		})
	}
	clients.Wait()
	return slices.Concat(took...)
}

// A pairing is load with and without something beside it, pair by pair.
type pairing struct {
	with, without  []time.Duration // p99 of each pair
	p99, p50, rate []float64       // with over without
}

func (p *pairing) add(with, without []time.Duration) {
	p.p99, p.p50 = append(p.p99, over(with, without, 0.99)), append(p.p50, over(with, without, 0.5))
	p.rate = append(p.rate, float64(len(with))/float64(len(without)))
	p.with, p.without = append(p.with, quantile(with, 0.99)), append(p.without, quantile(without, 0.99))
	fmt.Printf("  pair %2d: p99 %s with, %s without, ratio %.3f; %d and %d operations\n", len(p.p99),
		short(quantile(with, 0.99)), short(quantile(without, 0.99)), p.p99[len(p.p99)-1], len(with), len(without))
}

func (p *pairing) print(beside string, target float64) {
	what := fmt.Sprintf("p99 of key reads and writes, %d clients, ", loadClients)
	row{what + "alone", p.without, 0, 0}.print()
	row{what + beside, p.with, 0, 0}.print()
	printRatios("p99, "+beside+" over alone", p.p99, target)
	printRatios("  median latency", p.p50, 0)
	printRatios("  operations a second", p.rate, 0)
}

// over is the quantile of one load over that of another.
func over(a, b []time.Duration, q float64) float64 {
	return float64(quantile(a, q)) / float64(quantile(b, q))
}

func printRatios(what string, ratios []float64, target float64) {
	sorted := slices.Sorted(slices.Values(ratios))
	n := len(sorted)
	median := middle(ratios)
	verdict := ""
	if target > 0 {
		verdict = fmt.Sprintf("  median ≤ %g: %s", target, map[bool]string{true: "reached", false: "NOT reached"}[median <= target])
	}
	fmt.Printf("%-62s n=%-5d median %.3f  spread %.3f to %.3f%s\n", what, n, median, sorted[0], sorted[n-1], verdict)
}
