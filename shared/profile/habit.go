package profile

import (
	"slices"

	"github.com/weir-engine/weir/shared/zone"
)

// Rate is a number of events in a number of days.
type Rate struct {
	Least int // events
	Days  int
}

// FirstDay and LastDay return the earliest and the latest day with data of a declared metric in (asOf-days, asOf]; ok is false
// when there is none.
func (s *Schema) FirstDay(f *Facts, metric, days int, asOf zone.Day) (day zone.Day, ok bool) {
	if b := s.daysWithin(f, metric, days, asOf); len(b) > 0 {
		return b[0].Day, true
	}
	return 0, false
}

// LastDay is described with FirstDay.
func (s *Schema) LastDay(f *Facts, metric, days int, asOf zone.Day) (day zone.Day, ok bool) {
	if b := s.daysWithin(f, metric, days, asOf); len(b) > 0 {
		return b[len(b)-1].Day, true
	}
	return 0, false
}

func (s *Schema) daysWithin(f *Facts, metric, days int, asOf zone.Day) []Bucket {
	m := s.metricOf(f, metric)
	if m == nil {
		return nil
	}
	return within(m.Days, days, asOf)
}

// Regularly reports whether a metric that counts reaches the rate in at least most of the last periods of rate.Days days, of
// which the last ends with asOf. The metric keeps rate.Days * periods days.
func (s *Schema) Regularly(f *Facts, metric int, rate Rate, most, periods int, asOf zone.Day) bool {
	buckets := s.daysWithin(f, metric, rate.Days*periods, asOf)
	reached := 0
	for end := len(buckets); end > 0; {
		period := (int(asOf) - int(buckets[end-1].Day)) / rate.Days
		n, from := int64(0), end
		for ; from > 0 && (int(asOf)-int(buckets[from-1].Day))/rate.Days == period; from-- {
			n += buckets[from-1].Value
		}
		if n >= int64(rate.Least) {
			reached++
		}
		end = from
	}
	return reached >= most
}

func (s *Schema) reaches(f *Facts, metric int, rate Rate, asOf zone.Day) bool {
	n := int64(0)
	for _, b := range s.daysWithin(f, metric, rate.Days, asOf) {
		n += b.Value
	}
	return n >= int64(rate.Least)
}

// Stopped reports whether a metric that counts has nothing in (asOf-silent, asOf] and reached the rate in the days before
// that. The metric keeps silent + rate.Days days.
func (s *Schema) Stopped(f *Facts, metric int, rate Rate, silent int, asOf zone.Day) bool {
	return len(s.daysWithin(f, metric, silent, asOf)) == 0 && s.reaches(f, metric, rate, asOf-zone.Day(silent))
}

// Resumed reports whether the event of a metric that counts happened on a day in (asOf-days, asOf] that is at least gap days
// after the day before it with the event. first is the day of the earliest event ever. The metric keeps days + gap days, so
// that what it no longer holds is a gap itself.
func (s *Schema) Resumed(f *Facts, metric int, gap, days int, first, asOf zone.Day) bool {
	m := s.metricOf(f, metric)
	if m == nil {
		return false
	}
	before := first
	for _, b := range m.Days {
		if b.Day > asOf {
			break
		}
		if b.Day > asOf-zone.Day(days) && b.Day-before >= zone.Day(gap) && before < b.Day {
			return true
		}
		before = max(before, b.Day)
	}
	return false
}

// HabitEnds returns the first day after asOf on which holds answers otherwise than on asOf, for an answer that follows from
// the metric's days and changes when one of them is one of these numbers of days old. No event is after asOf. ok is false when
// there is no such day.
func (s *Schema) HabitEnds(f *Facts, metric int, ages []int, asOf zone.Day, holds func(zone.Day) bool) (day zone.Day, ok bool) {
	m := s.metricOf(f, metric)
	if m == nil {
		return 0, false
	}
	if len(ages) == 0 || len(m.Days) == 0 {
		return 0, false
	}
	last := m.Days[len(m.Days)-1].Day + zone.Day(slices.Max(ages))
	changes := make([]bool, max(0, int(last-asOf)+1)) // by days after asOf
	for _, b := range m.Days {
		for _, age := range ages {
			if d := b.Day + zone.Day(age); d > asOf {
				changes[d-asOf] = true
			}
		}
	}
	now := holds(asOf)
	for after, may := range changes {
		if may && holds(asOf+zone.Day(after)) != now {
			return asOf + zone.Day(after), true
		}
	}
	return 0, false
}
