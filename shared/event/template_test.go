package event

import (
	"fmt"
	"reflect"
	"testing"

	"pgregory.net/rapid"
)

// templateLines are lines whose layouts differ, each from the first in one thing.
var templateLines = []string{
	`{"type":"track","event":"Order Completed","userId":"u1","messageId":"m1","timestamp":"2026-02-01T10:00:00Z","properties":{"revenue":1.5,"sku":"a"}}`,
	`{"type":"track","event":"Order Completed","userId":"u1","messageId":"m1","timestamp":"2026-02-01T10:00:00Z","properties":{"revenue":1.5,"sku":"a"}} `,
	`{"type":"track","event":"Order Completed","userId":"u1","messageId":"m1","timestamp":"2026-02-01T10:00:00Z","properties":null}`,
	`{"type":"track","event":"Order Completed","userId":"u1","messageId":"m1","timestamp":"2026-02-01T10:00:00Z","properties":[]}`,
	`{"type":"track","event":"Order Completed","userId":"u1","messageId":"m1","timestamp":"2026-02-01T10:00:00Z","properties":{"revenue":1.5`,
	`{"type":"track","event":"Order Completed","userId":"u1","messageId":"m1","timestamp":1770000000,"properties":{}}`,
	`{"type":"track","event":"Order Completed","userId":"u1","messageId":7,"timestamp":"2026-02-01T10:00:00Z","properties":{}}`,
	`{"type":"track","event":"Order Completed","userId":"","messageId":"","timestamp":"2026-02-01T10:00:00Z","properties":{}}`,
	`{"type":"track","event":"","userId":"u1","messageId":"m1","timestamp":"2026-02-01T10:00:00Z","properties":{}}`,
	`{"type":"track","event":"Käuf\u00e9\n","userId":"ü","messageId":"m\"1","timestamp":"2026-02-01T10:00:00.250Z","properties":{"a\tb":"\u4e2d"}}`,
	`{"type":"track","event":"X","userId":"anon:1","messageId":"m1","timestamp":"2026-02-01T10:00:00Z","properties":{}}`,
	`{"type":"track","event":"X","userId":"u1","messageId":"m1","timestamp":"2026-02-30T10:00:00Z","properties":{}}`,
	`{"type":"page","event":"X","userId":"u1","messageId":"m1","timestamp":"2026-02-01T10:00:00Z","properties":{}}`,
	"{\"type\":\"track\",\"event\":\"X\",\"userId\":\"u\x01\",\"messageId\":\"m1\",\"timestamp\":\"2026-02-01T10:00:00Z\"}",
	"{\"type\":\"track\",\"event\":\"X\",\"userId\":\"u\xff\",\"messageId\":\"m1\",\"timestamp\":\"2026-02-01T10:00:00Z\"}",
	`{"userId":"u1","userId":"u2","type":"track","event":"X","timestamp":"2026-02-01T10:00:00Z"}`,
	`{ "timestamp" : "2026-02-01T10:00:00Z" , "extra" : [1, {"a":"b"}] , "event" : "X" , "anonymousId" : "a" , "name" : 5 , "type" : "track" , "context" : { } , "other" : "é" }`,
	`{"channel":"web","anonymousId":"a","groupId":"g","previousId":"p","type":"track","event":"X","timestamp":"2026-02-01T10:00:00Z","traits":{"a":1},"context":{"ip":"::1"}}`,
	`{"type":"identify","userId":"u1","timestamp":"2026-02-01T10:00:00Z","traits":{"a":1}}`,
	`{}`, `{"type":"track"}`, ``, `nonsense`,
}

// sameAsAlone reports how a parser that has read other lines differs from one that reads this line alone.
func sameAsAlone(p *Parser, line []byte) error {
	var got, want Event
	refused := p.Parse(line, &got)
	alone := NewParser(p.scan.limits).Parse(line, &want)
	if !reflect.DeepEqual(refused, alone) {
		return fmt.Errorf("%s\nrefused with %v, alone with %v", line, refused, alone)
	}
	if refused == nil && !reflect.DeepEqual(got.Clone(), want.Clone()) {
		return fmt.Errorf("%s\n got %+v\nwant %+v", line, got, want)
	}
	return nil
}

// TestTemplate reads every line after every other one was learned.
func TestTemplate(t *testing.T) {
	for _, learned := range templateLines {
		for _, line := range templateLines {
			p := NewParser(DefaultLimits)
			var ev Event
			for range 3 {
				_ = p.Parse([]byte(learned), &ev)
			}
			for range 3 {
				if err := sameAsAlone(p, []byte(line)); err != nil {
					t.Fatalf("after %s\n%v", learned, err)
				}
			}
		}
	}
	p := NewParser(DefaultLimits)
	var ev Event
	for _, line := range templateLines[:2] {
		for range 3 {
			if r := p.Parse([]byte(line), &ev); r != nil {
				t.Fatal(r)
			}
		}
		if p.template.penalty != 0 || p.template.wait != 0 || p.template.missed {
			t.Errorf("the template of %q is not used", line)
		}
	}
}

// TestTemplateMixed reads lines of several layouts, some damaged, with one parser.
func TestTemplateMixed(t *testing.T) {
	limits := Limits{LineBytes: 1 << 10, Depth: 4, FieldBytes: 40, Fields: 3, IDBytes: 20}
	rapid.Check(t, func(t *rapid.T) {
		p := NewParser(limits)
		for range rapid.IntRange(1, 40).Draw(t, "lines") {
			line := []byte(rapid.SampledFrom(templateLines).Draw(t, "line"))
			for range rapid.IntRange(0, 2).Draw(t, "damage") {
				if len(line) > 0 {
					at := rapid.IntRange(0, len(line)-1).Draw(t, "at")
					line[at] = rapid.SampledFrom([]byte("\x00\x80\"\\{}[],: 0aé")).Draw(t, "byte")
				}
			}
			for range rapid.IntRange(1, 3).Draw(t, "times") {
				if err := sameAsAlone(p, line); err != nil {
					t.Fatal(err)
				}
			}
		}
	})
}

func FuzzTemplate(f *testing.F) {
	for i, line := range templateLines {
		f.Add([]byte(templateLines[(i+1)%len(templateLines)]), []byte(line))
	}
	f.Fuzz(func(t *testing.T, learned, line []byte) {
		p := NewParser(DefaultLimits)
		var ev Event
		for range 2 {
			_ = p.Parse(learned, &ev)
		}
		for range 3 {
			if err := sameAsAlone(p, line); err != nil {
				t.Fatal(err)
			}
		}
	})
}
