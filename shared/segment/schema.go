package segment

import (
	"slices"
	"strconv"
)

// Field is a built-in field of a user. It is the Index of a Ref of kind RefField.
type Field int

// The built-in fields. Money is in major units of the project's currency. Days are calendar days in the project's zone.
const (
	FieldStage         Field = iota // string: the settled stage
	FieldCandidate                  // string: the candidate stage
	FieldStageDays                  // number: days since the settled stage was entered
	FieldR                          // number 1..5; 0 without a purchase
	FieldF                          // number 1..5; 0 without a purchase
	FieldM                          // number 1..5; 0 without a purchase
	FieldRFM                        // string: name in the RFM grid; "" without a purchase
	FieldRFMCN                      // string: one of the Chinese eight; "" without a purchase
	FieldTier                       // string: value tier
	FieldOrders                     // number of purchases; windowed
	FieldPurchaseDays               // number of days with a purchase; windowed
	FieldSpend                      // number: purchases less refunds, major units; windowed
	FieldAverageOrder               // number: spend / orders; null without a purchase
	FieldRecencyDays                // number: days since the last purchase; null without one
	FieldSilenceDays                // number: days since the last sign of life (activity.of), else since first_seen
	FieldTenureDays                 // number: days since first_seen
	FieldActiveDays                 // number of days with any event; windowed, at most 400 days, 28 when no window is given
	FieldEvents                     // number of events
	FieldFirstSeen                  // time
	FieldLastSeen                   // time
	FieldFirstPurchase              // time: start of the first purchase day; null without one
	FieldLastPurchase               // time: start of the last purchase day; null without one
	FieldPAlive                     // number: probability of still being a customer; null without a model or a purchase
	FieldExpected                   // number: purchases expected in the next 52 weeks; null without a model or a purchase
	FieldExpectedValue              // number: expected value of a purchase, major units; null without a model or a purchase
	FieldCLV                        // number: discounted value of the purchases to come, major units; null without a model or a purchase
	FieldChurnP                     // number: probability of churn within the model's horizon; null without a model
	FieldChurnWarning               // bool: whether churn_p has reached the threshold
	FieldTimezone                   // string: the user's zone, the project's where the user has none; null for a zone that is not known
	FieldEngagement                 // number 0..100: the engagement score; refused where the strategy declares none
	fieldCount
)

// FieldSpec describes a built-in field.
type FieldSpec struct {
	Name      string
	Type      Type
	MaxWindow int // longest window in days that may stand in brackets after the name; 0: none may
	Default   int // the window used when none is given; 0: all time
}

var fieldSpecs = [fieldCount]FieldSpec{
	FieldStage:         {Name: "stage", Type: TString},
	FieldCandidate:     {Name: "stage_candidate", Type: TString},
	FieldStageDays:     {Name: "stage_days", Type: TNumber},
	FieldR:             {Name: "r", Type: TNumber},
	FieldF:             {Name: "f", Type: TNumber},
	FieldM:             {Name: "m", Type: TNumber},
	FieldRFM:           {Name: "rfm", Type: TString},
	FieldRFMCN:         {Name: "rfm_cn", Type: TString},
	FieldTier:          {Name: "tier", Type: TString},
	FieldOrders:        {Name: "orders", Type: TNumber, MaxWindow: 3650},
	FieldPurchaseDays:  {Name: "purchase_days", Type: TNumber, MaxWindow: 3650},
	FieldSpend:         {Name: "spend", Type: TNumber, MaxWindow: 3650},
	FieldAverageOrder:  {Name: "average_order", Type: TNumber},
	FieldRecencyDays:   {Name: "recency_days", Type: TNumber},
	FieldSilenceDays:   {Name: "silence_days", Type: TNumber},
	FieldTenureDays:    {Name: "tenure_days", Type: TNumber},
	FieldActiveDays:    {Name: "active_days", Type: TNumber, MaxWindow: 400, Default: 28},
	FieldEvents:        {Name: "events", Type: TNumber},
	FieldFirstSeen:     {Name: "first_seen", Type: TTime},
	FieldLastSeen:      {Name: "last_seen", Type: TTime},
	FieldFirstPurchase: {Name: "first_purchase", Type: TTime},
	FieldLastPurchase:  {Name: "last_purchase", Type: TTime},
	FieldPAlive:        {Name: "p_alive", Type: TNumber},
	FieldExpected:      {Name: "expected_purchases", Type: TNumber},
	FieldExpectedValue: {Name: "expected_value", Type: TNumber},
	FieldCLV:           {Name: "clv", Type: TNumber},
	FieldChurnP:        {Name: "churn_p", Type: TNumber},
	FieldChurnWarning:  {Name: "churn_warning", Type: TBool},
	FieldEngagement:    {Name: "engagement", Type: TNumber},
	FieldTimezone:      {Name: "timezone", Type: TString},
}

