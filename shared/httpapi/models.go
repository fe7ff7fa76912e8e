package httpapi

import (
	"context"

	"github.com/weir-engine/weir/shared/app"
	"github.com/weir-engine/weir/shared/fault"
	"github.com/weir-engine/weir/shared/httpapi/gen"
	"github.com/weir-engine/weir/shared/model"
	"github.com/weir-engine/weir/shared/score"
)

// maxNote is the length of a note in bytes.
const maxNote = 4000

// ListModels answers every fit, newest first.
func (s *Server) ListModels(ctx context.Context, _ gen.ListModelsRequestObject) (gen.ListModelsResponseObject, error) {
	sets, err := s.app.ModelSets(ctx)
	if err != nil {
		return nil, err
	}
	live, err := s.app.Live(ctx)
	if err != nil {
		return nil, err
	}
	out := gen.ListModels200JSONResponse{Versions: []gen.ModelSummary{}}
	if live.ModelsStale != nil {
		w := warningOf(*live.ModelsStale)
		out.Stale = &w
	}
	for _, set := range sets {
		if set.Current {
			out.Current = &set.Models.Version
		}
		out.Versions = append(out.Versions, modelSummary(set, live))
	}
	return out, nil
}

// GetModels answers a fit with its reports.
func (s *Server) GetModels(ctx context.Context, req gen.GetModelsRequestObject) (gen.GetModelsResponseObject, error) {
	set, err := s.app.ModelSet(ctx, req.Version)
	if err != nil {
		return nil, err
	}
	live, err := s.app.Live(ctx)
	if err != nil {
		return nil, err
	}
	out := gen.GetModels200JSONResponse{Summary: modelSummary(set, live), HoldoutFrom: instant(set.HoldoutFrom), Fits: []gen.ModelFit{}}
	for _, fit := range set.Fits {
		out.Fits = append(out.Fits, modelFit(fit))
	}
	if c := set.Models.Churn; c != nil {
		out.Churn = churnModel(c)
	}
	return out, nil
}

func warnings(from []app.Warning) []gen.Warning {
	out := []gen.Warning{}
	for _, w := range from {
		out = append(out, warningOf(w))
	}
	return out
}

func warningOf(w app.Warning) gen.Warning {
	return gen.Warning{Code: w.Code, Text: gen.Label{Zh: w.Zh, En: w.En}}
}

func modelSummary(set *app.ModelSet, live *app.Live) gen.ModelSummary {
	m := set.Models
	money, churn := m.Money != nil, m.Churn != nil
	out := gen.ModelSummary{
		Version: m.Version, AsOf: moment(m.AsOf), FittedAt: moment(set.At), Users: m.Users, StrategyVersion: m.Strategy,
		Usable: live.Engine.FitsModels(m), Current: set.Current, PublishedAt: instant(set.Published), Note: text(set.Note),
		Money: &money, Churn: &churn, Warnings: warnings(set.Warnings),
	}
	if m.Purchases != nil {
		out.Purchases = &m.Purchases.Kind
	}
	return out
}

func modelFit(f *model.Fit) gen.ModelFit {
	out := gen.ModelFit{
		Model: gen.ModelFitModel(f.Model), N: f.N, Params: []gen.Parameter{}, Loglik: f.LogLik, Identified: f.Identified,
		Reason: text(f.Reason), Correlation: f.Correlated, Rows: f.Provenance.Rows, Method: f.Provenance.Method,
	}
	for _, p := range f.Params {
		one := gen.Parameter{Name: p.Name, Value: p.Value}
		for _, e := range f.StdErr {
			if e.Name == p.Name {
				one.Stderr = &e.Value
			}
		}
		out.Params = append(out.Params, one)
	}
	if f.Fallback != nil {
		fallback := modelFit(f.Fallback)
		out.Fallback = &fallback
	}
	if h := f.Holdout; h != nil {
		out.Holdout = &gen.Holdout{Weeks: h.Weeks, Expected: h.Expected, Actual: h.Actual, ByFrequency: []gen.Calibration{}}
		for _, c := range h.ByX {
			out.Holdout.ByFrequency = append(out.Holdout.ByFrequency, gen.Calibration{X: c.X, N: c.N, Expected: c.Expected, Actual: c.Actual})
		}
	}
	return out
}

