package app_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/weir-engine/weir/shared/app"
	"github.com/weir-engine/weir/shared/fault"
	"github.com/weir-engine/weir/shared/model"
)

// odd makes purchases: of n users, the days on which each bought, and what.
func odd(n int, days func(user int) []int, amount func(user, k int) float64) string {
	var b strings.Builder
	first := time.Date(2024, 1, 1, 12, 0, 0, 0, time.UTC)
	for u := range n {
		for k, d := range days(u) {
			fmt.Fprintf(&b, `{"type":"track","messageId":"%d.%d","userId":"u%04d","event":"Order Completed","timestamp":"%s","properties":{"revenue":%g}}`+"\n",
				u, k, u, first.AddDate(0, 0, d).Format(time.RFC3339), amount(u, k))
		}
	}
	return b.String()
}

// Bases that carry no model give models with a warning, or a clear refusal: never figures that are none, and no defect.
func TestModelsOfOddBases(t *testing.T) {
	one := func(int, int) float64 { return 1 }
	daily := func(n int) func(int) []int {
		return func(int) []int {
			var out []int
			for d := range n {
				out = append(out, d)
			}
			return out
		}
	}
	for _, c := range []struct{ name, events string }{
		{"nobody bought again", odd(300, func(u int) []int { return []int{u % 200} }, one)},
		{"one user", odd(1, daily(400), one)},
		{"all identical", odd(300, func(int) []int { return []int{0, 100, 300, 500} }, one)},
		{"everybody bought for the first time today", odd(300, func(int) []int { return []int{600} }, one)},
		{"nothing was paid", odd(300, func(u int) []int { return []int{u % 50, 60 + u%90, 300 + u%77} }, func(int, int) float64 { return 0 })},
		{"every day of two years", odd(40, daily(700), one)},
		{"one whale", odd(300, func(u int) []int {
			if u == 0 {
				return daily(650)(0)
			}
			return []int{u % 300, 300 + u%300}
		}, func(u, _ int) float64 { return 1e12*float64(1-min(u, 1)) + 0.01 })},
		{"all gone at once", odd(400, func(u int) []int { return []int{u % 30, 40 + u%29} }, one) + bought("last", "last", "2025-12-31T00:00:00Z", 1)},
		{"two kinds", odd(400, func(u int) []int {
			if u%2 == 0 {
				return []int{u % 100}
			}
			return []int{u % 100, 200, 300, 400, 500, 600, 700}
		}, func(u, k int) float64 { return float64(1 + u%7 + k) })},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBase(t, "2026-01-01T00:00:00Z")
			b.load(c.events, backfill)
			for _, kind := range []model.Kind{model.MBGNBD, model.BGNBD, model.ParetoNBD, model.NBD} {
				set, err := b.app.FitModels(ctx, app.FitModelsRequest{Kind: kind}, nil)
				if err != nil {
					mustRefuse(t, string(kind), err)
					continue
				}
				if _, err := json.Marshal(set); err != nil {
					t.Fatal(err)
				}
				if strings.Contains(codes(set.Warnings), "unexplained") {
					t.Errorf("%+v", set.Warnings)
				}
				b.publishModels(set.Models.Version)
				b.checkScores(t)
			}
			for _, kind := range []model.Kind{model.SBG, model.BGBB, model.GammaGamma} {
				fit, err := b.app.Fit(ctx, app.FitRequest{Model: kind}, nil)
				if err != nil {
					mustRefuse(t, string(kind), err)
				} else if _, err := json.Marshal(fit); err != nil {
					t.Error(err)
				}
			}
			if r, err := b.app.BacktestChurn(ctx, app.BacktestRequest{Horizon: 90}, nil); err != nil {
				mustRefuse(t, "backtest", err)
			} else if _, err := json.Marshal(r); err != nil {
				t.Error(err)
			}
		})
	}
}

func mustRefuse(t *testing.T, what string, err error) {
	t.Helper()
	if !fault.Is(err, fault.Invalid) || fault.HintOf(err) == "" {
		t.Errorf("%s: %v", what, err)
	}
}

// checkScores checks that every score is a number within its bounds.
func (b *base) checkScores(t *testing.T) {
	t.Helper()
	err := b.app.EachScore(ctx, 0, func(r *app.ScoreRow) error {
		within := func(x *float64, most float64) bool { return x == nil || *x >= 0 && *x <= most }
		if !within(r.PAlive, 1) || !within(r.ChurnP, 1) || !within(r.Expected, 400) || !within(r.ExpectedValue, 1e15) || !within(r.CLV, 1e18) {
			t.Errorf("%s: alive %v, churn %v, expected %v of %v, worth %v", r.Key, show(r.PAlive), show(r.ChurnP), show(r.Expected), show(r.ExpectedValue), show(r.CLV))
		}
		if r.CLV != nil && !(*r.CLVLow <= *r.CLVHigh && *r.CLVLow >= 0 && *r.CLVHigh <= 1e18) {
			t.Errorf("%s: worth %v to %v", r.Key, *r.CLVLow, *r.CLVHigh)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

func show(x *float64) any {
	if x == nil {
		return nil
	}
	return *x
}
