package porttest

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/weir-engine/weir/shared/app"
	"github.com/weir-engine/weir/shared/fault"
	"github.com/weir-engine/weir/shared/outreach"
	"github.com/weir-engine/weir/shared/strategy"
)

const anHour = int64(3_600_000)

// two allows two messages in 24 hours.
var two = []strategy.Cap{{Name: "two", Max: 2, Hours: 24, Then: strategy.ThenHold}}

var capTests = []test{
	{"claim stops at a cap of the user", func(t *testing.T, p app.Ports) {
		all := writeIntents(t, p, 12) // three of each of u0 to u3
		want := map[string]outreach.Log{}
		for i, in := range all {
			at := anHour * int64(i)
			ok, err := p.Intents.Claim(ctx, app.Claim{ID: in.ID, At: at, Day: aDay, Ceiling: 99, Tags: []string{"promo"}, Caps: two})
			var over *outreach.Over
			switch log := want[in.Key]; {
			case len(log) < 2:
				must(t, err)
				same(t, "claimed "+in.ID, ok, true)
				want[in.Key] = append(log, outreach.Sent{Mark: outreach.Mark(in.ID), At: at, Channel: in.Channel, Tags: []string{"promo"}})
			case ok || !errors.As(err, &over):
				t.Fatalf("a third message of %s gave %v, %v", in.Key, ok, err)
			default:
				wantCode(t, err, fault.TooLarge)
				same(t, "when there is room", over.Until, log[0].At+24*anHour)
				if ok, err := p.Intents.Claim(ctx, app.Claim{ID: in.ID, At: over.Until - 1, Day: aDay, Ceiling: 99, Caps: two}); ok || err == nil {
					t.Fatalf("a moment too early gave %v, %v", ok, err)
				}
			}
			same(t, "the log of "+in.Key, get[outreach.Log](t)(p.Intents.Log(ctx, in.Key)), want[in.Key])
		}
		same(t, "the claimed intents", len(listIntents(t, p, app.IntentQuery{Status: app.IntentClaimed, Limit: 99})), 8)
		same(t, "the day's count", get[int](t)(p.Intents.Claimed(ctx, aDay)), 8)
		for _, in := range listIntents(t, p, app.IntentQuery{Status: app.IntentPending, Limit: 99}) {
			if ok, err := p.Intents.Claim(ctx, app.Claim{ID: in.ID, At: 40 * anHour, Day: aDay, Ceiling: 99, Caps: two}); !ok || err != nil {
				t.Fatalf("a claim when the window is over gave %v, %v", ok, err)
			}
		}
	}},
	{"messages count for caps that come later", func(t *testing.T, p app.Ports) {
		all := writeIntents(t, p, 12)
		for _, in := range all[:8] {
			claim(t, p, in.ID, 99, true)
		}
		for _, in := range all[8:] {
			if ok, err := p.Intents.Claim(ctx, app.Claim{ID: in.ID, At: 78, Day: aDay, Ceiling: 99, Caps: two}); ok || !fault.Is(err, fault.TooLarge) {
				t.Fatalf("%s gave %v, %v", in.ID, ok, err)
			}
		}
	}},
	{"concurrent claims respect the caps", func(t *testing.T, p app.Ports) {
		const users, each = 3, 6
		all := intentsOf(t, p, users, each)
		var claimed atomic.Int64
		var group sync.WaitGroup
		for range 2 {
			for _, in := range all {
				group.Go(func() {
					for {
						ok, err := p.Intents.Claim(ctx, app.Claim{ID: in.ID, At: 77, Day: aDay, Ceiling: 99, Caps: two})
						if fault.Is(err, fault.Unavailable) {
							continue
						}
						if ok {
							claimed.Add(1)
						}
						return
					}
				})
			}
		}
		group.Wait()
		same(t, "the number of claims", claimed.Load(), int64(2*users))
		same(t, "the claimed intents", len(listIntents(t, p, app.IntentQuery{Status: app.IntentClaimed, Limit: 99})), 2*users)
		for u := range users {
			same(t, "the messages in the log", len(get[outreach.Log](t)(p.Intents.Log(ctx, fmt.Sprintf("u%d", u)))), 2)
		}
	}},
	{"release gives the place under the caps back", func(t *testing.T, p app.Ports) {
		all := intentsOf(t, p, 1, 3)
		take := func(i int, want bool) {
			t.Helper()
			ok, err := p.Intents.Claim(ctx, app.Claim{ID: all[i].ID, At: 77, Day: aDay, Ceiling: 99, Caps: two})
			if ok != want || (err == nil) != want {
				t.Fatalf("the claim of %s gave %v, %v", all[i].ID, ok, err)
			}
		}
		take(0, true)
		take(1, true)
		take(2, false)
		must(t, p.Intents.Release(ctx, all[0].ID, aDay, 99, "busy"))
		same(t, "the messages in the log", len(get[outreach.Log](t)(p.Intents.Log(ctx, "u0"))), 1)
		take(2, true)
		take(0, false)
	}},
	{"a user keeps the messages of those who turn out to be the same", func(t *testing.T, p app.Ports) {
		all := intentsOf(t, p, 3, 3)
		for _, in := range []app.Intent{all[0], all[3], all[4], all[6]} { // one of u0, two of u1, one of u2
			claim(t, p, in.ID, 99, true)
		}
		first := get[outreach.Log](t)(p.Intents.Log(ctx, "u0"))
		other := get[outreach.Log](t)(p.Intents.Log(ctx, "u1"))
		items := get[[]app.Item](t)(p.Profiles.Get(ctx, []string{"u0", "u1", "u2"}))
		stale := app.UserWrite{Item: items[0], Absorb: []app.Absorbed{{Key: "u1", Version: items[1].Version + 1, Log: items[1].Log}}}
		conflict(t, p, stale)
		same(t, "the log beside a write that failed", get[outreach.Log](t)(p.Intents.Log(ctx, "u1")), other)
		write(t, p, app.UserWrite{Item: items[0], Absorb: []app.Absorbed{{Key: "u1", Version: items[1].Version, Log: items[1].Log}}})
		same(t, "the log of both", get[outreach.Log](t)(p.Intents.Log(ctx, "u0")), outreach.Union(first, other))
		same(t, "the log of who is gone", get[outreach.Log](t)(p.Intents.Log(ctx, "u1")), outreach.Log(nil))
		claim(t, p, all[5].ID, 99, false) // of a user whose profile is gone
		must(t, p.Links.Apply(ctx, nil, map[string]string{"u1": "u0"}))
		claim(t, p, all[5].ID, 99, false)
		same(t, "the version of the profile that is gone", getOne(t, p, "u1").Version, int64(0))
		write(t, p, app.UserWrite{Item: app.Item{Key: "new"}, Absorb: []app.Absorbed{{Key: "u2", Version: items[2].Version, Log: items[2].Log}}})
		same(t, "the messages of a user who is new", len(get[outreach.Log](t)(p.Intents.Log(ctx, "new"))), 1)
	}},
	{"the first message of a user shows to whoever takes the profile in", func(t *testing.T, p app.Ports) {
		all := intentsOf(t, p, 2, 1)
		items := get[[]app.Item](t)(p.Profiles.Get(ctx, []string{"u0", "u1"}))
		claim(t, p, all[1].ID, 99, true) // between the read and the write
		each, err := p.Profiles.Write(ctx, []app.UserWrite{{Item: items[0], Absorb: []app.Absorbed{{Key: "u1", Version: items[1].Version, Log: items[1].Log}}}})
		must(t, err)
		if each[0] != nil {
			wantCode(t, each[0], fault.Conflict)
			items = get[[]app.Item](t)(p.Profiles.Get(ctx, []string{"u0", "u1"}))
			write(t, p, app.UserWrite{Item: items[0], Absorb: []app.Absorbed{{Key: "u1", Version: items[1].Version, Log: items[1].Log}}})
		}
		same(t, "the messages in the log", len(get[outreach.Log](t)(p.Intents.Log(ctx, "u0"))), 1)
	}},
	{"forgetting removes the log", func(t *testing.T, p app.Ports) {
		all := intentsOf(t, p, 2, 2)
		claim(t, p, all[0].ID, 99, true)
		claim(t, p, all[2].ID, 99, true)
		must(t, p.Profiles.Forget(ctx, []string{"u0"}))
		same(t, "the log", get[outreach.Log](t)(p.Intents.Log(ctx, "u0")), outreach.Log(nil))
		same(t, "the messages of another", len(get[outreach.Log](t)(p.Intents.Log(ctx, "u1"))), 1)
	}},
	{"list what is ready", func(t *testing.T, p app.Ports) {
		all := writeIntents(t, p, 23)
		var want []app.Intent
		for i := range all {
			switch i % 4 {
			case 0:
				must(t, p.Intents.Hold(ctx, all[i].ID, 1000, "night"))
				all[i].Held, all[i].Why = 1000, "night"
			case 1:
				must(t, p.Intents.Hold(ctx, all[i].ID, 500, "night"))
				all[i].Held, all[i].Why = 500, "night"
			case 2:
				claim(t, p, all[i].ID, 99, true)
				must(t, p.Intents.Release(ctx, all[i].ID, aDay, 1001, "busy"))
				all[i].Held, all[i].Why = 1001, "busy"
			}
			if all[i].Held <= 1000 {
				want = append(want, all[i])
			}
		}
		for _, limit := range []int{1, 4, 23, 100} {
			same(t, "all pending ones", pageIntents(t, p, app.IntentQuery{Status: app.IntentPending, Limit: limit}), all)
			same(t, "what is ready", pageIntents(t, p, app.IntentQuery{Status: app.IntentPending, Ready: 1000, Limit: limit}), want)
		}
		for _, in := range all {
			in.Status, in.Why = app.IntentExpired, "late"
			must(t, p.Intents.Settle(ctx, in, app.IntentPending))
		}
		same(t, "pending ones", len(listIntents(t, p, app.IntentQuery{Status: app.IntentPending, Limit: 99})), 0)
		same(t, "the counts", get[map[app.IntentStatus]int64](t)(p.Intents.Counts(ctx)), map[app.IntentStatus]int64{app.IntentExpired: 23})
		same(t, "the list", len(pageIntents(t, p, app.IntentQuery{Limit: 5})), 23)
	}},
}

// intentsOf stores some pending intents of each of the users u0, u1 …, and returns them user by user.
func intentsOf(t *testing.T, p app.Ports, users, each int) (all []app.Intent) {
	t.Helper()
	for u := range users {
		w := app.UserWrite{Item: fullItem(fmt.Sprintf("u%d", u), 0)}
		for i := range each {
			w.Intents = append(w.Intents, fullIntent(fmt.Sprintf("i%d%d", u, i), w.Item.Key, 100))
		}
		write(t, p, w)
		all = append(all, w.Intents...)
	}
	return all
}