// Fields returns the built-in fields, by Field.
func Fields() []FieldSpec { return slices.Clone(fieldSpecs[:]) }

// String is the field's name.
func (f Field) String() string {
	if f >= 0 && f < fieldCount {
		return fieldSpecs[f].Name
	}
	return "field " + strconv.Itoa(int(f))
}

// RefKind says what a Ref reads.
type RefKind uint8

// The kinds of references.
const (
	RefField    RefKind = iota // a built-in field: Index is the Field, Window days or 0 for all time
	RefMetric                  // a declared metric: Index in the order of declaration, Window in days
	RefTrait                   // a trait by Name, of any type; "a.b" for nested objects
	RefTag                     // whether the user has the tag Name: a Bool
	RefSegment                 // whether the user is in the segment Name: a Bool; Index in the order of declaration
	RefEvent                   // a declared event: Index in the order of declaration; Stat is count, first or last
	RefMeasure                 // something about the occurrences of events: Measure, over Window days
	RefProperty                // a property of an event: Name is the path, "a.b" for nested objects
	RefBucket                  // a random bucket: Name is the salt, Window how many buckets there are
	RefList                    // whether the user is on the list Name: a Bool
	RefMessage                 // the messages of the rule, template or campaign Name, AnyMessage for all; Stat is one of MessageStats
)

// The values of Ref.Stat.
const (
	StatCount = "count" // number; 0 when it never happened
	StatFirst = "first" // time; null when it never happened
	StatLast  = "last"  // time; null when it never happened
)

// Ref is something of the user (or event) that a condition reads.
type Ref struct {
	Kind   RefKind
	Name   string
	Window int // days, or the number of buckets; 0 when the reference has no window
	Index  int // place in the schema; 0 for traits, tags, measures and properties
	Stat   string
	Type   Type
	Slot   int // place in Program.Refs

	Measure *Measure // of a RefMeasure
}

// Field returns the built-in field that a RefField reads.
func (r *Ref) Field() Field { return Field(r.Index) }

// String returns the reference as it is written in the language.
func (r *Ref) String() string { return string(r.append(nil)) }

// Schema is what conditions may refer to. The zero Schema knows nothing; NewSchema knows the built-in fields.
type Schema struct {
	builtin    bool
	properties bool
	metrics    []metricSpec
	segments   []string
	tags       []string
	anyTag     bool
	events     []string
	messages   []string
	enums      map[Field][]string
	refused    map[string]string
	anyMeasure bool
	purchase   string
}

type metricSpec struct {
	name    string
	typ     Type
	windows []int
	of      Definition
}

// NewSchema returns a schema of conditions on users: the built-in fields and traits. Metrics, tags, segments and events are
// declared on it.
func NewSchema() *Schema {
	return &Schema{builtin: true, enums: map[Field][]string{}, refused: map[string]string{}}
}

// PropertySchema returns the schema of conditions on one event: properties.* alone, all of any type.
func PropertySchema() *Schema { return &Schema{properties: true} }

// Metric declares a metric with its windows in days; the first is the one that metrics.NAME means.
func (s *Schema) Metric(name string, typ Type, windows []int) {
	s.metrics = append(s.metrics, metricSpec{name: name, typ: typ, windows: slices.Clone(windows)})
}

// Segment declares a segment.
func (s *Schema) Segment(name string) { s.segments = append(s.segments, name) }

// Tag declares a tag. AnyTag lets undeclared ones be named too.
func (s *Schema) Tag(name string) {
	if !slices.Contains(s.tags, name) {
		s.tags = append(s.tags, name)
	}
}

// AnyTag lets conditions name tags that are not declared.
func (s *Schema) AnyTag() { s.anyTag = true }

// Events declares events whose count, first and last time are kept.
func (s *Schema) Events(names []string) { s.events = append(s.events, names...) }

// Messages declares the names that message("NAME") may give: rules and templates.
func (s *Schema) Messages(names []string) { s.messages = append(s.messages, names...) }

// Stages declares the names of stages.
func (s *Schema) Stages(names []string) {
	s.Enum(FieldStage, names)
	s.Enum(FieldCandidate, names)
}

// Enum declares the values of a text field: comparing it with another literal is an error. The empty text is always allowed.
func (s *Schema) Enum(f Field, values []string) { s.enums[f] = slices.Clone(values) }

// Refuse makes naming a field ("stage"), or a group ("segments", "tags", "traits", "metrics", "event", "lists",
// "message", "bucket"), an error with this reason.
func (s *Schema) Refuse(name, reason string) { s.refused[name] = reason }
