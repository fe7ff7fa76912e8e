package profile

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/weir-engine/weir/shared/event"
	"github.com/weir-engine/weir/shared/strategy"
	"github.com/weir-engine/weir/shared/zone"
)

// everything is a strategy that uses every kind of metric, tag and event.
func everything() *strategy.Strategy {
	return &strategy.Strategy{
		Currency: "USD",
		Events:   []string{"Order Completed", "Product Viewed", "$page"},
		Metrics: []strategy.Metric{
			{Name: "orders", Event: "Order Completed", Agg: "count", Windows: []int{30, 90}},
			{Name: "revenue", Event: "Order Completed", Value: "revenue", Unit: "money", Agg: "sum", Windows: []int{90}},
			{Name: "items", Event: "Order Completed", Value: "quantity", Agg: "sum", Windows: []int{7}},
			{Name: "largest", Event: "Order Completed", Value: "revenue", Unit: "money", Agg: "max", Windows: []int{60}},
			{Name: "smallest", Event: "Order Completed", Value: "properties.revenue", Unit: "money", Agg: "min", Windows: []int{60}},
			{Name: "rating", Event: "*", Value: "rating", Agg: "last", Windows: []int{45}},
			{Name: "skus", Event: "Product Viewed", Value: "sku", Unit: "text", Agg: "distinct", Windows: []int{14, 60}},
			{Name: "big_views", Event: "Product Viewed", Where: "properties.price > 50", Agg: "count", Windows: []int{30}},
			{Name: "all", Event: "*", Agg: "count", Windows: []int{400}},
			{Name: "first_rating", Event: "*", Value: "rating", Agg: "first", Windows: []int{14, 45}},
			{Name: "view_times", Event: "Product Viewed", Where: "properties.price > 20", Agg: "times", Windows: []int{10, 60}},
			{Name: "times", Event: "*", Agg: "times", Windows: []int{3, 400}},
			{Name: "ever", Event: "Order Completed", Value: "quantity", Agg: "sum"},
			{Name: "skus_ever", Event: "Product Viewed", Value: "sku", Unit: "text", Agg: "distinct"},
		},
		EventTags: []strategy.EventTag{
			{Tag: "viewer", Event: "Product Viewed", For: 7},
			{Tag: "viewer", Event: "Signed Out", Clear: true},
			{Tag: "rich", Event: "Order Completed", Where: "properties.revenue >= 100"},
			{Tag: "rich", Event: "Order Refunded", Clear: true},
			{Tag: "seen", Event: "*", For: 2},
		},
	}
}

