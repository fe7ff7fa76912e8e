package canonical

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/parquet-go/parquet-go"

	"github.com/weir-engine/weir/infra/disk"
	"github.com/weir-engine/weir/shared/app"
	"github.com/weir-engine/weir/shared/event"
)

// span is the range of hashes of a canonical file.
type span struct {
	min, max uint64
	rows     int64
}

// span returns the range of a file from its footer; the ranges of files that were seen before are remembered.
func (c *Canon) span(ctx context.Context, l located) (s span, err error) {
	if known, ok := c.spans.Load(l.name); ok {
		return known.(span), nil
	}
	f, err := c.openParquet(ctx, l, parquet.SkipPageIndex(true))
	if isMissing(err) {
		return span{}, nil // dropped since the folder was listed
	}
	if err != nil {
		return span{}, err
	}
	defer f.close()
	for _, g := range f.RowGroups() {
		s = s.union(groupSpan(g))
	}
	c.spans.Store(l.name, s)
	return s, nil
}

func (s span) union(t span) span {
	if s.rows == 0 {
		return t
	}
	return span{min(s.min, t.min), max(s.max, t.max), s.rows + t.rows}
}

// groupSpan is the range of a row group by its statistics; without them it is every hash.
func groupSpan(g parquet.RowGroup) span {
	all := span{0, ^uint64(0), g.NumRows()}
	k, ok := g.ColumnChunks()[colHash].(*parquet.FileColumnChunk)
	if !ok {
		return all
	}
	low, high, ok := k.Bounds()
	if !ok {
		return all
	}
	return span{low.Uint64(), high.Uint64(), g.NumRows()}
}

// parquetFile is an open canonical file. A small one is held in memory, so that a merge of many files needs few handles.
type parquetFile struct {
	*parquet.File
	handle File // nil: in memory
	footer bool // what is read now is the footer: it does not count
	source io.ReaderAt
	stats  *counters
}

const inMemoryBytes = 256 << 10

// ReadAt counts what is read.
func (f *parquetFile) ReadAt(b []byte, at int64) (int, error) {
	n, err := f.source.ReadAt(b, at)
	if !f.footer {
		f.stats.bytes.Add(int64(n))
	}
	return n, err
}

func (f *parquetFile) close() {
	if f.handle != nil {
		_ = f.handle.Close()
	}
}

func (c *Canon) open(ctx context.Context, l located) (File, error) {
	if l.scratch {
		return openLocal(l.name)
	}
	return c.files.Open(ctx, l.name)
}

func (c *Canon) openParquet(ctx context.Context, l located, options ...parquet.FileOption) (opened *parquetFile, err error) {
	handle, err := c.open(ctx, l)
	if err != nil {
		return nil, err
	}
	f := &parquetFile{handle: handle, source: handle, stats: &c.stats, footer: true}
	defer func() {
		if p := recover(); p != nil { // a damaged footer must not end the process
			opened, err = nil, damaged(l.name, fmt.Errorf("%v", p))
		}
		if err != nil {
			f.close()
		}
	}()
	size := handle.Size()
	if size <= inMemoryBytes {
		content := make([]byte, size)
		if _, err := handle.ReadAt(content, 0); err != nil && (!errors.Is(err, io.EOF) || size > 0) {
			return nil, disk.Fault(err, "read the canonical file %s", l.name)
		}
		f.close()
		f.handle, f.source = nil, bytes.NewReader(content)
	}
	options = append(options, parquet.SkipBloomFilters(true), parquet.ReadBufferSize(pageBytes/4))
	if f.File, err = parquet.OpenFile(f, size, options...); err != nil {
		return nil, damaged(l.name, err)
	}
	if err := sameColumns(f.Schema()); err != nil {
		return nil, damaged(l.name, err)
	}
	f.footer = false
	return f, nil
}

// sameColumns refuses files with other columns than canonical ones.
func sameColumns(s *parquet.Schema) error {
	got, want := s.Columns(), schema.Columns()
	if len(got) != len(want) {
		return fmt.Errorf("it has %d columns, not %d", len(got), len(want))
	}
	for i := range want {
		if len(got[i]) != 1 || got[i][0] != want[i][0] {
			return fmt.Errorf("its column %d is %v, not %v", i+1, got[i], want[i])
		}
		a, _ := s.Lookup(got[i]...)
		b, _ := schema.Lookup(want[i]...)
		if !a.Node.Required() || a.Node.Type().Kind() != b.Node.Type().Kind() {
			return fmt.Errorf("its column %v has another type", got[i])
		}
	}
	return nil
}

// cursor walks the wanted rows of one canonical file in their order. The first fields are the row it stands on.
type cursor struct {
	hash    uint64
	key     string
	time    int64
	id      event.ID
	name    string
	want    *wanted
	stats   *counters
	file    *parquetFile
	groups  []parquet.RowGroup // still to be read
	columns [columnCount]column
	ranges  []rowRange // of the current row group, still to be read
	at      int64      // the row in the current row group
	text    arena
}

type rowRange struct{ from, to int64 }

// errGone says that a file was dropped or compacted since the folder was listed.
var errGone = errors.New("the file is gone")

