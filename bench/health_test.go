package bench

import (
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/kagu-db/kagu/internal/lab"
	"github.com/kagu-db/kagu/internal/lab/proxytest"
	"github.com/kagu-db/kagu/internal/needs"
)

var checks = flag.Duration("checks", 20*time.Second, "how long 500 proxies' checks a second are answered")

// BenchmarkHealth asks a node's exporter for its health 500 times a second, each time over a
// connection of its own as HAProxy does, and then clustercheck by socat one check after the other.
func BenchmarkHealth(b *testing.B) {
	if b.N > 1 {
		return // it is long and prints its own n
	}
	l := up(b, lab.Options{Nodes: 1})
	n := l.Nodes[0]
	r := proxytest.New(b, l)
	exporter := r.StartExporters(b, needs.Build(b, "../cmd/galera_exporter"))[0]
	server, err := l.Server(n.Name)
	if err != nil {
		b.Fatal(err)
	}

	const second = 5
	looking, serving := cpu(b, exporter.Process.Pid), cpu(b, server.PID)
	time.Sleep(second * time.Second) // nobody asks, and the looks go on
	looking, serving = cpu(b, exporter.Process.Pid)-looking, cpu(b, server.PID)-serving
	fmt.Printf("%-62s exporter %s, server %s of CPU a second\n", "looking at the node, ten times a second",
		short(looking/second), short(serving/second))

	took, used, served := barrage(b, r.Exporter(n), exporter.Process.Pid, server.PID)
	row{"health answer under 500 requests a second", took, 0.99, 2 * time.Millisecond}.print()
	ours, ourServer := used/time.Duration(len(took)), served/time.Duration(len(took))

	theirTook, theirs, theirServer := clustercheck(b, r, n, server.PID)
	row{"clustercheck by socat, one check after the other", theirTook, 0, 0}.print()
	fmt.Printf("%-62s %s and %s in the server; clustercheck %s and %s: ratio %.3f (wanted: 0.1)\n", "CPU of a check, looks included",
		short(ours), short(ourServer), short(theirs), short(theirServer), float64(ours+ourServer)/float64(theirs+theirServer))
}

// barrage asks every 2 ms. What it returns are the time of each answer and the CPU of both.
func barrage(b *testing.B, address string, exporter, server int) (took []time.Duration, used, served time.Duration) {
	b.Helper()
	count := int(*checks / (2 * time.Millisecond))
	took = make([]time.Duration, count)
	used, served = cpu(b, exporter), cpu(b, server)
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	var wg sync.WaitGroup
	for i := range took {
		<-tick.C
		wg.Go(func() {
			start := time.Now()
			if answer, err := knock(address, "/health/writer"); err != nil || !strings.HasPrefix(answer, "HTTP/1.1 200 ") {
				b.Errorf("%q %v", answer, err)
			}
			took[i] = time.Since(start)
		})
	}
	wg.Wait()
	return took, cpu(b, exporter) - used, cpu(b, server) - served
}

// knock asks as HAProxy does: one request, one connection.
func knock(address, path string) (string, error) {
	conn, err := net.Dial("tcp", address)
	if err != nil {
		return "", err
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(10 * time.Second))
	if _, err := io.WriteString(conn, "GET "+path+" HTTP/1.1\r\nHost: health\r\nConnection: close\r\n\r\n"); err != nil {
		return "", err
	}
	answer, err := io.ReadAll(conn)
	return string(answer), err
}

// clustercheck does the same with what others use.
func clustercheck(b *testing.B, r *proxytest.Rig, n lab.Node, server int) (took []time.Duration, used, served time.Duration) {
	b.Helper()
	socat := startClustercheck(b, r, n)
	address := n.Address + ":9200"
	served = cpu(b, server)
	for range 100 {
		start := time.Now()
		if answer, err := knock(address, "/"); err != nil || !strings.HasPrefix(answer, "HTTP/1.1 200 ") {
			b.Fatalf("%q %v", answer, err)
		}
		took = append(took, time.Since(start))
	}
	served = cpu(b, server) - served
	time.Sleep(time.Second) // socat counts the children that it has waited for
	proxytest.End(socat)
	used = socat.ProcessState.UserTime() + socat.ProcessState.SystemTime()
	count := time.Duration(len(took))
	return took, used / count, served / count
}

// startClustercheck lets socat answer on a node's host, port 9200.
func startClustercheck(b *testing.B, r *proxytest.Rig, n lab.Node) *exec.Cmd {
	b.Helper()
	script, err := filepath.Abs("testdata/clustercheck")
	if err != nil {
		b.Fatal(err)
	}
	account, err := r.Lab.MonitorConfig(n.SQLAddress())
	if err != nil {
		b.Fatal(err)
	}
	options := filepath.Join(b.TempDir(), n.Name+".cnf")
	text := fmt.Sprintf("[client]\nhost=%s\nport=%d\nuser=%s\npassword=%s\n", n.Address, n.SQL, account.User, account.Passwd)
	if err := os.WriteFile(options, []byte(text), 0o600); err != nil {
		b.Fatal(err)
	}
	cmd := r.Start(b, needs.Program(b, "socat", "socat"), "TCP-LISTEN:9200,fork,reuseaddr,backlog=128,bind="+n.Address, "EXEC:"+script+" "+options)
	proxytest.Await(b, "clustercheck answers", func() bool {
		answer, err := knock(n.Address+":9200", "/")
		return err == nil && strings.HasPrefix(answer, "HTTP/1.1 200 ")
	})
	return cmd
}

// cpu is what a process has used so far, in the kernel's ticks of 10 ms.
func cpu(b *testing.B, pid int) time.Duration {
	b.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		b.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(text), ") ")
	fields := strings.Fields(rest)
	ticks := 0
	for _, f := range fields[11:13] { // utime, stime
		t, err := strconv.Atoi(f)
		if err != nil {
			b.Fatal(err)
		}
		ticks += t
	}
	return time.Duration(ticks) * 10 * time.Millisecond
}
