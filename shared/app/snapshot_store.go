package app

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/andybalholm/brotli"

	"github.com/weir-engine/weir/shared/fault"
	"github.com/weir-engine/weir/shared/profile"
	"github.com/weir-engine/weir/shared/whatif/snapshot"
)

// A base keeps a snapshot of itself in its store. It is written as a generation of files that nobody knows of until a document names
// it as the current one, so that readers of the one before go on undisturbed; generations that were replaced a day ago are removed.
// Its shards are compressed, and small enough for one answer of a Lambda function.
const (
	docSnapshot     = "snapshot/current"
	docSnapshotWork = "snapshot/writing"

	storedShardRows = 1 << 16
	storedQuality   = 5       // of brotli: a third of the bytes at ten megabytes a second
	packedSuffix    = ".br"   // of files that are stored compressed
	shardSuffix     = ".weir" // of shards

	snapshotsKept  = 8         // the most of them: under a held clock time does not pass
	snapshotKept   = 24 * hour // how long a generation that was replaced stays for its readers
	snapshotResume = 12 * hour // how long an interrupted one may be gone on with
	snapshotDaily  = 24 * hour
	hour           = int64(time.Hour / time.Millisecond)
)

// SnapshotLate is the age in milliseconds from which a stored snapshot is late: it is made anew every day.
const SnapshotLate = 36 * hour

// StoredSnapshot is what is known of the snapshot that the base keeps of itself.
type StoredSnapshot struct {
	Generation string  `json:"generation"`
	AsOf       int64   `json:"as_of"`   // unix milliseconds: the moment that its columns are of
	Started    int64   `json:"started"` // nothing in it was read earlier
	Tuple      string  `json:"tuple"`   // see Live.Tuple
	Users      int64   `json:"users"`   // of the base
	Rows       int64   `json:"rows"`
	Bytes      int64   `json:"bytes"` // of its shards, uncompressed
	Shards     int     `json:"shards"`
	Lists      bool    `json:"lists,omitempty"`  // it has the lists of who is due
	People     bool    `json:"people,omitempty"` // it has its people, and figures of the whole base
	Parts      int     `json:"parts,omitempty"`  // the files of its people
	Replaced   []spent `json:"replaced,omitempty"`
}

// spent is a generation that another one replaced.
type spent struct {
	Generation string `json:"generation"`
	At         int64  `json:"at"`
}

// snapshotWork is how far a snapshot that is being written has come.
type snapshotWork struct {
	Generation string          `json:"generation,omitempty"` // "": none is being written
	AsOf       int64           `json:"as_of,omitempty"`
	Started    int64           `json:"started,omitempty"`
	Tuple      string          `json:"tuple,omitempty"`
	Users      int64           `json:"users,omitempty"`
	After      string          `json:"after,omitempty"` // the last user of the shards
	Done       int64           `json:"done,omitempty"`
	Shards     []snapshot.File `json:"shards,omitempty"`
	Refused    []string        `json:"refused,omitempty"`
	Due        []dueList       `json:"due,omitempty"` // the files of the due lists so far
	Parts      int             `json:"parts,omitempty"`
	Forgotten  int             `json:"forgotten,omitempty"` // tombstones when it was begun
}

// Tuple names the versions of the strategy, the cuts and the models that scores and decisions follow from.
func (l *Live) Tuple() string {
	cuts := ""
	if l.Cuts != nil {
		cuts = l.Cuts.Version
	}
	return strings.Join([]string{l.Version, cuts, l.Engine.Version()}, "/")
}

var snapshotNames = regexp.MustCompile(`^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$`)

// CheckSnapshotName refuses what is no name of a generation or of a file of one: Invalid.
func CheckSnapshotName(generation, name string) error {
	for _, s := range []string{generation, name} {
		if len(s) > 200 || !snapshotNames.MatchString(s) {
			return fault.New(fault.Invalid, "%q is no name of a snapshot's file", s)
		}
	}
	return nil
}

