package event

import (
	"encoding/binary"
	"math/bits"
	"unicode/utf16"
	"unicode/utf8"
	"unsafe"
)

const (
	ones  = 0x0101010101010101
	highs = 0x8080808080808080
)

// str reads the string whose opening quote is at i, decoded. The loop is strEnd's, here once more for the sake of speed.
func (s *scanner) str(i int) (string, int) {
	b := s.b
	i++
	start := i
	for i+8 <= len(b) {
		w := binary.LittleEndian.Uint64(b[i:])
		m := ((w - ones*0x20) | ((w ^ ones*'"') - ones) | ((w ^ ones*'\\') - ones) | w) & highs
		if m == 0 {
			i += 8
			continue
		}
		if i += bits.TrailingZeros64(m) >> 3; b[i] == '"' {
			return unsafe.String(&b[start], i-start), i + 1
		}
		break
	}
	return s.strSlow(start, i)
}

// strSlow is str for a string with anything but plain ASCII, or at the end of the text; i is how far str came.
func (s *scanner) strSlow(start, i int) (string, int) {
	end, escaped := s.strEndSlow(i)
	if end < 0 {
		return "", -1
	}
	if escaped {
		return s.decode(start, end), end + 1
	}
	return alias(s.b, start, end), end + 1
}

// strEnd returns the position of the quote that closes the string whose text begins at i, and whether it holds escapes.
// Eight bytes are tested at a time for a quote, a backslash, a control character and a byte outside ASCII: each test may
// be wrong only above its own lowest hit, so the lowest hit of all is exact.
func (s *scanner) strEnd(i int) (end int, escaped bool) {
	b := s.b
	for i+8 <= len(b) {
		w := binary.LittleEndian.Uint64(b[i:])
		m := ((w - ones*0x20) | ((w ^ ones*'"') - ones) | ((w ^ ones*'\\') - ones) | w) & highs
		if m == 0 {
			i += 8
			continue
		}
		i += bits.TrailingZeros64(m) >> 3
		if b[i] == '"' {
			return i, false
		}
		break
	}
	return s.strEndSlow(i)
}

// strEndSlow goes on behind the first byte that is not plain text.
func (s *scanner) strEndSlow(i int) (end int, escaped bool) {
	b := s.b
	for i < len(b) {
		switch c := b[i]; {
		case c == '"':
			return i, escaped
		case c == '\\':
			escaped = true
			if i = s.escape(i); i < 0 {
				return -1, false
			}
		case c < ' ':
			return s.failAt(i, faultControl), false
		case c < utf8.RuneSelf:
			i++
		default:
			r, n := utf8.DecodeRune(b[i:])
			if r == utf8.RuneError && n == 1 {
				return s.failAt(i, faultUTF8), false
			}
			i += n
		}
	}
	return s.failAt(len(b), faultString), false
}

// escape returns the position behind the escape at i.
func (s *scanner) escape(i int) int {
	b := s.b
	if i+1 >= len(b) {
		return s.failAt(len(b), faultString)
	}
	switch b[i+1] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return i + 2
	case 'u':
		if i+6 <= len(b) && isHex(b[i+2]) && isHex(b[i+3]) && isHex(b[i+4]) && isHex(b[i+5]) {
			return i + 6
		}
	}
	return s.failAt(i, faultEscape)
}

func isHex(c byte) bool {
	return c-'0' < 10 || (c|0x20)-'a' < 6
}

// decode returns b[i:end], a checked string with escapes, decoded into buf.
func (s *scanner) decode(i, end int) string {
	start := len(s.buf)
	s.buf = appendDecoded(s.buf, s.b[i:end])
	return alias(s.buf, start, len(s.buf))
}

// appendDecoded appends the text of a checked JSON string. A half of a surrogate pair alone becomes U+FFFD, as in
// encoding/json.
func appendDecoded(dst, b []byte) []byte {
	for i := 0; i < len(b); {
		c := b[i]
		if c != '\\' {
			dst = append(dst, c)
			i++
			continue
		}
		switch c = b[i+1]; c {
		case 'b':
			c = '\b'
		case 'f':
			c = '\f'
		case 'n':
			c = '\n'
		case 'r':
			c = '\r'
		case 't':
			c = '\t'
		case 'u':
			r := hexRune(b[i+2:])
			i += 6
			if utf16.IsSurrogate(r) {
				pair := rune(utf8.RuneError)
				if i+6 <= len(b) && b[i] == '\\' && b[i+1] == 'u' {
					pair = utf16.DecodeRune(r, hexRune(b[i+2:]))
				}
				if pair != utf8.RuneError {
					i += 6
				}
				r = pair
			}
			dst = utf8.AppendRune(dst, r)
			continue
		}
		dst = append(dst, c)
		i += 2
	}
	return dst
}

func hexRune(b []byte) rune {
	var r rune
	for _, c := range b[:4] {
		switch {
		case c <= '9':
			c -= '0'
		default:
			c = (c | 0x20) - 'a' + 10
		}
		r = r<<4 | rune(c)
	}
	return r
}
