package event

import (
	"encoding/binary"

	"github.com/cespare/xxhash/v2"
)

// UserHash returns the hash of a user key (XXH64, seed 0): its top bits choose the bucket of a user.
func UserHash(key string) uint64 { return xxhash.Sum64String(key) }

// StableID returns the identity of the event: of (Key, MessageID), or without a MessageID of (Key, Content, k), where k
// counts the events with this key and content that stand before it in the file.
func (e *Event) StableID(k uint32) ID {
	var room [160]byte
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

// hash128 is two XXH64 of b with different seeds, side by side.
func hash128(b []byte) (h [16]byte) {
	var d xxhash.Digest
	binary.LittleEndian.PutUint64(h[:8], xxhash.Sum64(b))
	d.ResetWithSeed(0x9e3779b97f4a7c15)
	_, _ = d.Write(b) // never fails
	binary.LittleEndian.PutUint64(h[8:], d.Sum64())
	return h
}
