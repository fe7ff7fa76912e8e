package app

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/weir-engine/weir/shared/fault"
	"github.com/weir-engine/weir/shared/model"
	"github.com/weir-engine/weir/shared/score"
)

// Keys of the documents of models. A set is written once and stays; models/current says which one is in force.
const (
	docModels         = "models/current"
	docModelsVersions = "models/v/" // + version
)

// Warning is something that a person should know before relying on a result.
type Warning struct {
	Code string `json:"code"`
	En   string `json:"en"`
	Zh   string `json:"zh"`
}

// ModelSet is one fit of all models to the base: what is published, and the reports it is judged by.
type ModelSet struct {
	Models *score.Models `json:"models"`
	// Fits are the reports: of purchases first, then of money. A model that could not be fitted has no report, but a warning.
	Fits []*model.Fit `json:"fits"`
	// HoldoutFrom is the end of the histories that the calibration of purchases was fitted to, in unix milliseconds; 0 without
	// one. When it is earlier than Models.AsOf, the calibration is that of a fit of the same kind to the shorter histories.
	HoldoutFrom int64     `json:"holdout_from,omitempty"`
	Note        string    `json:"note,omitempty"`
	At          int64     `json:"at"`        // when it was fitted
	Warnings    []Warning `json:"warnings"`  // never null
	Published   int64     `json:"published"` // when it came into force last; 0: never
	Current     bool      `json:"current"`   // whether it is in force
}

// ModelPublication is one change of the models in force.
type ModelPublication struct {
	Version  string `json:"version"` // "": without models
	Sequence int64  `json:"sequence"`
	At       int64  `json:"at"`
	Note     string `json:"note,omitempty"`
}

// modelsDoc says which models are in force, and which were before.
type modelsDoc struct {
	ModelPublication
	Before []ModelPublication `json:"before,omitempty"` // newest first
}

// mostPublications is how many former publications are remembered.
const mostPublications = 200

// ModelSets returns every set of fitted models, the newest first.
func (a *App) ModelSets(ctx context.Context) ([]*ModelSet, error) {
	docs, err := a.ports.Docs.List(ctx, docModelsVersions)
	if err != nil {
		return nil, fault.Wrap(err, "list the models")
	}
	force, err := a.modelsInForce(ctx)
	if err != nil {
		return nil, err
	}
	out := make([]*ModelSet, 0, len(docs))
	for _, d := range docs {
		set, err := readModelSet(d, force)
		if err != nil {
			return nil, err
		}
		out = append(out, set)
	}
	slices.SortStableFunc(out, func(x, y *ModelSet) int { return cmp.Compare(y.At, x.At) })
	return out, nil
}

// ModelSet returns the set of a version; "current" is the one in force. NotFound when there is none.
func (a *App) ModelSet(ctx context.Context, version string) (*ModelSet, error) {
	force, err := a.modelsInForce(ctx)
	if err != nil {
		return nil, err
	}
	if version == "current" {
		version = force.Version
	}
	unknown := fault.New(fault.NotFound, "no models have the version %q", version).WithHint("list them with: weir models list; fit some with: weir fit")
	if version == "" {
		return nil, fault.New(fault.NotFound, "no models are in force").WithHint("fit some with: weir fit; then publish them with: weir models publish VERSION")
	}
	d, err := a.ports.Docs.Get(ctx, docModelsVersions+version)
	if err != nil {
		return nil, fault.Wrap(err, "read the models %s", version)
	}
	if d.Version == 0 {
		return nil, unknown
	}
	return readModelSet(d, force)
}

// ModelPublications returns every publication of models that is remembered, the newest first.
func (a *App) ModelPublications(ctx context.Context) ([]ModelPublication, error) {
	force, err := a.modelsInForce(ctx)
	if err != nil || force.Sequence == 0 {
		return nil, err
	}
	return append([]ModelPublication{force.ModelPublication}, force.Before...), nil
}

func (a *App) modelsInForce(ctx context.Context) (modelsDoc, error) {
	var force modelsDoc
	_, err := a.getDoc(ctx, docModels, &force)
	return force, err
}

func readModelSet(d Doc, force modelsDoc) (*ModelSet, error) {
	var stored struct {
		ModelSet
		Models json.RawMessage `json:"models"` // as sealed
	}
	if err := json.Unmarshal(d.Value, &stored); err != nil {
		return nil, fault.New(fault.Internal, "document %s cannot be read", d.Key).Because(err)
	}
	set := stored.ModelSet
	var err error
	if set.Models, err = score.ParseModels(stored.Models); err != nil {
		return nil, fault.Wrap(err, "read %s", d.Key)
	}
	set.Published, set.Current = force.published(set.Models.Version), force.Version == set.Models.Version
	return &set, nil
}

// published is when a version came into force last; 0: never.
func (d modelsDoc) published(version string) int64 {
	if d.Sequence > 0 && d.Version == version {
		return d.At
	}
	for _, p := range d.Before {
		if p.Version == version {
			return p.At
		}
	}
	return 0
}

// storeModelSet keeps a draft. The same models are the same version: fitting them again changes the note and the reports alone.
func (a *App) storeModelSet(ctx context.Context, set *ModelSet) error {
	stored := *set
	stored.Published, stored.Current = 0, false
	return a.putDoc(ctx, docModelsVersions+set.Models.Version, &stored)
}

// takeModels puts the published models to use in l. Models that were fitted to other histories than l's strategy reads, or that this
// version of Weir does not know, are left out and reported.
func (a *App) takeModels(ctx context.Context, l *Live, current Doc) error {
	l.models = current
	var force modelsDoc
	if current.Version > 0 {
		if err := json.Unmarshal(current.Value, &force); err != nil {
			return fault.New(fault.Internal, "document %s cannot be read", docModels).Because(err)
		}
	}
	if force.Version == "" {
		return nil
	}
	d, err := a.ports.Docs.Get(ctx, docModelsVersions+force.Version)
	if err != nil {
		return fault.Wrap(err, "read the published models")
	}
	if d.Version == 0 {
		return fault.New(fault.Internal, "the models in force, %s, are not stored", force.Version).WithHint("publish other models, or none: weir models rollback")
	}
	set, err := readModelSet(d, force)
	if err != nil {
		return err
	}
	if !l.Engine.FitsModels(set.Models) {
		l.ModelsStale = staleModels(force.Version)
		return nil
	}
	engine, err := l.Engine.With(set.Models)
	if err != nil {
		l.ModelsStale = unusableModels(force.Version, err)
		return nil
	}
	l.Engine, l.Models = engine, set.Models
	return nil
}

func staleModels(version string) *Warning {
	return &Warning{
		Code: "models_stale",
		En:   fmt.Sprintf("The published models %s were fitted to other histories than the strategy reads now. They are not used: fit and publish new ones.", version),
		Zh:   fmt.Sprintf("已发布的模型 %s 所依据的历史与当前策略不同，因此未被使用：请重新拟合并发布。", version),
	}
}

func unusableModels(version string, err error) *Warning {
	return &Warning{
		Code: "models_unusable",
		En:   fmt.Sprintf("The published models %s cannot be used (%s). Fit and publish new ones.", version, err),
		Zh:   fmt.Sprintf("已发布的模型 %s 无法使用（%s）：请重新拟合并发布。", version, err),
	}
}
