package app

import (
	"context"
	"time"

	"github.com/weir-engine/weir/shared/whatif"
	"github.com/weir-engine/weir/shared/whatif/snapshot"
)

// WhatIfReport is the outcome of weir whatif. Money is in minor units of the currency: revenue is the net spend of the last 365 days,
// value what published models expect of the next 52 weeks (0 without models).
type WhatIfReport struct {
	AsOf       string            `json:"as_of"`
	Currency   string            `json:"currency"`
	Users      int64             `json:"users"`
	Published  string            `json:"published_version"`
	Tried      string            `json:"tried_version"`
	Cuts       string            `json:"cuts"` // published or recomputed
	Changes    []WhatIfChange    `json:"changes"`
	Stages     WhatIfGroup       `json:"stages"`
	Candidates WhatIfGroup       `json:"stage_candidates"`
	RFM        WhatIfGroup       `json:"rfm"`
	RFMCN      WhatIfGroup       `json:"rfm_cn"`
	Tiers      WhatIfGroup       `json:"tiers"`
	Engagement *WhatIfGroup      `json:"engagement"` // by bands of the score; null where neither strategy gives points
	Segments   []WhatIfMember    `json:"segments"`
	Tags       []WhatIfMember    `json:"tags"`
	Churn      *WhatIfMember     `json:"churn_warning"`
	Rules      []WhatIfRule      `json:"outreach_rules"`
	Snapshot   *WhatIfSnapshotOf `json:"snapshot,omitempty"` // what it was computed from; left out for the base itself

	spreads []whatif.Spread
}

// WhatIfSnapshotOf is the snapshot that sizes were counted in. Of a sample they are those of the sample: each user stands for weight.
type WhatIfSnapshotOf struct {
	MadeAt     string  `json:"made_at"`
	AgeSeconds int64   `json:"age_seconds"`
	BaseUsers  int64   `json:"base_users"`
	Rate       float64 `json:"sampling_rate"`
	Weight     float64 `json:"weight"`
}

type WhatIfChange struct {
	Path string `json:"path"`
	From string `json:"from"`
	To   string `json:"to"`
}

// WhatIfSum is some users.
type WhatIfSum struct {
	Users   int64 `json:"users"`
	Revenue int64 `json:"revenue_minor"`
	Value   int64 `json:"value_minor"`
}

func sumOf(s whatif.Sum) WhatIfSum { return WhatIfSum(s) }

// WhatIfGroup is names of which every user has one; "" is nobody's.
type WhatIfGroup struct {
	Sizes []WhatIfSize `json:"sizes"`
	Moves []WhatIfMove `json:"moves"` // the transition matrix, without cells that nobody is in; who stays is in it
}

type WhatIfSize struct {
	Name   string    `json:"name"`
	Before WhatIfSum `json:"before"`
	After  WhatIfSum `json:"after"`
	// Interval is left out where the numbers are of all users.
	Interval *WhatIfInterval `json:"interval,omitempty"`
}

type WhatIfMove struct {
	From string `json:"from"`
	To   string `json:"to"`
	WhatIfSum
}

// WhatIfMember is an audience.
type WhatIfMember struct {
	WhatIfSize
	Enter WhatIfSum `json:"enter"`
	Leave WhatIfSum `json:"leave"`
}

// WhatIfRule is whom an outreach rule would reach.
type WhatIfRule struct {
	Name     string    `json:"name"`
	Enter    WhatIfSum `json:"enter"`
	Existing WhatIfSum `json:"existing"`
}

func groupOf(g *whatif.Group) WhatIfGroup {
	out := WhatIfGroup{Sizes: []WhatIfSize{}, Moves: []WhatIfMove{}}
	for i, name := range g.Names {
		out.Sizes = append(out.Sizes, WhatIfSize{Name: name, Before: sumOf(g.Old[i]), After: sumOf(g.New[i])})
		for j, to := range g.Names {
			if m := g.Moves[i][j]; m.Users > 0 {
				out.Moves = append(out.Moves, WhatIfMove{name, to, sumOf(m)})
			}
		}
	}
	return out
}

