package backupd

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/kagu-db/kagu/internal/statefile"
)

// A Catalogue is backupd's memory: the backups and what was found of them, as the stores have it;
// the runs, the debts, when each job was last due, and what alerts asked for. All but the first would
// be missed if the file were lost: the first is made again from the stores.
type Catalogue struct {
	file *statefile.File
	db   *sql.DB // of the file
}

// migrations are the tables; see statefile.Open.
var migrations = []string{`
CREATE TABLE backups (
	cluster TEXT NOT NULL,
	id TEXT NOT NULL,
	begun INTEGER NOT NULL,
	head TEXT NOT NULL,    -- the manifest without its parts, JSON
	PRIMARY KEY (cluster, id)
);
CREATE TABLE copies (
	cluster TEXT NOT NULL,
	id TEXT NOT NULL,
	store TEXT NOT NULL,   -- of kagu.yaml
	PRIMARY KEY (cluster, id, store)
);
CREATE TABLE records (
	cluster TEXT NOT NULL,
	id TEXT NOT NULL,
	ended INTEGER NOT NULL,
	record TEXT NOT NULL,  -- JSON
	PRIMARY KEY (cluster, id, ended)
);
CREATE TABLE runs (
	id INTEGER PRIMARY KEY,
	cluster TEXT NOT NULL,
	job TEXT NOT NULL,
	what TEXT NOT NULL,
	backup TEXT NOT NULL,
	asked_by TEXT NOT NULL,
	begun INTEGER NOT NULL,
	ended INTEGER,
	stage TEXT NOT NULL,
	error TEXT NOT NULL,
	plain INTEGER NOT NULL,
	stored INTEGER NOT NULL
);
CREATE INDEX runs_unfinished ON runs (cluster) WHERE ended IS NULL;
CREATE TABLE debts (
	id INTEGER PRIMARY KEY,
	cluster TEXT NOT NULL,
	debt TEXT NOT NULL     -- JSON
);
CREATE TABLE fired (
	cluster TEXT NOT NULL,
	job TEXT NOT NULL,
	at INTEGER NOT NULL,
	PRIMARY KEY (cluster, job)
);
CREATE TABLE hints (
	cluster TEXT NOT NULL,
	wants TEXT NOT NULL,   -- take, prove
	fingerprint TEXT NOT NULL,
	starts_at INTEGER NOT NULL,
	alert TEXT NOT NULL,
	first INTEGER NOT NULL,
	last INTEGER NOT NULL,
	count INTEGER NOT NULL,
	done INTEGER,          -- when it was dealt with
	run INTEGER,           -- what was begun for it
	said TEXT NOT NULL,    -- what became of it
	PRIMARY KEY (cluster, wants, fingerprint, starts_at)
);
CREATE INDEX hints_pending ON hints (cluster) WHERE done IS NULL;
`, `
CREATE TABLE pieces (
	cluster TEXT NOT NULL,
	id TEXT NOT NULL,
	begun INTEGER NOT NULL,
	ended INTEGER NOT NULL,
	node TEXT NOT NULL,
	from_file TEXT NOT NULL,
	from_offset INTEGER NOT NULL,
	to_file TEXT NOT NULL,
	to_offset INTEGER NOT NULL,
	newest INTEGER NOT NULL,
	plain INTEGER NOT NULL,
	stored INTEGER NOT NULL,
	fresh INTEGER NOT NULL,
	merged INTEGER NOT NULL,
	PRIMARY KEY (cluster, id)
) WITHOUT ROWID;
CREATE INDEX pieces_begun ON pieces (cluster, begun);
CREATE INDEX pieces_newest ON pieces (cluster, newest);
CREATE TABLE held (        -- what the pieces take in each store, summed up for who asks every few seconds
	cluster TEXT NOT NULL,
	store TEXT NOT NULL,
	bytes INTEGER NOT NULL,
	PRIMARY KEY (cluster, store)
);
CREATE TRIGGER held_more AFTER INSERT ON copies BEGIN
	INSERT INTO held SELECT p.cluster, NEW.store, p.stored FROM pieces p WHERE p.cluster = NEW.cluster AND p.id = NEW.id
		ON CONFLICT (cluster, store) DO UPDATE SET bytes = bytes + excluded.bytes;
END;
CREATE TRIGGER held_less AFTER DELETE ON copies BEGIN
	UPDATE held SET bytes = bytes - coalesce((SELECT p.stored FROM pieces p WHERE p.cluster = OLD.cluster AND p.id = OLD.id), 0)
		WHERE cluster = OLD.cluster AND store = OLD.store;
END;
` + movePieces, `
ALTER TABLE pieces ADD COLUMN mark TEXT NOT NULL DEFAULT '';
`}

