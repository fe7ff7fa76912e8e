package model

import (
	"fmt"
	"math"

	"github.com/weir-engine/weir/shared/fault"
	"github.com/weir-engine/weir/shared/fmath"
)

// The identifiability rule: below these, the data carry no signal of dropout.
const (
	leastGain    = 0.5  // of log-likelihood over the NBD, which has no dropout
	leastDropout = 1e-3 // mean probability of dropping out
)

// Purchases fits a model of repeat purchases. Log-likelihoods are of the purchase times as (x, t_x, T) keeps them: for the NBD
// too, so that they compare. Where the data do not identify dropout, the report says why and carries the NBD to fall back on.
// It refuses rows that are no histories, fewer than 10 users, and users of whom none bought again.
func Purchases(kind Kind, rows []Row) (*Fit, error) {
	if err := checkRows(rows); err != nil {
		return nil, err
	}
	rows = Collapse(rows)
	data := newHistories(rows)
	nbd, proper, err := data.fit(NBD, math.Inf(1))
	if err != nil {
		return nil, err
	}
	if !proper {
		nbd.Identified, nbd.Reason = false, "users do not differ in how often they buy, or too few bought again: the spread of rates is not identified"
	}
	if kind == NBD {
		return nbd, nil
	}
	if kind != MBGNBD && kind != BGNBD && kind != ParetoNBD {
		return nil, fault.New(fault.Invalid, "%q is no model of repeat purchases", string(kind)).
			WithHint("use mbgnbd, bgnbd, paretonbd or nbd")
	}
	fit, proper, err := data.fit(kind, -(nbd.LogLik+leastGain)/data.n) // where dropout gains less, how little does not matter
	if err != nil {
		return nil, err
	}
	if fit.Reason = data.unidentified(fit, nbd, proper); fit.Reason != "" {
		fit.Identified, fit.Fallback = false, nbd
	}
	return fit, nil
}

// unidentified says why a fit shows no dropout; "" when it does.
func (d *histories) unidentified(fit, nbd *Fit, proper bool) string {
	dropout := 0.0
	switch p := fit.Params; fit.Model {
	case ParetoNBD: // by the mean end of observation
		proper = proper && math.Abs(math.Log(p.Get("alpha")/p.Get("beta"))) < apart
		dropout = 1 - math.Pow(1+d.meanT/p.Get("beta"), -p.Get("s"))
	default: // at a purchase
		dropout = p.Get("a") / (p.Get("a") + p.Get("b"))
	}
	gain := fit.LogLik - nbd.LogLik
	switch {
	case gain < leastGain:
		return fmt.Sprintf("dropout not identified: allowing for it raises the log-likelihood by %.2f, less than %v", max(gain, 0), leastGain)
	case dropout < leastDropout:
		return fmt.Sprintf("dropout not identified: its mean probability is %.2g, less than %v", dropout, leastDropout)
	case !proper:
		return "dropout not identified: the likelihood has no proper maximum (its Hessian is not positive definite)"
	}
	return ""
}

// histories is a set of rows made ready: their different numbers of purchases and totals.
type histories struct {
	rows  []Row
	count []float64 // different X, ascending
	at    []int     // index in count by row
	share []float64 // of users by count
	n     float64   // users
	meanX float64
	meanT float64
}

func newHistories(rows []Row) *histories {
	d := &histories{rows: rows, at: make([]int, len(rows))}
	for i, r := range rows { // sorted by X
		if len(d.count) == 0 || d.count[len(d.count)-1] != r.X {
			d.count, d.share = append(d.count, r.X), append(d.share, 0)
		}
		d.at[i] = len(d.count) - 1
		d.share[d.at[i]] += r.Weight
		d.n += r.Weight
		d.meanX += r.Weight * r.X
		d.meanT += r.Weight * r.T
	}
	d.meanX /= d.n
	d.meanT /= d.n
	for i := range d.share {
		d.share[i] /= d.n
	}
	return d
}

// fit fits a model; an end on a slope is searched further only below the value worth.
func (d *histories) fit(kind Kind, worth float64) (*Fit, bool, error) {
	alpha := math.Log(d.meanT / d.meanX)
	var f objective
	var starts [][]float64
	switch kind {
	case NBD:
		f = d.nbd
		starts = [][]float64{{-0.5, alpha - 0.5}, {1, alpha + 1}}
	case ParetoNBD:
		f = d.pareto
		starts = [][]float64{{-0.5, alpha - 0.5, -0.5, math.Log(d.meanT) - 1}, {0.5, alpha + 0.5, 0.5, math.Log(d.meanT) + 1}}
	default:
		extra := 0.0
		if kind == MBGNBD {
			extra = 1
		}
		f = func(p, grad []float64) float64 { return d.beta(p, grad, extra) }
		starts = [][]float64{{-0.7, alpha - 0.7, 0, 0.7}, {0.5, alpha + 0.5, -1, 2}}
	}
	fit, proper, err := finish(kind, f, search(f, worth, starts...), d.n)
	if err != nil {
		return nil, false, err
	}
	fit.Provenance.Data, fit.Provenance.Rows = fingerprint(rowFigures(d.rows)...), len(d.rows)
	return fit, proper, nil
}

