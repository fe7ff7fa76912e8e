package profile

import (
	"fmt"
	"strings"
	"testing"

	"github.com/weir-engine/weir/shared/event"
	"github.com/weir-engine/weir/shared/fault"
	"github.com/weir-engine/weir/shared/strategy"
	"github.com/weir-engine/weir/shared/zone"
)

// day is a moment on the n-th day of the tests.
func dayAt(n int64) int64 { return 19_700*dayMs + n*dayMs + 12*3_600_000 }

func buy(day int64, amount string, order string) entry {
	p := `{"revenue":` + amount
	if order != "" {
		p += `,"order_id":"` + order + `"`
	}
	return track("Order Completed", dayAt(day), p+"}")
}

func giveBack(day int64, amount string, order string) entry {
	e := buy(day, amount, order)
	e.ev.Name = "Order Refunded"
	return e
}

// TestPurchasesAndRefunds states the rules of definitions "Purchase history". Days are d0, d1 …; an entry is day:orders:net in
// minor units.
func TestPurchasesAndRefunds(t *testing.T) {
	s := schemaOf(t, plain(), zone.UTC)
	for _, c := range []struct {
		name   string
		stream []entry
		days   string
		x      int
		repeat int64
	}{
		{"same day is one purchase day", []entry{buy(0, "1", ""), buy(0, "2", ""), buy(7, "3", "")}, "0:2:300 7:1:300", 1, 300},
		{"refund of a named order", []entry{buy(0, "10", "a"), buy(7, "20", "b"), giveBack(9, "5", "b")}, "0:1:1000 7:1:1500", 1, 1500},
		{"refund before its order", []entry{giveBack(9, "5", "b"), buy(7, "20", "b")}, "7:1:1500", 0, 0},
		{"refund without an order", []entry{buy(0, "10", "a"), giveBack(9, "4", "")}, "0:1:1000 9:0:-400", 0, -400},
		{"refund of an unknown order counts on its own day", []entry{buy(0, "10", "a"), giveBack(0, "4", "x")}, "0:1:600", 0, 0},
		{"sign of a refund does not matter", []entry{buy(0, "10", "a"), giveBack(1, "-4", "a")}, "0:1:600", 0, 0},
		{"a day of net 0 keeps its purchase", []entry{buy(0, "10", "a"), giveBack(1, "10", "a")}, "0:1:0", 0, 0},
		{"the earliest day of an order wins", []entry{buy(7, "10", "a"), giveBack(8, "4", "a"), buy(3, "10", "a")}, "3:1:600 7:1:1000", 1, 1000},
		{"a purchase of nothing is a purchase", []entry{buy(0, "0", ""), buy(2, "0", "")}, "0:1:0 2:1:0", 1, 0},
		{"half a cent rounds away from zero", []entry{buy(0, "0.005", "")}, "0:1:1", 0, 0},
	} {
		f := fold(s, c.stream)
		var days []string
		for _, p := range f.Purchases {
			days = append(days, fmt.Sprintf("%d:%d:%d", p.Day-19_700, p.Orders, p.Net))
		}
		x, _, _, repeat := f.RepeatStats(20_000)
		if got := strings.Join(days, " "); got != c.days || x != c.x || repeat != c.repeat {
			t.Errorf("%s: got %q, x %d, repeat %d; want %q, x %d, repeat %d", c.name, got, x, repeat, c.days, c.x, c.repeat)
		}
	}
}