func schemaOf(t testing.TB, s *strategy.Strategy, z *zone.Zone) *Schema {
	t.Helper()
	schema, err := NewSchema(s, z)
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

func zoneOf(t testing.TB, name string) *zone.Zone {
	t.Helper()
	loc, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return zone.FromLocation(loc)
}

// entry is an event of a test stream with its identity.
type entry struct {
	ev event.Event
	id event.ID
}

func object(json string) event.Object {
	o, ok := event.ParseObject(json)
	if !ok {
		panic("bad JSON in a test: " + json)
	}
	return o
}

func track(name string, at int64, properties string) entry {
	e := entry{ev: event.Event{Kind: event.Track, UserID: "u", MessageID: name + strconv.FormatInt(at, 36) + properties, Name: name, Time: at, Properties: object(properties)}}
	e.id = e.ev.StableID(0)
	return e
}

const testStart = 1_700_000_000_000 // 2023-11-14T22:13:20Z

// drawEntry draws an event from a small world, so that equal days, times, orders and traits are common.
func drawEntry(t *rapid.T, i int) entry {
	at := int64(testStart) + rapid.Int64Range(0, 130).Draw(t, "day")*dayMs*rapid.SampledFrom([]int64{0, 1, 1, 5}).Draw(t, "spread") +
		rapid.SampledFrom([]int64{0, 0, 1, 3_600_000, 80_000_000}).Draw(t, "moment")
	e := entry{ev: event.Event{Kind: event.Track, UserID: "u", MessageID: strconv.Itoa(i), Time: at}}
	switch rapid.IntRange(0, 11).Draw(t, "what") {
	case 0, 1, 2:
		e.ev.Name = "Order Completed"
		p := fmt.Sprintf(`{"revenue":%d.%02d,"quantity":%d,"rating":%d`, rapid.IntRange(0, 200).Draw(t, "amount"), rapid.IntRange(0, 99).Draw(t, "cents"),
			rapid.IntRange(-3, 9).Draw(t, "quantity"), rapid.IntRange(0, 3).Draw(t, "rating"))
		if rapid.Bool().Draw(t, "named") {
			p += fmt.Sprintf(`,"order_id":"o%d"`, rapid.IntRange(0, 5).Draw(t, "order"))
		}
		e.ev.Properties = object(p + "}")
	case 3, 4:
		e.ev.Name = "Order Refunded"
		p := fmt.Sprintf(`{"total":%d`, rapid.IntRange(-30, 30).Draw(t, "amount"))
		if rapid.IntRange(0, 3).Draw(t, "named") > 0 {
			p += fmt.Sprintf(`,"order_id":"o%d"`, rapid.IntRange(0, 5).Draw(t, "order"))
		}
		e.ev.Properties = object(p + "}")
	case 5, 6:
		e.ev.Name = "Product Viewed"
		e.ev.Properties = object(fmt.Sprintf(`{"sku":"s%d","price":%d}`, rapid.IntRange(0, 90).Draw(t, "sku"), rapid.IntRange(0, 100).Draw(t, "price")))
	case 7:
		e.ev.Kind = event.Identify
		e.ev.AnonymousID = "a"
		var fields []string
		for _, name := range []string{"email", "plan", "age", "größe"} {
			if rapid.Bool().Draw(t, name) {
				v := rapid.SampledFrom([]string{`"x"`, `"y"`, `null`, `1`, `-20`, `1.50`, `1e3`, `true`, `false`, `[1,"a"]`, `{"a":{"b":2}}`, `""`, `"pro"`}).Draw(t, "value")
				fields = append(fields, strconv.Quote(name)+":"+v)
			}
		}
		e.ev.Traits = object("{" + strings.Join(fields, ",") + "}")
	case 8:
		e.ev.Name = rapid.SampledFrom([]string{"Signed Out", "Rated", "Other"}).Draw(t, "name")
		e.ev.Properties = object(fmt.Sprintf(`{"rating":%d}`, rapid.IntRange(-1, 3).Draw(t, "rating")))
	case 9:
		e.ev.Kind = rapid.SampledFrom([]event.Kind{event.Page, event.Screen, event.Group, event.Alias}).Draw(t, "kind")
		e.ev.Name = "Home"
		e.ev.PreviousID, e.ev.GroupID = "p", "g"
	case 10:
		e.ev.Name = rapid.SampledFrom([]string{EventListJoined, EventListLeft}).Draw(t, "name")
		e.ev.Properties = object(fmt.Sprintf(`{"list":"%s"}`, rapid.SampledFrom([]string{"vip", "老客", "c"}).Draw(t, "list")))
	case 11:
		e.ev.Name = messageEvents[rapid.IntRange(0, len(messageEvents)-1).Draw(t, "deed")].name
		e.ev.Properties = object(rapid.SampledFrom([]string{`{"weir_rule":"winback"}`, `{"weir_rule":"hello","weir_template":"winback"}`, `{"campaign_name":"*"}`, `{}`}).Draw(t, "rule"))
	}
	e.id = e.ev.StableID(0)
	return e
}

// drawStream draws a stream without duplicates.
func drawStream(t *rapid.T, most int) []entry {
	n := rapid.IntRange(0, most).Draw(t, "events")
	stream := make([]entry, n)
	for i := range stream {
		stream[i] = drawEntry(t, i)
	}
	return stream
}

func fold(s *Schema, stream []entry) *Facts {
	f := &Facts{}
	for i := range stream {
		s.Fold(f, &stream[i].ev, stream[i].id)
	}
	return f
}
