package httpapi

import (
	"context"
	"encoding/json"

	"github.com/weir-engine/weir/shared/app"
	"github.com/weir-engine/weir/shared/event"
	"github.com/weir-engine/weir/shared/fault"
	"github.com/weir-engine/weir/shared/httpapi/gen"
	"github.com/weir-engine/weir/shared/score"
)

// ListUsers answers a page of the users that match.
func (s *Server) ListUsers(ctx context.Context, req gen.ListUsersRequestObject) (gen.ListUsersResponseObject, error) {
	p := req.Params
	limit, err := pageLimit(p.Limit)
	if err != nil {
		return nil, err
	}
	q := app.UserQuery{
		Search: value(p.Search), Where: value(p.Where), Stage: value(p.Stage), Tier: value(p.Tier), RFM: value(p.Rfm),
		Segment: value(p.Segment), Limit: limit, AsOf: millis(p.AsOf),
	}
	if q.Sort, q.Desc, err = userSort(p.Sort, p.Order); err != nil {
		return nil, err
	}
	if err := openCursor(p.After, &q.After); err != nil {
		return nil, err
	}
	page, err := s.app.Users(ctx, q)
	if err != nil {
		return nil, err
	}
	currency, err := s.currency(ctx)
	if err != nil {
		return nil, err
	}
	out := gen.ListUsers200JSONResponse{
		AsOf: moment(page.AsOf), Total: page.Total, SpendMinor: &page.Spend, Currency: &currency, Users: []gen.UserRow{},
	}
	for i := range page.Users {
		out.Users = append(out.Users, userRow(&page.Users[i], currency))
	}
	if page.Next != "" {
		out.Next = cursor(page.Next)
	}
	if page.Exact != nil {
		row := userRow(page.Exact, currency)
		out.Exact = &row
	}
	out.Snapshot, err = s.readFrom(ctx, page.Shot)
	return out, err
}

func userSort(by *gen.UserSort, order *gen.ListUsersParamsOrder) (key string, desc bool, err error) {
	if by != nil && !by.Valid() {
		return "", false, fault.New(fault.Invalid, "users cannot be sorted by %q", *by).
			WithHint("sort by user_id, first_seen, last_seen, orders, spend or recency")
	}
	if order != nil && !order.Valid() {
		return "", false, fault.New(fault.Invalid, "the order is %q", *order).WithHint("use asc or desc")
	}
	key = string(value(by))
	if key == string(gen.SortUserId) {
		key = ""
	}
	return key, value(order) == gen.Desc, nil
}

func (s *Server) currency(ctx context.Context) (string, error) {
	live, err := s.app.Live(ctx)
	if err != nil {
		return "", err
	}
	return live.Engine.Strategy().Currency, nil
}

func userRow(r *score.Result, currency string) gen.UserRow {
	row := gen.UserRow{
		UserId: r.Key, FirstSeen: moment(r.FirstSeen), LastSeen: moment(r.LastSeen), Orders: int64(r.Orders), Repeats: r.X,
		LastRepeatWeeks: r.TX, AgeWeeks: r.T, RepeatMean: r.MX, SpendMinor: r.Spend, Currency: currency, R: r.R, F: r.F, M: r.M,
		RfmName: r.RFM, RfmCn: r.RFMCN, Tier: r.Tier, Stage: r.Stage, StageCandidate: r.Candidate,
		Tags: list(r.Tags), Segments: list(r.Segments),
	}
	if r.RecencyDays >= 0 && r.Orders > 0 {
		days := r.RecencyDays
		row.RecencyDays = &days
	}
	row.PAlive, row.ExpectedPurchases, row.ChurnP = knownScore(r.PAlive), knownScore(r.Expected), knownScore(r.ChurnP)
	if r.ChurnP >= 0 {
		row.ChurnWarning = &r.ChurnWarning
	}
	if r.Since != 0 {
		row.StageSince = text(r.Since.String())
	}
	return row
}

// knownScore returns nil for a score that is not known.
func knownScore(x float64) *float64 {
	if x < 0 {
		return nil
	}
	return &x
}

// ExplainUser answers every score of a user with its reasons.
func (s *Server) ExplainUser(ctx context.Context, req gen.ExplainUserRequestObject) (gen.ExplainUserResponseObject, error) {
	x, err := s.app.Explain(ctx, req.Id, millis(req.Params.AsOf))
	if err != nil {
		return nil, err
	}
	out := gen.ExplainUser200JSONResponse{
		UserId: x.Key, AsOf: moment(x.AsOf), StrategyVersion: x.Live.Version, CutsVersion: text(cutsVersion(x.Live)),
		ModelVersion: text(x.Live.Engine.Version()), Reasons: reasons(x.Reasons),
	}
	return out, nil
}

func cutsVersion(live *app.Live) string {
	if live.Cuts == nil {
		return ""
	}
	return live.Cuts.Version
}

func reasons(from []score.Reason) []gen.Reason {
	out := make([]gen.Reason, len(from))
	for i, r := range from {
		out[i] = gen.Reason{
			Score: r.Score, Value: r.Value, Text: gen.Label{Zh: r.Text.Zh, En: r.Text.En}, How: string(r.How),
			Inputs: list(inputs(r.Inputs)), Cuts: some(inputs(r.Cuts)), AsOf: moment(r.AsOf), Zone: r.Zone,
		}
		var conditions []gen.NamedCondition
		for _, c := range r.Conditions {
			conditions = append(conditions, gen.NamedCondition{Name: c.Name, When: c.When})
		}
		out[i].Conditions = some(conditions)
		if r.Rule != nil {
			rule := ruleReason(r.Rule)
			out[i].Rule = &rule
		}
	}
	return out
}

