package profile

import "github.com/weir-engine/weir/shared/zone"

// Days is a set of active calendar days: the last 400 and more before the newest, as a bitmap.
type Days struct {
	Newest zone.Day // day of bit 0 of Bits[0]; 0 with empty Bits when the set is empty
	Bits   []uint64 // bit i: the day Newest - i
}
