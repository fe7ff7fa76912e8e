package app_test

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/weir-engine/weir/shared/app"
	"github.com/weir-engine/weir/shared/fault"
	"github.com/weir-engine/weir/shared/score"
)

func (b *base) backtest(cut string, horizon int) *app.ChurnBacktest {
	b.t.Helper()
	r, err := b.app.BacktestChurn(ctx, app.BacktestRequest{Cut: at(cut), Horizon: horizon}, nil)
	if err != nil {
		b.t.Fatal(err)
	}
	return r
}

func TestBacktestOfTheSample(t *testing.T) {
	b := newBase(t, "2026-11-22T00:00:00Z")
	b.cdnow()
	r := b.backtest("1997-12-31T00:00:00Z", 0)
	if r.Horizon != 120 || r.Silence != 120 || r.From != "1997-09-02" || r.Day != "1997-12-31" || r.Until != "1998-04-30" || len(r.Warnings) != 0 {
		t.Errorf("%+v", r)
	}
	t.Run("who was at risk and who churned is counted from the purchases", func(t *testing.T) {
		users, churned := b.atRisk("1997-12-31", 120)
		if r.Users != users || r.Churned != churned {
			t.Errorf("%d of %d churned, want %d of %d", r.Churned, r.Users, churned, users)
		}
		users, churned = b.atRisk("1997-09-02", 120)
		if r.Training.Users != users || r.Training.Churned != churned {
			t.Errorf("training: %d of %d churned, want %d of %d", r.Training.Churned, r.Training.Users, churned, users)
		}
	})
	t.Run("it tells who goes better than silence does", func(t *testing.T) {
		if r.AUC < 0.68 || r.AUC < r.BySilence+0.05 || r.Brier > 0.24 {
			t.Errorf("AUC %v, by silence %v, Brier %v", r.AUC, r.BySilence, r.Brier)
		}
		checkDeciles(t, r)
	})
	t.Run("thresholds", func(t *testing.T) {
		if len(r.Choices) != 2 || r.Choices[0].Method != app.ThresholdElbow || r.Choices[1].Method != app.ThresholdQuantile {
			t.Fatalf("%+v", r.Choices)
		}
		for _, c := range r.Choices {
			if c.Chosen != (c.Method == r.Chosen.Method) || c.Precision != float64(c.Found)/float64(c.Called) || c.Lift < 1.1 ||
				math.Abs(c.Share-float64(c.Called)/float64(r.Users)) > 1e-12 || c.LeadDays == nil || *c.LeadDays < 20 || *c.LeadDays > 120 {
				t.Errorf("%+v", c)
			}
		}
		if r.Model.Threshold != r.Chosen.Threshold || r.Model.Evidence.Precision == 0 || r.Model.Evidence.Method != r.Chosen.Method {
			t.Errorf("%+v", r.Model)
		}
		if last := r.Curve[len(r.Curve)-1]; len(r.Curve) < 50 || len(r.Curve) > 102 || last.Recall < 0.98 {
			t.Errorf("a curve of %d points ends at %+v", len(r.Curve), last)
		}
	})
	t.Run("other cuts and horizons", func(t *testing.T) {
		for _, c := range []struct {
			cut     string
			horizon int
		}{{"1997-06-30T00:00:00Z", 60}, {"1997-06-30T00:00:00Z", 0}, {"1998-03-02T00:00:00Z", 90}} {
			r := b.backtest(c.cut, c.horizon)
			users, churned := b.atRisk(c.cut[:10], r.Horizon)
			if r.Users != users || r.Churned != churned || r.AUC < 0.68 {
				t.Errorf("%+v: %d of %d churned, want %d of %d; AUC %v", c, r.Churned, r.Users, churned, users, r.AUC)
			}
		}
	})
	t.Run("what comes after the cut does not reach the model", func(t *testing.T) {
		whole := newBase(t, "2026-11-22T00:00:00Z")
		whole.cdnowUntil("1998-06-30")
		other := newBase(t, "2026-11-22T00:00:00Z")
		other.cdnowUntil("1997-12-31")
		last := bought("x", "x", "1998-04-30T00:00:00Z", 1)
		other.load(last, backfill)
		_, err := other.app.BacktestChurn(ctx, app.BacktestRequest{Cut: at("1997-12-31T00:00:00Z")}, nil)
		if !fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), "still there") {
			t.Fatalf("everybody churned: %v", err)
		}
		var back strings.Builder
		for i := range 12_000 { // every second id
			back.WriteString(bought(fmt.Sprintf("back%d", i), fmt.Sprintf("%05d", 2*i), "1998-01-31T00:00:00Z", 90))
		}
		other.load(back.String(), backfill)
		want, got := whole.backtest("1997-12-31T00:00:00Z", 0), other.backtest("1997-12-31T00:00:00Z", 0)
		if !slices.Equal(got.Model.Features, want.Model.Features) || got.Model.Threshold != want.Model.Threshold || got.Churned == want.Churned {
			t.Errorf("%+v, want %+v; %d and %d churned", got.Model, want.Model, got.Churned, want.Churned)
		}
	})
	for _, c := range []struct {
		cut     string
		horizon int
		say     string
	}{
		{"1998-06-01T00:00:00Z", 0, "newest event"},
		{"1997-02-01T00:00:00Z", 0, "only 0 users could churn"},
		{"1997-12-31T00:00:00Z", -1, "horizon"},
		{"1997-12-31T00:00:00Z", 4000, "horizon"},
	} {
		_, err := b.app.BacktestChurn(ctx, app.BacktestRequest{Cut: at(c.cut), Horizon: c.horizon}, nil)
		if !fault.Is(err, fault.Invalid) || fault.HintOf(err) == "" || !strings.Contains(err.Error(), c.say) {
			t.Errorf("%+v: %v", c, err)
		}
	}
}

