package backupd

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/kagu-db/kagu/internal/cluster"
)

// Format is the version of the manifest; one of another version is refused.
const Format = 1

// Method is a way to take a backup.
type Method string

// The methods. Physical and Incremental copy the files of a Galera member; Logical writes its
// rows as SQL; Binlog keeps what changed since, without end; Native is NDB's own backup.
const (
	Physical    Method = "physical"
	Incremental Method = "incremental"
	Logical     Method = "logical"
	Binlog      Method = "binlog"
	Native      Method = "native"
)

// Methods lists every method.
func Methods() []Method { return []Method{Physical, Incremental, Logical, Binlog, Native} }

// Manifest is all there is to know of a backup. It is the truth about it: the catalogue is made
// from manifests, and thrown away without harm.
type Manifest struct {
	Format  int          `json:"format"`
	ID      string       `json:"id"` // unique in the store; see NewID
	Cluster string       `json:"cluster"`
	Kind    cluster.Kind `json:"kind"`
	Method  Method       `json:"method"`
	Job     string       `json:"job,omitempty"`  // of kagu.yaml; "" if a human asked
	Base    string       `json:"base,omitempty"` // ID of the backup that this one builds on
	Begun   time.Time    `json:"begun"`
	Ended   time.Time    `json:"ended"`            // when all parts were stored
	Kagu    string       `json:"kagu"`             // version of the program that took it
	Merged  int          `json:"merged,omitempty"` // Binlog: how many pieces it was put together from

	Facts
	Sealing Sealing  `json:"sealing"`
	Streams []Stream `json:"streams"`
}

// Facts are what a Kind found out while it took the backup.
type Facts struct {
	Origin   Origin    `json:"origin"`
	From     *Position `json:"from,omitempty"` // Binlog: what it follows, in its own file or at the end of the one before; Position is where it ends
	Position Position  `json:"position"`
	Content  []Table   `json:"content,omitempty"` // what a restore must bring back
	Notes    []string  `json:"notes,omitempty"`   // what a reader must know, such as DDL that came meanwhile
}

// Origin is where the data came from.
type Origin struct {
	Nodes  []string `json:"nodes"`            // of kagu.yaml
	Server string   `json:"server"`           // version of the database
	Tool   string   `json:"tool,omitempty"`   // version of the tool that read it
	Config string   `json:"config,omitempty"` // stream that holds the configuration, if one does
}

// Position says which state of the database the backup holds. What a method does not know is zero.
type Position struct {
	UUID    string    `json:"uuid,omitempty"`     // Galera's state UUID
	Seqno   int64     `json:"seqno,omitempty"`    // Galera's writeset number
	GTID    string    `json:"gtid,omitempty"`     // of the binary log, as the server writes it
	File    string    `json:"file,omitempty"`     // binary log of the source node
	Offset  uint64    `json:"offset,omitempty"`   // in File, in bytes
	Time    time.Time `json:"time,omitzero"`      // of the newest transaction, by the server's clock
	Mark    string    `json:"mark,omitempty"`     // Binlog: by what the Kind knows the server's log again when it goes on
	FromLSN uint64    `json:"from_lsn,omitempty"` // InnoDB log sequence numbers, of that node alone
	ToLSN   uint64    `json:"to_lsn,omitempty"`
	Lineage string    `json:"lineage,omitempty"`   // of the data directory that the LSNs are of
	Backup  uint32    `json:"backup,omitempty"`    // number of NDB's own backup
	Start   uint64    `json:"start_gci,omitempty"` // NDB: global checkpoints at its begin and its end
	Stop    uint64    `json:"stop_gci,omitempty"`
}

// Table is a table that is in the backup.
type Table struct {
	Schema string `json:"schema"`
	Name   string `json:"name"`
	Engine string `json:"engine,omitempty"`
	// Rows and Sum are of the very state that is in the backup, nil where the method cannot
	// tell. Sum is a checksum in the way of the Kind, over all rows or a sample of them.
	Rows *int64 `json:"rows,omitempty"`
	Sum  string `json:"sum,omitempty"`
}

// Sealing says how the parts were made.
type Sealing struct {
	Compression string   `json:"compression"`          // zstd
	Recipients  []string `json:"recipients,omitempty"` // age recipients that can open it; none: not encrypted
}

