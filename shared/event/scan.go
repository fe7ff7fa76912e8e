package event

import "unsafe"

// scanner reads one JSON text. Its methods take the position where something begins and return the position behind it; a
// negative position means that the text is refused, and fault and at say why and where.
type scanner struct {
	b      []byte
	buf    []byte // decoded strings; strings of the current text alias it
	limits Limits
	fault  fault
	at     int
}

type fault uint8

const (
	faultNone fault = iota
	faultEnd
	faultValue
	faultNumber
	faultString
	faultEscape
	faultControl
	faultUTF8
	faultKey
	faultColon
	faultComma
	faultTrailing
	faultObject
	faultDepth
	faultFields
	faultField
)

var faultText = [...]string{
	faultEnd:      "the text ends inside a value",
	faultValue:    "expected a value",
	faultNumber:   "malformed number",
	faultString:   "a string is not closed",
	faultEscape:   "malformed escape in a string",
	faultControl:  "control character in a string; write it as \\u00XX",
	faultUTF8:     "not UTF-8",
	faultKey:      "expected a key in double quotes",
	faultColon:    "expected ':' after the key",
	faultComma:    "expected ',' or the closing bracket",
	faultTrailing: "text after the end of the object",
	faultObject:   "expected an object: {...}",
}

func (s *scanner) reset(b []byte) {
	s.b, s.buf, s.fault, s.at = b, s.buf[:0], faultNone, 0
}

func (s *scanner) failAt(i int, f fault) int {
	s.fault, s.at = f, i
	return -1
}

// space returns the first position from i on that is no white space.
func (s *scanner) space(i int) int {
	b := s.b
	for uint(i) < uint(len(b)) && b[i] <= ' ' && (b[i] == ' ' || b[i] == '\n' || b[i] == '\t' || b[i] == '\r') {
		i++
	}
	return i
}

// alias returns b[i:j] as a string without copying it.
func alias(b []byte, i, j int) string {
	if i >= j {
		return ""
	}
	_ = b[i:j]
	return unsafe.String(&b[i], j-i)
}

// number returns the position behind the number at i.
func (s *scanner) number(i int) int {
	b, start := s.b, i
	if b[i] == '-' {
		i++
	}
	switch {
	case i < len(b) && b[i] == '0':
		i++
	case i < len(b) && b[i]-'1' < 9:
		for i++; i < len(b) && b[i]-'0' < 10; i++ {
		}
	default:
		return s.failAt(start, faultNumber)
	}
	if i < len(b) && b[i] == '.' {
		first := i + 1
		for i++; i < len(b) && b[i]-'0' < 10; i++ {
		}
		if i == first {
			return s.failAt(start, faultNumber)
		}
	}
	if i < len(b) && b[i]|0x20 == 'e' {
		if i++; i < len(b) && (b[i] == '+' || b[i] == '-') {
			i++
		}
		first := i
		for ; i < len(b) && b[i]-'0' < 10; i++ {
		}
		if i == first {
			return s.failAt(start, faultNumber)
		}
	}
	return i
}

// literal returns the position behind the literal at i.
func (s *scanner) literal(i int, text string) int {
	if len(s.b)-i < len(text) || string(s.b[i:i+len(text)]) != text {
		return s.failAt(i, faultValue)
	}
	return i + len(text)
}

// value reads the value at i. depth is the nesting of what holds it.
func (s *scanner) value(i, depth int, v *Value) int {
	b := s.b
	if uint(i) >= uint(len(b)) {
		return s.failAt(i, faultEnd)
	}
	start := i
	switch c := b[i]; c {
	case '"':
		v.Kind = String
		v.Raw, i = s.str(i)
		return i
	case '{':
		v.Kind, i = Nested, s.skipObject(i, depth+1)
	case '[':
		v.Kind, i = Array, s.skipArray(i, depth+1)
	case 't':
		v.Kind, i = Bool, s.literal(i, "true")
	case 'f':
		v.Kind, i = Bool, s.literal(i, "false")
	case 'n':
		v.Kind, i = Null, s.literal(i, "null")
	default:
		if c != '-' && c-'0' >= 10 {
			return s.failAt(i, faultValue)
		}
		v.Kind, i = Number, s.number(i)
	}
	if i >= 0 {
		v.Raw = alias(b, start, i)
	}
	return i
}

