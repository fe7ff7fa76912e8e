package segment

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// A condition written as JSON and read back is the same condition.
func TestTreeRoundTrip(t *testing.T) {
	schema := testSchema()
	check := func(t interface{ Fatalf(string, ...any) }, p *Program) {
		again, err := FromJSON(string(p.Tree().AppendJSON(nil)), schema)
		if err != nil {
			t.Fatalf("%s: %v", p, err)
		}
		if again.String() != p.String() || !sameTree(p.root, again.root) {
			t.Fatalf("%s became %s", p, again)
		}
	}
	for _, src := range holdTable {
		if p, err := Compile(src, schema); err == nil {
			check(t, p)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		g := programs{t: t}
		if rapid.Bool().Draw(t, "moving") {
			check(t, compileDrawn(t, g.moving(4)))
		} else {
			check(t, compileDrawn(t, g.condition(5)))
		}
	})
}

// What a builder may write, and the text it means.
func TestTextFromJSON(t *testing.T) {
	for _, c := range []struct{ tree, want string }{
		{`{"op":"bool","value":true}`, "true"},
		{` {"op":"&&","args":[{"op":"bool","value":true}]} `, "true"},
		{`{"op":"&&","args":[{"op":"&&","args":[{"op":"ref","ref":"traits.a"},{"op":"ref","ref":"traits.b"}]},{"op":"ref","ref":"traits.c"}]}`, "traits.a && traits.b && traits.c"},
		{`{"op":">=","args":[{"op":"ref","kind":"field","name":"orders","window":30},{"op":"number","value":3e0}]}`, "orders[30] >= 3"},
		{`{"op":"==","args":[{"op":"ref","kind":"trait","name":"plan name"},{"op":"string","value":"a\u0022b"}]}`, `traits["plan name"] == "a\"b"`},
		{`{"op":"!","args":[{"op":"in","args":[{"op":"ref","ref":"stage"},{"op":"list","args":[{"op":"null"}]}]}]}`, "stage not in [null]"},
		{`{"op":"<","args":[{"op":"-","args":[{"op":"number","value":1},{"op":"number","value":-0}]},{"op":"ref","kind":"event","name":"A","stat":"count"}]}`, `1 - 0 < event("A").count`},
		{`{"op":">","args":[{"op":"call","name":"days_since","args":[{"op":"ref","ref":"last_seen"}]},{"op":"number","value":7}]}`, "days_since(last_seen) > 7"},
		{`{"op":"ref","kind":"tag","name":"vip"}`, `tags.has("vip")`},
	} {
		got, err := TextFromJSON(c.tree)
		if err != nil || got != c.want {
			t.Errorf("%s\n%s, want %s (%v)", c.tree, got, c.want, err)
		}
	}
}

