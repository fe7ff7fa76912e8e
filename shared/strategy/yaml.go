package strategy

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// kind is the kind of a node of the file.
type kind uint8

const (
	kindNull kind = iota
	kindBool
	kindInt
	kindFloat
	kindText
	kindList
	kindMap
	kindRefused // a problem was reported
)

var kindNames = [...]string{"nothing", "true or false", "a whole number", "a number", "a text", "a list", "a mapping", "nothing"}

// node is one node of the file with its place.
type node struct {
	kind      kind
	line, col int
	text      string // scalars: the text
	boolean   bool
	number    float64
	literal   bool // a text in block style |: its lines stand as they are from the next line on, indented by indent
	indent    int
	quote     int  // characters before the text: 1 for a quoted one
	plain     bool // one line without escapes: columns within the text can be computed
	items     []*node
	entries   []entry
}

type entry struct {
	key       string
	line, col int
	value     *node
}

const (
	maxNesting  = 16
	maxBrackets = 200
	maxRun      = 1000 // colons without a comma, bracket or line end between
	maxDashes   = 64   // dashes that a line begins with
	maxTokens   = 200_000
	maxKeys     = 1000 // of one mapping: the YAML parser's work grows with their cube
)

const emptyFile = "the file is empty"

// readYAML parses the text into a tree. Aliases, anchors, tags, merge keys and several documents are refused: a strategy is
// data that is read by people.
func readYAML(text []byte, ps *problems) *node {
	if !checkText(text, ps) {
		return nil
	}
	tokens := lexer.Tokenize(string(text))
	if !checkTokens(tokens, ps) {
		return nil
	}
	file, err := parseFile(tokens)
	if err != nil {
		ps.add(syntaxProblem(err))
		return nil
	}
	var body ast.Node
	for _, d := range file.Docs {
		if d.Body == nil {
			continue
		}
		if _, ok := d.Body.(*ast.CommentGroupNode); ok {
			continue
		}
		if body != nil {
			line, col := place(d.Body)
			ps.add(Problem{Line: line, Col: col, Message: "a second document begins", Expected: "one document a file"})
			return nil
		}
		body = d.Body
	}
	if body == nil {
		ps.add(Problem{Line: 1, Col: 1, Message: emptyFile, Expected: "a strategy; `weir strategy init` writes one to begin with"})
		return nil
	}
	r := &reader{ps: ps}
	return r.read(body, 0)
}

// checkText refuses what the YAML parser is not to be given.
func checkText(text []byte, ps *problems) bool {
	line, start, depth, run, dashes := 1, 0, 0, 0, 0
	for i := 0; i < len(text); {
		c, size := utf8.DecodeRune(text[i:])
		refuse := func(message, expected string) bool {
			ps.add(Problem{Line: line, Col: utf8.RuneCount(text[start:i]) + 1, Message: message, Expected: expected})
			return false
		}
		switch {
		case c == utf8.RuneError && size == 1:
			return refuse("the file is not valid UTF-8 here", "UTF-8 text")
		case c == '\n':
			line, start, run, dashes = line+1, i+1, 0, 0
		case c < 0x20 && c != '\t' && c != '\r' || c == 0x7f:
			return refuse(fmt.Sprintf("a control character (%#02x)", c), "text")
		case c == '[' || c == '{':
			depth, run = depth+1, 0
		case c == ']' || c == '}':
			depth, run = max(depth-1, 0), 0
		case c == ',':
			run = 0
		case c == ':':
			run++
		case c == '-' && dashes >= 0 && bytes.HasPrefix(text[i:], []byte("- ")):
			dashes++
		case c != ' ':
			dashes = -1
		}
		if depth > maxBrackets || run > maxRun || dashes > maxDashes {
			return refuse("nested too deep", "at most 16 levels")
		}
		i += size
	}
	return true
}

// refusedTokens are the parts of YAML that a strategy does without.
var refusedTokens = map[token.Type][2]string{
	token.AnchorType:     {"anchors and aliases are not read", "the value itself"},
	token.AliasType:      {"anchors and aliases are not read", "the value itself"},
	token.TagType:        {"tags such as !!str are not read", "the value itself, in quotes when it is a text"},
	token.MergeKeyType:   {"merge keys (<<) are not read", "the keys themselves"},
	token.MappingKeyType: {"keys marked by ? are not read", "key: value"},
	token.DirectiveType:  {"directives are not read", "the strategy itself"},
}

// checkTokens refuses what a strategy does without, and shapes that would keep the YAML parser busy for long.
func checkTokens(tokens token.Tokens, ps *problems) bool {
	ok, dashes, keys := len(tokens) <= maxTokens, 0, map[int]int{}
	if !ok {
		ps.add(Problem{Line: 1, Col: 1, Message: "the file has too many parts", Expected: "at most 200000 words and signs"})
	}
	for i, t := range tokens {
		if !ok && len(ps.list) >= maxProblems || len(tokens) > maxTokens {
			break
		}
		at := t.Position
		refuse := func(message, expected string) {
			ps.add(Problem{Line: at.Line, Col: at.Column, Message: message, Expected: expected})
			ok = false
		}
		if why, refused := refusedTokens[t.Type]; refused {
			refuse(why[0], why[1])
		}
		switch t.Type {
		case token.SequenceEntryType:
			if dashes++; dashes > maxNesting {
				refuse("lists are nested too deep", "at most 16 levels")
				return false
			}
			closeDeeper(keys, at.Column)
			continue
		case token.MappingValueType:
			if i > 0 {
				at = tokens[i-1].Position
			}
			closeDeeper(keys, at.Column)
			if keys[at.Column]++; keys[at.Column] > maxKeys {
				refuse("a mapping has too many keys", "at most 1000")
				return false
			}
		}
		dashes = 0
	}
	return ok
}

