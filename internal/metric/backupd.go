package metric

// The families of backupd. It serves many clusters, so cluster is a label of the series. What a
// cluster has no backup of is an absent series.
var (
	BackupdNewest = own("backupd_newest_backup_timestamp_seconds", gauge, []string{Cluster, "method"},
		"Unix time of the state that the newest good backup of a method brings back, in seconds; for incremental ones a full one counts too (own).",
		"Older than backupd_newest_backup_max_age_seconds: `kagu backup list`, then `kagu backup run`.")
	BackupdNewestMaxAge = own("backupd_newest_backup_max_age_seconds", gauge, []string{Cluster, "method"},
		"How old the newest backup of a method may be by the schedule of kagu.yaml, in seconds (own).",
		"Somebody changed kagu.yaml.")
	BackupdProven = own("backupd_newest_proven_timestamp_seconds", gauge, []string{Cluster, "method"},
		"Unix time of the state that the newest backup brings back which was restored and found good, in seconds (own).",
		"See backupd_proof_timestamp_seconds.")
	BackupdProof = own("backupd_proof_timestamp_seconds", gauge, []string{Cluster, "method"},
		"Unix time of the newest proof restore that was good, in seconds (own).",
		"`kagu backup list` says what the proof after it found; `kagu backup verify` makes one now.")
	BackupdProofMaxAge = own("backupd_proof_max_age_seconds", gauge, []string{Cluster},
		"How old the newest good proof restore of a cluster may be by kagu.yaml, in seconds (own).",
		"Somebody changed kagu.yaml.")
	BackupdRestoreSeconds = own("backupd_restore_seconds", gauge, []string{Cluster, "method"},
		"How long the newest good proof restore took, from fetch to check, in seconds: what a restore takes (own).",
		"More than the business can wait: a faster disk for the scratch server, or shorter chains.")
	BackupdPlainBytes = own("backupd_newest_backup_plain_bytes", gauge, []string{Cluster, "method"},
		"Bytes that the newest good backup of a method read from the database (own).",
		"Follows the size of the database.")
	BackupdStoredBytes = own("backupd_newest_backup_stored_bytes", gauge, []string{Cluster, "method"},
		"Bytes that the newest good backup of a method takes in a store (own).",
		"Grows faster than the plain bytes: the data compresses less.")
	BackupdSeconds = own("backupd_newest_backup_seconds", gauge, []string{Cluster, "method"},
		"How long the newest good backup of a method took, from begin to manifest, in seconds (own).",
		"Grows: the donor, the network or the store became slower, or the data more.")
	BackupdBackups = own("backupd_backups", gauge, []string{Cluster, "method", "state"},
		"Backups that exist, by what was found of them: proven, checked, unchecked, bad (own).",
		"bad: `kagu backup show` says why.")
	BackupdLogs = own("backupd_log_archived_timestamp_seconds", gauge, []string{Cluster},
		"Unix time of the newest transaction in the archive of binary logs, in seconds: so far a restore to a moment reaches (own).",
		"Stands still while the cluster is written to: see backupd_log_archive_errors_total.")
	BackupdLogErrors = own("backupd_log_archive_errors_total", counter, []string{Cluster},
		"Times that the archive of binary logs stopped with an error and began again (own).",
		"Goes on rising: transactions are only on the servers; the log says what is wrong.")

	BackupdRuns = own("backupd_runs_total", counter, []string{Cluster, "what", "outcome"},
		"Runs that ended, by what they were about (take, prove, prune) and outcome: good, failed (own).",
		"`kagu backup list` and the log tell the error.")
	BackupdFailures = own("backupd_run_failures_total", counter, []string{Cluster, "what", "stage"},
		"Runs that failed, by the stage at which they did (own).",
		"The stage says where to look: database, store, check, copy or scratch server.")
	BackupdLastFailed = own("backupd_last_run_failed", gauge, []string{Cluster, "what", "task"},
		"1 if the newest run of a job of kagu.yaml failed, else 0; a proof or a prune has no job (own).",
		"`kagu backup list` and the log say why.")
	BackupdRunning = own("backupd_run_begun_timestamp_seconds", gauge, []string{Cluster, "what"},
		"Unix time at which the run began that goes on, in seconds; absent if none does (own).",
		"Long ago: the log says at which stage it is.")
	BackupdRunBytes = own("backupd_run_plain_bytes", gauge, []string{Cluster, "what"},
		"Bytes that the run that goes on has read so far (own).",
		"Stands still: the source or the store hangs.")
	BackupdReadTotal = own("backupd_read_bytes_total", counter, []string{Cluster},
		"Bytes that ended runs read from the database (own).", "Follows the size of the database.")
	BackupdWrittenTotal = own("backupd_written_bytes_total", counter, []string{Cluster},
		"Bytes that ended runs wrote to the first store (own).", "Follows the size of the database.")

	BackupdStoreUp = own("backupd_store_up", gauge, []string{"store"},
		"1 if a store of kagu.yaml answers, else 0 (own).",
		"Not mounted, not reachable, or the keys were refused: the log says which.")
	BackupdStoreFree = own("backupd_store_free_bytes", gauge, []string{"store"},
		"Bytes that are free in a store that has a limit (own).",
		"Below two rounds of backups: enlarge it, or keep fewer (`kagu backup prune`).")
	BackupdStoreRound = own("backupd_store_round_bytes", gauge, []string{"store"},
		"Bytes that one more backup of each cluster and method would take in a store, by the newest ones (own).",
		"Follows the size of the databases.")
	BackupdStoreHeld = own("backupd_store_held_bytes", gauge, []string{"store", Cluster},
		"Bytes that the backups of a cluster take in a store (own).",
		"Follows the retention of kagu.yaml.")

	BackupdDebt = own("backupd_debt_since_timestamp_seconds", gauge, []string{Cluster, Node, "debt"},
		"Unix time since when something is owed to a node, such as ending its desync, in seconds (own).",
		"backupd tries again by itself; the log says what keeps it from it.")
	BackupdPruned = own("backupd_last_prune_timestamp_seconds", gauge, []string{Cluster},
		"Unix time at which what need not be kept was last removed without an error, in seconds (own).",
		"`kagu backup prune` shows what would be removed and why not.")
	BackupdNext = own("backupd_schedule_next_timestamp_seconds", gauge, []string{Cluster, "task"},
		"Unix time at which a job is due next, in seconds; @proof and @prune are backupd's own (own).",
		"Follows kagu.yaml.")
	BackupdWaiting = own("backupd_schedule_waiting", gauge, []string{Cluster, "task"},
		"1 while a job is due and waits, else 0 (own).", "`kagu backup schedule` says what it waits for.")
	BackupdMissed = own("backupd_schedule_missed_total", counter, []string{Cluster, "task"},
		"Times that a job did not begin within its window (own).", "`kagu backup schedule` says why.")
	BackupdHints = own("backupd_hints_total", counter, []string{"outcome"},
		"Alerts received by outcome: stored, unmarked, unknown_cluster, no_backups, resolved, refused (own).",
		"unknown_cluster: labels and kagu.yaml disagree. refused: the log of backupd says why a webhook was not taken.")
	BackupdConfigReload = own("backupd_config_last_reload_successful", gauge, nil,
		"1 if the last reload of kagu.yaml worked; else the configuration before it is in force (own).",
		"`kagu check` names the line.")
)

// Backupd lists the families of backupd.
func Backupd() []*Family {
	return []*Family{
		BackupdNewest, BackupdNewestMaxAge, BackupdProven, BackupdProof, BackupdProofMaxAge, BackupdRestoreSeconds,
		BackupdPlainBytes, BackupdStoredBytes, BackupdSeconds, BackupdBackups, BackupdLogs, BackupdLogErrors,
		BackupdRuns, BackupdFailures, BackupdLastFailed, BackupdRunning, BackupdRunBytes, BackupdReadTotal, BackupdWrittenTotal,
		BackupdStoreUp, BackupdStoreFree, BackupdStoreRound, BackupdStoreHeld,
		BackupdDebt, BackupdPruned, BackupdNext, BackupdWaiting, BackupdMissed, BackupdHints, BackupdConfigReload,
	}
}
