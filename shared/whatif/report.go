package whatif

import (
	"slices"

	"github.com/weir-engine/weir/shared/segment/column"
	"github.com/weir-engine/weir/shared/zone"
)

// Report is the sizes of everything a strategy tells apart, at the start and under the strategy that was tried last.
type Report struct {
	Users    int64
	Stage    Group // settled
	Asked    Group // the stage that the facts alone ask for: the candidate
	RFM      Group
	RFMCN    Group
	Tier     Group
	R, F, M  Group
	Points   Group // bands of the engagement score; without names where no strategy gives points
	Tags     []Member
	Segments []Member
	Churn    *Member // who is warned of churn; nil when neither strategy warns
	Rules    []Entering
}

// Group is names of which every user has one. "" is nobody's: users without a purchase have no scores.
type Group struct {
	Names    []string
	Old, New []Sum
	Moves    [][]Sum // from the name at the start to the name now
}

// Member is who is in an audience.
type Member struct {
	Name         string
	Old, New     Sum
	Enter, Leave Sum
}

// Entering is whom an outreach rule would reach.
type Entering struct {
	Name string
	// Enter holds the users in its stage or segment now who were not at the start, and who have no episode open.
	Enter Sum
	// Existing holds everybody in it who has no episode open: whom include_existing approves.
	Existing Sum
}

// Report counts. It costs microseconds, whatever the size of the base, but for the rules.
func (p *Preview) Report() *Report {
	r := &Report{Users: int64(p.rows)}
	stage := func(code int) string { return p.nameOf(code) }
	order := func(s *Spec) (names []string) {
		for i := range s.Stages {
			names = append(names, s.Stages[i].Name)
		}
		return names
	}
	stages := union(order(p.spec), order(p.start))
	r.Stage = p.group(groupStage, stages, stage, stage)
	r.Asked = p.group(groupCandidate, stages, stage, stage)
	oldNames, newNames := namesOf(p.start.Grid), namesOf(p.spec.Grid)
	r.RFM = p.group(groupCell, rfmNames[1:], cellName(oldNames), cellName(newNames))
	r.RFMCN = p.group(groupCN, cnNames[1:], cnName, cnName)
	tiers := func(s *Spec) (names []string) {
		for i := range s.Cuts.Tiers {
			names = append(names, s.Cuts.Tiers[i].Name)
		}
		return names
	}
	r.Tier = p.group(groupTier, union(tiers(p.spec), tiers(p.start)), stage, stage)
	five := []string{"5", "4", "3", "2", "1"}
	ofR := func(code int) string { return digit(code & 7) }
	ofF := func(code int) string { return digit(code >> wordF & 7) }
	r.R, r.F, r.M = p.group(groupCell, five, ofR, ofR), p.group(groupCell, five, ofF, ofF), p.group(groupM, five, digit, digit)
	if len(p.spec.Engagement) > 0 || len(p.start.Engagement) > 0 {
		r.Points = p.group(groupPoints, bandNames(), bandName, bandName)
	}
	for _, t := range p.spec.Tags {
		r.Tags = append(r.Tags, p.members("tags", t.Name))
	}
	for _, g := range p.spec.Segments {
		r.Segments = append(r.Segments, p.members("segments", g.Name))
	}
	if p.spec.Churn > 0 || p.start.Churn > 0 {
		m := p.members("churn", "warning")
		r.Churn = &m
	}
	for i := range p.spec.Rules {
		r.Rules = append(r.Rules, p.entering(&p.spec.Rules[i]))
	}
	return r
}

func (p *Preview) nameOf(code int) string {
	if code < len(p.base.names.list) {
		return p.base.names.list[code]
	}
	return ""
}

func cellName(names *[64]uint32) func(int) string {
	return func(code int) string { return rfmNames[names[code&maskRF]>>wordName] }
}

func cnName(code int) string {
	if code < 8 || code > 15 {
		return ""
	}
	return cnNames[code-7]
}

func digit(n int) string {
	if n < 1 || n > 9 {
		return ""
	}
	return string(rune('0' + n))
}

