package journey

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/weir-engine/weir/shared/profile"
	"github.com/weir-engine/weir/shared/score"
	"github.com/weir-engine/weir/shared/strategy"
	"github.com/weir-engine/weir/shared/zone"
)

const plan = `
weir: 1
name: test
lifecycle:
  preset: commerce
  thresholds: {silent_days: 30, churned_days: 60}
tiers: [{name: top, top: 0.5}, {name: low, top: 1}]
tags:
  - {name: repeat, when: purchase_days >= 2}
segments:
  - {name: loyal, when: 'tags.has("repeat") && stage == "active"'}
  - {name: best, when: 'tier == "top"'}
  - {name: settled, when: 'stage_days < 3'}
  - {name: fading, when: 'p_alive < 0.6'}
templates: {t: {subject: s, body: b}}
outreach:
  rules:
    - {name: winback, on: {enter_stage: silent}, template: t}
    - {name: thanks, on: {enter_segment: loyal}, template: t, include_existing: true}
    - {name: quiet, on: {enter_stage: churned}, template: t, shadow: true}
    - {name: best, on: {enter_segment: best}, template: t}
    - {name: best_too, on: {enter_segment: best}, template: t, after_cuts: true}
    - {name: new, on: {enter_segment: settled}, template: t}
    - {name: call, on: {enter_segment: fading}, template: t}
`

