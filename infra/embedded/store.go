// Package embedded keeps everything Weir needs on one machine: the ports of shared/app over a folder, a SQLite database and
// Parquet files. One process at a time writes to a data folder; commands that only read take no lock.
//
//	events/                                                  the bucket that event files arrive in
//	canonical/bucket=NN/month=YYYY-MM/<file>-<chunk>.parquet the accepted events
//	outbox/                                                  one file a delivered message, named by the intent's id
//	snapshots/<generation>/                                  the base as columns, for what-ifs
//	weir.db                                                  profiles, decisions, intents, ledger, links, rejects, documents
//	scratch/                                                 room for one pass over a file; emptied at each start
//	keys                                                     the keys of contact data, for the owner's eyes alone; made when first needed
//	forgotten                                                keyed hashes of the ids that were forgotten
//	lock                                                     held by the process that writes
package embedded

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync"

	"github.com/weir-engine/weir/infra/canonical"
	"github.com/weir-engine/weir/infra/disk"
	"github.com/weir-engine/weir/infra/zones"
	"github.com/weir-engine/weir/shared/app"
	"github.com/weir-engine/weir/shared/fault"
	"github.com/weir-engine/weir/shared/strategy"
)

// The names inside a data folder.
const (
	eventsDir    = "events"
	canonicalDir = "canonical"
	outboxDir    = "outbox"
	snapshotsDir = "snapshots"
	scratchDir   = "scratch"
	databaseName = "weir.db"
	lockName     = "lock"
	keysName     = "keys"
	tombsName    = "forgotten"
)

// DefaultBuckets is the number of hash buckets of a new base.
const DefaultBuckets = 16

// Options says how a data folder is opened.
type Options struct {
	// ReadOnly opens an existing folder beside a process that writes to it, without taking the lock. Every write fails with
	// Forbidden.
	ReadOnly bool
	// Buckets is the number of hash buckets of a new base, a power of two up to 256; 0: DefaultBuckets. A base keeps the
	// number it was made with.
	Buckets int
	// KeepDays is how long event files are kept as they arrived, and quarantined lines; 0: until somebody removes them.
	KeepDays int
	// NoSync leaves out fsync. For tests: a power cut may then lose what was reported as written.
	NoSync bool
}

// Store is an open data folder.
type Store struct {
	dir     string
	options Options
	lock    *os.File
	db      *database
	canon   *canonical.Canon
	keys    *keys
	zones   zones.Table
	close   sync.Once
	failure error
}

