package app

import (
	"context"
	"encoding/json"

	"github.com/weir-engine/weir/shared/fault"
	"github.com/weir-engine/weir/shared/profile"
	"github.com/weir-engine/weir/shared/score"
)

// Cuts are refreshed after a backfill, when there are none for the published strategy, when they are a week old, and when
// the base has grown by a fifth since they were made.
const (
	cutsAge    = 7 * 86_400_000
	cutsGrowth = 1.2
)

// afterImport publishes fresh cuts where they are due and makes the file's moment the default one of views.
func (a *App) afterImport(ctx context.Context, in *ingest, asOf int64) error {
	live, err := a.Live(ctx)
	if err != nil {
		return err
	}
	stale := in.file.Backfill && in.counts.Accepted > 0
	if !stale {
		if stale, err = a.cutsStale(ctx, live, asOf); err != nil {
			return err
		}
	}
	if stale {
		if err := a.refreshCuts(ctx, live, asOf, func(done, total int64) { in.report("score", done, total) }); err != nil {
			return err
		}
	}
	return a.changeBase(ctx, func(b *baseDoc) { b.AsOf, b.Newest = asOf, max(b.Newest, in.latest.Load()) })
}

func (a *App) cutsStale(ctx context.Context, live *Live, asOf int64) (bool, error) {
	c := live.Cuts
	if !live.Engine.Fits(c) || asOf-c.AsOf > cutsAge {
		return true, nil
	}
	n, err := a.ports.Profiles.Exact(ctx)
	if err != nil {
		return false, fault.Wrap(err, "count the profiles")
	}
	return float64(n) > float64(c.Users)*cutsGrowth, nil
}

func (a *App) refreshStaleCuts(ctx context.Context, asOf int64) error {
	live, err := a.Live(ctx)
	if err != nil {
		return err
	}
	stale, err := a.cutsStale(ctx, live, asOf)
	if err != nil || !stale {
		return err
	}
	return a.refreshCuts(ctx, live, asOf, nil)
}

// refreshCuts computes the cuts of the whole base at asOf and publishes them under a version of their own.
func (a *App) refreshCuts(ctx context.Context, live *Live, asOf int64, progress func(done, total int64)) error {
	cuts, err := a.computeCuts(ctx, live, asOf, progress)
	if err != nil {
		return err
	}
	value, err := json.Marshal(cuts)
	if err != nil {
		return fault.New(fault.Internal, "the cuts cannot be written").Because(err)
	}
	kept, err := a.ports.Docs.Get(ctx, docCutsVersions+cuts.Version)
	if err != nil {
		return fault.Wrap(err, "read the published cuts")
	}
	if kept.Version == 0 {
		err := a.ports.Docs.Put(ctx, Doc{Key: docCutsVersions + cuts.Version, Value: value, At: asOf})
		if err != nil && !fault.Is(err, fault.Conflict) {
			return fault.Wrap(err, "publish the cuts")
		}
	}
	if live.Cuts != nil && live.Cuts.Version == cuts.Version {
		return nil
	}
	return a.putDoc(ctx, docCuts, json.RawMessage(value))
}

// computeCuts reads the whole base once.
func (a *App) computeCuts(ctx context.Context, live *Live, asOf int64, progress func(done, total int64)) (*score.Cuts, error) {
	total, err := a.ports.Profiles.Count(ctx)
	if err != nil {
		return nil, fault.Wrap(err, "count the profiles")
	}
	builder := live.Engine.NewCuts(asOf)
	done := int64(0)
	err = a.eachFactsAnyOrder(ctx, live, asOf, func(key string, facts *profile.Facts, _ *profile.State) error {
		builder.Add(key, facts)
		if done++; progress != nil && done%writeBatch == 0 {
			progress(done, total)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return builder.Build(), nil
}

// eachFacts runs do over every user as they were at asOf, in the order of the store. Users whose first event is later are left out.
// What do receives is valid during the call.
func (a *App) eachFacts(ctx context.Context, live *Live, asOf int64, do func(key string, facts *profile.Facts, state *profile.State) error) error {
	return a.eachBatch(ctx, func(items []Item) error {
		return a.factsOf(ctx, live, items, asOf, func(item *Item, facts *profile.Facts, state *profile.State) error {
			return do(item.Key, facts, state)
		})
	})
}

// factsOf is eachFacts over some items.
func (a *App) factsOf(ctx context.Context, live *Live, items []Item, asOf int64, do func(item *Item, facts *profile.Facts, state *profile.State) error) error {
	later, err := a.refoldLater(ctx, live, items, asOf)
	if err != nil {
		return err
	}
	var facts profile.Facts
	for i := range items {
		item := &items[i]
		var state profile.State
		f, ok := later[item.Key]
		if ok {
			err = decodeItem(Item{State: item.State}, nil, nil, &state)
		} else {
			facts.Reset()
			f = &facts
			err = decodeItem(*item, f, nil, &state)
		}
		if err != nil {
			return fault.Wrap(err, "read the profile of %s", item.Key)
		}
		if f.FirstSeen > asOf || f.Events == 0 {
			continue
		}
		if state.DecidedAt > asOf {
			state = profile.State{}
		}
		if err := do(item, f, &state); err != nil {
			return err
		}
	}
	return nil
}
