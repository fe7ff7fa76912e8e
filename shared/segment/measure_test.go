package segment

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// measured declares metrics that measures are computed from.
func measured(s *Schema) *Schema {
	for _, m := range []struct {
		name    string
		windows []int
		of      Definition
	}{
		{"lessons", []int{7, 60}, Definition{Event: "Lesson", Agg: "count"}},
		{"long_lessons", []int{90}, Definition{Event: "Lesson", Where: "(properties.minutes>30)", Agg: "count"}},
		{"paid", []int{30, 90}, Definition{Event: "Order Completed", Value: "properties.revenue", Agg: "sum"}},
		{"largest", []int{90}, Definition{Event: "Order Completed", Value: "revenue", Agg: "max"}},
		{"opening", []int{30}, Definition{Event: "Order Completed", Value: "revenue", Agg: "first"}},
		{"latest", []int{30}, Definition{Event: "Order Completed", Value: "in.x y", Agg: "last"}},
		{"skus", []int{30}, Definition{Event: "Viewed", Value: "sku", Agg: "distinct"}},
		{"views_at", []int{30}, Definition{Event: "Viewed", Agg: "times"}},
		{"orders_at", []int{60}, Definition{Event: "Order Completed", Agg: "times"}},
		{"long_at", []int{60}, Definition{Event: "Lesson", Where: "properties.minutes > 30", Agg: "times"}},
	} {
		s.Metric(m.name, TNumber, m.windows)
		s.Define(m.name, m.of)
	}
	return s
}

// measures are conditions on measures with their canonical text, and the metric reference of the same value.
var measures = []struct{ src, want, same string }{
	{`count("Lesson",7)>=3`, `count("Lesson", 7) >= 3`, "metrics.lessons[7]"},
	{`count('Lesson' where properties.minutes>30.0,45)>2`, `count("Lesson" where properties.minutes > 30, 45) > 2`, ""},
	{`sum("Order Completed", properties.revenue, 90) > 1`, `sum("Order Completed", revenue, 90) > 1`, "metrics.paid[90]"},
	{`max("Order Completed", revenue, 10) > max(1, 2)`, `max("Order Completed", revenue, 10) > max(1, 2)`, ""},
	{`first("Order Completed", revenue, 30) < 5`, `first("Order Completed", revenue, 30) < 5`, "metrics.opening[30]"},
	{`last("Order Completed", properties.in["x y"], 30) < 5`, `last("Order Completed", properties.in["x y"], 30) < 5`, "metrics.latest[30]"},
	{`distinct("Viewed", sku, 30) == 0`, `distinct("Viewed", sku, 30) == 0`, "metrics.skus[30]"},
	{`days_since(first("Lesson", 60)) > 3`, `days_since(first("Lesson", 60)) > 3`, ""},
	{`last("Signed Up", 400) == null`, `last("Signed Up", 400) == null`, ""},
	{`first_time("Signed Up", 30)`, `first_time("Signed Up", 30)`, ""},
	{`first_time("Lesson" where properties.minutes > 30, 700)`, `first_time("Lesson" where properties.minutes > 30, 700)`, ""},
	{`!regularly("Lesson",3 per 7,4 of 6)`, `!regularly("Lesson", 3 per 7, 4 of 6)`, ""},
	{`stopped("Lesson", 1 per 40, for 14)`, `stopped("Lesson", 1 per 40, for 14)`, ""},
	{`resumed("Lesson" where (properties.minutes > 30), after 30, 7)`, `resumed("Lesson" where properties.minutes > 30, after 30, 7)`, ""},
	{`sequence("Viewed", "Order Completed", within 7, 30)`, `sequence("Viewed", "Order Completed", within 7, 30)`, ""},
	{`sequence("Viewed", "Order Completed", within 7)`, `sequence("Viewed", "Order Completed", within 7, 30)`, ""},
	{`sequence("Order Completed", "Order Completed", within 1)`, `sequence("Order Completed", "Order Completed", within 1, 60)`, ""},
}

// A measure is written in one way, reads the declared metric, and survives JSON.
func TestMeasures(t *testing.T) {
	schema := measured(testSchema())
	for _, c := range measures {
		p, err := Compile(c.src, schema)
		if err != nil {
			t.Errorf("%s\n%s", c.src, err.(*Error).Caret(c.src))
			continue
		}
		if p.String() != c.want {
			t.Errorf("%s is written %s", c.src, p)
		}
		r := p.Refs()[0]
		same := ""
		if r.Measure.Same != nil {
			same = r.Measure.Same.String()
		}
		if r.Kind != RefMeasure || same != c.same {
			t.Errorf("%s is the same as %q, want %q", c.src, same, c.same)
		}
		tree := string(p.Tree().AppendJSON(nil))
		for _, from := range []string{tree, strings.ReplaceAll(tree, `"ref":`, `"was":`)} { // with and without the text
			again, err := FromJSON(from, schema)
			if err != nil || again.String() != c.want || !sameTree(p.root, again.root) {
				t.Errorf("%s: %v became %v", from, p, err)
			}
		}
		if again, err := Compile(p.String(), recordedSchema()); err != nil || again.String() != c.want || again.Refs()[0].Type != r.Type {
			t.Errorf("%s does not replay: %v", p, err)
		}
	}
}

