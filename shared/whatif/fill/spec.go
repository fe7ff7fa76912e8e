package fill

import (
	"slices"

	"github.com/weir-engine/weir/shared/event"
	"github.com/weir-engine/weir/shared/fault"
	"github.com/weir-engine/weir/shared/profile"
	"github.com/weir-engine/weir/shared/score"
	"github.com/weir-engine/weir/shared/segment"
	"github.com/weir-engine/weir/shared/strategy"
	"github.com/weir-engine/weir/shared/whatif"
	"github.com/weir-engine/weir/shared/whatif/wire"
)

func minorDigits(e *score.Engine) int { return event.MinorDigits(e.Strategy().Currency) }

// Spec is what a what-if reads of a strategy, with published cuts (nil: none). base is the engine whose strategy the columns were
// filled under. Invalid when the strategy counts other things than the base's: then the facts must be folded again before
// anything can be said.
func Spec(base, e *score.Engine, cuts *score.Cuts) (*whatif.Spec, error) {
	p, err := Plan(base, e, cuts)
	if err != nil {
		return nil, err
	}
	return p.Spec(nil)
}

// Plan is Spec before its conditions are compiled.
func Plan(base, e *score.Engine, cuts *score.Cuts) (*wire.Plan, error) {
	s := e.Strategy()
	if err := sameFacts(base.Strategy(), s); err != nil {
		return nil, err
	}
	p := &wire.Plan{
		Version: s.Version(), Zone: base.Zone(), Activity: s.Activity.Of, Grid: s.RFM.Grid, Names: *s.Names(), Cuts: Cuts(cuts), Missing: missing(base.Strategy(), s, base, e),
	}
	p.Names.Segments, p.Names.Stages, p.Names.Tags = nil, nil, nil // those of the plan
	for _, t := range s.EventTags {
		p.Names.Tags = append(p.Names.Tags, t.Tag)
	}
	if p.Activity == "" {
		p.Activity = profile.ActivityPurchase
	}
	if p.Churn = base.ChurnThreshold(); p.Churn > 0 {
		p.Churn, p.ChurnSilence = base.Models().Churn.Threshold, e.SilenceLimit()
		if s.Churn.Threshold > 0 {
			p.Churn = s.Churn.Threshold
		}
	}
	for _, st := range s.Lifecycle.Stages {
		to, bound := s.Lifecycle.Transitions[st.Name]
		p.Stages = append(p.Stages, wire.Stage{Name: st.Name, When: st.When, Dwell: s.Lifecycle.Dwell[st.Name], Bound: bound, Allowed: slices.Clone(to)})
	}
	for _, t := range s.Tags {
		p.Tags = append(p.Tags, wire.Audience{Name: t.Name, When: t.When})
	}
	for _, g := range s.Segments {
		p.Segments = append(p.Segments, wire.Audience{Name: g.Name, When: g.When})
	}
	for _, e := range s.Engagement {
		p.Engagement = append(p.Engagement, wire.Points{Name: e.Name, When: e.When, Points: e.Points})
	}
	for _, r := range s.Outreach.Rules {
		p.Rules = append(p.Rules, whatif.Rule{Name: r.Name, Stage: r.On.EnterStage, Segment: r.On.EnterSegment})
	}
	return p, nil
}

// RecutPlan is Plan for a strategy that the published cuts do not fit: its cuts are computed from the base at asOf (unix
// milliseconds), save for those that the strategy fixes.
func RecutPlan(base, e *score.Engine, asOf int64) (*wire.Plan, error) {
	p, err := Plan(base, e, e.NewCuts(asOf).Build()) // of nobody: what needs no base
	if err != nil {
		return nil, err
	}
	s := e.Strategy()
	p.Recut = &wire.Recut{Rules: Rules(s), KeepScores: s.RFM.Ties == score.TiesFixed, KeepCN: s.RFM.CN.Cut == score.CutFixed}
	return p, nil
}

// Cuts are published cuts as a what-if reads them.
func Cuts(c *score.Cuts) (out whatif.Cuts) {
	if c == nil {
		return out
	}
	if len(c.Recency) == 4 && len(c.Frequency) == 4 && len(c.Monetary) == 4 {
		out.Scored = true
		copy(out.Recency[:], c.Recency)
		copy(out.Monetary[:], c.Monetary)
		for i, f := range c.Frequency {
			out.Frequency[i], out.Ranked[i] = f.Value, f.Key != ""
		}
	}
	out.CN = whatif.CNCuts{Known: c.CN.Cut != "", Average: c.CN.MKind == score.MoneyAverage, Recency: c.CN.Recency, Frequency: c.CN.Frequency, Monetary: c.CN.Monetary}
	for _, t := range c.Tiers {
		out.Tiers = append(out.Tiers, whatif.TierCut{Name: t.Name, Least: t.Least, Rest: t.Rest})
	}
	return out
}

