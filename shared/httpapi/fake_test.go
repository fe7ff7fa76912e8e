package httpapi

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/weir-engine/weir/shared/app"
	"github.com/weir-engine/weir/shared/catalog"
	"github.com/weir-engine/weir/shared/fault"
	"github.com/weir-engine/weir/shared/httpapi/gen"
	"github.com/weir-engine/weir/shared/strategy"
)

// fake answers the use cases that a test sets; any other one panics on the nil interface.
type fake struct {
	UseCases
	collect       func(lines [][]byte) error
	upload        func(req app.UploadRequest) (app.File, error)
	files         func(after string, limit int) ([]app.File, string, error)
	rejects       func(q app.RejectQuery) ([]app.Reject, error)
	users         func(q app.UserQuery) (app.UserPage, error)
	user          func(id string) (app.UserView, error)
	strategy      func() (app.StrategyVersion, error)
	validate      func(text []byte) (app.StrategyCheck, error)
	check         func(expr string, count bool) (app.ConditionCheck, error)
	export        func(w io.Writer) error
	outbox        func(q app.IntentQuery) ([]app.Intent, string, error)
	userMessages  func(id, after string, limit int) (string, []app.Intent, string, error)
	retention     func(q app.RetentionQuery) (*app.Retention, error)
	aha           func(q app.AhaQuery) (*app.Aha, error)
	base          *app.Base
	live          *app.Live
	sets          []*app.ModelSet
	fitModels     func(ctx context.Context, req app.FitModelsRequest, progress func(done, total int64)) (*app.ModelSet, error)
	publishModels func(version string, req app.PublishModelsRequest) error
	churn         func(q app.ChurnQuery) (app.ChurnPage, error)
	backtest      func(req app.BacktestRequest) (*app.ChurnBacktest, error)
	transitions   func(from, to int64, kind string) (*app.Transitions, error)
	now           int64
	jobs          *app.Jobs
	worker        app.JobWork // nil: the fake
	once          sync.Once
}

// memory is documents in memory.
type memory struct {
	app.Docs
	mu  sync.Mutex
	all map[string]app.Doc
}

func (m *memory) Put(_ context.Context, d app.Doc) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.all[d.Key].Version != d.Version {
		return fault.New(fault.Conflict, "changed")
	}
	d.Version++
	m.all[d.Key] = d
	return nil
}

func (m *memory) List(_ context.Context, prefix string) (out []app.Doc, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, key := range slices.Sorted(maps.Keys(m.all)) {
		if strings.HasPrefix(key, prefix) {
			out = append(out, m.all[key])
		}
	}
	return out, nil
}

// work keeps the jobs of the fake, which does them.
func (f *fake) work() *app.Jobs {
	f.once.Do(func() {
		if f.worker == nil {
			f.worker = f
		}
		f.jobs = &app.Jobs{Docs: &memory{all: map[string]app.Doc{}}, Clock: func() int64 { return f.now }, Work: f.worker}
	})
	return f.jobs
}

func (f *fake) StartJob(ctx context.Context, kind string, request any) (app.Job, error) {
	return f.work().Start(ctx, kind, request, f.now)
}
func (f *fake) RunJob(ctx context.Context, id string) (bool, error) { return f.work().Run(ctx, id) }
func (f *fake) Jobs(ctx context.Context) ([]app.Job, error)         { return f.work().All(ctx) }
func (f *fake) Job(ctx context.Context, id string) (app.Job, error) { return f.work().Job(ctx, id) }
func (f *fake) UnfinishedJobs(ctx context.Context) ([]string, error) {
	return f.work().Unfinished(ctx)
}
func (f *fake) JobsElsewhere() bool { return false }
func (f *fake) TakeSnapshot(context.Context, func(done, total int64)) (app.StoredSnapshot, error) {
	return app.StoredSnapshot{}, fault.New(fault.Internal, "the fake makes no snapshots")
}
func (f *fake) Publish(context.Context, app.PublishRequest) (app.PublishReport, error) {
	return app.PublishReport{}, fault.New(fault.Internal, "the fake publishes nothing")
}
func (f *fake) ReplayHistory(context.Context, app.HistoryRequest) (*app.History, error) {
	return nil, fault.New(fault.Internal, "the fake has no history")
}
func (f *fake) Rebuild(context.Context, func(done, total int64)) (app.RebuildReport, error) {
	return app.RebuildReport{}, fault.New(fault.Internal, "the fake rebuilds nothing")
}
func (f *fake) PreviewProposals(context.Context, int64, func(done, total int64)) error {
	return fault.New(fault.Internal, "the fake has no proposals")
}
func (f *fake) Compact(context.Context, bool, func(done, total int64)) (app.CompactReport, error) {
	return app.CompactReport{Compacted: app.Compacted{Before: 9, After: 2, Rows: 70}}, nil
}
func (f *fake) WhatIfStored(_ context.Context, text []byte) (*app.WhatIfReport, error) {
	return &app.WhatIfReport{Tried: string(text)}, nil
}

