package column

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/expr-lang/expr"
	"pgregory.net/rapid"

	"github.com/weir-engine/weir/shared/fault"
	"github.com/weir-engine/weir/shared/segment"
	"github.com/weir-engine/weir/shared/zone"
)

// asOf is 2026-03-15 10:30 in Shanghai.
var asOf = time.Date(2026, 3, 15, 2, 30, 0, 0, time.UTC).UnixMilli()

var shanghai = zone.FromLocation(time.FixedZone("Asia/Shanghai", 8*3600))

var honolulu = zone.FromLocation(time.FixedZone("Pacific/Honolulu", -10*3600))

func zoneByName(name string) *zone.Zone {
	return map[string]*zone.Zone{"Asia/Shanghai": shanghai, "Pacific/Honolulu": honolulu}[name]
}

func testSchema() *segment.Schema {
	s := segment.NewSchema()
	s.Metric("spend", segment.TNumber, []int{30, 90})
	s.Metric("views", segment.TNumber, []int{7})
	s.Segment("vips")
	s.Segment("new_buyers")
	s.Tag("vip")
	s.Tag("老客")
	s.Events([]string{"Order Completed", "Signed Up"})
	return s
}

// draw is a small generator of its own (xorshift64), so that a case is one number.
type draw uint64

func (d *draw) below(n int) int {
	*d ^= *d << 13
	*d ^= *d >> 7
	*d ^= *d << 17
	return int(uint64(*d>>11) % uint64(n))
}

// numbers fills a column of numbers below limit in the narrowest or a wider slice, sometimes with null.
func (d *draw) numbers(c Column, rows, limit int, plain bool) Column {
	c.HasNull = !plain && d.below(2) == 0
	raws := make([]int64, rows)
	for i := range raws {
		raws[i] = int64(d.below(limit))
		if d.below(3) == 0 {
			raws[i] = int64(d.below(min(limit, 40)))
		}
	}
	width := d.below(4)
	switch {
	case limit <= 200 && width == 0:
		c.NullRaw = 255
	case limit <= 60_000 && width <= 1:
		c.NullRaw = 65_535
	case width <= 2 && limit <= 1<<31:
		c.NullRaw = 1<<32 - 1
	default:
		c.NullRaw = -7
	}
	for i := range raws {
		if c.HasNull && d.below(5) == 0 {
			raws[i] = c.NullRaw
		}
		switch c.NullRaw {
		case 255:
			c.U8 = append(c.U8, uint8(raws[i]))
		case 65_535:
			c.U16 = append(c.U16, uint16(raws[i]))
		case 1<<32 - 1:
			c.U32 = append(c.U32, uint32(raws[i]))
		default:
			c.I64 = append(c.I64, raws[i]-3*int64(limit/8))
			if raws[i] == c.NullRaw {
				c.I64[i] = c.NullRaw
			}
		}
	}
	return c
}

// floats fills a column of numbers of any size and sign.
func (d *draw) floats(c Column, rows int) Column {
	for range rows {
		raw := FloatRaw([]float64{0, 1, 0.5, -3.25, 1e300, -1e-300, 9.5, 5e-324, 0.1}[d.below(9)] * float64(1+d.below(4)))
		if c.HasNull && d.below(6) == 0 {
			raw = c.NullRaw
		}
		c.I64 = append(c.I64, raw)
	}
	return c
}

func (d *draw) dict(ref string, rows int, values []segment.Value) Column {
	c := Column{Ref: ref, Kind: Dict, Values: values}
	width := d.below(3)
	for range rows {
		k := d.below(len(values))
		switch width {
		case 0:
			c.U8 = append(c.U8, uint8(k))
		case 1:
			c.U16 = append(c.U16, uint16(k))
		default:
			c.U32 = append(c.U32, uint32(k))
		}
	}
	return c
}

func texts(nulls bool, list ...string) []segment.Value {
	var vs []segment.Value
	for _, s := range list {
		vs = append(vs, segment.String(s))
	}
	if nulls {
		vs = append(vs, segment.Null)
	}
	return vs
}

