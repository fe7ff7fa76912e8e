package score

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"runtime"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/weir-engine/weir/shared/fault"
	"github.com/weir-engine/weir/shared/profile"
	"github.com/weir-engine/weir/shared/strategy"
	"github.com/weir-engine/weir/shared/zone"
)

// anyValue draws values of every size that a column stores differently, with many ties.
var anyValue = rapid.OneOf(
	rapid.Int64Range(0, 9), rapid.Int64Range(-3, 70_000), rapid.Int64Range(0, 1<<33),
	rapid.Just(int64(-1<<53)), rapid.Just(int64(1<<53)), rapid.Just(int64(1<<32-1)), rapid.Just(int64(1<<32)), rapid.Just(int64(1<<16)),
)

func TestColumnAgainstSorting(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		values := rapid.SliceOfN(anyValue, 1, 200).Draw(t, "values")
		var c column
		sum := int64(0)
		for _, v := range values {
			c.add(v)
			sum += v
		}
		slices.Sort(values)
		n := int64(len(values))
		for i, v := range values {
			if got := c.at(int64(i)); got != v {
				t.Fatalf("rank %d is %d, want %d", i, got, v)
			}
			if below, _ := slices.BinarySearch(values, v); c.below(v) != int64(below) {
				t.Fatalf("%d values below %d, want %d", c.below(v), v, below)
			}
		}
		if m := c.mean(); m*n > sum || (m+1)*n <= sum {
			t.Fatalf("mean %d of a sum of %d over %d", m, sum, n)
		}
		for _, q := range []int64{2, 5} {
			for p := int64(0); p <= q; p++ {
				i, f := (n-1)*p/q, (n-1)*p%q
				got := c.quantile(p, q)
				// got <= a + f·(b−a)/q < got+1, without a division
				low := (got - values[i]) * q
				if top := f * (values[min(i+1, n-1)] - values[i]); low > top || low+q <= top {
					t.Fatalf("quantile %d/%d is %d", p, q, got)
				}
			}
		}
	})
}

func TestKeysInAnyOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		keys := rapid.SliceOfDistinct(rapid.StringMatching(`(user_)?[0-9a-zé]{0,6}`), rapid.ID[string]).Draw(t, "keys")
		sorted := slices.Sorted(slices.Values(keys))
		numbers := map[string]int64{}
		for _, k := range keys {
			numbers[k] = rapid.Int64Range(1, 3).Draw(t, "number")
		}
		var a, b keyList
		for i := range keys {
			a.add(keys[i], numbers[keys[i]])
			b.add(sorted[i], numbers[sorted[i]])
		}
		if b.unordered {
			t.Fatal("ascending keys count as unordered")
		}
		seen := map[int64]int64{}
		for _, k := range sorted {
			n := numbers[k]
			if x, y := a.nth(n, seen[n]), b.nth(n, seen[n]); x != k || y != k {
				t.Fatalf("key %d of %d is %q and %q, want %q", seen[n], n, x, y, k)
			}
			seen[n]++
		}
	})
}

// TestKeysOverManyBlocks fills several blocks.
func TestKeysOverManyBlocks(t *testing.T) {
	var l keyList
	const n = 60_000
	for i := range n {
		l.add(fmt.Sprintf("customer-%07d-with-a-tail-%d", i, i*7919), int64(i%5)+1)
	}
	if len(l.blocks) < 3 || l.unordered {
		t.Fatalf("%d blocks, unordered %v", len(l.blocks), l.unordered)
	}
	for _, i := range []int{0, 1, 4_999, 30_003, n - 1} {
		want := fmt.Sprintf("customer-%07d-with-a-tail-%d", i, i*7919)
		if got := l.nth(int64(i%5)+1, int64(i/5)); got != want {
			t.Errorf("%d: %q, want %q", i, got, want)
		}
	}
}

// buyer is one user of a drawn base.
type buyer struct {
	key   string
	facts *profile.Facts
	days  int64
	spend int64
	ago   int64
}

const today = zone.Day(10_500)

func drawBuyers(t *rapid.T) []buyer {
	keys := rapid.SliceOfNDistinct(rapid.StringMatching(`u[0-9]{1,3}`), 1, 60, rapid.ID[string]).Draw(t, "keys")
	buyers := make([]buyer, len(keys))
	for i, key := range keys {
		b := buyer{key: key, facts: new(profile.Facts)}
		days := rapid.SliceOfNDistinct(rapid.IntRange(int(today)-40, int(today)), 1, 6, rapid.ID[int]).Draw(t, "days")
		slices.Sort(days)
		for _, d := range days {
			net := rapid.SampledFrom([]int64{-50, 0, 100, 100, 250, 99_999}).Draw(t, "net")
			b.facts.Purchases = append(b.facts.Purchases, profile.PurchaseDay{Day: zone.Day(d), Orders: 1, Net: net})
			b.spend += net
		}
		b.days, b.ago = int64(len(days)), int64(today)-int64(days[len(days)-1])
		buyers[i] = b
	}
	return buyers
}

