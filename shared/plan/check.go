package plan

import (
	"math/big"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/weir-engine/weir/shared/event"
	"github.com/weir-engine/weir/shared/strategy"
)

// maxSteps is how many schemas one event may be compared with: references and alternatives can ask for any number.
const maxSteps = 20_000

// maxDepth is how many schemas may ask for each other in turn: a reference can ask for itself without end.
const maxDepth = 256

// checking is the comparison of one event. Once steps is negative it is over, and the event is refused.
type checking struct {
	steps, depth int
}

// wrong is a violation; whoever descends writes the path in front.
func wrong(message, expected string) *Violation {
	return &Violation{Message: message, Expected: expected}
}

func (v *Violation) below(part string) *Violation {
	if v != nil {
		v.Path = part + v.Path
	}
	return v
}

// object compares the top level of an event, whose fields are known.
func (c *checking) object(s *schema, o *event.Object) *Violation {
	return c.compare(s, event.Value{Kind: event.Nested, Raw: o.Raw}, o)
}

func (c *checking) value(s *schema, v event.Value) *Violation { return c.compare(s, v, nil) }

// compare compares a value; o holds the fields of an object when they are known.
func (c *checking) compare(s *schema, v event.Value, o *event.Object) *Violation {
	if c.steps--; c.steps < 0 || c.depth == maxDepth {
		c.steps = -1
		return nil
	}
	c.depth++
	bad := c.whole(s, v, o)
	c.depth--
	return bad
}

// whole compares a value with all that a schema asks for.
func (c *checking) whole(s *schema, v event.Value, o *event.Object) *Violation {
	if s.never {
		return wrong("is not allowed", "")
	}
	if s.types != 0 && s.types&typesOf(v) == 0 {
		return wrong("is "+article(v), strings.Join(typeList(s.types), " or "))
	}
	if s.enum != nil && !oneOfScalars(s.enum, v) {
		return wrong("has another value", s.expected)
	}
	var bad *Violation
	switch v.Kind {
	case event.String:
		bad = s.text(v.Raw)
	case event.Number:
		bad = s.number(v.Raw)
	case event.Array:
		bad = c.array(s, v)
	case event.Nested:
		if o == nil && s.looksInside() {
			nested := v.Object()
			o = &nested
		}
		if o != nil {
			bad = c.fields(s, o)
		}
	}
	if bad != nil {
		return bad
	}
	return c.applicators(s, v, o)
}

func (s *schema) looksInside() bool {
	return len(s.props) > 0 || len(s.required) > 0 || len(s.patterns) > 0 || s.additional != nil || s.minProps > 0 || s.maxProps >= 0
}

// applicators compares with the schemas that s combines.
func (c *checking) applicators(s *schema, v event.Value, o *event.Object) *Violation {
	if s.ref != nil {
		if bad := c.compare(s.ref, v, o); bad != nil {
			return bad
		}
	}
	for _, sub := range s.all {
		if bad := c.compare(sub, v, o); bad != nil {
			return bad
		}
	}
	if s.any != nil && c.matches(s.any, v, o, 1) == 0 {
		return wrong("fits none of the alternatives", "one of anyOf")
	}
	if s.one != nil {
		if n := c.matches(s.one, v, o, 2); n != 1 {
			return wrong("fits "+[]string{"none", "", "more than one"}[n]+" of the alternatives", "exactly one of oneOf")
		}
	}
	if s.not != nil && c.compare(s.not, v, o) == nil {
		return wrong("is what it must not be", "")
	}
	if s.cond == nil {
		return nil
	}
	branch := s.then
	if c.compare(s.cond, v, o) != nil {
		branch = s.els
	}
	if branch == nil {
		return nil
	}
	return c.compare(branch, v, o)
}

// matches counts the schemas that a value fits, up to a number.
func (c *checking) matches(all []*schema, v event.Value, o *event.Object, most int) int {
	n := 0
	for _, s := range all {
		if c.compare(s, v, o) == nil {
			if n++; n == most {
				return n
			}
		}
	}
	return n
}

