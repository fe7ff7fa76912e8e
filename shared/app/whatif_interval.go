package app

import "github.com/weir-engine/weir/shared/whatif"

// WhatIfInterval is what the numbers of a sample say of the whole base.
type WhatIfInterval struct {
	Before WhatIfBounds `json:"before"`
	After  WhatIfBounds `json:"after"`
}

// WhatIfBounds are an estimate and the bounds of its interval at 95 %: of users by Wilson, of revenue normal, both with the finite
// population correction.
type WhatIfBounds struct {
	Users   [3]int64 `json:"users"`
	Revenue [3]int64 `json:"revenue_minor"`
}

// estimate says what the sizes of a sample say of a base of so many users.
func (r *WhatIfReport) estimate(base int64) {
	bounds := func(s WhatIfSum, q whatif.Square) WhatIfBounds {
		users, revenue := whatif.UsersInterval(s.Users, r.Users, base), whatif.SumInterval(s.Revenue, q, r.Users, base)
		return WhatIfBounds{[3]int64{users.Estimate, users.Low, users.High}, [3]int64{revenue.Estimate, revenue.Low, revenue.High}}
	}
	of := func(kind string, s *WhatIfSize) {
		var x whatif.Spread
		for i := range r.spreads {
			if r.spreads[i].Kind == kind && r.spreads[i].Name == s.Name {
				x = r.spreads[i]
			}
		}
		s.Interval = &WhatIfInterval{bounds(s.Before, x.Old), bounds(s.After, x.New)}
	}
	for kind, g := range map[string]*WhatIfGroup{"stage": &r.Stages, "rfm": &r.RFM, "rfm_cn": &r.RFMCN, "tier": &r.Tiers} {
		for i := range g.Sizes {
			of(kind, &g.Sizes[i])
		}
	}
	for kind, list := range map[string][]WhatIfMember{"segments": r.Segments, "tags": r.Tags} {
		for i := range list {
			of(kind, &list[i].WhatIfSize)
		}
	}
}
