package httpapi

import (
	"cmp"
	"context"
	"slices"

	"github.com/weir-engine/weir/shared/app"
	"github.com/weir-engine/weir/shared/catalog"
	"github.com/weir-engine/weir/shared/fault"
	"github.com/weir-engine/weir/shared/httpapi/gen"
	"github.com/weir-engine/weir/shared/plan"
	"github.com/weir-engine/weir/shared/strategy"
)

// ListEvents answers the event catalogue.
func (s *Server) ListEvents(ctx context.Context, _ gen.ListEventsRequestObject) (gen.ListEventsResponseObject, error) {
	c, err := s.app.Catalog(ctx)
	if err != nil {
		return nil, err
	}
	out := gen.ListEvents200JSONResponse{
		Events: []gen.KnownEvent{}, Beyond: c.Beyond, Partial: c.Partial, Updated: instant(c.At), Violations: violations(c.Violations, ""),
	}
	for _, name := range c.Names() {
		out.Events = append(out.Events, knownEvent(c, name))
	}
	if c.Plan != nil {
		out.Plan = &gen.TrackingPlanVersion{
			Version: c.Plan.Version, Number: c.Plan.Sequence, Name: text(c.Plan.Name), PublishedAt: moment(c.Plan.At), Note: text(c.Plan.Note),
		}
		mode := gen.EventCatalogUnplanned(c.Planned.Unplanned)
		out.Unplanned = &mode
	}
	return out, nil
}

func knownEvent(c *app.Catalog, name string) gen.KnownEvent {
	out := gen.KnownEvent{Name: name}
	if e, ok := c.Event(name); ok {
		out.Volume, out.FirstSeen, out.LastSeen, out.Flagged, out.Quarantined = e.Count, instant(e.First), instant(e.Last), e.Flagged, e.Quarantined
	}
	names, _ := c.PropertyNames(name)
	out.Properties = len(names)
	if e, ok := plannedEvent(c, name); ok {
		mode := gen.KnownEventMode(e.Mode)
		out.Planned, out.Mode = true, &mode
	}
	return out
}

func plannedEvent(c *app.Catalog, name string) (plan.Event, bool) {
	if c.Planned == nil {
		return plan.Event{}, false
	}
	return c.Planned.Event(name)
}

// violations returns those of an event, "" for all.
func violations(all []catalog.Violation, name string) []gen.PlanViolation {
	out := []gen.PlanViolation{}
	for _, v := range all {
		if name == "" || v.Event == name {
			out = append(out, gen.PlanViolation{
				At: moment(v.At), File: v.File, Line: v.Line, Event: v.Event, Mode: gen.PlanViolationMode(v.Mode), Detail: v.Detail,
			})
		}
	}
	return out
}

// GetEventDetail answers what is known of one event.
func (s *Server) GetEventDetail(ctx context.Context, req gen.GetEventDetailRequestObject) (gen.GetEventDetailResponseObject, error) {
	c, err := s.app.Catalog(ctx)
	if err != nil {
		return nil, err
	}
	if !slices.Contains(c.Names(), req.Name) {
		err := fault.New(fault.NotFound, "no event has the name %q", req.Name)
		if _, near := c.Knows(req.Name); near != "" {
			return nil, err.WithHint("did you mean %s?", near)
		}
		return nil, err.WithHint("list the events with: weir events list")
	}
	e, came := c.Event(req.Name)
	if !came {
		e = &catalog.Event{Name: req.Name}
	}
	planned, _ := plannedEvent(c, req.Name)
	out := gen.GetEventDetail200JSONResponse{
		Event: knownEvent(c, req.Name), Description: text(planned.Description), Examined: e.Examined, Properties: []gen.KnownProperty{}, More: e.More,
		Violations: violations(c.Violations, req.Name),
	}
	names, _ := c.PropertyNames(req.Name)
	for _, name := range names {
		out.Properties = append(out.Properties, knownProperty(e, planned, name))
	}
	return out, nil
}

func knownProperty(e *catalog.Event, planned plan.Event, name string) gen.KnownProperty {
	out := gen.KnownProperty{Name: name, Types: []string{}, Values: []string{}}
	for _, p := range planned.Properties {
		if p.Name == name {
			out.Planned, out.Required, out.Types = true, p.Required, p.Types
		}
	}
	p, came := e.Property(name)
	if !came {
		return out
	}
	out.Types, out.Values = typesOf(p), p.Common()
	if e.Examined > 0 {
		out.Share = float64(p.Seen()) / float64(e.Examined)
	}
	return out
}

