package porttest

import (
	"fmt"
	"testing"

	"github.com/weir-engine/weir/shared/app"
)

// fullWrite returns a write that changes everything a user write can: it merges two profiles into key.
func fullWrite(key string, version int64, absorb ...app.Absorbed) app.UserWrite {
	return app.UserWrite{
		Item: fullItem(key, version), Absorb: absorb, Intents: []app.Intent{fullIntent("i-"+key, key, 100)},
		Decision: &app.Decision{Key: key, Seq: 1, AsOf: 100, Record: []byte(`{"to":"active"}`)},
	}
}

var userWriteTests = []test{
	{"applies everything", func(t *testing.T, p app.Ports) {
		write(t, p, app.UserWrite{Item: fullItem("anon:1", 0)}, app.UserWrite{Item: fullItem("anon:2", 0)})
		write(t, p, app.UserWrite{Item: fullItem("anon:2", 1)})
		u := fullWrite("u", 0, app.Absorbed{Key: "anon:1", Version: 1}, app.Absorbed{Key: "anon:2", Version: 2})
		write(t, p, u)
		same(t, "the profiles", sortedScan(t, p, 9), []string{"u"})
		same(t, "the intents", listIntents(t, p, app.IntentQuery{Limit: 9}), u.Intents)
		same(t, "the decisions", get[[]app.Decision](t)(p.Profiles.Decisions(ctx, "u", 9)), []app.Decision{*u.Decision})
	}},
	{"applies nothing when the item's version differs", func(t *testing.T, p app.Ports) {
		write(t, p, app.UserWrite{Item: fullItem("anon:1", 0)})
		conflict(t, p, fullWrite("u", 1, app.Absorbed{Key: "anon:1", Version: 1}))
		untouched(t, p, []string{"anon:1"}, "u")
	}},
	{"applies nothing when the version of what it absorbs differs", func(t *testing.T, p app.Ports) {
		write(t, p, app.UserWrite{Item: fullItem("anon:1", 0)}, app.UserWrite{Item: fullItem("anon:2", 0)})
		good, stale := app.Absorbed{Key: "anon:1", Version: 1}, app.Absorbed{Key: "anon:2", Version: 2}
		gone := app.Absorbed{Key: "anon:3", Version: 1}
		for _, absorb := range [][]app.Absorbed{{good, stale}, {stale, good}, {stale}, {good, gone}, {gone}} {
			conflict(t, p, fullWrite("u", 0, absorb...))
			untouched(t, p, []string{"anon:1", "anon:2"}, "u")
		}
	}},
	{"an absorbed profile can be made anew", func(t *testing.T, p app.Ports) {
		write(t, p, app.UserWrite{Item: fullItem("anon:1", 0)})
		write(t, p, fullWrite("u", 0, app.Absorbed{Key: "anon:1", Version: 1}))
		same(t, "the absorbed item", getOne(t, p, "anon:1"), app.Item{Key: "anon:1"})
		write(t, p, app.UserWrite{Item: fullItem("anon:1", 0)})
		same(t, "the profiles", sortedScan(t, p, 9), []string{"anon:1", "u"})
	}},
	{"an intent that exists is left as it is", func(t *testing.T, p app.Ports) {
		first := fullWrite("u", 0)
		write(t, p, first)
		second := fullWrite("u", 1)
		second.Intents[0].Template, second.Intents[0].AsOf = "other", 999
		second.Intents = append(second.Intents, fullIntent("i-new", "u", 50))
		write(t, p, second)
		want := []app.Intent{first.Intents[0], second.Intents[1]}
		same(t, "the intents", listIntents(t, p, app.IntentQuery{Limit: 9}), want)
	}},
	{"a settled intent is not revived", func(t *testing.T, p app.Ports) {
		write(t, p, fullWrite("u", 0))
		settled := fullIntent("i-u", "u", 100)
		settled.Status, settled.Why, settled.Settled = app.IntentSuppressed, "stopped", 200
		must(t, p.Intents.Settle(ctx, settled, app.IntentPending))
		write(t, p, fullWrite("u", 1))
		same(t, "the intents", listIntents(t, p, app.IntentQuery{Limit: 9}), []app.Intent{settled})
	}},
	{"a decision that exists is left as it is", func(t *testing.T, p app.Ports) {
		first := fullWrite("u", 0)
		write(t, p, first)
		second := fullWrite("u", 1)
		second.Decision = &app.Decision{Key: "u", Seq: 1, AsOf: 300, Record: []byte(`{"to":"silent"}`)}
		write(t, p, second)
		same(t, "the decisions", get[[]app.Decision](t)(p.Profiles.Decisions(ctx, "u", 9)), []app.Decision{*first.Decision})
	}},
	{"decisions of one user, newest first", func(t *testing.T, p app.Ports) {
		var want []app.Decision
		for i := range int64(12) {
			d := app.Decision{Key: "u", Seq: i + 1, AsOf: 1000 - i, Record: fmt.Appendf(nil, `{"n":%d}`, i)}
			write(t, p, app.UserWrite{Item: fullItem("u", i), Decision: &d})
			want = append([]app.Decision{d}, want...)
		}
		write(t, p, fullWrite("v", 0))
		same(t, "all decisions", get[[]app.Decision](t)(p.Profiles.Decisions(ctx, "u", 100)), want)
		same(t, "the newest", get[[]app.Decision](t)(p.Profiles.Decisions(ctx, "u", 5)), want[:5])
		same(t, "those of nobody", get[[]app.Decision](t)(p.Profiles.Decisions(ctx, "w", 5)), []app.Decision(nil))
	}},
}

// untouched checks that the base holds only the profiles of keys, no intent, and no decision of a user.
func untouched(t *testing.T, p app.Ports, keys []string, user string) {
	t.Helper()
	same(t, "the profiles", sortedScan(t, p, 9), keys)
	same(t, "the intents", listIntents(t, p, app.IntentQuery{Limit: 9}), []app.Intent(nil))
	same(t, "the decisions", get[[]app.Decision](t)(p.Profiles.Decisions(ctx, user, 9)), []app.Decision(nil))
}
