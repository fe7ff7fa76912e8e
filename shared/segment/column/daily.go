package column

import (
	"math"
	"sort"

	"github.com/weir-engine/weir/shared/segment"
	"github.com/weir-engine/weir/shared/zone"
)

// daily reports whether a part of a condition reads its column by calendar days alone.
func daily(n *segment.Node) bool {
	for _, a := range n.Args {
		if a.Op == segment.OpRef {
			if n.Op != segment.OpCall || !calendar[n.Str] {
				return false
			}
		} else if !daily(a) {
			return false
		}
	}
	return n.Op != segment.OpRef
}

// calendar are the functions of the day of a time.
var calendar = map[string]bool{"days_since": true, "days_between": true, "year": true, "month": true, "day": true, "weekday": true}

// byDay compiles a condition on the calendar day of a time as a table by day; nil when the days are too many.
func (c *compiler) byDay(n *segment.Node, col *stored) mask {
	days, first := c.s.days(col)
	if days == nil {
		return nil
	}
	hits, p := make([]uint8, 1<<16), c.probe()
	of := func(v segment.Value) uint8 {
		p.value = v
		return uint8(one(n.Bool(p)))
	}
	for k := range days.max + 1 {
		hits[k] = of(segment.Time(c.s.zone.Start(first + zone.Day(k))))
	}
	hits[math.MaxUint16] = of(segment.Null)
	return c.kernel("table", n, &table{col: days, hits: hits})
}

// days is a column of times by calendar day, counted from the first; it is made once. It is nil when the times span more than
// 65,534 days or lie beyond the calendar.
func (s *Set) days(col *stored) (*stored, zone.Day) {
	if col.min < minTime || col.max > maxTime {
		return nil, 0
	}
	first, last := s.zone.Day(col.min), s.zone.Day(col.max)
	if last-first >= math.MaxUint16 {
		return nil, 0
	}
	s.making.Lock()
	defer s.making.Unlock()
	if col.byDay != nil {
		return col.byDay, first
	}
	starts := make([]int64, last-first+2)
	for i := range starts {
		starts[i] = s.zone.Start(first + zone.Day(i))
	}
	codes := make([]uint16, s.rows)
	for i, ms := range col.I64 {
		codes[i] = dayOf(starts, ms)
	}
	for w, set := range col.nulls {
		for j := range 64 {
			if set>>j&1 != 0 {
				codes[w*64+j] = math.MaxUint16
			}
		}
	}
	col.byDay = &stored{Column: Column{U16: codes, Scale: 1}, max: int64(last - first)}
	return col.byDay, first
}

// Days returns the calendar days of a column of times: day first + code of each row, 65,535 for null; false when there is no such column or
// the days are too many. The codes must not be changed.
func (s *Set) Days(ref string) (codes []uint16, first zone.Day, ok bool) {
	c := s.read(ref)
	if c == nil || c.Kind != Time || c.I64 == nil {
		return nil, 0, false
	}
	days, first := s.days(c)
	if days == nil {
		return nil, 0, false
	}
	return days.U16, first, true
}

// dayOf finds the day of a moment: the last start that is not later. Days last about 24 hours, so that the guess is near.
func dayOf(starts []int64, ms int64) uint16 {
	at := int((ms - starts[0]) / 86_400_000)
	for range 3 {
		switch {
		case at < 0 || at >= len(starts)-1:
			return uint16(max(sort.Search(len(starts), func(i int) bool { return starts[i] > ms })-1, 0))
		case ms < starts[at]:
			at--
		case ms >= starts[at+1]:
			at++
		default:
			return uint16(at)
		}
	}
	return uint16(max(sort.Search(len(starts), func(i int) bool { return starts[i] > ms })-1, 0))
}
