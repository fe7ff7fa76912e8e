package httpapi

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/weir-engine/weir/shared/app"
	"github.com/weir-engine/weir/shared/fault"
	"github.com/weir-engine/weir/shared/httpapi/gen"
	"github.com/weir-engine/weir/shared/model"
	"github.com/weir-engine/weir/shared/score"
	"github.com/weir-engine/weir/shared/strategy"
	"github.com/weir-engine/weir/shared/zone"
)

// modelled is a strategy with models of purchases, money and churn in force.
func modelled(t *testing.T) *app.Live {
	t.Helper()
	engine, err := score.New(strategy.Default(), zone.UTC)
	if err != nil {
		t.Fatal(err)
	}
	m := score.Models{
		AsOf: now, Basis: engine.ModelBasis(), Users: 40,
		Purchases: &score.PurchaseModel{Kind: "mbgnbd", Params: map[string]float64{"r": 0.5, "alpha": 6, "a": 0.9, "b": 1.6}},
		Money:     &score.MoneyModel{Params: map[string]float64{"p": 6, "q": 4, "v": 15}},
		Churn: &score.ChurnModel{
			Horizon: 90, Threshold: 0.6, Intercept: 0.2, Features: []score.ChurnFeature{{Name: "silence", Mean: 2, Scale: 1, Coef: 1.5}},
			Evidence: score.ChurnEvidence{Cut: now, Users: 30, AUC: 0.8, Method: "elbow", Deciles: []score.ChurnDecile{{Users: 3, Lift: 2}}},
		},
	}
	sealed := m.Sealed()
	if engine, err = engine.With(sealed); err != nil {
		t.Fatal(err)
	}
	return &app.Live{Engine: engine, Zone: zone.UTC, Version: "v", Models: sealed}
}

// modelSet is the fit that modelled has in force.
func modelSet(live *app.Live) *app.ModelSet {
	fit := &model.Fit{
		Model: model.BGNBD, N: 40, Identified: false, Reason: "no signal", Params: model.Values{{Name: "r", Value: 1}, {Name: "alpha", Value: 2}},
		StdErr: model.Values{{Name: "r", Value: 0.1}}, Fallback: &model.Fit{Model: model.NBD, N: 40, Identified: true},
		Holdout: &model.Holdout{Weeks: 13, Expected: 10, Actual: 12, ByX: []model.Calibration{{X: 0, N: 4, Expected: 1, Actual: 2}}},
	}
	return &app.ModelSet{
		Models: live.Models, Fits: []*model.Fit{fit}, At: now, Current: true, Published: now, HoldoutFrom: now,
		Warnings: []app.Warning{{Code: "purchases_not_identified", En: "no", Zh: "否"}},
	}
}

func TestModelReports(t *testing.T) {
	live := modelled(t)
	f := &fake{live: live, sets: []*app.ModelSet{modelSet(live)}}
	var list gen.ModelList
	decode(t, ask(t, f, "GET", "/v1/models", "").Body.Bytes(), &list)
	version := live.Models.Version
	if list.Current == nil || *list.Current != version || len(list.Versions) != 1 || !list.Versions[0].Usable || !*list.Versions[0].Churn {
		t.Fatalf("the list is %+v", list)
	}
	if w := list.Versions[0].Warnings; len(w) != 1 || w[0].Text.Zh != "否" {
		t.Errorf("the warnings are %+v", w)
	}
	var set gen.ModelSet
	decode(t, ask(t, f, "GET", "/v1/models/versions/"+version, "").Body.Bytes(), &set)
	fit := set.Fits[0]
	if fit.Identified || *fit.Reason != "no signal" || fit.Fallback == nil || fit.Fallback.Model != "nbd" {
		t.Errorf("the fit is %+v", fit)
	}
	if *fit.Params[0].Stderr != 0.1 || fit.Params[1].Stderr != nil {
		t.Errorf("the standard errors of %+v", fit.Params)
	}
	if fit.Holdout.ByFrequency[0].Actual != 2 || set.Churn.Evidence.Deciles[0].Lift != 2 || set.Churn.Features[0].Coef != 1.5 {
		t.Errorf("the evidence is %+v, %+v", fit.Holdout, set.Churn)
	}
	if w := ask(t, f, "GET", "/v1/models/versions/nothing", ""); w.Code != http.StatusNotFound {
		t.Errorf("an unknown version gives %d", w.Code)
	}
	live.ModelsStale = &app.Warning{Code: "models_stale", En: "stale", Zh: "过时"}
	decode(t, ask(t, f, "GET", "/v1/models", "").Body.Bytes(), &list)
	if list.Stale == nil || list.Stale.Text.En != "stale" {
		t.Errorf("the list does not say that the models are stale: %+v", list)
	}
}

