// Package catalog keeps what is known of the events of a base: names, volume, first and last time, properties with their types and
// a few common values. It holds no personal data: a value is kept only when it is short, one of few, and common to several users.
//
// A Catalog is bounded. Merge is commutative and associative: of names and properties beyond the bounds, those with the smallest
// hashes stay, whatever the order, and what stays is exact.
package catalog

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"encoding/json"
	"io"
	"slices"
	"strings"

	"github.com/cespare/xxhash/v2"

	"github.com/weir-engine/weir/shared/fault"
)

// The bounds of a catalogue.
const (
	MaxEvents     = 300
	MaxProperties = 40 // of one event
	MaxValues     = 5  // of one property: with more, none is kept
	MaxSamples    = 50 // of violations of the tracking plan
	CommonTo      = 5  // users who must share a value before it is shown

	maxName     = 100
	maxProperty = 60
)

// layout is the version of the stored form.
const layout = 1

// Catalog is what is known of events.
type Catalog struct {
	Layout     int         `json:"layout"`
	Events     []Event     `json:"events"`           // by name
	Beyond     int64       `json:"beyond,omitempty"` // events whose names were left out
	Violations []Violation `json:"violations,omitempty"`
}

// Event is what is known of the events of one name.
type Event struct {
	Name        string     `json:"name"`            // as in profile.EventName: $page and the like for what is no track event
	Count       int64      `json:"n,omitempty"`     // events that were accepted
	First       int64      `json:"first,omitempty"` // unix milliseconds of the earliest and the latest; 0 without any
	Last        int64      `json:"last,omitempty"`
	Examined    int64      `json:"seen,omitempty"` // events whose properties were looked at
	Properties  []Property `json:"p,omitempty"`    // by name; traits of $identify and $group
	More        bool       `json:"more,omitempty"` // there are other properties, which were left out
	Flagged     int64      `json:"flagged,omitempty"`
	Quarantined int64      `json:"quarantined,omitempty"`
}

// Kind is the type of a property's value.
type Kind int

// The kinds of values, as JSON has them.
const (
	Null Kind = iota
	Bool
	Number
	String
	Array
	Object
	kindCount
)

var kindNames = [kindCount]string{"null", "boolean", "number", "string", "array", "object"}

// String is the kind's name in JSON Schema.
func (k Kind) String() string { return kindNames[k] }

// Property is what is known of one property of an event.
type Property struct {
	Name   string           `json:"name"`
	Kinds  [kindCount]int64 `json:"t"`           // how often each kind was seen
	Closed bool             `json:"c,omitempty"` // no values are kept: they may say who somebody is, or there are many
	Values []Value          `json:"v,omitempty"` // by Text
}

// Seen is in how many of the examined events the property stood.
func (p *Property) Seen() int64 {
	var n int64
	for _, k := range p.Kinds {
		n += k
	}
	return n
}

// Common returns the values that enough users share, as JSON.
func (p *Property) Common() []string {
	out := []string{}
	for _, v := range p.Values {
		if v.Common {
			out = append(out, v.Text)
		}
	}
	return out
}

// Value is one value of a property, until enough users share it with 16 bits of the hashes of those who do.
type Value struct {
	Text   string   `json:"x"` // JSON
	Common bool     `json:"ok,omitempty"`
	Users  []uint16 `json:"u,omitempty"` // ascending, fewer than CommonTo
}

// Violation is one event that broke the tracking plan.
type Violation struct {
	At     int64  `json:"at"` // when its file arrived
	File   string `json:"file"`
	Line   int64  `json:"line"`
	Event  string `json:"event"`
	Mode   string `json:"mode"` // flag or quarantine
	Detail string `json:"detail"`
}

// Event returns what is known of a name; false when nothing is.
func (c *Catalog) Event(name string) (*Event, bool) {
	i, ok := slices.BinarySearchFunc(c.Events, name, func(e Event, name string) int { return strings.Compare(e.Name, name) })
	if !ok {
		return nil, false
	}
	return &c.Events[i], true
}

// Property returns what is known of a property; false when nothing is.
func (e *Event) Property(name string) (*Property, bool) {
	i, ok := slices.BinarySearchFunc(e.Properties, name, func(p Property, name string) int { return strings.Compare(p.Name, name) })
	if !ok {
		return nil, false
	}
	return &e.Properties[i], true
}

// Merge returns what both know together. It may share memory with either.
func Merge(a, b *Catalog) *Catalog {
	out := &Catalog{Layout: layout, Beyond: a.Beyond + b.Beyond}
	out.Events = union(a.Events, b.Events, func(e Event) string { return e.Name }, mergeEvents)
	for len(out.Events) > MaxEvents {
		i := largest(out.Events, func(e Event) string { return e.Name })
		out.Beyond += out.Events[i].Count
		out.Events = slices.Delete(out.Events, i, i+1)
	}
	out.Violations = mergeViolations(a.Violations, b.Violations)
	return out
}

