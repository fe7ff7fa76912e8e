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
func (e *Event) StableID(k uint32) ID { return e.StableIDOf(e.userHash(), k) }

// StableIDOf is StableID for a caller that knows UserHash(Key).
func (e *Event) StableIDOf(user uint64, k uint32) ID {
	if e.MessageID != "" {
		return idOf(IDWords(user, e.MessageID))
	}
	return ContentID(user, e.Content, k)
}

// IDWords is the StableID of an event with a MessageID as two words, the first eight bytes little-endian and the last. Taking
// an ID apart again would cost more than making it.
func IDWords(user uint64, messageID string) (x, y uint64) { return hash128(bytesOf(messageID), user) }

func idOf(x, y uint64) (id [16]byte) {
	binary.LittleEndian.PutUint64(id[:8], x)
	binary.LittleEndian.PutUint64(id[8:], y)
	return id
}

// ContentID is the StableID of an event without a MessageID.
func ContentID(user uint64, content [16]byte, k uint32) ID {
	var b [21]byte
	copy(b[:], content[:])
	binary.LittleEndian.PutUint32(b[16:], k)
	b[20] = 0xff // no messageId ends so: it is UTF-8
	return idOf(hash128(b[:], user))
}

// userHash is UserHash(Key) without a new string.
func (e *Event) userHash() uint64 {
	if e.UserID != "" {
		return UserHash(e.UserID)
	}
	var room [64]byte
	return xxhash.Sum64(append(append(room[:0], AnonPrefix...), e.AnonymousID...))
}

// appendText appends s so that no two sequences of texts give the same bytes.
func appendText(dst []byte, s string) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(s))), s...)
}

// The primes of XXH64 (Collet 2012, xxHash specification) and what sets the second lane apart.
const (
	prime1 = 0x9e3779b185ebca87
	prime2 = 0xc2b2ae3d27d4eb4f
	prime3 = 0x165667b19e3779f9
	prime4 = 0x85ebca77c2b2ae63
	prime5 = 0x27d4eb2f165667c5
	lane2  = 0x9e3779b97f4a7c15
)

// hash128 hashes b under a seed in one pass: two lanes of XXH64's round, which differ in their beginnings, rotations and
// multipliers, over the same words. The last word is filled with zeros; the length tells it apart.
func hash128(b []byte, seed uint64) (x, y uint64) {
	n := uint64(len(b))
	x, y = seed+prime5+n, (seed^lane2)*prime3+n
	for ; len(b) >= 8; b = b[8:] {
		w := binary.LittleEndian.Uint64(b)
		x = bits.RotateLeft64(x^bits.RotateLeft64(w*prime2, 31)*prime1, 27)*prime1 + prime4
		y = bits.RotateLeft64(y^w*prime4, 29)*prime2 + prime5
	}
	if w := tail(b); len(b) > 0 {
		x = bits.RotateLeft64(x^bits.RotateLeft64(w*prime2, 31)*prime1, 27)*prime1 + prime4
		y = bits.RotateLeft64(y^w*prime4, 29)*prime2 + prime5
	}
	return avalanche(x), avalanche(y ^ x>>32)
}

// tail returns up to seven bytes as a word.
func tail(b []byte) (w uint64) {
	switch n := len(b); {
	case n >= 4:
		w = uint64(binary.LittleEndian.Uint32(b)) | uint64(binary.LittleEndian.Uint32(b[n-4:]))<<(8*(n-4))
	case n > 0:
		w = uint64(b[0]) | uint64(b[n>>1])<<(8*(n>>1)) | uint64(b[n-1])<<(8*(n-1))
	}
	return w
}

func avalanche(h uint64) uint64 {
	h = (h ^ h>>33) * prime2
	h = (h ^ h>>29) * prime3
	return h ^ h>>32
}
