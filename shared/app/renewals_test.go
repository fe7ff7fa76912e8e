package app_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/weir-engine/weir/shared/app"
	"github.com/weir-engine/weir/shared/fault"
	"github.com/weir-engine/weir/shared/model"
)

// subscribers are 200 users who begin in one of four months and pay every month until they leave: of those still there, a third
// leaves at the first renewal, a quarter at the second, a fifth at the third and so on. It ends with 2025-10.
func subscribers() (events string, rows []app.TableRow) {
	var b strings.Builder
	for i := range 200 {
		begin, due := i%4, 9-i%4
		stays := due
		for k, left := 0, i/4; k < due; k++ {
			if left%(3+k) == 0 {
				stays = k
				break
			}
			left /= 2
		}
		for k := range stays + 1 {
			at := time.Date(2025, time.Month(1+begin+k), 1+i%28, 12, 0, 0, 0, time.UTC)
			b.WriteString(bought(fmt.Sprintf("%d.%d", i, k), fmt.Sprintf("u%03d", i), at.Format(time.RFC3339), 9))
		}
		rows = append(rows, app.TableRow{X: float64(stays), T: float64(due)})
	}
	return b.String(), rows
}

func TestSubscriptionsOfABase(t *testing.T) {
	events, rows := subscribers()
	want, err := app.FitTable(model.SBG, rows)
	if err != nil {
		t.Fatal(err)
	}
	b := newBase(t, "2025-11-12T00:00:00Z")
	b.load(events+bought("new", "new", "2025-11-03T00:00:00Z", 9), backfill)
	fit, err := b.app.Fit(ctx, app.FitRequest{Model: model.SBG, CalibrationEnd: at("2025-11-05T00:00:00Z")}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if fit.LogLik != want.LogLik || fit.Params.Get("alpha") != want.Params.Get("alpha") || fit.N != 200 {
		t.Errorf("%+v, want %+v", fit, want)
	}
	t.Run("the month of the calibration's end counts on its last day alone", func(t *testing.T) {
		for end, n := range map[string]int{"2025-10-30T12:00:00Z": 200, "2025-01-31T12:00:00Z": 0} {
			fit, err := b.app.Fit(ctx, app.FitRequest{Model: model.SBG, CalibrationEnd: at(end)}, nil)
			if n == 0 {
				if !fault.Is(err, fault.Invalid) || fault.HintOf(err) == "" {
					t.Errorf("%s: %+v, %v", end, fit, err)
				}
			} else if err != nil || fit.N != n || fit.Provenance.Rows != 8 {
				t.Errorf("%s: %+v, %v", end, fit, err)
			}
		}
	})
	t.Run("who comes back is no subscriber", func(t *testing.T) {
		var back strings.Builder
		for i := range 20 {
			back.WriteString(bought(fmt.Sprintf("b%d", i), fmt.Sprintf("u%03d", 4*i), "2025-10-31T00:00:00Z", 9))
		}
		b.load(back.String(), backfill)
		_, err := b.app.Fit(ctx, app.FitRequest{Model: model.SBG, CalibrationEnd: at("2025-11-05T00:00:00Z")}, nil)
		if !fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), "bought again") || fault.HintOf(err) == "" {
			t.Errorf("%v", err)
		}
	})
}

func TestOpportunitiesOfABase(t *testing.T) {
	b := newBase(t, "2026-11-22T00:00:00Z")
	b.cdnow()
	fit, err := b.app.Fit(ctx, app.FitRequest{Model: model.BGBB}, nil)
	if err != nil {
		t.Fatal(err)
	}
	// June 1998 is whole: January's 781 buyers had 17 months to buy again, February's 16, March's 15.
	if fit.N != 2357 || !fit.Identified || fit.Provenance.Rows < 100 {
		t.Errorf("%+v", fit)
	}
	years, err := b.app.Fit(ctx, app.FitRequest{Model: model.BGBB, Every: app.EveryYear, CalibrationEnd: at("1997-12-31T12:00:00Z")}, nil)
	if !fault.Is(err, fault.Invalid) {
		t.Errorf("a year without an opportunity gave %+v, %v", years, err)
	}
	if _, err := b.app.Fit(ctx, app.FitRequest{Model: model.BGBB, Every: "fortnight"}, nil); !fault.Is(err, fault.Invalid) || fault.HintOf(err) == "" {
		t.Error(err)
	}
	if _, err := b.app.Fit(ctx, app.FitRequest{Model: model.SBG}, nil); !fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), "no base of subscriptions") {
		t.Errorf("a shop was fitted as subscriptions: %v", err)
	}
	if _, err := b.app.Fit(ctx, app.FitRequest{Model: model.MBGNBD, CalibrationEnd: at("2030-01-01T00:00:00Z")}, nil); !fault.Is(err, fault.Invalid) {
		t.Errorf("a calibration into the future gave %v", err)
	}
}

// A refund after the calibration's end counts on the day of its order, but nobody knew of it then.
func TestMoneyAtTheEndOfTheCalibration(t *testing.T) {
	b := newBase(t, "2026-06-01T00:00:00Z")
	var events strings.Builder
	for i := range 12 {
		for k := range 3 {
			fmt.Fprintf(&events, `{"type":"track","messageId":"%d.%d","userId":"u%02d","event":"Order Completed","timestamp":"2026-01-%02dT10:00:00Z","properties":{"order_id":"o%d.%d","revenue":%d}}`+"\n",
				i, k, i, 2+7*k+i%5, i, k, 10+3*i+k)
		}
	}
	b.load(events.String(), backfill)
	request := app.FitRequest{Model: model.GammaGamma, CalibrationEnd: at("2026-02-28T00:00:00Z")}
	before, err := b.app.Fit(ctx, request, nil)
	if err != nil {
		t.Fatal(err)
	}
	b.load(`{"type":"track","messageId":"r","userId":"u03","event":"Order Refunded","timestamp":"2026-03-04T00:00:00Z","properties":{"order_id":"o3.1","revenue":9}}`, backfill)
	after, err := b.app.Fit(ctx, request, nil)
	if err != nil || after.Provenance.Data != before.Provenance.Data {
		t.Errorf("a later refund moved the histories: %v, %v", after, err)
	}
	request.CalibrationEnd = 0
	if later, err := b.app.Fit(ctx, request, nil); err != nil || later.Provenance.Data == before.Provenance.Data {
		t.Errorf("the refund is missed: %v, %v", later, err)
	}
}
