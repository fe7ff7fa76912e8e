package score

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/weir-engine/weir/shared/event"
	"github.com/weir-engine/weir/shared/profile"
	"github.com/weir-engine/weir/shared/segment"
	"github.com/weir-engine/weir/shared/strategy"
	"github.com/weir-engine/weir/shared/zone"
)

const hourMs, dayMs = int64(3_600_000), int64(86_400_000)

// moving is the rich strategy with conditions that time moves in every way.
func moving(t testing.TB, activity string) *strategy.Strategy {
	s := rich(t)
	s.Activity.Of = activity
	s.Metrics = append(s.Metrics,
		strategy.Metric{Name: "lowest", Event: "Cart Viewed", Agg: "min", Value: "price", Unit: "money", Windows: []int{14, 60}},
		strategy.Metric{Name: "latest", Event: "Cart Viewed", Agg: "last", Value: "price", Unit: "number", Windows: []int{21}},
		strategy.Metric{Name: "b_carts", Event: "Cart Viewed", Where: `properties.brand == "b"`, Agg: "count", Windows: []int{30}},
		strategy.Metric{Name: "b_cart_at", Event: "Cart Viewed", Where: `properties.brand == "b"`, Agg: "times", Windows: []int{30}},
		strategy.Metric{Name: "paid", Event: "Order Completed", Agg: "sum", Value: "revenue", Unit: "money", Windows: []int{45}})
	for i, when := range []string{
		`silence_days >= 45 && r <= 2`, `rfm in ["at_risk", "hibernating"]`, `metrics.lowest == null || metrics.latest > 20`,
		`metrics.paid > 100 && metrics.lowest[60] < 15`, `active_days[28] >= 2 && active_days[7] < 2`, `recency_days in [30, 60, 90]`,
		`orders[60] >= 2`, `spend[30] / orders[30] > 60`, `days_since(event("App Opened").last) > 10 && tags.has("coupon")`,
		`stage_days >= 14 && stage == "silent"`, `stage_candidate != stage`, `weekday(today()) == 6 && tenure_days > 30`,
		`today() >= time(traits.expires)`, `days_since(last_seen) * 2 > tenure_days`, `rfm_cn startsWith "重要" && purchase_days[120] >= 1`,
		`count("Cart Viewed", 20) >= 2 || regularly("Cart Viewed", 1 per 5, 2 of 6)`, `stopped("Cart Viewed", 1 per 10, for 15) || resumed("Cart Viewed" where properties.brand == "b", after 10, 9)`,
		`sequence("Cart Viewed", "App Opened", within 30) != first_time("App Opened", 90)`,
		`!segments.has("m00") && !segments.has("m09")`,
	} {
		s.Segments = append(s.Segments, strategy.Segment{Name: fmt.Sprintf("m%02d", i), When: when})
	}
	return s
}

// randomUsers folds users with events on random days of the 200 before asOf.
func randomUsers(t testing.TB, e *Engine, n int, asOf int64) *base {
	t.Helper()
	b, p, d := new(base), event.NewParser(event.DefaultLimits), draw(0x9e3779b97f4a7c15)
	for u := range n {
		f, key := new(profile.Facts), fmt.Sprintf("u%05d", u)
		span := 1 + d.below(200)
		for k := range 1 + d.below(12) {
			at := time.UnixMilli(asOf - int64(d.below(span*24*60))*60_000).UTC().Format(time.RFC3339)
			body := []string{
				`"type":"track","event":"Order Completed","properties":{"revenue":%d}`, `"type":"track","event":"Cart Viewed","properties":{"price":%d,"brand":"b"}`,
				`"type":"track","event":"App Opened","properties":{"n":%d}`, `"type":"track","event":"Coupon Issued","properties":{"n":%d}`,
				`"type":"identify","traits":{"age":%d,"expires":"2026-07-01"}`,
			}[d.below(5)]
			text := fmt.Sprintf(`{"userId":"%s","messageId":"%s-%d","timestamp":"%s",`+body+`}`, key, key, k, at, 1+d.below(120))
			var ev event.Event
			if reject := p.Parse([]byte(text), &ev); reject != nil {
				t.Fatal(reject)
			}
			e.Schema().Fold(f, &ev, ev.StableID(0))
		}
		b.keys, b.facts = append(b.keys, key), append(b.facts, f)
	}
	return b
}

// settledBefore is a STATE of one kind or another that a user may be in at asOf.
func settledBefore(d *draw, e *Engine, now *Result, day zone.Day) *profile.State {
	names := e.Strategy().StageNames()
	st := &profile.State{Stage: now.Stage, Since: day - zone.Day(d.below(30))}
	switch d.below(5) {
	case 0:
		return nil
	case 1:
		st.Stage = names[d.below(len(names))]
	case 2:
		st.Since = 0
	case 3:
		st.Stage = "gone"
	}
	return st
}

func same(a, b *Result) bool {
	return a.Stage == b.Stage && slices.Equal(a.Tags, b.Tags) && slices.Equal(a.Segments, b.Segments)
}

