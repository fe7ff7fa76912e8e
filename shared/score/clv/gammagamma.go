package clv

// GammaGamma holds the parameters of the model of money: purchases of gamma(P, ·), whose scale is gamma(Q, V) among users.
// Source: Fader, Hardie (2013), The Gamma-Gamma Model of Monetary Value, equation (5).
type GammaGamma struct{ P, Q, V float64 }

// Valid reports whether the mean over all users exists (Q > 1).
func (m GammaGamma) Valid() bool { return m.Q > 1 }

// Value returns the expected mean value of a purchase of a user with x repeat purchases of the mean value mean. One without a
// repeat purchase, or with a mean that is not positive, is expected to spend as much as all: P·V/(Q-1). It is 0 where no
// mean exists (Valid is false and x is 0). Figures are cut to a million purchases and a mean of 1e18.
func (m GammaGamma) Value(x, mean float64) float64 {
	x, mean = within(x, maxX), within(mean, 1e18)
	if x == 0 || mean == 0 {
		x, mean = 0, 0
	}
	below := float64(m.P*x) + m.Q - 1
	if below <= 0 {
		return 0
	}
	return float64(m.P * (m.V + float64(x*mean)) / below)
}
