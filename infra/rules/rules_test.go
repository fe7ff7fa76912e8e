// Package rules checks who may import whom, by reading every Go file: docs/architecture.md says why.
package rules

import (
	"go/ast"
	"go/build/constraint"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/weir-engine/weir/"

// file is a parsed Go file of the project.
type file struct {
	path    string // from the root, with slashes
	folder  string
	test    bool
	imports []string
	ast     *ast.File
}

func project(t *testing.T) []file {
	t.Helper()
	root := filepath.Join("..", "..")
	var files []file
	fset := token.NewFileSet()
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, _ := filepath.Rel(root, path)
		rel = filepath.ToSlash(rel)
		if d.IsDir() && (d.Name() == "node_modules" || rel == "data" || rel == "bin" || strings.HasPrefix(d.Name(), ".") && rel != ".") {
			return filepath.SkipDir
		}
		if d.IsDir() || !strings.HasSuffix(rel, ".go") {
			return nil
		}
		parsed, err := parser.ParseFile(fset, path, nil, parser.ParseComments)
		if err != nil {
			return err
		}
		f := file{path: rel, folder: filepath.ToSlash(filepath.Dir(rel)), test: strings.HasSuffix(rel, "_test.go"), ast: parsed}
		for _, spec := range parsed.Imports {
			name, _ := strconv.Unquote(spec.Path.Value)
			f.imports = append(f.imports, name)
		}
		files = append(files, f)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(files) < 50 {
		t.Fatalf("found %d Go files: the walk is wrong", len(files))
	}
	return files
}

// within reports whether a folder is root or lies below it.
func within(folder string, roots ...string) bool {
	for _, root := range roots {
		if folder == root || strings.HasPrefix(folder, root+"/") {
			return true
		}
	}
	return false
}

// violations lists what is wrong with the imports of one file.
func violations(f file) []string {
	var out []string
	for _, name := range f.imports {
		own, isOwn := strings.CutPrefix(name, module)
		for _, r := range importRules {
			if f.test && !r.tests || !r.in(f.folder) {
				continue
			}
			if !isOwn && r.outside != nil && r.outside(name) || isOwn && r.own != nil && r.own(own) {
				out = append(out, f.path+" imports "+name+": "+r.why)
			}
		}
	}
	return out
}

// importRule refuses imports in some folders.
type importRule struct {
	why     string
	tests   bool // holds for test files too
	in      func(folder string) bool
	outside func(name string) bool // refuses modules and the standard library
	own     func(folder string) bool
}

// effectful are the folders of shared that may hold what the pure core may not: hosts, ports and formats.
func effectful(folder string) bool {
	return within(folder, "shared/app", "shared/httpapi", "shared/porttest", "shared/eventfile")
}

var importRules = []importRule{
	{
		why:     "the core sees no clock, file, socket or randomness",
		in:      func(f string) bool { return within(f, "shared") && !effectful(f) },
		outside: prefixes("net", "os", "io/fs", "syscall", "math/rand", "crypto/rand", "log", "database", "plugin", "runtime/debug"),
	},
	{
		why:     "only shared/httpapi speaks HTTP",
		in:      func(f string) bool { return within(f, "shared") && !within(f, "shared/httpapi") },
		outside: prefixes("net"),
	},
	{
		why:     "only shared/model may use gonum",
		in:      func(f string) bool { return !within(f, "shared/model") },
		outside: prefixes("gonum.org"),
	},
	{
		why:     "the core knows no cloud and no database",
		in:      func(f string) bool { return within(f, "shared") },
		outside: prefixes("github.com/aws", "modernc.org", "github.com/ncruces", "github.com/syumai"),
	},
	{
		why: "the core does not know its hosts", tests: false,
		in:  func(f string) bool { return within(f, "shared") },
		own: func(f string) bool { return within(f, "infra", "functions", "wasm", "web") },
	},
	{
		why: "use cases stand above the core",
		in: func(f string) bool {
			return within(f, "shared") && !within(f, "shared/app", "shared/httpapi", "shared/porttest")
		},
		own: func(f string) bool { return within(f, "shared/app", "shared/httpapi", "shared/porttest") },
	},
	{
		why: "adapters do not know programs",
		in:  func(f string) bool { return within(f, "infra") },
		own: func(f string) bool { return within(f, "functions", "wasm", "web") },
	},
	{
		why: "adapters of different hosts never meet", tests: true,
		in:  func(f string) bool { return within(f, "infra/embedded") },
		own: func(f string) bool { return within(f, "infra/aws") },
	},
	{
		why: "adapters of different hosts never meet", tests: true,
		in:  func(f string) bool { return within(f, "infra/aws") },
		own: func(f string) bool { return within(f, "infra/embedded") },
	},
	{
		why:     "the preview module stays small: nothing that a browser has, no formats, no reflection",
		in:      func(f string) bool { return within(f, "wasm/preview") },
		outside: prefixes("net", "fmt", "os", "encoding/json", "encoding/csv", "log", "runtime/debug", "reflect", "text", "html", "github.com"),
		own: func(f string) bool {
			return !within(f, "shared/whatif", "shared/segment", "shared/fault", "shared/zone") || within(f, "shared/whatif/fill", "shared/whatif/snapshot")
		},
	},
	{
		why: "what the preview module carries stays small",
		in: func(f string) bool {
			return f == "shared/whatif" || f == "shared/whatif/wire" || f == "shared/segment/column"
		},
		outside: prefixes("fmt", "os", "encoding/json", "reflect", "regexp", "github.com"),
		own: func(f string) bool {
			return within(f, "shared/model", "shared/strategy", "shared/profile", "shared/score")
		},
	},
	{
		why: "the condition language and events stand at the bottom",
		in:  func(f string) bool { return within(f, "shared/segment", "shared/event") },
		own: func(f string) bool {
			return within(f, "shared") && !within(f, "shared/event", "shared/fault", "shared/zone", "shared/segment")
		},
	},
}

func prefixes(roots ...string) func(string) bool {
	return func(name string) bool { return within(name, roots...) }
}

func TestImports(t *testing.T) {
	for _, f := range project(t) {
		for _, v := range violations(f) {
			t.Error(v)
		}
	}
}

// impureCalls are functions of allowed packages that reach a clock, a table of zones, or differ between targets.
var impureCalls = map[string]map[string]bool{
	"time": set("Now", "Since", "Until", "After", "Tick", "NewTimer", "NewTicker", "AfterFunc", "Sleep", "LoadLocation"),
	"math": set("Exp", "Exp2", "Expm1", "Log", "Log2", "Log10", "Log1p", "Pow", "Gamma", "Lgamma", "Erf", "Erfc", "FMA", "Sin", "Cos", "Tan",
		"Sinh", "Cosh", "Tanh", "Cbrt"),
}

func set(names ...string) map[string]bool {
	m := map[string]bool{}
	for _, n := range names {
		m[n] = true
	}
	return m
}

// impure lists the calls in a file of the core that have no place there.
func impure(f file) []string {
	if f.test || !within(f.folder, "shared") || effectful(f.folder) || within(f.folder, "shared/model") {
		return nil
	}
	var out []string
	ast.Inspect(f.ast, func(n ast.Node) bool {
		sel, ok := n.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		if pkg, ok := sel.X.(*ast.Ident); ok && pkg.Obj == nil && impureCalls[pkg.Name][sel.Sel.Name] {
			out = append(out, f.path+" calls "+pkg.Name+"."+sel.Sel.Name)
		}
		return true
	})
	return out
}

func TestCoreIsPure(t *testing.T) {
	for _, f := range project(t) {
		for _, v := range impure(f) {
			t.Error(v)
		}
	}
}

func TestBuildTagsLiveInWasm(t *testing.T) {
	for _, f := range project(t) {
		if within(f.folder, "wasm", "shared/httpapi/gen") {
			continue
		}
		for _, group := range f.ast.Comments {
			for _, c := range group.List {
				if constraint.IsGoBuild(c.Text) && group.Pos() < f.ast.Package && !within(f.folder, "infra") {
					t.Errorf("%s has a build tag: they live in wasm/ and, for operating systems, in infra/", f.path)
				}
			}
		}
	}
}

// TestTheRulesBite proves that each rule refuses what it is there to refuse.
func TestTheRulesBite(t *testing.T) {
	for _, c := range []struct{ folder, imports string }{
		{"shared/score", "os"},
		{"shared/score", "math/rand/v2"},
		{"shared/app", "net/http"},
		{"shared/score", "gonum.org/v1/gonum/optimize"},
		{"shared/app", "github.com/aws/aws-sdk-go-v2/aws"},
		{"shared/app", "modernc.org/sqlite"},
		{"shared/profile", module + "infra/embedded"},
		{"shared/score", module + "shared/app"},
		{"infra/embedded", module + "functions/weir"},
		{"infra/embedded", module + "infra/aws"},
		{"infra/aws", module + "infra/embedded"},
		{"shared/segment", module + "shared/profile"},
	} {
		if len(violations(file{path: c.folder + "/x.go", folder: c.folder, imports: []string{c.imports}})) == 0 {
			t.Errorf("%s may import %s", c.folder, c.imports)
		}
	}
	for _, src := range []string{"package p\nimport \"time\"\nvar _ = time.Now()", "package p\nimport \"math\"\nvar _ = math.Exp(1)"} {
		parsed, err := parser.ParseFile(token.NewFileSet(), "x.go", src, 0)
		if err != nil {
			t.Fatal(err)
		}
		if len(impure(file{path: "shared/score/x.go", folder: "shared/score", ast: parsed})) == 0 {
			t.Errorf("the core may hold %q", src)
		}
	}
}