// Rules are how a strategy wants cuts computed from a base.
func Rules(s *strategy.Strategy) whatif.CutRules {
	r := whatif.CutRules{Ties: s.RFM.Ties, CNAverage: s.RFM.CN.MKind == score.MoneyAverage, CNCut: s.RFM.CN.Cut}
	for _, t := range s.Tiers {
		r.Tiers = append(r.Tiers, whatif.TierRule{Name: t.Name, Top: t.Top})
	}
	return r
}

// sameFacts demands that what purchases and days are is what the columns were filled with.
func sameFacts(base, s *strategy.Strategy) error {
	for _, c := range []struct {
		path string
		same bool
	}{
		{"zone", base.Zone == s.Zone}, {"currency", base.Currency == s.Currency}, {"purchase", base.Purchase == s.Purchase}, {"refund", base.Refund == s.Refund},
	} {
		if !c.same {
			return fault.New(fault.Invalid, "a change of %s cannot be previewed: the facts of every user must be folded again", c.path).
				WithHint("try the other changes by themselves; publish the strategy to see this one")
		}
	}
	return nil
}

// missing lists what conditions may name under the new strategy whose data are not in the columns, or are something else there.
func missing(base, s *strategy.Strategy, old, e *score.Engine) []whatif.Missing {
	var list []whatif.Missing
	refuse := func(prefix, why string) { list = append(list, whatif.Missing{Prefix: prefix, Why: why}) }
	for _, m := range s.Metrics {
		at := slices.IndexFunc(base.Metrics, func(b strategy.Metric) bool { return b.Name == m.Name })
		prefix := (&segment.Ref{Kind: segment.RefMetric, Name: m.Name}).String() + "["
		switch {
		case at < 0:
			refuse(prefix, "the metric "+m.Name+" is new: its data are not folded yet")
		case !sameMetric(base.Metrics[at], m):
			refuse(prefix, "the metric "+m.Name+" counts something else than in the base")
		}
	}
	for _, name := range s.Events {
		if !slices.Contains(base.Events, name) {
			ref := (&segment.Ref{Kind: segment.RefEvent, Name: name, Stat: ""}).String()
			refuse(ref, "the event "+name+" was not declared: it is not counted yet")
		}
	}
	if !slices.Equal(base.EventTags, s.EventTags) {
		for _, t := range append(slices.Clone(s.EventTags), base.EventTags...) {
			of := func(list []strategy.EventTag) (out []strategy.EventTag) {
				for _, x := range list {
					if x.Tag == t.Tag {
						out = append(out, x)
					}
				}
				return out
			}
			if !slices.Equal(of(base.EventTags), of(s.EventTags)) {
				refuse((&segment.Ref{Kind: segment.RefTag, Name: t.Tag}).String(), "the tag "+t.Tag+" is set by other events than in the base")
			}
		}
	}
	if s.Activity.Of == profile.ActivityEvents && !slices.Equal(base.Events, s.Events) {
		refuse("silence_days", "other events end a silence than in the base")
	}
	if base.Value != s.Value {
		refuse("clv", "the section value is another one than in the base")
	}
	if old.Models() != nil && old.ModelBasis() != e.ModelBasis() {
		for _, name := range []string{"p_alive", "expected_purchases", "expected_value", "clv", "churn_p", "churn_warning"} {
			refuse(name, "the models were fitted under other settings")
		}
	}
	return list
}

func sameMetric(a, b strategy.Metric) bool {
	return a.Event == b.Event && a.Where == b.Where && a.Value == b.Value && a.Unit == b.Unit && a.Agg == b.Agg
}

// Recut computes the cuts that a strategy would have over the base of some columns: fixed ones as it says, the others from the
// users. They equal those of score.CutsBuilder.
func Recut(base *whatif.Base, e *score.Engine) (whatif.Cuts, error) {
	p, err := RecutPlan(e, e, base.Head().AsOf)
	if err != nil {
		return whatif.Cuts{}, err
	}
	spec, err := p.Spec(base)
	if err != nil {
		return whatif.Cuts{}, err
	}
	return spec.Cuts, nil
}
