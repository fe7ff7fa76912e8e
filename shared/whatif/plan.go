package whatif

import (
	"encoding/binary"
	"math/bits"
	"slices"
	"strconv"
	"strings"

	"github.com/weir-engine/weir/shared/fault"
	"github.com/weir-engine/weir/shared/segment"
	"github.com/weir-engine/weir/shared/segment/column"
)

func load64(b []uint8) uint64 { return binary.LittleEndian.Uint64(b) }

// audience is a tag, a segment, or who is warned of churn.
type audience struct {
	kind string // tags, segments, churn
	name string
	ref  string // as conditions write it
	when *segment.Program
}

func (a *audience) key() string { return a.kind + "." + a.name }

func tagRef(name string) string { return (&segment.Ref{Kind: segment.RefTag, Name: name}).String() }

func segmentRef(name string) string {
	return (&segment.Ref{Kind: segment.RefSegment, Name: name}).String()
}

const refChurn = "churn_warning"

// audiencesOf lists what a strategy puts users into, each after what it refers to.
func audiencesOf(s *Spec) []audience {
	var list []audience
	if s.Churn > 0 {
		list = append(list, audience{kind: "churn", name: "warning", ref: refChurn})
	}
	for _, t := range s.Tags {
		list = append(list, audience{"tags", t.Name, tagRef(t.Name), t.When})
	}
	for _, g := range s.Segments {
		list = append(list, audience{"segments", g.Name, segmentRef(g.Name), g.When})
	}
	var sorted []audience
	mark := make([]uint8, len(list))
	var visit func(i int)
	visit = func(i int) {
		if mark[i] != 0 {
			return // a circle was refused when the strategy was compiled
		}
		mark[i] = 1
		if list[i].when != nil {
			for _, r := range list[i].when.Refs() {
				ref := r.String()
				for j := range list {
					if list[j].ref == ref {
						visit(j)
					}
				}
			}
		}
		sorted = append(sorted, list[i])
	}
	for i := range list {
		visit(i)
	}
	return sorted
}

// dirt is what a change touches.
type dirt struct {
	scores, points, candidate, stage bool
	audiences                        []dirtySet
	refs                             map[string]bool // what conditions read that may have other values
}

type dirtySet struct {
	audience
	gone bool // the strategy has it no more
}

func (d *dirt) any() bool {
	return d.scores || d.points || d.candidate || d.stage || len(d.audiences) > 0
}

var scoreRefs = []string{"r", "f", "m", "rfm", "rfm_cn", "tier"}

// dirty compares a strategy with the one that was evaluated before, nil for none.
func dirty(before, now *Spec) *dirt {
	d := &dirt{refs: map[string]bool{}}
	all := before == nil
	touched := func(p *segment.Program) bool {
		return p != nil && slices.ContainsFunc(p.Refs(), func(r *segment.Ref) bool { return d.refs[r.String()] })
	}
	if all || before.Grid != now.Grid || !before.Cuts.equal(&now.Cuts) {
		d.scores = true
		for _, r := range scoreRefs {
			d.refs[r] = true
		}
	}
	if all || before.Activity != now.Activity {
		d.refs["silence_days"] = true
	}
	d.points = all || !samePoints(before.Engagement, now.Engagement) ||
		slices.ContainsFunc(now.Engagement, func(p Points) bool { return touched(p.When) })
	if d.points {
		d.refs[colEngagement] = true
	}
	d.candidate = all || len(before.Stages) != len(now.Stages)
	d.stage = d.candidate
	for i := range now.Stages {
		if d.candidate && d.stage {
			break
		}
		x, y := &before.Stages[i], &now.Stages[i]
		d.candidate = d.candidate || x.Name != y.Name || text(x.When) != text(y.When) || touched(y.When)
		d.stage = d.stage || d.candidate || x.Dwell != y.Dwell || (x.Allowed == nil) != (y.Allowed == nil) || !slices.Equal(x.Allowed, y.Allowed)
	}
	d.stage = d.stage || d.candidate
	if d.candidate {
		d.refs["stage_candidate"] = true
	}
	if d.stage {
		d.refs["stage"], d.refs["stage_days"] = true, true
	}
	var had []audience
	if !all {
		had = audiencesOf(before)
	}
	has := audiencesOf(now)
	for _, a := range had {
		if !slices.ContainsFunc(has, func(b audience) bool { return b.key() == a.key() }) {
			d.refs[a.ref] = true
			d.audiences = append(d.audiences, dirtySet{a, true})
		}
	}
	for _, a := range has {
		at := slices.IndexFunc(had, func(b audience) bool { return b.key() == a.key() })
		if at < 0 || text(had[at].when) != text(a.when) || touched(a.when) || a.kind == "churn" && (before.Churn != now.Churn || before.ChurnSilence != now.ChurnSilence || d.refs["silence_days"]) {
			d.refs[a.ref] = true
			d.audiences = append(d.audiences, dirtySet{audience: a})
		}
	}
	return d
}

