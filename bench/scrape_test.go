package bench

import (
	"bufio"
	"compress/gzip"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/kagu-db/kagu/internal/lab"
	"github.com/kagu-db/kagu/internal/lab/proxytest"
	"github.com/kagu-db/kagu/internal/needs"
)

var (
	rounds = flag.Int("rounds", 8, "how often each exporter is scraped 250 times for each figure of a scrape")
	newer  = flag.String("newer", "", "a mysqld_exporter to measure against beside the distribution's")
)

// perRound is how many scrapes of one exporter follow one another; eight rounds are 2,000.
const perRound = 250

// A contest is what both sides are asked for.
type contest struct {
	what         string
	ours, theirs []string // collectors; none for the default set
	cpu          float64  // the target of the ratio
	allocated    float64  // the same
}

var contests = []contest{
	{"the same families", []string{"status", "variables", "workload"}, []string{"global_status", "global_variables"}, 0.35, 0.35},
	{"default sets", nil, nil, 0.5, 0},
}

// BenchmarkScrape scrapes an exporter on a database host and mysqld_exporter in turns, both warm,
// as Prometheus does it, from the same server.
func BenchmarkScrape(b *testing.B) {
	if b.N > 1 {
		return // it is long and prints its own n
	}
	program := needs.Build(b, "../cmd/galera_exporter")
	peers := []string{needs.Program(b, "prometheus-mysqld-exporter", "prometheus-mysqld-exporter")}
	if *newer != "" {
		peers = append(peers, *newer)
	}
	l := up(b, lab.Options{})
	r := proxytest.New(b, l)
	for _, peer := range peers {
		fmt.Println("against", version(b, peer))
		for _, c := range contests {
			c.run(b, r, program, peer)
		}
	}
}

func (c contest) run(b *testing.B, r *proxytest.Rig, program, peer string) {
	b.Helper()
	server, err := r.Lab.Server(r.Lab.Nodes[0].Name)
	check(b, err)
	sides := [2]*side{startOurs(b, r, program, c.ours), startTheirs(b, r, peer, c.theirs)}
	for range *rounds {
		for _, s := range sides {
			s.round(b, server.PID)
		}
	}
	ours, theirs := sides[0], sides[1]
	fmt.Printf("%s: ours %s, %d series; theirs %s, %d series\n", c.what, names(c.ours), ours.series, names(c.theirs), theirs.series)
	ratio{what: "  CPU of a scrape", ours: ours.cpu, theirs: theirs.cpu, unit: "ms", target: c.cpu}.print()
	ratio{what: "  CPU of it in the server", ours: ours.server, theirs: theirs.server, unit: "ms"}.print()
	ratio{what: "  allocated by a scrape", ours: ours.allocated, theirs: theirs.allocated, unit: "kB", target: c.allocated}.print()
	n := *rounds * perRound
	ratio{what: fmt.Sprintf("  resident memory after %d scrapes", n), ours: last(ours.resident), theirs: last(theirs.resident), unit: "MB", target: 0.75}.print()
	ratio{what: "  of that not backed by a file: heap and stacks", ours: last(ours.anonymous), theirs: last(theirs.anonymous), unit: "MB"}.print()
	for _, s := range sides {
		proxytest.End(s.cmd)
	}
}

// last is the last value, as all there is.
func last(values []float64) []float64 { return values[len(values)-1:] }

func names(collectors []string) string {
	if len(collectors) == 0 {
		return "as it is without a switch"
	}
	return strings.Join(collectors, " + ")
}

// A side is an exporter and what was measured of it, a value for each round.
type side struct {
	cmd                    *exec.Cmd
	url                    string
	series                 int
	cpu, server, allocated []float64 // of a scrape: milliseconds, milliseconds, kB
	resident, anonymous    []float64 // MB
}

// startOurs starts the exporter of the node's host. No proxy asks it for health, since there is
// nothing like it on the other side.
func startOurs(b *testing.B, r *proxytest.Rig, program string, collectors []string) *side {
	b.Helper()
	n := r.Lab.Nodes[0]
	cmd := r.Start(b, program, "--config.file="+r.Lab.Config(), "--node="+lab.ClusterName+"/"+n.Name, "--log.level=warn", "--web.listen-address="+r.Exporter(n))
	return newSide(b, cmd, "http://"+r.Exporter(n)+"/metrics", collectors)
}

