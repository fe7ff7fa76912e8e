package segment

import (
	"slices"
	"strconv"
	"strings"

	"github.com/weir-engine/weir/shared/zone"
)

// Compile reads and checks a condition. The error is an *Error.
func Compile(src string, s *Schema) (*Program, error) {
	root, err := parse(src)
	if err != nil {
		return nil, err
	}
	c := &checker{src: src, schema: s}
	if err := c.check(root); err != nil {
		return nil, err
	}
	if err := c.condition(root, "the condition as a whole"); err != nil {
		return nil, err
	}
	return &Program{src: src, root: root, refs: c.refs}, nil
}

// checker resolves references and gives every node its type.
type checker struct {
	src    string
	schema *Schema
	refs   []*Ref

	suggested []string // names of metrics that the error at hand asks for
}

func (c *checker) fail(n *Node, message string) *Error { return errorAt(c.src, n.Offset, message) }

func (c *checker) check(n *Node) *Error {
	if n.Op == OpRef {
		return c.ref(n)
	}
	for i, a := range n.Args {
		if a.Op == OpList && (i != 1 || !n.takesList()) {
			return c.fail(a, "a list stands where a single value belongs").expect("a list only after in, has_any and has_all, as in tier in [\"gold\", \"silver\"]")
		}
		if err := c.check(a); err != nil {
			return err
		}
	}
	switch n.Op {
	case OpNull:
		n.Type = TNull
	case OpBool:
		n.Type = TBool
	case OpNumber:
		n.Type = TNumber
	case OpString:
		n.Type = TString
	case OpList:
		n.Type = TList
	case OpNot, OpAnd, OpOr:
		n.Type = TBool
		for _, a := range n.Args {
			if err := c.condition(a, "one side of "+n.Op.String()); err != nil {
				return err
			}
		}
	case OpEq, OpNe, OpLt, OpLe, OpGt, OpGe:
		return c.comparison(n)
	case OpIn:
		return c.in(n)
	case OpContains, OpStartsWith, OpEndsWith:
		return c.text(n)
	case OpNeg, OpAdd, OpSub, OpMul, OpDiv:
		return c.arithmetic(n)
	case OpCall:
		return c.call(n)
	}
	return nil
}

// condition demands a truth value.
func (c *checker) condition(n *Node, where string) *Error {
	if n.Type == TBool || n.Type == TAny {
		return nil
	}
	if n.Op == OpList {
		return c.fail(n, where+" is a list").expect("a condition (true or false)")
	}
	e := c.fail(n, where+" is "+n.Type.article()).expect("a condition (true or false), such as a comparison")
	switch {
	case n.Op == OpString:
		e.DidYouMean = "a comparison with this text, as in stage == " + shorten(n.String())
	case n.Type == TNumber && n.Op == OpRef:
		e.DidYouMean = n.String() + " > 0"
	}
	return e
}

func (c *checker) comparison(n *Node) *Error {
	n.Type = TBool
	a, b := n.Args[0], n.Args[1]
	if n.Op != OpEq && n.Op != OpNe {
		for _, side := range n.Args {
			if side.Type == TNull || side.Type == TBool {
				return c.fail(side, side.Type.article()+" has no order").expect("a number, a text or a time on both sides of " + n.Op.String())
			}
		}
	}
	if !comparable(a.Type, b.Type) {
		return c.mismatch(n, a, b)
	}
	if err := c.enumerated(a, b); err != nil {
		return err
	}
	return c.enumerated(b, a)
}

func comparable(a, b Type) bool {
	return a == b || a == TAny || b == TAny || a == TNull || b == TNull
}

// mismatch explains why two sides cannot be compared.
func (c *checker) mismatch(n, a, b *Node) *Error {
	e := c.fail(n, a.Type.article()+" is compared with "+b.Type.article()).expect("the same type on both sides of " + n.Op.String())
	lit, other := b, a
	if a.Op == OpString || a.Op == OpNumber {
		lit, other = a, b
	}
	switch {
	case lit.Op == OpString && other.Type == TTime:
		e.DidYouMean = "date(" + shorten(lit.String()) + ")"
	case lit.Op == OpNumber && other.Type == TTime:
		e.DidYouMean = "days_since(" + other.String() + ")"
	case lit.Op == OpString && other.Type == TNumber:
		if _, err := strconv.ParseFloat(lit.Str, 64); err == nil {
			e.DidYouMean = lit.Str + " without quotes"
		}
	}
	return e
}

// enumerated refuses to compare a field of known values with a literal that is none of them.
func (c *checker) enumerated(n, literal *Node) *Error {
	if n.Op != OpRef || n.Ref.Kind != RefField || literal.Op != OpString || literal.Str == "" {
		return nil
	}
	values, ok := c.schema.enums[n.Ref.Field()]
	if !ok || slices.Contains(values, literal.Str) {
		return nil
	}
	e := c.fail(literal, n.Ref.Name+" is never "+shorten(literal.String())).expect("one of " + strings.Join(values, ", "))
	return e.suggest(literal.Str, values, quote)
}