// typesOf lists the types that were seen, the most frequent first.
func typesOf(p *catalog.Property) []string {
	kinds := []catalog.Kind{}
	for k, n := range p.Kinds {
		if n > 0 {
			kinds = append(kinds, catalog.Kind(k))
		}
	}
	slices.SortStableFunc(kinds, func(x, y catalog.Kind) int { return cmp.Compare(p.Kinds[y], p.Kinds[x]) })
	out := make([]string, len(kinds))
	for i, k := range kinds {
		out[i] = k.String()
	}
	return out
}

func planOf(v app.PlanVersion) gen.TrackingPlan {
	return gen.TrackingPlan{
		Version: v.Version, Number: v.Sequence, Name: text(v.Name), PublishedAt: moment(v.At), Note: text(v.Note), Text: v.Text,
	}
}

// GetPlan answers the tracking plan in force.
func (s *Server) GetPlan(ctx context.Context, _ gen.GetPlanRequestObject) (gen.GetPlanResponseObject, error) {
	v, err := s.app.Plan(ctx)
	return gen.GetPlan200JSONResponse(planOf(v)), err
}

// ListPlanVersions answers every publication, newest first.
func (s *Server) ListPlanVersions(ctx context.Context, _ gen.ListPlanVersionsRequestObject) (gen.ListPlanVersionsResponseObject, error) {
	all, err := s.app.PlanVersions(ctx)
	out := gen.ListPlanVersions200JSONResponse{Versions: []gen.TrackingPlan{}}
	for _, v := range all {
		out.Versions = append(out.Versions, planOf(v))
	}
	return out, err
}

// PutPlan puts a tracking plan in force.
func (s *Server) PutPlan(ctx context.Context, req gen.PutPlanRequestObject) (gen.PutPlanResponseObject, error) {
	if req.Body == nil {
		return nil, noPlan()
	}
	v, err := s.app.PublishPlan(ctx, app.PublishPlanRequest{Text: []byte(req.Body.Text), Note: value(req.Body.Note), From: value(req.Body.From)})
	return gen.PutPlan200JSONResponse(planOf(v)), err
}

// ValidatePlan answers what is wrong with a tracking plan.
func (s *Server) ValidatePlan(_ context.Context, req gen.ValidatePlanRequestObject) (gen.ValidatePlanResponseObject, error) {
	if req.Body == nil {
		return nil, noPlan()
	}
	out := gen.ValidatePlan200JSONResponse{Problems: []gen.TextProblem{}}
	p, err := plan.Parse([]byte(req.Body.Text))
	if mistakes, ok := textMistakes(err); ok {
		out.Problems = mistakes
		return out, nil
	}
	if err != nil {
		return nil, err
	}
	out.Valid, out.Version, out.Events = true, text(p.Version()), len(p.Events)
	return out, nil
}

// DiffPlan answers how a tracking plan differs from the one in force, or from a version.
func (s *Server) DiffPlan(ctx context.Context, req gen.DiffPlanRequestObject) (gen.DiffPlanResponseObject, error) {
	if req.Body == nil {
		return nil, noPlan()
	}
	d, err := s.app.DiffPlan(ctx, value(req.Body.From), []byte(req.Body.Text))
	if err != nil {
		return nil, err
	}
	out := gen.DiffPlan200JSONResponse{
		FromVersion: text(d.From), ToVersion: d.To, Same: d.From == d.To, Lines: diffLines(d.Lines), Changes: strategyChanges(d.Changes),
	}
	return out, nil
}

func noPlan() error {
	return fault.New(fault.Invalid, "the plan's text is missing").WithHint(`send {"text": YAML}`)
}

func strategyChanges(all []strategy.Change) []gen.StrategyChange {
	out := []gen.StrategyChange{}
	for _, c := range all {
		out = append(out, gen.StrategyChange{Path: c.Path, From: text(c.From), To: text(c.To)})
	}
	return out
}

// textProblems turns problems, or warnings, into what answers hold.
func textProblems(all []strategy.Problem) []gen.TextProblem {
	var out []gen.TextProblem
	for _, e := range all {
		out = append(out, gen.TextProblem{Line: e.Line, Col: e.Col, Path: text(e.Path), Message: e.Message, Expected: text(e.Expected)})
	}
	return out
}

// seenEvents lists the events that conditions may measure.
func seenEvents(c *app.Catalog) []gen.SeenEvent {
	var out []gen.SeenEvent
	for _, name := range c.Names() {
		e := gen.SeenEvent{Name: name, Properties: []string{}}
		if known, ok := c.Event(name); ok {
			e.Volume = known.Count
		}
		if names, _ := c.PropertyNames(name); names != nil {
			e.Properties = names
		}
		out = append(out, e)
	}
	return out
}
