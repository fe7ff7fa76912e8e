package profile

import "math/bits"

// A metric is its key, a byte with its aggregate, whether its days are numbered among the active days, and a scale; its days;
// one value for each day from the newest. The scale of a count is 1 when every count is 1, which are then left out; that of
// other values is the power of ten that divides all of them. A distinct has a number of hashes for each day, and then the
// hashes; a first the time of each day's value. A times has no days: see encoder.times.
const (
	metricRanked = 1 << 3
	scaleShift   = 4
	maxScale     = 15
)

var tens = [maxScale + 1]int64{1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15}

func (e *encoder) metrics() {
	var room [64]uint32
	e.uint(uint64(len(e.f.Metrics)))
	for i := range e.f.Metrics {
		m := &e.f.Metrics[i]
		e.dst = appendFixed(e.dst, uint64(m.Key), keyBytes)
		if m.Agg == Times {
			e.dst = append(e.dst, byte(Times))
			e.times(m)
			continue
		}
		days := m.Days
		if m.Agg == Distinct {
			var dayRoom [64]Bucket
			days = valueDays(dayRoom[:0], m.Values)
		}
		scale := scaleOf(m.Agg, days)
		head := byte(m.Agg) | byte(scale)<<scaleShift
		set, ranked := e.ranks(room[:0], days)
		if ranked {
			e.dst = append(e.dst, head|metricRanked)
		} else {
			set = gaps(room[:0], days)
			e.dst = append(e.dst, head)
			e.back(days[len(days)-1].Day)
		}
		e.dst = appendSet(e.dst, set)
		e.values(m, days, scale)
	}
}

// valueDays are the days of distinct values with their numbers.
func valueDays(days []Bucket, values []Value) []Bucket {
	for _, v := range values {
		if n := len(days); n > 0 && days[n-1].Day == v.Day {
			days[n-1].Value++
			continue
		}
		days = append(days, Bucket{Day: v.Day, Value: 1})
	}
	return days
}

// ranks appends to set the days from the newest as numbers among the active days; false when not all of them are active.
func (e *encoder) ranks(set []uint32, days []Bucket) ([]uint32, bool) {
	active := &e.f.Active
	rank, word := 0, 0
	for j := len(days) - 1; j >= 0; j-- {
		day := days[j].Day
		if !active.Has(day) {
			return nil, false
		}
		i := int(active.Newest - day)
		for ; word < i/64; word++ {
			rank += bits.OnesCount64(active.Bits[word])
		}
		set = append(set, uint32(rank+bits.OnesCount64(active.Bits[word]&(1<<(i%64)-1))))
	}
	return set, true
}

// gaps appends to set the days before the newest, which is left out.
func gaps(set []uint32, days []Bucket) []uint32 {
	newest := days[len(days)-1].Day
	for j := len(days) - 2; j >= 0; j-- {
		set = append(set, uint32(int64(newest)-int64(days[j].Day)-1))
	}
	return set
}

// scaleOf is the shortening that all values allow.
func scaleOf(a Agg, days []Bucket) int {
	scale := maxScale
	if a == Count || a == Distinct {
		scale = 1
	}
	for i := 0; i < len(days) && scale > 0; i++ {
		v := days[i].Value
		if a == Count || a == Distinct {
			if v != 1 {
				return 0
			}
			continue
		}
		for v%tens[scale] != 0 {
			scale--
		}
	}
	return scale
}

func (e *encoder) values(m *Metric, days []Bucket, scale int) {
	for j := len(days) - 1; j >= 0; j-- {
		switch {
		case m.Agg != Count && m.Agg != Distinct:
			e.int(days[j].Value / tens[scale])
		case scale == 0:
			e.uint(uint64(days[j].Value))
		}
	}
	switch m.Agg {
	case Last:
		e.int(m.LastTime - int64(m.Days[0].Day)*dayMs)
	case First:
		for j := len(days) - 1; j >= 0; j-- {
			e.int(m.Times[j].Time - int64(days[j].Day)*dayMs)
		}
	case Distinct:
		for _, v := range m.Values {
			e.dst = appendFixed(e.dst, uint64(v.Hash), 4)
		}
	}
}
