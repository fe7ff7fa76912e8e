package app_test

import (
	"context"
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/weir-engine/weir/shared/app"
	"github.com/weir-engine/weir/shared/fault"
	"github.com/weir-engine/weir/shared/porttest"
)

// stored is another process of the base that answers views from the stored snapshot.
func (b *base) stored() *app.App {
	b.t.Helper()
	p := b.store.Ports(func() int64 { return b.now })
	p.Stored = true
	a, err := app.New(context.Background(), p, b.opts)
	if err != nil {
		b.t.Fatal(err)
	}
	return a
}

// pages reads every page of a query.
func pages(t testing.TB, a *app.App, q app.UserQuery) (all app.UserPage) {
	t.Helper()
	for {
		page, err := a.Users(context.Background(), q)
		if err != nil {
			t.Fatalf("%+v: %v", q, err)
		}
		for _, u := range page.Users {
			u.Tags, u.Segments = append([]string{}, u.Tags...), append([]string{}, u.Segments...)
			all.Users = append(all.Users, u)
		}
		if all.Total, all.Spend, all.AsOf = page.Total, page.Spend, page.AsOf; page.Next == "" {
			return all
		}
		q.After = page.Next
	}
}

// TestStoredViewsEqualThose of the profiles: every filter, order and condition that the console offers, page by page, and the figures.
func TestStoredViews(t *testing.T) {
	ctx := context.Background()
	b := &base{t: t, dir: t.TempDir(), now: at("2026-01-10T00:00:00Z"), opts: app.Options{ShardRows: 500}}
	b.open()
	t.Cleanup(func() { _ = b.store.Close() })
	b.cdnow()
	b.load(identified("i1", "u-quiet", "dev-1", "1997-09-29T10:00:00Z", `{"city":"Ulm"}`), backfill, asOf("1997-09-30T00:00:00Z"))
	b.take()
	stored := b.stored()
	overview, err := b.app.Overview(ctx, 0)
	if err != nil {
		t.Fatal(err)
	}
	got, err := stored.Overview(ctx, 0)
	if err != nil {
		t.Fatal(err)
	}
	if got.Base.Shot == nil || got.Base.AsOf != overview.Base.AsOf || got.Base.Live.Tuple() != overview.Base.Live.Tuple() {
		t.Errorf("the overview is of %+v", got.Base.Shot)
	}
	for what, pair := range map[string][2]any{
		"lifecycle":     {got.Base.Lifecycle["week"].Rows(), overview.Base.Lifecycle["week"].Rows()},
		"cohorts":       {got.Base.Cohorts["month"].Rows(), overview.Base.Cohorts["month"].Rows()},
		"concentration": {got.Base.Concentration.Curve(), overview.Base.Concentration.Curve()},
		"activity":      {got.Base.Activity.Days(), overview.Base.Activity.Days()},
		"return rate":   {got.Base.ReturnRate.Curve(7, 364), overview.Base.ReturnRate.Curve(7, 364)},
		"last event":    {got.Base.LastEvent, overview.Base.LastEvent},
	} {
		if !reflect.DeepEqual(pair[0], pair[1]) {
			t.Errorf("%s: %+v, the profiles say %+v", what, pair[0], pair[1])
		}
	}
	got.Base, overview.Base = nil, nil
	if !reflect.DeepEqual(got, overview) {
		t.Errorf("the overview is %+v, of the profiles %+v", got, overview)
	}
	selected := map[bool]int{}
	for _, q := range []app.UserQuery{
		{}, {Search: "12"}, {Search: "U-QUI"}, {Search: "nobody at all"}, {Stage: "active"}, {Stage: "none"}, {Tier: "bronze"}, {RFM: "champions"}, {RFM: "重要价值"},
		{Segment: overview.Segments[0].Name}, {Where: "orders >= 2"}, {Where: `stage == "active" && spend > 50`},
		{Where: "recency_days < 100 || orders == 1", Search: "7", Tier: "bronze"}, {Where: "days_since(last_purchase) > 90"},
	} {
		for _, sort := range []string{"", "spend", "orders", "recency", "first_seen", "last_seen"} {
			q.Sort, q.Desc, q.Limit = sort, len(sort)%2 == 0, 321
			want, have := pages(t, b.app, q), pages(t, stored, q)
			if !reflect.DeepEqual(have, want) {
				t.Fatalf("%+v: %d users of %d, the profiles have %d of %d", q, len(have.Users), have.Total, len(want.Users), want.Total)
			}
			selected[have.Total > 0]++
		}
		if q.Where == "" {
			continue
		}
		want, err := b.app.CheckCondition(ctx, q.Where, true, 0)
		if err != nil {
			t.Fatal(err)
		}
		have, err := stored.CheckCondition(ctx, q.Where, true, 0)
		if have.Shot == nil || err != nil || !have.Counted {
			t.Fatal(have, err)
		}
		if have.Shot = nil; !reflect.DeepEqual(have, want) {
			t.Errorf("%s: %+v, the profiles say %+v", q.Where, have, want)
		}
	}
	if selected[true] < 50 || selected[false] == 0 {
		t.Errorf("the queries select %v", selected)
	}
}

