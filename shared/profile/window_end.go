package profile

import (
	"slices"

	"github.com/weir-engine/weir/shared/zone"
)

// WindowEnds returns the first day after asOf on which Window could give another value if no event follows: the day on which
// the oldest data in (asOf-days, asOf] leave the window. ok is false when there are none, or they stay for ever.
func (s *Schema) WindowEnds(f *Facts, metric int, days int, asOf zone.Day) (day zone.Day, ok bool) {
	m := &s.metrics[s.declared[metric].stored]
	i, found := slices.BinarySearchFunc(f.Metrics, m.key, compareMetricKey)
	if !found || m.keep == 0 || days <= 0 {
		return 0, false
	}
	inside := func(d zone.Day) bool { return d <= asOf && int64(d) > int64(asOf)-int64(days) }
	oldest := func(d zone.Day) {
		if inside(d) && (!ok || d+zone.Day(days) < day) {
			day, ok = d+zone.Day(days), true
		}
	}
	for _, b := range f.Metrics[i].Days {
		oldest(b.Day)
	}
	for _, v := range f.Metrics[i].Values {
		oldest(v.Day)
	}
	for _, t := range f.Metrics[i].Times[:timesOf(&f.Metrics[i])] {
		oldest(s.days.day(t.Time))
	}
	return day, ok
}

// timesOf is how many of a metric's Times stand for themselves: those of first go with its days.
func timesOf(m *Metric) int {
	if m.Agg == Times {
		return len(m.Times)
	}
	return 0
}
