package event

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"
)

func parse(t testing.TB, line string) (Event, *Reject) {
	t.Helper()
	var ev Event
	r := NewParser(DefaultLimits).Parse([]byte(line), &ev)
	return ev, r
}

func TestParseReadsEveryField(t *testing.T) {
	line := ` {"messageId":"m1","type":"track","userId":"u\u00e9","event":"Order Completed","timestamp":"2026-01-31T08:30:00.123+08:00","properties" : {"revenue":12.50,"currency":"USD","a":{"b":[1]}},
	"context":{"ip":"::1"},"x":[1,{"y":null}], "anonymousId":7, "traits":null,"sentAt":"nonsense"} `
	ev, r := parse(t, line)
	if r != nil {
		t.Fatal(r)
	}
	if ev.Kind != Track || ev.UserID != "ué" || ev.Name != "Order Completed" || ev.Time != 1769819400123 || ev.MessageID != "m1" || ev.AnonymousID != "7" {
		t.Fatalf("%+v", ev)
	}
	if ev.Properties.JSON() != `{"a":{"b":[1]},"currency":"USD","revenue":12.5}` || ev.Context.Get("ip").Raw != "::1" || ev.Traits.Raw != "" || ev.Content != [16]byte{} {
		t.Fatalf("%+v", ev)
	}
	if ev.Properties.Raw != `{"revenue":12.50,"currency":"USD","a":{"b":[1]}}` {
		t.Fatal(ev.Properties.Raw)
	}
}

func TestOfARepeatedKeyTheLastCounts(t *testing.T) {
	ev, r := parse(t, `{"type":1,"userId":"a","timestamp":"x","event":"A","properties":5,"properties":{"k":1,"j":2,"k":{"z":1,"z":2}},"userId":"b","event":"B","timestamp":0,"type":"track"}`)
	if r != nil || ev.UserID != "b" || ev.Name != "B" || ev.Time != 0 || ev.Properties.JSON() != `{"j":2,"k":{"z":2}}` {
		t.Fatal(ev, r)
	}
}

func TestAllKinds(t *testing.T) {
	for _, c := range []struct {
		line string
		kind Kind
	}{
		{`{"type":"track","userId":"u","event":"E","timestamp":0}`, Track},
		{`{"type":"identify","anonymousId":"a","userId":"u","traits":{"k":1},"timestamp":0}`, Identify},
		{`{"type":"page","anonymousId":"a","name":"Home","timestamp":0}`, Page},
		{`{"type":"screen","anonymousId":"a","timestamp":0}`, Screen},
		{`{"type":"group","userId":"u","groupId":"g","timestamp":0}`, Group},
		{`{"type":"alias","userId":"u","previousId":"p","timestamp":0}`, Alias},
	} {
		if ev, r := parse(t, c.line); r != nil || ev.Kind != c.kind || ev.Kind.String() == "" || KindOf(ev.Kind.String()) != c.kind {
			t.Fatal(c.line, r)
		}
	}
}

