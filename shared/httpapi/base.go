package httpapi

import (
	"context"
	"io"
	"math"

	"github.com/weir-engine/weir/shared/analytics"
	"github.com/weir-engine/weir/shared/app"
	"github.com/weir-engine/weir/shared/fault"
	"github.com/weir-engine/weir/shared/httpapi/gen"
)

// GetOverview answers the base at a glance.
func (s *Server) GetOverview(ctx context.Context, req gen.GetOverviewRequestObject) (gen.GetOverviewResponseObject, error) {
	period, err := periodOf(req.Params.Period, app.PeriodWeek)
	if err != nil {
		return nil, err
	}
	o, err := s.app.Overview(ctx, millis(req.Params.AsOf))
	if err != nil {
		return nil, err
	}
	live := o.Base.Live
	settings := live.Engine.Strategy()
	out := gen.Overview{
		AsOf: moment(o.Base.AsOf), Users: o.Users, Buyers: o.Buyers, Orders: o.Orders, SpendMinor: o.Spend, Currency: settings.Currency,
		Zone: settings.Zone, LastEvent: instant(o.Base.LastEvent), LastArrival: instant(o.LastArrival), StrategyVersion: live.Version,
		CutsVersion: text(cutsVersion(live)), Stages: groups(o.Stages, o.Users), RfmNames: groups(o.RFM, o.Users),
		RfmCn: groups(o.RFMCN, o.Users), Tiers: groups(o.Tiers, o.Users), Segments: groups(o.Segments, o.Users), Rfm: []gen.RfmCell{},
		Lifecycle: lifecycleOf(o.Base, period), Concentration: concentrationOf(o.Base), Activity: activityOf(o.Base),
	}
	if live.Cuts != nil {
		out.CutsAsOf = instant(live.Cuts.AsOf)
	}
	for _, c := range o.Cells {
		out.Rfm = append(out.Rfm, gen.RfmCell{R: c.R, F: c.F, Name: c.Name, Users: c.Users, SpendMinor: c.Spend})
	}
	return gen.GetOverview200JSONResponse(out), nil
}

func groups(from []app.Group, all int64) []gen.Group {
	out := []gen.Group{}
	for _, g := range from {
		out = append(out, gen.Group{
			Name: g.Name, Label: label(g.Zh, g.En), Users: g.Users, Share: shareOf(g.Users, all), SpendMinor: g.Spend,
		})
	}
	return out
}

func activityOf(b *app.Base) gen.Activity {
	days := b.Activity.Days()
	if len(days) == 0 {
		return gen.Activity{}
	}
	today := days[len(days)-1]
	return gen.Activity{Dau: today.DAU, Wau: today.WAU, Mau: today.MAU, Stickiness: today.Stickiness}
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

// tableFormat reads the format of an analytics table: whether it is asked for as CSV.
func tableFormat[F interface {
	~string
	Valid() bool
}](given *F) (csv bool, err error) {
	if given == nil {
		return false, nil
	}
	if !(*given).Valid() {
		return false, fault.New(fault.Invalid, "the format is %q", string(*given)).WithHint("use json or csv")
	}
	return string(*given) == "csv", nil
}

// GetCohorts answers buyers by the period of their first purchase.
func (s *Server) GetCohorts(ctx context.Context, req gen.GetCohortsRequestObject) (gen.GetCohortsResponseObject, error) {
	period, err := periodOf(req.Params.Period, app.PeriodMonth)
	if err != nil {
		return nil, err
	}
	csv, err := tableFormat(req.Params.Format)
	if err != nil {
		return nil, err
	}
	base, err := s.app.Base(ctx, millis(req.Params.AsOf))
	if err != nil {
		return nil, err
	}
	if csv {
		return cohortDownload{gen.GetCohorts200TextcsvResponse{Body: stream(base.Cohorts[period].CSV)}}, nil
	}
	out := gen.Cohorts{
		AsOf: moment(base.AsOf), Period: gen.Period(period), Currency: base.Live.Engine.Strategy().Currency, Cohorts: []gen.CohortRow{},
	}
	for _, r := range base.Cohorts[period].Rows() {
		out.Cohorts = append(out.Cohorts, gen.CohortRow{
			Cohort: r.Cohort, Size: r.Users[0], Buyers: r.Users[:r.Observed], SpendMinor: r.Revenue[:r.Observed],
		})
	}
	return gen.GetCohorts200JSONResponse(out), nil
}

type cohortDownload struct {
	gen.GetCohorts200TextcsvResponse
}

func (cohortDownload) filename() string { return "cohorts.csv" }

// GetLifecycle answers growth accounting.
func (s *Server) GetLifecycle(ctx context.Context, req gen.GetLifecycleRequestObject) (gen.GetLifecycleResponseObject, error) {
	period, err := periodOf(req.Params.Period, app.PeriodWeek)
	if err != nil {
		return nil, err
	}
	csv, err := tableFormat(req.Params.Format)
	if err != nil {
		return nil, err
	}
	base, err := s.app.Base(ctx, millis(req.Params.AsOf))
	if err != nil {
		return nil, err
	}
	if csv {
		return lifecycleDownload{gen.GetLifecycle200TextcsvResponse{Body: stream(base.Lifecycle[period].CSV)}}, nil
	}
	return gen.GetLifecycle200JSONResponse(lifecycleOf(base, period)), nil
}

type lifecycleDownload struct {
	gen.GetLifecycle200TextcsvResponse
}

func (lifecycleDownload) filename() string { return "lifecycle.csv" }

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
	csv, err := tableFormat(req.Params.Format)
	if err != nil {
		return nil, err
	}
	base, err := s.app.Base(ctx, millis(req.Params.AsOf))
	if err != nil {
		return nil, err
	}
	if csv {
		return concentrationDownload{gen.GetConcentration200TextcsvResponse{Body: stream(base.Concentration.CSV)}}, nil
	}
	return gen.GetConcentration200JSONResponse(concentrationOf(base)), nil
}

