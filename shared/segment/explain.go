package segment

import "github.com/weir-engine/weir/shared/zone"

// Reason says why a condition holds or not, as a tree: and, or and not have their parts as children, everything else is a
// leaf that shows what was read.
type Reason struct {
	Text     string // canonical text of this part
	Value    bool   // whether it holds
	Got      string // leaves: what was read, as in "orders = 4, recency_days = 12"
	Children []Reason
}

// Explain evaluates the condition and every part of it, also those that Bool need not look at.
func (p *Program) Explain(env Env) Reason { return explain(p.root, env) }

func explain(n *Node, env Env) Reason {
	r := Reason{Text: n.String(), Value: truth(n, env)}
	if n.Op == OpAnd || n.Op == OpOr || n.Op == OpNot {
		for _, a := range n.Args {
			r.Children = append(r.Children, explain(a, env))
		}
		return r
	}
	r.Got = string(appendGot(nil, n, env, map[int]bool{}))
	return r
}

// appendGot lists the references below n with their values, each once, in order of appearance.
func appendGot(dst []byte, n *Node, env Env, seen map[int]bool) []byte {
	for _, a := range n.Args {
		dst = appendGot(dst, a, env, seen)
	}
	if n.Ref != nil && !seen[n.Ref.Slot] {
		seen[n.Ref.Slot] = true
		if len(dst) > 0 {
			dst = append(dst, ", "...)
		}
		dst = append(n.Ref.append(dst), " = "...)
		dst = appendShown(dst, env.Lookup(n.Ref), env.Zone())
	}
	return dst
}

// appendShown writes a value for people: times as days.
func appendShown(dst []byte, v Value, z *zone.Zone) []byte {
	if v.Kind == KindTime && v.Num >= minTime && v.Num <= maxTime {
		return append(dst, z.Day(int64(v.Num)).String()...)
	}
	return v.append(dst)
}

// Input is one thing a condition read, and its value.
type Input struct {
	Ref   string // as it is written in the language
	Value Value
}

// Inputs reads everything the condition may read, in the order of Refs: with asOf and the zone, it is all that the result
// depends on.
func (p *Program) Inputs(env Env) []Input {
	inputs := make([]Input, len(p.refs))
	for i, r := range p.refs {
		inputs[i] = Input{Ref: r.String(), Value: env.Lookup(r)}
	}
	return inputs
}

// Recorded is an Env that answers from recorded values: replaying a program's Inputs gives the recorded result.
type Recorded struct {
	Inputs []Input // as Program.Inputs returned them
	At     int64   // unix milliseconds
	In     *zone.Zone
	Zones  func(name string) *zone.Zone // the rules of other zones, nil for one that is not known; may be nil
}

// Lookup implements Env: the input recorded for the reference, or null.
func (e *Recorded) Lookup(r *Ref) Value {
	if r.Slot < len(e.Inputs) {
		return e.Inputs[r.Slot].Value
	}
	return Null
}

// AsOf implements Env.
func (e *Recorded) AsOf() int64 { return e.At }

// Zone implements Env.
func (e *Recorded) Zone() *zone.Zone { return e.In }

// ZoneOf implements Zones.
func (e *Recorded) ZoneOf(name string) *zone.Zone {
	if e.Zones == nil {
		return nil
	}
	return e.Zones(name)
}

// ParseValue reads what Value.String wrote. The error is an *Error.
func ParseValue(src string) (Value, error) {
	root, err := parse(src)
	if err != nil {
		return Null, err
	}
	v, ok := literal(root)
	if !ok {
		return Null, errorAt(src, root.Offset, shorten(src)+" is no value").expect(`a value such as 3, "text", true, null, time(0) or [1, 2]`)
	}
	return v, nil
}

func literal(n *Node) (Value, bool) {
	switch n.Op {
	case OpNull:
		return Null, true
	case OpBool:
		return Bool(n.Num != 0), true
	case OpNumber:
		return Number(n.Num), true
	case OpString:
		return String(n.Str), true
	case OpList:
		vs := make([]Value, len(n.Args))
		for i, a := range n.Args {
			v, ok := literal(a)
			if !ok {
				return Null, false
			}
			vs[i] = v
		}
		return List(vs), true
	case OpCall:
		if n.Str == "time" && len(n.Args) == 1 && n.Args[0].Op == OpNumber {
			return inRange(n.Args[0].Num), true
		}
	}
	return Null, false
}
