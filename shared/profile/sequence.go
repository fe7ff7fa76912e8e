package profile

import (
	"slices"

	"github.com/weir-engine/weir/shared/zone"
)

// MaxSteps is the number of steps that a sequence has at most.
const MaxSteps = 8

// Sequence reports whether the events of declared times metrics happened in their order: a different event for each step,
// none before that of the step before it, the last at most within milliseconds after the first, all on days in
// (asOf's day - days, asOf's day] and at or before asOf. Events of the same millisecond are taken in the order of the steps.
//
// A metric keeps the newest TimesKept events alone: a sequence of older ones is not seen. What is seen did happen.
func (s *Schema) Sequence(f *Facts, metrics []int, within int64, days int, asOf int64) bool {
	if len(metrics) > MaxSteps {
		return false
	}
	var room [MaxSteps][]Moment
	q := sequence{steps: room[:0]}
	for _, metric := range metrics {
		m := s.metricOf(f, metric)
		if m == nil {
			return false
		}
		times := s.timesWithin(m, days, s.days.day(asOf))
		for len(times) > 0 && times[len(times)-1].Time > asOf {
			times = times[:len(times)-1]
		}
		if len(times) == 0 {
			return false
		}
		q.steps = append(q.steps, times)
	}
	for _, t := range q.steps[0] {
		if q.from(t.Time, within) {
			return true
		}
	}
	return false
}

// sequence is the search for one: the events of each step, ascending.
type sequence struct{ steps [][]Moment }

// from goes forward from a moment of the first step, at each moment as many steps as it can: taking a step later never helps.
func (q *sequence) from(start, within int64) bool {
	done, moment := 0, start
	for {
		if done += q.advance(done, moment); done == len(q.steps) {
			return true
		}
		next, ok := after(q.steps[done], moment)
		if !ok || next-start > within {
			return false
		}
		moment = next
	}
}

// after is the first moment of a step after another.
func after(times []Moment, moment int64) (int64, bool) {
	i, _ := slices.BinarySearchFunc(times, Moment{Time: moment + 1}, compareMoments)
	if i == len(times) {
		return 0, false
	}
	return times[i].Time, true
}

// advance is the number of steps, from step done on, that different events of one moment can fill: a bipartite matching that
// grows step by step along augmenting paths (Kuhn 1955).
func (q *sequence) advance(done int, moment int64) int {
	n := 0
	for done+n < len(q.steps) && len(at(q.steps[done+n], moment)) > 0 {
		n++
	}
	if n < 2 {
		return n
	}
	m := matching{}
	for i := range n {
		m.steps, m.tried = append(m.steps, at(q.steps[done+i], moment)), m.tried[:0]
		if !m.place(i) {
			return i
		}
	}
	return n
}

// at are the events of a moment.
func at(times []Moment, moment int64) []Moment {
	from, _ := slices.BinarySearchFunc(times, Moment{Time: moment}, compareMoments)
	to := from
	for to < len(times) && times[to].Time == moment {
		to++
	}
	return times[from:to]
}

// matching gives steps different events of one moment.
type matching struct {
	steps [][]Moment
	ids   []uint16 // the events that are given
	to    []int    // and their steps
	tried []uint16
}

// place finds an event for a step, and moves others to another of theirs where that makes room.
func (m *matching) place(step int) bool {
	for _, t := range m.steps[step] {
		if slices.Contains(m.tried, t.ID) {
			continue
		}
		m.tried = append(m.tried, t.ID)
		taken := slices.Index(m.ids, t.ID)
		if taken < 0 {
			m.ids, m.to = append(m.ids, t.ID), append(m.to, step)
			return true
		}
		if m.place(m.to[taken]) {
			m.to[taken] = step
			return true
		}
	}
	return false
}

// SequenceEnds returns the first day after asOf on which Sequence could answer otherwise if no event follows: the day on which
// the oldest event of any step leaves (asOf-days, asOf]. ok is false when there is none.
func (s *Schema) SequenceEnds(f *Facts, metrics []int, within int64, days int, asOf zone.Day) (day zone.Day, ok bool) {
	holds := func(d zone.Day) bool { return s.Sequence(f, metrics, within, days, s.zone.Start(d+1)-1) }
	var at []zone.Day
	for _, metric := range metrics {
		if m := s.metricOf(f, metric); m != nil {
			for _, t := range m.Times {
				if d := s.days.day(t.Time) + zone.Day(days); d > asOf {
					at = append(at, d)
				}
			}
		}
	}
	slices.Sort(at)
	now := holds(asOf)
	for _, d := range slices.Compact(at) {
		if holds(d) != now {
			return d, true
		}
	}
	return 0, false
}
