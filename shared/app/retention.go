package app

import (
	"context"

	"github.com/weir-engine/weir/shared/analytics"
	"github.com/weir-engine/weir/shared/fault"
	"github.com/weir-engine/weir/shared/profile"
	"github.com/weir-engine/weir/shared/zone"
)

// retentionDays are the marks of a retention table unless others are asked for.
var retentionDays = []int{1, 7, 14, 30, 60, 90, 180, 365}

// RetentionQuery asks for a retention table.
type RetentionQuery struct {
	AsOf int64 // 0: the default moment
	Days []int // the marks, ascending; none: the usual ones
}

// Retention says who is still there k days later: First counts from a user's first active day, Recurring from every one.
type Retention struct {
	AsOf      int64
	Of        analytics.Of
	First     *analytics.Retention
	Recurring *analytics.Recurring
}

// Retention goes once through the base. Invalid when the marks do not ascend.
func (a *App) Retention(ctx context.Context, q RetentionQuery) (*Retention, error) {
	if len(q.Days) == 0 {
		q.Days = retentionDays
	}
	before := 0
	for _, day := range q.Days {
		if day <= before {
			return nil, fault.New(fault.Invalid, "the day %d of the retention table does not come after %d", day, before).
				WithHint("give the days in ascending order, from 1 on, such as 1,7,30")
		}
		before = day
	}
	asOf, live, day, err := a.moment(ctx, q.AsOf)
	if err != nil {
		return nil, err
	}
	of := activityOf(live)
	r := &Retention{AsOf: asOf, Of: of, First: analytics.NewRetention(q.Days, of, day), Recurring: analytics.NewRecurring(q.Days, of, day)}
	err = a.eachFactsAnyOrder(ctx, live, asOf, func(_ string, f *profile.Facts, _ *profile.State) error {
		r.First.Add(f)
		r.Recurring.Add(f)
		return nil
	})
	return r, err
}

// moment returns the moment of a view, the published strategy and the day of the moment in its zone.
func (a *App) moment(ctx context.Context, asked int64) (asOf int64, live *Live, day zone.Day, err error) {
	if asOf, err = a.AsOf(ctx, asked); err != nil {
		return 0, nil, 0, err
	}
	if live, err = a.Live(ctx); err != nil {
		return 0, nil, 0, err
	}
	return asOf, live, live.Zone.Day(asOf), nil
}
