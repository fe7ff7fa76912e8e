package whatif

import (
	"math/bits"
	"slices"

	"github.com/weir-engine/weir/shared/fault"
	"github.com/weir-engine/weir/shared/segment/column"
)

// Preview compares what a base is under one strategy with what it would be under others, one after another. An evaluation
// computes again what a change touches, and keeps the rest. It is not safe for concurrent use.
type Preview struct {
	base   *Base
	shards []*shard // those of the base when Compare was called last
	rows   int      // of them
	start  *Spec    // what is compared with
	spec   *Spec    // what is evaluated
	laid   int      // shards for which Prepare has nothing left to do

	groups    [groupCount]*moves
	audiences map[string]*Member // by key
	counted   int                // rows that the last evaluation computed something for

	words  tally // of who moves between scores, names and tiers: by the word at the start and now
	stages tally // of who moves between candidates and settled stages: by the four codes
}

// The groups that every user is in one of.
const (
	groupStage = iota
	groupCandidate
	groupCell // R by F
	groupM
	groupTier
	groupCN
	groupPoints // bands of the engagement score
	groupCount
)

// Sum is some users and what they spent and are worth, in minor units.
type Sum struct {
	Users   int64
	Revenue int64 // net spend of the last 365 days
	Value   int64 // expected value of the next 52 weeks
}

func (s *Sum) add(o Sum) { s.Users += o.Users; s.Revenue += o.Revenue; s.Value += o.Value }

func (s Sum) less(o Sum) Sum { return Sum{s.Users - o.Users, s.Revenue - o.Revenue, s.Value - o.Value} }

// moves are the users of a group at the start, and who moves from code to code.
type moves struct {
	old   [64]Sum
	cells [64 * 64]Sum // by from, to; those who stay are not counted
}

// Compare evaluates a base under the strategy that others are compared with. A base has one preview at a time: another Compare, as
// when shards were added, ends the one before. Under the same strategy only what was added is evaluated.
func (b *Base) Compare(start *Spec) (*Preview, error) {
	b.Join()
	p := b.last
	if p == nil || !p.start.same(start) {
		p = &Preview{base: b, audiences: map[string]*Member{}, start: start, spec: start}
		for g := range p.groups {
			p.groups[g] = new(moves)
		}
		p.words.spill, p.stages.spill = p.moveWords, p.moveStages
	} else if err := p.Try(start); err != nil {
		return nil, err
	}
	if err := p.extend(b.shards[len(p.shards):]); err != nil {
		return nil, err
	}
	b.last = p
	return p, nil
}

// same reports whether two strategies give everybody the same.
func (s *Spec) same(o *Spec) bool {
	return !dirty(s, o).any() && slices.Equal(s.Rules, o.Rules)
}

// extend evaluates shards under the strategy at the start, which is the one that is evaluated, and adds them to the sums.
func (p *Preview) extend(shards []*shard) error {
	for _, s := range shards {
		s.out = newOutput(s.Rows)
	}
	plans, what, err := p.plan(shards, nil, p.start)
	if err != nil {
		return err
	}
	p.counted = 0
	for _, k := range plans {
		s, o := k.s, &k.s.out
		if len(p.start.Engagement) > 0 {
			o.roomForPoints()
		}
		for b := range s.blocks() {
			k.block(b)
		}
		o.wordOld, o.stageOld, o.candOld, o.pointsOld = slices.Clone(o.word), slices.Clone(o.stage), slices.Clone(o.cand), slices.Clone(o.points)
		for _, a := range what.audiences {
			o.setsOld[a.ref] = slices.Clone(s.sets[a.ref])
		}
		p.total(s)
		p.rows += s.Rows
		p.counted += s.Rows
	}
	for _, a := range what.audiences {
		m := p.member(a.audience)
		m.Old.add(m.Enter)
		m.Enter = Sum{}
	}
	p.shards = append(p.shards, shards...)
	return nil
}

