package bench

import (
	"flag"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/kagu-db/kagu/internal/cluster"
	"github.com/kagu-db/kagu/internal/lab"
	"github.com/kagu-db/kagu/internal/lab/proxytest"
	"github.com/kagu-db/kagu/internal/needs"
)

var (
	costScrapes = flag.Int("ndb-cost-scrapes", 100, "how often each collector of an NDB cluster is scraped for what it costs")
	costIdle    = flag.Duration("ndb-cost-idle", 15*time.Second, "how long the cluster is left alone, for what it uses by itself")
)

// BenchmarkNDBCost scrapes each collector alone and then all that are on, and says how much CPU that
// takes of everybody concerned, beyond what they use when they are left alone.
func BenchmarkNDBCost(b *testing.B) {
	if b.N > 1 {
		return // it is long and prints its own n
	}
	program := needs.Build(b, "../cmd/ndb_exporter")
	l := up(b, lab.Options{Kind: cluster.KindNDB})
	r := proxytest.New(b, l)
	address := r.Address(proxytest.ExporterPort)
	cmd := r.Start(b, program, "--config.file="+l.Config(), "--log.level=error", "--web.listen-address="+address)
	base := "http://" + address + "/probe?target=" + url.QueryEscape(lab.ClusterName)
	proxytest.Await(b, "ndbinfo is read", func() bool {
		text, err := scrape(base)
		return err == nil && strings.Contains(text, "\nndb_ndbinfo_state{state=\"serving\"} 1\n")
	})
	parties := []party{{"exporter", []int{cmd.Process.Pid}}}
	for _, role := range []cluster.Role{cluster.RoleManagement, cluster.RoleData, cluster.RoleSQL} {
		of := party{who: string(role)}
		for _, n := range l.Members(role) {
			p, err := l.Server(n.Name)
			check(b, err)
			of.pids = append(of.pids, p.PID)
		}
		parties = append(parties, of)
	}
	used := func() (all []time.Duration) {
		for _, s := range parties {
			all = append(all, s.used(b))
		}
		return all
	}

	alone := used()
	time.Sleep(*costIdle)
	for i, now := range used() {
		alone[i] = now - alone[i]
		fmt.Printf("  left alone, %s uses %.2f %% of a core\n", parties[i].who, 100*alone[i].Seconds()/costIdle.Seconds())
	}
	for _, collector := range append(everyScrape, "") {
		target, what := base, "all that are on"
		if collector != "" {
			target, what = base+"&collect[]="+collector, collector
		}
		_ = page(b, target) // warm
		began, before := time.Now(), used()
		for range *costScrapes {
			_ = page(b, target)
		}
		took := time.Since(began)
		line := fmt.Sprintf("  %-22s n=%d mean %-8s CPU of a scrape:", what, *costScrapes, short(took/time.Duration(*costScrapes)))
		for i, now := range used() {
			by := now - before[i] - time.Duration(float64(alone[i])*took.Seconds()/costIdle.Seconds())
			line += fmt.Sprintf(" %s %s", parties[i].who, short(max(0, by)/time.Duration(*costScrapes)))
		}
		fmt.Println(line)
	}
}

// everyScrape are the collectors that run in each scrape.
var everyScrape = []string{
	"management", "events", "judgement", "sql", "sql.binlog", "sql.sync", "sql.replication", "ndbinfo", "ndbinfo.memory", "ndbinfo.logs",
	"ndbinfo.counters", "ndbinfo.transporters", "ndbinfo.disk", "ndbinfo.threads", "ndbinfo.membership",
}

// A party is the processes of one kind.
type party struct {
	who  string
	pids []int
}

func (s party) used(b *testing.B) (sum time.Duration) {
	b.Helper()
	for _, pid := range s.pids {
		sum += cpu(b, pid)
	}
	return sum
}
