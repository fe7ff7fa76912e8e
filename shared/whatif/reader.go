package whatif

import (
	"encoding/binary"
	"hash/crc32"
	"math"
	"unicode/utf8"
	"unsafe"

	"github.com/weir-engine/weir/shared/fault"
	"github.com/weir-engine/weir/shared/segment"
	"github.com/weir-engine/weir/shared/segment/column"
)

// Open reads a shard without copying its data: the columns point into b, which must not change, when it is aligned to 8 bytes
// and the machine is little-endian. Invalid when b is not a whole shard of this layout; nothing in b makes it panic.
func Open(b []byte) (Head, []column.Column, error) { return open(b, false) }

// open does what Open does; of a buffer that is known to be what a writer made it does not compute the checksum.
func open(b []byte, verified bool) (Head, []column.Column, error) {
	r := &opening{b: b}
	h, cols, err := r.open(verified)
	if err != nil {
		return Head{}, nil, err
	}
	return h, cols, nil
}

type opening struct{ b []byte }

func broken(format string, args ...any) *fault.Error {
	return fault.New(fault.Invalid, "the shard is damaged: "+format, args...).WithHint("load it again; if it stays damaged, make a new snapshot")
}

func (r *opening) open(verified bool) (h Head, cols []column.Column, err error) {
	le, b := binary.LittleEndian, r.b
	if len(b) < headerSize || string(b[:8]) != magic {
		return h, nil, broken("it does not begin like one")
	}
	if v := le.Uint32(b[8:]); v != layoutVersion {
		return h, nil, fault.New(fault.Invalid, "the shard has layout %d, this program reads layout %d", v, layoutVersion).WithHint("make a new snapshot, or use the program that made this one")
	}
	if le.Uint64(b[16:]) != uint64(len(b)) {
		return h, nil, broken("it has %d of %d bytes", len(b), le.Uint64(b[16:]))
	}
	if !verified && le.Uint32(b[12:]) != crc32.Checksum(b[16:], castagnoli) {
		return h, nil, broken("its checksum is wrong")
	}
	rows, n, dir := le.Uint32(b[24:]), le.Uint32(b[28:]), le.Uint64(b[56:])
	first := int64(le.Uint64(b[40:]))
	if rows > MaxShardRows || n > maxColumns || first < 0 || first > 1<<40 {
		return h, nil, broken("it has %d rows after %d, and %d columns", rows, first, n)
	}
	if dir%8 != 0 || dir > uint64(len(b)) || uint64(len(b))-dir < uint64(n)*entrySize {
		return h, nil, broken("its directory lies beyond its end")
	}
	h = Head{Rows: int(rows), AsOf: int64(le.Uint64(b[32:])), First: first, Ascending: le.Uint32(b[48:])&flagAscending != 0}
	if h.AsOf < -1<<53 || h.AsOf > 1<<53 {
		return h, nil, broken("its moment is %d", h.AsOf)
	}
	words := parsing{b: r.part(headerSize, uint64(le.Uint32(b[52:])))}
	for _, s := range h.words() {
		*s = words.text()
	}
	if words.bad {
		return h, nil, broken("its words are cut off")
	}
	seen := make(map[string]bool, n)
	for i := range n {
		c, err := r.column(b[dir+uint64(i)*entrySize:][:entrySize], h.Rows)
		if err != nil {
			return h, nil, err
		}
		if seen[c.Ref] {
			return h, nil, broken("there are two columns %q", c.Ref)
		}
		seen[c.Ref] = true
		cols = append(cols, c)
	}
	return h, cols, nil
}

// part returns a part of the buffer; nil when it lies beyond its end.
func (r *opening) part(at, n uint64) []byte {
	if at > uint64(len(r.b)) || n > uint64(len(r.b))-at {
		return nil
	}
	return r.b[at : at+n : at+n]
}

