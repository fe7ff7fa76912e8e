package score

import (
	"fmt"
	"math"
	"strconv"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/weir-engine/weir/shared/profile"
	"github.com/weir-engine/weir/shared/segment"
	"github.com/weir-engine/weir/shared/strategy"
	"github.com/weir-engine/weir/shared/zone"
)

// drawModels draws models of any kind that fit an engine.
func drawModels(t *rapid.T, e *Engine) *Models {
	m := models(e)
	kind := rapid.SampledFrom(kinds()).Draw(t, "kind")
	param := rapid.Custom(func(t *rapid.T) float64 { return math.Exp(rapid.Float64Range(-4, 5).Draw(t, "log")) })
	m.Purchases = &PurchaseModel{Kind: kind, Params: map[string]float64{}}
	for _, name := range purchaseParams[kind] {
		m.Purchases.Params[name] = param.Draw(t, name)
	}
	for _, name := range moneyParams {
		m.Money.Params[name] = 1 + param.Draw(t, name)
	}
	for i := range m.Churn.Features {
		m.Churn.Features[i].Coef = rapid.Float64Range(-2, 2).Draw(t, "coef")
	}
	m.Churn.Threshold = rapid.Float64Range(0.05, 0.95).Draw(t, "threshold")
	return m.Sealed()
}

// valuesLater are the scores of a user at a later moment, by field.
func valuesLater(e *Engine, key string, b *base, i int, ms int64) map[string]float64 {
	v := e.enter(key, b.facts[i], nil, nil, ms, new(Result))
	defer e.leave(v)
	e.evaluate(v)
	return map[string]float64{"p_alive": v.pAlive(), "expected_purchases": v.expected(), "clv": v.value().CLV, "churn_p": v.churn()}
}

// TestNextChangeOfModels draws models, users, and conditions whose constants are the very values of a later day: nothing
// changes before the bound, on any day of two years.
func TestNextChangeOfModels(t *testing.T) {
	asOf := time.Date(2026, 6, 10, 3, 20, 0, 0, time.UTC).UnixMilli()
	plain := func(change func(*strategy.Strategy)) (*Engine, error) {
		s := rich(t)
		s.Segments = nil
		if change != nil {
			change(s)
		}
		return New(s, shanghai(t))
	}
	first, err := plain(nil)
	if err != nil {
		t.Fatal(err)
	}
	users, z := randomUsers(t, first, 60, asOf), first.Zone()
	type drawn struct {
		engine     *Engine
		models     *Models
		conditions []string
		user       int
	}
	draw := func(t *rapid.T) drawn {
		m := drawModels(t, first)
		scorer, err := first.With(m)
		if err != nil {
			t.Fatal(err)
		}
		i := rapid.IntRange(0, len(users.keys)-1).Draw(t, "user")
		var conditions []string
		for range 4 {
			field := rapid.SampledFrom([]string{"p_alive", "expected_purchases", "clv", "churn_p"}).Draw(t, "field")
			op := rapid.SampledFrom([]string{"<", "<=", ">", ">=", "==", "!="}).Draw(t, "op")
			ahead := rapid.SampledFrom([]int{0, 1, 2, 5, 30, 90, 400}).Draw(t, "ahead")
			at := valuesLater(scorer, users.keys[i], users, i, asOf+int64(ahead)*dayMs)[field]
			conditions = append(conditions, field+" "+op+" "+strconv.FormatFloat(max(at, 0), 'g', -1, 64))
		}
		conditions = append(conditions, "churn_warning", "p_alive * expected_purchases < 0.5", "clv / silence_days > 1 || p_alive == null",
			"!("+conditions[0]+") || "+conditions[1], "clv - spend[60] > 10 && expected_value > 20")
		e, err := plain(func(s *strategy.Strategy) {
			for k, when := range conditions {
				s.Segments = append(s.Segments, strategy.Segment{Name: fmt.Sprint("c", k), When: when})
			}
			if rapid.Bool().Draw(t, "stages") {
				s.Lifecycle.Preset, s.Lifecycle.Transitions, s.Lifecycle.Dwell = strategy.PresetCustom, nil, map[string]int{}
				s.Lifecycle.Stages = []strategy.Stage{{Name: "active", When: "p_alive > 0.7"}, {Name: "silent", When: conditions[0]}, {Name: "churned"}}
				s.Tags, s.Outreach.Rules = nil, nil
				s.Segments = s.Segments[:4]
			}
		})
		if err != nil {
			t.Fatal(err)
		}
		if e, err = e.With(m); err != nil {
			t.Fatal(err)
		}
		return drawn{e, m, conditions, i}
	}
	rapid.Check(t, func(t *rapid.T) {
		d := draw(t)
		e, m, conditions := d.engine, d.models, d.conditions
		key, f := users.keys[d.user], users.facts[d.user]
		var now, then Result
		e.Score(key, f, nil, nil, asOf, &now)
		bound := e.NextChange(key, f, nil, nil, asOf)
		if bound <= asOf {
			t.Fatalf("the bound is %d, asOf %d", bound, asOf)
		}
		check := func(ms int64) {
			if ms <= asOf || ms >= bound {
				return
			}
			if e.Score(key, f, nil, nil, ms, &then); !same(&now, &then) {
				t.Fatalf("%s: the bound is after %.2f days; after %.2f days\n%+v became\n%+v\n%v\n%+v", key, float64(bound-asOf)/float64(dayMs), float64(ms-asOf)/float64(dayMs), now, then, conditions, m.Purchases)
			}
		}
		for k := zone.Day(1); k < 730; k++ {
			check(z.Start(z.Day(asOf) + k))
		}
		check(bound - 1)
	})
	changes, total := 0, 100 // of draws that are the same in every run
	for seed := range total {
		d := rapid.Custom(draw).Example(seed)
		key, f := users.keys[d.user], users.facts[d.user]
		var now, then Result
		d.engine.Score(key, f, nil, nil, asOf, &now)
		bound := d.engine.NextChange(key, f, nil, nil, asOf)
		if d.engine.Score(key, f, nil, nil, min(bound, segment.Never), &then); !same(&now, &then) {
			changes++
		}
	}
	if changes*3 < total {
		t.Errorf("only %d of %d bounds are the moment of a change", changes, total)
	}
}

