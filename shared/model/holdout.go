package model

import (
	"github.com/weir-engine/weir/shared/score/clv"
)

// HoldoutRow is a history and what followed: Later purchases in the weeks after T.
type HoldoutRow struct {
	Row
	Later float64
}

// Holdout compares what a fit expects after the calibration with what happened.
type Holdout struct {
	Weeks    float64       `json:"weeks"`
	Expected float64       `json:"expected"` // purchases of all users
	Actual   float64       `json:"actual"`
	ByX      []Calibration `json:"by_frequency"`
}

// Calibration is the mean of the users with X repeat purchases in the calibration; the last row holds X or more.
type Calibration struct {
	X        int     `json:"x"`
	N        float64 `json:"n"`
	Expected float64 `json:"expected"`
	Actual   float64 `json:"actual"`
}

// Calibrate checks a model against the weeks after the calibration, by frequency from 0 to last and more.
func Calibrate(m clv.Model, rows []HoldoutRow, weeks float64, last int) *Holdout {
	last = max(last, 0)
	out := &Holdout{Weeks: weeks, ByX: make([]Calibration, last+1)}
	for i := range out.ByX {
		out.ByX[i].X = i
	}
	for _, r := range rows {
		w := r.Weight
		if w == 0 {
			w = 1
		}
		expected := w * m.Expected(clv.History{X: r.X, TX: r.TX, T: r.T}, weeks)
		c := &out.ByX[int(min(max(r.X, 0), float64(last)))]
		c.N += w
		c.Expected += expected
		c.Actual += w * r.Later
		out.Expected += expected
		out.Actual += w * r.Later
	}
	for i := range out.ByX {
		if c := &out.ByX[i]; c.N > 0 {
			c.Expected /= c.N
			c.Actual /= c.N
		}
	}
	return out
}
