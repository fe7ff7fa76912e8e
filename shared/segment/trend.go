package segment

// Trend is the direction in which the value of an expression moves.
type Trend int8

// The trends. Up and Down are weak: the value may also stand still.
const (
	Fixed Trend = 0
	Up    Trend = 1
	Down  Trend = -1
	Wild  Trend = 2 // in no one direction, or not known
)

func (t Trend) flip() Trend {
	if t == Wild {
		return Wild
	}
	return -t
}

// join is the trend of a sum.
func (t Trend) join(o Trend) Trend {
	switch {
	case t == Fixed:
		return o
	case o == Fixed || t == o:
		return t
	}
	return Wild
}

// times is the trend of a product with a fixed number. With 0 it stands still as long as the other side is not null, which
// only what moves can become.
func (t Trend) times(x float64, ok bool) Trend {
	switch {
	case !ok || t == Fixed:
		return Fixed
	case x < 0:
		return t.flip()
	}
	return t
}

// mover tells how the leaves of an expression move, and reads those that do not.
type mover struct {
	ref   func(*Ref) Trend
	today Trend // of the calendar day
	env   Env
}

// moves reports whether anything below an atom moves, and whether it is a comparison whose two sides move in one direction
// relative to each other.
func (a *ahead) moves(n *Node, env Env) (moves, steady bool) {
	m := mover{today: Up, env: env, ref: func(r *Ref) Trend {
		if env.Lookup(r).Kind != KindNumber {
			return Fixed
		}
		switch motion := a.c.Motion(r, env.AsOf()); {
		case motion.Rising:
			return Up
		case motion.Fading:
			return Down
		}
		return Fixed
	}}
	return m.compared(n)
}

func (m *mover) compared(n *Node) (moves, steady bool) {
	switch n.Op {
	case OpEq, OpNe, OpLt, OpLe, OpGt, OpGe:
		left, right := m.trend(n.Args[0]), m.trend(n.Args[1])
		return left != Fixed || right != Fixed, left.join(right.flip()) != Wild
	case OpIn:
		left, right := m.trend(n.Args[0]), m.trend(n.Args[1])
		return left != Fixed || right != Fixed, left != Wild && right == Fixed && n.Args[1].Op == OpList
	}
	return m.trend(n) != Fixed, false
}

// trend returns the direction of an expression.
func (m *mover) trend(n *Node) Trend {
	switch n.Op {
	case OpRef:
		return m.ref(n.Ref)
	case OpNeg:
		return m.trend(n.Args[0]).flip()
	case OpAdd:
		return m.trend(n.Args[0]).join(m.trend(n.Args[1]))
	case OpSub:
		return m.trend(n.Args[0]).join(m.trend(n.Args[1]).flip())
	case OpMul, OpDiv:
		return m.product(n)
	case OpCall:
		return m.call(n)
	}
	return m.still(n)
}

func (m *mover) product(n *Node) Trend {
	left, right := m.trend(n.Args[0]), m.trend(n.Args[1])
	switch {
	case right == Fixed:
		x, ok := number(n.Args[1], m.env)
		return left.times(x, ok)
	case left == Fixed && n.Op == OpMul:
		x, ok := number(n.Args[0], m.env)
		return right.times(x, ok)
	}
	return Wild
}

// still is Fixed when everything below a node is, else Wild.
func (m *mover) still(n *Node) Trend {
	for _, a := range n.Args {
		if m.trend(a) != Fixed {
			return Wild
		}
	}
	return Fixed
}

func (m *mover) call(n *Node) Trend {
	switch n.fn {
	case fnToday:
		return m.today
	case fnDaysAgo:
		return m.today.join(m.trend(n.Args[0]).flip())
	case fnDaysSince:
		if t := m.trend(n.Args[0]); t != Fixed || eval(n.Args[0], m.env).Kind == KindTime {
			return m.today.join(t.flip())
		}
		return Fixed
	case fnDaysUntil:
		if t := m.trend(n.Args[0]); t != Fixed || eval(n.Args[0], m.env).Kind == KindTime {
			return m.today.flip().join(t)
		}
		return Fixed
	case fnDaysBetween:
		return m.trend(n.Args[0]).flip().join(m.trend(n.Args[1]))
	case fnAnniversary, fnYearsSince, fnInUserZone:
		if m.ref(n.Ref) != Fixed {
			return Wild
		}
	case fnYear, fnRound, fnFloor, fnCeil:
		return m.trend(n.Args[0])
	case fnTime:
		if t := n.Args[0].Type; t == TNumber || t == TTime {
			return m.trend(n.Args[0])
		}
	case fnMin, fnMax:
		all := Fixed
		for _, a := range n.Args {
			all = all.join(m.trend(a))
		}
		return all
	}
	return m.still(n)
}
