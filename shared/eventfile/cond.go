package eventfile

import "strings"

// cond is a condition on a row: a comparison of one column, or all, any, not of conditions.
type cond struct {
	op   string // eq, ne, lt, le, gt, ge, in, not_in, empty; all, any, not
	col  int
	want []operand
	kids []*cond
}

// operand is what a column is compared with: as a number when it is written as one, else as text.
type operand struct {
	text   string
	num    dec
	number bool
}

var comparisons = []string{"eq", "ne", "lt", "le", "gt", "ge", "in", "not_in", "empty"}

// cond compiles {column: C, eq: V} and its like; several comparisons in one map must all hold, and so must the items of a
// list.
func (c *compiler) cond(n node, depth int) *cond {
	if depth > 20 {
		n.errorf("", "conditions are nested too deeply")
		return &cond{op: "all"}
	}
	all := &cond{op: "all"}
	if n.isList() {
		for _, item := range n.list() {
			all.kids = append(all.kids, c.cond(item, depth+1))
		}
		return all
	}
	column := -1
	entries := n.entries(append([]string{"column", "all", "any", "not"}, comparisons...)...)
	for _, e := range entries {
		if e.key == "column" {
			column = c.ref(e.value.text(), e.value)
		}
	}
	for _, e := range entries {
		switch e.key {
		case "column":
		case "all", "not":
			kid := c.cond(e.value, depth+1)
			if e.key == "not" {
				kid = &cond{op: "not", kids: []*cond{kid}}
			}
			all.kids = append(all.kids, kid)
		case "any":
			kid := &cond{op: "any"}
			for _, item := range e.value.list() {
				kid.kids = append(kid.kids, c.cond(item, depth+1))
			}
			all.kids = append(all.kids, kid)
		default:
			if column < 0 {
				e.where.errorf("write {column: NAME, "+e.key+": VALUE}", "%s needs a column to compare", e.key)
			}
			all.kids = append(all.kids, comparison(e, max(column, 0)))
		}
	}
	if len(all.kids) == 0 {
		n.errorf("compare the column with one of "+strings.Join(comparisons, ", "), "an empty condition")
	}
	if len(all.kids) == 1 {
		return all.kids[0]
	}
	return all
}

func comparison(e entry, column int) *cond {
	k := &cond{op: e.key, col: column}
	if e.key == "empty" {
		if !e.value.boolean() {
			return &cond{op: "not", kids: []*cond{k}}
		}
		return k
	}
	list := e.value.list()
	if e.value.isList() && e.key != "in" && e.key != "not_in" {
		e.value.errorf("use in: [..] for a list", "%s compares with one value", e.key)
	}
	for _, item := range list {
		o := operand{text: item.text()}
		if item.isNumber() {
			if o.num, o.number = parseDec(o.text); !o.number {
				item.errorf("", "expected a plain decimal number")
			}
		}
		k.want = append(k.want, o)
	}
	return k
}

// holds evaluates the condition. A comparison with a number is false for text that is no number.
func (k *cond) holds(r *row) bool {
	switch k.op {
	case "all":
		for _, kid := range k.kids {
			if !kid.holds(r) {
				return false
			}
		}
		return true
	case "any":
		for _, kid := range k.kids {
			if kid.holds(r) {
				return true
			}
		}
		return false
	case "not":
		return !k.kids[0].holds(r)
	case "empty":
		return r.text(k.col) == ""
	case "ne":
		return !k.matches(r, "eq")
	case "not_in":
		return !k.matches(r, "eq")
	case "in":
		return k.matches(r, "eq")
	}
	return k.matches(r, k.op)
}

// matches reports whether the column compares so with any operand.
func (k *cond) matches(r *row, op string) bool {
	text := r.text(k.col)
	for i := range k.want {
		o := &k.want[i]
		c := 0
		if o.number {
			d, empty, why := r.number(k.col)
			if empty || why != "" {
				continue
			}
			c = d.cmp(o.num)
		} else {
			c = strings.Compare(text, o.text)
		}
		switch {
		case op == "eq" && c == 0, op == "lt" && c < 0, op == "le" && c <= 0, op == "gt" && c > 0, op == "ge" && c >= 0:
			return true
		}
	}
	return false
}
