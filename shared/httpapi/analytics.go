package httpapi

import (
	"context"
	"io"
	"math"
	"time"

	"github.com/weir-engine/weir/shared/analytics"
	"github.com/weir-engine/weir/shared/app"
	"github.com/weir-engine/weir/shared/fault"
	"github.com/weir-engine/weir/shared/httpapi/gen"
	"github.com/weir-engine/weir/shared/zone"
)

// tableFormat is the format parameter of an analytics table: json or csv.
type tableFormat interface {
	~string
	Valid() bool
}

// wantsCSV reads a table's format.
func wantsCSV[F tableFormat](given *F) (bool, error) {
	if given == nil {
		return false, nil
	}
	if !(*given).Valid() {
		return false, fault.New(fault.Invalid, "the format is %q", string(*given)).WithHint("use json or csv")
	}
	return string(*given) == "csv", nil
}

// asCSV is an answer with the CSV that write makes.
func asCSV[R ~struct {
	Body          io.Reader
	ContentLength int64
}](write func(io.Writer) error) R {
	return R{Body: stream(write)}
}

// baseTable answers a table of the base in the format that is asked for.
func baseTable[R any, F tableFormat](ctx context.Context, s *Server, asOf *time.Time, format *F, csv, json func(*app.Base) R) (answer R, err error) {
	inCSV, err := wantsCSV(format)
	if err != nil {
		return answer, err
	}
	base, err := s.app.Base(ctx, millis(asOf))
	if err != nil {
		return answer, err
	}
	if inCSV {
		return csv(base), nil
	}
	return json(base), nil
}

func periodOf(given *gen.Period, otherwise string) (string, error) {
	switch {
	case given == nil:
		return otherwise, nil
	case !given.Valid():
		return "", fault.New(fault.Invalid, "the period is %q", *given).WithHint("use week or month")
	}
	return string(*given), nil
}

// GetCohorts answers buyers by the period of their first purchase.
func (s *Server) GetCohorts(ctx context.Context, req gen.GetCohortsRequestObject) (gen.GetCohortsResponseObject, error) {
	period, err := periodOf(req.Params.Period, app.PeriodMonth)
	if err != nil {
		return nil, err
	}
	return baseTable(ctx, s, req.Params.AsOf, req.Params.Format,
		func(b *app.Base) gen.GetCohortsResponseObject {
			return asCSV[gen.GetCohorts200TextcsvResponse](b.Cohorts[period].CSV)
		},
		func(b *app.Base) gen.GetCohortsResponseObject {
			return gen.GetCohorts200JSONResponse(cohortsOf(b, period))
		})
}

func cohortsOf(base *app.Base, period string) gen.Cohorts {
	out := gen.Cohorts{
		AsOf: moment(base.AsOf), Period: gen.Period(period), Currency: base.Live.Engine.Strategy().Currency, Cohorts: []gen.CohortRow{},
	}
	for _, r := range base.Cohorts[period].Rows() {
		out.Cohorts = append(out.Cohorts, gen.CohortRow{
			Cohort: r.Cohort, Size: r.Users[0], Buyers: r.Users[:r.Observed], SpendMinor: r.Revenue[:r.Observed],
		})
	}
	return out
}

// GetLifecycle answers growth accounting.
func (s *Server) GetLifecycle(ctx context.Context, req gen.GetLifecycleRequestObject) (gen.GetLifecycleResponseObject, error) {
	period, err := periodOf(req.Params.Period, app.PeriodWeek)
	if err != nil {
		return nil, err
	}
	return baseTable(ctx, s, req.Params.AsOf, req.Params.Format,
		func(b *app.Base) gen.GetLifecycleResponseObject {
			return asCSV[gen.GetLifecycle200TextcsvResponse](b.Lifecycle[period].CSV)
		},
		func(b *app.Base) gen.GetLifecycleResponseObject {
			return gen.GetLifecycle200JSONResponse(lifecycleOf(b, period))
		})
}

