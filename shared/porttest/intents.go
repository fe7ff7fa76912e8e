package porttest

import (
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/weir-engine/weir/shared/app"
	"github.com/weir-engine/weir/shared/fault"
	"github.com/weir-engine/weir/shared/zone"
)

// fullIntent returns a pending intent with every field set that a pending one has.
func fullIntent(id, key string, asOf int64) app.Intent {
	return app.Intent{
		ID: id, Key: key, Rule: "win_back", Template: "come_back", Channel: "outbox", Episode: 2, Shadow: true, Strategy: "abc123",
		AsOf: asOf, Due: asOf + 5, Reasons: []byte(`[{"score":"stage"}]`), Status: app.IntentPending,
	}
}

const aDay = zone.Day(20_000)

var intentTests = []test{
	{"list from the newest, by id within, page by page", func(t *testing.T, p app.Ports) {
		want := writeIntents(t, p, 23)
		for _, limit := range []int{1, 4, 23, 100} {
			same(t, "the list", pageIntents(t, p, app.IntentQuery{Limit: limit}), want)
		}
	}},
	{"list by status, user and rule", func(t *testing.T, p app.Ports) {
		all := writeIntents(t, p, 23)
		for i := range all {
			if i%3 == 0 {
				all[i].Status, all[i].Settled = app.IntentSent, 9
				must(t, p.Intents.Settle(ctx, all[i], app.IntentPending))
			}
		}
		for _, q := range []app.IntentQuery{
			{Status: app.IntentPending}, {Status: app.IntentSent}, {Status: app.IntentUnknown}, {Key: "u1"}, {Rule: "rule1"},
			{Key: "u2", Status: app.IntentSent}, {Key: "u2", Rule: "rule0", Status: app.IntentPending}, {Key: "nobody"},
		} {
			want := slices.DeleteFunc(slices.Clone(all), func(in app.Intent) bool {
				return q.Status != "" && in.Status != q.Status || q.Key != "" && in.Key != q.Key || q.Rule != "" && in.Rule != q.Rule
			})
			q.Limit = 2
			same(t, fmt.Sprintf("the list of %+v", q), pageIntents(t, p, q), want)
		}
	}},
	{"claim moves a pending intent once", func(t *testing.T, p app.Ports) {
		write(t, p, fullWrite("u", 0))
		claim(t, p, "i-u", 10, true)
		want := fullIntent("i-u", "u", 100)
		want.Status, want.Claimed = app.IntentClaimed, 77
		same(t, "the intent", listIntents(t, p, app.IntentQuery{Limit: 9}), []app.Intent{want})
		claim(t, p, "i-u", 10, false)
		claim(t, p, "nothing", 10, false)
		same(t, "the day's count", get[int](t)(p.Intents.Claimed(ctx, aDay)), 1)
		for _, status := range []app.IntentStatus{app.IntentSent, app.IntentSuppressed, app.IntentUnknown} {
			from := want.Status
			want.Status = status
			must(t, p.Intents.Settle(ctx, want, from))
			claim(t, p, "i-u", 10, false)
		}
	}},
	{"claim stops at the day's ceiling", func(t *testing.T, p app.Ports) {
		all := writeIntents(t, p, 6)
		claim(t, p, all[0].ID, 2, true)
		claim(t, p, all[1].ID, 2, true)
		_, err := p.Intents.Claim(ctx, app.Claim{ID: all[2].ID, At: 77, Day: aDay, Ceiling: 2})
		wantCode(t, err, fault.TooLarge)
		same(t, "the intent that was not claimed", listIntents(t, p, app.IntentQuery{Limit: 9})[2], all[2])
		same(t, "the day's count", get[int](t)(p.Intents.Claimed(ctx, aDay)), 2)
		claim(t, p, all[0].ID, 2, false) // it is not pending, whatever the ceiling
		claim(t, p, all[2].ID, 3, true)
		if ok, err := p.Intents.Claim(ctx, app.Claim{ID: all[3].ID, At: 77, Day: aDay + 1, Ceiling: 1}); !ok || err != nil {
			t.Fatalf("the next day's claim gave %v, %v", ok, err)
		}
		_, err = p.Intents.Claim(ctx, app.Claim{ID: all[4].ID, At: 77, Day: aDay - 1})
		wantCode(t, err, fault.TooLarge)
		same(t, "a day without claims", get[int](t)(p.Intents.Claimed(ctx, aDay-1)), 0)
	}},
	{"concurrent claims respect the ceiling", func(t *testing.T, p app.Ports) {
		all := writeIntents(t, p, 12)
		var claimed atomic.Int64
		var group sync.WaitGroup
		for _, in := range append(all, all...) {
			group.Go(func() {
				if ok, err := p.Intents.Claim(ctx, app.Claim{ID: in.ID, At: 77, Day: aDay, Ceiling: 5}); ok && err == nil {
					claimed.Add(1)
				}
			})
		}
		group.Wait()
		same(t, "the number of claims", claimed.Load(), int64(5))
		same(t, "the claimed intents", len(listIntents(t, p, app.IntentQuery{Status: app.IntentClaimed, Limit: 99})), 5)
	}},
	{"settle stores the fate under its condition", func(t *testing.T, p app.Ports) {
		write(t, p, fullWrite("u", 0))
		claim(t, p, "i-u", 10, true)
		in := fullIntent("i-u", "u", 100)
		in.Status, in.Claimed, in.Settled, in.Subject, in.Body = app.IntentSent, 77, 88, "你好", "Dear \x00 ü"
		wantCode(t, p.Intents.Settle(ctx, in, app.IntentPending), fault.Conflict)
		must(t, p.Intents.Settle(ctx, in, app.IntentClaimed))
		same(t, "the intent", listIntents(t, p, app.IntentQuery{Limit: 9}), []app.Intent{in})
		in.Status, in.Why = app.IntentUnknown, "late"
		wantCode(t, p.Intents.Settle(ctx, in, app.IntentClaimed), fault.Conflict)
		in.ID = "nothing"
		wantCode(t, p.Intents.Settle(ctx, in, app.IntentClaimed), fault.Conflict)
	}},
	{"release makes a claimed intent pending and gives its place of the day back", func(t *testing.T, p app.Ports) {
		write(t, p, fullWrite("u", 0))
		wantCode(t, p.Intents.Release(ctx, "i-u", aDay, 99, "busy"), fault.Conflict)
		claim(t, p, "i-u", 1, true)
		must(t, p.Intents.Release(ctx, "i-u", aDay, 99, "busy"))
		wantCode(t, p.Intents.Release(ctx, "i-u", aDay, 99, "busy"), fault.Conflict)
		want := fullIntent("i-u", "u", 100)
		want.Held, want.Why = 99, "busy"
		same(t, "the intent", listIntents(t, p, app.IntentQuery{Status: app.IntentPending, Limit: 9}), []app.Intent{want})
		same(t, "the day's count", get[int](t)(p.Intents.Claimed(ctx, aDay)), 0)
		claim(t, p, "i-u", 1, true)
		want.Status, want.Claimed, want.Held, want.Why = app.IntentClaimed, 77, 0, ""
		same(t, "the claimed intent", listIntents(t, p, app.IntentQuery{Limit: 9}), []app.Intent{want})
		wantCode(t, p.Intents.Release(ctx, "nothing", aDay, 99, "busy"), fault.Conflict)
	}},
	{"hold keeps a pending intent back", func(t *testing.T, p app.Ports) {
		write(t, p, fullWrite("u", 0))
		must(t, p.Intents.Hold(ctx, "i-u", 55, "night"))
		must(t, p.Intents.Hold(ctx, "i-u", 66, "still night"))
		want := fullIntent("i-u", "u", 100)
		want.Held, want.Why = 66, "still night"
		same(t, "the intent", listIntents(t, p, app.IntentQuery{Status: app.IntentPending, Limit: 9}), []app.Intent{want})
		claim(t, p, "i-u", 1, true)
		wantCode(t, p.Intents.Hold(ctx, "i-u", 77, "night"), fault.Conflict)
		wantCode(t, p.Intents.Hold(ctx, "nothing", 77, "night"), fault.Conflict)
	}},
	{"counts", func(t *testing.T, p app.Ports) {
		same(t, "no counts", get[map[app.IntentStatus]int64](t)(p.Intents.Counts(ctx)), map[app.IntentStatus]int64{})
		all := writeIntents(t, p, 5)
		claim(t, p, all[0].ID, 10, true)
		all[1].Status = app.IntentSuppressed
		must(t, p.Intents.Settle(ctx, all[1], app.IntentPending))
		same(t, "the counts", get[map[app.IntentStatus]int64](t)(p.Intents.Counts(ctx)),
			map[app.IntentStatus]int64{app.IntentPending: 3, app.IntentClaimed: 1, app.IntentSuppressed: 1})
	}},
}

