package model

import (
	"math"
	"sort"

	"github.com/weir-engine/weir/shared/fault"
	"github.com/weir-engine/weir/shared/fmath"
)

// Spend is the money of a user: X repeat purchases of the mean value Mean, in major units.
type Spend struct{ X, Mean float64 }

// Money fits the Gamma-Gamma model to the users with a repeat purchase and a positive mean; the others are dropped (Fader,
// Hardie 2013, equation (1)). It is not identified where q <= 1, for then no mean over all users exists.
func Money(spends []Spend) (*Fit, error) {
	var rows []Spend
	for _, s := range spends {
		if s.X > 0 && s.Mean > 0 && !math.IsInf(s.X*s.Mean, 0) {
			rows = append(rows, s)
		}
	}
	if len(rows) < minUsers {
		return nil, tooFew(float64(len(rows)), "users with a repeat purchase of positive value")
	}
	sort.Slice(rows, func(i, j int) bool {
		return rows[i].X < rows[j].X || rows[i].X == rows[j].X && rows[i].Mean < rows[j].Mean
	})
	mean, figures := 0.0, make([]float64, 0, 2*len(rows))
	for _, s := range rows {
		mean += s.Mean / float64(len(rows))
		figures = append(figures, s.X, s.Mean)
	}
	if allEqual(rows) {
		return nil, fault.New(fault.Invalid, "every user spends %v a purchase, so there is no spread to fit", rows[0].Mean).
			WithHint("use that value for all of them")
	}
	fit, proper, err := fitMoney(rows, mean)
	if err != nil {
		return nil, err
	}
	fit.Provenance.Data, fit.Provenance.Rows = fingerprint(figures...), len(rows)
	if r := correlation(rows); r == r {
		r = round12(r)
		fit.Correlated = &r
	}
	switch {
	case !proper:
		fit.Identified, fit.Reason = false, "the likelihood has no proper maximum: the data do not tell the spread within users from that among them"
	case fit.Params.Get("q") <= 1:
		fit.Identified, fit.Reason = false, "q is at most 1: users differ so much in value that no mean over all of them exists"
	}
	return fit, nil
}

// fitMoney fits in units of the mean, so that a currency of large numbers is like any other.
func fitMoney(rows []Spend, mean float64) (*Fit, bool, error) {
	n, scaled := float64(len(rows)), make([]Spend, len(rows))
	for i, s := range rows {
		scaled[i] = Spend{s.X, s.Mean / mean}
	}
	f := func(p, grad []float64) float64 { return gammaGamma(scaled, p, grad) }
	fit, proper, err := finish(GammaGamma, f, search(f, math.Inf(1), []float64{1, 1, 0}, []float64{0, 0.5, 0}), n)
	if err != nil {
		return nil, false, err
	}
	fit.LogLik -= n * fmath.Log(mean)
	for _, values := range []Values{fit.Params, fit.StdErr} {
		for i := range values {
			if values[i].Name == "v" {
				values[i].Value = round12(values[i].Value * mean)
			}
		}
	}
	return fit, proper, nil
}

func allEqual(rows []Spend) bool {
	for _, s := range rows {
		if s.Mean != rows[0].Mean {
			return false
		}
	}
	return true
}

func gammaGamma(rows []Spend, at, grad []float64) float64 {
	natural := exponents(at)
	p, q, v := natural[0], natural[1], natural[2]
	clear(grad)
	sum, n := 0.0, float64(len(rows))
	lgammaQ, logV := fmath.Lgamma(q), fmath.Log(v)
	var before, lgammas, all, own float64 // by X, which is sorted
	for _, s := range rows {
		px := p * s.X
		if s.X != before {
			before, lgammas = s.X, fmath.Lgamma(px+q)-fmath.Lgamma(px)
			if grad != nil {
				all, own = fmath.Digamma(px+q), fmath.Digamma(px)
			}
		}
		logM, logX, logSum := fmath.Log(s.Mean), fmath.Log(s.X), fmath.Log(s.X*s.Mean+v)
		sum += lgammas - lgammaQ + q*logV + (px-1)*logM + px*logX - (px+q)*logSum
		if grad != nil {
			grad[0] += s.X * (all - own + logM + logX - logSum) / n
			grad[1] += (all + logV - logSum) / n
			grad[2] += (q/v - (px+q)/(s.X*s.Mean+v)) / n
		}
	}
	if grad != nil {
		grad[1] -= fmath.Digamma(q)
	}
	downhill(natural, grad)
	return -sum / n
}

// correlation is Pearson's, of frequency and value.
func correlation(rows []Spend) float64 {
	n, x, m := float64(len(rows)), 0.0, 0.0
	for _, s := range rows {
		x += s.X / n
		m += s.Mean / n
	}
	var xx, mm, xm float64
	for _, s := range rows {
		xx += (s.X - x) * (s.X - x)
		mm += (s.Mean - m) * (s.Mean - m)
		xm += (s.X - x) * (s.Mean - m)
	}
	return xm / math.Sqrt(xx*mm)
}
