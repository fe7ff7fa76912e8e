package score

import (
	"math"
	"slices"
)

// column is a multiset of integers that answers order statistics exactly and takes little memory: values below denseSize
// are counted, larger ones that fit 32 bits take 4 bytes each, the rest 8. It never sorts the common values: an order
// statistic is found by counting.
type column struct {
	n     int64
	sum   int64
	dense []uint32   // dense[v] users have the value v
	mid   [][]uint32 // denseSize <= v < 1<<32, in chunks so that growth copies nothing
	wide  []int64    // negative, or >= 1<<32
	nmid  int64
	fixed bool // wide is sorted
}

const (
	denseSize = 1 << 16
	chunkLen  = 1 << 16
)

func (c *column) add(v int64) {
	c.n++
	c.sum += v
	c.fixed = false
	switch {
	case v >= 0 && v < denseSize:
		c.addDense(int(v))
	case v >= 0 && v <= math.MaxUint32:
		c.addMid(uint32(v))
	default:
		c.wide = append(c.wide, v)
	}
}

func (c *column) addDense(v int) {
	if v >= len(c.dense) {
		wider := make([]uint32, min(max(v+1, 2*len(c.dense)), denseSize))
		copy(wider, c.dense)
		c.dense = wider
	}
	c.dense[v]++
}

func (c *column) addMid(v uint32) {
	last := len(c.mid) - 1
	if last < 0 || len(c.mid[last]) == chunkLen {
		c.mid = append(c.mid, make([]uint32, 0, chunkLen))
		last++
	}
	c.mid[last] = append(c.mid[last], v)
	c.nmid++
}

// at returns the value at a 0-based rank of the ascending order; 0 <= rank < n.
func (c *column) at(rank int64) int64 {
	if !c.fixed {
		slices.Sort(c.wide)
		c.fixed = true
	}
	negative, _ := slices.BinarySearch(c.wide, 0)
	if rank < int64(negative) {
		return c.wide[rank]
	}
	rank -= int64(negative)
	for v, k := range c.dense {
		if rank < int64(k) {
			return int64(v)
		}
		rank -= int64(k)
	}
	if rank < c.nmid {
		return int64(c.atMid(rank))
	}
	return c.wide[int64(negative)+rank-c.nmid]
}

// atMid selects among the 32-bit values in two counting passes: by the high half, then by the low half within it.
func (c *column) atMid(rank int64) uint32 {
	var high, low [1 << 16]uint32
	for _, chunk := range c.mid {
		for _, v := range chunk {
			high[v>>16]++
		}
	}
	h, rank := locate(high[:], rank)
	for _, chunk := range c.mid {
		for _, v := range chunk {
			if v>>16 == h {
				low[v&0xffff]++
			}
		}
	}
	l, _ := locate(low[:], rank)
	return h<<16 | l
}

// locate returns the bin that holds a rank, and the rank within the bin.
func locate(counts []uint32, rank int64) (bin uint32, rest int64) {
	for i, k := range counts {
		if rank < int64(k) {
			return uint32(i), rank
		}
		rank -= int64(k)
	}
	return uint32(len(counts) - 1), 0
}

// below returns how many values are smaller than v. It serves the rank boundaries of ntile_first, whose values are counts.
func (c *column) below(v int64) int64 {
	var k int64
	for _, w := range c.wide {
		if w < v {
			k++
		}
	}
	for w, m := range c.dense {
		if int64(w) < v {
			k += int64(m)
		}
	}
	for _, chunk := range c.mid {
		for _, w := range chunk {
			if int64(w) < v {
				k++
			}
		}
	}
	return k
}

// quantile returns the floor of the p/q quantile with linear interpolation between order statistics (type 7 of Hyndman and
// Fan 1996, the default of numpy and pandas): position (n-1)·p/q. The fraction is carried in integers, so that nothing is
// rounded: a value exceeds the quantile exactly when it exceeds the floor.
func (c *column) quantile(p, q int64) int64 {
	if c.n == 0 {
		return 0
	}
	pos := (c.n - 1) * p
	i, f := pos/q, uint64(pos%q)
	a := c.at(i)
	if f == 0 {
		return a
	}
	d := uint64(c.at(i+1)) - uint64(a) // wraps to the right difference
	uq := uint64(q)
	return a + int64(d/uq*f+d%uq*f/uq)
}

// mean returns the floor of the mean: an integer exceeds the mean exactly when it exceeds the floor.
func (c *column) mean() int64 {
	if c.n == 0 {
		return 0
	}
	return floorDiv(c.sum, c.n)
}

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b != 0 && (a < 0) != (b < 0) {
		q--
	}
	return q
}

// roundDiv divides by a positive number and rounds half away from zero.
func roundDiv(a, b int64) int64 {
	q, r := a/b, a%b
	if r < 0 {
		r = -r
	}
	if r >= b-r {
		if a < 0 {
			return q - 1
		}
		return q + 1
	}
	return q
}
