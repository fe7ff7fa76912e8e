package aws

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/weir-engine/weir/infra/disk"
	"github.com/weir-engine/weir/infra/keyring"
	"github.com/weir-engine/weir/shared/app"
	"github.com/weir-engine/weir/shared/event"
	"github.com/weir-engine/weir/shared/fault"
)

// contacts implements app.Contacts. A room is pk "c#" and the first byte of the id's hash, sk the id: whoever wraps all keys anew
// walks 256 partitions. An address is found by pk "a#" and its reference, sk the id. Tombstones are one object of the bucket: a
// table that is restored to an earlier moment does not take them back.
type contacts struct {
	table  *table
	bucket *bucket
	keys   *keys
}

// The attributes of a room.
const (
	attrRoomKey      = "k" // the data key, wrapped
	attrRoomContacts = "c" // JSON: []app.Contact
)

func roomShard(shard int) string { return fmt.Sprintf("c#%02x", shard) }

func (p *contacts) room(id string) key {
	return p.table.key(roomShard(int(event.UserHash(id)>>56)), id)
}

func (p *contacts) ref(ref, id string) key { return p.table.key("a#"+ref, id) }

// Index implements app.Contacts.
func (p *contacts) Index(ctx context.Context) ([]byte, error) {
	ring, err := p.keys.get(ctx)
	if err != nil {
		return nil, err
	}
	return ring.Index, nil
}

// Rooms implements app.Contacts.
func (p *contacts) Rooms(ctx context.Context, ids []string) ([]app.Room, error) {
	ask := make([]key, len(ids))
	for i, id := range ids {
		ask[i] = p.room(id)
	}
	found, err := p.table.getAll(ctx, ask)
	if err != nil {
		return nil, p.table.fault(err, "read contact data")
	}
	byID := make(map[string]item, len(found))
	for _, it := range found {
		byID[it.text("sk")] = it
	}
	rooms := make([]app.Room, len(ids))
	for i, id := range ids {
		rooms[i].ID = id
		it, ok := byID[id]
		if ok {
			rooms[i], err = p.open(ctx, it)
		} else {
			rooms[i].Key, err = keyring.Random()
		}
		if err != nil {
			return nil, err
		}
	}
	return rooms, nil
}

func (p *contacts) open(ctx context.Context, it item) (app.Room, error) {
	r := app.Room{ID: it.text("sk"), Version: it.number(attrVersion)}
	ring, err := p.keys.get(ctx)
	if err != nil {
		return r, err
	}
	r.Key, err = ring.Open(r.ID, it.bytes(attrRoomKey))
	if fault.Is(err, fault.Forbidden) { // another process wrapped it anew
		if ring, err = p.keys.fresh(ctx); err == nil {
			r.Key, err = ring.Open(r.ID, it.bytes(attrRoomKey))
		}
	}
	if err != nil {
		return r, err
	}
	if text := it.bytes(attrRoomContacts); len(text) > 0 {
		if err := json.Unmarshal(text, &r.Contacts); err != nil {
			return r, fault.New(fault.Internal, "the contact data of a user is damaged").WithHint("restore the table to a moment before").Because(err)
		}
	}
	return r, nil
}

// Put implements app.Contacts: the places under the references first, so that no address is ever without; a place whose room was
// not written is one that Find does not tell.
func (p *contacts) Put(ctx context.Context, rooms []app.Room) ([]error, error) {
	if ctx.Err() != nil {
		return nil, disk.Canceled(ctx.Err())
	}
	if len(rooms) == 0 {
		return nil, nil
	}
	ring, err := p.keys.fresh(ctx)
	if err != nil {
		return nil, err
	}
	each := make([]error, len(rooms))
	err = atOnce(ctx, len(rooms), writeWidth, func(i int) error {
		conflict, err := p.put(ctx, ring, &rooms[i])
		each[i] = conflict
		return err
	})
	if err != nil {
		return nil, p.table.fault(err, "write contact data")
	}
	return each, nil
}

