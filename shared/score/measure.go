package score

import (
	"github.com/weir-engine/weir/shared/profile"
	"github.com/weir-engine/weir/shared/segment"
	"github.com/weir-engine/weir/shared/zone"
)

const millisADay = 86_400_000

// measure answers something about the occurrences of events from the declared metrics behind it.
func (v *env) measure(ref *segment.Ref) segment.Value {
	m := ref.Measure
	switch m.Kind {
	case segment.MeasureFirst, segment.MeasureLast:
		if m.Value == "" {
			return v.measureDay(ref)
		}
	case segment.MeasureSequence:
		return segment.Bool(v.e.facts.Sequence(v.f, m.Metrics, int64(m.Span)*millisADay, ref.Window, v.asOf))
	}
	if m.Type() == segment.TBool {
		return segment.Bool(v.habit(ref, v.day))
	}
	w := v.e.facts.Window(v.f, m.Metrics[0], ref.Window, v.day)
	if !w.OK {
		return segment.Null
	}
	return segment.Number(w.Float())
}

// measureDay is the first moment of the first or last day with the event in the window.
func (v *env) measureDay(ref *segment.Ref) segment.Value {
	m := ref.Measure
	var day zone.Day
	var ok bool
	switch {
	case m.Kind == segment.MeasureFirst:
		day, ok = v.e.facts.FirstDay(v.f, m.Metrics[0], ref.Window, v.day)
	case len(m.Metrics) > 0:
		day, ok = v.e.facts.LastDay(v.f, m.Metrics[0], ref.Window, v.day)
	default:
		n := v.e.facts.Event(v.f, m.Event)
		day = v.e.facts.Day(n.Last)
		ok = n.Count > 0 && day <= v.day && day > v.day-zone.Day(ref.Window)
	}
	if !ok {
		return segment.Null
	}
	return segment.Time(v.e.zone.Start(day))
}

// habit answers the measures that are true or false by the days with an event.
func (v *env) habit(ref *segment.Ref, day zone.Day) bool {
	m, facts := ref.Measure, v.e.facts
	rate := profile.Rate{Least: m.Least, Days: m.Per}
	switch m.Kind {
	case segment.MeasureFirstTime:
		first, ok := v.firstEver(m, day)
		return ok && first > day-zone.Day(ref.Window)
	case segment.MeasureRegularly:
		return facts.Regularly(v.f, m.Metrics[0], rate, m.Periods, m.Of, day)
	case segment.MeasureStopped:
		return facts.Stopped(v.f, m.Metrics[0], rate, m.Span, day)
	case segment.MeasureResumed:
		first, ok := v.firstEver(m, day)
		return ok && facts.Resumed(v.f, m.Metrics[0], m.Span, ref.Window, first, day)
	}
	return false
}

// firstEver is the day of the first event ever, if it is not after a day.
func (v *env) firstEver(m *segment.Measure, day zone.Day) (first zone.Day, ok bool) {
	facts := v.e.facts
	if m.Event >= 0 {
		n := facts.Event(v.f, m.Event)
		first, ok = facts.Day(n.First), n.Count > 0
	} else if at, found := facts.FirstEver(v.f, m.First); found {
		first, ok = facts.Day(at), true
	}
	return first, ok && first <= day
}

// measureEnds is the first day after a day on which a measure could have another value if nothing happens.
func (c *course) measureEnds(ref *segment.Ref, day zone.Day) (ends zone.Day, ok bool) {
	m, facts := ref.Measure, c.e.facts
	switch m.Kind {
	case segment.MeasureSequence:
		return facts.SequenceEnds(c.f, m.Metrics, int64(m.Span)*millisADay, ref.Window, day)
	case segment.MeasureFirstTime:
		first, known := c.firstEver(m, day)
		ends = first + zone.Day(ref.Window)
		return ends, known && ends > day
	case segment.MeasureLast:
		if len(m.Metrics) == 0 {
			n := facts.Event(c.f, m.Event)
			ends = facts.Day(n.Last) + zone.Day(ref.Window)
			return ends, n.Count > 0 && ends > day
		}
	}
	if m.Type() != segment.TBool {
		return facts.WindowEnds(c.f, m.Metrics[0], ref.Window, day)
	}
	ages := []int{ref.Window}
	switch m.Kind {
	case segment.MeasureRegularly:
		ages = ages[:0]
		for i := range m.Of {
			ages = append(ages, (i+1)*m.Per)
		}
	case segment.MeasureStopped:
		ages = []int{m.Span, m.Span + m.Per}
	}
	return facts.HabitEnds(c.f, m.Metrics[0], ages, day, func(d zone.Day) bool { return c.habit(ref, d) })
}
