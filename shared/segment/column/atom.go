package column

import (
	"slices"

	"github.com/weir-engine/weir/shared/segment"
)

// pairCodes is the largest number of pairs of values that are evaluated when a condition is compiled.
const pairCodes = 1 << 16

// atom compiles what reads several columns, or one with many values.
func (c *compiler) atom(n *segment.Node, read []*segment.Ref) mask {
	switch n.Op {
	case segment.OpEq, segment.OpNe, segment.OpLt, segment.OpLe, segment.OpGt, segment.OpGe:
		if m := c.ranks(n); m != nil {
			return c.kernel("ranks", n, m)
		}
		if len(read) == 2 {
			if m := c.bounds(n, read[0], read[1]); m != nil {
				return c.kernel("bounds", n, m)
			}
		}
		if kind := c.common(n.Args[0], n.Args[1]); kind != segment.KindNull {
			return c.kernel("vectors", n, &compared{c.vector(n.Args[0], kind, 0), c.vector(n.Args[1], kind, 1), n.Op})
		}
	case segment.OpIn:
		if m := c.among(n); m != nil {
			return c.kernel("vectors", n, m)
		}
	}
	if len(read) == 2 {
		if m := c.pairs(n, read[0], read[1]); m != nil {
			return c.kernel("pairs", n, m)
		}
	}
	return c.kernel("rows", n, &scalar{n})
}

// kindOf is the kind that all values of an expression have unless they are null; null when that is not known.
func (c *compiler) kindOf(n *segment.Node) segment.ValueKind {
	switch {
	case n.Type == segment.TNumber:
		return segment.KindNumber
	case n.Type == segment.TTime:
		return segment.KindTime
	case n.Op == segment.OpRef:
		return c.column(n.Ref).kind()
	}
	return segment.KindNull
}

// common is the kind of both sides of a comparison, number or time; null when there is none.
func (c *compiler) common(a, b *segment.Node) segment.ValueKind {
	x, y := c.kindOf(a), c.kindOf(b)
	if a.Op == segment.OpNull {
		x = y
	}
	if b.Op == segment.OpNull {
		y = x
	}
	if x != y || x != segment.KindNumber && x != segment.KindTime {
		return segment.KindNull
	}
	return x
}

// among is membership of a number or time in a list of them.
func (c *compiler) among(n *segment.Node) mask {
	if n.Args[1].Op != segment.OpList {
		return nil
	}
	any := &anyOf{}
	for _, e := range n.Args[1].Args {
		kind := c.common(n.Args[0], e)
		if kind == segment.KindNull {
			return nil
		}
		any.parts = append(any.parts, &compared{c.vector(n.Args[0], kind, 0), c.vector(e, kind, 1), segment.OpEq})
	}
	return any
}

// anyOf is the union of masks that use no words of the run.
type anyOf struct{ parts []mask }

func (a *anyOf) block(r *run, b int, out *words) {
	clear(out[:])
	for _, m := range a.parts {
		var part words
		m.block(r, b, &part)
		for i := range out {
			out[i] |= part[i]
		}
	}
}

// compared compares two vectors.
type compared struct {
	a, b vec
	op   segment.Op
}

func (c *compared) block(r *run, b int, out *words) {
	v, w := c.a.block(r, b), c.b.block(r, b)
	for i := range out {
		x, y := (*[64]float64)(v[i*64:]), (*[64]float64)(w[i*64:])
		switch c.op {
		case segment.OpEq:
			out[i] = equal(x, y)
		case segment.OpNe:
			out[i] = ^equal(x, y)
		case segment.OpLt:
			out[i] = less(x, y)
		case segment.OpLe:
			out[i] = atMost(x, y)
		case segment.OpGt:
			out[i] = less(y, x)
		default:
			out[i] = atMost(y, x)
		}
	}
}

// one is 1 for true, without a branch.
func one(b bool) uint64 {
	var x uint64
	if b {
		x = 1
	}
	return x
}

func less(x, y *[64]float64) (set uint64) {
	for j := range x {
		set = set>>1 | one(x[j] < y[j])<<63
	}
	return set
}

func atMost(x, y *[64]float64) (set uint64) {
	for j := range x {
		set = set>>1 | one(x[j] <= y[j])<<63
	}
	return set
}

// equal holds for two nulls too.
func equal(x, y *[64]float64) (set uint64) {
	for j := range x {
		set |= (one(x[j] == y[j]) | one(x[j] != x[j])&one(y[j] != y[j])) << j
	}
	return set
}

