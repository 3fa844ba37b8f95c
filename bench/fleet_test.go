package bench

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
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
	fleetPairs = flag.Int("fleet-pairs", 2, "how often; from 4 on it is said whether the black holes cost the others too much")
)

const (
	fleetSize  = 200
	fleetHoles = 50
	interval   = 15 * time.Second

	// fleetEnough is how many scrapes of a kind say something of the slowest 1 %: ten of them.
	fleetEnough = 1000
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
	for pair := range *fleetPairs {
		measure := []func(){
			func() { all.add(watchFleet(b, r, program, 0, moments(pair))) },
			func() { holed.add(watchFleet(b, r, program, fleetHoles, moments(pair))) },
		}
		if pair%2 == 1 {
			slices.Reverse(measure) // what changes with time changes both
		}
		for _, m := range measure {
			m()
		}
	}
	fmt.Printf("%d targets every %s, one process\n", fleetSize, interval)
	all.print("all alive")
	holed.print(fmt.Sprintf("%d black holes", fleetHoles))
	compareFleets(all, holed)
}

// compareFleets says what black holes cost the others: by each pair of runs, of which the p99 is the third slowest scrape or
// so, and by all of them together, which is what the target is about.
func compareFleets(all, holed tally) {
	names := [2]string{"with black holes", "all alive"}
	what := fmt.Sprintf("  p99 of the other %d", fleetSize-fleetHoles)
	ratio{what: what + ", each pair", ours: holed.p99, theirs: all.p99, unit: "ms", names: names}.print()
	p99 := func(t tally) []float64 { return []float64{quantile(t.took, 0.99).Seconds() * 1000} }
	together := ratio{what: what + ", together", ours: p99(holed), theirs: p99(all), unit: "ms", target: 1.1, names: names}
	if n := min(len(all.took), len(holed.took)); n < fleetEnough {
		together.target = 0
		fmt.Printf("  %d scrapes are too few to judge the slowest 1 %% by: give -fleet-pairs 4 or more\n", n)
	}
	together.print()
}

// moments draws when in an interval each target is scraped. Prometheus spreads them by a hash. Here each has a slot of its
// own, and is anywhere in it: at even distances all black holes would reach their deadline, 130 slots long, at the very moment
// at which another scrape begins.
func moments(seed int) []time.Duration {
	const slot = float64(interval) / fleetSize
	draw := rand.New(rand.NewPCG(uint64(seed), 0))
	all := make([]time.Duration, fleetSize)
	for i, n := range draw.Perm(fleetSize) {
		all[i] = time.Duration((float64(n) + draw.Float64()) * slot)
	}
	return all
}

// A tally is what was seen in some runs of one kind.
type tally struct {
	took       []time.Duration // scrapes of the targets that are never black holes
	cores      []float64       // share of a core, each interval
	memory     []float64       // MB at the end
	p99        []float64       // of each run, in milliseconds
	goroutines []float64       // each interval
	garbage    []float64       // how often it was collected, each interval
	unexpected int             // answers that say up of a black hole, or not of another
}

func (t *tally) add(o tally) {
	t.took, t.cores, t.memory = append(t.took, o.took...), append(t.cores, o.cores...), append(t.memory, o.memory...)
	t.p99 = append(t.p99, quantile(o.took, 0.99).Seconds()*1000)
	t.goroutines, t.garbage = append(t.goroutines, o.goroutines...), append(t.garbage, o.garbage...)
	t.unexpected += o.unexpected
}

func (t *tally) print(what string) {
	row{fmt.Sprintf("  scrape of the %d that stay, %s", fleetSize-fleetHoles, what), t.took, 0, 0}.print()
	limit{"  share of a core, " + what, t.cores, "%", 10}.print()
	limit{"  resident memory, " + what, t.memory, "MB", 64}.print()
	limit{"  goroutines, " + what, t.goroutines, "", 0}.print()
	limit{"  collections of garbage an interval, " + what, t.garbage, "", 0}.print()
	if t.unexpected > 0 {
		fmt.Printf("  answers that were not as they should be: %d\n", t.unexpected)
	}
}

// watchFleet starts an exporter, scrapes all targets once while all are alive, makes some of
// them black holes, and goes on scraping; all that again if it was disturbed.
func watchFleet(b *testing.B, r *proxytest.Rig, program string, holes int, at []time.Duration) (seen tally) {
	b.Helper()
	undisturbed(b, fmt.Sprintf("%d black holes", holes), func() { seen = watchFleetOnce(b, r, program, holes, at) })
	return seen
}

func watchFleetOnce(b *testing.B, r *proxytest.Rig, program string, holes int, at []time.Duration) tally {
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
	scrapeAll(b, url, interval, 0, at)
	for _, relay := range relays[fleetSize-holes:] {
		relay.darken(b)
	}
	t := tally{}
	stop := make(chan struct{})
	var sampler sync.WaitGroup
	sampler.Go(func() { t.cores = cores(b, cmd, stop) })
	sampler.Go(func() { t.goroutines, t.garbage = burdens(b, url, stop) })
	t.took, t.unexpected = scrapeAll(b, url, *fleetFor, holes, at)
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

// scrapeAll scrapes each target once an interval, each at its moment, and returns how long those took
// that are never black holes.
func scrapeAll(b *testing.B, url string, length time.Duration, holes int, moments []time.Duration) (took []time.Duration, unexpected int) {
	b.Helper()
	http.DefaultTransport.(*http.Transport).MaxIdleConnsPerHost = fleetSize
	var (
		wg sync.WaitGroup
		mu sync.Mutex // guards what is returned
	)
	began := time.Now()
	for i := range fleetSize {
		wg.Go(func() {
			for at := began.Add(moments[i]); at.Before(began.Add(length)); at = at.Add(interval) {
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

// burdens says, each interval until stop, how many goroutines a process has and how often it collected its
// garbage: what lengthens the slowest scrapes, and says more on a busy machine than how long they take.
func burdens(b *testing.B, url string, stop <-chan struct{}) (goroutines, garbage []float64) {
	tick := time.NewTicker(interval)
	defer tick.Stop()
	for before := -1.0; ; {
		text := page(b, url+"/metrics")
		now := value(b, text, "go_gc_duration_seconds_count")
		goroutines = append(goroutines, value(b, text, "go_goroutines"))
		if before >= 0 {
			garbage = append(garbage, now-before)
		}
		before = now
		select {
		case <-stop:
			return goroutines, garbage
		case <-tick.C:
		}
	}
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
