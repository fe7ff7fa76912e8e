package score

import (
	"github.com/weir-engine/weir/shared/profile"
	"github.com/weir-engine/weir/shared/score/clv"
	"github.com/weir-engine/weir/shared/segment"
	"github.com/weir-engine/weir/shared/zone"
)

// NextChange returns the first moment (unix milliseconds, later than asOf) at which the settled stage, a tag or a segment of
// the user could change if nothing happens: at every moment before it Score gives the same ones as at asOf. st is the STATE
// after the decision at asOf. It is segment.Never when nothing can change, and the next midnight of the project's zone where
// that cannot be told: for facts with an event after asOf. The cuts are taken to stay as they are.
func (e *Engine) NextChange(key string, f *profile.Facts, st *profile.State, cuts *Cuts, asOf int64) int64 {
	var r Result
	v := e.enter(key, f, st, cuts, asOf, &r)
	defer e.leave(v)
	e.evaluate(v)
	if !f.AsOfExact(asOf) {
		return min(e.zone.Start(v.day+1), v.localMidnight(), nextExpiry(f, asOf))
	}
	c := newCourse(v)
	candidate := e.nextCandidate(c)
	next := min(e.nextStage(c, candidate), nextExpiry(f, asOf))
	for i := range e.rules {
		// What other conditions and the stage give is taken to stand still: the first of them to change bounds them all.
		next = min(next, e.rules[i].when.NextChange(c))
		if readsCandidate(e.rules[i].when) {
			next = min(next, candidate)
		}
	}
	return next
}

// nextCandidate: the candidate is the first stage that holds, so it stays while that one and those before it do.
func (e *Engine) nextCandidate(c *course) int64 {
	next := segment.Never
	for i := range e.stages {
		g := &e.stages[i]
		if g.when != nil {
			next = min(next, g.when.NextChange(c))
		}
		if g.name == c.r.Candidate {
			break
		}
	}
	return next
}

// nextStage: a stage that its dwell holds is left at the end of the dwell, one that the user is in by choice when the
// candidate changes, and not before the end of its dwell.
func (e *Engine) nextStage(c *course, candidate int64) int64 {
	if c.settled.Since == 0 {
		return candidate
	}
	free := e.zone.Start(c.settled.Since + zone.Day(e.stage(c.settled.Stage).dwell))
	switch c.settled.Why {
	case SettledDwell:
		return free
	case SettledStay:
		return max(candidate, free)
	}
	return candidate
}

// nextExpiry is the first moment at which a tag set by events is gone.
func nextExpiry(f *profile.Facts, asOf int64) int64 {
	next := segment.Never
	for i := range f.Tags {
		if t := &f.Tags[i]; holdsAt(t, asOf) && t.Expires != 0 {
			next = min(next, t.Expires)
		}
	}
	return next
}

func readsCandidate(p *segment.Program) bool {
	for _, ref := range p.Refs() {
		if ref.Kind == segment.RefField && ref.Field() == segment.FieldCandidate {
			return true
		}
	}
	return false
}

// course is a scored user over time. Stage, tags and segments stand still on it.
type course struct {
	*env
	settled Settled
	then    env
	later   Result
}

func newCourse(v *env) *course {
	c := &course{env: v, settled: v.e.settle(v.st, v.r.Candidate, v.day), then: *v, later: *v.r}
	c.then.r = &c.later
	return c
}

// LookupAt implements segment.Course.
func (c *course) LookupAt(ref *segment.Ref, ms int64) segment.Value {
	if c.then.asOf != ms {
		c.move(ms)
	}
	return c.then.Lookup(ref)
}

// move takes the later user to a moment. No event is later than asOf, so that only the days since then grow.
func (c *course) move(ms int64) {
	day := c.e.facts.Day(ms)
	gone := day - c.env.day
	c.then.asOf, c.then.day, c.then.silent = ms, day, c.silent+int(gone)
	if c.h.days > 0 {
		c.then.h.recency = c.h.recency + int32(gone)
	}
	c.then.known = 0
	c.e.rfm(&c.then)
	c.later.Engagement = c.then.engagement()
}

// Motion implements segment.Course.
func (c *course) Motion(ref *segment.Ref, ms int64) segment.Motion {
	day := c.e.facts.Day(ms)
	switch ref.Kind {
	case segment.RefMetric:
		if gone, ok := c.e.facts.WindowEnds(c.f, ref.Index, ref.Window, day); ok {
			return segment.Motion{Until: c.e.zone.Start(gone)}
		}
	case segment.RefMeasure:
		if ends, ok := c.measureEnds(ref, day); ok {
			return segment.Motion{Until: c.e.zone.Start(ends)}
		}
	case segment.RefField:
		return c.field(ref, day)
	}
	return segment.Motion{Until: segment.Never}
}

