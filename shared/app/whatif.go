package app

import (
	"context"

	"github.com/weir-engine/weir/shared/fault"
	"github.com/weir-engine/weir/shared/profile"
	"github.com/weir-engine/weir/shared/score"
	"github.com/weir-engine/weir/shared/strategy"
	"github.com/weir-engine/weir/shared/whatif"
	"github.com/weir-engine/weir/shared/whatif/fill"
)

// WhatIfRequest asks what the base would be under another strategy.
type WhatIfRequest struct {
	Text     []byte // the strategy that is tried
	AsOf     int64  // unix milliseconds; 0: the base's own moment
	Progress func(done, total int64)
}

// WhatIf compares the base under the published strategy with the base under another one, at one moment and with the same facts.
type WhatIf struct {
	AsOf      int64
	Currency  string
	Published string // versions
	Tried     string
	Recut     bool // the cuts of the other strategy were computed from the base: the published ones do not fit it
	Changes   []strategy.Change
	Report    *whatif.Report
	Spreads   []whatif.Spread // of a sample: what its intervals follow from
}

// Moved is how many users would be in another stage.
func (w *WhatIf) Moved() (n int64) {
	for i, row := range w.Report.Stage.Moves {
		for j, sum := range row {
			if i != j {
				n += sum.Users
			}
		}
	}
	return n
}

// WhatIf evaluates a strategy that is not published over the whole base. Nothing is stored. It holds the base as columns while it
// works: about a hundred bytes a user. Invalid, saying where, when the strategy is wrong, or asks for what is not folded yet.
func (a *App) WhatIf(ctx context.Context, req WhatIfRequest) (*WhatIf, error) {
	tried, err := a.compileText(req.Text)
	if err != nil {
		return nil, err
	}
	asOf, err := a.AsOf(ctx, req.AsOf)
	if err != nil {
		return nil, err
	}
	live, _, err := a.cutsAt(ctx, asOf)
	if err != nil {
		return nil, err
	}
	start, err := fill.Spec(live.Engine, live.Engine, live.Cuts)
	if err != nil {
		return nil, err
	}
	next, err := fill.Spec(live.Engine, tried.Engine, live.Cuts)
	if err != nil {
		return nil, err
	}
	base, err := a.columns(ctx, live, tried.Engine, asOf, req.Progress)
	if err != nil {
		return nil, err
	}
	recut := !tried.Engine.Fits(live.Cuts)
	if recut {
		if next.Cuts, err = fill.Recut(base, tried.Engine); err != nil {
			return nil, fault.Wrap(err, "compute cuts under the strategy that is tried")
		}
	}
	preview, err := base.Compare(start)
	if err != nil {
		return nil, fault.Wrap(err, "evaluate the published strategy")
	}
	if err := preview.Try(next); err != nil {
		return nil, err
	}
	return newWhatIf(live.Engine.Strategy(), tried.Engine.Strategy(), asOf, live.Version, recut, preview), nil
}

// columns reads the whole base into columns that hold what two strategies read.
func (a *App) columns(ctx context.Context, live *Live, tried *score.Engine, asOf int64, progress func(done, total int64)) (*whatif.Base, error) {
	total, err := a.ports.Profiles.Count(ctx)
	if err != nil {
		return nil, fault.Wrap(err, "count the profiles")
	}
	base := whatif.NewBase(live.Zone)
	base.WithZones(a.userZone)
	f := fill.New(live.Engine, live.Cuts, asOf, fill.Options{Engines: []*score.Engine{tried}}, base.Add)
	done := int64(0)
	err = a.eachFacts(ctx, live, asOf, func(key string, facts *profile.Facts, state *profile.State) error {
		if done++; progress != nil && done%writeBatch == 0 {
			progress(done, total)
		}
		return f.Add(key, facts, state)
	})
	if err != nil {
		return nil, err
	}
	return base, f.Close()
}