func quote(s string) string { return string(appendQuoted(nil, s)) }

func (c *checker) in(n *Node) *Error {
	n.Type = TBool
	left, right := n.Args[0], n.Args[1]
	if right.Op != OpList {
		if right.Type != TAny {
			return c.fail(right, "after in stands "+right.Type.article()).expect("a list, as in [\"a\", \"b\"], or a trait that holds one")
		}
		return nil
	}
	for _, e := range right.Args {
		if !comparable(left.Type, e.Type) {
			return c.mismatch(&Node{Op: OpIn, Offset: e.Offset}, left, e)
		}
		if err := c.enumerated(left, e); err != nil {
			return err
		}
	}
	return nil
}

func (c *checker) text(n *Node) *Error {
	n.Type = TBool
	for i, a := range n.Args {
		if a.Type == TString || a.Type == TAny {
			continue
		}
		if n.Op == OpContains && i == 1 && n.Args[0].Type == TAny && a.Type != TNull {
			continue // an element of a list
		}
		return c.fail(a, "one side of "+n.Op.String()+" is "+a.Type.article()).expect("a text")
	}
	return nil
}

func (c *checker) arithmetic(n *Node) *Error {
	n.Type = TNumber
	for _, a := range n.Args {
		if a.Type == TNumber || a.Type == TAny {
			continue
		}
		e := c.fail(a, "one side of "+n.Op.String()+" is "+a.Type.article()).expect("a number")
		if a.Type == TTime {
			e.DidYouMean = "days_since(" + a.String() + ") or days_between(a, b)"
		}
		return e
	}
	return nil
}

// ref resolves a reference against the schema and gives it its slot.
func (c *checker) ref(n *Node) *Error {
	r := n.Ref
	if err := c.resolve(n, r); err != nil {
		return err
	}
	n.Type = r.Type
	n.Ref = c.slot(r)
	return nil
}

// slot returns the reference that stands for r among those of the program.
func (c *checker) slot(r *Ref) *Ref {
	for _, known := range c.refs {
		if sameRef(known, r) {
			return known
		}
	}
	r.Slot = len(c.refs)
	c.refs = append(c.refs, r)
	return r
}

func (c *checker) resolve(n *Node, r *Ref) *Error {
	s := c.schema
	if s.properties != (r.Kind == RefProperty) {
		if s.properties {
			return c.fail(n, r.String()+" is not known here: this condition is about one event").expect("properties.name")
		}
		return c.fail(n, "properties belong to events, this condition is about a user").expect("traits.name, or a metric whose where has this condition")
	}
	if reason, ok := s.refused[r.group()]; ok {
		return c.fail(n, r.String()+" cannot be used here").expect(reason)
	}
	switch r.Kind {
	case RefField:
		return c.field(n, r)
	case RefMetric:
		return c.metric(n, r)
	case RefMeasure:
		return c.measure(n, r)
	case RefTrait, RefProperty:
		r.Type = TAny
	case RefTag:
		r.Type = TBool
		if !s.anyTag && !slices.Contains(s.tags, r.Name) {
			return c.unknown(n, "tag", r.Name, s.tags, "tags or event_tags")
		}
	case RefSegment:
		r.Type = TBool
		if r.Index = slices.Index(s.segments, r.Name); r.Index < 0 {
			return c.unknown(n, "segment", r.Name, s.segments, "segments")
		}
	case RefEvent:
		r.Type = TTime
		if r.Stat == StatCount {
			r.Type = TNumber
		}
		if r.Index = slices.Index(s.events, r.Name); r.Index < 0 {
			return c.unknown(n, "event", r.Name, s.events, "events")
		}
	case RefBucket:
		return c.bucket(n, r)
	case RefList:
		return c.list(n, r)
	case RefMessage:
		return c.message(n, r)
	}
	return nil
}

// group is the name under which Schema.Refuse knows the reference.
func (r *Ref) group() string {
	switch r.Kind {
	case RefMetric, RefMeasure:
		return "metrics"
	case RefTrait:
		return "traits"
	case RefTag:
		return "tags"
	case RefSegment:
		return "segments"
	case RefEvent:
		return "event"
	case RefBucket:
		return "bucket"
	case RefList:
		return "lists"
	case RefMessage:
		return "message"
	}
	return r.Name
}

func (c *checker) unknown(n *Node, what, name string, known []string, where string) *Error {
	e := c.fail(n, "there is no "+what+" "+quote(shorten(name))).expect("a " + what + " declared under " + where)
	if what == "event" {
		e = e.expect("an event declared under events, so that its count, first and last time are kept")
	}
	return e.suggest(name, known, quote)
}

