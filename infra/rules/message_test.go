package rules

import (
	"go/ast"
	"go/parser"
	"go/token"
	"strconv"
	"strings"
	"testing"
)

// Package fault formats messages itself, which go vet does not look into. So this does: every message has as many verbs as
// arguments, and no verb but those that it knows.

const knownVerbs = "sqdvgf"

// messages lists the calls in a file whose format and arguments do not belong together.
func messages(f *ast.File) []string {
	var out []string
	ast.Inspect(f, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok || call.Ellipsis.IsValid() {
			return true
		}
		sel, ok := call.Fun.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		at := 0
		switch pkg, _ := sel.X.(*ast.Ident); {
		case pkg != nil && pkg.Name == "fault" && (sel.Sel.Name == "New" || sel.Sel.Name == "Wrap"):
			at = 1
		case sel.Sel.Name != "WithHint":
			return true
		}
		if at >= len(call.Args) {
			return true
		}
		lit, ok := call.Args[at].(*ast.BasicLit)
		if !ok || lit.Kind != token.STRING {
			return true
		}
		text, err := strconv.Unquote(lit.Value)
		if err != nil {
			return true
		}
		verbs, unknown := countVerbs(text)
		if verbs != len(call.Args)-at-1 || unknown != "" {
			out = append(out, strconv.Quote(text)+" has "+strconv.Itoa(verbs)+" verbs and "+strconv.Itoa(len(call.Args)-at-1)+" arguments"+unknown)
		}
		return true
	})
	return out
}

// countVerbs counts the verbs of a format; unknown names one that package fault does not know.
func countVerbs(text string) (n int, unknown string) {
	for i := 0; i < len(text); i++ {
		if text[i] != '%' {
			continue
		}
		i++
		for i < len(text) && strings.IndexByte(".0123456789", text[i]) >= 0 {
			i++
		}
		switch {
		case i >= len(text) || text[i] != '%' && strings.IndexByte(knownVerbs, text[i]) < 0:
			return n, "; its verbs are not all known"
		case text[i] != '%':
			n++
		}
	}
	return n, ""
}

func TestMessagesHaveTheirArguments(t *testing.T) {
	for _, f := range project(t) {
		for _, m := range messages(f.ast) {
			t.Error(f.path, m)
		}
	}
}

func TestTheMessageRuleBites(t *testing.T) {
	for _, c := range []struct {
		call string
		bad  bool
	}{
		{`fault.New(fault.Invalid, "%d of %s", 1, "x")`, false}, {`fault.New(fault.Invalid, "%d of %s", 1)`, true}, {`fault.Wrap(err, "read", 1)`, true},
		{`fault.New(fault.Invalid, "x").WithHint("%s")`, true}, {`fault.New(fault.Invalid, "%x", 1)`, true}, {`fault.Wrap(err, "100 %%")`, false}, {`fault.New(c, "100 %")`, true},
	} {
		f, err := parser.ParseFile(token.NewFileSet(), "x.go", "package x\nvar _ = "+c.call, 0)
		if err != nil {
			t.Fatal(err)
		}
		if got := messages(f); (len(got) > 0) != c.bad {
			t.Errorf("%s: %v", c.call, got)
		}
	}
}
