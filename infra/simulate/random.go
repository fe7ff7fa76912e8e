package simulate

import (
	"math"

	"github.com/weir-engine/weir/shared/fmath"
)

// random is a generator of its own, SplitMix64 (Steele, Lea, Flood 2014), so that a seed gives the same base everywhere. For the same
// reason nothing here uses what package math computes differently from machine to machine.
type random uint64

// personal starts the numbers of one person.
func personal(seed uint64, person int) *random {
	r := random(seed)
	r = random(r.next() + uint64(person)*0xd1342543de82ef95)
	return &r
}

func (r *random) next() uint64 {
	*r += 0x9e3779b97f4a7c15
	z := uint64(*r)
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// unit returns a number in (0, 1).
func (r *random) unit() float64 { return (float64(r.next()>>11) + 0.5) / (1 << 53) }

// below returns a number in [0, n).
func (r *random) below(n int) int { return int(r.next() % uint64(n)) }

// chance is true with a probability of p.
func (r *random) chance(p float64) bool { return r.unit() < p }

// wait is an exponential time until something that happens at a rate.
func (r *random) wait(rate float64) float64 { return -fmath.Log(r.unit()) / rate }

// gamma draws from gamma(shape, 1) (Marsaglia, Tsang 2000).
func (r *random) gamma(shape float64) float64 {
	if shape < 1 {
		return float64(r.gamma(shape+1) * fmath.Pow(r.unit(), 1/shape))
	}
	d := shape - 1.0/3
	c := 1 / math.Sqrt(float64(9*d))
	for {
		x := fmath.NormalQuantile(r.unit())
		v := 1 + float64(c*x)
		if v <= 0 {
			continue
		}
		v = float64(float64(v*v) * v)
		if fmath.Log(r.unit()) < float64(0.5*float64(x*x))+d-float64(d*v)+float64(d*fmath.Log(v)) {
			return float64(d * v)
		}
	}
}

// beta draws from beta(a, b).
func (r *random) beta(a, b float64) float64 {
	x := r.gamma(a)
	return x / (x + r.gamma(b))
}

// choice is one of several values with their weights.
type choice[T any] struct {
	value  T
	weight int
}

// pick draws one of the choices by weight.
func pick[T any](r *random, of []choice[T]) T {
	sum := 0
	for i := range of {
		sum += of[i].weight
	}
	at := r.below(sum)
	for i := range of {
		if at -= of[i].weight; at < 0 {
			return of[i].value
		}
	}
	return of[len(of)-1].value
}