func churnModel(c *score.ChurnModel) *gen.ChurnModel {
	out := &gen.ChurnModel{
		HorizonDays: c.Horizon, Threshold: c.Threshold, Intercept: c.Intercept, Features: []gen.ChurnFeature{}, Evidence: churnEvidence(c.Evidence),
	}
	for _, f := range c.Features {
		out.Features = append(out.Features, gen.ChurnFeature{Name: f.Name, Mean: f.Mean, Scale: f.Scale, Coef: f.Coef})
	}
	return out
}

func churnEvidence(e score.ChurnEvidence) gen.ChurnEvidence {
	return gen.ChurnEvidence{
		Cut: moment(e.Cut), Users: e.Users, Churned: e.Churned, Auc: e.AUC, Brier: e.Brier, Precision: e.Precision, Recall: e.Recall,
		Method: e.Method, LeadDays: e.LeadDays, Deciles: deciles(e.Deciles),
	}
}

func deciles(from []score.ChurnDecile) []gen.ChurnDecile {
	out := []gen.ChurnDecile{}
	for _, d := range from {
		out = append(out, gen.ChurnDecile{Users: d.Users, Expected: d.Expected, Actual: d.Actual, Lift: d.Lift})
	}
	return out
}

// FitModels begins a fit.
func (s *Server) FitModels(ctx context.Context, req gen.FitModelsRequestObject) (gen.FitModelsResponseObject, error) {
	var body gen.FitRequest
	if req.Body != nil {
		body = *req.Body
	}
	if body.Kind != nil && !body.Kind.Valid() {
		return nil, fault.New(fault.Invalid, "%q does not score purchases", *body.Kind).WithHint("use mbgnbd, bgnbd, paretonbd or nbd")
	}
	if err := noteSize(body.Note); err != nil {
		return nil, err
	}
	fit := app.FitModelsRequest{Kind: model.Kind(value(body.Kind)), CalibrationEnd: millis(body.CalibrationEnd), Note: value(body.Note)}
	one, err := s.begin(ctx, gen.JobFit, fit)
	return gen.FitModels202JSONResponse(one), err
}

// PublishModels begins a publication.
func (s *Server) PublishModels(ctx context.Context, req gen.PublishModelsRequestObject) (gen.PublishModelsResponseObject, error) {
	if req.Body == nil {
		return nil, fault.New(fault.Invalid, "the version is missing").WithHint(`send {"version": VERSION}, or an empty one to go without models`)
	}
	if err := noteSize(req.Body.Note); err != nil {
		return nil, err
	}
	version := req.Body.Version
	if err := s.publishable(ctx, version, req.Body.From); err != nil {
		return nil, err
	}
	one, err := s.begin(ctx, gen.JobPublish, app.PublishModelsJob{Version: version, Note: value(req.Body.Note)})
	return gen.PublishModels202JSONResponse(one), err
}

// publishable refuses at once what the job would refuse, and a choice that was made before another publication.
func (s *Server) publishable(ctx context.Context, version string, from *string) error {
	sets, err := s.app.ModelSets(ctx)
	if err != nil {
		return err
	}
	current, known := "", version == ""
	for _, set := range sets {
		if set.Current {
			current = set.Models.Version
		}
		known = known || set.Models.Version == version
	}
	if from != nil && *from != current {
		return fault.New(fault.Conflict, "the models in force are %s now, not %s", orNone(current), orNone(*from)).
			WithHint("look at them, and publish again")
	}
	if !known {
		return fault.New(fault.NotFound, "no models have the version %q", version).WithHint("choose one of GET /v1/models")
	}
	return nil
}

func orNone(version string) string {
	if version == "" {
		return "none"
	}
	return version
}

func noteSize(note *string) error {
	if n := len(value(note)); n > maxNote {
		return fault.New(fault.TooLarge, "the note has %d bytes", n).WithHint("a note has at most %d bytes", maxNote)
	}
	return nil
}
