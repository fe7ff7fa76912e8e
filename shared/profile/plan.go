package profile

import (
	"cmp"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/weir-engine/weir/shared/event"
	"github.com/weir-engine/weir/shared/segment"
	"github.com/weir-engine/weir/shared/strategy"
	"github.com/weir-engine/weir/shared/zone"
)

// EventName is the name under which a strategy knows an event: a track's own name, and "$page", "$screen", "$identify",
// "$group" and "$alias" for the other kinds.
func EventName(ev *event.Event) string {
	switch ev.Kind {
	case event.Track:
		return ev.Name
	case event.Page:
		return "$page"
	case event.Screen:
		return "$screen"
	case event.Identify:
		return "$identify"
	case event.Group:
		return "$group"
	case event.Alias:
		return "$alias"
	}
	return ""
}

// plan is what the fold does with events of one name.
type plan struct {
	name     string
	purchase bool
	refund   bool
	count    int   // index in Schema.events, -1 for none
	metrics  []int // indexes in Schema.metrics, those of one value side by side
	tags     []int // indexes in Schema.tags
	list     uint8 // listJoined or listLeft
	message  uint8 // what the event says of a message, as bits
	whole    bool  // the fold reads more of the event than an Extract holds
}

// planTable finds the plan of a name: open addressing, at most half full.
type planTable struct {
	slots []int32 // index in plans + 1
	plans []plan
	other plan // for names that the strategy does not mention
}

// plan lays out the plans of every name that the strategy mentions.
func (s *Schema) plan(st *strategy.Strategy) {
	names := []string{s.purchase, s.refund}
	for _, m := range s.metrics {
		names = append(names, m.event)
	}
	for _, t := range st.EventTags {
		names = append(names, t.Event)
	}
	names = append(append(names, s.events...), EventListJoined, EventListLeft)
	for i := range messageEvents {
		names = append(names, messageEvents[i].name)
	}
	slices.Sort(names)
	for _, name := range slices.Compact(names) {
		if name != AnyEvent {
			s.plans.plans = append(s.plans.plans, s.planOf(name, st))
		}
	}
	s.plans.other = s.planOf("", st)
	size := 8
	for size < 16*len(s.plans.plans) {
		size *= 2
	}
	s.plans.slots = make([]int32, size)
	for i := range s.plans.plans {
		at := s.plans.at(s.plans.plans[i].name)
		for s.plans.slots[at] != 0 {
			at = (at + 1) & (size - 1)
		}
		s.plans.slots[at] = int32(i + 1)
	}
}

func (s *Schema) planOf(name string, st *strategy.Strategy) plan {
	p := plan{name: name, purchase: name != "" && name == s.purchase, refund: name != "" && name == s.refund, count: -1}
	if name != "" {
		p.count = slices.Index(s.events, name)
	}
	matches := func(declared string) bool { return declared == AnyEvent || name != "" && declared == name }
	for i := range s.metrics {
		if matches(s.metrics[i].event) {
			p.metrics = append(p.metrics, i)
		}
	}
	slices.SortStableFunc(p.metrics, func(i, j int) int {
		x, y := &s.metrics[i], &s.metrics[j]
		return cmp.Or(strings.Compare(x.value, y.value), cmp.Compare(x.decimals, y.decimals))
	})
	for i := range st.EventTags {
		if matches(st.EventTags[i].Event) {
			p.tags = append(p.tags, i)
		}
	}
	p.list, p.message = listOf(name), messageOf(name)
	p.whole = len(p.tags) > 0 || p.list != 0 || p.message != 0 || p.purchase && p.refund || slices.ContainsFunc(p.metrics, func(i int) bool {
		return s.metrics[i].agg != Count || s.metrics[i].where != nil
	})
	return p
}

