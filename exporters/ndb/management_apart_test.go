package ndb

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/common/expfmt"

	"github.com/kagu-db/kagu/exporters"
	"github.com/kagu-db/kagu/internal/metric"
	"github.com/kagu-db/kagu/internal/mgm"
	"github.com/kagu-db/kagu/internal/mgm/mgmtest"
)

// linesOf are the series of one run of a collector.
func linesOf(t *testing.T, c exporters.Collector) []string {
	t.Helper()
	var all []prometheus.Metric
	if err := c.Collect(t.Context(), func(m prometheus.Metric) { all = append(all, m) }); err != nil {
		t.Error(err)
	}
	families, err := metric.Page(all)
	if err != nil {
		t.Error(err)
	}
	var text strings.Builder
	for _, f := range families {
		if _, err := expfmt.MetricFamilyToText(&text, f); err != nil {
			t.Fatal(err)
		}
	}
	lines := strings.Split(strings.TrimSpace(text.String()), "\n")
	return slices.DeleteFunc(lines, func(line string) bool { return strings.HasPrefix(line, "#") })
}

// cutOff is a management server without contact to the data nodes: it does not know how the
// clients are, and nobody tells it of memory.
func cutOff() *mgmtest.Cluster {
	c := mgmtest.NewCluster(2)
	for _, id := range []int{2, 3} {
		c.Change(id, func(n *mgm.NodeStatus) { *n = mgm.NodeStatus{ID: id, Type: mgm.NodeData, State: mgm.StateNoContact} })
	}
	for _, id := range []int{201, 202} {
		c.Change(id, func(n *mgm.NodeStatus) { n.State = mgm.StateUnknown })
	}
	return c
}

func TestClientsAsTheServerTellsThatKnows(t *testing.T) {
	for _, c := range []struct {
		name string
		all  []mgmtest.Handler
		want []string
	}{
		{
			"one server",
			[]mgmtest.Handler{mgmtest.NewCluster(2)},
			[]string{`ndb_api_connections{state="configured"} 2`, `ndb_api_connections{state="connected"} 2`, `ndb_api_connections{state="unknown"} 0`},
		},
		{
			"the first is cut off from the data nodes",
			[]mgmtest.Handler{cutOff(), mgmtest.NewCluster(2)},
			[]string{`ndb_api_connections{state="configured"} 2`, `ndb_api_connections{state="connected"} 2`, `ndb_api_connections{state="unknown"} 0`},
		},
		{
			"the first is gone",
			[]mgmtest.Handler{mgmtest.CutOff(""), mgmtest.NewCluster(2)},
			[]string{`ndb_api_connections{state="configured"} 2`, `ndb_api_connections{state="connected"} 2`, `ndb_api_connections{state="unknown"} 0`},
		},
		{
			"nobody knows",
			[]mgmtest.Handler{cutOff(), cutOff()},
			[]string{`ndb_api_connections{state="configured"} 2`, `ndb_api_connections{state="unknown"} 2`},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			var addresses []string
			for _, h := range c.all {
				addresses = append(addresses, mgmtest.Listen(t, h).Address())
			}
			s := openSide(managedBy(addresses...), Options{Streams: NewStreams()})
			defer s.close()
			if got := linesOf(t, clients{s}); !slices.Equal(got, c.want) {
				t.Errorf("got\n%s", strings.Join(got, "\n"))
			}
		})
	}
}

// The stream of a server that is cut off from the data nodes is up, and brings nothing.
func TestEventsComeFromAServerThatReachesTheDataNodes(t *testing.T) {
	blind, well := cutOff(), mgmtest.NewCluster(2)
	s := openSide(managedBy(mgmtest.Listen(t, blind).Address(), mgmtest.Listen(t, well).Address()), Options{Streams: NewStreams()})
	defer s.close()
	awaitThat(t, "the other server is listened to", func() bool {
		pageOf(t, s)
		return well.Listeners() == 1 && blind.Listeners() == 0
	})
}

// What a collector that runs apart told last is kept while it fails: with one server of two
// away it would be kept for as long as that takes.
func TestSessionsWhileOneServerIsAway(t *testing.T) {
	stats := mgmtest.Bytes("get tls stats reply\naccepted: 9\nupgraded: 0\ncurrent: 3\ntls: 0\nauthfail: 1\n\n")
	certificates := mgmtest.Bytes("list certs reply\n\n")
	well := mgmtest.On("get tls stats", stats, mgmtest.On("list certs", certificates, mgmtest.NewCluster(2)))
	s := openSide(managedBy(mgmtest.Listen(t, mgmtest.CutOff("")).Address(), mgmtest.Listen(t, well).Address()), Options{Streams: NewStreams()})
	defer s.close()
	got := linesOf(t, sessions{s})
	says(t, got, `ndb_mgmd_sessions{kind="all",node="m2",node_id="101"} 3`)
}

// memoryReports are what two blocks of a data node tell: of 64 MiB they share what is free.
func memoryReports(node int, data, index uint32) string {
	const all = 2048
	block := func(number, used, total uint32) string {
		return fmt.Sprintf("log event reply\ntype=%d\ntime=0\nsource_nodeid=%d\ngth=0\npage_size_bytes=32768\npages_used=%d\npages_total=%d\nblock=%d\n\n",
			mgm.MemoryUsage, node, used, total, number)
	}
	return "dump events reply\nresult: Ok\nevents: 2\n\n" + block(249, data, all-index) + block(248, index, all-data)
}

// The figure by which a runway is told is the one of ndbinfo, whoever tells it.
func TestMemoryWithoutASQLNode(t *testing.T) {
	none := mgmtest.On("dump events", mgmtest.Bytes("dump events reply\nresult: Ok\nevents: 0\n\n"), cutOff())
	tells := mgmtest.On("dump events", mgmtest.Bytes(memoryReports(2, 500, 300)), mgmtest.NewCluster(2))
	s := openSide(managedBy(mgmtest.Listen(t, none).Address(), mgmtest.Listen(t, tells).Address()), Options{Streams: NewStreams()})
	defer s.close()
	says(t, linesOf(t, memory{s}),
		`ndb_mgm_memory_bytes{memory="data",node="d2",node_id="2",state="used"} 1.6384e+07`,
		`ndb_mgm_memory_bytes{memory="hash_index",node="d2",node_id="2",state="used"} 9.8304e+06`)
	kept := s.stream.past.samples[thing{2, "data_memory"}]
	if kept == nil || kept.total != 64<<20 || len(kept.samples) != 1 || kept.samples[0].Used != 800*32768 {
		t.Errorf("it remembers %+v, want 800 of 2048 pages", kept)
	}
}
