package segment

import (
	"strings"
	"testing"

	"github.com/expr-lang/expr"
	"pgregory.net/rapid"
)

// TestListOracle compares conditions on lists with expr-lang's predicates: any, all, in, min and max.
func TestListOracle(t *testing.T) {
	element := rapid.OneOf(
		rapid.Map(rapid.SampledFrom([]float64{0, 1, 2, 3.5}), Number),
		rapid.Map(rapid.SampledFrom([]string{"a", "b", "中", "1"}), String))
	number := rapid.Map(rapid.SampledFrom([]float64{-1, 0, 2, 3.5, 40}), Number)
	rapid.Check(t, func(t *rapid.T) {
		list, other := rapid.SliceOfN(element, 0, 5).Draw(t, "list"), rapid.SliceOfN(element, 0, 3).Draw(t, "other")
		numbers := rapid.SliceOfN(number, 1, 4).Draw(t, "numbers")
		env := &Recorded{At: asOf, In: shanghai}
		values := map[string]Value{"traits.x": List(list), "traits.y": List(other), "traits.n": List(numbers)}
		plain := map[string]any{"x": anyList(list), "y": anyList(other), "n": anyList(numbers)}
		wanted := List(other).String()
		for ours, theirs := range map[string]string{
			"has_any(traits.x, " + wanted + ")":     "any(" + wanted + ", # in x)",
			"has_all(traits.x, " + wanted + ")":     "all(" + wanted + ", # in x)",
			"has_any(traits.x, traits.y)":           "any(y, # in x)",
			"has_all(traits.y, traits.x)":           "all(x, # in y)",
			"!has_any(traits.x, traits.y)":          "none(y, # in x)",
			"max(traits.n) > 2":                     "any(n, # > 2)",
			"min(traits.n) > 2":                     "all(n, # > 2)",
			"max(traits.n, 3) - min(traits.n) == 4": "max(n, 3) - min(n) == 4",
			"traits.x contains \"a\"":               "\"a\" in x",
			"length(traits.x) == 2":                 "len(x) == 2",
		} {
			p := compileDrawn(t, ours)
			env.Inputs = nil
			for _, r := range p.Refs() {
				env.Inputs = append(env.Inputs, Input{r.String(), values[r.String()]})
			}
			want, err := expr.Eval(theirs, plain)
			if err != nil {
				t.Fatalf("%s: %v", theirs, err)
			}
			if got := p.Bool(env); got != want {
				t.Fatalf("%s is %v, expr-lang says %v of %s; %v", ours, got, want, theirs, env.Inputs)
			}
		}
	})
}

func anyList(vs []Value) []any {
	out := make([]any, len(vs))
	for i, v := range vs {
		if out[i] = v.Num; v.Kind == KindString {
			out[i] = strings.Clone(v.Str)
		}
	}
	return out
}
