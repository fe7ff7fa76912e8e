package whatif

import (
	"github.com/weir-engine/weir/shared/segment/column"
)

// scoring turns the codes of recency, purchase days and spend into words by table.
type scoring struct {
	s       *shard
	cuts    *Cuts
	names   *[64]uint32 // by R and F, in place
	tiers   []uint32    // by the tiers of the cuts, in place
	r, f, m *[maxCodes]uint32
	avg     *[maxCodes]uint32 // nil unless the Chinese eight read the average
}

// namesOf gives the place in a word of the name of each R and F.
func namesOf(kind string) *[64]uint32 {
	t := new([64]uint32)
	for r := 1; r <= 5; r++ {
		for f := 1; f <= 5; f++ {
			name := grid[r-1][f-1]
			if kind == GridEleven && r == 1 && f == 1 {
				name = uint8(len(rfmNames) - 1)
			}
			t[r|f<<wordF] = uint32(name) << wordName
		}
	}
	return t
}

func newScoring(s *shard, spec *Spec, tiers []uint32) *scoring {
	k := &scoring{s: s, cuts: &spec.Cuts, names: namesOf(spec.Grid), tiers: tiers, r: new([maxCodes]uint32), f: new([maxCodes]uint32), m: new([maxCodes]uint32)}
	s.recency.table(k.r, k.ofRecency)
	s.days.table(k.f, k.ofDays)
	for c, on := range k.cuts.Ranked {
		if v := k.cuts.Frequency[c]; on && len(s.days.low) > 1 && v >= s.days.low[1] && v <= s.days.high[len(s.days.high)-1] {
			k.f[s.days.code(v)] = divided
		}
	}
	s.money.table(k.m, k.ofMoney)
	if k.cuts.CN.Known && k.cuts.CN.Average {
		if s.average == nil {
			s.average = s.averageAxis()
		}
		k.avg = new([maxCodes]uint32)
		s.average.table(k.avg, k.ofAverage)
	}
	return k
}

// averageAxis is the net spend an order, rounded half away from zero.
func (s *shard) averageAxis() *axis {
	spend, orders := s.reader("spend"), s.reader("orders")
	of := func(row int) (int64, bool) {
		n, _ := orders(row)
		if n <= 0 {
			return 0, false
		}
		v, _ := spend(row)
		return roundDiv(v, n), true
	}
	values := make([]int64, s.Rows)
	for i := range values {
		values[i], _ = of(i)
	}
	return newAxis(&column.Column{I64: values}, s.Rows, of, s.buyers())
}

// roundDiv divides by a positive number and rounds half away from zero.
func roundDiv(a, b int64) int64 {
	q, r := a/b, a%b
	if r < 0 {
		r = -r
	}
	if r >= b-r {
		if a < 0 {
			return q - 1
		}
		return q + 1
	}
	return q
}

func above(cuts *[4]int64, v int64) uint32 {
	var k uint32
	for _, c := range cuts {
		if v > c {
			k++
		}
	}
	return k
}

func (k *scoring) ofRecency(v int64) uint32 {
	var w uint32
	if k.cuts.Scored {
		w = 5 - above(&k.cuts.Recency, v)
	}
	if k.cuts.CN.Known {
		w |= 8 << wordCN
		if v <= k.cuts.CN.Recency {
			w |= 4 << wordCN
		}
	}
	return w
}

func (k *scoring) ofDays(v int64) uint32 {
	var w uint32
	if k.cuts.Scored {
		w = (1 + above(&k.cuts.Frequency, v)) << wordF
	}
	if k.cuts.CN.Known && v > k.cuts.CN.Frequency {
		w |= 2 << wordCN
	}
	return w
}

func (k *scoring) ofMoney(v int64) uint32 {
	var w uint32
	if k.cuts.Scored {
		w = (1 + above(&k.cuts.Monetary, v)) << wordM
	}
	if k.cuts.CN.Known && !k.cuts.CN.Average && v > k.cuts.CN.Monetary {
		w |= 1 << wordCN
	}
	for i := range k.cuts.Tiers {
		if t := &k.cuts.Tiers[i]; t.Rest || v >= t.Least {
			w |= k.tiers[i]
			break
		}
	}
	return w
}

func (k *scoring) ofAverage(v int64) uint32 {
	if v > k.cuts.CN.Monetary {
		return 1 << wordCN
	}
	return 0
}

// block computes the words of a block.
func (k *scoring) block(b int, out *[column.BlockRows]uint32) {
	from := b * column.BlockRows
	recency, days, money := (*[column.BlockRows]uint16)(k.s.recency.codes[from:]), (*[column.BlockRows]uint16)(k.s.days.codes[from:]), (*[column.BlockRows]uint16)(k.s.money.codes[from:])
	r, f, m, names := k.r, k.f, k.m, k.names
	var open [column.BlockRows]uint16
	n := 0
	for i := range out {
		w := r[recency[i]%maxCodes] | f[days[i]%maxCodes] | m[money[i]%maxCodes]
		out[i] = w | names[w&maskRF]
		if int32(w) < 0 {
			open[n%column.BlockRows] = uint16(i)
			n++
		}
	}
	if k.avg != nil {
		average := (*[column.BlockRows]uint16)(k.s.average.codes[from:])
		for i := range out {
			w := k.avg[average[i]%maxCodes]
			out[i] |= w
			if int32(w) < 0 {
				k.row(from+i, &out[i])
			}
		}
	}
	for _, i := range open[:n] {
		k.row(from+int(i), &out[i])
	}
}

// row computes one word: by table where the codes decide, else from the numbers themselves.
func (k *scoring) row(row int, out *uint32) {
	w := k.r[k.s.recency.codes[row]%maxCodes]
	if w == divided {
		recency, _ := k.s.recency.of(row)
		w = k.ofRecency(recency)
	}
	f := k.f[k.s.days.codes[row]%maxCodes]
	if f == divided {
		days, _ := k.s.days.of(row)
		f = k.ofDays(days)
		for c, on := range k.cuts.Ranked {
			if on && k.cuts.Scored && days == k.cuts.Frequency[c] && k.beyond(c, row) {
				f += 1 << wordF
			}
		}
	}
	m := k.m[k.s.money.codes[row]%maxCodes]
	if m == divided {
		money, _ := k.s.money.of(row)
		m = k.ofMoney(money)
	}
	w |= f | m
	if k.avg != nil {
		average, _ := k.s.average.of(row)
		w |= k.ofAverage(average)
	}
	*out = w | k.names[w&maskRF]
}

// beyond reports whether the key of a row is beyond that of a cut.
func (k *scoring) beyond(cut, row int) bool {
	if k.cuts.FromRow != nil {
		return k.s.First+int64(row) >= k.cuts.FromRow[cut]
	}
	if k.s.keyRank == nil {
		return false
	}
	v, _ := k.s.reader(ColKeyRank)(row)
	return v>>cut&1 != 0
}