// writeIntents stores n intents of four users, and returns them in the order of List.
func writeIntents(t *testing.T, p app.Ports, n int) (all []app.Intent) {
	t.Helper()
	writes := map[string]app.UserWrite{}
	for i := range n {
		key := fmt.Sprintf("u%d", i%4)
		in := fullIntent(fmt.Sprintf("i%02d", i*7%n), key, int64(100-i/5))
		in.Rule = fmt.Sprintf("rule%d", i%3)
		all = append(all, in)
		u := writes[key]
		u.Item, u.Intents = fullItem(key, 0), append(u.Intents, in)
		writes[key] = u
	}
	for _, u := range writes {
		write(t, p, u)
	}
	slices.SortFunc(all, func(a, b app.Intent) int {
		if a.AsOf != b.AsOf {
			return int(b.AsOf - a.AsOf)
		}
		if a.ID < b.ID {
			return -1
		}
		return 1
	})
	return all
}

func listIntents(t *testing.T, p app.Ports, q app.IntentQuery) []app.Intent {
	t.Helper()
	return get[[]app.Intent](t)(p.Intents.List(ctx, q))
}

func pageIntents(t *testing.T, p app.Ports, q app.IntentQuery) (all []app.Intent) {
	t.Helper()
	for {
		page := listIntents(t, p, q)
		if len(page) > q.Limit {
			t.Fatalf("a page of %d has %d", q.Limit, len(page))
		}
		all = append(all, page...)
		if len(page) < q.Limit {
			return all
		}
		q.After = page[len(page)-1].ID
	}
}

func claim(t *testing.T, p app.Ports, id string, ceiling int, want bool) {
	t.Helper()
	got, err := p.Intents.Claim(ctx, app.Claim{ID: id, At: 77, Day: aDay, Ceiling: ceiling})
	must(t, err)
	same(t, "claimed "+id, got, want)
}