func TestRejects(t *testing.T) {
	const ok = `"type":"track","userId":"u","event":"E","timestamp":"2026-01-01T00:00:00Z"`
	deep := strings.Repeat(`{"a":`, 40) + "1" + strings.Repeat("}", 40)
	many := `{"k":0`
	for i := range 1001 {
		many += `,"k` + string(rune('a'+i%26)) + strings.Repeat("x", i/26) + `":1`
	}
	for _, c := range []struct{ line, reason, message string }{
		{``, ReasonBadJSON, "byte 1: expected an object"},
		{`[]`, ReasonBadJSON, "byte 1"},
		{`{`, ReasonBadJSON, "byte 2: expected a key"},
		{`{"a"}`, ReasonBadJSON, "byte 5: expected ':'"},
		{`{"a":}`, ReasonBadJSON, "byte 6: expected a value"},
		{`{"a":1,}`, ReasonBadJSON, "byte 8: expected a key"},
		{`{"a":1 2}`, ReasonBadJSON, "byte 8: expected ','"},
		{`{"a":1}x`, ReasonBadJSON, "byte 8: text after the end"},
		{`{"a":01}`, ReasonBadJSON, "byte 7"},
		{`{"a":1.}`, ReasonBadJSON, "byte 6: malformed number"},
		{`{"a":NaN}`, ReasonBadJSON, "byte 6: expected a value"},
		{`{"a":Infinity}`, ReasonBadJSON, "byte 6"},
		{`{"a":tru}`, ReasonBadJSON, "byte 6"},
		{`{"a":"\x"}`, ReasonBadJSON, "byte 7: malformed escape"},
		{`{"a":"\u12g4"}`, ReasonBadJSON, "byte 7: malformed escape"},
		{"{\"a\":\"\t\"}", ReasonBadJSON, "byte 7: control character"},
		{`{"a":"x`, ReasonBadJSON, "byte 8: a string is not closed"},
		{`{"a":[1,2`, ReasonBadJSON, "byte 10"},
		{"{\"a\":\"\xc3\x28\"}", ReasonBadUTF8, "byte 7"},
		{"{\"a\":1}\xff", ReasonBadUTF8, "byte 8"},
		{`{"a":"` + strings.Repeat("x", 1<<20) + `"}`, ReasonTooLong, "1048584 bytes"},
		{`{` + ok + `,"properties":{"k":"` + strings.Repeat("x", 64<<10+1) + `"}}`, ReasonTooLong, "a field is longer"},
		{`{` + ok + `,"messageId":"` + strings.Repeat("x", 257) + `"}`, ReasonTooLong, "an id is longer"},
		{`{"a":` + deep + `}`, ReasonTooDeep, "32 levels"},
		{`{"a":` + strings.Repeat("[", 5000) + strings.Repeat("]", 5000) + `}`, ReasonTooDeep, "32 levels"},
		{`{` + ok + `,"properties":` + many + `}}`, ReasonTooMany, "1000 fields"},
		{`{"type":"track","event":"E","timestamp":0}`, ReasonNoUser, "neither"},
		{`{"type":"track","userId":"","anonymousId":null,"event":"E","timestamp":0}`, ReasonNoUser, ""},
		{`{"type":"track","userId":"anon:1","event":"E","timestamp":0}`, ReasonBadUser, ""},
		{`{"userId":"u","event":"E","timestamp":0}`, ReasonBadType, "absent"},
		{`{"type":"Track","userId":"u","event":"E","timestamp":0}`, ReasonBadType, `"Track"`},
		{`{"type":"track","userId":{},"event":"E","timestamp":0}`, ReasonBadField, "userId must be a string"},
		{`{"type":"track","userId":1.5,"event":"E","timestamp":0}`, ReasonBadField, "userId"},
		{`{"type":"track","userId":"u","event":5,"timestamp":0}`, ReasonBadField, "event"},
		{`{` + ok + `,"properties":[]}`, ReasonBadField, "properties must be an object"},
		{`{"type":"identify","userId":"u","traits":"x","timestamp":0}`, ReasonBadField, "traits"},
		{`{"type":"track","userId":"u","timestamp":0}`, ReasonNoName, ""},
		{`{"type":"alias","userId":"u","timestamp":0}`, ReasonNoPrevious, ""},
		{`{"type":"group","userId":"u","timestamp":0}`, ReasonNoGroup, ""},
		{`{"type":"track","userId":"u","event":"E"}`, ReasonBadTime, "absent"},
		{`{"type":"track","userId":"u","event":"E","timestamp":"yesterday"}`, ReasonBadTime, `"yesterday"`},
		{`{"type":"track","userId":"u","event":"E","timestamp":"30000-01-01T00:00:00Z"}`, ReasonBadTime, ""},
		{`{"type":"track","userId":"u","event":"E","timestamp":"3000-01-01T00:00:00Z"}`, ReasonBadTime, ""},
		{`{"type":"track","userId":"u","event":"E","timestamp":"1969-12-31T23:59:59.999Z"}`, ReasonBadTime, ""},
		{`{"type":"track","userId":"u","event":"E","timestamp":-1}`, ReasonBadTime, ""},
		{`{"type":"track","userId":"u","event":"E","timestamp":1e40}`, ReasonBadTime, ""},
		{`{"type":"track","userId":"u","event":"E","timestamp":true}`, ReasonBadTime, ""},
	} {
		_, r := parse(t, c.line)
		if r == nil || r.Reason != c.reason || !strings.Contains(r.Message, c.message) {
			t.Errorf("%.80s: got %+v, want %s %q", c.line, r, c.reason, c.message)
		}
	}
}

