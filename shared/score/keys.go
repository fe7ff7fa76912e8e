package score

import (
	"encoding/binary"
	"slices"
)

// keyList keeps (key, number) pairs in the order they were added, front-coded: a key stores only what differs from the one
// before. Keys that arrive in ascending order, as a scan of profiles gives them, take a few bytes each. It serves
// ntile_first, the only rule whose cuts name a user.
type keyList struct {
	blocks    [][]byte
	last      []byte
	unordered bool
}

const blockSize = 1 << 16

func (l *keyList) add(key string, number int64) {
	if key < string(l.last) {
		l.unordered = true
	}
	need := len(key) + 3*binary.MaxVarintLen64
	shared := sharedPrefix(l.last, key)
	tail := len(l.blocks) - 1
	if tail < 0 || cap(l.blocks[tail])-len(l.blocks[tail]) < need {
		l.blocks = append(l.blocks, make([]byte, 0, max(blockSize, need)))
		tail, shared = tail+1, 0 // a block can be read from its beginning
	}
	b := l.blocks[tail]
	b = binary.AppendUvarint(b, uint64(shared))
	b = binary.AppendUvarint(b, uint64(len(key)-shared))
	b = append(b, key[shared:]...)
	b = binary.AppendUvarint(b, uint64(number))
	l.blocks[tail], l.last = b, append(l.last[:0], key...)
}

// nth returns the j-th (0-based) key, in ascending order, of those added with this number.
func (l *keyList) nth(number, j int64) string {
	if l.unordered {
		return l.nthSorted(number, j)
	}
	found := ""
	l.each(func(key []byte, n int64) bool {
		if n != number {
			return true
		}
		if j--; j < 0 {
			found = string(key)
			return false
		}
		return true
	})
	return found
}

func (l *keyList) nthSorted(number, j int64) string {
	var keys []string
	l.each(func(key []byte, n int64) bool {
		if n == number {
			keys = append(keys, string(key))
		}
		return true
	})
	slices.Sort(keys)
	return keys[j]
}

func (l *keyList) each(yield func(key []byte, number int64) bool) {
	var key []byte
	for _, b := range l.blocks {
		key = key[:0]
		for len(b) > 0 {
			shared, n1 := binary.Uvarint(b)
			rest, n2 := binary.Uvarint(b[n1:])
			start := n1 + n2
			key = append(key[:shared], b[start:start+int(rest)]...)
			number, n3 := binary.Uvarint(b[start+int(rest):])
			b = b[start+int(rest)+n3:]
			if !yield(key, int64(number)) {
				return
			}
		}
	}
}

func sharedPrefix(a []byte, b string) int {
	n := min(len(a), len(b))
	for i := range n {
		if a[i] != b[i] {
			return i
		}
	}
	return n
}
