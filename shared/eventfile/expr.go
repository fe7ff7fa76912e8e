package eventfile

import "strings"

// expr is arithmetic between columns: + - * and parentheses over exact decimals.
type expr struct {
	op   byte // 'n' number, 'c' column, '+', '-', '*', '~' (minus sign)
	num  dec
	col  int
	l, r *expr
}

// exprParser reads an expression. Columns are names of letters, digits, _ and $; any other name stands in `backquotes`.
type exprParser struct {
	at    node
	text  string
	i     int
	depth int
	ended bool // an error was recorded
	ref   func(name string, at node) int
}

func parseExpr(at node, ref func(string, node) int) *expr {
	p := &exprParser{at: at, text: at.text(), ref: ref}
	e := p.sum()
	if p.space(); p.i < len(p.text) {
		p.fail("an operator + - * or the end")
	}
	return e
}

// fail records the first error and ends the reading.
func (p *exprParser) fail(expected string) *expr {
	defer func() { p.ended, p.i = true, len(p.text) }()
	if p.ended {
		return &expr{op: 'n'}
	}
	got := "the end"
	if p.i < len(p.text) {
		got = "\"" + p.text[p.i:] + "\""
	}
	p.at.errorf("write column names with other signs in `backquotes`", "in the expression at character %d: expected %s, found %s", p.i+1, expected, got)
	return &expr{op: 'n'}
}

func (p *exprParser) space() {
	for p.i < len(p.text) && (p.text[p.i] == ' ' || p.text[p.i] == '\t' || p.text[p.i] == '\n') {
		p.i++
	}
}

func (p *exprParser) take(chars string) byte {
	p.space()
	if p.i < len(p.text) && strings.IndexByte(chars, p.text[p.i]) >= 0 {
		p.i++
		return p.text[p.i-1]
	}
	return 0
}

func (p *exprParser) sum() *expr {
	e := p.product()
	for op := p.take("+-"); op != 0; op = p.take("+-") {
		e = &expr{op: op, l: e, r: p.product()}
	}
	return e
}

func (p *exprParser) product() *expr {
	e := p.atom()
	for op := p.take("*"); op != 0; op = p.take("*") {
		e = &expr{op: op, l: e, r: p.atom()}
	}
	return e
}

func (p *exprParser) atom() *expr {
	if p.depth++; p.depth > 100 {
		return p.fail("less nesting")
	}
	defer func() { p.depth-- }()
	if p.take("(") != 0 {
		e := p.sum()
		if p.take(")") == 0 {
			p.fail("')'")
		}
		return e
	}
	if p.take("-") != 0 {
		return &expr{op: '~', l: p.atom()}
	}
	if p.take("`") != 0 {
		end := strings.IndexByte(p.text[p.i:], '`')
		if end < 0 {
			return p.fail("a closing backquote")
		}
		name := p.text[p.i : p.i+end]
		p.i += end + 1
		return &expr{op: 'c', col: p.ref(name, p.at)}
	}
	start := p.i
	for p.i < len(p.text) && isWord(p.text[p.i]) {
		p.i++
	}
	word := p.text[start:p.i]
	switch {
	case word == "":
		return p.fail("a column, a number or '('")
	case word[0] >= '0' && word[0] <= '9' || word[0] == '.':
		d, ok := parseDec(word)
		if !ok {
			p.i = start
			return p.fail("a number")
		}
		return &expr{op: 'n', num: d}
	}
	return &expr{op: 'c', col: p.ref(word, p.at)}
}

func isWord(c byte) bool {
	return c == '_' || c == '$' || c == '.' || c >= 0x80 || c-'0' < 10 || (c|0x20)-'a' < 26
}

// eval works the expression out over a row. why is "" or says what is wrong.
func (e *expr) eval(r *row) (d dec, empty bool, why string) {
	switch e.op {
	case 'n':
		return e.num, false, ""
	case 'c':
		return r.number(e.col)
	}
	l, empty, why := e.l.eval(r)
	if why != "" || empty {
		return dec{}, empty, why
	}
	if e.op == '~' {
		return l.negate(), false, ""
	}
	x, empty, why := e.r.eval(r)
	if why != "" || empty {
		return dec{}, empty, why
	}
	ok := false
	switch e.op {
	case '+':
		d, ok = l.add(x)
	case '-':
		d, ok = l.sub(x)
	case '*':
		d, ok = l.mul(x)
	}
	if !ok {
		return dec{}, false, "the result of the arithmetic does not fit 18 digits"
	}
	return d, false, ""
}
