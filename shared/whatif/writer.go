package whatif

import (
	"encoding/binary"
	"hash/crc32"
	"math"

	"github.com/weir-engine/weir/shared/fault"
	"github.com/weir-engine/weir/shared/segment"
	"github.com/weir-engine/weir/shared/segment/column"
)

// Writer packs rows into shards. A column takes the bytes a row that its largest number needs; it is set at most once a row. It is not safe for concurrent
// use.
type Writer struct {
	head    Head
	cols    []*packed
	byRef   map[string]int
	rows    int
	dropped map[string]bool
	refused []string
}

// packed is a column under construction.
type packed struct {
	Field
	u8    []uint8
	u16   []uint16
	u32   []uint32
	i64   []int64
	width int
	nulls bool
	bits  []uint64

	codes  map[string]int64 // by the encoded value
	dict   []byte
	values int
	key    []byte
	full   bool
	n      int
}

// NewWriter starts a base of columns. The head's Rows, First and Ascending are
// kept by the writer.
func NewWriter(head Head, fields []Field) *Writer {
	head.Ascending = true
	w := &Writer{head: head, byRef: map[string]int{}, dropped: map[string]bool{}}
	for _, f := range fields {
		w.Column(f)
	}
	return w
}

// Column returns the place of a column, which is added when it is new: rows before it have 0, null or false.
func (w *Writer) Column(f Field) int {
	if i, ok := w.byRef[f.Ref]; ok {
		return i
	}
	c := &packed{Field: f}
	c.reset()
	w.byRef[f.Ref] = len(w.cols)
	w.cols = append(w.cols, c)
	return len(w.cols) - 1
}

// Has reports whether there is a column.
func (w *Writer) Has(ref string) bool { _, ok := w.byRef[ref]; return ok }

func (c *packed) reset() {
	c.u8, c.u16, c.u32, c.i64, c.bits = c.u8[:0], nil, nil, nil, c.bits[:0]
	c.width, c.nulls, c.n, c.full = 1, false, 0, false
	if c.Kind == column.Float {
		c.width = 8
	}
	if c.Kind == column.Dict {
		c.codes, c.dict, c.values = map[string]int64{}, c.dict[:0], 0
	}
}

// Int sets a number, day or time of the row.
func (w *Writer) Int(i int, v int64) { w.cols[i].fill(w.rows); w.cols[i].put(v) }

// Float sets a number of a column of floats; what is not finite becomes null.
func (w *Writer) Float(i int, x float64) {
	if math.IsNaN(x) || math.IsInf(x, 0) {
		w.Null(i)
		return
	}
	w.Int(i, column.FloatRaw(x))
}

// Null leaves the row without a value.
func (w *Writer) Null(i int) {
	c := w.cols[i]
	if c.Kind == column.Dict {
		w.Value(i, segment.Null)
		return
	}
	c.fill(w.rows)
	c.putNull()
}

// Value sets a value of a dictionary column.
func (w *Writer) Value(i int, v segment.Value) {
	c := w.cols[i]
	c.fill(w.rows)
	if !c.full {
		c.put(c.code(v))
	}
}

// Bit sets a truth value.
func (w *Writer) Bit(i int) {
	c := w.cols[i]
	for len(c.bits) <= w.rows/64 {
		c.bits = append(c.bits, 0)
	}
	c.bits[w.rows/64] |= 1 << (w.rows % 64)
}

// Next finishes the row. It reports whether the shard is full: then Shard is due.
func (w *Writer) Next() (full bool) {
	w.rows++
	return w.rows == MaxShardRows
}

// Unordered says that the keys of the rows do not ascend.
func (w *Writer) Unordered() { w.head.Ascending = false }

// Rows returns the rows of the shard so far.
func (w *Writer) Rows() int { return w.rows }

// Refused lists columns that some shard does not hold because they have more than 65,536 different values.
func (w *Writer) Refused() []string { return w.refused }

