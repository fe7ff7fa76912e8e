package model

import (
	"math"

	"github.com/weir-engine/weir/shared/fault"
	"github.com/weir-engine/weir/shared/fmath"
	"github.com/weir-engine/weir/shared/score/clv"
)

// Subscriptions fits the sBG model to a cohort: lost[i] subscribers left at renewal i+1, and kept are left after the last
// (Fader, Hardie 2007, equations (5) to (7)). It refuses fewer than two renewals, and a cohort that lost nobody or everybody at
// one renewal.
func Subscriptions(lost []float64, kept float64) (*Fit, error) {
	left := make([]float64, len(lost))
	if len(left) > 0 {
		left[len(left)-1] = kept
	}
	return Renewals(lost, left)
}

// Renewals fits the sBG model to subscribers who began at different times: lost[i] left at renewal i+1, and kept[i] made
// renewal i+1, the last that was due so far. It refuses what Subscriptions refuses.
func Renewals(lost, kept []float64) (*Fit, error) {
	if len(lost) != len(kept) {
		return nil, fault.New(fault.Invalid, "%d renewals with losses and %d without", len(lost), len(kept)).WithHint("give both figures for each renewal")
	}
	n, still, events, figures := 0.0, 0.0, 0, append(append([]float64(nil), lost...), kept...)
	for _, v := range figures {
		if !(v >= 0) || math.IsInf(v, 0) {
			return nil, fault.New(fault.Invalid, "%v is no number of subscribers", v).WithHint("counts are finite and not negative")
		}
		n += v
	}
	for i, v := range lost {
		still += kept[i]
		if v > 0 {
			events++
		}
	}
	switch {
	case n < minUsers:
		return nil, tooFew(n, "subscribers")
	case len(lost) < 2 || events == 0 || events == 1 && still == 0:
		return nil, fault.New(fault.Invalid, "the cohort shows no spread of losses over renewals").
			WithHint("at least two renewals with losses are needed")
	}
	f := numeric(func(p []float64) float64 {
		q := exponents(p)
		alpha, beta := q[0], q[1]
		left, sum := 0.0, 0.0 // left: log S(t)
		for i, v := range lost {
			t := float64(i)
			all := fmath.Log(alpha + beta + t)
			if v > 0 {
				sum += v * (left + p[0] - all)
			}
			left += fmath.Log(beta+t) - all
			sum += kept[i] * left
		}
		return -sum / n
	})
	fit, proper, err := finish(SBG, f, search(f, math.Inf(1), []float64{0, 1}, []float64{-1, 0}), n)
	if err != nil {
		return nil, err
	}
	fit.Provenance.Data, fit.Provenance.Rows = fingerprint(figures...), len(lost)
	if !proper {
		fit.Identified, fit.Reason = false, "the spread of churn is not identified: every subscriber may be equally loyal"
	}
	return fit, nil
}

// Opportunity is a history over discrete opportunities: X repeat purchases in N opportunities, the last at opportunity TX, shared
// by Weight users (1 when 0).
type Opportunity struct{ X, TX, N, Weight float64 }

// Opportunities fits the BG/BB model (Fader, Hardie, Shang 2010, equation (7)): a purchase at each opportunity with a
// probability of beta(alpha, beta), dropout before each with one of beta(gamma, delta).
func Opportunities(rows []Opportunity) (*Fit, error) {
	users, repeats, figures := 0.0, 0.0, make([]float64, 0, 4*len(rows))
	rows = append([]Opportunity(nil), rows...)
	for i := range rows {
		r := &rows[i]
		if r.Weight == 0 {
			r.Weight = 1
		}
		whole := r.X == math.Floor(r.X) && r.TX == math.Floor(r.TX) && r.N == math.Floor(r.N)
		if !(whole && r.X >= 0 && r.X <= r.TX && r.TX <= r.N && r.N < 1e4 && r.Weight > 0) || math.IsInf(r.Weight, 0) || (r.X == 0) != (r.TX == 0) {
			return nil, fault.New(fault.Invalid, "row %d is no history: x %v, t_x %v, n %v, weight %v", i+1, r.X, r.TX, r.N, r.Weight).
				WithHint("x purchases in n < 10,000 opportunities, the last at t_x: whole numbers with x <= t_x <= n")
		}
		users += r.Weight
		repeats += r.Weight * r.X
		figures = append(figures, r.X, r.TX, r.N, r.Weight)
	}
	if users < minUsers {
		return nil, tooFew(users, "users")
	}
	if repeats == 0 {
		return nil, fault.New(fault.Invalid, "no user bought again, so there is nothing to fit").WithHint("wait for repeat purchases")
	}
	f := numeric(func(p []float64) float64 {
		q, sum := exponents(p), 0.0
		m := clv.BGBB{Alpha: q[0], Beta: q[1], Gamma: q[2], Delta: q[3]}
		for _, r := range rows {
			sum += r.Weight * m.LogLik(clv.Chances{X: r.X, TX: r.TX, N: r.N})
		}
		return -sum / users
	})
	fit, proper, err := finish(BGBB, f, search(f, math.Inf(1), []float64{0, 0, 0, 1}, []float64{0.5, 0.5, -1, 1}), users)
	if err != nil {
		return nil, err
	}
	fit.Provenance.Data, fit.Provenance.Rows = fingerprint(figures...), len(rows)
	gamma := fit.Params.Get("gamma")
	if dropout := gamma / (gamma + fit.Params.Get("delta")); !proper || dropout < leastDropout {
		fit.Identified, fit.Reason = false, "dropout not identified: the likelihood has no proper maximum with users who leave"
	}
	return fit, nil
}
