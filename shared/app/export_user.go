package app

import (
	"bytes"
	"context"
	"encoding/json"
	"slices"
	"time"

	"github.com/weir-engine/weir/shared/contact"
	"github.com/weir-engine/weir/shared/fault"
)

// UserExport is everything that is kept about a user, with what is sealed opened: an answer to whoever asks for their own data.
type UserExport struct {
	UserID    string           `json:"user_id"`
	IDs       []string         `json:"ids"`
	AsOf      time.Time        `json:"as_of"`
	Addresses []KnownAddress   `json:"addresses"`
	Traits    map[string]any   `json:"traits"`
	Events    []map[string]any `json:"events"`
	Decisions []map[string]any `json:"decisions"`
	Messages  []map[string]any `json:"messages"`
	Links     []map[string]any `json:"links"`
}

// KnownAddress is one address that a user had or has.
type KnownAddress struct {
	Kind    string    `json:"kind"`
	Address string    `json:"address"`
	Since   time.Time `json:"since"`
}

// exportedEvents bounds one user's export.
const exportedEvents = 100_000

// ExportUser returns everything that is kept about a user under all ids. TooLarge for a user of more than exportedEvents events.
func (a *App) ExportUser(ctx context.Context, id string) (UserExport, error) {
	key, ids, err := a.canonical(ctx, id)
	if err != nil {
		return UserExport{}, err
	}
	items, err := a.ports.Profiles.Get(ctx, []string{key})
	if err != nil {
		return UserExport{}, fault.Wrap(err, "read the profile of %s", key)
	}
	if items[0].Version == 0 {
		return UserExport{}, unknownUser(id)
	}
	facts, err := decodeFacts(items[0])
	if err != nil {
		return UserExport{}, err
	}
	x := UserExport{
		UserID: key, IDs: ids, AsOf: moment(a.ports.Clock()), Traits: map[string]any{}, Addresses: []KnownAddress{},
		Events: []map[string]any{}, Decisions: []map[string]any{}, Messages: []map[string]any{}, Links: []map[string]any{},
	}
	for _, t := range facts.Traits {
		x.Traits[t.Name] = json.RawMessage(t.Value.JSON())
	}
	keys, err := x.openRooms(ctx, a, ids)
	if err != nil {
		return x, err
	}
	if err := x.events(ctx, a, ids, keys); err != nil {
		return x, err
	}
	return x, x.rest(ctx, a, key, ids)
}

// openRooms fills in the addresses and returns the data keys.
func (x *UserExport) openRooms(ctx context.Context, a *App, ids []string) (map[string][]byte, error) {
	rooms, err := a.ports.Contacts.Rooms(ctx, ids)
	if err != nil {
		return nil, fault.Wrap(err, "read contact data")
	}
	keys := map[string][]byte{}
	for i := range rooms {
		r := &rooms[i]
		keys[r.ID] = r.Key
		for _, c := range r.Contacts {
			address, err := r.Address(c.Ref, c.Kind)
			if err != nil {
				return nil, err
			}
			x.Addresses = append(x.Addresses, KnownAddress{Kind: c.Kind, Address: address, Since: moment(c.Time)})
			for name, value := range x.Traits {
				if raw, ok := value.(json.RawMessage); ok && string(raw) == `"`+c.Ref+`"` {
					x.Traits[name] = address
				}
			}
		}
	}
	return keys, nil
}

// events fills in the events as they came, the earliest first.
func (x *UserExport) events(ctx context.Context, a *App, ids []string, keys map[string][]byte) error {
	seen := map[lateKey]bool{}
	var rows []Row
	for row, err := range a.kept(ctx, RowFilter{Bucket: -1, Keys: slices.Sorted(slices.Values(ids))}) {
		if err != nil {
			return err
		}
		if k := (lateKey{row.Key, row.ID}); !seen[k] {
			seen[k] = true
			rows = append(rows, row)
		}
		if len(rows) > exportedEvents {
			return fault.New(fault.TooLarge, "the user has more than %d events", exportedEvents).WithHint("weir export events writes them to a file")
		}
	}
	slices.SortStableFunc(rows, func(a, b Row) int { return int(min(max(a.Time-b.Time, -1), 1)) })
	for i := range rows {
		e, err := exportedEvent(&rows[i], keys[rows[i].Key])
		if err != nil {
			return err
		}
		x.Events = append(x.Events, e)
	}
	return nil
}

// exportedEvent is an event with what was taken out of it in its place.
func exportedEvent(row *Row, key []byte) (map[string]any, error) {
	e := map[string]any{"type": row.Kind.String(), "key": row.Key, "timestamp": moment(row.Time), "arrived": moment(row.Arrived), "file": row.File}
	for name, text := range map[string]string{
		"event": row.Name, "messageId": row.MessageID, "anonymousId": row.Anonymous, "previousId": row.Previous, "groupId": row.Group,
	} {
		if text != "" {
			e[name] = text
		}
	}
	for name, text := range map[string]string{"properties": row.Properties, "traits": row.Traits, "context": row.Context} {
		if object, err := jsonObject([]byte(text)); err != nil {
			return nil, err
		} else if object != nil {
			e[name] = object
		}
	}
	if len(row.Sealed) == 0 {
		return e, nil
	}
	text, err := contact.Open(key, rowBound(row), row.Sealed)
	if err != nil {
		return nil, err
	}
	original, err := jsonObject(text)
	overlay(e, original)
	return e, err
}

// overlay puts the fields of an object into another one, deep.
func overlay(into, from map[string]any) {
	for name, value := range from {
		inner, ok := value.(map[string]any)
		have, both := into[name].(map[string]any)
		if ok && both {
			overlay(have, inner)
		} else {
			into[name] = value
		}
	}
}

// jsonObject reads a JSON object with its numbers as they stand; nil for "".
func jsonObject(text []byte) (object map[string]any, err error) {
	if len(text) == 0 {
		return nil, nil
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	if err := d.Decode(&object); err != nil {
		return nil, fault.New(fault.Internal, "a kept event cannot be read").Because(err)
	}
	return object, nil
}

// rest fills in decisions, messages and links.
func (x *UserExport) rest(ctx context.Context, a *App, key string, ids []string) error {
	decisions, err := a.ports.Profiles.Decisions(ctx, key, exportedEvents)
	if err != nil {
		return fault.Wrap(err, "read the decisions of %s", key)
	}
	for _, d := range decisions {
		x.Decisions = append(x.Decisions, map[string]any{"seq": d.Seq, "as_of": moment(d.AsOf), "record": json.RawMessage(d.Record)})
	}
	err = a.eachIntent(ctx, key, func(in Intent) error {
		m := map[string]any{
			"id": in.ID, "rule": in.Rule, "template": in.Template, "channel": in.Channel, "as_of": moment(in.AsOf), "status": in.Status,
			"subject": in.Subject, "body": in.Body,
		}
		if in.Why != "" {
			m["why"] = in.Why
		}
		if len(in.Reasons) > 0 {
			m["reasons"] = json.RawMessage(in.Reasons)
		}
		x.Messages = append(x.Messages, m)
		return nil
	})
	if err != nil {
		return err
	}
	links, err := a.ports.Links.Touching(ctx, ids)
	if err != nil {
		return fault.Wrap(err, "read the links of %s", key)
	}
	for _, l := range links {
		x.Links = append(x.Links, map[string]any{"a": l.A, "b": l.B, "alias": l.Alias, "time": moment(l.Time), "revoked": l.Revoked != 0})
	}
	return nil
}
