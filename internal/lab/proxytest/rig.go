package proxytest

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/kagu-db/kagu/deploy/haproxy"
	"github.com/kagu-db/kagu/internal/lab"
	"github.com/kagu-db/kagu/internal/needs"
)

// The ports of galera.cfg.
const (
	WritePort    = 3306
	ReadPort     = 3307
	WeightedPort = 3308
	ExporterPort = 10041
	AgentPort    = 10045
)

// A Rig is what stands in front of a lab.
type Rig struct {
	Lab    *lab.Lab
	Socket string // HAProxy's
	dir    string
	host   string // the proxy's address
}

// New makes a rig with nothing in it yet.
func New(t testing.TB, l *lab.Lab) *Rig {
	t.Helper()
	dir, err := os.MkdirTemp("", "kagu") // t.TempDir is too long for a Unix socket
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return &Rig{Lab: l, Socket: filepath.Join(dir, "admin.sock"), dir: dir, host: l.Network + ".100"}
}

// Address is where the proxy listens on one of the ports of galera.cfg.
func (r *Rig) Address(port int) string { return fmt.Sprintf("%s:%d", r.host, port) }

// Exporter is the exporter's address on the host of a node.
func (r *Rig) Exporter(n lab.Node) string { return fmt.Sprintf("%s:%d", n.Address, ExporterPort) }

// MaintenanceFile is the file that takes a node out.
func (r *Rig) MaintenanceFile(n lab.Node) string {
	return filepath.Join(r.dir, n.Name+".maintenance")
}

// StartExporters starts an exporter on the host of each node, and waits until each answers.
func (r *Rig) StartExporters(t testing.TB, program string, flags ...string) []*exec.Cmd {
	t.Helper()
	var all []*exec.Cmd
	for _, n := range r.Lab.Nodes {
		all = append(all, r.Start(t, program, append([]string{
			"--config.file=" + r.Lab.Config(), "--node=" + lab.ClusterName + "/" + n.Name, "--log.level=warn",
			"--web.listen-address=" + r.Exporter(n), fmt.Sprintf("--health.agent-listen-address=%s:%d", n.Address, AgentPort),
			"--health.maintenance-file=" + r.MaintenanceFile(n),
		}, flags...)...))
	}
	for _, n := range r.Lab.Nodes {
		r.AwaitHealth(t, n, "writer", http.StatusOK)
	}
	return all
}

// AwaitHealth waits until a node's exporter answers with a code.
func (r *Rig) AwaitHealth(t testing.TB, n lab.Node, kind string, code int) {
	t.Helper()
	client := http.Client{Timeout: time.Second}
	Await(t, fmt.Sprintf("/health/%s of %s answers %d", kind, n.Name, code), func() bool {
		answer, err := client.Get("http://" + r.Exporter(n) + "/health/" + kind)
		if err != nil {
			return false
		}
		_ = answer.Body.Close()
		return answer.StatusCode == code
	})
}

// StartHAProxy starts HAProxy with files of deploy/haproxy, the addresses replaced by the lab's.
func (r *Rig) StartHAProxy(t testing.TB, files ...string) {
	t.Helper()
	place := haproxy.Place{Socket: r.Socket, Write: r.Address(WritePort), Read: r.Address(ReadPort), Weighted: r.Address(WeightedPort)}
	for _, n := range r.Lab.Nodes {
		place.Servers = append(place.Servers, haproxy.Server{Name: n.Name, Address: n.SQLAddress()})
	}
	args := []string{"-db"}
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		config := filepath.Join(r.dir, filepath.Base(f))
		if err := os.WriteFile(config, []byte(place.Fill(string(text))), 0o600); err != nil {
			t.Fatal(err)
		}
		args = append(args, "-f", config)
	}
	r.Start(t, needs.Program(t, "haproxy", "haproxy"), args...)
	r.await(t, r.Address(WritePort))
}

func (r *Rig) await(t testing.TB, address string) {
	t.Helper()
	Await(t, address+" listens", func() bool {
		conn, err := net.Dial("tcp", address)
		if err == nil {
			_ = conn.Close()
		}
		return err == nil
	})
}

// Start starts a program that ends with the test at the latest.
func (r *Rig) Start(t testing.TB, program string, args ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.Command(program, args...)
	log, err := os.Create(filepath.Join(r.dir, fmt.Sprintf("%s-%d.log", filepath.Base(program), time.Now().UnixNano())))
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	cmd.Stdout, cmd.Stderr, cmd.Dir = log, log, r.dir
	cmd.Env = append(os.Environ(), "KAGU_LAB="+r.Lab.ID) // if this test is killed, the next lab clears it away
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		End(cmd)
		if t.Failed() {
			text, _ := os.ReadFile(log.Name())
			t.Logf("%s said:\n%s", program, text)
		}
	})
	return cmd
}

// End ends a program that Start began, and waits for it. A second time does nothing.
func End(cmd *exec.Cmd) {
	if cmd.ProcessState != nil {
		return
	}
	_ = cmd.Process.Signal(syscall.SIGTERM)
	hard := time.AfterFunc(5*time.Second, func() { _ = cmd.Process.Kill() })
	_ = cmd.Wait() // it was told to end: how it does is no matter
	hard.Stop()
}

// Await asks every few milliseconds until ok, for two minutes.
func Await(t testing.TB, what string, ok func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatalf("%s: waited in vain: %v", what, ctx.Err())
		}
	}
}