func text(p *segment.Program) string {
	if p == nil {
		return ""
	}
	return p.String()
}

// plan compiles what a strategy changes for some shards, that have the outputs of the one before or, when that is nil, none. Nothing is
// evaluated yet.
func (p *Preview) plan(shards []*shard, before, spec *Spec) ([]*shardPlan, *dirt, error) {
	if len(spec.Stages) == 0 || spec.Stages[len(spec.Stages)-1].When != nil {
		return nil, nil, fault.New(fault.Invalid, "the last stage must hold everybody else").WithHint("leave out the condition of the last stage")
	}
	if err := spec.missing(); err != nil {
		return nil, nil, err
	}
	if len(spec.Engagement) > maxEntries {
		return nil, nil, fault.New(fault.TooLarge, "%d entries of engagement", len(spec.Engagement)).WithHint("at most " + strconv.Itoa(maxEntries))
	}
	what := dirty(before, spec)
	stages := make([]uint8, len(spec.Stages))
	tiers := make([]uint32, len(spec.Cuts.Tiers))
	for i := range stages {
		code, err := p.base.names.code(spec.Stages[i].Name)
		if err != nil {
			return nil, nil, err
		}
		stages[i] = code
	}
	for i := range tiers {
		code, err := p.base.names.code(spec.Cuts.Tiers[i].Name)
		if err != nil {
			return nil, nil, err
		}
		tiers[i] = uint32(code) << wordTier
	}
	// Columns first: making one must not fail between two shards that are half compiled.
	plans := make([]*shardPlan, len(shards))
	for i, s := range shards {
		if before != nil && len(what.audiences) > 0 {
			if err := s.indexSums(); err != nil {
				return nil, nil, err
			}
		}
		k := &shardPlan{p: p, s: s, what: what, first: before == nil}
		plans[i] = k
		if err := k.compile(spec, stages, tiers); err != nil {
			return nil, nil, err
		}
	}
	return plans, what, nil
}

// indexSums lays out what audiences are summed by. The first evaluation sums row by row and does without.
func (s *shard) indexSums() error {
	for _, ref := range [...]string{ColRevenue, ColValue} {
		if s.set.Has(ref) {
			if err := s.set.Index(ref); err != nil {
				return err
			}
		}
	}
	return nil
}

// missing refuses conditions that name what the columns do not have.
func (s *Spec) missing() error {
	check := func(place string, p *segment.Program) error {
		if p == nil {
			return nil
		}
		for _, r := range p.Refs() {
			for _, m := range s.Missing {
				if strings.HasPrefix(r.String(), m.Prefix) {
					return notPreviewable(place, "%s", m.Why)
				}
			}
		}
		return nil
	}
	for _, p := range s.Engagement {
		if err := check(pointsPlace(p.Name), p.When); err != nil {
			return err
		}
	}
	for i := range s.Stages {
		if err := check(stagePlace(s.Stages[i].Name), s.Stages[i].When); err != nil {
			return err
		}
	}
	for _, a := range audiencesOf(s) {
		if err := check(a.key()+".when", a.when); err != nil {
			return err
		}
	}
	return nil
}

