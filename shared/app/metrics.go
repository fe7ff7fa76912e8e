package app

import (
	"context"
	"slices"

	"github.com/weir-engine/weir/shared/fault"
	"github.com/weir-engine/weir/shared/profile"
	"github.com/weir-engine/weir/shared/strategy"
)

// MetricState is a declared metric, and whether FACTS hold it.
type MetricState struct {
	strategy.Metric
	Typical  int   // bytes that it takes of a typical profile; 0: it shares those of an equal metric
	Max      int   // and at most
	Complete bool  // FACTS hold it for every user
	Users    int64 // users with data of it; -1: not counted
}

// Metrics returns the metrics that the published strategy declares.
func (a *App) Metrics(ctx context.Context) ([]MetricState, error) {
	live, err := a.Live(ctx)
	if err != nil {
		return nil, err
	}
	return a.metricStates(ctx, live)
}

// metricStates compares what a strategy declares with what FACTS hold.
func (a *App) metricStates(ctx context.Context, live *Live) ([]MetricState, error) {
	held, err := a.heldMetrics(ctx)
	if err != nil {
		return nil, err
	}
	schema := live.Engine.Schema()
	size := map[string]profile.BudgetLine{}
	for _, line := range schema.Budget() {
		if line.Part == "metric" {
			size[line.Name] = line
		}
	}
	var out []MetricState
	for i, m := range live.Engine.Strategy().Metrics {
		out = append(out, MetricState{
			Metric: m, Typical: size[m.Name].Typical, Max: size[m.Name].Max, Users: -1,
			Complete: slices.Contains(held, schema.MetricKey(i)),
		})
	}
	return out, nil
}

// heldMetrics are the keys of the metrics that all FACTS hold.
func (a *App) heldMetrics(ctx context.Context) ([]uint32, error) {
	live, err := a.Live(ctx)
	if err != nil {
		return nil, err
	}
	var b baseDoc
	if _, err := a.getDoc(ctx, docBase, &b); err != nil {
		return nil, err
	}
	keys := []uint32{}
	hold := func(s *profile.Schema) {
		for i := range s.Metrics() {
			keys = append(keys, s.MetricKey(i))
		}
	}
	switch {
	case b.Folding != nil:
		return keys, nil // some hold this, some that
	case b.Folded == "" || b.Folded == live.Engine.Schema().Fingerprint():
		hold(live.Engine.Schema())
		return keys, nil
	}
	versions, err := a.StrategyVersions(ctx)
	if err != nil {
		return nil, err
	}
	for _, v := range versions {
		if l, err := a.compileText([]byte(v.Text)); err == nil && l.Engine.Schema().Fingerprint() == b.Folded {
			hold(l.Engine.Schema())
			break
		}
	}
	return keys, nil
}

// BackfillRequest asks to compute metrics from the kept events.
type BackfillRequest struct {
	Metric   string // one metric of the published strategy, computed again even when it is complete; "": what is not complete
	Force    bool   // compute everything again
	Strategy []byte // a strategy that is not published: only compare, store nothing; nil: the published one
	Progress func(done, total int64)
}

// BackfillReport is the outcome of a backfill.
type BackfillReport struct {
	RebuildReport               // what was read and changed; Changed counts the users touched
	Metrics       []MetricState // of the strategy, or the one asked for; complete as they were before
	Needed        bool          // FACTS lacked something, or a computation was asked for
	Stored        bool          // FACTS were written; false: nothing was needed, or the strategy is not published
	Resumed       bool          // an earlier computation was taken up where it had stopped
}

// BackfillMetrics folds FACTS anew from the canonical files where the strategy declares what they do not hold, as its
// publication does: after a publication that was interrupted it goes on with what is left. STATE is not touched and no
// intent is made, because nobody is decided about. With Strategy it tells how many users would be touched, and writes nothing.
// Errors: Invalid for a text with mistakes; NotFound for an unknown metric; Conflict while the import of a file is half done.
func (a *App) BackfillMetrics(ctx context.Context, req BackfillRequest) (BackfillReport, error) {
	a.writing.Lock()
	defer a.writing.Unlock()
	defer a.forgetBase()
	live, err := a.Live(ctx)
	if err != nil {
		return BackfillReport{}, err
	}
	if req.Strategy != nil {
		if live, err = a.compileText(req.Strategy); err != nil {
			return BackfillReport{}, err
		}
	}
	report := BackfillReport{}
	if report.Metrics, err = a.metricStates(ctx, live); err != nil {
		return report, err
	}
	if req.Metric != "" {
		report.Metrics = slices.DeleteFunc(report.Metrics, func(m MetricState) bool { return m.Name != req.Metric })
		if len(report.Metrics) == 0 {
			return report, fault.New(fault.NotFound, "the strategy declares no metric %s", req.Metric).WithHint("list them with: weir metrics list")
		}
	}
	err = a.backfill(ctx, live, req, &report)
	return report, err
}