func (f *fake) Clock(context.Context) (app.Clock, error) {
	return app.Clock{Now: f.now, AsOf: f.now}, nil
}
func (f *fake) Live(context.Context) (*app.Live, error)            { return f.live, nil }
func (f *fake) ModelSets(context.Context) ([]*app.ModelSet, error) { return f.sets, nil }
func (f *fake) ModelSet(_ context.Context, version string) (*app.ModelSet, error) {
	for _, set := range f.sets {
		if set.Models.Version == version {
			return set, nil
		}
	}
	return nil, fault.New(fault.NotFound, "no models have the version %q", version)
}
func (f *fake) FitModels(ctx context.Context, req app.FitModelsRequest, progress func(done, total int64)) (*app.ModelSet, error) {
	return f.fitModels(ctx, req, progress)
}
func (f *fake) PublishModels(_ context.Context, version string, req app.PublishModelsRequest) (app.PublishModelsReport, error) {
	return app.PublishModelsReport{}, f.publishModels(version, req)
}
func (f *fake) ChurnList(_ context.Context, q app.ChurnQuery) (app.ChurnPage, error) {
	return f.churn(q)
}
func (f *fake) BacktestChurn(_ context.Context, req app.BacktestRequest, _ func(done, total int64)) (*app.ChurnBacktest, error) {
	return f.backtest(req)
}
func (f *fake) Transitions(_ context.Context, from, to int64, kind string) (*app.Transitions, error) {
	return f.transitions(from, to, kind)
}
func (f *fake) Base(context.Context, int64) (*app.Base, error) { return f.base, nil }
func (f *fake) Retention(_ context.Context, q app.RetentionQuery) (*app.Retention, error) {
	return f.retention(q)
}
func (f *fake) Aha(_ context.Context, q app.AhaQuery) (*app.Aha, error) { return f.aha(q) }
func (f *fake) Running() []app.Progress                                 { return nil }
func (f *fake) Collect(_ context.Context, lines [][]byte) error {
	return f.collect(lines)
}
func (f *fake) Upload(_ context.Context, req app.UploadRequest) (app.File, error) {
	return f.upload(req)
}
func (f *fake) File(_ context.Context, id string) (app.File, error) { return app.File{ID: id}, nil }
func (f *fake) Files(_ context.Context, after string, limit int) ([]app.File, string, error) {
	return f.files(after, limit)
}
func (f *fake) Rejects(_ context.Context, q app.RejectQuery) ([]app.Reject, error) {
	return f.rejects(q)
}
func (f *fake) RejectCounts(context.Context, string) (map[string]int64, error) {
	return map[string]int64{"bad_json": 2, "bad_amount": 1}, nil
}
func (f *fake) Users(_ context.Context, q app.UserQuery) (app.UserPage, error) { return f.users(q) }
func (f *fake) User(_ context.Context, id string, _ int64) (app.UserView, error) {
	return f.user(id)
}
func (f *fake) Strategy(context.Context) (app.StrategyVersion, error) { return f.strategy() }
func (f *fake) ValidateStrategy(_ context.Context, text []byte) (app.StrategyCheck, error) {
	return f.validate(text)
}
func (f *fake) StrategyWarnings(context.Context, []byte) ([]strategy.Problem, error) { return nil, nil }
func (f *fake) Catalog(context.Context) (*app.Catalog, error) {
	return &app.Catalog{Catalog: &catalog.Catalog{}}, nil
}
func (f *fake) CheckCondition(_ context.Context, expr string, count bool, _ int64) (app.ConditionCheck, error) {
	return f.check(expr, count)
}
func (f *fake) Export(_ context.Context, w io.Writer, _ app.ExportRequest) error { return f.export(w) }
func (f *fake) Outbox(_ context.Context, q app.IntentQuery) ([]app.Intent, string, error) {
	return f.outbox(q)
}
func (f *fake) UserMessages(_ context.Context, id, after string, limit int) (string, []app.Intent, string, error) {
	return f.userMessages(id, after, limit)
}

// ask sends a request to a handler over f without a guard's token.
func ask(t *testing.T, f *fake, method, target, body string, change ...func(*http.Request)) *httptest.ResponseRecorder {
	t.Helper()
	return askHandler(t, NewHandler(NewServer(f, "test"), Options{}), method, target, body, change...)
}

func askHandler(t *testing.T, h http.Handler, method, target, body string, change ...func(*http.Request)) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequest(method, "http://127.0.0.1:8080"+target, bytes.NewReader([]byte(body)))
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for _, c := range change {
		c(r)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

// problem decodes a problem and checks its form.
func problem(t *testing.T, w *httptest.ResponseRecorder) gen.Problem {
	t.Helper()
	if got := w.Header().Get("Content-Type"); got != "application/problem+json" {
		t.Fatalf("Content-Type = %q, want a problem; body %s", got, w.Body)
	}
	var p gen.Problem
	decode(t, w.Body.Bytes(), &p)
	if p.Status != w.Code || p.Title == "" || p.Detail == "" || p.Type != "about:blank#"+string(p.Code) {
		t.Errorf("the problem is not whole: %s", w.Body)
	}
	return p
}

func decode(t *testing.T, b []byte, into any) {
	t.Helper()
	if err := json.Unmarshal(b, into); err != nil {
		t.Fatalf("%v in %s", err, b)
	}
}
