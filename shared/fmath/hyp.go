package fmath

import "math"

// hypTerms bounds the work of a series: its sum is then short of the true one, by less than its last term times hypTerms.
const hypTerms = 1 << 20

// Hyp2F1 returns Gauss's hypergeometric function 2F1(a, b; c; z) for 0 <= z < 1 and c that is no integer below 1. The relative
// error is at most 1e-12 for z <= 0.999 where c > 0 and a and b are above -1, or both c-a and c-b are: this is what purchase
// models need, for any number of purchases. For a = 1 and c > b > 0 it is at most 1e-11 up to z = 0.9999 and 1e-2 up to 1 - 1e-8.
// Where c < a+b the form of Euler, (1-z)**(c-a-b) · 2F1(c-a, c-b; c; z), is summed: its terms stay small near z = 1. NaN outside
// of the domain.
func Hyp2F1(a, b, c, z float64) float64 {
	if !(z >= 0 && z < 1) || c <= 0 && math.Floor(c) == c {
		return math.NaN()
	}
	if a == 1 && b > 0 && c >= b && z > 0.5 {
		return hypFraction(b, c, z)
	}
	if rest := c - a - b; rest < 0 && z > 0 {
		return float64(Exp(float64(rest*Log1p(-z))) * Hyp2F1(c-a, c-b, c, z))
	}
	return hypSum(a, b, c, 1, z)
}

// hypFraction returns 2F1(1, b; c; z) for c >= b > 0 as Gauss's continued fraction, by the method of Lentz: it needs about
// 18/sqrt(1-z) steps where the series needs 36/(1-z).
func hypFraction(b, c, z float64) float64 {
	p, q := 1.0, 0.0
	value := 1.0
	for n := 1; n < hypTerms; n++ {
		m := float64(n / 2)
		at := c - 1 + float64(2*m)
		k := float64((b+m)*(c-1+m)) / float64(at*(at+1))
		if n%2 == 0 {
			k = float64(m*(c-b+m-1)) / float64((at-1)*at)
		}
		p = 1 - float64(k*z)/p
		q = 1 / (1 - float64(float64(k*z)*q))
		step := float64(p * q)
		value = float64(value * step)
		if step > 1-0x1p-52 && step < 1+0x1p-52 {
			break
		}
	}
	return 1 / value
}

// Hyp2F1Rest returns c/b·(2F1(a, b; c; z) - 1) for 0 <= z < 1, without loss at b = 0 and c = 0, where it is continuous. This is
// the form in which 2F1 enters expected purchases. The relative error is at most 1e-12 for z <= 0.999, a, b > -1 and c > -1.
func Hyp2F1Rest(a, b, c, z float64) float64 {
	if !(z >= 0 && z < 1) {
		return math.NaN()
	}
	return float64(float64(a*z) * hypSum(a+1, b+1, c+1, 2, z))
}

// hypSum sums (a)n (b)n / ((c)n (d)n) z**n over n >= 0 by the ratio of its terms, until what follows cannot change the sum.
func hypSum(a, b, c, d, z float64) float64 {
	sum, term := 1.0, 1.0
	for n := 0.0; n < hypTerms; n++ {
		ratio := float64(float64((a+n)*(b+n)) / float64((c+n)*(d+n)) * z)
		term = float64(term * ratio)
		sum += term
		// The terms fall at least by the factor ratio once that is below z; before, they may still rise.
		if ratio < 0 {
			ratio = -ratio
		}
		if rest := float64(math.Abs(term) * max(ratio, z)); ratio < 1 && rest <= 0x1p-54*math.Abs(sum)*(1-max(ratio, z)) {
			break
		}
	}
	return sum
}

// Hyp2F1RestScaled returns exp(scale)·Hyp2F1Rest(a, b, c, z) for a >= 0 and b, c > -1 by the plain series, also where the
// function alone would overflow. The relative error is at most 1e-11 while no more than a million terms count.
func Hyp2F1RestScaled(scale, a, b, c, z float64) float64 {
	const large, logLarge = 1e200, 460.517018598809136804
	sum, term := 1.0, 1.0
	for n := 0.0; n < hypTerms; n++ {
		ratio := float64(float64((a+1+n)*(b+1+n)) / float64((c+1+n)*(n+2)) * z)
		term = float64(term * ratio)
		sum += term
		if sum > large {
			sum, term, scale = sum/large, term/large, scale+logLarge
		}
		if limit := max(ratio, z); limit < 1 && float64(term*limit) <= float64(0x1p-54*sum)*(1-limit) {
			break
		}
	}
	return float64(float64(a*z) * Exp(scale+Log(sum)))
}
