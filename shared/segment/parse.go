package segment

import (
	"math"
	"strings"
	"unicode/utf8"
)

// The budgets of one condition.
const (
	MaxSource = 8 << 10 // bytes of text
	MaxNodes  = 1000    // nodes of the tree
	MaxDepth  = 64      // nested operations, brackets and parentheses
)

// Precedences, from the loosest.
const (
	precOr = iota + 1
	precAnd
	precNot
	precCompare
	precAdd
	precMul
	precUnary
)

type infix struct {
	prec int
	op   Op
}

var infixes = map[string]infix{
	"||": {precOr, OpOr}, "&&": {precAnd, OpAnd},
	"==": {precCompare, OpEq}, "!=": {precCompare, OpNe}, "<": {precCompare, OpLt}, "<=": {precCompare, OpLe},
	">": {precCompare, OpGt}, ">=": {precCompare, OpGe}, "in": {precCompare, OpIn}, "not": {precCompare, OpIn},
	"contains": {precCompare, OpContains}, "startsWith": {precCompare, OpStartsWith}, "endsWith": {precCompare, OpEndsWith},
	"+": {precAdd, OpAdd}, "-": {precAdd, OpSub}, "*": {precMul, OpMul}, "/": {precMul, OpDiv},
}

// parser is a Pratt parser: every operator has a precedence, and parse(p) reads operators that bind tighter than p.
type parser struct {
	lex   lexer
	tok   token
	nodes int
	depth int
}

// parse reads a condition into a tree that is not checked yet.
func parse(src string) (*Node, *Error) {
	if len(src) > MaxSource {
		e := errorAt(src, 0, "the condition is longer than 8192 bytes")
		e.TooLarge = true
		return nil, e.expect("a shorter condition: name its parts as segments and use segments.has(\"name\")")
	}
	if !utf8.ValidString(src) {
		at := 0
		for at < len(src) {
			if r, n := utf8.DecodeRuneInString(src[at:]); r != utf8.RuneError || n > 1 {
				at += n
				continue
			}
			break
		}
		return nil, errorAt(src, at, "the text is not valid UTF-8 here")
	}
	p := &parser{lex: lexer{src: src}}
	if err := p.advance(); err != nil {
		return nil, err
	}
	if p.tok.kind == tokEOF {
		return nil, errorAt(src, 0, "the condition is empty").expect("a condition such as orders >= 3")
	}
	n, err := p.expr(0)
	if err != nil {
		return nil, err
	}
	if p.tok.kind != tokEOF {
		return nil, p.trailing()
	}
	return n, nil
}

func (p *parser) trailing() *Error {
	e := p.fail("the condition goes on with " + p.tok.describe()).expect("an operator such as && or ==, or the end")
	if p.tok.kind == tokName {
		e.suggest(p.tok.text, []string{"and", "or", "in", "not", "contains", "startsWith", "endsWith"}, same)
	}
	return e
}

func same(s string) string { return s }

func (p *parser) advance() *Error {
	t, err := p.lex.next()
	p.tok = t
	return err
}

func (p *parser) fail(message string) *Error { return errorAt(p.lex.src, p.tok.offset, message) }

func (p *parser) is(text string) bool { return p.tok.kind == tokPunct && p.tok.text == text }

// take reads the punctuation text or fails with what was expected.
func (p *parser) take(text, after string) *Error {
	if !p.is(text) {
		return p.fail("found " + p.tok.describe() + " " + after).expect(text)
	}
	return p.advance()
}

func (p *parser) node(op Op, offset int, args ...*Node) (*Node, *Error) {
	p.nodes++
	n := &Node{Op: op, Offset: offset, Args: args}
	for _, a := range args {
		n.depth = max(n.depth, a.depth+1)
	}
	if p.nodes > MaxNodes || n.depth > MaxDepth {
		return nil, p.budget(offset)
	}
	return n, nil
}

func (p *parser) budget(offset int) *Error {
	what := "has more than 1000 parts"
	if p.nodes <= MaxNodes {
		what = "is nested more than 64 deep"
	}
	e := errorAt(p.lex.src, offset, "the condition "+what)
	e.TooLarge = true
	return e.expect("smaller conditions: name parts of it as segments and use segments.has(\"name\")")
}

