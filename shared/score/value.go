package score

import (
	"math"

	"github.com/weir-engine/weir/shared/fmath"
	"github.com/weir-engine/weir/shared/profile"
	"github.com/weir-engine/weir/shared/score/clv"
	"github.com/weir-engine/weir/shared/strategy"
)

// ExpectedWeeks is the horizon of expected purchases, in weeks.
const ExpectedWeeks = 52

// Value is the lifetime value of one user in major units, over the horizon of the strategy's section value.
type Value struct {
	OK          bool    // false without the models, without a purchase, or where no mean value of a purchase exists
	PerPurchase float64 // expected value of a purchase
	CLV         float64 // discounted value of the purchases to come, times the margin
	Low, High   float64 // the middle 90 % of CLV over the draws of the parameters; both are CLV when the models hold no draws
}

// modelled are scores of models, each computed when it is first read.
type modelled struct {
	pAliveNow, expectedNow, churnNow float64
	valueNow                         Value
}

// The scores that stand in modelled.
const (
	knownAlive = 1 << iota
	knownExpected
	knownChurn
	knownValue
)

// past is the purchase history in the unit of the models.
func (v *env) past() clv.History {
	h := &v.h
	return clv.History{X: float64(h.x()), TX: float64(h.last-h.first) / 7, T: float64(v.day-h.first) / 7}
}

// purchaser is the model of purchases; nil where there is none or nothing to score.
func (v *env) purchaser() clv.Model {
	if v.e.fitted == nil || v.h.days == 0 {
		return nil
	}
	return v.e.fitted.purchases
}

func (v *env) pAlive() float64 {
	if v.known&knownAlive == 0 {
		v.known |= knownAlive
		v.pAliveNow = -1
		if m := v.purchaser(); m != nil && v.e.fitted.alive {
			v.pAliveNow = m.PAlive(v.past())
		}
	}
	return v.pAliveNow
}

func (v *env) expected() float64 {
	if v.known&knownExpected == 0 {
		v.known |= knownExpected
		v.expectedNow = -1
		if m := v.purchaser(); m != nil {
			v.expectedNow = m.Expected(v.past(), ExpectedWeeks)
		}
	}
	return v.expectedNow
}

// churn is the probability of churn, -1 where it is not known.
func (v *env) churn() float64 {
	if v.known&knownChurn != 0 {
		return v.churnNow
	}
	v.known |= knownChurn
	v.churnNow = -1
	if v.e.fitted == nil || v.e.fitted.churn == nil {
		return -1
	}
	if n, ok := v.rhythm(); ok {
		var row [churnFeatures]float64
		n.row(v.e.minor, &row)
		v.churnNow = v.e.fitted.churn.p(&row)
	}
	return v.churnNow
}

func (v *env) warned() bool { return v.churn() >= v.e.churnThreshold() && v.silent < v.e.limit }

// value is the lifetime value without an interval.
func (v *env) value() Value {
	if v.known&knownValue == 0 {
		v.known |= knownValue
		v.valueNow = v.worth()
	}
	return v.valueNow
}

func (v *env) worth() Value {
	m := v.purchaser()
	if m == nil || v.e.fitted.money == nil {
		return Value{}
	}
	return lifetime(m, v.past(), *v.e.fitted.money, v.mean(), v.e.settings())
}

// lifetime is the lifetime value of a history whose repeat purchases have a mean value, without an interval.
func lifetime(m clv.Model, h clv.History, money clv.GammaGamma, mean float64, s strategy.Value) Value {
	per := money.Value(h.X, mean)
	if !(per > 0) {
		return Value{}
	}
	worth := float64(s.Margin * clv.Value(m, h, per, plan(s)))
	return Value{OK: true, PerPurchase: per, CLV: worth, Low: worth, High: worth}
}

// mean is the mean net value of a repeat purchase in major units, 0 without one.
func (v *env) mean() float64 { return meanOf(v.h.repeat, v.h.x(), v.e.minor) }

func meanOf(repeat int64, x int, minor float64) float64 {
	if x == 0 {
		return 0
	}
	return float64(repeat) / (float64(x) * minor)
}

// Value returns the lifetime value of a user at asOf. It costs a purchase forecast a period and draw: about a millisecond for a
// year and 64 draws. f is as for Score.
func (e *Engine) Value(f *profile.Facts, asOf int64) Value {
	v := e.enter("", f, nil, nil, asOf, new(Result))
	defer e.leave(v)
	value := v.value()
	if !value.OK || len(e.fitted.draws) == 0 {
		return value
	}
	value.Low, value.High = e.interval(v)
	return value
}

// interval is the middle 90 % of lifetime value over the draws.
func (e *Engine) interval(v *env) (low, high float64) {
	h, mean, settings := v.past(), v.mean(), e.settings()
	values := make([]float64, 0, len(e.fitted.draws))
	for i := range e.fitted.draws {
		if value := lifetime(e.fitted.draws[i].purchases, h, e.fitted.draws[i].money, mean, settings); value.OK {
			values = append(values, value.CLV)
		}
	}
	if len(values) == 0 { // under no draw a mean value of a purchase exists
		return v.value().CLV, v.value().CLV
	}
	return clv.Middle(values)
}

func (e *Engine) settings() strategy.Value {
	if e.s.Value.IsZero() {
		return strategy.DefaultValue
	}
	return e.s.Value
}

// The periods of lifetime value.
const (
	weeksAYear  = 52
	monthsAYear = 12
	weeklyBelow = 9   // a horizon of fewer weeks is summed by the week
	mostPeriods = 120 // one of more than ten years by longer periods
)

// plan divides the horizon into equal periods of at most a month; a week where it is short, and longer ones where it is long.
func plan(s strategy.Value) clv.Plan {
	periods := min(math.Ceil(float64(s.Horizon*monthsAYear)/weeksAYear), mostPeriods)
	if s.Horizon < weeklyBelow {
		periods = math.Ceil(s.Horizon)
	}
	weeks := s.Horizon / periods
	return clv.Plan{Periods: int(periods), Weeks: weeks, Rate: fmath.Expm1(float64(fmath.Log1p(s.Discount) * (weeks / weeksAYear)))}
}