func (p *contacts) put(ctx context.Context, ring *keyring.Ring, r *app.Room) (conflict, err error) {
	key, err := ring.Seal(r.ID, r.Key)
	if err != nil {
		return nil, err
	}
	text, err := json.Marshal(r.Contacts)
	if err != nil {
		return nil, fault.New(fault.Internal, "contact data cannot be written").Because(err)
	}
	for _, c := range r.Contacts {
		err := p.table.put(ctx, p.ref(c.Ref, r.ID).item(), absent)
		if err != nil && !isCondition(err) {
			return nil, err
		}
	}
	it := p.room(r.ID).with(item{attrVersion: num(r.Version + 1), attrRoomKey: blob(key)})
	if len(r.Contacts) > 0 {
		it[attrRoomContacts] = blob(text)
	}
	err = p.table.put(ctx, it, versionIs(r.Version))
	if isCondition(err) {
		return fault.New(fault.Conflict, "the contact data of a user was changed by another write").WithHint("read it again and repeat"), nil
	}
	return nil, err
}

// Address implements app.Contacts.
func (p *contacts) Address(ctx context.Context, key, kind string) (string, error) {
	it, err := p.table.get(ctx, p.room(key))
	if err != nil {
		return "", p.table.fault(err, "read contact data")
	}
	var r app.Room
	if it != nil {
		if r, err = p.open(ctx, it); err != nil {
			return "", err
		}
	}
	return r.Address("", kind)
}

// Find implements app.Contacts: of the places under the reference those whose rooms hold it.
func (p *contacts) Find(ctx context.Context, ref string) (ids []string, err error) {
	err = p.table.each(ctx, query{pk: p.ref(ref, "").pk, consistent: true}, func(it item) (bool, error) {
		ids = append(ids, it.text("sk"))
		return true, nil
	})
	if err != nil {
		return nil, p.table.fault(err, "look for an address")
	}
	if len(ids) == 0 {
		return nil, nil
	}
	rooms, err := p.Rooms(ctx, ids)
	ids = ids[:0]
	for _, r := range rooms {
		if slices.ContainsFunc(r.Contacts, func(c app.Contact) bool { return c.Ref == ref }) {
			ids = append(ids, r.ID)
		}
	}
	return ids, err
}

// Forget implements app.Contacts: the rooms first, because the places alone tell nothing but that a hash belonged to an id.
func (p *contacts) Forget(ctx context.Context, ids []string) error {
	if ctx.Err() != nil {
		return disk.Canceled(ctx.Err())
	}
	for _, id := range ids {
		it, err := p.table.get(ctx, p.room(id))
		if err != nil {
			return p.table.fault(err, "destroy contact data")
		}
		if it == nil {
			continue
		}
		var held []app.Contact
		_ = json.Unmarshal(it.bytes(attrRoomContacts), &held) // what is damaged goes all the same
		remove := make([]key, 0, len(held)+1)
		for _, c := range held {
			remove = append(remove, p.ref(c.Ref, id))
		}
		for _, k := range append(remove, p.room(id)) { // the room last: it is what says which places there are
			_, err := p.table.db.DeleteItem(ctx, &dynamodb.DeleteItemInput{TableName: &p.table.name, Key: k.item()})
			if err != nil {
				return p.table.fault(err, "destroy contact data")
			}
		}
	}
	return nil
}

// tombs is the object that holds the tombstones, one a line.
func (p *contacts) tombs() string { return "forgotten/" + p.table.workspace + "/tombstones" }

