package ndb

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/kagu-db/kagu/backupd"
	"github.com/kagu-db/kagu/internal/cluster"
	"github.com/kagu-db/kagu/internal/inventory"
	"github.com/kagu-db/kagu/internal/lab"
	"github.com/kagu-db/kagu/internal/lab/labtest"
	"github.com/kagu-db/kagu/internal/mgm"
	"github.com/kagu-db/kagu/internal/sqlconn"
)

// ours is the password of the account that backups are taken with.
const ours = "only in a lab"

// shop is what the cluster holds: each sort of thing that a backup must bring back. The views are
// made in an order that their names do not have.
var shop = []string{
	"CREATE DATABASE shop CHARACTER SET latin1", "USE shop",
	"CREATE TABLE item (id INT PRIMARY KEY, name VARCHAR(60) CHARACTER SET utf8mb4, price DECIMAL(8,2), KEY (name)) ENGINE=NDB",
	"INSERT INTO item WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 900) SELECT i, CONCAT('Fahrräder ', i, ' ☂'), i / 4 FROM n",
	"CREATE TABLE doc (id INT PRIMARY KEY AUTO_INCREMENT, body LONGTEXT, bits BIT(9), raw VARBINARY(20), tag VARCHAR(20) UNIQUE) ENGINE=NDB",
	"INSERT INTO doc (body, bits, raw, tag) VALUES (REPEAT('x', 30000), b'101010101', x'00ff27', 'a'), (NULL, NULL, NULL, NULL), ('', 0, '', 'c')",
	"CREATE TABLE sale (id INT PRIMARY KEY, item INT, FOREIGN KEY (item) REFERENCES item (id)) ENGINE=NDB",
	"INSERT INTO sale VALUES (1, 1), (2, 12)",
	"CREATE TABLE busy (id INT PRIMARY KEY AUTO_INCREMENT, note VARCHAR(30)) ENGINE=NDB",
	"CREATE TABLE `odd-name` (id INT PRIMARY KEY) ENGINE=NDB", "INSERT INTO `odd-name` VALUES (1), (2)",
	"CREATE TABLE alone (id INT PRIMARY KEY, n INT) ENGINE=InnoDB", "INSERT INTO alone VALUES (1, 0)",
	"CREATE VIEW cheap AS SELECT id, price FROM item WHERE price < 2", "CREATE VIEW a_of_cheap AS SELECT id FROM cheap",
	"CREATE PROCEDURE fill(n INT) BEGIN DECLARE i INT DEFAULT 0; WHILE i < n DO INSERT INTO busy (note) VALUES ('a;;b'); SET i = i + 1; END WHILE; END",
	"CREATE FUNCTION twice(n INT) RETURNS INT DETERMINISTIC RETURN n * 2",
	"CREATE TRIGGER stamp BEFORE INSERT ON busy FOR EACH ROW SET NEW.note = COALESCE(NEW.note, 'by trigger')",
	"CREATE EVENT nightly ON SCHEDULE EVERY 1 DAY DO DELETE FROM busy WHERE id < 0",
	"CREATE USER app@'10.0.0.%' IDENTIFIED BY 'x''y'", "GRANT SELECT ON shop.* TO app@'10.0.0.%'", "GRANT NDB_STORED_USER ON *.* TO app@'10.0.0.%'",
	"CREATE ROLE clerk", "GRANT INSERT ON shop.sale TO clerk", "GRANT clerk TO app@'10.0.0.%'", "SET DEFAULT ROLE clerk TO app@'10.0.0.%'",
}

// a bench of one cluster, for all tests of this package that need a real one.
type bench struct {
	*lab.Lab
	cluster inventory.Cluster
	hosts   Hosts
	backup  backupd.Link   // that was taken first
	logs    []backupd.Link // what was archived since
}