// union lists the names of a, and those of b that a has not.
func union(a, b []string) []string {
	out := slices.Clone(a)
	for _, name := range b {
		if !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	return out
}

// group adds the codes of a group up by name. Names that nobody has at either time are kept: they are what the strategy names.
func (p *Preview) group(which int, names []string, old, now func(code int) string) Group {
	m := p.groups[which]
	g := Group{Names: slices.Clone(names)}
	at := func(name string) int {
		i := slices.Index(g.Names, name)
		if i < 0 {
			i = len(g.Names)
			g.Names = append(g.Names, name)
		}
		return i
	}
	type move struct {
		from, to int
		sum      Sum
	}
	var list []move
	for a := range 64 {
		stay := m.old[a]
		for b, sum := range m.cells[a<<6 : a<<6+64] {
			if sum.Users != 0 {
				stay = stay.less(sum)
				list = append(list, move{at(old(a)), at(now(b)), sum})
			}
		}
		if stay.Users != 0 {
			list = append(list, move{at(old(a)), at(now(a)), stay})
		}
	}
	g.Old, g.New, g.Moves = make([]Sum, len(g.Names)), make([]Sum, len(g.Names)), make([][]Sum, len(g.Names))
	for i := range g.Moves {
		g.Moves[i] = make([]Sum, len(g.Names))
	}
	for _, x := range list {
		g.Old[x.from].add(x.sum)
		g.New[x.to].add(x.sum)
		g.Moves[x.from][x.to].add(x.sum)
	}
	return g
}

// members is the counts of an audience.
func (p *Preview) members(kind, name string) Member {
	a := audience{kind: kind, name: name}
	m := Member{Name: name}
	if have := p.audiences[a.key()]; have != nil {
		m = *have
	}
	m.Name = name
	m.New = m.Old.less(m.Leave)
	m.New.add(m.Enter)
	return m
}

// entering counts whom a rule would reach.
func (p *Preview) entering(r *Rule) Entering {
	e := Entering{Name: r.Name}
	code, known := p.base.names.codes[r.Stage]
	ref := segmentRef(r.Segment)
	for _, s := range p.shards {
		k := &shardPlan{p: p, s: s}
		var open []uint64
		if c := s.cols[ColOpen(r.Name)]; c != nil {
			open = c.Bits
		}
		for b := range s.blocks() {
			var now, before column.Block
			if r.Stage != "" && known {
				now, before = equalTo(s.out.stage, b, code), equalTo(s.out.stageOld, b, code)
			} else if r.Segment != "" {
				copyBlock(&now, s.sets[ref], b)
				copyBlock(&before, s.out.setsOld[ref], b)
			}
			var shut column.Block
			copyBlock(&shut, open, b)
			clip(&now, s.Rows-b*column.BlockRows)
			for i := range now {
				now[i] &^= shut[i]
				before[i] = now[i] &^ before[i]
			}
			k.sum(b, &now, &e.Existing)
			k.sum(b, &before, &e.Enter)
		}
	}
	return e
}

// clip clears the bits from a row on.
func clip(set *column.Block, rows int) {
	for i := range set {
		if n := rows - i*64; n <= 0 {
			set[i] = 0
		} else if n < 64 {
			set[i] &= 1<<n - 1
		}
	}
}

func copyBlock(to *column.Block, from []uint64, b int) {
	if at := b * len(to); at < len(from) {
		copy(to[:], from[at:])
	}
}

// equalTo has the bits of the rows of a block that have a code.
func equalTo(codes []uint8, b int, code uint8) (out column.Block) {
	for i, c := range codes[b*column.BlockRows : (b+1)*column.BlockRows] {
		if c == code {
			out[i/64] |= 1 << (i % 64)
		}
	}
	return out
}

// Row is everything that one user is under the strategy that was tried last.
type Row struct {
	R, F, M    int // 0 without scores
	RFM, RFMCN string
	Tier       string
	Candidate  string
	Stage      string
	Since      zone.Day // when the settled stage was entered; 0 when that is not known
	Tags       []string // sorted
	Segments   []string // sorted
	Churn      bool     // a warning is due
	Engagement int      // 0 to MaxEngagement; -1 where the strategy gives no points
}

// Row returns one row of the base; rows are numbered over all shards.
func (p *Preview) Row(row int) Row {
	for _, s := range p.shards {
		if row < s.Rows {
			return p.rowOf(s, row)
		}
		row -= s.Rows
	}
	return Row{}
}

func (p *Preview) rowOf(s *shard, i int) Row {
	w := int(s.out.word[i])
	r := Row{
		R: w & 7, F: w >> wordF & 7, M: w >> wordM & 7, RFM: rfmNames[w>>wordName&15], Tier: p.nameOf(w >> wordTier & 63), RFMCN: cnName(w >> wordCN & 15),
		Candidate: p.nameOf(int(s.out.cand[i])), Stage: p.nameOf(int(s.out.stage[i])), Since: p.since(s, i), Engagement: s.out.scoreOf(i),
	}
	for _, a := range audiencesOf(p.spec) {
		switch in := bitOf(s.sets[a.ref], i); {
		case in && a.kind == "segments":
			r.Segments = append(r.Segments, a.name)
		case in && a.kind == "churn":
			r.Churn = true
		}
	}
	r.Tags = p.tags(s, i)
	slices.Sort(r.Segments)
	return r
}

// tags are those that events set and those that conditions give.
func (p *Preview) tags(s *shard, i int) []string {
	var list []string
	for _, name := range s.tags {
		if bitOf(s.cols[ColTag(name)].Bits, i) {
			list = append(list, name)
		}
	}
	for _, t := range p.spec.Tags {
		if bitOf(s.sets[tagRef(t.Name)], i) && !slices.Contains(list, t.Name) {
			list = append(list, t.Name)
		}
	}
	slices.Sort(list)
	return list
}

func (p *Preview) since(s *shard, i int) zone.Day {
	today := p.base.zone.Day(s.AsOf)
	old, now := s.stage[i], s.out.stage[i]
	switch age := s.age[i]; {
	case old == 0:
		return 0
	case old != now || !slices.ContainsFunc(p.spec.Stages, func(st Stage) bool { return st.Name == p.nameOf(int(old)) }):
		return today
	case age == 1<<16-1:
		return 0
	default:
		return today + 1 - zone.Day(age)
	}
}
