package galera

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/kagu-db/kagu/backupd"
	"github.com/kagu-db/kagu/internal/cluster"
	"github.com/kagu-db/kagu/internal/inventory"
	"github.com/kagu-db/kagu/internal/needs"
	"github.com/kagu-db/kagu/internal/node"
)

// folder returns a folder that servers can reach as another account, with a path that is short
// enough for a socket.
func folder(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "kagu")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o711); err != nil {
		t.Fatal(err)
	}
	return dir
}

// server starts a MariaDB by itself that stands for a member of a cluster.
func server(t testing.TB, options ...string) *spare {
	t.Helper()
	needs.Servers(t)
	needs.Program(t, "mariadbd", "mariadb-server")
	needs.Program(t, "mariadb-backup", "mariadb-backup")
	s, err := newSpare(t.Context(), filepath.Join(folder(t), "s"), inventory.Scratch{}, false)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.remove(); err != nil {
			t.Error(err)
		}
	})
	if err := s.install(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := s.start(t.Context(), options); err != nil {
		t.Fatal(err)
	}
	return s
}

// sql carries statements out.
func (s *spare) sql(t testing.TB, statements ...string) {
	t.Helper()
	c, err := s.connect(t.Context(), "wait_timeout=3600")
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for _, st := range statements {
		if err := c.Exec(t.Context(), st); err != nil {
			t.Fatalf("%.200s: %v", st, err)
		}
	}
}

// nextLog begins a new binary log, and waits until the server has noted in it that the one before is done
// with, which it does at a moment of its own.
func (s *spare) nextLog(t testing.TB) {
	t.Helper()
	s.sql(t, "FLUSH BINARY LOGS")
	for noted := false; !noted; time.Sleep(10 * time.Millisecond) {
		file, _, _ := strings.Cut(s.ask(t, "SHOW MASTER STATUS"), "|")
		for event := range strings.Lines(s.ask(t, "SHOW BINLOG EVENTS IN '"+file+"'")) {
			noted = noted || strings.Contains(event, "|Binlog_checkpoint|") && strings.HasSuffix(strings.TrimSpace(event), "|"+file)
		}
	}
}

