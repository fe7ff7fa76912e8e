package whatif

import (
	"math"
	"slices"

	"github.com/weir-engine/weir/shared/fault"
	"github.com/weir-engine/weir/shared/segment/column"
)

// Wanted asks for some of the users who move.
type Wanted struct {
	Kind     string   // stage; segments, tags or churn
	Name     string   // of the segment or tag; warning for churn
	From, To string   // of a stage; "" stands for any. Of the others: out to in, or in to out
	Most     int      // rows
	Refs     []string // columns whose numbers are told
	ID       string   // column of pseudonymous ids; "": none
}

// Sides of an audience, as From and To of Wanted.
const (
	Out = "out"
	In  = "in"
)

// Moved is a user who moves.
type Moved struct {
	Row           int64 // of the snapshot, from 0
	ID            int64 // 0 without
	Before, After string
	Values        []float64 // by Refs; NaN where there is none
}

// Sample returns some users who are something else under the strategy that was tried last than at the start, the first ones of the
// base.
func (p *Preview) Sample(w *Wanted) ([]Moved, error) {
	a := audience{kind: w.Kind, name: w.Name}
	switch w.Kind {
	case "stage":
	case "segments":
		a.ref = segmentRef(w.Name)
	case "tags":
		a.ref = tagRef(w.Name)
	case "churn":
		a.ref = refChurn
	default:
		return nil, fault.New(fault.Invalid, "there are no moves of %q", w.Kind).WithHint("ask for stage, segments, tags or churn")
	}
	var list []Moved
	for _, s := range p.shards {
		for i := 0; i < s.Rows && len(list) < w.Most; i++ {
			if s.out.wordOld == nil {
				break
			}
			before, after := p.sides(s, &a, i)
			if before == after || w.From != "" && before != w.From || w.To != "" && after != w.To {
				continue
			}
			list = append(list, p.moved(s, w, i, before, after))
		}
	}
	return list, nil
}

// sides are what a row was at the start and is now.
func (p *Preview) sides(s *shard, a *audience, row int) (before, after string) {
	if a.kind == "stage" {
		return p.nameOf(int(s.out.stageOld[row])), p.nameOf(int(s.out.stage[row]))
	}
	side := func(set []uint64) string {
		if set != nil && bitOf(set, row) {
			return In
		}
		return Out
	}
	return side(s.out.setsOld[a.ref]), side(s.sets[a.ref])
}

func (p *Preview) moved(s *shard, w *Wanted, row int, before, after string) Moved {
	m := Moved{Row: s.First + int64(row), Before: before, After: after, Values: make([]float64, len(w.Refs))}
	if c := s.cols[w.ID]; w.ID != "" && c != nil {
		m.ID, _ = s.reader(w.ID)(row)
	}
	for k, ref := range w.Refs {
		m.Values[k] = p.number(s, ref, row)
	}
	return m
}

// number reads a column of numbers or truth values; NaN for null and for what is none.
func (p *Preview) number(s *shard, ref string, row int) float64 {
	if ref == "silence_days" {
		ref = silenceColumn(p.spec.Activity)
	}
	if ref == colEngagement && s.cols[ref] == nil {
		if v := s.out.scoreOf(row); v >= 0 {
			return float64(v)
		}
		return math.NaN()
	}
	c := s.cols[ref]
	if c == nil || !slices.Contains([]column.Kind{column.Number, column.Float, column.Bits}, c.Kind) {
		return math.NaN()
	}
	if c.Kind == column.Bits {
		return float64(c.Bits[row/64] >> (row % 64) & 1)
	}
	v, ok := s.reader(ref)(row)
	switch {
	case !ok:
		return math.NaN()
	case c.Kind == column.Float:
		if v < 0 {
			v ^= math.MaxInt64
		}
		return math.Float64frombits(uint64(v))
	}
	return float64(v) / float64(c.Scale)
}
