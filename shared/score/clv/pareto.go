package clv

import (
	"math"

	"github.com/weir-engine/weir/shared/fmath"
)

// ParetoNBD holds the parameters of the Pareto/NBD model: purchases of rate gamma(R, Alpha), dropout at any moment at a rate of
// gamma(S, Beta).
// Source: Schmittlein, Morrison, Colombo (1987), Counting Your Customers, Management Science 33(1); in the form of Fader and
// Hardie (2005), A Note on Deriving the Pareto/NBD Model, equations (20) and (41).
type ParetoNBD struct{ R, Alpha, S, Beta float64 }

// PAlive returns the probability that the user has not dropped out.
func (m ParetoNBD) PAlive(h History) float64 {
	return logistic(m.LogDropoutOdds(h))
}

// LogDropoutOdds returns the logarithm of the odds of having dropped out, s/(r+s+x)·(alpha+T)**(r+x)·(beta+T)**s·A0; -Inf right
// after a purchase. A0 is a difference of two values of 2F1; in the form of Euler each is a factor of moderate size times a
// power, and only the ratio of the powers, which stays a logarithm, is large.
func (m ParetoNBD) LogDropoutOdds(h History) float64 {
	h = h.clean()
	silence := h.T - h.TX
	powers := float64((m.R+h.X)*fmath.Log1p(silence/(m.Alpha+h.TX))) + float64(m.S*fmath.Log1p(silence/(m.Beta+h.TX)))
	a0 := m.factor(h.X, h.TX) - float64(fmath.Exp(-powers)*m.factor(h.X, h.T))
	if silence == 0 || a0 <= 0 {
		return math.Inf(-1)
	}
	return powers + fmath.Log(float64(m.S/(m.R+m.S+h.X)*a0))
}

// factor returns 2F1(r+s+x, ·; r+s+x+1; ·)·(alpha+t)**(r+x)·(beta+t)**s / (max(alpha, beta)+t)**(r+s+x).
func (m ParetoNBD) factor(x, t float64) float64 {
	c := m.R + m.S + x + 1
	if m.Alpha >= m.Beta {
		return fmath.Hyp2F1(1, m.R+x, c, (m.Alpha-m.Beta)/(m.Alpha+t))
	}
	return float64(fmath.Hyp2F1(1, m.S+1, c, (m.Beta-m.Alpha)/(m.Beta+t)) * ((m.Alpha + t) / (m.Beta + t)))
}

// Expected returns the expected number of purchases within t weeks.
func (m ParetoNBD) Expected(h History, t float64) float64 { return m.given(m.PAlive(h), h, t) }

func (m ParetoNBD) given(alive float64, h History, t float64) float64 {
	h, t = h.clean(), horizon(t)
	if t == 0 {
		return 0
	}
	// (beta+T)/(s-1)·[1 - ((beta+T)/(beta+T+t))**(s-1)], continuous at s = 1.
	e, logRatio := m.S-1, -fmath.Log1p(t/(m.Beta+h.T))
	lasts := -logRatio
	if e != 0 {
		lasts = -fmath.Expm1(float64(e*logRatio)) / e
	}
	rate := (m.R + h.X) / (m.Alpha + h.T)
	return float64(float64(alive*rate) * float64((m.Beta+h.T)*lasts))
}

// NBD holds the parameters of purchases of rate gamma(R, Alpha) without dropout, the fallback where the data show none.
// Source: Ehrenberg (1959), The Pattern of Consumer Purchases, Applied Statistics 8(1).
type NBD struct{ R, Alpha float64 }

// PAlive returns 1: the model knows no dropout, and the figure is not to be shown.
func (m NBD) PAlive(History) float64 { return 1 }

// Expected returns the expected number of purchases within t weeks.
func (m NBD) Expected(h History, t float64) float64 { return m.given(1, h, t) }

func (m NBD) given(_ float64, h History, t float64) float64 {
	h = h.clean()
	return float64((m.R + h.X) / (m.Alpha + h.T) * horizon(t))
}
