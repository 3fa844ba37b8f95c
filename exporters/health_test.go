package exporters

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/common/promslog"

	"github.com/kagu-db/kagu/internal/metric"
)

// yes is a node that is well.
func yes(reason string) Verdicts {
	v := Verdicts{Weight: 100}
	for k := range v.Of {
		v.Of[k] = Verdict{OK: true, Reason: reason}
	}
	return v
}

// a patient is a node whose health a test sets.
type patient struct {
	found    atomic.Pointer[Verdicts]
	takes    atomic.Int64 // how long a look lasts
	looks    atomic.Int64
	opened   atomic.Int64
	released atomic.Int64
}

func (p *patient) is(v Verdicts) { p.found.Store(&v) }

func (p *patient) checkup() Checkup {
	p.opened.Add(1)
	return Checkup{
		Look: func(ctx context.Context) Verdicts {
			p.looks.Add(1)
			select {
			case <-time.After(time.Duration(p.takes.Load())):
				return *p.found.Load()
			case <-ctx.Done():
				return Refused("no answer in time")
			}
		},
		Release: func() { p.released.Add(1) },
	}
}

var usual = HealthSettings{MaxAge: 200 * time.Millisecond, Deadline: 2 * time.Second, Rise: 3, Families: HealthFamilies{
	Health: metric.GaleraHealth, Age: metric.GaleraHealthAgeSeconds, LookSeconds: metric.GaleraHealthLookDurationSeconds,
	Looks: metric.GaleraHealthLooksTotal, Late: metric.GaleraHealthLateLooksTotal, Transitions: metric.GaleraHealthTransitionsTotal,
}}

// unhurried is for tests in the world's time: a look is not too old because the machine is busy.
var unhurried = func(s HealthSettings) HealthSettings {
	s.MaxAge, s.Deadline = time.Minute, 2*time.Minute
	return s
}(usual)

// attend serves the health of one target, "c/n".
func attend(t *testing.T, s HealthSettings) (*Health, *patient) {
	t.Helper()
	node := &patient{}
	node.is(yes("synced"))
	p := proberOf(t, func() ([]*Target, error) {
		target, err := prober(t).Fleet.target("c/n") // one that can be scraped too
		if err != nil {
			return nil, err
		}
		target.Checkup = node.checkup
		return []*Target{target, {Name: "c/mute"}}, nil
	})
	t.Cleanup(func() {
		p.Fleet.Close()
		if opened, released := node.opened.Load(), node.released.Load(); opened != released {
			t.Errorf("%d connections opened, %d released", opened, released)
		}
	})
	return &Health{Fleet: p.Fleet, Node: "c/n", Settings: s, Log: promslog.NewNopLogger()}, node
}

// told is what a proxy is told: the code and the line without its end.
func told(h *Health, kind Kind) string {
	w := httptest.NewRecorder()
	h.Handler(kind).ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/health/"+kind.String(), nil))
	return http.StatusText(w.Code) + " " + strings.TrimSpace(w.Body.String())
}

func expect(t *testing.T, when, want, got string) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s: want -, got +:\n%s", when, diff)
	}
}

// settled waits until what happens at this moment has happened.
func settled(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

func TestAnswers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, node := attend(t, usual)
		expect(t, "at once", "OK yes: synced; seen 0 ms ago", told(h, Writer))
		settled(60 * time.Millisecond)
		expect(t, "between two looks", "OK yes: synced; seen 60 ms ago", told(h, Writer))

		donor := yes("donor")
		donor.Of[Writer] = Verdict{Reason: "donor"}
		node.is(donor)
		settled(50 * time.Millisecond)
		expect(t, "a donor, to who writes", "Service Unavailable no: donor; seen 10 ms ago", told(h, Writer))
		expect(t, "a donor, to who reads", "OK yes: donor; seen 10 ms ago", told(h, Reader))
		expect(t, "a donor, to who takes any", "OK yes: donor; seen 10 ms ago", told(h, Any))
	})
}

func TestDownAtOnceUpAfterGoodLooks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, node := attend(t, usual)
		told(h, Writer)
		node.is(Refused("read_only is ON"))
		settled(110 * time.Millisecond)
		expect(t, "one bad look", "Service Unavailable no: read_only is ON; seen 10 ms ago", told(h, Writer))
		node.is(yes("synced"))
		settled(100 * time.Millisecond)
		expect(t, "one good look", "Service Unavailable no: synced again, seen in 1 of 3 looks; seen 10 ms ago", told(h, Writer))
		settled(100 * time.Millisecond)
		node.is(Refused("read_only is ON"))
		settled(100 * time.Millisecond)
		node.is(yes("synced"))
		settled(200 * time.Millisecond)
		expect(t, "two good looks after it relapsed", "Service Unavailable no: synced again, seen in 2 of 3 looks; seen 10 ms ago", told(h, Writer))
		settled(100 * time.Millisecond)
		expect(t, "three good looks", "OK yes: synced; seen 10 ms ago", told(h, Writer))
	})
}

