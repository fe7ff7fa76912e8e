package plan

import (
	"regexp"
	"regexp/syntax"
	"slices"
	"strconv"
	"strings"

	"github.com/weir-engine/weir/shared/segment"
	"github.com/weir-engine/weir/shared/strategy"
)

// schema is a compiled JSON Schema (draft 2020-12), without what docs/plan.md leaves out.
type schema struct {
	never    bool // the schema false
	types    types
	enum     []scalar // nil: anything
	expected string   // of enum

	props           []prop
	required        []string
	patterns        []patternProp
	additional      *schema // nil: anything
	minProps        int
	maxProps        int // -1: any
	items           *schema
	minItems        int
	maxItems        int // -1: any
	unique          bool
	minLen          int
	maxLen          int // -1: any
	pattern         *regexp.Regexp
	format          string
	min, max        *number
	above, below    *number // exclusive
	multiple        *number
	all, any, one   []*schema
	not             *schema
	cond, then, els *schema
	ref             *schema
}

type prop struct {
	name   string
	schema *schema
}

type patternProp struct {
	name   *regexp.Regexp
	schema *schema
}

// types is a set of the types of JSON Schema.
type types uint8

const (
	typeNull types = 1 << iota
	typeBool
	typeInteger
	typeNumber
	typeString
	typeArray
	typeObject
)

var typeNames = []string{"null", "boolean", "integer", "number", "string", "array", "object"}

func typeList(t types) []string {
	out := []string{}
	for i, name := range typeNames {
		if t&(1<<i) != 0 {
			out = append(out, name)
		}
	}
	return out
}

func newSchema() *schema { return &schema{maxProps: -1, maxItems: -1, maxLen: -1} }

// compiling turns one event's schema from a tree.
type compiling struct {
	r    *reading
	root *strategy.Tree
	defs map[string]*schema // by reference
}

// keywords are what a schema may say; the last ones say nothing to a check.
var keywords = []string{
	"type", "enum", "const", "properties", "required", "additionalProperties", "patternProperties", "minProperties", "maxProperties",
	"items", "minItems", "maxItems", "uniqueItems", "minLength", "maxLength", "pattern", "format", "minimum", "maximum",
	"exclusiveMinimum", "exclusiveMaximum", "multipleOf", "allOf", "anyOf", "oneOf", "not", "if", "then", "else", "$ref", "$defs",
	"definitions", "$schema", "$comment", "title", "description", "default", "examples", "deprecated",
}

func (c *compiling) compile(t *strategy.Tree, path string) *schema {
	s := newSchema()
	c.into(s, t, path)
	return s
}

func (c *compiling) into(s *schema, t *strategy.Tree, path string) {
	if c.r.schemas++; c.r.schemas == maxSchemas {
		c.r.problem(t, path, "the plan has too many schemas", "at most "+strconv.Itoa(maxSchemas))
	}
	if c.r.schemas >= maxSchemas {
		return
	}
	if t.Kind == strategy.TreeBool {
		s.never = !t.Bool
		return
	}
	if t.Kind != strategy.TreeMap {
		c.r.problem(t, path, "this is "+t.Kind.String(), "a JSON Schema: a mapping, or true or false")
		return
	}
	for i := range t.Entries {
		e := &t.Entries[i]
		c.keyword(s, e, path+"."+e.Key)
	}
}

