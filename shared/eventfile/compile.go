package eventfile

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/weir-engine/weir/shared/event"
)

// compiler turns the YAML of a mapping into a Mapping.
type compiler struct {
	m         *Mapping
	refs      map[string]int
	zones     map[string]bool
	currency  string
	errs      *[]*mapError
	inherited map[string]entry // fields at the top level: what a rule does not say itself
}

// fieldKeys are the keys that say what an event is made of; they stand at the top level, in a rule, or in both.
var fieldKeys = []string{"type", "event", "user_id", "anonymous_id", "previous_id", "group_id", "message_id", "id", "timestamp", "properties", "traits", "context"}

func (c *compiler) root(n node) {
	tableKeys := []string{"version", "delimiter", "header", "columns", "skip_lines", "decimal", "thousands", "zone", "currency", "group", "events", "otherwise"}
	entries := n.entries(append(tableKeys, fieldKeys...)...)
	version := false
	for _, e := range entries {
		switch v := e.value; e.key {
		case "version":
			version = v.choice("1") == "1"
		case "zone":
			c.m.zone = c.zone(v)
		case "currency":
			c.currency = currency(v)
		default:
			c.table(e)
		}
	}
	if !version {
		n.errorf("begin the file with: version: 1", "version is missing")
	}
	for _, e := range entries {
		if contains(fieldKeys, e.key) {
			c.inherited[e.key] = e
		}
	}
	c.events(n, entries)
	for _, e := range entries {
		if e.key == "group" {
			c.group(e.value)
		}
	}
	if !c.m.header && len(c.m.columns) == 0 {
		c.numbered()
	}
}

// table reads the keys about the table itself.
func (c *compiler) table(e entry) {
	switch v := e.value; e.key {
	case "delimiter":
		c.m.delimiter = delimiter(v)
	case "header":
		c.m.header = v.choice("true", "false", "none") == "true"
	case "columns":
		for _, item := range v.list() {
			c.m.columns = append(c.m.columns, item.text())
		}
	case "skip_lines":
		k, err := strconv.Atoi(v.text())
		if err != nil || k < 0 || k > 1000 {
			v.errorf("", "expected a number of lines from 0 to 1000")
		}
		c.m.skip = k
	case "decimal":
		c.m.decimal = v.choice(".", ",")[0]
	case "thousands":
		if s := v.choice(",", ".", " ", "'", "_"); s != "" {
			c.m.thousands = s[0]
		}
	case "otherwise":
		c.m.skipRest = v.choice("reject", "skip") == "skip"
	}
}

func delimiter(n node) byte {
	switch s := n.text(); {
	case s == "whitespace":
		return 0
	case s == "tab":
		return '\t'
	case len(s) == 1 && s[0] < 0x80 && s[0] != '"' && s[0] != '\n' && s[0] != '\r':
		return s[0]
	default:
		n.errorf("", "the delimiter is one character, tab, or whitespace (runs of spaces and tabs), not %q", s)
		return ','
	}
}

func (c *compiler) zone(n node) string {
	name := n.text()
	c.zones[name] = true
	return name
}

var currencyCode = regexp.MustCompile(`^[A-Z]{3}$`)

func currency(n node) string {
	s := n.text()
	if !currencyCode.MatchString(s) {
		n.errorf("", "a currency is three capital letters of ISO 4217, such as USD, not %q", s)
	}
	return s
}

// events compiles the rules; without any the top level is the one rule.
func (c *compiler) events(root node, entries []entry) {
	for _, e := range entries {
		if e.key == "events" {
			if !e.value.isList() {
				e.value.errorf(mapHint, "expected a list of rules")
				return
			}
			for _, item := range e.value.list() {
				c.m.rules = append(c.m.rules, c.rule(item))
			}
			return
		}
	}
	c.m.rules = []rule{c.fields(root, nil)}
}

