package column

import "github.com/weir-engine/weir/shared/segment"

// words is the bitset of one block.
type words [blockWords]uint64

// mask evaluates a truth value for a block of rows. Bits beyond the last row may be anything.
type mask interface {
	block(r *run, b int, out *words)
}

// run is the memory of one evaluation.
type run struct {
	set   *Set
	words []words
	vecs  []vector
	codes [2][BlockRows]uint32
}

// rows returns the first and the last row of a block, the latter excluded.
func (s *Set) span(b int) (from, to int) {
	return b * BlockRows, min((b+1)*BlockRows, s.rows)
}

// Select sets the bit of every row for which the condition holds and clears the others. dst has room for Words; nil makes it.
func (p *Program) Select(dst []uint64) []uint64 {
	if dst == nil {
		dst = make([]uint64, p.set.Words())
	}
	p.SelectBlocks(dst, 0, p.set.blocks())
	return dst
}

// SelectBlocks does what Select does for the blocks from (included) to to (excluded), so that several workers can share a Set.
func (p *Program) SelectBlocks(dst []uint64, from, to int) {
	r := &run{set: p.set, words: make([]words, p.depth), vecs: make([]vector, p.vecs)}
	var out words
	for b := from; b < to; b++ {
		p.root.block(r, b, &out)
		copy(dst[b*blockWords:], out[:])
	}
	if tail := p.set.rows % 64; tail != 0 && to == p.set.blocks() {
		dst[p.set.Words()-1] &= 1<<tail - 1
	}
}

type constantMask bool

func constant(b bool) mask { return constantMask(b) }

func (c constantMask) block(_ *run, _ int, out *words) {
	fill := uint64(0)
	if c {
		fill = ^fill
	}
	for i := range out {
		out[i] = fill
	}
}

type not struct{ of mask }

func (n *not) block(r *run, b int, out *words) {
	n.of.block(r, b, out)
	for i := range out {
		out[i] = ^out[i]
	}
}

// junction is && or ||. A block that is decided is not looked at further.
type junction struct {
	or    bool
	parts []mask
	slot  int
}

func (j *junction) block(r *run, b int, out *words) {
	j.parts[0].block(r, b, out)
	part := &r.words[j.slot]
	for _, m := range j.parts[1:] {
		if j.decided(out) {
			return
		}
		if s, ok := m.(*bitset); ok {
			if from := s.whole(b); from != nil { // no copy of what is read once
				j.join(out, from, s.flip)
				continue
			}
		}
		m.block(r, b, part)
		j.join(out, part, 0)
	}
}

func (j *junction) join(out, part *words, flip uint64) {
	if j.or {
		for i := range out {
			out[i] |= part[i] ^ flip
		}
		return
	}
	for i := range out {
		out[i] &= part[i] ^ flip
	}
}

func (j *junction) decided(out *words) bool {
	all, any := ^uint64(0), uint64(0)
	for _, w := range out {
		all &= w
		any |= w
	}
	return j.or && all == ^uint64(0) || !j.or && any == 0
}

// equality compares two truth values.
type equality struct {
	a, b mask
	slot int
}

func (e *equality) block(r *run, b int, out *words) {
	e.a.block(r, b, out)
	other := &r.words[e.slot]
	e.b.block(r, b, other)
	for i := range out {
		out[i] = ^(out[i] ^ other[i])
	}
}

// bitset is a column of truth values, or its opposite when flip has all bits.
type bitset struct {
	bits []uint64
	flip uint64
}

func (s *bitset) block(_ *run, b int, out *words) {
	copyWords(out, s.bits, b)
	for i := range out {
		out[i] ^= s.flip
	}
}

// whole returns the words of a block that has all of them.
func (s *bitset) whole(b int) *words {
	if len(s.bits) < (b+1)*blockWords {
		return nil
	}
	return (*words)(s.bits[b*blockWords:])
}

// copyWords copies a block's words; those beyond the end are 0.
func copyWords(out *words, from []uint64, b int) {
	clear(out[copy(out[:], from[b*blockWords:]):])
}

// between holds for the numbers lo to hi of a column, or with except for all others; null decides for null.
type between struct {
	col    *stored
	lo, hi int64
	except bool
	null   bool

	indexed      bool  // compiled for the layout by bits
	upper, lower bound // of hi, and of what is below lo
}

