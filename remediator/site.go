package remediator

import "sync"

// A site lets one cluster be acted on at a time: when many clusters are ill at once, it is
// more likely the network, or ourselves.
type site struct {
	mu     sync.Mutex
	acting string
}

// claim returns a function that gives the claim back, or a veto.
func (s *site) claim(cluster string) (release func(), veto *Veto) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.acting != "" {
		return nil, &Veto{Guard: "one-act", Reason: "the remediator is acting on the cluster " + s.acting + "; one at a time"}
	}
	s.acting = cluster
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.acting = ""
	}, nil
}
