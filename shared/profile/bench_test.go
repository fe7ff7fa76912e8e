package profile

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/weir-engine/weir/shared/strategy"
	"github.com/weir-engine/weir/shared/zone"
)

// plain is an ordinary strategy: purchases and a few metrics.
func plain() *strategy.Strategy {
	return &strategy.Strategy{
		Currency: "USD",
		Events:   []string{"Order Completed"},
		Metrics: []strategy.Metric{
			{Name: "orders", Event: "Order Completed", Agg: "count", Windows: []int{30, 90}},
			{Name: "revenue", Event: "Order Completed", Value: "revenue", Unit: "money", Agg: "sum", Windows: []int{90}},
			{Name: "views", Event: "Product Viewed", Agg: "count", Windows: []int{30}},
		},
	}
}

// shopEvents are the events of many users, user after user, in the order of time within each.
func shopEvents(users, each int) [][]entry {
	r := rand.New(rand.NewPCG(7, 7))
	base := make([][]entry, users)
	for u := range base {
		for i := range each {
			at := int64(testStart) + r.Int64N(90*dayMs)
			e := track("Product Viewed", at, fmt.Sprintf(`{"sku":"sku-%d","price":%d.%02d,"category":"c%d"}`, r.IntN(500), r.IntN(200), r.IntN(100), r.IntN(9)))
			if r.IntN(2) == 0 {
				e = track("Order Completed", at, fmt.Sprintf(`{"order_id":"o-%d-%d","revenue":%d.%02d,"currency":"USD","quantity":%d}`, u, i, r.IntN(200), r.IntN(100), 1+r.IntN(4)))
			}
			base[u] = append(base[u], e)
		}
		slices.SortFunc(base[u], func(x, y entry) int { return int(x.ev.Time - y.ev.Time) })
	}
	return base
}

func BenchmarkFold(b *testing.B) {
	for _, name := range []string{"UTC", "America/New_York"} {
		b.Run(name, func(b *testing.B) { benchmarkFold(b, schemaOf(b, plain(), zoneOf(b, name)), shopEvents(50, 8)) })
	}
	b.Run("everything", func(b *testing.B) {
		benchmarkFold(b, schemaOf(b, everything(), zoneOf(b, "UTC")), shopEvents(50, 8))
	})
}

func benchmarkFold(b *testing.B, s *Schema, base [][]entry) {
	f := &Facts{}
	b.ReportAllocs()
	b.ResetTimer()
	for n := 0; n < b.N; {
		for _, stream := range base {
			f.Reset()
			for i := range stream {
				s.Fold(f, &stream[i].ev, stream[i].id)
			}
			if n += len(stream); n >= b.N {
				break
			}
		}
	}
}

func BenchmarkCheck(b *testing.B) {
	s, stream := schemaOf(b, plain(), zone.UTC), shopEvents(1, 64)[0]
	b.ReportAllocs()
	for i := range b.N {
		if r := s.Check(&stream[i%len(stream)].ev); r != nil {
			b.Fatal(r)
		}
	}
}

func BenchmarkDedupe(b *testing.B) {
	base := shopEvents(50, 8)
	r := &Recent{}
	b.ReportAllocs()
	b.ResetTimer()
	for n := 0; n < b.N; {
		for _, stream := range base {
			r.Reset()
			for i := range stream {
				r.Add(stream[i].id, stream[i].ev.Time)
			}
			n += len(stream)
		}
	}
}

// benchFacts are profiles of the plain strategy and of rich users.
func benchFacts(b *testing.B) map[string][]*Facts {
	b.Helper()
	s := schemaOf(b, plain(), zone.UTC)
	var shop, rich []*Facts
	for _, stream := range shopEvents(200, 8) {
		shop = append(shop, fold(s, stream))
	}
	for i := range 200 {
		rich = append(rich, fold(richSchema(b), richUser(i).stream))
	}
	return map[string][]*Facts{"plain": shop, "rich": rich}
}

func BenchmarkEncode(b *testing.B) {
	for name, facts := range benchFacts(b) {
		b.Run(name, func(b *testing.B) {
			var dst []byte
			b.ReportAllocs()
			for i := range b.N {
				dst = EncodeFacts(dst[:0], facts[i%len(facts)])
			}
		})
	}
}

func BenchmarkDecode(b *testing.B) {
	for name, facts := range benchFacts(b) {
		b.Run(name, func(b *testing.B) {
			var encoded [][]byte
			for _, f := range facts {
				encoded = append(encoded, EncodeFacts(nil, f))
			}
			f := &Facts{}
			b.ReportAllocs()
			b.ResetTimer()
			for i := range b.N {
				if err := DecodeFacts(encoded[i%len(encoded)], f); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkMerge(b *testing.B) {
	s := schemaOf(b, plain(), zone.UTC)
	stream := shopEvents(1, 60)[0]
	stored, delta := EncodeFacts(nil, fold(s, stream[:50])), fold(s, stream[50:])
	f := &Facts{}
	b.ReportAllocs()
	for range b.N {
		if err := DecodeFacts(stored, f); err != nil {
			b.Fatal(err)
		}
		s.Merge(f, delta)
	}
}

// BenchmarkSequence looks for three steps in full metrics, in vain.
func BenchmarkSequence(b *testing.B) {
	s := timesSchema(b)
	var events []any
	for i := range 3 * TimesKept {
		events = append(events, []any{"B", "A", "C"}[i%3], i*20_000_000)
	}
	f := timesOfEvents(s, events...)
	b.ReportAllocs()
	for b.Loop() {
		if s.Sequence(f, []int{0, 1, 0}, 1_000_000, 30, f.LastSeen) {
			b.Fatal("found")
		}
	}
}
