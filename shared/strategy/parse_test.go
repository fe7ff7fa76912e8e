package strategy

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/weir-engine/weir/shared/fault"
)

var update = flag.Bool("update", false, "write the golden files")

// wrong are files that are refused; testdata/problems.txt holds what is said about them.
var wrong = []string{
	// not YAML, or more than a strategy may hold
	"", "# nothing\n", "weir: 1\n  zone: [", "weir: 1\nzone: \"UTC\nname: x", "just text", "- a\n- b", "weir: 1\n---\nweir: 1\n", "weir: 1\nname: &a x\nzone: *a",
	"weir: 1\nname: !!str 5", "weir: 1\n<<: {zone: UTC}", "weir: 1\nname: \"\x01\"", "weir: 1\nname: \"\xff\"", "weir: 1\ntiers: [{name: a, top: .nan}]",
	"weir: 1\n? [a]\n: b", "weir: 1\nevents: [[[[[[[[[[[[[[[[[[[a]]]]]]]]]]]]]]]]]]]", "a: " + strings.Repeat("[", 300),
	// keys and types
	"weir: 1\nzone: UTC\nsegmnts: []\nzone: UTC", "wier: 1", "weir: 2", "weir: \"1\"", "weir: 1\nname: [a]", "weir: 1\nname: true", "weir: 1\ncurrency: dollars",
	"weir: 1\nzone: \"\"\npurchase: {event: \"\"}\nrefund: {event: \"\"}", "weir: 1\npurchase: cash", "weir: 1\nevents: Order", "weir: 1\nevents: [a, , b]", "weir: 1\nevents: [a, a, ~]",
	"weir: 1\nactivity: {of: event}", "weir: 1\nactivity: {of: events}", "weir: 1\nrefund: {event: Order Completed}",
	// metrics and event tags
	"weir: 1\nmetrics:\n  - name: Orders\n    event: X\n    agg: count\n    windows: [30]\n  - name: b\n    agg: average\n  - name: b\n    event: X\n    agg: sum\n    windows: [30, 30, 9999]",
	"weir: 1\nmetrics: [{name: a, event: X, agg: count, value: v, windows: [1]}, {name: b, event: X, agg: sum, value: v, unit: text, windows: [1.5]}, {name: c, event: X, agg: cuont, unit: euro, windows: 30}]",
	"weir: 1\nmetrics:\n  - {name: a, event: X, agg: count, windows: [1], where: properties.a = 1}\n  - {name: b, event: X, agg: count, windows: [1], where: orders > 1}",
	"weir: 1\nevent_tags: [{tag: a b, event: \"\", for_days: -1}, {tag: x, event: X, clear: true, for_days: 3, where: \"properties.a >\"}]",
	// scores
	"weir: 1\nrfm: {ties: fixed, recency: [1, 2, 2, 3], frequency: [1], monetary: [1, 2, 3, 4], grid: twelve, cn: {m_kind: sum, cut: fixed}}",
	"weir: 1\nrfm: {recency: [1, 2, 3, 4], cn: {fixed: [1, 2, 3]}}", "weir: 1\nrfm: {cn: {fixed: [1, 2]}}",
	"weir: 1\ntiers: []", "weir: 1\ntiers: [{name: a, top: 0.5}, {name: a, top: 0.4}, {name: \"\", top: 0.9}]",
	// lifecycle
	"weir: 1\nlifecycle: {preset: shop}", "weir: 1\nlifecycle: {preset: custom}", "weir: 1\nlifecycle: {preset: commerce, stages: [{name: a}]}",
	"weir: 1\nlifecycle: {thresholds: {silent_days: 90, churned_days: 90, mature: 3, core_metric: x}, dwell_days: {slient: 3, active: -1}, transitions: {active: [silent, silent, active, gone]}}",
	"weir: 1\nlifecycle: {preset: growth, thresholds: {mature: 2, growing: 3, core_metric: x}}",
	"weir: 1\nmetrics: [{name: acts, event: X, agg: count, windows: [7]}]\nlifecycle: {preset: growth, thresholds: {core_metric: acts, silent_days: -3}}",
	"weir: 1\nlifecycle:\n  stages:\n    - name: a\n      when: stage == \"a\"\n    - name: b\n      when: tags.has(\"x\")\n    - name: c\n    - name: c\n      when: \"true\"",
	// conditions in every style of text
	"weir: 1\nsegments:\n  - name: plain\n    when: stage == \"silnt\"\n  - name: single\n    when: 'stage == \"silnt\"'\n  - name: double\n    when: \"stage == 'silnt'\"\n  - name: escaped\n    when: \"stage == \\\"silnt\\\"\"\n  - name: block\n    when: |\n      orders > 3 &&\n        stage == \"silnt\"\n  - name: folded\n    when: >\n      orders > 3 &&\n      stage == \"silnt\"\n  - name: 中文\n    when: traits.城市 == \"上海\" && ordrs > 3\n",
	"weir: 1\nsegments: [{name: a, when: segments.has(\"b\")}, {name: b, when: segments.has(\"c\") && orders > 1}, {name: c, when: segments.has(\"b\")}, {name: c, when: \"\"}]",
	"weir: 1\ntags: [{name: a, when: tags.has(\"a\")}, {name: b, when: segments.has(\"s\")}, {name: e, when: \"true\"}]\nsegments: [{name: s, when: \"true\"}]\nevent_tags: [{tag: e, event: X}]",
	// messages
	"weir: 1\ntemplates: {a b: {body: x}, c: {subject: \"x\\ny\"}, d: {body: x, locales: {english: {body: x}, en: {subject: x, locales: {zh: {body: x}}}}}}",
	"weir: 1\ntemplates: {t: {body: x}}\noutreach:\n  daily_ceiling: -1\n  rules:\n    - {name: a, on: {enter_stage: silent}, template: t, channel: outbx}\n    - {name: a, on: {enter_stage: slient}, template: u}\n    - {name: b, on: {enter_segment: x, enter_stage: silent}, template: t}\n    - {name: c, on: {enter_segment: x}, template: t, shadow: maybe}\n    - {name: d, template: t}\n    - {name: e, on: {}}",
	// caps, quiet hours, holdout
	"weir: 1\ntemplates: {t: {body: x}}\noutreach:\n  caps:\n    - {name: a, max: 0, days: 7}\n    - {name: a, channel: sms, tag: promo, max: 51, hours: 1, days: 1}\n    - {name: c d, tag: promotion, max: 1}\n    - {name: e, max: 1, hours: 2161, then: wait}\n    - {name: f, max: 1, days: 0}\n    - {name: g, max: 1, days: -1, hours: 30}\n  rules: [{name: r, on: {enter_stage: silent}, template: t, tags: [promo, promo, a b]}]",
	"weir: 1\noutreach:\n  quiet_hours:\n    emial: {from: 21:00, to: 08:00}\n    email: {from: 9pm, to: 8}\n    outbox: {from: 24:00, to: 07:00, then: wait}",
	"weir: 1\noutreach:\n  quiet_hours: {email: {from: 07:00, to: 07:00}, outbox: {from: 07:00}}\n  holdout: {percent: 101, salt: a b}\n  expire_after_hours: 0",
	"weir: 1\noutreach: {holdout: {percent: 2.5}, expire_after_hours: 9000, quiet_hours: {outbox: {from: 7:00, to: 08:60}}}",
}