// expr reads an expression whose operators all bind tighter than prec.
func (p *parser) expr(prec int) (*Node, *Error) {
	if p.depth++; p.depth > MaxDepth {
		return nil, p.budget(p.tok.offset)
	}
	defer func() { p.depth-- }()
	left, err := p.prefix(prec)
	if err != nil {
		return nil, err
	}
	for p.tok.kind == tokPunct {
		in, ok := infixes[p.tok.text]
		if !ok || in.prec <= prec {
			break
		}
		if left, err = p.infix(left, in); err != nil {
			return nil, err
		}
	}
	return left, nil
}

// infix reads one operator and its right side.
func (p *parser) infix(left *Node, in infix) (*Node, *Error) {
	at, negated := p.tok.offset, p.is("not")
	if err := p.advance(); err != nil {
		return nil, err
	}
	if negated {
		if err := p.take("in", "after not"); err != nil {
			return nil, err
		}
	}
	right, err := p.expr(in.prec)
	if err != nil {
		return nil, err
	}
	if in.prec == precCompare {
		if next, ok := infixes[p.tok.text]; ok && p.tok.kind == tokPunct && next.prec == precCompare {
			return nil, p.fail("two comparisons in a row").expect("&& between them, as in 1 <= r && r <= 3")
		}
	}
	args := []*Node{left, right}
	if in.op == OpAnd || in.op == OpOr {
		args = p.flatten(in.op, left, right)
	}
	n, err := p.node(in.op, at, args...)
	if err == nil && negated {
		n, err = p.node(OpNot, at, n)
	}
	return n, err
}

// flatten joins the arguments of nested operations of the same kind, whose nodes it takes the place of.
func (p *parser) flatten(op Op, sides ...*Node) []*Node {
	var args []*Node
	for _, s := range sides {
		if s.Op == op {
			args = append(args, s.Args...)
			p.nodes--
		} else {
			args = append(args, s)
		}
	}
	return args
}

// prefix reads an operand.
func (p *parser) prefix(prec int) (*Node, *Error) {
	t := p.tok
	switch t.kind {
	case tokNumber, tokString:
		return p.literal(t)
	case tokName:
		return p.name()
	case tokPunct:
		switch t.text {
		case "(":
			return p.group()
		case "[":
			return p.list()
		case "!":
			return p.unary(OpNot, precUnary)
		case "-":
			return p.unary(OpNeg, precUnary)
		case "not":
			if prec >= precCompare {
				return nil, p.fail("not stands inside a comparison").expect("! or parentheses, as in (not x)")
			}
			return p.unary(OpNot, precNot)
		}
	}
	return nil, p.fail("found " + t.describe()).expect("a value: a field, a number, a text in quotes, or (")
}

func (p *parser) literal(t token) (*Node, *Error) {
	op := OpNumber
	if t.kind == tokString {
		op = OpString
	}
	n, err := p.node(op, t.offset)
	if err != nil {
		return nil, err
	}
	n.Num = t.num
	if op == OpString {
		n.Str = t.text
	}
	return n, p.advance()
}

func (p *parser) group() (*Node, *Error) {
	open := p.tok.offset
	if err := p.advance(); err != nil {
		return nil, err
	}
	n, err := p.expr(0)
	if err != nil {
		return nil, err
	}
	if p.tok.kind == tokEOF {
		return nil, errorAt(p.lex.src, open, "this parenthesis is not closed").expect(")")
	}
	return n, p.take(")", "inside parentheses")
}

func (p *parser) unary(op Op, prec int) (*Node, *Error) {
	at := p.tok.offset
	if err := p.advance(); err != nil {
		return nil, err
	}
	arg, err := p.expr(prec - 1)
	if err != nil {
		return nil, err
	}
	if op == OpNeg && arg.Op == OpNumber {
		arg.Num, arg.Offset = negate(arg.Num), at
		return arg, nil
	}
	return p.node(op, at, arg)
}

func negate(x float64) float64 {
	if x == 0 {
		return 0
	}
	return -x
}

