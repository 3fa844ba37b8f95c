package ndb

import (
	"time"

	"github.com/kagu-db/kagu/exporters"
	"github.com/kagu-db/kagu/internal/metric"
	"github.com/kagu-db/kagu/internal/sqlconn"
)

// A Source is a collector as an operator sees it: what it is for, what it costs, whether it is
// on, and what the account on the SQL nodes needs for it.
type Source struct {
	Name  string
	Help  string
	On    bool
	Cost  metric.Cost
	Needs []sqlconn.Grant

	deadline time.Duration
	make     func(*look) exporters.Collector // of one scrape; nil for those that live as long as their target
	apart    func(*side) exporters.Collector // of those
	every    time.Duration                   // how often they run
}

const (
	managementDeadline = 3 * time.Second
	apartDeadline      = 10 * time.Second
	clientsEvery       = 30 * time.Second
	memoryEvery        = 30 * time.Second
	sessionsEvery      = time.Minute
)

// Sources lists every collector, in the order in which a page shows what they emit.
func Sources() []Source {
	all := []Source{
		{
			Name: "management", Help: "Management servers and nodes: up, state, phase, groups. Without it there is no ndb_up.",
			On: true, Cost: metric.EveryScrape, deadline: managementDeadline,
			make: func(l *look) exporters.Collector { return management{l} },
		},
		{
			Name: "management.clients", Help: "How many SQL nodes and other clients are connected; asked every 30 s, for it costs the data nodes a question each.",
			On: true, Cost: metric.Slow, deadline: apartDeadline, every: clientsEvery,
			apart: func(s *side) exporters.Collector { return clients{s} },
		},
		{
			Name: "management.memory", Help: "Data memory as the data nodes tell the management server, also while no SQL node is alive; asked every 30 s.",
			On: true, Cost: metric.Slow, deadline: apartDeadline, every: memoryEvery,
			apart: func(s *side) exporters.Collector { return memory{s} },
		},
		{
			Name: "management.sessions", Help: "Sessions and TLS certificates of the management servers' clients; asked every minute.",
			On: true, Cost: metric.Slow, deadline: apartDeadline, every: sessionsEvery,
			apart: func(s *side) exporters.Collector { return sessions{s} },
		},
		{
			Name: "events", Help: "Counters and last values of what the event stream brought: failures, forced stops, heartbeats, checkpoints, backups.",
			On: true, Cost: metric.EveryScrape, deadline: time.Second,
			make: func(l *look) exporters.Collector { return events{l.side} },
		},
		{
			Name: "judgement", Help: "What the next failure would do, trouble with arbitration, time to detection, runway, progress of restarts.",
			On: true, Cost: metric.EveryScrape, deadline: infoDeadline,
			make: func(l *look) exporters.Collector { return judgement{l} },
		},
	}
	for _, s := range SQLSources() {
		of := Source{Name: s.Name, Help: s.Help, On: s.On, Cost: s.Cost, Needs: s.Needs, deadline: s.deadline, every: s.every}
		if s.make != nil {
			of.make = func(l *look) exporters.Collector { return granted(s.make(l.sql), s.Needs) }
		} else {
			of.apart = func(side *side) exporters.Collector { return granted(s.apart(side.sql), s.Needs) }
		}
		all = append(all, of)
	}
	return all
}

// Switches say which sources are on, by name; what is not in them is as its Source says.
type Switches map[string]bool

// On returns the sources that are on.
func (s Switches) On() []Source { return exporters.On(Sources(), switched, s) }

// asked returns the sources with these names, or with no name those that are on.
func (s Switches) asked(names []string) ([]Source, error) {
	return exporters.Asked(Sources(), switched, s, names)
}

func switched(s Source) (name string, on bool) { return s.Name, s.On }
