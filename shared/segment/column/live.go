package column

import (
	"encoding/binary"
	"math"
	"math/bits"

	"github.com/weir-engine/weir/shared/fault"
	"github.com/weir-engine/weir/shared/segment"
)

// Block is the bitset of one block of rows. Bits beyond the last row may be anything.
type Block = [blockWords]uint64

// Codes is a column of small codes that its owner rewrites block by block, such as the stage under a strategy that is being
// tried. Conditions on it stay compiled. While a block is rewritten nobody may evaluate it.
type Codes struct{ c *stored }

// AddCodes adds a column of codes 0 to last (at most 254), all 0 at first: numbers (values nil), or values by code. Codes of
// which no row has any may have the value null.
func (s *Set) AddCodes(ref string, last int, values []segment.Value) (*Codes, error) {
	if s.cols[ref] != nil {
		return nil, fault.New(fault.Conflict, "there are two columns %s", ref).WithHint("add each column once")
	}
	if last < 0 || last > 254 || values != nil && len(values) != last+1 {
		return nil, fault.New(fault.Invalid, "column %s has the codes 0 to %d and %d values", ref, last, len(values)).WithHint("one value a code, at most 255")
	}
	c := &stored{Column: Column{Ref: ref, U8: make([]uint8, s.rows), Scale: 1}, max: int64(last), width: bits.Len(uint(last))}
	if values != nil {
		c.Kind, c.Values = Dict, values
	}
	c.planes = make([]uint64, s.blocks()*blockWords*c.width)
	s.cols[ref] = c
	s.names = append(s.names, ref)
	return &Codes{c}, nil
}

// SetBlock rewrites a block: codes holds a code for each of its rows; what stands beyond the last row is ignored. last is the
// largest code that any row of the set has had.
func (c *Codes) SetBlock(b int, codes *[BlockRows]uint8, last int) {
	copy(c.c.U8[b*BlockRows:], codes[:])
	width := c.c.width
	for w := range blockWords {
		group := (*[64]uint8)(codes[w*64:])
		for p := range bits.Len(uint(last)) {
			var plane uint64
			for k := 56; k >= 0; k -= 8 {
				plane = plane<<8 | gather(binary.LittleEndian.Uint64(group[k:])>>(p&7))
			}
			c.c.plane(b, width-1-p)[w] = plane
		}
	}
}

// gather collects the lowest bits of eight bytes.
func gather(x uint64) uint64 { return x & 0x0101010101010101 * 0x0102040810204080 >> 56 }

// Runner evaluates a program block by block without allocating. It is not safe for concurrent use.
type Runner struct {
	root mask
	r    run
}

// Runner returns a runner of the program.
func (p *Program) Runner() *Runner {
	return &Runner{root: p.root, r: run{set: p.set, words: make([]words, p.depth), vecs: make([]vector, p.vecs)}}
}

// Block evaluates one block.
func (r *Runner) Block(b int, out *Block) { r.root.block(&r.r, b, (*words)(out)) }

// Adder sums a column of numbers over bitsets, block by block.
type Adder struct {
	s *Set
	c *stored
}

// Adder returns an adder of a column of numbers. Invalid when there is no such column.
func (s *Set) Adder(ref string) (*Adder, error) {
	c := s.read(ref)
	if c == nil || c.Kind != Number {
		return nil, s.missing([]string{ref})
	}
	return &Adder{s, c}, nil
}

// Block adds the numbers of the rows of a block whose bit is set; null counts for nothing. Bits beyond the last row must be 0.
func (a *Adder) Block(b int, of *Block) int64 { return a.c.sumBlock(b, (*words)(of)) }

// Has reports whether there is a column.
func (s *Set) Has(ref string) bool { return s.cols[ref] != nil }

// Alias makes a name mean another column. Programs that were compiled before keep what they read.
func (s *Set) Alias(ref, of string) error {
	c := s.cols[of]
	if c == nil {
		return s.missing([]string{of})
	}
	s.cols[ref] = c
	return nil
}

// Days is a column of days, 0 to 65,534 or null, that its owner rewrites block by block.
type Days struct{ c *stored }

// AddDays adds a column of days, all null at first.
func (s *Set) AddDays(ref string) (*Days, error) {
	if s.cols[ref] != nil {
		return nil, fault.New(fault.Conflict, "there are two columns %s", ref).WithHint("add each column once")
	}
	c := &stored{
		Column: Column{Ref: ref, U16: make([]uint16, s.rows), Scale: 1, HasNull: true, NullRaw: math.MaxUint16},
		max:    math.MaxUint16 - 1, nulls: make([]uint64, s.Words()),
	}
	for i := range c.U16 {
		c.U16[i] = math.MaxUint16
		c.nulls[i/64] |= 1 << (i % 64)
	}
	s.cols[ref] = c
	s.names = append(s.names, ref)
	return &Days{c}, nil
}

// SetBlock rewrites a block; 65,535 stands for null. What stands beyond the last row is ignored.
func (d *Days) SetBlock(b int, days *[BlockRows]uint16) {
	n := copy(d.c.U16[b*BlockRows:], days[:])
	for i := range d.c.nulls[b*blockWords : min((b+1)*blockWords, len(d.c.nulls))] {
		var null uint64
		for j, v := range days[i*64 : min(i*64+64, n)] {
			null |= one(v == math.MaxUint16) << j
		}
		d.c.nulls[b*blockWords+i] = null
	}
}
