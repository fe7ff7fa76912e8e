package rules

import (
	"errors"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"path"
	"sort"
	"strings"
	"testing"
)

// The Go specification allows a compiler to fuse a product into a sum that uses it, also across statements and through inlined
// functions, and arm64, wasm and GOAMD64=v3 differ in doing so. An explicit conversion of the product forbids it. Outside of
// shared/model, whose results are rounded to 12 digits, every product of floats in shared/ must therefore be converted unless
// what uses it is no sum: another product, a quotient, a comparison, a function of package math, or a conversion.

// roundedFolders holds the packages whose float results must be the same on every target.
func roundedFolder(folder string) bool {
	return within(folder, "shared") && !within(folder, "shared/model", "shared/httpapi", "shared/porttest")
}

// checker types the project's packages from their syntax. Packages of others stay empty, save for math: what they return is
// of no known type, and counts as a float where it meets one.
type checker struct {
	fset   *token.FileSet
	files  map[string][]*ast.File // by folder
	done   map[string]*types.Package
	info   types.Info
	source types.Importer
}

func newChecker(fset *token.FileSet, files map[string][]*ast.File) *checker {
	return &checker{
		fset: fset, files: files, done: map[string]*types.Package{}, source: importer.ForCompiler(fset, "source", nil),
		info: types.Info{Types: map[ast.Expr]types.TypeAndValue{}},
	}
}

// Import returns a package for its importers.
func (c *checker) Import(name string) (*types.Package, error) {
	if own, ok := strings.CutPrefix(name, module); ok {
		return c.check(own), nil
	}
	if p, ok := c.done[name]; ok {
		return p, nil
	}
	if name == "math" {
		p, err := c.source.Import(name)
		c.done[name] = p
		return p, err
	}
	p := types.NewPackage(name, path.Base(name))
	p.MarkComplete()
	c.done[name] = p
	return p, nil
}

func (c *checker) check(folder string) *types.Package {
	if p, ok := c.done[folder]; ok {
		return p
	}
	ignored := errors.New("")
	conf := types.Config{Importer: c, FakeImportC: true, Error: func(err error) { ignored = err }}
	p, err := conf.Check(module+folder, c.fset, c.files[folder], &c.info)
	if p == nil {
		panic(errors.Join(err, ignored))
	}
	c.done[folder] = p
	return p
}

// products lists the places in a file where a float product may be fused into a sum.
func (c *checker) products(f *ast.File) []token.Position {
	var out []token.Position
	var parents []ast.Node
	ast.Inspect(f, func(n ast.Node) bool {
		if n == nil {
			parents = parents[:len(parents)-1]
			return true
		}
		switch n := n.(type) {
		case *ast.BinaryExpr:
			if n.Op == token.MUL && c.float(n) && !c.settled(n, parents) {
				out = append(out, c.fset.Position(n.OpPos))
			}
		case *ast.AssignStmt:
			if n.Tok == token.MUL_ASSIGN && (c.floating(n.Lhs[0]) || c.floating(n.Rhs[0])) {
				out = append(out, c.fset.Position(n.TokPos))
			}
		}
		parents = append(parents, n)
		return true
	})
	return out
}

// float reports whether a product is computed in floating point: not an integer, not a constant.
func (c *checker) float(n *ast.BinaryExpr) bool {
	tv := c.info.Types[n]
	if tv.Value != nil {
		return false
	}
	if tv.Type != nil && tv.Type != types.Typ[types.Invalid] {
		return c.floating(n)
	}
	return c.floating(n.X) || c.floating(n.Y)
}

func (c *checker) floating(e ast.Expr) bool {
	tv := c.info.Types[e]
	if tv.Type == nil {
		return false
	}
	basic, ok := tv.Type.Underlying().(*types.Basic)
	return ok && basic.Info()&types.IsFloat != 0
}

// settled reports whether what uses a product (its innermost parent last) is no sum.
func (c *checker) settled(n ast.Expr, parents []ast.Node) bool {
	var child ast.Node = n
	for i := len(parents) - 1; i >= 0; i-- {
		switch p := parents[i].(type) {
		case *ast.ParenExpr:
			child = p
			continue
		case *ast.UnaryExpr:
			child = p
			continue
		case *ast.BinaryExpr:
			return p.Op != token.ADD && p.Op != token.SUB
		case *ast.CallExpr:
			return child != p.Fun && (c.info.Types[p.Fun].IsType() || fromMath(p.Fun))
		}
		return false
	}
	return false
}

func fromMath(fun ast.Expr) bool {
	sel, ok := fun.(*ast.SelectorExpr)
	if !ok {
		return false
	}
	pkg, ok := sel.X.(*ast.Ident)
	return ok && pkg.Name == "math"
}

func TestNoFloatProductIsFused(t *testing.T) {
	fset, all := token.NewFileSet(), project(t)
	files := map[string][]*ast.File{}
	for _, f := range all {
		if f.test || !within(f.folder, "shared") {
			continue
		}
		parsed, err := parser.ParseFile(fset, "../../"+f.path, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		files[f.folder] = append(files[f.folder], parsed)
	}
	c := newChecker(fset, files)
	var folders []string
	for folder := range files {
		if roundedFolder(folder) {
			folders = append(folders, folder)
		}
	}
	sort.Strings(folders)
	for _, folder := range folders {
		c.check(folder)
		for _, f := range files[folder] {
			for _, at := range c.products(f) {
				t.Errorf("%s: convert this product of floats, as in float64(a*b): it may be fused into a sum", at)
			}
		}
	}
}

// TestTheFloatRuleBites proves that the check finds each way in which a product reaches a sum, and nothing else.
func TestTheFloatRuleBites(t *testing.T) {
	for _, c := range []struct {
		body   string
		places int
	}{
		{"return a*b + c", 1},
		{"return c - (a * b)", 1},
		{"return -(a * b) + c", 1},
		{"return a*b - c*a", 2},
		{"p := a * b; return p + c", 1},
		{"c += a * b; return c", 1},
		{"c *= a; return c + b", 1},
		{"return add(a*b, c)", 1},
		{"return a * b", 1}, // a caller may add to it once inlined
		{"x := [1]float64{a * b}; return x[0] + c", 1},
		{"return a*unknown.F() + c", 1},
		{"return float64(a*b) + c", 0},
		{"return float64(a*b*c) + c", 0},
		{"return a*b/c + c", 0},
		{"return math.Sqrt(a*b) + c", 0},
		{"if a*b < c { return a }; return c", 0},
		{"i, j := 2, 3; return float64(i*j+1) + c", 0},
		{"const k = 2.5 * 3; return k*2 + c", 0},
	} {
		src := "package p\nimport (\"math\"; \"example.com/unknown\")\nvar _ = math.Pi\n" +
			"func add(a, b float64) float64 { return a + b }\nfunc f(a, b, c float64) float64 { " + c.body + " }\n"
		fset := token.NewFileSet()
		parsed, err := parser.ParseFile(fset, "x.go", src, parser.SkipObjectResolution)
		if err != nil {
			t.Fatalf("%s: %v", c.body, err)
		}
		check := newChecker(fset, map[string][]*ast.File{"shared/x": {parsed}})
		check.check("shared/x")
		if got := len(check.products(parsed)); got != c.places {
			t.Errorf("%q: found %d products, want %d", c.body, got, c.places)
		}
	}
}
