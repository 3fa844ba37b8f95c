package backupd

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/kagu-db/kagu/backupd/store"
	"github.com/kagu-db/kagu/internal/cluster"
	"github.com/kagu-db/kagu/internal/inventory"
	"github.com/kagu-db/kagu/internal/statefile"
)

// archivedPiece is number n of an archive that looks every ten seconds, as Galera makes it.
func archivedPiece(cluster string, n int) Manifest {
	begun := time.Date(2026, 3, 1, 0, 0, 0, 123456789, time.UTC).Add(time.Duration(n) * 10 * time.Second)
	m := Manifest{
		Format: Format, ID: NewID(Binlog, begun), Cluster: cluster, Kind: "galera", Method: Binlog, Job: "log", Begun: begun, Ended: begun.Add(80 * time.Millisecond), Kagu: "1.0",
		Sealing: Sealing{Compression: "zstd", Recipients: []string{"age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p"}},
		Streams: []Stream{{Name: "binlog", Size: 50_000, Parts: []Part{{Size: 20_000, Plain: 50_000, Sum: strings.Repeat("0f", 32)}}}},
	}
	file := fmt.Sprintf("binlog.%06d", 1+n/2000)
	m.Origin = Origin{Nodes: []string{"db3"}, Server: "10.11.14-MariaDB-log", Tool: "mariadb-binlog"}
	m.From = &Position{File: file, Offset: uint64(n%2000) * 50_000, GTID: fmt.Sprintf("0-3-%d", n*100)}
	m.Position = Position{File: file, Offset: uint64(n%2000+1) * 50_000, GTID: fmt.Sprintf("0-3-%d", n*100+99), Time: begun.Truncate(time.Second)}
	return m
}

