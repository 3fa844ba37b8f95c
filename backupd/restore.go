package backupd

import (
	"time"

	"github.com/kagu-db/kagu/internal/inventory"
)

// Goal is where a restore leads.
type Goal string

// The goals.
const (
	ToScratch Goal = "scratch" // a server of its own in a folder of this machine, left running
	ToNode    Goal = "node"    // a member whose server is down; it then joins by IST
	ToCluster Goal = "cluster" // a whole new cluster
	ToSchema  Goal = "schema"  // one schema or some tables, from a scratch server as SQL into a running cluster
)

// Point is a moment to restore to; zero: the backup's own. One of its fields is set.
type Point struct {
	Time  time.Time `json:"time,omitzero"`
	GTID  string    `json:"gtid,omitempty"`  // up to and with it
	Epoch uint64    `json:"epoch,omitempty"` // NDB
}

// Restore is a restore that somebody wants.
type Restore struct {
	Cluster inventory.Cluster
	Links   []Link   // the chain, the full backup first
	Logs    []Link   // archived binary logs that follow it, in order; for a Point
	Reached *Reached // the newest moment at which nothing was written that is not in Logs; nil: not known
	Goal    Goal
	Node    string   // ToNode
	Dir     string   // ToScratch: the folder, empty or ours from an interrupted try
	Schemas []string // ToSchema: SCHEMA or SCHEMA.TABLE
	Into    string   // ToSchema: the schema to write to; "" the same name
	Point   Point
	Begun   []Step // what the same restore was to do that was cut short in Dir: what is there since may be its own work
	Consent string // typed by a human, where a step asks for it
	Now     time.Time
	Proofs  []Record // good proofs of the cluster, the newest first: what an estimate rests on
	Scratch inventory.Scratch
	Tell    func(stage, detail string)
}

// Told says a moment in the cluster's time zone, in which the list of backups tells times and the
// one that is wanted is given.
func (r Restore) Told(t time.Time) string {
	zone := time.UTC
	if b := r.Cluster.Backup; b != nil && b.Zone != nil {
		zone = b.Zone
	}
	return t.In(zone).Format("2006-01-02 15:04:05Z07:00")
}

// Plan is a restore as data: printed, agreed to, carried out step by step.
type Plan struct {
	Goal    Goal          `json:"goal"`
	Backups []string      `json:"backups"` // IDs, in the order of use
	Until   string        `json:"until"`   // the state that it brings back, in words
	Loses   string        `json:"loses"`   // what is newer than that and will not be there, in words
	Steps   []Step        `json:"steps"`
	Takes   time.Duration `json:"takes"`             // estimate
	Basis   string        `json:"basis"`             // what the estimate rests on
	Consent string        `json:"consent,omitempty"` // must be typed: a step replaces or overwrites data
}

// ByHand is the name of a step that tells a human what only a human does. Where it is the last one,
// kagu has done its part and the restore goes on without it.
const ByHand = "by hand"

// Commands is in the data of a step ByHand: lines for the human, with "$ " before what is typed.
const Commands = "commands"

// Step is one step of a plan. Done twice it does no harm.
type Step struct {
	Name string            `json:"name"` // in the words of the Kind
	Why  string            `json:"why"`  // for the reader of the plan
	Node string            `json:"node,omitempty"`
	Data map[string]string `json:"data,omitempty"`
}