// await asks for a job until it has ended.
func await(t *testing.T, s *Server, h http.Handler, id string) gen.Job {
	t.Helper()
	s.jobs.done.Wait()
	var one gen.Job
	decode(t, askHandler(t, h, "GET", "/v1/jobs/"+id, "").Body.Bytes(), &one)
	return one
}

func TestFitIsAJob(t *testing.T) {
	live := modelled(t)
	set, release := modelSet(live), make(chan struct{})
	var asked app.FitModelsRequest
	f := &fake{live: live, now: now, fitModels: func(ctx context.Context, req app.FitModelsRequest, progress func(done, total int64)) (*app.ModelSet, error) {
		asked = req
		progress(3, 10)
		<-release
		return set, ctx.Err()
	}}
	s := NewServer(f, "")
	h := NewHandler(s, Options{})
	w := askHandler(t, h, "POST", "/v1/models/fit", `{"kind":"nbd","calibration_end":"1997-06-30T23:59:59Z","note":"n"}`)
	var one gen.Job
	decode(t, w.Body.Bytes(), &one)
	if w.Code != http.StatusAccepted || one.Kind != gen.JobFit || one.Status != gen.JobRunning {
		t.Fatalf("the answer is %d %+v", w.Code, one)
	}
	if w := askHandler(t, h, "POST", "/v1/models/fit", ""); w.Code != http.StatusConflict {
		t.Errorf("a second fit beside the first gives %d", w.Code)
	}
	close(release)
	ended := await(t, s, h, one.Id)
	if ended.Status != gen.JobDone || *ended.Version != live.Models.Version || ended.Done != 3 || ended.Total != 10 {
		t.Errorf("the job ended as %+v", ended)
	}
	if asked.Kind != model.NBD || asked.Note != "n" || moment(asked.CalibrationEnd).Format("2006-01-02") != "1997-06-30" {
		t.Errorf("what was asked for is %+v", asked)
	}
	for body, status := range map[string]int{`{"kind":"sbg"}`: 400, `{"note":"` + strings.Repeat("x", maxNote+1) + `"}`: 413} {
		if w := askHandler(t, h, "POST", "/v1/models/fit", body); w.Code != status {
			t.Errorf("%.30s gives %d, want %d", body, w.Code, status)
		}
	}
}

func TestFailedJobSaysWhy(t *testing.T) {
	for _, c := range []struct {
		err    error
		code   gen.FaultCode
		detail string
	}{
		{fault.New(fault.Invalid, "too few users").WithHint("wait"), gen.CodeInvalid, "too few users"},
		{fault.New(fault.Internal, "the secret cause"), gen.CodeInternal, "Weir made a mistake"},
	} {
		f := &fake{now: now, backtest: func(app.BacktestRequest) (*app.ChurnBacktest, error) { return nil, c.err }}
		s := NewServer(f, "")
		h := NewHandler(s, Options{})
		var one gen.Job
		decode(t, askHandler(t, h, "POST", "/v1/churn/backtest", "").Body.Bytes(), &one)
		ended := await(t, s, h, one.Id)
		if ended.Status != gen.JobFailed || ended.Problem == nil || ended.Problem.Code != c.code || !strings.HasPrefix(ended.Problem.Detail, c.detail) {
			t.Errorf("the job ended as %+v", ended)
		}
	}
}