func (m *between) block(r *run, b int, out *words) {
	c := m.col
	switch {
	case m.lo > m.hi:
		clear(out[:])
	case m.indexed:
		m.planes(b, out)
	default:
		m.scan(r, b, out)
	}
	if m.except {
		for i := range out {
			out[i] = ^out[i]
		}
	}
	c.decideNulls(b, m.null, out)
}

// decideNulls sets the bits of the rows of a block that are null, or clears them.
func (c *stored) decideNulls(b int, null bool, out *words) {
	if c.nulls == nil {
		return
	}
	for i, w := range c.nulls[b*blockWords : min((b+1)*blockWords, len(c.nulls))] {
		out[i] &^= w
		if null {
			out[i] |= w
		}
	}
}

// byPlanes prepares the use of the layout by bits.
func (m *between) byPlanes() {
	m.indexed = true
	m.upper, m.lower = m.col.bound(uint64(m.hi-m.col.min)), m.col.bound(uint64(m.lo-1-m.col.min))
}

// planes takes the rows up to hi without those below lo.
func (m *between) planes(b int, out *words) {
	c := m.col
	if m.hi == c.max {
		for i := range out {
			out[i] = ^uint64(0)
		}
	} else {
		c.atMost(b, &m.upper, out)
	}
	if m.lo == c.min {
		return
	}
	var below words
	c.atMost(b, &m.lower, &below)
	for i := range out {
		out[i] &^= below[i]
	}
}

func (m *between) scan(r *run, b int, out *words) {
	c := m.col
	from, to := r.set.span(b)
	switch {
	case c.U8 != nil:
		inRange(c.U8[from:to], m.lo, m.hi, out)
	case c.U16 != nil:
		inRange(c.U16[from:to], m.lo, m.hi, out)
	case c.U32 != nil:
		inRange(c.U32[from:to], m.lo, m.hi, out)
	default:
		inRange(c.I64[from:to], m.lo, m.hi, out)
	}
}

// inRange has no branch: numbers stay within 62 bits, so that what is below lo wraps round to more than the span.
func inRange[T uint8 | uint16 | uint32 | int64](data []T, lo, hi int64, out *words) {
	span := uint64(hi - lo)
	for w := range out {
		rest := part(data, w)
		var set uint64
		if len(rest) == 64 {
			// The bits come in at the top and move down, by shifts that are constant; two halves at once.
			var low, high uint64
			first, second := (*[32]T)(rest), (*[32]T)(rest[32:])
			for j := range first {
				low = low>>1 | one(uint64(int64(first[j])-lo) <= span)<<31
				high = high>>1 | one(uint64(int64(second[j])-lo) <= span)<<31
			}
			set = low | high<<32
		} else {
			for j, x := range rest {
				set |= one(uint64(int64(x)-lo) <= span) << (j & 63)
			}
		}
		out[w] = set
	}
}

// table holds for the numbers of a column whose hit is 1.
type table struct {
	col  *stored
	hits []uint8
}

func (t *table) block(r *run, b int, out *words) {
	from, to := r.set.span(b)
	switch c := t.col; {
	case c.U8 != nil:
		hits := (*[1 << 8]uint8)(t.hits)
		for w := range out {
			var set uint64
			for j, x := range part(c.U8[from:to], w) {
				set |= uint64(hits[x]) << (j & 63)
			}
			out[w] = set
		}
	case c.U16 != nil:
		hits := (*[1 << 16]uint8)(t.hits)
		for w := range out {
			var set uint64
			for j, x := range part(c.U16[from:to], w) {
				set |= uint64(hits[x]) << (j & 63)
			}
			out[w] = set
		}
	default:
		base := uint32(c.min)
		for w := range out {
			var set uint64
			for j, x := range part(c.U32[from:to], w) {
				set |= uint64(t.hits[x-base]) << (j & 63)
			}
			out[w] = set
		}
	}
}

// part returns the rows of a word of a block.
func part[T any](data []T, w int) []T {
	return data[min(w*64, len(data)):min(w*64+64, len(data))]
}

// scalar evaluates row by row.
type scalar struct{ node *segment.Node }

func (m *scalar) block(r *run, b int, out *words) {
	from, to := r.set.span(b)
	clear(out[:])
	env := &rowEnv{s: r.set}
	for env.row = from; env.row < to; env.row++ {
		if m.node.Bool(env) {
			out[(env.row-from)/64] |= 1 << ((env.row - from) % 64)
		}
	}
}
