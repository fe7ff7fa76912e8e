package parity

import (
	"github.com/weir-engine/weir/shared/fmath"
	"github.com/weir-engine/weir/shared/score"
	"github.com/weir-engine/weir/shared/score/clv"
)

// models are parameters as fits give them, then some from the edges of what a fit may give.
var models = []clv.Model{
	clv.BGNBD{R: 0.243, Alpha: 4.414, A: 0.793, B: 2.426}, clv.MBGNBD{R: 0.525, Alpha: 6.183, A: 0.891, B: 1.614},
	clv.ParetoNBD{R: 0.553, Alpha: 10.578, S: 0.606, Beta: 11.669}, clv.NBD{R: 0.385, Alpha: 12.1},
	clv.BGNBD{R: 9, Alpha: 5, A: 0.7, B: 2}, clv.MBGNBD{R: 0.02, Alpha: 0.3, A: 1, B: 1}, clv.ParetoNBD{R: 0.4, Alpha: 5, S: 0.7, Beta: 20},
	clv.MBGNBD{R: 3, Alpha: 60, A: 0.05, B: 8},
}

// money is the Gamma-Gamma model of the CDNOW sample.
var money = clv.GammaGamma{P: 6.25, Q: 3.74, V: 15.44}

// formulas hashes every purchase model over a history: the user's own, or one from the edges.
func formulas(h *digest, d *draw, r *score.Result, k int) {
	history, mean := clv.History{X: float64(r.X), TX: r.TX, T: r.T}, r.MX
	if d.one(8) {
		history = clv.History{X: float64(d.below(10_001)), T: float64(d.below(40_000)) / 7}
		history.TX = float64(history.T * d.unit())
	}
	value := money.Value(history.X, mean)
	horizon := float64(d.pickWeeks())
	h.floats(value, horizon)
	first := 4 * d.below(2)
	for _, m := range models[first : first+4] {
		h.floats(m.PAlive(history), m.Expected(history, horizon))
	}
	m := models[d.below(len(models))]
	if k%4 == 0 {
		h.floats(clv.Value(m, history, value, clv.Plan{Periods: 12, Weeks: 4.345, Rate: 0.01}))
	}
	if k%64 == 0 {
		low, high := clv.Interval(models[:4], history, value, clv.Plan{Periods: 52, Weeks: 1, Rate: 0.0018})
		h.floats(low, high)
	}
	n := float64(1 + d.below(40))
	chances := clv.Chances{N: n, TX: float64(d.below(int(n) + 1))}
	chances.X = min(float64(d.below(40)), chances.TX)
	if chances.X == 0 {
		chances.TX = 0
	}
	bgbb := clv.BGBB{Alpha: 1.204, Beta: 0.75, Gamma: 0.657, Delta: 2.783}
	h.floats(bgbb.PAlive(chances), bgbb.Expected(chances, 10), bgbb.LogLik(chances))
	h.floats(clv.SBG{Alpha: 0.05 + d.unit(), Beta: 0.05 + float64(4*d.unit())}.Survival(12)...)
}

// pickWeeks is a horizon in weeks, from none to a century.
func (d *draw) pickWeeks() int {
	switch d.below(64) {
	case 0:
		return 0
	case 1:
		return 5_218
	}
	return 1 + d.below(104)
}

// functions hashes the functions of package fmath where they are finite.
func functions(h *digest, d *draw) {
	x, p := float64(d.unit()*40), d.unit()
	tiny := fmath.Exp(-x - float64(20*p))
	h.floats(fmath.Exp(x-20), fmath.Expm1(tiny), fmath.Log(x+tiny), fmath.Log1p(tiny-0.5), fmath.Pow(x, float64(8*p)-4+x/40))
	h.floats(fmath.Lgamma(x+tiny), fmath.Digamma(x+0.001), fmath.Erf(x/8), fmath.Erfc(x/2-4), fmath.NormalCDF(x/2-10), fmath.NormalQuantile(p+tiny/4))
	h.floats(fmath.Hyp2F1(1+x/10, p, 1+x/10+float64(p*3), float64(p*0.99)), fmath.Hyp2F1Rest(x/4, p, 1+x/8, float64(0.99*d.unit())))
}
