package porttest

import (
	"context"

	"github.com/weir-engine/weir/shared/app"
)

type faultyContacts struct {
	f *Faults
	p app.Contacts
}

func (w faultyContacts) Index(ctx context.Context) ([]byte, error) {
	return value(w.f, "Contacts.Index", func() ([]byte, error) { return w.p.Index(ctx) })
}

func (w faultyContacts) Rooms(ctx context.Context, ids []string) ([]app.Room, error) {
	return value(w.f, "Contacts.Rooms", func() ([]app.Room, error) { return w.p.Rooms(ctx, ids) })
}

func (w faultyContacts) Put(ctx context.Context, rooms []app.Room) ([]error, error) {
	return value(w.f, "Contacts.Put", func() ([]error, error) { return w.p.Put(ctx, rooms) })
}

func (w faultyContacts) Address(ctx context.Context, key, kind string) (string, error) {
	return value(w.f, "Contacts.Address", func() (string, error) { return w.p.Address(ctx, key, kind) })
}

func (w faultyContacts) Find(ctx context.Context, ref string) ([]string, error) {
	return value(w.f, "Contacts.Find", func() ([]string, error) { return w.p.Find(ctx, ref) })
}

func (w faultyContacts) Forget(ctx context.Context, ids []string) error {
	return w.f.do("Contacts.Forget", func() error { return w.p.Forget(ctx, ids) })
}

func (w faultyContacts) Entomb(ctx context.Context, tombstones []string) error {
	return w.f.do("Contacts.Entomb", func() error { return w.p.Entomb(ctx, tombstones) })
}

func (w faultyContacts) Tombstones(ctx context.Context) ([]string, error) {
	return value(w.f, "Contacts.Tombstones", func() ([]string, error) { return w.p.Tombstones(ctx) })
}

func (w faultyContacts) Keys(ctx context.Context) ([]app.KeyGeneration, error) {
	return value(w.f, "Contacts.Keys", func() ([]app.KeyGeneration, error) { return w.p.Keys(ctx) })
}

func (w faultyContacts) Rotate(ctx context.Context) (int64, error) {
	return value(w.f, "Contacts.Rotate", func() (int64, error) { return w.p.Rotate(ctx) })
}
