package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/kagu-db/kagu/internal/cluster"
	"github.com/kagu-db/kagu/internal/journal"
	"github.com/kagu-db/kagu/internal/lab"
	"github.com/kagu-db/kagu/internal/lab/labtest"
	"github.com/kagu-db/kagu/internal/node"
	"github.com/kagu-db/kagu/remediator"
)

// patience is for what comes within seconds where nothing else runs.
const patience = 3 * time.Minute

// A rig is a real cluster with hosts and a stand-in for Slack, and the real program, which the
// tests start, kill and start again themselves. Alerts come from the tests.
type rig struct {
	t   *testing.T
	lab *lab.Lab
}

func newRig(t *testing.T) *rig {
	t.Helper()
	return &rig{t, labtest.Up(t, lab.Options{
		Services: []lab.Service{lab.SSH, lab.Slack}, Mode: cluster.ModeAuto, Profile: lab.ProfileLAN,
	})}
}

// sub gives the rig to a subtest, and sees to it that the cluster is whole before and after.
func (r *rig) sub(name string, test func(*rig)) {
	r.t.Run(name, func(t *testing.T) {
		s := &rig{t, r.lab}
		s.whole()
		test(s)
	})
}

// whole waits until all nodes are synced; a test that failed may have left one down.
func (r *rig) whole() {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(r.t.Context(), patience)
	defer cancel()
	for _, n := range r.lab.Nodes {
		if _, err := r.lab.Server(n.Name); err != nil {
			if err := r.lab.Start(ctx, n.Name); err != nil {
				r.t.Fatal(err)
			}
		}
	}
	if err := r.lab.AwaitSynced(ctx); err != nil {
		r.t.Fatal(err)
	}
}

func (r *rig) must(err error) {
	r.t.Helper()
	if err != nil {
		r.t.Fatal(err)
	}
}

// config returns a copy of the lab's kagu.yaml with other words.
func (r *rig) config(oldnew ...string) string {
	r.t.Helper()
	text, err := os.ReadFile(r.lab.Config())
	r.must(err)
	for i := 0; i < len(oldnew); i += 2 {
		if !strings.Contains(string(text), oldnew[i]) {
			r.t.Fatalf("kagu.yaml of the lab holds no %q", oldnew[i])
		}
	}
	path := filepath.Join(r.lab.Dir, fmt.Sprintf("test-%d.yaml", time.Now().UnixNano()))
	r.must(os.WriteFile(path, []byte(strings.NewReplacer(oldnew...).Replace(string(text))), 0o600))
	r.t.Cleanup(func() { _ = os.Remove(path) })
	return path
}

// A life is one run of the real program.
type life struct {
	*rig
	cmd    *exec.Cmd
	url    string
	output *safeBuffer
	ended  chan error
}

type safeBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *safeBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *safeBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

// buildProgram builds the remediator with failpoints, once.
var buildProgram = sync.OnceValues(func() (string, error) {
	dir, err := lab.Scratch("failpoint")
	if err != nil {
		return "", err
	}
	cmd := exec.Command("go", "build", "-tags", "failpoint", "-o", dir+"/remediator", ".")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0") // as make build does, under go test -race too
	out, err := cmd.CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("build the remediator: %w: %s", err, out)
	}
	return dir + "/remediator", nil
})

func (r *rig) command(config, storage, address string) *exec.Cmd {
	r.t.Helper()
	path, err := buildProgram()
	r.must(err)
	return exec.Command(path, "--config.file="+config, "--storage.path="+storage, "--web.listen-address="+address,
		"--kill-switch.file="+filepath.Join(r.lab.Dir, "STOP"), "--relook-interval=2s")
}

func (r *rig) address() string {
	r.t.Helper()
	l, err := net.Listen("tcp", r.lab.Network+".200:0")
	r.must(err)
	defer l.Close()
	return l.Addr().String()
}

// start starts the program and waits until it is ready. failpoint may be "".
func (r *rig) start(config, storage, failpoint string) *life {
	r.t.Helper()
	address := r.address()
	p := &life{rig: r, url: "http://" + address, cmd: r.command(config, storage, address), output: &safeBuffer{}, ended: make(chan error, 1)}
	p.cmd.Stderr, p.cmd.Stdout = p.output, p.output
	p.cmd.Env = append(os.Environ(), "KAGU_FAILPOINT="+failpoint)
	r.must(p.cmd.Start())
	go func() { p.ended <- p.cmd.Wait() }()
	r.t.Cleanup(func() {
		_ = p.cmd.Process.Kill()
		if r.t.Failed() {
			r.t.Log(p.output)
		}
	})
	r.await("the remediator is ready", func() bool {
		resp, err := http.Get(p.url + "/-/ready")
		if err == nil {
			resp.Body.Close()
		}
		return err == nil && resp.StatusCode == http.StatusOK
	})
	return p
}

