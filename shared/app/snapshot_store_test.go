package app_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/weir-engine/weir/shared/app"
	"github.com/weir-engine/weir/shared/fault"
	"github.com/weir-engine/weir/shared/porttest"
	shot "github.com/weir-engine/weir/shared/whatif/snapshot"
)

// folder keeps the files of a snapshot in memory.
type folder map[string]*bytes.Buffer

func (f folder) Create(path string) (io.WriteCloser, error) {
	f[path] = new(bytes.Buffer)
	return closer{f[path]}, nil
}

func (f folder) Read(path string) ([]byte, error) { return f[path].Bytes(), nil }

type closer struct{ io.Writer }

func (closer) Close() error { return nil }

// buyers is a file of users with one order each.
func buyers(n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(bought(fmt.Sprint("m", i), fmt.Sprintf("u%03d", i), "2026-01-0"+fmt.Sprint(1+i%7)+"T10:00:00Z", 1+i%50))
	}
	return b.String()
}

// shots is a base whose snapshots have shards of ten users.
func shots(t *testing.T, users int) *base {
	b := &base{t: t, dir: t.TempDir(), now: at("2026-01-10T00:00:00Z"), opts: app.Options{ShardRows: 10}}
	b.open()
	t.Cleanup(func() { _ = b.store.Close() })
	b.load(buyers(users))
	return b
}

func (b *base) take() app.StoredSnapshot {
	b.t.Helper()
	s, err := b.app.TakeSnapshot(context.Background(), nil)
	if err != nil {
		b.t.Fatal(err)
	}
	return s
}

// whole reads every shard of a snapshot through its public names, and fails when one is not what the manifest says.
func (b *base) whole(s app.StoredSnapshot) *shot.Manifest {
	b.t.Helper()
	m, err := b.app.SnapshotManifest(context.Background(), s)
	if err != nil {
		b.t.Fatal(err)
	}
	for _, f := range m.Shards {
		packed, err := b.app.SnapshotShard(context.Background(), app.ShardName(s.Generation, f.Path))
		if err != nil {
			b.t.Fatal(err)
		}
		if plain, err := app.Unpack(packed); err != nil || int64(len(plain)) != f.Bytes {
			b.t.Fatalf("%s has %d bytes, %v", f.Path, len(plain), err)
		}
	}
	snap, err := shot.Open(b.app.SnapshotFiles(context.Background(), s))
	if err != nil {
		b.t.Fatal(err)
	}
	if _, err := snap.Base(); err != nil { // checks the hashes
		b.t.Fatal(err)
	}
	return m
}

func TestStoredSnapshot(t *testing.T) {
	ctx := context.Background()
	b := shots(t, 35)
	if _, err := b.app.CurrentSnapshot(ctx); !fault.Is(err, fault.NotFound) || fault.HintOf(err) == "" {
		t.Fatalf("without a snapshot: %v", err)
	}
	if due, err := b.app.SnapshotDue(ctx); err != nil || !due {
		t.Fatal(due, err)
	}
	first := b.take()
	m := b.whole(first)
	if !slices.ContainsFunc(m.Columns, func(c shot.Column) bool { return c.Ref == shot.ColDue && c.Kind == "day" }) {
		t.Error("there is no column of who is due")
	}
	if m.Rows != 35 || len(m.Shards) != 4 || first.Shards != 4 || m.Users != 35 || first.Rows != 35 {
		t.Fatalf("%+v", first)
	}
	if due, err := b.app.SnapshotDue(ctx); err != nil || due {
		t.Error("a new one is due at once", err)
	}

	// The same report as from the base itself, and from a folder.
	files := folder{}
	if _, err := b.app.Snapshot(ctx, app.SnapshotRequest{}, files); err != nil {
		t.Fatal(err)
	}
	live, err := b.app.Strategy(ctx)
	if err != nil {
		t.Fatal(err)
	}
	text := []byte(strings.Replace(live.Text, "silent_days: 60", "silent_days: 5", 1))
	stored, _, err := app.WhatIfSnapshot(b.app.SnapshotFiles(ctx, first), text)
	if err != nil {
		t.Fatal(err)
	}
	fromFolder, _, err := app.WhatIfSnapshot(files.Read, text)
	if err != nil || !reflect.DeepEqual(stored, fromFolder) {
		t.Fatalf("the stored snapshot says %+v, a folder %+v, %v", stored.Report, fromFolder.Report, err)
	}

	// A new one takes its place, and whoever reads the old one goes on.
	b.now += 25 * 3_600_000
	if due, err := b.app.SnapshotDue(ctx); err != nil || !due {
		t.Error("after a day none is due", err)
	}
	second := b.take()
	if now, err := b.app.CurrentSnapshot(ctx); err != nil || now.Generation != second.Generation || second.Generation == first.Generation {
		t.Fatalf("%+v, %v", now, err)
	}
	b.whole(first)
	b.whole(second)
	b.now += 25 * 3_600_000
	third := b.take()
	if _, err := b.app.SnapshotShard(ctx, app.ShardName(first.Generation, m.Shards[0].Path)); !fault.Is(err, fault.NotFound) || fault.HintOf(err) == "" {
		t.Errorf("a snapshot of two days ago: %v", err)
	}
	b.whole(second)
	b.whole(third)
	for _, name := range []string{"", ".", "x", first.Generation + ".manifest.json", second.Generation + ".manifest.json", second.Generation + "..", "../" + second.Generation + ".users-0001-000000000000.weir"} {
		if _, err := b.app.SnapshotShard(ctx, name); !fault.Is(err, fault.NotFound) {
			t.Errorf("%q: %v", name, err)
		}
	}
}