// openCursor opens a file on its first wanted row; nil when there is none, errGone when there is no such file.
func (c *Canon) openCursor(ctx context.Context, l located, want *wanted) (*cursor, error) {
	f, err := c.openParquet(ctx, l, parquet.SkipPageIndex(want.all))
	if isMissing(err) {
		return nil, errGone
	}
	if err != nil {
		return nil, err
	}
	k := &cursor{name: l.name, want: want, stats: &c.stats, file: f}
	for _, g := range f.RowGroups() {
		if want.within(groupSpan(g)) {
			k.groups = append(k.groups, g)
		}
	}
	c.stats.files.Add(1)
	k.at = -1
	more, err := k.next()
	if err != nil || !more {
		k.close()
		return nil, err
	}
	return k, nil
}

func (k *cursor) close() {
	k.closeColumns()
	k.file.close()
}

func (k *cursor) closeColumns() {
	for i := range k.columns {
		k.columns[i].close()
	}
}

// next moves to the next wanted row; false when there is none.
func (k *cursor) next() (more bool, err error) {
	defer func() {
		if p := recover(); p != nil { // damaged pages must not end the process
			err = damaged(k.name, fmt.Errorf("%v", p))
		}
	}()
	for {
		k.at++
		for len(k.ranges) == 0 || k.at >= k.ranges[0].to {
			if len(k.ranges) > 1 {
				k.ranges = k.ranges[1:]
				k.at = k.ranges[0].from
				continue
			}
			if more, err := k.nextGroup(); !more || err != nil {
				return false, err
			}
		}
		if wanted, err := k.look(); wanted || err != nil {
			if err != nil {
				return false, damaged(k.name, err)
			}
			k.stats.rows.Add(1)
			return true, nil
		}
	}
}

// nextGroup begins the next row group that has wanted rows.
func (k *cursor) nextGroup() (bool, error) {
	for len(k.groups) > 0 {
		g := k.groups[0]
		k.groups = k.groups[1:]
		k.closeColumns()
		for i, chunk := range g.ColumnChunks() {
			k.columns[i] = column{chunk: chunk, stats: k.stats}
		}
		k.stats.rowGroups.Add(1)
		var err error
		if k.ranges, err = k.find(g.NumRows()); err != nil {
			return false, damaged(k.name, err)
		}
		if len(k.ranges) > 0 {
			k.at = k.ranges[0].from
			return true, nil
		}
	}
	return false, nil
}

// find returns the ranges of rows of the current row group whose hashes are wanted. It reads the hashes alone.
func (k *cursor) find(rows int64) (ranges []rowRange, err error) {
	if k.want.all {
		return []rowRange{{0, rows}}, nil
	}
	hashes := &k.columns[colHash]
	for at := int64(0); at < rows; at++ {
		i, err := hashes.place(at)
		if err != nil {
			return nil, err
		}
		if !k.want.hash(uint64(hashes.ints[i])) {
			continue
		}
		if last := len(ranges) - 1; last >= 0 && ranges[last].to == at {
			ranges[last].to++
		} else {
			ranges = append(ranges, rowRange{at, at + 1})
		}
	}
	hashes.close()
	*hashes = column{chunk: hashes.chunk, stats: k.stats}
	return ranges, nil
}

// look reads what the order and the filter need of the current row, and reports whether it is wanted.
func (k *cursor) look() (bool, error) {
	moment, err := k.number(colTime)
	if err != nil || !k.want.time(moment) {
		return false, err
	}
	hash, err := k.number(colHash)
	if err != nil {
		return false, err
	}
	key, err := k.string(colKey)
	if err != nil || !k.want.key(key) {
		return false, err
	}
	id, err := k.bytes(colID)
	if err != nil {
		return false, err
	}
	k.hash, k.key, k.time, k.id = uint64(hash), key, moment, event.ID(id)
	return true, nil
}

// row reads the whole current row. Its strings stay valid.
func (k *cursor) row() (r app.Row, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = damaged(k.name, fmt.Errorf("%v", p))
		}
	}()
	r = app.Row{Hash: k.hash, Key: k.key, ID: k.id, Time: k.time}
	if r.Arrived, err = k.number(colArrived); err != nil {
		return r, damaged(k.name, err)
	}
	kind, err := k.string(colKind)
	if err != nil {
		return r, damaged(k.name, err)
	}
	r.Kind = event.KindOf(kind)
	for _, c := range [...]struct {
		column int
		text   *string
	}{
		{colName, &r.Name}, {colFile, &r.File}, {colMessageID, &r.MessageID}, {colAnonymous, &r.Anonymous},
		{colPrevious, &r.Previous}, {colGroup, &r.Group}, {colProperties, &r.Properties}, {colTraits, &r.Traits},
		{colContext, &r.Context}, {colContact, &r.Contact},
	} {
		if *c.text, err = k.string(c.column); err != nil {
			return r, damaged(k.name, err)
		}
	}
	sealed, err := k.string(colSealed)
	if err != nil {
		return r, damaged(k.name, err)
	}
	if sealed != "" {
		r.Sealed = []byte(sealed)
	}
	return r, nil
}

func (k *cursor) number(c int) (int64, error) {
	i, err := k.columns[c].place(k.at)
	if err != nil {
		return 0, err
	}
	return k.columns[c].ints[i], nil
}

// bytes returns a value that is valid until the next row.
func (k *cursor) bytes(c int) ([]byte, error) {
	i, err := k.columns[c].place(k.at)
	if err != nil {
		return nil, err
	}
	return k.columns[c].value(i), nil
}

// string returns a text that stays valid.
func (k *cursor) string(c int) (string, error) {
	i, err := k.columns[c].place(k.at)
	if err != nil {
		return "", err
	}
	if col := &k.columns[c]; col.index != nil {
		return col.words[col.index[i]], nil
	}
	return k.text.string(k.columns[c].value(i)), nil
}
