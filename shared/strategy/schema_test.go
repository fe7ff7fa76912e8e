package strategy

import (
	"bytes"
	"encoding/json"
	"reflect"
	"slices"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

func compiledSchema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(JSONSchema()))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("strategy.json", doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("strategy.json") // checks the schema against its own meta-schema
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func validate(t *testing.T, s *jsonschema.Schema, text []byte) error {
	t.Helper()
	asJSON, err := yaml.YAMLToJSON(text)
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(asJSON))
	if err != nil {
		t.Fatal(err)
	}
	return s.Validate(doc)
}

func TestSchemaAcceptsTemplates(t *testing.T) {
	schema := compiledSchema(t)
	written, err := json.Marshal(Default())
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string][]byte{"commerce": []byte(commerceTemplate), "growth": []byte(growthTemplate), "default": written, "least": []byte("weir: 1\n")} {
		if err := validate(t, schema, text); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := Parse(text); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// What the schema refuses Parse refuses too.
func TestSchemaRefuses(t *testing.T) {
	schema := compiledSchema(t)
	for _, text := range []string{
		"zone: UTC", "weir: 2", "weir: 1\nextra: 1", "weir: 1\ncurrency: usd", "weir: 1\nactivity: {of: views}", "weir: 1\nmetrics: [{name: A b, event: X, agg: count, windows: [1]}]",
		"weir: 1\nmetrics: [{name: a, event: X, agg: mean, windows: [1]}]", "weir: 1\nmetrics: [{name: a, event: X, agg: count, windows: [0]}]", "weir: 1\ntiers: [{name: a, top: 2}]",
		"weir: 1\nsegments: [{name: a}]", "weir: 1\nsegments: [{name: 'a b', when: 'true'}]", "weir: 1\nrfm: {ties: avg}", "weir: 1\noutreach: {daily_ceiling: -1}", "weir: 1\ntemplates: {a: {subject: x}}",
		"weir: 1\ntemplates: {a: {body: x, locales: {english: {body: x}}}}", "weir: 1\noutreach: {rules: [{name: a, on: {}, template: t}]}", "weir: 1\nlifecycle: {preset: shop}", "weir: one", "weir: 1\ntags: {a: b}",
	} {
		if validate(t, schema, []byte(text)) == nil {
			t.Errorf("the schema accepts %q", text)
		}
		if _, err := Parse([]byte(text)); err == nil {
			t.Errorf("Parse accepts %q", text)
		}
	}
}

// The schema knows exactly the keys of the types.
func TestSchemaKeys(t *testing.T) {
	var root map[string]any
	if err := json.Unmarshal(JSONSchema(), &root); err != nil {
		t.Fatal(err)
	}
	compareKeys(t, "", root, reflect.TypeFor[Strategy]())
}

func compareKeys(t *testing.T, path string, schema map[string]any, typ reflect.Type) {
	switch typ.Kind() {
	case reflect.Slice, reflect.Array:
		compareKeys(t, path+"[]", schema["items"].(map[string]any), typ.Elem())
	case reflect.Map:
		compareKeys(t, path+".*", schema["additionalProperties"].(map[string]any), typ.Elem())
	case reflect.Struct:
		properties := schema["properties"].(map[string]any)
		want := keysOf(typ)
		if path == ".templates.*.locales.*" {
			want = []string{"subject", "body", "html"}
		}
		got := sortedKeys(properties)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Errorf("%s: the schema has %v, the type %v", path, got, want)
		}
		if schema["additionalProperties"] != false {
			t.Errorf("%s: unknown keys are allowed", path)
		}
		for i := range typ.NumField() {
			f := typ.Field(i)
			if below, ok := properties[f.Tag.Get("yaml")].(map[string]any); ok && path+"."+f.Name != ".templates.*.locales.*.Locales" {
				compareKeys(t, path+"."+f.Tag.Get("yaml"), below, f.Type)
			}
		}
	}
}