// total adds the rows of a shard to the sums of the groups at the start.
func (p *Preview) total(s *shard) {
	words := &tally{spill: func(key uint64, sum Sum) {
		for _, g := range wordGroups {
			p.groups[g.group].old[uint32(key)>>g.shift&g.mask].add(sum)
		}
	}}
	stages := &tally{spill: func(key uint64, sum Sum) {
		p.groups[groupStage].old[key>>8&63].add(sum)
		p.groups[groupCandidate].old[key&63].add(sum)
	}}
	for i, w := range s.out.wordOld[:s.Rows] {
		revenue, value := s.revenue.at(i), s.value.at(i)
		words.of(uint64(w)).one(revenue, value)
		stages.of(uint64(s.out.stageOld[i])<<8|uint64(s.out.candOld[i])).one(revenue, value)
	}
	words.done()
	stages.done()
	if s.out.pointsOld != nil {
		for i, points := range s.out.pointsOld[:s.Rows] {
			p.groups[groupPoints].old[bandOf(points)].add(Sum{1, s.revenue.at(i), s.value.at(i)})
		}
	}
}

// Prepare lays out, for one shard, what the conditions of the strategy at the start read; other evaluations are the faster for it. It
// reports whether there is more to do.
func (p *Preview) Prepare() (more bool, err error) {
	if p.laid >= len(p.shards) {
		return false, nil
	}
	k := &shardPlan{p: p, s: p.shards[p.laid]}
	p.laid++
	if err := k.s.indexSums(); err != nil {
		return false, err
	}
	for i := range p.start.Stages {
		if st := &p.start.Stages[i]; st.When != nil {
			if _, err := k.condition(p.start, stagePlace(st.Name), st.When); err != nil {
				return false, err
			}
		}
	}
	if _, err := k.engagement(p.start); err != nil {
		return false, err
	}
	for _, a := range audiencesOf(p.start) {
		when, err := p.churn(p.start, &a)
		if err != nil {
			return false, err
		}
		if _, err := k.condition(p.start, a.key()+".when", when); err != nil {
			return false, err
		}
	}
	return p.laid < len(p.shards), nil
}

// Try evaluates another strategy. When it cannot be previewed the error says where and why, and nothing has changed.
func (p *Preview) Try(s *Spec) error { return p.evaluate(s) }

// Computed returns how many rows the last evaluation computed something for; 0 when nothing that matters had changed.
func (p *Preview) Computed() int { return p.counted }

func (p *Preview) evaluate(spec *Spec) error {
	plans, what, err := p.plan(p.shards, p.spec, spec)
	if err != nil {
		return err
	}
	p.clear(what)
	p.counted = 0
	for _, k := range plans {
		if len(spec.Engagement) > 0 {
			k.s.out.roomForPoints()
		}
		for b := range k.s.blocks() {
			k.block(b)
		}
		if what.any() {
			p.counted += k.s.Rows
		}
	}
	p.words.done()
	p.stages.done()
	p.spec = spec
	return nil
}

// clear empties what is about to be counted again.
func (p *Preview) clear(what *dirt) {
	empty := func(g int) { p.groups[g].cells = [64 * 64]Sum{} }
	if what.scores {
		empty(groupCell)
		empty(groupM)
		empty(groupTier)
		empty(groupCN)
	}
	if what.points {
		empty(groupPoints)
	}
	if what.candidate {
		empty(groupCandidate)
	}
	if what.stage {
		empty(groupStage)
	}
	for _, a := range what.audiences {
		m := p.member(a.audience)
		m.Enter, m.Leave = Sum{}, Sum{}
	}
}

// member is the counts of an audience.
func (p *Preview) member(a audience) *Member {
	m := p.audiences[a.key()]
	if m == nil {
		m = &Member{Name: a.name}
		p.audiences[a.key()] = m
	}
	return m
}

// shardPlan evaluates what is dirty, block by block.
type shardPlan struct {
	p        *Preview
	s        *shard
	what     *dirt
	scoring  *scoring
	engaging *engaging
	staging  *staging
	settling *settling
	runs     []setRun // of the audiences of what, in order
	live     []liveColumn
	first    bool                        // the shard has no outputs yet
	lists    [2][column.BlockRows]uint16 // of rows, while a block is evaluated
}

// setRun evaluates an audience of a shard.
type setRun struct {
	run   *column.Runner // nil: nobody
	event []uint64       // those who have the tag by events
	to    []uint64
	old   []uint64 // nil: nobody was in at the start
	of    *Member
}

type liveColumn struct {
	ref   string
	codes *column.Codes
	step  int // after which it is written
}

