package httpapi

import (
	"context"
	"encoding/json"

	"github.com/weir-engine/weir/shared/app"
	"github.com/weir-engine/weir/shared/fault"
	"github.com/weir-engine/weir/shared/httpapi/gen"
	"github.com/weir-engine/weir/shared/score"
)

// ListOutbox answers a page of messages, sent or not.
func (s *Server) ListOutbox(ctx context.Context, req gen.ListOutboxRequestObject) (gen.ListOutboxResponseObject, error) {
	p := req.Params
	if p.Status != nil && !p.Status.Valid() {
		return nil, fault.New(fault.Invalid, "no message has the status %q", *p.Status).WithHint("use pending, claimed, sent, suppressed, withheld, expired or unknown")
	}
	q := app.IntentQuery{Status: app.IntentStatus(value(p.Status)), Rule: value(p.Rule), Key: value(p.User)}
	page, err := s.messages(ctx, q, p.Shadow, p.After, p.Limit)
	return gen.ListOutbox200JSONResponse(page), err
}

// messages reads pages of the outbox until one of the asked size is filled with those that the shadow filter leaves.
func (s *Server) messages(ctx context.Context, q app.IntentQuery, shadow *bool, after *string, asked *int) (gen.MessagePage, error) {
	out := gen.MessagePage{Messages: []gen.Message{}}
	limit, err := pageLimit(asked)
	if err != nil {
		return out, err
	}
	if err := openCursor(after, &q.After); err != nil {
		return out, err
	}
	for {
		q.Limit = limit - len(out.Messages)
		page, next, err := s.app.Outbox(ctx, q)
		if err != nil {
			return out, err
		}
		for _, in := range page {
			if shadow != nil && in.Shadow != *shadow {
				continue
			}
			m, err := messageOf(in)
			if err != nil {
				return out, err
			}
			out.Messages = append(out.Messages, m)
		}
		q.After = next
		if next == "" {
			return out, nil
		}
		if len(out.Messages) == limit {
			out.Next = cursor(next)
			return out, nil
		}
	}
}

func messageOf(in app.Intent) (gen.Message, error) {
	var why []score.Reason
	if len(in.Reasons) > 0 {
		if err := json.Unmarshal(in.Reasons, &why); err != nil {
			return gen.Message{}, fault.New(fault.Internal, "the reasons of the message %s cannot be read", in.ID).Because(err)
		}
	}
	return gen.Message{
		Id: in.ID, UserId: in.Key, Rule: in.Rule, Template: in.Template, Channel: in.Channel, Episode: in.Episode, Shadow: in.Shadow,
		StrategyVersion: in.Strategy, AsOf: moment(in.AsOf), Due: moment(in.Due), HeldUntil: instant(in.Held), Status: gen.MessageStatus(in.Status), Why: text(in.Why),
		ClaimedAt: instant(in.Claimed), SettledAt: instant(in.Settled), Subject: text(in.Subject), Body: text(in.Body),
		Reasons: reasons(why),
	}, nil
}

// GetOutreach answers the state of outreach.
func (s *Server) GetOutreach(ctx context.Context, _ gen.GetOutreachRequestObject) (gen.GetOutreachResponseObject, error) {
	o, err := s.outreach(ctx)
	return gen.GetOutreach200JSONResponse(o), err
}

// StopOutreach stops all outreach.
func (s *Server) StopOutreach(ctx context.Context, req gen.StopOutreachRequestObject) (gen.StopOutreachResponseObject, error) {
	note := ""
	if req.Body != nil {
		note = value(req.Body.Note)
	}
	if err := s.app.StopOutreach(ctx, note); err != nil {
		return nil, err
	}
	o, err := s.outreach(ctx)
	return gen.StopOutreach200JSONResponse(o), err
}

// ResumeOutreach lets outreach go on.
func (s *Server) ResumeOutreach(ctx context.Context, _ gen.ResumeOutreachRequestObject) (gen.ResumeOutreachResponseObject, error) {
	if err := s.app.ResumeOutreach(ctx); err != nil {
		return nil, err
	}
	o, err := s.outreach(ctx)
	return gen.ResumeOutreach200JSONResponse(o), err
}

func (s *Server) outreach(ctx context.Context) (gen.Outreach, error) {
	o, err := s.app.Outreach(ctx)
	if err != nil {
		return gen.Outreach{}, err
	}
	out := gen.Outreach{
		Stopped: o.Stopped, ChangedAt: instant(o.At), Note: text(o.Note), Day: o.Day.String(), DailyCeiling: o.Ceiling,
		SentToday: o.Sent, Counts: []gen.StatusCount{}, Rules: []gen.OutreachRule{},
	}
	for _, status := range []app.IntentStatus{app.IntentPending, app.IntentClaimed, app.IntentSent, app.IntentSuppressed, app.IntentWithheld, app.IntentExpired, app.IntentUnknown} {
		out.Counts = append(out.Counts, gen.StatusCount{Status: gen.MessageStatus(status), Count: o.Counts[status]})
	}
	for _, r := range o.Live.Engine.Strategy().Outreach.Rules {
		out.Rules = append(out.Rules, gen.OutreachRule{
			Name: r.Name, EnterStage: text(r.On.EnterStage), EnterSegment: text(r.On.EnterSegment), Template: r.Template,
			Channel: r.Channel, Shadow: r.Shadow,
		})
	}
	return out, nil
}
