package profile

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/weir-engine/weir/shared/event"
	"github.com/weir-engine/weir/shared/strategy"
	"github.com/weir-engine/weir/shared/zone"
)

// richStrategy has ten metrics of every kind, three declared events and an event tag.
func richStrategy() *strategy.Strategy {
	return &strategy.Strategy{
		Currency: "USD",
		Events:   []string{"Order Completed", "Product Viewed", "Cart Viewed"},
		Metrics: []strategy.Metric{
			{Name: "orders", Event: "Order Completed", Agg: "count", Windows: []int{30, 90}},
			{Name: "revenue", Event: "Order Completed", Value: "revenue", Unit: "money", Agg: "sum", Windows: []int{30, 90}},
			{Name: "items", Event: "Order Completed", Value: "quantity", Agg: "sum", Windows: []int{90}},
			{Name: "largest_order", Event: "Order Completed", Value: "revenue", Unit: "money", Agg: "max", Windows: []int{180}},
			{Name: "views", Event: "Product Viewed", Agg: "count", Windows: []int{7, 30}},
			{Name: "skus", Event: "Product Viewed", Value: "sku", Unit: "text", Agg: "distinct", Windows: []int{30}},
			{Name: "view_value", Event: "Product Viewed", Value: "price", Unit: "money", Agg: "sum", Windows: []int{30}},
			{Name: "carts", Event: "Cart Viewed", Agg: "count", Windows: []int{30}},
			{Name: "rating", Event: "Rated", Value: "stars", Agg: "last", Windows: []int{180}},
			{Name: "pages", Event: "$page", Agg: "count", Windows: []int{30}},
		},
		EventTags: []strategy.EventTag{{Tag: "cart", Event: "Cart Viewed", For: 7}},
	}
}

func richSchema(t testing.TB) *Schema { return schemaOf(t, richStrategy(), zone.UTC) }

type simulated struct {
	key     string
	stream  []entry
	arrived int64
}

// richUser is a deterministic simulated user: 40 events over 120 days (times to the millisecond, as a browser sends them), 8
// purchases, 12 traits set by three identifies.
func richUser(i int) simulated {
	r := rand.New(rand.NewPCG(2026, uint64(i)))
	const span = 120
	u := simulated{key: fmt.Sprintf("u_%08d", r.IntN(1e8)), arrived: testStart + span*dayMs}
	pick := func(list ...string) string { return list[r.IntN(len(list))] }
	traits := []string{
		`"email":"` + pick("maria", "john.smith", "wei.zhang", "l.meyer", "anna") + strconv.Itoa(r.IntN(1000)) + `@example.com"`,
		`"name":"` + pick("Maria Garcia", "John Smith", "Wei Zhang", "Lena Meyer", "Anna Kim") + `"`,
		`"plan":"` + pick("free", "pro", "enterprise") + `"`, `"city":"` + pick("Shanghai", "Berlin", "New York", "San Francisco", "Lyon") + `"`,
		`"country":"` + pick("CN", "US", "DE", "FR") + `"`, `"language":"` + pick("zh-CN", "en-US", "de-DE") + `"`,
		`"age":` + strconv.Itoa(18+r.IntN(50)), `"gender":"` + pick("male", "female") + `"`,
		`"created_at":"2023-0` + strconv.Itoa(1+r.IntN(9)) + `-1` + strconv.Itoa(r.IntN(10)) + `T0` + strconv.Itoa(r.IntN(10)) + `:21:45Z"`,
		`"newsletter":` + pick("true", "false"), `"acquisition_campaign":"` + pick("spring_sale", "brand_search", "partner_42") + `"`,
		`"loyalty_points":` + strconv.Itoa(r.IntN(5000)),
	}
	add := func(name, properties string) {
		day := span - 1 - int64(r.ExpFloat64()*40)%span
		e := track(name, testStart+day*dayMs+r.Int64N(dayMs), properties)
		e.ev.MessageID = fmt.Sprint(i, len(u.stream))
		if strings.HasPrefix(name, "$") {
			e.ev.Kind, e.ev.Name = event.KindOf(name[1:]), ""
		}
		e.id = e.ev.StableID(0)
		u.stream = append(u.stream, e)
	}
	for range 8 {
		add("Order Completed", fmt.Sprintf(`{"order_id":"%08d","revenue":%d.%02d,"quantity":%d,"currency":"USD"}`, r.IntN(1e8), 5+r.IntN(195), r.IntN(100), 1+r.IntN(5)))
	}
	for range 14 {
		add("Product Viewed", fmt.Sprintf(`{"sku":"sku-%d","price":%d.%02d}`, r.IntN(300), r.IntN(150), r.IntN(100)))
	}
	for range 4 {
		add("Cart Viewed", `{}`)
	}
	for range 2 {
		add("Rated", fmt.Sprintf(`{"stars":%d}`, 1+r.IntN(5)))
	}
	for range 9 {
		add("$page", `{"path":"/"}`)
	}
	for n := range 3 {
		add("$identify", `{}`)
		u.stream[len(u.stream)-1].ev.Traits = object("{" + strings.Join(traits[4*n:4*n+4], ",") + "}")
	}
	return u
}

