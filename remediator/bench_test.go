package remediator

import (
	"context"
	"database/sql"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/kagu-db/kagu/internal/cluster"
	"github.com/kagu-db/kagu/internal/inventory"
	"github.com/kagu-db/kagu/internal/journal"
)

// A ward is a cluster that exists in the test's head only: three nodes that live or not. It
// is Observer and Actor of a made-up kind of database, so that the engine is tested without one.
type ward struct {
	mu      sync.Mutex
	dead    map[string]bool
	stopped map[string]string
	orders  []string      // what was carried out, "start n2"
	answer  error         // what Do returns
	cures   bool          // whether Do brings the node back
	slow    time.Duration // how long after Do the node is back
}

func (d *ward) kill(nodes ...string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, n := range nodes {
		d.dead[n] = true
	}
}

func (d *ward) revive(node string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.dead, node)
}

func (d *ward) Observe(_ context.Context, c inventory.Cluster) (cluster.Snapshot, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	now, roomy := time.Now(), 0.5
	s := cluster.Snapshot{Cluster: c.Name, Kind: c.Kind, Taken: now}
	for _, n := range c.Nodes {
		alive, process := cluster.Yes, cluster.ProcessRunning
		if d.dead[n.Name] {
			alive, process = cluster.No, cluster.ProcessAbsent
		}
		s.Nodes = append(s.Nodes, cluster.Node{
			Name: n.Name, Process: process, DiskFree: &roomy, StoppedBy: d.stopped[n.Name],
			Sights: []cluster.Sight{{Seat: "sql", At: now, Alive: alive}, {Seat: "host", At: now, Alive: alive}},
		})
	}
	return s, nil
}

func (d *ward) Do(_ context.Context, o Order) (string, error) {
	d.mu.Lock()
	d.orders = append(d.orders, o.Step.Action.Name+" "+o.Step.Node)
	cures, slow, answer := d.cures, d.slow, d.answer
	d.mu.Unlock()
	if cures {
		time.AfterFunc(slow, func() { d.revive(o.Step.Node) })
	}
	return "", answer
}

func (d *ward) done() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(d.orders)
}

func describe(s cluster.Snapshot) string {
	var words []string
	for _, n := range s.Nodes {
		words = append(words, n.Name+" "+string(n.Process))
	}
	return strings.Join(words, ", ")
}

var start = Action{Name: "start", Safe: true}

func dead(s cluster.Snapshot) (nodes []string) {
	for _, n := range s.Nodes {
		if n.Process == cluster.ProcessAbsent {
			nodes = append(nodes, n.Name)
		}
	}
	return nodes
}

func planStart(_ cluster.Snapshot, node string) (Plan, error) {
	return Plan{Why: "its process is gone", Steps: []Step{{Action: start, Node: node, Why: "rejoins"}}}, nil
}

// A bench is an engine with a ward, in a bubble of fake time.
type bench struct {
	*Engine
	t        *testing.T
	ward     *ward
	fleet    *inventory.Fleet // as it is at the start
	present  atomic.Pointer[inventory.Fleet]
	registry *prometheus.Registry
	dir      string
	stop     context.CancelFunc
	ended    chan error
}

func policy() inventory.Policy {
	return inventory.Policy{
		Cooldown: 10 * time.Minute, MaxAlertAge: 30 * time.Minute, VerifyFor: 10 * time.Second,
		VerifyTimeout: 5 * time.Minute, MinDiskFree: 0.05,
	}
}

func member(name string) inventory.Node {
	return inventory.Node{Name: name, Role: cluster.RoleMember, Host: inventory.Host{Name: "host-" + name}}
}