// list reads [a, b, …].
func (p *parser) list() (*Node, *Error) {
	at := p.tok.offset
	args, err := p.elements("[", "]")
	if err != nil {
		return nil, err
	}
	return p.node(OpList, at, args...)
}

// elements reads a bracketed list of expressions separated by commas; a comma may stand after the last.
func (p *parser) elements(open, closing string) ([]*Node, *Error) {
	at := p.tok.offset
	if err := p.take(open, ""); err != nil {
		return nil, err
	}
	var args []*Node
	for !p.is(closing) {
		if p.tok.kind == tokEOF {
			return nil, errorAt(p.lex.src, at, "this bracket is not closed").expect(closing)
		}
		a, err := p.expr(0)
		if err != nil {
			return nil, err
		}
		args = append(args, a)
		if p.is(closing) {
			break
		}
		if p.tok.kind == tokEOF {
			return nil, errorAt(p.lex.src, at, "this bracket is not closed").expect(closing)
		}
		if !p.is(",") {
			return nil, p.fail("found " + p.tok.describe() + " in a list").expect(", or " + closing)
		}
		if err := p.advance(); err != nil {
			return nil, err
		}
	}
	return args, p.advance()
}

// name reads what begins with a name: a literal, a field, a reference into a group, or a call.
func (p *parser) name() (*Node, *Error) {
	t := p.tok
	if err := p.advance(); err != nil {
		return nil, err
	}
	switch t.text {
	case "true", "false":
		n, err := p.node(OpBool, t.offset)
		if err == nil && t.text == "true" {
			n.Num = 1
		}
		return n, err
	case "null":
		return p.node(OpNull, t.offset)
	case "metrics", "traits", "properties":
		return p.member(t)
	case "tags", "segments":
		return p.has(t)
	case "event":
		return p.event(t)
	}
	if p.is("(") {
		return p.call(t)
	}
	if p.is(".") {
		e := p.fail(t.text + " has no members")
		return nil, e.suggest(t.text, groups, func(s string) string { return s + ".name" })
	}
	return p.ref(t.offset, Ref{Kind: RefField, Name: t.text}, true)
}

var groups = []string{"metrics", "traits", "properties", "tags", "segments"}

func (p *parser) call(t token) (*Node, *Error) {
	args, err := p.elements("(", ")")
	if err != nil {
		return nil, err
	}
	n, err := p.node(OpCall, t.offset, args...)
	if err != nil {
		return nil, err
	}
	n.Str = t.text
	return n, nil
}

// ref makes a reference node and reads its window when it may have one.
func (p *parser) ref(offset int, r Ref, window bool) (*Node, *Error) {
	if window && p.is("[") {
		if err := p.advance(); err != nil {
			return nil, err
		}
		if p.tok.kind != tokNumber || p.tok.num != math.Trunc(p.tok.num) || p.tok.num < 1 || p.tok.num > 1e6 {
			return nil, p.fail("found " + p.tok.describe() + " as a window").expect("a whole number of days, as in [30]")
		}
		r.Window = int(p.tok.num)
		if err := p.advance(); err != nil {
			return nil, err
		}
		if err := p.take("]", "after the window"); err != nil {
			return nil, err
		}
	}
	n, err := p.node(OpRef, offset)
	if err != nil {
		return nil, err
	}
	n.Ref = &r
	return n, nil
}

// member reads metrics.NAME, traits.NAME, traits["NAME"] and properties.a.b.
func (p *parser) member(t token) (*Node, *Error) {
	kind := map[string]RefKind{"metrics": RefMetric, "traits": RefTrait, "properties": RefProperty}[t.text]
	var path []string
	for {
		name, found, err := p.memberName(t, kind)
		if err != nil {
			return nil, err
		}
		if found {
			path = append(path, name)
		}
		if !found && len(path) == 0 {
			return nil, p.fail(t.text + " stands alone").expect("a name after it, as in " + t.text + ".name")
		}
		if !found || kind != RefProperty {
			break
		}
	}
	return p.ref(t.offset, Ref{Kind: kind, Name: strings.Join(path, ".")}, kind == RefMetric)
}

