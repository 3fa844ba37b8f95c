package bench

import (
	"context"
	"database/sql"
	"flag"
	"fmt"
	"math/rand/v2"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"

	"github.com/kagu-db/kagu/internal/cluster"
	"github.com/kagu-db/kagu/internal/lab"
	"github.com/kagu-db/kagu/internal/lab/proxytest"
	"github.com/kagu-db/kagu/internal/needs"
)

var (
	overheadPairs = flag.Int("ndb-pairs", 10, "how many pairs, with and without ndb_exporter, its overhead is measured in")
	overheadHalf  = flag.Duration("ndb-half", 15*time.Second, "how long each half of a pair is")
)

const (
	overheadClients = 4
	overheadRows    = 10000
	overheadEvery   = 5 * time.Second
	overheadTarget  = 1.02 // of the p99, at the median
)

// BenchmarkNDBOverhead lets clients read and write by primary key in a closed loop, with and
// without the exporter, in pairs that change their order.
func BenchmarkNDBOverhead(b *testing.B) {
	if b.N > 1 {
		return // it is long and prints its own n
	}
	program := needs.Build(b, "../cmd/ndb_exporter")
	l := up(b, lab.Options{Kind: cluster.KindNDB})
	r := proxytest.New(b, l)
	db := overheadTable(b, l)
	exporter := watcher{b: b, r: r, program: program, config: l.Config(), address: r.Address(proxytest.ExporterPort)}

	overheadLoad(b, db, *overheadHalf/2) // warm
	var p99, p50, rate []float64
	var with, without []time.Duration
	for i := range *overheadPairs {
		var on, off []time.Duration
		measure := func(watched bool) {
			if watched {
				stop := exporter.start()
				on = overheadLoad(b, db, *overheadHalf)
				stop()
			} else {
				off = overheadLoad(b, db, *overheadHalf)
			}
		}
		measure(i%2 == 0)
		measure(i%2 != 0)
		p99 = append(p99, over(on, off, 0.99))
		p50 = append(p50, over(on, off, 0.5))
		rate = append(rate, float64(len(on))/float64(len(off)))
		with, without = append(with, quantile(on, 0.99)), append(without, quantile(off, 0.99))
		fmt.Printf("  pair %2d: p99 %s with, %s without, ratio %.3f; %d and %d operations; %d scrapes so far\n", i+1,
			short(quantile(on, 0.99)), short(quantile(off, 0.99)), p99[i], len(on), len(off), exporter.scrapes)
	}
	what := fmt.Sprintf("p99 of key reads and writes, %d clients, ", overheadClients)
	row{what + "without the exporter", without, 0, 0}.print()
	row{what + fmt.Sprintf("scraped every %s", overheadEvery), with, 0, 0}.print()
	printRatios("p99 with the exporter over without", p99, overheadTarget)
	printRatios("  median latency", p50, 0)
	printRatios("  operations a second", rate, 0)
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

// A watcher is ndb_exporter and who scrapes it.
type watcher struct {
	b                        *testing.B
	r                        *proxytest.Rig
	program, config, address string
	scrapes                  int
}

// start starts the exporter, lets it connect, and scrapes it until stop is called.
func (w *watcher) start() (stop func()) {
	cmd := w.r.Start(w.b, w.program, "--config.file="+w.config, "--log.level=error", "--web.listen-address="+w.address)
	page := "http://" + w.address + "/probe?target=" + url.QueryEscape(lab.ClusterName)
	for range 2 { // the first connects and finds out what there is
		proxytest.Await(w.b, "the cluster is scraped", func() bool {
			text, err := scrape(page)
			return err == nil && strings.Contains(text, "\nndb_ndbinfo_state{state=\"serving\"} 1\n")
		})
	}
	ctx, cancel := context.WithCancel(w.b.Context())
	var scraping sync.WaitGroup
	scraping.Go(func() {
		tick := time.NewTicker(overheadEvery)
		defer tick.Stop()
		for {
			if _, err := scrape(page); err != nil {
				w.b.Errorf("scrape: %v", err)
			}
			w.scrapes++
			select {
			case <-tick.C:
			case <-ctx.Done():
				return
			}
		}
	})
	return func() {
		cancel()
		scraping.Wait()
		proxytest.End(cmd)
	}
}

func overheadTable(b *testing.B, l *lab.Lab) *sql.DB {
	b.Helper()
	config, err := l.WriterConfig(l.Members(cluster.RoleSQL)[0].SQLAddress())
	check(b, err)
	config.DBName = lab.Schema
	config.InterpolateParams = true // one round trip for each operation
	connector, err := mysql.NewConnector(config)
	check(b, err)
	db := sql.OpenDB(connector)
	db.SetMaxIdleConns(overheadClients)
	b.Cleanup(func() { _ = db.Close() })
	_, err = db.ExecContext(b.Context(), "CREATE TABLE leases (id INT PRIMARY KEY, v VARCHAR(100)) ENGINE=NDB")
	check(b, err)
	for first := 0; first < overheadRows; first += 1000 {
		rows := make([]string, 1000)
		for i := range rows {
			rows[i] = fmt.Sprintf("(%d,'%080d')", first+i, i)
		}
		_, err = db.ExecContext(b.Context(), "INSERT INTO leases VALUES "+strings.Join(rows, ","))
		check(b, err)
	}
	return db
}

// overheadLoad reads four times for each write, and returns how long each took.
func overheadLoad(b *testing.B, db *sql.DB, length time.Duration) []time.Duration {
	b.Helper()
	took := make([][]time.Duration, overheadClients)
	until := time.Now().Add(length)
	var clients sync.WaitGroup
	for c := range overheadClients {
		clients.Go(func() {
			conn, err := db.Conn(b.Context())
			if err != nil {
				b.Error(err)
				return
			}
			defer conn.Close()
			for n := 0; time.Now().Before(until); n++ {
				id, start := rand.IntN(overheadRows), time.Now()
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