func (c *compiler) rule(n node) rule {
	var when *cond
	own := map[string]entry{}
	skip := false
	for _, e := range n.entries(append([]string{"when", "skip"}, fieldKeys...)...) {
		switch e.key {
		case "when":
			when = c.cond(e.value, 0)
		case "skip":
			skip = e.value.boolean()
		default:
			own[e.key] = e
		}
	}
	if skip {
		return rule{when: when, skip: true}
	}
	r := c.fields(n, own)
	r.when = when
	return r
}

// fields compiles what an event is made of; own overrides what is inherited, and maps of fields are joined.
func (c *compiler) fields(at node, own map[string]entry) rule {
	var r rule
	r.kind = event.Track
	get := func(key string) (node, bool) {
		if e, ok := own[key]; ok {
			return e.value, true
		}
		e, ok := c.inherited[key]
		return e.value, ok
	}
	if n, ok := get("type"); ok {
		r.kind = event.KindOf(n.choice("track", "identify", "page", "screen", "group", "alias"))
	}
	if n, ok := get("event"); ok {
		r.name = c.name(n)
	} else if r.kind == event.Track {
		at.errorf("add event: NAME, or event: {column: NAME}", "a track event needs an event name")
	}
	for _, f := range []struct {
		key string
		dst **value
	}{{"user_id", &r.user}, {"anonymous_id", &r.anonymous}, {"previous_id", &r.previous}, {"group_id", &r.groupID}, {"message_id", &r.message}, {"timestamp", &r.time}} {
		if n, ok := get(f.key); ok {
			*f.dst = c.value(n, 0)
		}
	}
	if r.user == nil && r.anonymous == nil {
		at.errorf("name the column that identifies the user: user_id: COLUMN", "user_id or anonymous_id is missing")
	}
	if r.time == nil {
		at.errorf("name the column with the time: timestamp: {column: NAME, layout: \"%Y-%m-%d\"}", "timestamp is missing")
	} else {
		r.time.as = asTime
	}
	if n, ok := get("id"); ok {
		for _, item := range n.list() {
			r.id = append(r.id, c.ref(item.text(), item))
		}
		if r.message != nil {
			n.errorf("keep one of the two", "id and message_id are both given")
		}
	}
	r.properties = c.properties("properties", own)
	r.traits = c.properties("traits", own)
	r.context = c.properties("context", own)
	return r
}

// name compiles an event's name: a scalar is the name itself, a map says where it comes from.
func (c *compiler) name(n node) *value {
	if n.isMap() {
		return c.value(n, 0)
	}
	s := n.text()
	return &value{constant: &s, currCol: -1}
}

func (c *compiler) properties(key string, own map[string]entry) []property {
	var out []property
	for _, e := range []entry{c.inherited[key], own[key]} {
		if e.value.n == nil {
			continue
		}
		for _, p := range c.object(e.value, 0) {
			replaced := false
			for i := range out {
				if out[i].key == p.key {
					out[i], replaced = p, true
				}
			}
			if !replaced {
				out = append(out, p)
			}
		}
	}
	return withCurrency(out)
}

// withCurrency adds the currency of the first amount of money, unless a currency is mapped.
func withCurrency(list []property) []property {
	var of *value
	for _, p := range list {
		if p.key == "currency" {
			return list
		}
		if of == nil && p.value.as == asMoney && (p.value.currency != "" || p.value.currCol >= 0) {
			of = p.value
		}
	}
	switch {
	case of == nil:
		return list
	case of.currCol >= 0:
		return append(list, property{"currency", &value{columns: []int{of.currCol}, currCol: -1}})
	}
	return append(list, property{"currency", &value{constant: &of.currency, currCol: -1}})
}

func (c *compiler) object(n node, depth int) []property {
	var out []property
	for _, e := range n.entries() {
		out = append(out, property{e.key, c.value(e.value, depth)})
	}
	return out
}

var valueKeys = []string{"column", "columns", "constant", "expr", "object", "as", "table", "default", "unit", "currency", "currency_column", "layout", "zone", "agg"}

