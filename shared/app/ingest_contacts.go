package app

import (
	"context"
	"encoding/json"
	"slices"
	"strings"

	"github.com/weir-engine/weir/shared/contact"
	"github.com/weir-engine/weir/shared/event"
	"github.com/weir-engine/weir/shared/fault"
)

// personal is what was taken out of one event, on its way through scratch disk to the room and the sealed column.
type personal struct {
	Taken    []contact.Taken `json:"taken"`
	Original string          `json:"original"` // the fields as they stood: contact.Index.TakeOut
}

// index returns what references and tombstones are made with. The result is not safe for concurrent use.
func (a *App) index(ctx context.Context) (*contact.Index, error) {
	a.mu.Lock()
	key := a.indexKey
	a.mu.Unlock()
	if key == nil {
		var err error
		if key, err = a.ports.Contacts.Index(ctx); err != nil {
			return nil, fault.Wrap(err, "read the keys of contact data")
		}
		a.mu.Lock()
		a.indexKey = key
		a.mu.Unlock()
	}
	return contact.NewIndex(key), nil
}

// graves knows which ids were forgotten.
type graves struct {
	all   map[string]struct{} // tombstones
	index *contact.Index
	seen  map[string]bool
}

// graves reads the tombstones.
func (a *App) graves(ctx context.Context) (*graves, error) {
	all, err := a.ports.Contacts.Tombstones(ctx)
	if err != nil {
		return nil, fault.Wrap(err, "read the tombstones")
	}
	g := &graves{}
	if len(all) == 0 {
		return g, nil
	}
	if g.index, err = a.index(ctx); err != nil {
		return nil, err
	}
	g.all, g.seen = make(map[string]struct{}, len(all)), map[string]bool{}
	for _, tombstone := range all {
		g.all[tombstone] = struct{}{}
	}
	return g, nil
}

// rememberedIDs bounds the ids whose hashes are kept.
const rememberedIDs = 1 << 18

// holds reports whether an id was forgotten.
func (g *graves) holds(id string) bool {
	if len(g.all) == 0 {
		return false
	}
	if known, ok := g.seen[id]; ok {
		return known
	}
	_, forgotten := g.all[g.index.Tombstone(id)]
	if len(g.seen) == rememberedIDs {
		clear(g.seen)
	}
	g.seen[strings.Clone(id)] = forgotten
	return forgotten
}

// takeOut replaces the contact data of an event by references and returns it for the scratch file; nil for none.
func (w *partitioner) takeOut(ctx context.Context, ev *event.Event) ([]byte, error) {
	if !contact.Has(ev) {
		return nil, nil
	}
	if w.index == nil {
		var err error
		if w.index, err = w.in.app.index(ctx); err != nil {
			return nil, err
		}
	}
	p := personal{}
	p.Taken, p.Original = w.index.TakeOut(ev)
	b, err := json.Marshal(p)
	if err != nil {
		return nil, fault.New(fault.Internal, "contact data cannot be written").Because(err)
	}
	return b, nil
}

// sealer puts the contact data of events into rooms and seals it for their canonical rows.
type sealer struct {
	app  *App
	keys map[string][]byte // data keys by id
}

// newSealer prepares the rooms of events, in their order: their data keys are kept before anything is sealed with them, so that
// whoever repeats it after a crash seals the same.
func (a *App) newSealer(ctx context.Context, events []held) (*sealer, error) {
	s := &sealer{app: a, keys: map[string][]byte{}}
	byID := map[string][]held{}
	var ids []string
	for _, e := range events {
		if byID[e.id] == nil {
			ids = append(ids, e.id)
		}
		byID[e.id] = append(byID[e.id], e)
	}
	slices.Sort(ids)
	for batch := range slices.Chunk(ids, writeBatch) {
		if err := s.prepare(ctx, batch, byID); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// held is what one event brought for the room of an id.
type held struct {
	id   string
	time int64
	personal
}

// prepare reads rooms, adds addresses and keeps those that changed. Of a room that another write changed it does so again.
func (s *sealer) prepare(ctx context.Context, ids []string, events map[string][]held) error {
	for len(ids) > 0 {
		rooms, err := s.app.ports.Contacts.Rooms(ctx, ids)
		if err != nil {
			return fault.Wrap(err, "read contact data")
		}
		var changed []Room
		for i := range rooms {
			r := &rooms[i]
			keep, err := r.take(events[r.ID])
			if err != nil {
				return err
			}
			if keep {
				changed = append(changed, *r)
			}
			s.keys[r.ID] = r.Key
		}
		if len(changed) == 0 {
			return nil
		}
		each, err := s.app.ports.Contacts.Put(ctx, changed)
		if err != nil {
			return fault.Wrap(err, "keep contact data")
		}
		ids = ids[:0]
		for i, err := range each {
			switch {
			case fault.Is(err, fault.Conflict):
				ids = append(ids, changed[i].ID)
			case err != nil:
				return fault.Wrap(err, "keep contact data")
			}
		}
	}
	return nil
}

// take adds the addresses of events, and reports whether the room is to be kept: one that is not there is.
func (r *Room) take(events []held) (changed bool, err error) {
	changed = r.Version == 0
	for _, e := range events {
		for _, t := range e.Taken {
			if !t.Trait || !t.Valid {
				continue
			}
			added, err := r.Add(t.Ref, t.Kind, t.Address, e.time)
			if err != nil {
				return false, err
			}
			changed = changed || added
		}
	}
	return changed, nil
}

// seal fills the columns of a row for what was taken out of its event.
func (s *sealer) seal(row *Row, p *personal) (err error) {
	refs := make([]string, 0, len(p.Taken))
	for _, t := range p.Taken {
		if r := t.Kind + "=" + t.Ref; !slices.Contains(refs, r) {
			refs = append(refs, r)
		}
	}
	row.Contact = strings.Join(refs, " ")
	row.Sealed, err = contact.Seal(s.keys[row.Key], rowBound(row), []byte(p.Original))
	return err
}

// rowBound is what the sealed column of a row is bound to.
func rowBound(row *Row) []byte { return append([]byte("row\x00"+row.Key+"\x00"), row.ID[:]...) }

// sealRows seals what was taken out of the events of rows: rows and events stand in one order.
func (in *ingest) sealRows(ctx context.Context, rows []Row, events []spilled) error {
	var all []held
	var at []int
	for i := range events {
		if events[i].personal == "" {
			continue
		}
		e := held{id: rows[i].Key, time: rows[i].Time}
		if err := json.Unmarshal([]byte(events[i].personal), &e.personal); err != nil {
			return errSpill.Because(err)
		}
		all, at = append(all, e), append(at, i)
	}
	if len(all) == 0 {
		return nil
	}
	s, err := in.app.newSealer(ctx, all)
	if err != nil {
		return err
	}
	for i := range all {
		if err := s.seal(&rows[at[i]], &all[i].personal); err != nil {
			return err
		}
	}
	return nil
}