func TestTreeErrors(t *testing.T) {
	deep := strings.Repeat(`{"op":"!","args":[`, 70) + `{"op":"bool","value":true}` + strings.Repeat(`]}`, 70)
	wide := `{"op":"&&","args":[` + strings.Repeat(`{"op":"bool","value":true},`, 1001) + `{"op":"bool","value":true}]}`
	for _, c := range []struct{ tree, want string }{
		{"", "the tree is not valid JSON"},
		{"{", "the tree is not valid JSON"},
		{"[]", "$: this is no node"},
		{`{"op":"add"}`, `$: there is no op "add"`},
		{`{"op":"&&"}`, "$: && has 0 arguments; expected at least 1"},
		{`{"op":"!","args":[{"op":"!","args":[]}]}`, "$.args[0]: ! has 0 arguments"},
		{`{"op":"==","args":[{"op":"null"},3]}`, "$.args[1]: this is no node"},
		{`{"op":"!","args":{}}`, "$: args is no list"},
		{`{"op":"bool","value":1}`, "$: value is no bool"},
		{`{"op":"number","value":"1"}`, "$: value is no number"},
		{`{"op":"number","value":1e999}`, "$: value is no number"},
		{`{"op":"string"}`, "$: value is no string"},
		{`{"op":"call","name":"a b"}`, "$: a call has no name"},
		{`{"op":"ref"}`, "$: a reference has neither"},
		{`{"op":"ref","ref":"1 + 1"}`, "$: 1 + 1 is no reference"},
		{`{"op":"ref","kind":"trait"}`, "$: a reference lacks its name"},
		{`{"op":"ref","kind":"event","name":"A"}`, "$: a reference lacks its name, or an event its stat"},
		{`{"op":"ref","kind":"colour","name":"A"}`, `$: there is no kind "colour"`},
		{`{"op":"ref","kind":"metric","name":"a","window":1.5}`, "$: window is no number of days"},
		{`{"op":"ref","ref":"traits.a","kind":"trait","name":"b"}`, "$: traits.a and traits.b are not the same"},
		{`{"op":"ref","kind":"measure","name":"counts"}`, `$: there is no measure "counts"; expected one of count, sum`},
		{`{"op":"ref","kind":"measure","name":"count"}`, "$: events is no list of 1 to 8 events"},
		{`{"op":"ref","kind":"measure","name":"count","events":[{}]}`, "$.events[0]: the event has no name"},
		{`{"op":"ref","kind":"measure","name":"count","events":[{"event":"A","where":{"op":"x"}}],"window":3}`, "$.events[0].where: there is no op"},
		{`{"op":"ref","kind":"measure","name":"regularly","events":[{"event":"A"}],"least":0}`, "$: least is no number"},
		{`{"op":"ref","kind":"measure","name":"count","events":[{"event":"A"}]}`, `1:10: found ) in count(…)`},
		{`{"op":"ref","kind":"measure","name":"sum","events":[{"event":"A"}],"value":"a..b","window":3}`, "1:12: found . after a"},
		{`{"op":"ref","kind":"measure","name":"count","events":[{"event":"A"}],"value":"x","window":3}`, "1:12: count counts events and reads no property"},
		{`{"op":"ref","kind":"measure","name":"count","events":[{"event":"A","where":{"op":"ref","kind":"field","name":"a > 1 || b"}}],"window":3}`, "the tree holds a name that is none"},
		{`{"op":"ref","kind":"field","name":"orders > 1 || orders"}`, "the tree holds a name that is none"},
		{`{"op":"ref","kind":"field","name":"true"}`, "the tree holds a name that is none"},
		{deep, "nested more than 64 deep"},
		{wide, "more than 1000 parts"},
		{strings.Repeat(" ", MaxTree+1), "the tree is longer than"},
	} {
		_, err := FromJSON(c.tree, testSchema())
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%.80s: %v, want %s", c.tree, err, c.want)
		}
	}
	if _, err := FromJSON(`{"op":">","args":[{"op":"ref","ref":"ordes"},{"op":"number","value":1}]}`, testSchema()); err == nil || !strings.Contains(err.Error(), "did you mean orders?") {
		t.Error(err)
	}
}

func FuzzFromJSON(f *testing.F) {
	schema := measured(testSchema())
	for _, m := range measures {
		if p, err := Compile(m.src, schema); err == nil {
			f.Add(string(p.Tree().AppendJSON(nil)))
		}
	}
	for _, src := range holdTable {
		if p, err := Compile(src, schema); err == nil {
			f.Add(string(p.Tree().AppendJSON(nil)))
		}
	}
	f.Add(`{"op":"-","args":[{"op":"number","value":-0}]}`)
	f.Fuzz(func(t *testing.T, tree string) {
		p, err := FromJSON(tree, schema)
		if err != nil {
			if e := err.(*Error); e.Message == "" {
				t.Fatalf("%q: %+v", tree, e)
			}
			return
		}
		again, err := FromJSON(string(p.Tree().AppendJSON(nil)), schema)
		if err != nil {
			if err.(*Error).TooLarge {
				return
			}
			t.Fatalf("%q: %s is not read back: %v", tree, p, err)
		}
		if again.String() != p.String() || !sameTree(p.root, again.root) {
			t.Fatalf("%q: %s became %s", tree, p, again)
		}
	})
}