const (
	afterScores = iota
	afterPoints
	afterCandidate
	afterStage
)

func (k *shardPlan) block(b int) {
	o, from := &k.s.out, b*column.BlockRows
	if k.scoring != nil {
		words := (*[column.BlockRows]uint32)(o.word[from:])
		k.scoring.block(b, words)
		k.write(b, afterScores)
		if o.wordOld != nil {
			k.countWords(b, words, (*[column.BlockRows]uint32)(o.wordOld[from:]))
		}
	}
	if k.engaging != nil && o.points != nil {
		points := (*[column.BlockRows]uint8)(o.points[from:])
		k.engaging.block(b, points)
		k.write(b, afterPoints)
		if o.wordOld != nil {
			k.countPoints(b, points, (*[column.BlockRows]uint8)(o.pointsOld[from:]))
		}
	}
	cand, stage := (*[column.BlockRows]uint8)(o.cand[from:]), (*[column.BlockRows]uint8)(o.stage[from:])
	if k.staging != nil {
		k.staging.block(b, cand)
		k.write(b, afterCandidate)
	}
	if k.settling != nil {
		k.settling.block(b, cand, stage, &k.lists[0])
		k.write(b, afterStage)
		if k.s.since != nil {
			var days [column.BlockRows]uint16
			k.settling.days(b, stage, &days)
			k.s.since.SetBlock(b, &days)
		}
		switch {
		case o.stageOld == nil:
		case k.staging != nil:
			k.countStages(b)
		default:
			k.countCodes(b, stage, (*[column.BlockRows]uint8)(o.stageOld[from:]), k.p.groups[groupStage])
		}
	}
	for i := range k.runs {
		k.set(b, &k.runs[i])
	}
}

// write fills the derived columns that conditions read.
func (k *shardPlan) write(b, step int) {
	for i := range k.live {
		if l := &k.live[i]; l.step == step {
			var codes [column.BlockRows]uint8
			k.s.out.liveCodes(l.ref, b, &codes)
			l.codes.SetBlock(b, &codes, k.p.base.lastCode(l.ref))
		}
	}
}

// set evaluates an audience and counts who enters and leaves.
func (k *shardPlan) set(b int, r *setRun) {
	var now column.Block
	if r.run != nil {
		r.run.Block(b, &now)
	}
	words := k.s.set.Words()
	at, n := b*len(now), min(len(now), words-b*len(now))
	var enter, leave column.Block
	for i := range n {
		w := now[i]
		if r.event != nil {
			w |= r.event[at+i]
		}
		if tail := k.s.Rows % 64; at+i == words-1 && tail != 0 {
			w &= 1<<tail - 1
		}
		r.to[at+i] = w
		if r.old == nil {
			enter[i] = w
		} else {
			enter[i], leave[i] = w&^r.old[at+i], r.old[at+i]&^w
		}
	}
	k.sum(b, &enter, &r.of.Enter)
	k.sum(b, &leave, &r.of.Leave)
}

func (k *shardPlan) sum(b int, of *column.Block, to *Sum) {
	n := int64(0)
	for _, w := range of {
		n += int64(bits.OnesCount64(w))
	}
	if n == 0 {
		return
	}
	to.Users += n
	if k.s.revenue.add != nil {
		to.Revenue += k.s.revenue.add.Block(b, of)
	}
	if k.s.value.add != nil {
		to.Value += k.s.value.add.Block(b, of)
	}
}

// countWords counts who moves between scores, names and tiers: those whose word is another, listed without a branch on a user.
func (k *shardPlan) countWords(b int, now, old *[column.BlockRows]uint32) {
	from, to := k.s.span(b)
	moved, n := &k.lists[0], 0
	for i := range now {
		moved[n&(column.BlockRows-1)] = uint16(i)
		n += differ(uint64(old[i]), uint64(now[i]))
	}
	for n > 0 && int(moved[n-1]) >= to-from {
		n--
	}
	words, revenue, value := &k.p.words, &k.s.revenue, &k.s.value
	for _, i := range moved[:n] {
		x, y := old[i&(column.BlockRows-1)], now[i&(column.BlockRows-1)]
		words.of(uint64(x)<<32|uint64(y)).one(revenue.at(from+int(i)), value.at(from+int(i)))
	}
}

