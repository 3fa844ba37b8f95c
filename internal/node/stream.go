package node

import "time"

// The formats of a stream's bytes.
const (
	FormatMBStream = "mbstream" // of mariadb-backup; mbstream -x unpacks it
	FormatTar      = "tar"
)

// Stream describes the bytes of a stream: its header says Format, Tool and Server, its trailer
// all that is known once they have been sent.
type Stream struct {
	Format string `json:"format,omitempty"`
	Tool   string `json:"tool,omitempty"`   // version of the program that reads or writes the data
	Server string `json:"server,omitempty"` // version of the server

	Bytes uint64    `json:"bytes,omitempty"`
	Began time.Time `json:"began,omitzero"` // on the host's clock
	Ended time.Time `json:"ended,omitzero"`

	// Of a physical backup. Until ToLSN it holds all changes; an incremental one holds those
	// from FromLSN on, and the next one begins at ToLSN.
	FromLSN uint64 `json:"from_lsn,omitempty"`
	ToLSN   uint64 `json:"to_lsn,omitempty"`
	LastLSN uint64 `json:"last_lsn,omitempty"` // the redo log in it goes so far

	// Lineage names the data directory since it was made. LSNs of two lineages have nothing to do
	// with each other, and nothing in a backup tells: after a full state transfer or a restore an
	// incremental backup from an old LSN would lack pages and restore to damaged data.
	Lineage string `json:"lineage,omitempty"`

	// What the data is a copy of, as Galera and the binary log count.
	UUID   string  `json:"uuid,omitempty"`
	Seqno  int64   `json:"seqno,omitempty"`
	Binlog *Binlog `json:"binlog,omitempty"` // nil: the server writes none

	Desynced bool   `json:"desynced,omitempty"` // by us, meanwhile
	Aside    string `json:"aside,omitempty"`    // where a restore left the data directory that was there

	Files []File   `json:"files,omitempty"` // of a tar
	Notes []string `json:"notes,omitempty"` // what a human should know
}

// Binlog is a position in the binary log.
type Binlog struct {
	File string `json:"file"`
	Pos  uint64 `json:"pos"`
	GTID string `json:"gtid,omitempty"`
}

// File is one file in a tar.
type File struct {
	Name string `json:"name"`
	Size int64  `json:"size"`
}

// Desync is a desync that a backup of ours began.
type Desync struct {
	ID    string    `json:"id"` // of the backup's request
	By    string    `json:"by"`
	Since time.Time `json:"since"`
	Alive bool      `json:"alive"` // the backup is still going on, and will end it
}

// Restored is what a restore put in place, as long as no server has run on it.
type Restored struct {
	At    time.Time `json:"at"`
	UUID  string    `json:"uuid"`
	Seqno int64     `json:"seqno"`
	ToLSN uint64    `json:"to_lsn"`
	Aside string    `json:"aside,omitempty"` // where the data directory is that was there before
}
