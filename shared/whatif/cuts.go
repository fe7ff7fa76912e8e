package whatif

import (
	"math"
	"slices"

	"github.com/weir-engine/weir/shared/fault"
)

// CutRules are how cuts are computed from a base: as rfm and tiers of a strategy.
type CutRules struct {
	Ties      string // min_rank or ntile_first; "" means min_rank. Fixed cuts need no base
	CNAverage bool   // the Chinese eight measure money by the average of an order
	CNCut     string // mean or median; "" means mean
	Tiers     []TierRule
}

// TierRule is a value tier: the best Top (0 to 1] of buyers. The last tier is everybody else.
type TierRule struct {
	Name string
	Top  float64
}

// Recut computes cuts from the base, equal to those that score.CutsBuilder computes from its profiles. Invalid when ties are to
// be broken by keys and the rows do not stand in the order of their keys.
func (b *Base) Recut(rules CutRules) (Cuts, error) {
	for _, s := range b.shards {
		if !s.Ascending && rules.Ties == tiesByKey {
			return Cuts{}, fault.New(fault.Invalid, "ties of frequency are broken by key, and the rows do not stand in the order of keys").
				WithHint("use rfm.ties: min_rank, or make the snapshot again")
		}
	}
	return b.ranking(rules.CNAverage).cuts(rules, b.rowAfter), nil
}

// tiesByKey ranks users of equal frequency by their keys.
const tiesByKey = "ntile_first"

// ranking gathers the numbers of buyers.
func (b *Base) ranking(average bool) *ranking {
	r := &ranking{}
	for _, s := range b.shards {
		if average && s.average == nil {
			s.average = s.averageAxis()
		}
		for i := range s.Rows {
			if s.recency.codes[i] == nobody {
				continue
			}
			v, _ := s.recency.of(i)
			r.recency.add(v, 1)
			v, _ = s.days.of(i)
			r.days.add(v, 1)
			v, _ = s.money.of(i)
			r.money.add(v, 1)
			if average {
				v, _ = s.average.of(i)
				r.average.add(v, 1)
			}
		}
	}
	r.sort()
	return r
}

// cuts computes cuts. rowAfter finds where ties by key divide the base.
func (r *ranking) cuts(rules CutRules, rowAfter func(days, j int64) int64) (c Cuts) {
	n := r.recency.n
	if n == 0 {
		return c
	}
	c.Scored = true
	for k := int64(1); k <= 4; k++ {
		if rules.Ties != tiesByKey {
			j := (k*n+4)/5 - 1
			c.Frequency[k-1], c.Monetary[k-1], c.Recency[4-k] = r.days.at(j), r.money.at(j), r.recency.at(n-1-j)-1
			continue
		}
		c.Recency[k-1], c.Monetary[k-1] = r.recency.quantile(k, 5), r.money.quantile(k, 5)
		last := k * (n - 1) / 5
		v := r.days.at(last)
		c.Frequency[k-1], c.Ranked[k-1] = v, true
		if c.FromRow == nil {
			c.FromRow = new([4]int64)
		}
		c.FromRow[k-1] = rowAfter(v, last-r.days.below(v))
	}
	c.CN = r.chinese(rules)
	for i, t := range rules.Tiers {
		cut := TierCut{Name: t.Name, Rest: i == len(rules.Tiers)-1}
		if !cut.Rest {
			cut.Least = r.money.at(n - max(ceilShare(t.Top, n), 1))
		}
		c.Tiers = append(c.Tiers, cut)
	}
	return c
}

// rowAfter is the row of the base after the j-th (0-based) one with a number of purchase days.
func (b *Base) rowAfter(days, j int64) int64 {
	for _, s := range b.shards {
		for i := range s.Rows {
			if s.recency.codes[i] == nobody {
				continue
			}
			if v, _ := s.days.of(i); v == days {
				if j--; j < 0 {
					return s.First + int64(i) + 1
				}
			}
		}
	}
	return math.MaxInt64
}

// ranking holds the numbers of buyers.
type ranking struct{ recency, days, money, average numbers }

func (r *ranking) all() [4]*numbers { return [4]*numbers{&r.recency, &r.days, &r.money, &r.average} }

func (r *ranking) sort() {
	for _, d := range r.all() {
		d.sort()
	}
}

func (r *ranking) chinese(rules CutRules) CNCuts {
	money := &r.money
	if rules.CNAverage {
		money = &r.average
	}
	if rules.CNCut == "median" {
		return CNCuts{true, rules.CNAverage, r.recency.quantile(1, 2), r.days.quantile(1, 2), money.quantile(1, 2)}
	}
	return CNCuts{true, rules.CNAverage, r.recency.mean(), r.days.mean(), money.mean()}
}

// numbers are whole numbers in order. Small ones are counted, the others are sorted.
type numbers struct {
	n, sum int64
	small  []int64 // how many have each number
	large  []int64 // beyond small, or negative
}

const smallNumbers = 1 << 16

// add counts a number that so many users have.
func (d *numbers) add(v, users int64) {
	d.n += users
	d.sum += v * users
	if v < 0 || v >= smallNumbers {
		for range users {
			d.large = append(d.large, v)
		}
		return
	}
	if d.small == nil {
		d.small = make([]int64, smallNumbers)
	}
	d.small[v] += users
}

func (d *numbers) sort() { slices.Sort(d.large) }

// at is the number at a rank, 0-based.
func (d *numbers) at(rank int64) int64 {
	negative, _ := slices.BinarySearch(d.large, 0)
	if rank < int64(negative) {
		return d.large[rank]
	}
	rank -= int64(negative)
	for v, k := range d.small {
		if rank < k {
			return int64(v)
		}
		rank -= k
	}
	return d.large[int64(negative)+rank]
}

// below is how many are smaller.
func (d *numbers) below(v int64) int64 {
	k, _ := slices.BinarySearch(d.large, v)
	for w, m := range d.small {
		if int64(w) >= v {
			break
		}
		k += int(m)
	}
	return int64(k)
}

// quantile is the floor of the p/q quantile with linear interpolation (Hyndman and Fan 1996, type 7).
func (d *numbers) quantile(p, q int64) int64 {
	pos := (d.n - 1) * p
	i, f := pos/q, uint64(pos%q)
	a := d.at(i)
	if f == 0 {
		return a
	}
	by := uint64(d.at(i+1)) - uint64(a)
	uq := uint64(q)
	return a + int64(by/uq*f+by%uq*f/uq)
}

// mean is the floor of the mean.
func (d *numbers) mean() int64 {
	q := d.sum / d.n
	if d.sum%d.n != 0 && d.sum < 0 {
		q--
	}
	return q
}

// ceilShare is ceil(share·n) with the share read as a decimal of six places.
func ceilShare(share float64, n int64) int64 {
	ppm := int64(float64(share*1e6) + 0.5)
	k := ppm*(n/1e6) + (ppm*(n%1e6)+999_999)/1e6
	return min(max(k, 0), n)
}
