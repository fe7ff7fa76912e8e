package fmath

import "math"

// ln 2 in two parts; k·ln2Hi is exact for |k| < 2048.
const (
	ln2Hi = 6.93147180369123816490e-01
	ln2Lo = 1.90821492927058770002e-10
	log2e = 1.44269504088896338700e+00
)

// Exp returns e**x with an error of at most 1 ulp (2 ulp where the result is subnormal). It is +Inf above 709.78 and 0 below
// -745.13.
func Exp(x float64) float64 {
	const overflow, underflow = 7.09782712893383973096e+02, -7.45133219101941108420e+02
	switch {
	case x != x:
		return x
	case x > overflow:
		return math.Inf(1)
	case x < underflow:
		return 0
	case x > -0x1p-28 && x < 0x1p-28:
		return 1 + x
	}
	half := 0.5
	if x < 0 {
		half = -0.5
	}
	k := int(float64(log2e*x) + half)
	hi := x - float64(float64(k)*ln2Hi)
	return scale(expReduced(hi, float64(float64(k)*ln2Lo)), k)
}

// expReduced returns exp(hi - lo) for |hi - lo| <= ln(2)/2.
func expReduced(hi, lo float64) float64 {
	const (
		p1 = 1.66666666666666657415e-01
		p2 = -2.77777777770155933842e-03
		p3 = 6.61375632143793436117e-05
		p4 = -1.65339022054652515390e-06
		p5 = 4.13813679705723846039e-08
	)
	r := hi - lo
	t := float64(r * r)
	c := float64(t*p5) + p4
	c = float64(t*c) + p3
	c = float64(t*c) + p2
	c = float64(t*c) + p1
	c = r - float64(t*c)
	return 1 - ((lo - float64(r*c)/(2-c)) - hi)
}

// scale returns y·2**k for y in (0.5, 2) and results up to the largest number; a subnormal result is rounded once.
func scale(y float64, k int) float64 {
	switch {
	case k > 1023:
		return float64(float64(y*2) * math.Float64frombits(uint64(k-1+1023)<<52))
	case k >= -1021:
		return float64(y * math.Float64frombits(uint64(k+1023)<<52))
	default:
		return float64(float64(y*math.Float64frombits(uint64(k+100+1023)<<52)) * 0x1p-100)
	}
}

// Expm1 returns e**x - 1 with an error of at most 4 ulp, also where x is tiny.
func Expm1(x float64) float64 {
	const (
		q1 = -3.33333333333331316428e-02
		q2 = 1.58730158725481460165e-03
		q3 = -7.93650757867487942473e-05
		q4 = 4.00821782732936239552e-06
		q5 = -2.01099218183624371326e-07
	)
	switch {
	case x != x || x > -0x1p-54 && x < 0x1p-54:
		return x
	case x < -40:
		return -1
	case x > 0.34 || x < -0.34:
		return Exp(x) - 1
	}
	half := float64(0.5 * x)
	xs := float64(x * half)
	r := float64(xs*q5) + q4
	r = float64(xs*r) + q3
	r = float64(xs*r) + q2
	r = float64(xs*r) + q1
	r = float64(xs*r) + 1
	t := 3 - float64(r*half)
	e := float64(xs * ((r - t) / (6 - float64(x*t))))
	return x - (float64(x*e) - xs)
}