func (c *compiling) keyword(s *schema, e *strategy.TreeEntry, path string) {
	v := e.Value
	switch e.Key {
	case "type":
		s.types = c.types(v, path)
	case "enum":
		if v.Kind != strategy.TreeList || len(v.Items) == 0 {
			c.r.problem(v, path, "this is "+v.Kind.String(), "a list of texts, numbers, true, false or null")
			return
		}
		for _, item := range v.Items {
			s.enum = append(s.enum, c.scalar(item, path))
		}
		s.expected = enumText(s.enum)
	case "const":
		s.enum = []scalar{c.scalar(v, path)}
		s.expected = enumText(s.enum)
	case "properties":
		for i := range c.mapping(v, path) {
			p := &v.Entries[i]
			s.props = append(s.props, prop{p.Key, c.compile(p.Value, path+"."+p.Key)})
		}
	case "patternProperties":
		for i := range c.mapping(v, path) {
			p := &v.Entries[i]
			if re := c.pattern(&strategy.Tree{Line: p.Line, Col: p.Col, Kind: strategy.TreeText, Text: p.Key}, path); re != nil {
				s.patterns = append(s.patterns, patternProp{re, c.compile(p.Value, path+"."+p.Key)})
			}
		}
	case "required":
		s.required = c.names(v, path)
	case "additionalProperties":
		s.additional = c.compile(v, path)
	case "minProperties":
		s.minProps = c.size(v, path)
	case "maxProperties":
		s.maxProps = c.size(v, path)
	case "items":
		s.items = c.compile(v, path)
	case "minItems":
		s.minItems = c.size(v, path)
	case "maxItems":
		s.maxItems = c.size(v, path)
	case "uniqueItems":
		s.unique = c.boolean(v, path)
	case "minLength":
		s.minLen = c.size(v, path)
	case "maxLength":
		s.maxLen = c.size(v, path)
	case "pattern":
		s.pattern = c.pattern(v, path)
	case "format":
		if v.Kind != strategy.TreeText || formats[v.Text] == nil {
			c.r.problem(v, path, "this format is not checked", "one of "+strings.Join(formatNames, ", "))
			return
		}
		s.format = v.Text
	case "minimum":
		s.min = c.number(v, path)
	case "maximum":
		s.max = c.number(v, path)
	case "exclusiveMinimum":
		s.above = c.number(v, path)
	case "exclusiveMaximum":
		s.below = c.number(v, path)
	case "multipleOf":
		if s.multiple = c.number(v, path); s.multiple != nil && s.multiple.sign() <= 0 {
			c.r.problem(v, path, "a multiple of nothing", "a number greater than 0")
			s.multiple = nil
		}
	case "allOf":
		s.all = c.list(v, path)
	case "anyOf":
		s.any = c.list(v, path)
	case "oneOf":
		s.one = c.list(v, path)
	case "not":
		s.not = c.compile(v, path)
	case "if":
		s.cond = c.compile(v, path)
	case "then":
		s.then = c.compile(v, path)
	case "else":
		s.els = c.compile(v, path)
	case "$ref":
		s.ref = c.reference(v, path)
	case "$defs", "definitions":
		for i := range c.mapping(v, path) {
			d := &v.Entries[i]
			c.define("#/"+e.Key+"/"+d.Key, d.Value, path+"."+d.Key)
		}
	case "$schema":
		if v.Kind != strategy.TreeText || !strings.Contains(v.Text, "json-schema.org/draft") {
			c.r.problem(v, path, "this is no version of JSON Schema", "https://json-schema.org/draft/2020-12/schema, or nothing")
		}
	case "$comment", "title", "description", "default", "examples", "deprecated":
	default:
		expected := "one of " + strings.Join(keywords, ", ")
		if near := nearest(e.Key, keywords); near != "" {
			expected = near
		}
		c.r.entry(e, path, "the keyword "+e.Key+" is not checked", expected)
	}
}

// define compiles a definition once, wherever it is named first.
func (c *compiling) define(ref string, t *strategy.Tree, path string) *schema {
	if s := c.defs[ref]; s != nil {
		return s
	}
	s := newSchema()
	c.defs[ref] = s
	c.into(s, t, path)
	return s
}

// reference finds what a $ref names: a definition at the top of the event's schema, or the schema itself.
func (c *compiling) reference(v *strategy.Tree, path string) *schema {
	const expected = "#, #/$defs/NAME or #/definitions/NAME: nothing is fetched from elsewhere"
	if v.Kind != strategy.TreeText {
		c.r.problem(v, path, "this is "+v.Kind.String(), expected)
		return nil
	}
	if v.Text == "#" {
		return c.define("#", c.root, path)
	}
	for _, key := range []string{"$defs", "definitions"} {
		name, ok := strings.CutPrefix(v.Text, "#/"+key+"/")
		if !ok || c.root.Kind != strategy.TreeMap {
			continue
		}
		name = strings.NewReplacer("~1", "/", "~0", "~").Replace(name)
		if defs := c.root.Get(key); defs != nil && defs.Get(name) != nil {
			return c.define("#/"+key+"/"+name, defs.Get(name), path)
		}
	}
	c.r.problem(v, path, "the reference "+v.Text+" names nothing here", expected)
	return nil
}

func (c *compiling) types(v *strategy.Tree, path string) types {
	items := []*strategy.Tree{v}
	if v.Kind == strategy.TreeList {
		items = v.Items
	}
	var out types
	for _, item := range items {
		i := slices.Index(typeNames, item.Text)
		if item.Kind == strategy.TreeNull { // an unquoted null of YAML
			i = 0
		} else if item.Kind != strategy.TreeText {
			i = -1
		}
		if i < 0 {
			expected := "one of " + strings.Join(typeNames, ", ")
			if near := nearest(item.Text, typeNames); near != "" {
				expected = near
			}
			c.r.problem(item, path, "this is no type of JSON Schema", expected)
			continue
		}
		out |= 1 << i
	}
	return out
}

