package column

import (
	"slices"

	"github.com/weir-engine/weir/shared/fault"
	"github.com/weir-engine/weir/shared/segment"
	"github.com/weir-engine/weir/shared/zone"
)

// tableCodes is the largest domain that is evaluated value by value when a condition is compiled. Dictionaries are evaluated
// whatever their size.
const tableCodes = 1 << 12

// Program is a condition compiled for the columns of one Set. It is safe for concurrent use.
type Program struct {
	set   *Set
	root  mask
	plan  []string
	depth int // words that a block needs at once
	vecs  int // vectors that a block needs at once
}

// Compile compiles a condition. Invalid, naming what is missing, when it reads what the columns do not hold.
func (s *Set) Compile(p *segment.Program) (*Program, error) { return s.compile(p, false) }

// CompileIndexed does what Compile does, and lays those columns out by bits that the condition can read so. Nobody else may use the
// Set meanwhile.
func (s *Set) CompileIndexed(p *segment.Program) (*Program, error) { return s.compile(p, true) }

func (s *Set) compile(p *segment.Program, index bool) (*Program, error) {
	var missing []string
	for _, r := range p.Refs() {
		if s.column(r) == nil {
			missing = append(missing, r.String())
		}
	}
	if missing != nil {
		return nil, s.missing(missing)
	}
	for _, r := range p.Refs() {
		if !s.column(r).answers(r.Type) {
			return nil, fault.New(fault.Invalid, "the column %s is no %s", r, r.Type).WithHint("fill it with values of that type")
		}
	}
	c := &compiler{s: s, p: &Program{set: s}, index: index}
	c.p.root = c.condition(p.Tree(), 0)
	return c.p, nil
}

// answers reports whether everything in a column is of a type, or null.
func (c *stored) answers(t segment.Type) bool {
	kinds := map[segment.Type]segment.ValueKind{segment.TBool: segment.KindBool, segment.TNumber: segment.KindNumber, segment.TString: segment.KindString, segment.TTime: segment.KindTime}
	switch {
	case t == segment.TAny:
		return true
	case c.Kind == Dict:
		for _, v := range c.Values {
			if v.Kind != kinds[t] && !v.IsNull() {
				return false
			}
		}
		return t != segment.TBool // tags and segments are never null
	}
	return t == map[Kind]segment.Type{Number: segment.TNumber, Day: segment.TTime, Time: segment.TTime, Bits: segment.TBool, Float: segment.TNumber}[c.Kind]
}

// Plan names the kernel of every part of the condition that is evaluated as a whole, and the part: "planes", "range", "table",
// "bits", "constant", "vectors", "ranks", "bounds", "pairs"; "rows" is the scalar evaluation row by row, which texts that are put together
// from several columns and values of mixed types need.
func (p *Program) Plan() []string { return slices.Clone(p.plan) }

// compiler turns a tree into kernels.
type compiler struct {
	s     *Set
	p     *Program
	index bool // columns are laid out by bits where that helps
}

// kernel notes what a part is evaluated by.
func (c *compiler) kernel(name string, n *segment.Node, m mask) mask {
	c.p.plan = append(c.p.plan, name+": "+n.String())
	return m
}

// refs lists what is read below a node, each once.
func refs(n *segment.Node, list []*segment.Ref) []*segment.Ref {
	for _, a := range n.Args {
		list = refs(a, list)
	}
	if n.Ref != nil && !slices.Contains(list, n.Ref) {
		list = append(list, n.Ref)
	}
	return list
}

func (c *compiler) column(r *segment.Ref) *stored { return c.s.column(r) }

// condition compiles a truth value. depth is the number of words in use above it.
func (c *compiler) condition(n *segment.Node, depth int) mask {
	c.p.depth = max(c.p.depth, depth+2)
	read := refs(n, nil)
	if len(read) == 0 {
		return c.kernel("constant", n, constant(n.Bool(c.probe())))
	}
	if len(read) == 1 {
		if m := c.single(n, read[0], depth); m != nil {
			return m
		}
	}
	switch n.Op {
	case segment.OpNot:
		return &not{c.condition(n.Args[0], depth)}
	case segment.OpAnd, segment.OpOr:
		j := &junction{or: n.Op == segment.OpOr, slot: depth}
		for _, a := range n.Args {
			j.parts = append(j.parts, c.condition(a, depth+1))
		}
		return j
	case segment.OpEq, segment.OpNe:
		if a, b := n.Args[0], n.Args[1]; a.Type == segment.TBool && b.Type == segment.TBool {
			same := &equality{c.condition(a, depth), c.condition(b, depth+1), depth}
			if n.Op == segment.OpNe {
				return &not{same}
			}
			return same
		}
	}
	return c.atom(n, read)
}

// single compiles what reads one column: a truth value as it is, a comparison that turns at most once or twice as a range of
// numbers, and everything over few values as a table.
func (c *compiler) single(n *segment.Node, r *segment.Ref, depth int) mask {
	col := c.column(r)
	if col.Kind == Bits {
		return c.overBits(n, col)
	}
	if m := c.interval(n, r, col); m != nil {
		return m
	}
	if col.Kind == Time && daily(n) {
		if m := c.byDay(n, col); m != nil {
			return m
		}
	}
	if !col.tabular() || n.Op == segment.OpAnd || n.Op == segment.OpOr || n.Op == segment.OpNot {
		if col.Kind != Dict {
			return nil
		}
	}
	p := c.probe()
	of := func(v segment.Value) uint8 {
		p.value = v
		if n.Bool(p) {
			return 1
		}
		return 0
	}
	hits := tabulate(c.s, col, of)
	if m := c.runs(col, hits, of(segment.Null) != 0, depth); m != nil {
		return c.kernel("planes", n, m)
	}
	return c.kernel("table", n, &table{col: col, hits: hits})
}

