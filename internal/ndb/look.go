package ndb

import (
	"context"
	"sync"
	"time"

	"github.com/kagu-db/kagu/internal/mgm"
)

// lookTimeout bounds a look at one management server.
const lookTimeout = 3 * time.Second

// A Seat is a client of one management server only.
type Seat struct {
	Name    string // in kagu.yaml
	Address string
	Client  *mgm.Client
}

// Look asks all management servers at the same time. It fails never: a server that does not
// answer is in the View with the reason. The caller adds Inventory, and Memberships if it has a
// SQL node to ask.
func Look(ctx context.Context, seats []Seat) View {
	v := View{Taken: time.Now(), Servers: make([]Server, len(seats))}
	configs := make([]*mgm.Config, len(seats))
	elections := make([]Election, len(seats))
	var all sync.WaitGroup
	for i, seat := range seats {
		all.Go(func() { v.Servers[i], configs[i], elections[i] = ask(ctx, seat) })
	}
	all.Wait()
	for i, c := range configs {
		if c == nil {
			continue
		}
		v.Servers[i].Generation = c.Generation
		if v.Config == nil || c.Generation > v.Config.Generation {
			v.Config = ConfigurationOf(c)
		}
	}
	for i, s := range v.Servers {
		if elections[i].known && s.seesData() {
			v.Elected = elections[i].Arbitrator()
			break
		}
	}
	v.Took = time.Since(v.Taken)
	return v
}

// ask looks at one server. What it answers before it fails is kept, except that a server which
// gives no status has not answered.
func ask(ctx context.Context, seat Seat) (s Server, config *mgm.Config, e Election) {
	s = Server{Name: seat.Name, Address: seat.Address}
	began := time.Now()
	defer func() { s.Took = time.Since(began) }()
	ctx, cancel := context.WithTimeout(ctx, lookTimeout)
	defer cancel()
	nodes, err := seat.Client.Status(ctx)
	if err != nil {
		s.Error = err.Error()
		return s, nil, e
	}
	s.Nodes = nodes
	if version, err := seat.Client.Version(ctx); err == nil {
		s.Version = version.NDB.String()
	}
	if id, err := seat.Client.NodeID(ctx); err == nil {
		s.ID = id
	}
	config, err = seat.Client.Config(ctx)
	if err != nil {
		config = nil
	}
	if s.seesData() { // what the data nodes saved tells who arbitrates
		if saved, err := seat.Client.DumpEvents(ctx, mgm.SavedEvent); err == nil {
			for _, ev := range saved {
				e.Hear(ev)
			}
		}
	}
	return s, config, e
}
