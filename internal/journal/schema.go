package journal

// migrations are the tables; see statefile.Open.
var migrations = []string{`
CREATE TABLE heartbeat (id INTEGER PRIMARY KEY, at INTEGER NOT NULL);

CREATE TABLE hints (
	id INTEGER PRIMARY KEY,
	cluster TEXT NOT NULL,
	node TEXT NOT NULL,
	alert TEXT NOT NULL,
	fingerprint TEXT NOT NULL,
	starts_at INTEGER NOT NULL,
	resolved INTEGER NOT NULL,
	first INTEGER NOT NULL,
	last INTEGER NOT NULL,
	count INTEGER NOT NULL,
	pending INTEGER NOT NULL,
	UNIQUE (cluster, fingerprint, starts_at)
);
CREATE INDEX hints_pending ON hints (cluster) WHERE pending = 1;

CREATE TABLE incidents (
	id TEXT PRIMARY KEY,
	cluster TEXT NOT NULL,
	problem TEXT NOT NULL,
	node TEXT NOT NULL,
	state TEXT NOT NULL,
	summary TEXT NOT NULL,
	told TEXT NOT NULL DEFAULT '',
	opened INTEGER NOT NULL,
	updated INTEGER NOT NULL,
	closed INTEGER,
	plan TEXT,
	approved_plan TEXT,
	approved_by TEXT,
	approved_at INTEGER
);
CREATE UNIQUE INDEX incidents_open ON incidents (cluster, problem, node) WHERE closed IS NULL;

CREATE TABLE events (
	id INTEGER PRIMARY KEY,
	incident TEXT NOT NULL,
	at INTEGER NOT NULL,
	kind TEXT NOT NULL,
	node TEXT NOT NULL,
	text TEXT NOT NULL
);
CREATE INDEX events_incident ON events (incident, id);

CREATE TABLE intents (
	id TEXT PRIMARY KEY,
	incident TEXT NOT NULL REFERENCES incidents (id),
	cluster TEXT NOT NULL,
	node TEXT NOT NULL,
	plan TEXT NOT NULL,
	begun INTEGER NOT NULL,
	finished INTEGER,
	outcome TEXT
);
CREATE INDEX intents_cluster ON intents (cluster, begun);
CREATE UNIQUE INDEX intents_unfinished ON intents (cluster) WHERE finished IS NULL;

CREATE TABLE steps (
	intent TEXT NOT NULL REFERENCES intents (id),
	number INTEGER NOT NULL,
	begun INTEGER NOT NULL,
	ended INTEGER,
	outcome TEXT,
	PRIMARY KEY (intent, number)
);

CREATE TABLE maintenance (
	cluster TEXT PRIMARY KEY,
	since INTEGER NOT NULL,
	until INTEGER NOT NULL,
	person TEXT NOT NULL,
	why TEXT NOT NULL
);

CREATE TABLE outbox (
	id INTEGER PRIMARY KEY,
	incident TEXT NOT NULL,
	at INTEGER NOT NULL,
	text TEXT NOT NULL,
	sent INTEGER
);
CREATE INDEX outbox_unsent ON outbox (id) WHERE sent IS NULL;
`}
