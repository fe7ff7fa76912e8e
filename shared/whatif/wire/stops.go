package wire

import "github.com/weir-engine/weir/shared/whatif"

// AppendStops appends the axes of a cube: a number of lists, each a name and its stops.
func AppendStops(b []byte, axes []whatif.Axis) []byte {
	c := &coder{b: b}
	codeStops(c, &axes)
	return c.b
}

// ParseStops reads what AppendStops wrote; false when b is something else.
func ParseStops(b []byte) (axes []whatif.Axis, ok bool) {
	c := &coder{b: b, reading: true}
	codeStops(c, &axes)
	return axes, !c.bad && len(c.b) == 0
}

func codeStops(c *coder, axes *[]whatif.Axis) {
	list(c, axes, func(a *whatif.Axis) {
		c.text(&a.Ref)
		list(c, &a.Stops, c.i64)
	})
}

// ReadCuts reads four cuts each of recency, frequency and spend; false when b does not hold exactly those.
func ReadCuts(b []byte, cuts *whatif.Cuts) bool {
	c := coder{b: b, reading: true}
	for _, l := range []*[4]int64{&cuts.Recency, &cuts.Frequency, &cuts.Monetary} {
		for i := range l {
			c.i64(&l[i])
		}
	}
	return !c.bad && len(c.b) == 0
}