func TestWhoCannotTellSaysNo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, node := attend(t, usual)
		told(h, Writer)
		node.takes.Store(int64(time.Hour))
		settled(190 * time.Millisecond)
		expect(t, "the look hangs, the last one is good still", "OK yes: synced; seen 190 ms ago", told(h, Writer))
		settled(20 * time.Millisecond)
		expect(t, "the look hangs", "Service Unavailable no: cannot tell: the last look is too old; seen 210 ms ago", told(h, Writer))
		expect(t, "the look hangs, says the agent", "down #cannot tell: the last look is too old, 210 ms\n", h.agentLine(t.Context()))
		looks := node.looks.Load()
		settled(1500 * time.Millisecond)
		if more := node.looks.Load() - looks; more != 0 {
			t.Errorf("%d looks while one hangs", more)
		}
		node.takes.Store(0)
		settled(500 * time.Millisecond)
		expect(t, "the hanging look is over its deadline, one good look since", "Service Unavailable", strings.SplitN(told(h, Writer), " no:", 2)[0])
		settled(300 * time.Millisecond)
		expect(t, "three good looks", "OK yes: synced", strings.SplitN(told(h, Writer), ";", 2)[0])

		node.takes.Store(int64(300 * time.Millisecond))
		settled(time.Second)
		if got := told(h, Writer); !strings.HasPrefix(got, "Service Unavailable no:") {
			t.Errorf("each look takes 300 ms: %s", got)
		}
	})
}

func TestTheFirstLookIsWaitedForAndNotForEver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, node := attend(t, usual)
		node.takes.Store(int64(150 * time.Millisecond))
		expect(t, "a slow first look", "OK yes: synced; seen 150 ms ago", told(h, Writer))
	})
	synctest.Test(t, func(t *testing.T) {
		h, node := attend(t, usual)
		node.takes.Store(int64(time.Hour))
		expect(t, "a first look that hangs", "Service Unavailable no: no look has ended yet; seen 200 ms ago", told(h, Writer))
	})
}

func TestACheckupEndsWhenNobodyAsks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, node := attend(t, usual)
		for range 10 {
			told(h, Any)
			settled(50 * time.Second)
		}
		if node.opened.Load() != 1 {
			t.Errorf("%d connections for proxies that ask every 50 s", node.opened.Load())
		}
		settled(2 * time.Minute)
		looks := node.looks.Load()
		settled(time.Hour)
		if node.looks.Load() != looks || node.released.Load() != 1 {
			t.Errorf("%d looks in an hour in which nobody asked, %d released", node.looks.Load()-looks, node.released.Load())
		}
		expect(t, "after the hour", "OK yes: synced; seen 0 ms ago", told(h, Any))
	})
}

func TestMaintenanceFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "maintenance")
	s := usual
	s.MaintenanceFile = file
	w := &watch{checkup: Checkup{Look: func(context.Context) Verdicts { return yes("synced") }}, settings: s}
	for _, c := range []struct {
		name    string
		prepare func() error
		want    Verdict
		maint   bool
	}{
		{"no file", func() error { return nil }, Verdict{true, "synced"}, false},
		{"the file exists", func() error { return os.WriteFile(file, nil, 0o600) }, Verdict{false, "maintenance: " + file + " exists"}, true},
		{"the file is gone", func() error { return os.Remove(file) }, Verdict{true, "synced"}, false},
		{"a link that leads nowhere is there", func() error { return os.Symlink("nowhere", file) }, Verdict{false, "maintenance: " + file + " exists"}, true},
		{"it cannot be told", func() error { w.settings.MaintenanceFile = file + "\x00"; return nil }, Verdict{false, "cannot tell whether it is maintenance: lstat " + file + "\x00: invalid argument"}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			if err := c.prepare(); err != nil {
				t.Fatal(err)
			}
			found := w.find(t.Context())
			if diff := cmp.Diff(c.want, found.Of[Writer]); diff != "" || found.Maintenance != c.maint {
				t.Errorf("maintenance %v, want -, got +:\n%s", found.Maintenance, diff)
			}
		})
	}
}