func (c *checker) field(n *Node, r *Ref) *Error {
	var names []string
	for i, f := range fieldSpecs {
		if f.Name != r.Name {
			names = append(names, f.Name)
			continue
		}
		r.Index, r.Type = i, f.Type
		if r.Window > f.MaxWindow {
			e := c.fail(n, r.Name+" takes no window")
			if f.MaxWindow > 0 {
				e = c.fail(n, "the window of "+r.Name+" is longer than "+strconv.Itoa(f.MaxWindow)+" days")
			}
			return e.expect("one of orders[days], purchase_days[days], spend[days], active_days[days], or a metric's window")
		}
		if r.Window == 0 {
			r.Window = f.Default
		}
		return nil
	}
	if _, ok := functionsByName[r.Name]; ok {
		return c.fail(n, r.Name+" is a function").expect(r.Name + "(…)")
	}
	e := c.fail(n, "there is no field "+shorten(r.Name)).expect("a field such as stage, orders or recency_days, metrics.name, traits.name, or a text in quotes")
	e = e.suggest(r.Name, names, same)
	for _, m := range c.schema.metrics {
		if m.name == r.Name {
			e.DidYouMean = "metrics." + r.Name
		}
	}
	for _, values := range [][]string{c.schema.enums[FieldStage], c.schema.enums[FieldRFM], c.schema.enums[FieldTier]} {
		if e.DidYouMean == "" && slices.Contains(values, r.Name) {
			e.DidYouMean = quote(r.Name)
		}
	}
	return e
}

func (c *checker) metric(n *Node, r *Ref) *Error {
	var names []string
	for i, m := range c.schema.metrics {
		if m.name != r.Name {
			names = append(names, m.name)
			continue
		}
		r.Index, r.Type = i, m.typ
		if r.Window == 0 && len(m.windows) > 0 {
			r.Window = m.windows[0]
		}
		if !slices.Contains(m.windows, r.Window) {
			days := make([]string, len(m.windows))
			for i, w := range m.windows {
				days[i] = strconv.Itoa(w)
			}
			e := c.fail(n, "the metric "+r.Name+" keeps no window of "+strconv.Itoa(r.Window)+" days")
			return e.expect("one of " + strings.Join(days, ", ") + ", or the window added to the metric's windows")
		}
		return nil
	}
	e := c.fail(n, "there is no metric "+shorten(r.Name)).expect("a metric declared under metrics")
	e = e.suggest(r.Name, names, func(s string) string { return "metrics." + s })
	if e.DidYouMean == "" {
		for _, f := range fieldSpecs {
			if f.Name == r.Name {
				e.DidYouMean = r.Name
			}
		}
	}
	return e
}

// call checks a function's arguments.
func (c *checker) call(n *Node) *Error {
	id, ok := functionsByName[n.Str]
	if !ok {
		e := c.fail(n, "there is no function "+shorten(n.Str))
		if f := slices.IndexFunc(fieldSpecs[:], func(f FieldSpec) bool { return f.Name == n.Str }); f >= 0 {
			return c.fail(n, n.Str+" is a field, not a function").expect(n.Str + " without parentheses")
		}
		return e.expect("one of "+strings.Join(functionNames, ", ")).suggest(n.Str, slices.Concat(functionNames, measureNames[:]), same)
	}
	f := &functions[id]
	n.fn, n.Type = id, f.result
	if len(n.Args) < f.min || f.max >= 0 && len(n.Args) > f.max {
		return c.fail(n, n.Str+" takes "+f.arity()+", not "+strconv.Itoa(len(n.Args))).expect(f.usage)
	}
	for _, a := range n.Args {
		if !f.accepts(a.Type) {
			return c.fail(a, n.Str+" is given "+a.Type.article()).expect(f.usage)
		}
	}
	switch id {
	case fnDate:
		return c.date(n)
	case fnCoalesce:
		return c.coalesce(n)
	case fnHasAny, fnHasAll:
		return c.overlap(n)
	case fnInUserZone:
		n.Type = n.Args[0].Type
		return c.zoned(n)
	case fnAnniversary, fnYearsSince:
		return c.zoned(n)
	}
	return nil
}

func (c *checker) date(n *Node) *Error {
	a := n.Args[0]
	if a.Op != OpString {
		return c.fail(a, "date takes a written date").expect(`date("2026-01-31"); a trait is turned into a time by time(x)`)
	}
	day, err := zone.ParseDay(a.Str)
	if err != nil {
		return c.fail(a, shorten(a.String())+" is no date").expect(`a date of the calendar as in date("2026-01-31")`)
	}
	n.Num = float64(day)
	return nil
}

func (c *checker) coalesce(n *Node) *Error {
	n.Type = TNull
	for _, a := range n.Args {
		switch {
		case a.Type == TNull || a.Type == n.Type:
		case n.Type == TNull:
			n.Type = a.Type
		case a.Type == TAny || n.Type == TAny:
			n.Type = TAny
		default:
			return c.fail(a, "coalesce is given "+n.Type.article()+" and "+a.Type.article()).expect("arguments of one type")
		}
	}
	return nil
}