// CurrentSnapshot is the snapshot that the base keeps of itself; NotFound when there is none yet.
func (a *App) CurrentSnapshot(ctx context.Context) (StoredSnapshot, error) {
	s, _, err := a.storedSnapshot(ctx)
	if err == nil && s.Generation == "" {
		err = fault.New(fault.NotFound, "there is no snapshot yet").WithHint("make one: POST /v1/snapshot, or start weir run")
	}
	return s, err
}

func (a *App) storedSnapshot(ctx context.Context) (s StoredSnapshot, d Doc, err error) {
	d, err = a.getDoc(ctx, docSnapshot, &s)
	return s, d, err
}

// SnapshotAge is how many milliseconds ago, by the clock of the base, a stored snapshot was begun; at least 0.
func (a *App) SnapshotAge(ctx context.Context, s StoredSnapshot) (int64, error) {
	now, err := a.now(ctx)
	return max(now-s.Started, 0), err
}

// SnapshotDue reports whether a new snapshot should be made: there is none, it is a day old, another strategy or model is in force, or it
// is of an empty base that is empty no more.
func (a *App) SnapshotDue(ctx context.Context) (bool, error) {
	s, _, err := a.storedSnapshot(ctx)
	if err != nil {
		return false, err
	}
	live, err := a.Live(ctx)
	if err != nil {
		return false, err
	}
	now, err := a.now(ctx)
	if err != nil {
		return false, err
	}
	if s.Generation != "" && s.Users == 0 {
		users, err := a.ports.Profiles.Count(ctx)
		if err != nil || users > 0 {
			return true, err
		}
	}
	return s.Generation == "" || !s.Lists || !s.People || now-s.Started >= snapshotDaily || now < s.Started || s.Tuple != live.Tuple(), err
}

// SnapshotManifest reads the manifest of a stored snapshot.
func (a *App) SnapshotManifest(ctx context.Context, s StoredSnapshot) (*snapshot.Manifest, error) {
	text, err := a.ports.Shots.Get(ctx, s.Generation, snapshot.ManifestName)
	if err != nil {
		return nil, fault.Wrap(err, "read the manifest of the snapshot")
	}
	m := new(snapshot.Manifest)
	if err := json.Unmarshal(text, m); err != nil {
		return nil, fault.New(fault.Internal, "the manifest of the snapshot %s cannot be read", s.Generation).Because(err)
	}
	return m, nil
}

// SnapshotFiles reads the files of a stored snapshot by their path from its manifest: what SnapshotPlan and WhatIfSnapshot want.
func (a *App) SnapshotFiles(ctx context.Context, s StoredSnapshot) func(path string) ([]byte, error) {
	return (&storedFiles{ctx: ctx, port: a.ports.Shots, generation: s.Generation}).Read
}

// ShardName is the name of a shard beyond its generation: it never means another content.
func ShardName(generation, path string) string { return generation + "." + path }

