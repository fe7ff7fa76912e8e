// Package column evaluates conditions over columns of users: blocks of 1,024 rows, truth values as bitsets, dictionary look-ups
// for texts, comparisons of packed integers, sums and products of whole blocks. The result equals the scalar evaluation of
// package segment bit for bit.
package column

import (
	"math"
	"math/bits"
	"slices"
	"strings"
	"sync"

	"github.com/weir-engine/weir/shared/fault"
	"github.com/weir-engine/weir/shared/segment"
	"github.com/weir-engine/weir/shared/zone"
)

// BlockRows is the number of rows that are evaluated together.
const BlockRows = 1024

const blockWords = BlockRows / 64

// Kind says what the numbers in a column stand for.
type Kind uint8

// The kinds of columns.
const (
	Number Kind = iota // raw / Scale: counts, days, scores, money in minor units
	Day                // a time: the start of a calendar day, in days since 1970-01-01
	Time               // a time in unix milliseconds
	Dict               // Values[raw]; values may be null, and of several kinds
	Bits               // a truth value, one bit a row
	Float              // a number of any size: I64 holds FloatRaw
)

// maxRaw bounds the numbers in a column: differences of two fit 64 bits.
const maxRaw = 1 << 62

// Column is what conditions read under one name, one number a row in the one slice that is set. The Set keeps the slices and
// does not change them.
type Column struct {
	Ref  string // as segment.Ref.String writes it: "recency_days", "metrics.spend[30]", "traits.city"
	Kind Kind

	U8   []uint8
	U16  []uint16
	U32  []uint32
	I64  []int64
	Bits []uint64 // Kind Bits: row i is bit i%64 of word i/64

	Scale   int64           // Number: how many make one; 0 means 1
	HasNull bool            // Number, Day, Time and Float: whether NullRaw stands for null
	NullRaw int64           // outside what the other rows hold
	Values  []segment.Value // Dict: by code
}

// Set is a base of users as columns at one moment. It is safe for concurrent use once it is filled.
type Set struct {
	rows  int
	asOf  int64
	zone  *zone.Zone
	zones func(name string) *zone.Zone
	cols  map[string]*stored
	names []string // of the columns and tags, as they were added

	making sync.Mutex // of what is made when a condition asks for it
}

// stored is a column with what was found out about it.
type stored struct {
	Column
	min, max int64    // of the rows that are not null; 0 without any
	nulls    []uint64 // nil: none is null
	planes   []uint64 // nil: not indexed; the bits of raw-min by block, from the highest, 16 words each (see plane)
	width    int
	byDay    *stored    // of a time: its calendar days, once a condition has asked for them
	unread   *sync.Once // nil: min, max and nulls are known; else what finds them when somebody reads the column
}

// NewSet starts a base of rows users as of a moment (unix milliseconds) in the project's zone.
func NewSet(rows int, asOf int64, z *zone.Zone) *Set {
	return &Set{rows: rows, asOf: asOf, zone: z, cols: map[string]*stored{}}
}

// WithZones gives the rules of the zones that the column "timezone" names; zones returns nil for one that it does not know.
// Conditions on a user's own calendar need it.
func (s *Set) WithZones(zones func(name string) *zone.Zone) { s.zones = zones }

// zoneOf returns the rules of a zone, nil when they are not known.
func (s *Set) zoneOf(name string) *zone.Zone {
	if s.zones == nil {
		return nil
	}
	return s.zones(name)
}

// Rows returns the number of rows.
func (s *Set) Rows() int { return s.rows }

// Words returns the length of a bitset of the rows.
func (s *Set) Words() int { return (s.rows + 63) / 64 }

func (s *Set) blocks() int { return (s.rows + BlockRows - 1) / BlockRows }

// Add adds a column. Invalid when its length, its codes or its numbers are not what its kind needs.
func (s *Set) Add(c Column) error { return s.add(c, false) }

// AddVerified adds a column whose codes and numbers are known to be what its kind needs: they are not looked at before somebody reads
// the column.
func (s *Set) AddVerified(c Column) error { return s.add(c, true) }

func (s *Set) add(c Column, verified bool) error {
	st := &stored{Column: c}
	if c.Scale == 0 {
		st.Scale = 1
	}
	err := s.fits(st)
	switch {
	case err != nil || c.Kind == Bits:
	case verified:
		st.unread = new(sync.Once)
	default:
		err = s.check(st)
	}
	if err != nil {
		return fault.Wrap(err, "column %s", c.Ref)
	}
	s.cols[c.Ref] = st
	s.names = append(s.names, c.Ref)
	return nil
}

// read returns a column with what is known of it; nil when there is none.
func (s *Set) read(ref string) *stored {
	c := s.cols[ref]
	if c != nil && c.unread != nil {
		c.unread.Do(c.spans)
	}
	return c
}