type concentrationDownload struct {
	gen.GetConcentration200TextcsvResponse
}

func (concentrationDownload) filename() string { return "concentration.csv" }

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
	csv, err := tableFormat(req.Params.Format)
	if err != nil {
		return nil, err
	}
	base, err := s.app.Base(ctx, millis(req.Params.AsOf))
	if err != nil {
		return nil, err
	}
	curve := base.ReturnRate.Curve(returnStep, returnLimit)
	if csv {
		return returnDownload{gen.GetReturnRate200TextcsvResponse{Body: stream(base.ReturnRate.CSV)}}, nil
	}
	return gen.GetReturnRate200JSONResponse(returnOf(base, curve)), nil
}

type returnDownload struct {
	gen.GetReturnRate200TextcsvResponse
}

func (returnDownload) filename() string { return "return-rate.csv" }

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

// ExportProfiles answers every profile as a download.
func (s *Server) ExportProfiles(ctx context.Context, req gen.ExportProfilesRequestObject) (gen.ExportProfilesResponseObject, error) {
	format := gen.ExportProfilesParamsFormatCsv
	if req.Params.Format != nil {
		format = *req.Params.Format
	}
	if !format.Valid() {
		return nil, fault.New(fault.Invalid, "%q is no export format", format).WithHint("use csv, ndjson or parquet")
	}
	body := stream(func(w io.Writer) error {
		return s.app.Export(ctx, w, app.ExportRequest{Format: string(format), AsOf: millis(req.Params.AsOf)})
	})
	switch format {
	case gen.ExportProfilesParamsFormatNdjson:
		return ndjsonDownload{gen.ExportProfiles200ApplicationxNdjsonResponse{Body: body}}, nil
	case gen.ExportProfilesParamsFormatParquet:
		return parquetDownload{gen.ExportProfiles200ApplicationvndApacheParquetResponse{Body: body}}, nil
	}
	return csvDownload{gen.ExportProfiles200TextcsvResponse{Body: body}}, nil
}

type csvDownload struct {
	gen.ExportProfiles200TextcsvResponse
}

func (csvDownload) filename() string { return "profiles.csv" }

type ndjsonDownload struct {
	gen.ExportProfiles200ApplicationxNdjsonResponse
}

func (ndjsonDownload) filename() string { return "profiles.ndjson" }

type parquetDownload struct {
	gen.ExportProfiles200ApplicationvndApacheParquetResponse
}

func (parquetDownload) filename() string { return "profiles.parquet" }

// GetStatus answers what this Weir is and is doing.
func (s *Server) GetStatus(ctx context.Context, _ gen.GetStatusRequestObject) (gen.GetStatusResponseObject, error) {
	st, err := s.app.Status(ctx)
	if err != nil {
		return nil, err
	}
	settings := st.Live.Engine.Strategy()
	out := gen.GetStatus200JSONResponse{
		Version: s.version, AsOf: moment(st.Clock.AsOf), Pinned: st.Clock.Pinned, Users: st.Users, Zone: settings.Zone,
		Currency: settings.Currency, StrategyVersion: st.Live.Version, CutsVersion: text(cutsVersion(st.Live)),
		LastArrival: instant(st.LastArrival),
	}
	if st.Live.Cuts != nil {
		out.CutsAsOf = instant(st.Live.Cuts.AsOf)
	}
	if running := s.app.Running(); len(running) > 0 {
		out.Import = progressOf(running[0])
	}
	return out, nil
}
