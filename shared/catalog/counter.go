package catalog

import (
	"maps"
	"slices"
	"strings"

	"github.com/weir-engine/weir/shared/event"
)

// Of every name this many events of a file are examined for their properties, and then one in so many.
const (
	examineFirst = 1000
	examineEach  = 16
)

// Counter counts the events of one file. It is not safe for concurrent use.
type Counter struct {
	events   map[string]*counting
	last     *counting // of the last event: the next one is often of the same name
	lastName string
	limit    uint64 // names of larger hashes are left out; 0: none were yet
	out      Catalog
}

// counting is what is known of one name so far.
type counting struct {
	Event
	properties map[string]*Property
	bound      uint64 // properties of larger hashes are left out; 0: none were yet
}

// NewCounter starts to count a file.
func NewCounter() *Counter { return &Counter{events: map[string]*counting{}} }

// Add counts an event that was accepted. name is the event's, as in profile.EventName; user is event.UserHash of its key. Nothing of
// the event is kept but what the catalogue holds.
func (c *Counter) Add(name string, ev *event.Event, user uint64) {
	e := c.last
	if e == nil || name != c.lastName {
		if e = c.of(name); e == nil {
			c.out.Beyond++
			return
		}
	}
	if e.Count++; e.Count == 1 {
		e.First, e.Last = ev.Time, ev.Time
	} else {
		e.First, e.Last = min(e.First, ev.Time), max(e.Last, ev.Time)
	}
	if e.Count <= examineFirst || e.Count%examineEach == 0 {
		e.examine(ev, user)
	}
}

// Broke counts an event that broke the tracking plan. Of one that was quarantined nothing else is counted.
func (c *Counter) Broke(v Violation, quarantined bool) {
	if e := c.of(v.Event); e != nil && quarantined {
		e.Quarantined++
	} else if e != nil {
		e.Flagged++
	}
	if len(c.out.Violations) < MaxSamples {
		v.Event = strings.Clone(cut(v.Event))
		c.out.Violations = append(c.out.Violations, v)
	}
}

func cut(name string) string {
	if len(name) <= maxName {
		return name
	}
	return strings.ToValidUTF8(name[:maxName-3], "") + "…"
}

// of returns what is known of a name, nil when it is left out.
func (c *Counter) of(name string) *counting {
	if e := c.events[name]; e != nil {
		c.last, c.lastName = e, e.Name
		return e
	}
	if name == "" || len(name) > maxName || c.limit != 0 && rank(name) > c.limit {
		return nil
	}
	e := &counting{Event: Event{Name: strings.Clone(name)}, properties: map[string]*Property{}}
	c.events[e.Name] = e
	if len(c.events) > 2*MaxEvents {
		c.limit = keepSmallest(c.events, MaxEvents, func(e *counting) { c.out.Beyond += e.Count })
		if rank(name) > c.limit {
			c.last = nil
			return nil
		}
	}
	c.last, c.lastName = e, e.Name
	return e
}

// keepSmallest removes what has the largest ranks from a map and returns the largest rank that stayed.
func keepSmallest[T any](m map[string]T, n int, gone func(T)) uint64 {
	ranks := make([]uint64, 0, len(m))
	for name := range m {
		ranks = append(ranks, rank(name))
	}
	slices.Sort(ranks)
	limit := ranks[min(n, len(ranks))-1]
	for name, v := range m {
		if rank(name) > limit {
			gone(v)
			delete(m, name)
		}
	}
	return limit
}

// examine looks at the properties of one event.
func (e *counting) examine(ev *event.Event, user uint64) {
	e.Examined++
	o := &ev.Properties
	if ev.Kind == event.Identify || ev.Kind == event.Group {
		o = &ev.Traits
	}
	for i := range o.Fields {
		f := &o.Fields[i]
		if p := e.property(f.Key); p != nil {
			p.see(&f.Value, uint16(user))
		}
	}
}

func (e *counting) property(name string) *Property {
	if p := e.properties[name]; p != nil {
		return p
	}
	if name == "" || len(name) > maxProperty || e.bound != 0 && rank(name) > e.bound {
		e.More = true
		return nil
	}
	p := &Property{Name: strings.Clone(name), Closed: telling(name)}
	e.properties[p.Name] = p
	if len(e.properties) > 2*MaxProperties {
		e.bound = keepSmallest(e.properties, MaxProperties, func(*Property) {})
		e.More = true
	}
	return p
}

// see counts one value of a property.
func (p *Property) see(v *event.Value, user uint16) {
	kind := kindOf(v.Kind)
	p.Kinds[kind]++
	if p.Closed || kind == Null || kind == Array || kind == Object {
		return
	}
	for i := range p.Values {
		if p.Values[i].of(v, kind) {
			p.Values[i].shared(user)
			return
		}
	}
	if !harmless(v.Raw, kind) {
		p.Values, p.Closed = nil, true
		return
	}
	p.Values = append(p.Values, Value{Text: textOf(v, kind), Users: []uint16{user}})
	p.bound()
}

// of reports whether the value is v.
func (x *Value) of(v *event.Value, kind Kind) bool {
	if kind != String {
		return x.Text == v.Raw
	}
	return len(x.Text) >= 2 && x.Text[0] == '"' && x.Text[1:len(x.Text)-1] == v.Raw
}

// textOf is a harmless value as JSON.
func textOf(v *event.Value, kind Kind) string {
	if kind == String {
		return `"` + v.Raw + `"`
	}
	return strings.Clone(v.Raw)
}

func (x *Value) shared(user uint16) {
	if x.Common || slices.Contains(x.Users, user) {
		return
	}
	if x.Users = append(x.Users, user); len(x.Users) >= CommonTo {
		x.Users, x.Common = nil, true
	}
}

func kindOf(k event.ValueKind) Kind {
	switch k {
	case event.Bool:
		return Bool
	case event.Number:
		return Number
	case event.String:
		return String
	case event.Array:
		return Array
	case event.Nested:
		return Object
	}
	return Null
}

// Catalog returns what was counted.
func (c *Counter) Catalog() *Catalog {
	out := c.out
	out.Layout, out.Events = layout, []Event{}
	for _, name := range slices.Sorted(maps.Keys(c.events)) {
		counted := c.events[name]
		e := counted.Event
		for _, key := range slices.Sorted(maps.Keys(counted.properties)) {
			p := *counted.properties[key]
			p.Values = slices.Clone(p.Values)
			slices.SortFunc(p.Values, func(x, y Value) int { return strings.Compare(x.Text, y.Text) })
			for i := range p.Values {
				p.Values[i].Users = slices.Sorted(slices.Values(p.Values[i].Users))
			}
			e.Properties = append(e.Properties, p)
		}
		out.Events = append(out.Events, e)
	}
	return Merge(&out, &Catalog{})
}
