package column

import "math"

// maxFloat is the raw number of the largest finite number.
const maxFloat = 0x7fefffffffffffff

// FloatRaw is what a column of Kind Float holds for a finite number: whole numbers in the same order.
func FloatRaw(x float64) int64 {
	raw := int64(math.Float64bits(x + 0)) // minus zero becomes zero
	if raw < 0 {
		raw ^= math.MaxInt64
	}
	return raw
}

// floatOf is the number that FloatRaw made a raw number of.
func floatOf(raw int64) float64 {
	if raw < 0 {
		raw ^= math.MaxInt64
	}
	return math.Float64frombits(uint64(raw))
}

// FloatOf is the number that FloatRaw made a raw number of.
func FloatOf(raw int64) float64 { return floatOf(raw) }
