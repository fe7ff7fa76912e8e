package segment

import (
	"strings"
	"unicode/utf8"
)

// takesList reports whether the second argument of a node may be a written list.
func (n *Node) takesList() bool {
	if n.Op != OpCall {
		return n.Op == OpIn
	}
	id := functionsByName[n.Str]
	return id == fnHasAny || id == fnHasAll
}

// overlap checks has_any and has_all.
func (c *checker) overlap(n *Node) *Error {
	if a := n.Args[0]; a.Type != TAny {
		return c.fail(a, n.Str+" is given "+a.Type.article()).expect("a trait that holds a list, as in " + functions[n.fn].usage)
	}
	return nil
}

// overlap evaluates has_any and has_all: whether any or all of the second list's elements are in the first. What is no list
// has none of them.
func overlap(n *Node, env Env) bool {
	list := eval(n.Args[0], env)
	if list.Kind != KindList {
		return false
	}
	every := n.fn == fnHasAll
	if wanted := n.Args[1]; wanted.Op == OpList {
		for _, e := range wanted.Args {
			if holds(list, eval(e, env)) != every {
				return !every
			}
		}
		return every
	}
	wanted := eval(n.Args[1], env)
	if wanted.Kind != KindList {
		return false
	}
	for i := range wanted.List {
		if holds(list, wanted.List[i]) != every {
			return !every
		}
	}
	return every
}

// extremeOf is an argument of min or max: a number, or the least or greatest of a list of numbers. An empty list and one with
// an element of another type have none.
func extremeOf(fn fnID, n *Node, env Env) (float64, bool) {
	if n.Type != TAny {
		return number(n, env)
	}
	v := eval(n, env)
	if v.Kind != KindList {
		return v.Num, v.Kind == KindNumber
	}
	best := 0.0
	for i, e := range v.List {
		if e.Kind != KindNumber {
			return 0, false
		}
		if i == 0 || fn == fnMin && e.Num < best || fn == fnMax && e.Num > best {
			best = e.Num
		}
	}
	return best, len(v.List) > 0
}

// MaxListName is the longest name of a list, in characters.
const MaxListName = 64

// IsListName reports whether a list of users may have this name: up to MaxListName characters without spaces, control
// characters, quotes and the signs , ; |.
func IsListName(name string) bool {
	n := 0
	for _, r := range name {
		if n++; r <= ' ' || r == 0x7f || r == 0xa0 || r == 0x3000 || r == utf8.RuneError || strings.ContainsRune(`"'\,;|`, r) {
			return false
		}
	}
	return n > 0 && n <= MaxListName
}

// list checks lists.has("NAME"). Any name will do: lists are data, and come and go without the strategy.
func (c *checker) list(n *Node, r *Ref) *Error {
	if !IsListName(r.Name) {
		return c.fail(n, shorten(quote(r.Name))+" is no name of a list").expect("a name of at most 64 characters without spaces, quotes and the signs , ; |")
	}
	r.Type = TBool
	return nil
}
