// Package strategy is the strategy file: one YAML document that says what a growth team counts, how it tells users apart
// and whom it reaches. The package parses, validates, compares and hashes it; docs/strategy.md explains it to people.
package strategy

// Strategy is a parsed and validated strategy file with its defaults filled in.
type Strategy struct {
	Weir       int                 `yaml:"weir" json:"weir"` // version of the file format: 1
	Name       string              `yaml:"name" json:"name"`
	Zone       string              `yaml:"zone" json:"zone"`         // tz database name, default "UTC"
	Currency   string              `yaml:"currency" json:"currency"` // ISO 4217, default "USD"
	Purchase   Purchase            `yaml:"purchase" json:"purchase"`
	Refund     Refund              `yaml:"refund" json:"refund"`
	Activity   Activity            `yaml:"activity" json:"activity"`
	Events     []string            `yaml:"events" json:"events"` // declared events: first, last and count are kept
	Metrics    []Metric            `yaml:"metrics" json:"metrics"`
	EventTags  []EventTag          `yaml:"event_tags" json:"event_tags"`
	RFM        RFM                 `yaml:"rfm" json:"rfm"`
	Tiers      []Tier              `yaml:"tiers" json:"tiers"` // by share of spend rank, best first
	Lifecycle  Lifecycle           `yaml:"lifecycle" json:"lifecycle"`
	Churn      Churn               `yaml:"churn" json:"churn,omitzero"`
	Value      Value               `yaml:"value" json:"value,omitzero"`
	Engagement []Points            `yaml:"engagement" json:"engagement,omitempty"`
	Tags       []Tag               `yaml:"tags" json:"tags"`
	Segments   []Segment           `yaml:"segments" json:"segments"`
	Templates  map[string]Template `yaml:"templates" json:"templates"`
	Outreach   Outreach            `yaml:"outreach" json:"outreach"`
}

// Purchase says which event is a purchase. Paths are properties of the event.
type Purchase struct {
	Event    string `yaml:"event" json:"event"`       // default "Order Completed"
	Amount   string `yaml:"amount" json:"amount"`     // default "revenue"; falls back to "total", then "value"
	Order    string `yaml:"order" json:"order"`       // default "order_id"
	Currency string `yaml:"currency" json:"currency"` // default "currency"; absent means the project's
}

// Refund says which event takes money back. A refund that names its order attaches to the order's day.
type Refund struct {
	Event  string `yaml:"event" json:"event"` // default "Order Refunded"
	Amount string `yaml:"amount" json:"amount"`
	Order  string `yaml:"order" json:"order"`
}

// Activity says what counts as a sign of life for silence: "any" event, "purchase", or the declared Events.
type Activity struct {
	Of string `yaml:"of" json:"of"` // any | purchase | events; default purchase, any for the growth preset
}

// Metric is a declared metric: an aggregate of an event over sliding windows of whole days.
type Metric struct {
	Name    string `yaml:"name" json:"name"`
	Event   string `yaml:"event" json:"event"`     // the event's name, or "*"
	Where   string `yaml:"where" json:"where"`     // a condition over properties.*, "" for all
	Value   string `yaml:"value" json:"value"`     // property path; needed by every aggregate but count and times
	Unit    string `yaml:"unit" json:"unit"`       // money | number | text; default number
	Agg     string `yaml:"agg" json:"agg"`         // count | sum | min | max | first | last | distinct | times
	Windows []int  `yaml:"windows" json:"windows"` // days, ascending; the first is the default window of metrics.NAME
}

// EventTag sets a tag when an event happens.
type EventTag struct {
	Tag   string `yaml:"tag" json:"tag"`
	Event string `yaml:"event" json:"event"`
	Where string `yaml:"where" json:"where"`
	For   int    `yaml:"for_days" json:"for_days"` // 0 for ever
	Clear bool   `yaml:"clear" json:"clear"`       // remove the tag instead
}

// RFM configures the scores 1..5 and their names (definitions in docs/strategy.md).
type RFM struct {
	Ties    string    `yaml:"ties" json:"ties"`       // min_rank (default) | ntile_first | fixed
	Recency []float64 `yaml:"recency" json:"recency"` // fixed: four cuts in days, ascending
	Freq    []float64 `yaml:"frequency" json:"frequency"`
	Money   []float64 `yaml:"monetary" json:"monetary"` // fixed: four cuts in major units
	Grid    string    `yaml:"grid" json:"grid"`         // ten (default) | eleven (with lost)
	CN      RFMCN     `yaml:"cn" json:"cn"`
}

// RFMCN configures the Chinese eight.
type RFMCN struct {
	MKind string     `yaml:"m_kind" json:"m_kind"` // total (default) | average
	Cut   string     `yaml:"cut" json:"cut"`       // mean (default) | median | fixed
	Fixed [3]float64 `yaml:"fixed" json:"fixed"`   // days, purchases, major units
}

// Tier is a value tier: the best Top (share of users, 0..1] by spend; the last tier has Top 1.
type Tier struct {
	Name string  `yaml:"name" json:"name"`
	Top  float64 `yaml:"top" json:"top"`
	Zh   string  `yaml:"zh" json:"zh"` // label in Chinese; "" shows the name
	En   string  `yaml:"en" json:"en"`
}