func lifecycleOf(base *app.Base, period string) gen.Lifecycle {
	out := gen.Lifecycle{AsOf: moment(base.AsOf), Period: gen.Period(period), Rows: []gen.GrowthRow{}}
	for _, r := range base.Lifecycle[period].Rows() {
		out.Rows = append(out.Rows, gen.GrowthRow{
			Start: r.Period, Active: r.Active, New: r.New, Returning: r.Returning, Resurrecting: r.Resurrecting, Dormant: r.Dormant,
			Complete: r.Complete, QuickRatio: r.Quick,
		})
	}
	return out
}

// GetConcentration answers how much of the revenue the best customers bring.
func (s *Server) GetConcentration(ctx context.Context, req gen.GetConcentrationRequestObject) (gen.GetConcentrationResponseObject, error) {
	return baseTable(ctx, s, req.Params.AsOf, req.Params.Format,
		func(b *app.Base) gen.GetConcentrationResponseObject {
			return asCSV[gen.GetConcentration200TextcsvResponse](b.Concentration.CSV)
		},
		func(b *app.Base) gen.GetConcentrationResponseObject {
			return gen.GetConcentration200JSONResponse(concentrationOf(b))
		})
}

// topShare is the share of users, in per mille, whose part of the revenue is shown: the 20 of 80/20.
const topShare = 200

func concentrationOf(base *app.Base) gen.Concentration {
	c := base.Concentration
	out := gen.Concentration{
		AsOf: moment(base.AsOf), Users: c.Users(), SpendMinor: c.Spend(), Currency: base.Live.Engine.Strategy().Currency,
		Curve: []gen.ConcentrationPoint{},
	}
	if gini, ok := c.Gini(); ok {
		out.Gini = &gini
	}
	if c.Users() == 0 {
		return out
	}
	top := c.Top(topShare)
	out.TopUsers, out.TopShare = top.Users, top.Share
	for _, p := range c.Curve() {
		out.Curve = append(out.Curve, gen.ConcentrationPoint{
			Top: p.Top, Users: p.Users, LeastMinor: p.Least, SpendMinor: p.Spend, Share: p.Share,
		})
	}
	return out
}

// Points of the return-rate curve: whole weeks of a year.
const (
	returnStep  = 7
	returnLimit = 364
)

// GetReturnRate answers how many of the silent ever came back.
func (s *Server) GetReturnRate(ctx context.Context, req gen.GetReturnRateRequestObject) (gen.GetReturnRateResponseObject, error) {
	return baseTable(ctx, s, req.Params.AsOf, req.Params.Format,
		func(b *app.Base) gen.GetReturnRateResponseObject {
			return asCSV[gen.GetReturnRate200TextcsvResponse](b.ReturnRate.CSV)
		},
		func(b *app.Base) gen.GetReturnRateResponseObject {
			return gen.GetReturnRate200JSONResponse(returnOf(b, b.ReturnRate.Curve(returnStep, returnLimit)))
		})
}

func returnOf(base *app.Base, curve analytics.ReturnCurve) gen.ReturnRate {
	out := gen.ReturnRate{
		AsOf: moment(base.AsOf), Horizon: curve.Horizon, Gaps: curve.Gaps, GapDaysQ80: curve.Q80, GapDaysQ90: curve.Q90,
		Points: []gen.ReturnPoint{},
	}
	if curve.Elbow > 0 {
		out.ElbowDays = &curve.Elbow
	}
	for _, p := range curve.Points {
		distance := p.Distance
		if math.IsNaN(distance) {
			distance = 0
		}
		out.Points = append(out.Points, gen.ReturnPoint{
			Days: p.Days, Lost: p.Lost, Returned: p.Returned, ReturnRate: p.Rate, Distance: distance,
		})
	}
	return out
}

// GetRetention answers who is still there k days later.
func (s *Server) GetRetention(ctx context.Context, req gen.GetRetentionRequestObject) (gen.GetRetentionResponseObject, error) {
	inCSV, err := wantsCSV(req.Params.Format)
	if err != nil {
		return nil, err
	}
	if start := req.Params.Start; start != nil && !start.Valid() {
		return nil, fault.New(fault.Invalid, "retention cannot start from %q", *start).WithHint("use first or recurring")
	}
	r, err := s.app.Retention(ctx, app.RetentionQuery{AsOf: millis(req.Params.AsOf), Days: value(req.Params.Days)})
	if err != nil {
		return nil, err
	}
	switch {
	case inCSV && value(req.Params.Start) == gen.GetRetentionParamsStartRecurring:
		return asCSV[gen.GetRetention200TextcsvResponse](r.Recurring.CSV), nil
	case inCSV:
		return asCSV[gen.GetRetention200TextcsvResponse](r.First.CSV), nil
	}
	out := gen.GetRetention200JSONResponse{
		AsOf: moment(r.AsOf), Of: gen.RetentionOfPurchases, First: retentionRows(r.First.Rows()), Recurring: retentionRows(r.Recurring.Rows()),
	}
	if r.Of == analytics.AnyEvent {
		out.Of = gen.RetentionOfAny
	}
	return out, nil
}

