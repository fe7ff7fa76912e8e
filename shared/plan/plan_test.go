package plan

import (
	"strings"
	"testing"

	"github.com/weir-engine/weir/shared/event"
	"github.com/weir-engine/weir/shared/fault"
)

const shop = `
weir_plan: 1
name: shop
unplanned: flag
events:
  Order Completed:
    description: a paid order
    schema:
      type: object
      required: [order_id, revenue]
      properties:
        order_id: {type: string, minLength: 1}
        revenue: {type: number, minimum: 0}
        currency: {enum: [USD, CNY]}
        items:
          type: array
          items: {$ref: "#/$defs/item"}
      $defs:
        item:
          type: object
          required: [price]
          properties: {price: {type: number, multipleOf: 0.01}}
          additionalProperties: false
  Signed Up: {mode: flag, schema: {required: [plan]}}
  $identify: {schema: {properties: {age: {type: integer, maximum: 150}}}}
`

func mustParse(t testing.TB, text string) *Plan {
	t.Helper()
	p, err := Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func track(t testing.TB, name, properties string) *event.Event {
	t.Helper()
	o, ok := event.ParseObject(properties)
	if !ok {
		t.Fatalf("%s is no object", properties)
	}
	return &event.Event{Kind: event.Track, UserID: "u", Name: name, Properties: o}
}

func TestCheck(t *testing.T) {
	p := mustParse(t, shop)
	for _, c := range []struct{ name, properties, want string }{
		{"Order Completed", `{"order_id":"a","revenue":3}`, ""},
		{"Order Completed", `{"order_id":"a","revenue":3,"currency":"CNY","items":[{"price":0.07},{"price":1e1}]}`, ""},
		{"Order Completed", `{"revenue":3}`, "quarantine properties.order_id is missing"},
		{"Order Completed", `{"order_id":"a","revenue":"3"}`, "quarantine properties.revenue is a string; expected number"},
		{"Order Completed", `{"order_id":"a","revenue":-1}`, "quarantine properties.revenue is too small; expected at least 0"},
		{"Order Completed", `{"order_id":"a","revenue":1,"currency":"EUR"}`, `quarantine properties.currency has another value; expected one of "USD", "CNY"`},
		{"Order Completed", `{"order_id":"a","revenue":1,"items":[{"price":1},{"price":0.005}]}`, "quarantine properties.items[1].price is no multiple; expected a multiple of 0.01"},
		{"Order Completed", `{"order_id":"a","revenue":1,"items":[{"price":1,"x":1}]}`, "quarantine properties.items[0].x is not named by the plan; expected only the properties that the schema names"},
		{"Order Completed", `{"order_id":"","revenue":1}`, "quarantine properties.order_id has 0 characters; expected at least 1"},
		{"Signed Up", `{}`, "flag properties.plan is missing"},
		{"Signed Up", `{"plan":null}`, ""},
		{"Else", `{}`, "flag the plan does not name this event; expected an event of the plan"},
		{"$page", `{}`, ""},
	} {
		got := ""
		if v := p.Check(c.name, track(t, c.name, c.properties)); v != nil {
			got = string(v.Mode) + " " + v.Text()
		}
		if got != c.want {
			t.Errorf("%s %s: %q, want %q", c.name, c.properties, got, c.want)
		}
	}
	traits, _ := event.ParseObject(`{"age":200}`)
	ev := &event.Event{Kind: event.Identify, UserID: "u", Traits: traits}
	if v := p.Check("$identify", ev); v == nil || v.Text() != "traits.age is too large; expected at most 150" {
		t.Errorf("an identify gives %v", v)
	}
	if v := p.Check("Signed Up", &event.Event{Kind: event.Track, Name: "Signed Up"}); v == nil {
		t.Error("an event without properties keeps a schema that requires one")
	}
}

func TestVersionIsTheMeaning(t *testing.T) {
	a := mustParse(t, "weir_plan: 1\nevents: {A: {mode: flag, schema: {type: object, maxProperties: 3}}}")
	b := mustParse(t, "# said otherwise\nevents:\n  A:\n    schema: {maxProperties: 3, type: object}\n    mode: flag\nweir_plan: 1\n")
	c := mustParse(t, "weir_plan: 1\nevents: {A: {mode: flag, schema: {type: object, maxProperties: 4}}}")
	if a.Version() != b.Version() || a.Version() == c.Version() || len(a.Version()) != 12 {
		t.Errorf("versions %s, %s, %s", a.Version(), b.Version(), c.Version())
	}
	if e, ok := mustParse(t, shop).Event("Order Completed"); !ok || len(e.Properties) != 4 || !e.Properties[1].Required || e.Properties[1].Types[0] != "number" {
		t.Errorf("the event is %+v", e)
	}
}

func TestProblems(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"", "1:1: the file is empty; expected weir_plan: 1"},
		{"events: {}", "1:1: weir_plan: the version of the file is missing or unknown; expected weir_plan: 1"},
		{"weir_plan: 1\nunplaned: flag", "2:1: unplaned: the key unplaned is unknown; expected unplanned"},
		{"weir_plan: 1\nunplanned: drop", "2:12: unplanned: this is no mode; expected one of allow, flag, quarantine"},
		{"weir_plan: 1\nevents:\n  A: {mode: allow}", "3:13: events.A.mode: this is no mode; expected one of quarantine, flag"},
		{"weir_plan: 1\nevents:\n  A: {schema: {type: strng}}", "3:22: events.A.schema.type: this is no type of JSON Schema; expected string"},
		{"weir_plan: 1\nevents:\n  A: {schema: {minimun: 3}}", "3:16: events.A.schema.minimun: the keyword minimun is not checked; expected minimum"},
		{"weir_plan: 1\nevents:\n  A: {schema: {$ref: 'https://example.com/a.json'}}", "the reference https://example.com/a.json names nothing here"},
		{"weir_plan: 1\nevents:\n  A: {schema: {$ref: '#/$defs/x'}}", "names nothing here"},
		{"weir_plan: 1\nevents:\n  A: {schema: {pattern: '(?=a)'}}", "this is no regular expression"},
		{"weir_plan: 1\nevents:\n  A: {schema: {pattern: 'a{600}b{600}'}}", "the pattern is too large"},
		{"weir_plan: 1\nevents:\n  A: {schema: {format: ipv4}}", "this format is not checked"},
		{"weir_plan: 1\nevents:\n  $else: {}", "there is no kind of event $else"},
		{"weir_plan: 1\nevents:\n  A: {}\n  A: {}", "stands twice"},
		{"weir_plan: 1\nevents: [A]", "this is a list"},
	} {
		_, err := Parse([]byte(c.text))
		if !fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q gives %v, want %q", c.text, err, c.want)
		}
	}
}

