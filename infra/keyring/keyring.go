// Package keyring holds the secrets of a base: the key that references and tombstones are made with, and the keys that wrap the
// data keys of its users. Adapters keep it: one machine in a file, AWS sealed under the key that KMS holds.
package keyring

import (
	"crypto/rand"
	"encoding/binary"
	"encoding/json"
	"slices"

	"github.com/weir-engine/weir/shared/contact"
	"github.com/weir-engine/weir/shared/fault"
)

// Ring is the secrets of a base.
type Ring struct {
	Version int          `json:"version"`
	Index   []byte       `json:"index"` // never changes: references stand in FACTS and canonical files
	Wrap    []Generation `json:"wrap"`  // the last one is in use
}

// Generation is one key that wraps data keys.
type Generation struct {
	Number uint32 `json:"number"`
	Made   int64  `json:"made"` // unix milliseconds
	Key    []byte `json:"key"`
}

const layout = 1

// New returns the ring of a new base.
func New(now int64) (*Ring, error) {
	index, err := Random()
	if err != nil {
		return nil, err
	}
	return (&Ring{Version: layout, Index: index}).Rotate(now)
}

// Random returns a new key.
func Random() ([]byte, error) {
	key := make([]byte, contact.KeyBytes)
	if _, err := rand.Read(key); err != nil {
		return nil, fault.New(fault.Internal, "the system gives no random numbers").Because(err)
	}
	return key, nil
}

// Rotate returns the ring with one more generation, which wraps from now on.
func (r *Ring) Rotate(now int64) (*Ring, error) {
	key, err := Random()
	if err != nil {
		return nil, err
	}
	next := *r
	next.Wrap = append(slices.Clone(r.Wrap), Generation{Number: r.Current() + 1, Made: now, Key: key})
	return &next, nil
}

// Newest returns the ring with the generation in use alone: nothing that an earlier one wrapped can be opened any more.
func (r *Ring) Newest() *Ring {
	next := *r
	next.Wrap = slices.Clone(r.Wrap[len(r.Wrap)-1:])
	return &next
}

// Current is the number of the generation in use; 0 for none.
func (r *Ring) Current() uint32 {
	if len(r.Wrap) == 0 {
		return 0
	}
	return r.Wrap[len(r.Wrap)-1].Number
}

// Parse reads a ring.
func Parse(text []byte) (*Ring, error) {
	r := new(Ring)
	if err := json.Unmarshal(text, r); err != nil {
		return nil, damaged(err)
	}
	if r.Version != layout {
		return nil, fault.New(fault.Conflict, "the keys were written by another version of Weir").WithHint("use that version")
	}
	if len(r.Index) != contact.KeyBytes || len(r.Wrap) == 0 {
		return nil, damaged(nil)
	}
	for _, g := range r.Wrap {
		if len(g.Key) != contact.KeyBytes {
			return nil, damaged(nil)
		}
	}
	return r, nil
}

func damaged(err error) error {
	return fault.New(fault.Internal, "the keys of the base are damaged").
		WithHint("put a backup of the keys in their place; without them no contact data can be read").Because(err)
}

// Text is the ring as Parse reads it.
func (r *Ring) Text() ([]byte, error) {
	text, err := json.Marshal(r)
	if err != nil {
		return nil, fault.New(fault.Internal, "the keys cannot be written").Because(err)
	}
	return text, nil
}

// Seal wraps the data key of an id under the generation in use, whose number comes first.
func (r *Ring) Seal(id string, key []byte) ([]byte, error) {
	g := r.Wrap[len(r.Wrap)-1]
	sealed, err := contact.Seal(g.Key, []byte(id), key)
	if err != nil {
		return nil, err
	}
	return append(binary.BigEndian.AppendUint32(nil, g.Number), sealed...), nil
}

// Open unwraps the data key of an id. Forbidden when its generation was destroyed.
func (r *Ring) Open(id string, wrapped []byte) ([]byte, error) {
	number, ok := Wrapped(wrapped)
	for _, g := range r.Wrap {
		if ok && g.Number == number {
			return contact.Open(g.Key, []byte(id), wrapped[4:])
		}
	}
	return nil, fault.New(fault.Forbidden, "the data key of a user cannot be opened").
		WithHint("the key that wrapped it was destroyed; was an older backup of the database put beside newer keys?")
}

// Wrapped is the number of the generation that wrapped a data key.
func Wrapped(wrapped []byte) (number uint32, ok bool) {
	if len(wrapped) < 4 {
		return 0, false
	}
	return binary.BigEndian.Uint32(wrapped), true
}