// Stream is a sequence of bytes that a Kind wrote and reads again.
type Stream struct {
	Name  string `json:"name"`
	Size  int64  `json:"size"` // bytes, as the Kind wrote them
	Parts []Part `json:"parts"`
}

// Part is an object in the store: some frames of a stream, sealed.
type Part struct {
	Size  int64  `json:"size"`  // bytes in the store
	Plain int64  `json:"plain"` // bytes of the stream
	Sum   string `json:"sum"`   // SHA-256 of the object, in hex
}

// Stored returns the bytes that the backup takes in a store, its manifest left out.
func (m Manifest) Stored() int64 {
	var all int64
	for _, s := range m.Streams {
		for _, p := range s.Parts {
			all += p.Size
		}
	}
	return all
}

// Plain returns the bytes that the streams hold.
func (m Manifest) Plain() int64 {
	var all int64
	for _, s := range m.Streams {
		all += s.Size
	}
	return all
}

// Stream returns the stream of that name.
func (m Manifest) Stream(name string) (Stream, error) {
	for _, s := range m.Streams {
		if s.Name == name {
			return s, nil
		}
	}
	return Stream{}, fmt.Errorf("backup %s has no stream %q", m.ID, name)
}

var (
	idShape     = regexp.MustCompile(`^[0-9]{8}T[0-9]{6}Z-[a-z]{3,12}-[a-z2-7]{8}$`)
	nameShape   = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]{0,62}$`)
	streamShape = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_.-]{0,99}$`)
	sumShape    = regexp.MustCompile(`^[0-9a-f]{64}$`)
)

// maxParts bounds what a manifest may name: 64 TiB of stored parts.
const maxParts = 4 << 20

// Valid says what is wrong with a manifest by itself. A signature proves who wrote it, not that
// what was written can be used.
func (m Manifest) Valid() error {
	var errs []error
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if m.Format != Format {
		bad("manifest has format %d, this release reads %d", m.Format, Format)
	}
	if !idShape.MatchString(m.ID) {
		bad("%+.60q is not the ID of a backup", m.ID)
	}
	if m.Base != "" && (!idShape.MatchString(m.Base) || m.Base == m.ID) {
		bad("base %+.60q is not the ID of another backup", m.Base)
	}
	if !nameShape.MatchString(m.Cluster) {
		bad("cluster %+.70q is not a name", m.Cluster)
	}
	if !slices.Contains(Methods(), m.Method) {
		bad("unknown method %+.40q", string(m.Method))
	}
	if (m.Method == Incremental) != (m.Base != "") {
		bad("method %s with base %q: an incremental backup has one, no other has", m.Method, m.Base)
	}
	if m.Merged < 0 || m.Merged > 0 && m.Method != Binlog {
		bad("method %s, put together from %d pieces: that is for binary logs", m.Method, m.Merged)
	}
	if m.Begun.IsZero() || m.Ended.Before(m.Begun) {
		bad("it ended at %s and began at %s", m.Ended.Format(time.RFC3339), m.Begun.Format(time.RFC3339))
	}
	if m.Sealing.Compression != "zstd" {
		bad("unknown compression %+.40q", m.Sealing.Compression)
	}
	if len(m.Streams) == 0 {
		bad("it has no stream")
	}
	parts := 0
	for i, s := range m.Streams {
		parts += len(s.Parts)
		if slices.ContainsFunc(m.Streams[:i], func(o Stream) bool { return o.Name == s.Name }) {
			bad("stream %q is there twice", s.Name)
		}
		errs = append(errs, s.valid())
	}
	if parts > maxParts {
		bad("%d parts are more than a backup can have", parts)
	}
	return errors.Join(errs...)
}

func (s Stream) valid() error {
	if !streamShape.MatchString(s.Name) || strings.Contains(s.Name, "..") {
		return fmt.Errorf("%+.100q is not the name of a stream", s.Name)
	}
	var plain int64
	for i, p := range s.Parts {
		if p.Size <= 0 || p.Plain <= 0 || p.Size > maxSealed || p.Plain > partSize || !sumShape.MatchString(p.Sum) {
			return fmt.Errorf("part %d of stream %s is impossible", i, s.Name)
		}
		plain += p.Plain
	}
	if plain != s.Size {
		return fmt.Errorf("stream %s has %d bytes and its parts hold %d", s.Name, s.Size, plain)
	}
	return nil
}
