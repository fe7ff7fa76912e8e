package app_test

import (
	"bytes"
	"context"
	"encoding/csv"
	"math"
	"strconv"
	"testing"

	"github.com/weir-engine/weir/shared/app"
)

// export returns the exported profiles at a moment.
func (b *base) export(moment string) []map[string]string {
	b.t.Helper()
	var out bytes.Buffer
	req := app.ExportRequest{Format: "csv"}
	if moment != "" {
		req.AsOf = at(moment)
	}
	if err := b.app.Export(context.Background(), &out, req); err != nil {
		b.t.Fatal(err)
	}
	rows, err := csv.NewReader(&out).ReadAll()
	if err != nil {
		b.t.Fatal(err)
	}
	return table(rows)
}

func number(t testing.TB, s string) float64 {
	t.Helper()
	x, err := strconv.ParseFloat(s, 64)
	if err != nil {
		t.Fatal(err)
	}
	return x
}

func TestCDNOWSample(t *testing.T) {
	b := newBase(t, "2026-11-22T00:00:00Z")
	want := app.Counts{Events: 6919, Accepted: 6919, Users: 2357}
	if got := b.cdnow(); got != want {
		t.Fatalf("counts are %+v, want %+v", got, want)
	}
	t.Run("purchase history as of 1997-09-30", func(t *testing.T) {
		rows := b.export("1997-09-30T00:00:00Z")
		for i, ref := range reference(t, "cdnow_sample_cbs.csv") {
			got := rows[i]
			if number(t, got["user_id"]) != number(t, ref["customer"]) || got["x"] != ref["x"] {
				t.Fatalf("row %d is %v, want %v", i, got, ref)
			}
			for column, tolerance := range map[string]float64{"t_x": 5e-9, "T": 5e-9, "m_x": 5e-9} {
				g, r := number(t, got[column]), number(t, ref[column])
				if math.Abs(g-r) > tolerance*math.Max(1, math.Abs(r)) {
					t.Fatalf("customer %s: %s is %v, want %v", ref["customer"], column, g, r)
				}
			}
		}
	})
	t.Run("rfm as of 1998-07-01", func(t *testing.T) {
		rows := b.export("1998-07-01T00:00:00Z")
		for i, ref := range reference(t, "cdnow_sample_rfm.csv") {
			got := rows[i]
			for column, other := range map[string]string{"r": "R", "f": "F", "m": "M", "rfm_name": "segment10", "rfm_cn": "segment8_cn"} {
				if got[column] != ref[other] {
					t.Fatalf("customer %s: %s is %s, want %s", ref["id"], column, got[column], ref[other])
				}
			}
		}
	})
	t.Run("the published cuts are those of the import", func(t *testing.T) {
		rows := b.export("")
		if got := rows[0]["as_of"]; got != "1997-09-30T00:00:00Z" {
			t.Fatalf("the default moment is %s", got)
		}
	})
}
