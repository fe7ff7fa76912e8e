package app

import (
	"cmp"
	"context"
	"math"
	"slices"

	"github.com/weir-engine/weir/shared/event"
	"github.com/weir-engine/weir/shared/fault"
	"github.com/weir-engine/weir/shared/profile"
	"github.com/weir-engine/weir/shared/zone"
)

// A model of churn needs users who could churn, and of them some who did and some who did not.
const (
	leastAtRisk   = 100
	leastOutcomes = 20
)

// churnRow is a user who could churn on a day: one who had shown a sign of life and whom the rule of silence had not given up.
type churnRow struct {
	hash uint64
	x    []float64 // as of score.Engine.ChurnRow
	lead int       // days until the rule of silence would call the user churned
	gone bool      // no sign of life came in the horizon
}

// churnTable is the users who could churn on a day, as they were then, and what became of them by another day. Nothing of a
// row but its outcome comes from after the first day.
type churnTable struct {
	from, to zone.Day
	rows     []churnRow
	churned  int
	whole    bool // false: of a large base, a sample
}

// churnTable reads the base once, of a large one about churnSample users.
func (a *App) churnTable(ctx context.Context, live *Live, from, to zone.Day, progress func(done, total int64)) (*churnTable, error) {
	users, err := a.ports.Profiles.Count(ctx)
	if err != nil {
		return nil, fault.Wrap(err, "count the profiles")
	}
	moments := []int64{live.Zone.Start(from+1) - 1}
	if of := live.Engine.Strategy().Activity.Of; of != "" && of != profile.ActivityPurchase {
		moments = append(moments, live.Zone.Start(to+1)-1)
	}
	picked := newSample[churnRow](churnSample)
	limit, schema := live.Engine.SilenceLimit(), live.Engine.Schema()
	err = a.throughTime(ctx, live, moments, hashesFor(users, 4*churnSample), progress, func(u *then) error {
		before, after := u.at[0], u.at[len(u.at)-1]
		if len(moments) == 1 {
			after = u.now // every purchase day is kept
		}
		last, ok := schema.LastActivity(before, "", from)
		if !ok || before.Events == 0 {
			return nil
		}
		lead := limit - int(from-last)
		if lead <= 0 {
			return nil
		}
		x := live.Engine.ChurnRow(before, moments[0], nil)
		if x == nil {
			return nil
		}
		latest, _ := schema.LastActivity(after, "", to)
		hash := event.UserHash(u.key)
		picked.add(hash, churnRow{hash: hash, x: x, lead: lead, gone: latest <= from})
		return nil
	})
	if err != nil {
		return nil, err
	}
	t := &churnTable{from: from, to: to, rows: picked.rows, whole: picked.whole()}
	slices.SortFunc(t.rows, func(x, y churnRow) int { return cmp.Compare(x.hash, y.hash) })
	for i := range t.rows {
		if t.rows[i].gone {
			t.churned++
		}
	}
	return t, t.check()
}

// hashesFor is the hash up to which about n of users lie.
func hashesFor(users int64, n float64) uint64 {
	if float64(users) <= n {
		return math.MaxUint64
	}
	return uint64(float64(n/float64(users)) * 0x1p64)
}

// check refuses what no model of churn can be fitted to or judged by.
func (t *churnTable) check() error {
	n := len(t.rows)
	switch {
	case n < leastAtRisk:
		return fault.New(fault.Invalid, "on %s only %d users could churn, and at least %d are needed", t.from, n, leastAtRisk).
			WithHint("take a later day, or wait until more users are there")
	case t.churned < leastOutcomes:
		return fault.New(fault.Invalid, "of the %d users who could churn on %s only %d were gone on %s, and at least %d are needed", n, t.from, t.churned, t.to, leastOutcomes).
			WithHint("take a shorter horizon, or a day at which more was at stake")
	case n-t.churned < leastOutcomes:
		return fault.New(fault.Invalid, "of the %d users who could churn on %s only %d were still there by %s, and at least %d are needed", n, t.from, n-t.churned, t.to, leastOutcomes).
			WithHint("take a longer horizon, or an earlier day")
	}
	return nil
}
