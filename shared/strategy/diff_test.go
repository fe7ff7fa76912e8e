package strategy

import (
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestDiffLines(t *testing.T) {
	for _, row := range []struct{ name, a, b, want string }{
		{"equal", "a\nb\n", "a\nb\n", " a| b|"},
		{"both empty", "", "", ""},
		{"from nothing", "", "a\n", "+a|"},
		{"to nothing", "a\n", "", "-a|"},
		{"changed", "a\nb\nc\n", "a\nx\nc\n", " a|-b|+x| c|"},
		{"inserted", "a\nc\n", "a\nb\nc\n", " a|+b| c|"},
		{"moved", "a\nb\nc\n", "b\nc\na\n", "-a| b| c|+a|"},
		{"repeated lines", "x\nx\ny\nx\n", "x\ny\nx\nx\n", " x|-x| y|+x| x|"},
		{"line ends", "a\r\nb", "a\nb\n", " a| b|"},
	} {
		var b strings.Builder
		for _, l := range DiffLines([]byte(row.a), []byte(row.b)) {
			fmt.Fprintf(&b, "%c%s|", l.Op, l.Text)
		}
		if b.String() != row.want {
			t.Errorf("%s: %s, want %s", row.name, b.String(), row.want)
		}
	}
}

// The lines of a comparison, without those added, are the old text; without those removed, the new one.
func TestDiffLinesRestore(t *testing.T) {
	line := rapid.SampledFrom([]string{"a", "b", "c", "d", "weir: 1", ""})
	rapid.Check(t, func(t *rapid.T) {
		a, b := rapid.SliceOfN(line, 0, 30).Draw(t, "a"), rapid.SliceOfN(line, 0, 30).Draw(t, "b")
		textA, textB := strings.Join(a, "\n")+"\n", strings.Join(b, "\n")+"\n"
		var from, to []string
		for _, l := range DiffLines([]byte(textA), []byte(textB)) {
			if l.Op != '+' {
				from = append(from, l.Text)
				if l.OldLine != len(from) {
					t.Fatalf("%+v is line %d", l, len(from))
				}
			}
			if l.Op != '-' {
				to = append(to, l.Text)
				if l.NewLine != len(to) {
					t.Fatalf("%+v is line %d", l, len(to))
				}
			}
		}
		if strings.Join(from, "\n")+"\n" != textA || strings.Join(to, "\n")+"\n" != textB {
			t.Fatalf("%q and %q come back as %q and %q", textA, textB, from, to)
		}
	})
}

func TestDiffLinesLarge(t *testing.T) {
	var a, b strings.Builder
	for i := range 40_000 {
		fmt.Fprintf(&a, "line %d\n", i%3)
		fmt.Fprintf(&b, "line %d\n", (i+1)%2)
	}
	if len(DiffLines([]byte(a.String()), []byte(b.String()))) == 0 {
		t.Error("no difference")
	}
}

func TestChanges(t *testing.T) {
	parse := func(text string) *Strategy {
		s, err := Parse([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	a := parse(`
weir: 1
metrics: [{name: m, event: X, agg: count, windows: [7]}]
event_tags: [{tag: t, event: X}, {tag: t, event: Y}]
segments: [{name: a, when: orders > 1}, {name: b, when: orders > 2}, {name: gone, when: "true"}]
templates: {hello: {body: Hi}}
`)
	b := parse(`
weir: 1
zone: Asia/Shanghai
metrics: [{name: m, event: X, agg: count, windows: [7, 30]}]
event_tags: [{tag: t, event: X}, {tag: t, event: Z}]
lifecycle: {thresholds: {silent_days: 45}}
segments: [{name: b, when: orders > 2}, {name: a, when: orders > 3}, {name: new, when: "true", en: New}]
templates: {hello: {body: Hello}, bye: {body: Bye}}
outreach: {rules: [{name: r, on: {enter_stage: silent}, template: bye}]}
`)
	var got strings.Builder
	for _, c := range Changes(a, b) {
		fmt.Fprintf(&got, "%s: %s -> %s\n", c.Path, c.From, c.To)
	}
	const want = `zone: "UTC" -> "Asia/Shanghai"
metrics.m.windows: [7] -> [7, 30]
event_tags.t#2.event: "Y" -> "Z"
lifecycle.thresholds.silent_days: 60 -> 45
lifecycle.stages.first_purchase.when: "purchase_days == 1 && silence_days < 60" -> "purchase_days == 1 && silence_days < 45"
lifecycle.stages.active.when: "silence_days < 60" -> "silence_days < 45"
segments.a.when: "orders > 1" -> "orders > 3"
segments.gone: {name: "gone", when: "true"} -> 
segments.new:  -> {name: "new", when: "true", en: "New"}
segments (order): a, b -> b, a
templates.bye:  -> {body: "Bye"}
templates.hello.body: "Hi" -> "Hello"
outreach.rules.r:  -> {name: "r", on: {enter_stage: "silent"}, template: "bye", channel: "outbox"}
`
	if got.String() != want {
		t.Errorf("got\n%swant\n%s", got.String(), want)
	}
	if len(Changes(a, a)) != 0 {
		t.Error("a strategy differs from itself")
	}
}

// Changes are empty exactly when the versions agree.
func TestChangesAndVersions(t *testing.T) {
	texts := []string{
		"weir: 1", "weir: 1\nname: x", "weir: 1\nrfm: {grid: eleven}", "weir: 1\nactivity: {of: any}", "weir: 1\nevents: [a]", "weir: 1\ntiers: [{name: a, top: 1}]",
		"weir: 1\nlifecycle: {dwell_days: {silent: 3}}", "weir: 1\nlifecycle: {transitions: {silent: [active]}}", "weir: 1\noutreach: {daily_ceiling: 5}", "weir: 1\nzone: UTC",
	}
	for _, x := range texts {
		for _, y := range texts {
			a, errA := Parse([]byte(x))
			b, errB := Parse([]byte(y))
			if errA != nil || errB != nil {
				t.Fatal(errA, errB)
			}
			if (len(Changes(a, b)) == 0) != (a.Version() == b.Version()) {
				t.Errorf("%q and %q: %v", x, y, Changes(a, b))
			}
		}
	}
}
