package ndb

import "time"

// A Bound is how soon and how late something can be.
type Bound struct {
	Least time.Duration `json:"least"`
	Most  time.Duration `json:"most"`
	Known bool          `json:"known"`
}

// A Detection is how long silence goes unnoticed. A process that dies is noticed at once,
// because its connections close; these are for a machine or a process that froze, or a network
// that swallows packets.
type Detection struct {
	DataByData Bound `json:"data_by_data"` // a data node falls silent: the others declare it failed
	DataByAPI  Bound `json:"data_by_api"`  // a data node falls silent: SQL nodes and management servers leave it
	APIByData  Bound `json:"api_by_data"`  // an SQL node falls silent: its locks and transactions are let go
}

// The count of missed heartbeats that ends a node. The watcher counts at every interval and
// declares at the fifth count; the last heartbeat it had may be one interval old.
const (
	fatalCount    = 5
	fatalCountAPI = 4 // a client gives up at its fourth interval without an answer
)

// DetectionTime computes it from the intervals that are in effect; 0 is unknown. With
// ConnectCheckIntervalDelay a check of all connections comes before the verdict and adds to it.
func DetectionTime(heartbeatDB, heartbeatAPI time.Duration) Detection {
	var d Detection
	if heartbeatDB > 0 {
		d.DataByData = Bound{Least: (fatalCount - 2) * heartbeatDB, Most: fatalCount * heartbeatDB, Known: true}
	}
	if heartbeatAPI > 0 {
		d.DataByAPI = Bound{Least: (fatalCountAPI - 1) * heartbeatAPI, Most: (fatalCountAPI + 1) * heartbeatAPI, Known: true}
		d.APIByData = Bound{Least: (fatalCount - 2) * heartbeatAPI, Most: fatalCount * heartbeatAPI, Known: true}
	}
	return d
}

// Detection computes it for the cluster.
func (v View) Detection() Detection {
	if v.Config == nil {
		return Detection{}
	}
	return DetectionTime(v.Config.HeartbeatDB, v.Config.HeartbeatAPI)
}
