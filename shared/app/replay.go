package app

import (
	"context"
	"encoding/json"
	"time"

	"github.com/weir-engine/weir/shared/fault"
	"github.com/weir-engine/weir/shared/score"
	"github.com/weir-engine/weir/shared/zone"
)

// ReplayReport compares a user's scores with what their stored reasons give.
type ReplayReport struct {
	User     string       `json:"user_id"`
	AsOf     time.Time    `json:"as_of"`
	Scores   int          `json:"scores"`
	Messages int          `json:"message_reasons"`
	Differ   []ReplayDiff `json:"differ"`
}

// ReplayDiff is a reason that gives another value than the one stored with it.
type ReplayDiff struct {
	Of       string `json:"of"` // "scores", or the id of a message
	Score    string `json:"score"`
	Stored   string `json:"stored"`
	Computed string `json:"computed"`
}

// Replay computes a user's scores at asOf, and the reasons of every message the user was meant to get, again from their
// stored inputs alone: no profile, strategy or cuts are read for it.
func (a *App) Replay(ctx context.Context, id string, asOf int64) (ReplayReport, error) {
	x, err := a.Explain(ctx, id, asOf)
	if err != nil {
		return ReplayReport{}, err
	}
	r := ReplayReport{User: x.Key, AsOf: moment(x.AsOf), Scores: len(x.Reasons), Differ: []ReplayDiff{}}
	if err := r.replay("scores", x.Reasons, a.zone, a.userZone); err != nil {
		return r, err
	}
	for after := ""; ; {
		_, page, next, err := a.UserMessages(ctx, x.Key, after, 1000)
		if err != nil {
			return r, err
		}
		for _, in := range page {
			var reasons []score.Reason
			if err := json.Unmarshal(in.Reasons, &reasons); err != nil {
				return r, fault.New(fault.Internal, "the reasons of the message %s cannot be read", in.ID).Because(err)
			}
			r.Messages += len(reasons)
			if err := r.replay(in.ID, reasons, a.zone, a.userZone); err != nil {
				return r, err
			}
		}
		if after = next; next == "" {
			return r, nil
		}
	}
}

func (r *ReplayReport) replay(of string, reasons []score.Reason, zones func(string) (*zone.Zone, error), users func(string) *zone.Zone) error {
	for _, reason := range reasons {
		z, err := zones(reason.Zone)
		if err != nil {
			return err
		}
		computed, err := score.ReplayIn(reason, z, users)
		if err != nil {
			return err
		}
		if computed != reason.Value {
			r.Differ = append(r.Differ, ReplayDiff{Of: of, Score: reason.Score, Stored: reason.Value, Computed: computed})
		}
	}
	return nil
}
