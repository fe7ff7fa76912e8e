package app_test

import (
	"context"
	"testing"

	"github.com/weir-engine/weir/shared/analytics"
	"github.com/weir-engine/weir/shared/app"
	"github.com/weir-engine/weir/shared/fault"
)

func TestRetentionAndAha(t *testing.T) {
	b := newBase(t, "2026-11-22T00:00:00Z")
	b.cdnow()
	ctx := context.Background()
	r, err := b.app.Retention(ctx, app.RetentionQuery{AsOf: at("1997-09-30T00:00:00Z"), Days: []int{1, 30, 365}})
	if err != nil {
		t.Fatal(err)
	}
	rows := r.First.Rows()
	if rows[0].Eligible != 2357 || rows[0].Unbounded != 946 || rows[1].Unbounded != 791 || rows[2].Eligible != 0 || r.Of != analytics.Purchases {
		t.Errorf("the table is %+v", rows)
	}
	if got := r.Recurring.Rows()[0]; got.Eligible <= rows[0].Eligible || got.Unbounded <= rows[0].Unbounded {
		t.Errorf("recurring counts every day on which somebody bought: %+v", got)
	}
	for _, days := range [][]int{{0}, {7, 7}, {30, 7}} {
		if _, err := b.app.Retention(ctx, app.RetentionQuery{Days: days}); !fault.Is(err, fault.Invalid) {
			t.Errorf("the days %v: %v", days, err)
		}
	}
	a, err := b.app.Aha(ctx, app.AhaQuery{AsOf: at("1997-09-30T00:00:00Z")})
	if err != nil {
		t.Fatal(err)
	}
	best := a.Rows[0]
	if best.Event != "Order Completed" || best.AtLeast != 2 || best.Within != 14 || best.Did != 267 || best.Both != 166 || best.Users != 2357 {
		t.Errorf("the best candidate is %+v", best)
	}
	if best.Retained != rows[1].Unbounded {
		t.Errorf("%d stay until day 30, the retention table says %d", best.Retained, rows[1].Unbounded)
	}
	if _, err := b.app.Aha(ctx, app.AhaQuery{Stay: 400}); !fault.Is(err, fault.Invalid) {
		t.Errorf("staying for 400 days: %v", err)
	}
}