func TestHistory(t *testing.T) {
	s := schemaOf(t, plain(), zone.UTC)
	f := fold(s, []entry{buy(2, "10", ""), buy(9, "20", ""), buy(9, "5", ""), giveBack(12, "3", ""), buy(30, "7", "")})
	want := History{Days: 2, X: 1, TX: 7, T: 18, Orders: 3, Spend: 3200, RepeatNet: 2200, First: 19_702, Last: 19_709}
	if got := f.History(19_720); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if got := f.History(19_701); got != (History{}) {
		t.Errorf("before the first purchase: %+v", got)
	}
	if days, orders, net := f.PurchasesIn(19_720, 11); days != 0 || orders != 0 || net != -300 {
		t.Errorf("in 11 days: %d %d %d", days, orders, net)
	}
	if days, orders, net := f.PurchasesIn(19_720, 12); days != 1 || orders != 2 || net != 2200 {
		t.Errorf("in 12 days: %d %d %d", days, orders, net)
	}
	if day, ok := f.LastPurchase(19_729); !ok || day != 19_709 {
		t.Errorf("last purchase %v %v", day, ok)
	}
	if _, ok := f.FirstPurchase(19_701); ok {
		t.Error("a first purchase before there is one")
	}
	n := 0
	for p := range f.PurchaseDays(19_720) {
		n += int(p.Orders)
	}
	if n != f.OrderCount(19_720) || f.Spend(19_720) != 3200 {
		t.Errorf("%d orders", n)
	}
	if f.AsOfExact(dayAt(30)-1) || !f.AsOfExact(dayAt(30)) || !(&Facts{}).AsOfExact(0) {
		t.Error("AsOfExact")
	}
	if day, ok := s.LastActivity(f, "", 19_715); !ok || day != 19_709 {
		t.Errorf("activity by purchase: %v %v", day, ok)
	}
	if day, ok := s.LastActivity(f, ActivityAny, 19_715); !ok || day != 19_712 {
		t.Errorf("activity by any event: %v %v", day, ok)
	}
	if day, ok := s.LastActivity(f, ActivityEvents, 20_000); !ok || day != 19_730 {
		t.Errorf("activity by declared events: %v %v", day, ok)
	}
	if got := f.ActiveDays(19_715, 7); got != 2 {
		t.Errorf("%d active days", got)
	}
}

func TestCheck(t *testing.T) {
	s := schemaOf(t, plain(), zone.UTC)
	for _, c := range []struct{ name, properties, reason string }{
		{"Order Completed", `{"revenue":12.5}`, ""},
		{"Order Completed", `{"revenue":"12.50","currency":"usd"}`, ""},
		{"Order Completed", `{"revenue":null,"total":3}`, ""},
		{"Order Completed", `{"value":0}`, ""},
		{"Order Completed", `{}`, event.ReasonBadAmount},
		{"Order Completed", `{"revenue":null}`, event.ReasonBadAmount},
		{"Order Completed", `{"revenue":-1}`, event.ReasonBadAmount},
		{"Order Completed", `{"revenue":-0.004}`, ""},
		{"Order Completed", `{"revenue":"NaN"}`, event.ReasonBadAmount},
		{"Order Completed", `{"revenue":"ten","total":10}`, event.ReasonBadAmount},
		{"Order Completed", `{"revenue":true}`, event.ReasonBadAmount},
		{"Order Completed", `{"revenue":1e300}`, event.ReasonBadAmount},
		{"Order Completed", `{"revenue":1e17}`, event.ReasonBadAmount},
		{"Order Completed", `{"revenue":1,"currency":"EUR"}`, event.ReasonCurrency},
		{"Order Completed", `{"revenue":1,"currency":""}`, ""},
		{"Order Refunded", `{"revenue":-1}`, ""},
		{"Order Refunded", `{"total":1}`, ""},
		{"Order Refunded", `{}`, event.ReasonBadAmount},
		{"Order Refunded", `{"revenue":-1e17}`, event.ReasonBadAmount},
		{"Product Viewed", `{"revenue":-1,"currency":"EUR"}`, ""},
	} {
		e := track(c.name, testStart, c.properties)
		r := s.Check(&e.ev)
		reason := ""
		if r != nil {
			reason = r.Reason
			if r.Message == "" || r.Hint == "" {
				t.Errorf("%s %s: no message or hint", c.name, c.properties)
			}
		}
		if reason != c.reason {
			t.Errorf("%s %s: %v, want %q", c.name, c.properties, r, c.reason)
		}
	}
	page := event.Event{Kind: event.Page, Name: "Order Completed"}
	if r := s.Check(&page); r != nil {
		t.Errorf("a page is no purchase: %v", r)
	}
}

