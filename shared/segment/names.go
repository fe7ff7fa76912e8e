package segment

// Names are what a strategy declares that conditions may refer to. Indexes of metrics, segments and events are those of its lists.
type Names struct {
	Metrics  []MetricName
	Events   []string // whose count, first and last time are kept
	Purchase string   // the event that is a purchase
	Tags     []string
	Segments []string
	Messages []string // that message("NAME") may give
	Stages   []string
	RFM      []string
	RFMCN    []string
	Tiers    []string
	Refused  []Refusal
}

// Refusal is a name that conditions may not use, as Schema.Refuse has it.
type Refusal struct{ Name, Why string }

// MetricName is a metric with its windows in days; the first is the one that metrics.NAME means.
type MetricName struct {
	Name    string
	Windows []int
	Of      Definition
}

// SegmentSchema returns what the conditions of segments, and conditions of the moment, may refer to: everything.
func (n *Names) SegmentSchema() *Schema {
	schema := NewSchema()
	for _, m := range n.Metrics {
		schema.Metric(m.Name, TNumber, m.Windows)
		schema.Define(m.Name, m.Of)
	}
	schema.Events(n.Events)
	schema.Purchase(n.Purchase)
	for _, t := range n.Tags {
		schema.Tag(t)
	}
	for _, g := range n.Segments {
		schema.Segment(g)
	}
	schema.Messages(n.Messages)
	schema.Stages(n.Stages)
	schema.Enum(FieldRFM, n.RFM)
	schema.Enum(FieldRFMCN, n.RFMCN)
	schema.Enum(FieldTier, n.Tiers)
	for _, r := range n.Refused {
		schema.Refuse(r.Name, r.Why)
	}
	return schema
}

// TagSchema returns what the conditions of tags may refer to: everything but segments.
func (n *Names) TagSchema() *Schema {
	schema := n.SegmentSchema()
	schema.Refuse("segments", "no segment: tags are decided before segments")
	return schema
}

// EngagementSchema returns what the conditions of engagement may refer to: what stages may, but not engagement itself.
func (n *Names) EngagementSchema() *Schema {
	schema := n.StageSchema()
	schema.Refuse(FieldEngagement.String(), "no engagement: this condition is part of it")
	return schema
}

// StageSchema returns what the conditions of stages may refer to: no stage, no tag, no segment.
func (n *Names) StageSchema() *Schema {
	schema := n.SegmentSchema()
	const reason = "fields, metrics, events and traits alone: stages are decided before tags and segments"
	for _, name := range []string{"stage", "stage_candidate", "stage_days", "tags", "segments"} {
		schema.Refuse(name, reason)
	}
	return schema
}
