package segment

import (
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
		e = e.suggest(p.tok.text, []string{"and", "or", "in", "not", "contains", "startsWith", "endsWith"}, same)
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