func stagePlace(name string) string { return "lifecycle.stages." + name + ".when" }

func (k *shardPlan) compile(spec *Spec, stages []uint8, tiers []uint32) error {
	if k.what.scores {
		k.scoring = newScoring(k.s, spec, tiers)
	}
	if k.what.points {
		var err error
		if k.engaging, err = k.engagement(spec); err != nil {
			return err
		}
	}
	if k.what.candidate {
		k.staging = &staging{codes: stages}
		for _, c := range stages {
			k.staging.bits = max(k.staging.bits, bits.Len8(c))
		}
		for i := range spec.Stages[:len(spec.Stages)-1] {
			run, err := k.condition(spec, stagePlace(spec.Stages[i].Name), spec.Stages[i].When)
			if err != nil {
				return err
			}
			k.staging.when = append(k.staging.when, run)
		}
	}
	if k.what.stage {
		k.settling = settlingOf(k.p.base, k.s, spec, stages)
	}
	for _, a := range k.what.audiences {
		r := setRun{to: k.s.bitset(a.ref), of: k.p.member(a.audience), old: k.s.out.setsOld[a.ref]}
		if a.kind == "tags" {
			if c := k.s.cols[ColTag(a.name)]; c != nil {
				r.event = c.Bits
			}
		}
		if !a.gone {
			when, err := k.p.churn(spec, &a.audience)
			if err != nil {
				return err
			}
			if r.run, err = k.condition(spec, a.key()+".when", when); err != nil {
				return err
			}
		}
		k.runs = append(k.runs, r)
	}
	k.live = k.s.liveColumns()
	return nil
}

// churn is the condition of an audience; of the churn warning it is made from the threshold.
func (p *Preview) churn(spec *Spec, a *audience) (*segment.Program, error) {
	if a.kind != "churn" {
		return a.when, nil
	}
	return segment.Compile("churn_p >= "+strconv.FormatFloat(spec.Churn, 'g', -1, 64)+" && silence_days < "+strconv.Itoa(spec.ChurnSilence), segment.NewSchema())
}

// bitset returns the truth values of an audience, which conditions read under its name.
func (s *shard) bitset(ref string) []uint64 {
	set := s.sets[ref]
	if set == nil {
		set = make([]uint64, s.set.Words())
		s.sets[ref] = set
	}
	return set
}

// liveColumns lists the derived columns that conditions read.
func (s *shard) liveColumns() []liveColumn {
	var list []liveColumn
	for _, l := range []liveColumn{
		{"r", nil, afterScores}, {"f", nil, afterScores}, {"m", nil, afterScores}, {"rfm", nil, afterScores}, {"rfm_cn", nil, afterScores},
		{"tier", nil, afterScores}, {colEngagement, nil, afterPoints}, {"stage_candidate", nil, afterCandidate}, {"stage", nil, afterStage},
	} {
		if l.codes = s.live[l.ref]; l.codes != nil {
			list = append(list, l)
		}
	}
	return list
}

// maxPrograms bounds the compiled conditions that a shard keeps.
const maxPrograms = 1024

// condition compiles a condition for a shard.
func (k *shardPlan) condition(spec *Spec, place string, p *segment.Program) (*column.Runner, error) {
	s := k.s
	for _, r := range p.Refs() {
		if err := k.ensure(spec, place, r); err != nil {
			return nil, err
		}
	}
	key := spec.Activity + "\x00" + strconv.Itoa(len(k.p.base.names.list)) + "\x00" + p.String()
	if c := s.programs[key]; c != nil {
		return c.Runner(), nil
	}
	if k.first { // one evaluation takes less than laying columns out for it
		c, err := s.set.Compile(p)
		if err != nil {
			return nil, notPreviewable(place, "%v", err)
		}
		return c.Runner(), nil
	}
	c, err := s.set.CompileIndexed(p)
	if err != nil {
		return nil, notPreviewable(place, "%v", err)
	}
	if len(s.programs) >= maxPrograms {
		clear(s.programs)
	}
	s.programs[key] = c
	return c.Runner(), nil
}

