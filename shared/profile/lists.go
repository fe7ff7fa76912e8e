package profile

import (
	"cmp"
	"slices"
	"strings"

	"github.com/weir-engine/weir/shared/event"
	"github.com/weir-engine/weir/shared/segment"
)

// The track events that put a user on a manual list and take them off it. properties.list names the list. They are about the
// user and not by them: they make no active day.
const (
	EventListJoined = "List Joined"
	EventListLeft   = "List Left"
)

// Membership is one manual list, last writer wins by (Time, ID).
type Membership struct {
	List string
	Time int64  // unix milliseconds
	ID   uint64 // first 8 bytes of the writing event's ID: the tie-breaker
	Left bool
}

// MaxLists is the number of lists that one profile keeps: those whose names sort first.
const MaxLists = 64

const (
	listJoined = 1
	listLeft   = 2
)

// listOf is what events of a name do to lists, 0 for nothing.
func listOf(name string) uint8 {
	switch name {
	case EventListJoined:
		return listJoined
	case EventListLeft:
		return listLeft
	}
	return 0
}

// listName is the list that an event names, "" when it names none.
func listName(ev *event.Event) string {
	name, ok := property(&ev.Properties, "list").Str()
	if !ok || !segment.IsListName(name) {
		return ""
	}
	return name
}

// OnList reports whether the user is on a manual list.
func (f *Facts) OnList(name string) bool {
	i, ok := slices.BinarySearchFunc(f.Lists, name, func(m Membership, name string) int { return strings.Compare(m.List, name) })
	return ok && !f.Lists[i].Left
}

// list writes one membership unless the one there is later. A name that falls out can never come back, as of traits.
func (f *Facts) list(m *Membership, clone bool) {
	if m.List == "" {
		return
	}
	i, ok := slices.BinarySearchFunc(f.Lists, m.List, func(x Membership, name string) int { return strings.Compare(x.List, name) })
	if ok {
		if have := &f.Lists[i]; m.after(have) {
			have.Time, have.ID, have.Left = m.Time, m.ID, m.Left
		}
		return
	}
	if i >= MaxLists {
		return
	}
	if len(f.Lists) == MaxLists {
		f.Lists = f.Lists[:MaxLists-1]
	}
	f.Lists = slices.Insert(f.Lists, i, *m)
	if clone {
		f.Lists[i].List = strings.Clone(m.List)
	}
}

// after reports whether m was written after x; of equal writers, leaving wins.
func (m *Membership) after(x *Membership) bool {
	if c := cmp.Or(cmp.Compare(m.Time, x.Time), cmp.Compare(m.ID, x.ID)); c != 0 {
		return c > 0
	}
	return m.Left && !x.Left
}

// lists writes name, writer and whether the user left.
func (e *encoder) lists() {
	e.uint(uint64(len(e.f.Lists)))
	for i := range e.f.Lists {
		m := &e.f.Lists[i]
		e.text(m.List)
		left := uint64(0)
		if m.Left {
			left = 1
		}
		e.uint(e.writerOf(m.Time, m.ID)<<1 | left)
	}
}

func (d *decoder) lists(writers []writer) {
	n := d.count(2)
	f := d.f
	f.Lists = slices.Grow(f.Lists[:0], n)
	for i := range n {
		m := Membership{List: d.text()}
		v := d.uint()
		w := d.writerAt(writers, v>>1)
		m.Time, m.ID, m.Left = w.time, w.id, v&1 != 0
		if m.List == "" || i >= MaxLists || i > 0 && m.List <= f.Lists[i-1].List {
			d.fail()
		}
		if d.failed {
			return
		}
		f.Lists = append(f.Lists, m)
	}
}
