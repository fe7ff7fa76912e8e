package app

import (
	"context"

	"github.com/weir-engine/weir/shared/fault"
	"github.com/weir-engine/weir/shared/profile"
	"github.com/weir-engine/weir/shared/score"
	"github.com/weir-engine/weir/shared/zone"
)

// ScoreRow is what the models in force say of one user. A figure that they do not give is nil: those of purchases without a
// purchase, the probability of being alive where dropout is not identified, that of churn without a sign of life.
type ScoreRow struct {
	Key           string
	PAlive        *float64
	Expected      *float64 // purchases in the next 52 weeks
	ExpectedValue *float64 // of a purchase, major units
	CLV           *float64 // major units, over the horizon of the strategy's section value
	CLVLow        *float64 // the middle 90 % over the draws of the parameters
	CLVHigh       *float64
	ChurnP        *float64
	ChurnWarning  bool
	Reasons       []score.ChurnReason // at most three
	Stage         string              // the settled one
	StageSince    zone.Day            // 0 when that is not known
}

// EachScore runs do over what the models in force say of every user at asOf (0: the default moment), in key order. A row is
// valid during the call. Lifetime value costs about a millisecond a buyer. Errors: NotFound without models in force.
func (a *App) EachScore(ctx context.Context, asOf int64, do func(*ScoreRow) error) error {
	asOf, err := a.AsOf(ctx, asOf)
	if err != nil {
		return err
	}
	live, _, err := a.cutsAt(ctx, asOf)
	if err != nil {
		return err
	}
	if err := modelled(live); err != nil {
		return err
	}
	var r score.Result
	return a.eachFacts(ctx, live, asOf, func(key string, f *profile.Facts, s *profile.State) error {
		live.Engine.Score(key, f, s, live.Cuts, asOf, &r)
		row := ScoreRow{
			Key: key, PAlive: given(r.PAlive >= 0, r.PAlive), Expected: given(r.Expected >= 0, r.Expected), ChurnP: given(r.ChurnP >= 0, r.ChurnP),
			ChurnWarning: r.ChurnWarning, Reasons: live.Engine.Churn(f, asOf).Reasons, Stage: r.Stage, StageSince: r.Since,
		}
		if v := live.Engine.Value(f, asOf); v.OK {
			row.ExpectedValue, row.CLV, row.CLVLow, row.CLVHigh = &v.PerPurchase, &v.CLV, &v.Low, &v.High
		}
		return do(&row)
	})
}

func given(ok bool, x float64) *float64 {
	if !ok {
		return nil
	}
	return &x
}

// modelled refuses where no models are in force.
func modelled(l *Live) error {
	switch {
	case l.Models != nil:
		return nil
	case l.ModelsStale != nil:
		return fault.New(fault.NotFound, "no models are in force for this strategy").WithHint("%s", l.ModelsStale.En)
	}
	return fault.New(fault.NotFound, "no models are in force").WithHint("fit some with: weir fit; then publish them with: weir models publish VERSION")
}