// checkDeciles checks that the tenths hold everybody, fall, and are calibrated within what their sizes allow.
func checkDeciles(t *testing.T, r *app.ChurnBacktest) {
	t.Helper()
	users, churned, last, far := int64(0), 0.0, 2.0, 0
	for _, d := range r.Deciles {
		users += d.Users
		churned += d.Actual * float64(d.Users)
		if d.Expected > last {
			t.Errorf("%+v comes after %v", d, last)
		}
		last = d.Expected
		if sd := math.Sqrt(d.Expected * (1 - d.Expected) / float64(d.Users)); math.Abs(d.Expected-d.Actual) > 2*sd {
			far++
		}
	}
	if len(r.Deciles) != 10 || users != r.Users || math.Abs(churned-float64(r.Churned)) > 1e-6 || far > 2 {
		t.Errorf("%d tenths with %d users, %v churned, %d far off", len(r.Deciles), users, churned, far)
	}
	if first, last := r.Deciles[0], r.Deciles[9]; first.Actual < last.Actual+0.4 || first.Lift < 1.3 {
		t.Errorf("the first tenth is %+v, the last %+v", first, last)
	}
}

// atRisk counts, from the export of two moments, who had bought within the days of silence before a day, and who of them
// bought nothing in the horizon after.
func (b *base) atRisk(day string, horizon int) (users, churned int64) {
	b.t.Helper()
	d, err := time.Parse(time.DateOnly, day)
	if err != nil {
		b.t.Fatal(err)
	}
	days := map[string]int{}
	before := b.base(d.Format(time.RFC3339))
	for i := range before.Users {
		if r := &before.Users[i]; r.RecencyDays >= 0 && r.RecencyDays < 120 {
			days[r.Key] = r.PurchaseDays
		}
	}
	after := b.base(d.AddDate(0, 0, horizon).Format(time.RFC3339))
	for key, n := range days {
		r, ok := after.Find(key)
		if !ok {
			b.t.Fatalf("%s is gone", key)
		}
		if users++; r.PurchaseDays == n {
			churned++
		}
	}
	return users, churned
}

