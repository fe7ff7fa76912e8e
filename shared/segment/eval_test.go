package segment

import (
	"slices"
	"testing"
)

// Each row holds for testEnv; its negation must not.
var holdTable = []string{
	// fields, logic
	`stage == "silent" && metrics.spend[90] >= 20 && !(r > 2)`,
	`stage == 'silent' and not stage == "active" or false`,
	`true`, `!false`, `not false`, `true || false && false`, `(true || false) && true`,
	`traits.vip`, `!traits.city`, `tags.has("vip")`, `!tags.has("老客")`, `segments.has("vips") && !segments.has("new_buyers")`,
	`orders == 4`, `orders[30] == 0`, `spend > 120`, `spend[90] == 20.25`, `active_days == 3`, `active_days[28] == 3`,
	`tier in ["gold", "silver"]`, `tier not in ["silver"]`, `!(tier in [])`, `orders in [1, 2, 2 + 2,]`,
	"orders == 4 // four\n && r == 2 // near",
	// null
	`traits.none == null`, `null == null`, `traits.city != null`, `!(traits.none != null)`,
	`!(traits.none > 1)`, `!(traits.none <= 1)`, `!(traits.none == 1)`, `traits.none != 1`, `traits.none != "x"`,
	`!(orders / 0 > 0)`, `orders / 0 == null`, `traits.none + 1 == null`, `-traits.none == null`, `lower(traits.none) == null`,
	`average_order == null`, `!(average_order < 5)`, `traits.none in [null]`, `traits.none not in ["a"]`, `!traits.none`,
	`traits.none == traits.nothing`, `event("Signed Up").last == null`, `event("Signed Up").days_since == null`,
	`coalesce(traits.none, 7) == 7`, `coalesce(null, traits.none) == null`, `max(1, traits.none) == null`, `days_since(event("Signed Up").first) == null`,
	// arithmetic
	`1 + 2 * 3 == 7`, `(1 + 2) * 3 == 9`, `10 - 4 - 3 == 3`, `12 / 4 / 3 == 1`, `-2 * -3 == 6`, `2 - -2 == 4`, `- (3) == -3`, `.5 + 0.25 == 0.75`,
	`1e3 == 1000`, `1e308 * 10 == null`, `0 - 0 == -0`, `orders * spend == 482`, `(5 > 3) == true`,
	`abs(-3) == 3`, `round(2.5) == 3 && round(-2.5) == -3`, `floor(2.9) == 2`, `ceil(2.1) == 3`, `min(3, 1, 2) == 1`, `max(3, orders) == 4`,
	// texts
	`traits.note contains "lo Wo"`, `traits.note startsWith "Hello"`, `traits.note endsWith "World"`, `!(traits.note startsWith "hello")`,
	`lower(traits.note) startsWith "hello"`, `upper("abc") == "ABC"`, `trim("  a ") == "a"`, `length(traits.city) == 2`, `length("") == 0`,
	`traits.city == "上海"`, `"B" < "a"`, `"a" < "ab"`, `metrics.last_coupon == "SPRING"`, `traits["plan name"] == "Pro"`, `"tab\t\"q\" \u4e2d" == 'tab	"q" 中'`,
	`number(traits.old) >= 18`, `number("1e2") == 100`, `number("") == null`, `number(" 1") == null`, `number("0x10") == null`, `number("inf") == null`, `number("abc") == null`,
	// dynamic types
	`traits.age >= 18`, `!(traits.old >= 18)`, `traits.age != "33"`, `!(traits.city > 3)`, `!(traits.vip > 0)`,
	`"zh" in traits.langs`, `3 in traits.langs`, `"fr" not in traits.langs`, `traits.langs contains "en"`, `!(traits.langs contains "e")`,
	`"a" not in traits.city`, `length(traits.langs) == 3`, `traits.langs == traits.langs`, `traits.langs != traits.city`, `traits.vip == true`,
	// times
	`last_purchase < date("2026-02-01")`, `first_purchase == date("2025-02-01")`, `last_seen >= days_ago(1)`, `last_seen < today()`, `days_ago(0) == today()`,
	`days_since(last_seen) == 1`, `days_since(first_purchase) == 407`, `days_between(first_purchase, last_purchase) == 346`, `event("Order Completed").days_since == 61`,
	`days_since(date("2026-03-16")) == -1`, `days_since(time(traits.signed)) == 0`, `days_since(time("2026-03-14T15:59:59Z")) == 1`, `time("2026-03-14T16:00:00+00:00") == today()`,
	`month(time(traits.birthday)) == 3 && day(time(traits.birthday)) == 15`, `year(last_purchase) == 2026`, `weekday(today()) == 7`, `weekday(days_ago(6)) == 1`,
	`time(0) == time("1970-01-01T00:00:00Z")`, `time("2026-02-30") == null`, `time("x") == null`, `time(1e30) == null`, `days_since(time("1969-12-31T16:00")) > 20000`,
	`weekday(date("1969-12-31")) == 3`, `event("Order Completed").first < event("Order Completed").last`, `coalesce(event("Signed Up").last, first_seen) == first_seen`,
	`days_ago(1e9) == null`, `time("2026-03-14t20:00:00.250z") > time(traits.signed)`, `time("2026-03-15T04:00+0800") == time(traits.signed)`,
}

