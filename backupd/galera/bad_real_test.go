package galera

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/kagu-db/kagu/backupd"
	"github.com/kagu-db/kagu/internal/inventory"
)

// gate is a sink that stops at the first bytes of a stream until it is opened.
type gate struct {
	*memory
	stream  string
	reached chan struct{}
	open    chan struct{}
	once    sync.Once
}

func newGate(stream string) *gate {
	return &gate{memory: newMemory(), stream: stream, reached: make(chan struct{}), open: make(chan struct{})}
}

func (g *gate) Stream(ctx context.Context, name string) (io.WriteCloser, error) {
	w, err := g.memory.Stream(ctx, name)
	if err == nil && name == g.stream {
		w = gated{w, g}
	}
	return w, err
}

type gated struct {
	io.WriteCloser
	g *gate
}

func (w gated) Write(p []byte) (int, error) {
	w.g.once.Do(func() { close(w.g.reached) })
	<-w.g.open
	return w.WriteCloser.Write(p)
}

func TestBadDaysOfABackup(t *testing.T) {
	t.Parallel()
	from := server(t, "--log-bin=binlog", "--server-id=3")
	from.sql(t, "CREATE DATABASE shop", "USE shop", "CREATE TABLE a (id INT PRIMARY KEY, v LONGTEXT)", "INSERT INTO a SELECT seq, REPEAT(seq, 200) FROM seq_1_to_20000",
		"CREATE TABLE z (id INT PRIMARY KEY)", "INSERT INTO z VALUES (1)")
	c := clusterOf(from)
	begin := func(t *testing.T, k Kind, method backupd.Method, sink backupd.Sink) (<-chan error, *backupd.Facts) {
		ended, facts := make(chan error, 1), &backupd.Facts{}
		go func() {
			var err error
			*facts, err = k.Take(t.Context(), backupd.Take{
				ID: "bad", Cluster: c, Method: method, Sink: sink, Tell: func(string, string) {},
				Owe: func(context.Context, backupd.Debt) (func(), error) { return func() {}, nil },
			})
			ended <- err
		}()
		return ended, facts
	}
	noLock := func(t *testing.T) { // a commit and a DDL go through
		t.Helper()
		from.sql(t, "SET SESSION lock_wait_timeout=60", "CREATE TABLE shop.probe (i INT)", "INSERT INTO shop.probe VALUES (1)", "DROP TABLE shop.probe")
	}

	t.Run("a table is created while rows are read: it is not in the backup, and that is told", func(t *testing.T) {
		g := newGate(streamAfter)
		ended, facts := begin(t, kindOf(nil), backupd.Logical, g)
		<-g.reached
		from.sql(t, "CREATE TABLE shop.late (i INT)")
		close(g.open)
		if err := <-ended; err != nil || len(facts.Notes) != 1 || facts.Notes[0] != "`shop`.`late` was created meanwhile" {
			t.Errorf("%v, %v", err, facts.Notes)
		}
		from.sql(t, "DROP TABLE shop.late")
		noLock(t)
	})
	t.Run("a table is altered before its rows are read: no backup, and why", func(t *testing.T) {
		g := newGate(streamBefore)
		ended, _ := begin(t, kindOf(nil), backupd.Logical, g)
		<-g.reached
		from.sql(t, "ALTER TABLE shop.z ADD COLUMN more INT, ALGORITHM=COPY")
		close(g.open)
		if err := <-ended; err == nil || !strings.Contains(err.Error(), "take it again when no migration runs") {
			t.Error(err)
		}
		noLock(t)
	})
	t.Run("a long change of rows does not make everybody wait behind us", func(t *testing.T) {
		from.sql(t, "CREATE TABLE shop.slow (i INT) ENGINE=Aria", "INSERT INTO shop.slow VALUES (1)")
		held, err := from.connect(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer held.Close()
		slow := make(chan error, 1)
		go func() { slow <- held.Exec(t.Context(), "UPDATE shop.slow SET i = i + SLEEP(8)") }() // longer than we hold anything up
		for from.ask(t, "SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE INFO LIKE '%SLEEP(8)%' AND STATE = 'User sleep'") == "0" {
			time.Sleep(20 * time.Millisecond)
		}
		ended, _ := begin(t, kindOf(nil), backupd.Logical, newMemory())
		from.sql(t, "INSERT INTO shop.z (id) VALUES (2)")
		if err := errors.Join(<-slow, <-ended); err != nil {
			t.Error(err)
		}
		noLock(t)
	})
	t.Run("the store fails in the middle: the lock and the snapshots are gone", func(t *testing.T) {
		for _, stream := range []string{streamBefore, streamOfRows(0), streamAfter} {
			m := newMemory()
			m.fail = map[string]error{stream: errors.New("the store is full")}
			ended, _ := begin(t, kindOf(nil), backupd.Logical, m)
			if err := <-ended; err == nil || !strings.Contains(err.Error(), "the store is full") {
				t.Errorf("%s: %v", stream, err)
			}
			noLock(t)
			for from.ask(t, "SELECT COUNT(*) FROM information_schema.INNODB_TRX") != "0" {
				time.Sleep(20 * time.Millisecond)
			}
		}
	})
	t.Run("kagu-node fails: the words that it says, and no backup", func(t *testing.T) {
		k := kindOf(fakeHosts{server: from, stream: func(w io.Writer) error {
			_, _ = w.Write([]byte("half a stream")) // into memory
			return errors.New("the stream was cut short: mariadb-backup was killed")
		}})
		ended, _ := begin(t, k, backupd.Physical, newMemory())
		if err := <-ended; err == nil || !strings.Contains(err.Error(), "back up n2: the stream was cut short") {
			t.Error(err)
		}
	})
	t.Run("half a stream is no proof", func(t *testing.T) {
		full, err := take(t, kindOf(fakeHosts{server: from}), c, backupd.Physical, nil)
		if err != nil {
			t.Fatal(err)
		}
		m := newMemory()
		b := full.Source.(*memory).streams[streamData]
		m.streams[streamData], m.streams[streamConfig] = b[:len(b)/2], full.Source.(*memory).streams[streamConfig]
		full.Source = m
		if e, err := prove(t, c, full); err == nil && e.Good() {
			t.Error("it was found good")
		}
		m.fail = map[string]error{}
		full.Source = broken{m}
		if _, err := prove(t, c, full); !errors.Is(err, backupd.ErrDamaged) {
			t.Errorf("a source that finds damage: %v", err)
		}
	})
	t.Run("the server is killed in the middle", func(t *testing.T) {
		g := newGate(streamOfRows(0))
		ended, _ := begin(t, kindOf(nil), backupd.Logical, g)
		<-g.reached
		if err := from.folder.Kill(t.Context()); err != nil {
			t.Fatal(err)
		}
		close(g.open)
		if err := <-ended; err == nil {
			t.Error("it succeeded")
		}
	})
}

// joined puts pieces together wherever they go on in one file, as the engine does by the hour.
func joined(t *testing.T, logs []backupd.Link) (all []backupd.Link) {
	t.Helper()
	for _, l := range logs {
		if n := len(all); n > 0 {
			if joint, err := backupd.Join([]backupd.Manifest{all[n-1].Manifest, l.Manifest}); err == nil {
				joint.ID = l.Manifest.ID
				m := newMemory()
				m.streams[streamLog] = slices.Concat(all[n-1].Source.(*memory).streams[streamLog], l.Source.(*memory).streams[streamLog])
				all[n-1] = backupd.Link{Manifest: joint, Source: m}
				continue
			}
		}
		all = append(all, l)
	}
	if len(all) >= len(logs) {
		t.Errorf("none of %d pieces were put together", len(logs))
	}
	return all
}

// broken is a source whose streams break off with what the engine finds out about them.
type broken struct{ *memory }

func (b broken) Open(ctx context.Context, name string) (io.ReadCloser, error) {
	in, err := b.memory.Open(ctx, name)
	if err != nil || name != streamData {
		return in, err
	}
	return io.NopCloser(io.MultiReader(io.LimitReader(in, 100_000), breaking{})), nil
}

type breaking struct{}

func (breaking) Read([]byte) (int, error) {
	return 0, fmt.Errorf("part 3 is %w: its digest is not the manifest's", backupd.ErrDamaged)
}

func TestAReplayThatWasCutShortBeginsAnew(t *testing.T) {
	from := server(t, "--log-bin=binlog", "--log-slave-updates=ON", "--binlog-format=ROW", "--server-id=3", "--skip-networking=OFF", "--bind-address=127.0.0.1", "--port="+port(t))
	from.sql(t, "CREATE DATABASE shop", "CREATE TABLE shop.a (id INT PRIMARY KEY AUTO_INCREMENT)", "CREATE USER b@'127.%' IDENTIFIED BY 'x'", "GRANT ALL ON *.* TO b@'127.%'")
	c := clusterOf(from)
	c.Nodes = c.Nodes[1:]
	c.Nodes[0].SQL = "127.0.0.1:" + from.ask(t, "SELECT @@port")
	c.Backup.Credential = inventory.Credential{Name: "backup", User: "b", Password: inventory.NewSecret("x")}
	k := kindOf(fakeHosts{server: from})
	a := &archiving{}
	archive := func(last *backupd.Piece) { // until all is there
		ctx, end := context.WithCancel(t.Context())
		defer end()
		done := make(chan struct{})
		go func() {
			defer close(done)
			_ = k.Archive(ctx, backupd.Archive{Cluster: c, Last: last, Dir: folder(t), Every: 100 * time.Millisecond, Keep: a.keep}) // it ends with its context
		}()
		a.await(t, from)
		end()
		<-done
	}
	archive(nil)
	full, err := take(t, k, c, backupd.Physical, nil)
	if err != nil {
		t.Fatal(err)
	}
	time.Sleep(1100 * time.Millisecond) // the point is to be behind the backup
	from.sql(t, "INSERT INTO shop.a VALUES (), (), ()", "FLUSH BINARY LOGS", "INSERT INTO shop.a VALUES (), ()")
	kept := a.links()
	archive(a.newest()) // as after a restart
	last := from.ask(t, "SELECT @@GLOBAL.gtid_binlog_pos")
	for _, l := range a.links()[len(kept):] {
		if len(l.Manifest.Notes) > 0 {
			t.Errorf("after a restart: %v", l.Manifest.Notes)
		}
	}

	r := backupd.Restore{Cluster: c, Links: []backupd.Link{full}, Logs: joined(t, a.links()), Goal: backupd.ToScratch, Dir: folder(t), Point: backupd.Point{GTID: last}}
	plan, err := k.Plan(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	for i, s := range plan.Steps {
		if s.Name == stepReplay { // as a process leaves it that died in the middle
			sp, err := running(t.Context(), r)
			if err != nil {
				t.Fatal(err)
			}
			sp.sql(t, "INSERT INTO shop.a VALUES (1), (2)")
			if err := os.WriteFile(filepath.Join(sp.dir, replayingFile), nil, 0o600); err != nil {
				t.Fatal(err)
			}
			if err := sp.folder.Kill(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		if err := k.Do(t.Context(), r, s); err != nil {
			t.Fatalf("step %d: %v", i, err)
		}
	}
	s, err := running(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	defer s.remove()
	if got := s.ask(t, "SELECT COUNT(*), SUM(id) FROM shop.a"); got != "5|15" {
		t.Errorf("%s rows", got)
	}

	from.sql(t, "INSERT INTO shop.a VALUES ()", "FLUSH BINARY LOGS", "FLUSH BINARY LOGS", "INSERT INTO shop.a VALUES ()")
	for strings.Contains(from.ask(t, "SHOW BINARY LOGS"), "\n") { // a file that a crash would need stays for a moment
		from.sql(t, "PURGE BINARY LOGS TO '"+strings.Split(from.ask(t, "SHOW MASTER STATUS"), "|")[0]+"'")
	}
	kept = a.links()
	archive(a.newest())
	if notes := a.links()[len(kept)].Manifest.Notes; len(notes) != 1 || !strings.Contains(notes[0], "a gap") {
		t.Errorf("what was purged before it was archived: %v", notes)
	}
	if err := from.folder.Kill(t.Context()); err != nil {
		t.Fatal(err)
	}
}
