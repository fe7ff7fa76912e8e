package strategy

import (
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/weir-engine/weir/shared/segment"
	"github.com/weir-engine/weir/shared/zone"
)

// doc reads docs/strategy.md and returns its fenced blocks by language.
func doc(t *testing.T) (text string, blocks map[string][]string) {
	t.Helper()
	raw, err := os.ReadFile("../../docs/strategy.md")
	if err != nil {
		t.Fatal(err)
	}
	text, blocks = string(raw), map[string][]string{}
	for i, part := range strings.Split(text, "\n```") {
		if language, body, ok := strings.Cut(part, "\n"); ok && i%2 == 1 {
			blocks[language] = append(blocks[language], body)
		}
	}
	return text, blocks
}

func TestDocFiles(t *testing.T) {
	_, blocks := doc(t)
	schema := compiledSchema(t)
	if len(blocks["yaml"]) < 10 {
		t.Fatalf("%d examples", len(blocks["yaml"]))
	}
	for _, text := range blocks["yaml"] {
		if !strings.HasPrefix(text, "weir:") {
			text = "weir: 1\n" + text
		}
		if _, err := Parse([]byte(text)); err != nil {
			t.Errorf("%s\n%v", text, err)
		}
		if err := validate(t, schema, []byte(text)); err != nil {
			t.Errorf("%s\n%v", text, err)
		}
	}
}

// docEnv is the user of the page.
type docEnv map[string]segment.Value

func (e docEnv) Lookup(r *segment.Ref) segment.Value { return e[r.String()] }
func (e docEnv) AsOf() int64                         { return time.Date(2026, 3, 15, 4, 0, 0, 0, time.UTC).UnixMilli() }
func (e docEnv) Zone() *zone.Zone                    { return docZone }

var docZone = zone.FromLocation(time.FixedZone("Asia/Shanghai", 8*3600))

func docUser(t *testing.T, text string) docEnv {
	env := docEnv{}
	for line := range strings.Lines(text) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), " = ")
		if date, ok := strings.CutPrefix(value, `date("`); ok {
			day, err := zone.ParseDay(strings.TrimSuffix(date, `")`))
			if err != nil {
				t.Fatal(err)
			}
			env[name] = segment.Time(docZone.Start(day))
			continue
		}
		v, err := segment.ParseValue(value)
		if err != nil {
			t.Fatal(err)
		}
		env[name] = v
	}
	return env
}

func TestDocConditions(t *testing.T) {
	_, blocks := doc(t)
	schema := Default().SegmentSchema()
	for line := range strings.Lines(strings.Join(blocks["weir"], "\n")) {
		if _, err := segment.Compile(strings.TrimSpace(line), schema); err != nil {
			t.Errorf("%s%v", line, err)
		}
	}
	env := docUser(t, blocks["user"][0])
	for line := range strings.Lines(blocks["weir-holds"][0]) {
		p, err := segment.Compile(strings.TrimSpace(line), schema)
		if err != nil {
			t.Errorf("%s%v", line, err)
		} else if !p.Bool(env) {
			t.Errorf("does not hold: %s%+v", line, p.Explain(env))
		}
	}
}

func TestDocErrors(t *testing.T) {
	_, blocks := doc(t)
	for _, block := range blocks["weir-error"] {
		src, want, _ := strings.Cut(block, "\n---\n")
		_, err := segment.Compile(src, Default().SegmentSchema())
		e, ok := err.(*segment.Error)
		if !ok {
			t.Fatalf("%s: %v", src, err)
		}
		if got := e.Caret(src); got != want {
			t.Errorf("got\n%s\nwant\n%s", got, want)
		}
	}
}

// The page names every key, field, function and preset condition.
func TestDocIsComplete(t *testing.T) {
	text, _ := doc(t)
	var names []string
	var collect func(typ reflect.Type)
	collect = func(typ reflect.Type) {
		switch typ.Kind() {
		case reflect.Slice, reflect.Map, reflect.Array:
			collect(typ.Elem())
		case reflect.Struct:
			names = append(names, keysOf(typ)...)
			for i := range typ.NumField() {
				if typ.Field(i).Name != "Locales" {
					collect(typ.Field(i).Type)
				}
			}
		}
	}
	collect(reflect.TypeFor[Strategy]())
	for _, f := range segment.Fields() {
		names = append(names, "`"+f.Name)
	}
	for _, usage := range segment.Functions() {
		name, _, _ := strings.Cut(usage, "(")
		names = append(names, "`"+name+"(")
	}
	for _, usage := range segment.Measures() {
		name, _, _ := strings.Cut(usage, "(")
		names = append(names, name+"(")
	}
	for _, preset := range Presets() {
		s, err := Parse([]byte("weir: 1\nlifecycle: {preset: " + preset + "}"))
		if err != nil {
			t.Fatal(err)
		}
		for _, stage := range s.Lifecycle.Stages {
			names = append(names, "`"+stage.Name+"`")
			if stage.When != "" {
				names = append(names, "`"+stage.When+"`")
			}
		}
	}
	for _, name := range append(names, rfmNames...) {
		if !strings.Contains(text, name) {
			t.Errorf("docs/strategy.md does not name %s", name)
		}
	}
}
