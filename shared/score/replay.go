package score

import (
	"slices"
	"strconv"
	"strings"

	"github.com/weir-engine/weir/shared/fault"
	"github.com/weir-engine/weir/shared/segment"
	"github.com/weir-engine/weir/shared/zone"
)

// Replay computes the value of a reason again from what the reason stores: no profile, strategy or cuts are needed. z holds
// the rules of the zone that the reason names.
func Replay(r Reason, z *zone.Zone) (string, error) { return ReplayIn(r, z, nil) }

// ReplayIn is Replay with the rules of the zones that users live in, by name, nil for one that is not known: what a condition on
// a user's own calendar follows from beside its inputs.
func ReplayIn(r Reason, z *zone.Zone, zones func(name string) *zone.Zone) (string, error) {
	if z.Name() != r.Zone {
		return "", fault.New(fault.Invalid, "the reason of %s was computed in the zone %s, not %s", r.Score, r.Zone, z.Name()).
			WithHint("pass the rules of the zone %s", r.Zone)
	}
	p := &player{r: &r, zone: z, zones: zones}
	value := p.value()
	if p.err != nil {
		return "", fault.Wrap(p.err, "replay %s", r.Score)
	}
	if p.missing != "" {
		return "", fault.New(fault.Invalid, "the reason of %s follows from the calendar of the zone %s, whose rules are not known", r.Score, p.missing).
			WithHint("pass the rules of the zone %s", p.missing)
	}
	return value, nil
}

// player recomputes one reason; err is the first thing that was missing or malformed.
type player struct {
	r     *Reason
	zone  *zone.Zone
	zones func(name string) *zone.Zone
	err   error

	missing string // a zone whose rules are not known
}

func (p *player) fail(format string, args ...any) {
	if p.err == nil {
		p.err = fault.New(fault.Invalid, format, args...).WithHint("the stored reason is damaged; decide again to get a new one")
	}
}

func (p *player) value() string {
	switch p.r.How {
	case HowStages:
		return p.stages()
	case HowSettle:
		return p.settle()
	case HowAtMost:
		return strconv.Itoa(5 - p.exceeded())
	case HowExceeds:
		return strconv.Itoa(1 + p.exceeded())
	case HowGrid:
		return RFMName(p.text("grid"), int(p.number("r")), int(p.number("f")))
	case HowEight:
		return p.eight()
	case HowTier:
		return p.tier()
	case HowEventTag:
		expires := p.number("expires")
		return strconv.FormatBool(p.text("removed") != "true" && (expires == 0 || p.r.AsOf < expires))
	case HowCondition:
		return p.condition()
	case HowNothing:
		return p.nothing()
	case HowPoints:
		return p.points()
	}
	return p.modelled()
}

// modelled recomputes a score of a model.
func (p *player) modelled() string {
	switch p.r.How {
	case HowAlive:
		return p.alive()
	case HowExpected:
		return p.expected()
	case HowMoney, HowLifetime:
		return p.worth()
	case HowChurn:
		return p.churn()
	case HowUnknown:
		return p.unknown()
	}
	p.fail("the computation %q is not known", p.r.How)
	return ""
}

// text returns an input, which must be there.
func (p *player) text(name string) string {
	for i := range p.r.Inputs {
		if p.r.Inputs[i].Name == name {
			return p.r.Inputs[i].Value
		}
	}
	p.fail("the input %s is missing", name)
	return ""
}

func (p *player) number(name string) int64 { return p.parse(name, p.text(name)) }

func (p *player) parse(name, value string) int64 {
	n, err := strconv.ParseInt(value, 10, 64)
	if err != nil {
		p.fail("the input %s is %q, not a whole number", name, value)
	}
	return n
}

func (p *player) stages() string {
	env, schema := p.recorded()
	for _, rule := range p.r.Conditions {
		if rule.When == "" || p.holds(rule.When, env, schema) {
			return rule.Name
		}
	}
	p.fail("no stage holds")
	return ""
}

func (p *player) condition() string {
	if len(p.r.Conditions) != 1 {
		p.fail("the reason holds %d conditions instead of one", len(p.r.Conditions))
		return ""
	}
	env, schema := p.recorded()
	return strconv.FormatBool(p.holds(p.r.Conditions[0].When, env, schema))
}

func (p *player) settle() string {
	prev, candidate := p.text("previous"), p.text("candidate")
	since, day := p.day("since"), p.day("day")
	var allowed []string
	if list := p.text("allowed"); list != "*" {
		allowed = strings.Split(list, ",")
	}
	dwell := int(p.number("dwell_days"))
	if prev == "" {
		return candidate
	}
	return settle(prev, since, candidate, day, dwell, allowed).Stage
}

// day reads a day; an empty one is not known.
func (p *player) day(name string) zone.Day {
	s := p.text(name)
	if s == "" {
		return 0
	}
	d, err := zone.ParseDay(s)
	if err != nil {
		p.fail("the input %s is %q, not a day", name, s)
	}
	return d
}

