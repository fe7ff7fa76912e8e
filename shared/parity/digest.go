package parity

import (
	"crypto/sha256"
	"encoding/binary"
	"hash"
	"math"
)

// digest hashes what is computed, and remembers whether any number in it was not finite.
type digest struct {
	hash     hash.Hash
	buf      []byte
	infinite bool
}

func newDigest() *digest { return &digest{hash: sha256.New()} }

func (d *digest) sum() (out [32]byte) {
	d.flush()
	d.hash.Sum(out[:0])
	return out
}

func (d *digest) flush() {
	d.hash.Write(d.buf)
	d.buf = d.buf[:0]
}

func (d *digest) floats(values ...float64) {
	for _, v := range values {
		d.infinite = d.infinite || math.IsNaN(v) || math.IsInf(v, 0)
		d.buf = binary.LittleEndian.AppendUint64(d.buf, math.Float64bits(v))
	}
}

func (d *digest) ints(values ...int) {
	for _, v := range values {
		d.buf = binary.AppendVarint(d.buf, int64(v))
	}
}

func (d *digest) texts(values ...string) {
	for _, v := range values {
		d.buf = append(binary.AppendUvarint(d.buf, uint64(len(v))), v...)
	}
}

func (d *digest) list(values []string) {
	d.ints(len(values))
	d.texts(values...)
}

func (d *digest) bytes(b []byte) {
	d.buf = append(binary.AppendUvarint(d.buf, uint64(len(b))), b...)
	if len(d.buf) > 1<<16 {
		d.flush()
	}
}

func (d *digest) truth(b bool) {
	if b {
		d.buf = append(d.buf, 1)
	} else {
		d.buf = append(d.buf, 0)
	}
}