func startTheirs(b *testing.B, r *proxytest.Rig, program string, collectors []string) *side {
	b.Helper()
	n := r.Lab.Nodes[0]
	account, err := r.Lab.MonitorConfig(n.SQLAddress())
	check(b, err)
	options := filepath.Join(b.TempDir(), "my.cnf")
	check(b, os.WriteFile(options, fmt.Appendf(nil, "[client]\nhost=%s\nport=%d\nuser=%s\npassword=%s\n", n.Address, n.SQL, account.User, account.Passwd), 0o600))
	cmd := r.Start(b, program, "--config.my-cnf="+options, "--log.level=error", "--web.listen-address="+n.Address+":9104")
	return newSide(b, cmd, "http://"+n.Address+":9104/metrics", collectors)
}

func newSide(b *testing.B, cmd *exec.Cmd, url string, collectors []string) *side {
	b.Helper()
	s := &side{cmd: cmd, url: url}
	for i, c := range collectors {
		s.url += map[bool]string{true: "?", false: "&"}[i == 0] + "collect[]=" + c
	}
	proxytest.Await(b, url+" answers", func() bool { _, err := scrape(s.url); return err == nil })
	for range 50 { // warm
		page, err := scrape(s.url)
		check(b, err)
		s.series = 0
		for line := range strings.Lines(page) {
			if !strings.HasPrefix(line, "#") {
				s.series++
			}
		}
	}
	if !strings.Contains(page(b, s.url), "_up 1\n") {
		b.Fatalf("%s does not say that the server is up", s.url)
	}
	return s
}

// round scrapes and writes down what it cost.
func (s *side) round(b *testing.B, server int) {
	b.Helper()
	allocated, used, served := s.total(b), cpu(b, s.cmd.Process.Pid), cpu(b, server)
	for range perRound {
		if _, err := scrape(s.url); err != nil {
			b.Fatal(err)
		}
	}
	each := func(d time.Duration) float64 { return d.Seconds() * 1000 / perRound }
	s.cpu = append(s.cpu, each(cpu(b, s.cmd.Process.Pid)-used))
	s.server = append(s.server, each(cpu(b, server)-served))
	s.allocated = append(s.allocated, (s.total(b)-allocated)/1000/perRound)
	s.resident = append(s.resident, memory(b, s.cmd.Process.Pid, "VmRSS"))
	s.anonymous = append(s.anonymous, memory(b, s.cmd.Process.Pid, "RssAnon"))
}

// total is what the exporter has allocated since it began, as it says itself.
func (s *side) total(b *testing.B) float64 {
	b.Helper()
	return value(b, page(b, s.url), "go_memstats_alloc_bytes_total")
}

// value reads the one series of a family off a page.
func value(b *testing.B, page, family string) float64 {
	b.Helper()
	for line := range strings.Lines(page) {
		if text, ok := strings.CutPrefix(line, family+" "); ok {
			v, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
			check(b, err)
			return v
		}
	}
	b.Fatalf("the exporter does not say %s", family)
	return 0
}

func page(b *testing.B, url string) string {
	b.Helper()
	text, err := scrape(url)
	check(b, err)
	return text
}

// scrape asks as Prometheus 2.42 does: compressed, over a connection that is kept.
func scrape(url string) (string, error) {
	request, err := http.NewRequest(http.MethodGet, url, nil)
	if err != nil {
		return "", err
	}
	request.Header.Set("Accept", "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1")
	request.Header.Set("Accept-Encoding", "gzip")
	request.Header.Set("X-Prometheus-Scrape-Timeout-Seconds", "10")
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return "", err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return "", fmt.Errorf("%s answers %s", url, answer.Status)
	}
	var body io.Reader = bufio.NewReader(answer.Body)
	if answer.Header.Get("Content-Encoding") == "gzip" {
		if body, err = gzip.NewReader(body); err != nil {
			return "", err
		}
	}
	text, err := io.ReadAll(body)
	return string(text), err
}

// memory is what the kernel says of a process, in MB.
func memory(b *testing.B, pid int, what string) float64 {
	b.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	check(b, err)
	for line := range strings.Lines(string(text)) {
		if value, ok := strings.CutPrefix(line, what+":"); ok {
			kib, err := strconv.ParseFloat(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(value), "kB")), 64)
			check(b, err)
			return kib * 1024 / 1e6
		}
	}
	b.Fatalf("process %d has no %s", pid, what)
	return 0
}

// version is the first line of what a program says of itself.
func version(b *testing.B, program string) string {
	b.Helper()
	text, err := exec.Command(program, "--version").CombinedOutput()
	check(b, err)
	line, _, _ := strings.Cut(string(text), "\n")
	return line
}
