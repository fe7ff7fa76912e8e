package segment

import (
	"errors"
	"flag"
	"os"
	"strings"
	"testing"

	"github.com/weir-engine/weir/shared/fault"
)

var update = flag.Bool("update", false, "write the golden files")

// wrong are conditions that do not compile; testdata/errors.txt holds their messages.
var wrong = []string{
	// text
	``, `   `, `// nothing`, `orders >`, `&& orders`, `orders > 3 orders`, `orders = 3`, `orders > 3 & r == 1`, `stage === "silent"`,
	`(orders > 3`, `orders > 3)`, `stage == "silent`, `stage == "a\q"`, "stage == \"a\nb\"", `30d > 3`, `1e999 > 3`, `orders # 3`,
	`orders > 3 AND r == 1`, `stage == “silent”`, `（orders > 3）`, `1 < r < 3`, `orders > not r`, `tier in ["gold" "silver"]`, `tier in ["gold"`, `lower("a"`,
	"orders >= 3 &&\n\tstage = \"silent\"", `traits.城市 == "上海" && ordrs > 3`,
	// names
	`ordrs > 3`, `spned > 3`, `silent`, `views > 3`, `metrics.spent > 3`, `metrics.orders > 3`, `metrics.views[30] > 3`, `metrics > 3`, `metrics["spend"] > 3`,
	`stage[30] == "silent"`, `orders[0] > 3`, `orders[1.5] > 3`, `orders["x"] > 3`, `active_days[500] > 3`, `tags.has("vpi")`, `tags.has(vip)`, `tags.vip`, `tags == 3`,
	`segments.has("vip")`, `event("Order Complete").count > 3`, `event("Order Completed").sum > 3`, `event("Order Completed") > 3`, `event.count > 3`,
	`lowercase(stage) == "a"`, `orders(30) > 3`, `lower == 3`, `today > first_seen`, `properties.x == 3`, `trait.x == 3`, `stage == "silnt"`, `"golden" == tier`, `tier in ["gold", "sliver"]`,
	// types
	`orders`, `stage`, `"silent"`, `null`, `first_seen`, `orders && true`, `!orders`, `orders == "3"`, `orders > "many"`, `first_seen > "2026-01-01"`, `first_seen > 30`,
	`stage > null`, `true > false`, `orders + "a" > 3`, `last_seen - first_seen > 3`, `-stage == 3`, `tier in "gold"`, `tier in ["gold", 3]`, `orders in [3, "4"]`, `["a"] == tier`, `tier == ["a"]`,
	`orders contains 3`, `stage contains null`, `lower(orders) == "a"`, `lower() == "a"`, `lower("a", "b") == "a"`, `min() > 3`, `days_between(first_seen) > 3`, `today(3) == null`,
	// measures
	`cuont("Lesson", 7) > 1`, `event("Order Completed").regularly`,
	`count("Lesson")`, `count("Lesson", minutes, 30) > 1`, `count(Lesson, 30) > 1`, `count() > 1`, `count("Lesson", 0) > 1`, `count("Lesson", 7.5) > 1`, `count("Lesson", 7`,
	`count("Lesson" where minutes > 3, 7) > 1`, `count("Lesson" where properties.x, 7, 8) > 1`, `count("Lesson" where, 7) > 1`, `count("Lesson" where "a", 7) > 1`, `count("Lesson", 7)`,
	`sum("Order Completed", 30) > 1`, `sum("Order Completed", revenue) > 1`, `sum("Order Completed", properties, 30) > 1`, `sum("Order Completed", "revenue", 30) > 1`,
	`count("Lesson", 61) > 1`, `count("Lesson", 731) > 1`, `count("Lesson" where properties.minutes > 31, 30) > 1`, `min("Order Completed", revenue, 30) > 1`,
	`distinct("Tea \"1\"", kind, 30) > 1`, `last("Order Completed", revenue, 30) > 1`, `first("Signed Up", 30) < today()`, `first("Order Completed", 30) > 1`,
	`first_time("Lesson", 30)`, `first_time("*", 30)`, `first_time("Lesson" where properties.a == "b", 30)`, `first_time("Signed Up", 30) > 1`,
	`regularly("Lesson", 3, 7, 4, 6)`, `regularly("Lesson", 3 per 7, 4 in 6)`, `regularly("Lesson", 3 per 7, 7 of 6)`, `regularly("Lesson", 3 per 30, 4 of 30)`, `regularly("Lesson", 3 per 7, 4 of 12)`,
	`stopped("Lesson", 3 per 28, 14)`, `stopped("Lesson", 3 per 28, for 0)`, `stopped("课程", 3 per 28, for 14)`, `resumed("Lesson", 30, 7)`, `resumed("Lesson", after 30)`, `resumed("Other", after 30, 7)`,
	`resumed("Other" where properties.x == 1, after 30, 7)`, `sequence("Viewed", within 7)`, `sequence("Viewed", "Order Completed", 7)`, `sequence("Viewed", "Lesson", within 7)`,
	`sequence("Viewed", "Order Completed", within 7, 31)`, `sequence("Viewed", "Viewed", "Viewed", "Viewed", "Viewed", "Viewed", "Viewed", "Viewed", "Viewed", within 7)`,
	`count("Lesson" where count("Lesson", 7) > 1, 7) > 1`,
	`date(first_seen) == null`, `date("2026-02-30") < last_seen`, `date("yesterday") < last_seen`, `coalesce(orders, "x") == 3`, `length(tier) == "a"`, `days_since("2026-01-01") > 3`,
}

