package ndb

import (
	"slices"
	"time"

	"github.com/kagu-db/kagu/internal/cluster"
	"github.com/kagu-db/kagu/internal/mgm"
)

// A View is one look at a cluster. Management servers that disagree are all in it.
type View struct {
	Taken     time.Time       `json:"taken"` // when the look began
	Took      time.Duration   `json:"took"`
	Inventory []InventoryNode `json:"-"`       // what kagu.yaml says
	Servers   []Server        `json:"servers"` // in the order of kagu.yaml
	Config    *Configuration  `json:"config,omitempty"`

	Elected     Arbitrator   `json:"elected"`               // by the arbitration events; see Election
	Memberships []Membership `json:"memberships,omitempty"` // of ndbinfo.membership, if a SQL node was asked
	SQL         Testimony    `json:"sql"`                   // asked for only if the view is Deaf
}

// An InventoryNode is a node as kagu.yaml has it.
type InventoryNode struct {
	ID      int
	Name    string
	Role    cluster.Role
	Host    string // name of its host
	Address string // of the host
}

// A Server is a management server and what it answered.
type Server struct {
	Name       string           `json:"name"`
	Address    string           `json:"address"`
	ID         int              `json:"id,omitempty"` // its node id, by its own word; 0 if it did not say
	Version    string           `json:"version,omitempty"`
	Generation int              `json:"generation,omitempty"` // of the configuration it serves
	Error      string           `json:"error,omitempty"`      // why it did not answer; "" if it did
	Took       time.Duration    `json:"took"`
	Nodes      []mgm.NodeStatus `json:"-"`
}

// A Membership is a row of ndbinfo.membership: what one data node says of the arbitrator.
type Membership struct {
	Node       int           `json:"node"`
	Arbitrator int           `json:"arbitrator"` // 0 none
	Connected  cluster.Truth `json:"connected"`  // that node to the arbitrator
}

// A Configuration is what the rules need of a cluster's configuration. Durations are 0 if they
// are not known.
type Configuration struct {
	Name               string        `json:"name,omitempty"`
	Generation         int           `json:"generation"`
	Replicas           int           `json:"replicas"`
	Method             Method        `json:"arbitration"`
	ArbitrationTimeout time.Duration `json:"arbitration_timeout"`
	HeartbeatDB        time.Duration `json:"heartbeat_db"`
	HeartbeatAPI       time.Duration `json:"heartbeat_api"`
	Nodes              []ConfigNode  `json:"nodes"`
}

// A ConfigNode is a node of the configuration.
type ConfigNode struct {
	ID     int           `json:"id"`
	Role   cluster.Role  `json:"role"`
	Host   string        `json:"host,omitempty"` // "" if it may come from anywhere
	Group  mgm.NodeGroup `json:"group"`
	Rank   int           `json:"rank"`             // of arbitration; 0 never
	Domain int           `json:"domain,omitempty"` // LocationDomainId
}

// keyArbitration is the number of the parameter Arbitration, and methods are its values.
const keyArbitration mgm.Key = 142

var methods = map[uint64]Method{0: MethodDisabled, 1: MethodDefault, 2: MethodExternal}

// ConfigurationOf takes from a configuration what the rules need.
func ConfigurationOf(c *mgm.Config) *Configuration {
	out := &Configuration{Name: c.Name, Generation: c.Generation, Replicas: c.Replicas()}
	for _, n := range c.Nodes {
		out.Nodes = append(out.Nodes, ConfigNode{
			ID: n.ID, Role: roleOf(n.Type), Host: n.HostName, Group: n.NodeGroup, Rank: n.ArbitrationRank(), Domain: n.LocationDomain(),
		})
	}
	for _, n := range c.NodesOf(mgm.NodeData) { // the slowest counts
		db, _ := n.HeartbeatDB()
		api, _ := n.HeartbeatAPI()
		wait, _ := n.ArbitrationTimeout()
		out.HeartbeatDB, out.HeartbeatAPI, out.ArbitrationTimeout = max(out.HeartbeatDB, db), max(out.HeartbeatAPI, api), max(out.ArbitrationTimeout, wait)
		if number, ok := n.Number(keyArbitration); ok {
			out.Method = methods[number]
		}
	}
	return out
}

func roleOf(t mgm.NodeType) cluster.Role {
	switch t {
	case mgm.NodeData:
		return cluster.RoleData
	case mgm.NodeManagement:
		return cluster.RoleManagement
	default:
		return cluster.RoleSQL
	}
}

