package galera

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/kagu-db/kagu/backupd"
	"github.com/kagu-db/kagu/internal/inventory"
)

var points = flag.Int("points", 0, "so many random points more to restore to")

// ledger is what a writer was told is written, beside the database.
type ledger struct {
	acked []entry
}

type entry struct {
	id   int
	at   int64  // second at which the statement began, as the server counts
	gtid string // of its transaction
}

// write appends rows until the context ends, each a transaction of one statement, whose time is that
// of the transaction. After each a transaction of another table follows, and at times a DDL.
func (l *ledger) write(ctx context.Context, s *spare) error {
	sql, err := s.connect(ctx, "wait_timeout=3600")
	if err != nil {
		return err
	}
	defer sql.Close()
	whole := context.WithoutCancel(ctx)
	for id := 1; ctx.Err() == nil; id++ {
		if err := sql.Exec(whole, fmt.Sprintf("INSERT INTO shop.ledger (id, at, text) VALUES (%d, UNIX_TIMESTAMP(), REPEAT('%d;', 40))", id, id)); err != nil {
			return err
		}
		row, err := sql.Texts(whole, fmt.Sprintf("SELECT at, @@last_gtid FROM shop.ledger WHERE id = %d", id))
		if err != nil {
			return err
		}
		e := entry{id: id, gtid: row[0][1]}
		if _, err := fmt.Sscan(row[0][0], &e.at); err != nil {
			return err
		}
		l.acked = append(l.acked, e)
		if err := sql.Exec(whole, fmt.Sprintf("UPDATE shop.newest SET id = %d, times = times + 1", id)); err != nil {
			return err
		}
		if id%every == 0 {
			if err := sql.Exec(whole, fmt.Sprintf("CREATE TABLE shop.t%d (i INT)", id)); err != nil {
				return err
			}
		}
	}
	return nil
}

// every so many rows a table is created.
const every = 97

const show = "SELECT COUNT(*), IFNULL(SUM(id), 0), IFNULL(MAX(id), 0), (SELECT id FROM shop.newest), (SELECT times FROM shop.newest), " +
	"(SELECT COUNT(*) FROM information_schema.TABLES WHERE TABLE_SCHEMA = 'shop' AND TABLE_NAME LIKE 't%') FROM shop.ledger"

// holds reports whether a content is the ledger's behind its first n rows. What follows a row in
// transactions of its own may be there or not.
func (l *ledger) holds(content string, n int) bool {
	for _, newest := range []int{n - 1, n} {
		for _, tables := range []int{(n - 1) / every, n / every} {
			if content == fmt.Sprintf("%d|%d|%d|%d|%d|%d", n, n*(n+1)/2, n, newest, newest, tables) {
				return true
			}
		}
	}
	return false
}

// archiving collects what Archive keeps.
type archiving struct {
	mu   sync.Mutex
	kept []backupd.Link
}

