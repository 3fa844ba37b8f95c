package ndb

import (
	"strings"

	"github.com/kagu-db/kagu/internal/metric"
)

const (
	page    = 32 << 10          // bytes; the unit of ndbinfo.resources and diskpagebuffer
	noLimit = uint64(1<<32 - 1) // what a resource that may grow has as its maximum
)

func emitMemory(e cells, names nodeNames, rows []map[string]string) {
	for _, row := range rows {
		f := metric.NdbDataMemoryBytes
		switch row["memory_type"] {
		case "Data memory":
		case "Long message buffer":
			f = metric.NdbLongMessageBufferBytes
		default:
			continue // index memory, before 7.6
		}
		name, id := names.of(row["node_id"])
		e.number(f, row, "used", 1, name, id, "used")
		e.number(f, row, "total", 1, name, id, "total")
	}
}

func emitResources(e cells, names nodeNames, rows []map[string]string) {
	for _, row := range rows {
		name, id := names.of(row["node_id"])
		resource := strings.ToLower(row["resource_name"])
		if resource == "" || resource == "<unknown>" || resource == "data_memory" {
			continue // data memory has a family of its own
		}
		e.number(metric.NdbResourceBytes, row, "used", page, name, id, shown(resource), "used")
		if limit, ok := number(row, "max"); ok && limit > 0 && limit < noLimit {
			e(metric.NdbResourceBytes.Sample(float64(limit)*page, name, id, shown(resource), "limit"))
		}
	}
}

// pools are the pools that a configuration parameter limits and that run out in practice, by
// block and name.
var pools = map[[2]string]string{
	{"250", "Table Record"}:     "tables",
	{"250", "Attribute Record"}: "attributes",
	{"250", "Trigger Record"}:   "triggers",
	{"258", "Index"}:            "ordered_indexes",
	{"245", "Operations"}:       "operations",
	{"245", "API Connect"}:      "transactions",
	{"245", "TC Scan Record"}:   "scans",
	{"257", "Subscription"}:     "subscriptions",
	{"257", "Subscriber"}:       "subscribers",
	{"257", "Data Buffer"}:      "event_data",
}

func emitPools(e cells, names nodeNames, rows []map[string]string) {
	all := sums{}
	for _, row := range rows {
		pool, ok := pools[[2]string{row["block_number"], row["pool_name"]}]
		if !ok || row["total"] == "4294967295" {
			continue
		}
		name, id := names.of(row["node_id"])
		all.add(metric.NdbPoolRecords, row, "used", 1, name, id, pool, "used")
		all.add(metric.NdbPoolRecords, row, "total", 1, name, id, pool, "total")
	}
	all.emit(e)
}

func emitLogSpaces(e cells, names nodeNames, rows []map[string]string) {
	all := sums{}
	for _, row := range rows {
		name, id := names.of(row["node_id"])
		log := logName(row["log_type"])
		all.add(metric.NdbLogSpaceBytes, row, "used", 1, name, id, log, "used")
		all.add(metric.NdbLogSpaceBytes, row, "total", 1, name, id, log, "total")
		used, ok := number(row, "used")
		total, known := number(row, "total")
		if ok && known && total > 0 {
			all.highest(metric.NdbLogSpaceFullestRatio, float64(used)/float64(total), name, id, log)
		}
	}
	all.emit(e)
}

func emitLogBuffers(e cells, names nodeNames, rows []map[string]string) {
	all := sums{}
	for _, row := range rows {
		name, id := names.of(row["node_id"])
		log := logName(row["log_type"])
		all.add(metric.NdbLogBufferBytes, row, "used", 1, name, id, log, "used")
		all.add(metric.NdbLogBufferBytes, row, "total", 1, name, id, log, "total")
	}
	all.emit(e)
}

// logName makes a label of REDO, DD-UNDO, BACKUP-DATA and BACKUP-LOG.
func logName(kind string) string {
	return strings.ReplaceAll(strings.TrimPrefix(strings.ToLower(shown(kind)), "dd-"), "-", "_")
}
