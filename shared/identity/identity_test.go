package identity

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/weir-engine/weir/shared/event"
)

// read makes links of lines such as "a1 - u1 @5", "u1 = u2 @3" (an alias), "a1 - u2 @4 revoked". Ids that begin with a are
// anonymous.
func read(t testing.TB, text string) []Link {
	t.Helper()
	var links []Link
	for line := range strings.SplitSeq(text, ",") {
		f := strings.Fields(line)
		if len(f) < 4 {
			t.Fatalf("bad line %q", line)
		}
		l := Link{A: id(f[0]), B: id(f[2]), Alias: f[1] == "="}
		if _, err := fmt.Sscanf(f[3], "@%d", &l.Time); err != nil {
			t.Fatal(err)
		}
		if len(f) > 4 {
			l.Revoked = 1
		}
		links = append(links, l)
	}
	return links
}

func id(s string) string {
	if s[0] == 'a' {
		return event.AnonPrefix + s
	}
	return s
}

// show writes a resolution as "a1>u1 u2>u1 | conflicts".
func show(r Resolution) string {
	var out []string
	for _, k := range slices.Sorted(maps.Keys(r.Canonical)) {
		if r.Canonical[k] != k {
			out = append(out, strings.TrimPrefix(k, event.AnonPrefix)+">"+strings.TrimPrefix(r.Canonical[k], event.AnonPrefix))
		}
	}
	text := strings.Join(out, " ")
	for _, c := range r.Conflicts {
		text += " !" + strings.TrimPrefix(c.A, event.AnonPrefix) + "-" + c.B
	}
	return text
}

func TestResolve(t *testing.T) {
	for _, c := range []struct{ name, links, want string }{
		{"an anonymous id becomes known", "a1 - u1 @5", "a1>u1"},
		{"two devices of one user", "a1 - u1 @5, a2 - u1 @6", "a1>u1 a2>u1"},
		{"anonymous ids alone: the smallest", "a2 = a1 @1, a3 = a2 @2", "a2>a1 a3>a1"},
		{"known ids are never joined by a device", "a1 - u1 @5, a1 - u2 @6", "a1>u1 !a1-u2"},
		{"the earliest link wins", "a1 - u1 @7, a1 - u2 @6", "a1>u2 !a1-u1"},
		{"at equal times the smaller known id wins", "a1 - u2 @5, a1 - u1 @5", "a1>u1 !a1-u2"},
		{"an alias joins known ids", "u1 = u2 @5", "u2>u1"},
		{"the smallest known id is the canonical one", "u3 = u2 @1, u2 = u1 @2", "u2>u1 u3>u1"},
		{"a link that is no alias joins no known ids", "u1 - u2 @5", " !u1-u2"},
		{"an alias of an anonymous id is no alias of known ids", "a1 = u1 @1, a1 = u2 @2", "a1>u1 !a1-u2"},
		{"no conflict between ids that an alias joins", "a1 - u1 @5, a1 - u2 @6, u2 = u1 @9", "a1>u1 u2>u1"},
		{"a device chain", "a1 = a2 @1, a2 - u1 @2, a1 - u2 @3", "a1>u1 a2>u1 !a1-u2"},
		{"a revoked link counts for nothing", "a1 - u1 @5 revoked, a1 - u2 @6", "a1>u2"},
		{"a revoked alias parts known ids", "u1 = u2 @5 revoked, a1 - u2 @6", "a1>u2"},
		{"a known id stays canonical before a smaller anonymous key", "a1 - zed @5", "a1>zed"},
		{"an id linked with itself", "u1 = u1 @5", ""},
	} {
		links := read(t, c.links)
		permute(links, func(order []Link) {
			if got := show(Resolve(order)); got != c.want {
				t.Errorf("%s: %v gives %q, want %q", c.name, order, got, c.want)
			}
		})
	}
	if r := Resolve(nil); len(r.Canonical) != 0 || r.Conflicts != nil {
		t.Errorf("nothing gives %+v", r)
	}
}

// permute calls f with every order of links.
func permute(links []Link, f func([]Link)) {
	var walk func(int)
	walk = func(n int) {
		if n == len(links) {
			f(slices.Clone(links))
			return
		}
		for i := n; i < len(links); i++ {
			links[n], links[i] = links[i], links[n]
			walk(n + 1)
			links[n], links[i] = links[i], links[n]
		}
	}
	walk(0)
}

func drawLink(t *rapid.T) Link {
	ids := []string{"anon:1", "anon:2", "anon:3", "anon:4", "u1", "u2", "u3", "u4"}
	return Link{
		A: rapid.SampledFrom(ids).Draw(t, "a"), B: rapid.SampledFrom(ids).Draw(t, "b"), Alias: rapid.Bool().Draw(t, "alias"),
		Time: rapid.Int64Range(0, 4).Draw(t, "time"), Revoked: rapid.SampledFrom([]int64{0, 0, 0, 9}).Draw(t, "revoked"),
	}
}