// richState is what decisions leave about such a user.
func richState(i int, at int64) *State {
	r := rand.New(rand.NewPCG(2027, uint64(i)))
	return &State{
		Stage: "active", From: "first_purchase", Since: zone.Day(at/dayMs) - zone.Day(r.IntN(60)), SinceMs: at - r.Int64N(60*dayMs), DecidedAt: at,
		Segments: []string{"high_value", "mobile_shoppers"}, Tags: []string{"bargain_hunter", "weekend_buyer"},
		Episodes: []Episode{{Rule: "welcome_new_buyer", Counter: 1, Start: at - r.Int64N(90*dayMs)}, {Rule: "winback_silent", Counter: 1, Start: at - r.Int64N(30*dayMs), Open: true}},
		Strategy: fmt.Sprintf("%012x", 0xa1b2c3d4e5f6), Cuts: fmt.Sprintf("%012x", 0x0123456789ab), Seq: 4,
	}
}

// itemOf is the stored size of a simulated user, and the shares of facts, state and recent events.
func itemOf(s *Schema, u simulated, i int) (size int, facts, state, recent []byte) {
	r := &Recent{}
	f := &Facts{}
	for j := range u.stream {
		e := &u.stream[j]
		if !IsLate(e.ev.Time, u.arrived) {
			r.Add(e.id, e.ev.Time)
		}
		s.Fold(f, &e.ev, e.id)
	}
	facts, state, recent = EncodeFacts(nil, f), EncodeState(nil, richState(i, u.arrived)), EncodeRecent(nil, r)
	return ItemSize(u.key, facts, state, recent, 1), facts, state, recent
}

func percentiles(sizes []int) (p50, p90, p99 int) {
	slices.Sort(sizes)
	at := func(p int) int { return sizes[(len(sizes)-1)*p/100] }
	return at(50), at(90), at(99)
}

// TestRichItemsFitOneWriteUnit is the budget of guarantee G4.
func TestRichItemsFitOneWriteUnit(t *testing.T) {
	s := richSchema(t)
	var sizes, facts, states, recents []int
	over := 0
	for i := range 2000 {
		size, f, st, r := itemOf(s, richUser(i), i)
		sizes, facts, states, recents = append(sizes, size), append(facts, len(f)), append(states, len(st)), append(recents, len(r))
		if size > MaxItem {
			over++
		}
	}
	p50, p90, p99 := percentiles(sizes)
	t.Logf("rich users (40 events, 12 traits, 10 metrics): item p50 %d, p90 %d, p99 %d bytes; %d of %d over %d", p50, p90, p99, over, len(sizes), MaxItem)
	for _, part := range []struct {
		name  string
		sizes []int
	}{{"facts", facts}, {"state", states}, {"recent", recents}} {
		a, b, c := percentiles(part.sizes)
		t.Logf("  %-6s p50 %d, p90 %d, p99 %d", part.name, a, b, c)
	}
	if p50 > MaxItem {
		t.Errorf("a typical rich user takes %d bytes, more than one write unit (%d)", p50, MaxItem)
	}
}
