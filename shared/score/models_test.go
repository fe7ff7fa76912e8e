package score

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/weir-engine/weir/shared/fault"
	"github.com/weir-engine/weir/shared/profile"
	"github.com/weir-engine/weir/shared/score/clv"
	"github.com/weir-engine/weir/shared/strategy"
)

// The tight maximum of the CDNOW sample.
var (
	fitMBG = clv.MBGNBD{R: 0.524843216029, Alpha: 6.18308621615, A: 0.891359114915, B: 1.61400174533}
	fitGG  = clv.GammaGamma{P: 6.24957278791, Q: 3.7442248041, V: 15.4435201949}
)

func mbgParams(m clv.MBGNBD) map[string]float64 {
	return map[string]float64{"r": m.R, "alpha": m.Alpha, "a": m.A, "b": m.B}
}

func ggParams(m clv.GammaGamma) map[string]float64 {
	return map[string]float64{"p": m.P, "q": m.Q, "v": m.V}
}

// models are models that fit an engine: MBG/NBD with eight draws, Gamma-Gamma, and churn by every feature.
func models(e *Engine) Models {
	m := Models{
		Basis: e.ModelBasis(), Strategy: e.StrategyVersion(), Users: 2357,
		Purchases: &PurchaseModel{Kind: KindMBGNBD, Params: mbgParams(fitMBG)},
		Money:     &MoneyModel{Params: ggParams(fitGG)},
		Churn:     &ChurnModel{Horizon: 90, Intercept: -0.3, Threshold: 0.6},
	}
	for i := range 8 {
		by := 1 + 0.02*float64(i-4)
		d := Draw{Purchases: mbgParams(fitMBG)}
		d.Purchases["r"], d.Purchases["a"] = fitMBG.R*by, fitMBG.A/by
		if i%2 == 0 {
			d.Money = map[string]float64{"p": fitGG.P / by, "q": fitGG.Q, "v": fitGG.V * by}
		}
		m.Purchases.Draws = append(m.Purchases.Draws, d)
	}
	for i, name := range ChurnFeatureNames() {
		m.Churn.Features = append(m.Churn.Features, ChurnFeature{Name: name, Mean: 1, Scale: 1 + float64(i)/10, Coef: []float64{0.9, 0.6, 0.3, -0.2, -0.4, -0.5, -0.3, -0.2, -0.1, -0.2}[i]})
	}
	return m
}

