package segment

import (
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// programs draws conditions as text: every construct of the language, over the names of testSchema. With plain set, only
// what means the same in expr-lang: no null, no division, no function of ours.
type programs struct {
	t     *rapid.T
	plain bool
}

func (g programs) pick(label string, options ...string) string {
	return rapid.SampledFrom(options).Draw(g.t, label)
}

func (g programs) condition(depth int) string {
	if depth <= 0 {
		return g.leaf()
	}
	switch rapid.IntRange(0, 5).Draw(g.t, "condition") {
	case 0:
		return "(" + g.condition(depth-1) + ")"
	case 1:
		return "!(" + g.condition(depth-1) + ")"
	case 2:
		return g.condition(depth-1) + " && " + g.condition(depth-1)
	case 3:
		return g.condition(depth-1) + " || " + g.condition(depth-1)
	case 4:
		return g.comparison(depth)
	}
	return g.leaf()
}

func (g programs) leaf() string {
	leaves := []string{"true", "false", `tags.has("vip")`, `tags.has("老客")`, `stage == "active"`}
	if !g.plain {
		leaves = append(leaves, `segments.has("vips")`, "traits.x", "traits.x == null", "last_seen > days_ago(3)", `event("Signed Up").count > 0`,
			`lists.has("vip")`, `bucket("x\n", 100) < 10`, `message("*").opened > 0`, "in_user_zone(days_since(last_seen) == 0)", "anniversary(traits.x) <= 7",
			`has_any(traits.x, ["a", 3])`, "has_all(traits.x, traits.a.b)")
	}
	return g.pick("leaf", leaves...)
}

func (g programs) comparison(depth int) string {
	op := g.pick("op", "==", "!=", "<", "<=", ">", ">=")
	kind := rapid.IntRange(0, 5).Draw(g.t, "comparison")
	if g.plain {
		kind %= 4
	}
	switch kind {
	case 0:
		return g.number(depth) + " " + op + " " + g.number(depth)
	case 1:
		return g.text() + " " + op + " " + g.text()
	case 2:
		return g.text() + g.pick("in", " in ", " not in ") + "[" + g.pick("quoted", `"a"`, `"gold", "b"`, `"silver"`) + "]"
	case 3:
		return g.text() + g.pick("word", " contains ", " startsWith ", " endsWith ") + g.text()
	case 4:
		return g.any() + " " + op + " " + g.pick("side", "traits.y", "3", `"a"`, "traits.x")
	}
	return g.moment() + " " + op + " " + g.moment()
}

func (g programs) number(depth int) string {
	leaves := []string{"0", "1", "2", "3.5", "-4", "orders", "r", "spend", "metrics.spend"}
	if !g.plain {
		leaves = append(leaves, "recency_days", "days_since(last_purchase)", "event(\"Order Completed\").days_since", "number(traits.x)", "length(stage)", "orders[7]",
			"years_since(traits.x)", "days_until(last_purchase)", "max(traits.x)", "min(traits.x, 2)", `message("winback").days_since_opened`, "in_user_zone(weekday(last_seen))")
	}
	if depth <= 0 {
		return g.pick("number", leaves...)
	}
	switch rapid.IntRange(0, 4).Draw(g.t, "arithmetic") {
	case 0:
		ops := []string{" + ", " - ", " * "}
		if !g.plain {
			ops = append(ops, " / ")
		}
		return "(" + g.number(depth-1) + g.pick("arithmetic", ops...) + g.number(depth-1) + ")"
	case 1:
		return g.number(depth-1) + g.pick("loose", " + ", " - ", " * ") + g.number(depth-1)
	case 2:
		return "-(" + g.number(depth-1) + ")"
	}
	return g.pick("number", leaves...)
}

func (g programs) text() string {
	leaves := []string{`"a"`, `""`, `"gold"`, `"中\n"`, "rfm", "metrics.last_coupon"}
	if !g.plain {
		leaves = append(leaves, "lower(rfm)", "trim(traits.x)", "coalesce(rfm, \"none\")")
	}
	return g.pick("text", leaves...)
}

func (g programs) any() string { return g.pick("any", "traits.x", `traits["y z"]`, "traits.z") }

func (g programs) moment() string {
	return g.pick("moment", "first_seen", "last_seen", "last_purchase", "today()", `date("2026-01-31")`, "days_ago(30)", "time(traits.x)", `event("Signed Up").last`)
}

// randomEnv draws a value for every reference of a program. Sometimes it is null, and traits are of any type.
func randomEnv(t *rapid.T, p *Program, nulls bool) *Recorded {
	env := &Recorded{At: asOf, In: shanghai, Zones: zoneByName}
	for _, r := range p.Refs() {
		typ := r.Type
		if typ == TAny {
			typ = rapid.SampledFrom([]Type{TNull, TBool, TNumber, TString, TList}).Draw(t, "type")
		}
		if nulls && rapid.IntRange(0, 4).Draw(t, "null") == 0 {
			typ = TNull
		}
		v := randomValue(t, typ)
		if r.Field() == FieldTimezone && r.Kind == RefField && v.Kind == KindString {
			v = String(rapid.SampledFrom(zoneNames).Draw(t, "zone"))
		}
		env.Inputs = append(env.Inputs, Input{r.String(), v})
	}
	return env
}

func randomValue(t *rapid.T, typ Type) Value {
	switch typ {
	case TBool:
		return Bool(rapid.Bool().Draw(t, "bool"))
	case TNumber:
		return Number(rapid.SampledFrom([]float64{0, 1, 2, 3, 3.5, -4, 100, 0.1, 1e6}).Draw(t, "number"))
	case TString:
		return String(rapid.SampledFrom([]string{"", "a", "gold", "silver", "active", "中\n", "3", "2026-01-31", "03-16", "2000-02-29"}).Draw(t, "text"))
	case TTime:
		return Time(asOf - int64(time.Hour/time.Millisecond)*rapid.Int64Range(-100, 5000).Draw(t, "hours"))
	case TList:
		return List([]Value{String("a"), Number(3)})
	}
	return Null
}

func compileDrawn(t *rapid.T, src string) *Program {
	p, err := Compile(src, testSchema())
	if err != nil {
		t.Fatalf("%s\n%s", src, err.(*Error).Caret(src))
	}
	return p
}

func TestLaws(t *testing.T) {
	schema := testSchema()
	rapid.Check(t, func(t *rapid.T) {
		src := programs{t: t}.condition(4)
		p := compileDrawn(t, src)
		again, err := Compile(p.String(), schema)
		if err != nil || !sameTree(p.root, again.root) {
			t.Fatalf("%s is written %s: another tree (%v)", src, p, err)
		}
		env := randomEnv(t, p, true)
		holds := p.Bool(env)
		if again.Bool(env) != holds {
			t.Fatalf("%s and %s differ", src, p)
		}
		if compileDrawn(t, "!("+src+")").Bool(env) == holds {
			t.Fatalf("%s and its negation are both %v", src, holds)
		}
		checkReason(t, p.Explain(env), p.root)
		if p.Explain(env).Value != holds {
			t.Fatalf("%s is explained as %v", src, !holds)
		}
		replayed := &Recorded{At: env.At, In: env.In, Zones: env.Zones}
		for _, in := range p.Inputs(env) {
			v, err := ParseValue(in.Value.String())
			if err != nil {
				t.Fatal(err)
			}
			replayed.Inputs = append(replayed.Inputs, Input{in.Ref, v})
		}
		if p.Bool(replayed) != holds {
			t.Fatalf("%s replays as %v", src, !holds)
		}
	})
}

// checkReason checks that a reason follows from its children.
func checkReason(t *rapid.T, r Reason, n *Node) {
	if r.Text != n.String() {
		t.Fatalf("%s explains %s", r.Text, n)
	}
	want := r.Value
	switch n.Op {
	case OpAnd, OpOr:
		want = n.Op == OpAnd
		for _, c := range r.Children {
			if c.Value != want {
				want = !want
				break
			}
		}
	case OpNot:
		want = !r.Children[0].Value
	}
	if want != r.Value {
		t.Fatalf("%+v does not follow from its children", r)
	}
	for i := range r.Children {
		checkReason(t, r.Children[i], n.Args[i])
	}
}

// != is the negation of ==, and null is in no order with anything.
func TestComparisonLaws(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := compileDrawn(t, "traits.x == traits.y")
		env := randomEnv(t, p, true)
		x, y := env.Inputs[0].Value, env.Inputs[1].Value
		holds := func(op string) bool { return compileDrawn(t, "traits.x "+op+" traits.y").Bool(env) }
		if holds("==") == holds("!=") {
			t.Fatalf("%s, %s: == and != agree", x, y)
		}
		if holds("==") != Equal(x, y) {
			t.Fatalf("%s == %s: %v", x, y, holds("=="))
		}
		ordered := x.Kind == y.Kind && (x.Kind == KindNumber || x.Kind == KindString)
		one := 0
		for _, op := range []string{"<", ">"} {
			if holds(op) {
				one++
			}
		}
		if ordered && (one == 1) == Equal(x, y) || !ordered && (one > 0 || holds("<=") || holds(">=")) {
			t.Fatalf("%s and %s are not ordered as they should be", x, y)
		}
	})
}

