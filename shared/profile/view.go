package profile

import (
	"slices"
	"strconv"
	"strings"

	"github.com/weir-engine/weir/shared/event"
	"github.com/weir-engine/weir/shared/zone"
)

// FactsView is FACTS for people: names instead of hashes, days as YYYY-MM-DD, times in unix milliseconds, money in minor
// units of Currency.
type FactsView struct {
	FirstSeen  int64          `json:"first_seen"`
	LastSeen   int64          `json:"last_seen"`
	Events     int64          `json:"events"`
	Currency   string         `json:"currency"`
	Zone       string         `json:"zone"`
	Purchases  []PurchaseView `json:"purchases"`
	Orders     int            `json:"orders"` // purchases
	Spend      int64          `json:"spend_minor"`
	Waiting    []RefundView   `json:"waiting_refunds"` // refunds whose named order has not been seen
	Metrics    []MetricView   `json:"metrics"`
	Traits     []TraitView    `json:"traits"`
	Tags       []TagView      `json:"tags"`
	Lists      []ListView     `json:"lists,omitempty"`    // manual lists
	Messages   []MessageView  `json:"messages,omitempty"` // what became of messages: all of them first, then those of rules and templates
	Counts     []CountView    `json:"declared_events"`
	ActiveDays []string       `json:"active_days"` // newest first
}

// PurchaseView is one day with purchases or adjustments.
type PurchaseView struct {
	Day    string `json:"day"`
	Orders int    `json:"orders"`
	Net    int64  `json:"net_minor"`
}

// RefundView is the refunds on one day of one order that has not been seen.
type RefundView struct {
	Day    string `json:"day"`
	Amount int64  `json:"amount_minor"`
}

// MetricView is one declared metric at the last event.
type MetricView struct {
	Name    string       `json:"name"`
	Agg     string       `json:"agg"`
	Unit    string       `json:"unit"`
	Windows []WindowView `json:"windows"`
	Days    []DayView    `json:"days"`
}

// WindowView is a metric over one window that ends with the day of the last event; Days 0 is the lifetime.
type WindowView struct {
	Days    int    `json:"days"`
	Value   string `json:"value"` // a decimal number in major units; "" when there is nothing to aggregate
	Spilled bool   `json:"spilled,omitempty"`
}

// DayView is one day of a metric; of distinct, the number of values whose latest day it is; of times, the number of kept events.
type DayView struct {
	Day   string `json:"day"` // "" for a metric over the lifetime
	Value string `json:"value"`
}

// TraitView is one trait. Value is JSON, null for a removed one.
type TraitView struct {
	Name  string  `json:"name"`
	Value RawJSON `json:"value"`
	Time  int64   `json:"time"`
}

// TagView is one tag that an event set or removed.
type TagView struct {
	Name    string `json:"name"`
	Source  string `json:"source"`
	Time    int64  `json:"time"`
	Expires int64  `json:"expires,omitempty"`
	Removed bool   `json:"removed,omitempty"`
}

// ListView is one manual list that the user is on, or has left.
type ListView struct {
	Name string `json:"name"`
	Time int64  `json:"time"` // unix milliseconds: since when
	Left bool   `json:"left,omitempty"`
}

// MessageView is what became of the messages of a rule or template; "*" are all messages.
type MessageView struct {
	Name      string     `json:"name"`
	Delivered *DeedCount `json:"delivered,omitempty"`
	Opened    *DeedCount `json:"opened,omitempty"`
	Clicked   *DeedCount `json:"clicked,omitempty"`
	Bounced   *DeedCount `json:"bounced,omitempty"`
}

// CountView is one declared event.
type CountView struct {
	Event string `json:"event"`
	First int64  `json:"first"`
	Last  int64  `json:"last"`
	Count int64  `json:"count"`
}

