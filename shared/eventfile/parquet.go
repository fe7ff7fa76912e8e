package eventfile

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync/atomic"

	"github.com/parquet-go/parquet-go"

	"github.com/weir-engine/weir/shared/event"
	"github.com/weir-engine/weir/shared/fault"
)

// countedAt counts the bytes read of a Parquet file; columns are read side by side, so it measures progress only roughly.
type countedAt struct {
	r io.ReaderAt
	n atomic.Int64
}

func (c *countedAt) ReadAt(p []byte, off int64) (int, error) {
	n, err := c.r.ReadAt(p, off)
	c.n.Add(int64(n))
	return n, err
}

// openParquet reads the footer and finds the columns: those of the Segment spec, or with a mapping those it names.
func openParquet(r io.ReaderAt, size int64, o *Options) (rd *Reader, err error) {
	defer recoverDamage(&err, "footer")
	in := &countedAt{r: r}
	if err := checkFooter(r, size); err != nil {
		return nil, err
	}
	f, err := parquet.OpenFile(in, size, parquet.SkipPageIndex(true), parquet.SkipBloomFilters(true))
	if err != nil {
		return nil, badFooter(err)
	}
	if err := inflated(f, size, o); err != nil {
		return nil, err
	}
	rd = &Reader{consumed: &in.n, kind: formatParquet}
	all := leavesOf(f.Root())
	if o.Mapping != nil {
		rd.events, err = openParquetTable(all, o)
	} else {
		rd.events, err = openSegment(all, o)
	}
	if err != nil {
		return nil, err
	}
	rd.closer = rd.events.(io.Closer)
	return rd, nil
}

// maxFooter bounds the metadata of a file, which is held in memory.
const maxFooter = 64 << 20

// checkFooter refuses a footer that says it is longer than it can be, before the library takes memory for it.
func checkFooter(r io.ReaderAt, size int64) error {
	var tail [8]byte
	if size < 12 {
		return badFooter(io.ErrUnexpectedEOF)
	}
	if n, err := r.ReadAt(tail[:], size-8); n < len(tail) {
		return unreadable(err)
	}
	if n := int64(binary.LittleEndian.Uint32(tail[:])); string(tail[4:]) != "PAR1" || n > size-12 || n > maxFooter {
		return badFooter(fmt.Errorf("footer of %d bytes", n))
	}
	return nil
}

func badFooter(err error) error {
	return fault.New(fault.Invalid, "the Parquet file cannot be opened: its footer is damaged or missing").
		WithHint("copy the file again as a whole; a Parquet file that was cut off cannot be read").Because(err)
}

// inflated refuses a file whose own account of its size is that of a zip bomb.
func inflated(f *parquet.File, size int64, o *Options) error {
	total := int64(0)
	for _, g := range f.Metadata().RowGroups {
		for _, c := range g.Columns {
			total += max(c.MetaData.TotalUncompressedSize, 0)
		}
	}
	if total > o.MaxBytes {
		return fault.New(fault.TooLarge, "the file holds %d bytes uncompressed, more than %d", total, o.MaxBytes).WithHint("split the file, or raise the limit")
	}
	if grown := max(total, f.NumRows()); grown > ratioSlack && grown/max(size, 1) > int64(o.MaxRatio) {
		return fault.New(fault.TooLarge, "the Parquet file inflates to more than %d times its size", o.MaxRatio).
			WithHint("this is how a zip bomb looks; if the file is good, write it with less compression")
	}
	return nil
}

// recoverDamage turns a panic of the Parquet library over damaged bytes into an error.
func recoverDamage(err *error, where string) {
	if p := recover(); p != nil {
		*err = damaged(where, fmt.Errorf("%v", p))
	}
}

func damaged(where string, cause error) error {
	return fault.New(fault.Invalid, "the Parquet file is damaged (%s)", where).WithHint("write or copy the file again; nothing of this one was applied").Because(cause)
}