// TestOnARealCluster starts one cluster for the whole package. What comes last breaks it.
func TestOnARealCluster(t *testing.T) {
	l := labtest.Up(t, lab.Options{
		Kind: cluster.KindNDB, Management: 2, Data: 2, SQL: 1,
		Parameters: map[string]string{"NoOfFragmentLogFiles": "16"}, // more is written here than on a slow disk fits into the lab's four
	})
	b := furnished(t, l)
	b.hosts = disk{}
	b.sql(t, books...)

	t.Run("a backup is taken, and nothing is left behind", b.taken)
	t.Run("it is proven in a throw-away cluster, which is removed", b.proven)
	t.Run("a schema is restored beside the one that is there", b.schemaRestored)
	t.Run("the binary log is archived, and replayed to epochs and times", b.pointsInTime)
	t.Run("changes that the SQL node missed are not passed over", b.missed)
	t.Run("logs of the same names are not taken for those that were archived", b.knowsItsLogs)
	t.Run("an SQL node that takes nothing in the clear", b.wantsTLS)
	t.Run("each grant is needed", b.grantsNeeded)
	t.Run("a number that is taken is refused, and those files are left alone", b.numberTaken)
	t.Run("a part that lacks a file is no backup", b.partMissing)
	t.Run("files that cannot be removed are owed, and Settle removes them", b.owed)
	t.Run("a backup whose taker died is ended and removed", b.settled)
	t.Run("a management server that dies meanwhile is no matter", b.managementDies)
	t.Run("a data node that dies meanwhile aborts it", b.nodeDies)
	t.Run("a data node that is down forbids it", b.nodeDown)
	t.Run("and one that comes back is waited for", b.comesBack)
}

// furnished puts the shop into a new cluster, and the account that backups are taken with.
func furnished(t *testing.T, l *lab.Lab) *bench {
	t.Helper()
	fleet, err := inventory.Load(l.Config())
	if err != nil {
		t.Fatal(err)
	}
	b := &bench{Lab: l, cluster: fleet.Clusters[0]}
	b.cluster.Backup = &inventory.Backup{Credential: inventory.Credential{User: "kagu_test_backup", Password: inventory.NewSecret(ours)}}
	grants, err := sqlconn.Account{User: "kagu_test_backup", Host: "127.%", Connections: Connections}.SQL(Grants())
	if err != nil {
		t.Fatal(err)
	}
	b.sql(t, grants...)
	b.sql(t, shop...)
	return b
}

// sql carries statements out on the SQL node with all rights.
func (b *bench) sql(t *testing.T, statements ...string) {
	t.Helper()
	for i, s := range statements {
		statements[i] = strings.ReplaceAll(s, sqlconn.Placeholder, ours)
	}
	if err := b.SQL(t.Context(), "s1", statements...); err != nil {
		t.Fatal(err)
	}
}

// taking is one backup that a test takes.
type taking struct {
	shelf  shelf
	ledger ledger
	tell   func(stage, detail string)
	kind   Kind
}

func (b *bench) take(t *testing.T, k *taking) (backupd.Facts, error) {
	t.Helper()
	if k.kind.Hosts == nil {
		k.kind.Hosts = b.hosts
	}
	return k.kind.Take(t.Context(), backupd.Take{
		Cluster: b.cluster, Method: backupd.Native, Sink: &k.shelf, Owe: k.ledger.owe,
		Tell: func(stage, detail string) {
			t.Log(stage+":", detail)
			if k.tell != nil {
				k.tell(stage, detail)
			}
		},
	})
}

// link is what the engine makes of it.
func (k *taking) link(facts backupd.Facts) backupd.Link {
	m := backupd.Manifest{ID: backupd.NewID(backupd.Native, time.Now()), Method: backupd.Native, Ended: time.Now(), Facts: facts}
	for name := range k.shelf.streams {
		m.Streams = append(m.Streams, backupd.Stream{Name: name})
	}
	return backupd.Link{Manifest: m, Source: &k.shelf}
}

// clean wants that nothing of a backup is on the data nodes, and nothing owed.
func (b *bench) clean(t *testing.T, k *taking) {
	t.Helper()
	if files := left(t, b.cluster); files != "" {
		t.Errorf("left behind: %s", files)
	}
	if len(k.ledger.debts) > 0 {
		t.Errorf("owed: %v", k.ledger.debts)
	}
}

