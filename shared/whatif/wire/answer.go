package wire

import (
	"github.com/weir-engine/weir/shared/whatif"
)

// AppendSum appends users, revenue and value.
func AppendSum(b []byte, s whatif.Sum) []byte {
	c := &coder{b: b}
	codeSum(c, &s)
	return c.b
}

// AppendReport appends a report.
func AppendReport(b []byte, r *whatif.Report) []byte {
	c := &coder{b: b}
	codeReport(c, r)
	return c.b
}

// ParseReport reads what AppendReport wrote; false when b is something else.
func ParseReport(b []byte) (*whatif.Report, bool) {
	r, c := &whatif.Report{}, &coder{b: b, reading: true}
	codeReport(c, r)
	return r, !c.bad && len(c.b) == 0
}

// AppendRow appends what one user is.
func AppendRow(b []byte, r *whatif.Row) []byte {
	c, since := &coder{b: b}, int(r.Since)
	for _, v := range []*int{&r.R, &r.F, &r.M, &since} {
		c.whole(v)
	}
	for _, s := range []*string{&r.RFM, &r.RFMCN, &r.Tier, &r.Candidate, &r.Stage} {
		c.text(s)
	}
	list(c, &r.Tags, c.text)
	list(c, &r.Segments, c.text)
	c.truth(&r.Churn)
	c.whole(&r.Engagement)
	return c.b
}

// AppendScores appends what a cube of scores answers: the moves by name, then the users by R, F and M.
func AppendScores(b []byte, a *whatif.ScoreAnswer) []byte {
	c := &coder{b: b}
	for i := range a.Moves {
		for j := range a.Moves[i] {
			codeSum(c, &a.Moves[i][j])
		}
	}
	for i := range a.Scores {
		for j := range a.Scores[i] {
			codeSum(c, &a.Scores[i][j])
		}
	}
	return c.b
}

// AppendStages appends what a cube of stages answers: the names; the candidates by name; then from, to and users of each move.
func AppendStages(b []byte, a *whatif.StageAnswer) []byte {
	c := &coder{b: b}
	list(c, &a.Names, c.text)
	n := len(a.Names)
	for i := range n {
		codeSum(c, &a.Asked[i])
	}
	type move struct {
		from, to uint32
		sum      *whatif.Sum
	}
	var moves []move
	for i := range n {
		for j := range n {
			if m := &a.Moves[i][j]; m.Users != 0 {
				moves = append(moves, move{uint32(i), uint32(j), m})
			}
		}
	}
	list(c, &moves, func(m *move) {
		c.u32(&m.from)
		c.u32(&m.to)
		codeSum(c, m.sum)
	})
	return c.b
}

func codeSum(c *coder, s *whatif.Sum) {
	c.i64(&s.Users)
	c.i64(&s.Revenue)
	c.i64(&s.Value)
}

func codeReport(c *coder, r *whatif.Report) {
	c.i64(&r.Users)
	for _, g := range []*whatif.Group{&r.Stage, &r.Asked, &r.RFM, &r.RFMCN, &r.Tier, &r.R, &r.F, &r.M, &r.Points} {
		codeGroup(c, g)
	}
	for _, l := range []*[]whatif.Member{&r.Tags, &r.Segments} {
		list(c, l, func(m *whatif.Member) { codeMember(c, m) })
	}
	maybe(c, &r.Churn, func(m *whatif.Member) { codeMember(c, m) })
	list(c, &r.Rules, func(e *whatif.Entering) {
		c.text(&e.Name)
		codeSum(c, &e.Enter)
		codeSum(c, &e.Existing)
	})
}

// codeGroup is the names, the sums at the start and now, and the moves, from by to.
func codeGroup(c *coder, g *whatif.Group) {
	sum := func(s *whatif.Sum) { codeSum(c, s) }
	list(c, &g.Names, c.text)
	list(c, &g.Old, sum)
	list(c, &g.New, sum)
	list(c, &g.Moves, func(row *[]whatif.Sum) { list(c, row, sum) })
}

func codeMember(c *coder, m *whatif.Member) {
	c.text(&m.Name)
	for _, s := range []*whatif.Sum{&m.Old, &m.New, &m.Enter, &m.Leave} {
		codeSum(c, s)
	}
}
