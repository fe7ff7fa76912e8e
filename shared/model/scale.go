package model

import "math"

// Scale is the mean and the standard deviation (of the population) of a column; 1 stands for the deviation of a constant one.
type Scale struct {
	Mean float64 `json:"mean"`
	SD   float64 `json:"sd"`
}

// Of returns how many standard deviations a value lies above the mean.
func (s Scale) Of(v float64) float64 { return (v - s.Mean) / s.SD }

// Scales returns the scale of each column of rows of equal length.
func Scales(rows [][]float64) []Scale {
	if len(rows) == 0 {
		return nil
	}
	out, n := make([]Scale, len(rows[0])), float64(len(rows))
	for d := range out {
		mean, variance := 0.0, 0.0
		for _, row := range rows {
			mean += row[d] / n
		}
		for _, row := range rows {
			variance += (row[d] - mean) * (row[d] - mean) / n
		}
		out[d] = Scale{Mean: mean, SD: math.Sqrt(variance)}
		if !(out[d].SD > 1e-12*math.Abs(mean)) || math.IsInf(out[d].SD, 0) {
			out[d].SD = 1
		}
	}
	return out
}
