package model

import (
	"math"

	"github.com/weir-engine/weir/shared/fmath"
)

// apart is how far the logarithms of alpha and beta may lie from each other: rates of purchase and of dropout that differ 400
// times are no property of users but a slide to a boundary. Beyond, the likelihood is pulled back.
const apart = 6

// pareto is the likelihood of Pareto/NBD: that of staying, times 1 + the odds of having dropped out (Fader, Hardie 2005, A Note
// on Deriving the Pareto/NBD Model, equation 17).
func (d *histories) pareto(p, grad []float64) float64 {
	q := exponents(p)
	r, alpha, s, beta := q[0], q[1], q[2], q[3]
	clear(grad)
	sum := d.rates(r, alpha, grad)
	logS, logBeta := fmath.Log(s), fmath.Log(beta)
	for _, row := range d.rows {
		w, rx := row.Weight/d.n, r+row.X
		logA, logB := fmath.Log(alpha+row.T), fmath.Log(beta+row.T)
		stayed := -rx*logA - s*logB
		left := dropout{rx: rx, alpha: alpha, s1: s + 1, beta: beta}
		alive, gone, odds := 1.0, 0.0, math.Inf(-1)
		if left.between(row.TX, row.T) {
			odds = logS + left.log - stayed
			alive = 1 / (1 + fmath.Exp(odds))
			gone = 1 - alive
		}
		sum += w * (s*logBeta + stayed + softplus(odds))
		if grad != nil {
			grad[0] -= w * (alive*logA + gone*left.logA)
			grad[1] -= w * rx * (alive/(alpha+row.T) + gone*left.overA)
			grad[2] += w * (logBeta - alive*logB + gone*(1/s-left.logB))
			grad[3] += w * (s/beta - alive*s/(beta+row.T) - gone*(s+1)*left.overB)
		}
	}
	downhill(q, grad)
	beyond := max(math.Abs(p[1]-p[3])-apart, 0)
	if grad != nil && beyond > 0 {
		slope := 2 * beyond * math.Copysign(1, p[1]-p[3])
		grad[1] += slope
		grad[3] -= slope
	}
	return beyond*beyond - sum
}

// dropout integrates (alpha+y)**-rx · (beta+y)**-s1 over the moments y at which a user may have left. Both factors fall, and over
// v = log((m+y)/(m+t_x)), m the smaller of alpha and beta, they fall smoothly: few nodes do, also where the series of 2F1 that
// stand for the integral need thousands of terms.
type dropout struct {
	rx, alpha, s1, beta float64

	log          float64 // of the integral
	logA, logB   float64 // means of log(alpha+y) and log(beta+y), weighted by what is integrated
	overA, overB float64 // means of 1/(alpha+y) and 1/(beta+y)
}

// The nodes and weights of Gauss and Legendre on [-1, 1], ten of them: those above 0.
var (
	gaussNodes   = [5]float64{0.14887433898163122, 0.4333953941292472, 0.6794095682990244, 0.8650633666889845, 0.9739065285171717}
	gaussWeights = [5]float64{0.29552422471475287, 0.26926671930999635, 0.21908636251598204, 0.1494513491505806, 0.06667134430868814}
)

// between integrates from t_x to T; it reports false where there is nothing between them.
func (d *dropout) between(tx, t float64) bool {
	if !(t > tx) {
		return false
	}
	m := min(d.alpha, d.beta)
	a0, b0 := d.alpha+tx, d.beta+tx
	end := fmath.Log1p((t - tx) / (m + tx))
	var sum, logA, logB, overA, overB float64
	for v := 0.0; v < end; {
		y := (m + tx) * fmath.Expm1(v) // since t_x
		fall := d.rx*(m+tx+y)/(a0+y) + d.s1*(m+tx+y)/(b0+y)
		half := min(1.5, 8/fall, end-v) / 2
		middle, before := v+half, sum
		for k := range 2 * len(gaussNodes) {
			node, weight := gaussNodes[k/2], gaussWeights[k/2]
			if k%2 == 1 {
				node = -node
			}
			u := middle + half*node
			y := (m + tx) * fmath.Expm1(u)
			la, lb := fmath.Log1p(y/a0), fmath.Log1p(y/b0)
			g := half * weight * fmath.Exp(u-d.rx*la-d.s1*lb)
			sum += g
			logA += g * la
			logB += g * lb
			overA += g / (a0 + y)
			overB += g / (b0 + y)
		}
		v += 2 * half
		if sum-before < 1e-14*sum && fall > 1 {
			break
		}
	}
	logA0, logB0 := fmath.Log(a0), fmath.Log(b0)
	d.log = fmath.Log((m+tx)*sum) - d.rx*logA0 - d.s1*logB0
	d.logA, d.logB = logA0+logA/sum, logB0+logB/sum
	d.overA, d.overB = overA/sum, overB/sum
	return sum > 0
}