// View returns f for people. Lists are never null; metrics and events come in the strategy's order.
func (s *Schema) View(f *Facts) FactsView {
	v := FactsView{
		FirstSeen: f.FirstSeen, LastSeen: f.LastSeen, Events: f.Events, Currency: s.currency, Zone: s.zone.Name(),
		Purchases: []PurchaseView{}, Waiting: []RefundView{}, Metrics: []MetricView{}, Traits: []TraitView{}, Tags: []TagView{},
		Counts: []CountView{}, ActiveDays: []string{},
	}
	for _, p := range f.Purchases {
		v.Purchases = append(v.Purchases, PurchaseView{p.Day.String(), int(p.Orders), p.Net})
		v.Orders += int(p.Orders)
		v.Spend += p.Net
	}
	for _, r := range f.Refunds {
		v.Waiting = append(v.Waiting, RefundView{r.Day.String(), r.Amount})
	}
	slices.SortStableFunc(v.Waiting, func(x, y RefundView) int { return strings.Compare(x.Day, y.Day) })
	for i := range s.declared {
		v.Metrics = append(v.Metrics, s.metricView(f, i))
	}
	for _, t := range f.Traits {
		v.Traits = append(v.Traits, TraitView{t.Name, RawJSON(traitJSON(t.Value)), t.Time})
	}
	for _, t := range f.Tags {
		v.Tags = append(v.Tags, TagView{t.Name, t.Source, t.Time, t.Expires, t.Removed})
	}
	for _, m := range f.Lists {
		v.Lists = append(v.Lists, ListView{m.List, m.Time, m.Left})
	}
	v.Messages = s.messageViews(f)
	for i, name := range s.events {
		if c := s.Event(f, i); c.Count > 0 {
			v.Counts = append(v.Counts, CountView{name, c.First, c.Last, c.Count})
		}
	}
	for day := range f.Active.All() {
		v.ActiveDays = append(v.ActiveDays, day.String())
	}
	return v
}

func (s *Schema) messageViews(f *Facts) []MessageView {
	var views []MessageView
	for _, name := range s.messages {
		m := f.Message(name)
		if m.Deeds == (Message{}).Deeds {
			continue
		}
		view := MessageView{Name: name}
		for d, to := range [Deeds]**DeedCount{&view.Delivered, &view.Opened, &view.Clicked, &view.Bounced} {
			if m.Deeds[d].Count > 0 {
				*to = &m.Deeds[d]
			}
		}
		views = append(views, view)
	}
	return views
}

func traitJSON(v event.Value) string {
	if v.Kind <= event.Null {
		return "null"
	}
	return v.JSON()
}

func (s *Schema) metricView(f *Facts, at int) MetricView {
	d := &s.declared[at]
	m := &s.metrics[d.stored]
	v := MetricView{Name: d.name, Agg: m.agg.String(), Unit: m.unit, Windows: []WindowView{}, Days: []DayView{}}
	windows := d.windows
	if len(windows) == 0 {
		windows = []int{0}
	}
	for _, days := range windows {
		w := WindowView{Days: days}
		if value := s.Window(f, at, days, f.Active.Newest); value.OK {
			w.Value, w.Spilled = Decimal(value.Value, value.Decimals), value.Spilled
		}
		v.Windows = append(v.Windows, w)
	}
	i, ok := slices.BinarySearchFunc(f.Metrics, m.key, compareMetricKey)
	if !ok {
		return v
	}
	add := func(day zone.Day, value string) {
		d := DayView{Value: value}
		if m.keep > 0 {
			d.Day = day.String()
		}
		v.Days = append(v.Days, d)
	}
	for _, b := range f.Metrics[i].Days {
		add(b.Day, Decimal(b.Value, m.decimals))
	}
	for times := f.Metrics[i].Times[:timesOf(&f.Metrics[i])]; len(times) > 0; {
		day, n := s.days.day(times[0].Time), 1
		for n < len(times) && s.days.day(times[n].Time) == day {
			n++
		}
		add(day, strconv.Itoa(n))
		times = times[n:]
	}
	for values := f.Metrics[i].Values; len(values) > 0; {
		n := 1
		for n < len(values) && values[n].Day == values[0].Day {
			n++
		}
		add(values[0].Day, strconv.Itoa(n))
		values = values[n:]
	}
	return v
}

// Decimal formats n / 10^decimals without superfluous zeros.
func Decimal(n int64, decimals int) string {
	sign := ""
	u := uint64(n)
	if n < 0 {
		sign, u = "-", -u
	}
	unit := uint64(tens[decimals])
	if u%unit == 0 {
		return sign + strconv.FormatUint(u/unit, 10)
	}
	fraction := strconv.FormatUint(unit+u%unit, 10)[1:]
	return sign + strconv.FormatUint(u/unit, 10) + "." + strings.TrimRight(fraction, "0")
}

// RawJSON is JSON text that stands in other JSON as it is.
type RawJSON string

// MarshalJSON returns the text.
func (r RawJSON) MarshalJSON() ([]byte, error) {
	if r == "" {
		return []byte("null"), nil
	}
	return []byte(r), nil
}

// UnmarshalJSON keeps the text.
func (r *RawJSON) UnmarshalJSON(b []byte) error {
	*r = RawJSON(b)
	return nil
}