// ranks compares two texts, each a function of one column of few values or a dictionary: by the ranks of their values among
// the values of both.
func (c *compiler) ranks(n *segment.Node) mask {
	if n.Args[0].Type != segment.TString || n.Args[1].Type != segment.TString {
		return nil
	}
	var cols [2]*stored
	var texts [2][]segment.Value
	var all []string
	for i, side := range n.Args {
		read := refs(side, nil)
		if len(read) != 1 || !c.column(read[0]).tabular() || c.column(read[0]).Kind == Bits {
			return nil
		}
		p := c.probe()
		cols[i] = c.column(read[0])
		texts[i] = tabulate(c.s, cols[i], func(v segment.Value) segment.Value { p.value = v; return side.Value(p) })
		for _, v := range texts[i] {
			all = append(all, v.Str)
		}
	}
	slices.Sort(all)
	all = slices.Compact(all)
	m := &ranked{op: n.Op}
	for i := range cols {
		ranks := make([]uint32, len(texts[i]))
		for k, v := range texts[i] {
			if v.Kind == segment.KindString {
				at, _ := slices.BinarySearch(all, v.Str)
				ranks[k] = uint32(at + 1)
			}
		}
		m.sides[i] = coded{cols[i], ranks}
	}
	return m
}

// coded maps the numbers of a column to codes.
type coded struct {
	col   *stored
	codes []uint32
}

func (s *coded) block(r *run, b int, out *[BlockRows]uint32) {
	from, to := r.set.span(b)
	switch c := s.col; {
	case c.U8 != nil:
		for i, raw := range c.U8[from:to] {
			out[i] = s.codes[raw]
		}
	case c.U16 != nil:
		for i, raw := range c.U16[from:to] {
			out[i] = s.codes[raw]
		}
	case c.U32 != nil:
		for i, raw := range c.U32[from:to] {
			out[i] = s.codes[raw-uint32(c.min)]
		}
	default:
		for i := range to - from {
			out[i] = s.codes[c.Bits[(from+i)/64]>>((from+i)%64)&1]
		}
	}
}

// ranked compares codes; 0 is null.
type ranked struct {
	sides [2]coded
	op    segment.Op
}

func (m *ranked) block(r *run, b int, out *words) {
	x, y := &r.codes[0], &r.codes[1]
	m.sides[0].block(r, b, x)
	m.sides[1].block(r, b, y)
	for w := range out {
		p, q := (*[64]uint32)(x[w*64:]), (*[64]uint32)(y[w*64:])
		switch m.op {
		case segment.OpEq:
			out[w] = sameCodes(p, q)
		case segment.OpNe:
			out[w] = ^sameCodes(p, q)
		case segment.OpLt:
			out[w] = lessCodes(p, q) & known(p)
		case segment.OpLe:
			out[w] = ^lessCodes(q, p) & known(p) & known(q)
		case segment.OpGt:
			out[w] = lessCodes(q, p) & known(q)
		default:
			out[w] = ^lessCodes(p, q) & known(p) & known(q)
		}
	}
}

func sameCodes(p, q *[64]uint32) (set uint64) {
	for j := range p {
		set |= one(p[j] == q[j]) << j
	}
	return set
}

func lessCodes(p, q *[64]uint32) (set uint64) {
	for j := range p {
		set |= one(p[j] < q[j]) << j
	}
	return set
}

// known holds where a code stands for a text.
func known(p *[64]uint32) (set uint64) {
	for j := range p {
		set |= one(p[j] != 0) << j
	}
	return set
}

// pairs evaluates every pair of values of two columns of few values.
func (c *compiler) pairs(n *segment.Node, a, b *segment.Ref) mask {
	x, y := c.column(a), c.column(b)
	left, right := c.domain(x), c.domain(y)
	if left == nil || right == nil || len(left.values)*len(right.values) > pairCodes {
		return nil
	}
	m := &paired{a: coded{x, left.codes}, b: coded{y, right.codes}, width: uint32(len(right.values)), hits: make([]bool, len(left.values)*len(right.values))}
	env := &pairProbe{probe: c.probe(), a: a, b: b}
	for i, v := range left.values {
		for j, w := range right.values {
			env.x, env.y = v, w
			m.hits[i*len(right.values)+j] = n.Bool(env)
		}
	}
	return m
}

// pairProbe answers two references.
type pairProbe struct {
	*probe
	a, b *segment.Ref
	x, y segment.Value
}

func (p *pairProbe) Lookup(r *segment.Ref) segment.Value {
	if r == p.a {
		return p.x
	}
	return p.y
}

// domain is the values of a column and the place of each number's value among them; nil when there are too many.
type domain struct {
	values []segment.Value
	codes  []uint32
}

func (c *compiler) domain(col *stored) *domain {
	if col.Kind == Bits {
		return &domain{[]segment.Value{segment.Bool(false), segment.Bool(true)}, []uint32{0, 1}}
	}
	if !col.tabular() || col.max-col.min >= pairCodes {
		return nil
	}
	d := &domain{}
	d.codes = tabulate(c.s, col, func(v segment.Value) uint32 {
		d.values = append(d.values, v)
		return uint32(len(d.values) - 1)
	})
	return d
}

// paired looks pairs of codes up.
type paired struct {
	a, b  coded
	width uint32
	hits  []bool
}

func (m *paired) block(r *run, b int, out *words) {
	x, y := &r.codes[0], &r.codes[1]
	m.a.block(r, b, x)
	m.b.block(r, b, y)
	from, to := r.set.span(b)
	clear(out[:])
	for i := range to - from {
		if m.hits[x[i]*m.width+y[i]] {
			out[i/64] |= 1 << (i % 64)
		}
	}
}
