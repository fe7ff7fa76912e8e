package app

import (
	"context"

	"github.com/weir-engine/weir/shared/analytics"
	"github.com/weir-engine/weir/shared/fault"
	"github.com/weir-engine/weir/shared/profile"
	"github.com/weir-engine/weir/shared/zone"
)

// Limits of the day from which on a user counts as staying.
const (
	defaultStay = 30
	maxStay     = 365
)

// AhaQuery asks which early behaviour goes along with staying.
type AhaQuery struct {
	AsOf       int64 // 0: the default moment
	Stay       int   // the day from which on a user counts as staying; 0: 30
	Since      zone.Day
	Candidates []analytics.AhaCandidate // none: the usual ones of the strategy, less those that the profiles do not tell
}

// Aha is the answer: the candidates, best first.
type Aha struct {
	AsOf   int64
	Stay   int
	Rows   []analytics.AhaRow
	Untold []analytics.AhaCandidate // of the usual candidates, those that the profiles do not tell for every user
	Report *analytics.Aha
}

// Aha goes once through the base. Invalid when a candidate that was asked for is not told by the profiles.
func (a *App) Aha(ctx context.Context, q AhaQuery) (*Aha, error) {
	if q.Stay == 0 {
		q.Stay = defaultStay
	}
	if q.Stay < 1 || q.Stay > maxStay {
		return nil, fault.New(fault.Invalid, "the day to stay until is %d", q.Stay).WithHint("use a day between 1 and %d", maxStay)
	}
	asOf, live, _, err := a.moment(ctx, q.AsOf)
	if err != nil {
		return nil, err
	}
	usual, st := len(q.Candidates) == 0, live.Engine.Strategy()
	if usual {
		q.Candidates = analytics.AhaCandidates(st, q.Stay)
	}
	report, err := analytics.NewAha(st, live.Engine.Schema(), q.Candidates, q.Stay, q.Since, asOf)
	if err != nil {
		return nil, err
	}
	err = a.eachFactsAnyOrder(ctx, live, asOf, func(_ string, f *profile.Facts, _ *profile.State) error {
		report.Add(f)
		return nil
	})
	if err != nil {
		return nil, err
	}
	out := &Aha{AsOf: asOf, Stay: q.Stay, Report: report}
	if usual {
		out.Untold = report.DropUntold()
	}
	out.Rows, err = report.Report()
	return out, err
}