// fits looks at the length of a column alone.
func (s *Set) fits(c *stored) error {
	if s.cols[c.Ref] != nil {
		return fault.New(fault.Conflict, "there are two of it").WithHint("add each column once")
	}
	want, got := s.rows, 0
	if c.Kind == Bits {
		want = s.Words()
	}
	for _, n := range [...]int{len(c.U8), len(c.U16), len(c.U32), len(c.I64), len(c.Bits)} {
		got += n
	}
	if got != want || (c.Kind == Bits) != (len(c.Bits) == got) && want > 0 {
		return fault.New(fault.Invalid, "it has %d entries for %d rows", got, s.rows).WithHint("fill the one slice that its kind reads, an entry a row")
	}
	return nil
}

func (c *stored) spans() {
	switch {
	case c.U8 != nil:
		findSpan(c, c.U8, 0, math.MaxUint8)
	case c.U16 != nil:
		findSpan(c, c.U16, 0, math.MaxUint16)
	case c.U32 != nil:
		findSpan(c, c.U32, 0, math.MaxUint32)
	default:
		findSpan(c, c.I64, math.MinInt64, math.MaxInt64)
	}
}

func (s *Set) check(c *stored) error {
	c.spans()
	switch {
	case c.Scale < 0 || c.Kind != Float && (c.min < -maxRaw || c.max > maxRaw):
		return fault.New(fault.Invalid, "its numbers go from %d to %d", c.min, c.max).WithHint("keep them within 62 bits")
	case c.Kind == Float && (c.I64 == nil && s.rows > 0 || c.min < -maxFloat || c.max > maxFloat):
		return fault.New(fault.Invalid, "it holds what is no finite number").WithHint("fill I64 with FloatRaw")
	case c.Kind == Dict && c.I64 != nil:
		return fault.New(fault.Invalid, "its codes are signed").WithHint("keep codes in U8, U16 or U32")
	case c.Kind == Dict && s.rows > 0 && (c.min < 0 || c.max >= int64(len(c.Values))):
		return fault.New(fault.Invalid, "it has the code %d and a dictionary of %d", c.max, len(c.Values)).WithHint("add the value to the dictionary")
	case c.Kind == Day && (c.min < math.MinInt32 || c.max > math.MaxInt32):
		return fault.New(fault.Invalid, "its days go from %d to %d", c.min, c.max).WithHint("count days since 1970-01-01")
	}
	return nil
}

// findSpan finds the nulls of a column, and the least and largest number of the other rows: between the ends of its type.
func findSpan[T uint8 | uint16 | uint32 | int64](c *stored, rows []T, first, last T) {
	null := T(c.NullRaw)
	least, most := last, first
	if c.HasNull && c.Kind != Dict && int64(null) == c.NullRaw {
		nulls, some := make([]uint64, (len(rows)+63)/64), uint64(0)
		for w := range nulls {
			var m uint64
			for j, v := range part(rows, w) {
				is := one(v == null)
				m |= is << (j & 63)
				keep := T(is) - 1 // all ones unless it is null
				least, most = min(least, v&keep|least&^keep), max(most, v&keep|most&^keep)
			}
			nulls[w] = m
			some |= m
		}
		if some != 0 {
			c.nulls = nulls
		}
	} else {
		for _, v := range rows {
			least, most = min(least, v), max(most, v)
		}
	}
	if least > most {
		least, most = 0, 0 // nobody has a number
	}
	c.min, c.max = int64(least), int64(most)
}

// Tags adds a bitmap of tags: row i has the tag names[k] when bit k of bitmap[i] is set. At most 64 names.
func (s *Set) Tags(bitmap []uint64, names []string) error {
	if len(bitmap) != s.rows || len(names) > 64 {
		return fault.New(fault.Invalid, "the tags have %d entries for %d rows, and %d names", len(bitmap), s.rows, len(names)).WithHint("one entry a row, at most 64 names")
	}
	sets := make([][]uint64, len(names))
	for k := range sets {
		sets[k] = make([]uint64, s.Words())
	}
	var group [64]uint64
	for w := range s.Words() {
		clear(group[copy(group[:], bitmap[w*64:min(w*64+64, s.rows)]):])
		transpose(&group)
		for k := range sets {
			sets[k][w] = group[k]
		}
	}
	for k, name := range names {
		ref := segment.Ref{Kind: segment.RefTag, Name: name}
		if err := s.Add(Column{Ref: ref.String(), Kind: Bits, Bits: sets[k]}); err != nil {
			return err
		}
	}
	return nil
}

// Names lists what the columns hold, as conditions write it.
func (s *Set) Names() []string { return slices.Clone(s.names) }

// raw is the number in a row.
func (c *stored) raw(row int) int64 {
	switch {
	case c.U8 != nil:
		return int64(c.U8[row])
	case c.U16 != nil:
		return int64(c.U16[row])
	case c.U32 != nil:
		return int64(c.U32[row])
	}
	return c.I64[row]
}