func (r *rig) await(what string, is func() bool) {
	r.t.Helper()
	for end := time.Now().Add(patience); !is(); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(end) {
			r.t.Fatalf("waited in vain: %s", what)
		}
	}
}

// died waits for the end of a program that a failpoint kills.
func (p *life) died() {
	p.t.Helper()
	select {
	case err := <-p.ended:
		if exit, ok := err.(*exec.ExitError); !ok || exit.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL {
			p.t.Fatalf("the remediator ended by itself: %v", err)
		}
	case <-time.After(patience):
		p.t.Fatal("the failpoint was not reached")
	}
}

func (p *life) halt() {
	p.t.Helper()
	p.must(p.cmd.Process.Signal(syscall.SIGTERM))
	select {
	case err := <-p.ended:
		p.must(err)
	case <-time.After(patience):
		p.t.Fatal("the remediator did not end")
	}
}

// post sends a webhook about the node, as Alertmanager would, and returns the answer.
func (p *life) post(node string, began time.Time, status string) (int, string) {
	p.t.Helper()
	body, err := json.Marshal(map[string]any{
		"version": "4", "status": status, "alerts": []any{map[string]any{
			"status": status, "startsAt": began, "fingerprint": fmt.Sprintf("%x", began.UnixNano()),
			"labels": map[string]string{"alertname": "GaleraNodeDown", "cluster": lab.ClusterName, "node": node, "remediate": "true"},
		}},
	})
	p.must(err)
	resp, err := http.Post(p.url+"/api/v1/alerts", "application/json", bytes.NewReader(body))
	p.must(err)
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	p.must(err)
	return resp.StatusCode, string(text)
}

func (p *life) alert(node string) {
	p.t.Helper()
	if status, text := p.post(node, time.Now(), "firing"); status != http.StatusAccepted {
		p.t.Fatalf("the alert was answered %d %s", status, text)
	}
}

func (p *life) client() remediator.Client {
	return remediator.Client{URL: p.url, HTTP: http.DefaultClient}
}

// incident waits until the newest incident is in the state and its summary has the words.
func (p *life) incident(state journal.State, words string) journal.Incident {
	p.t.Helper()
	var last journal.Incident
	for end := time.Now().Add(patience); ; time.Sleep(50 * time.Millisecond) {
		list, err := p.client().Incidents(p.t.Context(), journal.Filter{Limit: 20})
		p.must(err)
		for _, inc := range list {
			last = inc
			if inc.State == state && strings.Contains(inc.Summary, words) {
				return inc
			}
		}
		if time.Now().After(end) {
			p.t.Fatalf("no incident is %s with %q; the last one is %s: %s", state, words, last.State, last.Summary)
		}
	}
}

// metric waits for a line of /metrics that begins so.
func (p *life) metric(line string) {
	p.t.Helper()
	p.await("/metrics has a line that begins with "+line, func() bool {
		return strings.Contains(p.metrics(), "\n"+line)
	})
}

func (p *life) metrics() string {
	p.t.Helper()
	resp, err := http.Get(p.url + "/metrics")
	p.must(err)
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	p.must(err)
	return string(text)
}

// slack waits for a message that has the words.
func (r *rig) slack(words ...string) {
	r.t.Helper()
	r.await(fmt.Sprintf("Slack got a message with %q", words), func() bool {
		text, err := os.ReadFile(r.lab.SlackFile())
		r.must(err)
		for line := range strings.Lines(string(text)) {
			if !slices.ContainsFunc(words, func(w string) bool { return !strings.Contains(line, w) }) {
				return true
			}
		}
		return false
	})
}

// verbs counts what the remediator has ever sent to a node's host; the audit has a line for
// the beginning and the end of each.
func (r *rig) verbs(name string, verb node.Verb) int {
	r.t.Helper()
	sent := map[string]bool{}
	err := filepath.WalkDir(filepath.Join(r.lab.Dir, "ssh-"+name, "state"), func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasPrefix(d.Name(), "audit.log") {
			return err
		}
		text, err := os.ReadFile(path)
		for line := range bytes.Lines(text) {
			var entry struct {
				Verb   node.Verb
				ID, By string
			}
			if err := json.Unmarshal(line, &entry); err != nil {
				return err
			}
			if entry.Verb == verb && entry.By == "remediator" {
				sent[entry.ID] = true
			}
		}
		return err
	})
	r.must(err)
	return len(sent)
}

// servers counts the processes that run on a node's data directory.
func (r *rig) servers(name string) (count int) {
	r.t.Helper()
	n, err := r.lab.Node(name)
	r.must(err)
	links, err := filepath.Glob("/proc/[0-9]*/cwd")
	r.must(err)
	for _, link := range links {
		if target, err := os.Readlink(link); err == nil && target == n.DataDir() {
			count++
		}
	}
	return count
}