// movePieces takes the pieces of binary logs out of the backups, where the first catalogues had them.
var movePieces = `
INSERT INTO pieces SELECT cluster, id, begun, ` + nanosOf("h ->> '$.ended'") + `,
	coalesce(h ->> '$.origin.nodes[0]', ''),
	coalesce(h ->> '$.from.file', ''), coalesce(h ->> '$.from.offset', 0),
	coalesce(h ->> '$.position.file', ''), coalesce(h ->> '$.position.offset', 0),
	coalesce(` + nanosOf("h ->> '$.position.time'") + `, 0),
	(SELECT coalesce(sum(value ->> '$.size'), 0) FROM json_each(h, '$.streams')),
	(SELECT coalesce(sum(value ->> '$.parts[0].size'), 0) FROM json_each(h, '$.streams')),
	h ->> '$.from' IS NULL OR coalesce(json_array_length(h, '$.notes'), 0) > 0,
	0
FROM (SELECT *, CAST(head AS TEXT) AS h FROM backups) WHERE h ->> '$.method' = 'binlog';
INSERT INTO held SELECT p.cluster, c.store, sum(p.stored) FROM pieces p JOIN copies c USING (cluster, id) GROUP BY p.cluster, c.store;
DELETE FROM backups WHERE EXISTS (SELECT 1 FROM pieces p WHERE p.cluster = backups.cluster AND p.id = backups.id);
`

// nanosOf is an expression of SQL that turns a time of a manifest into Unix nanoseconds.
func nanosOf(expr string) string {
	return fmt.Sprintf(`CAST(strftime('%%s', substr(%[1]s, 1, 19)) AS INTEGER) * 1000000000
		+ CASE WHEN substr(%[1]s, 20, 1) = '.' THEN CAST(substr(rtrim(substr(%[1]s, 21), 'Z') || '000000000', 1, 9) AS INTEGER) ELSE 0 END`, "("+expr+")")
}

// OpenCatalogue opens the catalogue in a folder and creates what is missing.
func OpenCatalogue(dir string) (*Catalogue, error) {
	file, err := statefile.Open(dir, "catalogue", migrations)
	if err != nil {
		return nil, err
	}
	return &Catalogue{file: file, db: file.DB}, nil
}

// Close closes the catalogue. No method may be called after it.
func (c *Catalogue) Close() error { return c.file.Close() }

// Entry is one backup as the catalogue has it.
type Entry struct {
	Manifest Manifest // without parts; see Head
	Stores   []string // names of kagu.yaml that have it
	Records  []Record // what was found of it, the oldest first
}

// Head returns the manifest without its parts: small, and all there is to know but where the bytes
// are.
func (m Manifest) Head() Manifest {
	streams := make([]Stream, len(m.Streams))
	for i, s := range m.Streams {
		streams[i] = Stream{Name: s.Name, Size: s.Size, Parts: []Part{}}
		if len(s.Parts) > 0 { // one part that stands for all
			all := Part{}
			for _, p := range s.Parts {
				all.Size += p.Size
				all.Plain += p.Plain
			}
			streams[i].Parts = []Part{all}
		}
	}
	m.Streams = streams
	return m
}

// Add notes that a store has a backup.
func (c *Catalogue) Add(ctx context.Context, m Manifest, store string) error {
	return c.file.Tx(ctx, "note a backup", func(tx *sql.Tx) error { return add(ctx, tx, m, store) })
}

func add(ctx context.Context, tx *sql.Tx, m Manifest, store string) error {
	var err error
	if m.Method == Binlog {
		err = addPiece(ctx, tx, m.Cluster, PieceOf(m))
	} else {
		var head []byte
		if head, err = json.Marshal(m.Head()); err == nil {
			_, err = tx.ExecContext(ctx, `INSERT INTO backups (cluster, id, begun, head) VALUES (?, ?, ?, ?)
				ON CONFLICT (cluster, id) DO UPDATE SET head = excluded.head`, m.Cluster, m.ID, m.Begun.UnixNano(), head)
		}
	}
	if err == nil {
		_, err = tx.ExecContext(ctx, `INSERT INTO copies (cluster, id, store) VALUES (?, ?, ?) ON CONFLICT DO NOTHING`, m.Cluster, m.ID, store)
	}
	return err
}

