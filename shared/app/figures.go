package app

import (
	"encoding/json"

	"github.com/weir-engine/weir/shared/analytics"
	"github.com/weir-engine/weir/shared/fault"
	"github.com/weir-engine/weir/shared/profile"
	"github.com/weir-engine/weir/shared/score"
	"github.com/weir-engine/weir/shared/strategy"
)

// Figures are what the whole base adds up to at one moment. Users are added one by one, in any order. As JSON they can be kept and gone
// on with; they count users and name none.
type Figures struct {
	Counts        Overview                        `json:"counts"`
	Lifecycle     map[string]*analytics.Lifecycle `json:"lifecycle"` // by period: week, month
	Cohorts       map[string]*analytics.Cohorts   `json:"cohorts"`
	Concentration *analytics.Concentration        `json:"concentration"`
	Activity      *analytics.Activity             `json:"activity"` // of the last 90 days
	ReturnRate    *analytics.ReturnRate           `json:"return_rate"`
	LastEvent     int64                           `json:"last_event"`
}

// newFigures starts the figures of a base under a strategy, as of a moment.
func newFigures(live *Live, asOf int64) *Figures {
	day, of := live.Zone.Day(asOf), activityOf(live)
	x := &Figures{
		Lifecycle: map[string]*analytics.Lifecycle{}, Cohorts: map[string]*analytics.Cohorts{}, Concentration: analytics.NewConcentration(),
		Activity: analytics.NewActivityOver(90, day), ReturnRate: analytics.NewReturnRateOf(of, day),
	}
	for name, period := range periods {
		x.Lifecycle[name] = analytics.NewLifecycleOf(of, period, day)
		x.Cohorts[name] = analytics.NewCohorts(period, day)
	}
	x.Counts.begin(live.Engine.Strategy())
	return x
}

// add adds one user.
func (x *Figures) add(f *profile.Facts, r *score.Result) {
	x.LastEvent = max(x.LastEvent, f.LastSeen)
	x.Counts.add(r)
	for name := range periods {
		x.Lifecycle[name].Add(f)
		x.Cohorts[name].Add(f)
	}
	x.Concentration.Add(f)
	x.Activity.Add(f)
	x.ReturnRate.Add(f)
}

// readFigures reads figures that were kept as JSON.
func readFigures(text []byte) (*Figures, error) {
	x := new(Figures)
	if err := json.Unmarshal(text, x); err != nil {
		return nil, fault.New(fault.Internal, "the figures of the snapshot are damaged").WithHint("make a new snapshot").Because(err)
	}
	for name := range periods {
		if x.Lifecycle[name] == nil || x.Cohorts[name] == nil {
			return nil, fault.New(fault.Internal, "the figures of the snapshot are not whole").WithHint("make a new snapshot")
		}
	}
	if x.Concentration == nil || x.Activity == nil || x.ReturnRate == nil {
		return nil, fault.New(fault.Internal, "the figures of the snapshot are not whole").WithHint("make a new snapshot")
	}
	return x, nil
}

// begin lists the groups that a strategy makes, all empty.
func (o *Overview) begin(s *strategy.Strategy) {
	for _, st := range s.Lifecycle.Stages {
		o.Stages = append(o.Stages, Group{Name: st.Name, Zh: st.Zh, En: st.En})
	}
	for _, name := range score.RFMNames(s.RFM.Grid) {
		o.RFM = append(o.RFM, Group{Name: name})
	}
	for _, name := range score.RFMCNNames() {
		o.RFMCN = append(o.RFMCN, Group{Name: name})
	}
	for _, t := range s.Tiers {
		o.Tiers = append(o.Tiers, Group{Name: t.Name, Zh: t.Zh, En: t.En})
	}
	for _, seg := range s.Segments {
		o.Segments = append(o.Segments, Group{Name: seg.Name, Zh: seg.Zh, En: seg.En, When: seg.When})
	}
	for r := 1; r <= 5; r++ {
		for f := 1; f <= 5; f++ {
			o.Cells = append(o.Cells, Cell{R: r, F: f, Name: score.RFMName(s.RFM.Grid, r, f)})
		}
	}
}
