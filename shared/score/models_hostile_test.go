package score

import (
	"encoding/json"
	"math"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/weir-engine/weir/shared/fault"
	"github.com/weir-engine/weir/shared/profile"
	"github.com/weir-engine/weir/shared/strategy"
	"github.com/weir-engine/weir/shared/zone"
)

// degenerate are users at the edges of what can be: by name, with asOf in days.
func degenerate() map[string]*profile.Facts {
	day := func(d zone.Day, orders int32, net int64) profile.PurchaseDay {
		return profile.PurchaseDay{Day: d, Orders: orders, Net: net}
	}
	many := &profile.Facts{Events: 10_001, LastSeen: 10_000 * dayMs}
	for d := range zone.Day(10_001) {
		many.Purchases = append(many.Purchases, day(d, 1, 1999))
	}
	many.Active = profile.Days{Newest: 10_000, Bits: []uint64{math.MaxUint64, math.MaxUint64, math.MaxUint64, math.MaxUint64, math.MaxUint64, math.MaxUint64, math.MaxUint64}}
	return map[string]*profile.Facts{
		"nobody":            {},
		"no purchase":       {Events: 3, FirstSeen: 5, LastSeen: 9 * dayMs, Active: profile.Days{Newest: 9, Bits: []uint64{1<<9 | 1}}},
		"refunds alone":     {Events: 1, LastSeen: 5, Purchases: []profile.PurchaseDay{day(0, 0, -5000)}},
		"bought on asOf":    {Events: 1, FirstSeen: 10_000 * dayMs, LastSeen: 10_000 * dayMs, Purchases: []profile.PurchaseDay{day(10_000, 1, 100)}},
		"10,000 repeats":    many,
		"a negative total":  {Events: 3, LastSeen: 30 * dayMs, Purchases: []profile.PurchaseDay{day(0, 1, 100), day(20, 1, -90_000), day(30, 1, 50)}},
		"all for nothing":   {Events: 2, LastSeen: 30 * dayMs, Purchases: []profile.PurchaseDay{day(0, 1, 0), day(20, 1, 0)}},
		"the largest money": {Events: 2, LastSeen: 30 * dayMs, Purchases: []profile.PurchaseDay{day(0, 1, profile.MaxAmount), day(20, 1, profile.MaxAmount)}},
		"before the epoch":  {Events: 2, FirstSeen: -40_000 * dayMs, LastSeen: 20 * dayMs, Purchases: []profile.PurchaseDay{day(-40_000, 1, 100), day(20, 1, 100)}},
		"in the future":     {Events: 2, FirstSeen: 20_000 * dayMs, LastSeen: 20_000 * dayMs, Purchases: []profile.PurchaseDay{day(20_000, 1, 100)}},
	}
}

// defined demands that every score is finite and in its range, or said to be unknown.
func defined(t interface{ Fatalf(string, ...any) }, e *Engine, name string, f *profile.Facts, asOf int64) {
	var r Result
	e.Score(name, f, nil, nil, asOf, &r)
	probability := func(p float64) bool { return p == -1 || p >= 0 && p <= 1 }
	finite := func(x float64) bool { return x >= 0 && !math.IsInf(x, 0) }
	if !probability(r.PAlive) || !probability(r.ChurnP) || r.Expected != -1 && !finite(r.Expected) {
		t.Fatalf("%s: %+v", name, r)
	}
	v := e.Value(f, asOf)
	if !finite(v.PerPurchase) || !finite(v.CLV) || !finite(v.Low) || !finite(v.High) || v.Low > v.High || v.OK != (v.PerPurchase > 0) {
		t.Fatalf("%s: %+v", name, v)
	}
	c := e.Churn(f, asOf)
	if c.LeadDays < 0 || c.OK != (r.ChurnP >= 0) || len(c.Reasons) > churnReasons {
		t.Fatalf("%s: %+v", name, c)
	}
	for _, x := range e.ChurnRow(f, asOf, nil) {
		if !within(x, 50) {
			t.Fatalf("%s: the features are %v", name, e.ChurnRow(f, asOf, nil))
		}
	}
	for _, reason := range e.Explain(name, f, nil, nil, asOf) {
		if got, err := Replay(reason, e.Zone()); err != nil || got != reason.Value {
			t.Fatalf("%s: %s is %q and replays to %q, %v", name, reason.Score, reason.Value, got, err)
		}
	}
	if e.NextChange(name, f, nil, nil, asOf) <= asOf {
		t.Fatalf("%s: the bound is not later than now", name)
	}
}