func TestProblems(t *testing.T) {
	var b strings.Builder
	for _, text := range wrong {
		_, err := Parse([]byte(text))
		var list *Errors
		if !errors.As(err, &list) || !fault.Is(err, fault.Invalid) || fault.HintOf(err) == "" {
			t.Errorf("%q: %v", text, err)
			continue
		}
		shown := strings.ReplaceAll(text, strings.Repeat("[", 300), "[…")
		fmt.Fprintf(&b, "%s\n--\n", strings.ToValidUTF8(strings.ReplaceAll(shown, "\x01", "\\x01"), "\\xff"))
		for _, p := range list.Problems {
			fmt.Fprintln(&b, p)
		}
		b.WriteString("==\n")
	}
	const golden = "testdata/problems.txt"
	if *update {
		if err := os.WriteFile(golden, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	got, expected := strings.Split(b.String(), "==\n"), strings.Split(string(want), "==\n")
	for i := range got {
		if i >= len(expected) || got[i] != expected[i] {
			t.Fatalf("the problems changed (go test ./shared/strategy -update writes them):\n%s", got[i])
		}
	}
}

func TestTooLarge(t *testing.T) {
	_, err := Parse([]byte("weir: 1 #" + strings.Repeat("x", MaxBytes)))
	if !fault.Is(err, fault.TooLarge) {
		t.Error(err)
	}
	var b strings.Builder
	b.WriteString("weir: 1\nsegments:\n")
	for i := range MaxSegments + 1 {
		fmt.Fprintf(&b, "- {name: s%d, when: orders > %d}\n", i, i)
	}
	if _, err := Parse([]byte(b.String())); err == nil || !strings.Contains(err.Error(), "501 entries; expected at most 500") {
		t.Error(err)
	}
}

func TestProblemsAreBounded(t *testing.T) {
	_, err := Parse([]byte("weir: 1\nevents: [" + strings.Repeat("a, ", 5000) + "b]"))
	var list *Errors
	if !errors.As(err, &list) || len(list.Problems) != maxProblems {
		t.Error(len(list.Problems))
	}
}

// A strategy that is written out as JSON is the same strategy.
func TestWrittenOut(t *testing.T) {
	for _, preset := range Presets() {
		s, err := Parse(Init(preset, "Asia/Shanghai", "CNY"))
		if err != nil {
			t.Fatal(err)
		}
		if s.Zone != "Asia/Shanghai" || s.Currency != "CNY" {
			t.Errorf("%s %s", s.Zone, s.Currency)
		}
		text, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		again, err := Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(s, again) || s.Version() != again.Version() {
			t.Errorf("%s: another strategy\n%+v\n%+v", preset, s, again)
		}
	}
	if Init("shop", "", "") != nil {
		t.Error("a preset that does not exist")
	}
	if _, err := Parse(Init("commerce", "a: b\nname: c", "")); err == nil {
		t.Error("a zone brought keys in")
	}
}

func TestDefaults(t *testing.T) {
	s, err := Parse([]byte("weir: 1"))
	if err != nil {
		t.Fatal(err)
	}
	if s.Zone != "UTC" || s.Currency != "USD" || s.Purchase.Amount != "revenue" || s.Activity.Of != ActivityPurchase || s.Outreach.DailyCeiling != 10_000 ||
		len(s.Tiers) != 4 || len(s.Lifecycle.Stages) != 5 || s.Lifecycle.Thresholds.Silent != 60 || s.RFM.Ties != TiesMinRank {
		t.Errorf("%+v", s)
	}
	s, err = Parse([]byte("weir: 1\noutreach: {daily_ceiling: 0}\nlifecycle: {preset: growth}"))
	if err != nil {
		t.Fatal(err)
	}
	if s.Outreach.DailyCeiling != 0 || s.Activity.Of != ActivityAny || s.Lifecycle.Stages[0].When != "silence_days < 14 && active_days[28] < 3" {
		t.Errorf("%+v", s)
	}
	d := Default()
	if len(d.Outreach.Rules) != 2 || d.Outreach.Rules[0].On.EnterStage != "silent" || d.Outreach.Rules[1].On.EnterStage != "first_purchase" || d.Outreach.Rules[0].Shadow {
		t.Errorf("%+v", d.Outreach)
	}
	if d.Templates["winback"].Locales["zh-CN"].Body == "" || d.Templates["welcome"].Locales["en"].Body == "" {
		t.Errorf("%+v", d.Templates)
	}
}

func TestVersion(t *testing.T) {
	version := func(text string) string {
		s, err := Parse([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		return s.Version()
	}
	a := version("weir: 1\nname: x")
	if len(a) != 12 || a != version("# comment\nname: \"x\"\nweir: 1\nzone: UTC\nlifecycle: {preset: commerce, thresholds: {silent_days: 60}}\nmetrics: []") {
		t.Error("the same meaning has two versions")
	}
	if a == version("weir: 1\nname: x\nlifecycle: {thresholds: {silent_days: 61}}") {
		t.Error("two meanings have one version")
	}
}

// References in any order, and many of them, are no cycle.
func TestNoCycle(t *testing.T) {
	var b strings.Builder
	b.WriteString("weir: 1\ntags: [{name: t1, when: 'tags.has(\"t2\")'}, {name: t2, when: orders > 1}]\nsegments:\n")
	for i := range MaxSegments - 1 {
		fmt.Fprintf(&b, "- {name: s%d, when: 'segments.has(\"s%d\") || segments.has(\"s%d\")'}\n", i, i+1, MaxSegments-1)
	}
	fmt.Fprintf(&b, "- {name: s%d, when: 'tags.has(\"t1\")'}\n", MaxSegments-1)
	s, err := Parse([]byte(b.String()))
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(s) // on one line
	if err != nil {
		t.Fatal(err)
	}
	if again, err := Parse(text); err != nil || again.Version() != s.Version() {
		t.Error(err)
	}
}

func FuzzParse(f *testing.F) {
	for _, text := range wrong {
		f.Add([]byte(text))
	}
	f.Add([]byte(commerceTemplate))
	f.Add([]byte(growthTemplate))
	f.Fuzz(func(t *testing.T, text []byte) {
		s, err := Parse(text)
		if err != nil {
			var list *Errors
			if !errors.As(err, &list) || len(list.Problems) == 0 {
				t.Fatalf("%v", err)
			}
			for _, p := range list.Problems {
				if p.Message == "" || p.Line < 1 || p.Col < 1 {
					t.Fatalf("%+v", p)
				}
			}
			return
		}
		written, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		again, err := Parse(written)
		if err != nil {
			t.Fatalf("%s\n%v", written, err)
		}
		if s.Version() != again.Version() {
			t.Fatalf("%s: written out it is another strategy", written)
		}
	})
}
