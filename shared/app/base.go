package app

import (
	"context"
	"slices"
	"strings"

	"github.com/weir-engine/weir/shared/analytics"
	"github.com/weir-engine/weir/shared/profile"
	"github.com/weir-engine/weir/shared/score"
	"github.com/weir-engine/weir/shared/segment"
	"github.com/weir-engine/weir/shared/strategy"
	"github.com/weir-engine/weir/shared/whatif/snapshot"
)

// Base is the whole base scored at one moment under one strategy, one set of cuts and one of models. It is read-only.
type Base struct {
	AsOf  int64
	Live  *Live          // the strategy; its Cuts are those used
	Fresh bool           // the cuts were computed for this moment, because the published ones are of another
	Users []score.Result // by key; nil when Shot is not

	*Figures

	Shot   *StoredSnapshot // what it was read from; nil: the profiles
	opened *snapshot.Snapshot
	stamp  string
}

// Periods of analytics.
const (
	PeriodWeek  = "week"
	PeriodMonth = "month"
)

var periods = map[string]analytics.Period{PeriodWeek: analytics.Week, PeriodMonth: analytics.Month}

// activityOf is what counts as activity in the analyses: purchases, unless the strategy counts every event.
func activityOf(l *Live) analytics.Of {
	if l.Engine.Strategy().Activity.Of == strategy.ActivityAny {
		return analytics.AnyEvent
	}
	return analytics.Purchases
}

// Base returns the base scored at asOf (0: the default moment). It is computed once for each state of the base. Where views are answered
// from the stored snapshot (Ports.Stored), the default moment is that of the snapshot; NotFound when there is none yet.
func (a *App) Base(ctx context.Context, asOf int64) (*Base, error) {
	if b, err := a.storedBase(ctx, asOf); b != nil || err != nil {
		return b, err
	}
	return a.readBase(ctx, asOf)
}

// readBase is Base from the profiles.
func (a *App) readBase(ctx context.Context, asOf int64) (*Base, error) {
	asOf, err := a.AsOf(ctx, asOf)
	if err != nil {
		return nil, err
	}
	live, fresh, err := a.cutsAt(ctx, asOf)
	if err != nil {
		return nil, err
	}
	stamp, err := a.stamp(ctx, live, asOf)
	if err != nil {
		return nil, err
	}
	a.baseLock.Lock()
	defer a.baseLock.Unlock()
	for _, b := range a.bases {
		if b.stamp == stamp {
			return b, nil
		}
	}
	b, err := a.scoreBase(ctx, live, asOf)
	if err != nil {
		return nil, err
	}
	b.Fresh, b.stamp = fresh, stamp
	a.bases = append(a.bases, b)
	if len(a.bases) > keptBases {
		a.bases = slices.Delete(a.bases, 0, 1)
	}
	return b, nil
}

// keptBases is how many scored bases are kept in memory: the default one, and one of another moment.
const keptBases = 2

func (a *App) forgetBase() {
	a.baseLock.Lock()
	defer a.baseLock.Unlock()
	a.bases = nil
}

// cutsAt returns the published strategy with the cuts that hold at asOf: the published ones at the default moment and
// later, otherwise cuts computed for asOf.
func (a *App) cutsAt(ctx context.Context, asOf int64) (live *Live, fresh bool, err error) {
	if live, err = a.Live(ctx); err != nil {
		return nil, false, err
	}
	clock, err := a.Clock(ctx)
	if err != nil {
		return nil, false, err
	}
	if live.Engine.Fits(live.Cuts) && asOf == clock.AsOf {
		return live, false, nil
	}
	stamp, err := a.stamp(ctx, live, asOf)
	if err != nil {
		return nil, false, err
	}
	a.mu.Lock()
	known := a.fresh
	a.mu.Unlock()
	if known.live != nil && known.stamp == stamp {
		return known.live, true, nil
	}
	cuts, err := a.computeCuts(ctx, live, asOf, nil)
	if err != nil {
		return nil, false, err
	}
	own := *live
	own.Cuts = cuts
	a.mu.Lock()
	a.fresh = freshCuts{stamp: stamp, live: &own}
	a.mu.Unlock()
	return &own, true, nil
}

// freshCuts remembers the cuts computed for a moment other than the default one.
type freshCuts struct {
	stamp string
	live  *Live
}

// stamp identifies the state of the base that a view is computed from.
func (a *App) stamp(ctx context.Context, live *Live, asOf int64) (string, error) {
	revision, err := a.ports.Profiles.Revision(ctx)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	for _, part := range []int64{revision, asOf, live.strategy.Version, live.cuts.Version, live.models.Version} {
		b.WriteString(" ")
		b.WriteString(formatInt(part))
	}
	return b.String(), nil
}

func (a *App) scoreBase(ctx context.Context, live *Live, asOf int64) (*Base, error) {
	total, err := a.ports.Profiles.Count(ctx)
	if err != nil {
		return nil, err
	}
	b := &Base{AsOf: asOf, Live: live, Users: make([]score.Result, 0, total), Figures: newFigures(live, asOf)}
	err = a.eachFactsAnyOrder(ctx, live, asOf, func(key string, f *profile.Facts, s *profile.State) error {
		var r score.Result
		live.Engine.Score(key, f, s, live.Cuts, asOf, &r)
		b.Users = append(b.Users, r)
		b.Figures.add(f, &r)
		return nil
	})
	slices.SortFunc(b.Users, func(x, y score.Result) int { return strings.Compare(x.Key, y.Key) })
	return b, err
}

// Find returns the scores of one user.
func (b *Base) Find(key string) (*score.Result, bool) {
	i, ok := slices.BinarySearchFunc(b.Users, key, func(r score.Result, key string) int { return strings.Compare(r.Key, key) })
	if !ok {
		return nil, false
	}
	return &b.Users[i], true
}

// match returns the indexes of the users for whom the condition holds.
func (a *App) match(ctx context.Context, b *Base, p *segment.Program) (map[string]bool, error) {
	hits := map[string]bool{}
	var r score.Result
	err := a.eachFactsAnyOrder(ctx, b.Live, b.AsOf, func(key string, f *profile.Facts, s *profile.State) error {
		known, ok := b.Find(key)
		if !ok {
			b.Live.Engine.Score(key, f, s, b.Live.Cuts, b.AsOf, &r)
			known = &r
		}
		if b.Live.Engine.Match(p, f, s, known, b.AsOf) {
			hits[key] = true
		}
		return nil
	})
	return hits, err
}
