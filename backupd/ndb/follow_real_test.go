package ndb

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/kagu-db/kagu/internal/cluster"
	"github.com/kagu-db/kagu/internal/inventory"
	"github.com/kagu-db/kagu/internal/lab"
	"github.com/kagu-db/kagu/internal/lab/labtest"
	"github.com/kagu-db/kagu/internal/node"
	"github.com/kagu-db/kagu/internal/sshrun"
)

// TestAPartIsFollowed reaches the data nodes as production does, through sshd and kagu-node. What comes
// last breaks the cluster.
func TestAPartIsFollowed(t *testing.T) {
	b := furnished(t, labtest.Up(t, lab.Options{
		Kind: cluster.KindNDB, Management: 1, Data: 2, SQL: 1, Services: []lab.Service{lab.SSH}, Parameters: map[string]string{"NoOfFragmentLogFiles": "16"},
	}))
	fleet, err := inventory.Load(b.Config())
	if err != nil {
		t.Fatal(err)
	}
	f := following{b, Nodes{Client: node.Client{SSH: sshrun.Runner{Account: fleet.SSH}}}}
	b.hosts = guided{Nodes: f.nodes}
	b.sql(t, bulk...)
	t.Run("a backup is taken while others write, and nothing is left behind", b.taken)
	t.Run("its rows came in chunks, as they were written", f.inChunks)
	t.Run("it is proven in a throw-away cluster, which is removed", b.proven)
	b.hosts = f.nodes
	t.Run("kagu-node that is too old to follow collects afterwards, and a note says so", f.olderHosts)
	t.Run("a part whose way is lost is no backup", f.wayLost)
	t.Run("a backup that somebody aborts is none", f.aborted)
	t.Run("a data node that dies meanwhile aborts it", func(t *testing.T) {
		b.dies(t)
		f.nobodyFollows(t)
	})
}

// following is a bench whose hosts are reached through SSH.
type following struct {
	*bench
	nodes Nodes
}

func (b following) inChunks(t *testing.T) {
	for _, n := range b.cluster.Data {
		part := b.backup.Source.(*shelf).streams[nodeStream(n.ID)]
		if !bytes.Contains(part, []byte(node.ChunkName(fmt.Sprintf("BACKUP-%d-0.%d.Data", b.backup.Manifest.Position.Backup, n.ID), 0))) {
			t.Errorf("the rows of %s were not followed", n.Name)
		}
	}
	if notes := strings.Join(b.backup.Manifest.Notes, "\n"); strings.Contains(notes, "was sent anew") || strings.Contains(notes, "collected after") {
		t.Errorf("they were not as they had been followed: %s", notes)
	}
}

// guided is kagu-node behind a real sshd. It is told that a backup is complete only after something of
// its part has come, so that every part is followed, however fast the data nodes were.
type guided struct {
	Nodes
	begun func(n inventory.Node) // is called when something of a part has come; nil: nothing is done
	hold  bool                   // kagu-node is never told of the end
}

// firstly tells of the first write.
type firstly struct {
	io.Writer
	once sync.Once
	seen chan struct{}
}

func (f *firstly) Write(p []byte) (int, error) {
	defer f.once.Do(func() { close(f.seen) })
	return f.Writer.Write(p)
}

func (g guided) Collect(ctx context.Context, of string, n inventory.Node, backup uint32, complete <-chan struct{}, w io.Writer) (Part, error) {
	ctx, cancel := context.WithCancel(ctx)
	f, told := &firstly{Writer: w, seen: make(chan struct{})}, make(chan struct{})
	var telling sync.WaitGroup
	defer telling.Wait()
	defer cancel()
	telling.Go(func() {
		for _, event := range []<-chan struct{}{f.seen, complete} {
			select {
			case <-event:
			case <-ctx.Done():
				return
			}
			if event == f.seen && g.begun != nil {
				g.begun(n)
			}
		}
		if !g.hold {
			close(told)
		}
	})
	return g.Nodes.Collect(ctx, of, n, backup, told, f)
}

// kaguNodes are the processes of kagu-node that are at work on a node's host, and those above them.
func (b following) kaguNodes(t *testing.T, name string) (pids, sessions []int) {
	t.Helper()
	all, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range all {
		argv, _ := os.ReadFile(path) // one that has ended has none
		words := strings.Split(string(argv), "\x00")
		if words[0] != filepath.Join(b.Bin, "kagu-node") || !slices.Contains(words, "--host="+name) || !slices.Contains(words, "--config.file="+b.Config()) {
			continue
		}
		pid, err := strconv.Atoi(filepath.Base(filepath.Dir(path)))
		if err != nil {
			t.Fatal(err)
		}
		pids = append(pids, pid)
		for above := parent(pid); above > 1; above = parent(above) {
			if comm, _ := os.ReadFile(filepath.Join("/proc", strconv.Itoa(above), "comm")); bytes.HasPrefix(comm, []byte("sshd")) {
				sessions = append(sessions, above)
				break
			}
		}
	}
	return pids, sessions
}

