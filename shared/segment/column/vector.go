package column

import (
	"math"
	"math/bits"
	"slices"

	"github.com/weir-engine/weir/shared/segment"
	"github.com/weir-engine/weir/shared/zone"
)

// vector is a number (or a time in unix milliseconds) for each row of a block. NaN stands for null, so that arithmetic and
// comparisons carry null along by themselves: no value of the language is NaN.
type vector [BlockRows]float64

// vec evaluates an expression for a block of rows into a vector of the run.
type vec interface {
	block(r *run, b int) *vector
}

// vector compiles an expression's numbers, or its times: a value of another kind is null. slot is the first vector that is
// free; the result is in it, or is a constant.
func (c *compiler) vector(n *segment.Node, kind segment.ValueKind, slot int) vec {
	c.p.vecs = max(c.p.vecs, slot+2)
	read := refs(n, nil)
	switch {
	case len(read) == 0:
		return newFixed(n.Value(c.probe()), kind)
	case len(read) == 1 && c.column(read[0]).tabular() && c.column(read[0]).Kind != Bits:
		p, col := c.probe(), c.column(read[0])
		return &looked{col: col, slot: slot, values: tabulate(c.s, col, func(v segment.Value) float64 {
			p.value = v
			if y := n.Value(p); y.Kind == kind {
				return y.Num
			}
			return math.NaN()
		})}
	}
	if kind == segment.KindNumber {
		switch n.Op {
		case segment.OpNeg:
			return &mapped{c.vector(n.Args[0], kind, slot), func(x float64) float64 { return 0 - x }}
		case segment.OpAdd, segment.OpSub, segment.OpMul, segment.OpDiv:
			return &combined{c.vector(n.Args[0], kind, slot), c.vector(n.Args[1], kind, slot+1), n.Op, slot}
		case segment.OpCall:
			if v := c.call(n, slot); v != nil {
				return v
			}
		}
	}
	if n.Op == segment.OpRef {
		if col := c.column(n.Ref); col.kind() == kind {
			return &loaded{col, slot}
		}
	}
	c.kernel("rows", n, nil)
	return &evaluated{n, kind, slot}
}

// kind is the kind of a column's values; of dictionaries null, which says nothing.
func (c *stored) kind() segment.ValueKind {
	switch c.Kind {
	case Number, Float:
		return segment.KindNumber
	case Day, Time:
		return segment.KindTime
	case Bits:
		return segment.KindBool
	}
	return segment.KindNull
}

// call compiles a function that gives a number; nil: there is no kernel for it.
func (c *compiler) call(n *segment.Node, slot int) vec {
	const num, moment = segment.KindNumber, segment.KindTime
	switch n.Str {
	case "abs":
		return &mapped{c.vector(n.Args[0], num, slot), func(x float64) float64 { return math.Abs(x) + 0 }}
	case "round":
		return &mapped{c.vector(n.Args[0], num, slot), func(x float64) float64 { return math.Round(x) + 0 }}
	case "floor":
		return &mapped{c.vector(n.Args[0], num, slot), func(x float64) float64 { return math.Floor(x) + 0 }}
	case "ceil":
		return &mapped{c.vector(n.Args[0], num, slot), func(x float64) float64 { return math.Ceil(x) + 0 }}
	case "min", "max":
		if slices.ContainsFunc(n.Args, func(a *segment.Node) bool { return a.Type == segment.TAny }) {
			return nil // a list gives its least or greatest element
		}
		best := c.vector(n.Args[0], num, slot)
		for _, a := range n.Args[1:] {
			best = &extreme{best, c.vector(a, num, slot+1), n.Str == "max", slot}
		}
		return best
	case "days_since":
		today := segment.Number(float64(c.s.zone.Day(c.s.asOf)))
		return &combined{newFixed(today, num), c.day(n.Args[0], slot+1), segment.OpSub, slot}
	case "days_until":
		today := segment.Number(float64(c.s.zone.Day(c.s.asOf)))
		return &combined{c.day(n.Args[0], slot), newFixed(today, num), segment.OpSub, slot}
	case "days_between":
		return &combined{c.day(n.Args[1], slot), c.day(n.Args[0], slot+1), segment.OpSub, slot}
	}
	return nil
}

// day compiles the calendar day of a time.
func (c *compiler) day(n *segment.Node, slot int) vec {
	v := c.vector(n, segment.KindTime, slot)
	f, constant := v.(*fixed)
	if !constant {
		return &dayed{v}
	}
	if x := f.v[0]; x >= minTime && x <= maxTime {
		return newFixed(segment.Number(float64(c.s.zone.Day(int64(x)))), segment.KindNumber)
	}
	return newFixed(segment.Null, segment.KindNumber)
}

// fixed is one value for all rows; it is laid out once.
type fixed struct{ v vector }

func newFixed(v segment.Value, kind segment.ValueKind) *fixed {
	f, x := new(fixed), math.NaN()
	if v.Kind == kind {
		x = v.Num
	}
	for i := range f.v {
		f.v[i] = x
	}
	return f
}

