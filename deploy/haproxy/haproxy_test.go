package haproxy_test

import (
	"context"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/kagu-db/kagu/internal/lab"
	"github.com/kagu-db/kagu/internal/lab/labtest"
	"github.com/kagu-db/kagu/internal/lab/proxytest"
	"github.com/kagu-db/kagu/internal/needs"
)

func TestHAProxyTakesTheFiles(t *testing.T) {
	haproxy := needs.Program(t, "haproxy", "haproxy")
	for _, args := range [][]string{{"-f", "galera.cfg"}, {"-f", "galera.cfg", "-f", "galera-agent.cfg"}} {
		out, err := exec.Command(haproxy, append([]string{"-c"}, args...)...).CombinedOutput()
		if err != nil || strings.Contains(string(out), "WARNING") {
			t.Errorf("haproxy -c %s: %v\n%s", strings.Join(args, " "), err, out)
		}
	}
}

// One cluster for the whole story: its start is most of what it costs.
func TestWritesGoOn(t *testing.T) {
	l := labtest.Up(t, lab.Options{Profile: lab.ProfileLAN})
	r := proxytest.New(t, l)
	r.StartExporters(t, needs.Build(t, "../../cmd/galera_exporter"), "--health.rise=2")
	r.StartHAProxy(t, "galera.cfg", "galera-agent.cfg")
	client, stop := proxytest.Write(t, l, r.Address(proxytest.WritePort), "story")
	n1, n2 := l.Nodes[0], l.Nodes[1]

	t.Run("an exporter says what it tells proxies", func(t *testing.T) {
		expectWriter(t, r, "n1")
		text := get(t, "http://"+r.Exporter(n1)+"/metrics")
		for _, want := range []string{`galera_health{kind="writer"} 1`, "galera_health_age_seconds ", "galera_health_look_duration_seconds ", "galera_health_looks_total ", "galera_health_late_looks_total ", `galera_health_transitions_total{kind="reader",to="down"} 0`} {
			if !strings.Contains(text, "\n"+want) {
				t.Errorf("/metrics lacks %s", want)
			}
		}
	})

	t.Run("maintenance moves the writer and ends", func(t *testing.T) {
		file := r.MaintenanceFile(n2)
		if err := os.WriteFile(file, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		awaitStatus(t, r, "galera_weighted", "n2", "MAINT")
		awaitStatus(t, r, "galera_writer", "n2", "DOWN")
		if err := os.Remove(file); err != nil {
			t.Fatal(err)
		}
		awaitStatus(t, r, "galera_weighted", "n2", "UP")
		awaitStatus(t, r, "galera_writer", "n2", "UP")
	})

	t.Run("a node out of step keeps its sessions and gets no new ones", func(t *testing.T) {
		set(t, l, "n2", "wsrep_desync = ON")
		awaitStatus(t, r, "galera_weighted", "n2", "DRAIN")
		awaitStatus(t, r, "galera_reader", "n2", "DOWN")
		set(t, l, "n2", "wsrep_desync = OFF")
		awaitStatus(t, r, "galera_weighted", "n2", "UP")
		awaitStatus(t, r, "galera_reader", "n2", "UP")
	})

	t.Run("a read-only node gets reads, and the writer moves at once", func(t *testing.T) {
		within(t, client, time.Second, func() {
			writer := writerOf(t, r)
			set(t, l, writer, "read_only = ON")
			awaitStatus(t, r, "galera_writer", writer, "DOWN")
			awaitStatus(t, r, "galera_reader", writer, "UP")
			client.Flows(t)
			next := writerOf(t, r)
			if next == writer {
				t.Errorf("%s is read-only and the writer", writer)
			}
			set(t, l, writer, "read_only = OFF")
			awaitStatus(t, r, "galera_writer", writer, "UP")
			client.Flows(t)
			expectWriter(t, r, next) // who comes back does not take over
		}, func() {})
	})

	t.Run("writes leave the last resort when somebody is a good choice again", func(t *testing.T) {
		for _, n := range l.Nodes {
			set(t, l, n.Name, "wsrep_desync = ON")
		}
		for _, n := range l.Nodes {
			awaitStatus(t, r, "galera_writer", n.Name, "DOWN")
		}
		client.Flows(t)
		proxytest.Await(t, "the client writes to the last resort", func() bool { return sessions(t, r, "galera_writer_last") == 1 })
		set(t, l, "n2", "wsrep_desync = OFF")
		proxytest.Await(t, "it writes to n2 and nowhere else", func() bool {
			return r.Server(t, "galera_writer", "n2", "scur") == "1" && sessions(t, r, "galera_writer_last") == 0
		})
		client.Flows(t)
		for _, name := range []string{"n1", "n3"} {
			set(t, l, name, "wsrep_desync = OFF")
			awaitStatus(t, r, "galera_writer", name, "UP")
		}
		client.Flows(t)
		expectWriter(t, r, "n2")
	})

	t.Run("the writer's server is killed", func(t *testing.T) {
		writer := ""
		within(t, client, 2500*time.Millisecond, func() {
			writer = writerOf(t, r)
			if err := l.Kill(t.Context(), writer); err != nil {
				t.Fatal(err)
			}
			awaitStatus(t, r, "galera_writer", writer, "DOWN")
			client.Flows(t)
		}, func() {
			if now := writerOf(t, r); now == writer {
				t.Errorf("%s was killed and is the writer", now)
			}
			if err := l.Start(t.Context(), writer); err != nil {
				t.Fatal(err)
			}
			if err := l.AwaitSynced(t.Context()); err != nil {
				t.Fatal(err)
			}
			awaitStatus(t, r, "galera_writer", writer, "UP")
		})
	})

	t.Run("the writer's server freezes", func(t *testing.T) {
		writer := ""
		within(t, client, 2500*time.Millisecond, func() {
			writer = writerOf(t, r)
			if err := l.Freeze(t.Context(), writer); err != nil {
				t.Fatal(err)
			}
			awaitStatus(t, r, "galera_writer", writer, "DOWN")
			client.Flows(t)
		}, func() {
			if now := writerOf(t, r); now == writer {
				t.Errorf("%s is frozen and the writer", now)
			}
			if err := l.Thaw(t.Context(), writer); err != nil {
				t.Fatal(err)
			}
			if err := l.AwaitSynced(t.Context()); err != nil {
				t.Fatal(err)
			}
			awaitStatus(t, r, "galera_writer", writer, "UP")
		})
	})

	t.Run("no acknowledged row is missing anywhere", func(t *testing.T) {
		stop()
		t.Logf("%d rows were acknowledged", client.Acked())
		for _, n := range l.Nodes {
			if missing, err := client.Missing(t.Context(), n); err != nil || len(missing) > 0 {
				t.Errorf("%s lacks %v, %v", n.Name, missing, err)
			}
		}
	})
}

// writerOf is the node that the proxy's stick table holds on to.
func writerOf(t *testing.T, r *proxytest.Rig) string {
	t.Helper()
	for _, field := range strings.Fields(r.Command(t, "show table galera_writer")) {
		if name, ok := strings.CutPrefix(field, "server_key="); ok {
			return name
		}
	}
	t.Fatal("the proxy holds on to nobody")
	return ""
}

// sessions counts those that a backend has now.
func sessions(t *testing.T, r *proxytest.Rig, backend string) int {
	t.Helper()
	n, err := strconv.Atoi(r.Server(t, backend, "BACKEND", "scur"))
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func expectWriter(t *testing.T, r *proxytest.Rig, want string) {
	t.Helper()
	if got := writerOf(t, r); got != want {
		t.Errorf("the writer is %s, want %s", got, want)
	}
}

// within bounds the longest time without an acknowledged row while something is done, after which all
// is made well again. The bound is wide, and on a busy machine it is tried up to three times: this
// test runs beside others. ./bench measures.
func within(t *testing.T, c *proxytest.Client, bound time.Duration, do, undo func()) {
	t.Helper()
	var gaps []time.Duration
	for range 3 {
		c.Forget()
		do()
		gap := c.Gap()
		undo()
		t.Logf("no row for %s", gap)
		if gaps = append(gaps, gap); gap <= bound {
			return
		}
	}
	t.Errorf("no row for %s, want at most %s", gaps, bound)
}

func awaitStatus(t *testing.T, r *proxytest.Rig, backend, server, status string) {
	t.Helper()
	proxytest.Await(t, backend+"/"+server+" is "+status, func() bool {
		return strings.HasPrefix(r.Server(t, backend, server, "status"), status)
	})
}

func set(t *testing.T, l *lab.Lab, node, what string) {
	t.Helper()
	if err := l.SQL(t.Context(), node, "SET GLOBAL "+what); err != nil {
		t.Fatal(err)
	}
}

func get(t *testing.T, url string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	var text strings.Builder
	if err := answer.Write(&text); err != nil {
		t.Fatal(err)
	}
	return text.String()
}
