package app

import (
	"context"

	"github.com/weir-engine/weir/shared/event"
	"github.com/weir-engine/weir/shared/fault"
	"github.com/weir-engine/weir/shared/profile"
)

// momentBatch is how many users are held in memory while they are folded anew at several moments.
const momentBatch = 4 * writeBatch

// then is a user at several moments.
type then struct {
	key   string
	now   *profile.Facts   // with every event
	at    []*profile.Facts // at the moments asked for; without events where the first came later
	state profile.State    // of the last decision
}

// throughTime reads the base once and runs do over every user as they were at several moments, in key order. Only users whose
// hash is at most mostHash are read. What do receives is valid during the call. progress may be nil.
func (a *App) throughTime(ctx context.Context, live *Live, moments []int64, mostHash uint64, progress func(done, total int64), do func(u *then) error) error {
	total, err := a.ports.Profiles.Count(ctx)
	if err != nil {
		return fault.Wrap(err, "count the profiles")
	}
	done := int64(0)
	var kept []Item
	err = a.eachBatch(ctx, func(items []Item) error {
		done += int64(len(items))
		for _, item := range items {
			if event.UserHash(item.Key) <= mostHash {
				kept = append(kept, item)
			}
		}
		if len(kept) >= momentBatch {
			if err := a.itemsThroughTime(ctx, live, kept, moments, do); err != nil {
				return err
			}
			kept = kept[:0]
		}
		if progress != nil {
			progress(done, total)
		}
		return nil
	})
	if err != nil {
		return err
	}
	return a.itemsThroughTime(ctx, live, kept, moments, do)
}

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