// ask returns an answer, a line a row, its fields with bars between.
func (s *spare) ask(t testing.TB, query string) string {
	t.Helper()
	c, err := s.connect(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	rows, err := c.Texts(t.Context(), query)
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	var lines []string
	for _, r := range rows {
		lines = append(lines, strings.Join(r, "|"))
	}
	return strings.Join(lines, "\n")
}

// clusterOf is a cluster whose last member is the server; there is no first.
func clusterOf(s *spare, jobs ...string) inventory.Cluster {
	c := inventory.Cluster{
		Name: "lab", Kind: cluster.KindGalera,
		Nodes:  []inventory.Node{{Name: "n1", SQL: "/nowhere"}, {Name: "n2", SQL: socketIn(s.dir)}},
		Backup: &inventory.Backup{Credential: inventory.Credential{Name: "backup", User: ownUser}},
	}
	for _, method := range jobs {
		c.Backup.Jobs = append(c.Backup.Jobs, inventory.BackupJob{Name: method, Method: method})
	}
	return c
}

// kindOf is a Kind for which n2 is the member to back up.
func kindOf(hosts Hosts) Kind {
	return Kind{Hosts: hosts, Observe: func(context.Context, inventory.Cluster) (cluster.Snapshot, error) {
		return members("n1 synced wrote=1", "n2 synced"), nil
	}}
}

// memory is a Sink and a Source.
type memory struct {
	mu      sync.Mutex
	streams map[string][]byte
	fail    map[string]error // by stream, when it is written to
}

func newMemory() *memory { return &memory{streams: map[string][]byte{}} }

type memoryStream struct {
	m    *memory
	name string
	b    bytes.Buffer
}

func (s *memoryStream) Write(p []byte) (int, error) {
	if err := s.m.fail[s.name]; err != nil {
		return 0, err
	}
	return s.b.Write(p)
}

func (s *memoryStream) Close() error {
	s.m.mu.Lock()
	defer s.m.mu.Unlock()
	s.m.streams[s.name] = s.b.Bytes()
	return nil
}

func (m *memory) Stream(_ context.Context, name string) (io.WriteCloser, error) {
	return &memoryStream{m: m, name: name}, nil
}

func (m *memory) Open(_ context.Context, name string) (io.ReadCloser, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	b, found := m.streams[name]
	if !found {
		return nil, errors.New("no stream " + name)
	}
	return io.NopCloser(bytes.NewReader(b)), nil
}

// link is a backup in memory.
func link(id string, method backupd.Method, facts backupd.Facts, m *memory) backupd.Link {
	l := backupd.Link{Source: m, Manifest: backupd.Manifest{ID: id, Cluster: "lab", Kind: cluster.KindGalera, Method: method, Facts: facts, Begun: time.Now(), Ended: time.Now()}}
	for _, name := range slices.Sorted(maps.Keys(m.streams)) {
		l.Manifest.Streams = append(l.Manifest.Streams, backupd.Stream{Name: name, Size: int64(len(m.streams[name]))})
	}
	return l
}

// take takes a backup into memory.
func take(t testing.TB, k Kind, c inventory.Cluster, method backupd.Method, base *backupd.Manifest) (backupd.Link, error) {
	t.Helper()
	m := newMemory()
	id := fmt.Sprintf("%s-%d", method, time.Now().UnixNano())
	facts, err := k.Take(t.Context(), backupd.Take{
		ID: id, Cluster: c, Method: method, Base: base, Sink: m, Job: inventory.BackupJob{Name: string(method)},
		Owe:  func(context.Context, backupd.Debt) (func(), error) { return func() {}, nil },
		Tell: func(stage, detail string) { t.Log(stage, detail) },
	})
	return link(id, method, facts, m), err
}

// fakeHosts stands for kagu-node: it runs mariadb-backup on a server of this machine.
type fakeHosts struct {
	server *spare
	stream func(w io.Writer) error // instead; nil: mariadb-backup
}

func (f fakeHosts) Do(context.Context, inventory.Host, node.Request) (node.Reply, error) {
	return node.Reply{}, errors.New("not in this test")
}

func (f fakeHosts) Upload(context.Context, inventory.Host, node.Request, ...node.Part) (node.Reply, error) {
	return node.Reply{}, errors.New("not in this test")
}

func (f fakeHosts) Stream(ctx context.Context, _ inventory.Host, r node.Request, w io.Writer) (node.Reply, error) {
	dir := filepath.Join(f.server.dir, "lsn")
	if err := os.Mkdir(dir, 0o700); err != nil {
		return node.Reply{}, err
	}
	defer os.RemoveAll(dir)
	if err := f.server.own(dir); err != nil {
		return node.Reply{}, err
	}
	args := []string{
		"--no-defaults", "--backup", "--stream=mbstream", "--user=" + ownUser, "--socket=" + socketIn(f.server.dir), "--datadir=" + dataIn(f.server.dir),
		"--tmpdir=" + dir, "--target-dir=" + dir, "--extra-lsndir=" + dir,
	}
	if r.Since > 0 {
		args = append(args, fmt.Sprintf("--incremental-lsn=%d", r.Since))
	}
	if f.stream != nil {
		return node.Reply{}, f.stream(w)
	}
	if err := f.server.run(ctx, dir, nil, w, "mariadb-backup", args...); err != nil {
		return node.Reply{}, err
	}
	st := &node.Stream{Format: node.FormatMBStream, Tool: "mariadb-backup", Server: f.server.version, Lineage: "here"}
	text, err := os.ReadFile(filepath.Join(dir, "mariadb_backup_checkpoints"))
	if err != nil {
		text, err = os.ReadFile(filepath.Join(dir, "xtrabackup_checkpoints"))
	}
	if err != nil {
		return node.Reply{}, err
	}
	for line := range strings.Lines(string(text)) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), " = ")
		switch key {
		case "from_lsn":
			fmt.Sscan(value, &st.FromLSN)
		case "to_lsn":
			fmt.Sscan(value, &st.ToLSN)
		}
	}
	info, err := os.ReadFile(filepath.Join(dir, "xtrabackup_info"))
	if err != nil {
		info, err = os.ReadFile(filepath.Join(dir, "mariadb_backup_info"))
	}
	if err != nil {
		return node.Reply{}, err
	}
	for line := range strings.Lines(string(info)) {
		if rest, found := strings.CutPrefix(line, "binlog_pos = "); found {
			b := node.Binlog{}
			parts := strings.Split(rest, "'")
			if len(parts) >= 4 {
				b.File = parts[1]
				fmt.Sscan(parts[3], &b.Pos)
				if len(parts) >= 6 {
					b.GTID = parts[5]
				}
				st.Binlog = &b
			}
		}
	}
	return node.Reply{Version: node.Version, Verb: node.Backup, Done: true, Stream: st}, nil
}

func port(t testing.TB) string { return needs.Port(t, "127.0.0.1") }

func clusterNamed(nodes ...string) inventory.Cluster {
	c := inventory.Cluster{Name: "lab", Kind: cluster.KindGalera}
	for _, n := range nodes {
		c.Nodes = append(c.Nodes, inventory.Node{Name: n})
	}
	return c
}
