package eventfile

import (
	"encoding/binary"
	"encoding/hex"
	"io"
	"math"
	"math/big"
	"strconv"
	"time"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/deprecated"
	"github.com/parquet-go/parquet-go/encoding"
	"github.com/parquet-go/parquet-go/format"

	"github.com/weir-engine/weir/shared/event"
)

// leafKind is how the values of a Parquet column are read.
type leafKind uint8

const (
	leafNone leafKind = iota // a type that is not read
	leafText
	leafBool
	leafInt
	leafUint
	leafFloat
	leafTime    // scale is the units in a second
	leafDate    // days since 1970
	leafDecimal // scale is the digits behind the point
	leafBigDecimal
	leafUUID
)

// leaf walks one flat column, page by page.
type leaf struct {
	name   string // the path, joined by dots
	kind   leafKind
	scale  int
	maxDef byte

	pages parquet.Pages
	page  parquet.Page
	defs  []byte // definition levels; empty when every value is there
	rows  int    // of the page
	row   int    // next row within the page
	value int    // next value within the page
	index []int32
	plain column
	dict  column
	of    parquet.Dictionary // what dict was read from

	null bool // the current row's value is absent
	at   int  // position of the current value in from
	from *column
}

// column is the memory of values of one physical type.
type column struct {
	kind    encoding.Kind
	bytes   []byte
	offsets []uint32
	width   int
	ascii   bool // bytes holds nothing else: found once a page rather than for every value
	i32     []int32
	i64     []int64
	f32     []float32
	f64     []float64
	i96     []deprecated.Int96
}

func (c *column) set(v encoding.Values) {
	*c = column{kind: v.Kind()}
	switch c.kind {
	case encoding.Boolean:
		c.bytes = v.Boolean()
	case encoding.Int32:
		c.i32 = v.Int32()
	case encoding.Int64:
		c.i64 = v.Int64()
	case encoding.Int96:
		c.i96 = v.Int96()
	case encoding.Float:
		c.f32 = v.Float()
	case encoding.Double:
		c.f64 = v.Double()
	case encoding.ByteArray:
		c.bytes, c.offsets = v.ByteArray()
		c.ascii = isASCII(c.bytes)
	case encoding.FixedLenByteArray:
		c.bytes, c.width = v.FixedLenByteArray()
	}
}

func isASCII(b []byte) bool {
	for ; len(b) >= 8; b = b[8:] {
		if binary.LittleEndian.Uint64(b)&0x8080808080808080 != 0 {
			return false
		}
	}
	for _, c := range b {
		if c >= 0x80 {
			return false
		}
	}
	return true
}

// ascii reports that the current value cannot be anything but ASCII.
func (l *leaf) ascii() bool { return l.kind != leafText || l.null || l.from.ascii }

func newLeaf(name string, c *parquet.Column) *leaf {
	l := &leaf{name: name, maxDef: byte(c.MaxDefinitionLevel())}
	l.kind, l.scale = leafType(c.Type())
	return l
}

// leafType reads the logical type, then the physical one.
func leafType(t parquet.Type) (kind leafKind, scale int) {
	if lt := t.LogicalType(); lt != nil {
		switch v := lt.Value.(type) {
		case *format.TimestampType:
			return leafTime, int(time.Second / v.Unit.Value.Duration())
		case *format.DateType:
			return leafDate, 0
		case *format.DecimalType:
			return decimalLeaf(t, int(v.Scale))
		case *format.UUIDType:
			return leafUUID, 0
		case *format.IntType:
			if !v.IsSigned {
				return leafUint, 0
			}
		case *format.TimeType, *format.BsonType, *format.Float16Type, *format.VariantType, *format.GeometryType, *format.GeographyType:
			return leafNone, 0
		}
	} else if ct := t.ConvertedType(); ct != nil {
		switch *ct {
		case deprecated.TimestampMillis:
			return leafTime, 1000
		case deprecated.TimestampMicros:
			return leafTime, 1_000_000
		case deprecated.Date:
			return leafDate, 0
		case deprecated.Uint8, deprecated.Uint16, deprecated.Uint32, deprecated.Uint64:
			return leafUint, 0
		case deprecated.Decimal, deprecated.TimeMillis, deprecated.TimeMicros, deprecated.Bson, deprecated.Interval:
			return leafNone, 0
		}
	}
	switch t.Kind() {
	case parquet.Boolean:
		return leafBool, 0
	case parquet.Int32, parquet.Int64:
		return leafInt, 0
	case parquet.Int96:
		return leafTime, 1_000_000_000
	case parquet.Float, parquet.Double:
		return leafFloat, 0
	case parquet.ByteArray:
		return leafText, 0
	}
	return leafNone, 0
}

func decimalLeaf(t parquet.Type, scale int) (leafKind, int) {
	if k := t.Kind(); k == parquet.ByteArray || k == parquet.FixedLenByteArray {
		return leafBigDecimal, scale
	}
	return leafDecimal, scale
}

// next moves to the next row. It returns io.EOF behind the last.
func (l *leaf) next() error {
	for l.row == l.rows {
		if err := l.turn(); err != nil {
			return err
		}
	}
	if len(l.defs) > 0 && l.defs[l.row] != l.maxDef {
		l.row++
		l.null = true
		return nil
	}
	l.row++
	l.null = false
	if l.index != nil {
		l.at, l.from = int(l.index[l.value]), &l.dict
	} else {
		l.at, l.from = l.value, &l.plain
	}
	l.value++
	return nil
}

