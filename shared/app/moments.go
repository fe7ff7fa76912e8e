package app

import (
	"context"
	"maps"
	"math"
	"slices"

	"github.com/weir-engine/weir/shared/event"
	"github.com/weir-engine/weir/shared/fault"
	"github.com/weir-engine/weir/shared/profile"
)

// then is a user at several moments.
type then struct {
	key   string
	now   *profile.Facts   // with every event
	at    []*profile.Facts // at the moments asked for; without events where the first came later
	state profile.State    // of the last decision
}

// throughTime reads the base once and runs do over every user as they were at several moments, which ascend, in no particular
// order. Only users whose hash is at most mostHash are read; of a large base, those who came after the last moment may be left
// out. What do receives is valid during the call. progress may be nil.
//
// A profile answers for a moment after its newest event. For the past the kept events are folded again: those of a few users by
// looking them up, those of a large base bucket by bucket, each event once.
func (a *App) throughTime(ctx context.Context, live *Live, moments []int64, mostHash uint64, progress func(done, total int64), do func(u *then) error) error {
	total, err := a.ports.Profiles.Count(ctx)
	if err != nil {
		return fault.Wrap(err, "count the profiles")
	}
	t := &passage{app: a, live: live, moments: moments, mostHash: mostHash, do: do}
	t.told = func(users int) {
		if t.done += int64(users); progress != nil {
			progress(min(t.done, total), total)
		}
	}
	past, err := a.manyPast(ctx, moments, total)
	if err != nil {
		return err
	}
	if past {
		return t.byBuckets(ctx)
	}
	return t.byKeys(ctx)
}

// manyPast reports whether more users than are read at once may have to be folded again for the earliest of the moments.
func (a *App) manyPast(ctx context.Context, moments []int64, users int64) (bool, error) {
	if len(moments) == 0 || users <= a.scanned {
		return false, nil
	}
	newest, err := a.Newest(ctx)
	return moments[0] < newest, err
}

// passage is one reading of the base at several moments.
type passage struct {
	app      *App
	live     *Live
	moments  []int64
	mostHash uint64
	do       func(u *then) error
	told     func(users int)
	done     int64
}

// byKeys scans the profiles, and folds those again that know of later events.
func (t *passage) byKeys(ctx context.Context) error {
	return t.app.eachBatch(ctx, func(items []Item) error {
		var kept []Item
		for _, item := range items {
			if event.UserHash(item.Key) <= t.mostHash {
				kept = append(kept, item)
			}
		}
		if err := t.app.itemsThroughTime(ctx, t.live, kept, t.moments, t.do); err != nil {
			return err
		}
		t.told(len(items))
		return nil
	})
}

// byBuckets reads the kept events, bucket by bucket, then the profiles that they belong to. Users of several ids, whose events
// stand in several buckets, come at the end.
func (t *passage) byBuckets(ctx context.Context) error {
	pointers, err := t.app.allPointers(ctx)
	if err != nil {
		return err
	}
	joined := map[string]bool{}
	for _, canonical := range pointers {
		joined[canonical] = true
	}
	buckets := t.app.ports.Canon.Buckets()
	for bucket := range bucketOf(t.mostHash, buckets) + 1 {
		if err := t.bucket(ctx, bucket, pointers, joined); err != nil {
			return err
		}
	}
	for keys := range slices.Chunk(slices.Sorted(maps.Keys(joined)), writeBatch) {
		keys = slices.DeleteFunc(keys, func(key string) bool { return event.UserHash(key) > t.mostHash })
		items, err := t.app.ports.Profiles.Get(ctx, keys)
		if err != nil {
			return fault.Wrap(err, "read profiles")
		}
		items = slices.DeleteFunc(items, func(i Item) bool { return i.Version == 0 })
		if err := t.app.itemsThroughTime(ctx, t.live, items, t.moments, t.do); err != nil {
			return err
		}
		t.told(len(keys))
	}
	return nil
}

func (t *passage) bucket(ctx context.Context, bucket int, pointers map[string]string, joined map[string]bool) error {
	var users []*then
	filter := RowFilter{Bucket: bucket, To: t.moments[len(t.moments)-1] + 1}
	err := t.app.foldMoments(ctx, t.live, filter, t.moments, func(key string, at []*profile.Facts) error {
		if _, moved := pointers[key]; moved || joined[key] || event.UserHash(key) > t.mostHash {
			return nil
		}
		u := &then{key: key, at: make([]*profile.Facts, len(at))}
		for i, f := range at {
			u.at[i] = f.Clone()
		}
		if users = append(users, u); len(users) < writeBatch {
			return nil
		}
		err := t.present(ctx, users)
		users = users[:0]
		return err
	})
	if err != nil {
		return err
	}
	return t.present(ctx, users)
}

// present reads what the users are now and hands them on.
func (t *passage) present(ctx context.Context, users []*then) error {
	keys := make([]string, len(users))
	for i, u := range users {
		keys[i] = u.key
	}
	items, err := t.app.ports.Profiles.Get(ctx, keys)
	if err != nil {
		return fault.Wrap(err, "read profiles")
	}
	var facts profile.Facts
	for i, item := range items {
		if item.Version == 0 {
			continue // the import of its first file is half done
		}
		u := users[i]
		facts.Reset()
		if err := decodeItem(item, &facts, nil, &u.state); err != nil {
			return fault.Wrap(err, "read the profile of %s", item.Key)
		}
		u.now = &facts
		if err := t.do(u); err != nil {
			return err
		}
	}
	t.told(len(users))
	return nil
}

// itemsThroughTime folds those of the profiles again that know of events after a moment.
func (a *App) itemsThroughTime(ctx context.Context, live *Live, items []Item, moments []int64, do func(u *then) error) error {
	folded := make([]map[string]*profile.Facts, len(moments))
	for i, moment := range moments {
		var err error
		if folded[i], err = a.refoldLater(ctx, live, items, moment); err != nil {
			return err
		}
	}
	var facts profile.Facts
	u := then{now: &facts, at: make([]*profile.Facts, len(moments))}
	for _, item := range items {
		facts.Reset()
		u.key, u.state = item.Key, profile.State{}
		if err := decodeItem(item, &facts, nil, &u.state); err != nil {
			return fault.Wrap(err, "read the profile of %s", item.Key)
		}
		for i := range moments {
			if u.at[i] = folded[i][item.Key]; u.at[i] == nil {
				u.at[i] = &facts
			}
		}
		if err := do(&u); err != nil {
			return err
		}
	}
	return nil
}

// eachFactsAnyOrder is eachFacts for who does not mind the order: the past of a large base takes one reading of the events.
func (a *App) eachFactsAnyOrder(ctx context.Context, live *Live, asOf int64, do func(key string, facts *profile.Facts, state *profile.State) error) error {
	users, err := a.ports.Profiles.Count(ctx)
	if err != nil {
		return fault.Wrap(err, "count the profiles")
	}
	past, err := a.manyPast(ctx, []int64{asOf}, users)
	if err != nil {
		return err
	}
	if !past {
		return a.eachFacts(ctx, live, asOf, do)
	}
	return a.throughTime(ctx, live, []int64{asOf}, math.MaxUint64, nil, func(u *then) error {
		if f := u.at[0]; f.FirstSeen > asOf || f.Events == 0 {
			return nil
		}
		if u.state.DecidedAt > asOf {
			u.state = profile.State{}
		}
		return do(u.key, u.at[0], &u.state)
	})
}
