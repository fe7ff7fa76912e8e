package segment

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// tokenKind is the kind of a token.
type tokenKind uint8

const (
	tokEOF tokenKind = iota
	tokName
	tokNumber
	tokString
	tokPunct // an operator, a bracket, a comma or a dot; and, or, not, in and the other words that are operators
)

// token is one token: text is the name, the punctuation or the decoded string.
type token struct {
	kind   tokenKind
	text   string
	num    float64
	offset int
}

// describe names the token for an error.
func (t token) describe() string {
	switch t.kind {
	case tokEOF:
		return "the end of the condition"
	case tokString:
		return "the text " + shorten(Value{Kind: KindString, Str: t.text}.String())
	case tokNumber:
		return "the number " + string(appendNumber(nil, t.num))
	}
	return shorten(t.text)
}

func shorten(s string) string {
	if len(s) <= 40 {
		return s
	}
	cut := 37
	for !utf8.RuneStart(s[cut]) {
		cut--
	}
	return s[:cut] + "..."
}

var operatorWords = map[string]string{
	"and": "&&", "or": "||", "not": "not", "in": "in", "contains": "contains", "startsWith": "startsWith", "endsWith": "endsWith",
}

type lexer struct {
	src string
	pos int
}

// next returns the next token.
func (l *lexer) next() (token, *Error) {
	l.skipSpace()
	at := l.pos
	if at >= len(l.src) {
		return token{kind: tokEOF, offset: len(l.src)}, nil
	}
	switch c := l.src[at]; {
	case c >= '0' && c <= '9' || c == '.' && at+1 < len(l.src) && isDigit(l.src[at+1]):
		return l.number()
	case c == '"' || c == '\'':
		return l.quoted(c)
	}
	if n := nameLength(l.src[at:]); n > 0 {
		l.pos += n
		text := l.src[at:l.pos]
		if op, ok := operatorWords[text]; ok {
			return token{kind: tokPunct, text: op, offset: at}, nil
		}
		return token{kind: tokName, text: text, offset: at}, nil
	}
	for _, p := range [...]string{"==", "!=", "<=", ">=", "&&", "||"} {
		if strings.HasPrefix(l.src[at:], p) {
			l.pos += 2
			return token{kind: tokPunct, text: p, offset: at}, nil
		}
	}
	if strings.IndexByte("!<>+-*/()[],.", l.src[at]) >= 0 {
		l.pos++
		return token{kind: tokPunct, text: l.src[at:l.pos], offset: at}, nil
	}
	return token{}, l.stray(at)
}

func (l *lexer) skipSpace() {
	for l.pos < len(l.src) {
		switch c := l.src[l.pos]; {
		case c == ' ' || c == '\t' || c == '\n' || c == '\r':
			l.pos++
		case strings.HasPrefix(l.src[l.pos:], "//"):
			if end := strings.IndexByte(l.src[l.pos:], '\n'); end >= 0 {
				l.pos += end
			} else {
				l.pos = len(l.src)
			}
		default:
			return
		}
	}
}

