package ndb

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/kagu-db/kagu/internal/inventory"
	"github.com/kagu-db/kagu/internal/mgm"
	"github.com/kagu-db/kagu/internal/ndb"
)

// Streams holds what events told of each cluster. A reload of the configuration lets go of its
// targets after it has made the next ones, so what a cluster's events told outlives it.
type Streams struct {
	mu  sync.Mutex
	all map[string]*stream // by name and addresses
}

// NewStreams returns none.
func NewStreams() *Streams { return &Streams{all: map[string]*stream{}} }

// take returns the stream of a cluster. It ends with its last release.
func (s *Streams) take(c inventory.Cluster) *stream {
	key := c.Name + " " + strings.Join(addresses(c), " ")
	if t := c.ManagementTLS; t != nil {
		key += fmt.Sprint(" ", *t)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	of, known := s.all[key]
	if !known {
		of = &stream{client: ndb.Client(c, addresses(c)...), chronicle: newChronicle()}
		of.end = func() { delete(s.all, key) }
		of.registry = s
		s.all[key] = of
	}
	of.users++
	return of
}

// A stream follows the events of a cluster from its first scrape on.
type stream struct {
	client    *mgm.Client
	chronicle *chronicle
	past      past // what a rate and a restart are judged by outlives a reload too

	registry *Streams // guards what follows
	users    int
	end      func()
	listener *mgm.Listener
	done     chan struct{}
}

// listen begins to follow the events, once. A configuration that is only checked follows none.
func (s *stream) listen() {
	s.registry.mu.Lock()
	defer s.registry.mu.Unlock()
	if s.listener != nil || s.users == 0 {
		return
	}
	s.listener = s.client.Listen(context.Background(), mgm.DefaultFilter()) // until release
	s.done = make(chan struct{})
	events, done := s.listener.Events(), s.done
	go func() {
		defer close(done)
		for e := range events {
			s.chronicle.hear(e)
		}
	}()
}

// state tells how the stream is doing, false if nobody listens yet.
func (s *stream) state() (mgm.Stream, bool) {
	s.registry.mu.Lock()
	listener := s.listener
	s.registry.mu.Unlock()
	if listener == nil {
		return mgm.Stream{}, false
	}
	return listener.Stream(), true
}

// leave goes on with another management server than this one, if it is the one that is followed.
func (s *stream) leave(server string) {
	s.registry.mu.Lock()
	listener := s.listener
	s.registry.mu.Unlock()
	if listener != nil {
		listener.Leave(server)
	}
}

// release lets go of the stream; the last one ends it.
func (s *stream) release() {
	s.registry.mu.Lock()
	s.users--
	listener, done := s.listener, s.done
	last := s.users == 0
	if last {
		s.end()
	}
	s.registry.mu.Unlock()
	if !last {
		return
	}
	if listener != nil {
		listener.Close()
		<-done
	}
	_ = s.client.Close() // nothing is owed on it
}

// sorted returns the keys of a map in order.
func sorted[K ~string | ~int, V any](of map[K]V) []K {
	keys := make([]K, 0, len(of))
	for k := range of {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