// TestNextChangeHolds scores random users at every hour of a month and at both ends of every day of a year: nothing changes
// before the bound.
func TestNextChangeHolds(t *testing.T) {
	asOf := time.Date(2026, 6, 10, 3, 20, 0, 0, time.UTC).UnixMilli()
	z := shanghai(t)
	for _, activity := range []string{"any", "purchase", "events"} {
		e, err := New(moving(t, activity), z)
		if err != nil {
			t.Fatal(err)
		}
		users, d := randomUsers(t, e, 150, asOf), draw(7)
		cuts := users.cuts(e, asOf)
		exact := 0
		var now, then Result
		for i, f := range users.facts {
			key := users.keys[i]
			e.Score(key, f, nil, cuts, asOf, &now)
			st := settledBefore(&d, e, &now, z.Day(asOf))
			e.Score(key, f, st, cuts, asOf, &now)
			bound := e.NextChange(key, f, st, cuts, asOf)
			if bound <= asOf {
				t.Fatalf("%s: the bound is %d, asOf %d", key, bound, asOf)
			}
			check := func(ms int64) {
				if ms <= asOf || ms >= bound {
					return
				}
				if e.Score(key, f, st, cuts, ms, &then); !same(&now, &then) {
					t.Fatalf("%s, %s: the bound is after %.2f days; after %.2f days\n%+v became\n%+v\n%+v", activity, key, float64(bound-asOf)/float64(dayMs), float64(ms-asOf)/float64(dayMs), now, then, st)
				}
			}
			for h := int64(1); h < 30*24; h++ {
				check(asOf + h*hourMs)
			}
			for k := zone.Day(1); k < 366; k++ {
				start := z.Start(z.Day(asOf) + k)
				check(start - 1)
				check(start)
			}
			check(bound - 1)
			if e.Score(key, f, st, cuts, min(bound, segment.Never), &then); !same(&now, &then) || bound == segment.Never {
				exact++
			}
		}
		if exact < 100 {
			t.Errorf("%s: only %d of 150 bounds are the moment of a change", activity, exact)
		}
	}
}

// TestNextChangeOfLaterEvents: facts with an event after asOf are looked at again at midnight.
func TestNextChangeOfLaterEvents(t *testing.T) {
	e := engine(t, nil)
	f := &profile.Facts{FirstSeen: 5, LastSeen: 20 * hourMs, Events: 2}
	if got := e.NextChange("u", f, nil, nil, 10*hourMs); got != dayMs {
		t.Errorf("%d", got)
	}
	if got := e.NextChange("u", f, nil, nil, 20*hourMs); got != segment.Never {
		t.Errorf("%d: a user who never bought never moves", got)
	}
}

// TestNextChangeIsFar: under the strategy that ships, with the CDNOW base, a user need not be looked at for weeks.
func TestNextChangeIsFar(t *testing.T) {
	e := engine(t, nil)
	b, err := cdnow()
	if err != nil {
		t.Fatal(err)
	}
	asOf := time.Date(1997, 9, 30, 12, 0, 0, 0, time.UTC).UnixMilli()
	cuts := b.cuts(e, asOf)
	var days float64
	users, never, moved := 0, 0, 0
	var now, then Result
	for i, f := range b.facts {
		if !f.AsOfExact(asOf) {
			continue
		}
		users++
		bound := e.NextChange(b.keys[i], f, nil, cuts, asOf)
		if bound == segment.Never {
			never++
			continue
		}
		days += float64(bound-asOf) / float64(dayMs)
		e.Score(b.keys[i], f, nil, cuts, asOf, &now)
		if e.Score(b.keys[i], f, nil, cuts, bound, &then); !same(&now, &then) {
			moved++
		}
	}
	mean := days / float64(users-never)
	t.Logf("%d users: %d never change; the others after %.1f days on average, %d of them at the bound exactly", users, never, mean, moved)
	if mean < 15 || moved*100 < (users-never)*99 {
		t.Errorf("%d users: %d never change; the others after %.1f days on average, %d of them at the bound exactly", users, never, mean, moved)
	}
}

func BenchmarkNextChange(b *testing.B) {
	users, err := cdnow()
	if err != nil {
		b.Fatal(err)
	}
	asOf := time.Date(1998, 7, 1, 12, 0, 0, 0, time.UTC).UnixMilli()
	for _, c := range []struct{ name, when string }{
		{"shipped", ""}, {"p_alive", "p_alive < 0.3"}, {"clv", "clv > 20"}, {"churn", "churn_p > 0.7"},
	} {
		e := engine(b, func(s *strategy.Strategy) {
			if c.when != "" {
				s.Segments = append(s.Segments, strategy.Segment{Name: "x", When: c.when})
			}
		})
		cuts := users.cuts(e, asOf)
		e = with(b, e, nil)
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				k := i % len(users.facts)
				e.NextChange(users.keys[k], users.facts[k], nil, cuts, asOf)
			}
		})
	}
}