func identify(at int64, id string, traits string) entry {
	e := entry{ev: event.Event{Kind: event.Identify, UserID: "u", MessageID: id, Time: at, Traits: object(traits)}}
	e.id = e.ev.StableID(0)
	return e
}

func TestTraits(t *testing.T) {
	s := schemaOf(t, plain(), zone.UTC)
	long := strings.Repeat("ä", MaxTraitValue)
	f := fold(s, []entry{
		identify(20, "b", `{"plan":"pro","city":"Lyon","age":3}`), identify(10, "a", `{"plan":"free","old":1}`), identify(30, "c", `{"city":null}`),
		identify(40, "d", `{"bio":"x`+long+`","blob":["`+long+`"],"`+long+`":1}`),
	})
	if v, ok := f.Trait("plan"); !ok || v.Value.Raw != "pro" || v.Time != 20 {
		t.Errorf("plan: %+v", v)
	}
	if _, ok := f.Trait("city"); ok {
		t.Error("a removed trait is still there")
	}
	if v, ok := f.Trait("bio"); !ok || len(v.Value.Raw) != MaxTraitValue-1 || !strings.HasPrefix("x"+long, v.Value.Raw) {
		t.Errorf("a long text has %d bytes", len(v.Value.Raw))
	}
	if _, ok := f.Trait("blob"); ok {
		t.Error("a long list is kept")
	}
	if _, ok := f.Trait("nothing"); ok || len(f.Traits) != 6 {
		t.Errorf("traits %+v", f.Traits)
	}
}

// TestTraitLimit: whatever the order, the names that sort first stay.
func TestTraitLimit(t *testing.T) {
	s := schemaOf(t, plain(), zone.UTC)
	var stream []entry
	for i := range MaxTraits + 40 {
		stream = append(stream, identify(int64(i), fmt.Sprint(i), fmt.Sprintf(`{"t%03d":%d}`, i*7919%(MaxTraits+40), i)))
	}
	f := fold(s, stream)
	if len(f.Traits) != MaxTraits || f.Traits[MaxTraits-1].Name != fmt.Sprintf("t%03d", MaxTraits-1) {
		t.Fatalf("%d traits, the last is %s", len(f.Traits), f.Traits[len(f.Traits)-1].Name)
	}
	a, b := fold(s, stream[100:]), fold(s, stream[:100])
	s.Merge(a, b)
	if string(EncodeFacts(nil, a)) != string(EncodeFacts(nil, f)) {
		t.Error("merged traits differ")
	}
}

func TestEventTags(t *testing.T) {
	s := schemaOf(t, everything(), zone.UTC)
	view := track("Product Viewed", dayAt(0), `{}`)
	f := fold(s, []entry{view, buy(1, "100", "")})
	for at, want := range map[int64]bool{dayAt(0) - 1: false, dayAt(0): true, (19_707)*dayMs - 1: true, 19_707 * dayMs: false} {
		if f.HasTag("viewer", at) != want {
			t.Errorf("viewer at %d: %v", at, !want)
		}
	}
	if !f.HasTag("rich", dayAt(5)) || f.HasTag("none", dayAt(5)) {
		t.Error("rich")
	}
	out := track("Signed Out", dayAt(0)+1, `{}`)
	s.Fold(f, &out.ev, out.id)
	back := giveBack(2, "1", "")
	s.Fold(f, &back.ev, back.id)
	if f.HasTag("viewer", dayAt(1)) || f.HasTag("rich", dayAt(5)) {
		t.Error("a cleared tag is still there")
	}
	small := fold(s, []entry{buy(1, "99.99", "")})
	if small.HasTag("rich", dayAt(5)) {
		t.Error("the condition of a tag was not asked")
	}
}

