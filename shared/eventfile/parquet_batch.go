package eventfile

import (
	"io"

	"github.com/weir-engine/weir/shared/event"
	"github.com/weir-engine/weir/shared/fault"
)

// Batch is rows of a Parquet file by columns. Most rows are ready: a track event of a known user with a messageId that
// passes every check, of which the columns say all but the properties. What any other row holds, Event tells, which may be
// asked for a ready row too. A batch is valid until the next call to its reader.
type Batch struct {
	First int64  // the row of the file that the batch begins with, counted from 1
	Ready []bool // as many as there are rows; what the slices below hold of a row that is not ready means nothing

	Key    []uint32 // of each row the place of its user's key in Keys
	Name   []uint32 // of each row the place of the event's name in Names
	Time   []int64  // unix milliseconds
	ID     []event.ID
	Keys   []string // userIds: the file's dictionary where it has one, so that each is looked up once; "" for one that is not used
	Hashes []uint64 // event.UserHash of Keys
	Names  []string // names seen so far; it only grows while a file is read, and its texts stay valid
	Turn   int      // changes whenever Keys does while a file is read

	s      *segment
	states []numberState
	text   []byte // of values that are no text
}

const (
	batchRows = 1024    // of a batch at most: its columns fit the cache
	batchName = 1 << 12 // names that are numbered; rows of the names beyond are not ready
	lastTime  = 32_503_680_000_000
	shortID   = 64 // longer than the text of any number, time or UUID
)

// ByColumns reports whether NextBatch can read the file: a Parquet file without a mapping.
func (r *Reader) ByColumns() bool {
	_, ok := r.events.(*segment)
	return ok
}

// NextBatch reads the next rows into b, whose memory it reuses; at the end it returns io.EOF. It gives the events and
// refusals of Next, and fails where Next fails: the rows of the batch in which the file is broken are not given. Line is the
// last row of the batch. Next may go on behind it.
func (r *Reader) NextBatch(b *Batch) error {
	if r.failed != nil {
		return r.failed
	}
	s, ok := r.events.(*segment)
	if !ok {
		return fault.New(fault.Internal, "a %s file is not read by columns", r.kind).WithHint("read it event by event")
	}
	if err := s.batch(b); err != nil {
		r.failed = fileError(err, s.row)
		return r.failed
	}
	return nil
}

// Event returns a row as Next would: the event, which is valid until the next call of Event, or a *LineError.
func (b *Batch) Event(i int) (ev *event.Event, err error) {
	defer recoverDamage(&err, "a page")
	for _, c := range b.s.by.lanes {
		c.place(i)
	}
	if r := b.s.make(); r != nil {
		return nil, &LineError{Line: b.First + int64(i), Text: b.s.json(), Reject: r}
	}
	return &b.s.ev, nil
}

// Scaled reads of every row the first of these properties that is there, times ten to the power digits, into dst, as
// event.Value.Scaled does. Where ok is false the row has none that is a number, or Event must tell.
func (b *Batch) Scaled(paths []string, digits int, dst []int64, ok []bool) (n []int64, are []bool) {
	rows := len(b.Ready)
	dst, ok, b.states = resize(dst, rows), resize(ok, rows), resize(b.states, rows)
	clear(b.states)
	for _, path := range paths {
		for _, c := range b.property(path) {
			c.scaled(digits, dst, b.states)
		}
	}
	for i := range ok {
		ok[i] = b.states[i] == isNumber
	}
	return dst, ok
}

// Values reads a property of every row into dst; it returns none when the file has no column of it. Rows without it have a
// Value of kind None, and so have all whose properties are JSON, which Event must read. The values are valid as long as the
// batch.
func (b *Batch) Values(path string, dst []event.Value) []event.Value {
	columns := b.property(path)
	if len(columns) == 0 {
		return dst[:0]
	}
	dst = resize(dst, len(b.Ready))
	clear(dst)
	for _, c := range columns {
		for i := range dst {
			if b.Ready[i] && dst[i].Kind == event.None && c.at(i) >= 0 {
				dst[i] = b.value(c, i)
			}
		}
	}
	return dst
}

func (b *Batch) value(c *lane, i int) event.Value {
	if c.kind == leafText {
		return event.Value{Kind: event.String, Raw: c.textAt(i)}
	}
	c.place(i)
	start := len(b.text)
	text, kind := c.leaf.append(b.text)
	b.text = text
	return event.Value{Kind: kind, Raw: view(text[start:])}
}

// property returns the columns of a property; there are none when the properties are JSON.
func (b *Batch) property(path string) (found []*lane) {
	o := &b.s.objects[0]
	if o.json != nil {
		return nil
	}
	for i, key := range o.keys {
		if key == path {
			found = append(found, b.s.laneOf(o.fields[i]))
		}
	}
	return found
}

func resize[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n, max(n, batchRows))
	}
	return s[:n]
}

// batch reads the rows up to the next end of a page.
func (s *segment) batch(b *Batch) (err error) {
	defer recoverDamage(&err, "a page")
	by := s.lay()
	n := batchRows
	for i, c := range by.lanes {
		for c.row == c.rows {
			if err := c.turn(); err != nil {
				if err == io.EOF && i > 0 {
					err = io.ErrUnexpectedEOF
				}
				return brokenRow(err, s.row)
			}
		}
		n = min(n, c.rows-c.row)
	}
	for _, c := range by.lanes {
		c.take(n)
	}
	b.s, b.First, b.text = s, s.row+1, b.text[:0]
	s.row += int64(n)
	b.Ready, b.Key, b.Name = resize(b.Ready, n), resize(b.Key, n), resize(b.Name, n)
	b.Time, b.ID = resize(b.Time, n), resize(b.ID, n)
	b.fill(by)
	return nil
}
