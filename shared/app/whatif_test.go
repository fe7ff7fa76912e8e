package app_test

import (
	"context"
	"strings"
	"testing"

	"github.com/weir-engine/weir/shared/app"
	"github.com/weir-engine/weir/shared/fault"
	"github.com/weir-engine/weir/shared/strategy"
)

// TestWhatIfForetellsPublication tries a strategy, publishes it, and finds every size as it was foretold.
func TestWhatIfForetellsPublication(t *testing.T) {
	b, ctx := newBase(t, "2026-11-22T00:00:00Z"), context.Background()
	b.cdnowUntil("1998-01-31")
	const text = `weir: 1
lifecycle: {preset: commerce, thresholds: {silent_days: 30, churned_days: 75}}
rfm: {ties: ntile_first, grid: eleven}
tiers: [{name: best, top: 0.1}, {name: low, top: 1}]
segments: [{name: worth_it, when: 'tier == "best" && stage != "churned" || f >= 4'}]
`
	before, err := b.app.Overview(ctx, 0)
	if err != nil {
		t.Fatal(err)
	}
	w, err := b.app.WhatIf(ctx, app.WhatIfRequest{Text: []byte(text)})
	if err != nil {
		t.Fatal(err)
	}
	if !w.Recut || len(w.Changes) == 0 || w.Report.Users != before.Users {
		t.Errorf("recut %v, %d changes, %d of %d users", w.Recut, len(w.Changes), w.Report.Users, before.Users)
	}
	if _, err := b.app.Publish(ctx, app.PublishRequest{Text: []byte(text)}); err != nil {
		t.Fatal(err)
	}
	after, err := b.app.Overview(ctx, w.AsOf)
	if err != nil {
		t.Fatal(err)
	}
	sizes := func(what string, names []string, users func(i int) int64, groups []app.Group) {
		t.Helper()
		for _, g := range groups {
			found := false
			for i, name := range names {
				if name == g.Name {
					found = true
					if users(i) != g.Users {
						t.Errorf("%s %s: %d were foretold, %d are there", what, name, users(i), g.Users)
					}
				}
			}
			if !found {
				t.Errorf("%s %s was not foretold", what, g.Name)
			}
		}
	}
	r := w.Report
	sizes("stage", r.Stage.Names, func(i int) int64 { return r.Stage.New[i].Users }, after.Stages)
	sizes("stage before", r.Stage.Names, func(i int) int64 { return r.Stage.Old[i].Users }, before.Stages)
	sizes("rfm", r.RFM.Names, func(i int) int64 { return r.RFM.New[i].Users }, after.RFM)
	sizes("rfm_cn", r.RFMCN.Names, func(i int) int64 { return r.RFMCN.New[i].Users }, after.RFMCN)
	sizes("tier", r.Tier.Names, func(i int) int64 { return r.Tier.New[i].Users }, after.Tiers)
	names := []string{}
	for _, m := range r.Segments {
		names = append(names, m.Name)
	}
	sizes("segment", names, func(i int) int64 { return r.Segments[i].New.Users }, after.Segments)
}

func TestWhatIfRefuses(t *testing.T) {
	b, ctx := newBase(t, "2026-11-22T00:00:00Z"), context.Background()
	b.cdnowUntil("1997-03-31")
	for _, c := range []struct{ text, want string }{
		{"weir: 1\ncurrency: CNY\n", "currency cannot be previewed"},
		{"weir: 1\nmetrics: [{name: teas, event: Tea, agg: count, windows: [30]}]\nsegments: [{name: x, when: 'metrics.teas > 1'}]\n", "segments.x.when cannot be previewed: the metric teas is new"},
		{"weir: 1\nsegments: [{name: x, when: 'orders >'}]\n", ""},
	} {
		_, err := b.app.WhatIf(ctx, app.WhatIfRequest{Text: []byte(c.text)})
		var problems *strategy.Errors
		if err == nil || !strings.Contains(err.Error(), c.want) || fault.HintOf(err) == "" && problems == nil && c.want != "" {
			t.Errorf("%s: %v (%s)", c.text, err, fault.HintOf(err))
		}
	}
}