func FuzzCompile(f *testing.F) {
	for _, list := range [][]string{holdTable, listTable, wrong} {
		for _, src := range list {
			f.Add(src)
		}
	}
	f.Add(benchSource)
	for _, m := range measures {
		f.Add(m.src)
	}
	schema := measured(testSchema())
	f.Fuzz(func(t *testing.T, src string) {
		p, err := Compile(src, schema)
		if err != nil {
			e := err.(*Error)
			if e.Line < 1 || e.Col < 1 || e.Offset < 0 || e.Offset > len(src) || e.Message == "" || !strings.Contains(e.Caret(src), "^") {
				t.Fatalf("%q: %+v\n%s", src, e, e.Caret(src))
			}
			return
		}
		again, err := Compile(p.String(), schema)
		if err != nil {
			if err.(*Error).TooLarge {
				return // the canonical text writes spaces, windows and the parentheses of "not" out
			}
			t.Fatalf("%q: the canonical text %q does not compile: %v", src, p, err)
		}
		if !sameTree(p.root, again.root) || again.String() != p.String() {
			t.Fatalf("%q: the canonical text %q is another tree: %q", src, p, again)
		}
		if p.Bool(testEnv) != p.Explain(testEnv).Value || p.Bool(testEnv) != again.Bool(testEnv) {
			t.Fatalf("%q: evaluations differ", src)
		}
	})
}
