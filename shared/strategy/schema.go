package strategy

import (
	"slices"

	"github.com/weir-engine/weir/shared/segment"
)

// rfmNames are the names of the RFM grid, from the best; lost belongs to the grid of eleven alone.
var rfmNames = []string{
	"champions", "loyal_customers", "potential_loyalists", "new_customers", "promising", "need_attention",
	"about_to_sleep", "at_risk", "cant_lose", "hibernating", "lost",
}

// rfmNamesCN are the Chinese eight: R near, F high, M high or not.
var rfmNamesCN = []string{"重要价值", "重要保持", "重要发展", "重要挽留", "一般价值", "一般保持", "一般发展", "一般挽留"}

// RFMNames returns the names that the strategy's grid gives, from the best.
func (s *Strategy) RFMNames() []string {
	if s.RFM.Grid == GridEleven {
		return slices.Clone(rfmNames)
	}
	return slices.Clone(rfmNames[:len(rfmNames)-1])
}

// RFMNamesCN returns the names of the Chinese eight.
func RFMNamesCN() []string { return slices.Clone(rfmNamesCN) }

// StageNames returns the stages in order.
func (s *Strategy) StageNames() []string {
	names := make([]string, len(s.Lifecycle.Stages))
	for i := range names {
		names[i] = s.Lifecycle.Stages[i].Name
	}
	return names
}

// MessageNames returns what message("NAME") in a condition may name: the rules in order, then the templates that no rule is
// named after, by name.
func (s *Strategy) MessageNames() []string {
	var names []string
	for i := range s.Outreach.Rules {
		names = append(names, s.Outreach.Rules[i].Name)
	}
	for _, name := range sortedKeys(s.Templates) {
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

// SegmentSchema returns what the conditions of segments, and conditions of the moment, may refer to: everything. Indexes of
// metrics, segments and events are those of the strategy's lists.
func (s *Strategy) SegmentSchema() *segment.Schema {
	schema := segment.NewSchema()
	for _, m := range s.Metrics {
		schema.Metric(m.Name, segment.TNumber, m.Windows)
		schema.Define(m.Name, segment.Definition{Event: m.Event, Where: m.Where, Value: m.Value, Agg: m.Agg})
	}
	schema.Events(s.Events)
	schema.Purchase(s.Purchase.Event)
	for _, t := range s.EventTags {
		schema.Tag(t.Tag)
	}
	for _, t := range s.Tags {
		schema.Tag(t.Name)
	}
	for _, g := range s.Segments {
		schema.Segment(g.Name)
	}
	schema.Messages(s.MessageNames())
	schema.Stages(s.StageNames())
	schema.Enum(segment.FieldRFM, s.RFMNames())
	schema.Enum(segment.FieldRFMCN, rfmNamesCN)
	tiers := make([]string, len(s.Tiers))
	for i, t := range s.Tiers {
		tiers[i] = t.Name
	}
	schema.Enum(segment.FieldTier, tiers)
	if len(s.Engagement) == 0 {
		schema.Refuse(segment.FieldEngagement.String(), "engagement: the strategy declares no points under engagement")
	}
	return schema
}

// TagSchema returns what the conditions of tags may refer to: everything but segments.
func (s *Strategy) TagSchema() *segment.Schema {
	schema := s.SegmentSchema()
	schema.Refuse("segments", "no segment: tags are decided before segments")
	return schema
}

// StageSchema returns what the conditions of stages may refer to: no stage, no tag, no segment.
func (s *Strategy) StageSchema() *segment.Schema {
	schema := s.SegmentSchema()
	const reason = "fields, metrics, events and traits alone: stages are decided before tags and segments"
	for _, name := range []string{"stage", "stage_candidate", "stage_days", "tags", "segments"} {
		schema.Refuse(name, reason)
	}
	return schema
}