func (c *compiling) mapping(v *strategy.Tree, path string) []strategy.TreeEntry {
	if v.Kind != strategy.TreeMap && v.Kind != strategy.TreeNull {
		c.r.problem(v, path, "this is "+v.Kind.String(), "a mapping")
		return nil
	}
	return v.Entries
}

func (c *compiling) list(v *strategy.Tree, path string) []*schema {
	if v.Kind != strategy.TreeList || len(v.Items) == 0 {
		c.r.problem(v, path, "this is "+v.Kind.String(), "a list of schemas")
		return nil
	}
	var out []*schema
	for i, item := range v.Items {
		out = append(out, c.compile(item, path+"["+strconv.Itoa(i)+"]"))
	}
	return out
}

func (c *compiling) names(v *strategy.Tree, path string) []string {
	if v.Kind != strategy.TreeList {
		c.r.problem(v, path, "this is "+v.Kind.String(), "a list of names")
		return nil
	}
	var out []string
	for _, item := range v.Items {
		if item.Kind != strategy.TreeText {
			c.r.problem(item, path, "this is "+item.Kind.String(), "the name of a property, in quotes when it is a number")
			continue
		}
		out = append(out, item.Text)
	}
	return out
}

func (c *compiling) size(v *strategy.Tree, path string) int {
	if v.Kind != strategy.TreeNumber || v.Number < 0 || v.Number > 1e9 || v.Number != float64(int(v.Number)) {
		c.r.problem(v, path, "this is no size", "a whole number, 0 or greater")
		return 0
	}
	return int(v.Number)
}

func (c *compiling) boolean(v *strategy.Tree, path string) bool {
	if v.Kind != strategy.TreeBool {
		c.r.problem(v, path, "this is "+v.Kind.String(), "true or false")
	}
	return v.Bool
}

func (c *compiling) number(v *strategy.Tree, path string) *number {
	if v.Kind != strategy.TreeNumber {
		c.r.problem(v, path, "this is "+v.Kind.String(), "a number")
		return nil
	}
	n := newNumber(numberText(v))
	return &n
}

func (c *compiling) scalar(v *strategy.Tree, path string) scalar {
	if v.Kind == strategy.TreeList || v.Kind == strategy.TreeMap {
		c.r.problem(v, path, "this is "+v.Kind.String(), "a text, a number, true, false or null")
	}
	out := scalar{kind: v.Kind, text: v.Text, boolean: v.Bool}
	if v.Kind == strategy.TreeNumber {
		out.text = numberText(v)
		out.number = newNumber(out.text)
	}
	return out
}

// Limits of a pattern, and of the texts that are compared with one.
const (
	maxPattern      = 512
	maxInstructions = 1000
	maxMatched      = 8192
)

func (c *compiling) pattern(v *strategy.Tree, path string) *regexp.Regexp {
	if v.Kind != strategy.TreeText || len(v.Text) > maxPattern {
		c.r.problem(v, path, "this is no pattern", "a regular expression of at most "+strconv.Itoa(maxPattern)+" bytes")
		return nil
	}
	if c.r.patterns++; c.r.patterns > maxPatterns {
		c.r.problem(v, path, "the plan has too many patterns", "at most "+strconv.Itoa(maxPatterns))
		return nil
	}
	tree, err := syntax.Parse(v.Text, syntax.Perl)
	if err != nil {
		c.r.problem(v, path, "this is no regular expression: "+err.Error(), "the syntax of RE2, without references back and looking ahead")
		return nil
	}
	if code, err := syntax.Compile(tree.Simplify()); err != nil || len(code.Inst) > maxInstructions {
		c.r.problem(v, path, "the pattern is too large", "fewer or smaller repetitions")
		return nil
	}
	re, err := regexp.Compile(v.Text)
	if err != nil {
		c.r.problem(v, path, "this is no regular expression: "+err.Error(), "the syntax of RE2")
	}
	return re
}

func nearest(name string, known []string) string { return segment.Nearest(name, known) }

func enumText(all []scalar) string {
	const most = 8
	parts := make([]string, 0, most+1)
	for i, s := range all {
		if i == most {
			parts = append(parts, "…")
			break
		}
		switch s.kind {
		case strategy.TreeText:
			parts = append(parts, strconv.Quote(s.text))
		case strategy.TreeBool:
			parts = append(parts, strconv.FormatBool(s.boolean))
		case strategy.TreeNumber:
			parts = append(parts, s.text)
		default:
			parts = append(parts, "null")
		}
	}
	if len(parts) == 1 {
		return parts[0]
	}
	return "one of " + strings.Join(parts, ", ")
}