// exceeded counts the cuts that the first input exceeds; a cut with a key is exceeded at its own value by larger users.
func (p *player) exceeded() int {
	if len(p.r.Inputs) == 0 {
		p.fail("there is no input")
		return 0
	}
	v := p.parse(p.r.Inputs[0].Name, p.r.Inputs[0].Value)
	user, cuts := "", []FrequencyCut{}
	for _, c := range p.r.Cuts {
		if strings.HasSuffix(c.Name, "_key") && len(cuts) > 0 {
			cuts[len(cuts)-1].Key, user = c.Value, p.text("user")
			continue
		}
		cuts = append(cuts, FrequencyCut{Value: p.parse(c.Name, c.Value)})
	}
	return aboveKeyed(cuts, v, user)
}

func (p *player) eight() string {
	if len(p.r.Cuts) != 3 {
		p.fail("the eight names need three cuts, there are %d", len(p.r.Cuts))
		return ""
	}
	cut := func(i int) int64 { return p.parse(p.r.Cuts[i].Name, p.r.Cuts[i].Value) }
	return CNName(p.number("recency_days") <= cut(0), p.number("purchase_days") > cut(1), p.number("monetary_minor") > cut(2))
}

func (p *player) tier() string {
	spend := p.number("spend_minor")
	for _, c := range p.r.Cuts {
		if c.Value == "" || spend >= p.parse(c.Name, c.Value) {
			return c.Name
		}
	}
	p.fail("no tier is reached")
	return ""
}

func (p *player) nothing() string {
	if p.number("purchase_days") != 0 && p.number("cuts_users") != 0 {
		p.fail("there are purchases and cuts, but no score")
	}
	if p.r.Score == NameRFM || p.r.Score == NameRFMCN || p.r.Score == NameTier {
		return ""
	}
	return "0"
}

func (p *player) holds(when string, env *recorded, schema *segment.Schema) bool {
	program, err := segment.Compile(when, schema)
	if err != nil {
		p.fail("the condition %s does not compile: %v", when, err)
		return false
	}
	for _, ref := range program.Refs() {
		if _, ok := env.values[ref.String()]; !ok {
			p.fail("the input %s is missing", ref)
			return false
		}
	}
	if name := env.values[segment.FieldTimezone.String()].Str; name != "" && name != p.zone.Name() && env.ZoneOf(name) == nil {
		p.missing = name
		return false
	}
	return program.Bool(env)
}

// recorded answers references from stored inputs.
type recorded struct {
	values map[string]segment.Value
	at     int64
	zone   *zone.Zone
	zones  func(name string) *zone.Zone
}

// Lookup implements segment.Env.
func (e *recorded) Lookup(r *segment.Ref) segment.Value { return e.values[r.String()] }

// AsOf implements segment.Env.
func (e *recorded) AsOf() int64 { return e.at }

// Zone implements segment.Env.
func (e *recorded) Zone() *zone.Zone { return e.zone }

// ZoneOf implements segment.Zones.
func (e *recorded) ZoneOf(name string) *zone.Zone {
	if e.zones == nil {
		return nil
	}
	return e.zones(name)
}

// recorded builds the values and a schema that knows just what the inputs name.
func (p *player) recorded() (*recorded, *segment.Schema) {
	env := &recorded{values: map[string]segment.Value{}, at: p.r.AsOf, zone: p.zone, zones: p.zones}
	schema := segment.NewSchema()
	schema.AnyTag()
	schema.AnyMeasure()
	windows, types, order := map[string][]int{}, map[string]segment.Type{}, []string{}
	var events []string
	for _, in := range p.r.Inputs {
		v, err := segment.ParseValue(in.Value)
		if err != nil {
			p.fail("the input %s is %q, not a value", in.Name, in.Value)
			continue
		}
		env.values[in.Name] = v
		switch {
		case strings.HasPrefix(in.Name, "metrics."):
			name, days := p.metric(in.Name)
			if _, ok := windows[name]; !ok {
				order = append(order, name)
			}
			windows[name], types[name] = append(windows[name], days), typeOf(in.Type)
		case strings.HasPrefix(in.Name, "segments.has("):
			schema.Segment(p.quoted(in.Name))
		case strings.HasPrefix(in.Name, "message("):
			schema.Messages([]string{p.quoted(in.Name)})
		case strings.HasPrefix(in.Name, "event("):
			if name := p.quoted(in.Name); !slices.Contains(events, name) {
				events = append(events, name)
			}
		}
	}
	for _, name := range order {
		schema.Metric(name, types[name], windows[name])
	}
	schema.Events(events)
	return env, schema
}

// metric reads metrics.NAME[DAYS].
func (p *player) metric(ref string) (name string, days int) {
	name, window, ok := strings.Cut(strings.TrimPrefix(ref, "metrics."), "[")
	if !ok {
		return name, 0
	}
	return name, int(p.parse(ref, strings.TrimSuffix(window, "]")))
}

// quoted reads the text in the parentheses of segments.has("…") and event("…").
func (p *player) quoted(ref string) string {
	from, to := strings.IndexByte(ref, '('), strings.LastIndexByte(ref, ')')
	if from < 0 || to < from {
		p.fail("the input %s names nothing", ref)
		return ""
	}
	v, err := segment.ParseValue(ref[from+1 : to])
	if err != nil || v.Kind != segment.KindString {
		p.fail("the input %s names nothing", ref)
		return ""
	}
	return v.Str
}

func typeOf(name string) segment.Type {
	switch name {
	case segment.TString.String():
		return segment.TString
	case segment.TTime.String():
		return segment.TTime
	}
	return segment.TNumber
}
