package eventfile

import (
	"fmt"
	"strings"

	"github.com/weir-engine/weir/shared/event"
	"github.com/weir-engine/weir/shared/fault"
)

// groups joins adjacent rows of one key into one event. It holds one group at a time and the hashes of those that are
// closed.
type groups struct {
	open   *group
	closed hashSet
}

// group is an open group of rows.
type group struct {
	rule   *rule
	key    string
	line   int64 // of the first row
	rows   int
	text   []byte // the rows, cut to 64 KiB
	ev     event.Event
	atoms  []total // of properties, traits and context in this order
	reject *event.Reject
}

// maxGroups bounds the memory for recognising a group that appears again: 16 bytes a group.
const maxGroups = 8 << 20

// maxRows bounds the rows of one group.
const maxRows = 10_000

func (s *groups) close() *group {
	g := s.open
	s.open = nil
	return g
}

// collect adds the current row to the open group, or opens a new one and returns the one before.
func (t *table) collect(ru *rule) (*group, error) {
	key := t.key(ru)
	if g := t.groups.open; g != nil && g.rule == ru && g.key == key {
		t.add(g)
		return nil, nil
	}
	g := &group{rule: ru, key: key, line: t.in.first()}
	fresh, full := t.groups.closed.add(event.UserHash(key))
	if full {
		return nil, fault.New(fault.TooLarge, "line %d: more than %d groups of rows in one file", t.in.first(), maxGroups).WithHint("split the file between two groups")
	}
	if !fresh {
		g.reject = &event.Reject{Reason: event.ReasonSplitGroup, Message: "rows of a group that ended earlier in the file: " + t.groupName(),
			Hint: "sort the file so that the rows of a group are adjacent, then import it again"}
	}
	t.add(g)
	before := t.groups.open
	t.groups.open = g
	return before, nil
}

// key tells groups apart: the rule and the text of the columns.
func (t *table) key(ru *rule) string {
	var b strings.Builder
	for i := range t.m.rules {
		if ru == &t.m.rules[i] {
			fmt.Fprintf(&b, "%d", i)
		}
	}
	for _, ref := range t.m.group.by {
		s := t.row.text(ref)
		fmt.Fprintf(&b, "|%d|%s", len(s), s)
	}
	return b.String()
}

func (t *table) groupName() string {
	var parts []string
	for _, ref := range t.m.group.by {
		parts = append(parts, t.m.refs[ref].name+" "+quote(t.row.text(ref)))
	}
	return strings.Join(parts, ", ")
}

// add takes the current row into the group.
func (t *table) add(g *group) {
	g.rows++
	if room := textBytes - len(g.text); room > 0 {
		if len(g.text) > 0 {
			g.text = append(g.text, '\n')
		}
		row := t.in.text()
		g.text = append(g.text, row[:min(len(row), room)]...)
	}
	if g.reject != nil {
		return
	}
	if g.rows > maxRows {
		g.reject = &event.Reject{Reason: event.ReasonTooLong, Message: fmt.Sprintf("a group of more than %d rows", maxRows), Hint: "check the columns under group.by"}
		return
	}
	if g.rows == 1 {
		if g.reject = t.head(g.rule); g.reject != nil {
			return
		}
		g.ev = t.ev.Clone()
	}
	g.reject = t.accumulate(g)
}

func (t *table) accumulate(g *group) *event.Reject {
	i := 0
	for _, list := range [...][]property{g.rule.properties, g.rule.traits, g.rule.context} {
		for _, p := range list {
			a, why := t.row.eval(p.value)
			if why != "" {
				return badValue(fmt.Sprintf("row %d of the group: %s", g.rows, why))
			}
			if i == len(g.atoms) {
				g.atoms = append(g.atoms, total{})
			}
			if why := g.atoms[i].add(p.value.agg, a); why != "" {
				return badValue(fmt.Sprintf("row %d of the group: %s: %s", g.rows, p.key, why))
			}
			i++
		}
	}
	return nil
}