func openCatalogue(t testing.TB, dir string) *Catalogue {
	t.Helper()
	c, err := OpenCatalogue(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	return c
}

// fill notes n pieces and, for each day of them, a backup that was proven.
func fill(t testing.TB, c *Catalogue, cluster string, n int) {
	t.Helper()
	ctx := t.Context()
	err := c.file.Tx(ctx, "fill", func(tx *sql.Tx) error {
		for i := range n {
			m := archivedPiece(cluster, i)
			if err := add(ctx, tx, m, "main"); err != nil {
				return err
			}
			if i%8640 != 0 {
				continue
			}
			m.ID, m.Method, m.From = NewID(Physical, m.Begun), Physical, nil
			if err := add(ctx, tx, m, "main"); err != nil {
				return err
			}
			if err := addRecord(ctx, tx, Record{Format: Format, Cluster: cluster, Backup: m.ID, Look: Proven, Ended: m.Ended.Add(time.Hour), Good: true}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// A catalogue of the first schema has pieces among the backups; they are taken out, and nothing of
// them is lost.
func TestPiecesOfAnOlderCatalogue(t *testing.T) {
	dir, ctx := t.TempDir(), t.Context()
	old, err := statefile.Open(dir, "catalogue", migrations[:1])
	if err != nil {
		t.Fatal(err)
	}
	var want []Piece
	var full Manifest
	for n := range 4 {
		m := archivedPiece("backoffice", n)
		switch n {
		case 0:
			m.From, m.Notes = nil, []string{"a new line begins: there was none before"}
		case 1:
			m.Ended = m.Begun.Truncate(time.Second).Add(time.Second) // JSON leaves its zeros out
			m.Position.Time, m.Position.GTID = time.Time{}, ""
		case 2:
			m.Ended = m.Begun.Truncate(time.Second).Add(999_600 * time.Microsecond)
			m.Streams = append(m.Streams, Stream{Name: "epochs.json", Size: 7, Parts: []Part{{Size: 5, Plain: 7}}})
		case 3:
			m.ID, m.Method = NewID(Physical, m.Begun), Physical
			full = m
		}
		head, err := json.Marshal(m.Head())
		if err == nil {
			_, err = old.DB.ExecContext(ctx, `INSERT INTO backups VALUES (?, ?, ?, ?)`, m.Cluster, m.ID, m.Begun.UnixNano(), head)
		}
		if err == nil {
			_, err = old.DB.ExecContext(ctx, `INSERT INTO copies VALUES (?, ?, 'main'), (?, ?, 'far')`, m.Cluster, m.ID, m.Cluster, m.ID)
		}
		if err != nil {
			t.Fatal(err)
		}
		if n < 3 {
			p := PieceOf(m)
			p.Stores = []string{"far", "main"}
			want = append(want, p)
		}
	}
	if err := old.Close(); err != nil {
		t.Fatal(err)
	}
	c := openCatalogue(t, dir)
	got, err := c.Pieces(ctx, "backoffice")
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("%v, -want +got:\n%s", err, diff)
	}
	if sums, err := c.Archived(ctx); err != nil || sums["backoffice"].Held["far"] != 3*20_000+5 {
		t.Errorf("%+v, %v", sums, err)
	}
	entries, err := c.Entries(ctx, "")
	if err != nil || len(entries) != 1 || entries[0].Manifest.ID != full.ID {
		t.Errorf("%+v, %v", entries, err)
	}
}

func TestWhatTheCatalogueKeepsOfPieces(t *testing.T) {
	c, ctx := openCatalogue(t, t.TempDir()), t.Context()
	fill(t, c, "backoffice", 20)
	fill(t, c, "billing", 3)
	marked := archivedPiece("billing", 8)
	marked.Position.Mark = "u/4/5"
	if err := c.Add(ctx, marked, "main"); err != nil {
		t.Fatal(err)
	}
	if newest, err := c.NewestPiece(ctx, "billing"); err != nil || newest.ID != marked.ID || newest.Mark != "u/4/5" {
		t.Errorf("by what a log is known again: %+v, %v", newest, err)
	}
	all, err := c.Pieces(ctx, "backoffice")
	if err != nil || len(all) != 20 {
		t.Fatalf("%d pieces, %v", len(all), err)
	}
	again := archivedPiece("backoffice", 7)
	again.ID = all[7].ID
	if diff := cmp.Diff(PieceOf(again), all[7], cmp.FilterPath(func(p cmp.Path) bool { return p.String() == "Stores" }, cmp.Ignore())); diff != "" {
		t.Error(diff)
	}
	again.ID = all[19].ID
	if err := c.Add(ctx, again, "far"); err != nil { // it is there: only the store is new
		t.Fatal(err)
	}
	if newest, err := c.NewestPiece(ctx, "backoffice"); err != nil || newest.ID != all[19].ID || !slices.Equal(newest.Stores, []string{"far", "main"}) || newest.To != all[19].To {
		t.Errorf("%+v, %v", newest, err)
	}
	if lacking, err := c.Lacking(ctx, "backoffice", "main", "far"); err != nil || len(lacking) != 19 {
		t.Errorf("%d are lacking, %v", len(lacking), err)
	}
	sums, err := c.Archived(ctx)
	if a := sums["backoffice"]; err != nil || a.Held["main"] != 20*20_000 || a.Held["far"] != 20_000 || !a.Newest.Equal(all[19].Newest) || len(sums) != 2 {
		t.Errorf("%+v, %v", sums, err)
	}
	for _, name := range []string{"far", "main"} {
		if err := c.Forget(ctx, "backoffice", all[19].ID, name); err != nil {
			t.Fatal(err)
		}
	}
	if newest, err := c.NewestPiece(ctx, "backoffice"); err != nil || newest.ID != all[18].ID {
		t.Errorf("%+v, %v", newest, err)
	}
	if sums, err = c.Archived(ctx); err != nil || sums["backoffice"].Held["main"] != 19*20_000 || sums["backoffice"].Held["far"] != 0 {
		t.Errorf("%+v, %v", sums, err)
	}
	if none, err := c.NewestPiece(ctx, "nowhere"); none != nil || err != nil {
		t.Errorf("%+v, %v", none, err)
	}
}

// A month of pieces makes no series more than ten of them.
func TestNoSeriesGrowsWithThePieces(t *testing.T) {
	fleet := &inventory.Fleet{
		Backup:   inventory.Backupd{Stores: map[string]inventory.BackupStore{"main": {Name: "main"}}},
		Clusters: []inventory.Cluster{{Name: "backoffice", Backup: &inventory.Backup{Store: inventory.BackupStore{Name: "main"}, Zone: time.UTC, Jobs: []inventory.BackupJob{{Name: "log", Method: "binlog"}}}}},
	}
	series := func(n int) string {
		c := openCatalogue(t, t.TempDir())
		fill(t, c, "backoffice", n)
		e := &Engine{Fleet: func() *inventory.Fleet { return fleet }, Catalogue: c, OpenStore: func(inventory.BackupStore) (store.Store, error) { return newMemory(), nil }}
		registry := prometheus.NewPedanticRegistry()
		m := NewMetrics(registry)
		m.seed(fleet)
		var err error
		if m.state, err = m.refresh(t.Context(), e, nil); err != nil {
			t.Fatal(err)
		}
		var names []string
		for line := range strings.Lines(steady(t, registry)) {
			name, _, _ := strings.Cut(line, " ")
			names = append(names, name)
		}
		return strings.Join(names, "\n")
	}
	if diff := cmp.Diff(series(10), series(8000)); diff != "" {
		t.Error(diff)
	}
}

// BenchmarkCatalogue is a month of an archive that looks every ten seconds, as it was archived, and
// as it is when pieces have been put together and are gone: 24 a day, and those of the last two days.
func BenchmarkCatalogue(b *testing.B) {
	const day = 8640
	now := func() time.Time { return time.Date(2026, 3, 31, 1, 0, 0, 0, time.UTC) }
	for _, month := range []struct {
		name   string
		pieces int
	}{{"as archived", 30 * day}, {"put together", 28*24 + 2*day}} {
		c := openCatalogue(b, b.TempDir())
		fill(b, c, "backoffice", month.pieces)
		fleet := &inventory.Fleet{Clusters: []inventory.Cluster{{Name: "backoffice", Backup: &inventory.Backup{Store: inventory.BackupStore{Name: "main"}, Zone: time.UTC, Retention: inventory.Retention{Daily: 7, Least: 3}}}}}
		st := newMemory()
		e := &Engine{Kinds: map[cluster.Kind]Kind{"": &fakeKind{}}, Fleet: func() *inventory.Fleet { return fleet }, Keys: func() Keys { return Keys{} }, Catalogue: c, Now: now, OpenStore: func(inventory.BackupStore) (store.Store, error) { return st, nil }}
		pieces, err := c.Pieces(b.Context(), "backoffice")
		if err != nil {
			b.Fatal(err)
		}
		entries, err := c.Entries(b.Context(), "backoffice")
		if err != nil {
			b.Fatal(err)
		}
		for _, p := range pieces {
			st.objects[manifestOf("backoffice", p.ID)] = nil
		}
		for _, one := range entries {
			st.objects[manifestOf("backoffice", one.Manifest.ID)] = nil
		}
		desk, metrics := EngineDesk{Engine: e}, NewMetrics(prometheus.NewRegistry())
		for _, act := range []struct {
			name string
			do   func(context.Context) error
		}{
			{"metrics", func(ctx context.Context) error { _, err := metrics.refresh(ctx, e, nil); return err }},
			{"list", func(ctx context.Context) error { _, err := desk.List(ctx, ""); return err }},
			{"newest piece", func(ctx context.Context) error { _, err := c.NewestPiece(ctx, "backoffice"); return err }},
			{"next proof", func(ctx context.Context) error {
				all, err := c.Entries(ctx, "backoffice")
				nextProof(all)
				return err
			}},
			{"prune plan", func(ctx context.Context) error { _, err := e.PrunePlans(ctx, "backoffice"); return err }},
		} {
			b.Run(month.name+"/"+act.name, func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					if err := act.do(b.Context()); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
