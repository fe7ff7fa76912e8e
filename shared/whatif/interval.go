package whatif

import "math"

// Interval is what a number of a sample says of the whole base, and the bounds that hold it in 95 of 100 samples.
type Interval struct{ Estimate, Low, High int64 }

// z is the standard normal quantile of 0.975.
const z = 1.959963984540054

// UsersInterval estimates how many of a base of so many users are what k of a sample of n are: by Wilson's interval for a share
// (Wilson 1927) with the finite population correction, as n·(N−1)/(N−n) drawn with replacement would know. At least those who were
// seen are, and those who were seen not to be are not.
func UsersInterval(k, n, base int64) Interval {
	if n >= base || n <= 0 {
		return Interval{k, k, k}
	}
	p := float64(k) / float64(n)
	m := float64(float64(n)*float64(base-1)) / float64(base-n)
	zz := float64(z * z)
	middle := (p + zz/float64(2*m)) / (1 + zz/m)
	half := float64(float64(z/(1+zz/m)) * math.Sqrt(float64(p*(1-p))/m+zz/float64(4*float64(m*m))))
	of := func(share float64) int64 {
		return min(max(int64(math.Round(float64(share*float64(base)))), k), base-(n-k))
	}
	return Interval{of(p), of(middle - half), of(middle + half)}
}

// Square is the sum of squares of whole numbers, exact.
type Square struct{ Hi, Lo uint64 }

// SumInterval estimates what all users of a base together have of a number of which those of a sample of n have sum, with the
// squares of the single numbers added up to squares: by the normal interval of an expansion estimator with the finite population
// correction (Cochran 1977, 2.4).
func SumInterval(sum int64, squares Square, n, base int64) Interval {
	if n >= base || n <= 0 {
		return Interval{sum, sum, sum}
	}
	of := func(v float64) int64 { return int64(math.Round(v)) }
	count, total := float64(n), float64(sum)
	weight := float64(base) / count
	estimate := float64(total * weight)
	if n == 1 {
		return Interval{of(estimate), of(min(estimate, 0)), of(max(estimate, 0))}
	}
	all := float64(float64(squares.Hi)*(1<<64)) + float64(squares.Lo)
	variance := max(all-float64(total*total)/count, 0) / (count - 1)
	half := float64(float64(z*float64(base)) * math.Sqrt(float64((1-count/float64(base))*variance)/count))
	return Interval{of(estimate), of(estimate - half), of(estimate + half)}
}
