package mgmtest

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/kagu-db/kagu/internal/cluster"
	"github.com/kagu-db/kagu/internal/mgm"
)

// pingEvery is how often a server gives a sign of life to a listener.
const pingEvery = 500 * time.Millisecond

// A Cluster answers like the management server of a whole cluster: status, configuration,
// version, events. It may be asked by several servers at once.
type Cluster struct {
	Name       string
	Generation int
	Replicas   int

	mu        sync.Mutex
	status    []mgm.NodeStatus
	hosts     map[int]string
	settings  map[int]map[mgm.Key]uint64
	answers   Script
	listeners map[chan string]bool
	saved     []string
	backup    uint32
}

// NewCluster returns a cluster that is well: management server 1, data nodes from 2 on in groups
// of two, and two SQL nodes.
func NewCluster(dataNodes int) *Cluster {
	c := &Cluster{
		Name: "voip", Generation: 1, Replicas: 2,
		hosts: map[int]string{}, settings: map[int]map[mgm.Key]uint64{},
		answers: Opening(), listeners: map[chan string]bool{},
	}
	version := mgm.MakeVersion(9, 7, 2)
	for i := range dataNodes {
		c.add(mgm.NodeStatus{
			ID: 2 + i, Type: mgm.NodeData, State: mgm.StateStarted, NodeGroup: mgm.NodeGroup(i / c.Replicas), DynamicID: 1 + i,
			Address: fmt.Sprintf("10.0.0.%d", 2+i), Version: version, MySQLVersion: version,
		}, map[mgm.Key]uint64{
			mgm.KeyNoOfReplicas: uint64(c.Replicas), mgm.KeyNodegroup: uint64(i / c.Replicas), mgm.KeyDataMemory: 64 << 20,
			mgm.KeyHeartbeatIntervalDBDB: 1500, mgm.KeyHeartbeatIntervalDBAPI: 1500, mgm.KeyArbitrationTimeout: 7500,
		})
	}
	c.add(mgm.NodeStatus{
		ID: 1, Type: mgm.NodeManagement, State: mgm.StateConnected, Address: "10.0.0.1", Version: version, MySQLVersion: version,
	}, map[mgm.Key]uint64{mgm.KeyArbitrationRank: 1, mgm.KeyPortNumber: 1186})
	for i := range 2 {
		c.add(mgm.NodeStatus{
			ID: 201 + i, Type: mgm.NodeAPI, State: mgm.StateConnected, Address: fmt.Sprintf("10.0.0.%d", 201+i), Version: version, MySQLVersion: version,
		}, map[mgm.Key]uint64{mgm.KeyArbitrationRank: 0})
	}
	return c
}

func (c *Cluster) add(n mgm.NodeStatus, settings map[mgm.Key]uint64) {
	n.SingleUser = cluster.No
	c.status = append(c.status, n)
	c.hosts[n.ID] = n.Address
	c.settings[n.ID] = settings
}

// Change changes the status of a node. It panics if there is no such node.
func (c *Cluster) Change(id int, change func(*mgm.NodeStatus)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	at := slices.IndexFunc(c.status, func(n mgm.NodeStatus) bool { return n.ID == id })
	change(&c.status[at])
}

// Kill is what the management server sees when a data node dies: no contact, and two events.
func (c *Cluster) Kill(id int) {
	c.Change(id, func(n *mgm.NodeStatus) {
		*n = mgm.NodeStatus{ID: id, Type: n.Type, State: mgm.StateNoContact}
	})
	c.Emit(mgm.Event{Type: mgm.Disconnected, Source: 1, Fields: []mgm.Field{{Name: "node", Value: uint32(id)}}})
	c.Emit(mgm.Event{Type: mgm.NodeFailed, Source: c.survivor(), Fields: []mgm.Field{{Name: "failed_node", Value: uint32(id)}, {Name: "failure_state", Value: 0}}})
}

func (c *Cluster) survivor() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, n := range c.status {
		if n.Type == mgm.NodeData && n.State == mgm.StateStarted {
			return n.ID
		}
	}
	return 1
}

// Set changes a number in the configuration of a node.
func (c *Cluster) Set(id int, key mgm.Key, value uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.settings[id][key] = value
}

// Answer sets the answer to a command, as bytes.
func (c *Cluster) Answer(command, answer string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.answers = c.answers.With(command, answer)
}

// Emit sends an event to all who listen, whatever their filters. Events with words only are
// sent as such.
func (c *Cluster) Emit(e mgm.Event) { c.EmitBlock(block(e)) }

// EmitBlock sends bytes to all who listen.
func (c *Cluster) EmitBlock(bytes string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for l := range c.listeners {
		select {
		case l <- bytes:
		default: // a listener that does not read loses events, as with a real server
		}
	}
}

// Save puts an event into the log of a data node, for dump events 81.
func (c *Cluster) Save(source int, sequence uint32, at time.Time, t mgm.EventType, words ...uint32) {
	all := append([]uint32{uint32(len(words)) + 1, sequence, uint32(at.Unix()), uint32(source)<<16 | uint32(t)}, words...)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.saved = append(c.saved, block(mgm.Event{Type: mgm.SavedEvent, Source: source, Words: all}))
}

