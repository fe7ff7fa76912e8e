package score

import (
	"slices"
	"strconv"

	"github.com/weir-engine/weir/shared/fault"
	"github.com/weir-engine/weir/shared/segment"
	"github.com/weir-engine/weir/shared/strategy"
)

// points is one compiled entry of the engagement score.
type points struct {
	name   string
	zh, en string
	when   *segment.Program
	text   string // when, canonical
	points int
}

// MaxEngagement is the best engagement score; the least is 0.
const MaxEngagement = 100

func compilePoints(s *strategy.Strategy) ([]points, error) {
	schema := s.EngagementSchema()
	list := make([]points, len(s.Engagement))
	for i, d := range s.Engagement {
		p, err := segment.Compile(d.When, schema)
		if err != nil {
			return nil, fault.Wrap(err, "engagement %s", d.Name)
		}
		list[i] = points{name: d.Name, zh: orElse(d.Zh, d.Name), en: orElse(d.En, d.Name), when: p, text: p.String(), points: d.Points}
	}
	return list, nil
}

// engagement is the sum of the points whose conditions hold, cut to 0..MaxEngagement; -1 where the strategy declares none.
func (v *env) engagement() int {
	if len(v.e.points) == 0 {
		return -1
	}
	sum := 0
	for i := range v.e.points {
		if v.e.points[i].when.Bool(v) {
			sum += v.e.points[i].points
		}
	}
	return min(max(sum, 0), MaxEngagement)
}

// engagementOnCuts reports whether new cuts alone can change the engagement score.
func engagementOnCuts(list []points) bool {
	return slices.ContainsFunc(list, func(p points) bool { return slices.ContainsFunc(p.when.Refs(), refOnCuts) })
}

func (e *Engine) whyEngagement(v *env) Reason {
	value := v.engagement()
	r := e.reason(v, NameEngagement, strconv.Itoa(value), HowPoints)
	tree := Rule{Text: "the sum of the points, from 0 to " + strconv.Itoa(MaxEngagement), Value: "true", Got: strconv.Itoa(value)}
	en, zh := "", ""
	for i := range e.points {
		p := &e.points[i]
		r.Inputs = addInputs(r.Inputs, p.when, v)
		r.Conditions = append(r.Conditions, Condition{Name: p.name, When: p.text})
		r.Cuts = append(r.Cuts, in(p.name, int64(p.points)))
		signed := signedPoints(p.points)
		if !v.lean {
			part := treeOf(p.when.Explain(v))
			part.Text = signed + " " + p.name + ": " + part.Text
			tree.Children = append(tree.Children, part)
		}
		if p.when.Bool(v) {
			en, zh = en+" "+signed+" "+p.en+".", zh+p.zh+" "+signed+"。"
		}
	}
	if !v.lean {
		r.Rule = &tree
	}
	if en == "" {
		en, zh = " No condition holds.", "没有满足任何条件。"
	}
	r.Text.En = "Engagement of " + strconv.Itoa(value) + " of " + strconv.Itoa(MaxEngagement) + "." + en
	r.Text.Zh = "参与度 " + strconv.Itoa(value) + " / " + strconv.Itoa(MaxEngagement) + "。" + zh
	return r
}

func signedPoints(n int) string {
	if n > 0 {
		return "+" + strconv.Itoa(n)
	}
	return strconv.Itoa(n)
}

// points recomputes an engagement score.
func (p *player) points() string {
	if len(p.r.Conditions) != len(p.r.Cuts) {
		p.fail("there are %d conditions and %d points", len(p.r.Conditions), len(p.r.Cuts))
		return ""
	}
	env, schema := p.recorded()
	sum := int64(0)
	for i, c := range p.r.Conditions {
		if p.holds(c.When, env, schema) {
			sum += min(max(p.parse(p.r.Cuts[i].Name, p.r.Cuts[i].Value), -MaxEngagement), MaxEngagement)
		}
	}
	return strconv.FormatInt(min(max(sum, 0), MaxEngagement), 10)
}