// fill makes a base in which every column has a random layout.
func fill(t interface{ Fatal(...any) }, seed uint64, rows int, plain bool) *Set {
	d := draw(seed | 1)
	for range 8 {
		d.below(2)
	}
	z := shanghai
	if d.below(3) == 0 && !plain {
		z = zone.UTC
	}
	s := NewSet(rows, asOf, z)
	add := func(c Column) {
		if err := s.Add(c); err != nil {
			t.Fatal(err)
		}
	}
	day := int(z.Day(asOf))
	add(d.numbers(Column{Ref: "orders"}, rows, 12, plain))
	add(d.numbers(Column{Ref: "orders[7]"}, rows, 3, plain))
	add(d.numbers(Column{Ref: "r"}, rows, 6, plain))
	add(d.numbers(Column{Ref: "spend", Scale: 100}, rows, 2_000_000, plain))
	add(d.numbers(Column{Ref: "metrics.spend[30]", Scale: 100}, rows, 50_000, plain))
	add(d.numbers(Column{Ref: "metrics.views[7]"}, rows, 100, plain))
	add(d.numbers(Column{Ref: "recency_days"}, rows, 900, plain))
	add(d.numbers(Column{Ref: "traits.y"}, rows, 90, plain))
	add(d.numbers(Column{Ref: "last_purchase", Kind: Day}, rows, day+1, plain))
	add(d.numbers(Column{Ref: "first_purchase", Kind: Day}, rows, 200, plain))
	for _, ref := range []string{"first_seen", "last_seen", `event("Signed Up").last`} {
		c := Column{Ref: ref, Kind: Time, HasNull: !plain, NullRaw: -1}
		for range rows {
			ms := asOf - int64(d.below(400*24))*3_600_000 + int64(d.below(5))
			if !plain && d.below(6) == 0 {
				ms = -1
			}
			c.I64 = append(c.I64, ms)
		}
		add(c)
	}
	other := draw(seed | 3)
	add(other.floats(Column{Ref: "p_alive", Kind: Float, HasNull: !plain, NullRaw: -1 << 63}, rows))
	add(d.dict("stage", rows, texts(!plain, "active", "silent", "gold", "")))
	add(d.dict("rfm", rows, texts(!plain, "a", "gold", "b中\n", "silver")))
	mixed := []segment.Value{segment.Number(3), segment.String("a"), segment.Bool(true), segment.Null, segment.String("2026-01-31"), segment.List([]segment.Value{segment.String("a"), segment.Number(3)}), segment.String("3")}
	add(d.dict("traits.x", rows, mixed))
	add(d.dict(`traits["y z"]`, rows, texts(true, "a", "B", " a ", "中")))
	add(d.dict("timezone", rows, texts(true, "Asia/Shanghai", "Pacific/Honolulu", "Mars/North")))
	add(d.dict("traits.list", rows, []segment.Value{segment.Null, segment.List([]segment.Value{segment.Number(2), segment.Number(40)}), segment.List([]segment.Value{segment.String("a")}), segment.String("03-16")}))
	add(d.numbers(Column{Ref: `bucket("x", 50)`}, rows, 50, plain))
	add(d.numbers(Column{Ref: `message("*").opened`}, rows, 9, plain))
	s.WithZones(zoneByName)
	bitmap := make([]uint64, rows)
	for i := range bitmap {
		bitmap[i] = uint64(d.below(4))<<3 | uint64(d.below(8))
	}
	if err := s.Tags(bitmap, []string{"one", "two", "three", "vip", "老客"}); err != nil {
		t.Fatal(err)
	}
	sets := Column{Ref: `segments.has("vips")`, Kind: Bits, Bits: make([]uint64, s.Words())}
	for i := range sets.Bits {
		sets.Bits[i] = uint64(d.below(1<<31))<<32 | uint64(d.below(1<<31))
	}
	add(sets)
	if d.below(2) == 0 {
		if err := s.Index(s.Names()...); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

// programs draws conditions over what fill holds; plain ones mean the same in expr-lang.
type programs struct {
	t     *rapid.T
	plain bool
}

func (g programs) pick(options ...string) string { return rapid.SampledFrom(options).Draw(g.t, "pick") }

func (g programs) condition(depth int) string {
	if depth > 0 {
		switch rapid.IntRange(0, 5).Draw(g.t, "condition") {
		case 0:
			return "!(" + g.condition(depth-1) + ")"
		case 1, 2:
			return "(" + g.condition(depth-1) + ") && (" + g.condition(depth-1) + ")"
		case 3:
			return "(" + g.condition(depth-1) + ") || (" + g.condition(depth-1) + ")"
		}
	}
	op := g.pick("==", "!=", "<", "<=", ">", ">=")
	kinds := 6
	if g.plain {
		kinds = 3
	}
	switch rapid.IntRange(0, kinds).Draw(g.t, "kind") {
	case 0:
		return g.number(1) + " " + op + " " + g.pick("0", "1", "3", "9.5", "31", "120.25", "-4", "5000")
	case 1:
		return g.number(2) + " " + op + " " + g.number(1)
	case 2:
		return g.text() + " " + g.pick(op, op, "contains", "startsWith", "endsWith") + " " + g.text()
	case 3:
		if g.plain {
			return g.pick(`tags.has("vip")`, `tags.has("老客")`, `rfm in ["a", "gold"]`, `r in [1, 3, 5]`)
		}
		return g.pick(`tags.has("vip")`, `tags.has("老客")`, `segments.has("vips")`, "true", "traits.x", `tags.has("vip") == segments.has("vips")`,
			`tags.has("vip") != (orders > 3)`, `rfm not in ["a", null]`, "orders in [1, 3, null]", "spend in [12.5, r]", "orders / r in [1, 2, r]", `"a" in traits.x`,
			"last_purchase in [first_purchase, today()]", `traits["y z"] in [rfm, "a"]`, "has_any(traits.x, [3])", "has_all(traits.list, traits.x)",
			"has_any(traits.list, [orders, rfm])", "in_user_zone(days_since(last_seen) < 30)", `bucket("x", 50) < 10`, `message("*").opened > r`)
	case 4:
		return g.moment() + " " + op + " " + g.moment()
	case 5:
		return g.any() + " " + g.pick("==", "!=", "<", ">=", "contains") + " " + g.pick(`"a"`, "traits.x", `traits["y z"]`, "rfm", "coalesce(rfm, stage)")
	}
	return g.any() + " " + op + " " + g.pick("3", "orders", "spend", "traits.y", "recency_days")
}

func (g programs) number(depth int) string {
	leaves := []string{"orders", "r", "spend", "metrics.spend[30]", "metrics.views", "recency_days"}
	if !g.plain {
		leaves = append(leaves, "orders[7]", "p_alive")
	}
	if depth == 0 {
		return g.pick(leaves...)
	}
	if g.plain {
		return g.pick(g.number(0), "("+g.number(depth-1)+g.pick(" + ", " - ", " * ")+g.number(depth-1)+")", "-"+g.number(0))
	}
	switch rapid.IntRange(0, 6).Draw(g.t, "number") {
	case 0:
		return "(" + g.number(depth-1) + g.pick(" + ", " - ", " * ", " / ") + g.number(depth-1) + ")"
	case 1:
		return "(" + g.number(depth-1) + g.pick(" + ", " - ", " * ", " / ") + g.pick("2", "-3", "0", "0.1", "1e308", "traits.y", "traits.x") + ")"
	case 2:
		return g.pick("abs", "round", "floor", "ceil", "-") + "(" + g.number(depth-1) + ")"
	case 3:
		return g.pick("min", "max") + "(" + g.number(depth-1) + ", 3, " + g.number(depth-1) + g.pick(")", ", 4)")
	case 4:
		return g.pick("days_since", "year", "month", "day", "weekday") + "(" + g.moment() + ")"
	case 5:
		return g.pick("days_between("+g.moment()+", "+g.moment()+")", "length(traits.x)", "number(traits.x)", "length(rfm)", "coalesce(orders, r)", "coalesce(recency_days, 0)",
			"days_until("+g.moment()+")", "anniversary(traits.list)", "years_since("+g.moment()+")", "max(traits.list)", "min(traits.list, orders)", "in_user_zone(weekday("+g.moment()+"))")
	}
	return g.pick(leaves...)
}

func (g programs) text() string {
	leaves := []string{`"a"`, `""`, `"gold"`, "rfm", "stage"}
	if !g.plain {
		leaves = append(leaves, "lower(rfm)", "trim(stage)", `coalesce(rfm, "none")`, "coalesce(rfm, stage)", `upper(traits["y z"])`)
	}
	return g.pick(leaves...)
}

func (g programs) any() string { return g.pick("traits.x", `traits["y z"]`, "traits.y") }

func (g programs) moment() string {
	return g.pick("first_seen", "last_seen", "last_purchase", "first_purchase", "today()", `date("2026-01-31")`, "days_ago(30)", "days_ago(recency_days)", "time(traits.x)",
		`event("Signed Up").last`, "time(spend)", "coalesce(last_purchase, first_seen)")
}

func compileDrawn(t *rapid.T, src string) *segment.Program {
	p, err := segment.Compile(src, testSchema())
	if err != nil {
		t.Fatalf("%s\n%s", src, err.(*segment.Error).Caret(src))
	}
	return p
}

var sizes = rapid.SampledFrom([]int{0, 1, 63, 64, 65, 500, 1023, 1024, 1025, 2100})

// TestEqualsScalar compares every row of random bases under random conditions with the scalar evaluation.
func TestEqualsScalar(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rows := sizes.Draw(t, "rows")
		s := fill(t, rapid.Uint64().Draw(t, "seed"), rows, false)
		for range 4 {
			p := compileDrawn(t, programs{t: t}.condition(3))
			c, err := s.Compile(p)
			if err != nil {
				t.Fatal(err)
			}
			got := c.Select(nil)
			if rapid.Bool().Draw(t, "index") { // a program that was compiled before goes on to work
				if err := s.Index(s.Names()...); err != nil {
					t.Fatal(err)
				}
				got = c.Select(got)
			}
			for i := range rows {
				if have := got[i/64]>>(i%64)&1 != 0; have != p.Bool(s.Env(i)) {
					t.Fatalf("%s is %v in row %d of %d: %v\n%s", p, have, i, rows, p.Inputs(s.Env(i)), strings.Join(c.Plan(), "\n"))
				}
			}
			if tail := rows % 64; tail != 0 && got[len(got)-1]>>tail != 0 {
				t.Fatalf("%s: bits beyond the last row", p)
			}
		}
	})
}