// value is what a number in the column stands for.
func (c *stored) value(raw int64, z *zone.Zone) segment.Value {
	switch c.Kind {
	case Number:
		if c.Scale == 1 {
			return segment.Number(float64(raw))
		}
		return segment.Number(float64(raw) / float64(c.Scale))
	case Day:
		return segment.Time(z.Start(zone.Day(raw)))
	case Time:
		return segment.Time(raw)
	case Float:
		return segment.Number(floatOf(raw))
	}
	if raw >= int64(len(c.Values)) { // a dictionary of no rows
		return segment.Null
	}
	return c.Values[raw]
}

// column returns the column that a reference reads: under its own name, or for a measure under that of the declared metric that
// has its value; nil when there is none.
func (s *Set) column(r *segment.Ref) *stored {
	c := s.read(r.String())
	if c == nil && r.Measure != nil && r.Measure.Same != nil {
		c = s.read(r.Measure.Same.String())
	}
	return c
}

// rowEnv reads one row: what the scalar evaluation sees.
type rowEnv struct {
	s   *Set
	row int
}

// Env returns a row for the scalar evaluation.
func (s *Set) Env(row int) segment.Env { return &rowEnv{s, row} }

func (e *rowEnv) AsOf() int64      { return e.s.asOf }
func (e *rowEnv) Zone() *zone.Zone { return e.s.zone }

// ZoneOf implements segment.Zones.
func (e *rowEnv) ZoneOf(name string) *zone.Zone { return e.s.zoneOf(name) }

func (e *rowEnv) Lookup(r *segment.Ref) segment.Value {
	c := e.s.column(r)
	if c == nil {
		return segment.Null
	}
	return c.at(e.row, e.s.zone)
}

func (c *stored) at(row int, z *zone.Zone) segment.Value {
	switch {
	case c.Kind == Bits:
		return segment.Bool(c.Bits[row/64]>>(row%64)&1 != 0)
	case c.nulls != nil && c.nulls[row/64]>>(row%64)&1 != 0:
		return segment.Null
	}
	return c.value(c.raw(row), z)
}

// Count returns the number of rows in a bitset.
func Count(mask []uint64) int64 {
	var n int64
	for _, w := range mask {
		n += int64(bits.OnesCount64(w))
	}
	return n
}

// Sum adds the numbers of a column (minor units, for money) over the rows in a bitset; null counts for nothing. Invalid when
// there is no such column of numbers.
func (s *Set) Sum(ref string, mask []uint64) (int64, error) {
	c := s.read(ref)
	if c == nil || c.Kind != Number {
		return 0, s.missing([]string{ref})
	}
	var sum int64
	for b := range s.blocks() {
		var m words
		copyWords(&m, mask, b)
		sum += c.sumBlock(b, &m)
	}
	return sum, nil
}

// sumBlock adds the numbers of the rows of a block, by bits where that takes fewer steps.
func (c *stored) sumBlock(b int, of *words) int64 {
	m, n := *of, 0
	for i := range m {
		if w := b*blockWords + i; c.nulls != nil && w < len(c.nulls) {
			m[i] &^= c.nulls[w]
		}
		n += bits.OnesCount64(m[i])
	}
	switch {
	case n == 0:
		return 0
	case c.planes != nil && n > 4*c.width:
		return c.sumPlanes(b, &m, n)
	}
	return c.sumRows(b, &m)
}

// sumRows adds row by row.
func (c *stored) sumRows(b int, m *words) int64 {
	switch from := b * BlockRows; {
	case c.U8 != nil:
		return sumOf(c.U8[from:], m)
	case c.U16 != nil:
		return sumOf(c.U16[from:], m)
	case c.U32 != nil:
		return sumOf(c.U32[from:], m)
	default:
		return sumOf(c.I64[from:], m)
	}
}

func sumOf[T uint8 | uint16 | uint32 | int64](rows []T, m *words) (sum int64) {
	for i, w := range m {
		for ; w != 0; w &= w - 1 {
			sum += int64(rows[i*64+bits.TrailingZeros64(w)])
		}
	}
	return sum
}

// sumPlanes adds by bits: 2^p for each of the n rows whose bit p is set.
func (c *stored) sumPlanes(b int, m *words, n int) int64 {
	sum := int64(0)
	for j := range c.width {
		plane, count := c.plane(b, j), 0
		for i := range m {
			count += bits.OnesCount64(plane[i] & m[i])
		}
		sum = sum<<1 + int64(count)
	}
	return sum + c.min*int64(n)
}

func (s *Set) missing(refs []string) error {
	held := "the columns hold " + strings.Join(s.names, ", ")
	return fault.New(fault.Invalid, "the columns do not hold %s", strings.Join(refs, ", ")).WithHint("%s", held)
}
