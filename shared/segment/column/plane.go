package column

import "math/bits"

// Index lays a column out by bits, so that comparing and adding takes a few operations for 64 rows (the vertical layout of Li
// and Patel 2013, BitWeaving). It takes the memory of the column's effective bits once more. Columns of more than 40 effective
// bits, dictionaries of more than 256 values and truth values have no such layout: for them it does nothing.
func (s *Set) Index(refs ...string) error {
	for _, ref := range refs {
		c := s.cols[ref]
		if c == nil {
			return s.missing([]string{ref})
		}
		if width := bits.Len64(uint64(c.max - c.min)); c.planes == nil && c.Kind != Bits && (width <= maxIndexed && c.Kind != Dict || width <= dictBits) {
			c.index(s, width)
		}
	}
	return nil
}

// maxIndexed is the most effective bits of an indexed column: the milliseconds of 34 years.
const maxIndexed = 40

// dictBits is the most bits that the codes of an indexed dictionary take.
const dictBits = 8

func (c *stored) index(s *Set, width int) {
	c.width, c.planes = width, make([]uint64, s.blocks()*blockWords*width)
	var group [64]uint64
	for w := range s.Words() {
		clear(group[:])
		for j := range min(64, s.rows-w*64) {
			if row := w*64 + j; c.nulls == nil || c.nulls[w]>>j&1 == 0 {
				group[j] = uint64(c.raw(row) - c.min)
			}
		}
		transpose(&group)
		for j := range width {
			c.plane(w/blockWords, j)[w%blockWords] = group[width-1-j]
		}
	}
}

// transpose turns 64 rows of 64 bits round: bit k of row i becomes bit i of row k (Warren 2013, Hacker's Delight, 7-3).
func transpose(a *[64]uint64) {
	mask := uint64(0x00000000ffffffff)
	for j := 32; j != 0; j >>= 1 {
		for k := 0; k < 64; k = (k + j + 1) &^ j {
			t := (a[k]>>j ^ a[k+j]) & mask
			a[k+j] ^= t
			a[k] ^= t << j
		}
		mask ^= mask << (j >> 1)
	}
}

// bound is a number to compare raw-min with, laid out for atMost: the planes that matter from the highest, and for each whether
// the number has a one.
type bound struct {
	ones   []bool
	lowest int // below it the number has ones alone: what is equal so far is at most the number
}

func (c *stored) bound(v uint64) bound {
	b := bound{lowest: min(bits.TrailingZeros64(^v), c.width)}
	for p := c.width - 1; p >= b.lowest; p-- {
		b.ones = append(b.ones, v>>p&1 != 0)
	}
	return b
}

// atMost sets the bits of a block whose raw-min is at most the bound: those that are not above it. From the lowest bit up: where
// the bound has a one, only a one can be above it, and is if the lower bits are; where it has a zero, a one is above it anyway.
func (c *stored) atMost(b int, of *bound, out *words) {
	planes := c.planes[b*c.width*blockWords:][:c.width*blockWords]
	for i := 0; i < blockWords; i += 4 {
		var w, x, y, z uint64
		for j := len(of.ones) - 1; j >= 0; j-- {
			plane := (*[4]uint64)(planes[j*blockWords+i:])
			if of.ones[j] {
				w, x, y, z = w&plane[0], x&plane[1], y&plane[2], z&plane[3]
			} else {
				w, x, y, z = w|plane[0], x|plane[1], y|plane[2], z|plane[3]
			}
		}
		out[i], out[i+1], out[i+2], out[i+3] = ^w, ^x, ^y, ^z
	}
}

// plane is one bit of raw-min for a block, from the highest.
func (c *stored) plane(b, j int) *words { return (*words)(c.planes[(b*c.width+j)*blockWords:]) }
