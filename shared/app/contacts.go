package app

import (
	"context"
	"slices"
	"strings"

	"github.com/weir-engine/weir/shared/contact"
	"github.com/weir-engine/weir/shared/event"
	"github.com/weir-engine/weir/shared/fault"
	"github.com/weir-engine/weir/shared/profile"
)

// Address returns the current address of a user of a kind (contact.Email, contact.Phone): the one that FACTS refer to, whichever of
// the user's ids brought it. NotFound when there is none, or the user was forgotten.
func (a *App) Address(ctx context.Context, id, kind string) (string, error) {
	key, ids, err := a.canonical(ctx, id)
	if err != nil {
		return "", err
	}
	items, err := a.ports.Profiles.Get(ctx, []string{key})
	if err != nil {
		return "", fault.Wrap(err, "read the profile of %s", key)
	}
	if items[0].Version == 0 {
		return "", unknownUser(id)
	}
	facts, err := decodeFacts(items[0])
	if err != nil {
		return "", err
	}
	text := contactTrait(facts, kind)
	if !contact.IsRef(text) { // of a base from before references: see older
		if address, ok := contact.Normalize(kind, text); ok {
			return address, nil
		}
		return "", noAddress(kind)
	}
	rooms, err := a.ports.Contacts.Rooms(ctx, ids)
	if err != nil {
		return "", fault.Wrap(err, "read contact data")
	}
	for i := range rooms {
		if address, err := rooms[i].Address(text, kind); err == nil || !fault.Is(err, fault.NotFound) {
			return address, err
		}
	}
	return "", noAddress(kind)
}

// contactTrait is the latest trait of a kind, whatever the case of its name; "" for none.
func contactTrait(f *profile.Facts, kind string) string {
	var found *profile.Trait
	for i := range f.Traits {
		t := &f.Traits[i]
		if strings.EqualFold(t.Name, kind) && (found == nil || t.Time > found.Time) {
			found = t
		}
	}
	if found == nil || found.Value.Kind != event.String {
		return ""
	}
	return found.Value.Raw
}

// FindContact returns the users whose rooms hold an address, by their canonical ids. Invalid for what is no address.
func (a *App) FindContact(ctx context.Context, kind, address string) ([]string, error) {
	normal, ok := contact.Normalize(kind, address)
	if !ok {
		return nil, fault.New(fault.Invalid, "that is no address of the kind %q", kind).WithHint("give an e-mail address, or the digits of a phone number")
	}
	index, err := a.index(ctx)
	if err != nil {
		return nil, err
	}
	ids, err := a.ports.Contacts.Find(ctx, index.Ref(kind, normal))
	if err != nil {
		return nil, fault.Wrap(err, "look for an address")
	}
	pointers, err := a.ports.Links.Resolve(ctx, ids)
	if err != nil {
		return nil, fault.Wrap(err, "resolve identities")
	}
	for i, id := range ids {
		if canonical, ok := pointers[id]; ok {
			ids[i] = canonical
		}
	}
	return slices.Compact(slices.Sorted(slices.Values(ids))), nil
}

// Keys describes the keys of contact data.
func (a *App) Keys(ctx context.Context) ([]KeyGeneration, error) {
	keys, err := a.ports.Contacts.Keys(ctx)
	if err != nil {
		return nil, fault.Wrap(err, "read the keys")
	}
	return keys, nil
}

// RotateKeys wraps every data key under a new key and destroys the earlier ones. It returns the number of data keys.
func (a *App) RotateKeys(ctx context.Context) (int64, error) {
	ctx, release, err := a.exclusive(ctx)
	if err != nil {
		return 0, err
	}
	defer release()
	n, err := a.ports.Contacts.Rotate(ctx)
	if err != nil {
		return n, fault.Wrap(err, "rotate the keys")
	}
	return n, nil
}