// TestDrawnConditionsUseEveryKernel draws conditions, the same in every run, and looks which kernels they are evaluated by: a kernel that
// none asks for is compared with nothing.
func TestDrawnConditionsUseEveryKernel(t *testing.T) {
	draw := rapid.Custom(func(t *rapid.T) []string {
		s := fill(t, rapid.Uint64().Draw(t, "seed"), 65, false)
		c, err := s.Compile(compileDrawn(t, programs{t: t}.condition(3)))
		if err != nil {
			t.Fatal(err)
		}
		return c.Plan()
	})
	used := map[string]int{}
	for seed := range 400 {
		for _, part := range draw.Example(seed) {
			kernel, _, _ := strings.Cut(part, ":")
			used[kernel]++
		}
	}
	for _, kernel := range []string{"planes", "range", "table", "bits", "constant", "vectors", "ranks", "pairs", "rows"} {
		if used[kernel] == 0 {
			t.Errorf("no condition used %s: %v", kernel, used)
		}
	}
}

// TestOracle compares with expr-lang's evaluator where the semantics coincide: no null, no division, the same texts.
func TestOracle(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := fill(t, rapid.Uint64().Draw(t, "seed"), 70, true)
		p := compileDrawn(t, programs{t: t, plain: true}.condition(3))
		c, err := s.Compile(p)
		if err != nil {
			t.Fatal(err)
		}
		program, err := expr.Compile(p.String())
		if err != nil {
			t.Fatal(err)
		}
		got := c.Select(nil)
		for i := range s.Rows() {
			want, err := expr.Run(program, exprEnv(p, s.Env(i)))
			if err != nil {
				t.Fatal(err)
			}
			if have := got[i/64]>>(i%64)&1 != 0; have != want {
				t.Fatalf("%s is %v in row %d, expr-lang says %v: %v", p, have, i, want, p.Inputs(s.Env(i)))
			}
		}
	})
}

