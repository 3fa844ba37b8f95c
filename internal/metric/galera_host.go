package metric

// The families of galera_exporter from the files of a database host, for an exporter that runs
// there. They need no server: they are there while it is down.
var (
	GaleraProcessUp = inHost.family("galera_process_up", gauge, nil,
		"1 if the server's process exists, else 0; absent where it cannot be told (the pid file, the unit's control group, or who works in the data directory).",
		"pid_file of kagu.yaml, /sys/fs/cgroup, /proc", "1 with galera_up 0: it starts, recovers, receives a full transfer, or hangs. Do not start a second one.")
	GaleraGrastateSeqno = inHost.family("galera_grastate_seqno", gauge, nil,
		"Position the server saved when it stopped; -1 while it runs and after a crash (grastate.dat).",
		"grastate.dat", "-1 while the process is gone: it crashed, and its position must be recovered before anybody founds a cluster.")
	GaleraGrastateSafeToBootstrap = inHost.family("galera_grastate_safe_to_bootstrap", gauge, nil,
		"1 if the server was the last of its cluster to stop, else 0 (grastate.dat).",
		"grastate.dat", "1 with every member down: this is the one to found the cluster with.")
	GaleraGvwstatePresent = inHost.family("galera_gvwstate_present", gauge, nil,
		"1 if the last view of a primary component is on disk, so that members find each other again after all crashed, else 0 (gvwstate.dat).",
		"gvwstate.dat", "1 on all members while all are down: start them all, and they found the cluster themselves.")
	GaleraDatadirSizeBytes = inHost.family("galera_datadir_size_bytes", gauge, nil,
		"Size of the file system of the data directory (statfs).",
		"statfs of the data directory", "Moves when the disk is enlarged.")
	GaleraDatadirAvailableBytes = inHost.family("galera_datadir_available_bytes", gauge, nil,
		"Bytes an ordinary user can still write on the file system of the data directory (statfs).",
		"statfs of the data directory", "Near 0: the server will stop. Free space before it does; a full transfer needs the size of the data once more.")
	GaleraStateTransferPhase = inHost.states("galera_state_transfer_phase", "phase", []string{
		"disconnected", "connecting", "waiting", "receiving_state", "receiving_sst", "initializing",
		"receiving_ist", "syncing", "operational", "donating", "disconnecting",
	},
		"What the server says it does: 1 for the present phase, 0 for the others; the last word of a dead server stays (wsrep_status_file, or sst_in_progress where a transfer removed that).",
		"wsrep_status_file, sst_in_progress", "receiving_sst, receiving_ist: a transfer runs, and the bytes and events below say how far it is. Look at galera_process_up too.")
	GaleraSSTExpectedBytes = inHost.family("galera_sst_expected_bytes", gauge, nil,
		"Bytes of the full transfer that this server receives or sends; absent while there is none or it does not tell (wsrep_status_file).",
		"wsrep_status_file", "Absent in every transfer seen of MariaDB 10.11.14, which writes -1 of -1. Appears when a transfer begins.")
	GaleraSSTDoneBytes = inHost.family("galera_sst_done_bytes", gauge, nil,
		"Bytes of the full transfer so far; absent while there is none or it does not tell (wsrep_status_file).",
		"wsrep_status_file", "Stands still: the network, the donor's disk or ours.")
	GaleraISTExpectedEvents = inHost.family("galera_ist_expected_events", gauge, nil,
		"Events of the incremental transfer, or of the catching up after it; absent while there is none (wsrep_status_file).",
		"wsrep_status_file", "Appears when a transfer begins.")
	GaleraISTDoneEvents = inHost.family("galera_ist_done_events", gauge, nil,
		"Events of the incremental transfer so far; the server renews it every 10 s at most; absent while there is none (wsrep_status_file).",
		"wsrep_status_file", "Stands still for longer: the donor or the network; its error log.")
	GaleraStatusFileTimestampSeconds = inHost.family("galera_status_file_timestamp_seconds", gauge, nil,
		"Unix time of the last change that the server wrote down; it is no heartbeat (wsrep_status_file).",
		"wsrep_status_file", "Old on a server that is synced is normal.")
	GaleraStatusFileMessages = inHost.states("galera_status_file_messages", "severity", []string{"error", "warning"},
		"Errors and warnings that the server keeps in its status file (wsrep_status_file).",
		"wsrep_status_file", "error above 0: read them, `jq .errors` on the file; the error log has them too.")
)

// galeraHost lists them, in the order of the documentation.
var galeraHost = []*Family{
	GaleraProcessUp, GaleraGrastateSeqno, GaleraGrastateSafeToBootstrap, GaleraGvwstatePresent,
	GaleraDatadirSizeBytes, GaleraDatadirAvailableBytes, GaleraStateTransferPhase, GaleraSSTExpectedBytes,
	GaleraSSTDoneBytes, GaleraISTExpectedEvents, GaleraISTDoneEvents, GaleraStatusFileTimestampSeconds,
	GaleraStatusFileMessages,
}
