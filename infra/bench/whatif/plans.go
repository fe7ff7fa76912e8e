package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/weir-engine/weir/shared/segment"
	"github.com/weir-engine/weir/shared/whatif"
	"github.com/weir-engine/weir/shared/whatif/wire"
	"github.com/weir-engine/weir/shared/zone"
)

// plans writes the strategy of the benchmark as plans, for the module in a browser or in Node: start.plan, and for n from 0 to 39
// all-N.plan, scores-N.plan and stages-N.plan, as answer asks.
func plans(dir string) error {
	put := func(name string, s *whatif.Spec) error {
		return os.WriteFile(filepath.Join(dir, name+".plan"), planOf(s).Encode(), 0o644)
	}
	if err := put("start", spec(60, 120, 30)); err != nil {
		return err
	}
	for n := range 40 {
		for name, s := range map[string]*whatif.Spec{"all": spec(60+n%30, 120+n%40, 30+n%50), "scores": spec(60, 120, 30+n%50), "stages": spec(60+n%30, 120+n%40, 30)} {
			if err := put(fmt.Sprintf("%s-%d", name, n), s); err != nil {
				return err
			}
		}
	}
	return nil
}

func planOf(s *whatif.Spec) *wire.Plan {
	p := &wire.Plan{
		Zone: zone.UTC, Activity: s.Activity, Grid: s.Grid, Cuts: s.Cuts,
		Names: segment.Names{Metrics: []segment.MetricName{{Name: "views", Windows: []int{30}}}, Tags: []string{"vip", "coupon", "quiet"}, RFM: whatif.ScoreNames()[1:], Tiers: []string{"top", "high", "low"}},
	}
	for _, st := range s.Stages {
		stage := wire.Stage{Name: st.Name, Dwell: st.Dwell, Bound: st.Allowed != nil, Allowed: st.Allowed}
		if st.When != nil {
			stage.When = st.When.String()
		}
		p.Stages = append(p.Stages, stage)
	}
	for _, a := range s.Tags {
		p.Tags = append(p.Tags, wire.Audience{Name: a.Name, When: a.When.String()})
	}
	for _, a := range s.Segments {
		p.Segments = append(p.Segments, wire.Audience{Name: a.Name, When: a.When.String()})
	}
	return p
}