// turn reads the next page.
func (l *leaf) turn() error {
	if l.page != nil {
		parquet.Release(l.page)
		l.page = nil
	}
	page, err := l.pages.ReadPage()
	if err != nil {
		return err
	}
	l.page, l.rows, l.row, l.value, l.index = page, int(page.NumValues()), 0, 0, nil
	l.defs = page.DefinitionLevels()
	data := page.Data()
	if d := page.Dictionary(); d != nil {
		l.index = data.Int32()
		if l.index == nil {
			l.index = []int32{}
		}
		if d != l.of {
			l.dict.set(d.Page().Data())
			l.of = d
		}
		return nil
	}
	l.plain.set(data)
	return nil
}

func (l *leaf) close() error {
	if l.page != nil {
		parquet.Release(l.page)
		l.page = nil
	}
	return l.pages.Close()
}

// text returns the current value of a text column; "" when it is absent.
func (l *leaf) text() string {
	if l.null {
		return ""
	}
	return view(l.bytes())
}

func (l *leaf) bytes() []byte {
	c := l.from
	if c.kind == encoding.FixedLenByteArray {
		return c.bytes[l.at*c.width : (l.at+1)*c.width]
	}
	return c.bytes[c.offsets[l.at]:c.offsets[l.at+1]]
}

func (l *leaf) int() int64 {
	switch l.from.kind {
	case encoding.Int32:
		if l.kind == leafUint {
			return int64(uint32(l.from.i32[l.at]))
		}
		return int64(l.from.i32[l.at])
	case encoding.Int64:
		return l.from.i64[l.at]
	case encoding.Int96:
		v := l.from.i96[l.at]
		return (int64(v[2])-2_440_588)*86_400_000_000_000 + int64(uint64(v[1])<<32|uint64(v[0]))
	}
	return 0
}

func (l *leaf) float() float64 {
	if l.from.kind == encoding.Float {
		return float64(l.from.f32[l.at])
	}
	return l.from.f64[l.at]
}

// millis returns the current value of a time column as unix milliseconds, rounded down.
func (l *leaf) millis() int64 {
	n := l.int()
	if l.kind == leafDate {
		return n * 86_400_000
	}
	per := int64(l.scale / 1000)
	q := n / per
	if n%per < 0 {
		q--
	}
	return q
}

// append writes the current value as JSON and says its kind. Strings and times are appended without quotes. A float that
// is no number (NaN, infinity) has kind None.
func (l *leaf) append(dst []byte) ([]byte, event.ValueKind) {
	if l.null {
		return dst, event.Null
	}
	switch l.kind {
	case leafBool:
		if l.from.bytes[l.at>>3]>>(l.at&7)&1 == 1 {
			return append(dst, "true"...), event.Bool
		}
		return append(dst, "false"...), event.Bool
	case leafInt:
		return strconv.AppendInt(dst, l.int(), 10), event.Number
	case leafUint:
		return strconv.AppendUint(dst, uint64(l.int()), 10), event.Number
	case leafFloat:
		return appendFloat(dst, l.float(), l.from.kind == encoding.Float)
	case leafTime:
		return time.UnixMilli(l.millis()).UTC().AppendFormat(dst, "2006-01-02T15:04:05.000Z"), event.String
	case leafDate:
		return time.UnixMilli(l.millis()).UTC().AppendFormat(dst, time.DateOnly), event.String
	case leafDecimal:
		return dec{l.int(), l.scale}.append(dst), event.Number
	case leafBigDecimal:
		return appendBigDecimal(dst, l.bytes(), l.scale), event.Number
	case leafUUID:
		b := l.bytes()
		for i, part := range [...][]byte{b[:4], b[4:6], b[6:8], b[8:10], b[10:]} {
			if i > 0 {
				dst = append(dst, '-')
			}
			dst = hex.AppendEncode(dst, part)
		}
		return dst, event.String
	}
	return append(dst, l.bytes()...), event.String
}

// appendFloat writes the shortest decimal that reads back as f. Amounts with up to two digits behind the point, by far the
// most, take a short way: a decimal of at most 15 digits that reads back as f is the shortest there is.
func appendFloat(dst []byte, f float64, single bool) ([]byte, event.ValueKind) {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return dst, event.None
	}
	if n := math.RoundToEven(f * 100); !single && math.Abs(n) < 1e15 && n/100 == f {
		return dec{int64(n), 2}.trim().append(dst), event.Number
	}
	bits := 64
	if single {
		bits = 32
	}
	return strconv.AppendFloat(dst, f, 'g', -1, bits), event.Number
}

func appendBigDecimal(dst, b []byte, scale int) []byte {
	n := new(big.Int).SetBytes(b)
	if len(b) > 0 && b[0] >= 0x80 {
		n.Sub(n, new(big.Int).Lsh(big.NewInt(1), uint(8*len(b))))
	}
	if n.Sign() < 0 {
		dst = append(dst, '-')
		n.Neg(n)
	}
	digits := n.String()
	for len(digits) <= scale {
		digits = "0" + digits
	}
	dst = append(dst, digits[:len(digits)-scale]...)
	if scale > 0 {
		dst = append(append(dst, '.'), digits[len(digits)-scale:]...)
	}
	return dst
}

// advance moves all leaves to the next row. It returns io.EOF when the file ends, and io.ErrUnexpectedEOF when its columns
// are of different length.
func advance(leaves []*leaf) error {
	for i, l := range leaves {
		if err := l.next(); err != nil {
			if err == io.EOF && i > 0 {
				return io.ErrUnexpectedEOF
			}
			return err
		}
	}
	return nil
}
