package mgm_test

import (
	"context"
	"fmt"
	"net"
	"os"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/kagu-db/kagu/internal/mgm/mgmtest"
)

// A tape takes down what goes over the connections of a client, and can be told to break them
// or to spoil a request.
type tape struct {
	mu      sync.Mutex
	text    strings.Builder
	open    []net.Conn
	offline bool
	spoil   string // written in place of the name of the next command
}

func (r *tape) dial(ctx context.Context, network, address string) (net.Conn, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.offline {
		return nil, fmt.Errorf("the test has cut the way to %s", address)
	}
	c, err := new(net.Dialer).DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	r.open = append(r.open, c)
	return taped{c, r}, nil
}

// cut breaks the connections and lets no new ones through, until it is mended.
func (r *tape) cut() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.offline = true
	for _, c := range r.open {
		_ = c.Close() // it is broken on purpose
	}
	r.open = nil
}

func (r *tape) mend() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.offline = false
}

// rewind returns what was taken down since the last time.
func (r *tape) rewind() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	text := r.text.String()
	r.text.Reset()
	return text
}

func (r *tape) note(who string, b []byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for line := range strings.SplitAfterSeq(string(b), "\n") {
		if line == "" {
			continue
		}
		if r.text.Len() == 0 || strings.HasSuffix(r.text.String(), "\n") {
			r.text.WriteString(who)
		}
		r.text.WriteString(line)
	}
}

type taped struct {
	net.Conn
	tape *tape
}

func (c taped) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	c.tape.note("S: ", b[:n])
	return n, err
}

func (c taped) Write(b []byte) (int, error) {
	c.tape.mu.Lock()
	spoil := c.tape.spoil
	c.tape.spoil = ""
	c.tape.mu.Unlock()
	if spoil != "" {
		_, rest, _ := strings.Cut(string(b), "\n")
		b = []byte(spoil + "\n" + rest)
		n, err := c.Conn.Write(b)
		return n, err
	}
	c.tape.note("C: ", b)
	return c.Conn.Write(b)
}

// volatile is what differs from one lab to the next, and what stands for it in a transcript.
var volatile = []struct {
	found *regexp.Regexp
	put   string
}{
	{regexp.MustCompile(`127\.\d+\.\d+\.\d+`), "127.0.0.1"},
	{regexp.MustCompile(`(dynamic_id|connect_count): -?\d+`), "$1: 1"},
	{regexp.MustCompile(`(accepted|upgraded|current|authfail|port): \d+`), "$1: 1"},
	{regexp.MustCompile(`(current: 1\nS: tls): \d+`), "$1: 1"},
	{regexp.MustCompile(`(get session(?: id)?(?: reply)?\n[CS]: id): [1-9]\d*`), "$1: 1"},
	{regexp.MustCompile(`(pages_used|pages_total)=\d+`), "$1=1"},
	{regexp.MustCompile(`MC_\d+`), "MC_1"}, // the name of a cluster that was given none: when it was first started
	{regexp.MustCompile(`(config_filename|configdir|mycnf): .*`), "$1: (elsewhere)"},
	{regexp.MustCompile(`Content-Length: \d+`), "Content-Length: (of the body)"},
	{regexp.MustCompile(`(?:S: [A-Za-z0-9+/]{40,}=*\n)+(?:S: [A-Za-z0-9+/]+=*\n)?`), "S: (base64)\n"},
}

func settled(text string) string {
	for _, v := range volatile {
		text = v.found.ReplaceAllString(text, v.put)
	}
	return text
}

// replay makes a script of a transcript: to each command its answer.
func replay(t *testing.T, file string) mgmtest.Script {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	script := mgmtest.Opening()
	command, answer := "", ""
	asking := false
	for line := range strings.Lines(string(text)) {
		said, isAnswer := strings.CutPrefix(line, "S: ")
		if isAnswer {
			answer += said
			asking = false
			continue
		}
		if !asking {
			if command != "" {
				script = script.With(command, answer)
			}
			command, answer = strings.TrimSpace(strings.TrimPrefix(line, "C: ")), ""
		}
		asking = true
	}
	return script.With(command, answer)
}
