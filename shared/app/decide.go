package app

import (
	"context"
	"encoding/json"
	"slices"

	"github.com/weir-engine/weir/shared/fault"
	"github.com/weir-engine/weir/shared/journey"
	"github.com/weir-engine/weir/shared/profile"
)

// decide encodes the folded profile into the write and, unless the file is a backfill, settles its STATE.
func (c *chunkFold) decide(w *UserWrite, changed bool) error {
	w.Item.Facts = profile.EncodeFacts(nil, &c.facts)
	w.Item.Recent = profile.EncodeRecent(nil, &c.recent)
	if len(w.Absorb) > 0 && c.state.DecidedAt != 0 {
		w.Item.State = profile.EncodeState(nil, &c.state)
	}
	if c.in.file.Backfill {
		w.Item.Rebase = w.Item.Rebase || changed
		return nil
	}
	return settle(c.in.live, w, &c.facts, &c.state, c.in.asOf(), false)
}

// settle decides for one user and puts what follows into the write: STATE, the decision record and the intents.
func settle(l *Live, w *UserWrite, facts *profile.Facts, state *profile.State, asOf int64, includeExisting bool) error {
	prev := state
	switch {
	case w.Item.Rebase:
		prev.Strategy = "" // a backfill came in between: the next decision is a baseline
	case prev.DecidedAt == 0 && facts.FirstSeen >= l.Published:
		prev = newcomer(l, facts)
	}
	d := journey.Decide(l.Engine, w.Item.Key, facts, prev, l.Cuts, asOf, includeExisting)
	w.Item.Rebase = false
	w.Item.State = profile.EncodeState(nil, &d.State)
	if d.Changed {
		record, err := json.Marshal(d.Record)
		if err != nil {
			return fault.New(fault.Internal, "a decision record cannot be written").Because(err)
		}
		w.Decision = &Decision{Key: w.Item.Key, Seq: d.State.Seq, AsOf: asOf, Record: record}
	}
	for _, in := range d.Intents {
		reasons, err := json.Marshal(in.Reasons)
		if err != nil {
			return fault.New(fault.Internal, "the reasons of an intent cannot be written").Because(err)
		}
		w.Intents = append(w.Intents, Intent{
			ID: in.ID, Key: w.Item.Key, Rule: in.Rule, Template: in.Template, Channel: in.Channel, Episode: in.Episode,
			Shadow: in.Shadow, Strategy: l.Version, AsOf: asOf, Due: in.Due, Reasons: reasons, Status: IntentPending,
		})
	}
	return nil
}

// newcomer is the state before the first event of a user who came after the strategy was published: what happens to such a
// user is a transition, not a baseline.
func newcomer(l *Live, facts *profile.Facts) *profile.State {
	s := &profile.State{Strategy: l.Version, Model: l.Engine.Version(), DecidedAt: facts.FirstSeen}
	if l.Cuts != nil {
		s.Cuts = l.Cuts.Version
	}
	return s
}

// SweepReport is the outcome of a sweep.
type SweepReport struct {
	Users   int64 `json:"users"`
	Changed int64 `json:"changed"`
	Intents int64 `json:"intents"`
	AsOf    int64 `json:"as_of"`
}

// Sweep evaluates every user at the present moment: time moves users without events. It is safe to repeat.
func (a *App) Sweep(ctx context.Context, progress func(done, total int64)) (SweepReport, error) {
	ctx, release, err := a.exclusive(ctx)
	if err != nil {
		return SweepReport{}, err
	}
	defer release()
	defer a.forgetBase()
	now, err := a.now(ctx)
	if err != nil {
		return SweepReport{}, err
	}
	live, err := a.Live(ctx)
	if err != nil {
		return SweepReport{}, err
	}
	if _, err := a.refold(ctx, live, nil); err != nil {
		return SweepReport{}, err
	}
	if err := a.refreshStaleCuts(ctx, now); err != nil {
		return SweepReport{}, err
	}
	return a.sweep(ctx, now, false, progress)
}