func (p *contacts) readTombs(ctx context.Context) (all []string, etag *string, err error) {
	name := p.tombs()
	out, err := p.bucket.s3.GetObject(ctx, &s3.GetObjectInput{Bucket: &p.bucket.name, Key: &name})
	if statusOf(err) == http.StatusNotFound {
		return nil, nil, nil
	}
	if err != nil {
		return nil, nil, p.bucket.fault(err, "read the tombstones")
	}
	defer func() { _ = out.Body.Close() }()
	text, err := io.ReadAll(out.Body)
	if err != nil {
		return nil, nil, p.bucket.fault(err, "read the tombstones")
	}
	return strings.Fields(string(text)), out.ETag, nil
}

// Entomb implements app.Contacts.
func (p *contacts) Entomb(ctx context.Context, tombstones []string) error {
	name := p.tombs()
	for try := 0; ; try++ {
		have, etag, err := p.readTombs(ctx)
		if err != nil {
			return err
		}
		all := slices.Compact(slices.Sorted(slices.Values(append(slices.Clone(have), tombstones...))))
		if len(all) == len(have) {
			return nil
		}
		in := &s3.PutObjectInput{Bucket: &p.bucket.name, Key: &name, Body: bytes.NewReader([]byte(strings.Join(all, "\n") + "\n")), IfMatch: etag}
		if etag == nil {
			in.IfNoneMatch = ref("*")
		}
		_, err = p.bucket.s3.PutObject(ctx, in)
		if code := statusOf(err); code != http.StatusPreconditionFailed && code != http.StatusConflict || try == retries {
			return p.bucket.fault(err, "keep the tombstones")
		}
		if err := pause(ctx, try); err != nil {
			return err
		}
	}
}

// Tombstones implements app.Contacts.
func (p *contacts) Tombstones(ctx context.Context) ([]string, error) {
	all, _, err := p.readTombs(ctx)
	return all, err
}

// Keys implements app.Contacts.
func (p *contacts) Keys(ctx context.Context) (all []app.KeyGeneration, err error) {
	ring, err := p.keys.get(ctx)
	if err != nil {
		return nil, err
	}
	for _, g := range ring.Wrap {
		all = append(all, app.KeyGeneration{Number: int64(g.Number), Made: g.Made})
	}
	return all, nil
}

// Rotate implements app.Contacts.
func (p *contacts) Rotate(ctx context.Context) (int64, error) {
	ring, err := p.keys.fresh(ctx)
	if err != nil {
		return 0, err
	}
	if ring, err = ring.Rotate(time.Now().UnixMilli()); err != nil {
		return 0, err
	}
	if err := p.keys.set(ctx, ring); err != nil { // with the earlier generations, so that a kill loses nothing
		return 0, err
	}
	var wrapped atomic.Int64
	err = atOnce(ctx, shards, writeWidth, func(shard int) error {
		return p.table.each(ctx, query{pk: p.table.key(roomShard(shard), "").pk, consistent: true}, func(it item) (bool, error) {
			again, err := p.rewrap(ctx, ring, it)
			if again {
				wrapped.Add(1)
			}
			return true, err
		})
	})
	if err != nil {
		return 0, p.table.fault(err, "wrap the data keys anew")
	}
	return wrapped.Load(), p.keys.set(ctx, ring.Newest())
}

// rewrap wraps one data key under the newest generation; a room that another write changes in between is read again.
func (p *contacts) rewrap(ctx context.Context, ring *keyring.Ring, it item) (bool, error) {
	id := it.text("sk")
	for it != nil {
		if number, _ := keyring.Wrapped(it.bytes(attrRoomKey)); number == ring.Current() {
			return false, nil
		}
		key, err := ring.Open(id, it.bytes(attrRoomKey))
		if err != nil {
			return false, err
		}
		if key, err = ring.Seal(id, key); err != nil {
			return false, err
		}
		version := it.number(attrVersion)
		it[attrRoomKey], it[attrVersion] = blob(key), num(version+1)
		err = p.table.put(ctx, it, versionIs(version))
		if !isCondition(err) {
			return err == nil, err
		}
		if it, err = p.table.get(ctx, p.room(id)); err != nil {
			return false, err
		}
	}
	return false, nil
}
