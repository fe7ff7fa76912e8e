package profile

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/weir-engine/weir/shared/event"
	"github.com/weir-engine/weir/shared/zone"
)

// The oracle computes from the whole stream at once, the plain way, what the fold must give.

func oraclePurchases(s *Schema, stream []entry) []PurchaseDay {
	days := map[zone.Day]*PurchaseDay{}
	day := func(d zone.Day) *PurchaseDay {
		if days[d] == nil {
			days[d] = &PurchaseDay{Day: d}
		}
		return days[d]
	}
	placed := map[string]zone.Day{}
	for _, e := range stream {
		if e.ev.Kind != event.Track || e.ev.Name != "Order Completed" {
			continue
		}
		d := s.Day(e.ev.Time)
		amount, _ := e.ev.Properties.Get("revenue").Scaled(2)
		day(d).Orders++
		day(d).Net += amount
		if id, ok := e.ev.Properties.Get("order_id").Str(); ok {
			if at, known := placed[id]; !known || d < at {
				placed[id] = d
			}
		}
	}
	for _, e := range stream {
		if e.ev.Kind != event.Track || e.ev.Name != "Order Refunded" {
			continue
		}
		d := s.Day(e.ev.Time)
		if id, ok := e.ev.Properties.Get("order_id").Str(); ok {
			if at, known := placed[id]; known {
				d = at
			}
		}
		amount, _ := e.ev.Properties.Get("total").Scaled(2)
		day(d).Net -= max(amount, -amount)
	}
	var list []PurchaseDay
	for _, p := range days {
		if p.Orders != 0 || p.Net != 0 {
			list = append(list, *p)
		}
	}
	slices.SortFunc(list, func(x, y PurchaseDay) int { return int(x.Day - y.Day) })
	return list
}

// oracleWindow aggregates a declared metric of everything() over (asOf-days, asOf].
func oracleWindow(s *Schema, stream []entry, metric, days int, asOf zone.Day) MetricValue {
	d := everything().Metrics[metric]
	v := MetricValue{Decimals: s.metrics[s.declared[metric].stored].decimals, OK: d.Agg == "count" || d.Agg == "sum" || d.Agg == "distinct" || d.Agg == "times"}
	var lastAt int64
	seen := map[string]bool{}
	for _, e := range stream {
		day := s.Day(e.ev.Time)
		if days > 0 && (day <= asOf-zone.Day(days) || day > asOf) || d.Event != "*" && d.Event != EventName(&e.ev) {
			continue
		}
		if price, _ := e.ev.Properties.Get("price").Float(); d.Where != "" && price <= map[bool]float64{true: 50, false: 20}[d.Agg == "count"] {
			continue
		}
		p := e.ev.Properties.Get(map[string]string{"properties.revenue": "revenue"}[d.Value] + map[bool]string{true: d.Value}[d.Value != "properties.revenue"])
		n, ok := p.Scaled(v.Decimals)
		switch d.Agg {
		case "count", "times":
			v.Value++
		case "distinct":
			if p.Kind == event.String {
				seen[p.Raw] = true
			}
			v.Value = int64(len(seen))
		default:
			if !ok {
				continue
			}
			switch {
			case d.Agg == "sum":
				v.Value += n
			case !v.OK, d.Agg == "first" && (e.ev.Time < lastAt || e.ev.Time == lastAt && n > v.Value), d.Agg == "max" && n > v.Value, d.Agg == "min" && n < v.Value,
				d.Agg == "last" && (e.ev.Time > lastAt || e.ev.Time == lastAt && n > v.Value):
				v.Value, lastAt = n, e.ev.Time
			}
		}
		v.OK = true
	}
	v.Spilled = d.Agg == "distinct" && v.Value > DistinctExact
	if d.Agg == "times" {
		v.Value = min(v.Value, TimesKept)
		v.Spilled = v.Value == TimesKept
	}
	return v
}

// oracleTimes are the earliest time ever of a times metric of everything(), and the newest within its longest window.
func oracleTimes(s *Schema, stream []entry, metric int, newest zone.Day) (first int64, times []Moment) {
	d := everything().Metrics[metric]
	first = math.MaxInt64
	for _, e := range stream {
		price, _ := e.ev.Properties.Get("price").Float()
		if d.Event != "*" && d.Event != EventName(&e.ev) || d.Where != "" && price <= 20 {
			continue
		}
		first = min(first, e.ev.Time)
		if s.Day(e.ev.Time) > newest-zone.Day(slices.Max(d.Windows)) {
			times = append(times, Moment{e.ev.Time, binary.BigEndian.Uint16(e.id[6:])})
		}
	}
	slices.SortFunc(times, compareMoments)
	return first, times[max(0, len(times)-TimesKept):]
}

