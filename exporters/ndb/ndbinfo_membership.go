package ndb

import (
	"strings"

	"github.com/kagu-db/kagu/internal/metric"
)

// arbitration makes a word of ours of the states that ndbinfo knows.
var arbitration = map[string]string{
	"ARBIT_NULL": "none", "ARBIT_INIT": "finding", "ARBIT_FIND": "finding", "ARBIT_PREP1": "finding", "ARBIT_PREP2": "finding",
	"ARBIT_START": "finding", "ARBIT_RUN": "ready", "ARBIT_CHOOSE": "choosing", "ARBIT_CRASH": "crash",
}

func emitMembership(e cells, names nodeNames, rows []map[string]string) {
	for _, row := range rows {
		name, id := names.of(row["node_id"])
		metric.NdbArbitrationState.StateSet(e, arbitration[row["arb_state"]], name, id)
		if arbitrator, ok := number(row, "arbitrator"); ok && arbitrator > 0 {
			e(metric.NdbArbitratorNodeID.Sample(float64(arbitrator), name, id))
			e.truth(metric.NdbArbitratorConnected, strings.EqualFold(row["arb_connected"], "yes"), name, id)
		}
		e.number(metric.NdbPresidentNodeID, row, "president", 1, name, id)
	}
}

// restartStages are the columns of restart_info and our words for them.
var restartStages = map[string]string{
	"secs_to_complete_node_failure":                "failure_handling",
	"secs_to_allocate_node_id":                     "node_id",
	"secs_to_include_in_heartbeat_protocol":        "heartbeat_protocol",
	"secs_until_wait_for_ndbcntr_master":           "until_master",
	"secs_wait_for_ndbcntr_master":                 "wait_for_master",
	"secs_to_get_start_permitted":                  "start_permission",
	"secs_to_wait_for_lcp_for_copy_meta_data":      "wait_to_copy_metadata",
	"secs_to_copy_meta_data":                       "copy_metadata",
	"secs_to_include_node":                         "include_node",
	"secs_starting_node_to_request_local_recovery": "request_recovery",
	"secs_for_local_recovery":                      "local_recovery",
	"secs_restore_fragments":                       "restore_fragments",
	"secs_undo_disk_data":                          "undo_disk_data",
	"secs_exec_redo_log":                           "redo_log",
	"secs_index_rebuild":                           "index_rebuild",
	"secs_to_synchronize_starting_node":            "synchronise",
	"secs_wait_lcp_for_restart":                    "wait_for_checkpoint",
	"secs_wait_subscription_handover":              "subscription_handover",
}

func emitRestarts(e cells, names nodeNames, rows []map[string]string) {
	for _, row := range rows {
		name, id := names.of(row["node_id"])
		e.number(metric.NdbRestartStatusCode, row, "node_restart_status_int", 1, name, id)
		e.number(metric.NdbRestartSeconds, row, "total_restart_secs", 1, name, id)
		for column, stage := range restartStages {
			if row[column] != "0" {
				e.number(metric.NdbRestartStageSeconds, row, column, 1, name, id, stage)
			}
		}
	}
}

func emitBackup(e cells, _ nodeNames, rows []map[string]string) {
	for _, row := range rows {
		if row["id"] != "0" { // none since the cluster began
			e.number(metric.NdbBackupNewestID, row, "id", 1)
		}
	}
}
