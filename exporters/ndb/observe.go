package ndb

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/kagu-db/kagu/internal/inventory"
	"github.com/kagu-db/kagu/internal/mgm"
	"github.com/kagu-db/kagu/internal/ndb"
)

// configAge is how long a configuration is taken for the current one. A server that was away is
// asked again at once.
const configAge = 30 * time.Second

// An observer looks at the management servers, a client for each. What changes rarely it asks
// rarely: a scrape costs a server one question.
type observer struct {
	seats     []*seatOf
	inventory []ndb.InventoryNode
}

type seatOf struct {
	name, id, address string
	client            *mgm.Client // the scrapes'
	apart             *mgm.Client // of what is asked between them: a slow answer holds up no scrape

	mu      sync.Mutex
	version string
	nodeID  int
	config  *mgm.Config
	read    time.Time
	lost    bool
	others  []mgm.NodeStatus // API nodes, as of the last time they were asked
}

func newObserver(c inventory.Cluster) *observer {
	o := &observer{}
	for _, n := range c.Management {
		dial := func() *mgm.Client { return ndb.Client(c, n.Listen) }
		_, id := namesOf(c).of(itoa(n.ID))
		o.seats = append(o.seats, &seatOf{name: n.Name, id: id, address: n.Listen, client: dial(), apart: dial()})
	}
	for _, n := range slices.Concat(c.Management, c.Data, c.SQL) {
		o.inventory = append(o.inventory, ndb.InventoryNode{ID: n.ID, Name: n.Name, Role: n.Role, Host: n.Host.Name, Address: n.Host.Address})
	}
	return o
}

func (o *observer) close() {
	for _, s := range o.seats {
		_ = s.client.Close() // nothing is owed on connections that only read
		_ = s.apart.Close()
	}
}

// look asks all management servers at the same time.
func (o *observer) look(ctx context.Context) ndb.View {
	v := ndb.View{Taken: time.Now(), Inventory: o.inventory, Servers: make([]ndb.Server, len(o.seats))}
	configs := make([]*mgm.Config, len(o.seats))
	var all sync.WaitGroup
	for i, s := range o.seats {
		all.Go(func() { v.Servers[i], configs[i] = s.ask(ctx) })
	}
	all.Wait()
	for _, c := range configs {
		if c != nil && (v.Config == nil || c.Generation > v.Config.Generation) {
			v.Config = ndb.ConfigurationOf(c)
		}
	}
	v.Took = time.Since(v.Taken)
	return v
}

// ask asks one server. Its configuration outlives the server: who is gone is known by it.
func (s *seatOf) ask(ctx context.Context) (ndb.Server, *mgm.Config) {
	s.mu.Lock()
	defer s.mu.Unlock()
	said := ndb.Server{Name: s.name, Address: s.address}
	began := time.Now()
	nodes, err := s.client.Status(ctx, mgm.NodeData, mgm.NodeManagement)
	if err != nil {
		s.lost = true
		said.Error, said.Took = err.Error(), time.Since(began)
		return said, s.config
	}
	if s.lost || time.Since(s.read) > configAge {
		s.refresh(ctx)
	}
	said.Version, said.ID = s.version, s.nodeID
	said.Nodes = append(nodes, s.others...)
	if s.config != nil {
		said.Generation = s.config.Generation
	}
	said.Took = time.Since(began)
	return said, s.config
}

// refresh asks for what changes rarely. What cannot be had stays what it was.
func (s *seatOf) refresh(ctx context.Context) {
	version, err := s.client.Version(ctx)
	if err != nil {
		return
	}
	id, err := s.client.NodeID(ctx)
	if err != nil {
		return
	}
	s.version, s.nodeID, s.lost, s.read = version.NDB.String(), id, false, time.Now()
	if config, err := s.client.Config(ctx); err == nil {
		s.config = config
	}
}

// askOthers asks how the API nodes are and keeps it for the scrapes.
func (s *seatOf) askOthers(ctx context.Context) ([]mgm.NodeStatus, error) {
	others, err := s.apart.Status(ctx, mgm.NodeAPI)
	s.mu.Lock()
	defer s.mu.Unlock()
	if err != nil {
		s.others = nil
		return nil, err
	}
	s.others = others
	return others, nil
}
