package score

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/weir-engine/weir/shared/event"
	"github.com/weir-engine/weir/shared/profile"
	"github.com/weir-engine/weir/shared/segment"
	"github.com/weir-engine/weir/shared/strategy"
)

// TestDocMeasures runs the example of docs/strategy.md: the conditions hold for the user with these events.
func TestDocMeasures(t *testing.T) {
	text, err := os.ReadFile("../../docs/strategy.md")
	if err != nil {
		t.Fatal(err)
	}
	_, block, ok := strings.Cut(string(text), "\n```weir-measured\n")
	block, _, closed := strings.Cut(block, "\n```")
	parts := strings.Split(block, "\n---\n")
	if !ok || !closed || len(parts) != 3 {
		t.Fatal("docs/strategy.md holds no example of measures")
	}
	s, err := strategy.Parse([]byte("weir: 1\nzone: Asia/Shanghai\n" + parts[0]))
	if err != nil {
		t.Fatal(err)
	}
	e, err := New(s, shanghai(t))
	if err != nil {
		t.Fatal(err)
	}
	f, parser := new(profile.Facts), event.NewParser(event.DefaultLimits)
	for i, line := range strings.Split(parts[1], "\n") {
		at, rest, _ := strings.Cut(line, " ")
		brace := strings.IndexByte(rest, '{')
		src := fmt.Sprintf(`{"userId":"u","messageId":"%d","timestamp":"%s:00+08:00","type":"track","event":"%s","properties":%s}`, i, at, rest[:brace-1], rest[brace:])
		var ev event.Event
		if reject := parser.Parse([]byte(src), &ev); reject != nil {
			t.Fatal(reject)
		}
		e.Schema().Fold(f, &ev, ev.StableID(0))
	}
	asOf := time.Date(2026, 3, 15, 4, 0, 0, 0, time.UTC).UnixMilli()
	var r Result
	e.Score("u", f, nil, nil, asOf, &r)
	for _, src := range strings.Split(parts[2], "\n") {
		p, err := segment.Compile(src, s.SegmentSchema())
		if err != nil {
			t.Error(err.(*segment.Error).Caret(src))
		} else if !e.Match(p, f, nil, &r, asOf) {
			t.Errorf("does not hold: %s", src)
		}
	}
}