// TestStoredViewsStandStill: what arrives after a snapshot is seen in the next one, and at once by whoever knows the id.
func TestStoredViewsStandStill(t *testing.T) {
	ctx := context.Background()
	b := shots(t, 35)
	stored := b.stored()
	if _, err := stored.Users(ctx, app.UserQuery{}); !fault.Is(err, fault.NotFound) || fault.HintOf(err) == "" {
		t.Fatalf("without a snapshot: %v", err)
	}
	if _, err := stored.Overview(ctx, 0); !fault.Is(err, fault.NotFound) {
		t.Fatalf("without a snapshot: %v", err)
	}
	b.take()
	first, err := stored.Users(ctx, app.UserQuery{Limit: 20, Sort: "spend"})
	if err != nil || first.Total != 35 || len(first.Users) != 20 || first.Exact != nil {
		t.Fatalf("%+v, %v", first, err)
	}
	b.load(bought("new", "u900", "2026-01-09T20:00:00Z", 1) + bought("more", "u001", "2026-01-09T21:00:00Z", 1000))
	rest, err := stored.Users(ctx, app.UserQuery{Limit: 20, Sort: "spend", After: first.Next})
	if err != nil || rest.Total != 35 || len(rest.Users) != 15 || rest.Next != "" {
		t.Fatalf("the second page: %+v, %v", rest, err)
	}
	for id, spend := range map[string]int64{"u900": 100, "u001": 100200} {
		page, err := stored.Users(ctx, app.UserQuery{Search: id})
		if err != nil || page.Exact == nil || page.Exact.Key != id || page.Exact.Spend != spend {
			t.Errorf("%s: %+v, %v", id, page.Exact, err)
		}
	}
	const unheld = `orders > 0 && traits.city == null` // no column holds the city
	read, err := stored.Users(ctx, app.UserQuery{Where: unheld})
	if err != nil || read.Total != 36 || read.Shot != nil {
		t.Errorf("of a small base the profiles are read: %+v, %v", read, err)
	}
	if all := pages(t, stored, app.UserQuery{Where: unheld, Limit: 10}); len(all.Users) != 36 {
		t.Errorf("page by page there are %d", len(all.Users))
	}
	if check, err := stored.CheckCondition(ctx, unheld, true, 0); err != nil || check.Users != 36 || check.Shot != nil || !check.Counted {
		t.Errorf("of a small base the profiles are read: %+v, %v", check, err)
	}
	stored.Few(30)
	if _, err := stored.Users(ctx, app.UserQuery{Where: unheld}); !fault.Is(err, fault.Invalid) || fault.HintOf(err) == "" {
		t.Errorf("of a large base: %v", err)
	}
	if check, err := stored.CheckCondition(ctx, unheld, true, 0); err != nil || check.Counted || len(check.Warnings) == 0 {
		t.Errorf("of a large base: %+v, %v", check, err)
	}
	b.now += 3_600_000
	b.take()
	if _, err := stored.Users(ctx, app.UserQuery{Limit: 20, Sort: "spend", After: first.Next}); !fault.Is(err, fault.Conflict) || fault.HintOf(err) == "" {
		t.Errorf("a page after one of an older snapshot: %v", err)
	}
	for _, after := range []string{"x", first.Next + "0000", strings.Replace(first.Next, "/", "/-", 1)} {
		if _, err := stored.Users(ctx, app.UserQuery{After: after}); !fault.Is(err, fault.Conflict) && !fault.Is(err, fault.Invalid) {
			t.Errorf("%q: %v", after, err)
		}
	}
	if now, err := stored.Users(ctx, app.UserQuery{}); err != nil || now.Total != 36 {
		t.Errorf("the new snapshot has %d, %v", now.Total, err)
	}
}

// ids are the ids that the stored snapshot shows, to a process that has just begun.
func (b *base) ids() []string {
	b.t.Helper()
	var ids []string
	for _, u := range pages(b.t, b.stored(), app.UserQuery{Limit: 7}).Users {
		ids = append(ids, u.Key)
	}
	return ids
}