func parent(pid int) int {
	status, _ := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "status"))
	for line := range strings.Lines(string(status)) {
		if rest, found := strings.CutPrefix(line, "PPid:"); found {
			above, _ := strconv.Atoi(strings.TrimSpace(rest))
			return above
		}
	}
	return 0
}

// wayLost: what is lost of a part cannot be taken back, so there is no backup then, and nothing of it.
func (b following) wayLost(t *testing.T) {
	for _, c := range []struct {
		name string
		kill func(pids, sessions []int) []int
	}{
		{name: "kagu-node is killed", kill: func(pids, _ []int) []int { return pids }},
		{name: "the connection is cut", kill: func(_, sessions []int) []int { return sessions }},
	} {
		t.Run(c.name, func(t *testing.T) {
			k := &taking{}
			k.kind.Hosts = guided{Nodes: b.nodes, hold: true, begun: func(n inventory.Node) {
				if n.ID != 11 {
					return
				}
				hit := c.kill(b.kaguNodes(t, n.Name))
				if len(hit) != 1 {
					t.Errorf("processes %v", hit)
				}
				for _, pid := range hit {
					if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
						t.Error(err)
					}
				}
			}}
			_, err := b.take(t, k)
			if err == nil || !strings.Contains(err.Error(), "collect the part of d1: ") || !strings.Contains(err.Error(), "take another when kagu-node answers again: kagu report lab/d1") {
				t.Errorf("got %v", err)
			}
			t.Log(err)
			if k.shelf.streams[aboutStream] != nil || k.shelf.streams[nodeStream(11)] != nil {
				t.Error("it looks whole")
			}
			b.clean(t, k)
			b.nobodyFollows(t)
		})
	}
}

// nobodyFollows waits until no kagu-node is at work any more: it learns from the connection that nobody
// wants what it sends.
func (b following) nobodyFollows(t *testing.T) {
	t.Helper()
	deadline := time.Now().Add(2 * time.Minute)
	for _, n := range b.cluster.Data {
		for pids, _ := b.kaguNodes(t, n.Name); len(pids) > 0; pids, _ = b.kaguNodes(t, n.Name) {
			if time.Now().After(deadline) {
				t.Fatalf("kagu-node still runs for %s: %v", n.Name, pids)
			}
			time.Sleep(20 * time.Millisecond)
		}
	}
}

// aborted: somebody ends the backup while it is followed.
func (b following) aborted(t *testing.T) {
	client := management(b.cluster)
	defer client.Close()
	k, asked := &taking{}, false
	k.tell = func(stage, _ string) {
		if stage != "backup" || asked {
			return
		}
		asked = true
		for detail := range k.ledger.debts {
			id, err := strconv.ParseUint(detail, 10, 32)
			if err == nil {
				err = client.AbortBackup(t.Context(), uint32(id))
			}
			if err != nil {
				t.Log(err)
			}
		}
	}
	_, err := b.take(t, k)
	switch {
	case err == nil:
		t.Log("the backup was over before it was aborted")
	case !errors.Is(err, ErrAborted) || !strings.Contains(err.Error(), "ask who, then take another"):
		t.Errorf("got %v", err)
	}
	if err != nil && k.shelf.streams[aboutStream] != nil {
		t.Error("it looks whole")
	}
	b.clean(t, k)
	b.nobodyFollows(t)
}

// olderHosts: kagu-node of a release that knows nothing of following.
func (b following) olderHosts(t *testing.T) {
	k := &taking{}
	k.kind.Hosts = Nodes{Client: older{b.nodes.Client.(node.Client)}}
	facts, err := b.take(t, k)
	if err != nil {
		t.Fatal(err)
	}
	notes := strings.Join(facts.Notes, "\n")
	for _, name := range []string{"d1", "d2"} {
		if !strings.Contains(notes, "the part of "+name+" was collected after the backup") {
			t.Errorf("notes: %s", notes)
		}
	}
	for _, n := range b.cluster.Data {
		if len(k.shelf.streams[nodeStream(n.ID)]) == 0 || bytes.Contains(k.shelf.streams[nodeStream(n.ID)], []byte(".Data@")) {
			t.Errorf("the part of %s is empty, or came in chunks", n.Name)
		}
	}
	b.clean(t, k)
}

// older refuses to follow.
type older struct{ node.Client }

func (older) Follow(context.Context, inventory.Host, node.Request, <-chan struct{}, io.Writer) (node.Reply, error) {
	return node.Reply{}, node.ErrCannotFollow
}
