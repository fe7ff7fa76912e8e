package profile

import (
	"cmp"
	"slices"

	"github.com/weir-engine/weir/shared/zone"
)

// addTime notes an event of a times metric: its time when it is inside the window, and whether it is the earliest ever.
func (m *Metric) addTime(t Moment, inside bool) {
	m.First = min(m.First, t.Time)
	if inside {
		m.putTime(t)
		m.trimTimes()
	}
}

func (m *Metric) putTime(t Moment) {
	i, _ := slices.BinarySearchFunc(m.Times, t, compareMoments)
	m.Times = slices.Insert(m.Times, i, t)
}

// trimTimes drops the oldest beyond TimesKept. What it drops is not among the newest of any larger set of events either, so
// what remains depends on the events alone.
func (m *Metric) trimTimes() {
	if old := len(m.Times) - TimesKept; old > 0 {
		m.Times = m.Times[:copy(m.Times, m.Times[old:])]
	}
}

// pruneTimes drops the times before a moment.
func (m *Metric) pruneTimes(before int64) {
	old := 0
	for old < len(m.Times) && m.Times[old].Time < before {
		old++
	}
	m.Times = m.Times[:copy(m.Times, m.Times[old:])]
}

func (m *Metric) mergeTimes(src *Metric) {
	if m.First = min(m.First, src.First); len(m.Times) == 0 {
		m.Times = append(m.Times, src.Times...)
		return
	}
	for _, t := range src.Times {
		m.putTime(t)
	}
	m.trimTimes()
}

func compareMoments(x, y Moment) int {
	return cmp.Or(cmp.Compare(x.Time, y.Time), cmp.Compare(x.ID, y.ID))
}

// addFirst keeps the value of the earliest event of a day; of several at that time the largest.
func (m *Metric) addFirst(b Bucket, at int64) {
	i, ok := m.find(b.Day)
	if !ok {
		m.Days, m.Times = slices.Insert(m.Days, i, b), slices.Insert(m.Times, i, Moment{Time: at})
		return
	}
	if before := m.Times[i].Time; at < before || at == before && b.Value > m.Days[i].Value {
		m.Days[i], m.Times[i].Time = b, at
	}
}

// times writes how many there are, with a bit that says whether the earliest event ever is older than they; that one; and
// from the newest the time to the one after it with its ID.
func (e *encoder) times(m *Metric) {
	older := uint64(0)
	if len(m.Times) == 0 || m.First < m.Times[0].Time {
		older = 1
	}
	e.uint(uint64(len(m.Times))<<1 | older)
	if older != 0 {
		e.ago(m.First)
	}
	after := e.f.LastSeen
	for i := len(m.Times) - 1; i >= 0; i-- {
		t := m.Times[i]
		e.uint(uint64((after - t.Time) / timeUnits[e.unit]))
		e.dst = appendFixed(e.dst, uint64(t.ID), 2)
		after = t.Time
	}
}

// times reads what encoder.times wrote.
func (d *decoder) times(m *Metric, head byte) {
	v := d.uint()
	n := d.within(v>>1, 3)
	if head != byte(Times) || n > TimesKept || n == 0 && v != 1 {
		d.fail()
		return
	}
	if v&1 != 0 {
		m.First = d.ago()
	}
	m.Times = slices.Grow(m.Times[:0], n)[:n]
	after := d.f.LastSeen
	for i := n - 1; i >= 0; i-- {
		t := Moment{Time: d.before(after), ID: uint16(d.fixed(2))}
		if i < n-1 && t.Time == after && t.ID > m.Times[i+1].ID {
			d.fail()
			return
		}
		m.Times[i], after = t, t.Time
	}
	if v&1 == 0 {
		m.First = m.Times[0].Time
	} else if n > 0 && m.First >= m.Times[0].Time {
		d.fail()
	}
}

// firstTimes reads the times of a first metric's values.
func (d *decoder) firstTimes(m *Metric) {
	n := len(m.Days)
	m.Times = slices.Grow(m.Times[:0], n)[:n]
	for j := n - 1; j >= 0; j-- {
		m.Times[j] = Moment{Time: d.time(d.int() + int64(m.Days[j].Day)*dayMs)}
	}
}

// metricOf returns the data of a declared metric by its index; nil when there are none.
func (s *Schema) metricOf(f *Facts, metric int) *Metric {
	m := &s.metrics[s.declared[metric].stored]
	i, ok := slices.BinarySearchFunc(f.Metrics, m.key, compareMetricKey)
	if !ok {
		return nil
	}
	return &f.Metrics[i]
}

// FirstEver returns the time (unix milliseconds) of the earliest event ever of a declared times metric, whatever its windows. ok is
// false when there is none.
func (s *Schema) FirstEver(f *Facts, metric int) (at int64, ok bool) {
	m := s.metricOf(f, metric)
	if m == nil {
		return 0, false
	}
	return m.First, true
}

// timesWithin are the kept times on the days in (asOf-days, asOf], ascending; days 0 is everything up to asOf.
func (s *Schema) timesWithin(m *Metric, days int, asOf zone.Day) []Moment {
	times := m.Times
	end := s.zone.Start(asOf + 1)
	for len(times) > 0 && times[len(times)-1].Time >= end {
		times = times[:len(times)-1]
	}
	if days > 0 {
		start := s.zone.Start(asOf - zone.Day(days) + 1)
		for len(times) > 0 && times[0].Time < start {
			times = times[1:]
		}
	}
	return times
}
