package embedded

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/ncruces/go-sqlite3"

	"github.com/weir-engine/weir/infra/disk"
	"github.com/weir-engine/weir/infra/keyring"
	"github.com/weir-engine/weir/shared/app"
	"github.com/weir-engine/weir/shared/fault"
)

// contacts implements app.Contacts: rooms in the database, keys and tombstones in files of their own, so that a copy of the
// database that is put back brings neither back.
type contacts struct {
	db      *database
	keys    *keys
	tombs   string
	options Options
}

// Index implements app.Contacts.
func (p *contacts) Index(context.Context) ([]byte, error) {
	ring, err := p.keys.get()
	if err != nil {
		return nil, err
	}
	return ring.Index, nil
}

// storedRoom is a room as the database keeps it.
type storedRoom struct {
	id       string
	version  int64
	key      []byte // wrapped
	contacts []byte // JSON
}

func (p *contacts) stored(ctx context.Context, ids []string) (map[string]storedRoom, error) {
	found := make(map[string]storedRoom, len(ids))
	err := p.db.read(ctx, "read contact data", func(c *connection) error {
		for i, id := range ids {
			if i%cancelEvery == 0 && ctx.Err() != nil {
				return disk.Canceled(ctx.Err())
			}
			err := c.query(func(s *sqlite3.Stmt) error {
				found[id] = storedRoom{id: id, version: s.ColumnInt64(0), key: s.ColumnBlob(1, nil), contacts: s.ColumnBlob(2, nil)}
				return nil
			}, "SELECT version, key, contacts FROM rooms WHERE id = ?", id)
			if err != nil {
				return err
			}
		}
		return nil
	})
	return found, err
}

// Rooms implements app.Contacts.
func (p *contacts) Rooms(ctx context.Context, ids []string) ([]app.Room, error) {
	found, err := p.stored(ctx, ids)
	if err != nil {
		return nil, err
	}
	rooms := make([]app.Room, len(ids))
	for i, id := range ids {
		rooms[i].ID = id
		s, ok := found[id]
		if !ok {
			if rooms[i].Key, err = keyring.Random(); err != nil {
				return nil, err
			}
			continue
		}
		if rooms[i], err = p.open(s); err != nil {
			return nil, err
		}
	}
	return rooms, nil
}

func (p *contacts) open(s storedRoom) (app.Room, error) {
	r := app.Room{ID: s.id, Version: s.version}
	ring, err := p.keys.get()
	if err != nil {
		return r, err
	}
	if r.Key, err = ring.Open(s.id, s.key); err != nil {
		return r, err
	}
	if err := json.Unmarshal(s.contacts, &r.Contacts); err != nil {
		return r, fault.New(fault.Internal, "the contact data of a user is damaged").WithHint("put a backup of the database in its place").Because(err)
	}
	return r, nil
}

