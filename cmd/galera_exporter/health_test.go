package main

import (
	"context"
	"io"
	"net"
	"net/http"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/alecthomas/kingpin/v2"
	"github.com/google/go-cmp/cmp"
)

// The table in docs/health.md is what the program does.
func TestHealthFlagsAreDocumented(t *testing.T) {
	text, err := os.ReadFile("../../docs/health.md")
	if err != nil {
		t.Fatal(err)
	}
	documented := map[string]string{}
	for _, m := range regexp.MustCompile("(?m)^\\| `--(health\\.[a-z-]+)` \\| ?(?:`([^`]*)`|off)? ?\\|").FindAllStringSubmatch(string(text), -1) {
		documented[m[1]] = m[2]
	}
	app, flags := kingpin.New("test", ""), map[string]string{}
	new(health).flags(app)
	for _, f := range app.Model().Flags {
		if strings.HasPrefix(f.Name, "health.") {
			flags[f.Name] = strings.Join(f.Default, "")
		}
	}
	if diff := cmp.Diff(flags, documented); diff != "" {
		t.Errorf("program -, page +:\n%s", diff)
	}
}

// A node whose server is not there is given nothing, by both protocols.
func TestHealthOfADeadServer(t *testing.T) {
	config := write(t, fleet)
	page, agent := free(t), free(t)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		ended <- serve(ctx, []string{
			"--config.file", config, "--node=lab/n1", "--log.level=error",
			"--web.listen-address", page, "--health.agent-listen-address", agent,
		})
	}()
	await(t, page, http.StatusServiceUnavailable, "/health/writer")
	answer, err := http.Get("http://" + page + "/health/any")
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if body, err := io.ReadAll(answer.Body); err != nil || !strings.HasPrefix(string(body), "no: the server does not answer: connection refused; seen ") {
		t.Errorf("%q %v", body, err)
	}
	conn, err := net.Dial("tcp", agent)
	for tick := time.Tick(10 * time.Millisecond); err != nil; <-tick { // its port opens beside the page's, a moment later perhaps
		conn, err = net.Dial("tcp", agent)
	}
	defer conn.Close()
	if line, err := io.ReadAll(conn); err != nil || string(line) != "ready down #the server does not answer: connection refused\n" {
		t.Errorf("%q %v", line, err)
	}
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
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