// fileColumn is a leaf of the schema.
type fileColumn struct {
	name string
	c    *parquet.Column
}

func leavesOf(root *parquet.Column) []fileColumn {
	var out []fileColumn
	var walk func(c *parquet.Column)
	walk = func(c *parquet.Column) {
		if c.Leaf() {
			out = append(out, fileColumn{strings.Join(c.Path(), "."), c})
			return
		}
		for _, kid := range c.Columns() {
			walk(kid)
		}
	}
	walk(root)
	return out
}

func (c fileColumn) open() (*leaf, error) {
	if c.c.MaxRepetitionLevel() > 0 {
		return nil, fault.New(fault.Invalid, "the column %q is a list; lists are read only as JSON text", c.name).WithHint("write the list as a JSON string, or leave the column out")
	}
	l := newLeaf(c.name, c.c)
	if l.kind == leafNone {
		return nil, fault.New(fault.Invalid, "the column %q has the type %s, which is not read", c.name, c.c.Type()).WithHint("write the column as a number, a string, a boolean or a timestamp")
	}
	l.pages = c.c.Pages()
	return l, nil
}

func describe(all []fileColumn) string {
	var parts []string
	for i, c := range all {
		if i == 40 {
			parts = append(parts, "…")
			break
		}
		parts = append(parts, c.name+" ("+c.c.Type().String()+")")
	}
	return strings.Join(parts, ", ")
}

// parquetRows are the rows of a Parquet file as text, for a mapping.
type parquetRows struct {
	leaves []*leaf // of the columns that the mapping reads
	spot   []int   // where each leaf stands in cells
	cells  []string
	buf    []byte
	row    int64
}

func openParquetTable(all []fileColumn, o *Options) (events, error) {
	t := &table{maker: maker{m: o.Mapping, o: o}}
	names := make([]string, len(all))
	for i, c := range all {
		names[i] = c.name
	}
	if err := t.bind(names); err != nil {
		return nil, err
	}
	rows := &parquetRows{cells: make([]string, len(all))}
	for i, c := range all {
		if !used(t.row.bound, i) {
			continue
		}
		l, err := c.open()
		if err != nil {
			return nil, errors.Join(err, closeAll(rows.leaves))
		}
		rows.leaves, rows.spot = append(rows.leaves, l), append(rows.spot, i)
	}
	t.in = rows
	return t, nil
}

func used(bound []int, i int) bool {
	for _, p := range bound {
		if p == i {
			return true
		}
	}
	return false
}

func closeAll(leaves []*leaf) (err error) {
	for _, l := range leaves {
		err = errors.Join(err, l.close())
	}
	return err
}

func (p *parquetRows) next() (cells []string, err error) {
	defer recoverDamage(&err, fmt.Sprintf("row %d", p.row+1))
	if err := advance(p.leaves); err != nil {
		return nil, brokenRow(err, p.row)
	}
	p.row++
	p.buf = p.buf[:0]
	for i, l := range p.leaves {
		if l.kind == leafText {
			p.cells[p.spot[i]] = l.text()
			continue
		}
		start := len(p.buf)
		p.buf, _ = l.append(p.buf)
		p.cells[p.spot[i]] = view(p.buf[start:])
	}
	return p.cells, nil
}

func brokenRow(err error, row int64) error {
	if err == io.EOF {
		return err
	}
	return damaged(fmt.Sprintf("row %d", row+1), err)
}

func (p *parquetRows) first() int64 { return p.row }

func (p *parquetRows) text() []byte {
	dst := []byte{'{'}
	for i, l := range p.leaves {
		if !l.null {
			dst = appendField(dst, l.name, atom{kind: event.String, text: p.cells[p.spot[i]]})
		}
	}
	return append(dst, '}')
}

func (p *parquetRows) refuse(_ string, err error) error { return err }

func (p *parquetRows) Close() error { return closeAll(p.leaves) }
