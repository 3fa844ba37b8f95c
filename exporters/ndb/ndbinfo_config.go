package ndb

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/kagu-db/kagu/internal/metric"
)

// What moves with a restart only is read this often, apart from the scrapes.
const (
	configEvery    = 2 * time.Minute
	configDeadline = 10 * time.Second
)

// infoConfig is the collector of what the data nodes run with, and who is connected.
type infoConfig struct{ side *sqlSide }

// parameters are those that matter to somebody who reads a graph. Milliseconds become seconds.
var parameters = map[string]struct {
	family *metric.Family
	unit   float64
}{
	"DataMemory":                          {metric.NdbConfigBytes, 1},
	"LongMessageBuffer":                   {metric.NdbConfigBytes, 1},
	"FragmentLogFileSize":                 {metric.NdbConfigBytes, 1},
	"MaxDiskWriteSpeed":                   {metric.NdbConfigBytes, 1},
	"HeartbeatIntervalDbDb":               {metric.NdbConfigSeconds, 1e-3},
	"HeartbeatIntervalDbApi":              {metric.NdbConfigSeconds, 1e-3},
	"ArbitrationTimeout":                  {metric.NdbConfigSeconds, 1e-3},
	"TimeBetweenGlobalCheckpoints":        {metric.NdbConfigSeconds, 1e-3},
	"TimeBetweenEpochs":                   {metric.NdbConfigSeconds, 1e-3},
	"TimeBetweenEpochsTimeout":            {metric.NdbConfigSeconds, 1e-3},
	"TimeBetweenGlobalCheckpointsTimeout": {metric.NdbConfigSeconds, 1e-3},
	"TransactionDeadlockDetectionTimeout": {metric.NdbConfigSeconds, 1e-3},
	"NoOfReplicas":                        {metric.NdbConfigValue, 1},
	"NoOfFragmentLogFiles":                {metric.NdbConfigValue, 1},
	"Arbitration":                         {metric.NdbConfigValue, 1},
	"StopOnError":                         {metric.NdbConfigValue, 1},
	"Diskless":                            {metric.NdbConfigValue, 1},
	"RequireTls":                          {metric.NdbConfigValue, 1},
}

// ownValues are the parameters that differ between data nodes by their nature.
var ownValues = []string{"NodeId", "HostName", "DataDir", "FileSystemPath", "FileSystemPathDD", "FileSystemPathDataFiles", "FileSystemPathUndoFiles", "BackupDataDir", "Nodegroup", "ServerPort"}

// Name returns "ndbinfo.config".
func (infoConfig) Name() string { return "ndbinfo.config" }

// Collect emits what matters of the configuration, and the processes and certificates.
func (c infoConfig) Collect(ctx context.Context, emit func(prometheus.Metric)) error {
	l := newSQLLook(c.side)
	l.slow = true
	values, err := l.rows(ctx, configValues)
	if err != nil {
		return err
	}
	parameterNames, err := l.read(ctx, configParams)
	if err != nil {
		return err
	}
	c.side.setIntervals(emitConfig(emit, l.names, values, parameterNames))
	processes, err := l.read(ctx, processesTable)
	if err != nil {
		return err
	}
	emitProcesses(emit, l.names, processes)
	certificates, err := l.read(ctx, certificatesTable)
	emitCertificates(emit, l.names, certificates)
	return err
}

func emitConfig(e cells, names nodeNames, values, parameterNames []map[string]string) (i intervals) {
	called := map[string]string{}
	for _, row := range parameterNames {
		called[row["param_number"]] = row["param_name"]
	}
	shared := map[string][]string{}
	for _, row := range values {
		parameter := called[row["config_param"]]
		if parameter == "" {
			parameter = row["config_param"] // of a newer version; its number does for the fingerprint
		}
		node := row["node_id"]
		if !slices.Contains(ownValues, parameter) {
			shared[node] = append(shared[node], parameter+"="+row["config_value"])
		}
		name, id := names.of(node)
		of, ok := parameters[parameter]
		if !ok {
			continue
		}
		e.number(of.family, row, "config_value", of.unit, name, id, parameter)
		if n, ok := number(row, "config_value"); ok {
			switch parameter {
			case "TimeBetweenGlobalCheckpoints":
				i.checkpoint = float64(n) * of.unit
			case "TimeBetweenEpochs":
				i.epoch = float64(n) * of.unit
			}
		}
	}
	for node, parts := range shared {
		name, id := names.of(node)
		slices.Sort(parts)
		e(metric.NdbConfigFingerprint.Sample(fingerprint(parts), name, id))
	}
	return i
}

func emitProcesses(e cells, names nodeNames, rows []map[string]string) {
	for _, row := range rows {
		name, id := names.of(row["node_id"])
		e(metric.NdbProcessInfo.Sample(1, name, id, strings.ToLower(shown(row["node_type"])), shown(row["process_name"]), shown(row["node_version"]), shown(row["process_id"])))
	}
}

// emitCertificates emits each certificate once: every data node that is connected tells of it.
func emitCertificates(e cells, names nodeNames, rows []map[string]string) {
	all := sums{}
	for _, row := range rows {
		name, id := names.of(row["node_id"])
		if ends, ok := number(row, "expires"); ok && ends > 0 {
			all.highest(metric.NdbCertificateExpiryTimestampSeconds, float64(ends), name, id, shown(row["name"]))
		}
	}
	all.emit(e)
}
