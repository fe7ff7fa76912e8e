package fill

import (
	"bytes"
	"math"
	"reflect"
	"testing"
	"time"

	"github.com/weir-engine/weir/shared/whatif"
	"github.com/weir-engine/weir/shared/whatif/wire"
)

// halves loads a sample in one base, and its users in two bases that share them.
func halves(t testing.TB, s *sample) (whole *whatif.Base, parts []*whatif.Base) {
	t.Helper()
	whole = s.load(t, 500)
	for _, users := range [][]user{s.users[:len(s.users)/3], s.users[len(s.users)/3:]} {
		part := *s
		part.users = users
		parts = append(parts, part.load(t, 300))
	}
	return whole, parts
}

func testSample(t testing.TB, n int) *sample {
	t.Helper()
	e := compiled(t, textOf(0), shanghai(t))
	asOf := time.Date(2026, 4, 12, 18, 0, 0, 0, time.UTC).UnixMilli()
	s := &sample{base: e, asOf: asOf, users: random(t, e, 7, n, asOf)}
	s.cuts = cutsOf(e, s.users, asOf)
	return s
}

// TestRankingEqualsRecut computes cuts from the ranks of two bases, over the border of bytes, and from one base with all rows.
func TestRankingEqualsRecut(t *testing.T) {
	whole, parts := halves(t, testSample(t, 2000))
	tiers := []whatif.TierRule{{Name: "top", Top: 0.07}, {Name: "middle", Top: 0.5}, {Name: "low", Top: 1}}
	for _, rules := range []whatif.CutRules{
		{Ties: "min_rank", Tiers: tiers}, {Ties: "min_rank", CNCut: "median"}, {Ties: "fixed", CNAverage: true, Tiers: tiers}, {CNAverage: true, CNCut: "median"},
	} {
		want, err := whole.Recut(rules)
		if err != nil {
			t.Fatal(err)
		}
		ranking := &whatif.Ranking{}
		for _, p := range parts {
			ranks := p.Ranks(rules.CNAverage)
			b := wire.AppendRanks(nil, &ranks)
			read, ok := wire.ParseRanks(b)
			if !ok || !bytes.Equal(wire.AppendRanks(nil, read), b) {
				t.Fatal("ranks are read otherwise than they were written")
			}
			if _, ok := wire.ParseRanks(b[1:]); ok {
				t.Fatal("ranks without their first byte are read")
			}
			ranking.Add(read)
		}
		got, err := ranking.Cuts(rules)
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%+v: %v, got %+v, want %+v", rules, err, got, want)
		}
	}
	if _, err := (&whatif.Ranking{}).Cuts(whatif.CutRules{Ties: "ntile_first"}); err == nil {
		t.Error("ties by key are broken without keys")
	}
}

func TestHistogram(t *testing.T) {
	s := testSample(t, 1200)
	p := compared(t, s)
	stops := []int64{0, 3, 10, 40, 200}
	for _, ref := range []string{"recency_days", "purchase_days", "spend", "silence_days", whatif.ColRevenue} {
		h, err := p.Histogram(whatif.Axis{Ref: ref, Stops: stops})
		if err != nil {
			t.Fatal(err)
		}
		sum := int64(0)
		for _, n := range h.Counts {
			sum += n
		}
		if sum != 1200 || len(h.Counts) != len(stops)+2 || h.Low > h.High {
			t.Errorf("%s: %+v", ref, h)
		}
	}
	day := s.base.Zone().Day(s.asOf)
	want := make([]int64, len(stops)+2)
	for _, u := range s.users {
		k := len(stops) + 1
		if last, ok := u.facts.LastPurchase(day); ok {
			for k = 0; k < len(stops) && int64(day-last) > stops[k]; k++ {
			}
		}
		want[k]++
	}
	if h, err := p.Histogram(whatif.Axis{Ref: "recency_days", Stops: stops}); err != nil || !reflect.DeepEqual(h.Counts, want) {
		t.Errorf("%v, got %v, want %v", err, h.Counts, want)
	}
	if _, err := p.Histogram(whatif.Axis{Ref: "traits.city"}); err == nil {
		t.Error("texts have a histogram")
	}
}

func compared(t testing.TB, s *sample) *whatif.Preview {
	t.Helper()
	spec, err := Spec(s.base, s.base, s.cuts)
	if err != nil {
		t.Fatal(err)
	}
	p, err := s.load(t, 500).Compare(spec)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// TestSample finds every mover, and no one else.
func TestSample(t *testing.T) {
	s := testSample(t, 1500)
	p := compared(t, s)
	before := make([]whatif.Row, len(s.users))
	for i := range before {
		before[i] = p.Row(i)
	}
	next := compiled(t, textOf(2), shanghai(t))
	spec, err := Spec(s.base, next, s.cuts)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Try(spec); err != nil {
		t.Fatal(err)
	}
	all, err := p.Sample(&whatif.Wanted{Kind: "stage", Most: 10_000, Refs: []string{"orders", "spend", "traits.city", "churn_p"}})
	if err != nil || len(all) == 0 {
		t.Fatalf("%d movers, %v", len(all), err)
	}
	at := 0
	for i := range before {
		now := p.Row(i)
		if before[i].Stage == now.Stage {
			continue
		}
		m := all[at]
		at++
		_, orders, net := s.users[i].facts.PurchasesIn(s.base.Zone().Day(s.asOf), 0)
		if m.Row != int64(i) || m.Before != before[i].Stage || m.After != now.Stage || m.Values[0] != float64(orders) || m.Values[1] != float64(net)/100 || !math.IsNaN(m.Values[2]) {
			t.Fatalf("row %d: %+v, was %s, is %s, %d orders of %d", i, m, before[i].Stage, now.Stage, orders, net)
		}
	}
	if at != len(all) {
		t.Errorf("%d movers were named, there are %d", len(all), at)
	}
	one, err := p.Sample(&whatif.Wanted{Kind: "stage", From: all[0].Before, To: all[0].After, Most: 1})
	if err != nil || len(one) != 1 || one[0].Row != all[0].Row {
		t.Errorf("%v, %+v", err, one)
	}
	for _, g := range next.Strategy().Segments {
		entering, err := p.Sample(&whatif.Wanted{Kind: "segments", Name: g.Name, From: whatif.Out, Most: 10_000})
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range p.Report().Segments {
			if m.Name == g.Name && m.Enter.Users != int64(len(entering)) {
				t.Errorf("%s: %d enter, %d were named", g.Name, m.Enter.Users, len(entering))
			}
		}
	}
	if _, err := p.Sample(&whatif.Wanted{Kind: "tiers"}); err == nil {
		t.Error("tiers are sampled")
	}
}
