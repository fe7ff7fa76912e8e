package segment

import (
	"math"
	"strconv"
)

// Type is the static type of an expression.
type Type uint8

// The types. TAny is known only when the condition is evaluated: traits and properties have it.
const (
	TAny Type = iota
	TNull
	TBool
	TNumber
	TString
	TTime
	TList
)

var typeNames = [...]string{"any", "null", "bool", "number", "string", "time", "list"}

// String is the type's name in the tree's JSON.
func (t Type) String() string {
	if int(t) < len(typeNames) {
		return typeNames[t]
	}
	return "any"
}

// article names the type for people, with its article.
func (t Type) article() string {
	switch t {
	case TNull:
		return "null"
	case TBool:
		return "a condition (true or false)"
	case TNumber:
		return "a number"
	case TString:
		return "a text"
	case TTime:
		return "a time"
	case TList:
		return "a list"
	}
	return "a value"
}

// ValueKind is the type of a value at run time.
type ValueKind uint8

// The kinds of values. The zero Value is null.
const (
	KindNull ValueKind = iota
	KindBool
	KindNumber
	KindString
	KindTime
	KindList
)

// Value is a value at run time. Bool keeps 1 or 0 in Num; Time keeps unix milliseconds in Num, exact within 285,000 years.
type Value struct {
	Kind ValueKind
	Num  float64
	Str  string
	List []Value
}

// Null is the absent value.
var Null = Value{}

// Bool returns a truth value.
func Bool(b bool) Value {
	if b {
		return Value{Kind: KindBool, Num: 1}
	}
	return Value{Kind: KindBool}
}

// Number returns a number; one that is not finite becomes null, and minus zero becomes zero.
func Number(x float64) Value {
	if math.IsNaN(x) || math.IsInf(x, 0) {
		return Null
	}
	return Value{Kind: KindNumber, Num: x + 0}
}

// String returns a text.
func String(s string) Value { return Value{Kind: KindString, Str: s} }

// Time returns a moment in unix milliseconds.
func Time(ms int64) Value { return Value{Kind: KindTime, Num: float64(ms)} }

// List returns a list. It keeps vs.
func List(vs []Value) Value { return Value{Kind: KindList, List: vs} }

// IsNull reports whether the value is absent.
func (v Value) IsNull() bool { return v.Kind == KindNull }

// True reports whether the value is the truth value true. Nothing else counts as true.
func (v Value) True() bool { return v.Kind == KindBool && v.Num != 0 }

// Equal reports whether two values have the same kind and content. Null equals null alone.
func Equal(a, b Value) bool {
	if a.Kind != b.Kind {
		return false
	}
	switch a.Kind {
	case KindNull:
		return true
	case KindString:
		return a.Str == b.Str
	case KindList:
		if len(a.List) != len(b.List) {
			return false
		}
		for i := range a.List {
			if !Equal(a.List[i], b.List[i]) {
				return false
			}
		}
		return true
	}
	return a.Num == b.Num
}

// String returns the value as a literal of the language: ParseValue reads it back.
func (v Value) String() string { return string(v.append(nil)) }

func (v Value) append(dst []byte) []byte {
	switch v.Kind {
	case KindBool:
		return strconv.AppendBool(dst, v.Num != 0)
	case KindNumber:
		return appendNumber(dst, v.Num)
	case KindString:
		return appendQuoted(dst, v.Str)
	case KindTime:
		dst = append(dst, "time("...)
		dst = strconv.AppendInt(dst, int64(v.Num), 10)
		return append(dst, ')')
	case KindList:
		dst = append(dst, '[')
		for i, e := range v.List {
			if i > 0 {
				dst = append(dst, ", "...)
			}
			dst = e.append(dst)
		}
		return append(dst, ']')
	}
	return append(dst, "null"...)
}

func appendNumber(dst []byte, x float64) []byte {
	if a := math.Abs(x); a != 0 && (a < 1e-6 || a >= 1e21) {
		return strconv.AppendFloat(dst, x, 'e', -1, 64)
	}
	return strconv.AppendFloat(dst, x, 'f', -1, 64)
}

const hexDigits = "0123456789abcdef"

func appendQuoted(dst []byte, s string) []byte {
	dst = append(dst, '"')
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '"' || c == '\\':
			dst = append(dst, '\\', c)
		case c == '\n':
			dst = append(dst, `\n`...)
		case c == '\t':
			dst = append(dst, `\t`...)
		case c == '\r':
			dst = append(dst, `\r`...)
		case c < 0x20 || c == 0x7f:
			dst = append(dst, `\u00`...)
			dst = append(dst, hexDigits[c>>4], hexDigits[c&15])
		default:
			dst = append(dst, c)
		}
	}
	return append(dst, '"')
}