func TestHolds(t *testing.T) {
	schema := testSchema()
	for _, src := range holdTable {
		for _, row := range []struct {
			src  string
			want bool
		}{{src, true}, {"!(" + src + "\n)", false}} {
			p, err := Compile(row.src, schema)
			if err != nil {
				t.Errorf("%s\n%s", row.src, err.(*Error).Caret(row.src))
				continue
			}
			if got := p.Bool(testEnv); got != row.want {
				t.Errorf("%s = %v, want %v\n%+v", row.src, got, row.want, p.Explain(testEnv))
			}
			if reason := p.Explain(testEnv); reason.Value != row.want {
				t.Errorf("%s is explained as %v", row.src, reason.Value)
			}
			again, err := Compile(p.String(), schema)
			if err != nil || !sameTree(p.root, again.root) || again.String() != p.String() {
				t.Errorf("%s: the canonical text %s is another tree (%v)", row.src, p, err)
			}
		}
	}
}

func TestProperties(t *testing.T) {
	env := fakeEnv{"properties.coupon.code": String("X1"), "properties.price": Number(3), `properties["a b"]`: Bool(true), "properties.in": Number(1)}
	for _, src := range []string{`properties.coupon.code startsWith "X"`, `properties.price * 2 == 6`, `properties["a b"]`, `properties["coupon"].code == "X1"`, `properties.in == 1`, `properties.none == null`} {
		p, err := Compile(src, PropertySchema())
		if err != nil {
			t.Fatal(err)
		}
		if !p.Bool(env) {
			t.Errorf("%s does not hold", src)
		}
	}
}

func TestCanonicalText(t *testing.T) {
	for _, row := range [][2]string{
		{`not (tier in ["gold"])`, `tier not in ["gold"]`},
		{`(orders+1)*2>=3`, `(orders + 1) * 2 >= 3`},
		{`orders-(r-1)==1`, `orders - (r - 1) == 1`},
		{`(orders-r)-1==1`, `orders - r - 1 == 1`},
		{`true and (false or true)`, `true && (false || true)`},
		{`true and (false and true)`, `true && false && true`},
		{`metrics.spend > 1`, `metrics.spend[30] > 1`},
		{`not stage == 'silent'`, `!(stage == "silent")`},
		{`event('Order Completed').days_since<3`, `event("Order Completed").days_since < 3`},
		{`days_since(event('Order Completed').last)<3`, `event("Order Completed").days_since < 3`},
		{`traits['city']=="x"`, `traits.city == "x"`},
		{`traits['a.b']==-1.50`, `traits.a.b == -1.5`},
		{`orders>1000000000000000000000000`, `orders > 1e+24`},
	} {
		p, err := Compile(row[0], testSchema())
		if err != nil {
			t.Errorf("%s: %v", row[0], err)
			continue
		}
		if p.String() != row[1] {
			t.Errorf("%s is written %s, want %s", row[0], p, row[1])
		}
	}
}

func sameTree(a, b *Node) bool {
	if a.Op != b.Op || a.Type != b.Type || a.Num != b.Num || a.Str != b.Str || a.fn != b.fn || len(a.Args) != len(b.Args) || (a.Ref == nil) != (b.Ref == nil) {
		return false
	}
	if a.Ref != nil && !sameReading(*a.Ref, *b.Ref) {
		return false
	}
	for i := range a.Args {
		if !sameTree(a.Args[i], b.Args[i]) {
			return false
		}
	}
	return true
}

