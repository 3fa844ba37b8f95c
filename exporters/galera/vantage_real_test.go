package galera_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/common/promslog"

	"github.com/kagu-db/kagu/exporters"
	"github.com/kagu-db/kagu/exporters/galera"
	"github.com/kagu-db/kagu/internal/inventory"
	"github.com/kagu-db/kagu/internal/lab"
	"github.com/kagu-db/kagu/internal/metric"
)

// serve serves what a program with these targets would. It ends with the test.
func serve(t *testing.T, load func() ([]*exporters.Target, error)) (*exporters.Fleet, string) {
	t.Helper()
	own := prometheus.NewRegistry()
	fleet, err := exporters.NewFleet(load, exporters.FleetFamilies{
		Targets:  metric.GaleraExporterTargets,
		ReloadOK: metric.GaleraExporterConfigLastReloadSuccessful,
		ReloadAt: metric.GaleraExporterConfigLastReloadSuccessTimestampSeconds,
	}, own, promslog.NewNopLogger())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(fleet.Close)
	prober := &exporters.Prober{
		Fleet: fleet, Offset: 250 * time.Millisecond, Log: promslog.NewNopLogger(),
		Self: exporters.Self{
			Success: metric.GaleraExporterCollectorSuccess, Duration: metric.GaleraExporterCollectorDurationSeconds,
			Snapshot: metric.GaleraExporterLastSnapshotTimestampSeconds,
		},
		Shared: prometheus.NewCounter(prometheus.CounterOpts{Name: "shared"}),
	}
	handler, err := exporters.Site{
		Name: "galera_exporter", Metrics: prober.Own(own, ""), Prober: prober, Fleet: fleet,
		Health: &exporters.Health{Fleet: fleet, Log: promslog.NewNopLogger(), Settings: exporters.HealthSettings{
			MaxAge: time.Second, Deadline: 5 * time.Second, Rise: 1, Families: exporters.HealthFamilies{
				Health: metric.GaleraHealth, Age: metric.GaleraHealthAgeSeconds, LookSeconds: metric.GaleraHealthLookDurationSeconds,
				Looks: metric.GaleraHealthLooksTotal, Late: metric.GaleraHealthLateLooksTotal, Transitions: metric.GaleraHealthTransitionsTotal,
			},
		}},
	}.Handler()
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return fleet, server.URL
}

// A vantage is an exporter on the host of one node: it reads the node's files too, and tells
// proxies what the node may be given.
type vantage struct{ node, target, url string }

func vantageOf(t *testing.T, l *lab.Lab, node string) vantage {
	t.Helper()
	v := vantage{node: node, target: clusterName(t, l) + "/" + node}
	_, v.url = serve(t, func() ([]*exporters.Target, error) {
		f, err := inventory.Load(l.Config())
		if err != nil {
			return nil, err
		}
		targets := galera.Targets(f, galera.Options{Node: v.target, StatusFile: "wsrep_status.json", BigTable: 1 << 30})
		// that of galera_exporter without flags
		galera.HealthPolicy{Donor: galera.ForReads, Desynced: galera.Queries, ReadOnly: galera.ForReads, Queue: 100}.Attach(targets, f)
		return targets, nil
	})
	return v
}

// says waits until proxies are told the verdict and the page has all the lines.
func (v vantage) says(t *testing.T, verdict string, want ...string) {
	t.Helper()
	var seen sight
	lacks := settled(t, func() string {
		seen = v.look(t)
		return strings.Join(seen.lacks(verdict, want...), "\n")
	})
	if lacks != "" {
		t.Errorf("%s never said:\n%s\nbut at last: %s", v.node, lacks, seen)
	}
}

// A sight is what was seen from a vantage in one look.
type sight struct {
	verdict string
	lines   map[string]bool
}

func (v vantage) look(t *testing.T) sight {
	t.Helper()
	s := sight{verdict: v.verdict(t), lines: map[string]bool{}}
	text, _ := probe(t, v.url, v.target, "8")
	for line := range strings.Lines(text) {
		if !strings.HasPrefix(line, "#") {
			s.lines[strings.TrimSpace(line)] = true
		}
	}
	return s
}

// lacks returns what was not seen. A line that ends with a blank may have any value.
func (s sight) lacks(verdict string, want ...string) (missing []string) {
	if s.verdict != verdict {
		missing = append(missing, "proxies are told "+verdict)
	}
	for _, line := range want {
		if s.lines[line] || strings.HasSuffix(line, " ") && s.has(line) {
			continue
		}
		missing = append(missing, line)
	}
	return missing
}

func (s sight) has(series string) bool {
	for line := range s.lines {
		if strings.HasPrefix(line, series) {
			return true
		}
	}
	return false
}

// telling are the families that a reader of a failed test wants to see.
var telling = regexp.MustCompile(`^galera_(up|ready|connected|cluster_(size|status|members)|local_(state|recv)|evs_state|evicted|desync|flow_control|process_up|state_transfer|sst_|ist_)`)

// String is the verdict and what the page says of states and transfers.
func (s sight) String() string {
	var lines []string
	for line := range s.lines {
		if telling.MatchString(line) && !strings.HasSuffix(line, "} 0") {
			lines = append(lines, line)
		}
	}
	slices.Sort(lines)
	return s.verdict + "\n  " + strings.Join(lines, "\n  ")
}

// A film is what was seen in looks one after the other.
type film []sight

// has tells whether one look has it all.
func (f film) has(verdict string, want ...string) bool {
	return slices.ContainsFunc(f, func(s sight) bool { return len(s.lacks(verdict, want...)) == 0 })
}

// shows wants all of it in one and the same look.
func (f film) shows(t *testing.T, who, verdict string, want ...string) {
	t.Helper()
	best := []string{"there was no look"}
	for i, s := range f {
		lacks := s.lacks(verdict, want...)
		if len(lacks) == 0 {
			return
		}
		if i == 0 || len(lacks) < len(best) {
			best = lacks
		}
	}
	t.Errorf("the %s never said all at once; what came nearest lacks:\n%s", who, strings.Join(best, "\n"))
	last := ""
	for _, s := range f {
		if now := s.String(); now != last {
			t.Logf("%s: %s", who, now)
			last = now
		}
	}
}

// showsWithout wants the line in a look that has nothing of the series.
func (f film) showsWithout(t *testing.T, series, line string) {
	t.Helper()
	if !slices.ContainsFunc(f, func(s sight) bool { return s.lines[line] && !s.has(series) }) {
		t.Errorf("never said %s without %s", line, series)
	}
}

// verdict is what proxies are told, as TestJudge writes it: which of writer, reader and any may be
// sent to the node, and the reason of the first no.
func (v vantage) verdict(t *testing.T) string {
	t.Helper()
	letters, reason := "", ""
	for _, kind := range []exporters.Kind{exporters.Writer, exporters.Reader, exporters.Any} {
		ok, why := v.ask(t, kind)
		if ok {
			letters += strings.ToUpper(kind.String()[:1])
		} else {
			letters += "-"
		}
		if reason == "" || !ok && !strings.Contains(letters[:len(letters)-1], "-") {
			reason = why
		}
	}
	return letters + " " + reason
}

// ask asks for one kind of traffic, as a proxy does.
func (v vantage) ask(t *testing.T, kind exporters.Kind) (ok bool, reason string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, v.url+"/health/"+kind.String()+"?target="+v.target, nil)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	_, line, _ := strings.Cut(string(body), ": ")
	reason, _, _ = strings.Cut(line, "; seen ")
	return answer.StatusCode == http.StatusOK, strings.TrimSpace(reason)
}