// A Node is a node with all that was said of it.
type Node struct {
	ID     int           `json:"id"`
	Name   string        `json:"name,omitempty"` // in kagu.yaml
	Role   cluster.Role  `json:"role"`
	Host   string        `json:"host,omitempty"`
	Group  mgm.NodeGroup `json:"group"`
	Rank   int           `json:"rank,omitempty"`
	Domain int           `json:"domain,omitempty"`

	// Up tells whether a data node is started, and whether another is connected to the data
	// nodes. It is unknown while the management servers disagree.
	Up    cluster.Truth `json:"up"`
	State string        `json:"state"` // in the server's words; "" if nobody said; several are joined by " / "
	Phase int           `json:"phase,omitempty"`

	Version    string        `json:"version,omitempty"`
	Address    string        `json:"address,omitempty"` // where its connection comes from
	DynamicID  int           `json:"dynamic_id,omitempty"`
	President  bool          `json:"president,omitempty"`
	SingleUser cluster.Truth `json:"single_user"`
}

// Answered tells whether any management server did.
func (v View) Answered() bool {
	return slices.ContainsFunc(v.Servers, func(s Server) bool { return s.Error == "" })
}

// blind tells whether a server knows how no data node is while another does: it is cut off, or has
// just been started, and what it says of the others proves nothing.
func (v View) blind(s Server) bool {
	return !s.knowsData() && slices.ContainsFunc(v.Servers, func(o Server) bool { return o.Error == "" && o.knowsData() })
}

// CutOff lists the servers that know how no data node is while another does.
func (v View) CutOff() []Server {
	return slices.DeleteFunc(slices.Clone(v.Servers), func(s Server) bool { return s.Error != "" || !v.blind(s) })
}

// Deaf tells whether management servers answer and none of them has contact with any data node: the
// cluster is down, or they are all cut off from it, and nothing that they say tells which.
func (v View) Deaf() bool {
	return v.Answered() && !slices.ContainsFunc(v.Servers, func(s Server) bool { return s.Error == "" && s.seesData() })
}

func (s Server) seesData() bool {
	return slices.ContainsFunc(s.Nodes, func(n mgm.NodeStatus) bool { return n.Type == mgm.NodeData && n.State != mgm.StateNoContact })
}

// knowsData is more than seesData: a data node that has connected to a server is UNKNOWN to it until
// it has said how it is.
func (s Server) knowsData() bool {
	return slices.ContainsFunc(s.Nodes, func(n mgm.NodeStatus) bool {
		return n.Type == mgm.NodeData && n.State != mgm.StateNoContact && n.State != mgm.StateUnknown
	})
}

// up reads a state: serving, not, or not to be told.
func up(n mgm.NodeStatus) cluster.Truth {
	switch n.State {
	case mgm.StateStarted, mgm.StateSingleUser, mgm.StateConnected:
		return cluster.Yes
	case mgm.StateNoContact, mgm.StateNotStarted, mgm.StateStarting, mgm.StateShuttingDown, mgm.StateRestarting:
		return cluster.No
	default:
		return cluster.Unknown
	}
}

// Nodes joins the configuration, kagu.yaml and what the servers say, in the order of the ids.
func (v View) Nodes() []Node {
	byID := map[int]*Node{}
	at := func(id int, role cluster.Role) *Node {
		if byID[id] == nil {
			byID[id] = &Node{ID: id, Role: role, Group: mgm.GroupUnknown}
		}
		return byID[id]
	}
	if v.Config != nil {
		for _, c := range v.Config.Nodes {
			n := at(c.ID, c.Role)
			n.Host, n.Group, n.Rank, n.Domain = v.hostName(c.Host), c.Group, c.Rank, c.Domain
		}
	}
	for _, i := range v.Inventory {
		n := at(i.ID, i.Role)
		n.Name, n.Host = i.Name, i.Host
	}
	for _, s := range v.Servers {
		for _, said := range s.Nodes {
			n := at(said.ID, roleOf(said.Type))
			if up(said) == cluster.Yes && (said.NodeGroup.Known() || said.NodeGroup == mgm.GroupNone) {
				n.Group = said.NodeGroup // a group may have been made since, or is still to be made
			}
		}
	}
	var all []Node
	for _, id := range sortedKeys(byID) {
		n := *byID[id]
		v.witness(&n)
		if v.foreign(n) {
			n.Group, n.Up = mgm.GroupNone, cluster.No
		}
		all = append(all, n)
	}
	markPresident(all)
	return all
}

// foreign tells whether a data node is in kagu.yaml, and for certain not in the cluster: it is
// not in the configuration that a server serves now, and no server speaks of it.
func (v View) foreign(n Node) bool {
	return n.Role == cluster.RoleData && n.State == "" && v.Answered() && v.Config != nil &&
		!slices.ContainsFunc(v.Config.Nodes, func(c ConfigNode) bool { return c.ID == n.ID })
}

