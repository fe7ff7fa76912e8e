package segment

// Bool evaluates the part of a condition below the node; what is no truth value is false.
func (n *Node) Bool(env Env) bool { return truth(n, env) }

// Value evaluates the expression below the node. Of a list, which stands only after in, it is null.
func (n *Node) Value(env Env) Value {
	if n.Op == OpList {
		return Null
	}
	return eval(n, env)
}

// Order returns the sign of the difference of a comparison's two sides; ok is false when they are not two numbers or two times.
func (n *Node) Order(env Env) (sign int, ok bool) {
	x, y := n.Args[0].Value(env), n.Args[1].Value(env)
	if x.Kind != y.Kind || x.Kind != KindNumber && x.Kind != KindTime {
		return 0, false
	}
	switch {
	case x.Num < y.Num:
		return -1, true
	case x.Num > y.Num:
		return 1, true
	}
	return 0, true
}

// Monotone reports whether the two sides of a comparison move in one direction relative to each other while r grows and
// everything else stands still: then Order never turns back, provided that it is ok at both ends. env answers for everything
// but r.
func (n *Node) Monotone(r *Ref, env Env) bool {
	switch n.Op {
	case OpEq, OpNe, OpLt, OpLe, OpGt, OpGe:
	default:
		return false
	}
	m := mover{env: env, ref: func(other *Ref) Trend {
		if other == r {
			return Up
		}
		return Fixed
	}}
	moves, steady := m.compared(n)
	return moves && steady
}
