package ndb

import (
	"context"
	"slices"
	"strings"
	"sync"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/kagu-db/kagu/exporters"
	"github.com/kagu-db/kagu/internal/cluster"
	"github.com/kagu-db/kagu/internal/inventory"
	"github.com/kagu-db/kagu/internal/metric"
	"github.com/kagu-db/kagu/internal/ndb"
)

// Options say what is read of the clusters.
type Options struct {
	Switches Switches

	// Streams keeps what events told across reloads of the configuration. It is made once, by
	// NewStreams, and closed by whoever made it.
	Streams *Streams
}

// Targets returns one target for each NDB cluster of the fleet, by its name.
func Targets(fleet *inventory.Fleet, o Options) []*exporters.Target {
	var all []*exporters.Target
	for _, c := range fleet.Clusters {
		if c.Kind != cluster.KindNDB {
			continue
		}
		s := openSide(c, o)
		all = append(all, &exporters.Target{
			Name:    c.Name,
			Address: strings.Join(addresses(c), ","),
			Labels:  map[string]string{metric.Cluster: c.Name},
			Look:    s.look,
			Release: s.close,
		})
	}
	return all
}

func addresses(c inventory.Cluster) []string {
	var all []string
	for _, n := range c.Management {
		all = append(all, n.Listen)
	}
	return all
}

// A side is what the exporter holds of a cluster as long as the configuration lives.
type side struct {
	names    nodeNames
	data     []int // the data nodes of kagu.yaml
	observer *observer
	sql      *sqlSide
	stream   *stream
	switches Switches
	apart    map[string]*exporters.Apart // by collector

	mu            sync.Mutex
	unknownStates int // answers so far that had one
}

func openSide(c inventory.Cluster, o Options) *side {
	s := &side{
		names: namesOf(c), observer: newObserver(c), sql: openSQL(c), stream: o.Streams.take(c),
		switches: o.Switches, apart: map[string]*exporters.Apart{},
	}
	for _, n := range c.Data {
		s.data = append(s.data, n.ID)
	}
	for _, of := range Sources() {
		if of.apart != nil {
			s.apart[of.Name] = &exporters.Apart{Collector: of.apart(s), Every: of.every, Deadline: of.deadline}
		}
	}
	return s
}

func (s *side) close() {
	for _, a := range s.apart {
		_ = a.Close() // it hangs in a server, and what it would say nobody waits for
	}
	s.stream.release()
	s.observer.close()
	s.sql.close()
}

// A look is what the collectors of one scrape share.
type look struct {
	*side
	sql  *sqlLook
	view reading[ndb.View]
}

// readView asks the management servers, once in a look, and the SQL nodes where those are deaf.
func (l *look) readView(ctx context.Context) ndb.View {
	v, _ := l.view.get(func() (ndb.View, error) {
		asking, cancel := context.WithTimeout(ctx, managementDeadline)
		defer cancel()
		v := l.observer.look(asking)
		if v.Deaf() {
			v.SQL = l.testify(ctx)
		}
		return v, nil
	})
	return v
}

// look returns the collectors of one scrape. They share what they read.
func (s *side) look(asked []string) ([]exporters.Collector, error) {
	sources, err := s.switches.asked(asked)
	if err != nil {
		return nil, err
	}
	if slices.ContainsFunc(sources, func(of Source) bool { return of.Name == "events" || of.Name == "judgement" }) {
		s.stream.listen()
	}
	l := &look{side: s, sql: newSQLLook(s.sql)}
	all := make([]exporters.Collector, 0, len(sources))
	for _, of := range sources {
		if a, ok := s.apart[of.Name]; ok {
			all = append(all, a)
			continue
		}
		all = append(all, exporters.Within{Collector: of.make(l), Deadline: of.deadline})
	}
	return all, nil
}

// An emitter emits what is about nodes under their names.
type emitter struct {
	cells
	names nodeNames
	data  []int // the data nodes of kagu.yaml
}

func (e emitter) of(f *metric.Family, value float64, id string, more ...string) {
	name, id := e.names.of(id)
	e.cells(f.Sample(value, append([]string{name, id}, more...)...))
}

func (s *side) emitter(emit func(prometheus.Metric)) emitter { return emitter{emit, s.names, s.data} }
