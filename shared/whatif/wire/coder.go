package wire

import (
	"encoding/binary"
	"math"
	"unicode/utf8"
)

// coder writes values to, or reads them from, bytes: one description of a value serves both ways.
type coder struct {
	b       []byte
	reading bool
	bad     bool // reading: something was cut off, or is not what it must be
}

func (c *coder) take(n int) []byte {
	if c.bad || n < 0 || n > len(c.b) {
		c.bad = true
		return nil
	}
	out := c.b[:n]
	c.b = c.b[n:]
	return out
}

func (c *coder) u8(v *uint8) {
	if !c.reading {
		c.b = append(c.b, *v)
	} else if b := c.take(1); b != nil {
		*v = b[0]
	}
}

func (c *coder) u32(v *uint32) {
	if !c.reading {
		c.b = binary.LittleEndian.AppendUint32(c.b, *v)
	} else if b := c.take(4); b != nil {
		*v = binary.LittleEndian.Uint32(b)
	}
}

func (c *coder) i64(v *int64) {
	if !c.reading {
		c.b = binary.LittleEndian.AppendUint64(c.b, uint64(*v))
	} else if b := c.take(8); b != nil {
		*v = int64(binary.LittleEndian.Uint64(b))
	}
}

// whole is a number that fits 32 bits.
func (c *coder) whole(v *int) {
	n := int64(*v)
	c.i64(&n)
	if n < math.MinInt32 || n > math.MaxInt32 {
		c.bad = true
		return
	}
	*v = int(n)
}

func (c *coder) float(v *float64) {
	n := int64(math.Float64bits(*v))
	c.i64(&n)
	x := math.Float64frombits(uint64(n))
	if math.IsNaN(x) || math.IsInf(x, 0) {
		c.bad = true
		return
	}
	*v = x
}

func (c *coder) truth(v *bool) {
	var b uint8
	if *v {
		b = 1
	}
	c.u8(&b)
	c.bad = c.bad || b > 1
	*v = b == 1
}

func (c *coder) text(s *string) {
	n := uint32(len(*s))
	c.u32(&n)
	if !c.reading {
		c.b = append(c.b, *s...)
		return
	}
	b := c.take(int(n))
	if !utf8.Valid(b) {
		c.bad = true
		return
	}
	*s = string(b)
}

func (c *coder) magic(word string) {
	if !c.reading {
		c.b = append(c.b, word...)
	} else if b := c.take(len(word)); string(b) != word {
		c.bad = true
	}
}

// list is a number of values; each takes at least a byte.
func list[T any](c *coder, l *[]T, each func(*T)) {
	n := uint32(len(*l))
	c.u32(&n)
	if !c.reading {
		for i := range *l {
			each(&(*l)[i])
		}
		return
	}
	if int64(n) > int64(len(c.b)) {
		c.bad = true
		return
	}
	for range n {
		if c.bad {
			return
		}
		var v T
		each(&v)
		*l = append(*l, v)
	}
}

// maybe is a value that may be missing.
func maybe[T any](c *coder, v **T, each func(*T)) {
	is := *v != nil
	c.truth(&is)
	if !is || c.bad {
		return
	}
	if c.reading {
		*v = new(T)
	}
	each(*v)
}
