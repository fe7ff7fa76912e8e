package score

import (
	"strconv"
	"strings"

	"github.com/weir-engine/weir/shared/profile"
)

// Names of scores in reasons. Tags and segments are these prefixes with the name.
const (
	NameCandidate  = "stage_candidate"
	NameStage      = "stage"
	NameR          = "r"
	NameF          = "f"
	NameM          = "m"
	NameRFM        = "rfm_name"
	NameRFMCN      = "rfm_cn"
	NameTier       = "tier"
	NameAlive      = "p_alive"
	NameExpected   = "expected_purchases"
	NameMoney      = "expected_value"
	NameCLV        = "clv"
	NameChurn      = "churn_p"
	NameEngagement = "engagement"
	PrefixTag      = "tag:"
	PrefixEvent    = "event_tag:" // a tag that an event set, where a condition may give the same tag
	PrefixSegment  = "segment:"
)

// Explain scores a user as Score does and gives every score with its reasons: the stages, the three scores with their names,
// the tier, with models their scores, then tags and segments in the order of evaluation, those that do not hold too.
func (e *Engine) Explain(key string, f *profile.Facts, st *profile.State, cuts *Cuts, asOf int64) []Reason {
	v := e.enter(key, f, st, cuts, asOf, new(Result))
	e.evaluate(v)
	out := append(make([]Reason, 0, 8+len(modelNames)+len(f.Tags)+len(e.rules)), e.whyCandidate(v), e.whyStage(v))
	out = append(out, e.whyScores(v)...)
	out = append(out, e.whyCN(v), e.whyTier(v))
	if e.fitted != nil {
		for _, name := range modelNames {
			out = append(out, e.whyModel(v, name))
		}
	}
	if len(e.points) > 0 {
		out = append(out, e.whyEngagement(v))
	}
	for i := range f.Tags {
		out = append(out, e.whyEventTag(v, &f.Tags[i]))
	}
	for i := range e.rules {
		out = append(out, e.whyRule(v, &e.rules[i]))
	}
	e.leave(v)
	return out
}

// Why gives the reasons of chosen scores alone: of the stage (NameStage brings NameCandidate with it), of models, tags and
// segments; other names bring nothing. Lean
// reasons lack what only serves the eye and can be computed again (Rule): they are the form that records keep.
func (e *Engine) Why(key string, f *profile.Facts, st *profile.State, cuts *Cuts, asOf int64, lean bool, scores ...string) []Reason {
	v := e.enter(key, f, st, cuts, asOf, new(Result))
	v.lean = lean
	e.evaluate(v)
	var out []Reason
	for _, name := range scores {
		if name == NameStage {
			out = append(out, e.whyCandidate(v), e.whyStage(v))
			continue
		}
		if name == NameEngagement && len(e.points) > 0 {
			out = append(out, e.whyEngagement(v))
			continue
		}
		if contains(modelNames[:], name) {
			out = append(out, e.whyModel(v, name))
			continue
		}
		for i := range e.rules {
			if r := &e.rules[i]; r.score() == name {
				out = append(out, e.whyRule(v, r))
			}
		}
	}
	e.leave(v)
	return out
}

func (e *Engine) reason(v *env, score, value string, how How) Reason {
	return Reason{Score: score, Value: value, How: how, Inputs: []Input{}, AsOf: v.asOf, Zone: e.zone.Name()}
}

func (e *Engine) whyCandidate(v *env) Reason {
	r := e.reason(v, NameCandidate, v.r.Candidate, HowStages)
	tree := Rule{Text: "the first stage whose condition holds", Value: "true"}
	for i := range e.stages {
		g := &e.stages[i]
		rule := Condition{Name: g.name}
		part := Rule{Text: g.name, Value: "true", Got: "every other user"}
		if g.when != nil {
			rule.When = g.text
			r.Inputs = addInputs(r.Inputs, g.when, v)
			if !v.lean {
				part = treeOf(g.when.Explain(v))
				part.Text = g.name + ": " + part.Text
			}
		}
		r.Conditions = append(r.Conditions, rule)
		tree.Children = append(tree.Children, part)
		if g.name == v.r.Candidate {
			break
		}
	}
	if !v.lean {
		r.Rule = &tree
	}
	g := e.stage(v.r.Candidate)
	rule, got := r.Conditions[len(r.Conditions)-1].When, shown(r.Inputs, e.zone)
	if rule == "" {
		r.Text.En = "The facts ask for stage " + g.en + ": no other stage holds (" + got + ")."
		r.Text.Zh = "按事实应处于“" + g.zh + "”：其他阶段的条件都不满足（" + got + "）。"
		return r
	}
	r.Text.En = "The facts ask for stage " + g.en + ": " + rule + " holds (" + got + ")."
	r.Text.Zh = "按事实应处于“" + g.zh + "”：满足 " + rule + "（" + got + "）。"
	return r
}

