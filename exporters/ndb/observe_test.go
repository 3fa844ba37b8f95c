package ndb

import (
	"io"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/kagu-db/kagu/internal/mgm"
	"github.com/kagu-db/kagu/internal/mgm/mgmtest"
)

func observerOf(t *testing.T, servers ...*mgmtest.Server) *observer {
	t.Helper()
	var addresses []string
	for _, s := range servers {
		addresses = append(addresses, s.Address())
	}
	o := newObserver(managedBy(addresses...))
	t.Cleanup(o.close)
	return o
}

// later makes the observer take what it keeps for old.
func (o *observer) later() {
	for _, s := range o.seats {
		s.read = s.read.Add(-configAge - time.Second)
		s.othersAt = s.othersAt.Add(-othersAge - time.Second)
	}
}

// A server that is gone knew a higher generation: those that are there begun anew since.
func TestAServerThatIsGoneDoesNotSayWhatTheConfigurationIs(t *testing.T) {
	old, now := mgmtest.NewCluster(2), mgmtest.NewCluster(2)
	old.Generation, now.Generation = 7, 1
	now.Set(2, mgm.KeyHeartbeatIntervalDBDB, 5000)
	gone := mgmtest.Listen(t, old)
	o := observerOf(t, gone, mgmtest.Listen(t, now))
	if got := o.look(t.Context()).Config.Generation; got != 7 {
		t.Fatalf("generation %d, want the highest of those that answer", got)
	}
	gone.Close()
	v := o.look(t.Context())
	if v.Config.Generation != 1 || v.Config.HeartbeatDB != 5*time.Second {
		t.Errorf("generation %d, heartbeats each %s: want those of the server that answers", v.Config.Generation, v.Config.HeartbeatDB)
	}
}

// A management server that was restarted between two looks has been away for neither.
func TestAServerThatWasRestartedIsAskedForItsConfigurationAtOnce(t *testing.T) {
	c := mgmtest.NewCluster(2)
	server := mgmtest.Listen(t, c)
	o := observerOf(t, server)
	o.look(t.Context())
	c.Generation = 2
	if got := o.look(t.Context()).Config.Generation; got != 1 {
		t.Fatalf("generation %d: the configuration is asked for at every look", got)
	}
	server.Drop()
	if got := o.look(t.Context()).Config.Generation; got != 2 {
		t.Errorf("generation %d, want that of the new session", got)
	}
}

func TestWithoutAServerTheLastConfigurationCounts(t *testing.T) {
	server := mgmtest.Listen(t, mgmtest.NewCluster(2))
	o := observerOf(t, server)
	o.look(t.Context())
	server.Close()
	if v := o.look(t.Context()); v.Answered() || v.Config == nil {
		t.Errorf("answered %v, configuration %v", v.Answered(), v.Config)
	}
}

// Management servers that have not agreed on a configuration serve none.
func TestAServerThatServesNoConfigurationHasNoGeneration(t *testing.T) {
	c := mgmtest.NewCluster(2)
	var refuses atomic.Bool
	refusal := mgmtest.Bytes("get config reply\nresult: The cluster configuration is not yet confirmed by all defined management servers.\n\n")
	server := mgmtest.Listen(t, mgmtest.On("get config_v2", mgmtest.HandlerFunc(func(w io.Writer, r mgmtest.Request) bool {
		if refuses.Load() {
			return refusal.Handle(w, r)
		}
		return c.Handle(w, r)
	}), c))
	o := observerOf(t, server)
	if got := o.look(t.Context()).Servers[0].Generation; got != 1 {
		t.Fatalf("generation %d", got)
	}
	refuses.Store(true)
	o.later()
	v := o.look(t.Context())
	if got := v.Servers[0]; got.Error != "" || got.Generation != 0 {
		t.Errorf("error %q, generation %d, want none", got.Error, got.Generation)
	}
	if v.Config == nil {
		t.Error("the nodes that it had are forgotten")
	}
}

// Without a configuration a node that is down is in no group that anybody knows, and its group
// would look whole with what is left of it.
func TestWithoutAConfigurationNoGroupLooksWhole(t *testing.T) {
	c := mgmtest.NewCluster(2)
	c.Change(3, func(n *mgm.NodeStatus) { *n = mgm.NodeStatus{ID: 3, Type: mgm.NodeData, State: mgm.StateNoContact} })
	server := mgmtest.Listen(t, mgmtest.On("get config_v2", mgmtest.Bytes("get config reply\nresult: not confirmed\n\n"), c))
	s := openSide(managedBy(server.Address()), Options{Streams: NewStreams()})
	defer s.close()
	got, _ := pageOf(t, s)
	says(t, got, `ndb_data_nodes{state="configured"} 2`, `ndb_data_nodes{state="started"} 1`)
	saysNothingOf(t, got, "ndb_node_group_nodes{")
}

// Clients are asked for apart; their answer is of no use when it is old or the server was away.
func TestWhatIsKnownOfClientsAges(t *testing.T) {
	c := mgmtest.NewCluster(2)
	server := mgmtest.Listen(t, c)
	o := observerOf(t, server)
	seesClients := func() bool {
		return slices.ContainsFunc(o.look(t.Context()).Servers[0].Nodes, func(n mgm.NodeStatus) bool { return n.Type == mgm.NodeAPI })
	}
	ask := func() {
		if _, err := o.seats[0].askOthers(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	ask()
	if !seesClients() {
		t.Fatal("it does not see clients")
	}
	o.later()
	if seesClients() {
		t.Error("it shows clients as they were long ago")
	}
	ask()
	server.Close()
	if v := o.look(t.Context()); v.Answered() {
		t.Fatal("it answers")
	}
	if o.seats[0].others != nil {
		t.Error("it keeps what a server said before it was away")
	}
}
