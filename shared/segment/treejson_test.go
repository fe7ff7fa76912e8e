package segment

import (
	"encoding/json"
	"testing"

	"pgregory.net/rapid"
)

func TestTreeJSON(t *testing.T) {
	p, err := Compile(`metrics.spend[90] >= -2.5 && (stage in ["silent", null] || !(lower(traits.x) == "a\n\"b\"")) && event("Signed Up").count > 1e21`, testSchema())
	if err != nil {
		t.Fatal(err)
	}
	const want = `{"op":"&&","type":"bool","args":[` +
		`{"op":">=","type":"bool","args":[{"op":"ref","type":"number","ref":"metrics.spend[90]","kind":"metric","name":"spend","window":90},{"op":"number","type":"number","value":-2.5}]},` +
		`{"op":"||","type":"bool","args":[` +
		`{"op":"in","type":"bool","args":[{"op":"ref","type":"string","ref":"stage","kind":"field","name":"stage"},{"op":"list","type":"list","args":[{"op":"string","type":"string","value":"silent"},{"op":"null","type":"null"}]}]},` +
		`{"op":"!","type":"bool","args":[{"op":"==","type":"bool","args":[{"op":"call","type":"string","name":"lower","args":[{"op":"ref","type":"any","ref":"traits.x","kind":"trait","name":"x"}]},{"op":"string","type":"string","value":"a\n\"b\""}]}]}]},` +
		`{"op":">","type":"bool","args":[{"op":"ref","type":"number","ref":"event(\"Signed Up\").count","kind":"event","name":"Signed Up","stat":"count"},{"op":"number","type":"number","value":1e+21}]}]}`
	if got := string(p.Tree().AppendJSON(nil)); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestTreeJSONIsValid(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := compileDrawn(t, programs{t: t}.condition(4))
		if text := p.Tree().AppendJSON(nil); !json.Valid(text) {
			t.Fatalf("%s", text)
		}
	})
}

func FuzzParseValue(f *testing.F) {
	for _, s := range []string{"null", "-1.5", `"a\u4e2d"`, "[1, [true]]", "time(-5)", "time(1e99)", "date(\"x\")"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, src string) {
		v, err := ParseValue(src)
		if err != nil {
			return
		}
		again, err := ParseValue(v.String())
		if len(v.String()) > MaxSource {
			return
		}
		if err != nil || !Equal(v, again) {
			t.Fatalf("%q: %s is read back as %s (%v)", src, v, again, err)
		}
	})
}
