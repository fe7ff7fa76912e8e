package profile

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"github.com/cespare/xxhash/v2"

	"github.com/weir-engine/weir/shared/event"
	"github.com/weir-engine/weir/shared/fault"
	"github.com/weir-engine/weir/shared/segment"
	"github.com/weir-engine/weir/shared/strategy"
	"github.com/weir-engine/weir/shared/zone"
)

// Schema is what the fold extracts from events, compiled from a strategy. It is immutable and safe for concurrent use.
type Schema struct {
	days     dayTable
	zone     *zone.Zone
	currency string
	digits   int // minor digits of the currency

	purchase   string
	refund     string
	amounts    []string // paths of a purchase's amount, the first that is there counts
	refunded   []string
	orderPath  string
	refOrder   string
	currencyAt string
	activity   string

	fingerprint string

	declared []declared // metrics as the strategy lists them
	metrics  []metric   // what is stored, by key: declared metrics of equal definition share one
	tags     []eventTag
	messages []string // AnyEvent, then the names of rules and templates
	events   []string // declared events
	counts   []uint32 // their keys
	plans    planTable
}

// declared is a metric of the strategy.
type declared struct {
	name    string
	stored  int // index in Schema.metrics
	windows []int
}

// metric is one stored metric.
type metric struct {
	key      uint32
	agg      Agg
	value    string // property path, "" for count and times
	unit     string
	decimals int
	keep     int // days kept, the longest window; 0: the lifetime
	where    *segment.Program
	event    string
}

// eventTag is a tag that an event sets or clears.
type eventTag struct {
	tag    string
	where  *segment.Program
	days   int
	remove bool
}

// Agg is how a metric aggregates.
type Agg uint8

// The aggregates.
const (
	Count Agg = iota
	Sum
	Min
	Max
	Last
	Distinct
	First
	Times
)

var aggNames = [...]string{Count: "count", Sum: "sum", Min: "min", Max: "max", Last: "last", Distinct: "distinct", First: "first", Times: "times"}

// String is the aggregate's name in a strategy.
func (a Agg) String() string {
	if int(a) < len(aggNames) {
		return aggNames[a]
	}
	return "unknown"
}

// NumberDecimals are the decimals that values of unit "number" are kept with.
const NumberDecimals = 4

// AnyEvent in a metric's event means every event.
const AnyEvent = "*"

// NewSchema compiles what the fold needs of a validated strategy. Invalid when a condition does not compile, or in the rare
// case that two names have the same hash.
func NewSchema(s *strategy.Strategy, z *zone.Zone) (*Schema, error) {
	c := &Schema{
		zone: z, currency: s.Currency, digits: event.MinorDigits(s.Currency),
		purchase: cmp.Or(s.Purchase.Event, "Order Completed"), refund: cmp.Or(s.Refund.Event, "Order Refunded"),
		amounts: amountPaths(s.Purchase.Amount), refunded: amountPaths(s.Refund.Amount),
		orderPath: cmp.Or(s.Purchase.Order, "order_id"), refOrder: cmp.Or(s.Refund.Order, "order_id"),
		currencyAt: cmp.Or(s.Purchase.Currency, "currency"), activity: cmp.Or(s.Activity.Of, "purchase"),
	}
	c.days.init(z)
	for _, m := range s.Metrics {
		if err := c.declare(m); err != nil {
			return nil, err
		}
	}
	if err := c.declareTags(s.EventTags); err != nil {
		return nil, err
	}
	if err := c.declareEvents(s.Events); err != nil {
		return nil, err
	}
	c.messages = append([]string{AnyEvent}, s.MessageNames()...)
	c.plan(s)
	c.fingerprint = c.print(s)
	return c, nil
}

// builtinFold names what is folded whatever the strategy says; it changes when that does.
const builtinFold = "lists and messages"

func (s *Schema) print(st *strategy.Strategy) string {
	parts := []string{
		s.zone.Name(), s.currency, s.purchase, s.refund, strings.Join(s.amounts, "\x01"), strings.Join(s.refunded, "\x01"),
		s.orderPath, s.refOrder, s.currencyAt, builtinFold,
	}
	var declared []string
	for i := range s.metrics {
		declared = append(declared, s.metrics[i].definition(s.currency))
	}
	for _, t := range st.EventTags {
		declared = append(declared, strings.Join([]string{"tag", t.Tag, t.Event, t.Where, strconv.Itoa(t.For), strconv.FormatBool(t.Clear)}, "\x01"))
	}
	for _, e := range s.events {
		declared = append(declared, "event\x01"+e)
	}
	slices.Sort(declared)
	sum := xxhash.Sum64String(strings.Join(append(parts, declared...), "\x00"))
	return strconv.FormatUint(sum, 16)
}