func TestALookThatPanicsIsANo(t *testing.T) {
	w := &watch{checkup: Checkup{Look: func(context.Context) Verdicts { panic("index out of range") }}, settings: usual}
	if v := w.find(t.Context()).Of[Any]; v.OK || !strings.HasPrefix(v.Reason, "the look panicked: index out of range") || strings.Contains(v.Reason, "\n") {
		t.Errorf("got %+v", v)
	}
}

func TestHealthRequests(t *testing.T) {
	h, _ := attend(t, unhurried)
	nobody := *h
	nobody.Node = ""
	for _, c := range []struct {
		name, method, url string
		health            *Health
		code              int
		says              string
	}{
		{"our own node", "GET", "/health/writer", h, 200, "yes: synced; seen "},
		{"a node by name", "GET", "/health/writer?target=c/n", &nobody, 200, "yes: synced; seen "},
		{"what option httpchk sends", "OPTIONS", "/health/writer", h, 200, "yes: synced; seen "},
		{"HEAD", "HEAD", "/health/writer", h, 200, ""},
		{"no node", "GET", "/health/writer", &nobody, 400, "which node?"},
		{"a node that is not in kagu.yaml", "GET", "/health/writer?target=c/x", h, 404, `no: unknown target "c/x"`},
		{"a target without health", "GET", "/health/writer?target=c/mute", h, 503, "no: this target has no health to tell"},
		{"POST", "POST", "/health/writer", h, 405, "GET, HEAD or OPTIONS"},
		{"a kind that there is not", "GET", "/health/dreamer", h, 404, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			handler, err := Site{Name: "test_exporter", Metrics: http.NotFoundHandler(), Prober: &Prober{}, Fleet: h.Fleet, Health: c.health}.Handler()
			if err != nil {
				t.Fatal(err)
			}
			server := httptest.NewServer(handler)
			defer server.Close()
			r, err := http.NewRequestWithContext(t.Context(), c.method, server.URL+c.url, nil)
			if err != nil {
				t.Fatal(err)
			}
			answer, err := http.DefaultClient.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			defer answer.Body.Close()
			body, err := io.ReadAll(answer.Body)
			if err != nil || answer.StatusCode != c.code || !strings.HasPrefix(string(body), c.says) && !strings.Contains(string(body), c.says) {
				t.Errorf("%d %s %v", answer.StatusCode, body, err)
			}
			if lines := strings.Count(string(body), "\n"); c.code != 404 && c.method != "HEAD" && lines != 1 {
				t.Errorf("%d lines: %q", lines, body)
			}
		})
	}
}

func TestAReloadEndsTheCheckupAndBeginsAnother(t *testing.T) {
	h, node := attend(t, unhurried)
	told(h, Writer)
	if err := h.Fleet.Reload(); err != nil {
		t.Fatal(err)
	}
	if node.released.Load() != 1 {
		t.Error("the checkup before the reload goes on")
	}
	if got := told(h, Writer); !strings.HasPrefix(got, "OK yes: synced") {
		t.Error(got)
	}
	h.Fleet.Close()
	if got := told(h, Writer); !strings.HasPrefix(got, "Service Unavailable no: ") {
		t.Errorf("after the end: %s", got)
	}
}

func TestAgentSays(t *testing.T) {
	start := time.Now()
	drained := Refused("wsrep_desync is ON")
	drained.Of[Any].OK = true
	maintained := Refused("wsrep_reject_queries is ALL")
	maintained.Maintenance = true
	reader := yes("donor")
	reader.Of[Writer].OK, reader.Weight = false, 70
	voice := agentVoice{readyUntil: start.Add(readyFor)}
	for _, c := range []struct {
		name  string
		after time.Duration // since the start
		found Verdicts
		want  string
	}{
		{"at the start a state of HAProxy's from before is left", 0, yes("synced"), "ready up 100%\n"},
		{"later an operator's word on HAProxy's socket stands", 31 * time.Second, yes("synced"), "up 100%\n"},
		{"a lower weight", 32 * time.Second, reader, "up 70%\n"},
		{"only who is there may stay", 33 * time.Second, drained, "up drain\n"},
		{"that is over", 34 * time.Second, yes("synced"), "ready up 100%\n"},
		{"maintenance", 40 * time.Second, maintained, "maint\n"},
		{"it fails right after maintenance", 41 * time.Second, Refused("connection refused"), "ready down #connection refused\n"},
		{"well again", 42 * time.Second, yes("synced"), "ready up 100%\n"},
		{"well for long", 72 * time.Second, yes("synced"), "up 100%\n"},
		{"down", 73 * time.Second, Refused("the component\nis non_primary"), "down #the component is non_primary\n"},
		{"up from down needs no ready", 74 * time.Second, yes("synced"), "up 100%\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			expect(t, "says", c.want, voice.say(c.found, start.Add(c.after)))
		})
	}
}

