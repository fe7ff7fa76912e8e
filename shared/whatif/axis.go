package whatif

import (
	"math"
	"math/bits"
	"slices"
)

// axis is a column by codes of 16 bits: code k stands for the numbers low[k] to high[k], ascending. A table by code answers a
// threshold question for every row whose numbers lie on one side; of a code that a threshold divides, the rows are looked at.
type axis struct {
	codes     []uint16 // by row, whole blocks of them; nobody for rows without a purchase
	low, high []int64  // by code
	of        func(row int) (int64, bool)
}

const (
	nobody = 0 // the code of rows without a purchase
	// maxCodes bounds the codes of an axis, so that a table of them stays in the fastest cache.
	maxCodes = 4096
)

// newAxis gives codes to the numbers of buyers: each its own where there are few, else about as many rows to each code. Numbers
// that many rows share have a code of their own. values are those of the rows; of reads one of them later.
func newAxis(values []int64, of func(row int) (int64, bool), buyers []uint64) *axis {
	a := &axis{codes: make([]uint16, padded(len(values))), low: []int64{0}, high: []int64{0}, of: of}
	lowest, highest := int64(math.MaxInt64), int64(math.MinInt64)
	for w, set := range buyers {
		for ; set != 0; set &= set - 1 {
			v := values[w*64+bits.TrailingZeros64(set)]
			lowest, highest = min(lowest, v), max(highest, v)
		}
	}
	if lowest > highest {
		return a
	}
	if span := uint64(highest - lowest); span < maxCodes-1 {
		for v := lowest; v <= highest; v++ {
			a.low, a.high = append(a.low, v), append(a.high, v)
		}
		for w, set := range buyers {
			for ; set != 0; set &= set - 1 {
				i := w*64 + bits.TrailingZeros64(set)
				a.codes[i] = uint16(values[i]-lowest) + 1
			}
		}
		return a
	}
	const samples = 1 << 14
	var sample []int64
	for i := 0; i < len(values); i += max(len(values)/samples, 1) {
		if bitOf(buyers, i) {
			sample = append(sample, values[i])
		}
	}
	a.cut(sample, lowest, highest)
	find := newFinder(a.high, lowest)
	for w, set := range buyers {
		for ; set != 0; set &= set - 1 {
			i := w*64 + bits.TrailingZeros64(set)
			a.codes[i] = find.code(values[i])
		}
	}
	return a
}

// finder finds codes: it divides the numbers above the lowest by their length in bits and their highest six bits, and knows the
// first code of each part.
type finder struct {
	high   []int64
	lowest int64
	first  [64 * 64]uint16
}

func newFinder(high []int64, lowest int64) *finder {
	f := &finder{high: high, lowest: lowest}
	code := 1
	for part := range f.first {
		for code < len(high)-1 && partOf(uint64(high[code]-lowest)) < part {
			code++
		}
		f.first[part] = uint16(code)
	}
	return f
}

// partOf ascends with v.
func partOf(v uint64) int {
	n := bits.Len64(v >> 6)
	return n<<6 | int(v>>n&63)
}

func (f *finder) code(v int64) uint16 {
	k := int(f.first[partOf(uint64(v-f.lowest))&(64*64-1)])
	for k < len(f.high)-1 && f.high[k] < v {
		k++
	}
	return uint16(k)
}

// cut makes the codes from a sample.
func (a *axis) cut(sample []int64, lowest, highest int64) {
	ordered := slices.Sorted(slices.Values(sample))
	each := len(ordered)/(maxCodes/3) + 1
	edges := []int64{} // the highest number of each code
	for i := each - 1; i < len(ordered); i += each {
		v := ordered[i]
		if n := len(edges); n > 0 && edges[n-1] >= v {
			continue
		}
		heavy := ordered[i+1-each] == v // the whole code is one number
		if n := len(edges); heavy && v > lowest && (n == 0 || edges[n-1] < v-1) {
			edges = append(edges, v-1)
		}
		edges = append(edges, v)
	}
	if n := len(edges); n == 0 || edges[n-1] < highest {
		edges = append(edges, highest)
	}
	from := lowest
	for _, e := range edges {
		if e >= from {
			a.low, a.high = append(a.low, from), append(a.high, e)
			from = e + 1
		}
	}
}

// code finds the code of a number by bisection.
func (a *axis) code(v int64) uint16 {
	lo, hi := 1, len(a.high)-1
	for lo < hi {
		mid := (lo + hi) / 2
		if a.high[mid] < v {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	return uint16(lo)
}

// divided marks, in a table by code, the codes of which some numbers are one way and some the other: fn is evaluated at both
// ends of each code and must be monotone.
const divided = 1 << 31

func (a *axis) table(out *[maxCodes]uint32, fn func(v int64) uint32) {
	out[nobody] = 0
	for k := 1; k < len(a.low); k++ {
		w := fn(a.low[k])
		if a.high[k] != a.low[k] && fn(a.high[k]) != w {
			w = divided
		}
		out[k] = w
	}
}
