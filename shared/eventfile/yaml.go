package eventfile

import (
	"errors"
	"fmt"
	"strings"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"

	"github.com/weir-engine/weir/shared/fault"
)

// node is a part of a mapping file that knows where it stands and where errors are collected.
type node struct {
	n    ast.Node
	errs *[]*mapError
}

func (n node) with(child ast.Node) node { return node{child, n.errs} }

// entry is one key of a YAML map.
type entry struct {
	key   string
	where node
	value node
}

// mapError is an error at a place of the mapping file.
type mapError struct {
	line, col int
	text      string
	hint      string
}

func (e *mapError) Error() string { return fmt.Sprintf("mapping %d:%d: %s", e.line, e.col, e.text) }

// errorf records an error at the node. What is read goes on, so that one look finds all of them.
func (n node) errorf(hint, text string, args ...any) {
	line, col := n.pos()
	*n.errs = append(*n.errs, &mapError{line, col, fmt.Sprintf(text, args...), hint})
}

func (n node) pos() (line, col int) {
	if n.n == nil || n.n.GetToken() == nil || n.n.GetToken().Position == nil {
		return 1, 1
	}
	p := n.n.GetToken().Position
	if m, ok := n.n.(*ast.MappingNode); ok && !m.IsFlowStyle && len(m.Values) > 0 {
		return n.with(m.Values[0].Key).pos()
	}
	return p.Line, p.Column
}

// parseYAML returns the root of one YAML document.
func parseYAML(text []byte) (node, error) {
	file, err := parser.ParseBytes(text, 0)
	if err != nil {
		return node{}, yamlError(err)
	}
	if len(file.Docs) != 1 || file.Docs[0].Body == nil {
		return node{}, fault.New(fault.Invalid, "mapping 1:1: expected one YAML document with a map").WithHint("%s", mapHint)
	}
	return node{file.Docs[0].Body, new([]*mapError)}, nil
}

// yamlError keeps the position and the first line of a syntax error.
func yamlError(err error) error {
	var at interface{ GetMessage() string }
	text := err.Error()
	if errors.As(err, &at) {
		text = at.GetMessage()
	}
	first, _, _ := strings.Cut(err.Error(), "\n")
	line, col := 1, 1
	if _, scan := fmt.Sscanf(first, "[%d:%d]", &line, &col); scan == nil && errors.As(err, &at) {
		return fault.New(fault.Invalid, "mapping %d:%d: %s", line, col, text).WithHint("%s", mapHint)
	}
	return fault.New(fault.Invalid, "mapping: %s", first).WithHint("%s", mapHint)
}

const mapHint = "the mapping file is described in docs/mapping.md"

// strip looks through anchors and tags.
func (n node) strip() node {
	for {
		switch t := n.n.(type) {
		case *ast.AnchorNode:
			n = n.with(t.Value)
		case *ast.TagNode:
			n = n.with(t.Value)
		case *ast.AliasNode:
			n.errorf("write the value out", "YAML aliases are not supported")
			return n.with(&ast.NullNode{BaseNode: &ast.BaseNode{}, Token: t.Start})
		default:
			return n
		}
	}
}

// entries returns the keys of a map in order, each once and each one of allowed (all when allowed is empty).
func (n node) entries(allowed ...string) []entry {
	var values []*ast.MappingValueNode
	switch t := n.strip().n.(type) {
	case *ast.MappingNode:
		values = t.Values
	case *ast.MappingValueNode:
		values = []*ast.MappingValueNode{t}
	default:
		n.errorf(mapHint, "expected a map%s", oneOf(allowed))
		return nil
	}
	seen := map[string]bool{}
	var out []entry
	for _, v := range values {
		e := entry{key: n.with(v.Key).text(), where: n.with(v.Key), value: n.with(v.Value)}
		if seen[e.key] {
			e.where.errorf("remove one of the two", "%q stands here twice", e.key)
			continue
		}
		seen[e.key] = true
		if len(allowed) > 0 && !contains(allowed, e.key) {
			e.where.errorf(mapHint, "unknown key %q; expected%s", e.key, strings.TrimPrefix(oneOf(allowed), " with"))
			continue
		}
		out = append(out, e)
	}
	return out
}

func oneOf(names []string) string {
	if len(names) == 0 {
		return ""
	}
	return " with " + strings.Join(names, ", ")
}

func contains(list []string, s string) bool {
	for _, x := range list {
		if x == s {
			return true
		}
	}
	return false
}

// isMap and isList report what a node is.
func (n node) isMap() bool {
	switch n.strip().n.(type) {
	case *ast.MappingNode, *ast.MappingValueNode:
		return true
	}
	return false
}

func (n node) isList() bool {
	_, ok := n.strip().n.(*ast.SequenceNode)
	return ok
}

// list returns the items of a list; one scalar counts as a list of itself.
func (n node) list() []node {
	seq, ok := n.strip().n.(*ast.SequenceNode)
	if !ok {
		return []node{n}
	}
	var out []node
	for _, v := range seq.Values {
		out = append(out, n.with(v))
	}
	return out
}

// text returns a scalar as it is written.
func (n node) text() string {
	switch t := n.strip().n.(type) {
	case *ast.StringNode:
		return t.Value
	case *ast.LiteralNode:
		return strings.TrimRight(t.Value.Value, "\n")
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.NullNode, *ast.InfinityNode, *ast.NanNode:
		return t.GetToken().Value
	case *ast.MappingKeyNode:
		return n.with(t.Value).text()
	}
	n.errorf(mapHint, "expected a single value")
	return ""
}

// isNumber reports whether a scalar is written as a number, without quotes.
func (n node) isNumber() bool {
	switch n.strip().n.(type) {
	case *ast.IntegerNode, *ast.FloatNode:
		return true
	}
	return false
}

// boolean returns a scalar that is true or false.
func (n node) boolean() bool {
	b, ok := n.strip().n.(*ast.BoolNode)
	if !ok {
		n.errorf("", "expected true or false")
		return false
	}
	return b.Value
}

// choice returns a scalar that is one of names.
func (n node) choice(names ...string) string {
	s := n.text()
	if !contains(names, s) {
		n.errorf("", "unknown value %q; expected one of %s", s, strings.Join(names, ", "))
	}
	return s
}
