package profile

import (
	"cmp"
	"slices"

	"github.com/cespare/xxhash/v2"

	"github.com/weir-engine/weir/shared/event"
	"github.com/weir-engine/weir/shared/zone"
)

// foldMetrics adds an event to the metrics with these indexes.
func (s *Schema) foldMetrics(f *Facts, ev *event.Event, day zone.Day, indexes []int) {
	var path string
	var decimals int
	var v event.Value
	var n int64
	var isNumber bool
	for _, at := range indexes {
		m := &s.metrics[at]
		if m.outside(day, f.Active.Newest) || m.where != nil && !m.where.Bool(&propertyEnv{&ev.Properties, ev.Time, s.zone}) {
			continue
		}
		if m.agg != Count && (m.value != path || m.decimals != decimals) {
			path, decimals = m.value, m.decimals
			v = property(&ev.Properties, path)
			n, isNumber = v.Scaled(decimals)
			isNumber = isNumber && n <= MaxAmount && n >= -MaxAmount
		}
		switch {
		case m.agg == Count:
			f.metric(at, m).bucket(m.bucketDay(day)).Count++
		case m.agg == Distinct:
			if h, ok := valueHash(v); ok {
				f.metric(at, m).addDistinct(m.bucketDay(day), h)
			}
		case !isNumber:
		case m.agg == Sum:
			f.metric(at, m).bucket(m.bucketDay(day)).Sum += n
		case m.agg == Last:
			f.metric(at, m).addLast(&Bucket{Day: m.bucketDay(day), Last: n, LastTime: ev.Time})
		default:
			f.metric(at, m).addExtreme(m.bucketDay(day), n)
		}
	}
}

// outside reports whether a day has left the metric's longest window.
func (m *metric) outside(day, newest zone.Day) bool {
	return m.keep > 0 && int64(day) <= int64(newest)-int64(m.keep)
}

func (m *metric) bucketDay(day zone.Day) zone.Day {
	if m.keep == 0 {
		return 0
	}
	return day
}

// valueHash hashes the text of a property value; absent, null, list and object values count for nothing.
func valueHash(v event.Value) (uint32, bool) {
	switch v.Kind {
	case event.String, event.Number, event.Bool:
		return uint32(xxhash.Sum64String(v.Raw)), true
	}
	return 0, false
}

// metric returns the data of metric m, whose index among the stored metrics is at; it is made when it is new.
func (f *Facts) metric(at int, m *metric) *Metric {
	if at < len(f.Metrics) && f.Metrics[at].Key == m.key {
		return &f.Metrics[at]
	}
	i, ok := slices.BinarySearchFunc(f.Metrics, m.key, compareMetricKey)
	if !ok {
		f.insertMetric(i, m.key, m.agg)
	}
	return &f.Metrics[i]
}

func compareMetricKey(m Metric, key uint32) int { return cmp.Compare(m.Key, key) }

// insertMetric makes room at i, with the memory of a metric that was there before a Reset.
func (f *Facts) insertMetric(i int, key uint32, agg Agg) {
	n := len(f.Metrics)
	if n == cap(f.Metrics) {
		f.Metrics = append(f.Metrics, Metric{})
	} else {
		f.Metrics = f.Metrics[:n+1]
	}
	spare := f.Metrics[n].Days[:0]
	copy(f.Metrics[i+1:], f.Metrics[i:n])
	f.Metrics[i] = Metric{Key: key, Agg: agg, Days: spare}
}

// prune drops the days that have left the windows, after the newest day has moved.
func (s *Schema) prune(f *Facts) {
	empty := false
	for i := range f.Metrics {
		m := s.stored(i, f.Metrics[i].Key)
		if m == nil {
			continue
		}
		days, old := f.Metrics[i].Days, 0
		for old < len(days) && m.outside(days[old].Day, f.Active.Newest) {
			old++
		}
		if old > 0 {
			f.Metrics[i].Days = slices.Delete(days, 0, old)
			empty = empty || len(f.Metrics[i].Days) == 0
		}
	}
	if empty {
		f.Metrics = slices.DeleteFunc(f.Metrics, func(m Metric) bool { return len(m.Days) == 0 })
	}
}

// stored returns the metric with a key, nil when the strategy has none such; guess is the index to try first.
func (s *Schema) stored(guess int, key uint32) *metric {
	if guess < len(s.metrics) && s.metrics[guess].key == key {
		return &s.metrics[guess]
	}
	i, ok := slices.BinarySearchFunc(s.metrics, key, func(m metric, key uint32) int { return cmp.Compare(m.key, key) })
	if !ok {
		return nil
	}
	return &s.metrics[i]
}

