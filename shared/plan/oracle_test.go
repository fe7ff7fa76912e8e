package plan

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/weir-engine/weir/shared/event"
)

// dice makes random schemas and values of the same few names, so that they meet.
type dice struct{ *rand.Rand }

func pick[T any](d dice, all ...T) T { return all[d.IntN(len(all))] }

func (d dice) number() string {
	return pick(d, "0", "1", "-1", "2", "1.0", "2.5", "0.01", "0.07", "1e2", "100", "-0.5", "3.00000000000000001", "12345678901234567890", "1e-3")
}

func (d dice) value(depth int) string {
	n := 7
	if depth == 0 {
		n = 5
	}
	switch d.IntN(n) {
	case 0:
		return "null"
	case 1:
		return pick(d, "true", "false")
	case 2:
		return d.number()
	case 3, 4:
		return pick(d, `""`, `"a"`, `"ab"`, `"abc"`, `"日本"`, `"2026-01-31"`, `"x@y.z"`)
	case 5:
		items := make([]string, d.IntN(4))
		for i := range items {
			items[i] = d.value(depth - 1)
		}
		return "[" + strings.Join(items, ",") + "]"
	}
	return d.object(depth - 1)
}

func (d dice) object(depth int) string {
	var fields []string
	for _, key := range []string{"a", "b", "c", "xy"} {
		if d.IntN(2) == 0 {
			fields = append(fields, `"`+key+`":`+d.value(depth))
		}
	}
	return "{" + strings.Join(fields, ",") + "}"
}

func (d dice) schema(depth int) string {
	if d.IntN(20) == 0 {
		return pick(d, "true", "false")
	}
	var parts []string
	add := func(format string, args ...any) { parts = append(parts, fmt.Sprintf(format, args...)) }
	if d.IntN(3) == 0 {
		add(`"type":%q`, pick(d, typeNames...))
	} else if d.IntN(3) == 0 {
		add(`"type":[%q,%q]`, typeNames[d.IntN(3)], typeNames[3+d.IntN(4)])
	}
	for range d.IntN(3) {
		switch d.IntN(16) {
		case 0:
			add(`"enum":[%s,%s,%s]`, d.value(0), d.number(), pick(d, `"a"`, "null"))
		case 1:
			add(`"const":%s`, d.value(0))
		case 2:
			add(`"minimum":%s`, d.number())
		case 3:
			add(`"maximum":%s`, d.number())
		case 4:
			add(`"exclusiveMinimum":%s`, d.number())
		case 5:
			add(`"exclusiveMaximum":%s`, d.number())
		case 6:
			add(`"multipleOf":%s`, pick(d, "1", "0.01", "2.5", "3"))
		case 7:
			add(`"minLength":%d`, d.IntN(4))
		case 8:
			add(`"maxLength":%d`, d.IntN(4))
		case 9:
			add(`"pattern":%q`, pick(d, "^a", "b$", "^[a-z]{2}$", "日"))
		case 10:
			add(`"minItems":%d`, d.IntN(3))
		case 11:
			add(`"maxItems":%d`, d.IntN(3))
		case 12:
			add(`"uniqueItems":true`)
		case 13:
			add(`"minProperties":%d`, d.IntN(3))
		case 14:
			add(`"maxProperties":%d`, d.IntN(3))
		case 15:
			add(`"required":[%q]`, pick(d, "a", "b", "xy"))
		}
	}
	if depth > 0 {
		for range 1 + d.IntN(2) {
			sub := func() string { return d.schema(depth - 1) }
			switch d.IntN(11) {
			case 0, 1, 2:
				add(`"properties":{"a":%s,"b":%s}`, sub(), sub())
			case 3:
				add(`"additionalProperties":%s`, pick(d, "false", sub()))
			case 4:
				add(`"patternProperties":{"^x":%s}`, sub())
			case 5:
				add(`"items":%s`, sub())
			case 6:
				add(`"allOf":[%s,%s]`, sub(), sub())
			case 7:
				add(`"anyOf":[%s,%s]`, sub(), sub())
			case 8:
				add(`"oneOf":[%s,%s]`, sub(), sub())
			case 9:
				add(`"not":%s`, sub())
			case 10:
				add(`"if":%s,"then":%s,"else":%s`, sub(), sub(), sub())
			}
		}
	}
	return "{" + strings.Join(uniqueKeys(parts), ",") + "}"
}

func uniqueKeys(parts []string) []string {
	seen := map[string]bool{}
	var out []string
	for _, p := range parts {
		key, _, _ := strings.Cut(p, ":")
		if !seen[key] {
			seen[key] = true
			out = append(out, p)
		}
	}
	return out
}

// TestSchemasMeanWhatTheyMeanElsewhere compares random schemas over random values with an implementation of the whole
// specification.
func TestSchemasMeanWhatTheyMeanElsewhere(t *testing.T) {
	d := dice{rand.New(rand.NewPCG(1, 2))}
	refused := 0
	const schemas, values = 1500, 12
	for range schemas {
		text := d.schema(3)
		var doc any
		dec := json.NewDecoder(strings.NewReader(text))
		dec.UseNumber()
		if err := dec.Decode(&doc); err != nil {
			t.Fatal(err, text)
		}
		compiler := jsonschema.NewCompiler()
		if err := compiler.AddResource("s.json", doc); err != nil {
			t.Fatal(err)
		}
		oracle, err := compiler.Compile("s.json")
		if err != nil {
			t.Fatal(err, text)
		}
		p := mustParse(t, `{"weir_plan": 1, "events": {"A": {"schema": `+text+`}}}`)
		for range values {
			object := d.object(3)
			var value any
			dec := json.NewDecoder(strings.NewReader(object))
			dec.UseNumber()
			if err := dec.Decode(&value); err != nil {
				t.Fatal(err)
			}
			parsed, _ := event.ParseObject(object)
			want := oracle.Validate(value)
			got := p.Check("A", &event.Event{Kind: event.Track, Name: "A", Properties: parsed})
			if (want != nil) != (got != nil) {
				t.Fatalf("schema %s\nvalue %s\nsaid %v, elsewhere %v", text, object, got, want)
			}
			if got != nil {
				refused++
			}
		}
	}
	if all := schemas * values; refused < all/10 || refused > all*9/10 {
		t.Errorf("%d of %d are refused: the schemas say too little", refused, all)
	}
}
