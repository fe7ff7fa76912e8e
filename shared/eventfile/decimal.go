package eventfile

import (
	"math/bits"
	"strconv"
	"strings"
)

// dec is an exact decimal: n divided by ten to the power scale.
type dec struct {
	n     int64
	scale int
}

// maxScale bounds the digits behind the point.
const maxScale = 18

// parseDec reads a plain decimal number: digits with at most one point and a sign. ok is false for anything else and for
// more digits than 64 bits hold.
func parseDec(s string) (d dec, ok bool) {
	i, negative := 0, false
	if i < len(s) && (s[i] == '-' || s[i] == '+') {
		negative = s[i] == '-'
		i++
	}
	digits, point := 0, -1
	u := uint64(0)
	for ; i < len(s); i++ {
		if s[i] == '.' && point < 0 {
			point = digits
			continue
		}
		c := uint64(s[i] - '0')
		if c > 9 {
			return dec{}, false
		}
		hi, lo := bits.Mul64(u, 10)
		u = lo + c
		if hi != 0 || u < c || u > 1<<63-1 {
			return dec{}, false
		}
		digits++
	}
	if digits == 0 {
		return dec{}, false
	}
	d.n = int64(u)
	if negative {
		d.n = -d.n
	}
	if point >= 0 {
		d.scale = digits - point
	}
	d = d.trim()
	return d, d.scale <= maxScale
}

// trim removes zeros at the end of the digits behind the point.
func (d dec) trim() dec {
	for d.scale > 0 && d.n%10 == 0 {
		d.n /= 10
		d.scale--
	}
	return d
}

func mul64(a, b int64) (int64, bool) {
	hi, lo := bits.Mul64(magnitude(a), magnitude(b))
	if hi != 0 || lo > 1<<63-1 {
		return 0, false
	}
	if (a < 0) != (b < 0) {
		return -int64(lo), true
	}
	return int64(lo), true
}

func magnitude(a int64) uint64 {
	if a < 0 {
		return uint64(-a)
	}
	return uint64(a)
}

// rescale brings d to more digits behind the point.
func (d dec) rescale(scale int) (dec, bool) {
	for d.scale < scale {
		n, ok := mul64(d.n, 10)
		if !ok {
			return dec{}, false
		}
		d.n, d.scale = n, d.scale+1
	}
	return d, true
}

func (d dec) add(e dec) (dec, bool) {
	scale := max(d.scale, e.scale)
	d, ok1 := d.rescale(scale)
	e, ok2 := e.rescale(scale)
	sum := d.n + e.n
	if !ok1 || !ok2 || (d.n < 0) == (e.n < 0) && (sum < 0) != (d.n < 0) {
		return dec{}, false
	}
	return dec{sum, scale}.trim(), sum != -1<<63
}

func (d dec) negate() dec { return dec{-d.n, d.scale} }

func (d dec) sub(e dec) (dec, bool) { return d.add(e.negate()) }

func (d dec) mul(e dec) (dec, bool) {
	n, ok := mul64(d.n, e.n)
	r := dec{n, d.scale + e.scale}.trim()
	return r, ok && r.scale <= maxScale
}

// cmp returns -1, 0 or 1. Numbers too far apart to bring to one scale differ by their signs and sizes.
func (d dec) cmp(e dec) int {
	if x, ok := d.sub(e); ok {
		return sign(x.n)
	}
	if sign(d.n) != sign(e.n) {
		return sign(int64(sign(d.n) - sign(e.n)))
	}
	if len(d.integer()) != len(e.integer()) {
		return sign(d.n) * sign(int64(len(d.integer())-len(e.integer())))
	}
	return strings.Compare(d.String(), e.String()) * sign(d.n)
}

func sign(n int64) int {
	switch {
	case n < 0:
		return -1
	case n > 0:
		return 1
	}
	return 0
}

func (d dec) integer() string {
	whole, _, _ := strings.Cut(strings.TrimPrefix(d.String(), "-"), ".")
	return whole
}

// append writes d as a JSON number.
func (d dec) append(dst []byte) []byte {
	if d.scale == 0 {
		return strconv.AppendInt(dst, d.n, 10)
	}
	if d.n < 0 {
		dst = append(dst, '-')
	}
	digits := strconv.FormatUint(magnitude(d.n), 10)
	if pad := d.scale + 1 - len(digits); pad > 0 {
		digits = strings.Repeat("0", pad) + digits
	}
	dst = append(dst, digits[:len(digits)-d.scale]...)
	dst = append(dst, '.')
	return append(dst, digits[len(digits)-d.scale:]...)
}

func (d dec) String() string { return string(d.append(nil)) }
