package ndb

import (
	"fmt"
	"slices"
	"time"
)

// A Stage is a part of a restart and how long it took, or takes so far.
type Stage struct {
	Name string
	Took time.Duration
}

// Stages are the columns of ndbinfo.restart_info that measure a part of a restart, in the order
// in which the parts come; total_restart_secs is their sum.
func Stages() []string {
	return []string{
		"secs_to_complete_node_failure", "secs_to_allocate_node_id", "secs_to_include_in_heartbeat_protocol",
		"secs_until_wait_for_ndbcntr_master", "secs_wait_for_ndbcntr_master", "secs_to_get_start_permitted",
		"secs_to_wait_for_lcp_for_copy_meta_data", "secs_to_copy_meta_data", "secs_to_include_node",
		"secs_starting_node_to_request_local_recovery", "secs_for_local_recovery", "secs_to_synchronize_starting_node",
		"secs_wait_lcp_for_restart", "secs_wait_subscription_handover",
	}
}

// RestartDone is the value of node_restart_status_int of a restart that is complete, in the eyes
// of the president and of the others.
func RestartDone(status int) bool { return status == 19 || status == 24 }

// RestartRuns tells whether a data node is being restarted by its node_restart_status_int. Up to 3
// only its failure is known, and it may stay so for ever.
func RestartRuns(status int) bool { return status > 3 && !RestartDone(status) }

// stageOf is the place in Stages of what a data node does at a node_restart_status_int. Its column is
// filled when it is over.
var stageOf = map[int]int{
	4: 2, 5: 3, 6: 4, 7: 5, 8: 6, 9: 6, 10: 7, 11: 8, 12: 10, 13: 10, 14: 10, 15: 10, 16: 11, 17: 12, 18: 13,
}

// RestartStage is the place in Stages of the part that a restart is in, false if nobody knows.
func RestartStage(status int) (int, bool) {
	stage, known := stageOf[status]
	return stage, known
}

// PhaseWords says what a data node does in a start phase.
func PhaseWords(phase int) string {
	switch {
	case phase < 0:
		return ""
	case phase <= 2:
		return "meets the other nodes"
	case phase <= 4:
		return "opens its logs and checkpoints"
	case phase == 5:
		return "restores its data and copies what it missed"
	case phase <= 8:
		return "prepares indexes and clients"
	case phase == 9:
		return "is about to be started"
	case phase == 100:
		return "hands over its subscriptions"
	case phase == 101:
		return "waits for SQL nodes to subscribe"
	}
	return fmt.Sprintf("phase %d", phase)
}

// A Progress is how far a restart has come.
type Progress struct {
	Share     float64       `json:"share"` // 0 to 1 of the time that it is expected to take
	Remaining time.Duration `json:"remaining"`
	Known     bool          `json:"known"`
	Overdue   bool          `json:"overdue"` // the stage it is in takes longer than it ever took
	Why       string        `json:"why,omitempty"`
}

// RestartProgress compares a restart with earlier ones. So far holds the stages it has been
// through; the last is the one it is in. Each earlier restart is complete and has the same
// stages in the same order. The stages still to come are expected to take their median.
func RestartProgress(soFar []Stage, earlier [][]Stage) Progress {
	earlier = slices.DeleteFunc(slices.Clone(earlier), func(run []Stage) bool { return !samePath(soFar, run) })
	switch {
	case len(soFar) == 0:
		return Progress{Why: "it has not begun"}
	case len(earlier) == 0:
		return Progress{Why: "there is no earlier restart to compare with"}
	}
	longest := 0
	for _, run := range earlier {
		longest = max(longest, len(run))
	}
	var spent, ahead time.Duration
	for _, s := range soFar {
		spent += s.Took
	}
	p := Progress{Known: true}
	now := len(soFar) - 1
	for i := now; i < longest; i++ {
		var took []time.Duration
		for _, run := range earlier {
			if i < len(run) {
				took = append(took, run[i].Took)
			}
		}
		slices.Sort(took)
		usual := (took[(len(took)-1)/2] + took[len(took)/2]) / 2
		if i == now {
			p.Overdue = soFar[now].Took > took[len(took)-1]+time.Second
			usual = max(0, usual-soFar[now].Took)
		}
		ahead += usual
	}
	if p.Overdue {
		return Progress{Overdue: true, Why: "this stage takes longer than it ever did"}
	}
	p.Remaining = ahead
	if spent+ahead > 0 {
		p.Share = float64(spent) / float64(spent+ahead)
	}
	return p
}

// samePath tells whether a complete restart began as this one does.
func samePath(soFar, run []Stage) bool {
	return len(run) >= len(soFar) && slices.EqualFunc(soFar, run[:len(soFar)], func(a, b Stage) bool { return a.Name == b.Name })
}
