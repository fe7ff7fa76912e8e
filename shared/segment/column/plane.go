package column

import "math/bits"

// Index lays a column out by bits, so that comparing and adding takes a few operations for 64 rows (the vertical layout of Li
// and Patel 2013, BitWeaving). It takes the memory of the column's effective bits once more. Columns of more than 32 effective
// bits, dictionaries and truth values have no such layout: for them it does nothing.
func (s *Set) Index(refs ...string) error {
	for _, ref := range refs {
		c := s.cols[ref]
		if c == nil {
			return s.missing([]string{ref})
		}
		if width := bits.Len64(uint64(c.max - c.min)); c.planes == nil && width <= 32 && c.Kind != Bits && c.Kind != Dict {
			c.index(s, width)
		}
	}
	return nil
}

func (c *stored) index(s *Set, width int) {
	c.width, c.planes = width, make([]uint64, s.blocks()*width*blockWords)
	var group [64]uint64
	for w := range s.Words() {
		clear(group[:])
		for j := range min(64, s.rows-w*64) {
			if row := w*64 + j; c.nulls == nil || c.nulls[w]>>j&1 == 0 {
				group[j] = uint64(c.raw(row) - c.min)
			}
		}
		transpose(&group)
		at := w/blockWords*width*blockWords + w%blockWords
		for p := range width {
			c.planes[at+p*blockWords] = group[p]
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

// atMost sets the bits of a block whose raw-min is at most v, given 0 <= v < 1<<width.
func (c *stored) atMost(b int, v uint64, out *words) {
	var less, equal words
	for i := range equal {
		equal[i] = ^uint64(0)
	}
	// Below the lowest zero bit of v every row that is equal so far is at most v.
	lowest := bits.TrailingZeros64(^v)
	base := c.planes[b*c.width*blockWords:]
	for p := c.width - 1; p >= lowest; p-- {
		plane := (*words)(base[p*blockWords:])
		if v>>p&1 != 0 {
			for i, w := range plane {
				less[i] |= equal[i] &^ w
				equal[i] &= w
			}
			continue
		}
		for i, w := range plane {
			equal[i] &^= w
		}
	}
	for i := range out {
		out[i] = less[i] | equal[i]
	}
}
