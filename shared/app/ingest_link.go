package app

import (
	"cmp"
	"context"
	"encoding/binary"
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/weir-engine/weir/shared/event"
	"github.com/weir-engine/weir/shared/fault"
	"github.com/weir-engine/weir/shared/identity"
	"github.com/weir-engine/weir/shared/profile"
)

// linkKey is the identity of a link fact.
type linkKey struct {
	a, b  string
	alias bool
}

// linkBatch is how many link facts are applied at once.
const linkBatch = 4096

// link notes the fact that an event makes about identities.
func (w *partitioner) link(ev *event.Event) error {
	fact, ok := identity.FromEvent(ev)
	if !ok || w.graves.holds(fact.A) || w.graves.holds(fact.B) {
		return nil
	}
	k := linkKey{fact.A, fact.B, fact.Alias}
	if have, ok := w.links[k]; ok && have.Time <= fact.Time {
		return nil
	}
	w.links[cloneLinkKey(k)] = Link{A: string([]byte(fact.A)), B: string([]byte(fact.B)), Alias: fact.Alias, Time: fact.Time, Source: w.in.file.ID}
	if len(w.links) < linkBatch {
		return nil
	}
	return w.flushLinks()
}

func cloneLinkKey(k linkKey) linkKey {
	return linkKey{a: string([]byte(k.a)), b: string([]byte(k.b)), alias: k.alias}
}

// flushLinks moves the noted facts to disk.
func (w *partitioner) flushLinks() error {
	for _, k := range slices.SortedFunc(maps.Keys(w.links), compareLinkKeys) {
		l := w.links[k]
		b, err := json.Marshal(l)
		if err != nil {
			return fault.New(fault.Internal, "a link fact cannot be written").Because(err)
		}
		if err := w.in.spill.Append(w.in.linkPart(), b); err != nil {
			return err
		}
	}
	clear(w.links)
	return nil
}

// link applies the file's link facts and finds the profiles that must be merged into another one.
func (in *ingest) link(ctx context.Context) error {
	batch := make([]Link, 0, linkBatch)
	moved := map[string]string{}
	apply := func() error {
		if err := in.split(ctx, batch); err != nil {
			return err
		}
		pointers, err := in.app.applyLinks(ctx, batch)
		maps.Copy(moved, pointers)
		batch = batch[:0]
		return err
	}
	for b, err := range in.spill.Read(in.linkPart()) {
		if err != nil {
			return fault.Wrap(err, "read the scratch file of the import")
		}
		var l Link
		if err := json.Unmarshal(b, &l); err != nil {
			return errSpill.Because(err)
		}
		if batch = append(batch, l); len(batch) == linkBatch {
			if err := apply(); err != nil {
				return err
			}
		}
	}
	if len(batch) > 0 {
		if err := apply(); err != nil {
			return err
		}
	}
	any, err := in.app.ports.Links.Any(ctx)
	if err != nil {
		return fault.Wrap(err, "read the links")
	}
	in.linked = any
	return in.absorb(ctx, moved)
}

// split folds those users anew whom the facts take apart: an anonymous id that belonged to one known user belongs to another
// when an earlier link arrives later. It runs before the facts are stored, so that a try that died finds the same work again,
// and folds everything but this file, whose events are folded after it.
func (in *ingest) split(ctx context.Context, facts []Link) error {
	a := in.app
	known, err := a.component(ctx, facts)
	if err != nil {
		return err
	}
	canonical := identity.Resolve(identityLinks(known)).Canonical
	ids := slices.Sorted(maps.Keys(canonical))
	before, err := a.ports.Links.Resolve(ctx, ids)
	if err != nil {
		return fault.Wrap(err, "resolve identities")
	}
	apart := false
	for _, id := range ids {
		was, ok := before[id]
		apart = apart || ok && canonical[was] != canonical[id]
	}
	if !apart {
		return nil
	}
	if err := a.allFolded(ctx, in.file.ID); err != nil {
		return err
	}
	folded := make(map[string]*profile.Facts, len(ids))
	for _, id := range ids {
		folded[id] = new(profile.Facts)
	}
	filter := RowFilter{Bucket: -1, Keys: ids, NotFile: in.file.ID}
	err = a.foldRows(ctx, in.live, filter, func(key string, f *profile.Facts) error {
		in.live.Engine.Schema().Merge(folded[canonical[key]], f)
		return nil
	})
	if err != nil {
		return err
	}
	return a.writeSet(ctx, ids, folded)
}

// absorb sends every stored profile whose id has another canonical id now to that user's chunk, where it is merged.
func (in *ingest) absorb(ctx context.Context, moved map[string]string) error {
	ids := slices.Sorted(maps.Keys(moved))
	for batch := range slices.Chunk(ids, linkBatch) {
		items, err := in.app.ports.Profiles.Get(ctx, batch)
		if err != nil {
			return fault.Wrap(err, "read profiles")
		}
		for _, item := range items {
			if item.Version == 0 {
				continue
			}
			canonical := moved[item.Key]
			hash := event.UserHash(canonical)
			var id event.ID // one for each profile, so that none is taken for a repetition
			binary.LittleEndian.PutUint64(id[:], event.UserHash(item.Key))
			b := appendSpillHeader(nil, hash, 0, 1, id, canonical)
			if err := in.spill.Append(in.linkedPart(chunkOf(hash, in.file.Chunks)), append(b, absorbMark+item.Key...)); err != nil {
				return err
			}
		}
	}
	return in.spill.Flush()
}

// absorbMark begins the record of a linked partition that names a profile to absorb instead of holding an event. No event
// record begins with it: the first byte of those is an event's kind.
const absorbMark = "\xff"

func compareLinkKeys(x, y linkKey) int {
	alias := func(k linkKey) int {
		if k.alias {
			return 1
		}
		return 0
	}
	return cmp.Or(strings.Compare(x.a, y.a), strings.Compare(x.b, y.b), cmp.Compare(alias(x), alias(y)))
}
