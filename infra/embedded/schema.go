package embedded

import (
	"context"
	"strconv"

	"github.com/ncruces/go-sqlite3"

	"github.com/weir-engine/weir/shared/fault"
)

// migrations bring a database from each version of its schema to the next. Those that were released never change.
var migrations = []string{schemaV1, schemaObjects, schemaContacts, schemaHeld, schemaPlans, schemaDue, schemaSuppressions, schemaSent}

// The profiles table is clustered by the hash of the key: a chunk of a file holds one range of hashes, so that its users lie
// together. `hash` is event.UserHash(key), moved on by one while another key holds the place; `key` decides. Decisions are
// clustered the same way.
const schemaV1 = `
CREATE TABLE settings(name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;

CREATE TABLE counters(name TEXT PRIMARY KEY, n INTEGER NOT NULL) WITHOUT ROWID;

CREATE TABLE profiles(
	hash INTEGER PRIMARY KEY,
	key TEXT NOT NULL UNIQUE,
	version INTEGER NOT NULL,
	facts BLOB NOT NULL,
	state BLOB NOT NULL,
	recent BLOB NOT NULL,
	marks BLOB NOT NULL,
	rebase INTEGER NOT NULL
);

CREATE TABLE decisions(
	hash INTEGER NOT NULL,
	key TEXT NOT NULL,
	seq INTEGER NOT NULL,
	as_of INTEGER NOT NULL,
	record BLOB NOT NULL,
	PRIMARY KEY(hash, key, seq)
) WITHOUT ROWID;

CREATE TABLE intents(
	id TEXT NOT NULL UNIQUE,
	key TEXT NOT NULL,
	rule TEXT NOT NULL,
	template TEXT NOT NULL,
	channel TEXT NOT NULL,
	episode INTEGER NOT NULL,
	shadow INTEGER NOT NULL,
	strategy TEXT NOT NULL,
	as_of INTEGER NOT NULL,
	due INTEGER NOT NULL,
	reasons BLOB NOT NULL,
	status TEXT NOT NULL,
	why TEXT NOT NULL,
	claimed INTEGER NOT NULL,
	settled INTEGER NOT NULL,
	subject TEXT NOT NULL,
	body TEXT NOT NULL
);
CREATE INDEX intents_newest ON intents(as_of DESC, id);
CREATE INDEX intents_status ON intents(status, as_of DESC, id);
CREATE INDEX intents_key ON intents(key, as_of DESC, id);
CREATE INDEX intents_rule ON intents(rule, as_of DESC, id);

CREATE TABLE claims(day INTEGER PRIMARY KEY, n INTEGER NOT NULL);

CREATE TABLE link_facts(
	a TEXT NOT NULL,
	b TEXT NOT NULL,
	alias INTEGER NOT NULL,
	time INTEGER NOT NULL,
	source TEXT NOT NULL,
	revoked INTEGER NOT NULL,
	PRIMARY KEY(a, b, alias)
) WITHOUT ROWID;
CREATE INDEX link_facts_b ON link_facts(b);

CREATE TABLE pointers(id TEXT PRIMARY KEY, canonical TEXT NOT NULL) WITHOUT ROWID;

CREATE TABLE files(
	seq INTEGER PRIMARY KEY,
	id TEXT NOT NULL UNIQUE,
	version INTEGER NOT NULL,
	name TEXT NOT NULL,
	key TEXT NOT NULL,
	size INTEGER NOT NULL,
	arrived INTEGER NOT NULL,
	as_of INTEGER NOT NULL,
	backfill INTEGER NOT NULL,
	mapping TEXT NOT NULL,
	redrive TEXT NOT NULL,
	chunks INTEGER NOT NULL,
	status TEXT NOT NULL,
	error TEXT NOT NULL,
	events INTEGER NOT NULL,
	accepted INTEGER NOT NULL,
	rejected INTEGER NOT NULL,
	duplicates INTEGER NOT NULL,
	users INTEGER NOT NULL,
	finished INTEGER NOT NULL
);
CREATE INDEX files_newest ON files(arrived DESC, seq DESC);

CREATE TABLE chunks(
	file TEXT NOT NULL,
	chunk INTEGER NOT NULL,
	state INTEGER NOT NULL,
	events INTEGER NOT NULL,
	accepted INTEGER NOT NULL,
	rejected INTEGER NOT NULL,
	duplicates INTEGER NOT NULL,
	users INTEGER NOT NULL,
	PRIMARY KEY(file, chunk)
) WITHOUT ROWID;

CREATE TABLE rejects(
	file TEXT NOT NULL,
	line INTEGER NOT NULL,
	reason TEXT NOT NULL,
	message TEXT NOT NULL,
	text BLOB NOT NULL,
	header BLOB NOT NULL,
	at INTEGER NOT NULL,
	redrive TEXT NOT NULL,
	PRIMARY KEY(file, line, reason)
) WITHOUT ROWID;
CREATE INDEX rejects_waiting ON rejects(reason) WHERE redrive = '';
CREATE TABLE reject_files(file TEXT PRIMARY KEY) WITHOUT ROWID;

CREATE TABLE docs(
	key TEXT PRIMARY KEY,
	version INTEGER NOT NULL,
	value BLOB NOT NULL,
	at INTEGER NOT NULL
) WITHOUT ROWID;
`