func (a *App) sweep(ctx context.Context, now int64, includeExisting bool, progress func(done, total int64)) (SweepReport, error) {
	report := SweepReport{AsOf: now}
	live, err := a.Live(ctx)
	if err != nil {
		return report, err
	}
	total, err := a.ports.Profiles.Count(ctx)
	if err != nil {
		return report, fault.Wrap(err, "count the profiles")
	}
	err = a.eachBatch(ctx, func(items []Item) error {
		if err := a.sweepItems(ctx, live, items, now, includeExisting, &report); err != nil {
			return err
		}
		if progress != nil {
			progress(report.Users, total)
		}
		return nil
	})
	if err != nil {
		return report, err
	}
	return report, a.moveAsOf(ctx, now)
}

// sweepItems decides for a batch; users that changed in between are left to the event that changed them.
func (a *App) sweepItems(ctx context.Context, live *Live, items []Item, now int64, includeExisting bool, report *SweepReport) error {
	var writes []UserWrite
	later, err := a.refoldLater(ctx, live, items, now)
	if err != nil {
		return err
	}
	for _, item := range items {
		var facts profile.Facts
		var state profile.State
		if err := decodeItem(item, &facts, nil, &state); err != nil {
			return fault.Wrap(err, "read the profile of %s", item.Key)
		}
		if f, ok := later[item.Key]; ok {
			facts = *f
		}
		w := UserWrite{Item: item}
		if err := settle(live, &w, &facts, &state, now, includeExisting); err != nil {
			return err
		}
		report.Users++
		if w.Decision == nil && slices.Equal(w.Item.State, item.State) && w.Item.Rebase == item.Rebase {
			continue
		}
		report.Changed++
		report.Intents += int64(len(w.Intents))
		writes = append(writes, w)
	}
	if len(writes) == 0 {
		return nil
	}
	each, err := a.ports.Profiles.Write(ctx, writes)
	if err != nil {
		return fault.Wrap(err, "write profiles")
	}
	for i, err := range each {
		if err != nil && !fault.Is(err, fault.Conflict) {
			return fault.Wrap(err, "write the profile of %s", writes[i].Item.Key)
		}
	}
	return nil
}

// eachBatch runs do over the whole base, batch by batch in the order of the store.
func (a *App) eachBatch(ctx context.Context, do func([]Item) error) error {
	return a.eachBatchAfter(ctx, "", do)
}

// eachBatchAfter runs do over the base from the place after a key on ("" for the whole of it).
func (a *App) eachBatchAfter(ctx context.Context, after string, do func([]Item) error) error {
	for {
		if err := ctx.Err(); err != nil {
			return fault.New(fault.Unavailable, "interrupted").WithHint("start it again").Because(err)
		}
		items, err := a.ports.Profiles.Scan(ctx, after, writeBatch)
		if err != nil {
			return fault.Wrap(err, "read profiles")
		}
		if len(items) == 0 {
			return nil
		}
		if err := do(items); err != nil {
			return err
		}
		after = items[len(items)-1].Key
	}
}

// refoldLater folds anew, from the kept events up to asOf, those users whose facts hold events after asOf.
func (a *App) refoldLater(ctx context.Context, live *Live, items []Item, asOf int64) (map[string]*profile.Facts, error) {
	return a.refoldWhere(ctx, live, items, asOf, func(f *profile.Facts) bool { return f.LastSeen > asOf })
}

// refoldWhere folds anew, from the kept events up to asOf, those users for whom need says so.
func (a *App) refoldWhere(ctx context.Context, live *Live, items []Item, asOf int64, need func(*profile.Facts) bool) (map[string]*profile.Facts, error) {
	var keys []string
	var facts profile.Facts
	for _, item := range items {
		facts.Reset()
		if err := decodeItem(item, &facts, nil, nil); err != nil {
			return nil, fault.Wrap(err, "read the profile of %s", item.Key)
		}
		if need(&facts) {
			keys = append(keys, item.Key)
		}
	}
	if len(keys) == 0 {
		return nil, nil
	}
	return a.foldKept(ctx, live, keys, asOf)
}
