package segment

import (
	"slices"
	"strconv"
	"strings"
)

// String returns the canonical text of the tree below the node: least parentheses, double quotes, one space around
// operators. Compiling it gives an equal tree.
func (n *Node) String() string { return string(n.append(nil, 0)) }

func (n *Node) prec() int {
	switch n.Op {
	case OpOr:
		return precOr
	case OpAnd:
		return precAnd
	case OpEq, OpNe, OpLt, OpLe, OpGt, OpGe, OpIn, OpContains, OpStartsWith, OpEndsWith:
		return precCompare
	case OpAdd, OpSub:
		return precAdd
	case OpMul, OpDiv:
		return precMul
	case OpNot:
		if n.Args[0].Op == OpIn {
			return precCompare
		}
		return precUnary
	case OpNeg:
		return precUnary
	}
	return precUnary + 1
}

// append writes the node where only operators that bind tighter than outer stand without parentheses.
func (n *Node) append(dst []byte, outer int) []byte {
	prec := n.prec()
	if prec <= outer {
		dst = append(dst, '(')
		dst = n.append(dst, 0)
		return append(dst, ')')
	}
	switch n.Op {
	case OpAnd, OpOr:
		for i, a := range n.Args {
			if i > 0 {
				dst = n.appendOperator(dst)
			}
			dst = a.append(dst, prec)
		}
		return dst
	case OpNot:
		if in := n.Args[0]; in.Op == OpIn {
			dst = in.Args[0].append(dst, precCompare)
			dst = append(dst, " not in "...)
			return in.Args[1].append(dst, precCompare)
		}
		return n.Args[0].append(append(dst, '!'), precUnary-1)
	case OpNeg:
		return n.Args[0].append(append(dst, '-'), precUnary-1)
	case OpAdd, OpSub, OpMul, OpDiv:
		dst = n.Args[0].append(dst, prec-1)
		dst = n.appendOperator(dst)
		return n.Args[1].append(dst, prec)
	}
	if prec == precCompare {
		dst = n.Args[0].append(dst, prec)
		dst = n.appendOperator(dst)
		return n.Args[1].append(dst, prec)
	}
	return n.appendLeaf(dst)
}

func (n *Node) appendOperator(dst []byte) []byte {
	dst = append(dst, ' ')
	dst = append(dst, n.Op.String()...)
	return append(dst, ' ')
}

func (n *Node) appendLeaf(dst []byte) []byte {
	switch n.Op {
	case OpNull:
		return append(dst, "null"...)
	case OpBool:
		return strconv.AppendBool(dst, n.Num != 0)
	case OpNumber:
		return appendNumber(dst, n.Num)
	case OpString:
		return appendQuoted(dst, n.Str)
	case OpRef:
		return n.Ref.append(dst)
	case OpList:
		return appendArgs(append(dst, '['), n.Args, ']')
	}
	if e := n.eventDays(); e != nil {
		return append(appendEvent(dst, e.Name), ".days_since"...)
	}
	if m := n.messageDays(); m != nil {
		return m.appendDays(dst)
	}
	dst = append(dst, n.Str...)
	return appendArgs(append(dst, '('), n.Args, ')')
}

// eventDays returns the event of event("NAME").days_since, nil for every other node.
func (n *Node) eventDays() *Ref {
	if n.Op != OpCall || n.Str != "days_since" || len(n.Args) != 1 || n.Args[0].Op != OpRef {
		return nil
	}
	if r := n.Args[0].Ref; r.Kind == RefEvent && r.Stat == StatLast {
		return r
	}
	return nil
}

func appendArgs(dst []byte, args []*Node, closing byte) []byte {
	for i, a := range args {
		if i > 0 {
			dst = append(dst, ", "...)
		}
		dst = a.append(dst, 0)
	}
	return append(dst, closing)
}

func appendEvent(dst []byte, name string) []byte {
	dst = appendQuoted(append(dst, "event("...), name)
	return append(dst, ')')
}

func (r *Ref) append(dst []byte) []byte {
	switch r.Kind {
	case RefField:
		return appendWindow(append(dst, r.Name...), r.Window)
	case RefMetric:
		return appendWindow(append(append(dst, "metrics."...), r.Name...), r.Window)
	case RefTag:
		return appendHas(append(dst, "tags"...), r.Name)
	case RefSegment:
		return appendHas(append(dst, "segments"...), r.Name)
	case RefMeasure:
		return r.Measure.append(dst, r.Window)
	case RefEvent:
		dst = append(appendEvent(dst, r.Name), '.')
		return append(dst, r.Stat...)
	case RefList:
		return appendHas(append(dst, "lists"...), r.Name)
	case RefBucket:
		return r.appendBucket(dst)
	case RefMessage:
		dst = appendQuoted(append(dst, "message("...), r.Name)
		return append(append(dst, ")."...), r.Stat...)
	case RefTrait:
		dst = append(dst, "traits"...)
	default:
		dst = append(dst, "properties"...)
	}
	parts := strings.Split(r.Name, ".")
	if slices.Contains(parts, "") {
		return appendMember(dst, r.Name)
	}
	for _, part := range parts {
		dst = appendMember(dst, part)
	}
	return dst
}

func appendWindow(dst []byte, days int) []byte {
	if days == 0 {
		return dst
	}
	dst = strconv.AppendInt(append(dst, '['), int64(days), 10)
	return append(dst, ']')
}

func appendMember(dst []byte, name string) []byte {
	if nameLength(name) == len(name) {
		return append(append(dst, '.'), name...)
	}
	return append(appendQuoted(append(dst, '['), name), ']')
}

func appendHas(dst []byte, name string) []byte {
	return append(appendQuoted(append(dst, ".has("...), name), ')')
}
