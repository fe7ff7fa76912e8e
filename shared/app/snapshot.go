package app

import (
	"context"

	"github.com/weir-engine/weir/shared/fault"
	"github.com/weir-engine/weir/shared/profile"
	"github.com/weir-engine/weir/shared/score"
	"github.com/weir-engine/weir/shared/strategy"
	"github.com/weir-engine/weir/shared/whatif"
	"github.com/weir-engine/weir/shared/whatif/fill"
	"github.com/weir-engine/weir/shared/whatif/snapshot"
	"github.com/weir-engine/weir/shared/whatif/wire"
)

// SnapshotRequest says what a snapshot is of.
type SnapshotRequest struct {
	AsOf     int64  // unix milliseconds; 0: the base's own moment
	IDKey    []byte // makes pseudonymous ids; nil: the snapshot has none
	MaxRows  int64  // larger bases are sampled; 0: snapshot.MaxRows
	Progress func(done, total int64)
}

// Snapshot writes the whole base as columns without personal data, with what what-ifs away from the base need. Memory is bounded,
// whatever the size of the base.
func (a *App) Snapshot(ctx context.Context, req SnapshotRequest, files snapshot.Files) (*snapshot.Manifest, error) {
	asOf, err := a.AsOf(ctx, req.AsOf)
	if err != nil {
		return nil, err
	}
	live, _, err := a.cutsAt(ctx, asOf)
	if err != nil {
		return nil, err
	}
	total, err := a.ports.Profiles.Count(ctx)
	if err != nil {
		return nil, fault.Wrap(err, "count the profiles")
	}
	now, err := a.now(ctx)
	if err != nil {
		return nil, err
	}
	w, err := snapshot.NewWriter(live.Engine, live.Cuts, snapshot.Options{
		Users: total, AsOf: asOf, Made: now, Text: live.Text, IDKey: req.IDKey, Rows: req.MaxRows,
	}, files)
	if err != nil {
		return nil, err
	}
	done := int64(0)
	err = a.eachFacts(ctx, live, asOf, func(key string, facts *profile.Facts, state *profile.State) error {
		if done++; req.Progress != nil && done%writeBatch == 0 {
			req.Progress(done, total)
		}
		return w.Add(key, facts, state)
	})
	if err != nil {
		return nil, err
	}
	return w.Close()
}

// SnapshotPlan makes the plan of a strategy over a snapshot: what the module for browsers evaluates. read returns a file of the
// snapshot by its path from the manifest. Invalid, saying where, when the strategy is wrong or asks for what is not folded yet.
func SnapshotPlan(read func(path string) ([]byte, error), text []byte) (*wire.Plan, error) {
	s, err := snapshot.Open(read)
	if err != nil {
		return nil, err
	}
	engine, err := s.Compile(text)
	if err != nil {
		return nil, err
	}
	plan, err := planOver(s, engine)
	if err != nil {
		return nil, err
	}
	checked := *plan
	checked.Recut = nil // the rest compiles without a base
	_, err = checked.Spec(nil)
	return plan, err
}

// planOver is the plan of a strategy over a snapshot; it has cuts of its own when those of the snapshot do not fit it.
func planOver(s *snapshot.Snapshot, engine *score.Engine) (*wire.Plan, error) {
	if !engine.FitsBasis(s.Manifest.Cuts.Basis) {
		return fill.RecutPlan(s.Engine, engine, s.Manifest.AsOf)
	}
	plan, err := fill.Plan(s.Engine, engine, nil)
	if err != nil {
		return nil, err
	}
	plan.Cuts = s.Start.Cuts
	return plan, nil
}

// WhatIfSnapshot is App.WhatIf from a snapshot alone. read is as for SnapshotPlan.
func WhatIfSnapshot(read func(path string) ([]byte, error), text []byte) (*WhatIf, *snapshot.Manifest, error) {
	s, err := snapshot.Open(read)
	if err != nil {
		return nil, nil, err
	}
	engine, err := s.Compile(text)
	if err != nil {
		return nil, nil, err
	}
	m := s.Manifest
	plan, err := planOver(s, engine)
	if err != nil {
		return nil, nil, err
	}
	base, err := s.Base()
	if err != nil {
		return nil, nil, err
	}
	start, err := s.Start.Spec(base)
	if err != nil {
		return nil, nil, err
	}
	next, err := plan.Spec(base)
	if err != nil {
		return nil, nil, err
	}
	preview, err := base.Compare(start)
	if err != nil {
		return nil, nil, fault.Wrap(err, "evaluate the strategy of the snapshot")
	}
	if err := preview.Try(next); err != nil {
		return nil, nil, err
	}
	w := newWhatIf(s.Engine.Strategy(), engine.Strategy(), m.AsOf, m.Strategy.Version, plan.Recut != nil, preview)
	if m.Sampling != nil {
		w.Spreads = preview.Spreads()
	}
	return w, m, nil
}

func newWhatIf(published, tried *strategy.Strategy, asOf int64, version string, recut bool, p *whatif.Preview) *WhatIf {
	return &WhatIf{
		AsOf: asOf, Currency: published.Currency, Published: version, Tried: tried.Version(), Recut: recut,
		Changes: strategy.Changes(published, tried), Report: p.Report(),
	}
}