func exprEnv(p *segment.Program, env segment.Env) map[string]any {
	tags, windows := map[string]bool{}, map[string]map[int]any{}
	out := map[string]any{"tags": map[string]any{"has": func(name string) bool { return tags[name] }}, "metrics": windows}
	for _, r := range p.Refs() {
		v := env.Lookup(r)
		var x any = v.Num
		if v.Kind == segment.KindString {
			x = v.Str
		}
		switch r.Kind {
		case segment.RefTag:
			tags[r.Name] = v.True()
		case segment.RefMetric:
			windows[r.Name] = map[int]any{r.Window: x}
		default:
			out[r.Name] = x
		}
	}
	return out
}

func TestPlan(t *testing.T) {
	s := fill(t, 3, 100, true)
	if err := s.Index("recency_days"); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ src, want string }{
		{"recency_days > 30", "planes"}, {"days_since(last_seen) > 30", "range"}, {"first_seen < days_ago(60)", "range"},
		{`tags.has("vip")`, "bits"}, {`rfm in ["a"]`, "table"}, {"lower(rfm) == \"a\" || rfm contains \"o\"", "table"},
		{"spend / orders > 20", "vectors"}, {"rfm == stage", "ranks"}, {"traits.x == rfm", "pairs"}, {"today() > date(\"2026-01-01\")", "constant"},
		{"coalesce(rfm, stage) contains traits[\"y z\"]", "rows"},
	} {
		p, err := segment.Compile(c.src, testSchema())
		if err != nil {
			t.Fatal(err)
		}
		compiled, err := s.Compile(p)
		if err != nil {
			t.Fatal(err)
		}
		if plan := compiled.Plan(); len(plan) != 1 || !strings.HasPrefix(plan[0], c.want+": ") {
			t.Errorf("%s: %v, want %s", c.src, plan, c.want)
		}
	}
}

