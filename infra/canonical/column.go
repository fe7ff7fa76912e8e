package canonical

import (
	"errors"
	"io"
	"unsafe"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/encoding"
)

// column reads the values of one column of a row group, page by page, without going through rows.
type column struct {
	chunk parquet.ColumnChunk
	stats *counters
	pages parquet.Pages
	page  parquet.Page
	first int64 // the row of the page's first value
	count int64

	ints    []int64  // of a page of numbers
	data    []byte   // of a page of plain texts, with offsets; of a page of fixed size, with size
	offsets []uint32 // one more than values
	size    int
	index   []int32 // of a page of words
	words   []string
	of      parquet.Dictionary // what words were made of
}

var errShort = errors.New("a column ends before its row group")

// place returns the place of a row within the page that holds it, and loads that page. Rows are asked for in ascending order.
func (c *column) place(row int64) (int, error) {
	if i := row - c.first; i < c.count {
		return int(i), nil
	}
	if c.pages == nil {
		c.pages = c.chunk.Pages()
	}
	for row >= c.first+c.count {
		if next := c.first + c.count; row > next+c.count { // far ahead: leave out the pages between
			if err := c.pages.SeekToRow(row); err != nil {
				return 0, err
			}
			c.first, c.count = row, 0
		}
		if err := c.load(); err != nil {
			return 0, err
		}
	}
	return int(row - c.first), nil
}

// load reads the next page.
func (c *column) load() error {
	parquet.Release(c.page)
	c.page = nil
	c.first += c.count
	c.count = 0
	page, err := c.pages.ReadPage()
	if errors.Is(err, io.EOF) {
		return errShort
	}
	if err != nil {
		return err
	}
	c.stats.pages.Add(1)
	c.page, c.count = page, page.NumRows()
	c.ints, c.data, c.offsets, c.index, c.size = nil, nil, nil, nil, 0
	values := page.Data()
	switch dictionary := page.Dictionary(); {
	case dictionary != nil:
		c.index = values.Int32()
		c.learn(dictionary)
	case values.Kind() == encoding.Int64:
		c.ints = values.Int64()
	case values.Kind() == encoding.FixedLenByteArray:
		c.data, c.size = values.FixedLenByteArray()
	default:
		c.data, c.offsets = values.ByteArray()
	}
	return nil
}

// learn turns a dictionary into strings, once a row group.
func (c *column) learn(d parquet.Dictionary) {
	if c.of == d {
		return
	}
	c.of, c.words = d, make([]string, d.Len())
	for i := range c.words {
		c.words[i] = string(d.Index(int32(i)).ByteArray())
	}
}

// value returns a text or a value of fixed size; it aliases the page.
func (c *column) value(i int) []byte {
	switch {
	case c.index != nil:
		word := c.words[c.index[i]]
		return unsafe.Slice(unsafe.StringData(word), len(word))
	case c.size > 0:
		return c.data[i*c.size : (i+1)*c.size]
	}
	return c.data[c.offsets[i]:c.offsets[i+1]]
}

func (c *column) close() {
	parquet.Release(c.page)
	c.page = nil
	if c.pages != nil {
		_ = c.pages.Close()
		c.pages = nil
	}
}

// arena copies texts into blocks: one allocation for many strings.
type arena struct{ block []byte }

const arenaBytes = 32 << 10

func (a *arena) string(b []byte) string {
	if len(b) == 0 {
		return ""
	}
	if len(b) > arenaBytes/4 {
		return string(b)
	}
	if cap(a.block)-len(a.block) < len(b) {
		a.block = make([]byte, 0, arenaBytes)
	}
	at := len(a.block)
	a.block = append(a.block, b...)
	return unsafe.String(&a.block[at], len(b))
}
