package main

import (
	"context"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

const fleet = `site: test
credentials:
  monitor: {user: monitor, password_file: monitor.pass}
hosts:
  h1: {address: 127.0.0.1}
clusters:
  lab:
    kind: galera
    nodes:
      - {name: n1, host: h1, sql: "127.0.0.1:1", service: mariadb.service}
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

func TestStart(t *testing.T) {
	good := write(t, fleet)
	for _, c := range []struct {
		name string
		args []string
		err  string // a part of it; "" none
	}{
		{"a good file is good", []string{"--config.file", good, "--config.check"}, ""},
		{"a good file with its node", []string{"--config.file", good, "--config.check", "--node=lab/n1"}, ""},
		{"no file", []string{"--config.file", "no-such-file.yaml"}, "no-such-file.yaml"},
		{"secrets of others that we may not read", []string{"--config.file", write(t, fleet+"slack: {webhook_file: no-such-file}\n"), "--config.check"}, ""},
		{"a password that is not there", []string{"--config.file", write(t, strings.Replace(fleet, "monitor.pass", "no-such-file", 1)), "--config.check"}, "no-such-file"},
		{"a file with a fault", []string{"--config.file", write(t, fleet+"    colour: red\n"), "--config.check"}, "colour"},
		{"a node that is not in it", []string{"--config.file", good, "--node=lab/n9"}, "write CLUSTER/NODE"},
		{"a node without its cluster", []string{"--config.file", good, "--node=n1"}, "write CLUSTER/NODE"},
		{"an agent for no node", []string{"--config.file", good, "--health.agent-listen-address=127.0.0.1:0"}, "name it with --node"},
		{"an answer that may be older than its look", []string{"--config.file", good, "--health.max-age=5s"}, "below the greatest age"},
		{"a grade that there is not", []string{"--config.file", good, "--health.donor=perhaps"}, "must be one of none,reader,writer"},
		{"a flag nobody knows", []string{"--colour=red"}, "--colour"},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := serve(t.Context(), c.args)
			if (err == nil) != (c.err == "") || err != nil && !strings.Contains(err.Error(), c.err) {
				t.Errorf("got %v, want %q", err, c.err)
			}
		})
	}
}

func TestHangupReloads(t *testing.T) {
	config := write(t, fleet)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	_ = l.Close()
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		ended <- serve(ctx, []string{"--config.file", config, "--web.listen-address", address, "--log.level=error"})
	}()
	await(t, address, 200, "/-/ready")
	await(t, address, 404, "/probe?target=lab/n2")
	if err := os.WriteFile(config, []byte(strings.ReplaceAll(fleet, "n1", "n2")), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(os.Getpid(), syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	await(t, address, 200, "/probe?target=lab/n2")
	await(t, address, 404, "/probe?target=lab/n1")
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// await asks until the answer has the code.
func await(t *testing.T, address string, code int, path string) {
	t.Helper()
	client := &http.Client{Timeout: 5 * time.Second}
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	last := 0
	for until := time.Now().Add(time.Minute); time.Now().Before(until); <-tick.C {
		answer, err := client.Get("http://" + address + path)
		if err != nil {
			continue
		}
		_ = answer.Body.Close()
		if last = answer.StatusCode; last == code {
			return
		}
	}
	t.Fatalf("%s answers %d, want %d", path, last, code)
}
