package app

import (
	"context"
	"sync"

	"github.com/weir-engine/weir/shared/fault"
)

// docRescore is how far the re-score after the last publication of a strategy has come.
const docRescore = "rescore"

// rescoreDoc is the place of a re-score. It is written before its publication, so that none is forgotten.
type rescoreDoc struct {
	Sequence int64       `json:"sequence"` // of the publication
	Cuts     bool        `json:"cuts"`     // its cuts are published
	After    string      `json:"after"`    // the last user that was passed, in the order of the store
	Done     SweepReport `json:"done"`
	Finished bool        `json:"finished"`
}

// Rescoring is how far the re-score after the last publication is.
type Rescoring struct {
	Sequence int64 `json:"sequence"`
	Users    int64 `json:"users"` // that were passed
	Total    int64 `json:"total"`
	Finished bool  `json:"finished"`
}

// Rescoring says how far the re-score after the last publication is; Finished when none was begun.
func (a *App) Rescoring(ctx context.Context) (Rescoring, error) {
	var d rescoreDoc
	current, err := a.Strategy(ctx)
	if err != nil {
		return Rescoring{}, err
	}
	if _, err := a.getDoc(ctx, docRescore, &d); err != nil {
		return Rescoring{}, err
	}
	total, err := a.ports.Profiles.Count(ctx)
	if err != nil {
		return Rescoring{}, fault.Wrap(err, "count the profiles")
	}
	r := Rescoring{Sequence: current.Sequence, Users: total, Total: total, Finished: true}
	if d.Sequence == current.Sequence && !d.Finished {
		r.Users, r.Finished = d.Done.Users, false
	}
	return r, nil
}

// rescoring reports whether the publication that is asked for is in force, and its re-score was cut short.
func (a *App) rescoring(ctx context.Context, live *Live, req PublishRequest) (bool, error) {
	var d rescoreDoc
	if _, err := a.getDoc(ctx, docRescore, &d); err != nil {
		return false, err
	}
	if d.Sequence != live.Sequence || d.Finished {
		return false, nil
	}
	current, err := a.Strategy(ctx)
	return err == nil && current.same(req), err
}

// rescore publishes the cuts of a new strategy and sets everyone's STATE as a baseline under it, from where an earlier call stopped.
func (a *App) rescore(ctx context.Context, live *Live, req PublishRequest) (SweepReport, error) {
	var d rescoreDoc
	if _, err := a.getDoc(ctx, docRescore, &d); err != nil {
		return SweepReport{}, err
	}
	if d.Sequence != live.Sequence {
		d = rescoreDoc{Sequence: live.Sequence}
	}
	clock, err := a.Clock(ctx)
	if err != nil {
		return SweepReport{}, err
	}
	if !d.Cuts {
		if err := a.refreshCuts(ctx, live, clock.AsOf, nil); err != nil {
			return SweepReport{}, err
		}
		d.Cuts = true
		if err := a.putDoc(ctx, docRescore, d); err != nil {
			return SweepReport{}, err
		}
	}
	if live, err = a.Live(ctx); err != nil { // with the cuts
		return SweepReport{}, err
	}
	n, err := a.ports.Profiles.Count(ctx)
	if err != nil {
		return SweepReport{}, fault.Wrap(err, "count the profiles")
	}
	d.Done.AsOf = clock.AsOf
	if n > 0 {
		plan, whole := sweepPlan{everyone: EveryoneVersions}, d.After == ""
		if plan.doc, err = a.getDoc(ctx, docSweep, &plan.known); err != nil {
			return d.Done, err
		}
		if err := a.rescorePass(ctx, live, &d, n, sweepAt{clock.AsOf, clock.Now, req.IncludeExisting}, req.Progress); err != nil {
			return d.Done, err
		}
		if whole { // else something may have been said of the bounds in between: the next sweep evaluates everyone
			if err := a.swept(ctx, plan, live, clock.AsOf); err != nil {
				return d.Done, err
			}
		}
		if err := a.moveAsOf(ctx, clock.AsOf); err != nil {
			return d.Done, err
		}
	}
	d.Finished, d.After = true, ""
	return d.Done, a.putDoc(ctx, docRescore, d)
}

// rescorePass evaluates everyone after the place, as many batches at a time as the host has workers, and notes the place. Users between
// the place and where a call died are evaluated twice: the second time nothing changes.
func (a *App) rescorePass(ctx context.Context, live *Live, d *rescoreDoc, total int64, at sweepAt, progress func(phase string, done, total int64)) error {
	for {
		if err := ctx.Err(); err != nil {
			return fault.New(fault.Unavailable, "interrupted").WithHint("publish it again: it goes on where it was").Because(err)
		}
		batches, last, err := a.scanBatches(ctx, d.After)
		if err != nil || len(batches) == 0 {
			return err
		}
		reports, errs := make([]SweepReport, len(batches)), make([]error, len(batches))
		var group sync.WaitGroup
		for i, items := range batches {
			one := func() {
				errs[i] = fault.Do(func() error { return a.sweepItems(ctx, live, items, at, &reports[i]) })
			}
			if len(batches) == 1 {
				one()
				continue
			}
			group.Go(one)
		}
		group.Wait()
		for i, err := range errs {
			if err != nil {
				return err
			}
			d.Done.Users += reports[i].Users
			d.Done.Changed += reports[i].Changed
			d.Done.Intents += reports[i].Intents
		}
		d.After = last
		if err := a.putDoc(ctx, docRescore, *d); err != nil {
			return err
		}
		progress("rescore", d.Done.Users, max(total, d.Done.Users))
	}
}

// scanBatches reads as many batches as the host has workers, after a place.
func (a *App) scanBatches(ctx context.Context, after string) (batches [][]Item, last string, err error) {
	for last = after; len(batches) < a.workers; {
		items, err := a.ports.Profiles.Scan(ctx, last, writeBatch)
		if err != nil {
			return nil, "", fault.Wrap(err, "read profiles")
		}
		if len(items) == 0 {
			break
		}
		batches, last = append(batches, items), items[len(items)-1].Key
	}
	return batches, last, nil
}
