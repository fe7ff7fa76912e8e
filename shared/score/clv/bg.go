package clv

import "github.com/weir-engine/weir/shared/fmath"

// BGNBD holds the parameters of the BG/NBD model: purchases of rate gamma(R, Alpha), dropout after a repeat purchase with a
// probability of beta(A, B). A user without a repeat purchase is alive for certain.
// Source: Fader, Hardie, Lee (2005), "Counting Your Customers" the Easy Way, Marketing Science 24(2), equations (8) and (10).
type BGNBD struct{ R, Alpha, A, B float64 }

// PAlive returns the probability that the user has not dropped out.
func (m BGNBD) PAlive(h History) float64 {
	h = h.clean()
	if h.X == 0 {
		return 1
	}
	return logistic(dropoutOdds(m.R, m.Alpha, m.A, m.B+h.X-1, h))
}

// Expected returns the expected number of purchases within t weeks.
func (m BGNBD) Expected(h History, t float64) float64 { return m.given(m.PAlive(h), h, t) }

func (m BGNBD) given(alive float64, h History, t float64) float64 {
	h = h.clean()
	return float64(alive * betaPurchases(m.R, m.Alpha, m.A, m.A+m.B+h.X-1, h, t))
}

// MBGNBD holds the parameters of the modified BG/NBD model, in which a user may also drop out after the first purchase.
// Source: Batislam, Denizel, Filiztekin (2007), Empirical validation and comparison of models for customer base analysis,
// International Journal of Research in Marketing 24(3).
type MBGNBD struct{ R, Alpha, A, B float64 }

// PAlive returns the probability that the user has not dropped out.
func (m MBGNBD) PAlive(h History) float64 {
	h = h.clean()
	return logistic(dropoutOdds(m.R, m.Alpha, m.A, m.B+h.X, h))
}

// Expected returns the expected number of purchases within t weeks.
func (m MBGNBD) Expected(h History, t float64) float64 { return m.given(m.PAlive(h), h, t) }

func (m MBGNBD) given(alive float64, h History, t float64) float64 {
	h = h.clean()
	return float64(alive * betaPurchases(m.R, m.Alpha, m.A, m.A+m.B+h.X, h, t))
}

// dropoutOdds returns the logarithm of a/kept · ((alpha+T)/(alpha+tx))**(r+x), the odds of having dropped out.
func dropoutOdds(r, alpha, a, kept float64, h History) float64 {
	silence := fmath.Log1p((h.T - h.TX) / (alpha + h.TX))
	return fmath.Log(a/kept) + float64((r+h.X)*silence)
}

// A horizon is bounded in units of alpha+T: longestRatio keeps z at 0.999, up to which 2F1 is exact to 1e-12, and
// mostTerms/(r+x) keeps the largest term of the series among the first of its million.
const (
	longestRatio = 999
	mostTerms    = 200_000
)

// Furthest returns the longest horizon in weeks that Expected does not cut.
func (m BGNBD) Furthest(h History) float64 { return furthest(m.R, m.Alpha, h.clean()) }

// Furthest returns the longest horizon in weeks that Expected does not cut.
func (m MBGNBD) Furthest(h History) float64 { return furthest(m.R, m.Alpha, h.clean()) }

func furthest(r, alpha float64, h History) float64 {
	return min(MaxHorizon, float64(min(longestRatio, mostTerms/(r+h.X))*(alpha+h.T)))
}

// betaPurchases returns c/(a-1) · [1 - ((alpha+T)/(alpha+T+t))**(r+x) · 2F1(r+x, c-a+1; c; z)] with z = t/(alpha+T+t): the
// purchases of one who is alive. In the form of Euler the hypergeometric function is (1-z)**(a-1-r-x) · 2F1(c-r-x, a-1; c; z),
// so that with e = a-1 and L = log(1-z) the whole is c·(1-exp(eL))/e - exp(eL)·c/e·(2F1-1): no pole at a = 1, nothing that
// overflows for many purchases, and no loss where the bracket is small.
func betaPurchases(r, alpha, a, c float64, h History, t float64) float64 {
	t = min(horizon(t), furthest(r, alpha, h))
	if t == 0 {
		return 0
	}
	z := t / (alpha + h.T + t)
	e, logRest := a-1, -fmath.Log1p(t/(alpha+h.T))
	rest := c - r - h.X
	if rest < -2 || e > r+h.X+20 {
		return plainPurchases(r+h.X, e, c, z, logRest)
	}
	first := -logRest
	if e != 0 {
		first = -fmath.Expm1(float64(e*logRest)) / e
	}
	return max(float64(c*first)-float64(fmath.Exp(float64(e*logRest))*fmath.Hyp2F1Rest(rest, e, c, z)), 0)
}

// plainPurchases returns c/e · [1 - (1-z)**n · 2F1(n, c-e; c; z)], which is betaPurchases where the form of Euler fails:
// where users differ so little in rate (r > a+b+1) that its signs alternate, or drop out so soon (a > r+x+20) that it overflows.
// It is smooth at e = 0, where its neighbours stand for it, with a relative error of 1e-7.
func plainPurchases(n, e, c, z, logRest float64) float64 {
	const step = 1e-4
	if e > -step && e < step {
		return float64(0.5 * (plainPurchases(n, e+2*step, c, z, logRest) + plainPurchases(n, e-2*step, c, z, logRest)))
	}
	gone := float64((c - e) * fmath.Hyp2F1RestScaled(float64(n*logRest), n, c-e, c, z))
	return max((float64(-c*fmath.Expm1(float64(n*logRest)))-gone)/e, 0)
}