// Backup puts the data nodes at a backup of that number, or at none with 0.
func (c *Cluster) Backup(id uint32) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.backup = id
}

// Listeners counts who listens.
func (c *Cluster) Listeners() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.listeners)
}

// Handle answers.
func (c *Cluster) Handle(w io.Writer, r Request) bool {
	var answer string
	switch r.Name {
	case "get status":
		answer = c.statusReply(r.Args["types"])
	case "get config_v2":
		answer = c.configReply()
	case "dump events":
		answer = c.dumpReply(r.Args["type"])
	case "listen event":
		return c.listen(w)
	default:
		c.mu.Lock()
		script := c.answers
		c.mu.Unlock()
		return script.Handle(w, r)
	}
	_, err := io.WriteString(w, answer)
	return err == nil
}

func (c *Cluster) statusReply(types string) string {
	if types == "" {
		types = "NDB MGM API"
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	var b strings.Builder
	count := 0
	for _, wanted := range strings.Fields(types) {
		for _, n := range c.status {
			if string(n.Type) != wanted {
				continue
			}
			count++
			line := func(key string, value any) { fmt.Fprintf(&b, "node.%d.%s: %v\n", n.ID, key, value) }
			line("type", n.Type)
			line("status", n.State)
			line("version", uint32(n.Version))
			line("mysql_version", uint32(n.MySQLVersion))
			line("startphase", n.StartPhase)
			line("dynamic_id", n.DynamicID)
			line("node_group", wireGroup(n))
			line("connect_count", n.ConnectCount)
			line("address", n.Address)
			if n.SingleUser != cluster.Unknown {
				line("is_single_user", map[cluster.Truth]int{cluster.No: 0, cluster.Yes: 1}[n.SingleUser])
			}
		}
	}
	return "node status\nnodes: " + strconv.Itoa(count) + "\n" + b.String() + "\n"
}

func wireGroup(n mgm.NodeStatus) int {
	switch {
	case n.NodeGroup == mgm.GroupNone:
		return -256
	case n.NodeGroup == mgm.GroupUnknown:
		return 0
	}
	return int(n.NodeGroup)
}

func (c *Cluster) dumpReply(kind string) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	var blocks []string
	switch kind {
	case strconv.Itoa(int(mgm.SavedEvent)):
		blocks = c.saved
	case strconv.Itoa(int(mgm.BackupStatus)):
		blocks = c.backupBlocks()
	default:
		return "dump events reply\nresult: ndb_logevent_type " + kind + " not supported\n\n"
	}
	return fmt.Sprintf("dump events reply\nresult: Ok\nevents: %d\n\n%s", len(blocks), strings.Join(blocks, ""))
}

// backupBlocks are what the started data nodes say of a backup: the first has started it.
func (c *Cluster) backupBlocks() []string {
	var blocks []string
	starter := uint32(0)
	for _, n := range c.status {
		if n.Type != mgm.NodeData || n.State != mgm.StateStarted {
			continue
		}
		if c.backup != 0 && starter == 0 {
			starter = uint32(n.ID)
		}
		blocks = append(blocks, block(mgm.Event{Type: mgm.BackupStatus, Source: n.ID, Fields: []mgm.Field{
			{Name: "starting_node", Value: starter}, {Name: "backup_id", Value: c.backup},
		}}))
	}
	return blocks
}

// listen pings and sends events until the client goes or the server ends. Who has read that it
// listens hears all that is emitted from then on.
func (c *Cluster) listen(w io.Writer) bool {
	events := make(chan string, 1024)
	c.mu.Lock()
	c.listeners[events] = true
	c.mu.Unlock()
	defer func() {
		c.mu.Lock()
		delete(c.listeners, events)
		c.mu.Unlock()
	}()
	if _, err := io.WriteString(w, "listen event\nresult: 0\n\n"); err != nil {
		return false
	}
	var ended <-chan struct{}
	if s, ok := w.(*stream); ok {
		ended = s.ended
	}
	tick := time.NewTicker(pingEvery)
	defer tick.Stop()
	for {
		next := "<PING>\n"
		select {
		case <-tick.C:
		case next = <-events:
		case <-ended:
			return false
		}
		if _, err := io.WriteString(w, next); err != nil {
			return false
		}
	}
}

// block writes an event as a listener receives it.
func block(e mgm.Event) string {
	var b strings.Builder
	fmt.Fprintf(&b, "log event reply\ntype=%d\ntime=0\nsource_nodeid=%d\n", int(e.Type), e.Source)
	for _, f := range e.Fields {
		fmt.Fprintf(&b, "%s=%d\n", f.Name, int32(f.Value))
	}
	if len(e.Words) > 0 {
		b.WriteString("data=")
		for _, word := range e.Words {
			fmt.Fprintf(&b, "%d ", word)
		}
		b.WriteString("\n")
	}
	b.WriteString("\n")
	return b.String()
}

// ForgetSaved empties the logs of the data nodes, as their restart does.
func (c *Cluster) ForgetSaved() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.saved = nil
}