func (a *archiving) keep(ctx context.Context, write func(context.Context, backupd.Sink) (backupd.Facts, error)) (backupd.Manifest, error) {
	m := newMemory()
	begun := time.Now()
	facts, err := write(ctx, m)
	if err != nil {
		return backupd.Manifest{}, err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	l := link(fmt.Sprintf("binlog-%d", len(a.kept)), backupd.Binlog, facts, m)
	l.Manifest.Begun = begun
	a.kept = append(a.kept, l)
	return l.Manifest, nil
}

func (a *archiving) links() []backupd.Link {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Clone(a.kept)
}

// newest is the last piece as the engine's catalogue would have it.
func (a *archiving) newest() *backupd.Piece {
	l := a.links()
	p := backupd.PieceOf(l[len(l)-1].Manifest)
	return &p
}

// await waits until the archive has come to where the server is. It may come further: a while after a
// new file was begun the server notes in it that the one before is done with.
func (a *archiving) await(t *testing.T, s *spare) {
	t.Helper()
	file, rest, _ := strings.Cut(s.ask(t, "SHOW MASTER STATUS"), "|")
	place, _, _ := strings.Cut(rest, "|")
	offset, err := strconv.ParseUint(place, 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	for {
		if l := a.links(); len(l) > 0 {
			p := l[len(l)-1].Manifest.Position
			if p.File == file && p.Offset >= offset {
				return
			}
		}
		select {
		case <-time.After(50 * time.Millisecond):
		case <-t.Context().Done():
			t.Fatal("the archive does not come so far")
		}
	}
}

func TestPointInTime(t *testing.T) {
	t.Parallel()
	from := server(t, "--log-bin=binlog", "--log-slave-updates=ON", "--binlog-format=ROW", "--server-id=3", "--skip-networking=OFF", "--bind-address=127.0.0.1", "--port="+port(t))
	from.sql(t, "CREATE DATABASE shop", "CREATE TABLE shop.ledger (id INT PRIMARY KEY, at BIGINT, text TEXT)",
		"CREATE TABLE shop.newest (one INT PRIMARY KEY, id INT, times INT)", "INSERT INTO shop.newest VALUES (1, 0, 0)",
		"CREATE USER kagu_backup@'127.%' IDENTIFIED BY 'a\"b\\\\c'", "GRANT ALL ON *.* TO kagu_backup@'127.%'")
	c := clusterOf(from, "binlog")
	c.Nodes[1].SQL = "127.0.0.1:" + from.ask(t, "SELECT @@port")
	c.Nodes = c.Nodes[1:]
	c.Backup.Credential = inventory.Credential{Name: "backup", User: "kagu_backup", Password: inventory.NewSecret(`a"b\c`)}
	k := kindOf(fakeHosts{server: from})

	writing, stop := context.WithCancel(t.Context())
	defer stop()
	archive := &archiving{}
	var all sync.WaitGroup
	defer all.Wait()
	archivingCtx, end := context.WithCancel(t.Context())
	defer end()
	dir := folder(t)
	all.Go(func() {
		err := k.Archive(archivingCtx, backupd.Archive{Cluster: c, Dir: dir, Every: 500 * time.Millisecond, Keep: archive.keep, Tell: func(stage, detail string) { t.Log(stage, detail) }})
		if !errors.Is(err, context.Canceled) {
			t.Errorf("the archive ended: %v", err)
		}
	})
	l := &ledger{}
	written := make(chan error, 1)
	go func() { written <- l.write(writing, from) }()

	full, err := take(t, k, c, backupd.Physical, nil)
	if err != nil {
		t.Fatal(err)
	}
	more, err := take(t, k, c, backupd.Incremental, &full.Manifest)
	if err != nil {
		t.Fatal(err)
	}
	more.Manifest.Base = full.Manifest.ID
	for range 3 { // what follows stands in several files, and takes some seconds
		time.Sleep(1500 * time.Millisecond)
		from.sql(t, "FLUSH BINARY LOGS")
	}
	time.Sleep(1500 * time.Millisecond)
	stop()
	if err := <-written; err != nil {
		t.Fatal(err)
	}
	archive.await(t, from)
	end()
	all.Wait()
	logs := archive.links()
	t.Logf("%d rows, %d pieces of binary log", len(l.acked), len(logs))

	restore := func(p backupd.Point) (string, error) {
		r := backupd.Restore{Cluster: c, Links: []backupd.Link{full, more}, Logs: logs, Goal: backupd.ToScratch, Dir: folder(t), Point: p, Now: time.Now(), Tell: func(stage, detail string) { t.Log(stage, detail) }}
		plan, err := k.Plan(t.Context(), r)
		if err != nil {
			return "", err
		}
		t.Log(plan.Until, "; loses", plan.Loses, plan.Takes, plan.Basis)
		for _, s := range plan.Steps {
			if err := k.Do(t.Context(), r, s); err != nil {
				return "", err
			}
		}
		s, err := running(t.Context(), r)
		if err != nil {
			return "", err
		}
		defer s.remove()
		return s.ask(t, show), nil
	}
	before := func(second int64) (n int) {
		for _, e := range l.acked {
			if e.at < second {
				n++
			}
		}
		return n
	}
	first, last := more.Manifest.Ended.Unix()+1, l.acked[len(l.acked)-1].at
	random := rand.New(rand.NewPCG(uint64(time.Now().UnixNano()), 1))
	for range 2 {
		second := first + random.Int64N(max(1, last-first+1))
		got, err := restore(backupd.Point{Time: time.Unix(second, 0)})
		if n := before(second); err != nil || !l.holds(got, n) {
			t.Errorf("before %d: %v, %s, want %s", second, err, got, fmt.Sprint(n, " rows"))
		}
	}
	after := before(first)
	one := l.acked[after+random.IntN(len(l.acked)-after)]
	got, err := restore(backupd.Point{GTID: one.gtid})
	if err != nil || !l.holds(got, one.id) {
		t.Errorf("with %s: %v, %s, want %s", one.gtid, err, got, fmt.Sprint(one.id, " rows"))
	}

	if _, err := restore(backupd.Point{Time: full.Manifest.Begun.Add(-time.Hour).Truncate(time.Second)}); !errors.Is(err, backupd.ErrTooLate) {
		t.Errorf("a point before the backup: %v", err)
	}
	if _, err := restore(backupd.Point{Time: time.Now().Add(time.Hour).Truncate(time.Second)}); err == nil || !strings.Contains(err.Error(), "too early") {
		t.Errorf("a point that was not archived: %v", err)
	}
	hole := slices.Delete(slices.Clone(logs), len(logs)/2, len(logs)/2+1)
	if _, err := follow(more.Manifest, hole, backupd.Point{GTID: l.acked[len(l.acked)-1].gtid}, nil); err == nil {
		t.Error("a hole in the archive is passed over")
	}
	if *points > 0 {
		manyPoints(t, k, c, []backupd.Link{full, more}, logs, l, random)
	}
}

// manyPoints restores one base and goes on from point to point, each compared with the ledger.
func manyPoints(t *testing.T, k Kind, c inventory.Cluster, links, logs []backupd.Link, l *ledger, random *rand.Rand) {
	r := backupd.Restore{Cluster: c, Links: links, Dir: folder(t), Goal: backupd.ToScratch}
	if err := k.Do(t.Context(), r, backupd.Step{Name: stepPrepare}); err != nil {
		t.Fatal(err)
	}
	s, err := running(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	defer s.remove()
	base := links[len(links)-1].Manifest
	part, err := follow(base, logs, backupd.Point{GTID: l.acked[len(l.acked)-1].gtid}, nil)
	if err != nil {
		t.Fatal(err)
	}
	files, err := collect(t.Context(), filepath.Join(s.dir, "logs"), part)
	if err != nil {
		t.Fatal(err)
	}
	begin := 0
	for _, e := range l.acked {
		if e.at <= base.Ended.Unix() {
			begin++
		}
	}
	var chosen []int
	for range *points {
		chosen = append(chosen, begin+random.IntN(len(l.acked)-begin))
	}
	slices.Sort(chosen)
	chosen = slices.Compact(chosen)
	wrong := 0
	for _, i := range chosen {
		to, err := stretch(files, base, "n2", until{with: l.acked[i].gtid})
		if err != nil {
			t.Fatal(err)
		}
		end := place{slices.Index(files, to.files[len(to.files)-1]), to.to}
		if err := s.replay(t.Context(), to); err != nil {
			t.Fatal(err)
		}
		base.Position.File, base.Position.Offset, base.Position.GTID, base.Ended = filepath.Base(files[end.log]), end.offset, "", time.Now()
		files = files[end.log:]
		if got, n := s.ask(t, show), l.acked[i].id; !l.holds(got, n) {
			t.Errorf("with %s: %s, want %s", l.acked[i].gtid, got, fmt.Sprint(n, " rows"))
			wrong++
		}
	}
	t.Logf("%d points, %d wrong", len(chosen), wrong)
}
