package galera

import (
	"context"
	"slices"
	"strings"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/kagu-db/kagu/internal/metric"
	"github.com/kagu-db/kagu/internal/wsrep"
)

// The settings that should be the same on all members. What is rightly different (addresses,
// names, server_id, offsets) is not here.
var (
	alike = []string{
		"binlog_format", "character_set_server", "collation_server", "event_scheduler", "foreign_key_checks",
		"innodb_autoinc_lock_mode", "innodb_flush_log_at_trx_commit", "log_slave_updates", "lower_case_table_names",
		"max_allowed_packet", "pxc_strict_mode", "sql_mode", "sync_binlog", "system_time_zone", "time_zone",
		"wsrep_certification_rules", "wsrep_certify_nonpk", "wsrep_dirty_reads", "wsrep_gtid_domain_id", "wsrep_gtid_mode",
		"wsrep_ignore_apply_errors", "wsrep_mode", "wsrep_osu_method", "wsrep_retry_autocommit", "wsrep_sst_method",
		"wsrep_sync_wait", "wsrep_trx_fragment_size", "wsrep_trx_fragment_unit",
	}
	alikeOptions = []string{
		"cert.optimistic_pa", "evs.auto_evict", "evs.delay_margin", "evs.delayed_keep_period", "evs.stats_report_period",
		"gcs.sync_donor", "gcs.vote_policy", "pc.recovery", "repl.causal_read_timeout", "repl.commit_order", "repl.max_ws_size",
	}
)

// renamed are the names that newer servers have for variables of alike.
var renamed = map[string]string{"log_slave_updates": "log_replica_updates"}

// drift is the collector of fingerprints of settings.
type drift struct{ look *look }

// Name returns "drift".
func (drift) Name() string { return "drift" }

// Collect emits a fingerprint of each setting that the server has.
func (c drift) Collect(ctx context.Context, emit func(prometheus.Metric)) error {
	vars, err := c.look.readVariables(ctx)
	if err != nil {
		return err
	}
	for _, name := range alike {
		value, ok := vars[name]
		if !ok {
			value, ok = vars[renamed[name]]
		}
		if ok {
			emit(metric.GaleraVariableFingerprint.Sample(fingerprint(normal(value)), name))
		}
	}
	options := wsrep.OptionsOf(vars)
	for _, name := range alikeOptions {
		if value, ok := options.Text(name); ok {
			emit(metric.GaleraVariableFingerprint.Sample(fingerprint(normal(value)), name))
		}
	}
	return nil
}

// normal makes one text of those that mean the same: case, blanks and the order of a list do
// not count, and yes is ON.
func normal(value string) string {
	value = strings.ToLower(strings.TrimSpace(value))
	switch value {
	case "yes", "true":
		return "on"
	case "no", "false":
		return "off"
	}
	if !strings.Contains(value, ",") {
		return value
	}
	parts := strings.Split(value, ",")
	slices.Sort(parts)
	return strings.Join(parts, ",")
}

// settings are the variables that the collectors read beside those of alike.
var settings = []string{
	"version", "version_comment", "wsrep_on", "wsrep_cluster_name", "wsrep_node_name", "wsrep_node_address", "wsrep_cluster_address",
	"wsrep_desync", "wsrep_reject_queries", "read_only", "super_read_only", "wsrep_sst_donor_rejects_queries", "wsrep_auto_increment_control",
	"auto_increment_increment", "auto_increment_offset", "wsrep_slave_threads", "wsrep_applier_threads",
	"wsrep_max_ws_size", "wsrep_max_ws_rows", "max_connections", "pxc_maint_mode", "log_replica_updates",
	"table_open_cache", "table_definition_cache", "open_files_limit", "query_response_time_stats",
	"rpl_semi_sync_master_enabled", "rpl_semi_sync_slave_enabled", "rpl_semi_sync_source_enabled", "rpl_semi_sync_replica_enabled",
}

// variablesQuery reads them all. The pattern is for servers that have a variable for each
// provider option (MariaDB 11.4 and later with the provider plugin).
var variablesQuery = "SHOW GLOBAL VARIABLES WHERE Variable_name IN ('" + strings.Join(slices.Concat(settings, alike), "', '") +
	`') OR Variable_name LIKE 'wsrep\_provider\_%'`