func (b *bench) taken(t *testing.T) {
	// Somebody writes all the time: to one table, and to no other.
	ctx, cancel := context.WithCancel(t.Context())
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		for ctx.Err() == nil {
			_ = b.SQL(ctx, "s1", "CALL shop.fill(20)") // ends with the context
		}
	}()
	k := &taking{}
	facts, err := b.take(t, k)
	cancel()
	<-stopped
	if err != nil {
		t.Fatal(err)
	}
	b.clean(t, k)
	b.backup = k.link(facts)

	rows := map[string]string{}
	for _, c := range facts.Content {
		rows[c.Name] = "unknown"
		if c.Rows != nil {
			rows[c.Name] = "known"
			if c.Sum == "" {
				rows[c.Name] = "known, without a checksum"
			}
		}
	}
	for name, want := range map[string]string{"item": "known", "doc": "known", "sale": "known", "busy": "unknown", "odd-name": "known", "alone": ""} {
		if rows[name] != want {
			t.Errorf("rows of %s are %q, want %q", name, rows[name], want)
		}
	}
	if p := facts.Position; p.Backup == 0 || p.Start == 0 || p.Stop < p.Start || p.File == "" || p.Offset == 0 {
		t.Errorf("position %+v", p)
	}
	if notes := strings.Join(facts.Notes, "\n"); !strings.Contains(notes, "shop.alone") {
		t.Errorf("notes: %s", notes)
	}
	for _, stream := range []string{"node-11.tar", "node-12.tar", configStream, definitionsStream, eventsStream, aboutStream} {
		if len(k.shelf.streams[stream]) == 0 {
			t.Errorf("stream %s is empty", stream)
		}
	}
	for _, want := range []string{"CREATE USER IF NOT EXISTS `app`@`10.0.0.%`", "`twice`", "`stamp`", "`fill`", "GRANT `clerk`"} {
		if !strings.Contains(string(k.shelf.streams[definitionsStream]), want) {
			t.Errorf("the definitions lack %s", want)
		}
	}
	if all := string(k.shelf.streams[eventsStream]); !strings.Contains(all, "`nightly`") || strings.Contains(all, "`stamp`") {
		t.Errorf("the events: %s", all)
	}
}

func (b *bench) proven(t *testing.T) {
	root := t.TempDir()
	dir := filepath.Join(root, "proof")
	proof := backupd.Proof{
		Cluster: b.cluster, Links: []backupd.Link{b.backup}, Dir: dir, Scratch: inventory.Scratch{Dir: root},
		Tell: func(stage, detail string) { t.Log(stage+":", detail) },
	}
	settings := *b.cluster.Backup
	settings.Checks = []inventory.ContentCheck{
		{Query: "SELECT COUNT(*) FROM shop.a_of_cheap", Want: "7"},
		{Query: "SELECT shop.twice(21)", Want: "42"},
		{Query: "SELECT GROUP_CONCAT(tag ORDER BY id) FROM shop.doc", Want: "a,c"},
		{Query: "SELECT COUNT(*) FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA = 'shop'", Want: "1"},
		{Query: "SELECT COUNT(*) > 0 FROM mysql.ndb_apply_status WHERE server_id = 0", Want: "1"},
		{Query: "SELECT COUNT(*) FROM shop.item", Want: "899"}, // not so
	}
	proof.Cluster.Backup = &settings
	e, err := (&Kind{}).Prove(t.Context(), proof)
	if err != nil {
		t.Fatal(err)
	}
	t.Log(e.Server, e.Seconds)
	bad := 0
	for _, c := range e.Checks {
		t.Logf("%-20s %v: %s", c.Name, c.Good, c.Said)
		if !c.Good {
			bad++
		}
	}
	if last := e.Checks[len(e.Checks)-1]; bad != 1 || last.Good || last.Said != `"900", want "899"` {
		t.Errorf("%d checks are bad, want the one that asks for the wrong number", bad)
	}
	if _, err := os.Stat(dir); !os.IsNotExist(err) {
		t.Errorf("the folder is still there: %v", err)
	}
}