func (r *opening) column(e []byte, rows int) (column.Column, error) {
	le := binary.LittleEndian
	name := r.part(uint64(le.Uint32(e[32:])), uint64(le.Uint32(e[36:])))
	c := column.Column{Ref: string(name), Kind: column.Kind(e[52]), Scale: int64(le.Uint64(e[16:])), HasNull: e[54]&flagNull != 0, NullRaw: int64(le.Uint64(e[24:]))}
	if len(name) == 0 || len(name) > maxWord || !utf8.Valid(name) || c.Kind > column.Float || c.Scale < 1 {
		return c, broken("it has a column %q of kind %d", c.Ref, c.Kind)
	}
	width, size := int(e[53]), uint64(rows)*uint64(e[53])
	if c.Kind == column.Bits {
		size = uint64(rows+63) / 64 * 8
	}
	at := le.Uint64(e)
	data := r.part(at, size)
	if at%dataAlign != 0 || le.Uint64(e[8:]) != size || data == nil && size > 0 {
		return c, broken("the data of %q lie beyond its end", c.Ref)
	}
	switch {
	case c.Kind == column.Bits && width == 0:
		c.Bits = view[uint64](data)
		if tail := rows % 64; tail != 0 && c.Bits[rows/64]>>tail != 0 {
			return c, broken("%q has more bits than rows", c.Ref)
		}
	case c.Kind == column.Bits || c.Kind == column.Float && width != 8:
		return c, broken("%q has %d bytes a row", c.Ref, width)
	case width == 1:
		c.U8 = view[uint8](data)
	case width == 2:
		c.U16 = view[uint16](data)
	case width == 4:
		c.U32 = view[uint32](data)
	case width == 8:
		c.I64 = view[int64](data)
	default:
		return c, broken("%q has %d bytes a row", c.Ref, width)
	}
	if c.Kind != column.Dict {
		return c, nil
	}
	values := parsing{b: r.part(uint64(le.Uint32(e[40:])), uint64(le.Uint32(e[44:])))}
	count := le.Uint32(e[48:])
	if count > maxDictValues || uint64(count) > uint64(len(values.b)) {
		return c, broken("the dictionary of %q has %d values", c.Ref, count)
	}
	for range count {
		c.Values = append(c.Values, values.value(0))
	}
	if values.bad || len(values.b) > 0 {
		return c, broken("the dictionary of %q cannot be read", c.Ref)
	}
	return c, nil
}

// littleEndian is whether numbers in memory have the order of the layout.
var littleEndian = *(*uint16)(unsafe.Pointer(&[2]byte{1, 0})) == 1

// view returns data as numbers: in place where memory allows it.
func view[T uint8 | uint16 | uint32 | uint64 | int64](data []byte) []T {
	var zero T
	size := int(unsafe.Sizeof(zero))
	n := len(data) / size
	if n == 0 {
		return []T{}
	}
	if p := unsafe.SliceData(data); littleEndian && uintptr(unsafe.Pointer(p))%uintptr(size) == 0 {
		return unsafe.Slice((*T)(unsafe.Pointer(p)), n)
	}
	out := make([]T, n)
	for i := range out {
		var v uint64
		for k := size - 1; k >= 0; k-- {
			v = v<<8 | uint64(data[i*size+k])
		}
		out[i] = T(v)
	}
	return out
}

// parsing reads texts and values; bad once something was cut off.
type parsing struct {
	b   []byte
	bad bool
}

func (p *parsing) take(n uint64) []byte {
	if p.bad || n > uint64(len(p.b)) {
		p.bad = true
		return nil
	}
	out := p.b[:n]
	p.b = p.b[n:]
	return out
}

func (p *parsing) u32() uint32 {
	if b := p.take(4); b != nil {
		return binary.LittleEndian.Uint32(b)
	}
	return 0
}

func (p *parsing) u64() uint64 {
	if b := p.take(8); b != nil {
		return binary.LittleEndian.Uint64(b)
	}
	return 0
}

func (p *parsing) text() string {
	b := p.take(uint64(p.u32()))
	return string(b)
}

// value reads a value; times and numbers must be what conditions can hold.
func (p *parsing) value(depth int) segment.Value {
	kind := p.take(1)
	if kind == nil || depth > maxListDepth {
		p.bad = true
		return segment.Null
	}
	switch kind[0] {
	case valueNull:
		return segment.Null
	case valueBool:
		b := p.take(1)
		return segment.Bool(len(b) == 1 && b[0] != 0)
	case valueNumber:
		x := math.Float64frombits(p.u64())
		p.bad = p.bad || math.IsNaN(x) || math.IsInf(x, 0)
		return segment.Number(x)
	case valueText:
		return segment.String(p.text())
	case valueTime:
		ms := int64(p.u64())
		p.bad = p.bad || ms < -1<<53 || ms > 1<<53
		return segment.Time(ms)
	case valueList:
		n := p.u32()
		if uint64(n) > uint64(len(p.b)) {
			p.bad = true
			return segment.Null
		}
		var list []segment.Value
		for range n {
			if p.bad {
				break
			}
			list = append(list, p.value(depth+1))
		}
		return segment.List(list)
	}
	p.bad = true
	return segment.Null
}