func (e *Engine) whyStage(v *env) Reason {
	r := e.reason(v, NameStage, v.r.Stage, HowSettle)
	settled := e.settle(v.st, v.r.Candidate, v.day)
	prev, since, dwell, allowed := "", "", 0, "*"
	if v.st != nil && v.st.Stage != "" {
		prev = v.st.Stage
		if v.st.Since != 0 {
			since = v.st.Since.String()
		}
		if g := e.stage(prev); g == nil {
			prev = "" // gone from the strategy
		} else {
			dwell = g.dwell
			if g.allowed != nil {
				allowed = strings.Join(g.allowed, ",")
			}
		}
	}
	r.Inputs = []Input{
		{Name: "previous", Value: prev}, {Name: "since", Value: since}, {Name: "candidate", Value: v.r.Candidate},
		{Name: "day", Value: v.day.String()}, {Name: "dwell_days", Value: strconv.Itoa(dwell)}, {Name: "allowed", Value: allowed},
	}
	r.Text = e.settleText(settled.Why, prev, v.r.Candidate, since, dwell)
	return r
}

func (e *Engine) settleText(why, prev, candidate, since string, dwell int) Text {
	from, to := e.stage(prev), e.stage(candidate)
	if from == nil {
		from = &stage{zh: prev, en: prev}
	}
	days := strconv.Itoa(dwell)
	switch why {
	case SettledFirst:
		return Text{En: "Nothing was settled before: the stage is the candidate, " + to.en + ".", Zh: "此前没有定论，取候选阶段“" + to.zh + "”。"}
	case SettledStay:
		if since == "" {
			return Text{En: "The stage stays " + to.en + ".", Zh: "仍处于“" + to.zh + "”。"}
		}
		return Text{En: "The stage stays " + to.en + ", as since " + since + ".", Zh: "自 " + since + " 起一直处于“" + to.zh + "”。"}
	case SettledDwell:
		return Text{
			En: "The stage stays " + from.en + " since " + since + ": users stay there for at least " + days + " days before they become " + to.en + ".",
			Zh: "自 " + since + " 起处于“" + from.zh + "”：至少停留 " + days + " 天后才能转为“" + to.zh + "”。",
		}
	case SettledBarred:
		return Text{
			En: "The stage stays " + from.en + ": no transition from it to " + to.en + " is allowed.",
			Zh: "仍处于“" + from.zh + "”：策略不允许由此转为“" + to.zh + "”。",
		}
	case SettledUnknown:
		return Text{En: "The stage before is gone from the strategy: the stage is the candidate, " + to.en + ".", Zh: "策略中已没有原来的阶段，取候选阶段“" + to.zh + "”。"}
	}
	return Text{En: "The stage moves from " + from.en + " to " + to.en + ".", Zh: "阶段由“" + from.zh + "”转为“" + to.zh + "”。"}
}

func (e *Engine) whyEventTag(v *env, t *profile.Tag) Reason {
	name := PrefixTag
	for i := range e.rules {
		if r := &e.rules[i]; r.segment < 0 && r.name == t.Name {
			name = PrefixEvent
		}
	}
	r := e.reason(v, name+t.Name, strconv.FormatBool(holdsAt(t, v.asOf)), HowEventTag)
	r.Inputs = []Input{
		{Name: "source", Value: t.Source}, in("set_at", t.Time), in("expires", t.Expires), {Name: "removed", Value: strconv.FormatBool(t.Removed)},
	}
	at := e.zone.Day(t.Time).String()
	switch {
	case t.Removed:
		r.Text = Text{En: t.Source + " removed the tag on " + at + ".", Zh: t.Source + " 于 " + at + " 去掉了该标签。"}
	case t.Expires == 0:
		r.Text = Text{En: t.Source + " set the tag on " + at + ".", Zh: t.Source + " 于 " + at + " 打上了该标签。"}
	default:
		until := e.zone.Day(t.Expires).String()
		r.Text = Text{En: t.Source + " set the tag on " + at + " until " + until + ".", Zh: t.Source + " 于 " + at + " 打上该标签，" + until + " 到期。"}
	}
	return r
}

// score is the name of the tag or segment in reasons.
func (r *rule) score() string {
	if r.segment < 0 {
		return PrefixTag + r.name
	}
	return PrefixSegment + r.name
}

func (e *Engine) whyRule(v *env, d *rule) Reason {
	value := d.when.Bool(v)
	r := e.reason(v, d.score(), strconv.FormatBool(value), HowCondition)
	r.Inputs = addInputs(r.Inputs, d.when, v)
	r.Conditions = []Condition{{Name: d.name, When: d.text}}
	if !v.lean {
		tree := treeOf(d.when.Explain(v))
		r.Rule = &tree
	}
	got, gotZh := "", ""
	if len(r.Inputs) > 0 {
		list := shown(r.Inputs, e.zone)
		got, gotZh = " ("+list+")", "（"+list+"）"
	}
	holds, zh := "does not hold", "不满足"
	if value {
		holds, zh = "holds", "满足"
	}
	r.Text.En = d.en + ": " + r.Conditions[0].When + " " + holds + got + "."
	r.Text.Zh = d.zh + "：" + zh + " " + r.Conditions[0].When + gotZh + "。"
	return r
}
