package clv

import (
	"fmt"
	"math"
	"testing"
)

// TestDegenerate scores histories and horizons from the edges, broken ones among them, with parameters from the edges: every answer
// is finite and in its range.
func TestDegenerate(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	histories := map[string]History{
		"no purchase": {}, "T = 0": {0, 0, 0}, "bought again at once": {1, 0, 0}, "one purchase long ago": {0, 0, 5218}, "x = 10,000": {10_000, 519, 520},
		"x = 10,000 and silent": {10_000, 100, 5218}, "negative": {-3, -1, -20}, "t_x after T": {3, 20, 5}, "NaN": {nan, nan, nan}, "NaN x": {nan, 3, 20},
		"NaN t_x": {2, nan, 20}, "NaN T": {2, 3, nan}, "infinite x": {inf, 3, 20}, "infinite t_x": {2, inf, 20}, "infinite T": {2, 3, inf}, "infinite": {inf, inf, inf},
	}
	horizons := []float64{-1, 0, 1e-12, 1, 52, 5218, 1e12, inf, -inf, nan}
	models := []Model{
		bgFit, mbgFit, pnFit, NBD{0.4, 8}, BGNBD{1e-4, 1e-3, 1e-4, 1e4}, MBGNBD{1e4, 1e4, 1e4, 1e-4}, ParetoNBD{1e-4, 1e3, 1e-4, 3}, ParetoNBD{50, 0.1, 30, 0.1}, NBD{1e-6, 1e6},
	}
	for name, h := range histories {
		for _, m := range models {
			what := fmt.Sprintf("%s, %T %v", name, m, m)
			if p := m.PAlive(h); !(p >= 0 && p <= 1) {
				t.Errorf("%s: P(alive) is %v", what, p)
			}
			for _, weeks := range horizons {
				if e := m.Expected(h, weeks); !finite(e) || e < 0 {
					t.Errorf("%s: %v purchases are expected in %v weeks", what, e, weeks)
				}
			}
			for _, plan := range []Plan{{}, {12, 4.345, 0.01}, {3, 1739, 0.1}, {1, inf, 0}, {3, nan, nan}, {-1, 1, 1}, {2, 1, -1}} {
				for _, value := range []float64{0, 25, -3, 1e15, nan, inf} {
					if v := Value(m, h, value, plan); !finite(v) {
						t.Errorf("%s: a purchase of %v by %v is worth %v", what, value, plan, v)
					}
				}
			}
		}
		for _, gg := range []GammaGamma{ggFit, {1, 0.5, 20}, {1e-5, 1, 1}, {1e5, 1e5, 1e5}} {
			for _, mean := range []float64{0, -5, 35, 1e15, nan, inf} {
				if v := gg.Value(h.X, mean); !finite(v) || v < 0 {
					t.Errorf("%s, %v: a mean of %v gives %v", name, gg, mean, v)
				}
			}
		}
		if low, high := Interval(models, h, 25, Plan{100, 52.18, 0.1}); !finite(low) || !finite(high) || low > high {
			t.Errorf("%s: an interval from %v to %v", name, low, high)
		}
	}
	for _, m := range []BGBB{{1.2, 0.75, 0.66, 2.78}, {1e-4, 1e4, 1e4, 1e-4}} {
		for _, c := range []Chances{{}, {0, 0, 6}, {6, 6, 6}, {1, 6, 6}, {10_000, 10_000, 10_000}, {0, 0, 10_000}, {nan, nan, nan}, {inf, inf, inf}, {5, 2, 1}, {-1, -1, -1}} {
			for _, n := range []int{-1, 0, 10, 5218, math.MaxInt} {
				if p, e := m.PAlive(c), m.Expected(c, n); !(p >= 0 && p <= 1) || !finite(e) || e < 0 || math.IsNaN(m.LogLik(c)) {
					t.Errorf("%v, %v, %d: alive %v, expected %v, likelihood %v", m, c, n, p, e, m.LogLik(c))
				}
			}
		}
	}
	for _, n := range []int{-5, 0, 5218, math.MaxInt} {
		for _, s := range (SBG{0.7, 1.2}).Survival(n) {
			if !(s > 0 && s <= 1) {
				t.Fatalf("%d renewals: %v survive", n, s)
			}
		}
	}
}

func finite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }
