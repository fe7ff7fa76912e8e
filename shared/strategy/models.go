package strategy

import "fmt"

// Churn says what a warning of churn means. A 0 leaves it to the fitted model.
type Churn struct {
	Horizon   int     `yaml:"horizon_days" json:"horizon_days"` // churn is no sign of life within so many days; 0: ChurnHorizon
	Threshold float64 `yaml:"threshold" json:"threshold"`       // the probability from which a warning is due, below 1; 0: the model's own
}

// Value says over what the lifetime value of a user is summed.
type Value struct {
	Horizon  float64 `yaml:"horizon_weeks" json:"horizon_weeks"` // weeks from the moment of scoring
	Discount float64 `yaml:"discount" json:"discount"`           // a year: what comes in a year counts 1/(1+discount)
	Margin   float64 `yaml:"margin" json:"margin"`               // the share of revenue that counts
}

// DefaultValue is a year at 10 % a year, of revenue as a whole.
var DefaultValue = Value{Horizon: 52, Discount: 0.10, Margin: 1}

// IsZero reports whether v says nothing but the default, which a strategy's version leaves out.
func (v Value) IsZero() bool { return v == DefaultValue || v == Value{} }

// Limits of churn and value.
const (
	MaxChurnHorizon = 3650 // days
	MaxValueHorizon = 5220 // weeks: a hundred years
	MaxDiscount     = 10
)

// fallbackHorizon is the horizon of churn in days where the lifecycle has no days of silence.
const fallbackHorizon = 90

// ChurnHorizon is the number of days without a sign of life that a model of churn is to foretell: churn.horizon_days, else
// lifecycle.thresholds.churned_days, else 90.
func (s *Strategy) ChurnHorizon() int {
	switch {
	case s.Churn.Horizon > 0:
		return s.Churn.Horizon
	case s.Lifecycle.Thresholds.Churned > 0:
		return s.Lifecycle.Thresholds.Churned
	}
	return fallbackHorizon
}

func (c *checker) churn() {
	churn := &c.s.Churn
	if churn.Horizon < 0 || churn.Horizon > MaxChurnHorizon {
		c.problem("churn.horizon_days", fmt.Sprintf("%d days", churn.Horizon), fmt.Sprintf("1 to %d days, or 0 for the default", MaxChurnHorizon))
	}
	if !(churn.Threshold >= 0 && churn.Threshold < 1) {
		c.problem("churn.threshold", fmt.Sprintf("a probability of %v", churn.Threshold), "more than 0 and below 1, or 0 for the model's own")
	}
}

func (c *checker) value() {
	v := &c.s.Value
	if !(v.Horizon >= 1 && v.Horizon <= MaxValueHorizon) {
		c.problem("value.horizon_weeks", fmt.Sprintf("%v weeks", v.Horizon), fmt.Sprintf("1 to %d weeks", MaxValueHorizon))
	}
	if !(v.Discount >= 0 && v.Discount <= MaxDiscount) {
		c.problem("value.discount", fmt.Sprintf("a discount of %v a year", v.Discount), fmt.Sprintf("0 to %d, such as 0.1 for 10 %%", MaxDiscount))
	}
	if !(v.Margin > 0 && v.Margin <= 1) {
		c.problem("value.margin", fmt.Sprintf("a share of %v", v.Margin), "more than 0, at most 1")
	}
}
