// Package wire carries what a what-if reads and answers across a border that knows bytes alone: from a server to a browser, and
// from JavaScript into WebAssembly and back. docs/wasm-abi.md describes the bytes.
package wire

import (
	"github.com/weir-engine/weir/shared/fault"
	"github.com/weir-engine/weir/shared/segment"
	"github.com/weir-engine/weir/shared/whatif"
	"github.com/weir-engine/weir/shared/zone"
)

// PlanVersion is the version of the layout of plans. Those of version 1, which had no engagement, are read too.
const PlanVersion = 2

const planMagic = "weir.pln"

// Plan is a strategy as a what-if reads it: conditions as text, with everything that compiling them takes.
type Plan struct {
	Version  string     // of the strategy
	Zone     *zone.Zone // of the base
	Activity string     // what ends silence
	Grid     string
	// Names are what conditions may refer to beside the stages, tags and segments of the plan: its Tags are those that events set.
	Names        segment.Names
	Stages       []Stage // from the top; the last has no condition
	Tags         []Audience
	Segments     []Audience
	Engagement   []Points
	Rules        []whatif.Rule
	Churn        float64 // as whatif.Spec
	ChurnSilence int
	Missing      []whatif.Missing
	Cuts         whatif.Cuts
	Recut        *Recut // nil: Cuts hold
}

// Recut says that cuts are computed from the base.
type Recut struct {
	Rules      whatif.CutRules
	KeepScores bool // those of the scores, and those of the Chinese eight, are fixed: they stay as in Cuts
	KeepCN     bool
}

// Stage is one stage of the lifecycle.
type Stage struct {
	Name    string
	When    string // "": everybody else
	Dwell   int
	Bound   bool // Allowed limits where a user may go from here
	Allowed []string
}

// Audience is a tag or segment that a condition gives.
type Audience struct{ Name, When string }

// Points are what a condition gives to the engagement score.
type Points struct {
	Name, When string
	Points     int
}

// Encode returns the plan as bytes.
func (p *Plan) Encode() []byte {
	c := &coder{}
	p.code(c)
	return c.b
}

// ParsePlan reads what Encode wrote. Invalid when b is no whole plan of this version.
func ParsePlan(b []byte) (*Plan, error) {
	if len(b) >= 12 && string(b[:8]) == planMagic {
		head, v := &coder{b: b[8:], reading: true}, uint32(0)
		if head.u32(&v); v != PlanVersion && v != 1 {
			return nil, fault.New(fault.Invalid, "the plan has layout %d, this program reads layout %d", v, PlanVersion).WithHint("load the page again")
		}
	}
	p, c := &Plan{}, &coder{b: b, reading: true}
	p.code(c)
	if c.bad || len(c.b) > 0 {
		return nil, fault.New(fault.Invalid, "the plan is damaged").WithHint("load it again")
	}
	return p, nil
}

func (p *Plan) code(c *coder) {
	version := uint32(PlanVersion)
	c.magic(planMagic)
	c.u32(&version)
	c.text(&p.Version)
	codeZone(c, &p.Zone)
	c.text(&p.Activity)
	c.text(&p.Grid)
	n := &p.Names
	list(c, &n.Metrics, func(m *segment.MetricName) {
		c.text(&m.Name)
		list(c, &m.Windows, c.whole)
		for _, s := range []*string{&m.Of.Event, &m.Of.Where, &m.Of.Value, &m.Of.Agg} {
			c.text(s)
		}
	})
	c.text(&n.Purchase)
	for _, l := range []*[]string{&n.Events, &n.Tags, &n.Messages, &n.RFM, &n.RFMCN, &n.Tiers} {
		list(c, l, c.text)
	}
	list(c, &n.Refused, func(r *segment.Refusal) { c.text(&r.Name); c.text(&r.Why) })
	list(c, &p.Stages, func(s *Stage) {
		c.text(&s.Name)
		c.text(&s.When)
		c.whole(&s.Dwell)
		c.truth(&s.Bound)
		list(c, &s.Allowed, c.text)
	})
	for _, l := range []*[]Audience{&p.Tags, &p.Segments} {
		list(c, l, func(a *Audience) { c.text(&a.Name); c.text(&a.When) })
	}
	if version > 1 {
		list(c, &p.Engagement, func(e *Points) { c.text(&e.Name); c.text(&e.When); c.whole(&e.Points) })
	}
	list(c, &p.Rules, func(r *whatif.Rule) {
		c.text(&r.Name)
		c.text(&r.Stage)
		c.text(&r.Segment)
	})
	c.float(&p.Churn)
	c.whole(&p.ChurnSilence)
	list(c, &p.Missing, func(m *whatif.Missing) { c.text(&m.Prefix); c.text(&m.Why) })
	codeCuts(c, &p.Cuts)
	maybe(c, &p.Recut, func(r *Recut) {
		c.text(&r.Rules.Ties)
		c.truth(&r.Rules.CNAverage)
		c.text(&r.Rules.CNCut)
		list(c, &r.Rules.Tiers, func(t *whatif.TierRule) { c.text(&t.Name); c.float(&t.Top) })
		c.truth(&r.KeepScores)
		c.truth(&r.KeepCN)
	})
}

func codeZone(c *coder, z **zone.Zone) {
	var name string
	var from []int64
	var offsets []int32
	if !c.reading {
		name = (*z).Name()
		from, offsets = (*z).Table()
	}
	c.text(&name)
	list(c, &from, c.i64)
	list(c, &offsets, func(v *int32) {
		n := int(*v)
		c.whole(&n)
		*v = int32(n)
	})
	if !c.reading || c.bad {
		return
	}
	made, err := zone.New(name, from, offsets)
	c.bad = err != nil
	*z = made
}