func newBench(t *testing.T, mode cluster.Mode, names ...string) *bench {
	t.Helper()
	if len(names) == 0 {
		names = []string{"backoffice"}
	}
	fleet := &inventory.Fleet{}
	for _, name := range names {
		fleet.Clusters = append(fleet.Clusters, inventory.Cluster{
			Name: name, Kind: cluster.KindGalera, Mode: mode, Policy: policy(),
			Nodes: []inventory.Node{member("n1"), member("n2"), member("n3")},
		})
	}
	dir := t.TempDir()
	j, err := journal.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	b := &bench{
		dir: dir, t: t, fleet: fleet, registry: prometheus.NewRegistry(),
		ward: &ward{dead: map[string]bool{}, stopped: map[string]string{}, cures: true, slow: 5 * time.Second},
	}
	log := slog.New(slog.DiscardHandler)
	metrics := NewMetrics(b.registry)
	b.present.Store(fleet)
	b.Engine = &Engine{
		Fleet: b.present.Load, Journal: j, Metrics: metrics, Log: log, Relook: 15 * time.Second, Poll: time.Second,
		Guards: StandardGuards(j, KillSwitch{}), Brakes: []Guard{KillSwitch{}, InMaintenance{j}},
		Kinds: map[cluster.Kind]Kind{cluster.KindGalera: {
			Observer: b.ward, Actor: b.ward, Describe: describe,
			Problems: []Problem{{Name: "node-down", Rank: 20, Match: dead, Plan: planStart}},
		}},
	}
	return b
}

func (b *bench) run() {
	var ctx context.Context
	ctx, b.stop = context.WithCancel(context.Background())
	b.ended = make(chan error, 1)
	go func() { b.ended <- b.Engine.Run(ctx) }()
	synctest.Wait()
}

// strike kills n2, runs the engine and delivers the alert about it: most stories begin so.
func (b *bench) strike() {
	b.t.Helper()
	b.ward.kill("n2")
	b.run()
	b.alert("backoffice", 0, false)
}

func (b *bench) halt() {
	b.t.Helper()
	b.stop()
	if err := <-b.ended; err != nil {
		b.t.Error(err)
	}
}

func (b *bench) close() {
	b.t.Helper()
	b.halt()
	if err := b.Journal.Close(); err != nil {
		b.t.Error(err)
	}
}

// alert delivers an alert of that age straight to the journal and the queue.
func (b *bench) alert(cluster string, age time.Duration, resolved bool) {
	b.t.Helper()
	now := time.Now()
	h := journal.Hint{
		Cluster: cluster, Node: "n2", Alert: "GaleraNodeDown", Fingerprint: "f",
		StartsAt: now.Add(-age), Resolved: resolved, Last: now,
	}
	if err := b.Journal.PutHints(b.t.Context(), []journal.Hint{h}); err != nil {
		b.t.Fatal(err)
	}
	b.Wake(cluster)
}

// sql changes the journal's file behind the engine's back.
func (b *bench) sql(statement string) {
	b.t.Helper()
	db, err := sql.Open("sqlite", filepath.Join(b.dir, "journal.db"))
	if err == nil {
		_, err = db.Exec(statement)
	}
	if err == nil {
		err = db.Close()
	}
	if err != nil {
		b.t.Fatal(err)
	}
}

func (b *bench) wait(d time.Duration) {
	time.Sleep(d) // in the bubble's time: it passes when everything else waits
	synctest.Wait()
}

func (b *bench) incidents() []journal.Incident {
	b.t.Helper()
	list, err := b.Journal.Incidents(b.t.Context(), journal.Filter{})
	if err != nil {
		b.t.Fatal(err)
	}
	return list
}

func (b *bench) incident() journal.Incident {
	b.t.Helper()
	list := b.incidents()
	if len(list) != 1 {
		b.t.Fatalf("there are %d incidents, want one: %+v", len(list), list)
	}
	return list[0]
}

func (b *bench) told() []string {
	b.t.Helper()
	list, err := b.Journal.Unsent(b.t.Context())
	if err != nil {
		b.t.Fatal(err)
	}
	var lines []string
	for _, m := range list {
		lines = append(lines, m.Text)
	}
	return lines
}

func (b *bench) wantOrders(orders ...string) {
	b.t.Helper()
	if diff := cmp.Diff(orders, b.ward.done()); diff != "" {
		b.t.Errorf("orders (-want +got):\n%s", diff)
	}
}

func (b *bench) wantState(state journal.State, words string) {
	b.t.Helper()
	inc := b.incident()
	if inc.State != state || !strings.Contains(inc.Summary, words) {
		b.t.Errorf("the incident is %s: %q; want %s: %q", inc.State, inc.Summary, state, words)
	}
}

func kinds(events []journal.Event) (list []string) {
	for _, e := range events {
		list = append(list, e.Kind)
	}
	return list
}
