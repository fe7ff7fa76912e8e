package httpapi

import (
	"context"
	"encoding/json"
	"slices"

	"github.com/weir-engine/weir/shared/app"
	"github.com/weir-engine/weir/shared/event"
	"github.com/weir-engine/weir/shared/httpapi/gen"
)

// GetUser answers the portrait of a user.
func (s *Server) GetUser(ctx context.Context, req gen.GetUserRequestObject) (gen.GetUserResponseObject, error) {
	v, err := s.app.User(ctx, req.Id, millis(req.Params.AsOf))
	if err != nil {
		return nil, err
	}
	out := gen.User{
		UserId: v.Key, AsOf: moment(v.AsOf), Events: v.Facts.Events, StrategyVersion: v.Live.Version,
		CutsVersion: text(cutsVersion(v.Live)), Ids: list(v.IDs), Scores: userRow(&v.Result, v.Live.Engine.Strategy().Currency),
		Traits: traits(&v), Metrics: metrics(&v), Tags: tags(&v), Purchases: purchases(&v), EventCounts: eventCounts(&v),
		ActiveDays: activeDays(&v), Episodes: []gen.Episode{},
	}
	out.ModelVersion, out.Value, out.Churn = text(v.Live.Engine.Version()), userValue(&v), userChurn(&v)
	if req.Id != v.Key {
		out.Asked = &req.Id
	}
	if v.State != nil && v.State.DecidedAt != 0 {
		out.DecidedAt, out.StageFrom = instant(v.State.DecidedAt), text(v.State.From)
		for _, e := range v.State.Episodes {
			out.Episodes = append(out.Episodes, gen.Episode{Rule: e.Rule, Counter: e.Counter, Open: e.Open, Start: instant(e.Start)})
		}
	}
	return gen.GetUser200JSONResponse(out), nil
}

func traits(v *app.UserView) []gen.Trait {
	out := []gen.Trait{}
	for _, t := range v.Facts.Traits {
		if t.Value.Kind == event.Null || t.Value.Kind == event.None {
			continue // the tombstone of a trait that was removed
		}
		out = append(out, gen.Trait{Name: t.Name, Value: json.RawMessage(t.Value.JSON()), Time: moment(t.Time)})
	}
	return out
}

func metrics(v *app.UserView) []gen.MetricValue {
	out := []gen.MetricValue{}
	schema, day := v.Live.Engine.Schema(), v.Live.Zone.Day(v.AsOf)
	for i, m := range v.Live.Engine.Strategy().Metrics {
		mv := gen.MetricValue{
			Name: m.Name, Event: m.Event, Agg: gen.MetricValueAgg(m.Agg), Unit: gen.MetricValueUnit(m.Unit), Windows: []gen.MetricWindow{},
		}
		windows := m.Windows
		if len(windows) == 0 {
			windows = []int{0}
		}
		for _, days := range windows {
			w := gen.MetricWindow{Days: days}
			if x := schema.Window(v.Facts, i, days, day); x.OK {
				f := x.Float()
				w.Value = &f
				if x.Spilled {
					w.Estimated = &x.Spilled
				}
			}
			mv.Windows = append(mv.Windows, w)
		}
		out = append(out, mv)
	}
	return out
}

// tags lists the tags of the view, those that events set with their source.
func tags(v *app.UserView) []gen.UserTag {
	out := []gen.UserTag{}
	rules := map[string]string{}
	for _, t := range v.Live.Engine.Strategy().Tags {
		rules[t.Name] = t.When
	}
	for _, name := range v.Result.Tags {
		tag := gen.UserTag{Name: name, Source: gen.UserTagSourceRule, By: text(rules[name])}
		for _, t := range v.Facts.Tags {
			if t.Name == name && !t.Removed && (t.Expires == 0 || t.Expires > v.AsOf) {
				tag.Source, tag.By, tag.Since, tag.Expires = gen.UserTagSourceEvent, text(t.Source), instant(t.Time), instant(t.Expires)
			}
		}
		out = append(out, tag)
	}
	return out
}

func purchases(v *app.UserView) []gen.PurchaseDay {
	out := []gen.PurchaseDay{}
	today := v.Live.Zone.Day(v.AsOf)
	for _, p := range v.Facts.Purchases {
		if p.Day <= today {
			out = append(out, gen.PurchaseDay{Day: p.Day.String(), Orders: int(p.Orders), NetMinor: p.Net})
		}
	}
	return out
}

func eventCounts(v *app.UserView) []gen.EventCount {
	out := []gen.EventCount{}
	schema := v.Live.Engine.Schema()
	for i, name := range schema.Events() {
		if n := schema.Event(v.Facts, i); n.Count > 0 {
			out = append(out, gen.EventCount{Name: name, Count: n.Count, First: moment(n.First), Last: moment(n.Last)})
		}
	}
	return out
}

func activeDays(v *app.UserView) []string {
	out := []string{}
	for day := range v.Facts.Active.All() {
		out = append(out, day.String())
	}
	slices.Reverse(out)
	return out
}

// userValue is the lifetime value; nil without the models, or a purchase.
func userValue(v *app.UserView) *gen.UserValue {
	worth := v.Live.Engine.Value(v.Facts, v.AsOf)
	if !worth.OK {
		return nil
	}
	settings := v.Live.Engine.Strategy()
	minor := minorOf(settings.Currency)
	return &gen.UserValue{
		HorizonWeeks: settings.Value.Horizon, PerPurchaseMinor: minor(worth.PerPurchase), ClvMinor: minor(worth.CLV),
		LowMinor: minor(worth.Low), HighMinor: minor(worth.High),
	}
}

// userChurn is the warning of churn; nil without a model, or a sign of life.
func userChurn(v *app.UserView) *gen.UserChurn {
	c := v.Live.Engine.Churn(v.Facts, v.AsOf)
	models := v.Live.Engine.Models()
	if !c.OK || models == nil || models.Churn == nil {
		return nil
	}
	return &gen.UserChurn{
		Probability: c.P, Warning: c.Warning, HorizonDays: models.Churn.Horizon, Threshold: churnThreshold(v.Live.Engine),
		LeadDays: c.LeadDays, Reasons: churnReasons(c.Reasons),
	}
}
