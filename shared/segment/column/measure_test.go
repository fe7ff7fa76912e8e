package column

import (
	"strings"
	"testing"

	"github.com/weir-engine/weir/shared/fault"
	"github.com/weir-engine/weir/shared/segment"
)

// A measure reads the column of the metric that has its value, or a column of its own; without either it is refused.
func TestMeasureColumns(t *testing.T) {
	schema := testSchema()
	schema.Define("views", segment.Definition{Event: "Viewed", Agg: "count"})
	schema.Metric("seen_at", segment.TNumber, []int{30})
	schema.Define("seen_at", segment.Definition{Event: "Viewed", Agg: "times"})
	s := NewSet(3, asOf, shanghai)
	for _, c := range []Column{
		{Ref: "metrics.views[7]", U8: []uint8{0, 3, 9}},
		{Ref: `count("Viewed", 5)`, U8: []uint8{0, 1, 2}},
		{Ref: `sequence("Viewed", "Viewed", within 3, 30)`, Kind: Bits, Bits: []uint64{0b100}},
	} {
		if err := s.Add(c); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		src, refused string
		want         uint64
	}{
		{`count("Viewed", 7) >= 3`, "", 0b110},
		{`count("Viewed", 5) > 1 || metrics.views > 0`, "", 0b110},
		{`count("Viewed", 7) - count("Viewed", 5) == 2`, "", 0b010},
		{`!sequence("Viewed", "Viewed", within 3)`, "", 0b011},
		{`count("Viewed", 6) > 1 && stopped("Viewed", 1 per 3, for 2)`, `do not hold count("Viewed", 6), stopped("Viewed", 1 per 3, for 2)`, 0},
	} {
		p, err := segment.Compile(c.src, schema)
		if err != nil {
			t.Fatal(err.(*segment.Error).Caret(c.src))
		}
		compiled, err := s.Compile(p)
		if c.refused != "" {
			if !fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), c.refused) {
				t.Errorf("%s: %v", c.src, err)
			}
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		var mask []uint64
		mask = compiled.Select(mask)
		for row := range s.Rows() {
			if got := mask[0]>>row&1 != 0; got != (c.want>>row&1 != 0) || got != p.Bool(s.Env(row)) {
				t.Errorf("%s: row %d is %v", c.src, row, got)
			}
		}
	}
}
