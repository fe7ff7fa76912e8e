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
	for b, err := range in.spill.Read(in.linkPart()) {
		if err != nil {
			return fault.Wrap(err, "read the scratch file of the import")
		}
		var l Link
		if err := json.Unmarshal(b, &l); err != nil {
			return errSpill.Because(err)
		}
		if batch = append(batch, l); len(batch) == linkBatch {
			if err := in.connect(ctx, batch); err != nil {
				return err
			}
			batch = batch[:0]
		}
	}
	if err := in.connect(ctx, batch); err != nil {
		return err
	}
	any, err := in.app.ports.Links.Any(ctx)
	if err != nil {
		return fault.Wrap(err, "read the links")
	}
	in.linked = any
	return in.absorb()
}

// news returns those facts that say more than what is stored, and those that an earlier try of this file stored: what it did not get to
// is done now. A fact is news once, however often events repeat it.
func (in *ingest) news(ctx context.Context, facts []Link) ([]Link, error) {
	if len(facts) == 0 {
		return nil, nil
	}
	stored, err := in.app.ports.Links.Stored(ctx, facts)
	if err != nil {
		return nil, fault.Wrap(err, "read links")
	}
	known := make(map[linkKey]Link, len(stored))
	for _, l := range stored {
		known[linkKey{l.A, l.B, l.Alias}] = l
	}
	var news []Link
	for _, l := range facts {
		have, ok := known[linkKey{l.A, l.B, l.Alias}]
		if !ok || have.Source == l.Source || cmp.Or(cmp.Compare(l.Time, have.Time), strings.Compare(l.Source, have.Source)) < 0 {
			news = append(news, l)
		}
	}
	return news, nil
}

// connect stores facts, points the ids of their sets to the canonical ones, and notes the profiles that another one takes in.
func (in *ingest) connect(ctx context.Context, facts []Link) error {
	a := in.app
	facts, err := in.news(ctx, facts)
	if err != nil || len(facts) == 0 {
		return err
	}
	known, err := a.component(ctx, facts)
	if err != nil {
		return err
	}
	canonical := identity.Resolve(identityLinks(known)).Canonical
	ids := slices.Sorted(maps.Keys(canonical))
	items, err := a.ports.Profiles.Get(ctx, ids)
	if err != nil {
		return fault.Wrap(err, "read profiles")
	}
	apart, err := in.split(ctx, items, canonical)
	if err != nil {
		return err
	}
	if apart {
		if items, err = a.ports.Profiles.Get(ctx, ids); err != nil {
			return fault.Wrap(err, "read profiles")
		}
	}
	pointers := map[string]string{}
	for _, item := range items {
		if to := canonical[item.Key]; to != cmp.Or(item.To, item.Key) {
			pointers[item.Key] = to
		}
	}
	if err := a.ports.Links.Apply(ctx, facts, pointers); err != nil {
		return fault.Wrap(err, "store links")
	}
	for _, item := range items {
		delete(in.moved, item.Key)
		item.To = ""
		if to := canonical[item.Key]; to != item.Key {
			if item.To = to; item.Version > 0 {
				in.moved[item.Key] = to
			}
		}
		in.hold(item)
	}
	return nil
}

// split folds those users anew whom the facts take apart: an anonymous id that belonged to one known user belongs to another
// when an earlier link arrives later. It runs before the facts are stored, so that a try that died finds the same work again,
// and folds everything but this file, whose events are folded after it. It reports whether there were any.
func (in *ingest) split(ctx context.Context, items []Item, canonical map[string]string) (apart bool, err error) {
	a := in.app
	ids := make([]string, len(items))
	for i, item := range items {
		ids[i] = item.Key
		apart = apart || item.To != "" && canonical[item.To] != canonical[item.Key]
	}
	if !apart {
		return false, nil
	}
	if err := a.allFolded(ctx, in.file.ID); err != nil {
		return false, err
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
		return false, err
	}
	return true, a.writeSet(ctx, ids, folded)
}

// absorb sends every stored profile whose id has another canonical id now to that user's chunk, where it is merged.
func (in *ingest) absorb() error {
	for _, key := range slices.Sorted(maps.Keys(in.moved)) {
		canonical := in.moved[key]
		hash := event.UserHash(canonical)
		var id event.ID // one for each profile, so that none is taken for a repetition
		binary.LittleEndian.PutUint64(id[:], event.UserHash(key))
		b := appendSpillHeader(nil, hash, 0, 1, id, canonical)
		if err := in.spill.Append(in.linkedPart(chunkOf(hash, in.file.Chunks)), append(b, absorbMark+key...)); err != nil {
			return err
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
