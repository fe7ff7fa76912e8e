package whatif

import (
	"math"

	"github.com/weir-engine/weir/shared/fault"
	"github.com/weir-engine/weir/shared/segment/column"
)

// Histogram is how the users of a base spread over the bins of a column.
type Histogram struct {
	Low, High int64   // the least and the greatest number; Low > High: nobody has any
	Counts    []int64 // by bin: up to each stop, beyond the last one, and null
}

// Histogram counts the users in the bins of a column of numbers, raw as the column holds them. silence_days is what ends a silence
// under the plan that was tried last.
func (p *Preview) Histogram(a Axis) (*Histogram, error) {
	ref := a.Ref
	if ref == "silence_days" {
		ref = silenceColumn(p.spec.Activity)
	}
	x, err := newBins(a)
	if err != nil {
		return nil, err
	}
	h := &Histogram{Low: math.MaxInt64, High: math.MinInt64, Counts: make([]int64, x.count)}
	for _, s := range p.shards {
		c := s.cols[ref]
		if c == nil || c.Kind != column.Number && c.Kind != column.Float {
			return nil, fault.New(fault.NotFound, "there is no column of numbers %s", a.Ref).WithHint("the manifest lists the columns")
		}
		count := func(v, users int64) {
			if users == 0 {
				return
			}
			if c.HasNull && v == c.NullRaw {
				h.Counts[x.null()] += users
				return
			}
			h.Low, h.High = min(h.Low, v), max(h.High, v)
			h.Counts[x.bin(v)] += users
		}
		switch {
		case c.U8 != nil:
			var by [1 << 8]int64
			for _, v := range c.U8 {
				by[v]++
			}
			for v, users := range by {
				count(int64(v), users)
			}
		case c.U16 != nil:
			by := make([]int64, 1<<16)
			for _, v := range c.U16 {
				by[v]++
			}
			for v, users := range by {
				count(int64(v), users)
			}
		case c.U32 != nil:
			for _, v := range c.U32 {
				count(int64(v), 1)
			}
		default:
			for _, v := range c.I64 {
				count(v, 1)
			}
		}
	}
	return h, nil
}