// rates adds what all models share, by the number of purchases: log Γ(r+x) - log Γ(r) + r·log alpha, and its slopes.
func (d *histories) rates(r, alpha float64, grad []float64) (value float64) {
	logAlpha, lgamma := fmath.Log(alpha), fmath.Lgamma(r)
	for i, x := range d.count {
		value += d.share[i] * (fmath.Lgamma(r+x) - lgamma + r*logAlpha)
	}
	if grad == nil {
		return value
	}
	digamma := fmath.Digamma(r)
	for i, x := range d.count {
		grad[0] += d.share[i] * (fmath.Digamma(r+x) - digamma + logAlpha)
	}
	grad[1] += r / alpha
	return value
}

// downhill turns the slopes of the log-likelihood by natural parameters into those of its negative by log-parameters.
func downhill(natural, grad []float64) {
	for i := range grad {
		grad[i] *= -natural[i]
	}
}

func exponents(p []float64) []float64 {
	out := make([]float64, len(p))
	for i, v := range p {
		out[i] = fmath.Exp(v)
	}
	return out
}

// nbd is the likelihood of purchase times without dropout.
func (d *histories) nbd(p, grad []float64) float64 {
	q := exponents(p)
	r, alpha := q[0], q[1]
	clear(grad)
	sum := d.rates(r, alpha, grad)
	for _, row := range d.rows {
		w, log := row.Weight/d.n, fmath.Log(alpha+row.T)
		sum -= w * (r + row.X) * log
		if grad != nil {
			grad[0] -= w * log
			grad[1] -= w * (r + row.X) / (alpha + row.T)
		}
	}
	downhill(q, grad)
	return -sum
}

// beta is the likelihood of BG/NBD (extra = 0) and MBG/NBD (extra = 1: the first purchase, too, is a chance to drop out), with
// k = x+extra chances: Fader, Hardie, Lee (2005), equation (6); Batislam, Denizel, Filiztekin (2007), equation (7).
func (d *histories) beta(p, grad []float64, extra float64) float64 {
	q := exponents(p)
	r, alpha, a, b := q[0], q[1], q[2], q[3]
	clear(grad)
	sum := d.rates(r, alpha, grad)
	base := fmath.Lgamma(a+b) - fmath.Lgamma(b)
	var slopeA, slopeB float64
	if grad != nil {
		slopeA = fmath.Digamma(a + b)
		slopeB = slopeA - fmath.Digamma(b)
	}
	for i, x := range d.count {
		k := x + extra
		sum += d.share[i] * (base + fmath.Lgamma(b+k) - fmath.Lgamma(a+b+k))
		if grad != nil {
			all := fmath.Digamma(a + b + k)
			grad[2] += d.share[i] * (slopeA - all)
			grad[3] += d.share[i] * (slopeB + fmath.Digamma(b+k) - all)
		}
	}
	for _, row := range d.rows {
		w, k, rx := row.Weight/d.n, row.X+extra, r+row.X
		logT := fmath.Log(alpha + row.T)
		alive, gone, logTX := 1.0, 0.0, 0.0
		value := -rx * logT
		if k > 0 {
			logTX = fmath.Log(alpha + row.TX)
			odds := rx*(logT-logTX) + fmath.Log(a/(b+k-1))
			alive = 1 / (1 + fmath.Exp(odds))
			gone = 1 - alive
			value += softplus(odds)
		}
		sum += w * value
		if grad != nil {
			grad[0] -= w * (alive*logT + gone*logTX)
			grad[1] -= w * rx * (alive/(alpha+row.T) + gone/(alpha+row.TX))
			grad[2] += w * gone / a
			if k > 0 {
				grad[3] -= w * gone / (b + k - 1)
			}
		}
	}
	downhill(q, grad)
	return -sum
}

// softplus returns log(1 + e**x).
func softplus(x float64) float64 {
	if x > 0 {
		return x + fmath.Log1p(fmath.Exp(-x))
	}
	return fmath.Log1p(fmath.Exp(x))
}
