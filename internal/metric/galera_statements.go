package metric

// The families of galera_exporter about how long statements take and how they get at rows.
var (
	GaleraQuerySecondsTotal = inWorkload.family("galera_query_seconds_total", counter, nil,
		"Seconds that statements took, all together; MariaDB only (Query_time).",
		"Query_time", "Its rate is how many statements run at a time; divided by that of galera_questions_total, how long one takes in the mean.")
	GaleraStatementTimeoutsTotal = inWorkload.family("galera_statement_timeouts_total", counter, nil,
		"Statements that the server ended because they took too long; MariaDB only (Max_statement_time_exceeded).",
		"Max_statement_time_exceeded", "Rising: clients get errors; ours are among them if a collector fails.")
	GaleraRowsTotal = inWorkload.states("galera_rows_total", "operation", []string{"read", "sent"},
		"Rows that statements read, and that they sent to clients; MariaDB only (Rows_read, Rows_sent).",
		"Rows_read, Rows_sent", "read far above sent: an index is missing.").counter()
	GaleraHandlerCallsTotal = inWorkload.states("galera_handler_calls_total", "call",
		[]string{"read_first", "read_key", "read_next", "read_prev", "read_rnd", "read_rnd_next", "write", "update", "delete", "commit", "rollback"},
		"Calls into the storage engine, by kind (Handler_read_first, Handler_write, …).",
		"Handler_*", "read_rnd_next: whole tables are read. read_key: an index is used.").counter()
	GaleraSelectsTotal = inWorkload.states("galera_selects_total", "access", []string{"scan", "range", "range_check", "full_join", "full_range_join"},
		"Selects by how they got at their rows (Select_scan, Select_full_join, …).",
		"Select_*", "full_join rising: joins without an index.").counter()
	GaleraSortRowsTotal = inWorkload.family("galera_sort_rows_total", counter, nil,
		"Rows that were sorted (Sort_rows).",
		"Sort_rows", "Jumps: a report, or an ORDER BY without an index.")
	GaleraSortMergePassesTotal = inWorkload.family("galera_sort_merge_passes_total", counter, nil,
		"Passes of sorts that did not fit into their buffer (Sort_merge_passes).",
		"Sort_merge_passes", "Rising: sort_buffer_size for those sessions, or fewer rows to sort.")

	GaleraQueryDurationSeconds = inResponse.histogram("galera_query_duration_seconds", []float64{1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1, 10, 100, 1e3, 1e4, 1e5, 1e6},
		"How long statements took, in the server's own buckets (query_response_time_range_base); absent without the plugin query_response_time (information_schema.QUERY_RESPONSE_TIME).",
		"information_schema.QUERY_RESPONSE_TIME", "histogram_quantile of its rate: the latency that clients see, without network and pool.")

	GaleraInstrumentEnabled = inDigests.states("galera_instrument_enabled", "instrument", []string{"performance_schema", "query_response_time", "metadata_lock_info"},
		"1 if the server measures with this, else 0: what is absent here is absent because of that; read each minute (performance_schema, query_response_time_stats, information_schema.PLUGINS).",
		"performance_schema, query_response_time_stats, information_schema.PLUGINS", "Moves only when somebody changes the server's options.")
	GaleraTimedStatementsTotal = inDigests.states("galera_timed_statements_total", "kind", timedKinds,
		"Statements that performance_schema timed, by kind; read each minute (events_statements_summary_global_by_event_name).",
		"performance_schema.events_statements_summary_global_by_event_name", "See galera_timed_statement_seconds_total.").counter()
	GaleraTimedStatementSecondsTotal = inDigests.states("galera_timed_statement_seconds_total", "kind", timedKinds,
		"Seconds that statements took, by kind, as performance_schema timed them; read each minute (events_statements_summary_global_by_event_name).",
		"performance_schema.events_statements_summary_global_by_event_name", "By the rate of galera_timed_statements_total: the mean latency of a kind. commit: replication.").counter()
	GaleraDigestStatementsTotal = inDigests.family("galera_digest_statements_total", counter, digestLabels,
		"Statements of one form, of the 15 forms that took most time and the 10 that came most often; read each minute (events_statements_summary_by_digest).",
		"performance_schema.events_statements_summary_by_digest", "The text of a form is never told; ask the node: SELECT DIGEST_TEXT … WHERE DIGEST = '…'.")
	GaleraDigestSecondsTotal = inDigests.family("galera_digest_seconds_total", counter, digestLabels,
		"Seconds that the statements of one form took; read each minute (events_statements_summary_by_digest).",
		"performance_schema.events_statements_summary_by_digest", "By the rate of galera_digest_statements_total: its mean latency. What the forms leave of galera_timed_statement_seconds_total is all the others.")
	GaleraDigestErrorsTotal = inDigests.family("galera_digest_errors_total", counter, digestLabels,
		"Statements of one form that failed; read each minute (events_statements_summary_by_digest).",
		"performance_schema.events_statements_summary_by_digest", "Rising: clients see errors; deadlocks are among them.")
	GaleraDigestRowsExaminedTotal = inDigests.family("galera_digest_rows_examined_total", counter, digestLabels,
		"Rows that the statements of one form looked at; read each minute (events_statements_summary_by_digest).",
		"performance_schema.events_statements_summary_by_digest", "Far above galera_digest_rows_sent_total: an index is missing.")
	GaleraDigestRowsSentTotal = inDigests.family("galera_digest_rows_sent_total", counter, digestLabels,
		"Rows that the statements of one form sent to clients; read each minute (events_statements_summary_by_digest).",
		"performance_schema.events_statements_summary_by_digest", "See galera_digest_rows_examined_total.")
)

// timedKinds are the kinds of statements that are told apart; other is all the rest.
var timedKinds = []string{"select", "insert", "update", "delete", "replace", "call", "begin", "commit", "rollback", "ddl", "other"}

// digestLabels are those of a form of statements. kind is its first word, of a closed list.
var digestLabels = []string{"schema", "digest", "kind"}

// galeraStatements lists them, in the order of the documentation.
var galeraStatements = []*Family{
	GaleraQuerySecondsTotal, GaleraStatementTimeoutsTotal, GaleraRowsTotal, GaleraHandlerCallsTotal, GaleraSelectsTotal,
	GaleraSortRowsTotal, GaleraSortMergePassesTotal, GaleraQueryDurationSeconds, GaleraInstrumentEnabled,
	GaleraTimedStatementsTotal, GaleraTimedStatementSecondsTotal, GaleraDigestStatementsTotal, GaleraDigestSecondsTotal,
	GaleraDigestErrorsTotal, GaleraDigestRowsExaminedTotal, GaleraDigestRowsSentTotal,
}