// memberName reads .NAME or ["NAME"].
func (p *parser) memberName(t token, kind RefKind) (string, bool, *Error) {
	dotted := p.is(".")
	if !dotted && (!p.is("[") || kind == RefMetric) {
		return "", false, nil
	}
	if err := p.advance(); err != nil {
		return "", false, err
	}
	want := tokString
	if dotted {
		want = tokName
	}
	name := p.tok
	if dotted && p.tok.kind == tokPunct && nameLength(p.lex.src[p.tok.offset:]) > 0 { // a name that is an operator elsewhere
		name.kind, name.text = tokName, p.lex.src[p.tok.offset:p.lex.pos]
	}
	if name.kind != want || name.text == "" {
		e := p.fail("found " + p.tok.describe() + " after " + t.text)
		if dotted {
			return "", false, e.expect("a name; a name with other characters is written " + t.text + "[\"the name\"]")
		}
		return "", false, e.expect("a name in quotes")
	}
	if err := p.advance(); err != nil {
		return "", false, err
	}
	if !dotted {
		if err := p.take("]", "after the name"); err != nil {
			return "", false, err
		}
	}
	return name.text, true, nil
}

// has reads tags.has("NAME") and segments.has("NAME").
func (p *parser) has(t token) (*Node, *Error) {
	form := t.text + ".has(\"name\")"
	if !p.is(".") {
		return nil, p.fail("found " + p.tok.describe() + " after " + t.text).expect(form)
	}
	if err := p.advance(); err != nil {
		return nil, err
	}
	if p.tok.kind != tokName || p.tok.text != "has" {
		e := p.fail("found " + p.tok.describe() + " after " + t.text + ".").expect(form)
		if p.tok.kind == tokName {
			e.DidYouMean = t.text + ".has(\"" + p.tok.text + "\")"
		}
		return nil, e
	}
	if err := p.advance(); err != nil {
		return nil, err
	}
	name, err := p.quotedArgument(form)
	if err != nil {
		return nil, err
	}
	kind := RefTag
	if t.text == "segments" {
		kind = RefSegment
	}
	return p.ref(t.offset, Ref{Kind: kind, Name: name}, false)
}

// quotedArgument reads ("TEXT").
func (p *parser) quotedArgument(form string) (string, *Error) {
	if !p.is("(") {
		return "", p.fail("found " + p.tok.describe()).expect(form)
	}
	if err := p.advance(); err != nil {
		return "", err
	}
	if p.tok.kind != tokString || p.tok.text == "" {
		return "", p.fail("found " + p.tok.describe()).expect("a name in quotes, as in " + form)
	}
	name := p.tok.text
	if err := p.advance(); err != nil {
		return "", err
	}
	return name, p.take(")", "after the name")
}

// event reads event("NAME").count, .first, .last and .days_since, which is days_since(event("NAME").last).
func (p *parser) event(t token) (*Node, *Error) {
	const form = `event("name").count, .first, .last or .days_since`
	name, err := p.quotedArgument(form)
	if err != nil {
		return nil, err
	}
	if !p.is(".") {
		return nil, p.fail("found " + p.tok.describe() + " after the event").expect(form)
	}
	if err := p.advance(); err != nil {
		return nil, err
	}
	stat := p.tok
	known := []string{StatCount, StatFirst, StatLast, "days_since"}
	switch {
	case stat.kind == tokName && (stat.text == StatCount || stat.text == StatFirst || stat.text == StatLast || stat.text == "days_since"):
	default:
		e := p.fail("an event has no " + stat.describe()).expect(form)
		return nil, e.suggest(stat.text, known, same)
	}
	if err := p.advance(); err != nil {
		return nil, err
	}
	if stat.text != "days_since" {
		return p.ref(t.offset, Ref{Kind: RefEvent, Name: name, Stat: stat.text}, false)
	}
	last, err := p.ref(t.offset, Ref{Kind: RefEvent, Name: name, Stat: StatLast}, false)
	if err != nil {
		return nil, err
	}
	n, err := p.node(OpCall, t.offset, last)
	if err != nil {
		return nil, err
	}
	n.Str = "days_since"
	return n, nil
}
