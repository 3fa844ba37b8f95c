package galera

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/kagu-db/kagu/backupd"
	"github.com/kagu-db/kagu/internal/inventory"
	"github.com/kagu-db/kagu/internal/lab"
	"github.com/kagu-db/kagu/internal/lab/labtest"
	"github.com/kagu-db/kagu/internal/needs"
	"github.com/kagu-db/kagu/internal/node"
	"github.com/kagu-db/kagu/internal/sqlconn"
	"github.com/kagu-db/kagu/internal/sshrun"
)

// debts keeps what is owed, as the engine does.
type debts struct {
	mu   sync.Mutex
	owed []string
}

func (d *debts) owe(_ context.Context, debt backupd.Debt) (func(), error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.owed = append(d.owed, debt.What+" "+debt.Node)
	return func() {
		d.mu.Lock()
		defer d.mu.Unlock()
		d.owed = d.owed[:len(d.owed)-1]
	}, nil
}

// TestOnACluster takes each kind of backup of a real cluster while it is written to, by the account
// that kagu grants backup describes, and restores it.
func TestOnACluster(t *testing.T) {
	needs.Servers(t)
	needs.Program(t, "mariadb-backup", "mariadb-backup")
	l := labtest.Up(t, lab.Options{Services: []lab.Service{lab.SSH}, BinLog: true})
	fleet, err := inventory.Load(l.Config())
	if err != nil {
		t.Fatal(err)
	}
	c := fleet.Clusters[0]
	c.Backup = &inventory.Backup{Credential: fleet.Credentials["backup"], RestoreAs: fleet.Credentials["restore"], Jobs: []inventory.BackupJob{{Name: "log", Method: "binlog"}}}
	k := Kind{Hosts: node.Client{SSH: sshrun.Runner{Account: fleet.SSH}}}
	if err := l.SQL(t.Context(), "n1", "CREATE TABLE kagu_lab.ledger (id INT PRIMARY KEY, at BIGINT, text TEXT)", "CREATE PROCEDURE kagu_lab.pr() SELECT 1",
		"CREATE USER someone IDENTIFIED BY 'x'", "CREATE SEQUENCE kagu_lab.q INCREMENT BY 0", "CREATE VIEW kagu_lab.v AS SELECT id FROM kagu_lab.ledger"); err != nil {
		t.Fatal(err)
	}
	owed := &debts{}
	take := func(t *testing.T, method backupd.Method, base *backupd.Link) (backupd.Link, error) {
		m := newMemory()
		id := fmt.Sprintf("%s-%d", method, time.Now().UnixNano())
		tk := backupd.Take{ID: id, Cluster: c, Method: method, Sink: m, Owe: owed.owe, Tell: func(stage, detail string) { t.Log(stage, detail) }}
		if base != nil {
			tk.Base = &base.Manifest
		}
		begun := time.Now()
		facts, err := k.Take(t.Context(), tk)
		b := link(id, method, facts, m)
		b.Manifest.Begun = begun
		if base != nil {
			b.Manifest.Base = base.Manifest.ID
		}
		t.Logf("%+v %v", facts.Position, facts.Notes)
		if len(owed.owed) > 0 {
			t.Errorf("still owed: %v", owed.owed)
		}
		return b, err
	}
	inSync := func(t *testing.T) {
		t.Helper()
		for _, n := range l.Nodes {
			if err := l.AwaitStatus(t.Context(), n.Name, "wsrep_desync_count", "0"); err != nil {
				t.Error(err)
			}
			if err := l.AwaitStatus(t.Context(), n.Name, "wsrep_local_state_comment", "Synced"); err != nil {
				t.Error(err)
			}
		}
	}

	writing, stop := context.WithCancel(t.Context())
	defer stop()
	acked := 0
	written := make(chan error, 1)
	go func() {
		written <- func() error {
			cfg, err := l.WriterConfig(c.Nodes[0].SQL)
			if err != nil {
				return err
			}
			sql, err := sqlconn.Connect(context.Background(), cfg.Addr, inventory.Credential{User: cfg.User, Password: inventory.NewSecret(cfg.Passwd)}, nil)
			if err != nil {
				return err
			}
			defer sql.Close()
			for writing.Err() == nil {
				if err := sql.Exec(context.Background(), fmt.Sprintf("INSERT INTO kagu_lab.ledger VALUES (%d, UNIX_TIMESTAMP(), REPEAT('x', 200))", acked+1)); err != nil {
					return err
				}
				acked++
			}
			return nil
		}()
	}()

	// The archive is of n3; n2 is backed up, so that both meet by the number of the cluster.
	archive := &archiving{}
	archivingCtx, end := context.WithCancel(t.Context())
	defer end()
	var all sync.WaitGroup
	defer all.Wait()
	dir := folder(t)
	all.Go(func() {
		_ = k.Archive(archivingCtx, backupd.Archive{Cluster: c, Dir: dir, Every: 500 * time.Millisecond, Keep: archive.keep}) // it ends with its context
	})

	full, err := take(t, backupd.Physical, nil)
	if err != nil {
		t.Fatal(err)
	}
	if from := nodeOf(full.Manifest); from != "n3" {
		t.Errorf("%s was backed up, want n3, whose log is archived and which is not the writer", from)
	}
	inSync(t)
	more, err := take(t, backupd.Incremental, &full)
	if err != nil {
		t.Fatal(err)
	}
	logical, err := take(t, backupd.Logical, nil)
	if err != nil {
		t.Fatal(err)
	}
	inSync(t)
	k.Observe = nil
	c.Backup.Jobs = nil
	c.Nodes = c.Nodes[:2] // n3 is not to be chosen
	other, err := take(t, backupd.Physical, nil)
	if err != nil {
		t.Fatal(err)
	}
	c.Nodes = fleet.Clusters[0].Nodes
	stop()
	if err := <-written; err != nil {
		t.Fatal(err)
	}

	t.Run("each is proven", func(t *testing.T) {
		for _, links := range [][]backupd.Link{{full, more}, {logical}} {
			if e, err := prove(t, c, links...); err != nil || !e.Good() {
				t.Errorf("%v: %s", err, failing(e))
			}
		}
	})
	t.Run("every acknowledged row, from the files of one member and the binary log of another", func(t *testing.T) {
		last := strings.TrimSpace(gtidOf(t, l, "n3"))
		for {
			kept := archive.links()
			if len(kept) > 0 && kept[len(kept)-1].Manifest.Position.GTID == last {
				break
			}
			select {
			case <-time.After(50 * time.Millisecond):
			case <-t.Context().Done():
				t.Fatal("the archive does not come so far")
			}
		}
		end()
		for _, links := range [][]backupd.Link{{full, more}, {other}} {
			r := backupd.Restore{Cluster: c, Links: links, Logs: archive.links(), Goal: backupd.ToScratch, Dir: folder(t), Point: backupd.Point{GTID: last}, Tell: func(stage, detail string) { t.Log(stage, detail) }}
			plan, err := k.Plan(t.Context(), r)
			if err != nil {
				t.Fatal(err)
			}
			for _, s := range plan.Steps {
				if err := k.Do(t.Context(), r, s); err != nil {
					t.Fatal(err)
				}
			}
			s, err := running(t.Context(), r)
			if err != nil {
				t.Fatal(err)
			}
			if got, want := s.ask(t, "SELECT COUNT(*), MAX(id) FROM kagu_lab.ledger"), fmt.Sprintf("%d|%d", acked, acked); got != want {
				t.Errorf("from %s: %s, want %s", nodeOf(links[0].Manifest), got, want)
			}
			if err := s.remove(); err != nil {
				t.Error(err)
			}
		}
	})
	t.Run("a schema beside the one that lives", func(t *testing.T) {
		cfg := lab.Schema
		r := backupd.Restore{Cluster: c, Links: []backupd.Link{logical}, Goal: backupd.ToSchema, Schemas: []string{cfg}, Dir: folder(t), Tell: func(stage, detail string) { t.Log(stage, detail) }}
		plan, err := k.Plan(t.Context(), r)
		if err != nil {
			t.Fatal(err)
		}
		if plan.Consent != "" || plan.Steps[1].Data[keyInto] != cfg+"_restored" {
			t.Errorf("%+v", plan)
		}
		for _, s := range plan.Steps {
			if err := k.Do(t.Context(), r, s); err != nil {
				t.Fatal(err)
			}
		}
		var rows int64
		for _, tb := range logical.Manifest.Content {
			if tb.Schema == cfg && tb.Name == "ledger" {
				rows = *tb.Rows
			}
		}
		if got := askLab(t, l, "n2", "SELECT COUNT(*) FROM kagu_lab_restored.ledger"); got != fmt.Sprint(rows) {
			t.Errorf("%s rows came, %d are in the backup", got, rows)
		}
		if left, _ := filepath.Glob(filepath.Join(r.Dir, "server", "*")); len(left) > 0 {
			t.Errorf("left of the scratch server: %v", left)
		}
		r.Into = cfg
		if plan, err := k.Plan(t.Context(), r); err != nil || plan.Consent != "lab/"+cfg {
			t.Errorf("over what lives: %v, consent %q", err, plan.Consent)
		}
	})
	t.Run("a member is rebuilt and joins by IST", func(t *testing.T) {
		n2, err := member(c, "n2")
		if err != nil {
			t.Fatal(err)
		}
		reply, err := k.Hosts.Do(t.Context(), n2.Host, request(node.Stop, c, n2))
		if err := errors.Join(err, reply.Err()); err != nil {
			t.Fatal(err)
		}
		if err := l.SQL(t.Context(), "n1", "CREATE TABLE kagu_lab.later (i INT PRIMARY KEY)", "INSERT INTO kagu_lab.later VALUES (1)"); err != nil {
			t.Fatal(err)
		}
		said := ""
		r := backupd.Restore{Cluster: c, Links: []backupd.Link{full, more}, Goal: backupd.ToNode, Node: "n2", Dir: folder(t), Tell: func(stage, detail string) {
			t.Log(stage, detail)
			said = detail
		}}
		plan, err := k.Plan(t.Context(), r)
		if err != nil {
			t.Fatal(err)
		}
		if err := k.Do(t.Context(), r, plan.Steps[0]); err == nil || !strings.Contains(err.Error(), "consent") {
			t.Errorf("without consent: %v", err)
		}
		r.Consent = plan.Consent
		for _, s := range plan.Steps {
			if err := k.Do(t.Context(), r, s); err != nil {
				t.Fatal(err)
			}
		}
		if said != "n2 is synced, by IST" {
			t.Errorf("it says %q", said)
		}
		if got := askLab(t, l, "n2", "SELECT COUNT(*) + (SELECT COUNT(*) FROM kagu_lab.later) FROM kagu_lab.ledger"); got != fmt.Sprint(acked+1) {
			t.Errorf("%s rows, want %d", got, acked+1)
		}
		inSync(t)
	})
}

func gtidOf(t *testing.T, l *lab.Lab, node string) string {
	return askLab(t, l, node, "SELECT @@GLOBAL.gtid_binlog_pos")
}

func askLab(t *testing.T, l *lab.Lab, name, query string) string {
	t.Helper()
	n, err := l.Node(name)
	if err != nil {
		t.Fatal(err)
	}
	sql, err := sqlconn.Connect(t.Context(), n.Socket(), inventory.Credential{User: "root"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer sql.Close()
	rows, err := sql.Texts(t.Context(), query)
	if err != nil {
		t.Fatal(err)
	}
	return rows[0][0]
}