// sameReading compares two references with what they resolve to.
func sameReading(a, b Ref) bool {
	x, y := a.Measure, b.Measure
	if (x == nil) != (y == nil) {
		return false
	}
	if x != nil {
		if a.String() != b.String() || len(x.Events) != len(y.Events) || !slices.Equal(x.Metrics, y.Metrics) || x.Event != y.Event || x.First != y.First {
			return false
		}
		for i := range x.Events {
			if v, w := x.Events[i].Where, y.Events[i].Where; (v == nil) != (w == nil) || v != nil && !alike(v, w) {
				return false
			}
		}
	}
	a.Measure, b.Measure = nil, nil
	return a == b
}

func TestExplain(t *testing.T) {
	p, err := Compile(`stage == "silent" && (orders + orders >= 9 || !tags.has("vip")) && days_since(last_purchase) > 60`, testSchema())
	if err != nil {
		t.Fatal(err)
	}
	r := p.Explain(testEnv)
	if r.Value || len(r.Children) != 3 || r.Got != "" {
		t.Fatalf("%+v", r)
	}
	for i, want := range []Reason{
		{Text: `stage == "silent"`, Value: true, Got: `stage = "silent"`},
		{Text: `orders + orders >= 9 || !tags.has("vip")`},
		{Text: `days_since(last_purchase) > 60`, Value: true, Got: "last_purchase = 2026-01-13"},
	} {
		if got := r.Children[i]; got.Text != want.Text || got.Value != want.Value || got.Got != want.Got {
			t.Errorf("%+v, want %+v", got, want)
		}
	}
	if got := r.Children[1].Children[0]; got.Got != "orders = 4" {
		t.Errorf("%+v", got)
	}
}

func TestRefs(t *testing.T) {
	p, err := Compile(`orders > 1 && metrics.spend[90] > orders && traits.x == null && event("Signed Up").days_since > 3 && segments.has("new_buyers")`, testSchema())
	if err != nil {
		t.Fatal(err)
	}
	want := []Ref{
		{Kind: RefField, Name: "orders", Index: int(FieldOrders), Type: TNumber},
		{Kind: RefMetric, Name: "spend", Window: 90, Type: TNumber, Slot: 1},
		{Kind: RefTrait, Name: "x", Slot: 2},
		{Kind: RefEvent, Name: "Signed Up", Index: 1, Stat: StatLast, Type: TTime, Slot: 3},
		{Kind: RefSegment, Name: "new_buyers", Index: 1, Type: TBool, Slot: 4},
	}
	for i, r := range p.Refs() {
		if *r != want[i] {
			t.Errorf("%+v, want %+v", *r, want[i])
		}
	}
}

func TestValueText(t *testing.T) {
	for _, v := range []Value{Null, Bool(true), Bool(false), Number(0), Number(-12.5), Number(1e-9), Number(1e300), String("a\"\\\n\t\r\x01\u007f中"), at(2026, 1, 1, 1), Time(-1), List([]Value{Number(1), String("x"), List([]Value{Null})})} {
		got, err := ParseValue(v.String())
		if err != nil || !Equal(got, v) {
			t.Errorf("%s is read as %s (%v)", v, got, err)
		}
	}
	for _, src := range []string{"", "x", "1 2", "orders", "1 + 1", "[orders]"} {
		if v, err := ParseValue(src); err == nil {
			t.Errorf("%q is read as %s", src, v)
		}
	}
}

func TestNoAllocations(t *testing.T) {
	p, err := Compile(benchSource, testSchema())
	if err != nil {
		t.Fatal(err)
	}
	env := &Recorded{Inputs: p.Inputs(testEnv), At: asOf, In: shanghai}
	if n := testing.AllocsPerRun(100, func() { p.Bool(env) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

const benchSource = `stage == "silent" && metrics.spend[90] >= 20 && !(r > 2) && tier in ["silver", "gold"] && days_since(last_purchase) > 30 && traits.note contains "World" && last_seen >= date("2026-01-01")`

func BenchmarkEval(b *testing.B) {
	p, err := Compile(benchSource, testSchema())
	if err != nil {
		b.Fatal(err)
	}
	env := &Recorded{Inputs: p.Inputs(testEnv), At: asOf, In: shanghai}
	b.ReportAllocs()
	for b.Loop() {
		if !p.Bool(env) {
			b.Fatal("does not hold")
		}
	}
}

func BenchmarkCompile(b *testing.B) {
	schema := testSchema()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Compile(benchSource, schema); err != nil {
			b.Fatal(err)
		}
	}
}
