package journey

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/weir-engine/weir/shared/profile"
	"github.com/weir-engine/weir/shared/score"
)

// TestAnyHistory plays random purchases (late ones too), evaluations, cuts, strategies, models, backfills and approvals of
// include_existing against one user, and checks what must always hold.
func TestAnyHistory(t *testing.T) {
	engines := []*score.Engine{
		compile(t, plan),
		compile(t, strings.Replace(plan, "silent_days: 30", "silent_days: 10", 1)),
		compile(t, strings.Replace(plan, "churned_days: 60}", "churned_days: 60}\n  dwell_days: {silent: 5, active: 2}\n  transitions: {churned: [active]}", 1)),
	}
	engines = append(engines, withModels(t, engines[0], 0.9), withModels(t, engines[0], 2.5))
	cuts := []*score.Cuts{nil, cutsOf(engines[0], 500), cutsOf(engines[0], 5_000), cutsOf(engines[0], 1_000_000)}
	rapid.Check(t, func(t *rapid.T) {
		m := &model{counters: map[string]int64{}, ids: map[string]bool{}}
		e, c, day := engines[0], cuts[0], 0
		var days []int
		var prev *profile.State
		for range rapid.IntRange(1, 25).Draw(t, "steps") {
			day += rapid.IntRange(0, 25).Draw(t, "days on")
			switch rapid.IntRange(0, 9).Draw(t, "what") {
			case 0:
				e = rapid.SampledFrom(engines).Draw(t, "strategy")
			case 1:
				c = rapid.SampledFrom(cuts).Draw(t, "cuts")
			case 2:
				if prev != nil {
					prev.Strategy = ""
				}
			case 3, 4, 5:
				days = append(days, day)
			case 6:
				days = append(days, rapid.IntRange(0, day).Draw(t, "late"))
			}
			slices.Sort(days)
			f, existing := bought(slices.Compact(slices.Clone(days))...), rapid.IntRange(0, 9).Draw(t, "existing") == 0
			d := Decide(e, "u", f, prev, c, ms(day), existing)
			check(t, e, f, prev, c, ms(day), existing, d)
			m.observe(t, e, prev, c, d, existing)
			prev = &d.State
		}
	})
}

// model keeps what the intents so far allow.
type model struct {
	counters map[string]int64
	ids      map[string]bool
}

func (m *model) observe(t *rapid.T, e *score.Engine, prev *profile.State, cuts *score.Cuts, d Decision, existing bool) {
	if prev == nil {
		prev = &profile.State{}
	}
	baseline := prev.Strategy != e.StrategyVersion() || prev.Model != e.Version()
	if d.Changed && d.Baseline != baseline {
		t.Fatalf("baseline is %v", d.Baseline)
	}
	newCuts := prev.Cuts != version(cuts)
	for _, in := range d.Intents {
		if in.Episode != m.counters[in.Rule]+1 || m.ids[in.ID] {
			t.Fatalf("%s opens episode %d after %d", in.Rule, in.Episode, m.counters[in.Rule])
		}
		m.counters[in.Rule], m.ids[in.ID] = in.Episode, true
		if open(prev, in.Rule) {
			t.Fatalf("%s opens an episode while one is open", in.Rule)
		}
		approved := existing && in.Rule == "thanks"
		if baseline && !approved {
			t.Fatalf("a baseline asks for %s", in.Rule)
		}
		if newCuts && in.Rule == "best" {
			t.Fatal("new cuts alone ask for best")
		}
		if in.Shadow != (in.Rule == "quiet") {
			t.Fatalf("shadow of %s is %v", in.Rule, in.Shadow)
		}
	}
	for _, ep := range d.State.Episodes {
		if ep.Counter != m.counters[ep.Rule] {
			t.Fatalf("%s counts %d episodes, %d intents were made", ep.Rule, ep.Counter, m.counters[ep.Rule])
		}
		if ep.Open && !inside(e, &d.State, ep.Rule) {
			t.Fatalf("the episode of %s is open, but the user is out", ep.Rule)
		}
	}
	if d.Changed && d.State.DecidedAt < prev.DecidedAt {
		t.Fatal("time ran backwards")
	}
}

func open(s *profile.State, rule string) bool {
	return slices.ContainsFunc(s.Episodes, func(x profile.Episode) bool { return x.Rule == rule && x.Open })
}

// inside reports whether a user is in what a rule is about.
func inside(e *score.Engine, s *profile.State, rule string) bool {
	for _, r := range e.Strategy().Outreach.Rules {
		if r.Name == rule {
			return r.On.EnterStage == s.Stage && s.Stage != "" || slices.Contains(s.Segments, r.On.EnterSegment)
		}
	}
	return false
}

func BenchmarkDecideSame(b *testing.B) {
	e := compile(b, plan)
	cuts, f := cutsOf(e, 500), bought(0, 5, 9)
	prev := Decide(e, "u", f, nil, cuts, ms(10), false).State
	b.ReportAllocs()
	for b.Loop() {
		Decide(e, "u", f, &prev, cuts, ms(11), false)
	}
}

func BenchmarkDecideBaseline(b *testing.B) {
	e := compile(b, plan)
	cuts, f := cutsOf(e, 500), bought(0, 5, 9)
	b.ReportAllocs()
	for b.Loop() {
		Decide(e, "u", f, nil, cuts, ms(10), false)
	}
}

func BenchmarkDecideIntent(b *testing.B) {
	e := compile(b, plan)
	cuts, f := cutsOf(e, 500), bought(0, 5, 9)
	prev := Decide(e, "u", f, nil, cuts, ms(10), false).State
	b.ReportAllocs()
	for b.Loop() {
		Decide(e, "u", f, &prev, cuts, ms(40), false)
	}
}