// Open opens the data folder dir, and makes it when it is not there. Errors: Conflict when another process writes to it,
// NotFound when it is opened for reading and holds no base, Internal when the database is damaged, Unavailable when the
// disk is full.
func Open(dir string, o Options) (*Store, error) {
	if o.Buckets == 0 {
		o.Buckets = DefaultBuckets
	}
	if o.Buckets < 1 || o.Buckets > 256 || o.Buckets&(o.Buckets-1) != 0 {
		return nil, fault.New(fault.Invalid, "%d is not a number of buckets", o.Buckets).WithHint("use a power of two up to 256")
	}
	s := &Store{dir: dir, options: o}
	s.keys = &keys{path: s.path(keysName), options: o}
	if err := s.open(); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

func (s *Store) open() error {
	if s.options.ReadOnly {
		if _, err := os.Stat(s.path(databaseName)); errors.Is(err, os.ErrNotExist) {
			return fault.New(fault.NotFound, "%s holds no base", s.dir).
				WithHint("name the data folder with --data, or import events first: weir import FILE")
		}
	} else if err := s.prepare(); err != nil {
		return err
	}
	var err error
	if s.db, err = openDatabase(s.path(databaseName), s.options); err != nil {
		return err
	}
	buckets, err := s.db.buckets(s.options.Buckets)
	if err != nil {
		return err
	}
	s.canon = canonical.New(canonical.Folder{Dir: s.path(canonicalDir), NoSync: s.options.NoSync}, s.path(scratchDir), buckets)
	return nil
}

// prepare makes the folders, takes the lock and removes what a process that died left behind.
func (s *Store) prepare() error {
	for _, name := range []string{".", eventsDir, canonicalDir, outboxDir, snapshotsDir, scratchDir} {
		if err := os.MkdirAll(s.path(name), 0o755); err != nil {
			return disk.Fault(err, "make the data folder %s", s.dir)
		}
	}
	var err error
	if s.lock, err = takeLock(s.path(lockName), s.dir); err != nil {
		return err
	}
	if err := disk.EmptyDir(s.path(scratchDir)); err != nil {
		return disk.Fault(err, "empty %s", s.path(scratchDir))
	}
	return disk.RemoveTemporaries(s.path(eventsDir), s.path(outboxDir), s.path(snapshotsDir))
}

// Ports returns the ports over the folder, with clock as the time in unix milliseconds.
func (s *Store) Ports(clock func() int64) app.Ports {
	p := app.Ports{
		Uploads:      &uploads{dir: s.path(eventsDir), options: s.options},
		Ledger:       &ledger{s.db},
		Profiles:     &profiles{db: s.db, outbox: s.path(outboxDir)},
		Links:        &links{s.db},
		Canon:        s.canon,
		Rejects:      &rejects{s.db},
		Intents:      &intents{s.db},
		Suppressions: &suppressions{s.db},
		Docs:         &docs{s.db},
		Contacts:     &contacts{db: s.db, keys: s.keys, tombs: s.path(tombsName), options: s.options},
		Shots:        &snapshots{dir: s.path(snapshotsDir), options: s.options},
		Scratch:      &disk.Scratch{Dir: s.path(scratchDir)},
		Channels: map[string]app.Channel{
			OutboxChannel:         &outbox{dir: s.path(outboxDir), options: s.options},
			strategy.ChannelEmail: &outbox{dir: s.path(outboxDir), options: s.options},
		},
		Periods: app.Periods{Uploads: s.options.KeepDays},
		Clock:   clock,
		Zones:   s.zones.Load,
	}
	if s.options.ReadOnly {
		p.Canon, p.Scratch = readOnlyCanon{p.Canon}, readOnlyScratch{}
	}
	return p
}

// CanonStats counts what reading canonical files has touched since the store was opened.
func (s *Store) CanonStats() canonical.Stats { return s.canon.Stats() }

// Dir is the data folder.
func (s *Store) Dir() string { return s.dir }

// Close writes the log back into the database and gives the lock free. It may be called again.
func (s *Store) Close() error {
	s.close.Do(func() {
		if s.db != nil {
			s.failure = s.db.close()
		}
		if s.lock != nil {
			s.failure = errors.Join(s.failure, s.lock.Close())
		}
	})
	return s.failure
}

func (s *Store) path(name string) string { return filepath.Join(s.dir, name) }

// readOnlyCanon refuses writes.
type readOnlyCanon struct{ app.Canon }

// Write implements app.Canon.
func (readOnlyCanon) Write(context.Context, string, int, int, []app.Row) error { return errReadOnly() }

// Drop implements app.Canon.
func (readOnlyCanon) Drop(context.Context, string) error { return errReadOnly() }

// Erase implements app.Canon.
func (readOnlyCanon) Erase(context.Context, []string) (int64, error) { return 0, errReadOnly() }

// Compact implements app.Canon.
func (readOnlyCanon) Compact(context.Context, int, bool, func([]app.Row) ([]app.Row, error)) (app.Compacted, error) {
	return app.Compacted{}, errReadOnly()
}

// readOnlyScratch refuses to make scratch files.
type readOnlyScratch struct{}

// Open implements app.Scratch.
func (readOnlyScratch) Open(context.Context, int) (app.Spill, error) { return nil, errReadOnly() }

// errReadOnly is what writes to a store that was opened for reading return.
func errReadOnly() error {
	return fault.New(fault.Forbidden, "the data folder was opened for reading").
		WithHint("run a command that opens it for writing")
}