// Put implements app.Contacts.
func (p *contacts) Put(ctx context.Context, rooms []app.Room) ([]error, error) {
	if len(rooms) == 0 {
		return nil, nil
	}
	ring, err := p.keys.get()
	if err != nil {
		return nil, err
	}
	each := make([]error, len(rooms))
	err = p.db.write(ctx, "write contact data", func(c *connection) error {
		for i := range rooms {
			conflict, err := putRoom(c, ring, &rooms[i])
			if err != nil {
				return err
			}
			each[i] = conflict
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return each, nil
}

func putRoom(c *connection, ring *keyring.Ring, r *app.Room) (conflict, err error) {
	key, err := ring.Seal(r.ID, r.Key)
	if err != nil {
		return nil, err
	}
	contacts, err := json.Marshal(r.Contacts)
	if err != nil {
		return nil, fault.New(fault.Internal, "contact data cannot be written").Because(err)
	}
	var changed int64
	if r.Version == 0 {
		changed, err = c.exec("INSERT INTO rooms(id, version, key, contacts) VALUES(?, 1, ?, ?) ON CONFLICT DO NOTHING", r.ID, key, contacts)
	} else {
		changed, err = c.exec("UPDATE rooms SET version = version + 1, key = ?, contacts = ? WHERE id = ? AND version = ?",
			key, contacts, r.ID, r.Version)
	}
	if err != nil {
		return nil, err
	}
	if changed == 0 {
		return fault.New(fault.Conflict, "the contact data of a user was changed by another write").WithHint("read it again and repeat"), nil
	}
	if _, err := c.exec("DELETE FROM room_refs WHERE id = ?", r.ID); err != nil {
		return nil, err
	}
	for _, contact := range r.Contacts {
		if _, err := c.exec("INSERT OR IGNORE INTO room_refs(ref, id) VALUES(?, ?)", contact.Ref, r.ID); err != nil {
			return nil, err
		}
	}
	return nil, nil
}

// Address implements app.Contacts.
func (p *contacts) Address(ctx context.Context, key, kind string) (string, error) {
	found, err := p.stored(ctx, []string{key})
	if err != nil {
		return "", err
	}
	var r app.Room
	if s, ok := found[key]; ok {
		if r, err = p.open(s); err != nil {
			return "", err
		}
	}
	return r.Address("", kind)
}

// Find implements app.Contacts.
func (p *contacts) Find(ctx context.Context, ref string) (ids []string, err error) {
	err = p.db.read(ctx, "look for an address", func(c *connection) error {
		return c.query(func(s *sqlite3.Stmt) error {
			ids = append(ids, s.ColumnText(0))
			return nil
		}, "SELECT id FROM room_refs WHERE ref = ? ORDER BY id", ref)
	})
	return ids, err
}

// Forget implements app.Contacts. What was deleted is overwritten in the database file too.
func (p *contacts) Forget(ctx context.Context, ids []string) error {
	return p.db.erase(ctx, "destroy contact data", func(c *connection) error {
		for _, id := range ids {
			for _, sql := range []string{"DELETE FROM room_refs WHERE id = ?", "DELETE FROM rooms WHERE id = ?"} {
				if _, err := c.exec(sql, id); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

// Entomb implements app.Contacts.
func (p *contacts) Entomb(ctx context.Context, tombstones []string) error {
	if p.options.ReadOnly {
		return errReadOnly()
	}
	have, err := p.Tombstones(ctx)
	if err != nil {
		return err
	}
	all := slices.Compact(slices.Sorted(slices.Values(append(have, tombstones...))))
	if len(all) == len(have) {
		return nil
	}
	if err := disk.WriteWhole(p.tombs, []byte(strings.Join(all, "\n")+"\n"), p.options.NoSync); err != nil {
		return disk.Fault(err, "write the tombstones")
	}
	return nil
}

// Tombstones implements app.Contacts.
func (p *contacts) Tombstones(ctx context.Context) ([]string, error) {
	if ctx.Err() != nil {
		return nil, disk.Canceled(ctx.Err())
	}
	text, err := os.ReadFile(p.tombs)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, disk.Fault(err, "read the tombstones")
	}
	return strings.Fields(string(text)), nil
}

// Keys implements app.Contacts.
func (p *contacts) Keys(context.Context) (all []app.KeyGeneration, err error) {
	ring, err := p.keys.get()
	if err != nil {
		return nil, err
	}
	for _, g := range ring.Wrap {
		all = append(all, app.KeyGeneration{Number: int64(g.Number), Made: g.Made})
	}
	return all, nil
}

// Rotate implements app.Contacts.
func (p *contacts) Rotate(ctx context.Context) (wrapped int64, err error) {
	ring, err := p.keys.get()
	if err != nil {
		return 0, err
	}
	if ring, err = ring.Rotate(time.Now().UnixMilli()); err != nil {
		return 0, err
	}
	if err := p.keys.set(ring); err != nil { // with the earlier generations, so that a kill loses nothing
		return 0, err
	}
	err = p.db.erase(ctx, "wrap the data keys anew", func(c *connection) error {
		var all []storedRoom
		err := c.query(func(s *sqlite3.Stmt) error {
			all = append(all, storedRoom{id: s.ColumnText(0), key: s.ColumnBlob(1, nil)})
			return nil
		}, "SELECT id, key FROM rooms")
		for _, s := range all {
			if err != nil {
				return err
			}
			var key []byte
			if key, err = ring.Open(s.id, s.key); err != nil {
				return err
			}
			if key, err = ring.Seal(s.id, key); err != nil {
				return err
			}
			_, err = c.exec("UPDATE rooms SET key = ?, version = version + 1 WHERE id = ?", key, s.id)
			wrapped++
		}
		return err
	})
	if err != nil {
		return 0, err
	}
	return wrapped, p.keys.set(ring.Newest())
}