// union merges two lists that are sorted by name.
func union[T any](a, b []T, name func(T) string, merge func(x, y T) T) []T {
	out := make([]T, 0, len(a)+len(b))
	for len(a) > 0 && len(b) > 0 {
		switch c := strings.Compare(name(a[0]), name(b[0])); {
		case c < 0:
			out, a = append(out, a[0]), a[1:]
		case c > 0:
			out, b = append(out, b[0]), b[1:]
		default:
			out, a, b = append(out, merge(a[0], b[0])), a[1:], b[1:]
		}
	}
	return append(append(out, a...), b...)
}

// largest returns the index of the name with the largest hash.
func largest[T any](all []T, name func(T) string) int {
	at, most := 0, uint64(0)
	for i := range all {
		if h := rank(name(all[i])); h >= most {
			at, most = i, h
		}
	}
	return at
}

// rank decides which names stay.
func rank(name string) uint64 { return xxhash.Sum64String(name) }

func mergeEvents(x, y Event) Event {
	out := Event{
		Name: x.Name, Count: x.Count + y.Count, First: earlier(x.First, y.First), Last: max(x.Last, y.Last), Examined: x.Examined + y.Examined,
		More: x.More || y.More, Flagged: x.Flagged + y.Flagged, Quarantined: x.Quarantined + y.Quarantined,
	}
	out.Properties = union(x.Properties, y.Properties, func(p Property) string { return p.Name }, mergeProperties)
	for len(out.Properties) > MaxProperties {
		i := largest(out.Properties, func(p Property) string { return p.Name })
		out.Properties, out.More = slices.Delete(out.Properties, i, i+1), true
	}
	return out
}

// earlier is the smaller of two moments, of which 0 is none.
func earlier(x, y int64) int64 {
	if x == 0 || y == 0 {
		return max(x, y)
	}
	return min(x, y)
}

func mergeProperties(x, y Property) Property {
	out := Property{Name: x.Name, Closed: x.Closed || y.Closed}
	for i := range out.Kinds {
		out.Kinds[i] = x.Kinds[i] + y.Kinds[i]
	}
	if !out.Closed {
		out.Values = union(x.Values, y.Values, func(v Value) string { return v.Text }, mergeValues)
		out.bound()
	}
	return out
}

// bound gives up the values of a property that has many.
func (p *Property) bound() {
	if len(p.Values) > MaxValues {
		p.Values, p.Closed = nil, true
	}
}

func mergeValues(x, y Value) Value {
	out := Value{Text: x.Text, Common: x.Common || y.Common}
	if out.Common {
		return out
	}
	out.Users = slices.Concat(x.Users, y.Users)
	slices.Sort(out.Users)
	if out.Users = slices.Compact(out.Users); len(out.Users) >= CommonTo {
		out.Users, out.Common = nil, true
	}
	return out
}

// mergeViolations keeps the newest, of one file those of the first lines.
func mergeViolations(a, b []Violation) []Violation {
	out := slices.Concat(a, b)
	slices.SortFunc(out, func(x, y Violation) int {
		return cmp.Or(cmp.Compare(y.At, x.At), strings.Compare(x.File, y.File), cmp.Compare(x.Line, y.Line), strings.Compare(x.Event, y.Event), strings.Compare(x.Detail, y.Detail))
	})
	out = slices.Compact(out)
	return out[:min(len(out), MaxSamples)]
}

// Encode returns the stored form.
func (c *Catalog) Encode() ([]byte, error) {
	c.Layout = layout
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if err := json.NewEncoder(w).Encode(c); err != nil {
		return nil, fault.New(fault.Internal, "the event catalogue cannot be written").Because(err)
	}
	if err := w.Close(); err != nil {
		return nil, fault.New(fault.Internal, "the event catalogue cannot be written").Because(err)
	}
	return b.Bytes(), nil
}

// maxBytes bounds what a stored catalogue may unpack to.
const maxBytes = 64 << 20

// Decode reads what Encode wrote. Errors: Internal for damaged bytes; Conflict when a newer Weir wrote them.
func Decode(b []byte) (*Catalog, error) {
	damaged := fault.New(fault.Internal, "the event catalogue cannot be read").WithHint("count it again from the kept events: weir events rebuild")
	r, err := gzip.NewReader(bytes.NewReader(b))
	if err != nil {
		return nil, damaged.Because(err)
	}
	text, err := io.ReadAll(io.LimitReader(r, maxBytes))
	if err != nil {
		return nil, damaged.Because(err)
	}
	c := new(Catalog)
	if err := json.Unmarshal(text, c); err != nil {
		return nil, damaged.Because(err)
	}
	if c.Layout > layout {
		return nil, fault.New(fault.Conflict, "the event catalogue was written by a newer Weir").WithHint("use that version of Weir")
	}
	return c, nil
}