func (f *fixed) block(r *run, _ int) *vector { return &f.v }

// loaded is a column of numbers or times.
type loaded struct {
	col  *stored
	slot int
}

func (l *loaded) block(r *run, b int) *vector {
	c, v := l.col, &r.vecs[l.slot]
	from, to := r.set.span(b)
	scale := float64(c.Scale)
	switch {
	case c.U8 != nil:
		load(v, c.U8[from:to], scale)
	case c.U16 != nil:
		load(v, c.U16[from:to], scale)
	case c.U32 != nil:
		load(v, c.U32[from:to], scale)
	case c.Kind == Float:
		for i, raw := range c.I64[from:to] {
			v[i] = floatOf(raw)
		}
	default:
		load(v, c.I64[from:to], scale)
	}
	if c.nulls != nil {
		var nulls words
		copyWords(&nulls, c.nulls, b)
		for i, w := range nulls {
			for ; w != 0; w &= w - 1 {
				v[i*64+bits.TrailingZeros64(w)] = math.NaN()
			}
		}
	}
	if c.Kind == Day {
		for i, x := range v[:to-from] {
			if x == x {
				v[i] = float64(r.set.zone.Start(zone.Day(x)))
			}
		}
	}
	return v
}

func load[T uint8 | uint16 | uint32 | int64](v *vector, data []T, scale float64) {
	if scale == 1 {
		for i, raw := range data {
			v[i] = float64(raw)
		}
		return
	}
	for i, raw := range data {
		v[i] = float64(raw) / scale
	}
}

// looked looks numbers up by the column's; NaN stands for null.
type looked struct {
	col    *stored
	values []float64
	slot   int
}

func (l *looked) block(r *run, b int) *vector {
	c, v := l.col, &r.vecs[l.slot]
	from, to := r.set.span(b)
	switch {
	case c.U8 != nil:
		for i, raw := range c.U8[from:to] {
			v[i] = l.values[raw]
		}
	case c.U16 != nil:
		for i, raw := range c.U16[from:to] {
			v[i] = l.values[raw]
		}
	default:
		for i, raw := range c.U32[from:to] {
			v[i] = l.values[raw-uint32(c.min)]
		}
	}
	return v
}

// mapped applies a function that keeps numbers finite.
type mapped struct {
	of vec
	fn func(float64) float64
}

func (m *mapped) block(r *run, b int) *vector {
	v := m.of.block(r, b)
	for i, x := range v {
		v[i] = m.fn(x)
	}
	return v
}

// combined is arithmetic; what is not finite is null.
type combined struct {
	a, b vec
	op   segment.Op
	slot int
}

func (c *combined) block(r *run, b int) *vector {
	v, w, out := c.a.block(r, b), c.b.block(r, b), &r.vecs[c.slot]
	switch c.op {
	case segment.OpAdd:
		for i := range out {
			out[i] = finite(v[i] + w[i])
		}
	case segment.OpSub:
		for i := range out {
			out[i] = finite(v[i] - w[i])
		}
	case segment.OpMul:
		for i := range out {
			out[i] = finite(float64(v[i] * w[i]))
		}
	default:
		for i := range out {
			out[i] = finite(v[i] / w[i])
		}
	}
	return out
}

// finite turns what has no finite value into NaN, and minus zero into zero.
func finite(x float64) float64 { return x - x + x + 0 }

// extreme is min or max of two.
type extreme struct {
	a, b vec
	most bool
	slot int
}

func (e *extreme) block(r *run, b int) *vector {
	v, w, out := e.a.block(r, b), e.b.block(r, b), &r.vecs[e.slot]
	for i := range out {
		best, x := v[i], w[i]
		if e.most && x > best || !e.most && x < best || x != x {
			best = x
		}
		out[i] = best
	}
	return out
}

// dayed is the calendar day of a time.
type dayed struct{ of vec }

// The moments that calendar functions know, as in package segment: the years 0 to 9999.
const (
	minTime = -62_167_219_200_000
	maxTime = 253_402_300_799_999
)

func (d *dayed) block(r *run, b int) *vector {
	v := d.of.block(r, b)
	from, to := r.set.span(b)
	for i, x := range v[:to-from] {
		if x >= minTime && x <= maxTime {
			v[i] = float64(r.set.zone.Day(int64(x)))
		} else {
			v[i] = math.NaN()
		}
	}
	return v
}

// evaluated is the scalar evaluation row by row.
type evaluated struct {
	node *segment.Node
	kind segment.ValueKind
	slot int
}

func (e *evaluated) block(r *run, b int) *vector {
	v := &r.vecs[e.slot]
	from, to := r.set.span(b)
	env := &rowEnv{s: r.set}
	for i := range to - from {
		env.row = from + i
		v[i] = math.NaN()
		if y := e.node.Value(env); y.Kind == e.kind {
			v[i] = y.Num
		}
	}
	return v
}