// A held clock makes no two generations of one name, and keeps a bounded number of them.
func TestSnapshotsUnderAHeldClock(t *testing.T) {
	b := shots(t, 5)
	seen := map[string]bool{}
	for range 12 {
		s := b.take()
		if seen[s.Generation] {
			t.Fatalf("%s came twice", s.Generation)
		}
		seen[s.Generation] = true
	}
	all, err := b.store.Ports(nil).Shots.Generations(context.Background())
	if err != nil || len(all) != 9 {
		t.Errorf("%d generations are kept, %v", len(all), err)
	}
}

// TestSnapshotKilled kills the making of a snapshot at every call, before and after its effect, and makes it again: readers always
// have a whole one, and shards that were recorded are not written again.
func TestSnapshotKilled(t *testing.T) {
	ctx := context.Background()
	b := shots(t, 35)
	before := b.take()
	b.load(bought("new", "v", "2026-01-10T00:00:00Z", 5))
	died := errors.New("killed")
	for call := 1; ; call++ {
		finished := false
		for _, after := range []bool{false, true} {
			ports, faults := porttest.Faulty(b.store.Ports(func() int64 { return b.now }))
			dying, err := app.New(ctx, ports, b.opts)
			if err != nil {
				t.Fatal(err)
			}
			faults.Begin(porttest.Plan{Call: call, After: after, Dead: true, Err: died})
			_, err = dying.TakeSnapshot(ctx, nil)
			finished = finished || !faults.Hit()
			if faults.Hit() && err == nil {
				t.Fatalf("call %d: the death went unnoticed", call)
			}
			current, err := b.app.CurrentSnapshot(ctx)
			if err != nil {
				t.Fatal(err)
			}
			b.whole(current)
			b.whole(before)
			before = current
			ports, faults = porttest.Faulty(b.store.Ports(func() int64 { return b.now }))
			again, err := app.New(ctx, ports, b.opts)
			if err != nil {
				t.Fatal(err)
			}
			work, err := ports.Docs.Get(ctx, "snapshot/writing")
			if err != nil {
				t.Fatal(err)
			}
			kept := bytes.Count(work.Value, []byte(`"path"`))
			faults.Begin(porttest.Plan{})
			s, err := again.TakeSnapshot(ctx, nil)
			if err != nil {
				t.Fatalf("call %d: %v", call, err)
			}
			if m := b.whole(s); m.Rows != 36 || m.Users != 36 {
				t.Fatalf("call %d: %d rows", call, m.Rows)
			}
			puts := 0
			for _, name := range faults.Names() {
				if name == "Snapshots.Put" {
					puts++
				}
			}
			if s.Generation != current.Generation && kept > 0 && strings.Contains(string(work.Value), s.Generation) && puts != 15-3*kept {
				t.Errorf("call %d: %d shards were kept and %d files written: shards, people and figures, and the table, the manifest, the due lists and the figures of all", call, kept, puts)
			}
		}
		if finished {
			if call < 20 {
				t.Fatalf("only %d calls", call)
			}
			return
		}
	}
}

// What was kept is damaged: the first try says so, the next one makes a whole snapshot.
func TestSnapshotGoesOnAfterDamage(t *testing.T) {
	ctx := context.Background()
	b := shots(t, 35)
	ports, faults := porttest.Faulty(b.store.Ports(func() int64 { return b.now }))
	dying, err := app.New(ctx, ports, b.opts)
	if err != nil {
		t.Fatal(err)
	}
	faults.Ignore(func(name string) bool { return name != "Snapshots.Put" })
	faults.Begin(porttest.Plan{Call: 5, Dead: true, Err: errors.New("killed")})
	if _, err := dying.TakeSnapshot(ctx, nil); err == nil {
		t.Fatal("it was not killed")
	}
	shots := b.store.Ports(nil).Shots
	all, err := shots.Generations(ctx)
	if err != nil || len(all) != 1 {
		t.Fatal(all, err)
	}
	if err := shots.Remove(ctx, all[0]); err != nil {
		t.Fatal(err)
	}
	if _, err := b.app.TakeSnapshot(ctx, nil); err == nil {
		t.Fatal("a snapshot without its shards")
	}
	b.whole(b.take())
}
