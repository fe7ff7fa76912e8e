package app

import (
	"context"

	"github.com/weir-engine/weir/shared/contact"
	"github.com/weir-engine/weir/shared/fault"
)

// Contacts is the room that contact data is kept in, apart from everything else: for each id under which events arrived a data key
// and the addresses sealed under it. The data keys are wrapped by the base's own keys, which never leave the adapter; a room
// that is gone can be read by nobody. docs/decisions/012 says why it is so.
type Contacts interface {
	// Index returns the key of contact.KeyBytes that references and tombstones are made with, the same for the life of a base.
	Index(ctx context.Context) ([]byte, error)
	// Rooms returns the rooms of ids, in their order. One that is not there has Version 0 and a new data key, which Put keeps.
	Rooms(ctx context.Context, ids []string) ([]Room, error)
	// Put keeps each room whole if its stored version is that given. The result holds an error for each: nil, or Conflict. err is
	// about the call as a whole: then any number of rooms may be kept.
	Put(ctx context.Context, rooms []Room) (each []error, err error)
	// Address returns the newest address of a kind (contact.Email, contact.Phone) in the room of an id; NotFound when there is
	// none. Of a user of several ids App.Address knows which is current.
	Address(ctx context.Context, key, kind string) (string, error)
	// Find returns the ids whose rooms hold a reference, sorted.
	Find(ctx context.Context, ref string) ([]string, error)
	// Forget destroys the rooms of ids with their data keys; one that is not there is no error.
	Forget(ctx context.Context, ids []string) error
	// Entomb keeps tombstones (contact.Index.Tombstone) for ever, apart from what a backup of the base brings back.
	Entomb(ctx context.Context, tombstones []string) error
	// Tombstones returns all of them, sorted.
	Tombstones(ctx context.Context) ([]string, error)
	// Keys describes the generations of the keys that wrap data keys, the one in use last.
	Keys(ctx context.Context) ([]KeyGeneration, error)
	// Rotate makes a new generation, wraps every data key under it and destroys the earlier ones. It is safe to repeat and to
	// kill: a later call finishes what an earlier one left.
	Rotate(ctx context.Context) (wrapped int64, err error)
}

// Room is what is kept of one id apart from its profile.
type Room struct {
	ID       string
	Version  int64  // grows by one with each Put; 0: there is none
	Key      []byte // the data key, contact.KeyBytes
	Contacts []Contact
}

// Contact is one address of an id.
type Contact struct {
	Ref    string `json:"ref"` // contact.Index.Ref
	Kind   string `json:"kind"`
	Time   int64  `json:"time"` // of the earliest event that brought it
	Sealed []byte `json:"sealed"`
}

// KeyGeneration is one key that wraps data keys.
type KeyGeneration struct {
	Number int64 `json:"number"`
	Made   int64 `json:"made"` // unix milliseconds
}

// maxContacts is the number of addresses that a room holds; the oldest go first.
const maxContacts = 32

// bound is what an address is sealed to.
func (r *Room) bound(kind string) []byte { return []byte("address\x00" + kind + "\x00" + r.ID) }

// Add seals an address into the room, and reports whether the room changed.
func (r *Room) Add(ref, kind, address string, at int64) (bool, error) {
	for i := range r.Contacts {
		if r.Contacts[i].Ref == ref {
			return false, nil
		}
	}
	sealed, err := contact.Seal(r.Key, r.bound(kind), []byte(address))
	if err != nil {
		return false, err
	}
	r.Contacts = append(r.Contacts, Contact{Ref: ref, Kind: kind, Time: at, Sealed: sealed})
	if len(r.Contacts) > maxContacts {
		oldest := 0
		for i := range r.Contacts {
			if r.Contacts[i].Time < r.Contacts[oldest].Time {
				oldest = i
			}
		}
		r.Contacts = append(r.Contacts[:oldest], r.Contacts[oldest+1:]...)
	}
	return true, nil
}

// Address opens the address of a reference; with ref "" the newest of a kind. NotFound when there is none.
func (r *Room) Address(ref, kind string) (string, error) {
	var found *Contact
	for i := range r.Contacts {
		c := &r.Contacts[i]
		if c.Kind == kind && (ref == c.Ref || ref == "" && (found == nil || c.Time >= found.Time)) {
			found = c
		}
	}
	if found == nil {
		return "", noAddress(kind)
	}
	address, err := contact.Open(r.Key, r.bound(kind), found.Sealed)
	return string(address), err
}

func noAddress(kind string) error {
	return fault.New(fault.NotFound, "no address of the kind %s is kept of the user", kind).
		WithHint("identify events bring it: traits.email, traits.phone")
}