// TestDegenerateUsers scores users at the edges under every kind of model, activity and horizon.
func TestDegenerateUsers(t *testing.T) {
	extremes := []float64{5e-5, 0.01, 1, 300, 2e4} // as far as fits go
	for _, activity := range []string{"purchase", "any"} {
		for _, weeks := range []float64{1, strategy.MaxValueHorizon} {
			plain := engine(t, func(s *strategy.Strategy) {
				s.Activity.Of, s.Value = activity, strategy.Value{Horizon: weeks, Discount: 0.1, Margin: 0.5}
				s.Segments = []strategy.Segment{{Name: "x", When: "clv > 10 && p_alive > 0.5 || expected_purchases < 1 || churn_p > 0.5"}}
			})
			for _, kind := range kinds() {
				for k := range extremes {
					if testing.Short() && k%2 > 0 {
						continue
					}
					e := with(t, plain, func(m *Models) {
						m.Purchases = &PurchaseModel{Kind: kind, Params: map[string]float64{}}
						for i, name := range purchaseParams[kind] {
							m.Purchases.Params[name] = extremes[(k+i*2)%len(extremes)]
						}
						for i, name := range moneyParams {
							m.Money.Params[name] = extremes[(k+i*3)%len(extremes)]
						}
						m.Purchases.Draws = []Draw{{Purchases: m.Purchases.Params}, {Purchases: m.Purchases.Params, Money: ggParams(fitGG)}}
					})
					for name, f := range degenerate() {
						defined(t, e, name, f, 10_000*dayMs)
					}
				}
			}
		}
	}
}

// TestAlwaysDefinedOverWideParameters draws parameters over all that With lets in.
func TestAlwaysDefinedOverWideParameters(t *testing.T) {
	plain, users := engine(t, nil), degenerate()
	param := rapid.Custom(func(t *rapid.T) float64 { return math.Exp(rapid.Float64Range(-27, 27).Draw(t, "log")) })
	rapid.Check(t, func(t *rapid.T) {
		m := models(plain)
		kind := rapid.SampledFrom(kinds()).Draw(t, "kind")
		m.Purchases = &PurchaseModel{Kind: kind, Params: map[string]float64{}}
		for _, name := range purchaseParams[kind] {
			m.Purchases.Params[name] = param.Draw(t, name)
		}
		for _, name := range moneyParams {
			m.Money.Params[name] = param.Draw(t, name)
		}
		e, err := plain.With(m.Sealed())
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{"nobody", "bought on asOf", "10,000 repeats", "a negative total", "the largest money", "before the epoch"} {
			defined(t, e, name, users[name], 10_000*dayMs)
		}
	})
}

// FuzzModels feeds published models of any content: they are refused with a way out, or every score is defined.
func FuzzModels(f *testing.F) {
	plain, err := New(strategy.Default(), zone.UTC)
	if err != nil {
		f.Fatal(err)
	}
	good := models(plain)
	good.Purchases.Draws = good.Purchases.Draws[:2]
	f.Add(good.Sealed().JSON())
	for _, kind := range kinds() {
		m := Models{Basis: plain.ModelBasis(), Purchases: &PurchaseModel{Kind: kind, Params: map[string]float64{}}}
		for _, name := range purchaseParams[kind] {
			m.Purchases.Params[name] = 1
		}
		f.Add(m.Sealed().JSON())
	}
	f.Add([]byte(`{"version":"","purchases":{"kind":"nbd","params":{"r":0.4,"alpha":1e400}}}`))
	users := degenerate()
	f.Fuzz(func(t *testing.T, text []byte) {
		if m, err := ParseModels(text); err != nil {
			if fault.HintOf(err) == "" {
				t.Fatalf("no way out: %v", err)
			}
		} else if string(m.JSON()) == "" {
			t.Fatal("models without a form")
		}
		var m Models
		if json.Unmarshal(text, &m) != nil {
			return
		}
		m.Basis = plain.ModelBasis() // reach what is behind the first checks
		e, err := plain.With(m.Sealed())
		if err != nil {
			if fault.HintOf(err) == "" || strings.Contains(err.Error(), "seal") {
				t.Fatalf("%v", err)
			}
			return
		}
		for _, name := range []string{"no purchase", "a negative total"} {
			var r Result
			e.Score(name, users[name], nil, nil, 10_000*dayMs, &r)
			if !(r.PAlive >= -1 && r.PAlive <= 1) || !(r.ChurnP >= -1 && r.ChurnP <= 1) || !within(r.Expected, math.MaxFloat64) {
				t.Fatalf("%s: %+v", name, r)
			}
			e.Churn(users[name], 10_000*dayMs)
		}
	})
}
