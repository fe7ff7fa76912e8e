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

// Names returns what conditions may refer to.
func (s *Strategy) Names() *segment.Names {
	n := &segment.Names{
		Events: slices.Clone(s.Events), Purchase: s.Purchase.Event, Messages: s.MessageNames(), Stages: s.StageNames(), RFM: s.RFMNames(), RFMCN: RFMNamesCN(),
	}
	for _, m := range s.Metrics {
		of := segment.Definition{Event: m.Event, Where: m.Where, Value: m.Value, Agg: m.Agg}
		n.Metrics = append(n.Metrics, segment.MetricName{Name: m.Name, Windows: slices.Clone(m.Windows), Of: of})
	}
	for _, t := range s.EventTags {
		n.Tags = append(n.Tags, t.Tag)
	}
	for _, t := range s.Tags {
		n.Tags = append(n.Tags, t.Name)
	}
	for _, g := range s.Segments {
		n.Segments = append(n.Segments, g.Name)
	}
	for _, t := range s.Tiers {
		n.Tiers = append(n.Tiers, t.Name)
	}
	if len(s.Engagement) == 0 {
		n.Refused = append(n.Refused, segment.Refusal{Name: segment.FieldEngagement.String(), Why: "engagement: the strategy declares no points under engagement"})
	}
	return n
}

// SegmentSchema returns what the conditions of segments, and conditions of the moment, may refer to: everything.
func (s *Strategy) SegmentSchema() *segment.Schema { return s.Names().SegmentSchema() }

// TagSchema returns what the conditions of tags may refer to: everything but segments.
func (s *Strategy) TagSchema() *segment.Schema { return s.Names().TagSchema() }

// StageSchema returns what the conditions of stages may refer to: no stage, no tag, no segment.
func (s *Strategy) StageSchema() *segment.Schema { return s.Names().StageSchema() }
