package mgm_test

import (
	"context"
	"errors"
	"io"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/kagu-db/kagu/internal/cluster"
	"github.com/kagu-db/kagu/internal/mgm"
	"github.com/kagu-db/kagu/internal/mgm/mgmtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func client(t *testing.T, addresses ...string) *mgm.Client {
	t.Helper()
	c := mgm.New(mgm.Options{Addresses: addresses, Timeout: 10 * time.Second})
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func TestASessionBeginsWithVersionsAndNodeID(t *testing.T) {
	server := mgmtest.Listen(t, mgmtest.NewCluster(4))
	c := client(t, server.Address())
	if got := c.Server(); got != "" {
		t.Errorf("connected to %q before the first call", got)
	}
	nodes, err := c.Status(t.Context(), mgm.NodeData, mgm.NodeManagement)
	if err != nil {
		t.Fatal(err)
	}
	var asked []string
	for _, r := range server.Requests() {
		asked = append(asked, r.Name)
	}
	if want := []string{"get version", "set clientversion", "get mgmd nodeid", "get status"}; !slices.Equal(asked, want) {
		t.Errorf("asked %q, want %q", asked, want)
	}
	if len(nodes) != 5 || nodes[3].ID != 5 || nodes[3].NodeGroup != 1 || nodes[4].NodeGroup.Known() {
		t.Errorf("got %+v", nodes)
	}
	if c.Server() != server.Address() {
		t.Errorf("the server is %q", c.Server())
	}
}

func TestAServerThatMisbehaves(t *testing.T) {
	const version = "version\nid: 591618\n"
	for _, c := range []struct {
		name  string
		wrong mgmtest.Handler
		is    error
		says  string
	}{
		{"closes before it answers", mgmtest.CutOff(""), io.EOF, "get status on"},
		{"closes in the middle of a reply", mgmtest.CutOff("node status\nnodes: 1\n"), io.EOF, ""},
		{"closes in the middle of a line", mgmtest.CutOff("node status\nnod"), io.EOF, ""},
		{"answers half a line and waits", mgmtest.Bytes("node sta"), context.DeadlineExceeded, "no answer in time"},
		{"answers nothing", mgmtest.Silence(), context.DeadlineExceeded, "no answer in time"},
		{"answers another command", mgmtest.Bytes(version + "\n"), nil, `the first line is "version", want "node status"`},
		{"answers 10 MB of lines", mgmtest.Flood("node status\n", "node.1.x: 1\n", 10<<20), mgm.ErrReplyTooBig, ""},
		{"answers a line of 10 MB", mgmtest.Flood("node status\n", "x", 10<<20), mgm.ErrReplyTooBig, ""},
		{"does not understand", mgmtest.Bytes("result: Unknown command, 'get status'\n\n"), mgm.ErrDesynchronised, "Unknown command"},
		{"requires TLS", mgmtest.Unauthorized(), mgm.ErrAuthorization, "get status on"},
		{"announces more nodes than it lists", mgmtest.Bytes("node status\nnodes: 2\nnode.1.type: NDB\nnode.1.status: STARTED\n\n"), nil, "2 nodes are announced and 1 listed"},
		{"says what is no number", mgmtest.Bytes("node status\nnodes: 1\nnode.1.startphase: many\n\n"), nil, "want a number"},
	} {
		t.Run(c.name, func(t *testing.T) {
			server := mgmtest.Listen(t, mgmtest.On("get status", c.wrong, mgmtest.NewCluster(2)))
			client := client(t, server.Address())
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
			if errors.Is(c.is, context.DeadlineExceeded) {
				ctx, cancel = context.WithTimeout(t.Context(), 300*time.Millisecond)
			}
			defer cancel()
			_, err := client.Status(ctx)
			if err == nil || c.is != nil && !errors.Is(err, c.is) || !strings.Contains(err.Error(), c.says) {
				t.Fatalf("got %v, want %v with %q", err, c.is, c.says)
			}
			var broken *mgm.ProtocolError
			if c.is == nil && !errors.As(err, &broken) {
				t.Errorf("%v is no ProtocolError", err)
			}
			if v, err := client.Version(t.Context()); err != nil || v.NDB.String() != "9.7.2" {
				t.Errorf("the next call: %v, %v", v, err)
			}
		})
	}
}

func TestReadingGoesOnWithTheNextServer(t *testing.T) {
	gone, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	nobody := gone.Addr().String()
	_ = gone.Close()
	frozen := mgmtest.Listen(t, mgmtest.On("get version", mgmtest.Silence(), mgmtest.Opening()))
	good := mgmtest.Listen(t, mgmtest.NewCluster(2))
	c := mgm.New(mgm.Options{Addresses: []string{nobody, frozen.Address(), good.Address()}, Timeout: time.Second})
	defer c.Close()
	for range 2 {
		if _, err := c.Status(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if c.Server() != good.Address() || frozen.Asked("get version") != 1 {
		t.Errorf("stays with %q, asked the frozen one %d times", c.Server(), frozen.Asked("get version"))
	}
	good.Close()
	_, err = c.Status(t.Context())
	for _, address := range []string{nobody, frozen.Address(), good.Address()} {
		if err == nil || !strings.Contains(err.Error(), address) {
			t.Errorf("%v does not name %s", err, address)
		}
	}
}

func TestAServerThatCameBackIsAskedAgain(t *testing.T) {
	server := mgmtest.Listen(t, mgmtest.NewCluster(2))
	c := client(t, server.Address())
	for range 3 {
		if _, err := c.Status(t.Context()); err != nil {
			t.Fatal(err)
		}
		server.Drop()
	}
}

func TestWhatChangesSomethingIsSentOnce(t *testing.T) {
	lost := mgmtest.CutOff("start backup re")
	first := mgmtest.Listen(t, mgmtest.On("start backup", lost, mgmtest.NewCluster(2)))
	second := mgmtest.Listen(t, mgmtest.NewCluster(2))
	c := client(t, first.Address(), second.Address())
	_, err := c.StartBackup(t.Context(), mgm.Backup{ID: 7})
	if !errors.Is(err, mgm.ErrOutcomeUnknown) || !strings.Contains(err.Error(), first.Address()) {
		t.Errorf("got %v, want that it may have been carried out, and where", err)
	}
	if n := first.Asked("start backup") + second.Asked("start backup"); n != 1 {
		t.Errorf("sent %d times", n)
	}

	t.Run("and not at all to a server that has gone", func(t *testing.T) {
		first.Close()
		if err := c.StartNode(t.Context(), 2); !errors.Is(err, mgm.ErrDesynchronised) {
			t.Errorf("got %v", err) // the second server's script does not know the command
		}
		if first.Asked("start") != 0 || second.Asked("start") != 1 {
			t.Errorf("sent %d and %d times", first.Asked("start"), second.Asked("start"))
		}
	})
}

func TestControlSendsNoFlagThatItsNameDoesNotSay(t *testing.T) {
	ok := mgmtest.Opening().
		With("stop v2", "stop reply\nresult: Ok\nstopped: 1\ndisconnect: 0\n\n").
		With("restart node v2", "restart reply\nresult: Ok\nrestarted: 1\ndisconnect: 0\n\n")
	for _, c := range []struct {
		name string
		call func(*mgm.Client) error
		set  string
	}{
		{"StopNode", func(c *mgm.Client) error { return c.StopNode(t.Context(), 2) }, ""},
		{"StopNodeAtOnceSkippingChecks", func(c *mgm.Client) error { return c.StopNodeAtOnceSkippingChecks(t.Context(), 2) }, "abort"},
		{"RestartNode", func(c *mgm.Client) error { return c.RestartNode(t.Context(), 2) }, ""},
		{"RestartNodeToNotStarted", func(c *mgm.Client) error { return c.RestartNodeToNotStarted(t.Context(), 2) }, "nostart"},
		{"RestartInitialErasingNodeData", func(c *mgm.Client) error { return c.RestartInitialErasingNodeData(t.Context(), 2) }, "initialstart"},
		{"RestartNodeAtOnceSkippingChecks", func(c *mgm.Client) error { return c.RestartNodeAtOnceSkippingChecks(t.Context(), 2) }, "abort"},
	} {
		t.Run(c.name, func(t *testing.T) {
			server := mgmtest.Listen(t, ok)
			if err := c.call(client(t, server.Address())); err != nil {
				t.Fatal(err)
			}
			sent := server.Requests()[len(server.Requests())-1].Args
			for _, name := range []string{"abort", "force", "initialstart", "nostart"} {
				if value, there := sent[name]; there && (value == "1") != (name == c.set) {
					t.Errorf("%s is %s", name, value)
				}
			}
			if sent["node"] != "2" || sent["force"] != "0" {
				t.Errorf("sent %v", sent)
			}
		})
	}
}

func TestRefusalsHaveNumbers(t *testing.T) {
	for text, want := range map[string]int{
		"5028-Node shutdown would cause system crash: Permanent error: Application error":                                mgm.CodeWouldCrash,
		"Node shutdown would cause system crash: Permanent error: Application error":                                     mgm.CodeWouldCrash,
		"Backup failed: file already exists (use 'START BACKUP <backup id>'): Temporary error: Temporary Resource error": mgm.CodeBackupExists,
		"error: -1":                      mgm.CodeUnknown,
		"something\x1b[2J of the future": mgm.CodeUnknown,
	} {
		server := mgmtest.Listen(t, mgmtest.Opening().With("stop v2", "stop reply\nresult: "+text+"\nstopped: 0\n\n"))
		err := client(t, server.Address()).StopNode(t.Context(), 2)
		var said *mgm.ServerError
		if !errors.As(err, &said) || said.Code != want || strings.Contains(err.Error(), "\x1b") {
			t.Errorf("%q is %v", text, err)
		}
		if errors.Is(err, mgm.ErrOutcomeUnknown) {
			t.Errorf("%q: a refusal is an answer", text)
		}
	}
}

func TestWhatDoesNotFitALineIsNotSent(t *testing.T) {
	server := mgmtest.Listen(t, mgmtest.NewCluster(2))
	c := client(t, server.Address())
	for name, err := range map[string]error{
		"a line of more than 512 bytes": second(c.ShowConfig(t.Context(), mgm.ConfigQuery{Name: strings.Repeat("x", 510)})),
		"a line end in a value":         second(c.ShowConfig(t.Context(), mgm.ConfigQuery{Name: "x\n\nstop all"})),
		"a password with a quote":       second(c.StartBackup(t.Context(), mgm.Backup{Password: mgm.NewSecret(`geheim"`)})),
		"a password that is too long":   second(c.StartBackup(t.Context(), mgm.Backup{Password: mgm.NewSecret(strings.Repeat("geheim", 50))})),
		"a level that is none":          c.SetLogLevel(t.Context(), mgm.CategoryBackup, 16),
		"a report of no category":       c.SetReportLevel(t.Context(), 999, 7),
		"a severity that is none":       c.SetLogSeverity(t.Context(), "grave", true),
		"a session that is none":        third(c.Session(t.Context(), 0)),
		"a dump that is not harmless":   c.DumpState(t.Context(), 2, mgm.Dump(9999)),
		"a group that is none":          c.DropNodeGroup(t.Context(), mgm.GroupUnknown),
	} {
		if !errors.Is(err, mgm.ErrRequest) || strings.Contains(err.Error(), "geheim") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if n := len(server.Requests()); n > 0 {
		t.Errorf("%d requests were sent", n)
	}
}

func second[T any](_ T, err error) error { return err }

func third[T, U any](_ T, _ U, err error) error { return err }

// The server answers with what holds now, not with Ok.
func TestALogFilterThatDidNotTakeIsARefusal(t *testing.T) {
	for result, asked := range map[string]bool{"0": true, "1": false} {
		server := mgmtest.Listen(t, mgmtest.Opening().With("set logfilter", "set logfilter reply\nresult: "+result+"\n\n"))
		c := client(t, server.Address())
		for name, err := range map[string]error{
			"the whole log": c.SetLog(t.Context(), asked),
			"a severity":    c.SetLogSeverity(t.Context(), mgm.SeverityDebug, asked),
		} {
			var said *mgm.ServerError
			if !errors.As(err, &said) {
				t.Errorf("%s, on %t, and it is %s: %v", name, asked, result, err)
			}
		}
	}
}

func TestABackup(t *testing.T) {
	server := mgmtest.Listen(t, mgmtest.Opening().With("start backup", "start backup reply\nresult: Ok\nid: 4294967294\n\n"))
	id, err := client(t, server.Address()).StartBackup(t.Context(), mgm.Backup{ID: 4294967294, SnapshotAtStart: true, Password: mgm.NewSecret(" a b")})
	if err != nil || id != 4294967294 {
		t.Fatal(id, err)
	}
	sent := server.Requests()[len(server.Requests())-1].Args
	want := map[string]string{"completed": "1", "backupid": "4294967294", "backuppoint": "1", "password_length": "4", "encryption_password": " a b"}
	for name, value := range want {
		if sent[name] != value {
			t.Errorf("%s is %q, want %q", name, sent[name], value)
		}
	}
}

func TestCallsTakeTurns(t *testing.T) {
	server := mgmtest.Listen(t, mgmtest.NewCluster(2))
	c := client(t, server.Address())
	var calls sync.WaitGroup
	for range 8 {
		calls.Go(func() {
			for range 10 {
				if nodes, err := c.Status(t.Context()); err != nil || len(nodes) != 5 {
					t.Errorf("%d nodes, %v", len(nodes), err)
				}
			}
		})
	}
	calls.Wait()
	if n := server.Asked("get version"); n != 1 {
		t.Errorf("%d connections, want 1", n)
	}
}

func TestAContextEndsACallAndTheWaitForTheTurn(t *testing.T) {
	server := mgmtest.Listen(t, mgmtest.On("get status", mgmtest.Silence(), mgmtest.Opening()))
	c := client(t, server.Address())
	ctx, cancel := context.WithCancel(t.Context())
	var calls sync.WaitGroup
	for range 2 {
		calls.Go(func() {
			if _, err := c.Status(ctx); !errors.Is(err, context.Canceled) {
				t.Errorf("got %v", err)
			}
		})
	}
	for server.Asked("get status") == 0 {
		time.Sleep(time.Millisecond)
	}
	cancel()
	calls.Wait()
}

func TestAClosedClient(t *testing.T) {
	c := mgm.New(mgm.Options{})
	if _, err := c.Version(t.Context()); !errors.Is(err, mgm.ErrRequest) {
		t.Errorf("without an address: %v", err)
	}
	_, _ = c.Close(), c.Close()
	if _, err := c.Version(t.Context()); !errors.Is(err, mgm.ErrClosed) {
		t.Errorf("got %v", err)
	}
}

func TestStatusOfNodesThatAreNotWell(t *testing.T) {
	many := mgmtest.NewCluster(4)
	many.Change(2, func(n *mgm.NodeStatus) { n.State, n.StartPhase = mgm.StateStarting, 5 })
	many.Change(3, func(n *mgm.NodeStatus) { n.NodeGroup = mgm.GroupNone })
	many.Change(4, func(n *mgm.NodeStatus) { n.State, n.SingleUser = mgm.StateSingleUser, cluster.Yes })
	many.Change(201, func(n *mgm.NodeStatus) { n.State, n.SingleUser = "HIBERNATING", cluster.Unknown })
	many.Kill(5)
	nodes, err := client(t, mgmtest.Listen(t, many).Address()).Status(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	byID := map[int]mgm.NodeStatus{}
	for _, n := range nodes {
		byID[n.ID] = n
	}
	if n := byID[2]; n.State != mgm.StateStarting || n.StartPhase != 5 {
		t.Errorf("starting: %+v", n)
	}
	if n := byID[3]; n.NodeGroup != mgm.GroupNone || n.NodeGroup.String() != "none" {
		t.Errorf("without a group: %+v", n)
	}
	if n := byID[4]; n.State != mgm.StateSingleUser || n.SingleUser != cluster.Yes {
		t.Errorf("single user: %+v", n)
	}
	if n := byID[5]; n.State != mgm.StateNoContact || n.NodeGroup != mgm.GroupUnknown || n.Version != 0 || n.Version.String() != "" {
		t.Errorf("down: %+v", n)
	}
	if n := byID[201]; n.State.Known() || n.State != "HIBERNATING" || n.SingleUser != cluster.Unknown {
		t.Errorf("a state of the future: %+v", n)
	}
}

func TestConfigOfACluster(t *testing.T) {
	many := mgmtest.NewCluster(4)
	many.Generation = 3
	many.Set(2, mgm.KeyLocationDomainID, 2)
	many.Set(1, mgm.KeyManagementRequireTLS, 1)
	many.Set(2, 999, 42)
	config, err := client(t, mgmtest.Listen(t, many).Address()).Config(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if config.Name != "voip" || config.Generation != 3 || config.Replicas() != 2 || len(config.NodesOf(mgm.NodeData)) != 4 {
		t.Errorf("got %q, generation %d, %d replicas", config.Name, config.Generation, config.Replicas())
	}
	data, _ := config.Node(2)
	memory, _ := data.DataMemory()
	beat, _ := data.HeartbeatDB()
	unknown, _ := data.Number(999)
	if data.HostName != "10.0.0.2" || memory != 64<<20 || beat != 1500*time.Millisecond || data.LocationDomain() != 2 || unknown != 42 {
		t.Errorf("node 2: %+v", data)
	}
	if server, _ := config.Node(1); server.ArbitrationRank() != 1 || !server.RequiresTLS() {
		t.Errorf("node 1: %+v", server)
	}
	if _, found := config.Node(99); found {
		t.Error("there is a node 99")
	}
}

func TestNodeGroupsByNDBsRules(t *testing.T) {
	const byOrder, outside = 65535, 65536
	for name, c := range map[string]struct{ given, want []int }{
		"in the order of the ids": {[]int{byOrder, byOrder, byOrder, byOrder}, []int{0, 0, 1, 1}},
		"as given":                {[]int{1, 0, 1, 0}, []int{1, 0, 1, 0}},
		"a node waits outside":    {[]int{0, 0, outside, outside}, []int{0, 0, -2, -2}},
		"the rest fills up":       {[]int{1, byOrder, byOrder, byOrder}, []int{1, 0, 0, 1}},
	} {
		many := mgmtest.NewCluster(len(c.given))
		for i, g := range c.given {
			many.Set(2+i, mgm.KeyNodegroup, uint64(g))
		}
		config, err := mgm.ParseConfig(many.Config())
		if err != nil {
			t.Fatal(err)
		}
		for i, n := range config.NodesOf(mgm.NodeData) {
			if int(n.NodeGroup) != c.want[i] {
				t.Errorf("%s: node %d is in group %s, want %d", name, n.ID, n.NodeGroup, c.want[i])
			}
		}
	}
}