func TestErrors(t *testing.T) {
	var b strings.Builder
	for _, src := range wrong {
		_, err := Compile(src, measured(testSchema()))
		if err == nil {
			t.Errorf("%s compiles", src)
			continue
		}
		var e *Error
		if !errors.As(err, &e) || !fault.Is(err, fault.Invalid) {
			t.Fatalf("%s: %T", src, err)
		}
		b.WriteString(e.Caret(src) + "\n\n")
	}
	const golden = "testdata/errors.txt"
	if *update {
		if err := os.WriteFile(golden, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if got := b.String(); got != string(want) {
		t.Errorf("the messages changed (go test ./shared/segment -update writes them):\n%s", firstDifference(got, string(want)))
	}
}

func firstDifference(got, want string) string {
	a, b := strings.Split(got, "\n"), strings.Split(want, "\n")
	for i := range a {
		if i >= len(b) || a[i] != b[i] {
			return "got  " + a[i] + "\nwant " + strings.Join(b[min(i, len(b)):min(i+1, len(b))], "")
		}
	}
	return "the end is missing"
}

func TestBudgets(t *testing.T) {
	for name, src := range map[string]string{
		"source":      strings.Repeat(" ", MaxSource) + "true",
		"nodes":       strings.Repeat("true||", MaxNodes) + "true",
		"parentheses": strings.Repeat("(", MaxDepth+1) + "true" + strings.Repeat(")", MaxDepth+1),
		"negations":   strings.Repeat("!", MaxDepth+1) + "true",
		"sum":         strings.Repeat("1+", MaxDepth+1) + "1 > 0",
		"open":        strings.Repeat("(", MaxSource),
		"brackets":    strings.Repeat("[", MaxSource),
	} {
		_, err := Compile(src, testSchema())
		if !fault.Is(err, fault.TooLarge) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, src := range map[string]string{
		"nodes":       strings.Repeat("true||", MaxNodes-2) + "true",
		"parentheses": strings.Repeat("(", MaxDepth-1) + "true" + strings.Repeat(")", MaxDepth-1),
	} {
		if _, err := Compile(src, testSchema()); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestNotUTF8(t *testing.T) {
	_, err := Compile("stage == \"\xff\"", testSchema())
	if err == nil || err.Error() != "1:11: the text is not valid UTF-8 here" {
		t.Error(err)
	}
}

func TestRefused(t *testing.T) {
	s := testSchema()
	s.Refuse("segments", "no segments in tags")
	s.Refuse("stage", "no stage in stages")
	for _, src := range []string{`segments.has("vips")`, `stage == "silent"`} {
		if _, err := Compile(src, s); err == nil || !strings.Contains(err.Error(), "cannot be used here; expected no s") {
			t.Errorf("%s: %v", src, err)
		}
	}
	if _, err := Compile(`orders > 3`, PropertySchema()); err == nil || !strings.Contains(err.Error(), "one event") {
		t.Error(err)
	}
	s.AnyTag()
	if _, err := Compile(`tags.has("undeclared")`, s); err != nil {
		t.Error(err)
	}
}

func TestNearest(t *testing.T) {
	names := []string{"orders", "spend", "stage", "stage_days"}
	for name, want := range map[string]string{"ordrs": "orders", "ORDERS": "orders", "odrers": "orders", "stagedays": "stage_days", "x": "", "completely_else": "", "spnd": "spend", "": ""} {
		if got := Nearest(name, names); got != want {
			t.Errorf("Nearest(%q) = %q, want %q", name, got, want)
		}
	}
}
