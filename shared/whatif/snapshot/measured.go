package snapshot

import (
	"crypto/sha256"
	"hash"
	"io"
)

// measured counts and hashes what is written.
type measured struct {
	to io.Writer
	n  int64
	h  hash.Hash
}

func (m *measured) Write(b []byte) (int, error) {
	if m.h == nil {
		m.h = sha256.New()
	}
	n, err := m.to.Write(b)
	m.n += int64(n)
	m.h.Write(b[:n])
	return n, err
}

func (m *measured) sum() []byte {
	if m.h == nil {
		m.h = sha256.New()
	}
	return m.h.Sum(nil)
}