func TestSchemaErrors(t *testing.T) {
	for _, c := range []struct {
		metric strategy.Metric
		want   string
	}{
		{strategy.Metric{Name: "m", Event: "e", Agg: "median"}, "unknown aggregate"},
		{strategy.Metric{Name: "m", Event: "e", Agg: "sum"}, "needs a value"},
		{strategy.Metric{Name: "m", Event: "e", Agg: "max", Value: "v", Unit: "text"}, "of a text"},
		{strategy.Metric{Name: "m", Event: "e", Agg: "count", Windows: []int{0}}, "window"},
		{strategy.Metric{Name: "m", Event: "e", Agg: "count", Where: "properties.x >"}, "does not compile"},
		{strategy.Metric{Name: "m", Event: "e", Agg: "count", Where: "orders > 3"}, "does not compile"},
	} {
		_, err := NewSchema(&strategy.Strategy{Currency: "USD", Metrics: []strategy.Metric{c.metric}}, zone.UTC)
		if !fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: %v, want %q", c.metric, err, c.want)
		}
	}
}

// TestAdopt: facts of another strategy lose what this one does not know, and keep what it does.
func TestAdopt(t *testing.T) {
	before, after := schemaOf(t, everything(), zone.UTC), schemaOf(t, plain(), zone.UTC)
	stream := longStream(3, 200)
	f := fold(before, stream)
	after.Adopt(f)
	want := fold(after, stream)
	f.Tags = nil // event tags stay until the user is folded again
	if before.Fingerprint() == after.Fingerprint() {
		t.Fatal("two strategies with one fingerprint")
	}
	for _, m := range f.Metrics {
		if after.stored(m.Key) == nil {
			t.Errorf("metric %06x is left over", m.Key)
		}
	}
	for i := range after.Metrics() {
		if got, want := after.Window(f, i, 30, f.Active.Newest), after.Window(want, i, 30, f.Active.Newest); before.keepsOf(after, i) && got != want {
			t.Errorf("%s: %+v, want %+v", after.MetricName(i), got, want)
		}
	}
}

// keepsOf reports whether s stores what declared metric i of another schema reads.
func (s *Schema) keepsOf(other *Schema, i int) bool {
	return s.stored(other.metrics[other.declared[i].stored].key) != nil
}

func TestMetricsOfEqualDefinitionShareTheirData(t *testing.T) {
	two := plain()
	again := two.Metrics[1]
	again.Name, again.Windows = "money_again", []int{30, 90}
	two.Metrics = append(two.Metrics, again)
	s := schemaOf(t, two, zone.UTC)
	f := fold(s, []entry{buy(0, "12.5", ""), buy(1, "2", "")})
	a, b := s.Window(f, 1, 90, 19_705), s.Window(f, 3, 30, 19_705)
	if a != b || a.Value != 1450 || a.Float() != 14.5 || len(f.Metrics) != 2 {
		t.Errorf("%+v %+v, %d stored", a, b, len(f.Metrics))
	}
	if lines := s.Budget(); lines[len(lines)-1].Typical != 0 || lines[len(lines)-2].Typical == 0 {
		t.Errorf("budget %+v", lines)
	}
}

// TestLastTie: of two values at one time the larger is the last, in either order.
func TestLastTie(t *testing.T) {
	s := schemaOf(t, everything(), zone.UTC)
	low, high := track("Rated", dayAt(0), `{"rating":1}`), track("Rated", dayAt(0), `{"rating":3}`)
	for _, stream := range [][]entry{{low, high}, {high, low}} {
		if v := s.Window(fold(s, stream), 5, 45, 19_700); v.Float() != 3 {
			t.Errorf("last is %v", v.Float())
		}
	}
}
