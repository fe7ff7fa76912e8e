package app

import (
	"context"
	"encoding/json"

	"github.com/weir-engine/weir/shared/fault"
)

// PublishModelsRequest says how models come into force.
type PublishModelsRequest struct {
	Note     string
	Progress func(phase string, done, total int64) // may be nil; the phase is rescore
}

// PublishModelsReport is the outcome of a publication of models.
type PublishModelsReport struct {
	ModelPublication
	Previous string      `json:"previous"` // the version in force before; "": none
	Rescored SweepReport `json:"rescored"`
}

// PublishModels puts fitted models into force, or none when version is "", and sets every user's STATE as a baseline under
// them, so that nobody is messaged (G6). Publishing an older version rolls back to it. A call that died is finished by
// repeating it; until then whoever decides about a user next sets the baseline.
//
// Errors: NotFound when no such models were fitted; Conflict when they were fitted to other histories than the strategy in
// force reads.
func (a *App) PublishModels(ctx context.Context, version string, req PublishModelsRequest) (PublishModelsReport, error) {
	ctx, release, err := a.exclusive(ctx)
	if err != nil {
		return PublishModelsReport{}, err
	}
	defer release()
	defer a.forgetBase()
	live, err := a.Live(ctx)
	if err != nil {
		return PublishModelsReport{}, err
	}
	if err := a.publishable(ctx, live, version); err != nil {
		return PublishModelsReport{}, err
	}
	report, err := a.putModels(ctx, version, req.Note)
	if err != nil {
		return report, err
	}
	if live, err = a.Live(ctx); err != nil {
		return report, err
	}
	progress := func(done, total int64) {
		if req.Progress != nil {
			req.Progress("rescore", done, total)
		}
	}
	report.Rescored, err = a.rescoreModels(ctx, live, progress)
	return report, err
}

// publishable reports why models cannot come into force.
func (a *App) publishable(ctx context.Context, live *Live, version string) error {
	if version == "" {
		return nil
	}
	set, err := a.ModelSet(ctx, version)
	if err != nil {
		return err
	}
	if !live.Engine.FitsModels(set.Models) {
		return fault.New(fault.Conflict, "the models %s were fitted to other histories than the strategy in force reads", version).
			WithHint("fit new ones with: weir fit; or publish the strategy %s that they belong to", set.Models.Strategy)
	}
	_, err = live.Engine.With(set.Models)
	return err
}

// putModels names the models in force. Naming those that are in force already is no new publication: a call that died is
// repeated so.
func (a *App) putModels(ctx context.Context, version, note string) (PublishModelsReport, error) {
	now, err := a.now(ctx)
	if err != nil {
		return PublishModelsReport{}, err
	}
	var force modelsDoc
	current, err := a.getDoc(ctx, docModels, &force)
	if err != nil {
		return PublishModelsReport{}, err
	}
	if force.Version == version {
		report := PublishModelsReport{ModelPublication: force.ModelPublication}
		if len(force.Before) > 0 {
			report.Previous = force.Before[0].Version
		}
		return report, nil
	}
	next := modelsDoc{ModelPublication: ModelPublication{Version: version, Sequence: force.Sequence + 1, At: now, Note: note}}
	if force.Sequence > 0 {
		next.Before = append([]ModelPublication{force.ModelPublication}, force.Before...)
		next.Before = next.Before[:min(len(next.Before), mostPublications)]
	}
	value, err := json.Marshal(next)
	if err != nil {
		return PublishModelsReport{}, fault.New(fault.Internal, "the publication of models cannot be written").Because(err)
	}
	err = a.ports.Docs.Put(ctx, Doc{Key: docModels, Version: current.Version, Value: value, At: now})
	if fault.Is(err, fault.Conflict) {
		return PublishModelsReport{}, fault.New(fault.Conflict, "somebody published other models at the same time").
			WithHint("look at them with: weir models list; and publish again")
	}
	if err != nil {
		return PublishModelsReport{}, fault.Wrap(err, "publish the models")
	}
	return PublishModelsReport{ModelPublication: next.ModelPublication, Previous: force.Version}, nil
}

// rescoreModels sets everyone's STATE as a baseline under the models in force.
func (a *App) rescoreModels(ctx context.Context, live *Live, progress func(done, total int64)) (SweepReport, error) {
	n, err := a.ports.Profiles.Count(ctx)
	if err != nil {
		return SweepReport{}, fault.Wrap(err, "count the profiles")
	}
	if n == 0 {
		return SweepReport{}, nil
	}
	if _, err := a.refold(ctx, live, nil); err != nil {
		return SweepReport{}, err
	}
	clock, err := a.Clock(ctx)
	if err != nil {
		return SweepReport{}, err
	}
	return a.sweep(ctx, clock.AsOf, false, progress)
}
