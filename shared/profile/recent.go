package profile

import (
	"cmp"
	"encoding/binary"
	"slices"

	"github.com/weir-engine/weir/shared/event"
)

// LateAfter is how long before its file's arrival (in milliseconds) an event may have happened and still be on time.
const LateAfter = 14 * dayMs

// IsLate reports whether an event is late: older than 14 days when its file arrived. It depends on nothing else, so that an
// event is late wherever and whenever its file is read. Late events are folded by reading the user's canonical events again,
// with exact removal of duplicates; the others are known by Recent.
func IsLate(eventTime, arrived int64) bool { return eventTime < arrived-LateAfter }

// Recent knows the events of a user that arrived on time, for as long as they could arrive on time again. It keeps 64 bits of
// each event's ID, which is keyed by the user: an event is taken for a known one by mistake with a probability of n/2^64,
// where n is the number of the user's events within 14 days. The zero Recent is empty.
type Recent struct {
	hashes []uint64
	days   []int32  // UTC day of each event
	table  []uint32 // index + 1 by hash, open addressing; used once there are many
}

// recentScan is the number of hashes up to which they are searched one by one.
const recentScan = 48

// Reset makes r empty and keeps its memory.
func (r *Recent) Reset() {
	r.hashes, r.days, r.table = r.hashes[:0], r.days[:0], r.table[:0]
}

// Len returns the number of events known.
func (r *Recent) Len() int { return len(r.hashes) }

func recentHash(id event.ID) uint64 { return binary.LittleEndian.Uint64(id[8:]) }

// Has reports whether the event is known.
func (r *Recent) Has(id event.ID) bool { return r.find(recentHash(id)) }

func (r *Recent) find(h uint64) bool {
	if len(r.hashes) <= recentScan {
		return slices.Contains(r.hashes, h)
	}
	mask := uint64(len(r.table) - 1)
	for at := h & mask; r.table[at] != 0; at = (at + 1) & mask {
		if r.hashes[r.table[at]-1] == h {
			return true
		}
	}
	return false
}

// Add makes an event known that happened at eventTime (unix milliseconds). It reports whether the event was unknown.
func (r *Recent) Add(id event.ID, eventTime int64) bool {
	return r.add(recentHash(id), int32(utcDay(eventTime)))
}

func (r *Recent) add(h uint64, day int32) bool {
	if r.find(h) {
		return false
	}
	r.hashes, r.days = append(r.hashes, h), append(r.days, day)
	if n := len(r.hashes); n > recentScan {
		if 2*n > len(r.table) {
			r.index()
		} else {
			r.put(n - 1)
		}
	}
	return true
}

// index builds the table, at most half full until it has doubled.
func (r *Recent) index() {
	size := 256
	for size < 4*len(r.hashes) {
		size *= 2
	}
	r.table = slices.Grow(r.table[:0], size)[:size]
	clear(r.table)
	for i := range r.hashes {
		r.put(i)
	}
}

func (r *Recent) put(i int) {
	mask := uint64(len(r.table) - 1)
	at := r.hashes[i] & mask
	for r.table[at] != 0 {
		at = (at + 1) & mask
	}
	r.table[at] = uint32(i + 1)
}

// Prune forgets the events that would be late in a file that arrives at or after arrived.
func (r *Recent) Prune(arrived int64) {
	oldest := int32(utcDay(arrived - LateAfter)) // an event of this day may still be on time
	n := 0
	for i, day := range r.days {
		if day >= oldest {
			r.hashes[n], r.days[n] = r.hashes[i], day
			n++
		}
	}
	if n == len(r.hashes) {
		return
	}
	r.hashes, r.days, r.table = r.hashes[:n], r.days[:n], r.table[:0]
	if n > recentScan {
		r.index()
	}
}

// MergeRecent adds everything that src knows to dst.
func MergeRecent(dst, src *Recent) {
	for i, h := range src.hashes {
		dst.add(h, src.days[i])
	}
}

// recentVersion is the version of Recent's encoding.
const recentVersion = 1

// EncodeRecent appends the encoding of r to dst, nothing when r is empty. Equal sets give equal bytes.
//
//	version  1 byte
//	days     for each UTC day, from the newest: the gap to the one before (the first: the day itself), the number of hashes,
//	         the hashes (8 bytes each), ascending
func EncodeRecent(dst []byte, r *Recent) []byte {
	if len(r.hashes) == 0 {
		return dst
	}
	var room [64]uint32
	order := room[:0]
	for i := range r.hashes {
		order = append(order, uint32(i))
	}
	slices.SortFunc(order, func(i, j uint32) int {
		return cmp.Or(cmp.Compare(r.days[j], r.days[i]), cmp.Compare(r.hashes[i], r.hashes[j]))
	})
	dst = append(dst, recentVersion)
	last := int64(0)
	for from := 0; from < len(order); {
		day := r.days[order[from]]
		to := from
		for to < len(order) && r.days[order[to]] == day {
			to++
		}
		if from == 0 {
			dst = appendInt(dst, int64(day))
		} else {
			dst = appendUint(dst, uint64(last-int64(day)-1))
		}
		last = int64(day)
		dst = appendUint(dst, uint64(to-from))
		for _, i := range order[from:to] {
			dst = binary.LittleEndian.AppendUint64(dst, r.hashes[i])
		}
		from = to
	}
	return dst
}

// DecodeRecent replaces r by what b encodes; empty b is the empty Recent. It fails like DecodeFacts.
func DecodeRecent(b []byte, r *Recent) error {
	r.Reset()
	if len(b) == 0 {
		return nil
	}
	if b[0] > recentVersion {
		return errVersion
	}
	if b[0] != recentVersion || !r.decode(&reader{b: b[1:]}) {
		r.Reset()
		return errCorrupt
	}
	return nil
}

func (r *Recent) decode(in *reader) bool {
	day := in.int()
	for first := true; !in.failed && (first || len(in.b) > 0); first = false {
		if !first {
			gap := in.uint()
			if gap > 2*maxDay {
				return false
			}
			day -= int64(gap) + 1
		}
		n := in.count(8)
		if n == 0 || day > maxDay || day < -maxDay {
			return false
		}
		for i := range n {
			h := in.fixed(8)
			if i > 0 && h <= r.hashes[len(r.hashes)-1] {
				return false
			}
			r.hashes, r.days = append(r.hashes, h), append(r.days, int32(day))
		}
	}
	if len(r.hashes) > recentScan {
		r.index()
	}
	return !in.failed
}
