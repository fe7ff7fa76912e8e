package whatif

import (
	"math/bits"
	"slices"
)

// Spread is the squares of the revenue of those with a name, at the start and now: what the revenue of a sample says of the base
// follows from them (SumInterval).
type Spread struct {
	Kind     string // stage, rfm, rfm_cn, tier, segments, tags
	Name     string
	Old, New Square
}

func (q *Square) add(o Square) {
	var carry uint64
	q.Lo, carry = bits.Add64(q.Lo, o.Lo, 0)
	q.Hi += o.Hi + carry
}

func squareOf(v int64) Square {
	hi, lo := bits.Mul64(uint64(max(v, -v)), uint64(max(v, -v)))
	return Square{hi, lo}
}

// Spreads adds the squares of every row up, by what it was at the start and is now. It is asked of samples alone.
func (p *Preview) Spreads() []Spread {
	oldNames, newNames := cellName(namesOf(p.start.Grid)), cellName(namesOf(p.spec.Grid))
	kinds := []struct {
		kind     string
		old, now func(code int) string
		sums     [2][64]Square
	}{{kind: "stage", old: p.nameOf, now: p.nameOf}, {kind: "rfm", old: oldNames, now: newNames}, {kind: "rfm_cn", old: cnName, now: cnName}, {kind: "tier", old: p.nameOf, now: p.nameOf}}
	for _, s := range p.base.shards {
		for i := range s.Rows {
			q := squareOf(s.revenue.at(i))
			for side, of := range [2]struct {
				word  uint32
				stage uint8
			}{{s.out.wordOld[i], s.out.stageOld[i]}, {s.out.word[i], s.out.stage[i]}} {
				kinds[0].sums[side][of.stage&63].add(q)
				kinds[1].sums[side][of.word&maskRF].add(q)
				kinds[2].sums[side][of.word>>wordCN&15].add(q)
				kinds[3].sums[side][of.word>>wordTier&63].add(q)
			}
		}
	}
	var list []Spread
	of := func(kind, name string) *Spread {
		at := slices.IndexFunc(list, func(s Spread) bool { return s.Kind == kind && s.Name == name })
		if at < 0 {
			at = len(list)
			list = append(list, Spread{Kind: kind, Name: name})
		}
		return &list[at]
	}
	for k := range kinds {
		for code := range 64 {
			if q := kinds[k].sums[0][code]; q != (Square{}) {
				of(kinds[k].kind, kinds[k].old(code)).Old.add(q)
			}
			if q := kinds[k].sums[1][code]; q != (Square{}) {
				of(kinds[k].kind, kinds[k].now(code)).New.add(q)
			}
		}
	}
	for _, a := range audiencesOf(p.spec) {
		if a.kind == "churn" {
			continue
		}
		x := of(a.kind, a.name)
		for _, s := range p.base.shards {
			now, old := s.sets[a.ref], s.out.setsOld[a.ref]
			for i := range s.Rows {
				if bitOf(now, i) {
					x.New.add(squareOf(s.revenue.at(i)))
				}
				if old != nil && bitOf(old, i) {
					x.Old.add(squareOf(s.revenue.at(i)))
				}
			}
		}
	}
	return list
}