func with(t testing.TB, e *Engine, change func(*Models)) *Engine {
	t.Helper()
	m := models(e)
	if change != nil {
		change(&m)
	}
	got, err := e.With(m.Sealed())
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// TestScoresEqualTheModels scores the CDNOW sample: each score is what package clv gives for the user's history.
func TestScoresEqualTheModels(t *testing.T) {
	b, e := loadCDNOW(t), with(t, engine(t, nil), nil)
	asOf := millis(t, "1997-09-30")
	var draws []clv.MBGNBD
	for _, d := range e.Models().Purchases.Draws {
		draws = append(draws, clv.MBGNBD{R: d.Purchases["r"], Alpha: d.Purchases["alpha"], A: d.Purchases["a"], B: d.Purchases["b"]})
	}
	rate := math.Pow(1.1, 1./12) - 1
	var r Result
	for i, f := range b.facts {
		e.Score(b.keys[i], f, nil, nil, asOf, &r)
		h := clv.History{X: float64(r.X), TX: r.TX, T: r.T}
		if want := fitMBG.PAlive(h); r.PAlive != want {
			t.Fatalf("%s: alive %v, want %v", b.keys[i], r.PAlive, want)
		}
		if want := fitMBG.Expected(h, 52); r.Expected != want {
			t.Fatalf("%s: expected %v, want %v", b.keys[i], r.Expected, want)
		}
		if i%50 > 0 {
			continue
		}
		got, per := e.Value(f, asOf), fitGG.Value(float64(r.X), r.MX)
		want := clv.Value(fitMBG, h, per, clv.Plan{Periods: 12, Weeks: 52. / 12, Rate: rate})
		if !got.OK || got.PerPurchase != per || math.Abs(got.CLV-want) > 1e-9*want {
			t.Fatalf("%s: %+v, want %v a purchase, %v in all", b.keys[i], got, per, want)
		}
		values := make([]float64, len(draws))
		for k, m := range draws {
			money := fitGG
			if d := e.Models().Purchases.Draws[k].Money; d != nil {
				money = clv.GammaGamma{P: d["p"], Q: d["q"], V: d["v"]}
			}
			values[k] = clv.Value(m, h, money.Value(float64(r.X), r.MX), clv.Plan{Periods: 12, Weeks: 52. / 12, Rate: rate})
		}
		low, high := clv.Middle(values)
		if math.Abs(got.Low-low) > 1e-9*low || math.Abs(got.High-high) > 1e-9*high || got.Low > got.High {
			t.Fatalf("%s: %+v, want %v to %v", b.keys[i], got, low, high)
		}
	}
}

func TestWithoutModels(t *testing.T) {
	plain := engine(t, nil)
	e, err := with(t, plain, nil).With(nil)
	if err != nil {
		t.Fatal(err)
	}
	f := &profile.Facts{Events: 1, FirstSeen: 5, LastSeen: 5, Purchases: []profile.PurchaseDay{{Day: 0, Orders: 1, Net: 100}}}
	var r Result
	for _, e := range []*Engine{plain, e} {
		e.Score("u", f, nil, nil, 10, &r)
		if r.PAlive != -1 || r.Expected != -1 || r.ChurnP != -1 || r.ChurnWarning || e.Value(f, 10).OK || e.Churn(f, 10).OK || e.Version() != "" || e.Models() != nil {
			t.Errorf("%+v", r)
		}
	}
}

// TestNoDropout: the fallback expects purchases, and says nothing of P(alive).
func TestNoDropout(t *testing.T) {
	e := with(t, engine(t, nil), func(m *Models) {
		m.Purchases = &PurchaseModel{Kind: KindNBD, Params: map[string]float64{"r": 0.4, "alpha": 8}, Reason: "the likelihood gains nothing"}
	})
	f := &profile.Facts{Events: 1, FirstSeen: 5, LastSeen: 5, Purchases: []profile.PurchaseDay{{Day: 0, Orders: 1, Net: 100}, {Day: 70, Orders: 1, Net: 100}}}
	var r Result
	e.Score("u", f, nil, nil, 140*dayMs, &r)
	if want := (0.4 + 1) / (8 + 20.) * 52; r.PAlive != -1 || math.Abs(r.Expected-want) > 1e-12 || !e.Value(f, 140*dayMs).OK {
		t.Errorf("%+v, want %v", r, want)
	}
}

// TestFeaturesOfChurn: the features by hand, for a buyer of days 0, 10, 30 at day 100.
func TestFeaturesOfChurn(t *testing.T) {
	e := engine(t, nil)
	f := &profile.Facts{
		Events: 4, FirstSeen: 0, LastSeen: 80 * dayMs, Active: profile.Days{Newest: 80, Bits: []uint64{1 | 1<<50, 1<<6 | 1<<16}},
		Purchases: []profile.PurchaseDay{{Day: 0, Orders: 1, Net: 1000}, {Day: 10, Orders: 2, Net: 500}, {Day: 30, Orders: 1, Net: 2500}, {Day: 31, Net: -700}},
	}
	got := e.ChurnRow(f, 100*dayMs, nil)
	want := map[string]float64{
		"silence": math.Log(71), "overdue": math.Log(1 + 70./15), "once": 0, "tenure": math.Log(101), "frequency": math.Log(4),
		"active_90": math.Log(3), "active_trend": math.Log(2) - math.Log(2), "purchases_90": math.Log(2),
		"spend": math.Log(34), "spend_trend": math.Log(19) - math.Log(16),
	}
	for i, name := range ChurnFeatureNames() {
		if math.Abs(got[i]-want[name]) > 1e-12 {
			t.Errorf("%s: %v, want %v", name, got[i], want[name])
		}
	}
	for _, f := range []*profile.Facts{{}, {Events: 1, FirstSeen: 5, LastSeen: 5}, {Events: 1, FirstSeen: 200 * dayMs, LastSeen: 200 * dayMs}} {
		if got := e.ChurnRow(f, 100*dayMs, nil); got != nil {
			t.Errorf("%+v has nothing to churn from: %v", f, got)
		}
	}
}

func TestChurnReasons(t *testing.T) {
	e := with(t, engine(t, nil), nil)
	f := &profile.Facts{Events: 4, LastSeen: 36 * dayMs, Purchases: []profile.PurchaseDay{
		{Day: 0, Orders: 1, Net: 1000}, {Day: 12, Orders: 1, Net: 500}, {Day: 24, Orders: 1, Net: 2500}, {Day: 36, Orders: 1, Net: 100},
	}}
	c := e.Churn(f, 74*dayMs)
	if !c.OK || c.LeadDays != 120-38 || len(c.Reasons) == 0 || len(c.Reasons) > 3 {
		t.Fatalf("%+v", c)
	}
	first := c.Reasons[0]
	if first.Text.En != "38 days without a purchase; usually one every 12 days." || first.Text.Zh != "已 38 天未购买，平时约每 12 天一次。" {
		t.Errorf("%+v", first)
	}
	for i := range c.Reasons[1:] {
		if c.Reasons[i].Contribution < c.Reasons[i+1].Contribution || c.Reasons[i+1].Contribution <= 0 {
			t.Errorf("%+v", c.Reasons)
		}
	}
	var r Result
	e.Score("u", f, nil, nil, 74*dayMs, &r)
	if r.ChurnP != c.P || r.ChurnWarning != c.Warning || c.Warning != (c.P >= 0.6) {
		t.Errorf("%+v, %+v", r, c)
	}
	if c := e.Churn(f, (36+120)*dayMs); c.LeadDays != 0 || c.Warning || c.P < 0.6 {
		t.Errorf("one whom the rule of silence has called churned is warned of: %+v", c)
	}
}

// TestLimitsOfSilence: from which day on a strategy calls a user churned.
func TestLimitsOfSilence(t *testing.T) {
	for _, c := range []struct {
		change func(*strategy.Strategy)
		want   int
	}{
		{nil, 120},
		{func(s *strategy.Strategy) { s.Lifecycle.Thresholds.Churned = 75 }, 75},
		{custom("silence_days < 50", "silence_days <= 60 || recency_days < 40 && orders > 3"), 61},
		{custom("silence_days < 50", "recency_days < 200"), 200},
		{custom("silence_days >= 90", "silence_days >= 30"), 90},
		{custom("silence_days > 89.5", "30 < silence_days"), 90},
		{custom("44 < silence_days", "orders > 2 && 60 > silence_days"), 60},
		{custom("silence_days < orders", "orders > 2"), 120},
	} {
		if e := engine(t, c.change); e.limit != c.want {
			t.Errorf("%d, want %d", e.limit, c.want)
		}
	}
}

func custom(conditions ...string) func(*strategy.Strategy) {
	return func(s *strategy.Strategy) {
		s.Lifecycle.Preset, s.Lifecycle.Stages, s.Lifecycle.Transitions, s.Segments, s.Tags = strategy.PresetCustom, nil, nil, nil, nil
		for i, when := range conditions {
			s.Lifecycle.Stages = append(s.Lifecycle.Stages, strategy.Stage{Name: fmt.Sprint("s", i), When: when})
		}
		s.Lifecycle.Stages = append(s.Lifecycle.Stages, strategy.Stage{Name: "gone"})
	}
}

// TestModelsAreRefused names what is wrong with models.
func TestModelsAreRefused(t *testing.T) {
	e := engine(t, nil)
	for want, change := range map[string]func(*Models){
		"draw 3 of the purchase model: the parameter a is 0": func(m *Models) { m.Purchases.Draws[2].Purchases["a"] = 0 },
		"draw 1 of the model of money: the parameter v is":   func(m *Models) { delete(m.Purchases.Draws[0].Money, "v") },
		"the purchase model: the kind \"bg\" is not known":   func(m *Models) { m.Purchases.Kind = "bg" },
		"the parameter r is missing":                         func(m *Models) { delete(m.Purchases.Params, "r") },
		"the parameter alpha is -1":                          func(m *Models) { m.Purchases.Params["alpha"] = -1 },
		"the parameter b is 1e+300":                          func(m *Models) { m.Purchases.Params["b"] = 1e300 },
		"it has no parameter s":                              func(m *Models) { m.Purchases.Params["s"] = 1 },
		"the model of money: the parameter q is missing":     func(m *Models) { m.Money.Params = map[string]float64{"p": 1} },
		"the horizon is 0 days":                              func(m *Models) { m.Churn.Horizon = 0 },
		"the threshold is 0":                                 func(m *Models) { m.Churn.Threshold = 0 },
		"the feature \"age\" is not known":                   func(m *Models) { m.Churn.Features[0].Name = "age" },
		"the feature silence stands twice":                   func(m *Models) { m.Churn.Features[1].Name = "silence" },
		"the feature silence has the mean":                   func(m *Models) { m.Churn.Features[0].Scale = 0 },
		"fitted under other settings":                        func(m *Models) { m.Basis = "another" },
	} {
		m := models(e)
		change(&m)
		_, err := e.With(m.Sealed())
		if err == nil || !strings.Contains(err.Error(), want) || fault.HintOf(err) == "" {
			t.Errorf("%s: %v", want, err)
		}
	}
	m := models(e)
	m.Purchases.Params["r"] = math.NaN()
	if _, err := e.With(&m); err == nil || !strings.Contains(err.Error(), "r is NaN") {
		t.Error(err)
	}
	m = models(e)
	if _, err := e.With(&m); err == nil || !strings.Contains(fault.HintOf(err), "seal") {
		t.Error(err)
	}
}

// TestModelBasis: models fit a strategy that differs in what they do not follow from.
func TestModelBasis(t *testing.T) {
	e := engine(t, nil)
	m := models(e)
	for _, c := range []struct {
		change func(*strategy.Strategy)
		fits   bool
	}{
		{nil, true},
		{func(s *strategy.Strategy) { s.Churn.Threshold = 0.9 }, true},
		{func(s *strategy.Strategy) { s.Value.Horizon = 104 }, true},
		{func(s *strategy.Strategy) { s.Tags[0].When = "orders >= 5" }, true},
		{func(s *strategy.Strategy) { s.Events = []string{"x"} }, true},
		{func(s *strategy.Strategy) { s.Churn.Horizon = 30 }, false},
		{func(s *strategy.Strategy) { s.Currency = "CNY" }, false},
		{func(s *strategy.Strategy) { s.Purchase.Amount = "total" }, false},
		{func(s *strategy.Strategy) { s.Activity.Of = "any" }, false},
	} {
		if other := engine(t, c.change); other.FitsModels(&m) != c.fits || other.FitsModels(nil) {
			t.Errorf("fits: %v, want %v", !c.fits, c.fits)
		}
	}
}

// TestPlans: the horizon is divided into equal periods.
func TestPlans(t *testing.T) {
	for _, c := range []struct {
		value strategy.Value
		want  clv.Plan
	}{
		{strategy.Value{}, clv.Plan{Periods: 12, Weeks: 52. / 12, Rate: math.Pow(1.1, 1./12) - 1}},
		{strategy.Value{Horizon: 104, Margin: 1}, clv.Plan{Periods: 24, Weeks: 52. / 12}},
		{strategy.Value{Horizon: 8.5, Discount: 1, Margin: 1}, clv.Plan{Periods: 9, Weeks: 8.5 / 9, Rate: math.Pow(2, 8.5/9/52) - 1}},
		{strategy.Value{Horizon: 5220, Discount: 0.1, Margin: 1}, clv.Plan{Periods: 120, Weeks: 43.5, Rate: math.Pow(1.1, 43.5/52) - 1}},
	} {
		got := plan(engine(t, func(s *strategy.Strategy) { s.Value = c.value }).settings())
		if got.Periods != c.want.Periods || got.Weeks != c.want.Weeks || math.Abs(got.Rate-c.want.Rate) > 1e-15 {
			t.Errorf("%+v, want %+v", got, c.want)
		}
	}
}

func BenchmarkScoreWithModels(b *testing.B) {
	users, err := cdnow()
	if err != nil {
		b.Fatal(err)
	}
	asOf := time.Date(1998, 7, 1, 12, 0, 0, 0, time.UTC).UnixMilli()
	plain := engine(b, nil)
	cuts := users.cuts(plain, asOf)
	e := with(b, plain, nil)
	for _, c := range []struct {
		name string
		e    *Engine
	}{{"without", plain}, {"with", e}} {
		b.Run(c.name, func(b *testing.B) {
			var r Result
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				k := i % len(users.facts)
				c.e.Score(users.keys[k], users.facts[k], nil, cuts, asOf, &r)
			}
		})
	}
	b.Run("threads", func(b *testing.B) { // as many as -cpu says
		b.RunParallel(func(pb *testing.PB) {
			var r Result
			for i := 0; pb.Next(); i++ {
				k := i % len(users.facts)
				e.Score(users.keys[k], users.facts[k], nil, cuts, asOf, &r)
			}
		})
	})
	b.Run("churn", func(b *testing.B) {
		for i := 0; b.Loop(); i++ {
			e.Churn(users.facts[i%len(users.facts)], asOf)
		}
	})
	b.Run("value", func(b *testing.B) {
		for i := 0; b.Loop(); i++ {
			e.Value(users.facts[i%len(users.facts)], asOf)
		}
	})
}

// TestReasonsDoNotRepeat: where purchases alone are signs of life, active days and purchase days are one reason.
func TestReasonsDoNotRepeat(t *testing.T) {
	var row [churnFeatures]float64
	c := &churning{terms: []churnTerm{
		{feature: churnActive, mean: 1, weight: -2}, {feature: churnRecent, mean: 1, weight: -2}, {feature: churnActiveTrend, mean: 1, weight: -1},
		{feature: churnSpend, mean: 1, weight: -0.5},
	}}
	for bought, want := range map[bool][]int{true: {churnActive, churnSpend}, false: {churnActive, churnRecent, churnSpend}} {
		var got []int
		for _, term := range c.strongest(&row, bought) {
			got = append(got, term.feature)
		}
		if !slices.Equal(got, want) {
			t.Errorf("bought %v: the reasons are of the features %v, want %v", bought, got, want)
		}
	}
}