func TestRefusals(t *testing.T) {
	s := fill(t, 5, 10, true)
	p, err := segment.Compile(`traits.city == "x" && metrics.spend[90] > 3 && orders > 1`, testSchema())
	if err != nil {
		t.Fatal(err)
	}
	_, err = s.Compile(p)
	if !fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), "do not hold traits.city, metrics.spend[90]") {
		t.Error(err)
	}
	if _, err := s.Sum("rfm", nil); err == nil {
		t.Error("the sum of a text")
	}
	properties, err := segment.Compile("properties.price > 3", segment.PropertySchema())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Compile(properties); !strings.Contains(fmt.Sprint(err), "properties.price") {
		t.Error(err)
	}
	for _, c := range []Column{
		{Ref: "orders", U8: make([]uint8, 10)}, {Ref: "a", U8: make([]uint8, 9)}, {Ref: "a", U8: make([]uint8, 10), U16: make([]uint16, 10)},
		{Ref: "a", Kind: Dict, U8: make([]uint8, 10)}, {Ref: "a", Kind: Dict, I64: make([]int64, 10), Values: texts(false, "x")},
		{Ref: "a", Kind: Bits, U8: make([]uint8, 10)}, {Ref: "a", Bits: make([]uint64, 1)}, {Ref: "a", I64: []int64{1 << 62, 0, 0, 0, 0, 0, 0, 0, 0, -1 << 63}},
	} {
		if err := s.Add(c); err == nil {
			t.Errorf("%+v was added", c)
		}
	}
	wrong := NewSet(1, asOf, shanghai)
	if err := wrong.Add(Column{Ref: "stage", U8: []uint8{1}}); err != nil {
		t.Fatal(err)
	}
	if p, err = segment.Compile(`stage == "a"`, testSchema()); err != nil {
		t.Fatal(err)
	}
	if _, err := wrong.Compile(p); err == nil || !strings.Contains(err.Error(), "the column stage is no string") {
		t.Error(err)
	}
}

// TestSum adds over random rows, with and without the layout by bits.
func TestSum(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rows := sizes.Draw(t, "rows")
		d := draw(rapid.Uint64().Draw(t, "seed") | 1)
		s := NewSet(rows, asOf, shanghai)
		c := d.numbers(Column{Ref: "spend", Scale: 100}, rows, 1+d.below(3_000_000), false)
		if err := s.Add(c); err != nil {
			t.Fatal(err)
		}
		mask := make([]uint64, s.Words())
		var want, n int64
		for i := range rows {
			if d.below(2) == 0 {
				continue
			}
			mask[i/64] |= 1 << (i % 64)
			n++
			if v := s.cols["spend"].at(i, shanghai); !v.IsNull() {
				want += s.cols["spend"].raw(i)
			}
		}
		for range 2 {
			if got, err := s.Sum("spend", mask); err != nil || got != want || Count(mask) != n {
				t.Fatalf("%d, want %d (%v)", got, want, err)
			}
			if err := s.Index("spend"); err != nil {
				t.Fatal(err)
			}
		}
	})
}