// TestChurnIsLookedAtForTwoMonths: where the direction cannot be told the bound is as far as was looked, and a score that falls
// is bounded for years.
func TestChurnIsLookedAtForTwoMonths(t *testing.T) {
	b := loadCDNOW(t)
	asOf := millis(t, "1997-09-30")
	for when, days := range map[string][2]float64{"churn_p > 2": {60, 70}, "p_alive < 0": {100_000, 1e9}, "clv < 0": {70_000, 1e9}} {
		e := with(t, engine(t, func(s *strategy.Strategy) {
			custom("orders > 1000")(s)
			s.Segments = []strategy.Segment{{Name: "x", When: when}}
		}), nil)
		i := 0
		for !b.facts[i].AsOfExact(asOf) {
			i++
		}
		got := float64(e.NextChange(b.keys[i], b.facts[i], nil, nil, asOf)-asOf) / float64(dayMs)
		if got < days[0] || got > days[1] {
			t.Errorf("%s: %v days", when, got)
		}
	}
}

// TestCutHorizonsAreLookedAtDaily: where a model cuts the horizon, the cut moves with the day, and nothing is said to fall.
func TestCutHorizonsAreLookedAtDaily(t *testing.T) {
	f := &profile.Facts{Events: 1, Purchases: []profile.PurchaseDay{{Day: 0, Orders: 1, Net: 100}}}
	for _, c := range []struct {
		alpha float64
		fades bool
	}{{1, false}, {500, true}, {1e7, false}} {
		e := with(t, engine(t, nil), func(m *Models) {
			m.Purchases = &PurchaseModel{Kind: KindMBGNBD, Params: map[string]float64{"r": 20_000, "alpha": c.alpha, "a": 0.01, "b": 9}}
		})
		v := e.enter("u", f, nil, nil, 5, new(Result))
		e.evaluate(v)
		m := newCourse(v).Motion(&segment.Ref{Kind: segment.RefField, Index: int(segment.FieldExpected)}, 5)
		if m.Fading != c.fades || c.fades != (m.Until == segment.Never) || !c.fades && m.Until != dayMs {
			t.Errorf("alpha %v: %+v", c.alpha, m)
		}
		e.leave(v)
	}
}
