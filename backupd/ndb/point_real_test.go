package ndb

import (
	"context"
	"errors"
	"flag"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/kagu-db/kagu/backupd"
)

var points = flag.Int("points", 12, "so many random epochs to restore to")

// An archive is what Archive keeps of the binary log while a test runs.
type archive struct {
	mu    sync.Mutex
	logs  []backupd.Link
	until uint64 // the global checkpoint that it must have come past; 0: not known yet
}

// enough reports whether the archive has come as far as it must.
func (a *archive) enough() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.until > 0 && len(a.logs) > 0 && a.logs[len(a.logs)-1].Manifest.Position.Stop > a.until
}

func (a *archive) links() []backupd.Link {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Clone(a.logs)
}

// archives runs until the archive is ended. It must not fail.
func (b *bench) archives(ctx context.Context, t *testing.T, a *archive, from backupd.Manifest) {
	last := backupd.PieceOf(from)
	err := (&Kind{}).Archive(ctx, backupd.Archive{
		Cluster: b.cluster, Dir: t.TempDir(), Every: 300 * time.Millisecond, Last: &last, Tell: func(stage, detail string) { t.Log(stage+":", detail) },
		Keep: func(ctx context.Context, write func(context.Context, backupd.Sink) (backupd.Facts, error)) (backupd.Manifest, error) {
			s, begun := &shelf{}, time.Now()
			facts, err := write(ctx, s)
			if err != nil {
				return backupd.Manifest{}, err
			}
			m := backupd.Manifest{ID: backupd.NewID(backupd.Binlog, begun), Method: backupd.Binlog, Begun: begun, Ended: time.Now(), Facts: facts}
			a.mu.Lock()
			defer a.mu.Unlock()
			a.logs = append(a.logs, backupd.Link{Manifest: m, Source: s})
			return m, nil
		},
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("the archive ended: %v", err)
	}
}

// moment is a point, and the change that is the last before it.
type moment struct {
	backupd.Point
	last int // in the ledger
}

// pointsInTime restores the first backup, and goes on with the archived binary log from point to point:
// random epochs, and seconds that something was written right before and right after. Each is compared
// with the ledger of a writer.
func (b *bench) pointsInTime(t *testing.T) {
	config, err := b.WriterConfig(b.cluster.SQL[0].SQL)
	if err != nil {
		t.Fatal(err)
	}
	w := newWriter(openMySQL(config.Addr, config.User, config.Passwd))
	defer w.db.close()
	a := &archive{}
	ctx, end := context.WithCancel(t.Context())
	var all sync.WaitGroup
	defer all.Wait()
	defer end()
	all.Go(func() { b.archives(ctx, t, a, b.begins()) })

	seconds := b.written(t, w)
	ready := len(w.settled())
	a.mu.Lock()
	a.until = w.ledger[len(w.ledger)-1].epoch >> 32
	a.mu.Unlock()
	for !a.enough() { // what comes later shows that an archive ends where it should
		if err := w.change(t.Context()); err != nil {
			t.Fatal(err)
		}
		select {
		case <-time.After(200 * time.Millisecond):
		case <-t.Context().Done():
			t.Fatal("the archive does not come so far")
		}
	}
	end()
	all.Wait()

	chosen := seconds
	taken := map[uint64]bool{}
	for _, i := range rand.Perm(ready) {
		if epoch := w.ledger[i].epoch; !taken[epoch] && len(taken) < *points {
			taken[epoch] = true
			chosen = append(chosen, moment{backupd.Point{Epoch: epoch}, i})
		}
	}
	if len(taken) < *points {
		t.Errorf("there are only %d epochs to restore to, want %d", len(taken), *points)
	}
	slices.SortFunc(chosen, func(x, y moment) int { return x.last - y.last })
	pieces := a.links()
	newest := len(pieces) - 1 // it stays as it is
	logs := append(joined(t, pieces[:newest]), pieces[newest])
	if len(logs) >= len(pieces) {
		t.Errorf("%d pieces were not put together", len(pieces))
	}
	b.logs = logs
	t.Logf("%d changes in %d epochs, %d pieces of binary log", len(w.ledger), epochsIn(w.ledger), len(logs))
	b.compared(t, w, chosen, logs)
	b.notReached(t, w, logs)
}

func epochsIn(ledger []change) int {
	all := map[uint64]bool{}
	for _, c := range ledger {
		all[c.epoch] = true
	}
	return len(all)
}

// written makes changes, in several files of the binary log. It returns seconds to restore to: each
// begins when all that was acknowledged before stands in the binary log, and right then somebody goes on
// writing. Accounts, routines, and a table that is the SQL node's own change meanwhile too.
func (b *bench) written(t *testing.T, w *writer) []moment {
	seat, err := sit(t.Context(), b.cluster)
	if err != nil {
		t.Fatal(err)
	}
	defer seat.Close()
	// A tenth of a second is an epoch.
	while := max(1500*time.Millisecond, time.Duration(*points)*50*time.Millisecond)
	var seconds []moment
	for i := range 4 {
		if err := w.writes(t.Context(), while); err != nil {
			t.Fatal(err)
		}
		for { // until it is in the binary log
			handled, err := seat.handled(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if handled >= w.ledger[len(w.ledger)-1].epoch {
				break
			}
			time.Sleep(10 * time.Millisecond)
		}
		second := time.Now().Truncate(time.Second).Add(time.Second)
		seconds = append(seconds, moment{backupd.Point{Time: second}, len(w.ledger) - 1})
		time.Sleep(time.Until(second))
		if err := w.change(t.Context()); err != nil {
			t.Fatal(err)
		}
		switch i {
		case 0:
			b.sql(t, "FLUSH BINARY LOGS")
		case 1:
			b.sql(t, "UPDATE shop.alone SET n = n + 1", "INSERT INTO shop.alone VALUES (2, 0)", "CREATE PROCEDURE shop.later() SELECT 1",
				"ALTER USER app@'10.0.0.%' COMMENT 'changed'", "GRANT UPDATE ON shop.* TO clerk", "CREATE OR REPLACE VIEW shop.cheap AS SELECT id, price FROM shop.item WHERE price < 3")
		case 2:
			b.sql(t, "FLUSH BINARY LOGS")
		}
	}
	for more := true; more; more = epochsIn(w.settled()) < *points { // on a busy machine it takes longer
		if err := w.writes(t.Context(), while); err != nil {
			t.Fatal(err)
		}
	}
	return seconds
}

// compared restores to the first point as an operator does, and goes on from there.
func (b *bench) compared(t *testing.T, w *writer, chosen []moment, logs []backupd.Link) {
	restore := backupd.Restore{
		Cluster: b.cluster, Links: []backupd.Link{b.backup}, Logs: logs, Goal: backupd.ToScratch, Dir: t.TempDir(), Point: chosen[0].Point,
		Tell: func(stage, detail string) { t.Log(stage+":", detail) },
	}
	k := &Kind{}
	plan, err := k.Plan(t.Context(), restore)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range plan.Steps[:len(plan.Steps)-1] {
		if err := k.Do(t.Context(), restore, s); err != nil {
			t.Fatalf("%s: %v", s.Name, err)
		}
	}
	scratch, err := newThrowaway(folder(restore), true, restore.Scratch)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := errors.Join(scratch.db.close(), scratch.Remove(context.Background())); err != nil {
			t.Error(err)
		}
	}()
	later := func() string {
		n, err := scratch.db.value(t.Context(), "SELECT CONCAT((SELECT COUNT(*) FROM information_schema.ROUTINES WHERE ROUTINE_NAME = 'later'), (SELECT COUNT(*) FROM shop.cheap), (SELECT COUNT(*) FROM shop.alone))")
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	if got := later(); got != "070" {
		t.Errorf("before the log was replayed there are %s of the routine, rows of the view and of the local table", got)
	}
	wrong := map[bool]int{}
	n := map[bool]int{}
	for _, p := range chosen {
		byTime := !p.Time.IsZero()
		n[byTime]++
		restore.Point = p.Point
		if err := reachedBy(restore.Links[0].Manifest, logs, p.Point); err != nil {
			t.Fatal(err)
		}
		if err := k.Do(t.Context(), restore, plan.Steps[len(plan.Steps)-1]); err != nil {
			t.Fatal(err)
		}
		got, err := contentsOf(t.Context(), scratch.db)
		if err != nil {
			t.Fatal(err)
		}
		if want := w.at(w.ledger[p.last].epoch); got != want {
			wrong[byTime]++
			t.Errorf("to %+v: %s", p.Point, differs(got, want))
		}
		goOn(t, &restore, w.ledger[p.last].epoch)
	}
	if got := later(); got != "1111" {
		t.Errorf("in the end there are %s of the routine, rows of the view and of the local table", got)
	}
	// Asked for once more it is not carried out twice.
	last := chosen[len(chosen)-1].Point
	restore.Point = last
	if err := k.Do(t.Context(), restore, plan.Steps[len(plan.Steps)-1]); err != nil {
		t.Error(err)
	}
	t.Logf("%d epochs, %d wrong; %d times, %d wrong", n[false], wrong[false], n[true], wrong[true])
}

// goOn lets a restore begin where the log has been carried out up to.
func goOn(t *testing.T, r *backupd.Restore, epoch uint64) {
	t.Helper()
	m := r.Links[0].Manifest
	pieces, why := piecesOf(m, r.Logs)
	if why != "" {
		t.Fatal(why)
	}
	files, stop, err := assemble(t.Context(), t.TempDir(), m, pieces, backupd.Point{Epoch: epoch})
	if err != nil || len(stop) != 1 {
		t.Fatal(stop, err)
	}
	_, digits, _ := strings.Cut(stop[0], "=")
	if m.Position.Offset, err = strconv.ParseUint(digits, 10, 64); err != nil {
		t.Fatal(err)
	}
	m.Position.File, m.Position.Stop = filepath.Base(files[len(files)-1]), epoch>>32
	r.Links = []backupd.Link{{Manifest: m, Source: r.Links[0].Source}}
}

// differs names the first line that differs.
func differs(got, want string) string {
	g, w := strings.Split(got, "\n"), strings.Split(want, "\n")
	for i := range min(len(g), len(w)) {
		if g[i] != w[i] {
			return "there is " + g[i] + ", want " + w[i]
		}
	}
	return "there are " + strconv.Itoa(len(g)-1) + " rows, want " + strconv.Itoa(len(w)-1)
}

// notReached: points that an archive does not lead to are refused before anything is done.
func (b *bench) notReached(t *testing.T, w *writer, logs []backupd.Link) {
	last := logs[len(logs)-1].Manifest.Position.Stop
	for _, c := range []struct {
		name, err string
		to        backupd.Point
		logs      []backupd.Link
	}{
		{"beyond its end", "the archive ends with global checkpoint", backupd.Point{Epoch: (last + 1000) << 32}, logs},
		{"in the future", "the archive ends at", backupd.Point{Time: time.Now().Add(time.Hour)}, logs},
		{"without the first piece", "no archived binary log goes on", backupd.Point{Epoch: w.ledger[0].epoch}, logs[1:]},
		{"over a gap", "the archive ends with global checkpoint", backupd.Point{Epoch: last << 32}, slices.Delete(slices.Clone(logs), len(logs)/2, len(logs)/2+1)},
	} {
		_, err := (&Kind{}).Plan(t.Context(), backupd.Restore{
			Cluster: b.cluster, Links: []backupd.Link{b.backup}, Logs: c.logs, Goal: backupd.ToScratch, Dir: t.TempDir(), Point: c.to,
		})
		if err == nil || !strings.Contains(err.Error(), c.err) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

// missed restarts the SQL node while nobody knows what another may have written: its log says so, and
// no restore goes beyond.
func (b *bench) missed(t *testing.T) {
	before := b.logs[len(b.logs)-1].Manifest
	if err := errors.Join(b.Stop(t.Context(), "s1"), b.Start(t.Context(), "s1"), b.AwaitSQL(t.Context())); err != nil {
		t.Fatal(err)
	}
	a := &archive{}
	ctx, end := context.WithCancel(t.Context())
	var all sync.WaitGroup
	defer all.Wait()
	defer end()
	all.Go(func() { b.archives(ctx, t, a, before) })
	seat, err := sit(t.Context(), b.cluster)
	if err != nil {
		t.Fatal(err)
	}
	defer seat.Close()
	b.sql(t, "INSERT INTO shop.busy (note) VALUES ('after the restart')")
	after := committed(t, seat) >> 32 // before the restart something was written, too, that is not archived yet
	a.mu.Lock()
	a.until = after
	a.mu.Unlock()
	for !a.enough() {
		b.sql(t, "INSERT INTO shop.busy (note) VALUES ('later')")
		select {
		case <-time.After(200 * time.Millisecond):
		case <-t.Context().Done():
			t.Fatal("the archive does not go on")
		}
	}
	end()
	all.Wait()
	logs := slices.Concat(b.logs, a.links())
	plan := func(epoch uint64) error {
		_, err := (&Kind{}).Plan(t.Context(), backupd.Restore{
			Cluster: b.cluster, Links: []backupd.Link{b.backup}, Logs: logs, Goal: backupd.ToScratch, Dir: t.TempDir(), Point: backupd.Point{Epoch: epoch},
		})
		return err
	}
	if err := plan(before.Position.Stop << 32); err != nil {
		t.Errorf("to an epoch before the restart: %v", err)
	}
	if err := plan(logs[len(logs)-1].Manifest.Position.Stop << 32); err == nil || !strings.Contains(err.Error(), "s1 has missed changes") {
		t.Errorf("to an epoch after the restart: %v", err)
	}
}

// committed returns the epoch of the newest change that was made through an SQL node.
func committed(t *testing.T, s *seat) uint64 {
	t.Helper()
	status, err := s.Pairs(t.Context(), "SHOW GLOBAL STATUS LIKE 'Ndb_last_commit_epoch_server'")
	if err != nil {
		t.Fatal(err)
	}
	epoch, err := strconv.ParseUint(status["ndb_last_commit_epoch_server"], 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return epoch
}

// begins is where the archive began: the log that the first backup names.
func (b *bench) begins() backupd.Manifest {
	m := backupd.Manifest{}
	m.Origin.Nodes = []string{"s1"}
	m.Position.File = b.backup.Manifest.Position.File
	return m
}
