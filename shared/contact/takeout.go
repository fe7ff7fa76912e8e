package contact

import (
	"strings"

	"github.com/weir-engine/weir/shared/event"
)

// Taken is one contact field that was taken out of an event.
type Taken struct {
	Kind    string
	Ref     string
	Address string // normalised
	Valid   bool   // the address can be written to
	Trait   bool   // the user's own: a trait of identify, which is what the address of a user is
}

// Has reports whether an event holds contact data, in the traits, the properties or the traits of its context.
func Has(ev *event.Event) bool {
	return hasField(&ev.Traits) || hasField(&ev.Properties) || hasField(ptr(contextTraits(ev)))
}

func ptr(o event.Object) *event.Object { return &o }

func hasField(o *event.Object) bool {
	for i := range o.Fields {
		if personal(&o.Fields[i]) {
			return true
		}
	}
	return false
}

// personal reports whether a field holds contact data: a text or a number that is there.
func personal(f *event.Field) bool {
	return len(f.Key) == len(Email) && kindOf(f.Key) != "" &&
		(f.Value.Kind == event.String || f.Value.Kind == event.Number) && f.Value.Raw != ""
}

func kindOf(name string) string {
	switch {
	case strings.EqualFold(name, Email):
		return Email
	case strings.EqualFold(name, Phone):
		return Phone
	}
	return ""
}

func contextTraits(ev *event.Event) event.Object {
	for i := range ev.Context.Fields {
		if f := &ev.Context.Fields[i]; f.Key == "traits" && f.Value.Kind == event.Nested {
			return f.Value.Object()
		}
	}
	return event.Object{}
}

// TakeOut replaces the contact fields of an event by their references. It returns what it took, and the fields as they stood as
// one JSON object: {"traits": {…}, "properties": {…}, "context": {"traits": {…}}}. An event without contact data stays as it is.
// The hash of the content becomes a keyed one, so that nobody can try addresses against it.
func (x *Index) TakeOut(ev *event.Event) (taken []Taken, original string) {
	if !Has(ev) {
		return nil, ""
	}
	parts := make([]string, 0, 3)
	part := func(name, fields string) {
		if fields != "" {
			parts = append(parts, `"`+name+`":`+fields)
		}
	}
	part("traits", x.replace(&ev.Traits, ev.Kind == event.Identify, &taken))
	part("properties", x.replace(&ev.Properties, false, &taken))
	if traits := contextTraits(ev); hasField(&traits) {
		fields := x.replace(&traits, false, &taken)
		own := make([]event.Field, len(ev.Context.Fields))
		copy(own, ev.Context.Fields)
		for i := range own {
			if own[i].Key == "traits" {
				own[i].Value.Raw = traits.Raw
			}
		}
		ev.Context.Fields, ev.Context.Raw = own, text(own)
		part("context", `{"traits":`+fields+`}`)
	}
	if ev.MessageID == "" {
		ev.Content = x.content(ev.Content)
	}
	return taken, "{" + strings.Join(parts, ",") + "}"
}

// replace puts references in the place of an object's contact fields, and returns these as a JSON object.
func (x *Index) replace(o *event.Object, trait bool, taken *[]Taken) string {
	if !hasField(o) {
		return ""
	}
	fields := make([]event.Field, len(o.Fields))
	copy(fields, o.Fields)
	var out []event.Field
	for i := range fields {
		f := &fields[i]
		if !personal(f) {
			continue
		}
		out = append(out, *f)
		t := Taken{Kind: kindOf(f.Key), Trait: trait}
		t.Address, t.Valid = Normalize(t.Kind, f.Value.Raw)
		t.Address = t.Address[:min(len(t.Address), maxOthers)]
		t.Ref = x.Ref(t.Kind, t.Address)
		f.Value = event.Value{Kind: event.String, Raw: t.Ref}
		*taken = append(*taken, t)
	}
	o.Fields, o.Raw = fields, text(fields)
	return text(out)
}

// text writes fields as a JSON object.
func text(fields []event.Field) string {
	b := []byte{'{'}
	for i := range fields {
		f := &fields[i]
		if i > 0 {
			b = append(b, ',')
		}
		b = append(event.AppendString(b, f.Key), ':')
		switch f.Value.Kind {
		case event.String:
			b = event.AppendString(b, f.Value.Raw)
		case event.None, event.Null:
			b = append(b, "null"...)
		default:
			b = append(b, f.Value.Raw...)
		}
	}
	return string(append(b, '}'))
}
