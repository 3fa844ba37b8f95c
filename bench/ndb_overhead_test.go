package bench

import (
	"context"
	"flag"
	"fmt"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/kagu-db/kagu/internal/cluster"
	"github.com/kagu-db/kagu/internal/lab"
	"github.com/kagu-db/kagu/internal/lab/proxytest"
	"github.com/kagu-db/kagu/internal/needs"
)

var (
	overheadPairs = flag.Int("ndb-pairs", 12, "how many pairs, with and without ndb_exporter, its overhead is measured in")
	overheadHalf  = flag.Duration("ndb-half", 10*time.Second, "how long each half of a pair is")
)

const (
	overheadEvery  = 5 * time.Second
	overheadTarget = 1.02 // of the p99, at the median
)

// BenchmarkNDBOverhead lets clients read and write by primary key in a closed loop, with and
// without the exporter, in pairs that change their order.
func BenchmarkNDBOverhead(b *testing.B) {
	if b.N > 1 {
		return // it is long and prints its own n
	}
	program := needs.Build(b, "../cmd/ndb_exporter")
	l := up(b, lab.Options{Kind: cluster.KindNDB})
	r := proxytest.New(b, l)
	db := server(b, l, l.Members(cluster.RoleSQL)[0].SQLAddress())
	loadTable(b, db, "NDB")
	exporter := watcher{b: b, r: r, program: program, config: l.Config(), address: r.Address(proxytest.ExporterPort)}

	keyLoad(b, db, *overheadHalf/2) // warm
	var p pairing
	for i := range *overheadPairs {
		var on, off []time.Duration
		measure := func(watched bool) {
			if watched {
				stop := exporter.start()
				on = keyLoad(b, db, *overheadHalf)
				stop()
			} else {
				off = keyLoad(b, db, *overheadHalf)
			}
		}
		undisturbed(b, "pair", func() {
			measure(i%2 == 0)
			measure(i%2 != 0)
		})
		p.add(on, off)
	}
	p.print(fmt.Sprintf("scraped every %s", overheadEvery), overheadTarget)
}

// A watcher is ndb_exporter and who scrapes it.
type watcher struct {
	b                        *testing.B
	r                        *proxytest.Rig
	program, config, address string
}

// start starts the exporter, lets it connect, and scrapes it until stop is called.
func (w *watcher) start() (stop func()) {
	cmd := w.r.Start(w.b, w.program, "--config.file="+w.config, "--log.level=error", "--web.listen-address="+w.address)
	page := "http://" + w.address + "/probe?target=" + url.QueryEscape(lab.ClusterName)
	for range 2 { // the first connects and finds out what there is
		proxytest.Await(w.b, "the cluster is scraped", func() bool {
			text, err := scrape(page)
			return err == nil && strings.Contains(text, "\nndb_ndbinfo_state{state=\"serving\"} 1\n")
		})
	}
	ctx, cancel := context.WithCancel(w.b.Context())
	var scraping sync.WaitGroup
	scraping.Go(func() {
		tick := time.NewTicker(overheadEvery)
		defer tick.Stop()
		for {
			if _, err := scrape(page); err != nil {
				w.b.Errorf("scrape: %v", err)
			}
			select {
			case <-tick.C:
			case <-ctx.Done():
				return
			}
		}
	})
	return func() {
		cancel()
		scraping.Wait()
		proxytest.End(cmd)
	}
}
