package profile

import (
	"cmp"
	"math"
	"slices"

	"github.com/cespare/xxhash/v2"

	"github.com/weir-engine/weir/shared/event"
	"github.com/weir-engine/weir/shared/zone"
)

// reading is a property of the event at hand that was read and scaled before: metrics and amounts share it.
type reading struct {
	path     string
	decimals int
	value    event.Value
	n        int64
	ok       bool // n is the value, and not beyond MaxAmount
}

func (r *reading) read(o *event.Object, path string, decimals int) {
	if r.path == path && r.decimals == decimals {
		return
	}
	r.path, r.decimals = path, decimals
	r.value = property(o, path)
	r.n, r.ok = r.value.Scaled(decimals)
	r.ok = r.ok && r.n <= MaxAmount && r.n >= -MaxAmount
}

// foldMetrics adds an event to the metrics with these indexes.
func (s *Schema) foldMetrics(f *Facts, ev *event.Event, day zone.Day, indexes []int, number uint64, r *reading) {
	for _, at := range indexes {
		m := &s.metrics[at]
		outside := m.outside(day, f.Active.Newest)
		if outside && m.agg != Times || m.where != nil && !s.holds(m.where, ev) {
			continue
		}
		if m.agg == Times {
			f.metric(at, m).addTime(Moment{ev.Time, uint16(number)}, !outside)
			continue
		}
		if m.agg == Count {
			s.foldCount(f, at, day)
			continue
		}
		b := Bucket{Day: day}
		if m.keep == 0 {
			b.Day = 0
		}
		r.read(&ev.Properties, m.value, m.decimals)
		b.Value = r.n
		switch {
		case m.agg == Distinct:
			if h, ok := valueHash(r.value); ok {
				f.metric(at, m).addDistinct(Value{b.Day, h})
			}
		case !r.ok:
		case m.agg == Sum:
			f.metric(at, m).add(b)
		case m.agg == Last:
			f.metric(at, m).addLast(b, ev.Time)
		case m.agg == First:
			f.metric(at, m).addFirst(b, ev.Time)
		default:
			f.metric(at, m).addExtreme(b)
		}
	}
}

// foldCount adds an event to a metric that counts.
func (s *Schema) foldCount(f *Facts, at int, day zone.Day) {
	m := &s.metrics[at]
	if m.outside(day, f.Active.Newest) {
		return
	}
	if m.keep == 0 {
		day = 0
	}
	f.metric(at, m).add(Bucket{Day: day, Value: 1})
}

// outside reports whether a day has left the metric's longest window.
func (m *metric) outside(day, newest zone.Day) bool {
	return m.keep > 0 && day <= newest-zone.Day(m.keep)
}

// valueHash hashes the text of a property value; absent, null, list and object values count for nothing.
func valueHash(v event.Value) (uint32, bool) {
	switch v.Kind {
	case event.String, event.Number, event.Bool:
		return uint32(xxhash.Sum64String(v.Raw)), true
	}
	return 0, false
}

// metric returns the data of metric m, whose index among the stored metrics is at; it is made when it is new. Facts of this
// schema hold a metric at its index or before it.
func (f *Facts) metric(at int, m *metric) *Metric {
	i := min(at, len(f.Metrics)-1)
	for ; i >= 0 && f.Metrics[i].Key >= m.key; i-- {
		if f.Metrics[i].Key == m.key {
			return &f.Metrics[i]
		}
	}
	if i++; i < len(f.Metrics) && f.Metrics[i].Key < m.key { // left from another strategy
		var ok bool
		if i, ok = slices.BinarySearchFunc(f.Metrics, m.key, compareMetricKey); ok {
			return &f.Metrics[i]
		}
	}
	f.insertMetric(i, m.key, m.agg)
	return &f.Metrics[i]
}

func compareMetricKey(m Metric, key uint32) int { return cmp.Compare(m.Key, key) }

// insertMetric makes room at i, with the memory of a metric that was there before.
func (f *Facts) insertMetric(i int, key uint32, agg Agg) {
	n := len(f.Metrics)
	if n == cap(f.Metrics) {
		f.Metrics = append(f.Metrics, Metric{})
	} else {
		f.Metrics = f.Metrics[:n+1]
	}
	days, values, times := f.Metrics[n].Days[:0], f.Metrics[n].Values[:0], f.Metrics[n].Times[:0]
	copy(f.Metrics[i+1:], f.Metrics[i:n])
	f.Metrics[i] = Metric{Key: key, Agg: agg, Days: days, Values: values, Times: times}
	if agg == Times {
		f.Metrics[i].First = math.MaxInt64 // until the first event
	}
}

// keepMetrics drops the others and keeps their memory behind the end.
func (f *Facts) keepMetrics(keep func(m *Metric) bool) {
	n := 0
	for i := range f.Metrics {
		if keep(&f.Metrics[i]) {
			f.Metrics[n], f.Metrics[i] = f.Metrics[i], f.Metrics[n]
			n++
		}
	}
	f.Metrics = f.Metrics[:n]
}

