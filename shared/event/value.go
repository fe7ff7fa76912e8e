package event

import (
	"strings"
	"unsafe"
)

// Str returns the text of a String.
func (v Value) Str() (string, bool) {
	return v.Raw, v.Kind == String
}

// Bool returns the value of a Bool.
func (v Value) Bool() (value, ok bool) {
	return v.Kind == Bool && v.Raw == "true", v.Kind == Bool
}

// Object returns the fields of a Nested value, indexed; the empty Object for any other.
func (v Value) Object() Object {
	if v.Kind != Nested {
		return Object{}
	}
	o, _ := ParseObject(v.Raw)
	return o
}

// Items returns the items of an Array, nil for any other.
func (v Value) Items() []Value {
	if v.Kind != Array {
		return nil
	}
	s := scanner{b: bytesOf(v.Raw), limits: Limits{Depth: maxDepth}}
	i := s.space(1)
	if i >= len(s.b) || s.b[i] == ']' {
		return nil
	}
	var items []Value
	for more := true; more; {
		var item Value
		if i = s.value(i, 1, &item); i < 0 {
			return nil
		}
		items = append(items, item)
		i, more = s.comma(i, ']')
	}
	return items
}

// maxDepth bounds the nesting of JSON that did not pass through a Parser.
const maxDepth = 512

// ParseObject indexes the text of a JSON object. ok is false when it is none.
func ParseObject(text string) (o Object, ok bool) {
	s := scanner{b: bytesOf(text), limits: Limits{Depth: maxDepth}}
	i := s.space(0)
	if i >= len(s.b) || s.b[i] != '{' {
		return Object{}, false
	}
	if i = s.object(i, 1, &o); i < 0 || s.space(i) != len(s.b) {
		return Object{}, false
	}
	return o, true
}

// Get returns the field with a key; a value of kind None when there is none.
func (o Object) Get(key string) Value {
	for i := range o.Fields {
		if o.Fields[i].Key == key {
			return o.Fields[i].Value
		}
	}
	return Value{}
}

// Path returns the value at a path: keys joined by dots, such as "address.city". A field whose own key holds the dots comes
// first.
func (o Object) Path(path string) Value {
	v := o.Get(path)
	if v.Kind != None {
		return v
	}
	key, rest, nested := strings.Cut(path, ".")
	if !nested {
		return v
	}
	return o.Get(key).Object().Path(rest)
}

// bytesOf returns the bytes of s without copying them: a scanner never writes to its text.
func bytesOf(s string) []byte { return unsafe.Slice(unsafe.StringData(s), len(s)) }

// Clone returns a copy of e that shares no memory with it.
func (e Event) Clone() Event {
	for _, s := range [...]*string{&e.MessageID, &e.UserID, &e.AnonymousID, &e.PreviousID, &e.GroupID, &e.Name} {
		*s = strings.Clone(*s)
	}
	e.Properties, e.Traits, e.Context = e.Properties.clone(), e.Traits.clone(), e.Context.clone()
	return e
}

func (o Object) clone() Object {
	c := Object{Raw: strings.Clone(o.Raw)}
	if len(o.Fields) == 0 {
		return c
	}
	c.Fields = make([]Field, len(o.Fields))
	for i, f := range o.Fields {
		c.Fields[i] = Field{Key: strings.Clone(f.Key), Value: Value{Kind: f.Value.Kind, Raw: strings.Clone(f.Value.Raw)}}
	}
	return c
}

// ParseValue reads the text of one JSON value. ok is false when it is none.
func ParseValue(text string) (v Value, ok bool) {
	s := scanner{b: bytesOf(text), limits: Limits{Depth: maxDepth}}
	i := s.value(s.space(0), 0, &v)
	if i < 0 || s.space(i) != len(s.b) {
		return Value{}, false
	}
	return v, true
}

// ReadObject indexes the text of a JSON object within limits into o, whose slice it reuses; o aliases text. It refuses what
// a Parser refuses.
func ReadObject(text string, l Limits, o *Object) *Reject {
	s := scanner{b: bytesOf(text), limits: l.deep()}
	i := s.space(0)
	switch {
	case i >= len(s.b) || s.b[i] != '{':
		i = s.failAt(i, faultObject)
	default:
		if i = s.object(i, 2, o); i >= 0 && s.space(i) != len(s.b) {
			i = s.failAt(i, faultTrailing)
		}
	}
	if i < 0 {
		return (&Parser{scan: s}).refuse()
	}
	return nil
}
