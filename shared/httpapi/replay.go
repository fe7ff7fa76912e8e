package httpapi

import (
	"context"

	"github.com/weir-engine/weir/shared/app"
	"github.com/weir-engine/weir/shared/fault"
	"github.com/weir-engine/weir/shared/httpapi/gen"
	"github.com/weir-engine/weir/shared/zone"
)

// ReplayHistory begins to run history again under another strategy.
func (s *Server) ReplayHistory(ctx context.Context, req gen.ReplayHistoryRequestObject) (gen.ReplayHistoryResponseObject, error) {
	if req.Body == nil {
		return nil, noText()
	}
	if err := strategySize(req.Body.Text); err != nil {
		return nil, err
	}
	from, err := zone.ParseDay(req.Body.From)
	if err != nil {
		return nil, noDay("from", req.Body.From)
	}
	to, err := zone.ParseDay(req.Body.To)
	if err != nil {
		return nil, noDay("to", req.Body.To)
	}
	if _, err := s.app.ValidateStrategy(ctx, []byte(req.Body.Text)); err != nil {
		return nil, err
	}
	one, err := s.begin(ctx, gen.JobReplay, app.HistoryJob{Text: req.Body.Text, From: from, To: to})
	return gen.ReplayHistory202JSONResponse(one), err
}

func noDay(name, said string) error {
	return fault.New(fault.Invalid, "%s is %q, which is no day", name, said).WithHint("give a day such as 2026-01-31")
}

// ReplayOf is the report as the API answers it.
func ReplayOf(h *app.History) gen.Replay {
	out := gen.Replay{
		From: h.From.String(), To: h.To.String(), PublishedVersion: h.Published, TriedVersion: h.Tried, CutsVersion: text(h.Cuts), Recut: h.Recut,
		ModelsVersion: text(h.Models), Users: h.Users, LeftOut: h.LeftOut, Ceiling: h.Ceiling, DaysOverCeiling: h.OverCeiling,
		Stages: []gen.ReplayStage{}, Moves: []gen.ReplayMove{}, Messages: []gen.ReplayMessages{}, Days: []gen.ReplayDay{}, Samples: []gen.ReplaySample{},
		Notes: warnings(h.Notes()),
	}
	for _, x := range h.Stages {
		out.Stages = append(out.Stages, gen.ReplayStage(x))
	}
	for _, x := range h.Moves {
		out.Moves = append(out.Moves, gen.ReplayMove{What: x.What, From: x.From, To: x.To, Published: x.Published, Tried: x.Tried, Same: x.Same})
	}
	for _, x := range h.Messages {
		out.Messages = append(out.Messages, gen.ReplayMessages{
			Rule: x.Rule, Published: x.Published, Tried: x.Tried, Same: x.Same, OnlyPublished: x.OnlyPublished, OnlyTried: x.OnlyTried,
		})
	}
	for _, x := range h.Days {
		out.Days = append(out.Days, gen.ReplayDay{Day: x.Day.String(), Rule: x.Rule, Published: x.Published, Tried: x.Tried})
	}
	for _, x := range h.Samples {
		one := gen.ReplaySample{Rule: x.Rule, Tried: x.Tried, User: x.User, Day: x.Day.String(), Reasons: []gen.Label{}}
		for _, r := range x.Reasons {
			one.Reasons = append(one.Reasons, gen.Label{Zh: r.Zh, En: r.En})
		}
		out.Samples = append(out.Samples, one)
	}
	return out
}
