package galera

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/kagu-db/kagu/internal/cluster"
	"github.com/kagu-db/kagu/internal/inventory"
	"github.com/kagu-db/kagu/internal/node"
	"github.com/kagu-db/kagu/internal/sqlconn"
	"github.com/kagu-db/kagu/internal/wsrep"
)

// How long one seat may take. A look is as long as its slowest seat, so these bound the time
// from an alert to a decision.
const (
	sqlPatience  = time.Second
	hostPatience = 3 * time.Second
)

// An Observer looks at Galera clusters.
type Observer struct {
	Hosts Asker
}

// An Asker asks kagu-node on a host; node.Client does.
type Asker interface {
	Do(ctx context.Context, host inventory.Host, r node.Request) (node.Reply, error)
}

// Observe asks every member and every member's host at the same time. What does not answer in
// time is unknown in the snapshot; it is no error.
func (o Observer) Observe(ctx context.Context, c inventory.Cluster) (cluster.Snapshot, error) {
	began := time.Now()
	s := cluster.Snapshot{Cluster: c.Name, Kind: c.Kind, Taken: began, Nodes: make([]cluster.Node, len(c.Nodes))}
	members := make([]wsrep.Members, len(c.Nodes))
	var all sync.WaitGroup
	for i, n := range c.Nodes {
		s.Nodes[i] = cluster.Node{
			Name: n.Name, Host: n.Host.Name, Role: n.Role, Process: cluster.ProcessUnknown, Galera: &cluster.Galera{},
			Sights: make([]cluster.Sight, 2),
		}
		all.Go(func() {
			defer survive(&s.Nodes[i].Sights[0], "sql")
			s.Nodes[i].Sights[0] = lookBySQL(ctx, c, n, s.Nodes[i].Galera, &members[i])
		})
	}
	states := make([]*node.State, len(c.Nodes))
	for i, n := range c.Nodes {
		all.Go(func() {
			defer survive(&s.Nodes[i].Sights[1], "host")
			s.Nodes[i].Sights[1], states[i] = o.lookByHost(ctx, c.Name, n)
		})
	}
	all.Wait()
	if err := ctx.Err(); err != nil {
		return s, fmt.Errorf("observe %s: %w", c.Name, err)
	}
	for i := range s.Nodes {
		fromHost(&s.Nodes[i], states[i])
		s.Nodes[i].Sights = append(s.Nodes[i].Sights, lookByPeers(c, s, members, i)...)
		clean(&s.Nodes[i])
	}
	s.Took = time.Since(began)
	return s, nil
}

// survive turns a defect in reading one server's answer into a seat that cannot tell.
func survive(sight *cluster.Sight, seat string) {
	if r := recover(); r != nil {
		*sight = cluster.Sight{Seat: seat, At: time.Now(), Note: fmt.Sprintf("a defect in reading the answer: %v", r)}
	}
}

// lookBySQL asks the server for its status, and fills in what it says.
func lookBySQL(ctx context.Context, c inventory.Cluster, n inventory.Node, g *cluster.Galera, members *wsrep.Members) cluster.Sight {
	ctx, cancel := context.WithTimeout(ctx, sqlPatience)
	defer cancel()
	db := sqlconn.Open(n.SQL, c.Credential, c.TLS)
	defer db.Close()
	vars, err := db.Pairs(ctx, "SHOW GLOBAL STATUS LIKE 'wsrep%'")
	sight := cluster.Sight{Seat: "sql", At: time.Now(), Alive: aliveBySQL(err)}
	if err != nil {
		sight.Note = err.Error()
		return sight
	}
	st := wsrep.ParseStatus(vars)
	*members = st.Members
	g.Answers = cluster.Yes
	g.Ready, g.State, g.Comment, g.StateUUID = st.Ready, st.State, st.Comment, st.ClusterUUID
	if st.ClusterStatus != "" {
		g.Primary = cluster.TruthOf(st.ClusterStatus == "primary")
	}
	g.Size, g.Seqno = int(st.ClusterSize.Value), st.LastCommitted.Value
	g.Members = namesOf(c, st.Members.Addresses)
	return sight
}

// aliveBySQL judges the server by how the connection failed. Only a host that is there and
// has nobody listening says that the server is dead; silence says nothing.
func aliveBySQL(err error) cluster.Truth {
	switch {
	case err == nil, errors.Is(err, sqlconn.ErrDenied), errors.Is(err, sqlconn.ErrGrant), errors.Is(err, sqlconn.ErrBusy):
		return cluster.Yes
	case errors.Is(err, sqlconn.ErrRefused):
		return cluster.No
	default:
		return cluster.Unknown
	}
}

func (o Observer) lookByHost(ctx context.Context, name string, n inventory.Node) (cluster.Sight, *node.State) {
	ctx, cancel := context.WithTimeout(ctx, hostPatience)
	defer cancel()
	reply, err := o.Hosts.Do(ctx, n.Host, node.Request{Verb: node.Report, Cluster: name, Node: n.Name})
	if err == nil {
		err = reply.Err()
	}
	sight := cluster.Sight{Seat: "host", At: time.Now()}
	if err != nil || reply.State == nil {
		sight.Note = "no report"
		if err != nil {
			sight.Note = err.Error()
		}
		return sight, nil
	}
	sight.Note = "process " + string(reply.State.Process)
	switch reply.State.Process {
	case cluster.ProcessAbsent:
		sight.Alive = cluster.No
	case cluster.ProcessRunning, cluster.ProcessFrozen:
		sight.Alive = cluster.Yes
	}
	return sight, reply.State
}

func fromHost(n *cluster.Node, st *node.State) {
	if st == nil {
		return
	}
	n.Process, n.StoppedBy, n.Galera.Saved = st.Process, st.StoppedBy, st.Saved
	if st.DiskTotal > 0 {
		free := float64(st.DiskFree) / float64(st.DiskTotal)
		n.DiskFree = &free
	}
}

// lookByPeers tells which members in a primary component count node i as one of them. That a
// peer still does proves nothing: a crashed member stays until evs.suspect_timeout is over. A
// peer whose list does not even name itself cannot be understood, and says nothing.
func lookByPeers(c inventory.Cluster, s cluster.Snapshot, members []wsrep.Members, i int) (sights []cluster.Sight) {
	for k, peer := range s.Nodes {
		if k == i || peer.Galera.Primary != cluster.Yes || !members[k].Known || !slices.Contains(peer.Galera.Members, peer.Name) {
			continue
		}
		sight := cluster.Sight{Seat: "peer " + peer.Name, At: peer.Sights[0].At, Alive: cluster.No, Note: "not in its view"}
		if slices.Contains(peer.Galera.Members, c.Nodes[i].Name) {
			sight.Alive, sight.Note = cluster.Unknown, "still in its view"
		}
		sights = append(sights, sight)
	}
	return sights
}

// namesOf returns the names that kagu.yaml has for the members with those SQL addresses.
func namesOf(c inventory.Cluster, addresses []string) (names []string) {
	for _, n := range c.Nodes {
		if slices.Contains(addresses, n.SQL) {
			names = append(names, n.Name)
		}
	}
	return names
}

// clean takes out of the texts of servers and hosts what a terminal would obey: whoever
// controls one of them must not control the screen of who looks at it.
func clean(n *cluster.Node) {
	n.StoppedBy, n.Galera.Comment = cluster.Printable(n.StoppedBy), cluster.Printable(n.Galera.Comment)
	for i := range n.Sights {
		n.Sights[i].Note = cluster.Printable(n.Sights[i].Note)
	}
}
