package profile

import (
	"math/bits"
	"slices"

	"github.com/weir-engine/weir/shared/zone"
)

type zoneDay = zone.Day

// A metric is its key, a byte with its aggregate, whether its days are numbered among the active days, and a scale; its days;
// one value for each day from the newest. The scale of a count is 1 when every count is 1, which are then left out; that of
// other values is the power of ten that divides all of them.
const (
	metricRanked = 1 << 3
	scaleShift   = 4
	maxScale     = 15
)

var tens = [maxScale + 1]int64{1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15}

func (e *encoder) metrics() {
	e.uint(uint64(len(e.f.Metrics)))
	for i := range e.f.Metrics {
		m := &e.f.Metrics[i]
		e.dst = appendFixed(e.dst, uint64(m.Key), keyBytes)
		head := byte(m.Agg)
		set, ranked := e.days(m)
		if ranked {
			head |= metricRanked
		}
		scale := m.scale()
		e.dst = append(e.dst, head|byte(scale)<<scaleShift)
		if !ranked {
			e.back(int64(m.Days[len(m.Days)-1].Day))
		}
		e.dst = appendSet(e.dst, set)
		for j := len(m.Days) - 1; j >= 0; j-- {
			e.bucket(m.Agg, &m.Days[j], scale)
		}
	}
}

// days returns the metric's days as numbers, from the newest: among the active days, or as days before the metric's newest
// day, which is left out.
func (e *encoder) days(m *Metric) (set []uint32, ranked bool) {
	set = e.set[:0]
	active := &e.f.Active
	rank, word := 0, 0
	for j := len(m.Days) - 1; j >= 0; j-- {
		day := m.Days[j].Day
		if !active.Has(day) {
			return e.plainDays(m), false
		}
		i := int(active.Newest - day)
		for ; word < i/64; word++ {
			rank += bits.OnesCount64(active.Bits[word])
		}
		set = append(set, uint32(rank+bits.OnesCount64(active.Bits[word]&(1<<(i%64)-1))))
	}
	return set, true
}

func (e *encoder) plainDays(m *Metric) []uint32 {
	set := e.set[:0]
	newest := m.Days[len(m.Days)-1].Day
	for j := len(m.Days) - 2; j >= 0; j-- {
		set = append(set, uint32(int64(newest)-int64(m.Days[j].Day)-1))
	}
	return set
}

// scale is the shortening that every bucket of the metric allows.
func (m *Metric) scale() int {
	switch m.Agg {
	case Distinct:
		return 0
	case Count:
		if slices.ContainsFunc(m.Days, func(b Bucket) bool { return b.Count != 1 }) {
			return 0
		}
		return 1
	}
	s := maxScale
	for i := range m.Days {
		v := m.Days[i].value(m.Agg)
		for v%tens[s] != 0 {
			s--
		}
	}
	return s
}

// value is the number that a bucket of an aggregate holds.
func (b *Bucket) value(a Agg) int64 {
	switch a {
	case Count:
		return b.Count
	case Sum:
		return b.Sum
	case Min:
		return b.Min
	case Max:
		return b.Max
	case Last:
		return b.Last
	}
	return int64(len(b.Distinct))
}

func (b *Bucket) setValue(a Agg, v int64) {
	switch a {
	case Count:
		b.Count = v
	case Sum:
		b.Sum = v
	case Min:
		b.Min = v
	case Max:
		b.Max = v
	case Last:
		b.Last = v
	}
}

func (e *encoder) bucket(a Agg, b *Bucket, scale int) {
	switch a {
	case Count:
		if scale == 0 {
			e.uint(uint64(b.Count))
		}
	case Distinct:
		e.uint(uint64(len(b.Distinct)))
		for _, h := range b.Distinct {
			e.dst = appendFixed(e.dst, uint64(h), 4)
		}
	case Last:
		e.int(b.Last / tens[scale])
		e.int(b.LastTime - int64(b.Day)*dayMs)
	default:
		e.int(b.value(a) / tens[scale])
	}
}
