package event

import (
	"encoding/binary"
	"slices"
	"strings"
	"unicode/utf8"
)

// canon writes canonical JSON: keys sorted by their bytes, of a repeated key the last value, no white space, numbers in
// one spelling, strings with the fewest escapes. It keeps its buffers between calls.
type canon struct {
	out    []byte
	fields []Field
	digits []byte
}

// content returns the 128-bit hash of everything of an event but its messageId.
func (c *canon) content(ev *Event) [16]byte {
	out := append(c.out[:0], byte(ev.Kind))
	out = binary.LittleEndian.AppendUint64(out, uint64(ev.Time))
	for _, s := range [...]string{ev.UserID, ev.AnonymousID, ev.PreviousID, ev.GroupID, ev.Name} {
		out = appendText(out, s)
	}
	for _, o := range [...]*Object{&ev.Properties, &ev.Traits, &ev.Context} {
		if out = append(out, 0); o.Raw != "" || len(o.Fields) > 0 {
			out = c.object(out, o.Fields)
		}
	}
	c.out = out
	return idOf(hash128(out, 0))
}

func (c *canon) object(dst []byte, fields []Field) []byte {
	base := len(c.fields)
	c.fields = append(c.fields, fields...)
	sorted := c.fields[base:]
	slices.SortFunc(sorted, func(a, b Field) int { return strings.Compare(a.Key, b.Key) })
	dst = append(dst, '{')
	for i := range sorted {
		f := c.fields[base+i] // c.fields may have moved
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(AppendString(dst, f.Key), ':')
		dst = c.value(dst, f.Value)
	}
	c.fields = c.fields[:base]
	return append(dst, '}')
}

func (c *canon) value(dst []byte, v Value) []byte {
	switch v.Kind {
	case String:
		return AppendString(dst, v.Raw)
	case Number:
		if cap(c.digits) < len(v.Raw) {
			c.digits = make([]byte, 0, 2*len(v.Raw))
		}
		return appendNumber(dst, v.Raw, c.digits[:0])
	case Nested:
		return c.object(dst, v.Object().Fields)
	case Array:
		dst = append(dst, '[')
		for i, item := range v.Items() {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = c.value(dst, item)
		}
		return append(dst, ']')
	case Bool:
		return append(dst, v.Raw...)
	}
	return append(dst, "null"...)
}

// JSON returns the canonical JSON text: keys sorted, numbers in one spelling, no white space. An absent value is "null".
func (v Value) JSON() string {
	return string(new(canon).value(nil, v))
}

// JSON returns the canonical JSON text; "" when the object is absent.
func (o Object) JSON() string {
	if o.Raw == "" && len(o.Fields) == 0 {
		return ""
	}
	return string(new(canon).object(nil, o.Fields))
}

const hexDigits = "0123456789abcdef"

// AppendString appends s as a JSON string. Bytes that are not UTF-8 become U+FFFD.
func AppendString(dst []byte, s string) []byte {
	dst = append(dst, '"')
	start := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c >= utf8.RuneSelf {
			r, n := utf8.DecodeRuneInString(s[i:])
			if r == utf8.RuneError && n == 1 {
				dst = append(append(dst, s[start:i]...), "\uFFFD"...)
				start = i + 1
			}
			i += n
			continue
		}
		if c >= ' ' && c != '"' && c != '\\' {
			i++
			continue
		}
		dst = append(dst, s[start:i]...)
		switch c {
		case '"', '\\':
			dst = append(dst, '\\', c)
		case '\n':
			dst = append(dst, '\\', 'n')
		case '\r':
			dst = append(dst, '\\', 'r')
		case '\t':
			dst = append(dst, '\\', 't')
		default:
			dst = append(dst, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
		}
		i++
		start = i
	}
	dst = append(dst, s[start:]...)
	return append(dst, '"')
}
