package whatif

import (
	"math"
	"math/bits"
	"slices"

	"github.com/weir-engine/weir/shared/fault"
	"github.com/weir-engine/weir/shared/segment"
	"github.com/weir-engine/weir/shared/segment/column"
)

// A cube counts a base once by bins of a few axes, so that what a slider asks is answered from the bins in microseconds,
// whatever the size of the base. It is exact as long as every threshold stands at the edge of a bin (a stop of the slider); for
// anything else the cube says no, and one evaluation of the base answers (Preview.Try).

// Axis is a column of whole numbers and where it is cut: bin k holds the numbers up to Stops[k] that no bin before holds, and the
// last one those beyond all stops. Null has a bin of its own after them.
type Axis struct {
	Ref   string
	Stops []int64 // ascending
}

// MaxCells bounds a cube: bins of all axes multiplied, and what is kept for each group of users.
const MaxCells = 1 << 22

// binned is an axis with its bins: the least and the greatest number in each; empty bins are left out of neither.
type binned struct {
	Axis
	count     int
	low, high []int64 // what the base has in each bin; low > high: nobody
}

func newBins(a Axis) (*binned, error) {
	for i := 1; i < len(a.Stops); i++ {
		if a.Stops[i] <= a.Stops[i-1] {
			return nil, fault.New(fault.Invalid, "the stops of %s do not ascend", a.Ref).WithHint("sort them, each once")
		}
	}
	return &binned{Axis: a, count: len(a.Stops) + 2}, nil
}

// null is the bin of null.
func (x *binned) null() int { return x.count - 1 }

func (x *binned) bin(v int64) int {
	at, _ := slices.BinarySearch(x.Stops, v)
	return at
}

// stop returns how many bins lie at or below a threshold; false when it divides one.
func (x *binned) stop(v int64) (int, bool) {
	at, ok := slices.BinarySearch(x.Stops, v)
	if ok {
		return at + 1, true
	}
	// Between two stops a threshold is exact when nobody has a number beyond it in its bin, or up to it.
	if x.low[at] > x.high[at] || v < x.low[at] {
		return at, true
	}
	return at + 1, v >= x.high[at]
}

// coded gives each row of a shard its bin.
func (x *binned) coded(s *shard) ([]uint16, error) {
	ref := x.Ref
	c := s.cols[ref]
	if c == nil || c.Kind != column.Number || c.Bits != nil {
		return nil, fault.New(fault.Invalid, "there is no column of whole numbers %s", ref).WithHint("the axes of a cube are columns such as recency_days")
	}
	of, out := s.reader(ref), make([]uint16, s.Rows)
	if x.low == nil {
		x.low, x.high = make([]int64, x.count), make([]int64, x.count)
		for k := range x.low {
			x.low[k], x.high[k] = 1, 0
		}
	}
	for i := range out {
		v, ok := of(i)
		k := x.null()
		if ok {
			k = x.bin(v)
			if x.low[k] > x.high[k] {
				x.low[k], x.high[k] = v, v
			}
			x.low[k], x.high[k] = min(x.low[k], v), max(x.high[k], v)
		}
		out[i] = uint16(k)
	}
	return out, nil
}

// ScoreCube answers for cuts of recency, frequency and spend: how many users have each score and name, and who moves from which
// name to which. It holds prefix sums, by the name that users had at the start.
type ScoreCube struct {
	r, f, m *binned
	names   [][]Sum // by the name at the start: prefix sums over recency and frequency
	money   []Sum   // prefix sums over spend
}

