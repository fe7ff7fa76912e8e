// Package marks is how adapters store which chunks of unfinished files are in a profile.
package marks

import (
	"encoding/binary"

	"github.com/weir-engine/weir/shared/app"
)

// Append appends marks as file length, file, chunk, accepted and duplicates, as varints and bytes.
func Append(dst []byte, marks []app.Mark) []byte {
	for _, m := range marks {
		dst = binary.AppendUvarint(dst, uint64(len(m.File)))
		dst = append(dst, m.File...)
		for _, n := range [...]int64{int64(m.Chunk), m.Accepted, m.Duplicates} {
			dst = binary.AppendUvarint(dst, uint64(n))
		}
	}
	return dst
}

// Parse reads what Append wrote; ok is false when it is damaged.
func Parse(b []byte) (marks []app.Mark, ok bool) {
	for len(b) > 0 {
		n, used := binary.Uvarint(b)
		if used <= 0 || uint64(len(b)-used) < n {
			return nil, false
		}
		file := string(b[used : used+int(n)])
		b = b[used+int(n):]
		var counts [3]uint64
		for i := range counts {
			if counts[i], used = binary.Uvarint(b); used <= 0 {
				return nil, false
			}
			b = b[used:]
		}
		marks = append(marks, app.Mark{File: file, Chunk: int(counts[0]), Accepted: int64(counts[1]), Duplicates: int64(counts[2])})
	}
	return marks, true
}
