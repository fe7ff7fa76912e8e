package score

import (
	"slices"
	"strings"

	"github.com/weir-engine/weir/shared/fault"
	"github.com/weir-engine/weir/shared/profile"
	"github.com/weir-engine/weir/shared/segment"
	"github.com/weir-engine/weir/shared/strategy"
)

// rule is a compiled tag or segment.
type rule struct {
	name    string
	zh, en  string
	segment int // place among the strategy's segments; -1: a tag
	when    *segment.Program
	text    string // when, canonical
	onCuts  bool   // whether new cuts alone can change it
}

func (r *rule) apply(v *env) {
	if !r.when.Bool(v) {
		return
	}
	if r.segment < 0 {
		v.r.Tags = addName(v.r.Tags, r.name)
		return
	}
	v.inside[r.segment] = true
	v.r.Segments = append(v.r.Segments, r.name)
}

// eventTags adds the tags that events set and that have not expired.
func (e *Engine) eventTags(v *env) {
	for i := range v.f.Tags {
		if t := &v.f.Tags[i]; holdsAt(t, v.asOf) {
			v.r.Tags = addName(v.r.Tags, t.Name)
		}
	}
}

func holdsAt(t *profile.Tag, asOf int64) bool {
	return !t.Removed && (t.Expires == 0 || asOf < t.Expires)
}

// compileRules compiles tags and segments and puts each after those it refers to, otherwise in the order of the file.
// stageOnCuts and pointsOnCuts tell whether cuts can move stages, and engagement.
func compileRules(s *strategy.Strategy, schema *segment.Schema, stageOnCuts, pointsOnCuts bool) ([]rule, error) {
	tags := s.TagSchema()
	all := make([]rule, 0, len(s.Tags)+len(s.Segments))
	for _, t := range s.Tags {
		p, err := segment.Compile(t.When, tags)
		if err != nil {
			return nil, fault.Wrap(err, "tag %s", t.Name)
		}
		all = append(all, rule{name: t.Name, zh: orElse(t.Zh, t.Name), en: orElse(t.En, t.Name), segment: -1, when: p, text: p.String()})
	}
	for i, d := range s.Segments {
		p, err := segment.Compile(d.When, schema)
		if err != nil {
			return nil, fault.Wrap(err, "segment %s", d.Name)
		}
		all = append(all, rule{name: d.Name, zh: orElse(d.Zh, d.Name), en: orElse(d.En, d.Name), segment: i, when: p, text: p.String()})
	}
	o := ordering{rules: all, mark: make([]uint8, len(all)), stageOnCuts: stageOnCuts, pointsOnCuts: pointsOnCuts}
	for i := range all {
		if err := o.visit(i, nil); err != nil {
			return nil, err
		}
	}
	return o.sorted, nil
}

// ordering sorts rules by their references, depth first.
type ordering struct {
	rules  []rule
	mark   []uint8 // 0 new, 1 being visited, 2 placed
	sorted []rule

	stageOnCuts  bool
	pointsOnCuts bool
}

func (o *ordering) visit(i int, path []string) error {
	if o.mark[i] == 2 {
		return nil
	}
	r := &o.rules[i]
	path = append(path, r.name)
	if o.mark[i] == 1 {
		return fault.New(fault.Invalid, "conditions refer to each other in a circle: %s", strings.Join(path, " → ")).
			WithHint("take one of the references out")
	}
	o.mark[i] = 1
	for _, ref := range r.when.Refs() {
		r.onCuts = r.onCuts || refOnCuts(ref) || o.stageOnCuts && refOnStage(ref) || o.pointsOnCuts && refOnPoints(ref)
		for j := range o.rules {
			if !o.rules[j].meant(ref) {
				continue
			}
			if err := o.visit(j, path); err != nil {
				return err
			}
			r.onCuts = r.onCuts || o.rules[j].onCuts
		}
	}
	o.mark[i] = 2
	o.sorted = append(o.sorted, *r)
	return nil
}

// meant reports whether a reference names this rule.
func (r *rule) meant(ref *segment.Ref) bool {
	return r.name == ref.Name && (ref.Kind == segment.RefSegment && r.segment >= 0 || ref.Kind == segment.RefTag && r.segment < 0)
}

// refOnCuts reports whether a field follows from cuts.
func refOnCuts(ref *segment.Ref) bool {
	if ref.Kind != segment.RefField {
		return false
	}
	switch ref.Field() {
	case segment.FieldR, segment.FieldF, segment.FieldM, segment.FieldRFM, segment.FieldRFMCN, segment.FieldTier:
		return true
	}
	return false
}

// refOnStage reports whether a field follows from the stage.
func refOnStage(ref *segment.Ref) bool {
	if ref.Kind != segment.RefField {
		return false
	}
	switch ref.Field() {
	case segment.FieldStage, segment.FieldCandidate, segment.FieldStageDays:
		return true
	}
	return false
}

// CutsMoveStage reports whether new cuts alone can move users from stage to stage: whether the condition of any stage reads a
// score that cuts decide. Those of the presets do not.
func (e *Engine) CutsMoveStage() bool { return stagesOnCuts(e.stages, engagementOnCuts(e.points)) }

func stagesOnCuts(stages []stage, pointsOnCuts bool) bool {
	return slices.ContainsFunc(stages, func(g stage) bool {
		return g.when != nil && slices.ContainsFunc(g.when.Refs(), func(ref *segment.Ref) bool {
			return refOnCuts(ref) || pointsOnCuts && refOnPoints(ref)
		})
	})
}

// refOnPoints reports whether a field follows from the points of engagement.
func refOnPoints(ref *segment.Ref) bool {
	return ref.Kind == segment.RefField && ref.Field() == segment.FieldEngagement
}

// CutsMove reports whether new cuts alone can move users into or out of a segment: whether its condition reads a score that
// cuts decide, or a stage, tag or segment that follows from one.
func (e *Engine) CutsMove(segment string) bool {
	for i := range e.rules {
		if r := &e.rules[i]; r.segment >= 0 && r.name == segment {
			return r.onCuts
		}
	}
	return false
}

func addName(names []string, name string) []string {
	if contains(names, name) {
		return names
	}
	return append(names, name)
}

func contains(names []string, name string) bool {
	for _, n := range names {
		if n == name {
			return true
		}
	}
	return false
}

func sortNames(names []string) {
	if len(names) > 1 {
		slices.Sort(names)
	}
}
