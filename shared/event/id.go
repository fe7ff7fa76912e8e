package event

import (
	"encoding/binary"
	"math/bits"

	"github.com/cespare/xxhash/v2"
)

// UserHash returns the hash of a user key (XXH64, seed 0): its top bits choose the bucket of a user.
func UserHash(key string) uint64 { return xxhash.Sum64String(key) }

// StableID returns the identity of the event: of (Key, MessageID), or without a MessageID of (Key, Content, k), where k
// counts the events with this key and content that stand before it in the file.
func (e *Event) StableID(k uint32) ID {
	var room [64]byte // most ids fit, and it must be cleared
	b := room[:0]
	if e.MessageID != "" {
		b = appendText(append(b, 'm'), e.MessageID)
	} else {
		b = append(append(b, 'c'), e.Content[:]...)
		b = binary.LittleEndian.AppendUint32(b, k)
	}
	if e.UserID != "" {
		b = append(append(b, 'u'), e.UserID...)
	} else {
		b = append(append(b, 'a'), e.AnonymousID...)
	}
	return hash128(b)
}

// appendText appends s so that no two sequences of texts give the same bytes.
func appendText(dst []byte, s string) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(s))), s...)
}

// The primes of XXH64 (Collet 2012, xxHash specification) and the second seed.
const (
	prime1 = 0x9e3779b185ebca87
	prime2 = 0xc2b2ae3d27d4eb4f
	prime3 = 0x165667b19e3779f9
	prime4 = 0x85ebca77c2b2ae63
	prime5 = 0x27d4eb2f165667c5
	seed2  = 0x9e3779b97f4a7c15
)

// hash128 is two XXH64 of b side by side, with the seeds 0 and seed2.
func hash128(b []byte) (h [16]byte) {
	x, y := uint64(0), uint64(0)
	if len(b) < 32 {
		x, y = hashShort(b)
	} else {
		var d xxhash.Digest
		d.ResetWithSeed(seed2)
		_, _ = d.Write(b) // never fails
		x, y = xxhash.Sum64(b), d.Sum64()
	}
	binary.LittleEndian.PutUint64(h[:8], x)
	binary.LittleEndian.PutUint64(h[8:], y)
	return h
}

// hashShort does both hashes of less than 32 bytes in one pass: what is worked out of the input is the same for both.
func hashShort(b []byte) (x, y uint64) {
	n := uint64(len(b))
	x, y = prime5+n, seed2+prime5+n
	for ; len(b) >= 8; b = b[8:] {
		k := bits.RotateLeft64(binary.LittleEndian.Uint64(b)*prime2, 31) * prime1
		x = bits.RotateLeft64(x^k, 27)*prime1 + prime4
		y = bits.RotateLeft64(y^k, 27)*prime1 + prime4
	}
	if len(b) >= 4 {
		k := uint64(binary.LittleEndian.Uint32(b)) * prime1
		x = bits.RotateLeft64(x^k, 23)*prime2 + prime3
		y = bits.RotateLeft64(y^k, 23)*prime2 + prime3
		b = b[4:]
	}
	for _, c := range b {
		k := uint64(c) * prime5
		x = bits.RotateLeft64(x^k, 11) * prime1
		y = bits.RotateLeft64(y^k, 11) * prime1
	}
	return avalanche(x), avalanche(y)
}

func avalanche(h uint64) uint64 {
	h = (h ^ h>>33) * prime2
	h = (h ^ h>>29) * prime3
	return h ^ h>>32
}
