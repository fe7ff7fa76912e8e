package column

import (
	"fmt"
	"testing"
	"time"

	"github.com/weir-engine/weir/shared/segment"
)

const million = 1_000_000

// million rows as a snapshot has them: days u16, counts u8, money u32, texts by dictionary, tags as a bitmap.
func millionRows(b testing.TB, index bool) *Set {
	b.Helper()
	d := draw(42)
	s := NewSet(million, asOf, shanghai)
	recency, tenure, age := make([]uint16, million), make([]uint16, million), make([]uint16, million)
	orders, views, carts, tier, city := make([]uint8, million), make([]uint8, million), make([]uint8, million), make([]uint8, million), make([]uint16, million)
	spend, tags := make([]uint32, million), make([]uint64, million)
	day := int(shanghai.Day(asOf))
	for i := range million {
		tenure[i] = uint16(d.below(1500))
		recency[i] = uint16(d.below(int(tenure[i]) + 1))
		age[i] = uint16(day - int(tenure[i]))
		orders[i], views[i], carts[i] = uint8(d.below(d.below(30)+1)), uint8(d.below(60)), uint8(d.below(10))
		tier[i], city[i] = uint8(d.below(4)), uint16(d.below(300))
		spend[i], tags[i] = uint32(int(orders[i])*d.below(20_000)), uint64(d.below(1<<16))
	}
	cities := make([]segment.Value, 300)
	for i := range cities {
		cities[i] = segment.String(fmt.Sprintf("city %d", i))
	}
	for _, c := range []Column{
		{Ref: "recency_days", U16: recency}, {Ref: "tenure_days", U16: tenure}, {Ref: "first_seen", Kind: Day, U16: age}, {Ref: "orders", U8: orders},
		{Ref: "metrics.views[7]", U8: views}, {Ref: "metrics.spend[30]", U8: carts, Scale: 1}, {Ref: "spend", U32: spend, Scale: 100},
		{Ref: "tier", Kind: Dict, U8: tier, Values: texts(false, "top", "high", "middle", "low")}, {Ref: "traits.city", Kind: Dict, U16: city, Values: cities},
	} {
		if err := s.Add(c); err != nil {
			b.Fatal(err)
		}
	}
	names := []string{"vip", "老客"}
	for k := 2; k < 16; k++ {
		names = append(names, fmt.Sprint("tag", k))
	}
	if err := s.Tags(tags, names); err != nil {
		b.Fatal(err)
	}
	if index {
		if err := s.Index(s.Names()...); err != nil {
			b.Fatal(err)
		}
	}
	return s
}

const (
	twelveTerms = `(recency_days >= 37 && recency_days < 211 || orders >= 7) && !tags.has("vip") && metrics.views >= 3 && metrics.spend < 8 && ` +
		`tier in ["top", "high", "middle"] && (tags.has("tag5") || spend >= 123.45) && tenure_days > 90 && first_seen < date("2025-11-30") && !tags.has("tag9")`
	bitTerms = `(tags.has("vip") || tags.has("老客") || tags.has("tag2")) && !tags.has("tag3") && (tags.has("tag4") || !tags.has("tag5")) && ` +
		`!(tags.has("tag6") && tags.has("tag7")) && (tags.has("tag8") || tags.has("tag9") || tags.has("tag10")) && !tags.has("tag11")`
)

func compileBench(b testing.TB, s *Set, src string) *Program {
	b.Helper()
	schema := testSchema()
	schema.AnyTag()
	p, err := segment.Compile(src, schema)
	if err != nil {
		b.Fatal(err)
	}
	c, err := s.Compile(p)
	if err != nil {
		b.Fatal(err)
	}
	return c
}

func BenchmarkMillion(b *testing.B) {
	for _, index := range []bool{false, true} {
		s := millionRows(b, index)
		for _, rule := range []struct{ name, src string }{
			{"twelve", twelveTerms}, {"tags", bitTerms}, {"range", "recency_days >= 37"}, {"text", `traits.city contains "9"`}, {"product", "spend / orders > 12.5"},
		} {
			b.Run(fmt.Sprintf("%s/index=%v", rule.name, index), func(b *testing.B) {
				c := compileBench(b, s, rule.src)
				mask := c.Select(nil)
				b.ReportAllocs()
				for b.Loop() {
					c.Select(mask)
					Count(mask)
					if _, err := s.Sum("spend", mask); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
		b.Run(fmt.Sprintf("compile/index=%v", index), func(b *testing.B) {
			for b.Loop() {
				compileBench(b, s, twelveTerms)
			}
		})
	}
}

func BenchmarkIndex(b *testing.B) {
	s := millionRows(b, false)
	c := s.cols["recency_days"]
	for b.Loop() {
		c.index(s, 11)
	}
	c.planes = nil
}

// TestMillion compares the rule of the benchmark with the scalar evaluation on part of the rows, and its time with it.
func TestMillion(t *testing.T) {
	s := millionRows(t, true)
	schema := testSchema()
	schema.AnyTag()
	for _, src := range []string{twelveTerms, bitTerms} {
		p, err := segment.Compile(src, schema)
		if err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		mask := compileBench(t, s, src).Select(nil)
		took := time.Since(start)
		start = time.Now()
		for i := 0; i < million; i += 37 {
			if p.Bool(s.Env(i)) != (mask[i/64]>>(i%64)&1 != 0) {
				t.Fatalf("row %d differs", i)
			}
		}
		scalar := time.Since(start) * 37
		t.Logf("%d of %d rows: compiled and selected in %v, scalar about %v", Count(mask), million, took, scalar)
	}
}