// recordedSchema is a schema for conditions whose inputs were recorded.
func recordedSchema() *Schema {
	s := NewSchema()
	s.AnyMeasure()
	return s
}

// The same measure is read once, whatever way it is written.
func TestMeasureSlots(t *testing.T) {
	p := compiled(t, `count("Lesson", 7) > 1 && count('Lesson' , 7) < 9 && count("Lesson", 8) > 0`)
	if len(p.Refs()) != 2 {
		t.Errorf("%v", p.Refs())
	}
}

func compiled(t *testing.T, src string) *Program {
	t.Helper()
	p, err := Compile(src, measured(testSchema()))
	if err != nil {
		t.Fatal(err.(*Error).Caret(src))
	}
	return p
}

// Two metrics that a sequence lacks have two names.
func TestMissingNamesDiffer(t *testing.T) {
	src := `sequence("Tea" where properties.x > 1, "Tea" where properties.x > 2, "Tea" where properties.x > 1, within 7)`
	_, err := Compile(src, measured(testSchema()))
	const want = `expected in the strategy under metrics: - {name: tea_times, event: "Tea", where: "properties.x > 1", agg: times, windows: [7]}` +
		` and - {name: tea_times_2, event: "Tea", where: "properties.x > 2", agg: times, windows: [7]}`
	if err == nil || !strings.HasSuffix(err.Error(), want) {
		t.Errorf("%v", err)
	}
}

// Purchases are counted without a metric.
func TestCountOfPurchases(t *testing.T) {
	schema := NewSchema()
	schema.Purchase("Order Completed")
	_, err := Compile(`count("Order Completed", 30) > 1`, schema)
	if err == nil || err.(*Error).DidYouMean != "orders[30]" {
		t.Errorf("%v", err)
	}
}

// measure draws a measure over the metrics of measured: a number, or a condition.
func (g programs) measure(condition bool) string {
	if !condition {
		return g.pick("measure", `count("Lesson", 7)`, `count("Lesson" where properties.minutes > 30, 90)`, `sum("Order Completed", revenue, 90)`,
			`max("Order Completed", revenue, 20)`, `distinct("Viewed", sku, 30)`, `first("Order Completed", properties.revenue, 30)`, `days_since(last("Lesson", 60))`)
	}
	return g.pick("measure", `first_time("Signed Up", 30)`, `regularly("Lesson", 3 per 7, 4 of 6)`, `stopped("Lesson", 1 per 40, for 14)`,
		`resumed("Lesson" where properties.minutes > 30, after 30, 7)`, `sequence("Viewed", "Order Completed", within 7)`)
}

func TestMeasuresObeyTheLaws(t *testing.T) {
	schema := measured(testSchema())
	rapid.Check(t, func(t *rapid.T) {
		g := programs{t: t}
		src := g.measure(true) + g.pick("junction", " && ", " || ") + "!(" + g.measure(false) + " > " + g.number(1) + ") && " + g.condition(2)
		p, err := Compile(src, schema)
		if err != nil {
			t.Fatal(err.(*Error).Caret(src))
		}
		again, err := Compile(p.String(), schema)
		if err != nil || !sameTree(p.root, again.root) {
			t.Fatalf("%s is written %s: another tree (%v)", src, p, err)
		}
		if tree, err := FromJSON(string(p.Tree().AppendJSON(nil)), schema); err != nil || !sameTree(p.root, tree.root) {
			t.Fatalf("%s as JSON is another tree (%v)", src, err)
		}
		env := randomEnv(t, p, true)
		if p.Bool(env) != again.Bool(env) || p.Explain(env).Value != p.Bool(env) {
			t.Fatalf("%s and %s differ", src, p)
		}
		c := drawCourse(t, p)
		bound, now := p.NextChange(c), p.Bool(c)
		for h := int64(1); h < 40*24; h++ {
			if ms := asOf + h*hour; ms < bound && c.answer(p, ms) != now {
				t.Fatalf("%s changes before its bound", p)
			}
		}
	})
}
