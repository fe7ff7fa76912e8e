// Package clv scores a purchase history with a fitted model: the probability that the user is still a customer, the purchases
// to expect, their value, and the discounted customer lifetime value. Every formula is a pure function of parameters and
// history with the same bits on every target. Time is in weeks, money in the unit of the history's mean.
package clv

import (
	"math"
	"sort"

	"github.com/weir-engine/weir/shared/fmath"
)

// MaxHorizon is the longest horizon in weeks; a longer one is cut to it. The BG models also cut it
// to 999 times alpha+T, and to 200,000 times (alpha+T)/(r+x).
const MaxHorizon = 100_000

// maxX is the largest number of repeat purchases: three a minute for a year.
const maxX = 1_000_000

// History is what the models know of a user: X repeat purchases, the time TX from the first purchase to the last repeat and
// the time T from the first purchase to the moment of scoring.
type History struct{ X, TX, T float64 }

// clean returns a history that a model can have seen: no negative figure and none beyond bounds, no purchase after T.
func (h History) clean() History {
	h.X = within(h.X, maxX)
	h.TX = within(h.TX, MaxHorizon)
	h.T = max(within(h.T, MaxHorizon), h.TX)
	return h
}

// within cuts v to [0, limit]; what is not a number is 0.
func within(v, limit float64) float64 {
	if !(v > 0) {
		return 0
	}
	return min(v, limit)
}

// Model is a fitted model of repeat purchases. Histories are taken as clean: a negative figure, and what is not a number, counts as
// 0, T as at least TX, and no figure is beyond a million purchases and MaxHorizon.
type Model interface {
	// PAlive returns the probability that the user is still a customer at T.
	PAlive(h History) float64
	// Expected returns the expected number of purchases in the weeks (T, T+t], 0 for t <= 0. For an empty history this is what
	// a user who bought for the first time just now will buy on average.
	Expected(h History, t float64) float64
	// given is Expected with the value of PAlive, which is the same for every t.
	given(alive float64, h History, t float64) float64
}

// Plan says over what and how lifetime value is summed.
type Plan struct {
	Periods int     // number of periods
	Weeks   float64 // length of a period in weeks; a month of 4.345 weeks is usual
	Rate    float64 // discount rate a period, above -1
}

// Value returns the discounted value of the purchases that the model expects: for each period, the purchases expected within
// it times the value of one, discounted from the period's end (Fader, Hardie 2013, section 6, in periods). It is 0 where the value
// of a purchase is not finite or the rate is none.
func Value(m Model, h History, perPurchase float64, p Plan) float64 {
	if !(p.Rate > -1) || math.IsInf(perPurchase, 0) || math.IsNaN(perPurchase) {
		return 0
	}
	sum, before, factor, alive := 0.0, 0.0, 1.0, m.PAlive(h)
	for i := 1; i <= p.Periods; i++ {
		expected := m.given(alive, h, float64(float64(i)*p.Weeks))
		factor /= 1 + p.Rate
		sum += float64(float64((expected-before)*perPurchase) * factor)
		before = expected
	}
	return sum
}

// Interval returns the range in which the middle 90 % of the values under several models lie: those with parameters drawn
// about an estimate (package model, Draws). It is 0, 0 without models.
func Interval(draws []Model, h History, perPurchase float64, p Plan) (low, high float64) {
	if len(draws) == 0 {
		return 0, 0
	}
	values := make([]float64, len(draws))
	for i, m := range draws {
		values[i] = Value(m, h, perPurchase, p)
	}
	return Middle(values)
}

// Middle returns the range in which the middle 90 % of values lie, which it sorts. There must be one.
func Middle(values []float64) (low, high float64) {
	sort.Float64s(values)
	return quantile(values, 0.05), quantile(values, 0.95)
}

// quantile interpolates between the two neighbours in ascending values (Hyndman, Fan 1996, type 7).
func quantile(values []float64, q float64) float64 {
	at := float64(q * float64(len(values)-1))
	i := int(at)
	if i+1 >= len(values) {
		return values[len(values)-1]
	}
	return values[i] + float64((at-float64(i))*(values[i+1]-values[i]))
}

// horizon cuts t to what a model can sum.
func horizon(t float64) float64 { return within(t, MaxHorizon) }

// logistic returns 1/(1+e**logOdds): the probability of what has these logarithmic odds against it.
func logistic(logOdds float64) float64 { return 1 / (1 + fmath.Exp(logOdds)) }
