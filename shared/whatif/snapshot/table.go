package snapshot

import (
	"io"
	"strconv"
	"strings"

	"github.com/parquet-go/parquet-go"

	"github.com/weir-engine/weir/shared/fault"
	"github.com/weir-engine/weir/shared/segment"
	"github.com/weir-engine/weir/shared/segment/column"
	"github.com/weir-engine/weir/shared/whatif"
)

var kindNames = map[column.Kind]string{
	column.Number: "number", column.Day: "day", column.Time: "time", column.Bits: "bits", column.Dict: "dictionary", column.Float: "float",
}

// maxValues is the most values of a dictionary that a manifest lists.
const maxValues = 1000

// catalogue collects the columns of shards.
type catalogue struct {
	columns []Column
	kinds   []column.Kind
	at      map[string]int
	values  []map[string]bool
}

func (k *catalogue) add(cols []column.Column) {
	if k.at == nil {
		k.at = map[string]int{}
	}
	for i := range cols {
		c := &cols[i]
		at, known := k.at[c.Ref]
		if !known {
			at = len(k.columns)
			k.at[c.Ref] = at
			k.columns = append(k.columns, Column{Ref: c.Ref, Kind: kindNames[c.Kind], Scale: max(c.Scale, 1)})
			k.kinds = append(k.kinds, c.Kind)
			k.values = append(k.values, map[string]bool{})
		}
		for _, v := range c.Values {
			if text := v.String(); !k.values[at][text] && len(k.values[at]) <= maxValues {
				k.values[at][text] = true
				k.columns[at].Values = append(k.columns[at].Values, text)
			}
		}
	}
}

// list returns the columns in the order in which shards had them first.
func (k *catalogue) list() []Column {
	out := append([]Column(nil), k.columns...)
	for i := range out {
		if len(out[i].Values) > maxValues {
			out[i].Values = nil
		}
	}
	return out
}

// plainName is a column's name in the table.
func plainName(ref string) string { return strings.TrimPrefix(ref, "~") }

// table writes shards as Parquet, one row group each. Money is decimal, days are dates, times are timestamps in UTC.
type table struct {
	w     *parquet.GenericWriter[any]
	of    *catalogue
	place []int // by column of the catalogue: its place in the table
}

func newTable(to io.Writer, of *catalogue) (*table, error) {
	group := parquet.Group{}
	for i, c := range of.columns {
		name := plainName(c.Ref)
		if _, twice := group[name]; twice {
			return nil, fault.New(fault.Invalid, "two columns would be named %s", name).WithHint("rename the tag or rule")
		}
		group[name] = parquet.Optional(nodeOf(of.kinds[i], c.Scale))
	}
	schema := parquet.NewSchema("users", group)
	t := &table{of: of, w: parquet.NewGenericWriter[any](to, schema, parquet.Compression(&parquet.Zstd))}
	for _, c := range of.columns {
		leaf, ok := schema.Lookup(plainName(c.Ref))
		if !ok {
			return nil, fault.New(fault.Internal, "the table has no column %s", c.Ref)
		}
		t.place = append(t.place, leaf.ColumnIndex)
	}
	return t, nil
}

func nodeOf(kind column.Kind, scale int64) parquet.Node {
	switch kind {
	case column.Day:
		return parquet.Date()
	case column.Time:
		return parquet.Timestamp(parquet.Millisecond)
	case column.Bits:
		return parquet.Leaf(parquet.BooleanType)
	case column.Dict:
		return parquet.Encoded(parquet.String(), &parquet.RLEDictionary)
	case column.Float:
		return parquet.Leaf(parquet.DoubleType)
	}
	if digits := decimals(scale); digits > 0 {
		return parquet.Decimal(digits, 18, parquet.Int64Type)
	}
	return parquet.Int(64)
}

func decimals(scale int64) int {
	n := 0
	for ; scale > 1; scale /= 10 {
		n++
	}
	return n
}

// tableBatch bounds the rows that are kept as values.
const tableBatch = 1024

// add appends the rows of a shard.
func (t *table) add(h whatif.Head, cols []column.Column) error {
	byPlace := make([]*column.Column, len(t.place))
	texts := make([][]string, len(t.place))
	for i := range cols {
		c := &cols[i]
		at := t.place[t.of.at[c.Ref]]
		byPlace[at] = c
		for _, v := range c.Values {
			text := v.String()
			if v.Kind == segment.KindString {
				text = v.Str
			}
			texts[at] = append(texts[at], text)
		}
	}
	rows := make([]parquet.Row, 0, tableBatch)
	for i := 0; i < h.Rows; i++ {
		row := make(parquet.Row, len(byPlace))
		for at, c := range byPlace {
			row[at] = valueOf(c, texts[at], i, at)
		}
		if rows = append(rows, row); len(rows) == tableBatch || i == h.Rows-1 {
			if _, err := t.w.WriteRows(rows); err != nil {
				return err
			}
			rows = rows[:0]
		}
	}
	return t.w.Flush()
}

func (t *table) close() error { return t.w.Close() }

func valueOf(c *column.Column, texts []string, row, at int) parquet.Value {
	null := parquet.NullValue().Level(0, 0, at)
	if c == nil {
		return null
	}
	if c.Kind == column.Bits {
		return parquet.BooleanValue(c.Bits[row/64]>>(row%64)&1 != 0).Level(0, 1, at)
	}
	var v int64
	switch {
	case c.U8 != nil:
		v = int64(c.U8[row])
	case c.U16 != nil:
		v = int64(c.U16[row])
	case c.U32 != nil:
		v = int64(c.U32[row])
	default:
		v = c.I64[row]
	}
	switch {
	case c.Kind == column.Dict:
		if v >= int64(len(c.Values)) || c.Values[v].IsNull() {
			return null
		}
		return parquet.ByteArrayValue([]byte(texts[v])).Level(0, 1, at)
	case c.HasNull && v == c.NullRaw:
		return null
	case c.Kind == column.Day:
		return parquet.Int32Value(int32(v)).Level(0, 1, at)
	case c.Kind == column.Float:
		return parquet.DoubleValue(column.FloatOf(v)).Level(0, 1, at)
	}
	return parquet.Int64Value(v).Level(0, 1, at)
}

// shardName is the path of a shard by its number from 0, with what stands after the number.
func shardName(n int, mark string) string {
	text := strconv.Itoa(n + 1)
	return "users-" + strings.Repeat("0", max(4-len(text), 0)) + text + mark + ".weir"
}