// schemaRestored writes into the running cluster: what is there stays as it is.
func (b *bench) schemaRestored(t *testing.T) {
	b.sql(t, "CREATE DATABASE again")
	restore := backupd.Restore{
		Cluster: b.cluster, Links: []backupd.Link{b.backup}, Goal: backupd.ToSchema, Schemas: []string{"shop.item", "shop.doc", "shop.odd-name"}, Into: "again",
		Dir: t.TempDir(), Tell: func(stage, detail string) { t.Log(stage+":", detail) },
	}
	k := &Kind{}
	plan, err := k.Plan(t.Context(), restore)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range plan.Steps {
		times := 1
		if s.Name == stepRows {
			times = 2 // a step that was cut short is done again
		}
		for range times {
			if err := k.Do(t.Context(), restore, s); err != nil {
				t.Fatalf("%s: %v", s.Name, err)
			}
		}
	}
	b.sql(t, "SET GLOBAL ndb_metadata_sync = ON")
	same := func(name string) (was, is string) {
		seat, err := sit(t.Context(), b.cluster)
		if err != nil {
			t.Fatal(err)
		}
		defer seat.Close()
		for _, schema := range []string{"shop", "again"} {
			sum, _ := seat.sum(t.Context(), table{schema, name}) // one that is not there yet has none
			was, is = is, sum
		}
		return was, is
	}
	for _, name := range []string{"item", "doc", "odd-name"} {
		deadline := time.Now().Add(2 * time.Minute)
		was, is := same(name)
		for (is == "" || was != is) && time.Now().Before(deadline) {
			time.Sleep(100 * time.Millisecond) // the SQL node is finding it
			was, is = same(name)
		}
		if was == "" || was != is {
			t.Errorf("the rows of %s sum up to %q, and to %q where they were restored", name, was, is)
		}
	}
	restore.Dir = t.TempDir()
	for _, s := range plan.Steps[:2] {
		err = k.Do(t.Context(), restore, s)
	}
	if err == nil || !strings.Contains(err.Error(), "are there already") {
		t.Errorf("a second time: %v", err)
	}
	b.sql(t, "DROP DATABASE again")
}

// grantsNeeded revokes each grant in turn: what a backup reads is then refused, or less.
func (b *bench) grantsNeeded(t *testing.T) {
	read := func() (string, error) {
		seat, err := sit(t.Context(), b.cluster)
		if err != nil {
			return "", err
		}
		defer seat.Close()
		d, err := seat.definitions(t.Context())
		if err != nil {
			return "", err
		}
		if _, err := seat.content(t.Context()); err != nil {
			return "", err
		}
		_, found, err := seat.place(t.Context(), 0)
		return string(d.all) + string(d.events) + fmt.Sprint(found), err
	}
	whole, err := read()
	if err != nil {
		t.Fatal(err)
	}
	const account = "'kagu_test_backup'@'127.%'"
	for _, g := range Grants() {
		if g.Privilege == "REPLICATION SLAVE" || g.Privilege == sqlconn.StoredUser { // the archive needs the one; the other says where the account is
			continue
		}
		b.sql(t, "REVOKE "+g.String()+" FROM "+account)
		got, err := read()
		// What the script says of the account itself is not what is meant.
		if err == nil && without(got, account) == without(whole, account) {
			t.Errorf("%s is not needed", g.Privilege)
		}
		b.sql(t, "GRANT "+g.String()+" TO "+account)
	}
}