// value compiles a value: a scalar is a column's name.
func (c *compiler) value(n node, depth int) *value {
	v := &value{currency: c.currency, currCol: -1, zone: c.m.zone}
	if depth > 8 {
		n.errorf("", "objects are nested too deeply")
		return v
	}
	if !n.isMap() {
		v.columns = []int{c.ref(n.text(), n)}
		return v
	}
	sources, typed := 0, false
	for _, e := range n.entries(valueKeys...) {
		switch x := e.value; e.key {
		case "column", "columns":
			for _, item := range x.list() {
				v.columns = append(v.columns, c.ref(item.text(), item))
			}
			sources++
		case "constant":
			s := x.text()
			if v.constant = &s; !typed && x.isNumber() {
				v.as = asNumber
			}
			sources++
		case "expr":
			if v.expr = parseExpr(x, c.ref); !typed {
				v.as = asNumber
			}
			sources++
		case "object":
			v.object = c.object(x, depth+1)
			sources++
		case "as":
			v.as, typed = as(index(asNames, x.choice(asNames...))), true
		default:
			c.option(e, v)
		}
	}
	if sources != 1 {
		n.errorf("", "expected exactly one of column, constant, expr, object")
	}
	if v.expr != nil && v.as != asNumber && v.as != asMoney {
		n.errorf("", "arithmetic gives a number or money")
	}
	return v
}

// option compiles the keys that refine a value.
func (c *compiler) option(e entry, v *value) {
	switch x := e.value; e.key {
	case "table":
		v.table = map[string]string{}
		for _, t := range x.entries() {
			v.table[t.key] = t.value.text()
		}
	case "default":
		s := x.text()
		v.fallback = &s
	case "unit":
		v.minor = x.choice("minor", "major") == "minor"
	case "currency":
		v.currency = currency(x)
	case "currency_column":
		v.currCol = c.ref(x.text(), x)
	case "layout":
		v.layout = parseLayout(x)
	case "zone":
		v.zone = c.zone(x)
	case "agg":
		v.agg = aggregate(index(aggNames, x.choice(aggNames...)))
	}
}

func index(names []string, s string) int {
	for i, name := range names {
		if name == s {
			return i
		}
	}
	return 0
}

// ref notes that a column is read.
func (c *compiler) ref(name string, at node) int {
	if i, ok := c.refs[name]; ok {
		return i
	}
	line, col := at.pos()
	if name == "" {
		at.errorf("", "expected a column's name")
	}
	if !c.m.header && len(c.m.columns) > 0 && !contains(c.m.columns, name) && position(name) < 0 {
		at.errorf("", "no column %q; columns has: %s", name, strings.Join(c.m.columns, ", "))
	}
	c.m.refs = append(c.m.refs, columnRef{name, line, col})
	c.refs[name] = len(c.m.refs) - 1
	return len(c.m.refs) - 1
}

// position reads "$3" as 2, the position counted from 0; -1 for any other name.
func position(name string) int {
	if !strings.HasPrefix(name, "$") {
		return -1
	}
	k, err := strconv.Atoi(name[1:])
	if err != nil || k < 1 || k > 10_000 {
		return -1
	}
	return k - 1
}

// numbered checks that a table without header and names is read by position alone.
func (c *compiler) numbered() {
	for _, r := range c.m.refs {
		if position(r.name) < 0 {
			text := fmt.Sprintf("the table has no header: give the names in columns, or write $1, $2 … for %q", r.name)
			*c.errs = append(*c.errs, &mapError{r.line, r.col, text, mapHint})
		}
	}
}

func (c *compiler) group(n node) {
	g := &grouping{}
	for _, e := range n.entries("by") {
		for _, item := range e.value.list() {
			g.by = append(g.by, c.ref(item.text(), item))
		}
	}
	if len(g.by) == 0 {
		n.errorf("name the columns that are equal in all rows of one order: by: [order_id]", "group.by is missing")
	}
	c.m.group = g
}