// wordGroups are the groups that stand in words, and where.
var wordGroups = [...]struct {
	group       int
	shift, mask uint32
}{{groupCell, 0, maskRF}, {groupM, wordM, 7}, {groupTier, wordTier, 63}, {groupCN, wordCN, 15}}

// moveWords adds users with a word at the start and another now to the groups in which they move.
func (p *Preview) moveWords(key uint64, sum Sum) {
	old, now := uint32(key>>32), uint32(key)
	for _, g := range wordGroups {
		if x, y := old>>g.shift&g.mask, now>>g.shift&g.mask; x != y {
			p.groups[g.group].cells[x<<6|y].add(sum)
		}
	}
}

// countStages counts who moves between candidates and settled stages, both of which were computed.
func (k *shardPlan) countStages(b int) {
	o, from := &k.s.out, b*column.BlockRows
	cand, candOld := (*[column.BlockRows]uint8)(o.cand[from:]), (*[column.BlockRows]uint8)(o.candOld[from:])
	stage, stageOld := (*[column.BlockRows]uint8)(o.stage[from:]), (*[column.BlockRows]uint8)(o.stageOld[from:])
	list, n := &k.lists[0], 0
	for i := 0; i < column.BlockRows; i += 8 {
		x := (load64(cand[i:i+8]) ^ load64(candOld[i:i+8])) | (load64(stage[i:i+8]) ^ load64(stageOld[i:i+8]))
		for x = (x&low7 + low7 | x) &^ low7; x != 0; x &= x - 1 {
			list[n&(column.BlockRows-1)] = uint16(i + bits.TrailingZeros64(x)>>3)
			n++
		}
	}
	_, end := k.s.span(b)
	stages, revenue, value := &k.p.stages, &k.s.revenue, &k.s.value
	for _, i := range list[:n] {
		if i &= column.BlockRows - 1; from+int(i) < end {
			key := uint64(stageOld[i])<<24 | uint64(stage[i])<<16 | uint64(candOld[i])<<8 | uint64(cand[i])
			stages.of(key).one(revenue.at(from+int(i)), value.at(from+int(i)))
		}
	}
}

// moveStages adds users with a stage and candidate at the start and others now to the groups in which they move.
func (p *Preview) moveStages(key uint64, sum Sum) {
	for _, g := range [...]struct{ group, shift int }{{groupStage, 16}, {groupCandidate, 0}} {
		if x, y := key>>(g.shift+8)&63, key>>g.shift&63; x != y {
			p.groups[g.group].cells[x<<6|y].add(sum)
		}
	}
}

// countCodes counts who moves between codes.
func (k *shardPlan) countCodes(b int, now, old *[column.BlockRows]uint8, to *moves) {
	from, end := k.s.span(b)
	for _, i := range others(now, old, &k.lists[0]) {
		if int(i) < end-from {
			x, y := old[i&(column.BlockRows-1)], now[i&(column.BlockRows-1)]
			to.cells[int(x&63)<<6|int(y&63)].add(Sum{1, k.s.revenue.at(from + int(i)), k.s.value.at(from + int(i))})
		}
	}
}

const low7 = 0x7f7f7f7f7f7f7f7f

// others lists the rows whose codes differ.
func others(a, b *[column.BlockRows]uint8, to *[column.BlockRows]uint16) []uint16 {
	n := 0
	for i := 0; i < column.BlockRows; i += 8 {
		x := load64(a[i:i+8]) ^ load64(b[i:i+8])
		for x = (x&low7 + low7 | x) &^ low7; x != 0; x &= x - 1 { // the highest bit of each byte that is not 0
			to[n&(column.BlockRows-1)] = uint16(i + bits.TrailingZeros64(x)>>3)
			n++
		}
	}
	return to[:n]
}

// differ is 1 for different numbers, without a branch.
func differ(a, b uint64) int {
	d := 0
	if a != b {
		d = 1
	}
	return d
}

// notPreviewable says where a strategy asks for what the columns cannot tell.
func notPreviewable(place, format string, args ...any) *fault.Error {
	e := fault.New(fault.Invalid, "%s cannot be previewed: "+format, append([]any{place}, args...)...)
	return e.WithHint("publish it to see it, or take it out of the preview")
}