// prune drops the days that have left the windows, after the newest day has moved.
func (s *Schema) prune(f *Facts) {
	empty, at := false, 0
	for i := range f.Metrics {
		m := &f.Metrics[i]
		for at < len(s.metrics) && s.metrics[at].key < m.Key {
			at++
		}
		if at == len(s.metrics) || s.metrics[at].key != m.Key || s.metrics[at].keep == 0 {
			continue
		}
		through := f.Active.Newest - zone.Day(s.metrics[at].keep)
		if m.Agg == Times {
			if len(m.Times) > 0 && m.Times[0].Time < int64(through+2)*dayMs { // no day begins later than that
				m.pruneTimes(s.zone.Start(through + 1))
			}
			continue
		}
		if len(m.Days) > 0 && m.Days[0].Day <= through || len(m.Values) > 0 && m.Values[0].Day <= through {
			m.prune(through)
			empty = empty || len(m.Days)+len(m.Values) == 0
		}
	}
	if empty {
		f.keepMetrics(func(m *Metric) bool { return m.Agg == Times || len(m.Days)+len(m.Values) > 0 })
	}
}

// prune drops the days up to and including one.
func (m *Metric) prune(through zone.Day) {
	old := 0
	for old < len(m.Days) && m.Days[old].Day <= through {
		old++
	}
	m.Days = m.Days[:copy(m.Days, m.Days[old:])]
	if m.Agg == First {
		m.Times = m.Times[:copy(m.Times, m.Times[old:])]
	}
	old = 0
	for old < len(m.Values) && m.Values[old].Day <= through {
		old++
	}
	m.Values = m.Values[:copy(m.Values, m.Values[old:])]
}

// stored returns the metric with a key, nil when the strategy has none such.
func (s *Schema) stored(key uint32) *metric {
	i, ok := slices.BinarySearchFunc(s.metrics, key, func(m metric, key uint32) int { return cmp.Compare(m.key, key) })
	if !ok {
		return nil
	}
	return &s.metrics[i]
}

// add adds to the bucket of a day.
func (m *Metric) add(b Bucket) {
	n := len(m.Days)
	if n == 0 || m.Days[n-1].Day < b.Day {
		m.Days = append(m.Days, b)
		return
	}
	if m.Days[n-1].Day == b.Day {
		m.Days[n-1].Value += b.Value
		return
	}
	i, ok := m.find(b.Day)
	if !ok {
		m.Days = slices.Insert(m.Days, i, b)
		return
	}
	m.Days[i].Value += b.Value
}

func (m *Metric) find(day zone.Day) (int, bool) {
	return slices.BinarySearchFunc(m.Days, day, func(b Bucket, day zone.Day) int { return cmp.Compare(b.Day, day) })
}

// addLast keeps the latest value.
func (m *Metric) addLast(b Bucket, at int64) {
	if len(m.Days) > 0 && (at < m.LastTime || at == m.LastTime && b.Value <= m.Days[0].Value) {
		return
	}
	m.Days, m.LastTime = append(m.Days[:0], b), at
}

// addExtreme keeps a value unless a later or the same day outdoes it, and drops the earlier days that it outdoes.
func (m *Metric) addExtreme(b Bucket) {
	outdone := func(x, by int64) bool { return x <= by }
	if m.Agg == Min {
		outdone = func(x, by int64) bool { return x >= by }
	}
	i, same := m.find(b.Day)
	if i < len(m.Days) && outdone(b.Value, m.Days[i].Value) {
		return
	}
	from := i
	for from > 0 && outdone(m.Days[from-1].Value, b.Value) {
		from--
	}
	if same {
		i++
	}
	m.Days = slices.Replace(m.Days, from, i, b)
}

// addDistinct keeps a value on its latest day.
func (m *Metric) addDistinct(v Value) {
	if m.putDistinct(v) {
		m.trimDistinct()
	}
}

// putDistinct is addDistinct without the bound; it reports whether anything changed.
func (m *Metric) putDistinct(v Value) bool {
	if i := slices.IndexFunc(m.Values, func(x Value) bool { return x.Hash == v.Hash }); i >= 0 {
		if m.Values[i].Day >= v.Day {
			return false
		}
		m.Values = slices.Delete(m.Values, i, i+1)
	}
	i, _ := slices.BinarySearchFunc(m.Values, v, compareValues)
	m.Values = slices.Insert(m.Values, i, v)
	return true
}

func compareValues(x, y Value) int {
	return cmp.Or(cmp.Compare(x.Day, y.Day), cmp.Compare(x.Hash, y.Hash))
}

// distinctKept is one more than what is counted exactly, so that a window can tell that there are more.
const distinctKept = DistinctExact + 1

// trimDistinct drops every value for which distinctKept smaller hashes are as late or later. It is not among the smallest
// hashes of any window that holds it, now or after any merge, and its witnesses stay in the window as long as it would: what
// remains depends on the events alone.
func (m *Metric) trimDistinct() {
	if len(m.Values) <= distinctKept {
		return
	}
	var room [distinctKept + 1]uint32
	small := room[:0] // the smallest hashes of the days seen, from the newest
	kept := len(m.Values)
	for to := len(m.Values); to > 0; {
		from := to - 1
		for from > 0 && m.Values[from-1].Day == m.Values[to-1].Day {
			from--
		}
		n := 0
		for ; n < to-from; n++ { // ascending: once one is too large the rest of the day is
			at, _ := slices.BinarySearch(small, m.Values[from+n].Hash)
			if at == distinctKept {
				break
			}
			small = slices.Insert(small, at, m.Values[from+n].Hash)
			small = small[:min(len(small), distinctKept)]
		}
		kept -= n
		copy(m.Values[kept:kept+n], m.Values[from:from+n])
		to = from
	}
	m.Values = m.Values[:copy(m.Values, m.Values[kept:])]
}
