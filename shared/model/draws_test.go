package model

import (
	"math"
	"testing"

	"github.com/weir-engine/weir/shared/fault"
	"github.com/weir-engine/weir/shared/score/clv"
)

// TestDrawsSpreadAsTheStandardErrorsSay draws parameters of a fit, and takes the interval of a lifetime value from them.
func TestDrawsSpreadAsTheStandardErrorsSay(t *testing.T) {
	fit, err := Purchases(MBGNBD, simulated(1000, true))
	if err != nil {
		t.Fatal(err)
	}
	draws := fit.Draws(2000)
	for i, p := range fit.Params {
		variance := 0.0
		for _, d := range draws {
			variance += math.Pow(math.Log(d[i].Value/p.Value), 2) / float64(len(draws))
		}
		if got, want := math.Sqrt(variance), fit.StdErr[i].Value/p.Value; math.Abs(got/want-1) > 0.1 {
			t.Errorf("%s spreads by %.4f, its standard error is %.4f (in logarithms)", p.Name, got, want)
		}
	}
	var models []clv.Model
	for _, d := range draws[:64] {
		m, err := NewPurchases(fit.Model, d)
		if err != nil {
			t.Fatal(err)
		}
		models = append(models, m)
	}
	best, err := fit.Purchases()
	if err != nil {
		t.Fatal(err)
	}
	h, plan := clv.History{X: 3, TX: 20, T: 30}, clv.Plan{Periods: 12, Weeks: 4.345, Rate: 0.01}
	low, high := clv.Interval(models, h, 25, plan)
	if value := clv.Value(best, h, 25, plan); !(low < value && value < high && high < 2*low) {
		t.Errorf("a value of %.2f in [%.2f, %.2f]", value, low, high)
	}
	if low, high := clv.Interval(nil, h, 25, plan); low != 0 || high != 0 {
		t.Errorf("without draws: [%v, %v]", low, high)
	}
	again := fit.Draws(64)
	for i, d := range again {
		for j := range d {
			if d[j] != draws[i][j] {
				t.Fatalf("draw %d is %v, then %v", i, draws[i], d)
			}
		}
	}
	if d := (&Fit{Model: NBD, Params: Values{{"r", 1}, {"alpha", 1}}}).Draws(64); d != nil {
		t.Errorf("draws without a covariance: %v", d)
	}
}

func TestNewPurchasesRefuses(t *testing.T) {
	for _, c := range []struct {
		kind   Kind
		params Values
	}{
		{GammaGamma, Values{{"p", 1}, {"q", 2}, {"v", 3}}}, {"", nil}, {NBD, Values{{"r", 1}}}, {NBD, Values{{"r", 1}, {"alpha", math.NaN()}}},
		{BGNBD, Values{{"r", 1}, {"alpha", -1}, {"a", 1}, {"b", 1}}},
	} {
		if m, err := NewPurchases(c.kind, c.params); !fault.Is(err, fault.Invalid) || fault.HintOf(err) == "" {
			t.Errorf("%s %v: %v, %v", c.kind, c.params, m, err)
		}
	}
}