// TestResolveDependsOnTheSetAlone: order, direction, repetition and revoked links change nothing.
func TestResolveDependsOnTheSetAlone(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		links := rapid.SliceOfN(rapid.Custom(drawLink), 0, 14).Draw(t, "links")
		want := Resolve(links)
		shuffled := rapid.Permutation(append(slices.Clone(links), links...)).Draw(t, "order")
		for i := range shuffled {
			if rapid.Bool().Draw(t, "turn") {
				shuffled[i].A, shuffled[i].B = shuffled[i].B, shuffled[i].A
			}
		}
		if got := Resolve(shuffled); !reflect.DeepEqual(got, want) {
			t.Fatalf("got %v, want %v", got, want)
		}
		inForce := slices.DeleteFunc(slices.Clone(links), func(l Link) bool { return l.Revoked != 0 })
		for k, v := range Resolve(inForce).Canonical {
			if want.Canonical[k] != v {
				t.Fatalf("a revoked link moves %s", k)
			}
		}
	})
}

// TestResolveJoinsKnownIdsByAliasAlone compares the known ids with the closure of the aliases between them.
func TestResolveJoinsKnownIdsByAliasAlone(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		links := rapid.SliceOfN(rapid.Custom(drawLink), 0, 20).Draw(t, "links")
		got := Resolve(links).Canonical
		var aliases []Link
		for _, l := range links {
			if l.Alias && isKnown(l.A) && isKnown(l.B) {
				aliases = append(aliases, l)
			}
		}
		want := Resolve(aliases).Canonical
		for k, v := range got {
			switch {
			case isKnown(k):
				if w, ok := want[k]; ok && w != v || !ok && v != k {
					t.Fatalf("%s: got %s, want %s", k, v, w)
				}
			case got[v] != v:
				t.Fatalf("%s points to %s, which is not canonical", k, v)
			}
			if v > k && isKnown(k) == isKnown(v) {
				t.Fatalf("%s points to the larger %s", k, v)
			}
		}
	})
}

// TestAnonymousThenKnown: a visitor's events in every order lead to the same user.
func TestAnonymousThenKnown(t *testing.T) {
	events := []event.Event{
		{Kind: event.Track, AnonymousID: "d1", Time: 1},
		{Kind: event.Identify, AnonymousID: "d1", UserID: "maria", Time: 2},
		{Kind: event.Track, UserID: "maria", AnonymousID: "d1", Time: 3},
		{Kind: event.Identify, AnonymousID: "d2", UserID: "maria", Time: 4},
		{Kind: event.Identify, AnonymousID: "d1", UserID: "john", Time: 5},
		{Kind: event.Alias, PreviousID: "maria", UserID: "maria@example.com", Time: 6},
	}
	want := map[string]string{"anon:d1": "maria", "anon:d2": "maria", "maria": "maria", "maria@example.com": "maria", "john": "john"}
	var links []Link
	for i := range events {
		if l, ok := FromEvent(&events[i]); ok {
			links = append(links, l)
		}
	}
	permute(links, func(order []Link) {
		r := Resolve(order)
		if !maps.Equal(r.Canonical, want) || len(r.Conflicts) != 1 || r.Conflicts[0].B != "john" {
			t.Fatalf("%v gives %+v", order, r)
		}
	})
}

func TestFromEvent(t *testing.T) {
	for _, c := range []struct {
		name string
		ev   event.Event
		want Link
		ok   bool
	}{
		{"identify", event.Event{Kind: event.Identify, UserID: "u", AnonymousID: "d", Time: 7}, Link{A: "anon:d", B: "u", Time: 7}, true},
		{"identify of a user that sorts first", event.Event{Kind: event.Identify, UserID: "A", AnonymousID: "d"}, Link{A: "A", B: "anon:d"}, true},
		{"identify without a device", event.Event{Kind: event.Identify, UserID: "u"}, Link{}, false},
		{"identify without a user", event.Event{Kind: event.Identify, AnonymousID: "d"}, Link{}, false},
		{"alias of known ids", event.Event{Kind: event.Alias, PreviousID: "v", UserID: "u"}, Link{A: "u", B: "v", Alias: true}, true},
		{"alias of an anonymous key", event.Event{Kind: event.Alias, PreviousID: "anon:d", UserID: "u"}, Link{A: "anon:d", B: "u", Alias: true}, true},
		{"alias of the event's own device", event.Event{Kind: event.Alias, PreviousID: "d", UserID: "u", AnonymousID: "d"}, Link{A: "anon:d", B: "u", Alias: true}, true},
		{"alias to a device", event.Event{Kind: event.Alias, PreviousID: "anon:c", AnonymousID: "d"}, Link{A: "anon:c", B: "anon:d", Alias: true}, true},
		{"alias of itself", event.Event{Kind: event.Alias, PreviousID: "u", UserID: "u"}, Link{}, false},
		{"alias without a previous id", event.Event{Kind: event.Alias, UserID: "u"}, Link{}, false},
		{"track with both ids", event.Event{Kind: event.Track, UserID: "u", AnonymousID: "d"}, Link{}, false},
	} {
		if got, ok := FromEvent(&c.ev); got != c.want || ok != c.ok {
			t.Errorf("%s: got %+v %v, want %+v %v", c.name, got, ok, c.want, c.ok)
		}
	}
}