// keysIn are the keys that stand in the people of any generation.
func (b *base) keysIn() (keys []string) {
	b.t.Helper()
	keys, err := app.StoredKeys(context.Background(), b.store.Ports(nil).Shots)
	if err != nil {
		b.t.Fatal(err)
	}
	return keys
}

// TestForgettingTakesKeysOutOfSnapshots kills the forgetting of a user at every call and repeats it: their key stands in no stored
// snapshot, of which there are two, and in no page.
func TestForgettingTakesKeysOutOfSnapshots(t *testing.T) {
	ctx := context.Background()
	for call := 1; ; call += 3 {
		b := shots(t, 25)
		b.take()
		b.now += 3_600_000
		b.take()
		if !slices.Contains(b.keysIn(), "u013") || !slices.Contains(b.ids(), "u013") {
			t.Fatal("u013 is not there to begin with")
		}
		ports, faults := porttest.Faulty(b.store.Ports(func() int64 { return b.now }))
		dying, err := app.New(ctx, ports, b.opts)
		if err != nil {
			t.Fatal(err)
		}
		faults.Begin(porttest.Plan{Call: call, After: call%2 == 0, Dead: true, Err: errors.New("killed")})
		_, err = dying.Forget(ctx, "u013")
		hit := faults.Hit()
		if hit == (err == nil) {
			t.Fatalf("call %d: %v", call, err)
		}
		if _, err := b.app.Forget(ctx, "u013"); err != nil {
			t.Fatalf("call %d: %v", call, err)
		}
		if keys := b.keysIn(); slices.Contains(keys, "u013") || len(keys) != 48 {
			t.Fatalf("call %d: %d keys are left, u013 among them: %v", call, len(keys), slices.Contains(keys, "u013"))
		}
		if ids := b.ids(); slices.Contains(ids, "u013") || len(ids) != 24 {
			t.Fatalf("call %d: %v", call, ids)
		}
		if !hit {
			if call < 20 {
				t.Fatalf("only %d calls", call)
			}
			return
		}
	}
}

// TestForgottenWhileASnapshotIsMade: a snapshot that was begun before somebody was forgotten, and whose files held them, shows nobody.
func TestForgottenWhileASnapshotIsMade(t *testing.T) {
	ctx := context.Background()
	for call := 3; call < 14; call++ {
		b := shots(t, 35)
		ports, faults := porttest.Faulty(b.store.Ports(func() int64 { return b.now }))
		dying, err := app.New(ctx, ports, b.opts)
		if err != nil {
			t.Fatal(err)
		}
		faults.Ignore(func(name string) bool { return name != "Snapshots.Put" })
		faults.Begin(porttest.Plan{Call: call, Dead: true, Err: errors.New("killed")})
		if _, err := dying.TakeSnapshot(ctx, nil); err == nil {
			t.Fatal("it was not killed")
		}
		if _, err := b.app.Forget(ctx, "u001"); err != nil {
			t.Fatal(err)
		}
		b.take()
		if keys, ids := b.keysIn(), b.ids(); slices.Contains(keys, "u001") || slices.Contains(ids, "u001") || len(ids) != 34 {
			t.Fatalf("call %d: %v", call, ids)
		}
		figures, err := b.stored().Overview(ctx, 0)
		if err != nil || figures.Users < 34 || figures.Users > 35 || figures.Base.Concentration.Users() != figures.Users {
			t.Errorf("call %d: %d users, %v", call, figures.Users, err)
		}
	}
}

// A sample holds everybody's row, and not everybody's columns.
func TestStoredPeopleOfASample(t *testing.T) {
	ctx := context.Background()
	b := shots(t, 60)
	b.shut()
	b.opts.SnapshotRows = 20
	b.open()
	s := b.take()
	if s.Users != 60 || s.Rows >= 40 || s.Rows == 0 {
		t.Fatalf("%+v", s)
	}
	if ids := b.ids(); len(ids) != 60 {
		t.Errorf("%d ids", len(ids))
	}
	stored := b.stored()
	stored.Few(0)
	if _, err := stored.Users(ctx, app.UserQuery{Where: "orders > 0"}); !fault.Is(err, fault.TooLarge) || fault.HintOf(err) == "" {
		t.Errorf("a condition: %v", err)
	}
	check, err := stored.CheckCondition(ctx, "orders > 0", true, 0)
	if err != nil || check.Counted || len(check.Warnings) != 1 {
		t.Errorf("%+v, %v", check, err)
	}
}
