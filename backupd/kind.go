package backupd

import (
	"context"
	"io"
	"sync"
	"time"

	"github.com/kagu-db/kagu/internal/inventory"
)

// A Kind is what backupd must know of one kind of database. It holds no loop, retry or schedule:
// the engine does.
type Kind interface {
	// Take takes one backup. It writes all there is to keep into streams of the sink, and returns
	// what it found out. It leaves nothing behind on the database when it returns, error or not;
	// what would stay behind if this process died now, it owes (see Take.Owe).
	Take(ctx context.Context, t Take) (Facts, error)

	// Prove restores a chain into a scratch server that it starts, looks at the content, and
	// removes the server. An error means that it could not find out; what the restore showed,
	// good or bad, is in the Evidence.
	Prove(ctx context.Context, p Proof) (Evidence, error)

	// Plan says how a restore would go, without doing any of it.
	Plan(ctx context.Context, r Restore) (Plan, error)

	// Do carries out one step of a plan.
	Do(ctx context.Context, r Restore, s Step) error

	// Settle pays a debt that a process left which died: it undoes what Take.Owe names. Done
	// twice, it does nothing.
	Settle(ctx context.Context, c inventory.Cluster, d Debt) error
}

// Take is one backup to take.
type Take struct {
	ID      string
	Cluster inventory.Cluster
	Job     inventory.BackupJob
	Method  Method
	Base    *Manifest // Incremental: what it builds on
	Sink    Sink
	Owe     func(context.Context, Debt) (settled func(), err error)
	Tell    func(stage string, detail string) // progress in words, for humans; never a secret
}

// A Debt is what must be undone on a cluster, whatever happens to this process. It is on disk
// before it is made.
type Debt struct {
	Cluster string    `json:"cluster"`
	Node    string    `json:"node"`
	What    string    `json:"what"` // in the words of the Kind: "desync", "ndb-files"
	Detail  string    `json:"detail,omitempty"`
	Since   time.Time `json:"since"`
}

// A Sink takes streams. Several may be open at once, each written by a goroutine of its own: a
// write waits while the others have the memory. Many small things belong into one stream, since
// each stream is at least one object in the store.
type Sink interface {
	// Stream begins a stream. The backup holds it once Close has returned nil; an error that any
	// of its calls returns ends the backup.
	Stream(ctx context.Context, name string) (io.WriteCloser, error)
}

// A Source gives the streams of a backup back, each checked as it is read: what it returns before
// io.EOF is what was written, or it fails.
type Source interface {
	Open(ctx context.Context, name string) (io.ReadCloser, error)
}

// Link is one backup of a chain with its streams.
type Link struct {
	Manifest Manifest
	Source   Source
}

// Proof is one chain to prove. Links begins with the full backup; the last one is proven.
type Proof struct {
	Cluster inventory.Cluster
	Links   []Link
	Dir     string // empty, of our own, removed afterwards
	Scratch inventory.Scratch
	Tell    func(stage, detail string)
	// Looked tells how many of how many things of one sort were looked at in this stage: files,
	// tables. nil: nobody wants to know. How much was fetched is seen where it is.
	Looked func(done, of int, unit string)
}

// Count returns a function that tells Looked of one more thing, each time it is called. Several
// goroutines may.
func (p Proof) Count(of int, unit string) func() {
	var mu sync.Mutex
	done := 0
	return func() {
		mu.Lock()
		defer mu.Unlock()
		if done++; p.Looked != nil {
			p.Looked(done, of, unit)
		}
	}
}

// Evidence is what a proof restore showed.
type Evidence struct {
	Server string  `json:"server"` // version of the scratch server
	Checks []Check `json:"checks"`
	// Seconds of each stage: fetch, prepare, start, check. Their sum is the measured time to restore.
	Seconds map[string]float64 `json:"seconds"`
}

// Check is one thing that was looked at.
type Check struct {
	Name string `json:"name"` // "tables are there", "CHECK TABLE", "rows", "checksums", "query: …"
	Good bool   `json:"good"`
	Said string `json:"said"` // what was seen, or what is wrong: "214 of 214 tables"
}

// Good reports whether there were checks and all of them were good.
func (e Evidence) Good() bool {
	for _, c := range e.Checks {
		if !c.Good {
			return false
		}
	}
	return len(e.Checks) > 0
}