func retentionRows(from []analytics.RetentionRow) []gen.RetentionRow {
	out := []gen.RetentionRow{}
	for _, r := range from {
		out = append(out, gen.RetentionRow{
			Day: r.Day, Eligible: r.Eligible, NDay: r.Exact, Unbounded: r.Unbounded, BracketFrom: r.From, Bracket: r.Bracket,
		})
	}
	return out
}

// GetAha answers which early behaviour goes along with staying.
func (s *Server) GetAha(ctx context.Context, req gen.GetAhaRequestObject) (gen.GetAhaResponseObject, error) {
	inCSV, err := wantsCSV(req.Params.Format)
	if err != nil {
		return nil, err
	}
	q := app.AhaQuery{AsOf: millis(req.Params.AsOf), Stay: value(req.Params.Stay)}
	if since := value(req.Params.Since); since != "" {
		if q.Since, err = zone.ParseDay(since); err != nil {
			return nil, fault.New(fault.Invalid, "since is %q", since).WithHint("write a day such as 1997-01-31")
		}
	}
	a, err := s.app.Aha(ctx, q)
	if err != nil {
		return nil, err
	}
	if inCSV {
		return asCSV[gen.GetAha200TextcsvResponse](a.Report.CSV), nil
	}
	out := gen.GetAha200JSONResponse{AsOf: moment(a.AsOf), Stay: a.Stay, Rows: []gen.AhaRow{}, Untold: []gen.AhaCandidate{}}
	for _, r := range a.Rows {
		out.Rows = append(out.Rows, gen.AhaRow{
			Event: r.Event, AtLeast: r.AtLeast, WithinDays: r.Within, Users: r.Users, Did: r.Did, Retained: r.Retained, Both: r.Both,
			Support: r.Support, Supported: r.Supported, Phi: r.Phi, Precision: r.Precision, Recall: r.Recall, Lift: r.Lift, Gain: r.Gain,
			GainLow: r.Low, GainHigh: r.High, P: r.P, PAdjusted: r.Adjusted,
		})
	}
	for _, c := range a.Untold {
		out.Untold = append(out.Untold, gen.AhaCandidate{Event: c.Event, AtLeast: c.AtLeast, WithinDays: c.Within})
	}
	return out, nil
}

// GetTransitions answers who moved from which stage to which between two moments.
func (s *Server) GetTransitions(ctx context.Context, req gen.GetTransitionsRequestObject) (gen.GetTransitionsResponseObject, error) {
	if k := req.Params.Kind; k != nil && !k.Valid() {
		return nil, fault.New(fault.Invalid, "there are no transitions %q", *k).WithHint("use settled, candidate or interval")
	}
	m, err := s.app.Transitions(ctx, req.Params.From.UnixMilli(), millis(req.Params.To), string(value(req.Params.Kind)))
	if err != nil {
		return nil, err
	}
	currency, err := s.currency(ctx)
	if err != nil {
		return nil, err
	}
	out := gen.GetTransitions200JSONResponse{
		From: moment(m.From), To: moment(m.To), Kind: gen.TransitionKind(m.Kind), Currency: currency, Users: m.Users,
		States: []gen.StageSide{}, Moves: []gen.StageMove{},
	}
	for _, side := range m.States {
		out.States = append(out.States, gen.StageSide{Name: side.Name, Label: label(side.Zh, side.En), Before: side.Before, After: side.After})
	}
	for _, move := range m.Moves {
		out.Moves = append(out.Moves, gen.StageMove{From: move.From, To: move.To, Users: move.Users, RevenueMinor: move.Revenue})
	}
	return out, nil
}
