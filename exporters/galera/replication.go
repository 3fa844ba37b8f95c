package galera

import (
	"context"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/kagu-db/kagu/internal/cluster"
	"github.com/kagu-db/kagu/internal/metric"
	"github.com/kagu-db/kagu/internal/wsrep"
)

// replication is the collector of replication beside Galera's own.
type replication struct{ look *look }

// Servers name these statements and columns differently; the answers are read by either name.
const (
	channelsQuery        = `SHOW ALL SLAVES STATUS`
	channelsQueryOfMySQL = `SHOW REPLICA STATUS`
)

// The most channels, and domains of a channel, that are told.
const (
	channelLimit = 16
	domainLimit  = 16
)

// Name returns "replication".
func (replication) Name() string { return "replication" }

// Collect emits what this node is as a source, and each of its channels as a replica.
func (c replication) Collect(ctx context.Context, emit func(prometheus.Metric)) error {
	s, err := c.look.readStatus(ctx)
	if err != nil {
		return err
	}
	vars, err := c.look.readVariables(ctx)
	if err != nil {
		return err
	}
	e := emitter(emit)
	e.number(metric.GaleraAsyncBinlogDumpThreads, wsrep.ParseInt(s.vars["slaves_connected"]))
	emitSemiSync(e, s.vars, vars)

	query := channelsQueryOfMySQL
	if flavor(vars) == "mariadb" {
		query = channelsQuery
	}
	rows, err := c.look.db.Table(ctx, query)
	if err != nil {
		return err
	}
	for _, row := range rows[:min(len(rows), channelLimit)] {
		emitChannel(e, row)
	}
	return nil
}

// either returns the value of the first of the names that there is.
func either(row map[string]string, names ...string) string {
	for _, n := range names {
		if v, ok := row[n]; ok {
			return v
		}
	}
	return ""
}

// emitSemiSync emits what the two halves of semi-synchronous replication say, each if it is on.
func emitSemiSync(e emitter, status, vars map[string]string) {
	on := func(names ...string) bool { return wsrep.ParseBool(either(vars, names...)) == cluster.Yes }
	said := func(name string) string {
		return either(status, "rpl_semi_sync_master_"+name, "rpl_semi_sync_source_"+name)
	}
	if on("rpl_semi_sync_master_enabled", "rpl_semi_sync_source_enabled") {
		e.truth(metric.GaleraSemiSyncSourceActive, wsrep.ParseBool(said("status")))
		e.number(metric.GaleraSemiSyncReplicas, wsrep.ParseInt(said("clients")))
		e.number(metric.GaleraSemiSyncCommitsTotal, wsrep.ParseInt(said("yes_tx")), "yes")
		e.number(metric.GaleraSemiSyncCommitsTotal, wsrep.ParseInt(said("no_tx")), "no")
	}
	if on("rpl_semi_sync_slave_enabled", "rpl_semi_sync_replica_enabled") {
		e.truth(metric.GaleraSemiSyncReplicaActive, wsrep.ParseBool(either(status, "rpl_semi_sync_slave_status", "rpl_semi_sync_replica_status")))
	}
}

