package segment

import (
	"math"
	"testing"

	"github.com/weir-engine/weir/shared/zone"
)

// extremes answers every reference with one number, moment or text, whatever it is.
type extremes struct {
	number float64
	ms     int64
	text   string
	asOf   int64
}

// Lookup implements Env.
func (e extremes) Lookup(r *Ref) Value {
	switch r.Type {
	case TNumber:
		return Number(e.number)
	case TTime:
		return Time(e.ms)
	case TString:
		return String(e.text)
	case TBool:
		return Bool(e.number > 0)
	}
	return List([]Value{Number(e.number), String(e.text), Null})
}

// AsOf implements Env.
func (e extremes) AsOf() int64 { return e.asOf }

// Zone implements Env.
func (e extremes) Zone() *zone.Zone { return zone.UTC }

// TestDegenerateValues evaluates every function and operator over values from the edges: none panics, and what an expression gives is
// null or finite.
func TestDegenerateValues(t *testing.T) {
	s := testSchema()
	inf := math.Inf(1)
	for _, src := range []string{
		"orders * orders * orders > 0", "orders / spend == null", "spend - spend == 0", "orders + 1e308 + 1e308 > 0", "-spend < orders", "round(spend * 1e300) > 1",
		"floor(spend) <= ceil(spend)", "abs(spend) >= 0", "min(spend, orders, 1e308) < max(spend, orders)", "number(traits.x) > 0", "length(traits.x) > 0",
		"coalesce(traits.x, orders, 1) > 0", "time(spend) > time(traits.x)", "days_ago(1e9) < today()", "days_ago(spend) < today()", "days_since(last_seen) > 0",
		"days_between(last_seen, last_purchase) != 0", "year(last_seen) > 0 && month(last_seen) > 0 && day(last_seen) > 0 && weekday(last_seen) > 0",
		"lower(upper(trim(stage))) contains stage", `"" in traits.x || traits.x contains "a"`, "orders in [1, 2, spend]", `event("Order Completed").days_since > 3`,
		"last_seen >= days_ago(orders)", "orders == spend", "!(orders < spend) && !(orders >= spend)",
	} {
		p, err := Compile(src, s)
		if err != nil {
			t.Fatalf("%s: %v", src, err)
		}
		for _, number := range []float64{0, math.Copysign(0, -1), 1e-308, -1, 10_000, 1e308, -1e308, inf, -inf, math.NaN()} {
			for _, ms := range []int64{0, -1, math.MaxInt64, math.MinInt64, Never, 253_402_300_799_999} {
				for _, asOf := range []int64{0, 1_790_000_000_000, Never} {
					env := extremes{number, ms, "\xff\u0130a", asOf}
					if p.Bool(env) != p.Explain(env).Value {
						t.Errorf("%s of %+v: the value differs from its reasons", src, env)
					}
					finiteBelow(t, p.Tree(), env)
				}
			}
		}
	}
}

func finiteBelow(t *testing.T, n *Node, env extremes) {
	if n.Op == OpAdd || n.Op == OpSub || n.Op == OpMul || n.Op == OpDiv || n.Op == OpNeg || n.Op == OpCall {
		if v := n.Value(env); v.Kind == KindNumber && (math.IsNaN(v.Num) || math.IsInf(v.Num, 0)) {
			t.Errorf("%s of %+v is %v", n, env, v.Num)
		}
	}
	for _, a := range n.Args {
		finiteBelow(t, a, env)
	}
}
