package analytics

import (
	"io"
	"math/bits"
	"slices"

	"github.com/weir-engine/weir/shared/profile"
)

// Concentration says how unevenly net spend is spread over the users who ever bought.
type Concentration struct {
	values []int64
	sum    int64
	sorted bool
}

// ConcentrationPoint is what the best users bring.
type ConcentrationPoint struct {
	Top   float64  `json:"top"`         // share of users, 0..1
	Users int64    `json:"users"`       // ceil(Top·n)
	Least int64    `json:"least_minor"` // the least spend among them
	Spend int64    `json:"spend_minor"`
	Share *float64 `json:"share"` // of all spend; null when the whole spend is not positive
}

// NewConcentration starts an empty report.
func NewConcentration() *Concentration { return &Concentration{} }

// Add adds one user; one who never bought counts for nothing.
func (c *Concentration) Add(f *profile.Facts) {
	spend, bought := int64(0), false
	for i := range f.Purchases {
		p := &f.Purchases[i]
		spend += p.Net
		bought = bought || p.Orders > 0
	}
	if bought {
		c.AddSpend(spend)
	}
}

// AddSpend adds one user who bought, by the net spend in minor units.
func (c *Concentration) AddSpend(spend int64) {
	c.values = append(c.values, spend)
	c.sum += spend
	c.sorted = false
}

func (c *Concentration) sort() {
	if !c.sorted {
		slices.Sort(c.values)
		c.sorted = true
	}
}

// Users is the number of buyers, Spend their net spend in minor units.
func (c *Concentration) Users() int64 { return int64(len(c.values)) }

// Spend is the net spend of all in minor units.
func (c *Concentration) Spend() int64 { return c.sum }

// Gini is Σ(2i−n−1)·v_i / (n·Σv) with v ascending and i from 1, the sum in 128-bit integers; ok is false unless Σv > 0.
func (c *Concentration) Gini() (gini float64, ok bool) {
	if c.sum <= 0 {
		return 0, false
	}
	c.sort()
	n := int64(len(c.values))
	var hi, lo uint64
	for i, v := range c.values {
		h, l := mul128(2*int64(i+1)-n-1, v)
		var carry uint64
		lo, carry = bits.Add64(lo, l, 0)
		hi, _ = bits.Add64(hi, h, carry)
	}
	top := float64(float64(int64(hi))*0x1p64) + float64(lo)
	return top / (float64(n) * float64(c.sum)), true
}

// mul128 is the signed 128-bit product in two's complement.
func mul128(a, b int64) (hi, lo uint64) {
	hi, lo = bits.Mul64(uint64(a), uint64(b))
	if a < 0 {
		hi -= uint64(b)
	}
	if b < 0 {
		hi -= uint64(a)
	}
	return hi, lo
}

// Top returns what the best share of users brings, given in per mille of the users: 200 for the best fifth.
func (c *Concentration) Top(perMille int) ConcentrationPoint { return c.points([]int{perMille})[0] }

// Curve returns the points of the best 1 %, 2 % … 100 % of users.
func (c *Concentration) Curve() []ConcentrationPoint {
	shares := make([]int, 100)
	for i := range shares {
		shares[i] = 10 * (i + 1)
	}
	return c.points(shares)
}

// points goes once through the users from the best on; shares ascend.
func (c *Concentration) points(perMille []int) []ConcentrationPoint {
	c.sort()
	n := int64(len(c.values))
	out := make([]ConcentrationPoint, 0, len(perMille))
	users, spend := int64(0), int64(0)
	for _, share := range perMille {
		p := ConcentrationPoint{Top: float64(share) / 1000, Users: (int64(share)*n + 999) / 1000}
		for ; users < p.Users; users++ {
			spend += c.values[n-1-users]
		}
		p.Spend = spend
		if users > 0 {
			p.Least = c.values[n-users]
		}
		if c.sum > 0 {
			s := float64(spend) / float64(c.sum)
			p.Share = &s
		}
		out = append(out, p)
	}
	return out
}

// CSV writes the curve: top (share of users), users, least_minor, spend_minor, share, and on every line the base's gini.
func (c *Concentration) CSV(w io.Writer) error {
	gini := ""
	if g, ok := c.Gini(); ok {
		gini = ftoa(g)
	}
	t := newTable(w, "top", "users", "least_minor", "spend_minor", "share", "gini")
	if len(c.values) > 0 {
		for _, p := range c.Curve() {
			share := ""
			if p.Share != nil {
				share = ftoa(*p.Share)
			}
			t.row(ftoa(p.Top), itoa(p.Users), itoa(p.Least), itoa(p.Spend), share, gini)
		}
	}
	return t.flush()
}