func (c *checking) fields(s *schema, o *event.Object) *Violation {
	n := len(o.Fields)
	if n < s.minProps {
		return wrong("has "+strconv.Itoa(n)+" properties", "at least "+strconv.Itoa(s.minProps))
	}
	if s.maxProps >= 0 && n > s.maxProps {
		return wrong("has "+strconv.Itoa(n)+" properties", "at most "+strconv.Itoa(s.maxProps))
	}
	for _, name := range s.required {
		if o.Get(name).Kind == event.None {
			return wrong("is missing", "").below("." + name)
		}
	}
	for i := range s.props {
		p := &s.props[i]
		if v := o.Get(p.name); v.Kind != event.None {
			if bad := c.value(p.schema, v); bad != nil {
				return bad.below("." + p.name)
			}
		}
	}
	if len(s.patterns) == 0 && s.additional == nil {
		return nil
	}
	for i := range o.Fields {
		f := &o.Fields[i]
		if bad := c.others(s, f); bad != nil {
			return bad.below("." + shownKey(f.Key))
		}
	}
	return nil
}

// others compares a field with patternProperties, and with additionalProperties when nothing else names it.
func (c *checking) others(s *schema, f *event.Field) *Violation {
	named := s.names(f.Key)
	for _, p := range s.patterns {
		if len(f.Key) > maxMatched || !p.name.MatchString(f.Key) {
			continue
		}
		named = true
		if bad := c.value(p.schema, f.Value); bad != nil {
			return bad
		}
	}
	if named || s.additional == nil {
		return nil
	}
	if s.additional.never {
		return wrong("is not named by the plan", "only the properties that the schema names")
	}
	return c.value(s.additional, f.Value)
}

func (s *schema) names(key string) bool {
	for i := range s.props {
		if s.props[i].name == key {
			return true
		}
	}
	return false
}

// shownKey is a property's name for people: such names come from outside.
func shownKey(key string) string {
	if len(key) <= 64 {
		return key
	}
	return strings.ToValidUTF8(key[:61], "") + "…"
}

func (c *checking) array(s *schema, v event.Value) *Violation {
	if s.items == nil && s.minItems == 0 && s.maxItems < 0 && !s.unique {
		return nil
	}
	items := v.Items()
	n := len(items)
	if n < s.minItems {
		return wrong("has "+strconv.Itoa(n)+" items", "at least "+strconv.Itoa(s.minItems))
	}
	if s.maxItems >= 0 && n > s.maxItems {
		return wrong("has "+strconv.Itoa(n)+" items", "at most "+strconv.Itoa(s.maxItems))
	}
	if s.unique && !unique(items) {
		return wrong("has an item twice", "each item once")
	}
	if s.items != nil {
		for i, item := range items {
			if bad := c.value(s.items, item); bad != nil {
				return bad.below("[" + strconv.Itoa(i) + "]")
			}
		}
	}
	return nil
}

// unique reports whether no two items are equal.
func unique(items []event.Value) bool {
	seen := make(map[string]bool, len(items))
	for _, item := range items {
		text := item.JSON()
		if seen[text] {
			return false
		}
		seen[text] = true
	}
	return true
}

func (s *schema) text(text string) *Violation {
	if s.minLen > 0 || s.maxLen >= 0 {
		n := utf8.RuneCountInString(text)
		if n < s.minLen {
			return wrong("has "+strconv.Itoa(n)+" characters", "at least "+strconv.Itoa(s.minLen))
		}
		if s.maxLen >= 0 && n > s.maxLen {
			return wrong("has "+strconv.Itoa(n)+" characters", "at most "+strconv.Itoa(s.maxLen))
		}
	}
	if s.pattern != nil {
		if len(text) > maxMatched {
			return wrong("is longer than "+strconv.Itoa(maxMatched)+" bytes", "a shorter text: longer ones are not compared with a pattern")
		}
		if !s.pattern.MatchString(text) {
			return wrong("does not fit the pattern", s.pattern.String())
		}
	}
	if s.format != "" && !formats[s.format](text) {
		return wrong("has another format", s.format)
	}
	return nil
}

func (s *schema) number(text string) *Violation {
	if s.min == nil && s.max == nil && s.above == nil && s.below == nil && s.multiple == nil {
		return nil
	}
	n := newNumber(text)
	switch {
	case s.min != nil && n.compare(s.min) < 0:
		return wrong("is too small", "at least "+s.min.text)
	case s.max != nil && n.compare(s.max) > 0:
		return wrong("is too large", "at most "+s.max.text)
	case s.above != nil && n.compare(s.above) <= 0:
		return wrong("is too small", "more than "+s.above.text)
	case s.below != nil && n.compare(s.below) >= 0:
		return wrong("is too large", "less than "+s.below.text)
	case s.multiple != nil && !n.multipleOf(s.multiple):
		return wrong("is no multiple", "a multiple of "+s.multiple.text)
	}
	return nil
}

