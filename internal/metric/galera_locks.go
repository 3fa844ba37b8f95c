package metric

// The families of galera_exporter about who blocks whom. They are absent while nobody waits. No
// statement's text is read.
var (
	GaleraLockOldestWaitStartTimestampSeconds = inLocks.states("galera_lock_oldest_wait_start_timestamp_seconds", "lock", []string{"row", "metadata"},
		"Unix time since which the one who waits longest for a lock does; for a metadata lock, when its statement began (information_schema.INNODB_TRX, SHOW PROCESSLIST).",
		"information_schema.INNODB_TRX, SHOW PROCESSLIST", "Minutes ago: galera_lock_blocker_info says for whom it waits.")
	GaleraLockBlockers = inLocks.states("galera_lock_blockers", "lock", []string{"row", "metadata"},
		"Sessions that others wait for and that wait for no such lock themselves; metadata needs the plugin metadata_lock_info (information_schema.INNODB_LOCK_WAITS, METADATA_LOCK_INFO).",
		"information_schema.INNODB_LOCK_WAITS, METADATA_LOCK_INFO", "1: end that one, and all go on. Many: hot rows; look at the application.")
	GaleraLockBlockerInfo = inLocks.family("galera_lock_blocker_info", gauge, []string{"lock", "thread_id", "user", "host"},
		"Always 1; the labels name the worst blocker, which most wait for and of those the oldest; 0 as thread is replication (information_schema.INNODB_LOCK_WAITS, METADATA_LOCK_INFO).",
		"information_schema.INNODB_LOCK_WAITS, METADATA_LOCK_INFO, SHOW PROCESSLIST", "Ask its owner; KILL thread_id on that node ends it.")
	GaleraLockBlockerWaiters = inLocks.states("galera_lock_blocker_waiters", "lock", []string{"row", "metadata"},
		"Sessions that wait for the worst blocker, through others too (information_schema.INNODB_LOCK_WAITS, METADATA_LOCK_INFO).",
		"information_schema.INNODB_LOCK_WAITS, METADATA_LOCK_INFO", "How many go on if that one ends.")
	GaleraLockBlockerStartTimestampSeconds = inLocks.states("galera_lock_blocker_start_timestamp_seconds", "lock", []string{"row", "metadata"},
		"Unix time at which the transaction of the worst blocker began, or it got its metadata lock (information_schema.INNODB_TRX, METADATA_LOCK_INFO).",
		"information_schema.INNODB_TRX, METADATA_LOCK_INFO", "Long ago: a transaction was left open.")
)

// galeraLocks lists them, in the order of the documentation.
var galeraLocks = []*Family{
	GaleraLockOldestWaitStartTimestampSeconds, GaleraLockBlockers, GaleraLockBlockerInfo, GaleraLockBlockerWaiters,
	GaleraLockBlockerStartTimestampSeconds,
}