// stray explains a character that begins no token.
func (l *lexer) stray(at int) *Error {
	r, _ := utf8.DecodeRuneInString(l.src[at:])
	e := errorAt(l.src, at, "the character "+string(r)+" has no meaning here")
	for _, s := range [...]struct{ wrong, right string }{
		{"===", "=="}, {"=", "=="}, {"&", "&&"}, {"|", "||"}, {"<>", "!="}, {"（", "("}, {"）", ")"}, {"，", ","}, {"“", "\""}, {"”", "\""},
		{"‘", "'"}, {"’", "'"}, {"【", "["}, {"】", "]"}, {"！", "!"}, {"＝", "=="}, {"＞", ">"}, {"＜", "<"}, {"、", ","}, {"。", "."}, {"：", ":"},
	} {
		if strings.HasPrefix(l.src[at:], s.wrong) {
			e.DidYouMean = s.right
			break
		}
	}
	return e
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

func (l *lexer) number() (token, *Error) {
	at := l.pos
	digits := func() {
		for l.pos < len(l.src) && isDigit(l.src[l.pos]) {
			l.pos++
		}
	}
	digits()
	if l.pos < len(l.src) && l.src[l.pos] == '.' {
		l.pos++
		digits()
	}
	if l.pos < len(l.src) && l.src[l.pos]|0x20 == 'e' {
		mark := l.pos
		l.pos++
		if l.pos < len(l.src) && (l.src[l.pos] == '+' || l.src[l.pos] == '-') {
			l.pos++
		}
		first := l.pos
		digits()
		if l.pos == first {
			l.pos = mark
		}
	}
	if n := nameLength(l.src[l.pos:]); n > 0 {
		e := errorAt(l.src, at, "a number ends in "+shorten(l.src[l.pos:l.pos+n]))
		return token{}, e.expect("a number such as 30 or 12.5; units are part of names (days, major money units)")
	}
	x, err := strconv.ParseFloat(l.src[at:l.pos], 64)
	if err != nil {
		return token{}, errorAt(l.src, at, "the number "+shorten(l.src[at:l.pos])+" is too large")
	}
	return token{kind: tokNumber, num: x, text: l.src[at:l.pos], offset: at}, nil
}

// quoted reads a text in single or double quotes.
func (l *lexer) quoted(quote byte) (token, *Error) {
	at := l.pos
	l.pos++
	start := l.pos
	for l.pos < len(l.src) && l.src[l.pos] != quote && l.src[l.pos] != '\\' && l.src[l.pos] != '\n' {
		l.pos++
	}
	if l.pos < len(l.src) && l.src[l.pos] == quote {
		l.pos++
		return token{kind: tokString, text: l.src[start : l.pos-1], offset: at}, nil
	}
	decoded := []byte(l.src[start:l.pos])
	for l.pos < len(l.src) {
		switch c := l.src[l.pos]; c {
		case quote:
			l.pos++
			return token{kind: tokString, text: string(decoded), offset: at}, nil
		case '\n':
			return token{}, errorAt(l.src, at, "a text is not closed on its line").expect("a closing " + string(quote))
		case '\\':
			r, err := l.escape()
			if err != nil {
				return token{}, err
			}
			decoded = utf8.AppendRune(decoded, r)
		default:
			decoded = append(decoded, c)
			l.pos++
		}
	}
	return token{}, errorAt(l.src, at, "a text is not closed").expect("a closing " + string(quote))
}

// escape reads one escape sequence.
func (l *lexer) escape() (rune, *Error) {
	at := l.pos
	l.pos += 2
	if l.pos <= len(l.src) {
		switch l.src[l.pos-1] {
		case '"', '\'', '\\':
			return rune(l.src[l.pos-1]), nil
		case 'n':
			return '\n', nil
		case 't':
			return '\t', nil
		case 'r':
			return '\r', nil
		case 'u':
			if l.pos+4 <= len(l.src) {
				x, err := strconv.ParseUint(l.src[l.pos:l.pos+4], 16, 32)
				if err == nil && (x < 0xd800 || x > 0xdfff) {
					l.pos += 4
					return rune(x), nil
				}
			}
		}
	}
	return 0, errorAt(l.src, at, "an escape that has no meaning").expect(`one of \" \' \\ \n \t \r \u and four hexadecimal digits`)
}

// nameLength returns the number of bytes of the name that s begins with. Names consist of ASCII letters, digits, _ and
// characters beyond ASCII other than spaces and punctuation; they do not begin with a digit.
func nameLength(s string) int {
	n := 0
	for n < len(s) {
		c := s[n]
		if c < utf8.RuneSelf {
			if c != '_' && (c|0x20 < 'a' || c|0x20 > 'z') && (n == 0 || !isDigit(c)) {
				break
			}
			n++
			continue
		}
		r, size := utf8.DecodeRuneInString(s[n:])
		if r == utf8.RuneError || isForeignPunct(r) {
			break
		}
		n += size
	}
	return n
}

func isForeignPunct(r rune) bool {
	return r < 0xc0 && r != 0xaa && r != 0xb5 && r != 0xba || r == 0xd7 || r == 0xf7 || r >= 0x2000 && r <= 0x2bff ||
		r >= 0x3000 && r <= 0x3004 || r >= 0x3008 && r <= 0x3020 || r == 0x3030 || r == 0xfeff ||
		r >= 0xff00 && r <= 0xff0f || r >= 0xff1a && r <= 0xff20 || r >= 0xff3b && r <= 0xff40 || r >= 0xff5b && r <= 0xff65 ||
		r >= 0xffe0 || r >= 0xe000 && r <= 0xf8ff
}
