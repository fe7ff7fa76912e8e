package fmath

import "math"

// Coefficients of msun's e_lgamma_r.c, by region.
var (
	lgammaNear2Even = []float64{
		7.72156649015328655494e-02, 6.73523010531292681824e-02, 7.38555086081402883957e-03, 1.19270763183362067845e-03,
		2.20862790713908385557e-04, 2.52144565451257326939e-05,
	}
	lgammaNear2Odd = []float64{
		3.22467033424113591611e-01, 2.05808084325167332806e-02, 2.89051383673415629091e-03, 5.10069792153511336608e-04,
		1.08011567247583939954e-04, 4.48640949618915160150e-05,
	}
	lgammaMin0 = []float64{
		4.83836122723810047042e-01, -3.27885410759859649565e-02, 6.10053870246291332635e-03, -1.40346469989232843813e-03,
		3.15632070903625950361e-04,
	}
	lgammaMin1 = []float64{
		-1.47587722994593911752e-01, 1.79706750811820387126e-02, -3.68452016781138256760e-03, 8.81081882437654011382e-04,
		-3.12754168375120860518e-04,
	}
	lgammaMin2 = []float64{
		6.46249402391333854778e-02, -1.03142241298341437450e-02, 2.25964780900612472250e-03, -5.38595305356740546715e-04,
		3.35529192635519073543e-04,
	}
	lgammaNear1P = []float64{
		-7.72156649015328655494e-02, 6.32827064025093366517e-01, 1.45492250137234768737e+00, 9.77717527963372745603e-01,
		2.28963728064692451092e-01, 1.33810918536787660377e-02,
	}
	lgammaNear1Q = []float64{
		1, 2.45597793713041134822e+00, 2.12848976379893395361e+00, 7.69285150456672783825e-01, 1.04222645593369134254e-01,
		3.21709242282423911810e-03,
	}
	lgammaMidP = []float64{
		-7.72156649015328655494e-02, 2.14982415960608852501e-01, 3.25778796408930981787e-01, 1.46350472652464452805e-01,
		2.66422703033638609560e-02, 1.84028451407337715652e-03, 3.19475326584100867617e-05,
	}
	lgammaMidQ = []float64{
		1, 1.39200533467621045958e+00, 7.21935547567138069525e-01, 1.71933865632803078993e-01, 1.86459191715652901344e-02,
		7.77942496381893596434e-04, 7.32668430744625636189e-06,
	}
	lgammaStirling = []float64{
		8.33333333333329678849e-02, -2.77777777728775536470e-03, 7.93650558643019558500e-04, -5.95187557450339963135e-04,
		8.36339918996282139126e-04, -1.63092934096575273989e-03,
	}
)

// Lgamma returns log Γ(x) for x > 0, with a relative error of at most 1e-14 (against the result, also beside its zeros at 1
// and 2); +Inf at 0 and NaN below.
func Lgamma(x float64) float64 {
	switch {
	case x < 0 || x != x:
		return math.NaN()
	case x == 0 || x > math.MaxFloat64:
		return math.Inf(1)
	case x == 1 || x == 2:
		return 0
	case x < 0x1p-70:
		return -Log(x)
	case x <= 0.9:
		return lgammaStrip(x, 1) - Log(x)
	case x < 2:
		return lgammaStrip(x, 0)
	case x < 8:
		return lgammaMid(x)
	case x < 0x1p58:
		z := 1 / x
		w := 4.18938533204672725052e-01 + float64(z*horner(float64(z*z), lgammaStirling...))
		return float64((x-0.5)*(Log(x)-1)) + w
	}
	return float64(x * (Log(x) - 1))
}

// lgammaStrip returns log Γ(x+shift) for x+shift in [0.9, 2), from the Taylor-like expansions about 1, the minimum, and 2.
func lgammaStrip(x, shift float64) float64 {
	const (
		xMin   = 1.46163214496836224576e+00
		fMin   = -1.21486290535849611461e-01
		fMinLo = -3.63867699703950536541e-18 // minus the tail of fMin
	)
	switch {
	case x >= xMin+0.27-shift:
		y := (2 - shift) - x
		z := float64(y * y)
		p := float64(y*horner(z, lgammaNear2Even...)) + float64(z*horner(z, lgammaNear2Odd...))
		return p - float64(0.5*y)
	case x >= xMin-0.23-shift:
		y := x - (xMin - shift)
		z := float64(y * y)
		w := float64(z * y)
		p := horner(w, lgammaMin1...) + float64(y*horner(w, lgammaMin2...))
		return fMin + (float64(z*horner(w, lgammaMin0...)) - (fMinLo - float64(w*p)))
	}
	y := x - (1 - shift)
	return float64(y*horner(y, lgammaNear1P...))/horner(y, lgammaNear1Q...) - float64(0.5*y)
}

// lgammaMid returns log Γ(x) for x in [2, 8), from [2, 3) by the recurrence.
func lgammaMid(x float64) float64 {
	i := math.Floor(x)
	y := x - i
	sum := float64(0.5*y) + float64(y*horner(y, lgammaMidP...))/horner(y, lgammaMidQ...)
	z := 1.0
	for ; i > 2; i-- {
		z = float64(z * (y + (i - 1)))
	}
	if z == 1 {
		return sum
	}
	return sum + Log(z)
}

// The zero of digamma in two parts, and the Taylor coefficients about it from the first power on.
const (
	digammaZero   = 1.4616321449683622
	digammaZeroLo = 9.549995429965697e-17
)

var digammaTaylor = []float64{
	0.96767224544762117043, -0.44276316898359210609, 0.25849976095565101062, -0.1639427054424065275, 0.10782405069126236576,
	-0.072199561256454710926, 0.048804288164143107225, -0.033161126474847359292, 0.02259764823221810466,
	-0.015424765904948959139, 0.010538791616612175388, -0.007204534386356868241, 0.0049267813957298534464,
	-0.0033698016554393280828, 0.0023051263267349278369, -0.0015769367714301972593, 0.0010788252019162965807,
	-0.00073807093899600512957, 0.00050495326583460203518, -0.00034546802510630769956, 0.00023635601564027052792,
	-0.00016170622091974803449, 0.00011063372768747410904, -0.000075691795821950659192, 0.00005178575795222080869,
}

// Digamma returns the derivative of log Γ at x > 0, with a relative error of at most 1e-13, also beside its zero at 1.4616;
// -Inf at 0 and NaN below.
func Digamma(x float64) float64 {
	switch {
	case x < 0 || x != x:
		return math.NaN()
	case x == 0:
		return math.Inf(-1)
	case x > 1.2 && x < 1.72:
		h := (x - digammaZero) - digammaZeroLo
		return float64(h * horner(h, digammaTaylor...))
	}
	back := 0.0
	for x < 10 {
		back += 1 / x
		x++
	}
	z := 1 / x
	z2 := float64(z * z)
	tail := float64(z2 * horner(z2, 1./12, -1./120, 1./252, -1./240, 1./132, -691./32760, 1./12))
	return ((Log(x) - float64(0.5*z)) - tail) - back
}
