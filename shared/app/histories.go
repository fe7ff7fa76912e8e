package app

import (
	"cmp"
	"context"
	"slices"

	"github.com/weir-engine/weir/shared/event"
	"github.com/weir-engine/weir/shared/fault"
	"github.com/weir-engine/weir/shared/model"
	"github.com/weir-engine/weir/shared/profile"
	"github.com/weir-engine/weir/shared/zone"
)

// observation is the time over which a model watches the base.
type observation struct {
	end    zone.Day // the last day of the calibration
	newest zone.Day // the last day of what is known: the holdout is (end, newest]
	cohort int64    // leave out users whose first purchase day begins at this moment or later; 0: nobody
}

// weeks is the length of the holdout.
func (o observation) weeks() float64 { return float64(max(o.newest-o.end, 0)) / 7 }

// observe turns the request into days. Purchases count up to the end of the day that holds the end of the calibration.
func (a *App) observe(ctx context.Context, live *Live, calibrationEnd, cohortBefore int64) (observation, error) {
	newest, err := a.Newest(ctx)
	if err != nil {
		return observation{}, err
	}
	now, err := a.now(ctx)
	if err != nil {
		return observation{}, err
	}
	if calibrationEnd == 0 {
		calibrationEnd = newest
	}
	o := observation{end: live.Zone.Day(calibrationEnd), newest: live.Zone.Day(newest), cohort: cohortBefore}
	if o.end > max(o.newest, live.Zone.Day(now)) {
		return o, fault.New(fault.Invalid, "the calibration ends on %s, which has not come", o.end).
			WithHint("end it on %s, the day of the newest event, or before", o.newest)
	}
	return o, nil
}

// has reports whether the observation holds a user with this history.
func (o observation) has(live *Live, h profile.History) bool {
	return h.Days > 0 && (o.cohort == 0 || live.Zone.Start(h.First) < o.cohort)
}

// eachHistory runs do over every user of the base with the purchase history at the end of the calibration. The number and the
// days of purchases need no events: FACTS keep every purchase day. Money does: a refund that came after the calibration may
// count on a day within it. With money set such users are folded again up to the end. What do receives is valid during the call.
func (a *App) eachHistory(ctx context.Context, live *Live, o observation, money bool, progress func(done, total int64), do func(key string, f *profile.Facts, h profile.History) error) error {
	total, err := a.ports.Profiles.Count(ctx)
	if err != nil {
		return fault.Wrap(err, "count the profiles")
	}
	end := live.Zone.Start(o.end+1) - 1
	done := int64(0)
	var facts profile.Facts
	return a.eachBatch(ctx, func(items []Item) error {
		var again map[string]*profile.Facts
		if money {
			refunded := func(f *profile.Facts) bool { return f.LastSeen > end && refunds(f) }
			if again, err = a.refoldWhere(ctx, live, items, end, refunded); err != nil {
				return err
			}
		}
		for _, item := range items {
			f := again[item.Key]
			if f == nil {
				f = &facts
				f.Reset()
				if err := decodeItem(item, f, nil, nil); err != nil {
					return fault.Wrap(err, "read the profile of %s", item.Key)
				}
			}
			if h := f.History(o.end); o.has(live, h) {
				if err := do(item.Key, f, h); err != nil {
					return err
				}
			}
		}
		if done += int64(len(items)); progress != nil {
			progress(done, total)
		}
		return nil
	})
}

// refunds reports whether a named order was refunded.
func refunds(f *profile.Facts) bool {
	return len(f.Refunds) > 0 || slices.ContainsFunc(f.Orders, func(o profile.Order) bool { return o.Refunded != 0 })
}

// purchaseRows reads the base once and joins equal histories: memory follows the number of different ones, not of users.
func (a *App) purchaseRows(ctx context.Context, live *Live, o observation, progress func(done, total int64)) ([]model.HoldoutRow, error) {
	type history struct{ x, tx, t int }
	type count struct{ users, later int64 }
	counts := map[history]*count{}
	err := a.eachHistory(ctx, live, o, false, progress, func(_ string, f *profile.Facts, h profile.History) error {
		key := history{h.X, h.TX, h.T}
		c := counts[key]
		if c == nil {
			c = new(count)
			counts[key] = c
		}
		c.users++
		if o.newest > o.end {
			c.later += int64(f.History(o.newest).Days - h.Days)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	rows := make([]model.HoldoutRow, 0, len(counts))
	for h, c := range counts {
		users := float64(c.users)
		row := model.Row{X: float64(h.x), TX: float64(h.tx) / 7, T: float64(h.t) / 7, Weight: users}
		rows = append(rows, model.HoldoutRow{Row: row, Later: float64(c.later) / users})
	}
	slices.SortFunc(rows, func(x, y model.HoldoutRow) int {
		return cmp.Or(cmp.Compare(x.X, y.X), cmp.Compare(x.T, y.T), cmp.Compare(x.TX, y.TX))
	})
	return rows, nil
}

// spendRows reads the repeat purchases' mean values, in major units, of the buyers; of a large base, those of a sample.
func (a *App) spendRows(ctx context.Context, live *Live, o observation, progress func(done, total int64)) ([]model.Spend, error) {
	minor := minorUnits(live)
	picked := newSample[model.Spend](moneySample)
	err := a.eachHistory(ctx, live, o, true, progress, func(key string, _ *profile.Facts, h profile.History) error {
		if h.X > 0 {
			x := float64(h.X)
			picked.add(event.UserHash(key), model.Spend{X: x, Mean: float64(h.RepeatNet) / (x * minor)})
		}
		return nil
	})
	return picked.rows, err
}

// minorUnits is how many minor units make a major one of the project's currency.
func minorUnits(live *Live) float64 {
	minor := 1.0
	for range event.MinorDigits(live.Engine.Strategy().Currency) {
		minor = float64(minor * 10)
	}
	return minor
}

// moneySample and churnSample are how many users a fit that cannot join equal rows reads at most.
const (
	moneySample = 200_000
	churnSample = 100_000
)

// sample keeps at most a number of rows, and about half of that at least once there are more: those of the users with the smallest
// hashes. Which users these are depends neither on chance nor on the order in which they come.
type sample[T any] struct {
	size   int
	limit  uint64
	hashes []uint64
	rows   []T
}

func newSample[T any](size int) *sample[T] { return &sample[T]{size: size, limit: 1<<64 - 1} }

func (s *sample[T]) add(hash uint64, row T) {
	if hash > s.limit {
		return
	}
	s.hashes, s.rows = append(s.hashes, hash), append(s.rows, row)
	for len(s.rows) > s.size && s.limit > 0 {
		s.limit /= 2
		n := 0
		for i, h := range s.hashes {
			if h <= s.limit {
				s.hashes[n], s.rows[n] = h, s.rows[i]
				n++
			}
		}
		s.hashes, s.rows = s.hashes[:n], s.rows[:n]
	}
}

// whole reports whether no user was left out.
func (s *sample[T]) whole() bool { return s.limit == 1<<64-1 }
