package node

import (
	"time"

	"github.com/kagu-db/kagu/internal/cluster"
)

// Version is the version of the protocol; a request of another version is refused.
const Version = 1

// Verb is one of the things kagu-node can be asked for.
type Verb string

// The verbs. Report changes nothing. Start starts the node's service once, never as the first
// of a new cluster. Stop stops it; an operator's stop is remembered as intent, and every Start
// that is not an operator's is refused until an operator has started the node again.
//
// Backup and Collect are answered by a byte stream (see Receive): a physical backup of a Galera
// member, and the files of a native backup that an NDB data node holds. Restore takes one (see
// Sender): it rebuilds a Galera member that is down. Discard removes the files that Collect has
// read. Resync ends a desync that a backup of ours left behind.
const (
	Report  Verb = "report"
	Start   Verb = "start"
	Stop    Verb = "stop"
	Backup  Verb = "backup"
	Collect Verb = "collect"
	Discard Verb = "discard"
	Restore Verb = "restore"
	Resync  Verb = "resync"
)

// Verbs lists them all.
func Verbs() []Verb { return []Verb{Report, Start, Stop, Backup, Collect, Discard, Restore, Resync} }

// Streams tells whether the verb's answer is a stream.
func (v Verb) Streams() bool { return v == Backup || v == Collect || v == Restore }

// Request asks for one verb on one node.
type Request struct {
	Version int    `json:"v"`
	Verb    Verb   `json:"verb"`
	Cluster string `json:"cluster"`
	Node    string `json:"node"`

	// The rest is for all verbs but Report.

	ID       string    `json:"id,omitempty"`       // 8 to 64 of [A-Za-z0-9_-]; the same ID is never carried out twice
	NotAfter time.Time `json:"not_after,omitzero"` // refused once this moment has passed on the host's clock
	By       string    `json:"by,omitempty"`       // who asks: "remediator" or an operator's name
	Why      string    `json:"why,omitempty"`      // for the host's log and for the record of a stop
	Operator bool      `json:"operator,omitempty"` // a human asks: Stop is kept as intent, Start clears it

	// Of Backup.

	Since    uint64 `json:"since,omitempty"`    // an incremental backup from this LSN on; 0: a full one
	Lineage  string `json:"lineage,omitempty"`  // with Since: Stream.Lineage of the backup that it follows
	Parallel int    `json:"parallel,omitempty"` // threads that copy, up to MaxParallel; 0: one
	Rate     int64  `json:"rate,omitempty"`     // bytes of InnoDB's data files a second, at least MinRate; 0: no limit
	Desync   bool   `json:"desync,omitempty"`   // let the member fall behind the cluster meanwhile, rather than hold it up
	Alone    bool   `json:"alone,omitempty"`    // also if it is the only member that holds data

	// Of Collect and Discard.

	BackupID uint32 `json:"backup_id,omitempty"` // NDB's number of the backup

	// Of Collect: the backup is still being written. What is written is sent as it grows, until the
	// client ends its own stream (see Client.Follow).

	Follow bool `json:"follow,omitempty"`

	// Of Restore. Consent is "cluster/node" and permits to put aside a data directory that is not empty.

	Consent string `json:"consent,omitempty"`
}

// MaxParallel and MinRate bound what a backup may be asked for. A rate holds for the data files of
// InnoDB alone, and not while the tool falls behind the redo log: the server overwrites that
// whether it was copied or not.
const (
	MaxParallel = 64
	MinRate     = 64 << 10
)

// Reply is kagu-node's answer, one JSON document on standard output.
type Reply struct {
	Version int    `json:"v"`
	Verb    Verb   `json:"verb"`
	Done    bool   `json:"done"`              // the verb was carried out
	Refused string `json:"refused,omitempty"` // a precondition did not hold: nothing was done
	Error   string `json:"error,omitempty"`   // it was tried and failed

	// State is the node as its host sees it, after the verb. A stream has none.
	State *State `json:"state,omitempty"`

	// Stream says in a header that bytes follow, and in a trailer what they were.
	Stream *Stream `json:"stream,omitempty"`
}

// State is what a host knows of one of its nodes without asking the database.
type State struct {
	At        time.Time       `json:"at"` // the host's clock
	MachineID string          `json:"machine_id"`
	BootID    string          `json:"boot_id"`
	Process   cluster.Process `json:"process"`
	PID       int             `json:"pid,omitempty"`
	Since     time.Time       `json:"since,omitzero"` // when the process started
	Unit      string          `json:"unit,omitempty"` // systemd's ActiveState/SubState/Result, "" for plain commands

	StoppedBy string    `json:"stopped_by,omitempty"` // see cluster.Node.StoppedBy
	StoppedAt time.Time `json:"stopped_at,omitzero"`

	Saved     *cluster.SavedPosition `json:"saved,omitempty"`      // grastate.dat
	LastView  []string               `json:"last_view,omitempty"`  // member UUIDs in gvwstate.dat
	DiskTotal uint64                 `json:"disk_total,omitempty"` // bytes, file system of the data directory
	DiskFree  uint64                 `json:"disk_free,omitempty"`  // bytes free to the server's user
	Log       []string               `json:"log,omitempty"`        // last lines of the error log, cut
	Notes     []string               `json:"notes,omitempty"`      // what could not be read, and why

	// Desynced tells of a desync that a backup began and has not ended yet.
	Desynced *Desync `json:"desynced,omitempty"`

	// Restored tells of a restore on whose data no server has run yet.
	Restored *Restored `json:"restored,omitempty"`
}