// A schema can ask for any number of comparisons: an event is given up at a bound.
func TestReferencesThatGoRoundEnd(t *testing.T) {
	p := mustParse(t, `
weir_plan: 1
events:
  A:
    schema:
      $ref: "#/$defs/a"
      $defs:
        a: {anyOf: [{$ref: "#/$defs/b"}, {$ref: "#/$defs/b"}]}
        b: {not: {allOf: [{$ref: "#/$defs/a"}, {$ref: "#/$defs/a"}]}}
`)
	v := p.Check("A", track(t, "A", `{"x":1}`))
	if v == nil || !strings.Contains(v.Text(), "too complex") {
		t.Errorf("the check gives %v", v)
	}
}

func FuzzParse(f *testing.F) {
	f.Add(shop, `{"order_id":"a","revenue":1}`)
	f.Add("weir_plan: 1\nevents: {A: {schema: {$ref: '#'}}}", `{}`)
	f.Fuzz(func(t *testing.T, text, properties string) {
		p, err := Parse([]byte(text))
		if err != nil {
			if code := fault.CodeOf(err); code != fault.Invalid && code != fault.TooLarge {
				t.Fatalf("%q fails as %s: %v", text, code, err)
			}
			return
		}
		o, ok := event.ParseObject(properties)
		if !ok {
			return
		}
		for _, e := range p.Events {
			first := p.Check(e.Name, &event.Event{Kind: event.Track, Name: e.Name, Properties: o})
			again := p.Check(e.Name, &event.Event{Kind: event.Track, Name: e.Name, Properties: o})
			if (first == nil) != (again == nil) || first != nil && *first != *again {
				t.Fatalf("two checks differ: %v, %v", first, again)
			}
		}
	})
}
