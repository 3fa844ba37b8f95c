package bench

import (
	"flag"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/kagu-db/kagu/internal/cluster"
	"github.com/kagu-db/kagu/internal/lab"
	"github.com/kagu-db/kagu/internal/lab/proxytest"
	"github.com/kagu-db/kagu/internal/mgm/mgmtest"
	"github.com/kagu-db/kagu/internal/needs"
)

var (
	ndbScrapes = flag.Int("ndb-scrapes", 500, "how often each group of collectors of an NDB cluster is scraped")
	ndbFor     = flag.Duration("ndb-fleet", 2*time.Minute, "how long 20 scripted NDB clusters are scraped")
)

const (
	ndbFleetSize = 20
	ndbDataNodes = 4
)

// groups are what the issue names times for. The first is what tells how the nodes are, while no
// SQL node is alive.
var groups = []struct {
	what       string
	collectors []string // none for those that are on
	target     time.Duration
}{
	{"fast group: management protocol", []string{"management"}, 20 * time.Millisecond},
	{"  and what the events told", []string{"management", "events"}, 20 * time.Millisecond},
	{"normal group: all that is on, ndbinfo too", nil, 300 * time.Millisecond},
}

// BenchmarkNDBScrape scrapes a real cluster of four data nodes, group by group, and then kills them
// in turn.
func BenchmarkNDBScrape(b *testing.B) {
	if b.N > 1 {
		return // it is long and prints its own n
	}
	program := needs.Build(b, "../cmd/ndb_exporter")
	l := up(b, lab.Options{Kind: cluster.KindNDB, Data: ndbDataNodes})
	r := proxytest.New(b, l)
	address := r.Address(proxytest.ExporterPort)
	cmd := r.Start(b, program, "--config.file="+l.Config(), "--log.level=error", "--web.listen-address="+address)
	base := "http://" + address + "/probe?target=" + url.QueryEscape(lab.ClusterName)
	proxytest.Await(b, "the cluster is scraped", func() bool {
		text, err := scrape(base)
		return err == nil && strings.Contains(text, fmt.Sprintf("\nndb_data_nodes{state=\"started\"} %d\n", ndbDataNodes))
	})
	for _, g := range groups {
		target := base
		for _, c := range g.collectors {
			target += "&collect[]=" + c
		}
		_ = page(b, target) // warm
		took := make([]time.Duration, 0, *ndbScrapes)
		used := cpu(b, cmd.Process.Pid)
		for range *ndbScrapes {
			began := time.Now()
			_ = page(b, target)
			took = append(took, time.Since(began))
		}
		used = cpu(b, cmd.Process.Pid) - used
		row{g.what, took, 0.99, g.target}.print()
		series := 0
		for line := range strings.Lines(page(b, target)) {
			if !strings.HasPrefix(line, "#") {
				series++
			}
		}
		fmt.Printf("    %d series of %d data nodes; CPU of a scrape in the exporter %s\n", series, ndbDataNodes, short(used/time.Duration(*ndbScrapes)))
	}
	killDataNodes(b, l, base)
}

// BenchmarkNDBFleet lets one process watch 20 scripted clusters, each scraped every 15 s and its
// events listened to.
func BenchmarkNDBFleet(b *testing.B) {
	if b.N > 1 {
		return // it is long and prints its own n
	}
	needs.Servers(b)
	program := needs.Build(b, "../cmd/ndb_exporter")
	var clusters []*mgmtest.Cluster
	var servers []string
	for range ndbFleetSize {
		c := mgmtest.NewCluster(ndbDataNodes)
		clusters = append(clusters, c)
		servers = append(servers, mgmtest.Listen(b, c).Address())
	}
	r := proxytest.New(b, &lab.Lab{Network: "127.0.0"})
	address := free(b)
	cmd := r.Start(b, program, "--config.file="+ndbFleetFile(b, servers), "--log.level=error", "--web.listen-address="+address)
	proxytest.Await(b, "the exporter answers", func() bool { _, err := scrape("http://" + address + "/-/ready"); return err == nil })
	probe := func(i int) (string, error) {
		return scrape(fmt.Sprintf("http://%s/probe?target=c%d", address, i))
	}
	for i := range clusters { // connects, and begins to listen
		_, err := probe(i)
		check(b, err)
	}
	proxytest.Await(b, "the events of all clusters are listened to", func() bool {
		for _, c := range clusters {
			if c.Listeners() != 1 {
				return false
			}
		}
		return true
	})
	var (
		wg, sampler sync.WaitGroup
		mu          sync.Mutex // guards took and wrong
		took        []time.Duration
		wrong       int
		shares      []float64
	)
	stop := make(chan struct{})
	sampler.Go(func() { shares = cores(b, cmd, stop) })
	began := time.Now()
	for i := range clusters {
		wg.Go(func() {
			for at := began.Add(time.Duration(i) * interval / ndbFleetSize); at.Before(began.Add(*ndbFor)); at = at.Add(interval) {
				time.Sleep(time.Until(at))
				start := time.Now()
				text, err := probe(i)
				mu.Lock()
				took = append(took, time.Since(start))
				if err != nil || !strings.Contains(text, "\nndb_up 1\n") || !strings.Contains(text, "\nndb_event_stream_up 1\n") {
					wrong++
				}
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	close(stop)
	sampler.Wait()
	fmt.Printf("%d scripted clusters of %d data nodes every %s, one process\n", ndbFleetSize, ndbDataNodes, interval)
	row{"  scrape", took, 0.99, 0}.print()
	limit{"  share of a core", shares, "%", 5}.print()
	limit{"  resident memory", []float64{memory(b, cmd.Process.Pid, "VmRSS")}, "MB", 64}.print()
	if wrong > 0 {
		fmt.Printf("  answers that were not as they should be: %d\n", wrong)
	}
}

// ndbFleetFile writes a kagu.yaml of clusters with the same node ids, a management server each.
func ndbFleetFile(b *testing.B, servers []string) string {
	b.Helper()
	var hosts, clusters strings.Builder
	for i, server := range servers {
		fmt.Fprintf(&clusters, "  c%d:\n    kind: ndb\n    management: [{id: 1, host: m%d, address: %q, service: ndb_mgmd.service}]\n    data:\n", i, i, server)
		fmt.Fprintf(&hosts, "  m%d: {address: 10.%d.0.1}\n", i, i)
		for n := range ndbDataNodes {
			fmt.Fprintf(&hosts, "  h%d-%d: {address: 10.%d.0.%d}\n", i, n, i, 2+n)
			fmt.Fprintf(&clusters, "      - {id: %d, host: h%d-%d, service: ndbmtd.service}\n", 2+n, i, n)
		}
	}
	dir := b.TempDir()
	text := "site: bench\ncredentials:\n  monitor: {user: monitor, password_file: monitor.pass}\nhosts:\n" + hosts.String() + "clusters:\n" + clusters.String()
	check(b, os.WriteFile(filepath.Join(dir, "monitor.pass"), []byte("never asked for\n"), 0o600))
	check(b, os.WriteFile(filepath.Join(dir, "kagu.yaml"), []byte(text), 0o600))
	return filepath.Join(dir, "kagu.yaml")
}

// free returns an address that nobody listens on.
func free(b *testing.B) string {
	b.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	check(b, err)
	defer l.Close()
	return l.Addr().String()
}
