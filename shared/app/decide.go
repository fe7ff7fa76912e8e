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
		if changed {
			w.Item.Rebase = true
			undecided(&w.Item)
		}
		return nil
	}
	return settle(c.in.live, w, &c.facts, &c.state, sweepAt{asOf: c.in.asOf(), now: c.in.now})
}

// sweepAt says at which moment decisions are made, and how.
type sweepAt struct {
	asOf            int64
	now             int64 // by the clock of the base
	includeExisting bool
}

// settle decides for one user and puts what follows into the write: STATE and when it is due again, the decision record and the intents.
func settle(l *Live, w *UserWrite, facts *profile.Facts, state *profile.State, at sweepAt) error {
	prev, asOf := state, at.asOf
	switch {
	case w.Item.Rebase:
		prev.Strategy = "" // a backfill came in between: the next decision is a baseline
	case prev.DecidedAt == 0 && facts.FirstSeen >= l.Published:
		prev = newcomer(l, facts)
	}
	d := journey.Decide(l.Engine, w.Item.Key, facts, prev, l.Cuts, asOf, at.includeExisting)
	w.Item.Rebase = false
	w.Item.State = profile.EncodeState(nil, &d.State)
	setDue(l, &w.Item, facts, &d.State, at)
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
	Users    int64  `json:"users"` // who were evaluated
	Changed  int64  `json:"changed"`
	Intents  int64  `json:"intents"`
	AsOf     int64  `json:"as_of"`
	Everyone string `json:"everyone,omitempty"` // why everyone was evaluated: bounds, versions or snapshot; "": who was due
	Snapshot int64  `json:"snapshot_age"`       // of the stored snapshot, in milliseconds; -1 without one
}

// Sweep evaluates who is due at the present moment: time moves users without events. It evaluates everyone where it is not known who is
// due (see due.go). It is safe to repeat.
func (a *App) Sweep(ctx context.Context, progress func(done, total int64)) (SweepReport, error) {
	ctx, release, err := a.exclusive(ctx)
	if err != nil {
		return SweepReport{}, err
	}
	defer release()
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
	if live, err = a.Live(ctx); err != nil {
		return SweepReport{}, err
	}
	plan, err := a.planSweep(ctx, live, now)
	if err != nil {
		return SweepReport{}, err
	}
	if plan.everyone != "" {
		return a.sweepAll(ctx, plan, sweepAt{asOf: now, now: now}, progress)
	}
	report := plan.report(now, now)
	if err := a.sweepDue(ctx, live, plan, now, &report); err != nil {
		return report, err
	}
	if err := a.swept(ctx, plan, live, now); err != nil {
		return report, err
	}
	return report, a.passed(ctx, live, now)
}

// report is what a sweep says before it began.
func (p *sweepPlan) report(asOf, now int64) SweepReport {
	r := SweepReport{AsOf: asOf, Everyone: p.everyone, Snapshot: -1}
	if p.shot.Generation != "" {
		r.Snapshot = max(now-p.shot.Started, 0)
	}
	return r
}

// passed makes the moment of a sweep the default one of views when it is of another day. Where something changed it is already.
func (a *App) passed(ctx context.Context, live *Live, asOf int64) error {
	clock, err := a.Clock(ctx)
	if err != nil || live.Zone.Day(clock.AsOf) == live.Zone.Day(asOf) {
		return err
	}
	a.forgetBase()
	return a.moveAsOf(ctx, asOf)
}

// sweep evaluates everyone at asOf.
func (a *App) sweep(ctx context.Context, asOf int64, includeExisting bool, progress func(done, total int64)) (SweepReport, error) {
	now, err := a.now(ctx)
	if err != nil {
		return SweepReport{}, err
	}
	plan := sweepPlan{everyone: EveryoneVersions}
	if plan.doc, err = a.getDoc(ctx, docSweep, &plan.known); err != nil {
		return SweepReport{}, err
	}
	return a.sweepAll(ctx, plan, sweepAt{asOf, now, includeExisting}, progress)
}

func (a *App) sweepAll(ctx context.Context, plan sweepPlan, at sweepAt, progress func(done, total int64)) (SweepReport, error) {
	defer a.forgetBase()
	report := plan.report(at.asOf, at.now)
	live, err := a.Live(ctx)
	if err != nil {
		return report, err
	}
	total, err := a.ports.Profiles.Count(ctx)
	if err != nil {
		return report, fault.Wrap(err, "count the profiles")
	}
	err = a.eachBatch(ctx, func(items []Item) error {
		if err := a.sweepItems(ctx, live, items, at, &report); err != nil {
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
	if err := a.swept(ctx, plan, live, at.asOf); err != nil {
		return report, err
	}
	return report, a.passed(ctx, live, at.asOf)
}

// sweepItems decides for a batch; users that changed in between are left to the event that changed them.
func (a *App) sweepItems(ctx context.Context, live *Live, items []Item, at sweepAt, report *SweepReport) error {
	var writes []UserWrite
	later, err := a.refoldLater(ctx, live, items, at.asOf)
	if err != nil {
		return err
	}
	before := report.Changed
	for _, item := range items {
		var facts profile.Facts
		var state profile.State
		if err := decodeItem(item, &facts, nil, &state); err != nil {
			return fault.Wrap(err, "read the profile of %s", item.Key)
		}
		f, past := later[item.Key]
		if past {
			facts = *f
		}
		w := UserWrite{Item: item}
		if err := settle(live, &w, &facts, &state, at); err != nil {
			return err
		}
		if past { // what comes later is known already, and may count at any moment
			w.Item.Due, w.Item.Soon = at.asOf+1, true
		}
		report.Users++
		if w.Decision == nil && slices.Equal(w.Item.State, item.State) && w.Item.Rebase == item.Rebase {
			if item.Due > at.now && item.Due <= w.Item.Due {
				continue // nothing changed, and the bound holds still
			}
		} else {
			report.Changed++
		}
		report.Intents += int64(len(w.Intents))
		writes = append(writes, w)
	}
	if len(writes) == 0 {
		return nil
	}
	if before == 0 && report.Changed > 0 { // views of a moment before a decision do not see it
		a.forgetBase()
		if err := a.moveAsOf(ctx, at.asOf); err != nil {
			return err
		}
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
