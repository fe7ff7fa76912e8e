package eventfile

import (
	"fmt"
	"math"
	"unicode/utf8"

	"github.com/parquet-go/parquet-go/encoding"

	"github.com/weir-engine/weir/shared/event"
)

// lane is a leaf read by runs of rows within one page rather than row by row.
type lane struct {
	*leaf
	run   *column // the values of the run: the page's own, or the dictionary
	first int     // place of the first value in run, when spots is nil: the others follow
	spots []int32 // place of each row's value in run, -1 for none; nil: in order, and all are there
	room  []int32
}

// take moves the leaf over n rows of its page, which must have them, and notes where their values are.
func (c *lane) take(n int) {
	l := c.leaf
	c.run, c.first, c.spots = &l.plain, l.value, nil
	if l.index != nil {
		c.run = &l.dict
	}
	switch {
	case len(l.defs) > 0:
		c.takeSome(n)
	case l.index != nil:
		c.spots = l.index[l.value : l.value+n]
		l.value += n
	default:
		l.value += n
	}
	l.row += n
	c.bound()
}

// takeSome is take for a page in which values may be absent.
func (c *lane) takeSome(n int) {
	l := c.leaf
	if cap(c.room) < n {
		c.room = make([]int32, batchRows)
	}
	c.spots = c.room[:n]
	for i, def := range l.defs[l.row : l.row+n] {
		switch {
		case def != l.maxDef:
			c.spots[i] = -1
			continue
		case l.index != nil:
			c.spots[i] = l.index[l.value]
		default:
			c.spots[i] = int32(l.value)
		}
		l.value++
	}
}

// bound panics, as an index out of range does, when a value of the run is not there.
func (c *lane) bound() {
	n := c.run.count()
	if c.leaf.index == nil {
		if c.leaf.value > n {
			panic(fmt.Sprintf("%d values of %d", n, c.leaf.value))
		}
		return
	}
	for _, at := range c.leaf.index[c.first:c.leaf.value] {
		if uint(at) >= uint(n) {
			panic(fmt.Sprintf("entry %d of %d", at, n))
		}
	}
}

// count is the number of values.
func (c *column) count() int {
	switch c.kind {
	case encoding.Boolean:
		return 8 * len(c.bytes)
	case encoding.ByteArray:
		return max(len(c.offsets)-1, 0)
	case encoding.FixedLenByteArray:
		return len(c.bytes) / max(c.width, 1)
	}
	return len(c.i32) + len(c.i64) + len(c.i96) + len(c.f32) + len(c.f64)
}

// at is the place of a row's value in run, negative when it is absent.
func (c *lane) at(i int) int {
	if c.spots == nil {
		return c.first + i
	}
	return int(c.spots[i])
}

// place makes a row of the run the leaf's current one.
func (c *lane) place(i int) {
	at := c.at(i)
	c.leaf.null, c.leaf.at, c.leaf.from = at < 0, at, c.run
}

// textAt is the text of a row of a text column, "" when it is absent.
func (c *lane) textAt(i int) string {
	at := c.at(i)
	if at < 0 {
		return ""
	}
	return c.run.textAt(at)
}

func (c *column) textAt(at int) string { return view(c.bytes[c.offsets[at]:c.offsets[at+1]]) }

// idAt appends the text of the value at a place of a column that is no text, as make does.
func (c *lane) idAt(dst []byte, at int) []byte {
	c.leaf.null, c.leaf.at, c.leaf.from = false, at, c.run
	dst, _ = c.leaf.append(dst)
	return dst
}

// entries reports that the run's values are entries of a dictionary.
func (c *lane) entries() bool { return c.leaf.index != nil }

// unreadyFloats clears ready where a value is no number: the row is refused for it.
func (c *lane) unreadyFloats(ready []bool) {
	if c.spots == nil && c.run.kind == encoding.Double {
		for i, f := range c.run.f64[c.first : c.first+len(ready)] {
			if f-f != 0 { // NaN and the infinities
				ready[i] = false
			}
		}
		return
	}
	for i := range ready {
		if c.at(i) < 0 {
			continue
		}
		c.place(i)
		if f := c.leaf.float(); f-f != 0 {
			ready[i] = false
		}
	}
}

// unreadyText clears ready where a text is not UTF-8, or with limit > 0 is longer than that.
func (c *lane) unreadyText(ready []bool, limit int) {
	if c.run.ascii && limit <= 0 {
		return
	}
	for i := range ready {
		if !c.run.good(c.at(i), limit) {
			ready[i] = false
		}
	}
}

// good reports whether a text is UTF-8 and, with limit > 0, not longer than limit. An absent one is.
func (c *column) good(at, limit int) bool {
	if at < 0 {
		return true
	}
	s := c.textAt(at)
	return (limit <= 0 || len(s) <= limit) && (c.ascii || utf8.ValidString(s))
}

// scaled reads the numbers of the run as event.Value.Scaled does. Rows whose state is not unread are passed over.
func (c *lane) scaled(digits int, dst []int64, states []numberState) {
	cents := digits == 2 && c.leaf.kind == leafFloat && c.run.kind == encoding.Double
	for i := range dst {
		at := c.at(i)
		if at < 0 || states[i] != unread {
			continue
		}
		if cents {
			f := c.run.f64[at]
			if n := math.RoundToEven(f * 100); math.Abs(n) < 1e15 && n/100 == f { // as appendFloat
				dst[i], states[i] = int64(n), isNumber
				continue
			}
		}
		dst[i], states[i] = c.scaledText(i, digits)
	}
}

// numberState is what is known of a row's number.
type numberState uint8

const (
	unread numberState = iota
	isNumber
	noNumber
)

// scaledText is scaled of one row by way of its text.
func (c *lane) scaledText(i, digits int) (int64, numberState) {
	var room [48]byte
	c.place(i)
	text, kind := c.leaf.append(room[:0])
	n, ok := event.Value{Kind: kind, Raw: view(text)}.Scaled(digits)
	if !ok {
		return 0, noNumber
	}
	return n, isNumber
}