func (a *App) backfill(ctx context.Context, live *Live, req BackfillRequest, report *BackfillReport) error {
	pending, err := a.pendingFold(ctx, live)
	if err != nil {
		return err
	}
	report.Needed = pending || req.Force || req.Metric != "" || req.Strategy != nil
	if !report.Needed {
		return nil
	}
	if err := a.allFolded(ctx, ""); err != nil {
		return err
	}
	r, err := a.rebuilder(ctx, live)
	if err != nil {
		return err
	}
	r.dry = req.Strategy != nil
	report.Stored = !r.dry
	r.folded = report.count(live)
	if pending && !r.dry {
		report.Resumed, err = a.finishFold(ctx, live, r, req.Progress)
	} else {
		err = r.run(ctx, 0, req.Progress)
	}
	report.RebuildReport = r.report
	if report.Resumed {
		for i := range report.Metrics {
			report.Metrics[i].Users = -1 // the buckets that were done before are not read again
		}
	}
	return err
}

// count counts the users with data of each metric of the report.
func (r *BackfillReport) count(live *Live) func(*profile.Facts) {
	schema := live.Engine.Schema()
	var index []int
	for i := range r.Metrics {
		r.Metrics[i].Users = 0
		index = append(index, slices.IndexFunc(live.Engine.Strategy().Metrics, func(m strategy.Metric) bool { return m.Name == r.Metrics[i].Name }))
	}
	return func(f *profile.Facts) {
		for i, at := range index {
			if schema.HasMetric(f, at) {
				r.Metrics[i].Users++
			}
		}
	}
}

// pendingFold reports whether FACTS hold, or may hold, what another strategy extracts.
func (a *App) pendingFold(ctx context.Context, live *Live) (bool, error) {
	var b baseDoc
	if _, err := a.getDoc(ctx, docBase, &b); err != nil {
		return false, err
	}
	return b.Folding != nil || b.Folded != "" && b.Folded != live.Engine.Schema().Fingerprint(), nil
}

// refold folds FACTS anew when they hold what another strategy than the published one extracts. A publication that died
// before its end is finished by whatever changes the base next.
func (a *App) refold(ctx context.Context, l *Live, progress func(done, total int64)) (RebuildReport, error) {
	pending, err := a.pendingFold(ctx, l)
	if err != nil || !pending {
		return RebuildReport{}, err
	}
	r, err := a.rebuilder(ctx, l)
	if err != nil {
		return RebuildReport{}, err
	}
	_, err = a.finishFold(ctx, l, r, progress)
	return r.report, err
}

// foldNotes is how often a refold notes how far it has come, at most.
const foldNotes = 32

// finishFold folds FACTS anew from where an earlier call for the same extraction stopped. Users of several ids are put
// together from all buckets, so that with links it begins again.
func (a *App) finishFold(ctx context.Context, l *Live, r *rebuilder, progress func(done, total int64)) (resumed bool, err error) {
	want := l.Engine.Schema().Fingerprint()
	var b baseDoc
	if _, err := a.getDoc(ctx, docBase, &b); err != nil {
		return false, err
	}
	at := foldingDoc{Want: want}
	if b.Folding != nil && b.Folding.Want == want && len(r.pointers) == 0 {
		at = *b.Folding
	}
	resumed = at.Bucket > 0
	r.report = at.Done
	note := func(bucket int) error {
		return a.changeBase(ctx, func(b *baseDoc) { b.Folding = &foldingDoc{Want: want, Bucket: bucket, Done: r.report} })
	}
	if err := note(at.Bucket); err != nil {
		return resumed, err
	}
	step := max(1, a.ports.Canon.Buckets()/foldNotes)
	r.after = func(bucket int) error {
		if bucket%step != 0 {
			return nil
		}
		return note(bucket)
	}
	if err := r.run(ctx, at.Bucket, progress); err != nil {
		return resumed, err
	}
	return resumed, a.foldedAs(ctx, l)
}

// foldedAs notes that all FACTS hold what a strategy extracts.
func (a *App) foldedAs(ctx context.Context, l *Live) error {
	return a.changeBase(ctx, func(b *baseDoc) { b.Folded, b.Folding = l.Engine.Schema().Fingerprint(), nil })
}