func TestAgentListens(t *testing.T) {
	s := usual
	s.MaxAge, s.Deadline = 6*time.Second, 10*time.Second // in the world's time; a look begins each 3 s
	h, node := attend(t, s)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- h.ServeAgent(ctx, l) }()
	ask := func(send string) string {
		conn, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		if _, err := io.WriteString(conn, send); err != nil {
			t.Fatal(err)
		}
		line, err := io.ReadAll(conn)
		if err != nil {
			t.Fatal(err)
		}
		return string(line)
	}
	expect(t, "a proxy that says nothing", "ready up 100%\n", ask(""))
	expect(t, "a proxy that sends a word", "ready up 100%\n", ask("hello\n"))
	node.is(Refused("connection refused"))
	for ask("") != "ready down #connection refused\n" { // until the next look; the test's own deadline bounds it
		continue
	}
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

func TestHealthSettings(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*HealthSettings)
		err    string
	}{
		{"the usual", func(*HealthSettings) {}, ""},
		{"an age that no look can keep", func(s *HealthSettings) { s.MaxAge = time.Millisecond }, "between 20ms and 1m"},
		{"an age of no use", func(s *HealthSettings) { s.MaxAge = time.Hour }, "between 20ms and 1m"},
		{"a deadline below the age", func(s *HealthSettings) { s.Deadline = 100 * time.Millisecond }, "below the greatest age"},
		{"no good look", func(s *HealthSettings) { s.Rise = 0 }, "at least 1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := usual
			c.change(&s)
			if err := s.Check(); (err == nil) != (c.err == "") || err != nil && !strings.Contains(err.Error(), c.err) {
				t.Errorf("got %v, want %q", err, c.err)
			}
		})
	}
}

func TestHealthMetrics(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, node := attend(t, usual)
		p := &Prober{Fleet: h.Fleet, Self: self, Log: promslog.NewNopLogger()}
		if _, got := ask(p, "c/n", "1"); len(got) != 0 {
			t.Errorf("no proxy asks, and there is %v", got)
		}
		told(h, Writer)
		node.is(Refused("read_only is ON"))
		settled(110 * time.Millisecond)
		node.takes.Store(int64(time.Hour))
		settled(60 * time.Millisecond)
		_, got := ask(p, "c/n", "1")
		want := []string{
			`galera_exporter_collector_success{collector="health"} 1`,
			"galera_health_age_seconds 0.07",
			`galera_health_late_looks_total 0`, `galera_health_looks_total 2`,
			`galera_health_transitions_total{kind="any",to="down"} 1`, `galera_health_transitions_total{kind="any",to="up"} 0`,
			`galera_health_transitions_total{kind="reader",to="down"} 1`, `galera_health_transitions_total{kind="reader",to="up"} 0`,
			`galera_health_transitions_total{kind="writer",to="down"} 1`, `galera_health_transitions_total{kind="writer",to="up"} 0`,
			`galera_health{kind="any"} 0`, `galera_health{kind="reader"} 0`, `galera_health{kind="writer"} 0`,
		}
		seen := map[string]bool{}
		for _, line := range got {
			seen[line] = true
		}
		for _, line := range want {
			if !seen[line] {
				t.Errorf("lacks %s in %q", line, got)
			}
		}
	})
}

// BenchmarkHealthAnswer is one answer to a proxy without the network.
func BenchmarkHealthAnswer(b *testing.B) {
	node := &patient{}
	node.is(yes("synced"))
	fleet, err := NewFleet(func() ([]*Target, error) { return []*Target{{Name: "c/n", Checkup: node.checkup}}, nil },
		families, prometheus.NewRegistry(), promslog.NewNopLogger())
	if err != nil {
		b.Fatal(err)
	}
	defer fleet.Close()
	h := (&Health{Fleet: fleet, Node: "c/n", Settings: usual}).Handler(Writer)
	r, w := httptest.NewRequest(http.MethodGet, "/health/writer", nil), &discard{header: http.Header{}}
	b.ReportAllocs()
	for b.Loop() {
		h.ServeHTTP(w, r)
	}
}

type discard struct{ header http.Header }

func (d *discard) Header() http.Header         { return d.header }
func (d *discard) Write(b []byte) (int, error) { return len(b), nil }
func (d *discard) WriteHeader(int)             {}