// maxRuns is the largest number of runs of numbers for which the layout by bits beats a table.
const maxRuns = 3

// runs turns a table over an indexed column into the few runs of numbers that it holds for; nil when there are none or many.
func (c *compiler) runs(col *stored, hits []uint8, null bool, depth int) mask {
	from := int64(0)
	if col.U32 != nil {
		from = col.min
	}
	var list []*between
	for lo := col.min; lo <= col.max; lo++ {
		if hits[lo-from] == 0 {
			continue
		}
		hi := lo
		for hi < col.max && hits[hi+1-from] != 0 {
			hi++
		}
		list = append(list, &between{col: col, lo: lo, hi: hi, null: null})
		lo = hi
	}
	if len(list) == 0 || len(list) > maxRuns || !c.byPlanes(col) {
		return nil
	}
	all := &junction{or: true, slot: depth}
	for _, m := range list {
		m.byPlanes()
		all.parts = append(all.parts, m)
	}
	return all
}

// overBits compiles what reads one truth value: it, its opposite, or neither.
func (c *compiler) overBits(n *segment.Node, col *stored) mask {
	yes, no := n.Bool(c.probeOf(segment.Bool(true))), n.Bool(c.probeOf(segment.Bool(false)))
	switch {
	case yes == no:
		return c.kernel("constant", n, constant(yes))
	case yes:
		return c.kernel("bits", n, &bitset{col.Bits, 0})
	}
	return c.kernel("bits", n, &bitset{col.Bits, ^uint64(0)})
}

// probe answers every reference with one value.
type probe struct {
	s     *Set
	value segment.Value
}

func (p *probe) Lookup(*segment.Ref) segment.Value { return p.value }
func (p *probe) AsOf() int64                       { return p.s.asOf }
func (p *probe) Zone() *zone.Zone                  { return p.s.zone }

// ZoneOf implements segment.Zones.
func (p *probe) ZoneOf(name string) *zone.Zone { return p.s.zoneOf(name) }

func (c *compiler) probe() *probe                       { return &probe{s: c.s} }
func (c *compiler) probeOf(v segment.Value) segment.Env { return &probe{s: c.s, value: v} }

// tabular reports whether a column has few enough values for a table.
func (c *stored) tabular() bool {
	return c.Kind == Dict || c.I64 == nil && (c.U32 == nil || !c.HasNull) && c.max-c.min < tableCodes
}

// tabulate evaluates a function for every number in a column, by number for the narrow columns and by number - min for U32.
// The number that stands for null has the function's value of null.
func tabulate[T any](s *Set, c *stored, of func(segment.Value) T) []T {
	size, from := 1<<8, int64(0)
	switch {
	case c.U16 != nil:
		size = 1 << 16
	case c.U32 != nil:
		size, from = int(c.max-c.min)+1, c.min
	}
	out := make([]T, size)
	for raw := c.min; raw <= c.max; raw++ {
		out[raw-from] = of(c.value(raw, s.zone))
	}
	if c.nulls != nil {
		out[c.NullRaw-from] = of(segment.Null)
	}
	return out
}

// interval compiles a comparison that is monotone in its column to a range of the column's numbers.
func (c *compiler) interval(n *segment.Node, r *segment.Ref, col *stored) mask {
	p := c.probe()
	turn, ok := turns(n, r, col, func(raw int64) segment.Env { p.value = col.value(raw, c.s.zone); return p })
	if !ok {
		return nil
	}
	m := &between{col: col, lo: turn.lo, hi: turn.hi, except: turn.except, null: n.Bool(c.probe())}
	name := "range"
	if m.lo <= m.hi && c.byPlanes(col) {
		name = "planes"
		m.byPlanes()
	}
	return c.kernel(name, n, m)
}

// turning is where a comparison holds: for the numbers lo to hi of a column, or with except for all others.
type turning struct {
	lo, hi int64
	except bool
}

// turns finds where a comparison holds that is monotone in a column: by bisection with the scalar evaluation, so that the two agree
// on every number. at answers for the column with what a number of it stands for. ok is false where the comparison may turn back.
func turns(n *segment.Node, r *segment.Ref, col *stored, at func(raw int64) segment.Env) (m turning, ok bool) {
	if col.Kind == Dict || !n.Monotone(r, at(col.min)) {
		return m, false
	}
	low, ok1 := n.Order(at(col.min))
	high, ok2 := n.Order(at(col.max))
	if !ok1 || !ok2 {
		return m, false
	}
	// The order takes at most three values in turn; the comparison holds for one run of them or for all but one.
	first := func(from int64, sign int) int64 { // the first number with another sign; max+1 without any
		lo, hi := from, col.max+1
		for lo < hi {
			mid := lo + int64(uint64(hi-lo)/2)
			if o, _ := n.Order(at(mid)); o != sign {
				hi = mid
			} else {
				lo = mid + 1
			}
		}
		return lo
	}
	runs := [3]int64{col.min, col.max + 1, col.max + 1}
	if low != high {
		runs[1] = first(col.min, low)
		if o, _ := n.Order(at(runs[1])); o != high {
			runs[2] = first(runs[1], o)
		}
	}
	var holds [3]bool
	for i, raw := range runs {
		holds[i] = raw <= col.max && n.Bool(at(raw))
	}
	ends := [3]int64{runs[1] - 1, runs[2] - 1, col.max}
	m.lo, m.hi = 1, 0
	if holds[0] && !holds[1] && holds[2] {
		return turning{runs[1], ends[1], true}, true
	}
	for i := range runs {
		if holds[i] {
			if m.lo > m.hi {
				m.lo = runs[i]
			}
			m.hi = ends[i]
		}
	}
	return m, true
}