func codeCuts(c *coder, k *whatif.Cuts) {
	c.truth(&k.Scored)
	for _, l := range []*[4]int64{&k.Recency, &k.Frequency, &k.Monetary} {
		for i := range l {
			c.i64(&l[i])
		}
	}
	for i := range k.Ranked {
		c.truth(&k.Ranked[i])
	}
	maybe(c, &k.FromRow, func(l *[4]int64) {
		for i := range l {
			c.i64(&l[i])
		}
	})
	c.truth(&k.CN.Known)
	c.truth(&k.CN.Average)
	for _, v := range []*int64{&k.CN.Recency, &k.CN.Frequency, &k.CN.Monetary} {
		c.i64(v)
	}
	list(c, &k.Tiers, func(t *whatif.TierCut) {
		c.text(&t.Name)
		c.i64(&t.Least)
		c.truth(&t.Rest)
	})
}

// names are everything that conditions may refer to.
func (p *Plan) names() *segment.Names {
	n := p.Names
	n.Tags = append([]string(nil), p.Names.Tags...)
	n.Segments, n.Stages = nil, nil
	for _, t := range p.Tags {
		n.Tags = append(n.Tags, t.Name)
	}
	for _, g := range p.Segments {
		n.Segments = append(n.Segments, g.Name)
	}
	for _, s := range p.Stages {
		n.Stages = append(n.Stages, s.Name)
	}
	return &n
}

// SegmentSchema is what a condition of a segment, or one that is asked by itself, may refer to.
func (p *Plan) SegmentSchema() *segment.Schema { return p.names().SegmentSchema() }

// Spec compiles the plan. base computes the cuts where the plan asks for that; it may be nil where it does not. Invalid, with the
// place of the condition, when one does not compile.
func (p *Plan) Spec(base *whatif.Base) (*whatif.Spec, error) {
	names := p.names()
	spec := &whatif.Spec{
		Activity: p.Activity, Grid: p.Grid, Cuts: p.Cuts, Rules: p.Rules, Churn: p.Churn, ChurnSilence: p.ChurnSilence, Missing: p.Missing,
	}
	schema := names.StageSchema()
	for _, s := range p.Stages {
		stage := whatif.Stage{Name: s.Name, Dwell: s.Dwell}
		if s.Bound {
			stage.Allowed = append([]string{}, s.Allowed...)
		}
		if s.When != "" {
			var err error
			if stage.When, err = segment.Compile(s.When, schema); err != nil {
				return nil, fault.Wrap(err, "stage %s", s.Name)
			}
		}
		spec.Stages = append(spec.Stages, stage)
	}
	points := names.EngagementSchema()
	for _, e := range p.Engagement {
		when, err := segment.Compile(e.When, points)
		if err != nil {
			return nil, fault.Wrap(err, "engagement %s", e.Name)
		}
		spec.Engagement = append(spec.Engagement, whatif.Points{Name: e.Name, When: when, Points: e.Points})
	}
	var err error
	if spec.Tags, err = compile("tag", p.Tags, names.TagSchema()); err != nil {
		return nil, err
	}
	if spec.Segments, err = compile("segment", p.Segments, names.SegmentSchema()); err != nil {
		return nil, err
	}
	if p.Recut == nil {
		return spec, nil
	}
	if base == nil {
		return nil, fault.New(fault.Invalid, "the cuts of the plan are to be computed from a base, and there is none").WithHint("load a base first")
	}
	spec.Cuts, err = p.cuts(base.Recut)
	return spec, err
}

// cuts are those that the plan asks to compute, save for what is fixed.
func (p *Plan) cuts(compute func(whatif.CutRules) (whatif.Cuts, error)) (whatif.Cuts, error) {
	cuts, err := compute(p.Recut.Rules)
	if err != nil {
		return cuts, err
	}
	if p.Recut.KeepScores {
		cuts.Scored, cuts.Recency, cuts.Frequency, cuts.Monetary = p.Cuts.Scored, p.Cuts.Recency, p.Cuts.Frequency, p.Cuts.Monetary
		cuts.Ranked, cuts.FromRow = p.Cuts.Ranked, p.Cuts.FromRow
	}
	if p.Recut.KeepCN {
		cuts.CN = p.Cuts.CN
	}
	return cuts, nil
}

// Resolve computes the cuts that the plan asks for, so that it holds them.
func (p *Plan) Resolve(compute func(whatif.CutRules) (whatif.Cuts, error)) error {
	cuts, err := p.cuts(compute)
	if err != nil {
		return err
	}
	p.Cuts, p.Recut = cuts, nil
	return nil
}

// StageSpec compiles the stages alone: what a cube of stages reads.
func (p *Plan) StageSpec() (*whatif.Spec, error) {
	own := *p
	own.Tags, own.Segments, own.Engagement, own.Rules, own.Missing, own.Recut = nil, nil, nil, nil, nil, nil
	return own.Spec(nil)
}

func compile(what string, list []Audience, schema *segment.Schema) (out []whatif.Audience, err error) {
	for _, a := range list {
		p, err := segment.Compile(a.When, schema)
		if err != nil {
			return nil, fault.Wrap(err, "%s %s", what, a.Name)
		}
		out = append(out, whatif.Audience{Name: a.Name, When: p})
	}
	return out, nil
}
