package analytics

import (
	"math"
	"slices"

	"github.com/weir-engine/weir/shared/fmath"
)

// normal95 is the 0.975 quantile of the standard normal distribution.
const normal95 = 1.959963984540054

// wilson is the 95 % score interval of k successes in n trials (Wilson 1927); 0 to 1 without a trial.
func wilson(k, n int64) (low, high float64) {
	if n == 0 {
		return 0, 1
	}
	const z2 = normal95 * normal95
	m, p := float64(n), float64(k)/float64(n)
	mid := p + z2/float64(2*m)
	half := float64(normal95 * math.Sqrt(float64(p*(1-p))/m+z2/float64(4*m*m)))
	scale := 1 + z2/m
	return max((mid-half)/scale, 0), min((mid+half)/scale, 1)
}

// newcombe is the 95 % interval of the difference k1/n1 - k2/n2 of two independent proportions, from the two score intervals
// (Newcombe 1998, method 10).
func newcombe(k1, n1, k2, n2 int64) (low, high float64) {
	p1, p2 := share(k1, n1), share(k2, n2)
	l1, u1 := wilson(k1, n1)
	l2, u2 := wilson(k2, n2)
	return p1 - p2 - hypot(p1-l1, u2-p2), p1 - p2 + hypot(u1-p1, p2-l2)
}

func hypot(a, b float64) float64 { return math.Sqrt(float64(a*a) + float64(b*b)) }

// share is k/n, 0 for none of none.
func share(k, n int64) float64 {
	if n == 0 {
		return 0
	}
	return float64(k) / float64(n)
}

// fourfold is a table of two truth values.
type fourfold struct {
	both, first, second, neither int64 // first: the first alone
}

func (t fourfold) n() int64 { return t.both + t.first + t.second + t.neither }

// phi is the correlation of the two truth values; 0 when one of them never varies.
func (t fourfold) phi() float64 {
	a, b := float64(t.both+t.first), float64(t.second+t.neither)
	c, d := float64(t.both+t.second), float64(t.first+t.neither)
	if a == 0 || b == 0 || c == 0 || d == 0 {
		return 0
	}
	left, right := float64(float64(t.both)*float64(t.neither)), float64(float64(t.first)*float64(t.second))
	return (left - right) / float64(math.Sqrt(float64(a*b))*math.Sqrt(float64(c*d)))
}

// p is the two-sided probability of a correlation at least as strong by chance: Pearson's chi-square with one degree of freedom
// and no correction, n·phi², which is the pooled z test of two proportions.
func (t fourfold) p() float64 {
	phi := t.phi()
	return fmath.Erfc(math.Sqrt(float64(float64(t.n())*float64(phi*phi)) / 2))
}

// benjaminiHochberg adjusts probabilities for their number, so that calling everything at or below a level a finding keeps the
// expected share of false ones under the level (Benjamini and Hochberg 1995).
func benjaminiHochberg(p []float64) []float64 {
	order := make([]int, len(p))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(i, j int) int {
		switch {
		case p[i] < p[j]:
			return -1
		case p[i] > p[j]:
			return 1
		}
		return 0
	})
	q, least := make([]float64, len(p)), 1.0
	for rank := len(p); rank > 0; rank-- {
		i := order[rank-1]
		least = min(least, float64(p[i]*float64(len(p)))/float64(rank))
		q[i] = least
	}
	return q
}