// skip checks the value at i without decoding it.
func (s *scanner) skip(i, depth int) int {
	if i < len(s.b) && s.b[i] == '"' {
		end, _ := s.strEnd(i + 1)
		if end < 0 {
			return -1
		}
		return end + 1
	}
	var v Value
	return s.value(i, depth, &v)
}

func (s *scanner) skipObject(i, depth int) int {
	if depth > s.limits.Depth {
		return s.failAt(i, faultDepth)
	}
	b := s.b
	if i = s.space(i + 1); i < len(b) && b[i] == '}' {
		return i + 1
	}
	for {
		if i >= len(b) || b[i] != '"' {
			return s.failAt(i, faultKey)
		}
		end, _ := s.strEnd(i + 1)
		if end < 0 {
			return -1
		}
		if i = s.colon(end + 1); i < 0 {
			return -1
		}
		if i = s.skip(i, depth); i < 0 {
			return -1
		}
		var more bool
		if i, more = s.comma(i, '}'); !more {
			return i
		}
	}
}

func (s *scanner) skipArray(i, depth int) int {
	if depth > s.limits.Depth {
		return s.failAt(i, faultDepth)
	}
	b := s.b
	if i = s.space(i + 1); i < len(b) && b[i] == ']' {
		return i + 1
	}
	for {
		if i = s.skip(i, depth); i < 0 {
			return -1
		}
		var more bool
		if i, more = s.comma(i, ']'); !more {
			return i
		}
	}
}

// colon returns the position of the value behind the colon at or after i.
func (s *scanner) colon(i int) int {
	b := s.b
	if uint(i) >= uint(len(b)) || b[i] != ':' {
		if i = s.space(i); i >= len(b) || b[i] != ':' {
			return s.failAt(i, faultColon)
		}
	}
	if i++; uint(i) < uint(len(b)) && b[i] > ' ' {
		return i
	}
	return s.space(i)
}

// comma returns the position of the next member and true, or the position behind the closing bracket and false.
func (s *scanner) comma(i int, closing byte) (next int, more bool) {
	b := s.b
	if uint(i) >= uint(len(b)) || b[i] <= ' ' {
		i = s.space(i)
	}
	if uint(i) >= uint(len(b)) {
		return s.failAt(i, faultEnd), false
	}
	if b[i] == closing {
		return i + 1, false
	}
	if b[i] != ',' {
		return s.failAt(i, faultComma), false
	}
	if i++; uint(i) < uint(len(b)) && b[i] > ' ' {
		return i, true
	}
	return s.space(i), true
}

// object reads and indexes the object at i into o, whose slice it reuses.
func (s *scanner) object(i, depth int, o *Object) int {
	if depth > s.limits.Depth {
		return s.failAt(i, faultDepth)
	}
	b, start := s.b, i
	fields, seen := o.Fields[:0], uint64(0)
	o.Raw, o.Fields = "", fields
	if i = s.space(i + 1); i < len(b) && b[i] == '}' {
		o.Raw = alias(b, start, i+1)
		return i + 1
	}
	for {
		if uint(i) >= uint(len(b)) || b[i] != '"' {
			return s.failAt(i, faultKey)
		}
		var key string
		if key, i = s.str(i); i < 0 {
			return -1
		}
		if i = s.colon(i); i < 0 {
			return -1
		}
		f, repeated := known(fields, key, &seen)
		if !repeated {
			if s.limits.Fields > 0 && len(fields) >= s.limits.Fields {
				return s.failAt(i, faultFields)
			}
			fields = append(fields, Field{Key: key})
			f = len(fields) - 1
		}
		from := i
		if i = s.value(i, depth, &fields[f].Value); i < 0 {
			return -1
		}
		if s.limits.FieldBytes > 0 && i-from > s.limits.FieldBytes+2 {
			return s.failAt(from, faultField)
		}
		var more bool
		if i, more = s.comma(i, '}'); !more {
			if i >= 0 {
				o.Raw, o.Fields = alias(b, start, i), fields
			}
			return i
		}
	}
}

// known finds a repeated key. seen holds a bit for each key so far, so that most keys need no search.
func known(fields []Field, key string, seen *uint64) (at int, repeated bool) {
	bit := uint64(1) << (len(key) & 63)
	if key != "" {
		bit = 1 << ((uint(len(key))*7 + uint(key[0])*5 + uint(key[len(key)-1])) & 63)
	}
	if *seen&bit != 0 {
		for i := range fields {
			if fields[i].Key == key {
				return i, true
			}
		}
	}
	*seen |= bit
	return 0, false
}
