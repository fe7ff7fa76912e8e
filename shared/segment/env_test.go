package segment

import (
	"time"

	"github.com/weir-engine/weir/shared/zone"
)

// asOf is 2026-03-15 10:30 in Shanghai.
var asOf = time.Date(2026, 3, 15, 2, 30, 0, 0, time.UTC).UnixMilli()

var shanghai = zone.FromLocation(time.FixedZone("Asia/Shanghai", 8*3600))

// fakeEnv answers by the text of the reference.
type fakeEnv map[string]Value

func (e fakeEnv) Lookup(r *Ref) Value { return e[r.String()] }
func (e fakeEnv) AsOf() int64         { return asOf }
func (e fakeEnv) Zone() *zone.Zone    { return shanghai }

func at(year int, month time.Month, day, hour int) Value {
	return Time(time.Date(year, month, day, hour, 0, 0, 0, time.FixedZone("", 8*3600)).UnixMilli())
}

func testSchema() *Schema {
	s := NewSchema()
	s.Metric("spend", TNumber, []int{30, 90})
	s.Metric("views", TNumber, []int{7})
	s.Metric("last_coupon", TString, []int{90})
	s.Segment("vips")
	s.Segment("new_buyers")
	s.Tag("vip")
	s.Tag("老客")
	s.Events([]string{"Order Completed", "Signed Up"})
	s.Stages([]string{"potential", "first_purchase", "active", "silent", "churned"})
	s.Enum(FieldTier, []string{"gold", "silver"})
	s.Messages([]string{"winback"})
	return s
}

// testEnv is the user that the tables evaluate.
var testEnv = fakeEnv{
	"stage": String("silent"), "stage_candidate": String("silent"), "stage_days": Number(12),
	"r": Number(2), "f": Number(4), "m": Number(5), "rfm": String("at_risk"), "tier": String("gold"),
	"orders": Number(4), "orders[30]": Number(0), "purchase_days": Number(3), "spend": Number(120.5), "spend[90]": Number(20.25),
	"recency_days": Number(61), "silence_days": Number(61), "active_days[28]": Number(3),
	"first_seen": at(2025, 1, 1, 9), "last_seen": at(2026, 3, 14, 23), "first_purchase": at(2025, 2, 1, 0), "last_purchase": at(2026, 1, 13, 0),
	"metrics.spend[30]": Number(0), "metrics.spend[90]": Number(20.25), "metrics.last_coupon[90]": String("SPRING"),
	"traits.city": String("上海"), "traits.age": Number(33), "traits.vip": Bool(true), "traits.note": String("Hello World"),
	"traits.langs": List([]Value{String("zh"), String("en"), Number(3)}), "traits.birthday": String("1990-03-15"), "traits.old": String("18"),
	`traits["plan name"]`: String("Pro"), "traits.signed": String("2026-03-14T20:00:00Z"),
	`tags.has("vip")`: Bool(true), `segments.has("vips")`: Bool(true),
	`event("Order Completed").count`: Number(4), `event("Order Completed").first`: at(2025, 2, 1, 8), `event("Order Completed").last`: at(2026, 1, 13, 8),
	`event("Signed Up").count`: Number(0),
}
