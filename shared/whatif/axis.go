package whatif

import (
	"math"
	"math/bits"
	"slices"

	"github.com/weir-engine/weir/shared/segment/column"
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

// newAxis gives codes to the numbers of buyers in a column: each its own where there are few, else about as many rows to each code.
// Numbers that many rows share have a code of their own. of reads a row later.
func newAxis(c *column.Column, rows int, of func(row int) (int64, bool), buyers []uint64) *axis {
	a := &axis{codes: make([]uint16, padded(rows)), low: []int64{0}, high: []int64{0}, of: of}
	switch {
	case c.U8 != nil:
		encode(a, c.U8, buyers)
	case c.U16 != nil:
		encode(a, c.U16, buyers)
	case c.U32 != nil:
		encode(a, c.U32, buyers)
	default:
		encodeLong(a, c.I64, buyers)
	}
	return a
}

// encode has no branch on a row where each number has its own code.
func encode[T uint8 | uint16 | uint32](a *axis, rows []T, buyers []uint64) {
	least, most := ^T(0), T(0)
	for w, set := range buyers {
		group := rows[w*64 : min(w*64+64, len(rows))]
		for j, v := range group {
			keep := -T(set >> (j & 63) & 1) // all ones for a buyer
			least, most = min(least, v|^keep), max(most, v&keep)
		}
	}
	if least > most {
		return
	}
	if uint64(most-least) >= maxCodes-1 {
		encodeWide(a, rows, buyers, int64(least), int64(most))
		return
	}
	for v := int64(least); v <= int64(most); v++ {
		a.low, a.high = append(a.low, v), append(a.high, v)
	}
	for w, set := range buyers {
		group := rows[w*64 : min(w*64+64, len(rows))]
		codes := a.codes[w*64:][:len(group)]
		for j, v := range group {
			codes[j] = (uint16(v-least) + 1) & -uint16(set>>(j&63)&1)
		}
	}
}

// encodeLong is encode for numbers of 64 bits.
func encodeLong(a *axis, rows []int64, buyers []uint64) {
	lowest, highest := int64(math.MaxInt64), int64(math.MinInt64)
	for w, set := range buyers {
		for ; set != 0; set &= set - 1 {
			v := rows[w*64+bits.TrailingZeros64(set)]
			lowest, highest = min(lowest, v), max(highest, v)
		}
	}
	if lowest <= highest {
		encodeWide(a, rows, buyers, lowest, highest)
	}
}

// encodeWide is encode for numbers between two bounds that may be too many to have a code each.
func encodeWide[T uint8 | uint16 | uint32 | int64](a *axis, rows []T, buyers []uint64, lowest, highest int64) {
	if uint64(highest-lowest) < maxCodes-1 {
		for v := lowest; v <= highest; v++ {
			a.low, a.high = append(a.low, v), append(a.high, v)
		}
	} else {
		const samples = 1 << 13
		var sample []int64
		for i := 0; i < len(rows); i += max(len(rows)/samples, 1) {
			if bitOf(buyers, i) {
				sample = append(sample, int64(rows[i]))
			}
		}
		a.cut(sample, lowest, highest)
	}
	find := newFinder(a.high, lowest)
	for w, set := range buyers {
		for ; set != 0; set &= set - 1 {
			i := w*64 + bits.TrailingZeros64(set)
			a.codes[i] = find.code(int64(rows[i]))
		}
	}
}

// finder finds codes: it divides the numbers above the lowest by their length in bits and their highest eight bits, and knows the
// first code of each part.
type finder struct {
	high   []int64
	lowest int64
	first  [64 << partBits]uint16
}

const partBits = 8

func newFinder(high []int64, lowest int64) *finder {
	f := &finder{high: high, lowest: lowest}
	from := 0
	for code := 1; code < len(high); code++ {
		// Numbers up to high[code] are in parts up to its own, where those of the next code begin at the earliest.
		part := partOf(uint64(high[code] - lowest))
		for ; from <= part; from++ {
			f.first[from] = uint16(code)
		}
	}
	for ; from < len(f.first); from++ {
		f.first[from] = uint16(len(high) - 1)
	}
	return f
}

// partOf ascends with v.
func partOf(v uint64) int {
	n := bits.Len64(v >> partBits)
	return n<<partBits | int(v>>n&(1<<partBits-1))
}

func (f *finder) code(v int64) uint16 {
	k := int(f.first[partOf(uint64(v-f.lowest))&(len(f.first)-1)])
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
