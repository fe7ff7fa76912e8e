package segment

import "github.com/weir-engine/weir/shared/zone"

// Never is the bound of what cannot change: the end of the year 9999 in unix milliseconds.
const Never int64 = maxTime

// Motion is how something that a condition reads goes on while nothing happens to the user.
type Motion struct {
	Until  int64 // unix milliseconds, later than the moment asked about: up to it the motion holds; Never
	Rising bool  // a number that is at least as large on every later calendar day
	Fading bool  // a number that is at most as large on every later calendar day; with neither, the value stands still
	Blind  bool  // LookupAt does not answer for moments at or after Until
}

// Course is a user over time while nothing happens to them: the Env at the moment from which NextChange looks ahead, and what
// becomes of it. Values change with the calendar day alone, save at the moments that Motion names. Whether a rising or
// fading number is null does not change before Until.
type Course interface {
	Env
	// LookupAt answers as Lookup would at a later moment.
	LookupAt(r *Ref, ms int64) Value
	// Motion describes what Lookup answers from the moment ms on.
	Motion(r *Ref, ms int64) Motion
}

// Budgets of looking ahead, for one comparison: beyond them the bound is what was verified so far.
const (
	aheadSteps = 64     // moments at which a value may jump
	aheadScan  = 400    // days looked at one by one
	aheadDays  = 73_050 // days looked at by bisection when the end of time has no answer
)

// NextChange returns the first moment (unix milliseconds, later than asOf) at which Bool could answer otherwise if nothing
// happens to the user: at every moment before it, it answers as it does now. The bound is the very moment of a change where
// the comparison that decides moves in one direction (thresholds on days, dates, counts in sliding windows), and else an
// earlier one; Never when nothing can change.
func (p *Program) NextChange(c Course) int64 {
	a := ahead{c: c, later: later{c: c}}
	_, until := a.condition(p.root)
	return until
}

// ahead looks ahead from c.AsOf().
type ahead struct {
	c     Course
	later later
}

// later is a Course at a later moment.
type later struct {
	c  Course
	ms int64
}

func (l *later) Lookup(r *Ref) Value { return l.c.LookupAt(r, l.ms) }
func (l *later) AsOf() int64         { return l.ms }
func (l *later) Zone() *zone.Zone    { return l.c.Zone() }

// ZoneOf implements Zones.
func (l *later) ZoneOf(name string) *zone.Zone { return zoneOf(l.c, name) }

// at returns the course at a moment, until the next call.
func (a *ahead) at(ms int64) Env {
	if ms <= a.c.AsOf() {
		return a.c
	}
	a.later.ms = ms
	return &a.later
}

// onDay returns the course at the first moment of a day, until the next call.
func (a *ahead) onDay(d zone.Day) Env { return a.at(a.c.Zone().Start(d)) }

// condition returns the present value and the moment up to which it holds. A conjunction is false as long as any part that is
// false now stays false, and true until the first part could change; a disjunction the other way round.
func (a *ahead) condition(n *Node) (bool, int64) {
	switch n.Op {
	case OpBool:
		return n.Num != 0, Never
	case OpNot:
		value, until := a.condition(n.Args[0])
		return !value, until
	case OpAnd, OpOr:
		decides := n.Op == OpOr
		first, last, decided := Never, int64(0), false
		for _, arg := range n.Args {
			value, until := a.condition(arg)
			if value == decides {
				last, decided = max(last, until), true
			}
			first = min(first, until)
		}
		if decided {
			return decides, last
		}
		return !decides, first
	}
	return a.atom(n)
}

// atom goes from one moment at which something jumps to the next until the value changes.
func (a *ahead) atom(n *Node) (bool, int64) {
	at := a.c.AsOf()
	value := truth(n, a.c)
	for range aheadSteps {
		m := a.motion(n, at)
		if t := a.within(n, value, at, m.Until); t < m.Until || m.Blind || m.Until >= Never {
			return value, min(t, Never)
		}
		at = m.Until
		if truth(n, a.at(at)) != value {
			break
		}
	}
	return value, at
}

