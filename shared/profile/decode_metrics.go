package profile

import (
	"slices"

	"github.com/weir-engine/weir/shared/zone"
)

// maxWindow is the longest window of a metric in days that an encoding can hold: a hundred years.
const maxWindow = 36_525

func (d *decoder) metrics() {
	n := d.count(keyBytes + 2)
	var room [64]zone.Day
	ranks := room[:0]
	f := d.f
	for i := range n {
		key, head := uint32(d.fixed(keyBytes)), d.byte()
		if d.failed || i > 0 && key <= f.Metrics[i-1].Key || Agg(head&7) > Distinct && d.whole[0] == factsVersionPlain {
			d.fail()
			return
		}
		f.insertMetric(i, key, Agg(head&7))
		m := &f.Metrics[i]
		if m.Agg == Times {
			if d.times(m, head); d.failed {
				return
			}
			continue
		}
		if head&metricRanked != 0 {
			if len(ranks) == 0 {
				ranks = f.Active.appendTo(ranks)
			}
			d.rankedDays(m, ranks)
		} else {
			d.plainDays(m)
		}
		if d.values(m, int(head>>scaleShift)); d.failed {
			return
		}
	}
}

// rankedDays reads days that are numbered among the active days.
func (d *decoder) rankedDays(m *Metric, ranks []zone.Day) {
	var room [64]uint32
	set := d.reader.set(room[:0], uint64(len(ranks)))
	if d.failed {
		return
	}
	m.Days = slices.Grow(m.Days[:0], len(set))[:len(set)]
	for i, rank := range set {
		m.Days[len(set)-1-i].Day = ranks[rank]
	}
}

// plainDays reads the newest day and the days before it.
func (d *decoder) plainDays(m *Metric) {
	newest := int64(d.back())
	var room [64]uint32
	set := d.reader.set(room[:0], maxWindow)
	if d.failed || newest-maxWindow-1 < -maxDay {
		d.fail()
		return
	}
	n := len(set) + 1
	m.Days = slices.Grow(m.Days[:0], n)[:n]
	m.Days[n-1].Day = zone.Day(newest)
	for i, v := range set {
		m.Days[n-2-i].Day = zone.Day(newest - int64(v) - 1)
	}
}

// values reads the values of m.Days.
func (d *decoder) values(m *Metric, scale int) {
	if len(m.Days) == 0 || m.Agg == Last && len(m.Days) > 1 {
		d.fail()
		return
	}
	for j := len(m.Days) - 1; j >= 0; j-- {
		b := &m.Days[j]
		switch {
		case m.Agg != Count && m.Agg != Distinct:
			b.Value = d.int() * tens[scale]
		case scale == 0:
			b.Value = int64(d.uint())
		default:
			b.Value = 1
		}
	}
	switch m.Agg {
	case Last:
		m.LastTime = d.int() + int64(m.Days[0].Day)*dayMs
	case First:
		d.firstTimes(m)
	case Distinct:
		d.hashes(m)
	}
}

// hashes reads the hashes of distinct values, of which m.Days tells the days and their numbers.
func (d *decoder) hashes(m *Metric) {
	for _, b := range m.Days {
		n := d.within(uint64(b.Value), 4)
		if n == 0 {
			d.fail()
		}
		for i := range n {
			v := Value{Day: b.Day, Hash: uint32(d.fixed(4))}
			if i > 0 && v.Hash <= m.Values[len(m.Values)-1].Hash {
				d.fail()
			}
			if d.failed {
				return
			}
			m.Values = append(m.Values, v)
		}
	}
	m.Days = m.Days[:0]
}
