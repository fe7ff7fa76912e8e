package whatif

import "github.com/weir-engine/weir/shared/fault"

// Where the rows of a base stand in several places, none of them can compute cuts by itself: each gives its ranks away, and
// one of them adds them up.

// Count is a number and how many users have it.
type Count struct{ Value, Users int64 }

// Ranks are the numbers of buyers, ascending: days since the last purchase, purchase days, spend, and the average of an order
// where that was asked for.
type Ranks [4][]Count

// Ranks counts the buyers of the base by their numbers.
func (b *Base) Ranks(average bool) Ranks {
	var out Ranks
	for i, d := range b.ranking(average).all() {
		out[i] = d.counts()
	}
	return out
}

func (d *numbers) counts() (list []Count) {
	large := func(from, to int) {
		for i := from; i < to; {
			k := i
			for k < to && d.large[k] == d.large[i] {
				k++
			}
			list = append(list, Count{d.large[i], int64(k - i)})
			i = k
		}
	}
	negative := 0
	for negative < len(d.large) && d.large[negative] < 0 {
		negative++
	}
	large(0, negative)
	for v, users := range d.small {
		if users > 0 {
			list = append(list, Count{int64(v), users})
		}
	}
	large(negative, len(d.large))
	return list
}

// Ranking adds the ranks of several bases up.
type Ranking struct {
	r      ranking
	sorted bool
}

// Add adds the ranks of a base.
func (k *Ranking) Add(ranks *Ranks) {
	for i, d := range k.r.all() {
		for _, c := range ranks[i] {
			d.add(c.Value, c.Users)
		}
	}
	k.sorted = false
}

// Cuts computes cuts as Base.Recut does over all the rows. Invalid when ties are broken by keys: ranks do not hold the order of rows.
func (k *Ranking) Cuts(rules CutRules) (Cuts, error) {
	if rules.Ties == tiesByKey {
		return Cuts{}, fault.New(fault.Invalid, "ties of frequency are broken by key, which cannot be done over rows in several places").
			WithHint("use rfm.ties: min_rank, or weir whatif")
	}
	if rules.CNAverage && k.r.average.n != k.r.money.n {
		return Cuts{}, fault.New(fault.Invalid, "the ranks do not hold the average of an order").WithHint("count them again with it")
	}
	if !k.sorted {
		k.r.sort()
		k.sorted = true
	}
	return k.r.cuts(rules, nil), nil
}
