package bench

import (
	"flag"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/kagu-db/kagu/internal/lab"
	"github.com/kagu-db/kagu/internal/lab/proxytest"
	"github.com/kagu-db/kagu/internal/needs"
)

var (
	fleetFor   = flag.Duration("fleet", 30*time.Second, "how long 200 targets are scraped, with all of them alive and then with 50 black holes")
	fleetPairs = flag.Int("fleet-pairs", 2, "how often")
)

const (
	fleetSize  = 200
	fleetHoles = 50
	interval   = 15 * time.Second
)

// BenchmarkFleet lets one process serve 200 targets every 15 s: addresses that lead to the three
// servers of a lab. Then 50 of them become black holes, and the others must not feel it.
func BenchmarkFleet(b *testing.B) {
	if b.N > 1 {
		return // it is long and prints its own n
	}
	l := up(b, lab.Options{})
	check(b, l.SQL(b.Context(), l.Nodes[0].Name, "ALTER USER '"+lab.MonitorUser+"'@'127.%' WITH MAX_USER_CONNECTIONS 0"))
	r := proxytest.New(b, l)
	program := needs.Build(b, "../cmd/galera_exporter")
	var all, holed tally
	for range *fleetPairs {
		for holes, t := range map[int]*tally{0: &all, fleetHoles: &holed} {
			var seen tally
			undisturbed(b, fmt.Sprintf("%d black holes", holes), func() { seen = watchFleet(b, r, program, holes) })
			t.add(seen)
		}
	}
	fmt.Printf("%d targets every %s, one process\n", fleetSize, interval)
	all.print("all alive")
	holed.print(fmt.Sprintf("%d black holes", fleetHoles))
	ratio{
		what: fmt.Sprintf("  p99 of the other %d", fleetSize-fleetHoles), ours: holed.p99, theirs: all.p99,
		unit: "ms", target: 1.1, names: [2]string{"with black holes", "all alive"},
	}.print()
}

// A tally is what was seen in some runs of one kind.
type tally struct {
	took       []time.Duration // scrapes of the targets that are never black holes
	cores      []float64       // share of a core, each interval
	memory     []float64       // MB at the end
	p99        []float64       // of each run, in milliseconds
	unexpected int             // answers that say up of a black hole, or not of another
}

func (t *tally) add(o tally) {
	t.took, t.cores, t.memory = append(t.took, o.took...), append(t.cores, o.cores...), append(t.memory, o.memory...)
	t.p99 = append(t.p99, quantile(o.took, 0.99).Seconds()*1000)
	t.unexpected += o.unexpected
}

func (t *tally) print(what string) {
	row{fmt.Sprintf("  scrape of the %d that stay, %s", fleetSize-fleetHoles, what), t.took, 0, 0}.print()
	limit{"  share of a core, " + what, t.cores, "%", 10}.print()
	limit{"  resident memory, " + what, t.memory, "MB", 64}.print()
	if t.unexpected > 0 {
		fmt.Printf("  answers that were not as they should be: %d\n", t.unexpected)
	}
}

// watchFleet starts an exporter, scrapes all targets once while all are alive, makes some of
// them black holes, and goes on scraping.
func watchFleet(b *testing.B, r *proxytest.Rig, program string, holes int) tally {
	b.Helper()
	var relays []*relay
	for i := range fleetSize {
		host := 11 + i
		if host >= 100 { // the rig's own
			host++
		}
		relays = append(relays, newRelay(b, fmt.Sprintf("%s.%d:3306", r.Lab.Network, host), r.Lab.Nodes[i%len(r.Lab.Nodes)].SQLAddress()))
	}
	defer func() {
		for _, relay := range relays {
			relay.close()
		}
	}()
	cmd := r.Start(b, program, "--config.file="+fleetFile(b, r, relays), "--log.level=error", "--web.listen-address="+r.Address(proxytest.ExporterPort))
	defer proxytest.End(cmd)
	url := "http://" + r.Address(proxytest.ExporterPort)
	proxytest.Await(b, "the exporter answers", func() bool { _, err := scrape(url + "/-/ready"); return err == nil })
	scrapeAll(b, url, interval, 0)
	for _, relay := range relays[fleetSize-holes:] {
		relay.darken(b)
	}
	t := tally{}
	stop := make(chan struct{})
	var sampler sync.WaitGroup
	sampler.Go(func() { t.cores = cores(b, cmd, stop) })
	t.took, t.unexpected = scrapeAll(b, url, *fleetFor, holes)
	close(stop)
	sampler.Wait()
	t.memory = []float64{memory(b, cmd.Process.Pid, "VmRSS")}
	return t
}

// fleetFile writes a kagu.yaml of clusters of four.
func fleetFile(b *testing.B, r *proxytest.Rig, relays []*relay) string {
	b.Helper()
	account, err := r.Lab.MonitorConfig(relays[0].address)
	check(b, err)
	dir := b.TempDir()
	var hosts, clusters strings.Builder
	for i, relay := range relays {
		host, _, _ := strings.Cut(relay.address, ":")
		fmt.Fprintf(&hosts, "  h%d: {address: %s}\n", i, host)
		if i%4 == 0 {
			fmt.Fprintf(&clusters, "  c%d:\n    kind: galera\n    nodes:\n", i/4)
		}
		fmt.Fprintf(&clusters, "      - {name: n%d, host: h%d, sql: \"%s\", service: mariadb.service}\n", i, i, relay.address)
	}
	text := fmt.Sprintf("site: bench\ncredentials:\n  monitor: {user: %s, password_file: monitor.pass}\nhosts:\n%sclusters:\n%s", account.User, hosts.String(), clusters.String())
	check(b, os.WriteFile(filepath.Join(dir, "monitor.pass"), []byte(account.Passwd+"\n"), 0o600))
	check(b, os.WriteFile(filepath.Join(dir, "kagu.yaml"), []byte(text), 0o600))
	return filepath.Join(dir, "kagu.yaml")
}

// scrapeAll scrapes each target once an interval, spread over it as Prometheus spreads them, and
// returns how long those took that are never black holes.
func scrapeAll(b *testing.B, url string, length time.Duration, holes int) (took []time.Duration, unexpected int) {
	b.Helper()
	http.DefaultTransport.(*http.Transport).MaxIdleConnsPerHost = fleetSize
	var (
		wg sync.WaitGroup
		mu sync.Mutex // guards what is returned
	)
	began := time.Now()
	for i := range fleetSize {
		wg.Go(func() {
			for at := began.Add(time.Duration(i) * interval / fleetSize); at.Before(began.Add(length)); at = at.Add(interval) {
				time.Sleep(time.Until(at))
				start := time.Now()
				text, err := scrape(fmt.Sprintf("%s/probe?target=c%d/n%d", url, i/4, i))
				t := time.Since(start)
				mu.Lock()
				if err != nil || strings.Contains(text, "\ngalera_up 1\n") != (i < fleetSize-holes) {
					unexpected++
				}
				if i < fleetSize-fleetHoles {
					took = append(took, t)
				}
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	return took, unexpected
}

// cores says what share of a core a process used in each interval, in percent, until stop.
func cores(b *testing.B, cmd *exec.Cmd, stop <-chan struct{}) (shares []float64) {
	b.Helper()
	tick := time.NewTicker(interval)
	defer tick.Stop()
	for before := cpu(b, cmd.Process.Pid); ; {
		select {
		case <-stop:
			return shares
		case <-tick.C:
			now := cpu(b, cmd.Process.Pid)
			shares = append(shares, 100*(now-before).Seconds()/interval.Seconds())
			before = now
		}
	}
}