// ScoreCube counts the buyers of the base. The stops are those of the sliders; recency in days, frequency in purchase days, spend
// in minor units. Users without a purchase have no scores and are in no cell.
func (p *Preview) ScoreCube(recency, frequency, spend []int64) (*ScoreCube, error) {
	c := &ScoreCube{}
	var err error
	for _, x := range []struct {
		to   **binned
		axis Axis
	}{{&c.r, Axis{"recency_days", recency}}, {&c.f, Axis{"purchase_days", frequency}}, {&c.m, Axis{"spend", spend}}} {
		if *x.to, err = newBins(x.axis); err != nil {
			return nil, err
		}
	}
	cells := c.r.count * c.f.count
	if cells*len(rfmNames) > MaxCells {
		return nil, tooFine(cells * len(rfmNames))
	}
	c.names, c.money = make([][]Sum, len(rfmNames)), make([]Sum, c.m.count)
	for i := range c.names {
		c.names[i] = make([]Sum, cells)
	}
	for _, s := range p.shards {
		var codes [3][]uint16
		for i, x := range []*binned{c.r, c.f, c.m} {
			if codes[i], err = x.coded(s); err != nil {
				return nil, err
			}
		}
		for i := range s.Rows {
			if s.recency.codes[i] == nobody {
				continue
			}
			one := Sum{1, s.revenue.at(i), s.value.at(i)}
			name := s.out.wordOld[i] >> wordName & 15
			c.names[name][int(codes[0][i])*c.f.count+int(codes[1][i])].add(one)
			c.money[codes[2][i]].add(one)
		}
	}
	for _, t := range c.names {
		for a := range c.r.count {
			for b := range c.f.count {
				at := a*c.f.count + b
				if b > 0 {
					t[at].add(t[at-1])
				}
			}
		}
		for at := c.f.count; at < len(t); at++ {
			t[at].add(t[at-c.f.count])
		}
	}
	for i := 1; i < len(c.money); i++ {
		c.money[i].add(c.money[i-1])
	}
	return c, nil
}

func tooFine(cells int) error {
	return fault.New(fault.TooLarge, "the cube has %d cells", cells).WithHint("use at most %d: fewer stops", MaxCells)
}

// ScoreAnswer is what a ScoreCube answers, by the codes of Names.
type ScoreAnswer struct {
	Moves  [12][12]Sum // from the name at the start to the name now
	Scores [3][6]Sum   // R, F and M: users by score
}

// ScoreNames are the names that a ScoreAnswer's Moves are numbered by; the first is nobody's.
func ScoreNames() []string { return slices.Clone(rfmNames) }

// Answer counts under cuts; false when a cut divides a bin, or ties are broken by keys. Nothing is allocated.
func (c *ScoreCube) Answer(cuts *Cuts, kind string, out *ScoreAnswer) bool {
	if !cuts.Scored || cuts.Ranked != [4]bool{} {
		return false
	}
	var r, f, m [6]int
	ok := c.r.edges(&cuts.Recency, &r) && c.f.edges(&cuts.Frequency, &f) && c.m.edges(&cuts.Monetary, &m)
	if !ok {
		return false
	}
	*out = ScoreAnswer{}
	names := namesOf(kind)
	for start, t := range c.names {
		if t[len(t)-1].Users == 0 {
			continue
		}
		var corner [6][6]Sum
		for a, x := range r {
			for b, y := range f {
				if x > 0 && y > 0 {
					corner[a][b] = t[(x-1)*c.f.count+y-1]
				}
			}
		}
		for a := range 5 {
			for b := range 5 {
				sum := corner[a+1][b+1].less(corner[a][b+1]).less(corner[a+1][b])
				sum.add(corner[a][b])
				score := 5 - a
				out.Moves[start][names[score|(b+1)<<wordF]>>wordName].add(sum)
				out.Scores[0][score].add(sum)
				out.Scores[1][b+1].add(sum)
			}
		}
	}
	for a := range 5 {
		sum := c.money[m[a+1]-1]
		if m[a] > 0 {
			sum = sum.less(c.money[m[a]-1])
		}
		out.Scores[2][a+1] = sum
	}
	return true
}

// edges turns four cuts into the bins that the five scores end at.
func (x *binned) edges(cuts *[4]int64, out *[6]int) bool {
	out[5] = x.count
	for i, v := range cuts {
		at, ok := x.stop(v)
		if !ok || at < out[i] {
			return false
		}
		out[i+1] = at
	}
	return true
}

