package score

import (
	"math"
	"slices"
	"sort"

	"github.com/weir-engine/weir/shared/fmath"
	"github.com/weir-engine/weir/shared/profile"
	"github.com/weir-engine/weir/shared/strategy"
)

// Churn is the warning of churn of one user: of no sign of life within the model's horizon.
type Churn struct {
	OK       bool          // false without a model, or without a sign of life to churn from: nothing else is known then
	P        float64       // the probability
	Warning  bool          // P has reached the threshold, and the rule of silence has not called the user churned yet
	Reasons  []ChurnReason // the strongest that raise the risk above that of an average user, at most three
	LeadDays int           // days until the strategy's rule of silence would call the user churned; 0 when it already does
}

// ChurnReason is one feature that raises the risk.
type ChurnReason struct {
	Feature      string  `json:"feature"`      // one of ChurnFeatureNames
	Contribution float64 `json:"contribution"` // to the logarithm of the odds, against an average user
	Text         Text    `json:"text"`
}

const churnReasons = 3

// churning is a model of churn, ready to score with: the logarithm of the odds is intercept + Σ weight·(value - mean).
type churning struct {
	horizon   int
	threshold float64
	intercept float64
	terms     []churnTerm
}

type churnTerm struct {
	feature      int
	mean, weight float64
	scale, coef  float64
}

func compileChurn(m *ChurnModel) (*churning, error) {
	switch {
	case m.Horizon < 1 || m.Horizon > strategy.MaxChurnHorizon:
		return nil, refused("the horizon is %d days, not 1 to %d", m.Horizon, strategy.MaxChurnHorizon)
	case !(m.Threshold > 0 && m.Threshold <= 1):
		return nil, refused("the threshold is %v, not a probability above 0", m.Threshold)
	case !within(m.Intercept, mostCoef):
		return nil, refused("the intercept is %v, not a number from %v to %v", m.Intercept, -mostCoef, mostCoef)
	}
	c := &churning{horizon: m.Horizon, threshold: m.Threshold, intercept: m.Intercept}
	seen := [churnFeatures]bool{}
	for _, f := range m.Features {
		i := slices.Index(churnNames[:], f.Name)
		switch {
		case i < 0:
			return nil, refused("the feature %q is not known", f.Name)
		case seen[i]:
			return nil, refused("the feature %s stands twice", f.Name)
		case !within(f.Coef, mostCoef) || !within(f.Mean, mostMean) || !(f.Scale >= leastScale && f.Scale <= mostScale):
			return nil, refused("the feature %s has the mean %v, the scale %v and the coefficient %v, which are not numbers a fit gives", f.Name, f.Mean, f.Scale, f.Coef)
		}
		seen[i] = true
		c.terms = append(c.terms, churnTerm{feature: i, mean: f.Mean, weight: f.Coef / f.Scale, scale: f.Scale, coef: f.Coef})
	}
	return c, nil
}

func within(x, most float64) bool { return x >= -most && x <= most }

// p is the probability for a row of features.
func (c *churning) p(row *[churnFeatures]float64) float64 {
	odds := c.intercept
	for i := range c.terms {
		t := &c.terms[i]
		odds += float64(t.weight * (row[t.feature] - t.mean))
	}
	return 1 / (1 + fmath.Exp(-odds))
}

// ChurnRow appends the features of churn at asOf to out[:0], in the order of ChurnFeatureNames, each finite. It returns nil for
// a user without a sign of life, who has nothing to churn from. f is as for Score.
func (e *Engine) ChurnRow(f *profile.Facts, asOf int64, out []float64) []float64 {
	v := e.enter("", f, nil, nil, asOf, new(Result))
	defer e.leave(v)
	n, ok := v.rhythm()
	if !ok {
		return nil
	}
	var row [churnFeatures]float64
	n.row(e.minor, &row)
	return append(out[:0], row[:]...)
}

// Churn returns the warning of churn with its reasons. f is as for Score.
func (e *Engine) Churn(f *profile.Facts, asOf int64) Churn {
	v := e.enter("", f, nil, nil, asOf, new(Result))
	defer e.leave(v)
	p := v.churn()
	if p < 0 {
		return Churn{}
	}
	n, _ := v.rhythm()
	var row [churnFeatures]float64
	n.row(e.minor, &row)
	c := Churn{OK: true, P: p, Warning: v.warned(), LeadDays: max(e.limit-v.silent, 0)}
	for _, t := range e.fitted.churn.strongest(&row, e.bought) {
		c.Reasons = append(c.Reasons, ChurnReason{
			Feature: churnNames[t.feature], Contribution: float64(t.weight * (row[t.feature] - t.mean)), Text: e.churnText(t.feature, &n),
		})
	}
	return c
}

// strongest are the terms that raise the risk most, one of each family, the strongest first. bought says that purchases alone are
// signs of life.
func (c *churning) strongest(row *[churnFeatures]float64, bought bool) []churnTerm {
	raised := func(t *churnTerm) float64 { return float64(t.weight * (row[t.feature] - t.mean)) }
	var all []churnTerm
	for i := range c.terms {
		if raised(&c.terms[i]) > 0 {
			all = append(all, c.terms[i])
		}
	}
	sort.SliceStable(all, func(i, j int) bool { return raised(&all[i]) > raised(&all[j]) })
	var given []churnTerm
	families := uint8(0)
	for _, t := range all {
		if bit := uint8(1) << churnFamily(t.feature, bought); families&bit == 0 && len(given) < churnReasons {
			families |= bit
			given = append(given, t)
		}
	}
	return given
}

// churnThreshold is the probability from which a warning is due.
func (e *Engine) churnThreshold() float64 {
	if e.s.Churn.Threshold > 0 {
		return e.s.Churn.Threshold
	}
	if e.fitted == nil || e.fitted.churn == nil {
		return math.Inf(1)
	}
	return e.fitted.churn.threshold
}