// witness fills in what the servers say of the node.
func (v View) witness(n *Node) {
	var said []mgm.NodeStatus
	for _, s := range v.Servers {
		i := slices.IndexFunc(s.Nodes, func(o mgm.NodeStatus) bool { return o.ID == n.ID })
		if s.Error != "" || i < 0 || v.blind(s) && s.ID != n.ID {
			continue
		}
		status := s.Nodes[i]
		if s.ID == n.ID && !s.seesData() {
			status.State = mgm.StateNoContact // it answers us, and reaches no data node
		}
		if s.ID == n.ID { // nobody knows better than itself
			said = []mgm.NodeStatus{status}
			break
		}
		said = append(said, status)
	}
	said = withAnswer(withContact(said))
	var states []string
	for i, s := range said {
		if i == 0 {
			n.Up, n.Phase, n.SingleUser = up(s), s.StartPhase, s.SingleUser
		}
		if up(s) != n.Up {
			n.Up = cluster.Unknown
		}
		if !slices.Contains(states, string(s.State)) {
			states = append(states, string(s.State))
		}
		if s.Version != 0 {
			n.Version, n.Address, n.DynamicID = s.Version.String(), s.Address, s.DynamicID&0xffff
		}
		if n.Host == "" {
			n.Host = v.hostName(s.Address)
		}
	}
	if n.Role == cluster.RoleData && len(said) > 0 && v.Deaf() {
		n.Up = v.SQL.of(n.ID)
	}
	for i, s := range states {
		if i > 0 {
			n.State += " / "
		}
		n.State += s
	}
}

// withContact leaves out who has no contact with a node that is not up, if another has. A data node
// that starts connects to one management server first and to the others when it has joined; one
// that gets no further is unknown to them all the while.
func withContact(said []mgm.NodeStatus) []mgm.NodeStatus {
	contact := slices.DeleteFunc(slices.Clone(said), func(s mgm.NodeStatus) bool { return s.State == mgm.StateNoContact })
	if len(contact) == 0 || slices.ContainsFunc(contact, func(s mgm.NodeStatus) bool { return up(s) != cluster.No }) {
		return said
	}
	return contact
}

// withAnswer leaves out who does not know how a node is, if all others say that it is up.
func withAnswer(said []mgm.NodeStatus) []mgm.NodeStatus {
	answers := slices.DeleteFunc(slices.Clone(said), func(s mgm.NodeStatus) bool { return s.State == mgm.StateUnknown })
	if len(answers) == 0 || slices.ContainsFunc(answers, func(s mgm.NodeStatus) bool { return up(s) != cluster.Yes }) {
		return said
	}
	return answers
}

// hostName returns the name kagu.yaml has for an address, or the address.
func (v View) hostName(address string) string {
	for _, i := range v.Inventory {
		if address != "" && i.Address == address {
			return i.Host
		}
	}
	return address
}

// markPresident marks the data node that joined first.
func markPresident(nodes []Node) {
	first := -1
	for i, n := range nodes {
		if n.Role == cluster.RoleData && n.Up == cluster.Yes && n.DynamicID > 0 && (first < 0 || n.DynamicID < nodes[first].DynamicID) {
			first = i
		}
	}
	if first >= 0 {
		nodes[first].President = true
	}
}

// Shape is what survival depends on.
func (v View) Shape() Shape {
	var s Shape
	if v.Config != nil {
		s.Method = v.Config.Method
	}
	for _, n := range v.Nodes() {
		switch {
		case n.Role == cluster.RoleData:
			s.Nodes = append(s.Nodes, ShapeNode{ID: n.ID, Group: n.Group, Host: n.Host, Up: n.Up})
		case n.Rank == 1 || n.Rank == 2:
			s.Candidates = append(s.Candidates, Candidate{Node: n.ID, Rank: n.Rank, Role: n.Role, Host: n.Host, Connected: n.Up})
		}
	}
	s.Arbitrator = v.Arbitrator()
	s.Serves = v.Deaf() && v.SQL.Reach == cluster.Yes
	s.findUnseen()
	return s
}

// findUnseen makes the nodes of a group unknown if none is started while nodes of another are.
// No node runs beside a dead group: either the group holds no data yet, because its nodes are
// being added, or no management server reaches it.
func (s *Shape) findUnseen() {
	alive := map[mgm.NodeGroup]bool{} // groups that may have a started node
	runs := false
	for _, n := range s.Nodes {
		alive[n.Group] = alive[n.Group] || n.Up != cluster.No
		runs = runs || n.Group.Known() && n.Up == cluster.Yes
	}
	if !runs {
		return
	}
	for _, g := range sortedKeys(alive) {
		if g.Known() && !alive[g] {
			s.Unseen = append(s.Unseen, g)
		}
	}
	for i := range s.Nodes {
		if slices.Contains(s.Unseen, s.Nodes[i].Group) {
			s.Nodes[i].Up = cluster.Unknown
		}
	}
}
