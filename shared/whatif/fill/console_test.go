package fill

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/weir-engine/weir/shared/score"
	"github.com/weir-engine/weir/shared/strategy"
	"github.com/weir-engine/weir/shared/zone"
)

// consoleCase is a change of a strategy, and what the console must make of it: the plan, the version and the changes. Its own
// implementation (web/src/core/whatif) is tested against the file of these.
type consoleCase struct {
	Name      string            `json:"name"`
	Currency  string            `json:"currency"`
	Published json.RawMessage   `json:"published"` // settings
	Version   string            `json:"published_version"`
	Threshold float64           `json:"churn_threshold"` // of the models; 0 without
	Start     []byte            `json:"start"`           // plan
	Tried     json.RawMessage   `json:"tried"`           // settings
	Next      string            `json:"tried_version"`
	Plan      []byte            `json:"plan"`
	Changes   []strategy.Change `json:"changes"`
}

const consoleFile = "../../../web/src/core/whatif/testdata/plans.json"

// TestConsolePlans compares what the console is tested with. WEIR_UPDATE=1 writes it anew.
func TestConsolePlans(t *testing.T) {
	commerce, growth := string(strategy.Init("commerce", "UTC", "USD")), string(strategy.Init("growth", "Asia/Shanghai", "JPY"))
	custom := strings.Replace(commerce, "lifecycle:\n  preset: commerce   # potential, first_purchase, active, silent, churned\n  thresholds:\n    silent_days: 60\n    churned_days: 120\n", `lifecycle:
  stages:
    - {name: first_purchase, when: orders == 0}
    - {name: active, when: 'silence_days <= 30.5 || orders > 3 && 45 > recency_days', zh: 在}
    - {name: silent, when: recency_days < 400}
    - {name: churned}
  dwell_days: {active: 7, silent: 2}
  transitions: {first_purchase: [active], active: [silent, first_purchase]}
`, 1)
	if custom == commerce {
		t.Fatal("the template has changed: the lifecycle is not replaced")
	}
	edit := func(text string, pairs ...string) string {
		out := strings.NewReplacer(pairs...).Replace(text)
		if out == text {
			t.Fatalf("nothing of %q stands in the template", pairs)
		}
		return out
	}
	var cases []consoleCase
	add := func(name, published, tried string, withModels bool) {
		cases = append(cases, console(t, name, published, tried, withModels))
	}
	add("nothing", commerce, commerce, false)
	add("silence", commerce, edit(commerce, "silent_days: 60", "silent_days: 75"), false)
	add("silence with models", commerce, edit(commerce, "churned_days: 120", "churned_days: 90"), true)
	add("fixed cuts", commerce, edit(commerce, "ties: min_rank", "ties: fixed\n  recency: [7, 30.5, 60, 90]\n  frequency: [1, 2, 4, 8]\n  monetary: [10, 25.55, 100, 250]"), false)
	add("fixed cuts, the eight by median", commerce, edit(commerce, "ties: min_rank", "ties: fixed\n  recency: [7, 30, 60, 90]\n  frequency: [1, 2, 4, 8]\n  monetary: [10, 25, 100, 250]", "cut: mean", "cut: median"), false)
	add("the eight fixed", commerce, edit(commerce, "cn: {m_kind: total, cut: mean}", "cn: {m_kind: average, cut: fixed, fixed: [30, 2, 99.995]}", "grid: ten", "grid: eleven"), false)
	add("tiers", commerce, edit(commerce, "top: 0.05", "top: 0.1"), false)
	add("tags and segments", commerce, edit(commerce, "purchase_days >= 2", "purchase_days >= 3", `tier in ["top", "high"] &&`, `traits.city == "Köln <b>" &&`), false)
	add("churn", commerce, edit(commerce, "lifecycle:\n", "churn: {threshold: 0.35}\nlifecycle:\n"), true)
	add("churn without models", commerce, edit(commerce, "lifecycle:\n", "churn: {threshold: 0.00003, horizon_days: 60}\nlifecycle:\n"), false)
	add("horizon", commerce, edit(commerce, "lifecycle:\n", "churn: {horizon_days: 60}\nlifecycle:\n"), true)
	add("outreach", commerce, edit(commerce, "template: winback\n      channel: outbox", "template: winback\n      channel: outbox\n      shadow: true", "daily_ceiling: 10000 ", "daily_ceiling: 500 "), false)
	add("dwell", commerce, edit(commerce, "    churned_days: 120\n", "    churned_days: 120\n  dwell_days: {silent: 7, active: 3}\n"), false)
	add("activity", commerce, edit(commerce, "lifecycle:\n", "activity: {of: any}\nlifecycle:\n"), true)
	add("growth", growth, edit(growth, "mature: 8", "mature: 12", "silent_days: 14", "silent_days: 10"), true)
	add("growth by purchases", growth, edit(growth, "of: any", "of: purchase"), false)
	add("own stages", custom, edit(custom, "silence_days <= 30.5", "silence_days <= 60", "45 > recency_days", "20 > recency_days"), true)
	entry := "engagement:\n  - {name: opens, when: 'active_days[28] >= 2', points: 40, zh: 活跃}\n  - {name: late, when: silence_days > 30, points: -10}\n"
	rated := edit(commerce, "# Tags that conditions give.\n", entry)
	add("engagement declared", commerce, edit(rated, "segments:\n", "segments:\n  - {name: engaged, when: engagement >= 30}\n"), false)
	add("engagement weighed otherwise", rated, edit(rated, "points: 40", "points: 55", "silence_days > 30", "silence_days > 45"), false)
	add("engagement taken away", rated, commerce, false)
	add("transitions", commerce, edit(commerce, "    churned_days: 120\n", "    churned_days: 120\n  transitions: {active: [silent], churned: []}\n"), false)
	add("transitions set free", custom, edit(custom, "  transitions: {first_purchase: [active], active: [silent, first_purchase]}\n", "  transitions: {active: [silent, first_purchase]}\n"), false)
	add("tags, segments and rules added", commerce, edit(commerce, "\nsegments:\n", "  - {name: big, when: 'spend > 10', zh: 大, en: Big}\n\nsegments:\n", "\n# Messages, in Liquid.", "  - {name: few, when: 'tags.has(\"big\")'}\n\n# Messages, in Liquid.")+
		"    - {name: more, on: {enter_segment: few}, template: welcome, channel: email, shadow: true}\n", false)
	add("tags, segments and rules taken away", commerce, edit(commerce, "  - name: big_basket\n    when: orders > 0 && average_order >= 100\n    zh: 高客单价\n    en: Big basket\n", "",
		"  - name: new_buyers\n    when: days_since(first_purchase) < 30\n    zh: 新客\n    en: New buyers\n", "",
		"    - name: welcome\n      on: {enter_stage: first_purchase}\n      template: welcome\n      channel: outbox\n", ""), false)
	add("the eight fixed on totals", commerce, edit(commerce, "cn: {m_kind: total, cut: mean}", "cn: {m_kind: total, cut: fixed, fixed: [45, 2, 80]}"), false)
	add("own stages, moves", custom, edit(custom, "active: 7, silent: 2", "active: 1", "active: [silent, first_purchase]", "active: []"), false)

	var text bytes.Buffer // a case a line
	for i, c := range cases {
		line, err := json.Marshal(c)
		if err != nil {
			t.Fatal(err)
		}
		text.WriteString([]string{"[\n", ",\n"}[min(i, 1)])
		text.Write(line)
	}
	text.WriteString("\n]\n")
	path := filepath.FromSlash(consoleFile)
	if os.Getenv("WEIR_UPDATE") != "" {
		if err := os.WriteFile(path, text.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	known, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(known, text.Bytes()) {
		t.Errorf("plans, versions or changes have changed: write %s anew with WEIR_UPDATE=1 and run the console's tests", consoleFile)
	}
}

func console(t *testing.T, name, published, tried string, withModels bool) consoleCase {
	t.Helper()
	z := zone.UTC
	if strings.Contains(published, "Asia/Shanghai") {
		z = utc8
	}
	base, next := compiled(t, published, z), compiled(t, tried, z)
	c := consoleCase{Name: name, Currency: base.Strategy().Currency, Version: base.StrategyVersion(), Next: next.StrategyVersion()}
	if withModels {
		base = modelled(t, base)
		c.Threshold = base.Models().Churn.Threshold
	}
	cuts := base.NewCuts(asOfConsole).Build()
	cuts.Recency, cuts.Monetary, cuts.Frequency = []int64{10, 20, 40, 80}, []int64{500, 1500, 4000, 9000}, []score.FrequencyCut{{Value: 1}, {Value: 2}, {Value: 3}, {Value: 5}}
	cuts.CN = score.CNCuts{MKind: "total", Cut: "mean", Recency: 50, Frequency: 2, Monetary: 3000}
	cuts.Tiers = []score.TierCut{{Name: "top", Least: 20000}, {Name: "low", Rest: true}}
	start, err := Plan(base, base, cuts)
	if err != nil {
		t.Fatal(err)
	}
	plan, err := Plan(base, next, cuts)
	if err == nil && !next.FitsBasis(cuts.Basis) {
		plan, err = RecutPlan(base, next, asOfConsole)
	}
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	c.Start, c.Plan, c.Changes = start.Encode(), plan.Encode(), strategy.Changes(base.Strategy(), next.Strategy())
	if c.Published, err = json.Marshal(base.Strategy()); err != nil {
		t.Fatal(err)
	}
	if c.Tried, err = json.Marshal(next.Strategy()); err != nil {
		t.Fatal(err)
	}
	return c
}

const asOfConsole = 1_770_000_000_000
