package galera

import (
	"github.com/kagu-db/kagu/exporters"
	"github.com/kagu-db/kagu/internal/cluster"
	"github.com/kagu-db/kagu/internal/wsrep"
)

// A Grade is how much traffic a node may be given; each includes those before it.
type Grade int

// The grades.
const (
	Nothing   Grade = iota
	Queries         // it answers, and nobody is sent there who has a choice
	ForReads        // reads
	ForWrites       // reads and writes
)

// grade is what a kind of traffic asks of a node.
var grade = [...]Grade{exporters.Writer: ForWrites, exporters.Reader: ForReads, exporters.Any: Queries}

// HealthPolicy says what a node may be given that is neither well nor ill.
type HealthPolicy struct {
	Donor    Grade // while it sends a state transfer that does not block it
	Desynced Grade // while wsrep_desync is ON
	ReadOnly Grade // while read_only is ON

	// Queue is the receive queue at which a node gets the least share of what it is good for.
	Queue int64
}

// vitals is what is known of a node when proxies ask. What is absent is Unknown or "".
type vitals struct {
	wsrep.Status
	On, ReadOnly, Desync, DonorRejects cluster.Truth
	Reject, SST, Maintenance           string // wsrep_reject_queries, wsrep_sst_method, pxc_maint_mode
}

// A finding bounds what a node may be given.
type finding struct {
	is          func(vitals) bool
	leaves      func(HealthPolicy) Grade // nil: nothing
	reason      func(vitals) string
	maintenance bool
}

// judge says what a node may be given. The findings that apply are taken together; of those
// that forbid a kind of traffic the first is the reason. What is unknown forbids.
func judge(v vitals, p HealthPolicy) exporters.Verdicts {
	judged := exporters.Verdicts{Weight: weight(v.RecvQueue, p.Queue)}
	for k := range judged.Of {
		judged.Of[k] = exporters.Verdict{OK: true, Reason: well(v)}
	}
	for _, f := range findings {
		if !f.is(v) {
			continue
		}
		leaves := Nothing
		if f.leaves != nil {
			leaves = f.leaves(p)
		}
		for k := range judged.Of {
			if judged.Of[k].OK && leaves < grade[k] {
				judged.Of[k] = exporters.Verdict{Reason: f.reason(v)}
			}
		}
		judged.Maintenance = judged.Maintenance || f.maintenance
	}
	return judged
}

// well says in which state a node is that may be given traffic.
func well(v vitals) string {
	switch {
	case v.State == "donor" && v.Desync == cluster.Yes:
		return "desynced"
	case v.State == "donor" && last(v):
		return "donor, and nobody else is there"
	case v.State == "donor":
		return "donor"
	}
	return "synced"
}

// last tells whether the other member of a donor's component can only be the joiner.
func last(v vitals) bool { return v.Members.Known && len(v.Members.Addresses) <= 2 }

// weight sinks from 100 to 10 as the receive queue grows to full, in steps of ten: HAProxy moves
// traffic at each change.
func weight(queue wsrep.Int, full int64) int {
	if !queue.Known || full <= 0 {
		return 100
	}
	return int(100 - 10*(9*min(queue.Value, full)/full))
}
