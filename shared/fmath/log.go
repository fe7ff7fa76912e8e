package fmath

import "math"

// Log returns the natural logarithm with an error of at most 1 ulp; -Inf for 0 and NaN below 0.
func Log(x float64) float64 {
	const (
		l1 = 6.666666666666735130e-01
		l2 = 3.999999999940941908e-01
		l3 = 2.857142874366239149e-01
		l4 = 2.222219843214978396e-01
		l5 = 1.818357216161805012e-01
		l6 = 1.531383769920937332e-01
		l7 = 1.479819860511658591e-01
	)
	switch {
	case x != x || x > math.MaxFloat64:
		return x
	case x < 0:
		return math.NaN()
	case x == 0:
		return math.Inf(-1)
	}
	m, e := split(x)
	f, k := m-1, float64(e)
	s := f / (2 + f)
	s2 := float64(s * s)
	s4 := float64(s2 * s2)
	t1 := float64(s4*l7) + l5
	t1 = float64(s4*t1) + l3
	t1 = float64(s4*t1) + l1
	t2 := float64(s4*l6) + l4
	t2 = float64(s4*t2) + l2
	r := float64(s2*t1) + float64(s4*t2)
	square := float64(float64(0.5*f) * f)
	return float64(k*ln2Hi) - ((square - (float64(s*(square+r)) + float64(k*ln2Lo))) - f)
}

// split returns m in [sqrt(1/2), sqrt(2)) and e with x = m·2**e, for a positive finite x.
func split(x float64) (m float64, e int) {
	if x < 0x1p-1022 {
		x = float64(x * 0x1p54)
		e = -54
	}
	bits := math.Float64bits(x)
	e += int(bits>>52) - 1023
	m = math.Float64frombits(bits&(1<<52-1) | 1023<<52)
	if m >= math.Sqrt2 {
		m /= 2
		e++
	}
	return m, e
}

// Log1p returns log(1+x) with an error of at most 4 ulp, also where x is tiny; -Inf for -1 and NaN below -1.
// Method: W. Kahan's, log(u)·x/(u-1) with u = 1+x rounded.
func Log1p(x float64) float64 {
	u := 1 + x
	switch {
	case u == 1 || x != x || x > math.MaxFloat64:
		return x
	case x < 0x1p53 && u > 0:
		return float64(Log(u)*x) / (u - 1)
	}
	return Log(u)
}