// StageCube answers for the conditions of stages: how many users are in each, candidate and settled, and who moves. It counts the
// base by bins of the axes, by the stage in STATE, its age, and the stage at the start.
type StageCube struct {
	p     *Preview
	axes  []*binned
	cells []stageCell
	set   *column.Set
	dwell int
	when  map[string]*column.Runner // conditions of stages that were asked before; nil: they divide a bin
}

type stageCell struct {
	bins   [4]uint16
	before uint8  // in STATE
	age    uint16 // 1 + days, where dwell is told apart; else as if long ago
	start  uint8  // at the start
	Sum
}

// StageCube counts the base. At most four axes; conditions of stages may read them alone. dwell is the longest dwell that the
// cube tells apart, in days: 0 keeps it small where no stage dwells.
func (p *Preview) StageCube(axes []Axis, dwell int) (*StageCube, error) {
	if len(axes) == 0 || len(axes) > 4 {
		return nil, fault.New(fault.Invalid, "a cube has one to four axes, not %d", len(axes)).WithHint("choose the columns that the stages read")
	}
	c := &StageCube{p: p, dwell: dwell}
	for _, a := range axes {
		if a.Ref == "silence_days" {
			a.Ref = silenceColumn(p.start.Activity)
		}
		x, err := newBins(a)
		if err != nil {
			return nil, err
		}
		c.axes = append(c.axes, x)
	}
	places := map[stageCell]int{}
	for _, s := range p.shards {
		var codes [4][]uint16
		for i, x := range c.axes {
			var err error
			if codes[i], err = x.coded(s); err != nil {
				return nil, err
			}
		}
		for i := range s.Rows {
			cell := stageCell{before: s.stage[i], age: math.MaxUint16, start: s.out.stageOld[i]}
			if dwell > 0 && int(s.age[i]) < dwell+2 {
				cell.age = s.age[i]
			}
			for k := range c.axes {
				cell.bins[k] = codes[k][i]
			}
			at, ok := places[cell]
			if !ok {
				at = len(c.cells)
				if at == MaxCells {
					return nil, tooFine(at)
				}
				places[cell] = at
				c.cells = append(c.cells, cell)
			}
			c.cells[at].add(Sum{1, s.revenue.at(i), s.value.at(i)})
		}
	}
	return c, c.fill()
}

// fill makes columns of the cells: every cell is a row, with a number of its bins.
func (c *StageCube) fill() error {
	c.set = column.NewSet(len(c.cells), c.p.base.head.AsOf, c.p.base.zone)
	for k, x := range c.axes {
		ref := x.Ref
		if ref == silenceColumn(c.p.start.Activity) {
			ref = "silence_days"
		}
		col := column.Column{Ref: ref, Scale: c.scale(x.Ref), HasNull: true, NullRaw: -1 << 63, I64: make([]int64, len(c.cells))}
		for i := range c.cells {
			col.I64[i] = col.NullRaw
			if b := int(c.cells[i].bins[k]); b != x.null() {
				col.I64[i] = x.low[b]
			}
		}
		if err := c.set.Add(col); err != nil {
			return err
		}
	}
	return nil
}

func (c *StageCube) scale(ref string) int64 {
	for _, s := range c.p.shards {
		return s.cols[ref].Scale
	}
	return 1
}

// Cells returns how many combinations of bins and stages the base has: what an answer looks at.
func (c *StageCube) Cells() int { return len(c.cells) }

// StageAnswer is what a StageCube answers.
type StageAnswer struct {
	Names []string    // of stages (and tiers): what the others are numbered by
	Asked [64]Sum     // candidates
	Moves [64][64]Sum // of settled stages: from that at the start to that now
}

