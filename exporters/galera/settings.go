package galera

import (
	"strings"
	"time"

	"github.com/kagu-db/kagu/internal/cluster"
	"github.com/kagu-db/kagu/internal/metric"
	"github.com/kagu-db/kagu/internal/wsrep"
)

// emitSettings emits the server's own variables.
func emitSettings(e emitter, vars map[string]string) {
	number := func(f *metric.Family, name string) { e.number(f, wsrep.ParseInt(vars[name])) }
	truth := func(f *metric.Family, name string) { e.truth(f, wsrep.ParseBool(vars[name])) }

	truth(metric.GaleraDesyncEnabled, "wsrep_desync")
	truth(metric.GaleraSSTDonorRejectsQueries, "wsrep_sst_donor_rejects_queries")
	truth(metric.GaleraAutoIncrementControlEnabled, "wsrep_auto_increment_control")
	number(metric.GaleraAutoIncrementIncrement, "auto_increment_increment")
	number(metric.GaleraAutoIncrementOffset, "auto_increment_offset")
	number(metric.GaleraWriteSetLimitBytes, "wsrep_max_ws_size")
	number(metric.GaleraWriteSetLimitRows, "wsrep_max_ws_rows")
	number(metric.GaleraConnectionsLimit, "max_connections")
	number(metric.GaleraOpenTablesLimit, "table_open_cache")
	number(metric.GaleraOpenTableDefinitionsLimit, "table_definition_cache")
	number(metric.GaleraOpenFilesLimit, "open_files_limit")
	e.truth(metric.GaleraReadOnly, readOnly(vars))
	e.states(metric.GaleraRejectQueries, strings.ToLower(vars["wsrep_reject_queries"]))
	e.states(metric.GaleraPXCMaintMode, strings.ToLower(vars["pxc_maint_mode"]))

	appliers := wsrep.ParseInt(vars["wsrep_slave_threads"])
	if newer := wsrep.ParseInt(vars["wsrep_applier_threads"]); newer.Known {
		appliers = newer
	}
	e.number(metric.GaleraApplierThreadsConfigured, appliers)
}

// emitOptions emits the provider's options.
func (l *look) emitOptions(e emitter, s wsrep.Status, o wsrep.Options) {
	own := o.Int("pc.weight")
	e.number(metric.GaleraNodeWeight, own)
	margin := wsrep.QuorumMarginOf(s.ClusterWeight, s.ClusterSize, l.weights.known(l.node, s, own, time.Now()))
	if !margin.Known {
		margin = wsrep.QuorumMargin(s.ClusterWeight, s.ClusterSize, own)
	}
	e.number(metric.GaleraQuorumMargin, margin)

	segment := s.Segment
	if !segment.Known {
		segment = o.Int("gmcast.segment")
	}
	e.number(metric.GaleraSegment, segment)

	lower, upper := s.LimitLower, s.LimitUpper
	if !lower.Known || !upper.Known {
		lower, upper = wsrep.FlowControlLimits(o, s.ClusterSize)
	}
	e.number(metric.GaleraFlowControlQueueLimit, lower, "lower")
	e.number(metric.GaleraFlowControlQueueLimit, upper, "upper")

	e.number(metric.GaleraGcacheSizeBytes, o.Size("gcache.size"))
	e.number(metric.GaleraGcachePageSizeBytes, o.Size("gcache.page_size"))
	e.number(metric.GaleraGcacheKeepPagesBytes, o.Size("gcache.keep_pages_size"))
	e.truth(metric.GaleraGcacheRecoverEnabled, o.Bool("gcache.recover"))

	period := func(f *metric.Family, d time.Duration, ok bool) {
		if ok {
			e(f.Sample(d.Seconds()))
		}
	}
	suspect, ok := o.Duration("evs.suspect_timeout")
	period(metric.GaleraEvsSuspectTimeoutSeconds, suspect, ok)
	inactive, ok := o.Duration("evs.inactive_timeout")
	period(metric.GaleraEvsInactiveTimeoutSeconds, inactive, ok)
	detection, ok := wsrep.FailureDetection(o)
	period(metric.GaleraEvsFailureDetectionSeconds, detection, ok)
	e.truth(metric.GaleraEncryptionEnabled, encrypted(o))
}

// encrypted tells whether the members use TLS. A provider that does not lists no such option.
func encrypted(o wsrep.Options) cluster.Truth {
	if _, ok := o.Text("socket.ssl"); ok {
		return o.Bool("socket.ssl")
	}
	if _, ok := o.Text("evs.suspect_timeout"); ok {
		return cluster.No
	}
	return cluster.Unknown
}

// emitUnsafe emits whether each of the dangerous settings is on. One the server does not say
// is left out.
func emitUnsafe(e emitter, vars map[string]string, o wsrep.Options) {
	is := func(setting, variable string, bad func(value string) bool) {
		if value, ok := vars[variable]; ok {
			e.truth(metric.GaleraUnsafeSetting, cluster.TruthOf(bad(value)), setting)
		}
	}
	if vars["wsrep_cluster_address"] != "" { // empty: it is in no cluster
		is("bootstrap_address", "wsrep_cluster_address", func(v string) bool {
			hosts, _, _ := strings.Cut(strings.TrimPrefix(strings.TrimSpace(v), "gcomm://"), "?")
			return strings.Trim(hosts, " ,") == ""
		})
	}
	e.truth(metric.GaleraUnsafeSetting, o.Bool("pc.ignore_sb"), "pc_ignore_sb")
	e.truth(metric.GaleraUnsafeSetting, o.Bool("pc.ignore_quorum"), "pc_ignore_quorum")
	is("innodb_autoinc_lock_mode", "innodb_autoinc_lock_mode", func(v string) bool { return v != "2" })
	is("binlog_format", "binlog_format", func(v string) bool { return !strings.EqualFold(v, "ROW") })
	is("wsrep_osu_method", "wsrep_osu_method", func(v string) bool { return strings.EqualFold(v, "RSU") })
}
