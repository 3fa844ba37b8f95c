package metric

const inEvents = viaSQL("events")

// The families of ndb_exporter from the event stream. Counters begin at 0 when the exporter
// starts; what the data nodes saved of a gap is counted too.
var (
	NdbEventStreamUp = inEvents.ofCluster("ndb_event_stream_up", gauge, nil,
		"1 while a management server sends us events and signs of life, else 0 (listen event).",
		"listen event", "0: no management server can be listened to. Counters of events stand still; the state of nodes does not depend on them.")
	NdbEventStreamLastSignTimestampSeconds = inEvents.ofCluster("ndb_event_stream_last_sign_timestamp_seconds", gauge, nil,
		"Unix time of the last sign of life of the event stream; servers give one twice a second (listen event).",
		"listen event", "Older than 10 s: the stream is dead, and another server is being tried.")
	NdbEventStreamReconnectsTotal = inEvents.ofCluster("ndb_event_stream_reconnects_total", counter, nil,
		"Times that the event stream had to be opened again (listen event).",
		"listen event", "Rising: management servers are restarted, or the network to them flaps.")
	NdbEventStreamGapsTotal = inEvents.ofCluster("ndb_event_stream_gaps_total", counter, nil,
		"Times that events may have been missed; what data nodes had saved was read afterwards (listen event, dump events 81).",
		"listen event", "An increase of an event's counter around it may come late.")
	NdbEventsTotal = inEvents.ofCluster("ndb_events_total", counter, []string{"event"},
		"Events by type, as NDB names them; only types that came (listen event).",
		"listen event", "`kagu ndb events` shows them in plain words.")
	NdbEventsUnknownTotal = inEvents.ofCluster("ndb_events_unknown_total", counter, nil,
		"Events of a type that Kagu does not know (listen event).",
		"listen event", "Above 0: a newer NDB Cluster than Kagu knows.")

	NdbNodeFailuresTotal = inEvents.ofNode("ndb_node_failures_total", counter, nil,
		"Times that the other data nodes declared the node failed (NODE_FAILREP).",
		"event 28", "Its own error log says why it died; ndb_node_forced_stops_total has the decoded reason if it could still tell.")
	NdbNodeForcedStopsTotal = inEvents.ofNode("ndb_node_forced_stops_total", counter, []string{"code", "signal", "remedy"},
		"Times that the data node ended against its will, by NDB's error code or the signal, and what helps: restart, initial, configuration, disk, memory, network, wait, look (NDBStopForced).",
		"event 59", "docs/ndb.md says what each remedy means. Nothing but restart is done without a human.")
	NdbNodeForcedStopTimestampSeconds = inEvents.ofNode("ndb_node_forced_stop_timestamp_seconds", gauge, nil,
		"Unix time of the last such end (NDBStopForced).",
		"event 59", "Look into the node's error log at that time.")
	NdbNodeStartsTotal = inEvents.ofNode("ndb_node_starts_total", counter, nil,
		"Times that the data node became started (NDBStartCompleted).",
		"event 11", "More than you ordered: it dies and its angel starts it again.")
	NdbNodeStopsTotal = inEvents.ofNode("ndb_node_stops_total", counter, nil,
		"Times that the data node was stopped in good order (NDBStopCompleted).",
		"event 53", "Somebody stopped or restarted it.")
	NdbHeartbeatTroubleTotal = inEvents.ofNodeStates("ndb_heartbeat_trouble_total", "kind", []string{"late", "missed", "dead"},
		"Heartbeats of the node that came late or not, and the verdict that it is dead, each counted by every node that noticed (LateHeartbeat, MissedHeartbeat, DeadDueToHeartbeat).",
		"events 88, 44, 45", "missed rising: the node's host is overloaded or swaps, or the network drops packets; the fifth in a row is its death.").counter()
	NdbTransporterTroubleTotal = inEvents.ofNodeStates("ndb_transporter_trouble_total", "kind", []string{"warning", "error"},
		"Warnings and errors of the node's connections (TransporterWarning, TransporterError).",
		"events 43, 42", "The network between the nodes, or send buffers that are too small.").counter()
	NdbArbitrationResultsTotal = inEvents.ofClusterStates("ndb_arbitration_results_total", "result",
		[]string{"win_nodes", "win_groups", "win_choose", "lose_nodes", "lose_groups", "lose_choose", "lose_norun", "lose_nocfg", "partitioning", "other"},
		"Decisions after a failure, each counted by every data node that reports one (ArbitResult).",
		"event 30", "Any lose: data nodes shut themselves down. partitioning: exactly half was left and the arbitrator was asked.").counter()
	NdbStallsTotal = inEvents.ofClusterStates("ndb_stalls_total", "stall",
		[]string{"gcp_commit", "gcp_save", "gcp_stop", "partially_connected", "needs_initial", "redo_tail", "no_arbitrator"},
		"Warnings of data nodes that the cluster stands still or is about to, by what they say (WarningEvent, InfoEvent).",
		"events 46, 49", "gcp_commit, gcp_save: a disk or a node hangs, commits wait; find the slow node by its log. redo_tail: checkpoints hang. needs_initial: that node must be started with --initial.").counter()
	NdbSubscriptionLossesTotal = inEvents.ofCluster("ndb_subscription_losses_total", counter, nil,
		"Subscribers, such as the binary log of a SQL node, that the data nodes dropped or that lost events (SubscriptionStatus).",
		"event 69", "Above 0: that SQL node's binary log has a gap; its replicas must change to another source.")
	NdbEventBufferUsedBytes = inEvents.ofNode("ndb_event_buffer_used_bytes", gauge, nil,
		"Memory of the event buffer of a SQL node, as of its last report (EventBufferStatus).",
		"events 58, 85, 87", "Near ndb_sql_event_buffer_limit_bytes: its binary log is about to lose events.")

	NdbLocalCheckpointSeconds = inEvents.ofCluster("ndb_local_checkpoint_seconds", gauge, nil,
		"How long the last local checkpoint took (LocalCheckpointStarted, LocalCheckpointCompleted).",
		"events 6, 7", "Growing: the redo log must hold what is written meanwhile; faster disks or MinDiskWriteSpeed.")
	NdbLocalCheckpointTimestampSeconds = inEvents.ofCluster("ndb_local_checkpoint_timestamp_seconds", gauge, nil,
		"Unix time at which the last local checkpoint was complete (LocalCheckpointCompleted).",
		"event 7", "Standing still while there are writes: checkpoints hang and the redo log fills.")

	NdbBackupsTotal = inEvents.ofClusterStates("ndb_backups_total", "outcome", []string{"started", "completed", "aborted", "not_started"},
		"Backups by what became of them (BackupStarted, BackupCompleted, BackupAborted, BackupFailedToStart).",
		"events 54–57", "aborted, not_started: ndb_backup_error_code has the reason.").counter()
	NdbBackupTimestampSeconds = inEvents.ofClusterStates("ndb_backup_timestamp_seconds", "outcome", []string{"started", "completed", "aborted", "not_started"},
		"Unix time of the last backup with that outcome; absent if none was heard of (BackupStarted, BackupCompleted, BackupAborted, BackupFailedToStart).",
		"events 54–57", "completed too long ago: no backup to go back to. It says nothing of whether it can be restored.")
	NdbBackupID = inEvents.ofClusterStates("ndb_backup_id", "outcome", []string{"started", "completed", "aborted"},
		"Number of the last backup with that outcome (BackupStarted, BackupCompleted, BackupAborted).",
		"events 54, 56, 57", "started above completed and aborted: it runs.")
	NdbBackupRunning = inEvents.ofCluster("ndb_backup_running", gauge, nil,
		"1 while a backup runs that was heard to start, else 0; absent before anything was heard (BackupStarted, BackupCompleted, BackupAborted).",
		"events 54, 56, 57", "1 for hours: see ndb_disk_write_bytes_per_second; ABORT BACKUP ends it.")
	NdbBackupDurationSeconds = inEvents.ofCluster("ndb_backup_duration_seconds", gauge, nil,
		"How long the last completed backup took (BackupStarted, BackupCompleted).",
		"events 54, 56", "Growing faster than the data: the disks are busy.")
	NdbBackupBytes = inEvents.ofClusterStates("ndb_backup_bytes", "part", []string{"data", "log"},
		"Size of the last completed backup before compression, of all nodes together (BackupCompleted).",
		"event 56", "Half of what it was: something is missing.")
	NdbBackupRecords = inEvents.ofClusterStates("ndb_backup_records", "part", []string{"data", "log"},
		"Records in the last completed backup (BackupCompleted).",
		"event 56", "Half of what it was: something is missing.")
	NdbBackupErrorCode = inEvents.ofCluster("ndb_backup_error_code", gauge, nil,
		"Error code of the last backup that was aborted or did not start; absent if none failed (BackupAborted, BackupFailedToStart).",
		"events 55, 57", "1326: a data node failed meanwhile. 1324: the backup's log buffer was full. 1350: files of that number exist. 1321: somebody aborted it.")
)

// ndbEvents lists them, in the order of the documentation.
var ndbEvents = []*Family{
	NdbEventStreamUp, NdbEventStreamLastSignTimestampSeconds, NdbEventStreamReconnectsTotal, NdbEventStreamGapsTotal, NdbEventsTotal, NdbEventsUnknownTotal,
	NdbNodeFailuresTotal, NdbNodeForcedStopsTotal, NdbNodeForcedStopTimestampSeconds, NdbNodeStartsTotal, NdbNodeStopsTotal,
	NdbHeartbeatTroubleTotal, NdbTransporterTroubleTotal, NdbArbitrationResultsTotal, NdbStallsTotal, NdbSubscriptionLossesTotal, NdbEventBufferUsedBytes,
	NdbLocalCheckpointSeconds, NdbLocalCheckpointTimestampSeconds,
	NdbBackupsTotal, NdbBackupTimestampSeconds, NdbBackupID, NdbBackupRunning, NdbBackupDurationSeconds, NdbBackupBytes, NdbBackupRecords, NdbBackupErrorCode,
}
