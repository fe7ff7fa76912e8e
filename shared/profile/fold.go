package profile

import (
	"cmp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/cespare/xxhash/v2"

	"github.com/weir-engine/weir/shared/event"
	"github.com/weir-engine/weir/shared/zone"
)

// Fold adds one event, which Check has passed and which f does not hold yet, to f. The order of folds does not matter. Fold
// copies what it keeps.
func (s *Schema) Fold(f *Facts, ev *event.Event, id event.ID) {
	var x Extract
	var r reading
	s.extract(ev, &x, &r)
	s.fold(f, &x, ev, id, &r)
}

// see counts an event.
func (f *Facts) see(at int64) {
	if f.Events == 0 {
		f.FirstSeen, f.LastSeen = at, at
	}
	f.FirstSeen, f.LastSeen = min(f.FirstSeen, at), max(f.LastSeen, at)
	f.Events++
}

// orderHash is 48 bits of the hash of an order id, which may be a text or a number.
func orderHash(id event.Value) (hash uint64, ok bool) {
	if id.Kind != event.String && id.Kind != event.Number || id.Raw == "" {
		return 0, false
	}
	return xxhash.Sum64String(id.Raw) >> 16, true
}

// count notes a declared event.
func (f *Facts) count(key uint32, at int64) {
	i := 0
	for i < len(f.Counts) && f.Counts[i].Key < key {
		i++
	}
	if i == len(f.Counts) || f.Counts[i].Key != key {
		f.Counts = slices.Insert(f.Counts, i, EventCount{Key: key, First: at, Last: at, Count: 1})
		return
	}
	c := &f.Counts[i]
	c.First, c.Last, c.Count = min(c.First, at), max(c.Last, at), c.Count+1
}

// foldTraits writes the traits of an identify.
func (f *Facts) foldTraits(ev *event.Event, id uint64) {
	for i := range ev.Traits.Fields {
		field := &ev.Traits.Fields[i]
		if field.Value.Kind == event.None || field.Key == "" || len(field.Key) > MaxTraitName {
			continue
		}
		f.trait(&Trait{Name: field.Key, Value: traitValue(field.Value), Time: ev.Time, ID: id}, true)
	}
}

// traitValue is the value that is kept of a trait: at most MaxTraitValue bytes.
func traitValue(v event.Value) event.Value {
	if v.Kind == event.Null {
		return event.Value{Kind: event.Null}
	}
	if len(v.Raw) <= MaxTraitValue {
		return v
	}
	if v.Kind == event.String {
		return event.Value{Kind: event.String, Raw: cutText(v.Raw, MaxTraitValue)}
	}
	return event.Value{Kind: event.Null}
}

// cutText cuts s to at most n bytes at a character.
func cutText(s string, n int) string {
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}

// trait writes one trait unless the one there is later. Of more than MaxTraits those stay whose names sort first: a name that
// falls out can never come back, so that the order of events does not matter.
func (f *Facts) trait(t *Trait, clone bool) {
	i, ok := slices.BinarySearchFunc(f.Traits, t.Name, func(x Trait, name string) int { return strings.Compare(x.Name, name) })
	if ok {
		have := &f.Traits[i]
		if !t.after(have) {
			return
		}
		if have.Value != t.Value {
			have.Value = t.Value
			if clone {
				have.Value.Raw = strings.Clone(t.Value.Raw)
			}
		}
		have.Time, have.ID = t.Time, t.ID
		return
	}
	if i >= MaxTraits {
		return
	}
	if len(f.Traits) == MaxTraits {
		f.Traits = f.Traits[:MaxTraits-1]
	}
	f.Traits = slices.Insert(f.Traits, i, *t)
	if clone {
		f.Traits[i].Name, f.Traits[i].Value.Raw = strings.Clone(t.Name), strings.Clone(t.Value.Raw)
	}
}

// after reports whether t was written after x. Equal writers cannot differ but by a collision of hashes; then the larger
// value counts.
func (t *Trait) after(x *Trait) bool {
	if t.Time != x.Time {
		return t.Time > x.Time
	}
	if t.ID != x.ID {
		return t.ID > x.ID
	}
	return cmp.Or(cmp.Compare(t.Value.Kind, x.Value.Kind), strings.Compare(t.Value.Raw, x.Value.Raw)) > 0
}

// foldTags sets and clears tags. A tag for n days holds on the event's day and the n-1 days after it, like a window.
func (s *Schema) foldTags(f *Facts, ev *event.Event, day zone.Day, tags []int, id uint64) {
	for _, at := range tags {
		rule := &s.tags[at]
		if rule.where != nil && !s.holds(rule.where, ev) {
			continue
		}
		t := Tag{Name: rule.tag, Source: EventName(ev), Time: ev.Time, ID: id, Removed: rule.remove}
		if rule.days > 0 && !rule.remove {
			t.Expires = s.zone.Start(day + zone.Day(rule.days))
		}
		f.tag(&t, true)
	}
}

// tag writes one tag unless the one there is later.
func (f *Facts) tag(t *Tag, clone bool) {
	i, ok := slices.BinarySearchFunc(f.Tags, t.Name, func(x Tag, name string) int { return strings.Compare(x.Name, name) })
	if ok && !t.after(&f.Tags[i]) {
		return
	}
	if !ok {
		f.Tags = slices.Insert(f.Tags, i, Tag{Name: t.Name})
	}
	have := &f.Tags[i]
	source := have.Source
	if source != t.Source {
		if source = t.Source; clone {
			source = strings.Clone(source)
		}
	}
	*have = Tag{Name: have.Name, Source: source, Time: t.Time, ID: t.ID, Expires: t.Expires, Removed: t.Removed}
}

// after reports whether t was written after x. Of two rules that one event meets, removing wins, then the later expiry.
func (t *Tag) after(x *Tag) bool {
	if t.Time != x.Time {
		return t.Time > x.Time
	}
	if t.ID != x.ID {
		return t.ID > x.ID
	}
	if t.Removed != x.Removed {
		return t.Removed
	}
	if t.Expires != x.Expires {
		return t.Expires == 0 || x.Expires != 0 && t.Expires > x.Expires
	}
	return t.Source > x.Source
}