// ensure makes the column that a reference reads.
func (k *shardPlan) ensure(spec *Spec, place string, r *segment.Ref) error {
	s, ref := k.s, r.String()
	if ref == "silence_days" {
		of := silenceColumn(spec.Activity)
		if !s.set.Has(of) {
			return notPreviewable(place, "the columns do not hold the silence since the last sign of life (activity.of %s)", spec.Activity)
		}
		return s.set.Alias(ref, of)
	}
	if ref == segment.FieldTimezone.String() && k.p.base.zones == nil {
		return notPreviewable(place, "it reads the users' own calendar, and the rules of their zones are not loaded")
	}
	if s.set.Has(ref) {
		return nil
	}
	switch ref {
	case "stage", "stage_candidate", "tier", "r", "f", "m", "rfm", "rfm_cn", colEngagement:
		return k.makeLive(ref)
	case "stage_days":
		return k.makeSince(place)
	}
	if err := k.p.base.computed(s, ref); err != nil {
		return err
	}
	switch {
	case s.set.Has(ref):
		return nil
	case r.Kind == segment.RefTag, r.Kind == segment.RefSegment, ref == refChurn:
		c := column.Column{Ref: ref, Kind: column.Bits, Bits: s.bitset(ref)}
		if r.Kind == segment.RefTag && !slices.ContainsFunc(spec.Tags, func(t Audience) bool { return t.Name == r.Name }) {
			if e := s.cols[ColTag(r.Name)]; e != nil {
				copy(c.Bits, e.Bits)
			}
		}
		return s.set.Add(c)
	case r.Window > 0:
		return notPreviewable(place, "it reads %s, and the columns do not hold that window", ref)
	}
	return notPreviewable(place, "it reads %s, which the columns do not hold", ref)
}

// makeLive adds a derived column and fills it with what was evaluated last.
func (k *shardPlan) makeLive(ref string) error {
	s, last := k.s, 5
	var values []segment.Value
	switch ref {
	case "stage", "stage_candidate", "tier":
		last = maxNames
		values = k.p.base.names.values
	case colEngagement:
		last = MaxEngagement
	case "rfm":
		last, values = 15, labels(rfmNames, 16)
	case "rfm_cn":
		last, values = 15, append(labels(cnNames[:1], 8), labels(cnNames[1:], 8)...)
	}
	c, err := s.set.AddCodes(ref, last, values)
	if err != nil {
		return err
	}
	s.live[ref] = c
	var codes [column.BlockRows]uint8
	for b := range s.blocks() {
		s.out.liveCodes(ref, b, &codes)
		c.SetBlock(b, &codes, k.p.base.lastCode(ref))
	}
	return nil
}

// lastCode is the largest code of a derived column.
func (b *Base) lastCode(ref string) int {
	switch ref {
	case "stage", "stage_candidate", "tier":
		return len(b.names.list) - 1
	case "rfm", "rfm_cn":
		return 15
	case colEngagement:
		return MaxEngagement
	}
	return 5
}

// makeSince adds the days in the settled stage.
func (k *shardPlan) makeSince(place string) (err error) {
	if k.p.base.ages {
		return notPreviewable(place, "some stages were entered later than the moment of the columns")
	}
	if k.s.since, err = k.s.set.AddDays("stage_days"); err != nil || k.first {
		return err
	}
	codes := make([]uint8, len(k.p.spec.Stages))
	for i := range codes {
		codes[i] = k.p.base.names.codes[k.p.spec.Stages[i].Name]
	}
	old := settlingOf(k.p.base, k.s, k.p.spec, codes)
	var days [column.BlockRows]uint16
	for b := range k.s.blocks() {
		old.days(b, (*[column.BlockRows]uint8)(k.s.out.stage[b*column.BlockRows:]), &days)
		k.s.since.SetBlock(b, &days)
	}
	return nil
}
