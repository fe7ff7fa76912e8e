package column

import "math/bits"

// Index lays a column out by bits, so that comparing and adding takes a few operations for 64 rows (the vertical layout of Li
// and Patel 2013, BitWeaving). It takes the memory of the column's effective bits once more. Columns of more than 40 effective
// bits, dictionaries of more than 256 values and truth values have no such layout: for them it does nothing.
func (s *Set) Index(refs ...string) error {
	for _, ref := range refs {
		c := s.read(ref)
		if c == nil {
			return s.missing([]string{ref})
		}
		c.layOut(s, maxIndexed)
	}
	return nil
}

// layOut lays a column out by bits unless it has more than most.
func (c *stored) layOut(s *Set, most int) {
	if c.Kind == Dict {
		most = dictBits
	}
	if width := bits.Len64(uint64(c.max - c.min)); c.planes == nil && c.Kind != Bits && width <= most {
		c.index(s, width)
	}
}

// byPlanes reports whether a column is laid out by bits. Where conditions lay out what they read it is, unless it has more bits than
// pay for their memory.
func (c *compiler) byPlanes(col *stored) bool {
	if c.index {
		col.layOut(c.s, maxWanted)
	}
	return col.planes != nil
}

// maxWanted is the most effective bits of a column that is laid out because a condition reads it: the layout of moments in
// milliseconds would take more memory than it spares time.
const maxWanted = 24

// maxIndexed is the most effective bits of an indexed column: the milliseconds of 34 years.
const maxIndexed = 40

// dictBits is the most bits that the codes of an indexed dictionary take.
const dictBits = 8

func (c *stored) index(s *Set, width int) {
	c.width, c.planes = width, make([]uint64, s.blocks()*blockWords*width)
	switch {
	case width == 0: // one number alone
	case width > 16:
		c.wide(s)
	case c.U8 != nil:
		narrow(c, c.U8)
	case c.U16 != nil:
		narrow(c, c.U16)
	case c.U32 != nil:
		narrow(c, c.U32)
	default:
		narrow(c, c.I64)
	}
}

// wide lays out a column of more than 16 bits.
func (c *stored) wide(s *Set) {
	var group [64]uint64
	for w := range s.Words() {
		from, n := w*64, min(64, s.rows-w*64)
		if c.U32 != nil {
			spreadRows(c.U32[from:from+n], c.min, &group)
		} else {
			spreadRows(c.I64[from:from+n], c.min, &group)
		}
		transpose(&group)
		null := uint64(0)
		if c.nulls != nil {
			null = c.nulls[w]
		}
		for j := range c.width {
			c.plane(w/blockWords, j)[w%blockWords] = group[c.width-1-j] &^ null
		}
	}
}

func spreadRows[T uint32 | int64](rows []T, least int64, to *[64]uint64) {
	n := min(len(rows), len(to))
	for i, v := range rows[:n] {
		to[i] = uint64(int64(v) - least)
	}
	clear(to[n:])
}

// narrow lays out a column of at most 16 bits, eight rows at a time.
func narrow[T uint8 | uint16 | uint32 | int64](c *stored, rows []T) {
	least := T(c.min)
	for w := 0; w*64 < len(rows); w++ {
		group := rows[w*64:]
		if len(group) < 64 {
			var last [64]T
			for i := copy(last[:], group); i < 64; i++ {
				last[i] = least
			}
			group = last[:]
		}
		var low, high [8]uint64
		for g := 0; g < 64; g += 8 {
			r := (*[8]T)(group[g:])
			v0, v1, v2, v3 := uint64(r[0]-least), uint64(r[1]-least), uint64(r[2]-least), uint64(r[3]-least)
			v4, v5, v6, v7 := uint64(r[4]-least), uint64(r[5]-least), uint64(r[6]-least), uint64(r[7]-least)
			put(&low, transpose8(v0&255|v1&255<<8|v2&255<<16|v3&255<<24|v4&255<<32|v5&255<<40|v6&255<<48|v7&255<<56), g)
			if c.width > 8 {
				put(&high, transpose8(v0>>8&255|v1&0xff00|v2&0xff00<<8|v3&0xff00<<16|v4&0xff00<<24|v5&0xff00<<32|v6&0xff00<<40|v7&0xff00<<48), g)
			}
		}
		null := uint64(0)
		if c.nulls != nil {
			null = c.nulls[w]
		}
		to := c.planes[w/blockWords*c.width*blockWords+w%blockWords:]
		for p := range c.width {
			plane := low[p&7]
			if p >= 8 {
				plane = high[p&7]
			}
			to[(c.width-1-p)*blockWords] = plane &^ null
		}
	}
}

// put adds eight rows, turned round, to eight planes.
func put(planes *[8]uint64, x uint64, at int) {
	at &= 63
	planes[0] |= x & 255 << at
	planes[1] |= x >> 8 & 255 << at
	planes[2] |= x >> 16 & 255 << at
	planes[3] |= x >> 24 & 255 << at
	planes[4] |= x >> 32 & 255 << at
	planes[5] |= x >> 40 & 255 << at
	planes[6] |= x >> 48 & 255 << at
	planes[7] |= x >> 56 << at
}

// transpose8 turns eight rows of eight bits round (Warren 2013, 7-3).
func transpose8(x uint64) uint64 {
	x = x&0xaa55aa55aa55aa55 | x&0x00aa00aa00aa00aa<<7 | x>>7&0x00aa00aa00aa00aa
	x = x&0xcccc3333cccc3333 | x&0x0000cccc0000cccc<<14 | x>>14&0x0000cccc0000cccc
	return x&0xf0f0f0f00f0f0f0f | x&0x00000000f0f0f0f0<<28 | x>>28&0x00000000f0f0f0f0
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