// code is the place of a value in the dictionary.
func (c *packed) code(v segment.Value) int64 {
	c.key = appendValue(c.key[:0], v)
	if k, ok := c.codes[string(c.key)]; ok {
		return k
	}
	if c.values == maxDictValues || len(c.dict)+len(c.key) > maxDictBytes {
		c.full = true
		return 0
	}
	k := int64(c.values)
	c.codes[string(c.key)] = k
	c.dict = append(c.dict, c.key...)
	c.values++
	return k
}

// fill gives the rows before one that were not set 0, or null in a dictionary.
func (c *packed) fill(rows int) {
	if c.Kind == column.Bits || c.full {
		return
	}
	for c.n < rows {
		v := int64(0)
		if c.Kind == column.Dict {
			if v = c.code(segment.Null); c.full {
				return
			}
		}
		c.put(v)
	}
}

// limits of what each width holds; the largest number of a width stands for null.
var widthMax = [9]int64{1: math.MaxUint8 - 1, 2: math.MaxUint16 - 1, 4: math.MaxUint32 - 1, 8: math.MaxInt64}

func (c *packed) put(v int64) {
	for c.width < 8 && (v < 0 || v > widthMax[c.width]) {
		c.widen()
	}
	c.n++
	switch c.width {
	case 1:
		c.u8 = append(c.u8, uint8(v))
	case 2:
		c.u16 = append(c.u16, uint16(v))
	case 4:
		c.u32 = append(c.u32, uint32(v))
	default:
		c.i64 = append(c.i64, v)
	}
}

func (c *packed) putNull() {
	c.nulls = true
	c.n++
	switch c.width {
	case 1:
		c.u8 = append(c.u8, math.MaxUint8)
	case 2:
		c.u16 = append(c.u16, math.MaxUint16)
	case 4:
		c.u32 = append(c.u32, math.MaxUint32)
	default:
		c.i64 = append(c.i64, math.MinInt64)
	}
}

// widen doubles the bytes a row.
func (c *packed) widen() {
	switch c.width {
	case 1:
		c.u16 = widened[uint8, uint16](c.u8, math.MaxUint8, math.MaxUint16)
		c.u8 = c.u8[:0]
	case 2:
		c.u32 = widened[uint16, uint32](c.u16, math.MaxUint16, math.MaxUint32)
		c.u16 = nil
	default:
		c.i64 = widened[uint32, int64](c.u32, math.MaxUint32, math.MinInt64)
		c.u32 = nil
	}
	c.width *= 2
}

func widened[A, B uint8 | uint16 | uint32 | int64](from []A, null A, to B) []B {
	out := make([]B, len(from), max(len(from)+len(from)/2, 64))
	for i, v := range from {
		out[i] = B(v)
		if v == null {
			out[i] = to
		}
	}
	return out
}

func (c *packed) nullRaw() int64 {
	switch c.width {
	case 1:
		return math.MaxUint8
	case 2:
		return math.MaxUint16
	case 4:
		return math.MaxUint32
	}
	return math.MinInt64
}

// Shard returns the rows so far as a shard and starts the next one. TooLarge when it would pass 4 GiB, or 4,096 columns.
func (w *Writer) Shard() ([]byte, error) {
	var cols []*packed
	for _, c := range w.cols {
		c.fill(w.rows)
		if !c.full {
			cols = append(cols, c)
		} else if !w.dropped[c.Ref] {
			w.dropped[c.Ref] = true
			w.refused = append(w.refused, c.Ref)
		}
	}
	h := w.head
	h.Rows = w.rows
	b, err := assemble(&h, cols)
	for _, c := range w.cols {
		c.reset()
	}
	w.head.First += int64(w.rows)
	w.rows = 0
	return b, err
}