func build(e *Engine, buyers []buyer) *Cuts {
	b := e.NewCuts(zone.UTC.Start(today))
	for i := range buyers {
		b.Add(buyers[i].key, buyers[i].facts)
	}
	return b.Build()
}

// TestMinRankIsTheFormula compares the scores under cuts with 1 + floor(5·(minrank−1)/n) over the base.
func TestMinRankIsTheFormula(t *testing.T) {
	e := engine(t, nil)
	rapid.Check(t, func(t *rapid.T) {
		buyers := drawBuyers(t)
		cuts := build(e, buyers)
		n := len(buyers)
		formula := func(value func(buyer) int64, v int64) int {
			below := 0
			for _, b := range buyers {
				if value(b) < v {
					below++
				}
			}
			return 1 + 5*below/n
		}
		var r Result
		for _, b := range buyers {
			e.Score(b.key, b.facts, nil, cuts, zone.UTC.Start(today), &r)
			want := [3]int{
				formula(func(x buyer) int64 { return -x.ago }, -b.ago), formula(func(x buyer) int64 { return x.days }, b.days),
				formula(func(x buyer) int64 { return x.spend }, b.spend),
			}
			if got := [3]int{r.R, r.F, r.M}; got != want {
				t.Fatalf("%s scores %v, want %v", b.key, got, want)
			}
		}
	})
}

// TestNtileFirstIsRowOrder ranks frequency with ties in the order of keys and cuts the ranks like pandas.qcut.
func TestNtileFirstIsRowOrder(t *testing.T) {
	e := engine(t, func(s *strategy.Strategy) { s.RFM.Ties = TiesNtileFirst })
	rapid.Check(t, func(t *rapid.T) {
		buyers := drawBuyers(t)
		cuts := build(e, buyers)
		ranked := slices.Clone(buyers)
		slices.SortFunc(ranked, func(x, y buyer) int { return cmp.Or(cmp.Compare(x.days, y.days), cmp.Compare(x.key, y.key)) })
		sizes := [6]int{}
		var r Result
		for rank, b := range ranked {
			e.Score(b.key, b.facts, nil, cuts, zone.UTC.Start(today), &r)
			want := 1
			for k := 1; k <= 4; k++ {
				if 5*rank > k*(len(ranked)-1) {
					want++
				}
			}
			if r.F != want {
				t.Fatalf("%s at rank %d scores %d, want %d", b.key, rank, r.F, want)
			}
			sizes[r.F]++
		}
		if n := len(ranked); n >= 5 && slices.Max(sizes[1:])-slices.Min(sizes[1:]) > 1 {
			t.Fatalf("buckets of %v", sizes[1:])
		}
	})
}

// TestScoresNeedNoOtherUser scores users whom the base of the cuts never held, alone and among others.
func TestScoresNeedNoOtherUser(t *testing.T) {
	e := engine(t, nil)
	rapid.Check(t, func(t *rapid.T) {
		cuts := build(e, drawBuyers(t))
		other := drawBuyers(t)
		copied, err := ParseCuts(cuts.JSON())
		if err != nil {
			t.Fatal(err)
		}
		var reused Result
		for _, b := range other {
			var fresh Result
			e.Score(b.key, b.facts, nil, cuts, zone.UTC.Start(today), &fresh)
			e.Score(b.key, b.facts, nil, copied, zone.UTC.Start(today), &reused)
			if x, y := fmt.Sprint(fresh), fmt.Sprint(reused); x != y {
				t.Fatalf("%s\n%s", x, y)
			}
		}
	})
}

func TestTiersTakeTheirShare(t *testing.T) {
	e := engine(t, func(s *strategy.Strategy) {
		s.Tiers = []strategy.Tier{{Name: "gold", Top: 0.07}, {Name: "silver", Top: 0.3}, {Name: "rest", Top: 1}}
		s.Segments, s.Tags = nil, nil
	})
	b := e.NewCuts(0)
	for i := range 100 {
		b.add(fmt.Sprint(i), &history{days: 1, spend: int64(i * 10)})
	}
	cuts := b.Build()
	got := map[string]int{}
	for i := range 100 {
		got[scoreTier(cuts, &history{days: 1, spend: int64(i * 10)})]++
	}
	if got["gold"] != 7 || got["silver"] != 23 || got["rest"] != 70 {
		t.Errorf("tiers %v", got)
	}
	if tier := scoreTier(cuts, &history{days: 1, spend: -1e9}); tier != "rest" {
		t.Errorf("the least spender is %q", tier)
	}
	if tier := scoreTier(cuts, &history{}); tier != "" {
		t.Errorf("someone who never bought is %q", tier)
	}
}

