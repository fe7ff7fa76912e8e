package column

import (
	"fmt"
	"strings"
	"testing"

	"github.com/weir-engine/weir/shared/segment"
)

// TestBounds compares comparisons of two columns, one of them of bytes, with the scalar evaluation, for several layouts and with nulls.
func TestBounds(t *testing.T) {
	schema := testSchema()
	for seed := range uint64(6) {
		d := draw(seed*977 + 5)
		rows := []int{64, 1000, 1025, 2100}[seed%4]
		s := NewSet(rows, asOf, shanghai)
		bytes := func(ref string, limit int, null bool) Column {
			c := Column{Ref: ref, HasNull: null, NullRaw: 255}
			for range rows {
				v := d.below(limit)
				if null && d.below(4) == 0 {
					v = 255
				}
				c.U8 = append(c.U8, uint8(v))
			}
			return c
		}
		// The other column: narrow, wide, negative and of any size, each with nulls or without.
		spend := Column{Ref: "spend", Scale: 100, HasNull: seed%2 == 0, NullRaw: -1 << 60}
		recency := Column{Ref: "recency_days", HasNull: seed%3 == 0, NullRaw: 65_535}
		average := Column{Ref: "average_order", Kind: Float, HasNull: true, NullRaw: -1 << 63}
		for i := range rows {
			spend.I64 = append(spend.I64, int64(d.below(90_000)-20_000))
			recency.U16 = append(recency.U16, uint16(d.below(700)))
			average.I64 = append(average.I64, FloatRaw(float64(d.below(5000))/7-100))
			if d.below(5) == 0 {
				if spend.HasNull {
					spend.I64[i] = spend.NullRaw
				}
				if recency.HasNull {
					recency.U16[i] = 65_535
				}
				average.I64[i] = average.NullRaw
			}
		}
		for _, c := range []Column{bytes("orders", 30, false), bytes("active_days[28]", 29, seed%2 == 1), bytes("metrics.views[7]", 200, true), spend, recency, average} {
			if err := s.AddVerified(c); err != nil {
				t.Fatal(err)
			}
		}
		bounds := 0
		for _, side := range []string{"spend / orders", "spend", "spend - 3 * orders", "orders - spend", "recency_days / (orders - 3)", "average_order", "abs(spend) + orders"} {
			for _, op := range []string{"<", "<=", ">", ">=", "==", "!="} {
				for _, other := range []string{"12.5", "orders", "metrics.views[7] * 4", "active_days / 2", "orders / 0", "null"} {
					p, err := segment.Compile(fmt.Sprintf("%s %s %s", side, op, other), schema)
					if err != nil {
						continue // null is compared by == and != alone
					}
					c, err := s.Compile(p)
					if err != nil {
						t.Fatal(err)
					}
					if strings.HasPrefix(c.Plan()[0], "bounds") {
						bounds++
					}
					got := c.Select(nil)
					for i := range rows {
						if have := got[i/64]>>(i%64)&1 != 0; have != p.Bool(s.Env(i)) {
							t.Fatalf("%s is %v in row %d: %v\n%v", p, have, i, p.Inputs(s.Env(i)), c.Plan())
						}
					}
				}
			}
		}
		if bounds < 40 {
			t.Errorf("seed %d: %d comparisons were bounds", seed, bounds)
		}
	}
}

// TestLaidOutWhenCompiled compiles conditions that lay out what they read: the same rows, by planes.
func TestLaidOutWhenCompiled(t *testing.T) {
	s := fill(t, 3, 2100, true)
	for _, src := range []string{"recency_days > 30", "orders in [1, 2, 3]"} {
		p, err := segment.Compile(src, testSchema())
		if err != nil {
			t.Fatal(err)
		}
		before, err := s.Compile(p)
		if err != nil {
			t.Fatal(err)
		}
		after, err := s.CompileIndexed(p)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasPrefix(after.Plan()[0], "planes") || strings.HasPrefix(before.Plan()[0], "planes") {
			t.Errorf("%s: %v, then %v", src, before.Plan(), after.Plan())
		}
		if x, y := before.Select(nil), after.Select(nil); fmt.Sprint(x) != fmt.Sprint(y) {
			t.Errorf("%s: %d rows, then %d", src, Count(x), Count(y))
		}
	}
}
