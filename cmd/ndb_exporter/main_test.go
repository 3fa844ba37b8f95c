package main

import (
	"context"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/kagu-db/kagu/internal/mgm/mgmtest"
)

// two clusters with equal node ids, and one of another kind.
const fleet = `site: test
credentials:
  monitor: {user: monitor, password_file: monitor.pass}
hosts:
  m1: {address: 10.0.1.1}
  d2: {address: 10.0.1.2}
  d3: {address: 10.0.1.3}
  m4: {address: 10.0.2.1}
  d5: {address: 10.0.2.2}
  d6: {address: 10.0.2.3}
clusters:
  voip:
    kind: ndb
    management: [{id: 1, host: m1, address: "MANAGEMENT", service: ndb_mgmd.service}]
    data:
      - {id: 2, host: d2, service: ndbmtd.service}
      - {id: 3, host: d3, service: ndbmtd.service}
  tv:
    kind: ndb
    management: [{id: 1, host: m4, address: "127.0.0.1:1", service: ndb_mgmd.service}]
    data:
      - {id: 2, host: d5, service: ndbmtd.service}
      - {id: 3, host: d6, service: ndbmtd.service}
  backoffice:
    kind: galera
    nodes:
      - {name: n1, host: m1, sql: "127.0.0.1:3", service: mariadb.service}
`

// write puts a kagu.yaml and its password into a folder of the test.
func write(t *testing.T, text string) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range map[string]string{"kagu.yaml": text, "monitor.pass": "secret\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return filepath.Join(dir, "kagu.yaml")
}

func of(management string) string { return strings.ReplaceAll(fleet, "MANAGEMENT", management) }

func TestStart(t *testing.T) {
	good := of("127.0.0.1:2")
	file := write(t, good)
	for _, c := range []struct {
		name string
		args []string
		err  string // a part of it; "" none
	}{
		{"a good file is good", []string{"--config.file", file, "--config.check"}, ""},
		{"a good file with its cluster", []string{"--config.file", file, "--config.check", "--cluster=voip"}, ""},
		{"no file", []string{"--config.file", "no-such-file.yaml"}, "no-such-file.yaml"},
		{"secrets of others that we may not read", []string{"--config.file", write(t, good+"slack: {webhook_file: no-such-file}\n"), "--config.check"}, ""},
		{"a password that is not there", []string{"--config.file", write(t, strings.Replace(good, "monitor.pass", "no-such-file", 1)), "--config.check"}, "no-such-file"},
		{"a file with a fault", []string{"--config.file", write(t, good+"    colour: red\n"), "--config.check"}, "colour"},
		{"a cluster that is not in it", []string{"--config.file", file, "--cluster=radio"}, "no such NDB cluster"},
		{"a cluster of another kind", []string{"--config.file", file, "--cluster=backoffice"}, "no such NDB cluster"},
		{"a collector nobody knows", []string{"--config.file", file, "--collector.weather"}, "--collector.weather"},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := serve(t.Context(), c.args)
			if (err == nil) != (c.err == "") || err != nil && !strings.Contains(err.Error(), c.err) {
				t.Errorf("got %v, want %q", err, c.err)
			}
		})
	}
}

// The whole program beside a scripted management server: what each page says, a reload while the
// events are followed, and an end that leaves nothing running.
func TestServe(t *testing.T) {
	c := mgmtest.NewCluster(2)
	server := mgmtest.Listen(t, c)
	ignore := goleak.IgnoreCurrent()
	config := write(t, of(server.Address()))
	address := free(t)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		ended <- serve(ctx, []string{"--config.file", config, "--cluster=voip", "--web.listen-address", address, "--log.level=error", "--no-collector.management.sessions"})
	}()
	says := func(path string, code int, lines ...string) {
		t.Helper()
		await(t, address+path, code, lines...)
	}
	says("/-/ready", 200)
	says("/", 200, "ndb_exporter")
	says("/metrics", 200, "\nndb_up 1\n", "\nndb_exporter_targets 2\n", "\nndb_event_stream_up 1\n")
	says("/probe?target=voip", 200, "\nndb_up 1\n", `ndb_node_up{node="ndb-2",node_id="2",role="data"} 1`)
	says("/probe?target=tv", 200, "\nndb_up 0\n", `ndb_exporter_collector_success{collector="management"} 0`)
	says("/probe?target=backoffice", 404)
	says("/probe?target=voip&collect[]=management", 200, "\nndb_up 1\n")
	says("/probe?target=voip&collect[]=management.sessions", 400, "switched off")
	says("/sd", 200, `"__param_target":"voip"`, `"cluster":"tv"`, `"instance":"`+server.Address()+`"`)
	if text := get(address + "/probe?target=tv"); strings.Contains(text, "ndb_node_up{") {
		t.Error("a cluster with equal node ids shows the other's nodes")
	}

	c.Kill(3)
	says("/probe?target=voip", 200, `ndb_node_failures_total{node="ndb-3",node_id="3"} 1`, `ndb_node_up{node="ndb-3",node_id="3",role="data"} 0`)

	// Renaming the other cluster reloads this one's target too; what was counted stays.
	if err := os.WriteFile(config, []byte(strings.Replace(of(server.Address()), "  tv:", "  radio:", 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(os.Getpid(), syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	says("/probe?target=tv", 404)
	says("/probe?target=radio", 200, "\nndb_up 0\n")
	says("/probe?target=voip", 200, `ndb_node_failures_total{node="ndb-3",node_id="3"} 1`)
	says("/-/reload", 405)

	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	client.CloseIdleConnections()
	for tick, until := time.Tick(10*time.Millisecond), time.Now().Add(time.Minute); c.Listeners() > 0; <-tick {
		if time.Now().After(until) {
			t.Fatal("the event stream outlives the program")
		}
	}
	server.Close()
	goleak.VerifyNone(t, ignore)
}

// free is an address nobody listens at.
func free(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

var client = &http.Client{Timeout: 10 * time.Second}

func get(url string) string {
	_, text := ask(url)
	return text
}

func ask(url string) (int, string) {
	answer, err := client.Get("http://" + url)
	if err != nil {
		return 0, err.Error()
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		return 0, err.Error()
	}
	return answer.StatusCode, string(body)
}

// await asks until the answer has the code and the lines.
func await(t *testing.T, url string, code int, lines ...string) {
	t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	got, text := 0, ""
	for until := time.Now().Add(2 * time.Minute); time.Now().Before(until); <-tick.C {
		got, text = ask(url)
		missing := ""
		for _, line := range lines {
			if !strings.Contains(text, line) {
				missing = line
			}
		}
		if got == code && missing == "" {
			return
		}
	}
	t.Fatalf("%s answers %d, want %d with %q:\n%s", url, got, code, lines, text)
}
