package clv

import "github.com/weir-engine/weir/shared/fmath"

// BGBB holds the parameters of the BG/BB model of discrete opportunities: a purchase at each with a probability of
// beta(Alpha, Beta), dropout before each with one of beta(Gamma, Delta).
// Source: Fader, Hardie, Shang (2010), Customer-Base Analysis in a Discrete-Time Noncontractual Setting, Marketing Science 29(6),
// equations (7), (11) and (13).
type BGBB struct{ Alpha, Beta, Gamma, Delta float64 }

// Chances is a history of X repeat purchases in N opportunities, the last at opportunity TX: whole numbers with X <= TX <= N.
// Others are cut to that, and to MaxHorizon opportunities.
type Chances struct{ X, TX, N float64 }

func (c Chances) clean() Chances {
	c.N = within(c.N, MaxHorizon)
	c.TX = within(c.TX, c.N)
	c.X = within(c.X, c.TX)
	return c
}

// LogLik returns the log-likelihood of a history. The ratios of neighbouring terms need no gamma function.
func (m BGBB) LogLik(h Chances) float64 {
	stay, odds := m.stay(h)
	return stay + fmath.Log1p(odds)
}

// stay returns the log-likelihood of a history without dropout, and the odds of having dropped out by N.
func (m BGBB) stay(h Chances) (log, odds float64) {
	h = h.clean()
	base := logBeta(m.Alpha, m.Beta) + logBeta(m.Gamma, m.Delta)
	log = logBeta(m.Alpha+h.X, m.Beta+h.N-h.X) + logBeta(m.Gamma, m.Delta+h.N)
	if h.TX >= h.N {
		return log - base, 0
	}
	misses := h.TX - h.X
	first := logBeta(m.Alpha+h.X, m.Beta+misses) + logBeta(m.Gamma+1, m.Delta+h.TX)
	sum, term := 0.0, 1.0
	for i := 0.0; i < h.N-h.TX; i++ {
		sum += term
		buy := (m.Beta + misses + i) / (m.Alpha + m.Beta + h.TX + i)
		term = float64(term * float64(buy*((m.Delta+h.TX+i)/(m.Gamma+m.Delta+1+h.TX+i))))
	}
	return log - base, float64(sum * fmath.Exp(first-log))
}

// PAlive returns the probability that the user is a customer at the next opportunity.
func (m BGBB) PAlive(h Chances) float64 {
	h = h.clean()
	_, odds := m.stay(h)
	return (m.Delta + h.N) / (m.Gamma + m.Delta + h.N) / (1 + odds)
}

// Expected returns the expected number of purchases in the next n opportunities, of which at most MaxHorizon count.
func (m BGBB) Expected(h Chances, n int) float64 {
	h = h.clean()
	alive, sum := m.PAlive(h), 0.0
	for i := 1.0; i <= float64(min(n, MaxHorizon)); i++ {
		sum += alive
		alive = float64(alive * ((m.Delta + h.N + i) / (m.Gamma + m.Delta + h.N + i)))
	}
	return float64(sum * ((m.Alpha + h.X) / (m.Alpha + m.Beta + h.N)))
}

func logBeta(a, b float64) float64 { return fmath.Lgamma(a) + fmath.Lgamma(b) - fmath.Lgamma(a+b) }
