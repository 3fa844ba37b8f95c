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

// configAge is how long a configuration is taken for the current one. A server that was away, or
// was restarted between two scrapes, is asked again at once.
const configAge = 30 * time.Second

// othersAge is how long what was asked apart of the clients is of use.
const othersAge = 3 * clientsEvery

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

	mu       sync.Mutex
	config   *mgm.Config // the last one it served
	serves   bool        // it serves that one still
	read     time.Time
	session  time.Time        // the Peer's, when it was read
	others   []mgm.NodeStatus // API nodes, as of the last time they were asked
	othersAt time.Time
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
	if c := newest(configs, func(i int) bool { return v.Servers[i].Generation > 0 }); c != nil {
		v.Config = ndb.ConfigurationOf(c)
	} else if c := newest(configs, func(int) bool { return true }); c != nil {
		v.Config = ndb.ConfigurationOf(c)
	}
	v.Took = time.Since(v.Taken)
	return v
}

// newest returns the configuration of the highest generation among some servers, nil if they
// have none. Of a server that is gone it says nothing if there is another: generations begin
// anew when somebody clears them.
func newest(configs []*mgm.Config, some func(i int) bool) (newest *mgm.Config) {
	for i, c := range configs {
		if c != nil && some(i) && (newest == nil || c.Generation > newest.Generation) {
			newest = c
		}
	}
	return newest
}

// ask asks one server. Its configuration outlives the server: who is gone is known by it.
func (s *seatOf) ask(ctx context.Context) (ndb.Server, *mgm.Config) {
	s.mu.Lock()
	defer s.mu.Unlock()
	said := ndb.Server{Name: s.name, Address: s.address}
	began := time.Now()
	nodes, err := s.client.Status(ctx, mgm.NodeData, mgm.NodeManagement)
	if err != nil {
		s.others = nil
		said.Error, said.Took = err.Error(), time.Since(began)
		return said, s.config
	}
	peer, _ := s.client.Peer()
	said.Version, said.ID = peer.Version.NDB.String(), peer.NodeID
	if peer.Since != s.session || time.Since(s.read) > configAge {
		s.refresh(ctx, peer)
	}
	if time.Since(s.othersAt) > othersAge {
		s.others = nil
	}
	said.Nodes = append(nodes, s.others...)
	if s.serves {
		said.Generation = s.config.Generation
	}
	said.Took = time.Since(began)
	return said, s.config
}

// refresh asks for the configuration. A server that refuses it serves none; one that says
// nothing about it is asked again at the next look.
func (s *seatOf) refresh(ctx context.Context, peer mgm.Peer) {
	config, err := s.client.Config(ctx)
	if _, there := s.client.Peer(); !there {
		return
	}
	s.session, s.read = peer.Since, time.Now()
	if s.serves = err == nil; s.serves {
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
	s.others, s.othersAt = others, time.Now()
	return others, nil
}