var shardPaths = regexp.MustCompile(`^users-[0-9]{4,}-[0-9a-f]{12}\` + shardSuffix + `$`)

// SnapshotShard returns a shard by its name, compressed by brotli. NotFound when there is none, or its generation is gone.
func (a *App) SnapshotShard(ctx context.Context, name string) ([]byte, error) {
	generation, path, ok := strings.Cut(name, ".")
	if !ok || !shardPaths.MatchString(path) || CheckSnapshotName(generation, path) != nil {
		return nil, fault.New(fault.NotFound, "there is no shard %q", name).WithHint("their names stand in GET /v1/snapshot")
	}
	b, err := a.ports.Shots.Get(ctx, generation, path+packedSuffix)
	if fault.Is(err, fault.NotFound) {
		return nil, fault.New(fault.NotFound, "the shard %q is gone", name).WithHint("read GET /v1/snapshot again: a newer snapshot took its place").Because(err)
	}
	return b, err
}

// TakeSnapshot makes a snapshot of the base as it is now, keeps it in the store and makes it the current one. One that was interrupted
// is gone on with, under the same versions and within half a day: the shards that it has are kept. Memory is bounded. Unavailable
// when the context ends: repeat it.
func (a *App) TakeSnapshot(ctx context.Context, progress func(done, total int64)) (StoredSnapshot, error) {
	ctx, release, err := a.alone(ctx, docSnapshotLease, &a.shooting)
	if err != nil {
		return StoredSnapshot{}, err
	}
	defer release()
	s := &snapshotter{a: a, progress: progress}
	if err := s.begin(ctx); err != nil {
		return StoredSnapshot{}, err
	}
	m, err := s.write(ctx)
	if err != nil {
		return StoredSnapshot{}, fault.Wrap(err, "make the snapshot")
	}
	return s.publish(ctx, m)
}

// snapshotter makes one stored snapshot.
type snapshotter struct {
	a        *App
	live     *Live
	work     snapshotWork
	doc      Doc // work as it is stored
	graves   int // tombstones when it began to read
	progress func(done, total int64)
}

// begin goes on with what was interrupted, or starts anew.
func (s *snapshotter) begin(ctx context.Context) (err error) {
	if s.doc, err = s.a.getDoc(ctx, docSnapshotWork, &s.work); err != nil {
		return err
	}
	current, _, err := s.a.storedSnapshot(ctx)
	if err != nil {
		return err
	}
	clock, err := s.a.Clock(ctx)
	if err != nil {
		return err
	}
	if s.live, err = s.a.Live(ctx); err != nil {
		return err
	}
	if !s.live.Engine.Fits(s.live.Cuts) {
		if s.live, _, err = s.a.cutsAt(ctx, clock.AsOf); err != nil {
			return err
		}
	}
	w := &s.work
	if age := clock.Now - w.Started; w.Generation != "" && w.Generation != current.Generation && w.Tuple == s.live.Tuple() && age >= 0 && age < snapshotResume {
		return nil
	}
	return s.start(ctx, clock)
}

// start begins a generation.
func (s *snapshotter) start(ctx context.Context, clock Clock) error {
	users, err := s.a.ports.Profiles.Count(ctx)
	if err != nil {
		return fault.Wrap(err, "count the profiles")
	}
	graves, err := s.a.graves(ctx)
	if err != nil {
		return err
	}
	s.work = snapshotWork{
		Generation: time.UnixMilli(clock.Now).UTC().Format("20060102T150405Z") + "-" + formatInt(s.doc.Version+1),
		AsOf:       clock.AsOf, Started: clock.Now, Tuple: s.live.Tuple(), Users: users, Forgotten: len(graves.all),
	}
	return s.save(ctx)
}

// save records how far the work is. Conflict when another process does it too.
func (s *snapshotter) save(ctx context.Context) error {
	if err := s.a.putVersion(ctx, Doc{Key: docSnapshotWork, Version: s.doc.Version}, s.work); err != nil {
		return fault.Wrap(err, "record how far the snapshot is")
	}
	s.doc.Version++
	return nil
}

// write writes the files of the generation. After each shard it records how far it is.
func (s *snapshotter) write(ctx context.Context) (*snapshot.Manifest, error) {
	graves, err := s.a.graves(ctx)
	if err != nil {
		return nil, err
	}
	s.graves = len(graves.all)
	files := &storedFiles{ctx: ctx, port: s.a.ports.Shots, generation: s.work.Generation}
	w, err := snapshot.NewWriter(s.live.Engine, s.live.Cuts, snapshot.Options{
		Users: s.work.Users, AsOf: s.work.AsOf, Made: s.work.Started, Text: s.live.Text, Shard: s.a.rows, Rows: s.a.most, Named: true, Due: true,
	}, files)
	if err != nil {
		return nil, err
	}
	crowd, err := s.crowd(ctx)
	if err == nil {
		err = w.Resume(s.work.Shards, s.work.Refused)
	}
	if err != nil {
		if fault.Is(err, fault.Unavailable) {
			return nil, err
		}
		// A file that was kept is gone or damaged: the next try starts anew.
		s.work = snapshotWork{}
		return nil, errors.Join(err, s.save(ctx))
	}
	lists := &dueLists{from: s.work.Started, days: map[int64]*dueDay{}, files: slices.Clone(s.work.Due), put: func(name string, content []byte) error {
		return s.a.ports.Shots.Put(ctx, s.work.Generation, name, bytes.NewReader(content))
	}}
	err = s.a.eachBatchAfter(ctx, s.work.After, func(items []Item) error {
		if s.progress != nil {
			s.progress(s.work.Done, s.work.Users)
		}
		listed := 0
		list := func(until *Item) error { // who is no row may be due all the same
			for ; listed < len(items); listed++ {
				if err := lists.add(&items[listed]); err != nil {
					return err
				}
				if &items[listed] == until {
					listed++
					break
				}
			}
			return nil
		}
		err := s.a.factsOf(ctx, s.live, items, s.work.AsOf, func(item *Item, facts *profile.Facts, state *profile.State) error {
			s.work.Done++
			w.Due(item.Due)
			if err := w.Add(item.Key, facts, state); err != nil {
				return err
			}
			full := len(w.Shards()) > len(s.work.Shards)
			if err := crowd.add(item.Key, facts, state, full); err != nil {
				return err
			}
			if err := list(item); err != nil || !full {
				return err
			}
			if err := errors.Join(lists.flush(), crowd.keep(len(w.Shards()))); err != nil {
				return err
			}
			s.work.Parts = crowd.parts
			s.work.After, s.work.Shards, s.work.Refused, s.work.Due = item.Key, slices.Clone(w.Shards()), w.Refused(), slices.Clone(lists.files)
			return s.save(ctx)
		})
		if err != nil {
			return err
		}
		return list(nil)
	})
	if err != nil {
		return nil, err
	}
	if err := s.putLists(ctx, lists); err != nil {
		return nil, err
	}
	if err := crowd.close(); err != nil {
		return nil, err
	}
	s.work.Parts = crowd.parts
	return w.Close()
}

// putLists writes what is left of the due lists, and which files they are.
func (s *snapshotter) putLists(ctx context.Context, lists *dueLists) error {
	if err := lists.flush(); err != nil {
		return err
	}
	text, err := json.Marshal(append([]dueList{}, lists.files...))
	if err != nil {
		return fault.New(fault.Internal, "the due lists cannot be written").Because(err)
	}
	if err := s.a.ports.Shots.Put(ctx, s.work.Generation, dueListName, bytes.NewReader(text)); err != nil {
		return err
	}
	graves, err := s.a.graves(ctx)
	if err != nil || len(graves.all) == s.graves {
		return err
	}
	return s.a.eraseDueIn(ctx, s.work.Generation, lists.files, graves.holds) // somebody was forgotten after the snapshot had read them
}

// publish makes the generation the current one, and removes those that nobody can be reading any more.
func (s *snapshotter) publish(ctx context.Context, m *snapshot.Manifest) (StoredSnapshot, error) {
	if err := s.forgetMeanwhile(ctx); err != nil {
		return StoredSnapshot{}, err
	}
	before, doc, err := s.a.storedSnapshot(ctx)
	if err != nil {
		return StoredSnapshot{}, err
	}
	now, err := s.a.now(ctx)
	if err != nil {
		return StoredSnapshot{}, err
	}
	next := StoredSnapshot{
		Generation: s.work.Generation, AsOf: m.AsOf, Started: s.work.Started, Tuple: s.work.Tuple, Users: m.Users, Rows: m.Rows, Shards: len(m.Shards), Lists: true,
		People: true, Parts: s.work.Parts,
	}
	for _, f := range m.Shards {
		next.Bytes += f.Bytes
	}
	if before.Generation != "" {
		next.Replaced = append([]spent{{before.Generation, now}}, before.Replaced...)
	}
	next.Replaced = slices.DeleteFunc(next.Replaced, func(g spent) bool { return now-g.At >= snapshotKept || now < g.At })
	next.Replaced = next.Replaced[:min(len(next.Replaced), snapshotsKept)]
	if err := s.a.putVersion(ctx, Doc{Key: docSnapshot, Version: doc.Version}, next); err != nil {
		return next, fault.Wrap(err, "make the snapshot the current one")
	}
	s.work = snapshotWork{}
	if err := s.save(ctx); err != nil {
		return next, err
	}
	return next, s.a.removeSpent(ctx, next)
}

// removeSpent removes the generations that are neither current nor kept for their readers.
func (a *App) removeSpent(ctx context.Context, current StoredSnapshot) error {
	all, err := a.ports.Shots.Generations(ctx)
	if err != nil {
		return fault.Wrap(err, "list the snapshots")
	}
	for _, generation := range all {
		kept := slices.ContainsFunc(current.Replaced, func(g spent) bool { return g.Generation == generation })
		if kept || generation == current.Generation {
			continue
		}
		if err := a.ports.Shots.Remove(ctx, generation); err != nil {
			return fault.Wrap(err, "remove the snapshot %s", generation)
		}
	}
	return nil
}

// storedFiles implements snapshot.Files over a generation. Shards are compressed.
type storedFiles struct {
	ctx        context.Context
	port       Snapshots
	generation string
}

// Create implements snapshot.Files.
func (f *storedFiles) Create(path string) (io.WriteCloser, error) {
	if strings.HasSuffix(path, shardSuffix) {
		p := &packing{files: f, name: path + packedSuffix}
		p.Writer = brotli.NewWriterLevel(&p.packed, storedQuality)
		return p, nil
	}
	r, w := io.Pipe()
	s := &storing{PipeWriter: w, done: make(chan error, 1)}
	go func() {
		err := fault.Do(func() error { return f.port.Put(f.ctx, f.generation, path, r) })
		_ = r.CloseWithError(err)
		s.done <- err
	}()
	return s, nil
}

// Read implements snapshot.Files.
func (f *storedFiles) Read(path string) ([]byte, error) {
	if !strings.HasSuffix(path, shardSuffix) {
		return f.port.Get(f.ctx, f.generation, path)
	}
	packed, err := f.port.Get(f.ctx, f.generation, path+packedSuffix)
	if err != nil {
		return nil, err
	}
	return Unpack(packed)
}

// Unpack undoes the compression of a shard.
func Unpack(packed []byte) ([]byte, error) {
	b, err := io.ReadAll(io.LimitReader(brotli.NewReader(bytes.NewReader(packed)), maxUnpacked+1))
	if err != nil || len(b) > maxUnpacked {
		return nil, fault.New(fault.Internal, "a shard of the snapshot is damaged").WithHint("make a new snapshot").Because(err)
	}
	return b, nil
}

// maxUnpacked bounds the bytes of a shard.
const maxUnpacked = 256 << 20

// packing keeps a file compressed until it is closed, and stores it then.
type packing struct {
	*brotli.Writer
	files  *storedFiles
	name   string
	packed bytes.Buffer
}

// Close implements io.Closer.
func (p *packing) Close() error {
	if err := p.Writer.Close(); err != nil {
		return err
	}
	return p.files.port.Put(p.files.ctx, p.files.generation, p.name, bytes.NewReader(p.packed.Bytes()))
}

// storing hands a file to the store while it is written.
type storing struct {
	*io.PipeWriter
	done chan error
}

// Close implements io.Closer: it waits until the file is stored.
func (s *storing) Close() error {
	_ = s.PipeWriter.Close() // never fails
	return <-s.done
}
