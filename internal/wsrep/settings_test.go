package wsrep_test

import (
	"testing"
	"time"

	"github.com/kagu-db/kagu/internal/wsrep"
)

func TestQuorumMargin(t *testing.T) {
	for _, c := range []struct {
		name             string
		total, size, own wsrep.Int
		want             wsrep.Int
	}{
		{"one node", known(1), known(1), known(1), known(0)},
		{"two nodes", known(2), known(2), known(1), known(0)},
		{"three nodes, or two and an arbitrator", known(3), known(3), known(1), known(1)},
		{"four nodes", known(4), known(4), known(1), known(1)},
		{"five nodes", known(5), known(5), known(1), known(2)},
		{"three nodes of weight 2", known(6), known(3), known(2), known(1)},
		{"one is heavier: not for this node to say", known(4), known(3), known(1), wsrep.Int{}},
		{"detached", known(0), known(0), known(1), wsrep.Int{}},
		{"a node without a vote", known(2), known(3), known(0), wsrep.Int{}},
		{"a server that does not say", wsrep.Int{}, known(3), known(1), wsrep.Int{}},
	} {
		t.Run(c.name, func(t *testing.T) { same(t, c.want, wsrep.QuorumMargin(c.total, c.size, c.own)) })
	}
}

// The stalls that were seen on real clusters are in the lab's material: 6.1 to 6.5 s, 2.0 to
// 2.2 s and 0.7 s.
func TestFailureDetection(t *testing.T) {
	for _, c := range []struct {
		name, options string
		want          time.Duration
	}{
		{"defaults", "evs.suspect_timeout = PT5S; evs.inactive_check_period = PT0.5S; evs.join_retrans_period = PT1S", 6500 * time.Millisecond},
		{"shorter", "evs.suspect_timeout = PT1S; evs.inactive_check_period = PT0.2S; evs.join_retrans_period = PT1S", 2200 * time.Millisecond},
		{"lan", "evs.suspect_timeout = PT0.4S; evs.inactive_check_period = PT0.1S; evs.join_retrans_period = PT0.2S", 700 * time.Millisecond},
		{"one is not known", "evs.suspect_timeout = PT0.4S; evs.inactive_check_period = PT0.1S", 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, ok := wsrep.FailureDetection(wsrep.ParseProviderOptions(c.options))
			same(t, c.want, got)
			same(t, c.want > 0, ok)
		})
	}
}

func TestPosition(t *testing.T) {
	for text, want := range map[string]wsrep.Int{
		uuid1 + ":6": known(6), uuid1 + ":-1": {}, "00000000-0000-0000-0000-000000000000:6": {}, uuid1: {}, "": {}, "x:6": {},
	} {
		t.Run(text, func(t *testing.T) { same(t, want, wsrep.ParsePosition(text)) })
	}
}

func TestReal(t *testing.T) {
	for text, want := range map[string]wsrep.Real{
		"0.5": {Value: 0.5, Known: true}, "1e-3": {Value: 0.001, Known: true}, "0": {Known: true}, "-1": {}, "nan": {}, "inf": {}, "": {}, "x": {},
	} {
		t.Run(text, func(t *testing.T) { same(t, want, wsrep.ParseReal(text)) })
	}
}
