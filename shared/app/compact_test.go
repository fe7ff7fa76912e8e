package app_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/weir-engine/weir/shared/app"
	"github.com/weir-engine/weir/shared/contact"
	"github.com/weir-engine/weir/shared/event"
	"github.com/weir-engine/weir/shared/porttest"
)

// timeline is what a user's timeline shows.
func timeline(t *testing.T, a *app.App, id string) (ids []string) {
	t.Helper()
	rows, _, err := a.Timeline(context.Background(), id, 0, "", 1000)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range rows {
		ids = append(ids, app.EventID(r.ID)+r.Traits+r.Properties)
	}
	return ids
}

func TestCompact(t *testing.T) {
	ctx := context.Background()
	b := newBase(t, "2026-02-02T00:00:00Z")
	annsLife(b)
	for i := range 12 {
		b.load(bought(fmt.Sprint("c", i), "ann-7f", "2026-02-01T05:00:00Z", 3) + bought(fmt.Sprint("d", i), "bob", "2026-02-01T05:00:00Z", 3))
	}
	facts := b.items()
	want := timeline(t, b.app, "ann-7f")
	report, err := b.app.Compact(ctx, false, nil)
	if err != nil || report.After*2 > report.Before || report.Sealed != 0 {
		t.Errorf("%+v, %v", report, err)
	}
	if got := timeline(t, b.app, "ann-7f"); !slices.Equal(got, want) {
		t.Errorf("the timeline is %v, want %v", got, want)
	}
	if r, err := b.app.Rebuild(ctx, nil); err != nil || r.Changed != 0 || r.Users != int64(len(facts)) {
		t.Errorf("the rebuild: %+v, %v", r, err)
	}
}

// Compaction may die before and after each of its port calls: what is read then, and after it was repeated, is the same.
func TestCompactKilledAnywhere(t *testing.T) {
	ctx := context.Background()
	points := 1
	for call := 0; call <= points; call++ {
		for _, after := range []bool{false, true} {
			b := newBase(t, "2026-02-02T00:00:00Z")
			annsLife(b)
			for i := range 3 {
				b.load(bought(fmt.Sprint("c", i), "ann-7f", "2026-02-01T05:00:00Z", 3))
			}
			want := timeline(t, b.app, "ann-7f")
			ports, faults := porttest.Faulty(b.store.Ports(func() int64 { return b.now }))
			a, err := app.New(ctx, ports, app.Options{})
			if err != nil {
				t.Fatal(err)
			}
			faults.Begin(porttest.Plan{Call: call, After: after, Err: errors.New("died"), Dead: true})
			_, _ = a.Compact(ctx, false, nil)
			points = max(points, faults.Calls())
			for range 2 {
				if got := timeline(t, b.app, "ann-7f"); !slices.Equal(got, want) {
					t.Fatalf("call %d: the timeline is %v, want %v", call, got, want)
				}
				if _, err := b.app.Compact(ctx, false, nil); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
}

// Files that were written before contact data had its room are read without it, and sealed by a compaction of all.
func TestFilesFromBefore(t *testing.T) {
	ctx := context.Background()
	b := newBase(t, "2026-02-02T00:00:00Z")
	b.load(bought("1", "ann", "2026-02-01T05:00:00Z", 3))
	p := b.store.Ports(func() int64 { return b.now })
	hash := event.UserHash("ann")
	row := app.Row{
		Hash: hash, Key: "ann", ID: event.ID{1}, Kind: event.Identify, Time: at("2026-01-31T00:00:00Z"), Arrived: b.now, File: "old", MessageID: "m",
		Traits: `{"email":"Ann@Example.com","city":"Ulm"}`,
	}
	if err := p.Canon.Write(ctx, "old", 0, int(hash>>60)*p.Canon.Buckets()/16, []app.Row{row}); err != nil {
		t.Fatal(err)
	}
	rows, _, err := b.app.Timeline(ctx, "ann", 0, "", 9)
	if err != nil || len(rows) != 2 || !contact.IsRef(trait(t, rows[1].Traits, "email")) {
		t.Errorf("the timeline is %+v, %v", rows, err)
	}
	if r, err := b.app.Rebuild(ctx, nil); err != nil || r.Changed != 1 {
		t.Fatalf("%+v, %v", r, err)
	}
	facts := b.items()[0].Facts
	for range 2 {
		report, err := b.app.Compact(ctx, true, nil)
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("%+v", report)
	}
	if address, err := b.app.Address(ctx, "ann", contact.Email); err != nil || address != "Ann@example.com" {
		t.Errorf("the address is %q, %v", address, err)
	}
	if files := holds(t, b.dir, "xample.com"); files != nil {
		t.Errorf("the address stands in %v", files)
	}
	if r, err := b.app.Rebuild(ctx, nil); err != nil || r.Changed != 0 || !slices.Equal(b.items()[0].Facts, facts) {
		t.Errorf("%+v, %v", r, err)
	}
}

func trait(t *testing.T, text, name string) string {
	t.Helper()
	o, ok := event.ParseObject(text)
	if !ok {
		t.Fatalf("%q is no object", text)
	}
	return o.Get(name).Raw
}

// A compaction begins when enough files came, goes on where it was interrupted, and is not asked for again before as many more came. An
// import may run between two of its buckets.
func TestCompactionDue(t *testing.T) {
	ctx := context.Background()
	b := newBase(t, "2026-02-02T00:00:00Z")
	due := func(want bool) {
		t.Helper()
		if got, err := b.app.CompactionDue(ctx); err != nil || got != want {
			t.Fatalf("due: %v, %v", got, err)
		}
	}
	files := 0
	load := func(n int) {
		for range n {
			files++
			b.now += 1000
			b.load(bought(fmt.Sprint("f", files), fmt.Sprint("u", files%7), "2026-02-01T05:00:00Z", 1+files))
		}
	}
	load(63)
	due(false)
	load(1)
	due(true)
	want := timeline(t, b.app, "u3")
	ended, cancel := context.WithCancel(ctx)
	_, err := b.app.Compact(ended, false, func(done, _ int64) {
		if done == 2 {
			cancel()
		}
	})
	if err == nil {
		t.Fatal("it was not interrupted")
	}
	due(true)
	load(3) // between two buckets
	first := int64(0)
	report, err := b.app.Compact(ctx, false, func(done, _ int64) {
		if first == 0 {
			first = done
		}
	})
	if err != nil || first < 3 || report.After*4 > report.Before {
		t.Fatalf("it went on with bucket %d: %+v, %v", first, report, err)
	}
	due(false)
	if got := timeline(t, b.app, "u3"); len(got) < len(want) {
		t.Errorf("the timeline has %d events, before there were %d", len(got), len(want))
	}
	load(60)
	due(false) // with the three that came meanwhile 63 are newer than its beginning
	load(1)
	due(true)
	if started, err := b.app.StartCompaction(ctx); err != nil || !started {
		t.Fatal(started, err)
	}
	if started, err := b.app.StartCompaction(ctx); err != nil || started {
		t.Error("a second one was started", err)
	}
	jobs, err := b.app.Jobs(ctx)
	if err != nil || len(jobs) != 1 || jobs[0].Kind != app.JobCompact {
		t.Fatal(jobs, err)
	}
	if done, err := b.app.RunJob(ctx, jobs[0].ID); err != nil || !done {
		t.Fatal(done, err)
	}
	due(false)
}
