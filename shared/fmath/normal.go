package fmath

import "math"

// NormalCDF returns the probability that a standard normal variable is at most x, with a relative error of at most 1e-13.
func NormalCDF(x float64) float64 { return float64(0.5 * Erfc(-x*math.Sqrt2/2)) }

// Coefficients of PPND16 (M. J. Wichura 1988, Algorithm AS 241).
var (
	normalAP = []float64{
		3.3871328727963666080, 133.14166789178437745, 1971.5909503065514427, 13731.693765509461125,
		45921.953931549871457, 67265.770927008700853, 33430.575583588128105, 2509.0809287301226727,
	}
	normalAQ = []float64{
		1, 42.313330701600911252, 687.18700749205790830, 5394.1960214247511077, 21213.794301586595867,
		39307.895800092710610, 28729.085735721942674, 5226.4952788528545610,
	}
	normalBP = []float64{
		1.42343711074968357734, 4.63033784615654529590, 5.76949722146069140550, 3.64784832476320460504,
		1.27045825245236838258, 0.241780725177450611770, 0.0227238449892691845833, 0.000774545014278341407640,
	}
	normalBQ = []float64{
		1, 2.05319162663775882187, 1.67638483018380384940, 0.689767334985100004550, 0.148103976427480074590,
		0.0151986665636164571966, 0.000547593808499534494600, 1.05075007164441684324e-9,
	}
	normalCP = []float64{
		6.65790464350110377720, 5.46378491116411436990, 1.78482653991729133580, 0.296560571828504891230,
		0.0265321895265761230930, 0.00124266094738807843860, 2.71155556874348757815e-5, 2.01033439929228813265e-7,
	}
	normalCQ = []float64{
		1, 0.599832206555887937690, 0.136929880922735805310, 0.0148753612908506148525, 7.86869131145613259100e-4,
		1.84631831751005468180e-5, 1.42151175831644588870e-7, 2.04426310338993978564e-15,
	}
)

// NormalQuantile returns the x for which NormalCDF(x) is p, with a relative error of at most 1e-13 for p in [1e-300, 1); -Inf
// for 0, +Inf for 1, NaN outside of [0, 1].
func NormalQuantile(p float64) float64 {
	switch {
	case p < 0 || p > 1 || p != p:
		return math.NaN()
	case p == 0:
		return math.Inf(-1)
	case p == 1:
		return math.Inf(1)
	}
	q := p - 0.5
	if q > -0.425 && q < 0.425 {
		r := 0.180625 - float64(q*q)
		return q * horner(r, normalAP...) / horner(r, normalAQ...)
	}
	tail := p
	if q > 0 {
		tail = 1 - p
	}
	r := math.Sqrt(-Log(tail))
	var x float64
	if r <= 5 {
		x = horner(r-1.6, normalBP...) / horner(r-1.6, normalBQ...)
	} else {
		x = horner(r-5, normalCP...) / horner(r-5, normalCQ...)
	}
	if q < 0 {
		return -x
	}
	return x
}
