package app

import (
	"cmp"
	"context"
	"slices"

	"github.com/weir-engine/weir/shared/fault"
	"github.com/weir-engine/weir/shared/model"
	"github.com/weir-engine/weir/shared/profile"
	"github.com/weir-engine/weir/shared/zone"
)

// Periods of models with discrete opportunities.
const (
	EveryMonth = "month"
	EveryYear  = "year"
)

// every numbers the calendar periods in order of time.
func every(period string) (func(zone.Day) int, error) {
	switch period {
	case "", EveryMonth:
		return func(d zone.Day) int { t := d.Time(); return t.Year()*12 + int(t.Month()) - 1 }, nil
	case EveryYear:
		return func(d zone.Day) int { return d.Time().Year() }, nil
	}
	return nil, fault.New(fault.Invalid, "%q is no period of opportunities", period).WithHint("use month or year")
}

// chances is a user's history in calendar periods: the period of the first purchase is period 0, and every whole one after it
// up to the end of the calibration is an opportunity.
type chances struct {
	n      int // opportunities
	x      int // those with a purchase
	last   int // the last of them; 0: none
	streak int // those with a purchase before the first without
}

// returned reports whether the user bought again after an opportunity without a purchase.
func (c chances) returned() bool { return c.last > c.streak }

// missed reports whether there was an opportunity without a purchase.
func (c chances) missed() bool { return c.streak < c.n }

func chancesOf(f *profile.Facts, h profile.History, o observation, index func(zone.Day) int) (c chances, ok bool) {
	first, last := index(h.First), index(o.end+1)-1 // the last whole period
	if c.n = last - first; c.n < 0 {
		return c, false
	}
	for day := range f.PurchaseDays(o.end) {
		k := index(day.Day) - first
		if k == 0 || k == c.last || k > c.n {
			continue
		}
		if c.x++; k == c.streak+1 {
			c.streak = k
		}
		c.last = k
	}
	return c, true
}

// eachChances runs do over every buyer's opportunities.
func (a *App) eachChances(ctx context.Context, live *Live, o observation, period string, progress func(done, total int64), do func(chances)) error {
	index, err := every(period)
	if err != nil {
		return err
	}
	return a.eachHistory(ctx, live, o, false, progress, func(_ string, f *profile.Facts, h profile.History) error {
		if c, ok := chancesOf(f, h, o, index); ok {
			do(c)
		}
		return nil
	})
}

// fitOpportunities fits BG/BB to the periods with a purchase among those in which there could have been one.
func (a *App) fitOpportunities(ctx context.Context, live *Live, o observation, period string, progress func(done, total int64)) (*model.Fit, error) {
	counts := map[[3]int]float64{}
	err := a.eachChances(ctx, live, o, period, progress, func(c chances) {
		if c.n > 0 {
			counts[[3]int{c.n, c.x, c.last}]++
		}
	})
	if err != nil {
		return nil, err
	}
	rows := make([]model.Opportunity, 0, len(counts))
	for k, users := range counts {
		rows = append(rows, model.Opportunity{N: float64(k[0]), X: float64(k[1]), TX: float64(k[2]), Weight: users})
	}
	slices.SortFunc(rows, func(x, y model.Opportunity) int {
		return cmp.Or(cmp.Compare(x.N, y.N), cmp.Compare(x.X, y.X), cmp.Compare(x.TX, y.TX))
	})
	return model.Opportunities(rows)
}

// mostReturns is the share of those who let a renewal pass that may buy again later in a base of subscriptions: who left a
// contract is gone.
const mostReturns = 0.1

// fitSubscriptions fits sBG to renewals: one is due in every whole period after that of the first purchase, made when there is
// a purchase within it, and the subscription ends at the first that is not made.
func (a *App) fitSubscriptions(ctx context.Context, live *Live, o observation, period string, progress func(done, total int64)) (*model.Fit, error) {
	var lost, kept []float64
	var missed, returned float64
	err := a.eachChances(ctx, live, o, period, progress, func(c chances) {
		for len(lost) < c.n {
			lost, kept = append(lost, 0), append(kept, 0)
		}
		switch {
		case c.n == 0:
		case c.missed():
			lost[c.streak]++
			if missed++; c.returned() {
				returned++
			}
		default:
			kept[c.n-1]++
		}
	})
	if err != nil {
		return nil, err
	}
	if share := returned / max(missed, 1); share > mostReturns {
		return nil, fault.New(fault.Invalid, "this is no base of subscriptions: %.0f %% of those who let a %s pass bought again later", float64(100*share), cmp.Or(period, EveryMonth)).
			WithHint("fit mbgnbd for a shop, or bgbb for purchases at regular occasions; a subscription renews every period until it ends for good")
	}
	return model.Renewals(lost, kept)
}
