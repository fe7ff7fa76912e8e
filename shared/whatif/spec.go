package whatif

import (
	"slices"

	"github.com/weir-engine/weir/shared/segment"
)

// Spec is what a what-if reads of a strategy: the thresholds, conditions and rules that can be moved over a base whose facts
// stand. It is not changed once it is used.
type Spec struct {
	Activity string // what ends silence: purchase, any, events
	Grid     string // ten or eleven
	Cuts     Cuts
	Stages   []Stage // from the top; the last has no condition
	Tags     []Audience
	Segments []Audience
	Rules    []Rule
	// Engagement gives points; their sum, cut to 0..MaxEngagement, is the engagement score. Without entries nobody has one.
	Engagement []Points
	// Churn is the probability from which a churn warning is due while the user is silent for fewer days than ChurnSilence; 0: no
	// warning is given.
	Churn        float64
	ChurnSilence int
	Missing      []Missing // what conditions may name although the columns do not have it
}

// Missing is what the columns do not have: everything whose name begins so.
type Missing struct{ Prefix, Why string }

// Stage is one stage of the lifecycle.
type Stage struct {
	Name    string
	When    *segment.Program // nil: everybody else
	Dwell   int              // days a user stays at least
	Allowed []string         // where a user may go from here; nil: anywhere
}

// Audience is a tag or segment that a condition gives.
type Audience struct {
	Name string
	When *segment.Program
}

// Points are given to users for whom a condition holds.
type Points struct {
	Name   string
	When   *segment.Program
	Points int // -100 to 100
}

// Rule is an outreach rule: it sends to who enters a stage or a segment.
type Rule struct {
	Name           string
	Stage, Segment string // one of them
}

// Cuts are the thresholds of the scores in whole numbers, as score.Cuts has them.
type Cuts struct {
	Scored    bool     // without, nobody has scores
	Recency   [4]int64 // R = 5 − how many of them the days since the last purchase exceed
	Frequency [4]int64 // F = 1 + how many of them the purchase days exceed
	Monetary  [4]int64 // M = 1 + how many of them the net spend exceeds, minor units
	// Ranked: at the value of a cut of frequency, users whose key is beyond that of the cut exceed it (ties: ntile_first).
	// FromRow, unless it is nil, says from which row of the base on that is; else the column ColKeyRank does.
	Ranked  [4]bool
	FromRow *[4]int64
	CN      CNCuts
	Tiers   []TierCut
}

// CNCuts are the cuts of the Chinese eight: near when the days are at most Recency, frequent and valuable above the others.
type CNCuts struct {
	Known                        bool
	Average                      bool // money is the average of an order
	Recency, Frequency, Monetary int64
}

// TierCut is a value tier and the least net spend that reaches it, minor units; the first that is reached counts.
type TierCut struct {
	Name  string
	Least int64
	Rest  bool // everybody else
}

func (c *Cuts) equal(d *Cuts) bool {
	return c.Scored == d.Scored && c.Recency == d.Recency && c.Frequency == d.Frequency && c.Monetary == d.Monetary && c.Ranked == d.Ranked &&
		(c.FromRow == nil) == (d.FromRow == nil) && (c.FromRow == nil || *c.FromRow == *d.FromRow) && c.CN == d.CN && slices.Equal(c.Tiers, d.Tiers)
}

// The grids.
const (
	GridTen    = "ten"
	GridEleven = "eleven"
)

// rfmNames are the names of the grid by code; 0 is nobody who has scores.
var rfmNames = []string{
	"", "champions", "loyal_customers", "potential_loyalists", "new_customers", "promising", "need_attention",
	"about_to_sleep", "at_risk", "cant_lose", "hibernating", "lost",
}

// grid holds codes of rfmNames by R-1, F-1.
var grid = [5][5]uint8{
	{10, 10, 8, 8, 9},
	{10, 10, 8, 8, 9},
	{7, 7, 6, 2, 2},
	{5, 3, 3, 2, 2},
	{4, 3, 3, 1, 1},
}

// cnNames are the Chinese eight by code: 1 + near<<2 | frequent<<1 | valuable; 0 is nobody who has them.
var cnNames = []string{"", "一般挽留", "重要挽留", "一般保持", "重要保持", "一般发展", "重要发展", "一般价值", "重要价值"}
