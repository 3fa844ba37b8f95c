package backupd

import (
	"slices"
	"time"

	"github.com/kagu-db/kagu/internal/cluster"
	"github.com/kagu-db/kagu/internal/inventory"
)

// A Listing is what there is to restore a cluster from, and what became of the newest attempts.
type Listing struct {
	Cluster string       `json:"cluster"`
	Kind    cluster.Kind `json:"kind"`
	Zone    string       `json:"zone,omitempty"`    // in which times are told and read; "": that of the machine
	Backups []Shown      `json:"backups"`           // the oldest first, without archived binary logs
	Logs    *Logs        `json:"logs,omitempty"`    // what is archived of binary logs; nil: nothing
	Reach   *Reach       `json:"reach,omitempty"`   // any moment of it can be restored; nil: only the backups' own
	Damaged []string     `json:"damaged,omitempty"` // what lies in the store and proves nothing, and why
	Running []Run        `json:"running,omitempty"`
	Failed  *Run         `json:"failed,omitempty"` // the newest run that took a backup, if it failed
}

// Shown is one backup with what it is good for.
type Shown struct {
	Manifest Manifest  `json:"manifest"` // without its parts
	Stores   []string  `json:"stores"`   // of kagu.yaml
	Records  []Record  `json:"records"`  // what was found of it, the oldest first
	State    time.Time `json:"state"`    // a restore brings back this state
	Checked  time.Time `json:"checked,omitzero"`
	Proven   time.Time `json:"proven,omitzero"`
	Bad      string    `json:"bad,omitempty"`    // what was found to be wrong with it
	Broken   string    `json:"broken,omitempty"` // why it cannot be restored though it is not bad itself
	Chain    []string  `json:"chain,omitempty"`  // IDs that a restore needs, the full one first
}

// Good reports whether nothing speaks against a restore of the backup.
func (s Shown) Good() bool { return s.Bad == "" && s.Broken == "" }

// Reach is a stretch of time.
type Reach struct {
	From time.Time `json:"from"`
	To   time.Time `json:"to"`
}

// List makes the listing of a cluster from what is known of it. It asks nobody.
func List(c inventory.Cluster, entries []Entry) Listing {
	backups, pieces := split(entries)
	return list(c, backups, pieces)
}

// split parts backups from pieces of binary logs, which come in the order of their begins.
func split(entries []Entry) (backups []Entry, pieces []Piece) {
	for _, e := range entries {
		if e.Manifest.Method != Binlog {
			backups = append(backups, e)
			continue
		}
		p := PieceOf(e.Manifest)
		p.looked(e)
		p.Stores = e.Stores
		pieces = append(pieces, p)
	}
	sortPieces(pieces)
	return backups, pieces
}

func list(c inventory.Cluster, backups []Entry, pieces []Piece) Listing {
	l := Listing{Cluster: c.Name, Kind: c.Kind, Backups: []Shown{}}
	if c.Backup != nil && c.Backup.Zone != nil && c.Backup.Zone != time.Local {
		l.Zone = c.Backup.Zone.String()
	}
	for _, e := range backups {
		l.Backups = append(l.Backups, show(backups, e))
	}
	if l.Logs = logsOf(pieces); l.Logs != nil {
		l.Reach = reach(l.Backups, l.Logs.Stretches[len(l.Logs.Stretches)-1])
	}
	return l
}

// Brief leaves out of a listing what only a look at one backup needs.
func (l Listing) Brief() Listing {
	l.Backups = slices.Clone(l.Backups)
	for i := range l.Backups {
		l.Backups[i].Manifest.Content = nil
	}
	return l
}

func show(entries []Entry, e Entry) Shown {
	s := Shown{Manifest: e.Manifest.Head(), Stores: e.Stores, Records: e.Records, State: stateOf(e.Manifest)}
	if s.Stores == nil {
		s.Stores = []string{}
	}
	if s.Records == nil {
		s.Records = []Record{}
	}
	s.Bad, _ = e.Bad()
	s.Proven, _ = e.ProvenAt()
	for _, look := range []Look{Sealed, Opened} {
		if r, found := e.Newest(look); found && r.Good && r.Ended.After(s.Checked) {
			s.Checked = r.Ended
		}
	}
	chain, err := Chain(entries, e.Manifest.ID)
	for _, link := range chain {
		s.Chain = append(s.Chain, link.Manifest.ID)
	}
	if err != nil && s.Bad == "" {
		s.Broken = err.Error()
	}
	return s
}

// stateOf says of which moment the state is that a restore brings back. A dump is a snapshot of its
// begin; the others follow the database until they end.
func stateOf(m Manifest) time.Time {
	if m.Method == Logical {
		return m.Begun
	}
	return m.Ended
}

// reach returns the moments to which a backup can be rolled forward over a stretch of binary log
// without a gap: from the oldest good backup in it to its end.
func reach(backups []Shown, logs Stretch) *Reach {
	for _, b := range backups {
		if b.Good() && !b.Manifest.Begun.Before(logs.From) && b.Manifest.Ended.Before(logs.To) {
			return &Reach{From: b.Manifest.Ended, To: logs.To}
		}
	}
	return nil
}