// typesOf are the types of JSON Schema that a value is of: a whole number is an integer however it is written.
func typesOf(v event.Value) types {
	switch v.Kind {
	case event.Null:
		return typeNull
	case event.Bool:
		return typeBool
	case event.Number:
		n := newNumber(v.Raw)
		if n.whole() {
			return typeNumber | typeInteger
		}
		return typeNumber
	case event.String:
		return typeString
	case event.Array:
		return typeArray
	}
	return typeObject
}

func article(v event.Value) string {
	switch v.Kind {
	case event.Null:
		return "null"
	case event.Bool:
		return "a boolean"
	case event.Number:
		return "a number"
	case event.String:
		return "a string"
	case event.Array:
		return "an array"
	}
	return "an object"
}

// scalar is a value of enum or const.
type scalar struct {
	kind    strategy.TreeKind
	text    string
	boolean bool
	number  number
}

func oneOfScalars(all []scalar, v event.Value) bool {
	for i := range all {
		if all[i].is(v) {
			return true
		}
	}
	return false
}

func (s *scalar) is(v event.Value) bool {
	switch v.Kind {
	case event.Null:
		return s.kind == strategy.TreeNull
	case event.Bool:
		b, _ := v.Bool()
		return s.kind == strategy.TreeBool && s.boolean == b
	case event.Number:
		if s.kind != strategy.TreeNumber {
			return false
		}
		n := newNumber(v.Raw)
		return n.compare(&s.number) == 0
	case event.String:
		return s.kind == strategy.TreeText && s.text == v.Raw
	}
	return false
}

// number is a JSON number. Short ones are compared as floating point numbers, which is exact for them; others as fractions.
type number struct {
	text  string
	value float64
	short bool // at most 15 digits and no exponent
}

func newNumber(text string) number {
	n := number{text: text, short: len(text) <= 16 && !strings.ContainsAny(text, "eE")}
	n.value, _ = strconv.ParseFloat(text, 64)
	return n
}

func (n *number) sign() int {
	switch {
	case n.value > 0:
		return 1
	case n.value < 0:
		return -1
	}
	return 0
}

// rat is the exact value; nil when its exponent is absurd.
func (n *number) rat() *big.Rat {
	if at := strings.IndexAny(n.text, "eE"); at >= 0 {
		if e, err := strconv.Atoi(n.text[at+1:]); err != nil || e > 400 || e < -400 {
			return nil
		}
	}
	r, ok := new(big.Rat).SetString(n.text)
	if !ok {
		return nil
	}
	return r
}

func (n *number) whole() bool {
	if !strings.ContainsAny(n.text, ".eE") {
		return true
	}
	if r := n.rat(); r != nil {
		return r.IsInt()
	}
	return n.value == float64(int64(n.value)) || n.value > 1e300 || n.value < -1e300
}

func (n *number) compare(m *number) int {
	if !n.short || !m.short {
		if x, y := n.rat(), m.rat(); x != nil && y != nil {
			return x.Cmp(y)
		}
	}
	switch {
	case n.value < m.value:
		return -1
	case n.value > m.value:
		return 1
	}
	return 0
}

func (n *number) multipleOf(m *number) bool {
	x, y := n.rat(), m.rat()
	if x == nil || y == nil {
		return false
	}
	return x.Quo(x, y).IsInt()
}

// formats are the formats that are checked.
var formats = map[string]func(string) bool{
	"date":      func(s string) bool { _, err := time.Parse(time.DateOnly, s); return err == nil },
	"date-time": func(s string) bool { _, err := time.Parse(time.RFC3339Nano, s); return err == nil },
	"email": func(s string) bool {
		name, host, ok := strings.Cut(s, "@")
		return ok && name != "" && host != "" && !strings.ContainsAny(s, " \t\r\n") && !strings.Contains(host, "@")
	},
	"uri":  func(s string) bool { return len(s) <= maxMatched && uriForm.MatchString(s) },
	"uuid": func(s string) bool { return len(s) == 36 && uuidForm.MatchString(s) },
}

var formatNames = []string{"date", "date-time", "email", "uri", "uuid"}

var (
	uriForm  = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9+.-]*:[^\s<>"{}|\\^` + "`" + `]+$`)
	uuidForm = regexp.MustCompile(`^[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12}$`)
)