func TestFuture(t *testing.T) {
	ev := Event{Kind: Track, UserID: "u", Name: "E", Time: 86_400_001}
	if r := Validate(&ev, 1, DefaultLimits); r != nil {
		t.Fatal(r)
	}
	ev.Time++
	if r := Validate(&ev, 1, DefaultLimits); r == nil || r.Reason != ReasonFuture {
		t.Fatal(r)
	}
	if r := Validate(&ev, 0, DefaultLimits); r != nil {
		t.Fatal(r)
	}
}

func TestParseDoesNotAllocate(t *testing.T) {
	p := NewParser(DefaultLimits)
	var ev Event
	lines := [][]byte{
		[]byte(`{"type":"track","userId":"u","event":"E","timestamp":"2026-01-01T00:00:00Z","messageId":"m","properties":{"a":1,"b":"x","c":true},"context":{"ip":"1"}}`),
		[]byte(`{"type":"track","userId":"u","event":"E","timestamp":1,"properties":{"b":1.50,"a":"\u00e9中"}}`),
	}
	for _, line := range lines {
		_ = p.Parse(line, &ev)
	}
	if n := testing.AllocsPerRun(100, func() {
		for _, line := range lines {
			if r := p.Parse(line, &ev); r != nil {
				t.Fatal(r)
			}
		}
	}); n != 0 {
		t.Fatalf("%v allocations", n)
	}
}

// FuzzParse holds the scanner against encoding/json: what one accepts as an object, the other does too, and they read the
// same out of it.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		`{"type":"track","userId":"u","event":"E","timestamp":"2026-01-01T00:00:00Z","properties":{"a":[1,-2.5e-3,"\ud83d\ude00\ud800",null,true,{"b":{}}],"a":0}}`,
		"{\"a\":\"\xff\"}", `{"a":"\"\\\/\b\f\n\r\t"}`, ` { } `, `{"a":1e5,"b":-0,"c":[ ],"d":{ }}`, `{"userId":"中文中文中文","x":"é"}`, `{"a":00}`, `{"a":"` + "\x01" + `"}`,
	} {
		f.Add([]byte(seed))
	}
	limits := DefaultLimits
	limits.Depth = 10_000
	p := NewParser(limits)
	f.Fuzz(func(t *testing.T, line []byte) {
		var ev Event
		r := p.Parse(line, &ev)
		if r != nil && r.Reason == ReasonTooDeep {
			return
		}
		syntax := r != nil && (r.Reason == ReasonBadJSON || r.Reason == ReasonBadUTF8)
		trimmed := bytes.TrimLeft(line, " \t\r\n")
		object := len(trimmed) > 0 && trimmed[0] == '{'
		if valid := json.Valid(line) && utf8.Valid(line) && object; valid == syntax {
			t.Fatalf("encoding/json says %v, the parser %v", valid, r)
		}
		if r != nil {
			return
		}
		if ev.Properties.Raw != "" {
			sameObject(t, ev.Properties)
		}
		var again Event
		if err := DecodeRecord(AppendRecord(nil, &ev), &again); err != nil || again.StableID(3) != ev.StableID(3) {
			t.Fatal(err)
		}
	})
}

// sameObject compares an indexed object with encoding/json's reading of it.
func sameObject(t *testing.T, o Object) {
	var want map[string]any
	d := json.NewDecoder(strings.NewReader(o.Raw))
	d.UseNumber()
	if err := d.Decode(&want); err != nil {
		t.Fatal(err)
	}
	if len(want) != len(o.Fields) {
		t.Fatalf("%d fields instead of %d", len(o.Fields), len(want))
	}
	for _, f := range o.Fields {
		w, ok := want[f.Key]
		if !ok {
			t.Fatalf("no field %q", f.Key)
		}
		if s, isText := w.(string); isText != (f.Value.Kind == String) || isText && s != f.Value.Raw {
			t.Fatalf("%q is %v, not %v", f.Key, f.Value, w)
		}
	}
	var canonical map[string]any
	d = json.NewDecoder(strings.NewReader(o.JSON()))
	d.UseNumber()
	if err := d.Decode(&canonical); err != nil {
		t.Fatalf("canonical text %s: %v", o.JSON(), err)
	}
	again, ok := ParseObject(o.JSON())
	if !ok || again.JSON() != o.JSON() {
		t.Fatalf("canonical text changes: %s, %s", o.JSON(), again.JSON())
	}
}