// bucket returns the bucket of a day, which is made when it is new.
func (m *Metric) bucket(day zone.Day) *Bucket {
	n := len(m.Days)
	if n > 0 && m.Days[n-1].Day == day {
		return &m.Days[n-1]
	}
	if n == 0 || m.Days[n-1].Day < day {
		m.Days = append(m.Days, Bucket{Day: day})
		return &m.Days[n]
	}
	i, ok := m.find(day)
	if !ok {
		m.Days = slices.Insert(m.Days, i, Bucket{Day: day})
	}
	return &m.Days[i]
}

func (m *Metric) find(day zone.Day) (int, bool) {
	return slices.BinarySearchFunc(m.Days, day, func(b Bucket, day zone.Day) int { return cmp.Compare(b.Day, day) })
}

// addLast keeps the latest value.
func (m *Metric) addLast(b *Bucket) {
	if len(m.Days) == 0 {
		m.Days = append(m.Days, *b)
		return
	}
	have := &m.Days[0]
	if b.LastTime > have.LastTime || b.LastTime == have.LastTime && b.Last > have.Last {
		*have = *b
	}
}

// extreme is the value of a bucket such that the largest counts.
func (m *Metric) extreme(b *Bucket) int64 {
	if m.Agg == Min {
		return -b.Min
	}
	return b.Max
}

// addExtreme keeps a value unless a later or the same day outdoes it, and drops the earlier days that it outdoes.
func (m *Metric) addExtreme(day zone.Day, v int64) {
	b := Bucket{Day: day, Max: v}
	if m.Agg == Min {
		b = Bucket{Day: day, Min: v}
	}
	worth := m.extreme(&b)
	i, same := m.find(day)
	if i < len(m.Days) && m.extreme(&m.Days[i]) >= worth {
		return
	}
	from := i
	for from > 0 && m.extreme(&m.Days[from-1]) <= worth {
		from--
	}
	if same {
		i++
	}
	m.Days = slices.Replace(m.Days, from, i, b)
}

// addDistinct keeps a value on its latest day.
func (m *Metric) addDistinct(day zone.Day, h uint32) {
	if m.putDistinct(day, h) {
		m.trimDistinct()
	}
}

// putDistinct is addDistinct without the bound; it reports whether anything changed.
func (m *Metric) putDistinct(day zone.Day, h uint32) bool {
	for i := len(m.Days) - 1; i >= 0; i-- {
		b := &m.Days[i]
		at, ok := slices.BinarySearch(b.Distinct, h)
		if !ok {
			continue
		}
		if b.Day >= day {
			return false
		}
		if b.Distinct = slices.Delete(b.Distinct, at, at+1); len(b.Distinct) == 0 {
			m.Days = slices.Delete(m.Days, i, i+1)
		}
		break
	}
	b := m.bucket(day)
	at, _ := slices.BinarySearch(b.Distinct, h)
	b.Distinct = slices.Insert(b.Distinct, at, h)
	return true
}

// distinctKept is one more than what is counted exactly, so that a window can tell that there are more.
const distinctKept = DistinctExact + 1

// trimDistinct drops every value for which distinctKept smaller hashes are as late or later: it is not among the smallest
// hashes of any window that holds it, now or after any merge, and its witnesses stay in the window as long as it would.
func (m *Metric) trimDistinct() {
	total := 0
	for i := range m.Days {
		total += len(m.Days[i].Distinct)
	}
	if total <= distinctKept {
		return
	}
	var room [2 * distinctKept]uint32
	small := room[:0] // the smallest hashes of the days from the newest to day i
	empty := false
	for i := len(m.Days) - 1; i >= 0; i-- {
		b := &m.Days[i]
		kept := 0
		for _, h := range b.Distinct { // ascending: once one is too large the rest is
			at, _ := slices.BinarySearch(small, h)
			if at >= distinctKept {
				break
			}
			small = slices.Insert(small, at, h)
			small = small[:min(len(small), distinctKept)]
			kept++
		}
		b.Distinct = b.Distinct[:kept]
		empty = empty || kept == 0
	}
	if empty {
		m.Days = slices.DeleteFunc(m.Days, func(b Bucket) bool { return len(b.Distinct) == 0 })
	}
}
