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
		for i := range int64(40) {
			d := app.Decision{Key: "u", Seq: i + 1, AsOf: 1000 - i, Record: fmt.Appendf(nil, `{"n":%d}`, i)}
			if i%5 == 4 { // numbers may be left out, and writes without a decision come in between
				d.Seq = i + 2
			}
			if i%5 == 0 && i > 0 {
				continue
			}
			want = append([]app.Decision{d}, want...)
			write(t, p, app.UserWrite{Item: fullItem("u", int64(2*len(want)-2)), Decision: &d})
			write(t, p, app.UserWrite{Item: fullItem("u", int64(2*len(want)-1))})
		}
		write(t, p, fullWrite("v", 0))
		for _, limit := range []int{100, len(want), 33, 16, 5, 1, 0} {
			same(t, fmt.Sprint("the newest ", limit), get[[]app.Decision](t)(p.Profiles.Decisions(ctx, "u", limit)), want[:min(limit, len(want))])
		}
		same(t, "those of nobody", get[[]app.Decision](t)(p.Profiles.Decisions(ctx, "w", 5)), []app.Decision(nil))
	}},
	{"decisions of many users of one call", func(t *testing.T, p app.Ports) {
		var writes []app.UserWrite
		for i := range 50 {
			key := fmt.Sprint("u", i)
			w := app.UserWrite{Item: fullItem(key, 0)}
			if i%3 > 0 {
				w.Decision = &app.Decision{Key: key, Seq: 1, AsOf: int64(i), Record: fmt.Appendf(nil, `{"n":%d}`, i)}
			}
			writes = append(writes, w)
		}
		write(t, p, writes...)
		for _, w := range writes {
			var want []app.Decision
			if w.Decision != nil {
				want = []app.Decision{*w.Decision}
			}
			same(t, "the decisions", get[[]app.Decision](t)(p.Profiles.Decisions(ctx, w.Item.Key, 9)), want)
		}
	}},
	{"a decision of a write that conflicts is not seen", func(t *testing.T, p app.Ports) {
		d := func(seq int64, text string) *app.Decision {
			return &app.Decision{Key: "u", Seq: seq, AsOf: 7, Record: []byte(text)}
		}
		write(t, p, app.UserWrite{Item: fullItem("u", 0), Decision: d(1, `{}`)})
		conflict(t, p, app.UserWrite{Item: fullItem("u", 0), Decision: d(2, `{"lost":1}`)})
		conflict(t, p, app.UserWrite{Item: fullItem("u", 2), Decision: d(2, `{"lost":2}`)})
		write(t, p, app.UserWrite{Item: fullItem("u", 1), Decision: d(2, `{"kept":1}`)})
		want := []app.Decision{*d(2, `{"kept":1}`), *d(1, `{}`)}
		same(t, "the decisions", get[[]app.Decision](t)(p.Profiles.Decisions(ctx, "u", 9)), want)
	}},
	{"the decisions of an absorbed profile stay under its key", func(t *testing.T, p app.Ports) {
		decided := func(key string, seq int64) *app.Decision {
			return &app.Decision{Key: key, Seq: seq, AsOf: seq, Record: fmt.Appendf(nil, `{"n":%d}`, seq)}
		}
		at := int64(0)
		for round := range int64(3) { // made anew and absorbed again
			write(t, p, app.UserWrite{Item: fullItem("anon:1", 0), Decision: decided("anon:1", 2*round+1)})
			write(t, p, app.UserWrite{Item: fullItem("anon:1", 1), Decision: decided("anon:1", 2*round+2)})
			write(t, p, app.UserWrite{Item: fullItem("u", at), Absorb: []app.Absorbed{{Key: "anon:1", Version: 2}}, Decision: decided("u", 2*round+3)})
			at++
		}
		write(t, p, app.UserWrite{Item: fullItem("anon:1", 0), Decision: decided("anon:1", 7)})
		var want []app.Decision
		for seq := int64(7); seq > 0; seq-- {
			want = append(want, *decided("anon:1", seq))
		}
		same(t, "those of the absorbed", get[[]app.Decision](t)(p.Profiles.Decisions(ctx, "anon:1", 99)), want)
		same(t, "the newest of the absorbed", get[[]app.Decision](t)(p.Profiles.Decisions(ctx, "anon:1", 4)), want[:4])
		same(t, "those of the other", get[[]app.Decision](t)(p.Profiles.Decisions(ctx, "u", 99)), []app.Decision{*decided("u", 7), *decided("u", 5), *decided("u", 3)})
	}},
}

// untouched checks that the base holds only the profiles of keys, no intent, and no decision of a user.
func untouched(t *testing.T, p app.Ports, keys []string, user string) {
	t.Helper()
	same(t, "the profiles", sortedScan(t, p, 9), keys)
	same(t, "the intents", listIntents(t, p, app.IntentQuery{Limit: 9}), []app.Intent(nil))
	same(t, "the decisions", get[[]app.Decision](t)(p.Profiles.Decisions(ctx, user, 9)), []app.Decision(nil))
}
