package segment

import (
	"math"
	"strings"

	"github.com/weir-engine/weir/shared/zone"
)

// Env gives a program what it reads. Lookup answers a value of r.Type, or null; what it answers must not change while the
// program runs.
type Env interface {
	Lookup(r *Ref) Value
	AsOf() int64      // unix milliseconds
	Zone() *zone.Zone // the project's zone
}

// Bool evaluates the condition. It allocates nothing unless lower, upper or the Env does.
func (p *Program) Bool(env Env) bool { return truth(p.root, env) }

// truth evaluates a condition: everything that is not true is false.
func truth(n *Node, env Env) bool {
	switch n.Op {
	case OpBool:
		return n.Num != 0
	case OpNot:
		return !truth(n.Args[0], env)
	case OpAnd:
		for _, a := range n.Args {
			if !truth(a, env) {
				return false
			}
		}
		return true
	case OpOr:
		for _, a := range n.Args {
			if truth(a, env) {
				return true
			}
		}
		return false
	case OpEq:
		return equal(n.Args[0], n.Args[1], env)
	case OpNe:
		return !equal(n.Args[0], n.Args[1], env)
	case OpLt, OpLe, OpGt, OpGe:
		return ordered(n, env)
	case OpIn:
		return member(n, env)
	case OpContains, OpStartsWith, OpEndsWith:
		return textTest(n, env)
	}
	return eval(n, env).True()
}

func equal(a, b *Node, env Env) bool {
	switch {
	case a.Type == TNumber && b.Type == TNumber:
		x, okx := number(a, env)
		y, oky := number(b, env)
		return okx == oky && (!okx || x == y)
	case a.Type == TString && b.Type == TString:
		x, okx := text(a, env)
		y, oky := text(b, env)
		return okx == oky && (!okx || x == y)
	}
	return Equal(eval(a, env), eval(b, env))
}

func ordered(n *Node, env Env) bool {
	a, b := n.Args[0], n.Args[1]
	if a.Type == TNumber || b.Type == TNumber {
		x, okx := number(a, env)
		y, oky := number(b, env)
		return okx && oky && compareNumbers(n.Op, x, y)
	}
	x, y := eval(a, env), eval(b, env)
	if x.Kind != y.Kind {
		return false
	}
	switch x.Kind {
	case KindNumber, KindTime:
		return compareNumbers(n.Op, x.Num, y.Num)
	case KindString:
		return compareNumbers(n.Op, float64(strings.Compare(x.Str, y.Str)), 0)
	}
	return false
}

func compareNumbers(op Op, x, y float64) bool {
	switch op {
	case OpLt:
		return x < y
	case OpLe:
		return x <= y
	case OpGt:
		return x > y
	}
	return x >= y
}

func member(n *Node, env Env) bool {
	left, right := n.Args[0], n.Args[1]
	v := eval(left, env)
	if right.Op == OpList {
		for _, e := range right.Args {
			if e.Op == OpString {
				if v.Kind == KindString && v.Str == e.Str {
					return true
				}
			} else if Equal(v, eval(e, env)) {
				return true
			}
		}
		return false
	}
	return holds(eval(right, env), v)
}

// holds reports whether list is a list with an element equal to v.
func holds(list, v Value) bool {
	if list.Kind != KindList {
		return false
	}
	for i := range list.List {
		if Equal(list.List[i], v) {
			return true
		}
	}
	return false
}

func textTest(n *Node, env Env) bool {
	a, b := eval(n.Args[0], env), eval(n.Args[1], env)
	if n.Op == OpContains && a.Kind == KindList {
		return holds(a, b)
	}
	if a.Kind != KindString || b.Kind != KindString {
		return false
	}
	switch n.Op {
	case OpContains:
		return strings.Contains(a.Str, b.Str)
	case OpStartsWith:
		return strings.HasPrefix(a.Str, b.Str)
	}
	return strings.HasSuffix(a.Str, b.Str)
}

// eval evaluates any expression to a value.
func eval(n *Node, env Env) Value {
	switch n.Op {
	case OpNull:
		return Null
	case OpNumber:
		return Value{Kind: KindNumber, Num: n.Num}
	case OpString:
		return Value{Kind: KindString, Str: n.Str}
	case OpRef:
		return env.Lookup(n.Ref)
	case OpNeg, OpAdd, OpSub, OpMul, OpDiv:
		x, ok := number(n, env)
		return maybeNumber(x, ok)
	case OpCall:
		return call(n, env)
	}
	return Bool(truth(n, env))
}

func maybeNumber(x float64, ok bool) Value {
	if !ok {
		return Null
	}
	return Value{Kind: KindNumber, Num: x}
}

// number evaluates to a finite number; false stands for null and for everything that is no number.
func number(n *Node, env Env) (float64, bool) {
	switch n.Op {
	case OpNumber:
		return n.Num, true
	case OpRef:
		v := env.Lookup(n.Ref)
		return v.Num, v.Kind == KindNumber
	case OpNeg:
		x, ok := number(n.Args[0], env)
		return 0 - x, ok
	case OpAdd, OpSub, OpMul, OpDiv:
		x, okx := number(n.Args[0], env)
		y, oky := number(n.Args[1], env)
		if !okx || !oky {
			return 0, false
		}
		return arithmetic(n.Op, x, y)
	case OpCall:
		v := call(n, env)
		return v.Num, v.Kind == KindNumber
	}
	return 0, false
}

// arithmetic computes x op y. A result that is not finite is null.
func arithmetic(op Op, x, y float64) (float64, bool) {
	var z float64
	switch op {
	case OpAdd:
		z = x + y
	case OpSub:
		z = x - y
	case OpMul:
		z = float64(x * y)
	default:
		if y == 0 {
			return 0, false
		}
		z = x / y
	}
	if math.IsInf(z, 0) || math.IsNaN(z) {
		return 0, false
	}
	return z + 0, true
}

func text(n *Node, env Env) (string, bool) {
	switch n.Op {
	case OpString:
		return n.Str, true
	case OpRef:
		v := env.Lookup(n.Ref)
		return v.Str, v.Kind == KindString
	}
	v := eval(n, env)
	return v.Str, v.Kind == KindString
}