func checkOracle(t rapid.TB, s *Schema, stream []entry) {
	t.Helper()
	f := fold(s, stream)
	if want := oraclePurchases(s, stream); !slices.Equal(f.Purchases, want) {
		t.Fatalf("purchases\n got %+v\nwant %+v", f.Purchases, want)
	}
	for m, d := range everything().Metrics {
		if d.Agg == "times" {
			first, times := oracleTimes(s, stream, m, f.Active.Newest)
			at, ok := s.FirstEver(f, m)
			if ok != (first != math.MaxInt64) || ok && (at != first || !slices.Equal(s.metricOf(f, m).Times, times)) {
				t.Fatalf("%s: got %d %v, want %d %v", d.Name, at, s.metricOf(f, m), first, times)
			}
		}
		windows := d.Windows
		if len(windows) == 0 {
			windows = []int{0}
		}
		for _, days := range windows {
			for later := range zone.Day(100) {
				asOf := f.Active.Newest + later
				got, want := s.Window(f, m, days, asOf), oracleWindow(s, stream, m, days, asOf)
				if d.Agg == "distinct" && want.Spilled && got.Spilled { // an estimate
					if got.Value < 33 || got.Value*2 < want.Value || got.Value > want.Value*2 {
						t.Fatalf("%s over %d days at +%d: estimate %d of %d", d.Name, days, later, got.Value, want.Value)
					}
					want.Value = got.Value
				}
				if got != want {
					t.Fatalf("%s over %d days at +%d: got %+v, want %+v", d.Name, days, later, got, want)
				}
				if days == 0 {
					break
				}
			}
		}
	}
}

func TestFoldEqualsOracle(t *testing.T) {
	s := schemaOf(t, everything(), zoneOf(t, "Europe/Berlin"))
	rapid.Check(t, func(t *rapid.T) { checkOracle(t, s, drawStream(t, 60)) })
}

// longStream is a deterministic stream over years: more than 150 purchase days, more distinct values than are counted exactly,
// refunds before and after their orders, order ids that come again.
func longStream(seed uint64, n int) []entry {
	r := rand.New(rand.NewPCG(seed, 1))
	stream := make([]entry, 0, n)
	for i := range n {
		at := int64(testStart) + r.Int64N(700*dayMs)
		var e entry
		switch r.IntN(6) {
		case 0, 1:
			e = track("Order Completed", at, fmt.Sprintf(`{"revenue":%d.5,"quantity":%d,"order_id":"o%d"}`, r.IntN(300), r.IntN(5), r.IntN(n/3)))
		case 2:
			e = track("Order Refunded", at, fmt.Sprintf(`{"total":%d,"order_id":"o%d"}`, 1+r.IntN(50), r.IntN(n/3)))
		case 3, 4:
			e = track("Product Viewed", at, fmt.Sprintf(`{"sku":"s%d","price":%d}`, r.IntN(400), r.IntN(100)))
		case 5:
			e = track("Rated", at, fmt.Sprintf(`{"rating":%d.25}`, r.IntN(5)))
		}
		e.ev.MessageID = fmt.Sprint(seed, i)
		e.id = e.ev.StableID(0)
		stream = append(stream, e)
	}
	return stream
}

func TestLongStreams(t *testing.T) {
	s := schemaOf(t, everything(), zone.UTC)
	for seed := range uint64(6) {
		stream := longStream(seed, 1500)
		checkOracle(t, s, stream)
		want := EncodeFacts(nil, fold(s, stream))
		r := rand.New(rand.NewPCG(seed, 2))
		for range 4 {
			r.Shuffle(len(stream), func(i, j int) { stream[i], stream[j] = stream[j], stream[i] })
			if got := EncodeFacts(nil, fold(s, stream)); !bytes.Equal(got, want) {
				t.Fatalf("seed %d: another order gives other bytes", seed)
			}
			a, b := fold(s, stream[:900]), fold(s, stream[900:])
			s.Merge(b, a)
			if got := EncodeFacts(nil, b); !bytes.Equal(got, want) {
				t.Fatalf("seed %d: merged halves give other bytes", seed)
			}
		}
	}
}

// TestSpill splits a long history, folds on into the main part alone, splits again and joins: as if nothing had been split.
func TestSpill(t *testing.T) {
	s := schemaOf(t, everything(), zone.UTC)
	for seed := range uint64(4) {
		stream := longStream(seed, 2400)
		want := EncodeFacts(nil, fold(s, stream))
		first := fold(s, stream[:1500])
		main, side := SplitSpill(first)
		if len(first.Purchases) <= MaxPurchaseDays || len(main.Purchases) != MaxPurchaseDays || side.Empty() || main.Spill != SpillPurchases {
			t.Fatalf("no spill: %d days, %d in the main part", len(first.Purchases), len(main.Purchases))
		}
		grown, stored := decode(t, EncodeFacts(nil, &main)), decode(t, EncodeFacts(nil, &side))
		for i := range stream[1500:] {
			s.Fold(grown, &stream[1500+i].ev, stream[1500+i].id)
		}
		again, more := SplitSpill(grown)
		joined := again.Clone()
		s.Merge(stored, &more)
		s.JoinSpill(joined, stored)
		if got := EncodeFacts(nil, joined); !bytes.Equal(got, want) {
			t.Fatalf("seed %d: split and joined facts differ", seed)
		}
		if grown.Spill == 0 || joined.Spill != 0 {
			t.Fatal("the spill is not flagged")
		}
	}
	few := fold(s, longStream(9, 60))
	if main, side := SplitSpill(few); !side.Empty() || main.Spill != 0 {
		t.Fatal("a short history spills")
	}
}