func TestBacktestResult(t *testing.T) {
	lead := 12.0
	var asked app.BacktestRequest
	f := &fake{now: now, backtest: func(req app.BacktestRequest) (*app.ChurnBacktest, error) {
		asked = req
		return &app.ChurnBacktest{
			Day: "1997-06-30", Horizon: 60, Users: 10, Churned: 4, AUC: 0.7, BySilence: 0.6,
			Choices: []app.ChurnThreshold{{Method: "elbow", Cut: model.Cut{Threshold: 0.4, Called: 5, Found: 3}, LeadDays: &lead, Chosen: true}},
			Curve:   []model.Cut{{Threshold: 0.9, Called: 1, Found: 1, Precision: 1, Recall: 0.25}}, Warnings: []app.Warning{{Code: "w"}},
		}, nil
	}}
	s := NewServer(f, "")
	h := NewHandler(s, Options{})
	var one gen.Job
	decode(t, askHandler(t, h, "POST", "/v1/churn/backtest", `{"cut":"1997-06-30T12:00:00Z","horizon_days":60}`).Body.Bytes(), &one)
	b := await(t, s, h, one.Id).Backtest
	if b == nil || b.CutDay != "1997-06-30" || b.Churned != 4 || *b.Choices[0].LeadDays != 12 || b.Choices[0].Found != 3 || b.Curve[0].Recall != 0.25 || len(b.Warnings) != 1 {
		t.Errorf("the result is %+v", b)
	}
	if asked.Horizon != 60 || moment(asked.Cut).Format("2006-01-02") != "1997-06-30" {
		t.Errorf("what was asked for is %+v", asked)
	}
}

func TestPublishModels(t *testing.T) {
	live := modelled(t)
	set := modelSet(live)
	published := ""
	f := &fake{live: live, now: now, sets: []*app.ModelSet{set}, publishModels: func(version string, req app.PublishModelsRequest) error {
		published = version + " " + req.Note
		req.Progress("rescore", 1, 2)
		return nil
	}}
	s := NewServer(f, "")
	h := NewHandler(s, Options{})
	version := live.Models.Version
	cases := []struct {
		body   string
		status int
	}{
		{`{"version":"` + version + `","from":""}`, http.StatusConflict},
		{`{"version":"nothing"}`, http.StatusNotFound},
		{`{"version":"","from":"` + version + `","note":"none"}`, http.StatusAccepted},
	}
	var one gen.Job
	for _, c := range cases {
		w := askHandler(t, h, "POST", "/v1/models/publish", c.body)
		if w.Code != c.status {
			t.Errorf("%s gives %d, want %d", c.body, w.Code, c.status)
		}
		_ = json.Unmarshal(w.Body.Bytes(), &one)
	}
	if ended := await(t, s, h, one.Id); ended.Status != gen.JobDone || published != " none" || ended.Done != 1 || ended.Version == nil || *ended.Version != "" {
		t.Errorf("published %q, the job %+v", published, ended)
	}
}

func TestJobsAreKeptAWhile(t *testing.T) {
	const keptJobs = 8
	f := &fake{now: now, backtest: func(app.BacktestRequest) (*app.ChurnBacktest, error) { return new(app.ChurnBacktest), nil }}
	s := NewServer(f, "")
	h := NewHandler(s, Options{})
	var first gen.Job
	for i := range keptJobs + 5 {
		var one gen.Job
		decode(t, askHandler(t, h, "POST", "/v1/churn/backtest", "").Body.Bytes(), &one)
		s.jobs.done.Wait()
		if i == 0 {
			first = one
		}
	}
	var list gen.JobList
	decode(t, askHandler(t, h, "GET", "/v1/jobs", "").Body.Bytes(), &list)
	if len(list.Jobs) != keptJobs {
		t.Errorf("%d jobs are kept, want %d", len(list.Jobs), keptJobs)
	}
	if w := askHandler(t, h, "GET", "/v1/jobs/"+first.Id, ""); w.Code != http.StatusNotFound {
		t.Errorf("the oldest job gives %d", w.Code)
	}
	s.Close()
	if w := askHandler(t, h, "POST", "/v1/churn/backtest", ""); w.Code != http.StatusServiceUnavailable {
		t.Errorf("a job after the end gives %d", w.Code)
	}
}

