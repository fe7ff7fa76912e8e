package profile

import (
	"iter"
	"math/bits"

	"github.com/weir-engine/weir/shared/zone"
)

// DaysKept is how many days before and including the newest a Days holds.
const DaysKept = 448

const dayWords = DaysKept / 64

// Days is a set of active calendar days, as a bitmap of the day of the newest event and the DaysKept-1 days before it.
type Days struct {
	Newest zone.Day // day of the newest event, of bit 0 of Bits[0]; 0 with empty Bits when there is none
	Bits   []uint64 // bit i: the day Newest - i is active; no zero word at the end, save for the first
}

// Has reports whether day is in the set.
func (d *Days) Has(day zone.Day) bool {
	i := int64(d.Newest) - int64(day)
	return i >= 0 && i < int64(len(d.Bits))*64 && d.Bits[i/64]>>(i%64)&1 != 0
}

// Count returns the number of days in (asOf-days, asOf].
func (d *Days) Count(asOf zone.Day, days int) int {
	n := 0
	from, to := int64(d.Newest)-int64(asOf), int64(d.Newest)-int64(asOf)+int64(days)
	for i, word := range d.Bits {
		n += bits.OnesCount64(word & maskFrom(from-int64(i)*64) &^ maskFrom(to-int64(i)*64))
	}
	return n
}

// maskFrom has the bits from i on set.
func maskFrom(i int64) uint64 {
	if i >= 64 {
		return 0
	}
	return ^uint64(0) << max(i, 0)
}

// Len returns the number of days in the set.
func (d *Days) Len() int {
	n := 0
	for _, word := range d.Bits {
		n += bits.OnesCount64(word)
	}
	return n
}

// All yields the days from the newest to the oldest.
func (d *Days) All() iter.Seq[zone.Day] {
	return func(yield func(zone.Day) bool) {
		for i, word := range d.Bits {
			for ; word != 0; word &= word - 1 {
				if !yield(d.Newest - zone.Day(i*64+bits.TrailingZeros64(word))) {
					return
				}
			}
		}
	}
}

// appendTo appends the days from the newest to the oldest.
func (d *Days) appendTo(days []zone.Day) []zone.Day {
	for day := range d.All() {
		days = append(days, day)
	}
	return days
}

// add puts day into the set and reports whether it became the newest.
func (d *Days) add(day zone.Day) bool {
	newest := d.reach(day)
	if i := int64(d.Newest) - int64(day); i < DaysKept {
		d.grow(int(i/64) + 1)
		d.Bits[i/64] |= 1 << (i % 64)
	}
	return newest
}

// reach moves the newest day on to day, if that is later, without putting it into the set, and reports whether it did.
func (d *Days) reach(day zone.Day) bool {
	if len(d.Bits) == 0 {
		d.Newest, d.Bits = day, append(d.Bits[:0], 0)
		return true
	}
	by := int64(day) - int64(d.Newest)
	if by <= 0 {
		return false
	}
	d.shift(by)
	d.Newest = day
	return true
}

// merge puts every day of o into the set.
func (d *Days) merge(o *Days) {
	if len(o.Bits) == 0 {
		return
	}
	d.reach(o.Newest)
	by := int64(d.Newest) - int64(o.Newest)
	if by >= DaysKept {
		return
	}
	word, bit := int(by/64), uint(by%64)
	for i, w := range o.Bits {
		d.or(i+word, w<<bit)
		if bit > 0 {
			d.or(i+word+1, w>>(64-bit))
		}
	}
}

// or sets bits of a word, leaving out what is too old.
func (d *Days) or(word int, set uint64) {
	if set != 0 && word < dayWords {
		d.grow(word + 1)
		d.Bits[word] |= set
	}
}

func (d *Days) grow(words int) {
	for len(d.Bits) < words {
		d.Bits = append(d.Bits, 0)
	}
}

// shift makes room for a newest day that is by days later.
func (d *Days) shift(by int64) {
	if by >= DaysKept {
		d.Bits = append(d.Bits[:0], 0)
		return
	}
	word, bit := int(by/64), uint(by%64)
	if top := d.Bits[len(d.Bits)-1]; word == 0 && top>>(64-bit) == 0 { // no word more
		for i := len(d.Bits) - 1; i > 0; i-- {
			d.Bits[i] = d.Bits[i]<<bit | d.Bits[i-1]>>(64-bit)
		}
		d.Bits[0] <<= bit
		return
	}
	d.grow(min(len(d.Bits)+word+1, dayWords))
	for i := len(d.Bits) - 1; i >= 0; i-- {
		var w uint64
		if i-word >= 0 {
			w = d.Bits[i-word] << bit
		}
		if bit > 0 && i-word-1 >= 0 {
			w |= d.Bits[i-word-1] >> (64 - bit)
		}
		d.Bits[i] = w
	}
	for len(d.Bits) > 1 && d.Bits[len(d.Bits)-1] == 0 {
		d.Bits = d.Bits[:len(d.Bits)-1]
	}
}