// closeDeeper forgets the mappings that a token in this column ends.
func closeDeeper(keys map[int]int, column int) {
	for c := range keys {
		if c > column {
			delete(keys, c)
		}
	}
}

// parseFile calls the YAML parser; a panic of it is an error.
func parseFile(tokens token.Tokens) (file *ast.File, err error) {
	defer func() {
		if p := recover(); p != nil {
			file, err = nil, errors.New("the text cannot be read as YAML")
		}
	}()
	return parser.Parse(tokens, 0, parser.AllowDuplicateMapKey())
}

func syntaxProblem(err error) Problem {
	var syntax *yaml.SyntaxError
	if errors.As(err, &syntax) && syntax.Token != nil && syntax.Token.Position != nil {
		at := syntax.Token.Position
		return Problem{Line: at.Line, Col: at.Column, Message: syntax.Message, Expected: "valid YAML"}
	}
	first, _, _ := strings.Cut(err.Error(), "\n")
	return Problem{Line: 1, Col: 1, Message: first, Expected: "valid YAML"}
}

func place(n ast.Node) (line, col int) {
	if m, ok := n.(*ast.MappingNode); ok && len(m.Values) > 0 && !m.IsFlowStyle {
		return place(m.Values[0].Key)
	}
	if m, ok := n.(*ast.MappingValueNode); ok {
		return place(m.Key)
	}
	if t := n.GetToken(); t != nil && t.Position != nil {
		return t.Position.Line, t.Position.Column
	}
	return 1, 1
}

// reader turns the parser's tree into ours.
type reader struct {
	ps *problems
}

func (r *reader) refuse(n ast.Node, message, expected string) *node {
	line, col := place(n)
	r.ps.add(Problem{Line: line, Col: col, Message: message, Expected: expected})
	return &node{kind: kindRefused, line: line, col: col}
}

// read turns one node; a node that is refused becomes one of kindRefused.
func (r *reader) read(n ast.Node, depth int) *node {
	if n == nil {
		return &node{}
	}
	if depth > maxNesting {
		return r.refuse(n, "nested too deep", "at most 16 levels")
	}
	line, col := place(n)
	out := &node{line: line, col: col}
	switch v := n.(type) {
	case *ast.NullNode:
	case *ast.BoolNode:
		out.kind, out.boolean, out.text = kindBool, v.Value, v.Token.Value
	case *ast.IntegerNode:
		out.kind, out.number, out.text = kindInt, integer(v.Value), v.Token.Value
	case *ast.FloatNode:
		out.kind, out.number, out.text = kindFloat, v.Value, v.Token.Value
	case *ast.StringNode:
		out.kind, out.text = kindText, v.Value
		out.setPlain(v.Token)
	case *ast.LiteralNode:
		out.kind, out.text, out.literal = kindText, v.Value.Value, strings.HasPrefix(v.Start.Value, "|")
	case *ast.SequenceNode:
		out.kind = kindList
		for _, item := range v.Values {
			out.items = append(out.items, r.read(item, depth+1))
		}
	case *ast.MappingNode:
		out.kind = kindMap
		for _, kv := range v.Values {
			r.entry(out, kv, depth)
		}
	case *ast.MappingValueNode:
		out.kind = kindMap
		r.entry(out, v, depth)
	case *ast.InfinityNode, *ast.NanNode:
		return r.refuse(n, n.GetToken().Value+" is no number here", "a finite number")
	default:
		return r.refuse(n, "this is not read in a strategy", "plain YAML: mappings, lists, texts, numbers")
	}
	return out
}

func integer(v any) float64 {
	switch x := v.(type) {
	case int64:
		return float64(x)
	case uint64:
		return float64(x)
	}
	return 0
}

func (n *node) setPlain(t *token.Token) {
	if t.Type == token.DoubleQuoteType || t.Type == token.SingleQuoteType {
		n.quote = 1
	}
	source := strings.TrimSpace(t.Origin)
	n.plain = strings.Trim(source, `"'`) == strings.Trim(n.text, `"'`) && !strings.Contains(source, "\n")
}

func (r *reader) entry(out *node, kv *ast.MappingValueNode, depth int) {
	line, col := place(kv.Key)
	var key string
	switch k := kv.Key.(type) {
	case *ast.StringNode:
		key = k.Value
	default:
		if _, ok := kv.Key.(ast.ScalarNode); !ok {
			r.refuse(kv.Key, "a key is no plain text", "key: value")
			return
		}
		key = kv.Key.GetToken().Value
	}
	for _, e := range out.entries {
		if e.key == key {
			r.ps.add(Problem{Line: line, Col: col, Path: key, Message: fmt.Sprintf("the key %s stands twice; first on line %d", key, e.line), Expected: "each key once"})
			return
		}
	}
	value := r.read(kv.Value, depth+1)
	if value.line == 0 {
		value.line, value.col = line, col
	}
	out.entries = append(out.entries, entry{key: key, line: line, col: col, value: value})
}