// What the import of a file consumed of a table that is paid by use, and which version of an object it read. Neither exists on one
// machine; the columns are here so that a ledger is the same everywhere.
const schemaObjects = `
ALTER TABLE files ADD COLUMN reads REAL NOT NULL DEFAULT 0;
ALTER TABLE files ADD COLUMN writes REAL NOT NULL DEFAULT 0;
ALTER TABLE files ADD COLUMN object TEXT NOT NULL DEFAULT '';
ALTER TABLE files ADD COLUMN etag TEXT NOT NULL DEFAULT '';
ALTER TABLE chunks ADD COLUMN reads REAL NOT NULL DEFAULT 0;
ALTER TABLE chunks ADD COLUMN writes REAL NOT NULL DEFAULT 0;
`

// A room is the data key and the sealed addresses of an id; room_refs finds the ids of an address.
const schemaContacts = `
CREATE TABLE rooms(
	id TEXT PRIMARY KEY,
	version INTEGER NOT NULL,
	key BLOB NOT NULL,
	contacts BLOB NOT NULL
) WITHOUT ROWID;
CREATE TABLE room_refs(ref TEXT NOT NULL, id TEXT NOT NULL, PRIMARY KEY(ref, id)) WITHOUT ROWID;
CREATE INDEX room_refs_id ON room_refs(id);
ALTER TABLE files ADD COLUMN forgotten INTEGER NOT NULL DEFAULT 0;
`

// schemaHeld is when a pending intent may be tried.
const schemaHeld = "ALTER TABLE intents ADD COLUMN held INTEGER NOT NULL DEFAULT 0"

// The tracking plan that a file arrived under.
const schemaPlans = "ALTER TABLE files ADD COLUMN plan INTEGER NOT NULL DEFAULT 0;"

// schemaDue adds when a decision is due, and the index of who is due soon.
const schemaDue = `
ALTER TABLE profiles ADD COLUMN due INTEGER NOT NULL DEFAULT 0;
ALTER TABLE profiles ADD COLUMN soon INTEGER NOT NULL DEFAULT 0;
CREATE INDEX profiles_due ON profiles(due, hash) WHERE soon = 1;
`

const schemaSuppressions = `
CREATE TABLE suppressions(
	who TEXT NOT NULL,
	channel TEXT NOT NULL,
	topic TEXT NOT NULL,
	reason TEXT NOT NULL,
	source TEXT NOT NULL,
	note TEXT NOT NULL,
	at INTEGER NOT NULL,
	PRIMARY KEY(who, channel, topic)
) WITHOUT ROWID;
`

// schemaSent adds the messages of each user that caps count: an outreach.Log.
const schemaSent = "CREATE TABLE sent(key TEXT PRIMARY KEY, log BLOB NOT NULL) WITHOUT ROWID"

// migrate brings the schema to the newest version, in one transaction.
func (d *database) migrate() error {
	return d.writer.transact("BEGIN IMMEDIATE", func(c *connection) error {
		version, err := schemaVersion(c)
		if err != nil {
			return err
		}
		if version > len(migrations) {
			return newerFault(d.path)
		}
		for _, m := range migrations[version:] {
			if err := c.Exec(m); err != nil {
				return err
			}
		}
		return c.Exec("PRAGMA user_version=" + strconv.Itoa(len(migrations)))
	})
}

// checkVersion refuses a database that this program cannot read.
func (d *database) checkVersion() error {
	return d.read(context.Background(), "open the database", func(c *connection) error {
		version, err := schemaVersion(c)
		switch {
		case err != nil:
			return err
		case version > len(migrations):
			return newerFault(d.path)
		case version < len(migrations):
			return fault.New(fault.Conflict, "the database %s was written by an older Weir", d.path).
				WithHint("run a command that writes once, such as weir import or weir run: it brings the database up to date")
		}
		return nil
	})
}

func newerFault(path string) error {
	return fault.New(fault.Conflict, "the database %s was written by a newer Weir", path).
		WithHint("use that version of Weir, or another data folder")
}

func schemaVersion(c *connection) (version int, err error) {
	err = c.query(func(s *sqlite3.Stmt) error { version = s.ColumnInt(0); return nil }, "PRAGMA user_version")
	return version, err
}

// buckets returns the number of hash buckets of the base; a new base gets wanted.
func (d *database) buckets(wanted int) (n int, err error) {
	ctx := context.Background()
	if !d.readOnly {
		if err := d.write(ctx, "record the number of buckets", func(c *connection) error {
			_, err := c.exec("INSERT OR IGNORE INTO settings(name, value) VALUES('buckets', ?)", strconv.Itoa(wanted))
			return err
		}); err != nil {
			return 0, err
		}
	}
	err = d.read(ctx, "read the number of buckets", func(c *connection) error {
		return c.query(func(s *sqlite3.Stmt) error { n = s.ColumnInt(0); return nil },
			"SELECT CAST(value AS INTEGER) FROM settings WHERE name = 'buckets'")
	})
	if err == nil && (n < 1 || n > 256 || n&(n-1) != 0) {
		return 0, fault.New(fault.Internal, "the database %s names no number of buckets", d.path)
	}
	return n, err
}