// amountPaths are the properties in which an amount is looked for, in order.
func amountPaths(declared string) []string {
	paths := []string{cmp.Or(declared, "revenue")}
	for _, p := range []string{"revenue", "total", "value"} {
		if !slices.Contains(paths, p) {
			paths = append(paths, p)
		}
	}
	return paths
}

// declare adds a metric; one of equal definition is stored once.
func (s *Schema) declare(d strategy.Metric) error {
	m := metric{event: d.Event, value: d.Value, unit: cmp.Or(d.Unit, "number"), decimals: NumberDecimals}
	at := slices.Index(aggNames[:], d.Agg)
	if at < 0 {
		return fault.New(fault.Invalid, "metric %s: unknown aggregate %q", d.Name, d.Agg).WithHint("use one of count, sum, min, max, first, last, distinct, times")
	}
	m.agg = Agg(at)
	if m.unit == "money" {
		m.decimals = s.digits
	}
	switch {
	case m.agg == Count || m.agg == Times:
		m.value, m.unit, m.decimals = "", "number", 0
	case m.value == "":
		return fault.New(fault.Invalid, "metric %s: %s needs a value", d.Name, d.Agg).WithHint("name the property that is aggregated, such as value: properties.price")
	case m.agg == Distinct:
		m.unit, m.decimals = "text", 0
	case m.unit == "text":
		return fault.New(fault.Invalid, "metric %s: %s of a text", d.Name, d.Agg).WithHint("use distinct, or a trait for the latest text")
	}
	m.value = strings.TrimPrefix(m.value, "properties.")
	for _, days := range d.Windows {
		if days < 1 || days > maxWindow {
			return fault.New(fault.Invalid, "metric %s: a window of %d days", d.Name, days).WithHint("use windows from 1 to %d days", maxWindow)
		}
		m.keep = max(m.keep, days)
	}
	var err error
	if m.where, err = compileWhere(d.Where); err != nil {
		return fault.Wrap(err, "metric %s", d.Name)
	}
	m.key = m.hash(s.currency)
	i, known := slices.BinarySearchFunc(s.metrics, m.key, func(x metric, key uint32) int { return cmp.Compare(x.key, key) })
	if known && s.metrics[i].definition(s.currency) != m.definition(s.currency) {
		return fault.New(fault.Invalid, "metric %s: its hash is that of another metric", d.Name).WithHint("make its longest window a day longer")
	}
	if !known {
		s.metrics = slices.Insert(s.metrics, i, m)
		for j := range s.declared {
			if s.declared[j].stored >= i {
				s.declared[j].stored++
			}
		}
	}
	s.declared = append(s.declared, declared{name: d.Name, stored: i, windows: slices.Clone(d.Windows)})
	return nil
}

func compileWhere(src string) (*segment.Program, error) {
	if strings.TrimSpace(src) == "" {
		return nil, nil
	}
	p, err := segment.Compile(src, segment.PropertySchema())
	if err != nil {
		return nil, fault.New(fault.Invalid, "the condition %s does not compile", src).Because(err)
	}
	return p, nil
}

// definition is the text that a metric's key hashes: everything that decides what its buckets hold.
func (m *metric) definition(currency string) string {
	where := ""
	if m.where != nil {
		where = m.where.String()
	}
	if m.unit != "money" {
		currency = ""
	}
	return strings.Join([]string{"metric", m.event, where, m.value, m.unit, currency, m.agg.String(), strconv.Itoa(m.keep)}, "\x00")
}

func (m *metric) hash(currency string) uint32 { return keyOf(m.definition(currency)) }

func (s *Schema) declareTags(tags []strategy.EventTag) error {
	for _, t := range tags {
		where, err := compileWhere(t.Where)
		if err != nil {
			return fault.Wrap(err, "event tag %s", t.Tag)
		}
		s.tags = append(s.tags, eventTag{tag: t.Tag, where: where, days: t.For, remove: t.Clear})
	}
	return nil
}

func (s *Schema) declareEvents(names []string) error {
	for _, name := range names {
		key := keyOf("event\x00" + name)
		if i := slices.Index(s.counts, key); i >= 0 {
			if s.events[i] == name {
				continue
			}
			return fault.New(fault.Invalid, "event %s: its hash is that of %s", name, s.events[i]).WithHint("count it with a metric instead")
		}
		s.events, s.counts = append(s.events, name), append(s.counts, key)
	}
	return nil
}

// keyOf is 24 bits of the XXH64 of a text: keys stand in every profile, so they are short, and NewSchema refuses the rare
// strategy in which two collide.
func keyOf(text string) uint32 { return uint32(xxhash.Sum64String(text) >> 40) }
