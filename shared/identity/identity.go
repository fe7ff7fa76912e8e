// Package identity decides which ids are one person. Links between ids are facts that events or people make; the canonical
// id of a linked set follows from the set of links alone, whatever their order.
package identity

import (
	"cmp"
	"slices"
	"strings"

	"github.com/weir-engine/weir/shared/event"
)

// Link is one fact that two user keys (event.Event.Key) are the same person. Which of the two is A does not matter; FromEvent
// gives A < B.
type Link struct {
	A, B    string
	Alias   bool  // an explicit alias: it alone may join two known ids
	Time    int64 // unix milliseconds
	Revoked int64 // when a person took the link back; 0: in force
}

// Resolution is what a set of links means.
type Resolution struct {
	// Canonical gives for every id that a link names, revoked or not, the id of its set: the smallest known id, or where
	// the set has none the smallest anonymous key. An id without another maps to itself.
	Canonical map[string]string
	// Conflicts are the links in force that were not followed, because they would have joined two known ids without an
	// alias between known ids: by (Time, A, B).
	Conflicts []Link
}

// Resolve returns the canonical ids under links. It depends on the set of links alone: neither on their order nor on
// repetitions. Two known ids are joined by a link between the two with Alias set, and by nothing else. An anonymous id that
// is linked to several known ids (a shared device) belongs to the one of the earliest (Time, known id); the other links are
// conflicts. Revoked links count for nothing.
func Resolve(links []Link) Resolution {
	r := Resolution{Canonical: map[string]string{}}
	sets := newSets()
	for _, l := range links {
		for _, id := range [...]string{l.A, l.B} {
			if id != "" {
				sets.id(id)
			}
		}
	}
	for _, l := range inOrder(links) {
		if known := isKnown(l.A) && isKnown(l.B); known && !l.Alias || !sets.join(l.A, l.B, known) {
			r.Conflicts = append(r.Conflicts, l)
		}
	}
	for i, id := range sets.ids {
		r.Canonical[id] = sets.ids[sets.best[sets.root(i)]]
	}
	slices.SortFunc(r.Conflicts, func(x, y Link) int {
		return cmp.Or(cmp.Compare(x.Time, y.Time), strings.Compare(x.A, y.A), strings.Compare(x.B, y.B), compareBool(x.Alias, y.Alias))
	})
	return r
}

// inOrder returns the links in force with A < B, each once with its earliest time, in the order in which they are followed:
// aliases between known ids, then the others by (Time, known id).
func inOrder(links []Link) []Link {
	out := make([]Link, 0, len(links))
	for _, l := range links {
		if l.Revoked != 0 || l.A == l.B || l.A == "" || l.B == "" {
			continue
		}
		if l.A > l.B {
			l.A, l.B = l.B, l.A
		}
		out = append(out, l)
	}
	slices.SortFunc(out, func(x, y Link) int {
		return cmp.Or(strings.Compare(x.A, y.A), strings.Compare(x.B, y.B), compareBool(y.Alias, x.Alias), cmp.Compare(x.Time, y.Time))
	})
	out = slices.CompactFunc(out, func(x, y Link) bool { return x.A == y.A && x.B == y.B && x.Alias == y.Alias })
	slices.SortFunc(out, func(x, y Link) int {
		return cmp.Or(
			compareBool(joinsKnown(y), joinsKnown(x)), cmp.Compare(x.Time, y.Time),
			strings.Compare(knownOf(x), knownOf(y)), strings.Compare(x.A, y.A), strings.Compare(x.B, y.B), compareBool(x.Alias, y.Alias),
		)
	})
	return out
}

// FromEvent returns the link that an event states: an identify that carries both ids, or an alias from previousId to the
// event's own key. A previousId is a known id unless it begins with "anon:" or equals the event's anonymousId. The strings
// alias those of the event.
func FromEvent(ev *event.Event) (Link, bool) {
	l := Link{Time: ev.Time}
	switch ev.Kind {
	case event.Identify:
		if ev.UserID == "" || ev.AnonymousID == "" {
			return Link{}, false
		}
		l.A, l.B = event.AnonPrefix+ev.AnonymousID, ev.UserID
	case event.Alias:
		if ev.PreviousID == "" || ev.UserID == "" && ev.AnonymousID == "" {
			return Link{}, false
		}
		l.A, l.B, l.Alias = ev.PreviousID, ev.Key(), true
		if ev.PreviousID == ev.AnonymousID {
			l.A = event.AnonPrefix + ev.PreviousID
		}
	default:
		return Link{}, false
	}
	if l.A == l.B {
		return Link{}, false
	}
	if l.A > l.B {
		l.A, l.B = l.B, l.A
	}
	return l, true
}

func isKnown(id string) bool { return !strings.HasPrefix(id, event.AnonPrefix) }

func joinsKnown(l Link) bool { return isKnown(l.A) && isKnown(l.B) }

// knownOf is the known id of a link between a known and an anonymous one, "" where both are anonymous.
func knownOf(l Link) string {
	switch {
	case isKnown(l.A):
		return l.A
	case isKnown(l.B):
		return l.B
	}
	return ""
}

func compareBool(x, y bool) int {
	switch {
	case x == y:
		return 0
	case y:
		return -1
	}
	return 1
}
