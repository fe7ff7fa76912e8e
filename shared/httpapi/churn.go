package httpapi

import (
	"context"
	"math"

	"github.com/weir-engine/weir/shared/app"
	"github.com/weir-engine/weir/shared/event"
	"github.com/weir-engine/weir/shared/fault"
	"github.com/weir-engine/weir/shared/httpapi/gen"
	"github.com/weir-engine/weir/shared/model"
	"github.com/weir-engine/weir/shared/score"
)

// ListChurn answers users by descending probability of churn.
func (s *Server) ListChurn(ctx context.Context, req gen.ListChurnRequestObject) (gen.ListChurnResponseObject, error) {
	limit, err := pageLimit(req.Params.Limit)
	if err != nil {
		return nil, err
	}
	q := app.ChurnQuery{AsOf: millis(req.Params.AsOf), MinP: value(req.Params.MinP), Warned: value(req.Params.Warned), Limit: limit}
	if !(q.MinP >= 0 && q.MinP <= 1) {
		return nil, fault.New(fault.Invalid, "min_p is %v", q.MinP).WithHint("use a probability between 0 and 1")
	}
	if err := openCursor(req.Params.After, &q.After); err != nil {
		return nil, err
	}
	live, err := s.app.Live(ctx)
	if err != nil {
		return nil, err
	}
	out := gen.ListChurn200JSONResponse{Currency: live.Engine.Strategy().Currency, Users: []gen.ChurnUser{}}
	if live.Models == nil || live.Models.Churn == nil {
		clock, err := s.app.Clock(ctx)
		out.AsOf = moment(clock.AsOf)
		return out, err
	}
	page, err := s.app.ChurnList(ctx, q)
	if err != nil {
		return nil, err
	}
	out.AsOf, out.ModelVersion, out.HorizonDays, out.Threshold = moment(page.AsOf), &page.Live.Models.Version, &page.Horizon, &page.Threshold
	out.Total, out.Warned, out.SpendMinor = page.Total, &page.Warned, &page.Spend
	if out.Snapshot, err = s.readFrom(ctx, page.Shot); err != nil {
		return nil, err
	}
	minor := minorOf(out.Currency)
	for i := range page.Users {
		out.Users = append(out.Users, churnUser(&page.Users[i], minor))
	}
	if page.Next != "" {
		out.Next = cursor(page.Next)
	}
	return out, nil
}

func churnUser(u *app.ChurnUser, minor func(float64) int64) gen.ChurnUser {
	out := gen.ChurnUser{
		UserId: u.Result.Key, Stage: u.Result.Stage, LastSeen: moment(u.Result.LastSeen), SpendMinor: u.Result.Spend,
		Probability: u.Churn.P, Warning: u.Churn.Warning, LeadDays: u.Churn.LeadDays, Reasons: churnReasons(u.Churn.Reasons),
	}
	if u.Value.OK {
		worth, low, high := minor(u.Value.CLV), minor(u.Value.Low), minor(u.Value.High)
		out.ClvMinor, out.ClvLowMinor, out.ClvHighMinor = &worth, &low, &high
	}
	return out
}

// BacktestChurn begins a backtest of the warning of churn.
func (s *Server) BacktestChurn(ctx context.Context, req gen.BacktestChurnRequestObject) (gen.BacktestChurnResponseObject, error) {
	var ask app.BacktestRequest
	if req.Body != nil {
		ask = app.BacktestRequest{Cut: millis(req.Body.Cut), Horizon: value(req.Body.HorizonDays)}
	}
	one, err := s.begin(ctx, gen.JobBacktest, ask)
	return gen.BacktestChurn202JSONResponse(one), err
}

func backtestOf(b *app.ChurnBacktest) *gen.ChurnBacktest {
	out := &gen.ChurnBacktest{
		TrainedFrom: b.From, CutDay: b.Day, Until: b.Until, HorizonDays: b.Horizon, SilenceDays: b.Silence, Users: b.Users, Churned: b.Churned,
		Auc: b.AUC, AucOfSilence: b.BySilence, Brier: b.Brier, Deciles: deciles(b.Deciles), Choices: []gen.ChurnChoice{}, Curve: []gen.ChurnCut{},
		Sample: b.Sample, Warnings: warnings(b.Warnings),
	}
	for _, c := range b.Choices {
		out.Choices = append(out.Choices, gen.ChurnChoice{
			Method: gen.ChurnChoiceMethod(c.Method), Threshold: c.Threshold, Called: c.Called, Found: c.Found, Precision: c.Precision,
			Recall: c.Recall, Share: c.Share, Lift: c.Lift, LeadDays: c.LeadDays, Chosen: c.Chosen,
		})
	}
	for _, c := range b.Curve {
		out.Curve = append(out.Curve, churnCut(c))
	}
	return out
}

func churnCut(c model.Cut) gen.ChurnCut {
	return gen.ChurnCut{Threshold: c.Threshold, Called: c.Called, Found: c.Found, Precision: c.Precision, Recall: c.Recall}
}

// minorOf returns what turns major units of a currency into minor ones.
func minorOf(currency string) func(major float64) int64 {
	scale := 1.0
	for range event.MinorDigits(currency) {
		scale *= 10
	}
	return func(major float64) int64 {
		return int64(math.Round(max(min(major*scale, math.MaxInt64/2), -math.MaxInt64/2)))
	}
}

// churnThreshold is the probability from which a warning is due: the strategy's, else the model's.
func churnThreshold(e *score.Engine) float64 {
	if own := e.Strategy().Churn.Threshold; own > 0 {
		return own
	}
	if m := e.Models(); m != nil && m.Churn != nil {
		return m.Churn.Threshold
	}
	return 0
}

func churnReasons(from []score.ChurnReason) []gen.ChurnReason {
	out := []gen.ChurnReason{}
	for _, r := range from {
		out = append(out, gen.ChurnReason{
			Feature: r.Feature, Contribution: r.Contribution, Text: gen.Label{Zh: r.Text.Zh, En: r.Text.En},
		})
	}
	return out
}