// Forget notes that a store no longer has a backup. A backup that no store has is forgotten whole, its
// copies first: what they take is looked up in it.
func (c *Catalogue) Forget(ctx context.Context, cluster, id, store string) error {
	return c.file.Tx(ctx, "forget a backup", func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `DELETE FROM copies WHERE cluster = ? AND id = ? AND store = ?`, cluster, id, store)
		for _, table := range []string{"backups", "pieces", "records"} {
			if err == nil {
				_, err = tx.ExecContext(ctx, `DELETE FROM `+table+` WHERE cluster = ? AND id = ?
					AND NOT EXISTS (SELECT 1 FROM copies c WHERE c.cluster = `+table+`.cluster AND c.id = `+table+`.id)`, cluster, id)
			}
		}
		return err
	})
}

// AddRecord notes what was found of a backup.
func (c *Catalogue) AddRecord(ctx context.Context, r Record) error {
	return statefile.Wrap("note what was found of a backup", addRecord(ctx, c.db, r))
}

func addRecord(ctx context.Context, db execer, r Record) error {
	text, err := json.Marshal(r)
	if err == nil {
		_, err = db.ExecContext(ctx, `INSERT INTO records (cluster, id, ended, record) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING`,
			r.Cluster, r.Backup, r.Ended.UnixNano(), text)
	}
	return err
}

// An execer is the file itself, or a transaction of it.
type execer interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
}

// Entries returns the backups of a cluster, the oldest first; "" those of all clusters. Archived binary
// logs are not among them: see Pieces.
func (c *Catalogue) Entries(ctx context.Context, cluster string) ([]Entry, error) {
	var all []Entry
	index := map[[2]string]int{}
	const of = ` WHERE ? IN ('', cluster) `
	err := c.each(ctx, `SELECT cluster, id, head FROM backups`+of+`ORDER BY begun, id`, cluster, func(key [2]string, text string) error {
		var m Manifest
		if err := json.Unmarshal([]byte(text), &m); err != nil {
			return fmt.Errorf("read what is noted of %s: %w", key[1], err)
		}
		index[key] = len(all)
		all = append(all, Entry{Manifest: m})
		return nil
	})
	if err == nil { // CROSS: from the few backups to their copies, and not from those of all pieces
		err = c.each(ctx, `SELECT cluster, id, store FROM backups b CROSS JOIN copies c USING (cluster, id)`+of+`ORDER BY store`, cluster, func(key [2]string, store string) error {
			if i, found := index[key]; found {
				all[i].Stores = append(all[i].Stores, store)
			}
			return nil
		})
	}
	if err == nil {
		err = c.each(ctx, `SELECT cluster, id, record FROM backups b CROSS JOIN records r USING (cluster, id)`+of+`ORDER BY ended`, cluster, func(key [2]string, text string) error {
			var r Record
			i, found := index[key]
			if err := json.Unmarshal([]byte(text), &r); err != nil || !found {
				return err
			}
			all[i].Records = append(all[i].Records, r)
			return nil
		})
	}
	return all, statefile.Wrap("read the catalogue", err)
}

func (c *Catalogue) each(ctx context.Context, query, cluster string, row func(key [2]string, value string) error) error {
	rows, err := c.db.QueryContext(ctx, query, cluster)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var key [2]string
		var value string
		if err := errors.Join(rows.Scan(&key[0], &key[1], &value)); err != nil {
			return err
		}
		if err := row(key, value); err != nil {
			return err
		}
	}
	return rows.Err()
}

// Newest returns the newest record of that look.
func (e Entry) Newest(look Look) (Record, bool) {
	for i := len(e.Records) - 1; i >= 0; i-- {
		if e.Records[i].Look == look {
			return e.Records[i], true
		}
	}
	return Record{}, false
}

// Bad reports whether the newest look at the backup, of whatever kind, found something wrong.
func (e Entry) Bad() (why string, bad bool) {
	if n := len(e.Records); n > 0 && !e.Records[n-1].Good {
		return e.Records[n-1].Said, true
	}
	return "", false
}

// ProvenAt returns when the newest good proof restore ended, if nothing bad was found since.
func (e Entry) ProvenAt() (time.Time, bool) {
	if _, bad := e.Bad(); bad {
		return time.Time{}, false
	}
	r, found := e.Newest(Proven)
	return r.Ended, found && r.Good
}

// Writable reports whether the catalogue can be written to now, by writing to it.
func (c *Catalogue) Writable(ctx context.Context) error {
	return c.SetFired(ctx, "", "heartbeat", time.Now())
}
