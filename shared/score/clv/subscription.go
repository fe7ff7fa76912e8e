package clv

// SBG holds the parameters of the shifted beta geometric model: a subscriber leaves at each renewal with a probability of
// beta(Alpha, Beta).
// Source: Fader, Hardie (2007), How to Project Customer Retention, Journal of Interactive Marketing 21(1).
type SBG struct{ Alpha, Beta float64 }

// Survival returns the share of subscribers who are left after each of the renewals 0..n, at most MaxHorizon.
func (m SBG) Survival(n int) []float64 {
	out := make([]float64, min(max(n, 0), MaxHorizon)+1)
	out[0] = 1
	for i := 1; i < len(out); i++ {
		at := float64(i - 1)
		out[i] = float64(out[i-1] * ((m.Beta + at) / (m.Alpha + m.Beta + at)))
	}
	return out
}