func memberOf(m whatif.Member) WhatIfMember {
	return WhatIfMember{WhatIfSize{Name: m.Name, Before: sumOf(m.Old), After: sumOf(m.New)}, sumOf(m.Enter), sumOf(m.Leave)}
}

// NewWhatIfReport is a what-if as it is told.
func NewWhatIfReport(w *WhatIf) *WhatIfReport {
	r := w.Report
	out := WhatIfReport{
		AsOf: moment(w.AsOf).UTC().Format(time.RFC3339), Currency: w.Currency, Users: r.Users, Published: w.Published, Tried: w.Tried, Cuts: "published", Changes: []WhatIfChange{},
		Stages: groupOf(&r.Stage), Candidates: groupOf(&r.Asked), RFM: groupOf(&r.RFM), RFMCN: groupOf(&r.RFMCN), Tiers: groupOf(&r.Tier),
		Segments: []WhatIfMember{}, Tags: []WhatIfMember{}, Rules: []WhatIfRule{}, spreads: w.Spreads,
	}
	if w.Recut {
		out.Cuts = "recomputed"
	}
	for _, c := range w.Changes {
		out.Changes = append(out.Changes, WhatIfChange(c))
	}
	for _, m := range r.Segments {
		out.Segments = append(out.Segments, memberOf(m))
	}
	for _, m := range r.Tags {
		out.Tags = append(out.Tags, memberOf(m))
	}
	if len(r.Points.Names) > 0 {
		g := groupOf(&r.Points)
		out.Engagement = &g
	}
	if r.Churn != nil {
		m := memberOf(*r.Churn)
		out.Churn = &m
	}
	for _, e := range r.Rules {
		out.Rules = append(out.Rules, WhatIfRule{e.Name, sumOf(e.Enter), sumOf(e.Existing)})
	}
	return &out
}

// From says which snapshot the report was computed from, at a moment in unix milliseconds.
func (r *WhatIfReport) From(m *snapshot.Manifest, now int64) *WhatIfReport {
	r.Snapshot = &WhatIfSnapshotOf{
		MadeAt: moment(m.Made).UTC().Format(time.RFC3339), AgeSeconds: max(now-m.Made, 0) / 1000, BaseUsers: m.Users, Rate: 1, Weight: 1,
	}
	if m.Sampling != nil {
		r.Snapshot.Rate, r.Snapshot.Weight = m.Sampling.Rate, m.Sampling.Weight
		r.estimate(m.Users)
	}
	return r
}

// WhatIfStored is WhatIf from the stored snapshot, whose columns it holds in memory: at most five million rows. NotFound when there is no
// snapshot yet, Invalid as for WhatIf.
func (a *App) WhatIfStored(ctx context.Context, text []byte) (*WhatIfReport, error) {
	shot, err := a.CurrentSnapshot(ctx)
	if err != nil {
		return nil, err
	}
	now, err := a.now(ctx)
	if err != nil {
		return nil, err
	}
	w, m, err := WhatIfSnapshot(a.SnapshotFiles(ctx, shot), text)
	if err != nil {
		return nil, err
	}
	return NewWhatIfReport(w).From(m, now), nil
}

// SnapshotTable is the Parquet copy of the stored snapshot: its content, or the address of it where clients read past the API.
func (a *App) SnapshotTable(ctx context.Context) (name string, content []byte, url string, err error) {
	shot, err := a.CurrentSnapshot(ctx)
	if err != nil {
		return "", nil, "", err
	}
	name = "users-" + shot.Generation + ".parquet"
	if a.ports.Tickets != nil {
		url, err = a.ports.Tickets.Fetch(ctx, shot.Generation, snapshot.TableName, a.ports.Clock()+tableFor)
		return name, nil, url, err
	}
	content, err = a.ports.Shots.Get(ctx, shot.Generation, snapshot.TableName)
	return name, content, "", err
}

// tableFor is how long an address of the table works, in milliseconds.
const tableFor = 300_000
