package eventfile

import (
	"sort"

	"github.com/weir-engine/weir/shared/event"
	"github.com/weir-engine/weir/shared/fault"
)

// Mapping says how the rows of a table become events (docs/mapping.md). It is immutable.
type Mapping struct {
	delimiter byte // 0: runs of white space
	header    bool
	skip      int      // lines before the header or the first row
	columns   []string // names by position, when there is no header
	decimal   byte     // the decimal mark of numbers
	thousands byte     // a mark to pass over in numbers; 0: none
	zone      string   // of times without an offset; "": UTC
	group     *grouping
	rules     []rule
	skipRest  bool        // rows that no rule takes are passed over rather than refused
	refs      []columnRef // the columns that are read
	zones     []string    // the zones in use
}

// columnRef is a column that the mapping reads and where it says so.
type columnRef struct {
	name      string
	line, col int
}

// grouping makes one event of adjacent rows.
type grouping struct {
	by []int // refs of the columns that are equal in all of them
}

// rule makes an event of the rows that its condition holds for.
type rule struct {
	when       *cond // nil: always
	skip       bool
	kind       event.Kind
	name       *value
	user       *value
	anonymous  *value
	previous   *value
	groupID    *value
	message    *value
	id         []int // refs that form the messageId
	time       *value
	properties []property
	traits     []property
	context    []property
}

// property is one field of properties, traits or context.
type property struct {
	key   string
	value *value
}

// as is the type a value takes.
type as uint8

const (
	asString as = iota
	asNumber
	asBool
	asMoney
	asTime
	asJSON
)

var asNames = []string{"string", "number", "bool", "money", "time", "json"}

// aggregate says what the rows of a group make of a value.
type aggregate uint8

const (
	aggFirst aggregate = iota
	aggLast
	aggSum
	aggMin
	aggMax
	aggCount
	aggList
)

var aggNames = []string{"first", "last", "sum", "min", "max", "count", "list"}

// value is where a field comes from.
type value struct {
	columns  []int // refs; several are joined by a space
	constant *string
	expr     *expr
	object   []property // a nested object, one a row when agg is list
	as       as
	table    map[string]string
	fallback *string // for a text that the table lacks, or an empty one
	minor    bool    // money in minor units
	currency string
	currCol  int // ref of the column with the currency, or -1
	layout   layout
	zone     string
	agg      aggregate
}

// ParseMapping reads a mapping file (YAML, docs/mapping.md). The error lists every mistake with its line and column.
func ParseMapping(text []byte) (*Mapping, error) {
	root, err := parseYAML(text)
	if err != nil {
		return nil, err
	}
	c := &compiler{m: &Mapping{delimiter: ',', header: true, decimal: '.'}, refs: map[string]int{}, zones: map[string]bool{}, inherited: map[string]entry{}, errs: root.errs}
	c.root(root)
	if len(*root.errs) > 0 {
		return nil, mappingFault(*root.errs)
	}
	for name := range c.zones {
		c.m.zones = append(c.m.zones, name)
	}
	sort.Strings(c.m.zones)
	return c.m, nil
}

func mappingFault(errs []*mapError) error {
	sort.SliceStable(errs, func(i, j int) bool {
		return errs[i].line < errs[j].line || errs[i].line == errs[j].line && errs[i].col < errs[j].col
	})
	text, hint := "", ""
	for i, e := range errs {
		if i > 0 {
			text += "; "
		}
		if text += e.Error(); hint == "" {
			hint = e.hint
		}
	}
	return fault.New(fault.Invalid, "%s", text).WithHint("%s", hint)
}