func (c *course) field(ref *segment.Ref, day zone.Day) segment.Motion {
	m := segment.Motion{Until: segment.Never}
	ends, ok := zone.Day(0), false
	switch ref.Field() {
	case segment.FieldRecencyDays, segment.FieldSilenceDays, segment.FieldTenureDays:
		m.Rising = true
	case segment.FieldStageDays:
		m.Rising = true
		if c.settled.Since == c.env.day && c.settled.Why != SettledStay {
			return segment.Motion{Until: c.e.zone.Start(day + 1), Blind: true} // it depends on whether the move is kept
		}
	case segment.FieldR, segment.FieldRFM, segment.FieldRFMCN:
		ends, ok = c.scoreEnds(ref.Field(), day)
	case segment.FieldOrders, segment.FieldPurchaseDays, segment.FieldSpend:
		ends, ok = c.purchasesEnd(ref.Window, day)
	case segment.FieldActiveDays:
		ends, ok = c.activeEnds(ref.Window, day)
	case segment.FieldPAlive, segment.FieldExpected, segment.FieldCLV:
		if m.Fading = c.fades(ref.Field(), day); !m.Fading {
			ends, ok = day+1, true
		}
	case segment.FieldEngagement:
		ends, ok = day+1, true // the bound is found day by day
	case segment.FieldChurnP, segment.FieldChurnWarning:
		ends, ok = day+1, c.e.fitted != nil // what silence does to it depends on the coefficients: the bound is found day by day
	}
	if ok {
		m.Until = c.e.zone.Start(ends)
	}
	return m
}

// mostPrior bounds the parameters alpha and beta, which stand beside the weeks of the history: under a larger one a day without
// an event moves a score by less than its last digits are good for.
const mostPrior = 1e6

// fades reports whether a score of the purchase model falls with every day without an event, from a day on. P(alive) does: the
// odds of having dropped out grow with silence. Expected purchases do under all of the models, and with them lifetime value, a
// sum of them with weights that discounting leaves positive; not where the horizon is cut, for the cut moves with the day.
func (c *course) fades(field segment.Field, day zone.Day) bool {
	if c.then.purchaser() == nil {
		return true // null, which stands still
	}
	at := c.then.past()
	at.T = float64(day-c.h.first) / 7
	weeks, settings := float64(ExpectedWeeks), c.e.settings()
	switch field {
	case segment.FieldPAlive:
		weeks = 0
	case segment.FieldCLV:
		weeks = settings.Horizon
	}
	switch m := c.e.fitted.purchases.(type) {
	case clv.MBGNBD:
		return m.Alpha <= mostPrior && weeks <= m.Furthest(at) && settings.Discount >= 0
	case clv.BGNBD:
		return m.Alpha <= mostPrior && weeks <= m.Furthest(at) && settings.Discount >= 0
	case clv.ParetoNBD:
		return m.Alpha <= mostPrior && m.Beta <= mostPrior && settings.Discount >= 0
	}
	return settings.Discount >= 0
}

// scoreEnds is the day on which the days since the last purchase exceed the next cut of recency.
func (c *course) scoreEnds(field segment.Field, day zone.Day) (zone.Day, bool) {
	if c.cuts == nil || c.h.days == 0 {
		return 0, false
	}
	cuts := c.cuts.Recency
	if field == segment.FieldRFMCN {
		cuts = []int64{c.cuts.CN.Recency}
	}
	next, ok := zone.Day(0), false
	for _, cut := range cuts {
		if at := c.h.last + zone.Day(min(max(cut, -1), 1<<20)) + 1; at > day && (!ok || at < next) {
			next, ok = at, true
		}
	}
	return next, ok
}

// purchasesEnd is the day on which the oldest purchase day in a window leaves it.
func (c *course) purchasesEnd(window int, day zone.Day) (zone.Day, bool) {
	if window == 0 {
		return 0, false
	}
	for i := range c.f.Purchases {
		if d := c.f.Purchases[i].Day; d > day-zone.Day(window) {
			return d + zone.Day(window), true
		}
	}
	return 0, false
}

// activeEnds is the day on which the oldest active day in a window leaves it.
func (c *course) activeEnds(window int, day zone.Day) (zone.Day, bool) {
	oldest, ok := zone.Day(0), false
	for d := range c.f.Active.All() {
		if d <= day-zone.Day(window) {
			break
		}
		oldest, ok = d, true
	}
	return oldest + zone.Day(window), ok
}