// assemble lays a shard out.
func assemble(h *Head, cols []*packed) ([]byte, error) {
	var words []byte
	for _, s := range h.words() {
		text := *s
		if len(text) > maxWord {
			text = text[:maxWord]
		}
		words = appendText(words, text)
	}
	dir := align(headerSize+len(words), 8)
	at := dir + entrySize*len(cols)
	names := at
	for _, c := range cols {
		at += len(c.Ref) + len(c.dict)
	}
	data := align(at, dataAlign)
	total := data
	for _, c := range cols {
		total = align(total+c.size(h.Rows), dataAlign)
	}
	if total > math.MaxUint32 || len(cols) > maxColumns {
		return nil, fault.New(fault.TooLarge, "a shard of %d rows has %d columns and %d bytes", h.Rows, len(cols), total).WithHint("snapshot fewer columns")
	}
	b := make([]byte, total)
	copy(b, magic)
	le := binary.LittleEndian
	le.PutUint32(b[8:], layoutVersion)
	le.PutUint64(b[16:], uint64(total))
	le.PutUint32(b[24:], uint32(h.Rows))
	le.PutUint32(b[28:], uint32(len(cols)))
	le.PutUint64(b[32:], uint64(h.AsOf))
	le.PutUint64(b[40:], uint64(h.First))
	if h.Ascending {
		le.PutUint32(b[48:], flagAscending)
	}
	le.PutUint32(b[52:], uint32(len(words)))
	le.PutUint64(b[56:], uint64(dir))
	copy(b[headerSize:], words)
	for i, c := range cols {
		e := b[dir+i*entrySize:]
		size := c.size(h.Rows)
		le.PutUint64(e, uint64(data))
		le.PutUint64(e[8:], uint64(size))
		le.PutUint64(e[16:], uint64(max(c.Scale, 1)))
		le.PutUint64(e[24:], uint64(c.nullRaw()))
		le.PutUint32(e[32:], uint32(names))
		le.PutUint32(e[36:], uint32(len(c.Ref)))
		names += copy(b[names:], c.Ref)
		le.PutUint32(e[40:], uint32(names))
		le.PutUint32(e[44:], uint32(len(c.dict)))
		names += copy(b[names:], c.dict)
		le.PutUint32(e[48:], uint32(c.values))
		e[52], e[53] = uint8(c.Kind), uint8(c.width)
		if c.Kind == column.Bits {
			e[53] = 0
		}
		if c.nulls {
			e[54] = flagNull
		}
		c.write(b[data : data+size])
		data = align(data+size, dataAlign)
	}
	le.PutUint32(b[12:], crc32.Checksum(b[16:], castagnoli))
	return b, nil
}

// size is the bytes of the data.
func (c *packed) size(rows int) int {
	if c.Kind == column.Bits {
		return (rows + 63) / 64 * 8
	}
	return rows * c.width
}

func (c *packed) write(b []byte) {
	le := binary.LittleEndian
	if c.Kind == column.Bits {
		for i, v := range c.bits {
			le.PutUint64(b[i*8:], v)
		}
		return
	}
	copy(b, c.u8)
	for i, v := range c.u16 {
		le.PutUint16(b[i*2:], v)
	}
	for i, v := range c.u32 {
		le.PutUint32(b[i*4:], v)
	}
	for i, v := range c.i64 {
		le.PutUint64(b[i*8:], uint64(v))
	}
}

func appendText(b []byte, s string) []byte {
	return append(binary.LittleEndian.AppendUint32(b, uint32(len(s))), s...)
}

// appendValue appends a value of a dictionary.
func appendValue(b []byte, v segment.Value) []byte {
	le := binary.LittleEndian
	switch v.Kind {
	case segment.KindBool:
		return append(b, valueBool, uint8(v.Num))
	case segment.KindNumber:
		return le.AppendUint64(append(b, valueNumber), math.Float64bits(v.Num))
	case segment.KindString:
		return appendText(append(b, valueText), v.Str)
	case segment.KindTime:
		return le.AppendUint64(append(b, valueTime), uint64(int64(v.Num)))
	case segment.KindList:
		b = le.AppendUint32(append(b, valueList), uint32(len(v.List)))
		for _, e := range v.List {
			b = appendValue(b, e)
		}
		return b
	}
	return append(b, valueNull)
}

// The kinds of values in a dictionary.
const (
	valueNull = iota
	valueBool
	valueNumber
	valueText
	valueTime
	valueList
)