// finish makes the event of a closed group.
func (t *table) finish(g *group) (*event.Event, error) {
	t.at, t.said = g.line, g.text
	if g.reject == nil {
		t.ev = g.ev
		t.buf = t.buf[:0]
		rest := g.atoms
		for _, part := range t.parts(g.rule) {
			t.atoms = t.atoms[:0]
			for i := range part.list {
				t.atoms = append(t.atoms, rest[i].result(part.list[i].value.agg))
			}
			if rest = rest[len(part.list):]; len(part.list) > 0 {
				t.buf = object(t.buf, part.list, t.atoms, part.o)
			}
		}
		g.reject = t.check.Check(&t.ev, t.o.Arrived, t.o.Limits)
	}
	if g.reject != nil {
		return nil, t.refused(g.line, cut(g.text), g.reject)
	}
	return &t.ev, nil
}

// total is what the rows of a group made of a value so far.
type total struct {
	atom  atom
	count int64
	items []byte // JSON of a list, without its end
}

// listBytes bounds a list.
const listBytes = 64 << 10

// add takes the value of one more row in; absent values count for nothing.
func (t *total) add(how aggregate, a atom) (why string) {
	if a.kind == event.None {
		return ""
	}
	t.count++
	if how == aggList {
		if len(t.items)+len(a.text) > listBytes {
			return "the list is too long"
		}
		if t.items = append(t.items, '['); t.count > 1 {
			t.items[len(t.items)-1] = ','
		}
		t.items = appendAtom(t.items, a)
		return ""
	}
	if how >= aggSum && how <= aggMax && a.kind != event.Number {
		return aggNames[how] + " needs numbers; add as: number"
	}
	switch {
	case how == aggCount, how == aggFirst && t.count > 1:
		return ""
	case t.count == 1, how == aggLast, how == aggMin && a.num.cmp(t.atom.num) < 0, how == aggMax && a.num.cmp(t.atom.num) > 0:
		t.atom = atom{kind: a.kind, text: strings.Clone(a.text), num: a.num}
	case how == aggSum:
		sum, ok := t.atom.num.add(a.num)
		if !ok {
			return "the sum does not fit 18 digits"
		}
		t.atom.num, t.atom.text = sum, sum.String()
	}
	return ""
}

func (t *total) result(how aggregate) atom {
	switch {
	case how == aggCount:
		return atom{kind: event.Number, text: fmt.Sprint(t.count)}
	case how == aggList && t.count > 0:
		return atom{kind: event.Array, text: string(t.items) + "]"}
	}
	return t.atom
}

// alone is the result for a row that is no part of a group.
func alone(how aggregate, a atom) atom {
	if how == aggCount || how == aggList {
		var t total
		if why := t.add(how, a); why == "" {
			return t.result(how)
		}
	}
	return a
}

// hashSet is a set of 64-bit hashes, open-addressed.
type hashSet struct {
	slots []uint64
	n     int
}

// add puts h into the set. fresh reports that it was not in it; full that it may hold no more.
func (s *hashSet) add(h uint64) (fresh, full bool) {
	if h == 0 {
		h = 1
	}
	if 2*s.n >= len(s.slots) {
		if s.n >= maxGroups {
			return false, true
		}
		s.grow()
	}
	i := s.slot(h)
	if s.slots[i] == h {
		return false, false
	}
	s.slots[i] = h
	s.n++
	return true, false
}

func (s *hashSet) slot(h uint64) uint64 {
	mask := uint64(len(s.slots) - 1)
	i := (h * 0x9e3779b97f4a7c15) >> 20 & mask
	for s.slots[i] != 0 && s.slots[i] != h {
		i = (i + 1) & mask
	}
	return i
}

func (s *hashSet) grow() {
	old := s.slots
	s.slots = make([]uint64, max(1024, 2*len(old)))
	for _, h := range old {
		if h != 0 {
			s.slots[s.slot(h)] = h
		}
	}
}
