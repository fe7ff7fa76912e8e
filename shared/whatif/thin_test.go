package whatif

import (
	"testing"

	"github.com/weir-engine/weir/shared/segment"
	"github.com/weir-engine/weir/shared/segment/column"
)

// TestThin keeps rows with all that they hold, about as many as were asked for, and the same ones every time.
func TestThin(t *testing.T) {
	w := NewWriter(Head{AsOf: 1, Zone: "UTC", Currency: "EUR"}, []Field{{Ref: "n"}, {Ref: "wide"}, {Ref: "word", Kind: column.Dict}, {Ref: "odd", Kind: column.Bits}, {Ref: "x", Kind: column.Float}})
	const rows = 10_000
	for i := range rows {
		w.Int(0, int64(i%200))
		w.Int(1, int64(i)<<20)
		w.Value(2, segment.String([]string{"a", "b", "c"}[i%3]))
		if i%2 == 1 {
			w.Bit(3)
		}
		if i%5 == 0 {
			w.Null(4)
		} else {
			w.Float(4, float64(i)/4)
		}
		w.Next()
	}
	whole, err := w.Shard()
	if err != nil {
		t.Fatal(err)
	}
	for _, share := range []float64{0, 0.001, 0.3, 0.9999} {
		b, err := Thin(whole, uint32(share*(1<<32)))
		if err != nil {
			t.Fatal(err)
		}
		h, cols, err := Open(b)
		if err != nil {
			t.Fatalf("%v: %v", share, err)
		}
		if got, want := float64(h.Rows), share*rows; got < want*0.9-12 || got > want*1.1+12 {
			t.Errorf("%v of %d rows: %v are left", share, rows, got)
		}
		for i := range h.Rows {
			row := int(cols[1].I64[i] >> 20)
			if rowHash(uint64(row)) >= uint32(share*(1<<32)) {
				t.Fatalf("row %d is not of the sample", row)
			}
			x, null := cols[4].I64[i], cols[4].HasNull && cols[4].I64[i] == cols[4].NullRaw
			if int(cols[0].U8[i]) != row%200 || cols[2].Values[cols[2].U8[i]].Str != []string{"a", "b", "c"}[row%3] || bitOf(cols[3].Bits, i) != (row%2 == 1) ||
				null != (row%5 == 0) || !null && x != column.FloatRaw(float64(row)/4) {
				t.Fatalf("row %d holds something else", row)
			}
		}
		if h.Rows > 0 {
			if again, err := Thin(b, 1<<31); err != nil {
				t.Errorf("a sample of a sample: %v", err)
			} else if _, _, err := Open(again); err != nil {
				t.Errorf("a sample of a sample: %v", err)
			}
		}
	}
	if _, err := Thin(whole[:100], 1); err == nil {
		t.Error("half a shard is thinned")
	}
}
