package wire

import (
	"math"

	"github.com/weir-engine/weir/shared/whatif"
)

// AppendRanks appends the numbers of buyers: four lists, each a number and how many users have it.
func AppendRanks(b []byte, r *whatif.Ranks) []byte {
	c := &coder{b: b}
	codeRanks(c, r)
	return c.b
}

// ParseRanks reads what AppendRanks wrote; false when b is something else, or holds more users than a snapshot.
func ParseRanks(b []byte) (*whatif.Ranks, bool) {
	r, c := new(whatif.Ranks), &coder{b: b, reading: true}
	codeRanks(c, r)
	const most = 1 << 24
	for i := range r {
		users := int64(0)
		for _, n := range r[i] {
			if n.Users < 1 || n.Users > most {
				return nil, false
			}
			users += n.Users
		}
		c.bad = c.bad || users > most
	}
	return r, !c.bad && len(c.b) == 0
}

func codeRanks(c *coder, r *whatif.Ranks) {
	for i := range r {
		list(c, &r[i], func(n *whatif.Count) {
			c.i64(&n.Value)
			c.i64(&n.Users)
		})
	}
}

// AppendSpreads appends spreads: kind, name, and the squares at the start and now, high and low 64 bits each.
func AppendSpreads(b []byte, spreads []whatif.Spread) []byte {
	c := &coder{b: b}
	list(c, &spreads, func(s *whatif.Spread) {
		c.text(&s.Kind)
		c.text(&s.Name)
		for _, half := range []uint64{s.Old.Hi, s.Old.Lo, s.New.Hi, s.New.Lo} {
			n := int64(half)
			c.i64(&n)
		}
	})
	return c.b
}

// AppendHistogram appends the least and the greatest number, and the users by bin.
func AppendHistogram(b []byte, h *whatif.Histogram) []byte {
	c := &coder{b: b}
	c.i64(&h.Low)
	c.i64(&h.High)
	list(c, &h.Counts, c.i64)
	return c.b
}

// ParseWanted reads which movers are asked for: texts kind, name, from, to and the column of ids, how many, and the columns whose
// numbers are told.
func ParseWanted(b []byte) (*whatif.Wanted, bool) {
	w, c := new(whatif.Wanted), &coder{b: b, reading: true}
	codeWanted(c, w)
	return w, !c.bad && len(c.b) == 0 && w.Most >= 0 && w.Most <= 1000
}

// AppendWanted appends what ParseWanted reads.
func AppendWanted(b []byte, w *whatif.Wanted) []byte {
	c := &coder{b: b}
	codeWanted(c, w)
	return c.b
}

func codeWanted(c *coder, w *whatif.Wanted) {
	for _, s := range []*string{&w.Kind, &w.Name, &w.From, &w.To, &w.ID} {
		c.text(s)
	}
	c.whole(&w.Most)
	list(c, &w.Refs, c.text)
}

// AppendMoved appends movers: row, pseudonymous id, texts before and after, and the bits of each number; null is a NaN.
func AppendMoved(b []byte, moved []whatif.Moved) []byte {
	c := &coder{b: b}
	list(c, &moved, func(m *whatif.Moved) {
		c.i64(&m.Row)
		c.i64(&m.ID)
		c.text(&m.Before)
		c.text(&m.After)
		list(c, &m.Values, func(v *float64) {
			n := int64(math.Float64bits(*v))
			c.i64(&n)
		})
	})
	return c.b
}