// without leaves out the lines that speak of the account.
func without(script, account string) string {
	var lines []string
	for line := range strings.Lines(script) {
		if !strings.Contains(line, strings.ReplaceAll(account, "'", "`")) {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "")
}

// joined puts pieces together wherever they go on in one file, as the engine does by the hour.
func joined(t *testing.T, logs []backupd.Link) (all []backupd.Link) {
	t.Helper()
	for _, l := range logs {
		if n := len(all); n > 0 {
			if m, err := backupd.Join([]backupd.Manifest{all[n-1].Manifest, l.Manifest}); err == nil {
				m.ID = l.Manifest.ID
				s := &shelf{streams: map[string][]byte{}}
				for name, b := range all[n-1].Source.(*shelf).streams {
					s.streams[name] = slices.Concat(b, l.Source.(*shelf).streams[name])
				}
				all[n-1] = backupd.Link{Manifest: m, Source: s}
				continue
			}
		}
		all = append(all, l)
	}
	return all
}

func (b *bench) numberTaken(t *testing.T) {
	id, err := number(time.Now(), 0)
	if err != nil {
		t.Fatal(err)
	}
	id += 1000 // not one of ours
	foreign := disk{}.folder(b.cluster.Data[0], id)
	if err := os.MkdirAll(foreign, 0o700); err != nil {
		t.Fatal(err)
	}
	letter := filepath.Join(foreign, filepath.Base(foreign)+".11.ctl")
	if err := os.WriteFile(letter, []byte("precious"), 0o600); err != nil {
		t.Fatal(err)
	}
	client := management(b.cluster)
	defer client.Close()
	k := &taking{}
	paid, err := (&Kind{Hosts: disk{}}).order(t.Context(), backupd.Take{Cluster: b.cluster, Owe: k.ledger.owe}, client, id)
	if code, _ := mgm.CodeOf(err); code != mgm.CodeBackupExists || paid != nil || !strings.Contains(err.Error(), "remove it from every data node") {
		t.Errorf("got %v", err)
	}
	if text, err := os.ReadFile(letter); string(text) != "precious" {
		t.Errorf("somebody else's file holds %q, %v", text, err)
	}
	if err := (disk{}).Discard(t.Context(), "", b.cluster.Data[0], id); err != nil {
		t.Fatal(err)
	}
	if err := (disk{}).Discard(t.Context(), "", b.cluster.Data[1], id); err != nil { // what the refused one left there
		t.Fatal(err)
	}
	if _, err := b.take(t, k); err != nil {
		t.Errorf("the next backup: %v", err)
	}
	b.clean(t, k)
}

func (b *bench) partMissing(t *testing.T) {
	k := &taking{}
	k.kind.Hosts = disk{broken: func(verb string, n inventory.Node) error {
		if verb != "collect" || n.ID != 12 {
			return nil
		}
		logs, err := filepath.Glob(filepath.Join(n.DataDir, "BACKUP", "BACKUP-*", "*.log"))
		for _, l := range logs {
			err = errors.Join(err, os.Remove(l))
		}
		return err
	}}
	if _, err := b.take(t, k); err == nil || !strings.Contains(err.Error(), "collect the part of d2: there is no .log file") {
		t.Errorf("got %v", err)
	}
	if k.shelf.streams["node-12.tar"] != nil {
		t.Error("the stream of the part looks whole")
	}
	b.clean(t, k)
}

func (b *bench) owed(t *testing.T) {
	k := &taking{}
	k.kind.Hosts = disk{broken: func(verb string, n inventory.Node) error {
		if verb == "discard" && n.ID == 11 {
			return errors.New("the host is away")
		}
		return nil
	}}
	if _, err := b.take(t, k); err != nil {
		t.Fatalf("a good backup is good, whatever is left behind: %v", err)
	}
	if len(k.ledger.debts) != 1 {
		t.Fatalf("owed: %v", k.ledger.debts)
	}
	for _, d := range k.ledger.debts {
		for range 2 { // done twice, it does nothing
			if err := (&Kind{Hosts: disk{}}).Settle(t.Context(), b.cluster, d); err != nil {
				t.Error(err)
			}
		}
		delete(k.ledger.debts, d.Detail)
		d.What = "desync"
		if err := (&Kind{Hosts: disk{}}).Settle(t.Context(), b.cluster, d); err == nil {
			t.Error("a debt of another kind was settled")
		}
	}
	b.clean(t, k)
}

func (b *bench) settled(t *testing.T) {
	client := management(b.cluster)
	defer client.Close()
	if err := free(t.Context(), client); err != nil {
		t.Fatal(err)
	}
	k := &taking{}
	id, err := number(time.Now(), 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := (&Kind{Hosts: disk{}}).order(t.Context(), backupd.Take{Cluster: b.cluster, Owe: k.ledger.owe}, client, id); err != nil {
		t.Fatal(err)
	}
	for _, d := range k.ledger.debts { // what a killed daemon finds when it comes back
		if err := (&Kind{Hosts: disk{}}).Settle(t.Context(), b.cluster, d); err != nil {
			t.Error(err)
		}
		delete(k.ledger.debts, d.Detail)
	}
	b.clean(t, k)
}

// managementDies: the one that we listen to and that took the order is gone before the end is told.
func (b *bench) managementDies(t *testing.T) {
	k := &taking{}
	killed := false
	k.tell = func(stage, _ string) {
		if stage == "backup" && !killed {
			killed = true
			if err := b.Kill(t.Context(), "m1"); err != nil {
				t.Error(err)
			}
		}
	}
	if _, err := b.take(t, k); err != nil {
		t.Error(err)
	}
	b.clean(t, k)
	if err := errors.Join(b.Start(t.Context(), "m1"), b.AwaitManagement(t.Context()), b.AwaitHeard(t.Context())); err != nil {
		t.Fatal(err)
	}
}

// bulk is enough rows that a backup takes a moment: 8 MB for each of two data nodes.
var bulk = []string{
	"USE shop", "CREATE TABLE bulk (id INT PRIMARY KEY, pad VARCHAR(2000)) ENGINE=NDB",
	"INSERT INTO bulk WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000) SELECT i, REPEAT(CHAR(97 + i % 26), 2000) FROM n",
	"INSERT INTO bulk SELECT id + 1000, pad FROM bulk", "INSERT INTO bulk SELECT id + 2000, pad FROM bulk", "INSERT INTO bulk SELECT id + 4000, pad FROM bulk",
}

func (b *bench) nodeDies(t *testing.T) {
	b.sql(t, bulk...)
	b.dies(t)
}

// dies kills a data node as soon as a backup has been ordered.
func (b *bench) dies(t *testing.T) {
	k := &taking{}
	killed := false
	k.tell = func(stage, _ string) {
		if stage == "backup" && !killed {
			killed = true
			if err := b.Kill(t.Context(), "d2"); err != nil {
				t.Error(err)
			}
		}
	}
	_, err := b.take(t, k)
	switch {
	case err == nil:
		t.Log("the backup was over before the node died")
	case !errors.Is(err, ErrAborted) && !strings.Contains(err.Error(), "no data node knows how it ended"):
		t.Errorf("got %v", err)
	}
	if err != nil && k.shelf.streams[aboutStream] != nil {
		t.Error("it looks whole")
	}
	b.clean(t, k)
}

func (b *bench) nodeDown(t *testing.T) {
	if err := b.AwaitState(t.Context(), "d2", mgm.StateNoContact); err != nil {
		t.Fatal(err)
	}
	k := &taking{}
	because := func() string { // the management servers notice one after the other
		why, err := (&Kind{}).Transfer(t.Context(), b.cluster)
		return fmt.Sprintf("%s%v", why, err)
	}
	why, want := because(), "data node d2 is NO_CONTACT, node group 0 has 1 of 2 nodes<nil>"
	for until := time.Now().Add(time.Minute); why != want && time.Now().Before(until); time.Sleep(50 * time.Millisecond) {
		why = because()
	}
	if why != want {
		t.Errorf("a job that is due would wait because %q", why)
	}
	if _, err := b.take(t, k); err == nil || !strings.Contains(err.Error(), "data node d2 is NO_CONTACT, not STARTED") {
		t.Errorf("got %v", err)
	}
	if len(k.shelf.streams) > 0 {
		t.Errorf("it began: %v", k.shelf.streams)
	}
	b.clean(t, k)
}

// comesBack: a job waits for a data node that starts, and begins when it is there.
func (b *bench) comesBack(t *testing.T) {
	if err := b.Start(t.Context(), "d2"); err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for len(seen) == 0 || !seen[""] {
		why, err := (&Kind{}).Transfer(t.Context(), b.cluster)
		if err == nil {
			what, _, _ := strings.Cut(why, ", ")
			seen[what] = true
		}
		select {
		case <-time.After(50 * time.Millisecond):
		case <-t.Context().Done():
			t.Fatal(seen)
		}
	}
	if !seen["data node d2 starts"] {
		t.Errorf("it started, and was seen as %v", seen)
	}
	k := &taking{}
	if _, err := b.take(t, k); err != nil {
		t.Errorf("the next backup: %v", err)
	}
	b.clean(t, k)
}