func TestChurnList(t *testing.T) {
	b := newBase(t, "2026-11-22T00:00:00Z")
	b.cdnow()
	if _, err := b.app.ChurnList(ctx, app.ChurnQuery{}); !fault.Is(err, fault.NotFound) || fault.HintOf(err) == "" {
		t.Errorf("without models: %v", err)
	}
	if err := b.app.EachScore(ctx, 0, func(*app.ScoreRow) error { return nil }); !fault.Is(err, fault.NotFound) || fault.HintOf(err) == "" {
		t.Errorf("without models: %v", err)
	}
	b.publishModels(b.fitModels().Models.Version)
	rows := map[string]app.ScoreRow{}
	known := 0
	err := b.app.EachScore(ctx, 0, func(r *app.ScoreRow) error {
		rows[r.Key] = *r
		if r.ChurnP != nil {
			known++
		}
		switch {
		case r.PAlive == nil || *r.PAlive < 0 || *r.PAlive > 1, r.Expected == nil || *r.Expected < 0, r.CLV == nil || *r.ExpectedValue <= 0:
			t.Fatalf("%+v", r)
		case !(*r.CLVLow <= *r.CLVHigh) || math.Abs(*r.CLV-*r.Expected**r.ExpectedValue) > 0.1**r.CLV+0.01:
			t.Fatalf("%s: %v from %v to %v, %v purchases of %v", r.Key, *r.CLV, *r.CLVLow, *r.CLVHigh, *r.Expected, *r.ExpectedValue)
		case r.Stage == "" || r.ChurnP == nil || len(r.Reasons) > 3:
			t.Fatalf("%+v", r)
		}
		return nil
	})
	if err != nil || len(rows) != 2357 {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	var users []app.ChurnUser
	page := app.ChurnPage{}
	for after := ""; ; {
		if page, err = b.app.ChurnList(ctx, app.ChurnQuery{Warned: true, After: after, Limit: 50}); err != nil {
			t.Fatal(err)
		}
		users = append(users, page.Users...)
		if after = page.Next; after == "" {
			break
		}
	}
	if int64(len(users)) != page.Total || page.Total != page.Warned || page.Total < 20 || page.Horizon != 120 {
		t.Fatalf("%d users of %+v", len(users), page)
	}
	if !slices.IsSortedFunc(users, func(x, y app.ChurnUser) int {
		return cmp.Or(cmp.Compare(y.Churn.P, x.Churn.P), strings.Compare(x.Result.Key, y.Result.Key))
	}) {
		t.Error("the list is not by descending probability")
	}
	for _, u := range users {
		row := rows[u.Result.Key]
		if u.Churn.P != *row.ChurnP || u.Churn.P < page.Threshold || !u.Churn.Warning || u.Churn.LeadDays < 1 || u.Value.CLV != *row.CLV || !sameReasons(u.Churn.Reasons, row.Reasons) {
			t.Fatalf("%+v, in the export %+v", u, row)
		}
	}
	all, err := b.app.ChurnList(ctx, app.ChurnQuery{Limit: 5})
	if err != nil || all.Total != int64(known) || all.Warned != page.Warned || len(all.Users) != 5 {
		t.Errorf("%+v, %v", all, err)
	}
	if some, err := b.app.ChurnList(ctx, app.ChurnQuery{MinP: 0.9, Limit: 1}); err != nil || some.Total >= all.Total || some.Users[0].Churn.P < 0.9 {
		t.Errorf("%+v, %v", some, err)
	}
}

func sameReasons(x, y []score.ChurnReason) bool {
	return slices.EqualFunc(x, y, func(a, b score.ChurnReason) bool { return a == b })
}

// What counts as a sign of life is the strategy's choice: at risk and churned are counted here from the events themselves.
func TestChurnByActivity(t *testing.T) {
	type visit struct {
		user string
		day  int
		name string
	}
	r := rand.New(rand.NewPCG(11, 13))
	first := time.Date(2025, 1, 1, 9, 0, 0, 0, time.UTC)
	var visits []visit
	var lines strings.Builder
	for u := range 600 {
		user, day, rate := fmt.Sprintf("u%03d", u), r.IntN(120), 2+r.IntN(40)
		for day < 400 && r.IntN(12) > 0 {
			name := []string{"Page Viewed", "Lesson Completed", "Order Completed"}[r.IntN(3)]
			visits = append(visits, visit{user, day, name})
			fmt.Fprintf(&lines, `{"type":"track","messageId":"%d","userId":"%s","event":"%s","timestamp":"%s","properties":{"revenue":10}}`+"\n",
				len(visits), user, name, first.AddDate(0, 0, day).Format(time.RFC3339))
			day += 1 + r.IntN(rate)
		}
	}
	count := func(counts func(string) bool, cut, silence, horizon int) (users, churned int64) {
		last, back := map[string]int{}, map[string]bool{}
		for _, v := range visits {
			switch {
			case !counts(v.name):
			case v.day <= cut:
				last[v.user] = max(last[v.user], v.day)
			case v.day <= cut+horizon:
				back[v.user] = true
			}
		}
		for user, day := range last {
			if cut-day < silence {
				if users++; !back[user] {
					churned++
				}
			}
		}
		return users, churned
	}
	for of, counts := range map[string]func(string) bool{
		"any":      func(string) bool { return true },
		"purchase": func(name string) bool { return name == "Order Completed" },
		"events":   func(name string) bool { return name == "Lesson Completed" },
	} {
		t.Run(of, func(t *testing.T) {
			b := newBase(t, "2026-03-01T00:00:00Z")
			b.publish("weir: 1\nactivity: {of: " + of + "}\nevents: [Lesson Completed]\nlifecycle: {preset: commerce, thresholds: {silent_days: 30, churned_days: 60}}\n")
			b.load(lines.String(), backfill)
			const cut, horizon = 200, 45
			r := b.backtest(first.AddDate(0, 0, cut).Format(time.RFC3339), horizon)
			users, churned := count(counts, cut, 60, horizon)
			if r.Users != users || r.Churned != churned || r.Silence != 60 {
				t.Errorf("%d of %d churned, want %d of %d", r.Churned, r.Users, churned, users)
			}
			users, churned = count(counts, cut-horizon, 60, horizon)
			if r.Training.Users != users || r.Training.Churned != churned {
				t.Errorf("training: %d of %d churned, want %d of %d", r.Training.Churned, r.Training.Users, churned, users)
			}
			if r.AUC < 0.6 {
				t.Errorf("AUC %v", r.AUC)
			}
			set := b.fitModels(func(r *app.FitModelsRequest) { r.CalibrationEnd = first.AddDate(0, 0, 220).UnixMilli() })
			b.publishModels(set.Models.Version)
			page, err := b.app.ChurnList(ctx, app.ChurnQuery{AsOf: first.AddDate(0, 0, 220).UnixMilli(), Limit: 1000})
			if err != nil || page.Total == 0 || page.Horizon != 60 {
				t.Errorf("%+v, %v", page, err)
			}
		})
	}
}
