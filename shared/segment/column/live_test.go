package column

import (
	"testing"

	"github.com/weir-engine/weir/shared/segment"
)

// TestCodesAreRewritten evaluates conditions that stay compiled while the codes under them change, and sums what they select.
func TestCodesAreRewritten(t *testing.T) {
	for _, rows := range []int{1, 64, 1000, 1024, 2100} {
		d := draw(rows)
		s := NewSet(rows, asOf, shanghai)
		spend := d.numbers(Column{Ref: "spend", Scale: 100}, rows, 5000, false)
		if err := s.Add(spend); err != nil {
			t.Fatal(err)
		}
		stage, err := s.AddCodes("stage", 5, append(texts(true, "", "active", "silent", "gold"), segment.Null))
		if err != nil {
			t.Fatal(err)
		}
		r, err := s.AddCodes("r", 5, nil)
		if err != nil {
			t.Fatal(err)
		}
		p, err := segment.Compile(`stage in ["active", "gold"] || r >= 3 && stage != "silent" || r < spend`, testSchema())
		if err != nil {
			t.Fatal(err)
		}
		c, err := s.Compile(p)
		if err != nil {
			t.Fatal(err)
		}
		adder, err := s.Adder("spend")
		if err != nil {
			t.Fatal(err)
		}
		run := c.Runner()
		for range 3 {
			for b := range s.blocks() {
				var x, y [BlockRows]uint8
				for i := range x {
					x[i], y[i] = uint8(d.below(4)), uint8(d.below(6))
				}
				stage.SetBlock(b, &x, 3)
				r.SetBlock(b, &y, 5)
			}
			want := int64(0)
			got := int64(0)
			for b := range s.blocks() {
				var out Block
				run.Block(b, &out)
				from, to := s.span(b)
				for i := range BlockRows {
					hit := out[i/64]>>(i%64)&1 != 0
					if from+i >= to {
						out[i/64] &^= 1 << (i % 64)
						continue
					}
					if hit != p.Bool(s.Env(from+i)) {
						t.Fatalf("row %d of %d is %v", from+i, rows, hit)
					}
					if hit && (s.cols["spend"].nulls == nil || s.cols["spend"].nulls[(from+i)/64]>>((from+i)%64)&1 == 0) {
						want += s.cols["spend"].raw(from + i)
					}
				}
				got += adder.Block(b, &out)
			}
			if got != want {
				t.Fatalf("the sum is %d, want %d", got, want)
			}
		}
	}
	s := NewSet(3, asOf, shanghai)
	if _, err := s.AddCodes("x", 255, nil); err == nil {
		t.Error("255 is no code")
	}
	if err := s.Alias("a", "b"); err == nil {
		t.Error("an alias of nothing")
	}
}
