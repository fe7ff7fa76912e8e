package whatif

import (
	"encoding/binary"
	"hash/crc32"
)

// Thin returns a shard with a sample of the rows of another: those whose number in the base has a hash below a share of 2^32. The same
// rows are drawn every time, and which they are hangs on nothing that they hold. The rows are counted from the same First on as before.
func Thin(b []byte, below uint32) ([]byte, error) {
	h, _, err := Open(b)
	if err != nil {
		return nil, err
	}
	var kept []int
	for i := range h.Rows {
		if rowHash(uint64(h.First)+uint64(i)) < below {
			kept = append(kept, i)
		}
	}
	le := binary.LittleEndian
	n, dir := int(le.Uint32(b[28:])), int(le.Uint64(b[56:]))
	data := len(b) // what stands before the data stays
	for i := range n {
		data = min(data, int(le.Uint64(b[dir+i*entrySize:])))
	}
	total := data
	for i := range n {
		total = align(total+thinned(b[dir+i*entrySize:], len(kept)), dataAlign)
	}
	out := make([]byte, total)
	copy(out, b[:data])
	for i := range n {
		e := out[dir+i*entrySize:]
		at, size := int(le.Uint64(e)), thinned(e, len(kept))
		take(out[data:data+size], b[at:at+int(le.Uint64(e[8:]))], int(e[53]), kept)
		le.PutUint64(e, uint64(data))
		le.PutUint64(e[8:], uint64(size))
		data = align(data+size, dataAlign)
	}
	le.PutUint64(out[16:], uint64(total))
	le.PutUint32(out[24:], uint32(len(kept)))
	le.PutUint32(out[12:], crc32.Checksum(out[16:], castagnoli))
	return out, nil
}

// thinned is the bytes that some rows of a column take, by its entry in the directory.
func thinned(entry []byte, rows int) int {
	if width := int(entry[53]); width > 0 {
		return rows * width
	}
	return (rows + 63) / 64 * 8
}

// take copies rows of so many bytes; of 0 bytes are truth values, a bit each.
func take(to, from []byte, width int, rows []int) {
	for i, row := range rows {
		if width > 0 {
			copy(to[i*width:(i+1)*width], from[row*width:])
		} else {
			to[i/8] |= from[row/8] >> (row % 8) & 1 << (i % 8)
		}
	}
}

// rowHash spreads numbers of rows evenly over 32 bits (the finalizer of SplitMix64).
func rowHash(row uint64) uint32 {
	x := row + 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return uint32((x ^ x>>31) >> 32)
}