func inputs(from []score.Input) []gen.Input {
	var out []gen.Input
	for _, in := range from {
		out = append(out, gen.Input{Name: in.Name, Value: in.Value, Type: text(in.Type)})
	}
	return out
}

func ruleReason(r *score.Rule) gen.RuleReason {
	out := gen.RuleReason{Text: r.Text, Value: r.Value, Got: text(r.Got)}
	var children []gen.RuleReason
	for i := range r.Children {
		children = append(children, ruleReason(&r.Children[i]))
	}
	out.Children = some(children)
	return out
}

// ListUserEvents answers a page of a user's timeline.
func (s *Server) ListUserEvents(ctx context.Context, req gen.ListUserEventsRequestObject) (gen.ListUserEventsResponseObject, error) {
	limit, err := pageLimit(req.Params.Limit)
	if err != nil {
		return nil, err
	}
	var after string
	if err := openCursor(req.Params.After, &after); err != nil {
		return nil, err
	}
	rows, next, err := s.app.Timeline(ctx, req.Id, millis(req.Params.AsOf), after, limit)
	if err != nil {
		return nil, err
	}
	out := gen.ListUserEvents200JSONResponse{UserId: req.Id, Events: []gen.TimelineEvent{}}
	for i := range rows {
		out.Events = append(out.Events, timelineEvent(&rows[i]))
	}
	if next != "" {
		out.Next = cursor(next)
	}
	return out, nil
}

var kindNames = map[event.Kind]gen.TimelineEventType{
	event.Track: "track", event.Identify: "identify", event.Page: "page", event.Screen: "screen", event.Group: "group", event.Alias: "alias",
}

func timelineEvent(r *app.Row) gen.TimelineEvent {
	return gen.TimelineEvent{
		Id: app.EventID(r.ID), Type: kindNames[r.Kind], Name: text(r.Name), Time: moment(r.Time), Arrived: moment(r.Arrived),
		UserId: r.Key, MessageId: text(r.MessageID), AnonymousId: text(r.Anonymous), PreviousId: text(r.Previous),
		GroupId: text(r.Group), File: r.File, Properties: object(r.Properties), Traits: object(r.Traits), Context: object(r.Context),
	}
}

func object(raw string) *json.RawMessage {
	if raw == "" {
		return nil
	}
	m := json.RawMessage(raw)
	return &m
}

// ListUserDecisions answers a user's decision records.
func (s *Server) ListUserDecisions(ctx context.Context, req gen.ListUserDecisionsRequestObject) (gen.ListUserDecisionsResponseObject, error) {
	limit, err := pageLimit(req.Params.Limit)
	if err != nil {
		return nil, err
	}
	key, records, err := s.app.Decisions(ctx, req.Id, limit)
	if err != nil {
		return nil, err
	}
	out := gen.ListUserDecisions200JSONResponse{UserId: key, Decisions: []gen.Decision{}}
	for _, r := range records {
		d, err := decisionOf(r)
		if err != nil {
			return nil, err
		}
		out.Decisions = append(out.Decisions, d)
	}
	return out, nil
}

// ListUserMessages answers a page of the messages meant for a user.
func (s *Server) ListUserMessages(ctx context.Context, req gen.ListUserMessagesRequestObject) (gen.ListUserMessagesResponseObject, error) {
	out := gen.ListUserMessages200JSONResponse{Messages: []gen.Message{}}
	limit, err := pageLimit(req.Params.Limit)
	if err != nil {
		return nil, err
	}
	var after string
	if err := openCursor(req.Params.After, &after); err != nil {
		return nil, err
	}
	_, page, next, err := s.app.UserMessages(ctx, req.Id, after, limit)
	if err != nil {
		return nil, err
	}
	for _, in := range page {
		m, err := messageOf(in)
		if err != nil {
			return nil, err
		}
		out.Messages = append(out.Messages, m)
	}
	if next != "" {
		out.Next = cursor(next)
	}
	return out, nil
}

// ListUserLinks answers the facts that join ids into a user.
func (s *Server) ListUserLinks(ctx context.Context, req gen.ListUserLinksRequestObject) (gen.ListUserLinksResponseObject, error) {
	page, err := s.links(ctx, req.Id)
	return gen.ListUserLinks200JSONResponse(page), err
}

// RevokeLink undoes a wrong merge.
func (s *Server) RevokeLink(ctx context.Context, req gen.RevokeLinkRequestObject) (gen.RevokeLinkResponseObject, error) {
	if req.Body == nil || req.Body.A == "" || req.Body.B == "" {
		return nil, fault.New(fault.Invalid, "the two ids of the link are missing").WithHint(`send {"a": ID, "b": ID}`)
	}
	if _, _, err := s.app.RevokeLink(ctx, req.Body.A, req.Body.B); err != nil {
		return nil, err
	}
	page, err := s.links(ctx, req.Body.A)
	return gen.RevokeLink200JSONResponse(page), err
}

func (s *Server) links(ctx context.Context, id string) (gen.LinkList, error) {
	key, facts, err := s.app.UserLinks(ctx, id)
	if err != nil {
		return gen.LinkList{}, err
	}
	out := gen.LinkList{UserId: &key, Links: []gen.Link{}}
	for _, l := range facts {
		out.Links = append(out.Links, gen.Link{
			A: l.A, B: l.B, Alias: l.Alias, Time: moment(l.Time), Source: l.Source, Revoked: l.Revoked != 0, RevokedAt: instant(l.Revoked),
		})
	}
	return out, nil
}