func compile(t testing.TB, text string) *score.Engine {
	t.Helper()
	s, err := strategy.Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	e, err := score.New(s, zone.UTC)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// withModels is an engine with a purchase model whose users drop out the sooner the larger a is.
func withModels(t testing.TB, e *score.Engine, a float64) *score.Engine {
	t.Helper()
	m := score.Models{Basis: e.ModelBasis(), Purchases: &score.PurchaseModel{
		Kind: score.KindMBGNBD, Params: map[string]float64{"r": 0.5, "alpha": 6, "a": a, "b": 1.6},
	}}
	with, err := e.With(m.Sealed())
	if err != nil {
		t.Fatal(err)
	}
	return with
}

// bought is a user with an order of 10.00 on each day.
func bought(days ...int) *profile.Facts {
	f := new(profile.Facts)
	for _, d := range days {
		at := ms(d)
		if f.Events == 0 {
			f.FirstSeen = at
		}
		f.LastSeen, f.Events = at, f.Events+1
		f.Purchases = append(f.Purchases, profile.PurchaseDay{Day: zone.Day(origin + d), Orders: 1, Net: 1000})
	}
	return f
}

// origin is day 0 of the scripts.
const origin = 20_000

func ms(day int) int64 { return int64(origin+day)*86_400_000 + 3_600_000 }

// cutsOf makes cuts from one buyer who spent an amount, so that more than it is the top tier.
func cutsOf(e *score.Engine, spend int64) *score.Cuts {
	b := e.NewCuts(ms(0))
	f := bought(0)
	f.Purchases[0].Net = spend
	b.Add("x", f)
	return b.Build()
}

// step is one evaluation of a script.
type step struct {
	day      int
	facts    *profile.Facts
	existing bool
	want     string // "changed" or "same", with "baseline", the stage and the rules of the intents
}

// run plays a script from a state and checks what must hold of every decision.
func run(t *testing.T, e *score.Engine, cuts *score.Cuts, prev *profile.State, steps []step) *profile.State {
	t.Helper()
	ids := map[string]bool{}
	for i, s := range steps {
		d := Decide(e, "u", s.facts, prev, cuts, ms(s.day), s.existing)
		check(t, e, s.facts, prev, cuts, ms(s.day), s.existing, d)
		if got := summary(d); got != s.want {
			t.Errorf("step %d, day %d: %s, want %s", i, s.day, got, s.want)
		}
		for _, in := range d.Intents {
			if ids[in.ID] {
				t.Errorf("step %d: the intent %s stands twice", i, in.ID)
			}
			ids[in.ID] = true
		}
		prev = &d.State
	}
	return prev
}

func summary(d Decision) string {
	parts := []string{"same"}
	if d.Changed {
		parts[0] = "changed"
	}
	if d.Baseline {
		parts = append(parts, "baseline")
	}
	parts = append(parts, d.State.Stage)
	for _, in := range d.Intents {
		parts = append(parts, fmt.Sprintf("%s#%d", in.Rule, in.Episode))
	}
	return strings.Join(parts, " ")
}

// failer is a test, or a property under test.
type failer interface {
	Helper()
	Fatal(args ...any)
	Fatalf(format string, args ...any)
}

// check holds for every decision whatever the inputs.
func check(t failer, e *score.Engine, f *profile.Facts, prev *profile.State, cuts *score.Cuts, asOf int64, existing bool, d Decision) {
	t.Helper()
	if again := Decide(e, "u", f, prev, cuts, asOf, existing); !reflect.DeepEqual(d, again) {
		t.Fatalf("the same inputs decide %+v and %+v", d, again)
	}
	seq := int64(0)
	if prev != nil {
		seq = prev.Seq
	}
	if !d.Changed {
		if !reflect.DeepEqual(d.State, *prev) || len(d.Transitions)+len(d.Intents) > 0 {
			t.Fatalf("nothing changed, but %+v", d)
		}
		return
	}
	if d.State.Seq != seq+1 || d.Record.Seq != seq+1 {
		t.Fatalf("record %d follows %d", d.Record.Seq, seq)
	}
	restored(t, d)
	for _, in := range d.Intents {
		if in.ID != IntentID("u", in.Rule, in.Episode) || !slices.Contains(d.Record.Messages, in.ID) || len(in.Reasons) == 0 {
			t.Fatalf("%+v", in)
		}
		replays(t, in.Reasons)
	}
	for _, tr := range d.Transitions {
		if len(tr.Reasons) == 0 && !d.Baseline {
			t.Fatalf("%s moves without a reason", tr.What)
		}
		replays(t, tr.Reasons)
	}
	if next := Decide(e, "u", f, &d.State, cuts, asOf, existing); next.Changed {
		t.Fatalf("deciding again at once changes %+v into %+v", d.State, next.State)
	}
}

// restored sends the record through JSON and restores the state.
func restored(t failer, d Decision) {
	t.Helper()
	text, err := json.Marshal(d.Record)
	if err != nil {
		t.Fatal(err)
	}
	var r Record
	if err := json.Unmarshal(text, &r); err != nil {
		t.Fatal(err)
	}
	s := r.Restore()
	if got, want := profile.EncodeState(nil, &s), profile.EncodeState(nil, &d.State); !slices.Equal(got, want) {
		t.Fatalf("the record restores %+v, want %+v", s, d.State)
	}
}

func replays(t failer, reasons []score.Reason) {
	t.Helper()
	for _, r := range reasons {
		if got, err := score.Replay(r, zone.UTC); err != nil || got != r.Value {
			t.Fatalf("%s replays to %q, %v, want %q", r.Score, got, err, r.Value)
		}
	}
}

func TestScripts(t *testing.T) {
	e := compile(t, plan)
	cuts := cutsOf(e, 1_000_000)
	once, twice := bought(0), bought(0, 5)
	for _, c := range []struct {
		name  string
		prev  *profile.State
		steps []step
	}{
		{"a baseline is no news, what follows is", nil, []step{
			{1, once, false, "changed baseline first_purchase"},
			{2, once, false, "same first_purchase"},
			{30, once, false, "changed silent winback#1"},
			{31, once, false, "same silent"},
			{60, once, false, "changed churned quiet#1"},
		}},
		{"whoever is silent at the baseline gets nothing", nil, []step{
			{40, once, false, "changed baseline silent"},
			{41, once, false, "same silent"},
		}},
		{"entering again counts on", nil, []step{
			{6, twice, false, "changed baseline active"},
			{35, twice, false, "changed silent winback#1"},
			{40, bought(0, 5, 39), false, "changed active thanks#1"},
			{44, bought(0, 5, 39), false, "changed active"}, // no longer settled within three days
			{69, bought(0, 5, 39), false, "changed silent winback#2 new#1"},
			{70, bought(0, 5, 39, 70), false, "changed active thanks#2"},
			{100, bought(0, 5, 39, 70), false, "changed silent winback#3"},
		}},
		{"include_existing reaches those who are in, once, and only by rules that ask for it", nil, []step{
			{6, twice, true, "changed baseline active thanks#1"},
			{7, twice, true, "same active"},
			{8, twice, false, "same active"},
		}},
		{"include_existing reaches those whom a baseline set before", nil, []step{
			{6, twice, false, "changed baseline active"},
			{7, twice, true, "changed active thanks#1"},
		}},
		{"a late event that moves an episode's start opens no new one", nil, []step{
			{1, once, false, "changed baseline first_purchase"},
			{34, once, false, "changed silent winback#1"},
			{35, bought(0, 2), false, "changed silent"}, // the silence began two days later than was known
			{36, bought(0, 2, 4), false, "same silent"},
		}},
		{"a late event that ends a stage closes the episode", nil, []step{
			{1, once, false, "changed baseline first_purchase"},
			{34, once, false, "changed silent winback#1"},
			{35, bought(0, 20), false, "changed active thanks#1"},
			{50, bought(0, 20), false, "changed silent winback#2"},
		}},
		{"somebody who came after the strategy is news from the start", &profile.State{Strategy: e.StrategyVersion(), Cuts: cuts.Version, DecidedAt: ms(0)}, []step{
			{0, once, false, "changed first_purchase new#1"},
			{30, once, false, "changed silent winback#1"},
		}},
		{"time does not run backwards", nil, []step{
			{20, once, false, "changed baseline first_purchase"},
			{31, once, false, "changed silent winback#1"},
			{3, once, false, "same silent"},
			{32, once, false, "same silent"},
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			run(t, e, cuts, c.prev, c.steps)
		})
	}
}

// TestOtherVersionsAreBaselines publishes a changed strategy, then comes a backfill, then another model.
func TestOtherVersionsAreBaselines(t *testing.T) {
	e, once := compile(t, plan), bought(0)
	cuts := cutsOf(e, 1_000_000)
	before := run(t, e, cuts, nil, []step{{1, once, false, "changed baseline first_purchase"}})

	changed := compile(t, strings.Replace(plan, "silent_days: 30", "silent_days: 10", 1))
	for name, c := range map[string]struct {
		engine *score.Engine
		edit   func(*profile.State)
		why    string
	}{
		BaselineStrategy: {changed, func(*profile.State) {}, BaselineStrategy},
		BaselineBackfill: {e, func(s *profile.State) { s.Strategy = "" }, BaselineBackfill},
		BaselineModel:    {e, func(s *profile.State) { s.Model = "another" }, BaselineModel},
	} {
		prev := *before
		c.edit(&prev)
		d := Decide(c.engine, "u", once, &prev, cuts, ms(40), false)
		check(t, c.engine, once, &prev, cuts, ms(40), false, d)
		if !d.Baseline || d.Record.Why != c.why || len(d.Intents) > 0 || d.State.Stage != "silent" {
			t.Errorf("%s: %s, %q", name, summary(d), d.Record.Why)
		}
		// and the next move is news again
		if d = Decide(c.engine, "u", once, &d.State, cuts, ms(60), false); d.Baseline || len(d.Intents) != 1 || !d.Intents[0].Shadow {
			t.Errorf("%s: then %s", name, summary(d))
		}
	}
}

// TestNewCutsAlone moves a user between tiers by cuts, and at the same time to another stage by time.
func TestNewCutsAlone(t *testing.T) {
	e, once := compile(t, plan), bought(0)
	high, low := cutsOf(e, 1_000_000), cutsOf(e, 500)
	prev := run(t, e, high, nil, []step{{1, once, false, "changed baseline first_purchase"}})
	prev = run(t, e, low, prev, []step{
		{35, once, false, "changed silent winback#1 best_too#1"},
		{36, once, false, "same silent"},
	})
	if !slices.Contains(prev.Segments, "best") {
		t.Errorf("%+v", prev)
	}
	prev = run(t, e, high, prev, []step{{37, once, false, "changed silent"}})
	if ep := prev.Episodes; slices.ContainsFunc(ep, func(x profile.Episode) bool { return x.Rule == "best_too" && x.Open }) {
		t.Errorf("the episode stays open: %+v", ep)
	}
	// without cuts at first, and with the first ones
	bare := run(t, e, nil, nil, []step{{1, once, false, "changed baseline first_purchase"}})
	run(t, e, low, bare, []step{{2, once, false, "changed first_purchase best_too#1"}})
}

// TestDwellAndTransitions holds users back where the strategy says so.
// TestNewModels: publishing, changing and taking back models is no news to anybody; what moves under them is.
func TestNewModels(t *testing.T) {
	plain := compile(t, plan)
	first, second := withModels(t, plain, 0.9), withModels(t, plain, 2.5)
	f := bought(0, 5, 9)
	var prev *profile.State
	for i, s := range []struct {
		day  int
		e    *score.Engine
		want string
	}{
		{10, plain, "changed baseline active"},
		{11, first, "changed baseline active"},
		{12, first, "same active"},
		{35, first, "changed active call#1"},
		{36, first, "same active"},
		{36, plain, "changed baseline active"},
		{36, second, "changed baseline active"},
		{37, second, "same active"},
	} {
		d := Decide(s.e, "u", f, prev, nil, ms(s.day), false)
		check(t, s.e, f, prev, nil, ms(s.day), false, d)
		if got := summary(d); got != s.want {
			t.Errorf("step %d, day %d: %s, want %s", i, s.day, got, s.want)
		}
		if d.State.Model != s.e.Version() || d.Baseline != (d.Record.Why != "") {
			t.Errorf("step %d: %+v", i, d)
		}
		if d.Baseline && i > 0 && d.Record.Why != BaselineModel {
			t.Errorf("step %d is a baseline because of %s", i, d.Record.Why)
		}
		prev = &d.State
	}
}

func TestDwellAndTransitions(t *testing.T) {
	held := strings.Replace(plan, "churned_days: 60}", "churned_days: 60}\n  dwell_days: {silent: 10}\n  transitions: {churned: [first_purchase]}", 1)
	e := compile(t, held)
	cuts := cutsOf(e, 1_000_000)
	run(t, e, cuts, nil, []step{
		{20, bought(0), false, "changed baseline first_purchase"},
		{35, bought(0), false, "changed silent winback#1"},
		{38, bought(0, 37), false, "changed silent"}, // bought, but silent for three days only; no longer new
		{44, bought(0, 37), false, "same silent"},
		{45, bought(0, 37), false, "changed active thanks#1 new#1"},
		{100, bought(0, 37), false, "changed churned quiet#1"},
		{101, bought(0, 37, 101), false, "same churned"}, // churned does not lead to active
	})
}

// TestRulesComeAndGo takes a rule away while its episode is open and brings it back: no id is used twice.
func TestRulesComeAndGo(t *testing.T) {
	e := compile(t, plan)
	cuts := cutsOf(e, 1_000_000)
	without := compile(t, strings.Replace(plan, "    - {name: winback, on: {enter_stage: silent}, template: t}\n", "", 1))
	prev := run(t, e, cuts, nil, []step{
		{1, bought(0), false, "changed baseline first_purchase"},
		{30, bought(0), false, "changed silent winback#1"},
	})
	prev = run(t, without, cuts, prev, []step{{31, bought(0), false, "changed baseline silent"}})
	prev = run(t, e, cuts, prev, []step{
		{32, bought(0), false, "changed baseline silent"},
		{33, bought(0, 33), false, "changed active thanks#1"},
		{63, bought(0, 33), false, "changed silent winback#2"},
	})
	for i, ep := range prev.Episodes {
		if i > 0 && prev.Episodes[i-1].Rule >= ep.Rule {
			t.Errorf("episodes are not sorted: %+v", prev.Episodes)
		}
	}
}

func TestIntentIDsAreFramed(t *testing.T) {
	ids := map[string]string{}
	for _, c := range []struct {
		user, rule string
		n          int64
	}{{"a", "bc", 1}, {"ab", "c", 1}, {"a", "bc", 2}, {"abc", "", 1}, {"", "abc", 1}} {
		id := IntentID(c.user, c.rule, c.n)
		if other := ids[id]; len(id) != 32 || other != "" {
			t.Errorf("%+v has the id of %s", c, other)
		}
		ids[id] = fmt.Sprint(c)
	}
	if got := IntentID("u", "winback", 1); got != "57b1cd41756cc39ab196cc66728d37d3" {
		t.Errorf("the id of an intent changed to %s: messages that were sent would be sent again", got)
	}
}
