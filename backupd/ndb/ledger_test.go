package ndb

import (
	"context"
	"crypto/sha256"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// books are the tables that a writer writes to while everything is noted beside them: each sort of
// change that a binary log of NDB can get wrong, or a replay of it.
var books = []string{
	"USE kagu_lab",
	"CREATE TABLE entry (id INT PRIMARY KEY, note VARCHAR(60), times INT NOT NULL DEFAULT 0, kept VARCHAR(20) NOT NULL DEFAULT 'as it was', KEY (note)) ENGINE=NDB",
	"CREATE TABLE letter (id INT PRIMARY KEY, body LONGTEXT) ENGINE=NDB",
	"CREATE TABLE chair (id INT PRIMARY KEY, who INT UNIQUE, kept VARCHAR(20)) ENGINE=NDB",
	"INSERT INTO chair VALUES (1, 10, 'window'), (2, 20, 'door')",
	"CREATE TABLE parent (id INT PRIMARY KEY) ENGINE=NDB",
	"CREATE TABLE child (id INT PRIMARY KEY, parent INT NOT NULL, FOREIGN KEY (parent) REFERENCES parent (id)) ENGINE=NDB",
}

// shown are the columns beside the key by which the content of each table is compared.
var shown = map[string]string{
	"entry": "CONCAT_WS('|', note, times, kept)", "letter": "LOWER(SHA2(body, 256))", "chair": "CONCAT_WS('|', who, kept)", "parent": "''", "child": "parent",
}

// contents is what the tables hold: by table and key.
type contents map[string]map[int]string

func (c contents) String() string {
	var b strings.Builder
	for _, table := range slices.Sorted(maps.Keys(shown)) {
		for _, id := range slices.Sorted(maps.Keys(c[table])) {
			fmt.Fprintf(&b, "%s %d %s\n", table, id, c[table][id])
		}
	}
	return b.String()
}

// contentsOf asks a server.
func contentsOf(ctx context.Context, db *mysqlDB) (string, error) {
	c := contents{}
	for table, columns := range shown {
		rows, err := db.rows(ctx, "SELECT id, "+columns+" FROM kagu_lab."+table)
		if err != nil {
			return "", err
		}
		c[table] = map[int]string{}
		for _, r := range rows {
			id, err := strconv.Atoi(r[0])
			if err != nil {
				return "", err
			}
			c[table][id] = r[1]
		}
	}
	return c.String(), nil
}

// A change is one transaction that was acknowledged.
type change struct {
	epoch uint64 // in which it was committed
	after string // what the tables hold then
}

// A writer makes changes and keeps the ledger.
type writer struct {
	db      *mysqlDB
	holds   contents
	ledger  []change
	counter int
}

func newWriter(db *mysqlDB) *writer {
	w := &writer{db: db, holds: contents{"chair": {1: "10|window", 2: "20|door"}}}
	for table := range shown {
		if w.holds[table] == nil {
			w.holds[table] = map[int]string{}
		}
	}
	return w
}

// change makes the next change.
func (w *writer) change(ctx context.Context) error {
	w.counter++
	i := w.counter
	statements := append(append([]string{"BEGIN"}, w.next(i)...), "COMMIT")
	for _, s := range statements {
		if err := w.db.do(ctx, s); err != nil {
			return fmt.Errorf("%.80s: %w", s, err)
		}
	}
	rows, err := w.db.rows(ctx, "SHOW SESSION STATUS LIKE 'Ndb_last_commit_epoch_session'")
	if err != nil || len(rows) != 1 {
		return fmt.Errorf("ask in which epoch it was committed: %w", err)
	}
	epoch, err := strconv.ParseUint(rows[0][1], 10, 64)
	w.ledger = append(w.ledger, change{epoch, w.holds.String()})
	return err
}

// next returns the statements of a change, and notes what they do.
func (w *writer) next(i int) []string {
	insert := func(id int) string {
		w.holds["entry"][id] = fmt.Sprintf("note %d|0|as it was", id)
		return fmt.Sprintf("INSERT INTO kagu_lab.entry (id, note) VALUES (%d, 'note %d')", id, id)
	}
	letter := func(id, size int) string {
		body := strings.Repeat(strconv.Itoa(id%10), size)
		w.holds["letter"][id] = fmt.Sprintf("%x", sha256.Sum256([]byte(body)))
		return fmt.Sprintf("REPLACE INTO kagu_lab.letter VALUES (%d, '%s')", id, body)
	}
	switch i % 6 {
	case 1: // a row changes in some of its columns, another goes
		all := []string{insert(i)}
		if i > 6 {
			w.holds["entry"][i-6] = fmt.Sprintf("changed at %d|1|as it was", i)
			all = append(all, fmt.Sprintf("UPDATE kagu_lab.entry SET note = 'changed at %d', times = times + 1 WHERE id = %d", i, i-6))
		}
		if i > 12 {
			delete(w.holds["entry"], i-12)
			all = append(all, fmt.Sprintf("DELETE FROM kagu_lab.entry WHERE id = %d", i-12))
		}
		return all
	case 2: // a blob comes, another grows or shrinks
		return []string{letter(i, 100+i*37%9000), letter(i%12, 1+i*311%12000)}
	case 3: // two rows change places under a unique key
		one, two := w.holds["chair"][1], w.holds["chair"][2]
		who1, who2 := strings.Split(one, "|")[0], strings.Split(two, "|")[0]
		w.holds["chair"][1], w.holds["chair"][2] = who2+"|window", who1+"|door"
		return []string{
			"UPDATE kagu_lab.chair SET who = NULL WHERE id = 1", "UPDATE kagu_lab.chair SET who = " + who1 + " WHERE id = 2", "UPDATE kagu_lab.chair SET who = " + who2 + " WHERE id = 1",
		}
	case 4: // children come with their parents and go with them
		w.holds["parent"][i], w.holds["child"][i] = "", strconv.Itoa(i)
		all := []string{fmt.Sprintf("INSERT INTO kagu_lab.parent VALUES (%d)", i), fmt.Sprintf("INSERT INTO kagu_lab.child VALUES (%d, %[1]d)", i)}
		if i > 12 {
			delete(w.holds["parent"], i-12)
			delete(w.holds["child"], i-12)
			all = append(all, fmt.Sprintf("DELETE FROM kagu_lab.child WHERE id = %d", i-12), fmt.Sprintf("DELETE FROM kagu_lab.parent WHERE id = %d", i-12))
		}
		return all
	case 5: // rows that come and go at once
		return []string{
			insert(i), fmt.Sprintf("INSERT INTO kagu_lab.letter VALUES (%d, REPEAT('z', 5000))", 100_000+i), fmt.Sprintf("DELETE FROM kagu_lab.letter WHERE id = %d", 100_000+i),
			fmt.Sprintf("INSERT INTO kagu_lab.entry (id) VALUES (%d)", 100_000+i), fmt.Sprintf("DELETE FROM kagu_lab.entry WHERE id = %d", 100_000+i),
		}
	default:
		return []string{insert(i)}
	}
}

// at returns what the tables held at the end of an epoch.
func (w *writer) at(epoch uint64) string {
	n, _ := slices.BinarySearchFunc(w.ledger, epoch+1, func(c change, e uint64) int {
		if c.epoch < e {
			return -1
		}
		return 1
	})
	return w.ledger[n-1].after
}

// settled are the changes before the global checkpoint of the last one: of that more may come.
func (w *writer) settled() []change {
	n := len(w.ledger)
	for last := w.ledger[n-1].epoch >> 32; n > 0 && w.ledger[n-1].epoch>>32 >= last; {
		n--
	}
	return w.ledger[:n]
}

// writes makes changes for a while.
func (w *writer) writes(ctx context.Context, while time.Duration) error {
	for end := time.Now().Add(while); time.Now().Before(end); {
		if err := w.change(ctx); err != nil {
			return err
		}
	}
	return nil
}
