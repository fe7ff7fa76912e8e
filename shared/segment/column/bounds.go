package column

import (
	"math/bits"

	"github.com/weir-engine/weir/shared/segment"
)

// boundSteps is the most evaluations that the bounds of a condition may take when it is compiled.
const boundSteps = 1 << 13

// bounds compiles a comparison of two columns, one of bytes, which for each number of the bytes is a range of the other's: spend /
// orders > 12.5 is another least spend for each number of orders. nil: it is no such comparison.
func (c *compiler) bounds(n *segment.Node, a, b *segment.Ref) mask {
	x, y := c.column(a), c.column(b)
	if few, many := x.steps(y), y.steps(x); few > many {
		a, b, x, y = b, a, y, x
	}
	if x.steps(y) > boundSteps {
		return nil
	}
	m, env := &bounded{codes: x.U8, col: y}, &pairProbe{probe: c.probe(), a: a, b: b}
	at := func(raw int64) segment.Env { env.y = y.value(raw, c.s.zone); return env }
	known := false // m.null
	for code := int64(0); code < 1<<8; code++ {
		null := x.nulls != nil && code == x.NullRaw
		if !null && (code < x.min || code > x.max) {
			continue // no row has it
		}
		if env.x = segment.Null; !null {
			env.x = x.value(code, c.s.zone)
		}
		if y.nulls != nil {
			env.y = segment.Null
			holds := n.Bool(env)
			if known && holds != m.null {
				return nil
			}
			m.null, known = holds, true
		}
		t := &m.by[code]
		switch turn, ok := turns(n, b, y, at); {
		case ok && turn.except:
			return nil
		case ok && turn.lo <= turn.hi:
			*t = span{turn.lo, uint64(turn.hi - turn.lo)}
		case ok:
			*t = nowhere
		case !c.settled(n, b, env):
			return nil
		case n.Bool(at(y.min)):
			*t = span{y.min, uint64(y.max - y.min)}
		default:
			*t = nowhere
		}
	}
	return m
}

// steps is about how many evaluations the bounds of other by c take; more than boundSteps where there is no such kernel.
func (c *stored) steps(other *stored) int {
	if c.U8 == nil || c.Kind == Float || other.Kind == Dict || other.Kind == Bits {
		return boundSteps + 1
	}
	return int(c.max-c.min+2) * (bits.Len64(uint64(other.max-other.min)) + 3)
}

// settled reports whether a comparison is the same whatever number r has: one side is null without looking at r, or has no value
// as what is divided by zero, and the other does not read r.
func (c *compiler) settled(n *segment.Node, r *segment.Ref, env segment.Env) bool {
	fixed := func(n *segment.Node) bool {
		for _, read := range refs(n, nil) {
			if read == r {
				return false
			}
		}
		return true
	}
	var nothing func(n *segment.Node) bool
	nothing = func(n *segment.Node) bool {
		if fixed(n) {
			return n.Value(env).IsNull()
		}
		switch n.Op {
		case segment.OpDiv:
			if d := n.Args[1]; fixed(d) && d.Value(env).Kind == segment.KindNumber && d.Value(env).Num == 0 {
				return true
			}
		case segment.OpAdd, segment.OpSub, segment.OpMul, segment.OpNeg:
		default:
			return false
		}
		for _, a := range n.Args {
			if nothing(a) {
				return true
			}
		}
		return false
	}
	x, y := n.Args[0], n.Args[1]
	return nothing(x) && fixed(y) || nothing(y) && fixed(x)
}

// span is the numbers from lo to lo+more.
type span struct {
	lo   int64
	more uint64
}

// nowhere holds no number of a column.
var nowhere = span{lo: -1 << 63}

// bounded holds where the number of a column lies in the range that stands for the row's code; null decides for null in col.
type bounded struct {
	codes []uint8
	col   *stored
	null  bool
	by    [1 << 8]span
}

func (m *bounded) block(r *run, b int, out *words) {
	c := m.col
	from, to := r.set.span(b)
	codes := m.codes[from:to]
	switch {
	case c.U8 != nil:
		within(codes, c.U8[from:to], &m.by, out)
	case c.U16 != nil:
		within(codes, c.U16[from:to], &m.by, out)
	case c.U32 != nil:
		within(codes, c.U32[from:to], &m.by, out)
	default:
		within(codes, c.I64[from:to], &m.by, out)
	}
	c.decideNulls(b, m.null, out)
}

// within has no branch on a row, as inRange.
func within[T uint8 | uint16 | uint32 | int64](codes []uint8, data []T, by *[1 << 8]span, out *words) {
	for w := range out {
		key, rest := part(codes, w), part(data, w)
		var set uint64
		if len(rest) == 64 && len(key) == 64 {
			k, v := (*[64]uint8)(key), (*[64]T)(rest)
			for j := range v {
				t := &by[k[j]]
				set = set>>1 | one(uint64(int64(v[j])-t.lo) <= t.more)<<63
			}
		} else {
			for j, v := range rest {
				t := &by[key[j]]
				set |= one(uint64(int64(v)-t.lo) <= t.more) << (j & 63)
			}
		}
		out[w] = set
	}
}
