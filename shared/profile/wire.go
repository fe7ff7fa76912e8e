package profile

import (
	"encoding/binary"
	"math/bits"

	"github.com/weir-engine/weir/shared/fault"
)

// errCorrupt is what every decoder of this package returns for bytes that no encoder wrote.
var errCorrupt = fault.New(fault.Internal, "a stored profile cannot be read").
	WithHint("rebuild the profiles from the canonical files with weir rebuild")

// errVersion is returned for an encoding that a later version of Weir wrote.
var errVersion = fault.New(fault.Invalid, "a stored profile was written by a later version of Weir").
	WithHint("run at least the version of Weir that wrote it")

// reader reads the primitives of the encodings. After the first failure everything it returns is zero, and failed is set.
type reader struct {
	b      []byte
	failed bool
}

func (r *reader) fail() {
	r.failed = true
	r.b = nil
}

func (r *reader) byte() byte {
	if len(r.b) == 0 {
		r.fail()
		return 0
	}
	c := r.b[0]
	r.b = r.b[1:]
	return c
}

func (r *reader) uint() uint64 {
	if len(r.b) > 0 && r.b[0] < 0x80 {
		c := r.b[0]
		r.b = r.b[1:]
		return uint64(c)
	}
	v, n := binary.Uvarint(r.b)
	if n <= 0 {
		r.fail()
		return 0
	}
	r.b = r.b[n:]
	return v
}

// int reads a zigzag number.
func (r *reader) int() int64 {
	v := r.uint()
	return int64(v>>1) ^ -int64(v&1)
}

// count reads the number of items that follow, of which each takes at least size bytes.
func (r *reader) count(size int) int {
	return r.within(r.uint(), size)
}

func (r *reader) within(n uint64, size int) int {
	if n > uint64(len(r.b)/size) {
		r.fail()
		return 0
	}
	return int(n)
}

func (r *reader) take(n int) []byte {
	if n > len(r.b) {
		r.fail()
		return nil
	}
	b := r.b[:n]
	r.b = r.b[n:]
	return b
}

// fixed reads a number of n bytes, low byte first.
func (r *reader) fixed(n int) uint64 {
	v := uint64(0)
	for i, c := range r.take(n) {
		v |= uint64(c) << (8 * i)
	}
	return v
}

func appendInt(dst []byte, v int64) []byte {
	return binary.AppendUvarint(dst, uint64(v)<<1^uint64(v>>63))
}

func appendUint(dst []byte, v uint64) []byte {
	if v < 0x80 {
		return append(dst, byte(v))
	}
	return binary.AppendUvarint(dst, v)
}

func appendFixed(dst []byte, v uint64, n int) []byte {
	for range n {
		dst = append(dst, byte(v))
		v >>= 8
	}
	return dst
}

func uintSize(v uint64) int { return (bits.Len64(v|1) + 6) / 7 }

// appendText writes a text: an even number is twice its length, an odd one stands for an entry of the dictionary.
func appendText(dst []byte, s string) []byte {
	if i, ok := wordIndex[s]; ok {
		return appendUint(dst, uint64(i)<<1|1)
	}
	return append(appendUint(dst, uint64(len(s))<<1), s...)
}

// text reads what appendText wrote. all is a string of the same bytes as end, the whole encoding: texts are parts of it.
func (r *reader) text(all string) string {
	v := r.uint()
	if v&1 != 0 {
		if v>>1 >= uint64(len(words)) {
			r.fail()
			return ""
		}
		return words[v>>1]
	}
	n := r.within(v>>1, 1)
	from := len(all) - len(r.b)
	if r.take(n); r.failed {
		return ""
	}
	return all[from : from+n]
}

// appendSet writes an ascending set of numbers: as gaps when that is shorter, else as a bitmap.
func appendSet(dst []byte, set []uint32) []byte {
	gaps, next := 0, uint32(0)
	for _, v := range set {
		gaps += uintSize(uint64(v - next))
		next = v + 1
	}
	bitmap := 0
	if len(set) > 0 {
		bitmap = int(set[len(set)-1]/8) + 1
	}
	if gaps+uintSize(uint64(len(set))<<1) <= bitmap+uintSize(uint64(bitmap)<<1|1) {
		dst, next = appendUint(dst, uint64(len(set))<<1), 0
		for _, v := range set {
			dst = appendUint(dst, uint64(v-next))
			next = v + 1
		}
		return dst
	}
	dst = appendUint(dst, uint64(bitmap)<<1|1)
	from := len(dst)
	for range bitmap {
		dst = append(dst, 0)
	}
	for _, v := range set {
		dst[from+int(v/8)] |= 1 << (v % 8)
	}
	return dst
}

// set reads what appendSet wrote, and appends it to dst. Numbers at or above limit are refused.
func (r *reader) set(dst []uint32, limit uint64) []uint32 {
	v := r.uint()
	n := r.within(v>>1, 1)
	if v&1 != 0 {
		for i, c := range r.take(n) {
			for ; c != 0; c &= c - 1 {
				dst = append(dst, uint32(i*8+bits.TrailingZeros8(c)))
			}
		}
		if len(dst) > 0 && uint64(dst[len(dst)-1]) >= limit {
			r.fail()
		}
		return dst
	}
	next := uint64(0)
	for range n {
		gap := r.uint()
		if gap >= limit || next+gap >= limit {
			r.fail()
			return dst
		}
		dst = append(dst, uint32(next+gap))
		next += gap + 1
	}
	return dst
}