// emitChannel emits one channel. Of its texts only where it leads to is told; an error is told by
// number, since the words hold statements.
func emitChannel(e emitter, row map[string]string) {
	channel := either(row, "connection_name", "channel_name")
	running := func(name string) float64 {
		if strings.EqualFold(either(row, "slave_"+name, "replica_"+name), "Yes") {
			return 1
		}
		return 0
	}
	e.info(metric.GaleraAsyncReplicaInfo, channel, either(row, "master_host", "source_host"), either(row, "master_port", "source_port"),
		strings.ToLower(either(row, "using_gtid", "auto_position")))
	e(metric.GaleraAsyncReplicaIORunning.Sample(running("io_running"), channel))
	e(metric.GaleraAsyncReplicaSQLRunning.Sample(running("sql_running"), channel))
	e.number(metric.GaleraAsyncReplicaLagSeconds, wsrep.ParseInt(either(row, "seconds_behind_master", "seconds_behind_source")), channel)
	e.number(metric.GaleraAsyncReplicaConfiguredDelaySeconds, wsrep.ParseInt(row["sql_delay"]), channel)
	e.number(metric.GaleraAsyncReplicaErrorNumber, wsrep.ParseInt(row["last_io_errno"]), channel, "io")
	e.number(metric.GaleraAsyncReplicaErrorNumber, wsrep.ParseInt(row["last_sql_errno"]), channel, "sql")
	e.number(metric.GaleraAsyncReplicaRelayLogBytes, wsrep.ParseInt(row["relay_log_space"]), channel)
	for _, of := range []struct{ position, column string }{{"received", "gtid_io_pos"}, {"applied", "gtid_slave_pos"}} {
		for _, p := range wsrep.ParseGTIDPosition(row[of.column], domainLimit) {
			e(metric.GaleraAsyncReplicaGTIDSeqno.Sample(float64(p.Seqno), channel, of.position, p.Domain))
		}
	}
}

// binlog is the collector of the binary logs that are kept. It runs apart: the server looks at
// each file, while it lets nobody rotate them.
type binlog struct{ db querier }

const (
	binlogEvery    = 5 * time.Minute
	binlogSettings = `SHOW GLOBAL VARIABLES WHERE Variable_name IN ('log_bin', 'binlog_expire_logs_seconds', 'expire_logs_days')`
	binlogQuery    = `SHOW BINARY LOGS`
)

// Name returns "binlog".
func (binlog) Name() string { return "binlog" }

// Collect emits how many there are, and how large.
func (c binlog) Collect(ctx context.Context, emit func(prometheus.Metric)) error {
	vars, err := c.db.Pairs(ctx, binlogSettings)
	if err != nil {
		return err
	}
	e := emitter(emit)
	on := wsrep.ParseBool(vars["log_bin"])
	e.truth(metric.GaleraBinlogEnabled, on)
	if on != cluster.Yes {
		return nil
	}
	expire := wsrep.ParseReal(vars["binlog_expire_logs_seconds"])
	if days := wsrep.ParseReal(vars["expire_logs_days"]); expire.Value == 0 && days.Known {
		expire = wsrep.Real{Known: true, Value: days.Value * 86400}
	}
	e.real(metric.GaleraBinlogExpireSeconds, expire)
	rows, err := c.db.Table(ctx, binlogQuery)
	if err != nil {
		return err
	}
	total := 0.0
	for _, row := range rows {
		total += wsrep.ParseReal(row["file_size"]).Value
	}
	e(metric.GaleraBinlogFiles.Sample(float64(len(rows))))
	e(metric.GaleraBinlogSizeBytes.Sample(total))
	return nil
}

// accounts is the collector of accounts that replicas log in with. It sees no password's hash.
type accounts struct{ db querier }

// accountsEvery is how often the accounts are counted.
const accountsEvery = time.Hour

// accountColumns are all that it may read of the accounts.
const accountColumns = "Host, User, Repl_slave_priv, Super_priv, password_expired"

// accountsQuery leaves out the administrators, who may do everything. account_locked is a column
// on MySQL only; MariaDB keeps it beside the hash.
const accountsQuery = `SELECT CONCAT(Host, ' ', User), password_expired FROM mysql.user WHERE Repl_slave_priv = 'Y' AND Super_priv <> 'Y'`

// Name returns "accounts".
func (accounts) Name() string { return "accounts" }

// Collect emits how many there are.
func (c accounts) Collect(ctx context.Context, emit func(prometheus.Metric)) error {
	rows, err := c.db.Table(ctx, accountsQuery)
	if err != nil {
		return err
	}
	expired := 0
	for _, row := range rows {
		if row["password_expired"] == "Y" {
			expired++
		}
	}
	emit(metric.GaleraReplicationAccounts.Sample(float64(len(rows)-expired), "usable"))
	emit(metric.GaleraReplicationAccounts.Sample(float64(expired), "expired"))
	return nil
}