// motion joins the motions of everything below a node.
func (a *ahead) motion(n *Node, at int64) Motion {
	if n.Op == OpRef {
		return a.c.Motion(n.Ref, at)
	}
	all := Motion{Until: Never}
	if n.Ref != nil {
		all = a.localMotion(n, at)
	}
	for _, arg := range n.Args {
		switch m := a.motion(arg, at); {
		case m.Until < all.Until:
			all = m
		case m.Until == all.Until:
			all.Blind = all.Blind || m.Blind
		}
	}
	return all
}

// within returns the first moment after at and before until at which the atom may have another value, else until.
func (a *ahead) within(n *Node, value bool, at, until int64) int64 {
	env := a.at(at)
	moves, steady := a.moves(n, env)
	if !moves {
		return until
	}
	z := a.c.Zone()
	s := span{first: z.Day(at) + 1, last: z.Day(until - 1)}
	if s.last < s.first {
		return until
	}
	steady = steady && a.answers(n, env)
	if steady && !a.answers(n, a.onDay(s.last)) {
		s.last = min(s.last, s.first+aheadDays)
		steady = a.answers(n, a.onDay(s.last))
	}
	if steady {
		s = a.bisect(n, value, at, s)
	} else {
		s = a.scan(n, value, s)
	}
	if s.found {
		return z.Start(s.last)
	}
	return min(until, z.Start(s.last+1))
}

// span is days first to last; with found, last is a day on which the value may be another, else it is none on any of them.
type span struct {
	first, last zone.Day
	found       bool
}

func (a *ahead) scan(n *Node, value bool, s span) span {
	s.last = min(s.last, s.first+aheadScan-1)
	for d := s.first; d <= s.last; d++ {
		if truth(n, a.onDay(d)) != value {
			return span{s.first, d, true}
		}
	}
	return s
}

// bisect finds the first day on which a comparison whose sides move apart or towards each other comes out otherwise.
func (a *ahead) bisect(n *Node, value bool, at int64, s span) span {
	if n.Op == OpLt || n.Op == OpLe || n.Op == OpGt || n.Op == OpGe {
		return firstDay(s, func(d zone.Day) bool { return truth(n, a.onDay(d)) != value })
	}
	others := n.Args[1:]
	if n.Op == OpIn {
		others = n.Args[1].Args
	}
	for _, b := range others { // the order to b must change before the equality can
		env := a.at(at)
		now := order(n.Args[0], b, env)
		s = firstDay(s, func(d zone.Day) bool { return order(n.Args[0], b, a.onDay(d)) != now })
	}
	return s
}

// firstDay bisects for the first day on which is holds, given that it goes on to hold.
func firstDay(s span, is func(zone.Day) bool) span {
	if !is(s.last) {
		return s
	}
	low, high := s.first, s.last
	for low < high {
		if mid := low + (high-low)/2; is(mid) {
			high = mid
		} else {
			low = mid + 1
		}
	}
	return span{s.first, high, true}
}

// order is the sign of a - b: 0 also when they have no order.
func order(a, b *Node, env Env) int {
	x, y := eval(a, env), eval(b, env)
	switch {
	case x.Kind != y.Kind || x.Num == y.Num:
		return 0
	case x.Num < y.Num:
		return -1
	}
	return 1
}

// answers reports whether both sides of a comparison have values with an order. What moves in one direction and has a value
// at both ends of a span has one all through it.
func (a *ahead) answers(n *Node, env Env) bool {
	sides := n.Args
	if n.Op == OpIn {
		sides = append([]*Node{n.Args[0]}, n.Args[1].Args...)
	}
	for _, side := range sides {
		if v := eval(side, env); v.Kind != KindNumber && v.Kind != KindTime {
			return false
		}
	}
	return true
}
