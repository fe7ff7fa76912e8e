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
	x, mean := v.spends()
	value := Value{PerPurchase: v.e.fitted.money.Value(x, mean)}
	if value.OK = value.PerPurchase > 0; !value.OK {
		return Value{}
	}
	value.CLV = float64(v.e.margin() * clv.Value(m, v.past(), value.PerPurchase, v.e.plan()))
	value.Low, value.High = value.CLV, value.CLV
	return value
}

// spends are the repeat purchases and their mean value, as the model of money reads them.
func (v *env) spends() (x, mean float64) {
	if v.h.x() == 0 {
		return 0, 0
	}
	return float64(v.h.x()), float64(v.h.repeat) / (float64(v.h.x()) * v.e.minor)
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
	x, mean := v.spends()
	h, plan, values := v.past(), e.plan(), make([]float64, 0, len(e.fitted.draws))
	for i := range e.fitted.draws {
		d := &e.fitted.draws[i]
		if per := d.money.Value(x, mean); per > 0 {
			values = append(values, float64(e.margin()*clv.Value(d.purchases, h, per, plan)))
		}
	}
	if len(values) == 0 { // under no draw a mean exists
		return v.value().CLV, v.value().CLV
	}
	return clv.Middle(values)
}

func (e *Engine) settings() strategy.Value {
	if e.s.Value.Horizon == 0 {
		return strategy.DefaultValue
	}
	return e.s.Value
}

func (e *Engine) margin() float64 { return e.settings().Margin }

// The periods of lifetime value.
const (
	weeksAYear  = 52
	monthsAYear = 12
	weeklyBelow = 9 // a horizon of fewer weeks is summed by the week
)

// plan divides the horizon into equal periods of at most a month, or a week where it is short.
func (e *Engine) plan() clv.Plan {
	value := e.settings()
	periods := math.Ceil(float64(value.Horizon*monthsAYear) / weeksAYear)
	if value.Horizon < weeklyBelow {
		periods = math.Ceil(value.Horizon)
	}
	weeks := value.Horizon / periods
	return clv.Plan{Periods: int(periods), Weeks: weeks, Rate: fmath.Expm1(float64(fmath.Log1p(value.Discount) * (weeks / weeksAYear)))}
}
