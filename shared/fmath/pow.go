package fmath

import "math"

// Pow returns x**y for x >= 0, with an error of at most 4 ulp for normal results; NaN for a negative x, 1 for y = 0.
func Pow(x, y float64) float64 {
	switch {
	case y == 0 || x == 1:
		return 1
	case x != x || y != y || x < 0:
		return math.NaN()
	case x == 0 || x > math.MaxFloat64:
		if (x == 0) == (y > 0) {
			return 0
		}
		return math.Inf(1)
	case y > math.MaxFloat64 || y < -math.MaxFloat64:
		if (x > 1) == (y > 0) {
			return math.Inf(1)
		}
		return 0
	}
	hi, lo := logPair(x)
	p, q := product(hi, y)
	if p > 710 || p < -746 || p != p {
		if p > 0 {
			return math.Inf(1)
		}
		return 0
	}
	q += float64(lo * y)
	e := Exp(p)
	return e + float64(e*q)
}

// logPair returns log x as an unevaluated sum that is good to about 60 bits.
func logPair(x float64) (hi, lo float64) {
	m, e := split(x)
	f := m - 1
	s := f / (m + 1) // log m = 2·atanh s
	d, dLo := sum(m, 1)
	p, pLo := product(s, d)
	sLo := ((f - p) - pLo - float64(s*dLo)) / d
	z := float64(s * s)
	r := horner(z, 2./3, 2./5, 2./7, 2./9, 2./11, 2./13, 2./15, 2./17, 2./19, 2./21, 2./23)
	hi, lo = sum(float64(float64(e)*ln2Hi), float64(2*s))
	lo += float64(float64(s*z)*r) + (float64(2*sLo) + float64(float64(e)*ln2Lo))
	return sum(hi, lo)
}

// sum returns a+b exactly, as a rounded sum and what the rounding lost (Knuth).
func sum(a, b float64) (hi, lo float64) {
	hi = a + b
	c := hi - a
	return hi, (a - (hi - c)) + (b - c)
}

// product returns a·b exactly, as a rounded product and what the rounding lost (Dekker), while nothing over- or underflows.
func product(a, b float64) (hi, lo float64) {
	hi = float64(a * b)
	a1, a2 := halves(a)
	b1, b2 := halves(b)
	lo = ((float64(a1*b1) - hi) + float64(a1*b2) + float64(a2*b1)) + float64(a2*b2)
	return hi, lo
}

func halves(a float64) (hi, lo float64) {
	hi = math.Float64frombits(math.Float64bits(a) &^ (1<<27 - 1))
	return hi, a - hi
}