func TestChurnList(t *testing.T) {
	live := modelled(t)
	var asked app.ChurnQuery
	f := &fake{live: live, now: now, churn: func(q app.ChurnQuery) (app.ChurnPage, error) {
		asked = q
		users := []app.ChurnUser{
			{
				Result: score.Result{Key: "a", Stage: "silent", Spend: 1200}, Value: score.Value{OK: true, CLV: 12.345, Low: 10, High: 15},
				Churn: score.Churn{OK: true, P: 0.9, Warning: true, LeadDays: 7, Reasons: []score.ChurnReason{{Feature: "silence", Text: score.Text{En: "long", Zh: "久"}}}},
			},
			{Result: score.Result{Key: "b"}, Churn: score.Churn{OK: true, P: 0.8}},
		}
		return app.ChurnPage{AsOf: now, Live: live, Horizon: 90, Threshold: 0.6, Total: 3, Warned: 1, Users: users, Next: "2"}, nil
	}}
	var page gen.ChurnPage
	decode(t, ask(t, f, "GET", "/v1/churn?min_p=0.5&limit=2", "").Body.Bytes(), &page)
	if asked.MinP != 0.5 || asked.Limit != 2 || asked.Warned || page.Total != 3 || page.Next == nil || *page.HorizonDays != 90 {
		t.Fatalf("asked %+v, the page %+v", asked, page)
	}
	a, b := page.Users[0], page.Users[1]
	if *a.ClvMinor != 1235 || *a.ClvLowMinor != 1000 || a.Reasons[0].Text.Zh != "久" || a.LeadDays != 7 || b.ClvMinor != nil || b.Reasons == nil {
		t.Errorf("the users are %+v", page.Users)
	}
	decode(t, ask(t, f, "GET", "/v1/churn?warned=true&after="+*page.Next, "").Body.Bytes(), &page)
	if !asked.Warned || asked.After != "2" {
		t.Errorf("the next page asks %+v", asked)
	}
	if w := ask(t, f, "GET", "/v1/churn?min_p=2", ""); w.Code != http.StatusBadRequest {
		t.Errorf("a probability of 2 gives %d", w.Code)
	}
	// Without a model the list is empty and says so by what it lacks.
	bare := &fake{live: &app.Live{Engine: live.Engine}, now: now}
	var none gen.ChurnPage
	decode(t, ask(t, bare, "GET", "/v1/churn", "").Body.Bytes(), &none)
	if none.ModelVersion != nil || len(none.Users) != 0 {
		t.Errorf("without a model the page is %+v", none)
	}
}

func TestPortraitOfModels(t *testing.T) {
	f := buyers("1997-01-01", []int{20, 40, 60})[0]
	f.FirstSeen = f.Purchases[0].Day.Time().UnixMilli()
	f.LastSeen = f.Purchases[3].Day.Time().UnixMilli()
	v := app.UserView{AsOf: f.LastSeen + 30*86_400_000, Facts: f, Live: modelled(t)}
	value, churn := userValue(&v), userChurn(&v)
	if value == nil || value.HorizonWeeks != 52 || value.ClvMinor <= 0 || value.LowMinor > value.ClvMinor || value.HighMinor < value.ClvMinor {
		t.Errorf("the value is %+v", value)
	}
	if churn == nil || churn.HorizonDays != 90 || churn.Threshold != 0.6 || !(churn.Probability > 0 && churn.Probability < 1) {
		t.Errorf("the warning is %+v", churn)
	}
	v.Live = live(t)
	if userValue(&v) != nil || userChurn(&v) != nil {
		t.Error("without models there is neither value nor warning")
	}
}

func TestTransitions(t *testing.T) {
	var asked []any
	f := &fake{live: live(t), transitions: func(from, to int64, kind string) (*app.Transitions, error) {
		asked = []any{moment(from).Format("2006-01-02"), to, kind}
		return &app.Transitions{
			Kind: "candidate", From: from, To: now, Users: 5, States: []app.TransitionSide{{Name: "", Before: 5}, {Name: "active", Zh: "活跃", En: "Active", After: 5}},
			Moves: []app.Transition{{From: "", To: "active", Users: 5, Revenue: 700, Spend: 900}},
		}, nil
	}}
	var got gen.Transitions
	decode(t, ask(t, f, "GET", "/v1/analytics/transitions?from=1997-01-31T00:00:00Z&kind=candidate", "").Body.Bytes(), &got)
	if asked[0] != "1997-01-31" || asked[1] != int64(0) || asked[2] != "candidate" {
		t.Errorf("what was asked for is %v", asked)
	}
	if got.Users != 5 || got.States[1].Label.Zh != "活跃" || got.States[0].Before != 5 || got.Moves[0].RevenueMinor != 700 {
		t.Errorf("the answer is %+v", got)
	}
}
