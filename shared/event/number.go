package event

import (
	"math"
	"strconv"
)

// decimal is a JSON number: digits, without leading and trailing zeros, times ten to the power exp. No digits is zero.
type decimal struct {
	negative bool
	digits   []byte
	exp      int
}

// maxExponent bounds the exponents that decimals are worked out for; what lies beyond is not stored or compared as a number.
const maxExponent = 1_000_000

// parseDecimal reads a JSON number, using buf for its digits. ok is false when s is no JSON number or its exponent is
// absurd.
func parseDecimal(s string, buf []byte) (d decimal, ok bool) {
	i := 0
	if i < len(s) && s[i] == '-' {
		d.negative = true
		i++
	}
	first := i
	buf = buf[:0]
	for ; i < len(s) && s[i]-'0' < 10; i++ {
		buf = append(buf, s[i])
	}
	if i == first || i > first+1 && s[first] == '0' {
		return d, false
	}
	if i < len(s) && s[i] == '.' {
		i++
		point := i
		for ; i < len(s) && s[i]-'0' < 10; i++ {
			buf = append(buf, s[i])
		}
		if d.exp = point - i; d.exp == 0 {
			return d, false
		}
	}
	if i < len(s) && s[i]|0x20 == 'e' {
		e, good := parseExponent(s[i+1:])
		if !good {
			return d, false
		}
		d.exp += e
	} else if i != len(s) {
		return d, false
	}
	d.digits = trimZeros(buf, &d.exp)
	if len(d.digits) == 0 {
		d.negative, d.exp = false, 0
	}
	return d, true
}

func parseExponent(s string) (e int, ok bool) {
	i, sign := 0, 1
	if i < len(s) && (s[i] == '+' || s[i] == '-') {
		if s[i] == '-' {
			sign = -1
		}
		i++
	}
	if i == len(s) {
		return 0, false
	}
	for ; i < len(s); i++ {
		if s[i]-'0' >= 10 {
			return 0, false
		}
		if e = e*10 + int(s[i]-'0'); e > maxExponent {
			return 0, false
		}
	}
	return sign * e, true
}

func trimZeros(b []byte, exp *int) []byte {
	for len(b) > 0 && b[0] == '0' {
		b = b[1:]
	}
	for len(b) > 0 && b[len(b)-1] == '0' {
		b = b[:len(b)-1]
		*exp++
	}
	return b
}

// appendNumber appends the canonical text of a JSON number: equal numbers have one text, whichever way they are written
// (1, 1.0 and 1e0 are "1"). Numbers of more than 21 places are written with an exponent.
func appendNumber(dst []byte, s string, buf []byte) []byte {
	d, ok := parseDecimal(s, buf)
	if !ok {
		return append(dst, s...)
	}
	if len(d.digits) == 0 {
		return append(dst, '0')
	}
	if d.negative {
		dst = append(dst, '-')
	}
	point := len(d.digits) + d.exp // places before the point
	switch {
	case point > 21 || point < -6:
		dst = append(dst, d.digits[0])
		if len(d.digits) > 1 {
			dst = append(append(dst, '.'), d.digits[1:]...)
		}
		return strconv.AppendInt(append(dst, 'e'), int64(point-1), 10)
	case point <= 0:
		dst = append(dst, '0', '.')
		for ; point < 0; point++ {
			dst = append(dst, '0')
		}
		return append(dst, d.digits...)
	case d.exp >= 0:
		dst = append(dst, d.digits...)
		for range d.exp {
			dst = append(dst, '0')
		}
		return dst
	}
	dst = append(append(dst, d.digits[:point]...), '.')
	return append(dst, d.digits[point:]...)
}

// Scaled returns the number times ten to the power decimals as an integer, worked out in decimals and rounded half away
// from zero: 12.345 with 2 decimals is 1235. A string that holds a JSON number counts as that number. ok is false for
// anything else and when the result does not fit 64 bits.
func (v Value) Scaled(decimals int) (n int64, ok bool) {
	if v.Kind != Number && v.Kind != String {
		return 0, false
	}
	if n, ok = scaledShort(v.Raw, decimals); ok {
		return n, true
	}
	var buf [64]byte
	d, ok := parseDecimal(v.Raw, buf[:0])
	if !ok {
		return 0, false
	}
	return d.scaled(decimals)
}

func (d decimal) scaled(decimals int) (n int64, ok bool) {
	exp := d.exp + decimals
	kept, up := d.digits, false
	if exp < 0 {
		cut := max(len(kept)+exp, 0)
		up = len(kept)+exp >= 0 && len(kept) > cut && kept[cut] >= '5'
		kept, exp = kept[:cut], 0
	}
	if len(kept) > 19 || len(kept) > 0 && len(kept)+exp > 19 {
		return 0, false
	}
	u := uint64(0)
	for _, c := range kept {
		u = u*10 + uint64(c-'0')
	}
	if len(kept) > 0 {
		for range exp {
			u *= 10
		}
	}
	if up {
		u++
	}
	if u > math.MaxInt64 {
		return 0, false
	}
	if d.negative {
		return -int64(u), true
	}
	return int64(u), true
}

// scaledShort does the common case: a plain number of at most 18 digits with no more places than asked for.
func scaledShort(s string, decimals int) (n int64, ok bool) {
	if len(s) == 0 || len(s) > 17 || decimals < 0 || decimals > 4 {
		return 0, false
	}
	i := 0
	if s[0] == '-' {
		i = 1
	}
	first, point := i, -1
	for ; i < len(s); i++ {
		c := s[i] - '0'
		if c >= 10 {
			if s[i] != '.' || point >= 0 || i == first {
				return 0, false
			}
			point = i
			continue
		}
		n = n*10 + int64(c)
	}
	places := 0
	if point >= 0 {
		if places = len(s) - 1 - point; places == 0 || places > decimals {
			return 0, false
		}
	}
	if len(s) == first || s[first] == '0' && len(s) > first+1 && s[first+1] != '.' || n > 10_000_000_000_000 {
		return 0, false
	}
	for ; places < decimals; places++ {
		n *= 10
	}
	if first == 1 {
		n = -n
	}
	return n, true
}

// Float returns the number nearest to the value. A string that holds a JSON number counts as that number. ok is false for
// anything else and beyond the range of float64.
func (v Value) Float() (f float64, ok bool) {
	switch v.Kind {
	case Number:
	case String:
		if !isNumber(v.Raw) {
			return 0, false
		}
	default:
		return 0, false
	}
	f, err := strconv.ParseFloat(v.Raw, 64)
	if err != nil {
		return 0, false
	}
	return f, true
}

func isNumber(s string) bool {
	if s == "" || s[0] != '-' && s[0]-'0' >= 10 {
		return false
	}
	sc := scanner{b: bytesOf(s)}
	return sc.number(0) == len(s)
}
