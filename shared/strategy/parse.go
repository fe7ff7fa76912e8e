package strategy

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"reflect"
)

// MaxBytes is the size limit of a strategy file.
const MaxBytes = 1 << 20

// Parse reads a strategy file, fills in the defaults, expands the lifecycle preset and checks everything. The error is an
// *Errors that lists every problem with its place. JSON is YAML and is read too.
func Parse(text []byte) (*Strategy, error) {
	ps := &problems{}
	if len(text) > MaxBytes {
		ps.add(Problem{Message: "the file is larger than 1 MiB", Expected: "a smaller strategy"})
		return nil, &Errors{Problems: ps.list, tooLarge: true}
	}
	root := readYAML(text, ps)
	if root == nil {
		return nil, ps.err()
	}
	s := withDefaults()
	d := &decoder{ps: ps, places: map[string]*node{}, broken: map[string]bool{}}
	d.decode(root, reflect.ValueOf(s).Elem(), "")
	c := &checker{decoder: d, s: s}
	c.complete()
	c.check()
	if err := ps.err(); err != nil {
		return nil, err
	}
	return s, nil
}

// withDefaults returns a strategy with the defaults that do not depend on the rest of the file.
func withDefaults() *Strategy {
	return &Strategy{
		Zone:     "UTC",
		Currency: "USD",
		Purchase: Purchase{Event: "Order Completed", Amount: "revenue", Order: "order_id", Currency: "currency"},
		Refund:   Refund{Event: "Order Refunded", Amount: "revenue", Order: "order_id"},
		RFM:      RFM{Ties: TiesMinRank, Grid: GridTen, CN: RFMCN{MKind: "total", Cut: "mean"}},
		Value:    DefaultValue,
		Outreach: Outreach{DailyCeiling: 10_000},
	}
}

// The values of RFM.Ties and RFM.Grid.
const (
	TiesMinRank    = "min_rank"
	TiesNtileFirst = "ntile_first"
	TiesFixed      = "fixed"
	GridTen        = "ten"
	GridEleven     = "eleven"
)

// The values of Lifecycle.Preset.
const (
	PresetCommerce = "commerce"
	PresetGrowth   = "growth"
	PresetCustom   = "custom"
)

// The values of Activity.Of.
const (
	ActivityAny      = "any"
	ActivityPurchase = "purchase"
	ActivityEvents   = "events"
)

// complete fills in what depends on the rest of the file.
func (c *checker) complete() {
	s := c.s
	if s.Lifecycle.Preset == "" {
		s.Lifecycle.Preset = PresetCommerce
		if len(s.Lifecycle.Stages) > 0 {
			s.Lifecycle.Preset = PresetCustom
		}
	}
	if s.Activity.Of == "" {
		s.Activity.Of = ActivityPurchase
		if s.Lifecycle.Preset == PresetGrowth {
			s.Activity.Of = ActivityAny
		}
	}
	if len(s.Tiers) == 0 && !c.given("tiers") {
		s.Tiers = []Tier{
			{Name: "top", Top: 0.05, Zh: "顶层", En: "Top 5 %"}, {Name: "high", Top: 0.2, Zh: "高价值", En: "High value"},
			{Name: "middle", Top: 0.5, Zh: "中价值", En: "Middle value"}, {Name: "low", Top: 1, Zh: "低价值", En: "Low value"},
		}
	}
	s.Purchase.Order, s.Refund.Order = cmp.Or(s.Purchase.Order, "order_id"), cmp.Or(s.Refund.Order, "order_id")
	s.Purchase.Currency = cmp.Or(s.Purchase.Currency, "currency")
	for i := range s.Metrics {
		if s.Metrics[i].Unit == "" {
			s.Metrics[i].Unit = UnitNumber
		}
	}
	for i := range s.Outreach.Rules {
		if s.Outreach.Rules[i].Channel == "" {
			s.Outreach.Rules[i].Channel = ChannelOutbox
		}
	}
	c.completeLimits()
	c.expandPreset()
	fillEmpty(s)
}

// fillEmpty replaces absent lists and maps by empty ones, so that an absent list and an empty one are one strategy.
func fillEmpty(s *Strategy) {
	s.Events = orEmpty(s.Events)
	s.Metrics = orEmpty(s.Metrics)
	s.EventTags = orEmpty(s.EventTags)
	s.Tiers = orEmpty(s.Tiers)
	s.Tags = orEmpty(s.Tags)
	s.Segments = orEmpty(s.Segments)
	s.Lifecycle.Stages = orEmpty(s.Lifecycle.Stages)
	s.Outreach.Rules = orEmpty(s.Outreach.Rules)
	s.RFM.Recency, s.RFM.Freq, s.RFM.Money = orEmpty(s.RFM.Recency), orEmpty(s.RFM.Freq), orEmpty(s.RFM.Money)
	for i := range s.Metrics {
		s.Metrics[i].Windows = orEmpty(s.Metrics[i].Windows)
	}
	if s.Templates == nil {
		s.Templates = map[string]Template{}
	}
	if s.Lifecycle.Dwell == nil {
		s.Lifecycle.Dwell = map[string]int{}
	}
	if s.Lifecycle.Transitions == nil {
		s.Lifecycle.Transitions = map[string][]string{}
	}
}

func orEmpty[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

// Version identifies the strategy's meaning: 12 hexadecimal digits of the SHA-256 of its canonical JSON. Comments, the
// order of keys and defaults written out do not change it.
func (s *Strategy) Version() string {
	text, err := json.Marshal(s)
	if err != nil {
		return "" // cannot be: a strategy consists of texts, finite numbers, lists and maps
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:6])
}