func TestFixedCuts(t *testing.T) {
	e := engine(t, func(s *strategy.Strategy) {
		s.RFM = strategy.RFM{
			Ties: TiesFixed, Grid: GridTen, Recency: []float64{7, 30, 90, 180.5}, Freq: []float64{1, 2, 4, 8}, Money: []float64{19.99, 50, 100, 500},
			CN: strategy.RFMCN{MKind: MoneyAverage, Cut: CutFixed, Fixed: [3]float64{30, 2, 25}},
		}
	})
	cuts := e.NewCuts(0).Build()
	for _, c := range []struct {
		ago         int32
		days        int
		spend       int64
		r, f, m     int
		cn          string
		description string
	}{
		{0, 1, 1_999, 5, 1, 1, "一般发展", "at the cut of 19.99"},
		{7, 2, 2_000, 5, 2, 2, "一般发展", "a cent above it"},
		{8, 3, 10_000, 4, 3, 3, "重要价值", "an average of 33.33"},
		{30, 3, 7_500, 4, 3, 3, "一般价值", "an average of 25.00"},
		{31, 5, 50_001, 3, 4, 5, "重要保持", "far but frequent"},
		{181, 9, 500, 1, 5, 1, "一般保持", "beyond every cut"},
		{180, 1, 99_900, 2, 1, 5, "重要挽留", "far, once, much"},
	} {
		h := &history{days: c.days, orders: c.days, recency: c.ago, spend: c.spend}
		s := scoreRFM(cuts, "u", h)
		if got := CNName(scoreCN(cuts, h)); s.r != c.r || s.f != c.f || s.m != c.m || got != c.cn {
			t.Errorf("%s: %+v %s, want %d %d %d %s", c.description, s, got, c.r, c.f, c.m, c.cn)
		}
	}
}

func TestCutsOfAnEmptyBase(t *testing.T) {
	e := engine(t, nil)
	cuts := e.NewCuts(0).Build()
	buyer := &profile.Facts{FirstSeen: 1, Events: 1, Purchases: []profile.PurchaseDay{{Day: 0, Orders: 1, Net: 5}}}
	for _, c := range []*Cuts{cuts, nil} {
		var r Result
		e.Score("u", buyer, nil, c, 86_400_000, &r)
		if r.R != 0 || r.RFM != "" || r.RFMCN != "" || r.Tier != "" || r.X != 0 || r.Orders != 1 {
			t.Errorf("%+v", r)
		}
		for _, reason := range e.Explain("u", buyer, nil, c, 86_400_000) {
			if got, err := Replay(reason, zone.UTC); err != nil || got != reason.Value {
				t.Errorf("%s: %q, %v, want %q", reason.Score, got, err, reason.Value)
			}
		}
	}
}

func TestCutsArePublishedOnce(t *testing.T) {
	b, e := loadCDNOW(t), engine(t, nil)
	asOf := millis(t, "1998-07-01")
	cuts := b.cuts(e, asOf)
	again := b.cuts(e, asOf)
	if cuts.Version != again.Version || !bytes.Equal(cuts.JSON(), again.JSON()) || len(cuts.Version) != 12 {
		t.Errorf("%s\n%s", cuts.JSON(), again.JSON())
	}
	if !e.Fits(cuts) || engine(t, func(s *strategy.Strategy) { s.RFM.Ties = TiesNtileFirst }).Fits(cuts) {
		t.Error("cuts fit the wrong strategy")
	}
	if later := b.cuts(e, millis(t, "1998-07-02")); later.Version == cuts.Version {
		t.Error("other cuts have the same version")
	}
	parsed, err := ParseCuts(cuts.JSON())
	if err != nil || !bytes.Equal(parsed.JSON(), cuts.JSON()) {
		t.Fatal(err)
	}
	parsed.Monetary[0]++
	edited, err := json.Marshal(parsed)
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{string(edited), "{", ""} {
		if _, err := ParseCuts([]byte(text)); !fault.Is(err, fault.Invalid) || fault.HintOf(err) == "" {
			t.Errorf("%.20s: %v", text, err)
		}
	}
}

// TestCutsOfMillionsFitInMemory adds many users, and checks what is held then.
func TestCutsOfMillionsFitInMemory(t *testing.T) {
	const n = 400_000
	for _, c := range []struct {
		ties  string
		bytes int64 // a user
	}{{TiesMinRank, 5}, {TiesNtileFirst, 12}} {
		e := engine(t, func(s *strategy.Strategy) { s.RFM.Ties = c.ties })
		before := heap()
		b := e.NewCuts(0)
		h, key := history{}, []byte("user-00000000")
		for i := range n {
			for j, x := len(key)-1, i; j > 4; j, x = j-1, x/10 {
				key[j] = byte('0' + x%10)
			}
			h = history{days: 1 + i%7, recency: int32(i % 700), spend: int64(i) * 977 % 30_000_000}
			b.add(string(key), &h)
		}
		if used := heap() - before; used/n > c.bytes {
			t.Errorf("%s: %d bytes a user", c.ties, used/n)
		}
		cuts := b.Build()
		if cuts.N != n || len(cuts.Frequency) != 4 {
			t.Errorf("%s", cuts.JSON())
		}
		runtime.KeepAlive(b)
	}
}

func heap() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