// at is the first place of a name: its length, its ends and its middle tell names apart well enough.
func (t *planTable) at(name string) int {
	n := len(name)
	if n == 0 {
		return 0
	}
	h := uint32(n)*31 + uint32(name[0])<<16 + uint32(name[n-1])<<8 + uint32(name[n/2])
	return int(h*0x9e3779b1>>16) & (len(t.slots) - 1)
}

// index returns the place of a name's plan, -1 when the strategy does not mention it.
func (t *planTable) index(name string) int32 {
	for at := t.at(name); ; at = (at + 1) & (len(t.slots) - 1) {
		i := t.slots[at] - 1
		if i < 0 || t.plans[i].name == name {
			return i
		}
	}
}

// plan returns the plan at a place.
func (t *planTable) plan(i int32) *plan {
	if i < 0 {
		return &t.other
	}
	return &t.plans[i]
}

// dayTable turns moments into days without a search: offsets by blocks of 2^25 ms (9.3 hours), filled as they are needed. A
// block in which the offset changes asks the zone.
type dayTable struct {
	zone   *zone.Zone
	blocks []atomic.Int32 // offset in seconds + blockBias; 0: not known yet, blockMixed: changes within
}

const (
	blockBits  = 25
	blockCount = 4_103_000_000_000 >> blockBits // until the year 2100
	blockBias  = 1 << 20
	blockMixed = 1
)

func (t *dayTable) init(z *zone.Zone) {
	t.zone, t.blocks = z, make([]atomic.Int32, blockCount)
}

// day returns the calendar day of a moment.
func (t *dayTable) day(ms int64) zone.Day {
	if b := uint64(ms) >> blockBits; b < uint64(len(t.blocks)) {
		if v := t.blocks[b].Load(); v > blockMixed {
			return zone.Day(uint64(ms+int64(v-blockBias)*1000+dayBias)/dayMs) - dayBias/dayMs
		}
		t.learn(b)
	}
	return t.zone.Day(ms)
}

const (
	dayMs   = 86_400_000
	dayBias = 2 * dayMs // keeps the sum positive
)

// learn fills one block. Several goroutines may do so at once: they store the same.
func (t *dayTable) learn(b uint64) {
	from, to := int64(b)<<blockBits, int64(b+1)<<blockBits
	v := t.zone.Offset(from)
	const step = 1 << (blockBits - 2)
	for ms := from + step; ms <= to; ms += step {
		if t.zone.Offset(min(ms, to-1)) != v {
			t.blocks[b].Store(blockMixed)
			return
		}
	}
	t.blocks[b].Store(v + blockBias)
}

// holds evaluates a where condition.
func (s *Schema) holds(where *segment.Program, ev *event.Event) bool {
	return where.Bool(&propertyEnv{&ev.Properties, ev.Time, s.zone})
}

// propertyEnv lets a where condition read one event's properties.
type propertyEnv struct {
	properties *event.Object
	at         int64
	zone       *zone.Zone
}

// Lookup returns the property that r names.
func (e *propertyEnv) Lookup(r *segment.Ref) segment.Value {
	if r.Kind != segment.RefProperty {
		return segment.Null
	}
	return ConditionValue(e.properties.Path(r.Name))
}

// AsOf is the event's time.
func (e *propertyEnv) AsOf() int64 { return e.at }

// Zone is the project's zone.
func (e *propertyEnv) Zone() *zone.Zone { return e.zone }

// ConditionValue is a JSON value as conditions see it; an object is null to them.
func ConditionValue(v event.Value) segment.Value {
	switch v.Kind {
	case event.Bool:
		return segment.Bool(v.Raw == "true")
	case event.Number:
		if x, ok := v.Float(); ok {
			return segment.Number(x)
		}
	case event.String:
		return segment.String(v.Raw)
	case event.Array:
		items := v.Items()
		list := make([]segment.Value, len(items))
		for i, item := range items {
			list[i] = ConditionValue(item)
		}
		return segment.List(list)
	}
	return segment.Null
}
