package segment

import (
	"strings"
	"testing"

	"github.com/expr-lang/expr"
	"pgregory.net/rapid"
)

// TestOracle compares random programs with expr-lang's evaluator where the semantics coincide: no null, no division by
// zero, no functions, and the same texts.
func TestOracle(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		src := programs{t: t, plain: true}.condition(4)
		p := compileDrawn(t, src)
		env := randomEnv(t, p, false)
		want, err := expr.Eval(p.String(), exprEnv(p, env))
		if err != nil {
			t.Fatalf("%s: %v", p, err)
		}
		if got := p.Bool(env); got != want {
			t.Fatalf("%s = %v, expr-lang says %v; inputs %v", p, got, want, env.Inputs)
		}
	})
}

// exprEnv gives expr-lang the same values under the same names.
func exprEnv(p *Program, env Env) map[string]any {
	tags := map[string]bool{}
	windows := map[string]map[int]any{}
	out := map[string]any{
		"tags":    map[string]any{"has": func(name string) bool { return tags[name] }},
		"metrics": windows,
	}
	for _, r := range p.Refs() {
		v := env.Lookup(r)
		var x any = v.Num
		if v.Kind == KindString {
			x = strings.Clone(v.Str)
		}
		switch r.Kind {
		case RefTag:
			tags[r.Name] = v.True()
		case RefMetric:
			windows[r.Name] = map[int]any{r.Window: x}
		default:
			out[r.Name] = x
		}
	}
	return out
}