// exact reports whether conditions are the same for everybody in each bin: comparisons of an axis with a number alone, none of
// which divides a bin.
func (c *StageCube) exact(n *segment.Node) bool {
	switch n.Op {
	case segment.OpBool:
		return true
	case segment.OpAnd, segment.OpOr, segment.OpNot:
		for _, a := range n.Args {
			if !c.exact(a) {
				return false
			}
		}
		return true
	case segment.OpEq, segment.OpNe, segment.OpLt, segment.OpLe, segment.OpGt, segment.OpGe:
	default:
		return false
	}
	ref, number := n.Args[0], n.Args[1]
	if ref.Op != segment.OpRef || number.Op != segment.OpNumber {
		return false
	}
	name := ref.Ref.String()
	if name == "silence_days" {
		name = silenceColumn(c.p.start.Activity)
	}
	i := slices.IndexFunc(c.axes, func(x *binned) bool { return x.Ref == name })
	if i < 0 {
		return false
	}
	x, scale := c.axes[i], float64(c.scale(name))
	for k := range x.null() {
		if x.low[k] >= x.high[k] {
			continue
		}
		low, high := float64(x.low[k])/scale, float64(x.high[k])/scale
		switch n.Op {
		case segment.OpLt, segment.OpGe:
			if (low < number.Num) != (high < number.Num) {
				return false
			}
		case segment.OpLe, segment.OpGt:
			if (low <= number.Num) != (high <= number.Num) {
				return false
			}
		default:
			if low <= number.Num && number.Num <= high {
				return false
			}
		}
	}
	return true
}

// maxConditions bounds the conditions that a cube of stages keeps: a slider comes back to its stops.
const maxConditions = 1024

// condition compiles a condition of a stage over the cells; nil when it divides a bin.
func (c *StageCube) condition(p *segment.Program) (*column.Runner, error) {
	if run, ok := c.when[p.String()]; ok {
		return run, nil
	}
	if c.when == nil || len(c.when) >= maxConditions {
		c.when = map[string]*column.Runner{}
	}
	var run *column.Runner
	if c.exact(p.Tree()) {
		program, err := c.set.Compile(p)
		if err != nil {
			return nil, err
		}
		run = program.Runner()
	}
	c.when[p.String()] = run
	return run, nil
}

// Answer counts under the stages of a strategy; false when a condition reads something else, or divides a bin, or a stage dwells
// for longer than the cube tells apart.
func (c *StageCube) Answer(spec *Spec, out *StageAnswer) (bool, error) {
	if len(spec.Stages) == 0 || spec.Activity != c.p.start.Activity || c.p.base.ages {
		return false, nil
	}
	codes := make([]uint8, len(spec.Stages))
	var when []*column.Runner
	for i := range spec.Stages {
		st := &spec.Stages[i]
		if st.Dwell > c.dwell {
			return false, nil
		}
		code, err := c.p.base.names.code(st.Name)
		if err != nil {
			return false, err
		}
		codes[i] = code
		if st.When != nil {
			run, err := c.condition(st.When)
			if run == nil || err != nil {
				return false, err
			}
			when = append(when, run)
		}
	}
	staging, settling := &staging{when: when, codes: codes}, settlingOf(c.p.base, &shard{}, spec, codes)
	for _, code := range codes {
		staging.bits = max(staging.bits, bits.Len8(code))
	}
	*out = StageAnswer{Names: c.p.base.names.list}
	var asked [column.BlockRows]uint8
	for b := 0; b*column.BlockRows < len(c.cells); b++ {
		staging.block(b, &asked)
		for i := range min(column.BlockRows, len(c.cells)-b*column.BlockRows) {
			cell := &c.cells[b*column.BlockRows+i]
			to := settling.to[int(cell.before)<<6|int(asked[i])]
			if cell.age < settling.limit[cell.before] {
				to = cell.before
			}
			out.Asked[asked[i]].add(cell.Sum)
			out.Moves[cell.start][to].add(cell.Sum)
		}
	}
	return true, nil
}
