package httpapi

import (
	"context"
	"io"

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
		CutsVersion: text(cutsVersion(live)), ModelVersion: text(live.Engine.Version()), Stages: groups(o.Stages, o.Users), RfmNames: groups(o.RFM, o.Users),
		RfmCn: groups(o.RFMCN, o.Users), Tiers: groups(o.Tiers, o.Users), Segments: groups(o.Segments, o.Users), Rfm: []gen.RfmCell{},
		Lifecycle: lifecycleOf(o.Base, period), Concentration: concentrationOf(o.Base), Activity: activityOf(o.Base),
	}
	if live.Cuts != nil {
		out.CutsAsOf = instant(live.Cuts.AsOf)
	}
	for _, c := range o.Cells {
		out.Rfm = append(out.Rfm, gen.RfmCell{R: c.R, F: c.F, Name: c.Name, Users: c.Users, SpendMinor: c.Spend})
	}
	out.Snapshot, err = s.readFrom(ctx, o.Base.Shot)
	return gen.GetOverview200JSONResponse(out), err
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
		return gen.ExportProfiles200ApplicationxNdjsonResponse{Body: body}, nil
	case gen.ExportProfilesParamsFormatParquet:
		return gen.ExportProfiles200ApplicationvndApacheParquetResponse{Body: body}, nil
	}
	return gen.ExportProfiles200TextcsvResponse{Body: body}, nil
}

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
		LastArrival: instant(st.LastArrival), ModelVersion: text(st.Live.Engine.Version()), ApprovalRequired: s.app.NeedsApproval(),
	}
	caller := callerOf(ctx)
	out.Caller = gen.Caller{Name: caller.Name, Role: gen.CallerRole(caller.Role.String())}
	if stale := st.Live.ModelsStale; stale != nil {
		w := warningOf(*stale)
		out.ModelsStale = &w
	}
	if st.Live.Cuts != nil {
		out.CutsAsOf = instant(st.Live.Cuts.AsOf)
	}
	switch shot, err := s.app.CurrentSnapshot(ctx); {
	case err == nil:
		state, err := s.snapshotState(ctx, shot)
		if err != nil {
			return nil, err
		}
		out.Snapshot = &state
	case !fault.Is(err, fault.NotFound):
		return nil, err
	}
	if running := s.app.Running(); len(running) > 0 {
		out.Import = progressOf(running[0])
	}
	return out, nil
}
