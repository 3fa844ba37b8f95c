package cluster

import "time"

// Snapshot is a cluster as it was seen in one look.
type Snapshot struct {
	Cluster string        `json:"cluster"`
	Kind    Kind          `json:"kind"`
	Taken   time.Time     `json:"taken"` // when the look began
	Took    time.Duration `json:"took"`  // how long it lasted, in nanoseconds in JSON
	Nodes   []Node        `json:"nodes"` // in the order of kagu.yaml
}

// Node is one node as it was seen in one look.
type Node struct {
	Name    string  `json:"name"` // its name in kagu.yaml
	Host    string  `json:"host"` // the name of its host in kagu.yaml
	Role    Role    `json:"role"`
	Process Process `json:"process"` // what its host says of its process

	// StoppedBy tells who stopped the node on purpose, "" if nobody is known to have:
	// an operator through kagu-node, or a clean shutdown that nobody asked us for.
	StoppedBy string `json:"stopped_by,omitempty"`

	// Sights is the evidence: one entry for each seat that looked at the node.
	Sights []Sight `json:"sights"`

	// DiskFree is the share of its data directory's file system that is free, 0 to 1;
	// nil if its host did not tell.
	DiskFree *float64 `json:"disk_free,omitempty"`

	// Galera is set for the members of a Galera cluster.
	Galera *Galera `json:"galera,omitempty"`
}

// Sight is what one seat saw of one node: is the node alive, as far as that seat can
// tell? A seat that could not find out says Unknown and why.
type Sight struct {
	Seat  string    `json:"seat"` // "sql", "host", or "peer db2"
	At    time.Time `json:"at"`
	Alive Truth     `json:"alive"`
	Note  string    `json:"note,omitempty"` // what was seen, or why nothing was
}

// Galera is what is known of a member of a Galera cluster. Its zero value knows nothing.
type Galera struct {
	Answers   Truth    `json:"answers"`              // SQL answered: handshake and SHOW
	Ready     Truth    `json:"ready"`                // wsrep_ready
	Primary   Truth    `json:"primary"`              // wsrep_cluster_status is Primary
	State     string   `json:"state,omitempty"`      // undefined, joiner, donor, joined, synced, error; "" unknown
	Comment   string   `json:"comment,omitempty"`    // wsrep_local_state_comment, as the server says it
	Size      int      `json:"size,omitempty"`       // wsrep_cluster_size
	Weight    int      `json:"weight,omitempty"`     // pc.weight of this member
	Members   []string `json:"members,omitempty"`    // node names this member sees in its component
	StateUUID string   `json:"state_uuid,omitempty"` // wsrep_cluster_state_uuid
	Seqno     int64    `json:"seqno,omitempty"`      // wsrep_last_committed; meaningful if Answers is Yes

	Queue   *int64 `json:"queue,omitempty"`   // write sets received and not applied; nil unknown
	Desyncs *int64 `json:"desyncs,omitempty"` // how often it was asked to be out of flow control; nil unknown
	Wrote   *int64 `json:"wrote,omitempty"`   // write sets of its own clients between two looks; nil unknown

	Saved *SavedPosition `json:"saved,omitempty"` // grastate.dat; nil if the host did not tell
}

// SavedPosition is the content of grastate.dat. Seqno is -1 while the server runs and
// after a crash.
type SavedPosition struct {
	UUID            string `json:"uuid"`
	Seqno           int64  `json:"seqno"`
	SafeToBootstrap bool   `json:"safe_to_bootstrap"`
}

// Node returns the node of that name.
func (s Snapshot) Node(name string) (Node, bool) {
	for _, n := range s.Nodes {
		if n.Name == name {
			return n, true
		}
	}
	return Node{}, false
}

// Seats counts the seats that gave that answer about the node.
func (n Node) Seats(alive Truth) int {
	count := 0
	for _, s := range n.Sights {
		if s.Alive == alive {
			count++
		}
	}
	return count
}