// Lifecycle is the stage machine. A preset fills Stages from Thresholds; own stages replace it.
type Lifecycle struct {
	Preset      string              `yaml:"preset" json:"preset"` // commerce (default): potential, first_purchase, active, silent, churned | growth: introduction, growing, mature, dormant, churned | custom
	Thresholds  Thresholds          `yaml:"thresholds" json:"thresholds"`
	Stages      []Stage             `yaml:"stages" json:"stages"` // evaluated from the top, the first that holds is the candidate; the last has no condition
	Dwell       map[string]int      `yaml:"dwell_days" json:"dwell_days"`
	Transitions map[string][]string `yaml:"transitions" json:"transitions"` // absent: every transition is allowed
}

// Thresholds are the numbers of the presets, in days and counts.
type Thresholds struct {
	Silent  int `yaml:"silent_days" json:"silent_days"`   // D: silent (commerce) or dormant (growth) from here
	Churned int `yaml:"churned_days" json:"churned_days"` // C
	Window  int `yaml:"window_days" json:"window_days"`   // W of growth
	Mature  int `yaml:"mature" json:"mature"`             // M core actions in W
	Growing int `yaml:"growing" json:"growing"`           // G core actions in W
	// Core is the metric that counts core actions; it must keep the window W. "" counts active days, or purchases when
	// activity.of is purchase.
	Core string `yaml:"core_metric" json:"core_metric"`
}

// Stage is one stage of a lifecycle.
type Stage struct {
	Name string `yaml:"name" json:"name"`
	When string `yaml:"when" json:"when"`
	Zh   string `yaml:"zh" json:"zh"` // label in Chinese; "" shows the name
	En   string `yaml:"en" json:"en"`
}

// Points are given to users for whom a condition holds. The engagement score is their sum, cut to 0..100.
type Points struct {
	Name   string `yaml:"name" json:"name"`
	When   string `yaml:"when" json:"when"`
	Points int    `yaml:"points" json:"points"` // -100 to 100
	Zh     string `yaml:"zh" json:"zh"`
	En     string `yaml:"en" json:"en"`
}

// Tag is a tag that a condition gives.
type Tag struct {
	Name string `yaml:"name" json:"name"`
	When string `yaml:"when" json:"when"`
	Zh   string `yaml:"zh" json:"zh"`
	En   string `yaml:"en" json:"en"`
}

// Segment is a named audience.
type Segment struct {
	Name string `yaml:"name" json:"name"`
	When string `yaml:"when" json:"when"`
	Zh   string `yaml:"zh" json:"zh"`
	En   string `yaml:"en" json:"en"`
}

// Template is a message: Liquid text over {user, traits, scores, reasons}.
type Template struct {
	Subject string              `yaml:"subject" json:"subject"`
	Body    string              `yaml:"body" json:"body"`                 // plain text; made of HTML when empty
	HTML    string              `yaml:"html" json:"html,omitempty"`       // made of Body when empty
	Locales map[string]Template `yaml:"locales" json:"locales,omitempty"` // by BCP 47 tag, chosen by traits.locale
}

// Outreach holds the rules and their limits.
type Outreach struct {
	DailyCeiling int `yaml:"daily_ceiling" json:"daily_ceiling"` // messages a project day over all rules; 0 none may be sent; default 10000
	// Consent says by channel whether a message needs the user's consent: ConsentRequired or ConsentNotRefused.
	Consent map[string]string `yaml:"consent" json:"consent,omitempty"`
	Caps    []Cap             `yaml:"caps" json:"caps,omitempty"`
	Quiet   map[string]Quiet  `yaml:"quiet_hours" json:"quiet_hours,omitempty"` // by channel
	Holdout Holdout           `yaml:"holdout" json:"holdout,omitzero"`
	// ExpireAfter is for how many hours after its decision a message may be sent; 0: see Expiry.
	ExpireAfter int    `yaml:"expire_after_hours" json:"expire_after_hours,omitempty"`
	Rules       []Rule `yaml:"rules" json:"rules"`
}

// NeedsConsent reports whether messages by a channel need consent that was given: by e-mail they do unless the strategy says otherwise.
func (o *Outreach) NeedsConsent(channel string) bool {
	if want, ok := o.Consent[channel]; ok {
		return want == ConsentRequired
	}
	return channel == ChannelEmail
}

// The channels, and the values of Outreach.Consent.
const (
	ChannelOutbox     = "outbox" // written down, for people or other programs to send
	ChannelEmail      = "email"
	ConsentRequired   = "required"
	ConsentNotRefused = "not_refused"
)

// Rule sends a template when a user enters a stage or a segment.
type Rule struct {
	Name            string   `yaml:"name" json:"name"`
	On              Trigger  `yaml:"on" json:"on"`
	Template        string   `yaml:"template" json:"template"`
	Channel         string   `yaml:"channel" json:"channel"`       // outbox or email
	Topic           string   `yaml:"topic" json:"topic,omitempty"` // what the message is about; users can refuse a topic alone
	Tags            []string `yaml:"tags" json:"tags,omitempty"`   // what caps may count by
	Shadow          bool     `yaml:"shadow" json:"shadow"`         // decide and record, never send
	IncludeExisting bool     `yaml:"include_existing" json:"include_existing"`
	AfterCuts       bool     `yaml:"after_cuts" json:"after_cuts"` // a move caused by new cuts alone opens an episode too
}

// Trigger names one stage or one segment.
type Trigger struct {
	EnterStage   string `yaml:"enter_stage" json:"enter_stage,omitempty"`
	EnterSegment string `yaml:"enter_segment" json:"enter_segment,omitempty"`
}
