package galera

import (
	"sync"
	"time"

	"github.com/kagu-db/kagu/internal/wsrep"
)

// weights are the quorum weights that the members of a cluster said in the last scrapes. No
// member knows those of the others; an exporter that asks all of them does.
type weights struct {
	mu   sync.Mutex
	said map[string]ballot // by node
}

// A ballot is what a member said of itself in one configuration of one component.
type ballot struct {
	cluster string
	conf    int64
	value   int64
	at      time.Time
}

// weightsFor is how long a member's weight is good without being said again.
const weightsFor = 5 * time.Minute

// known notes what a node says, and returns the weights of all that said theirs in the same
// configuration, its own among them.
func (w *weights) known(node string, s wsrep.Status, own wsrep.Int, now time.Time) []int64 {
	if w == nil || !own.Known || !s.ConfID.Known || s.ClusterUUID == "" {
		return nil
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.said == nil {
		w.said = map[string]ballot{}
	}
	w.said[node] = ballot{s.ClusterUUID, s.ConfID.Value, own.Value, now}
	var all []int64
	for _, of := range w.said {
		if of.cluster == s.ClusterUUID && of.conf == s.ConfID.Value && now.Sub(of.at) < weightsFor {
			all = append(all, of.value)
		}
	}
	return all
}
