package app

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"maps"
	"slices"

	"github.com/weir-engine/weir/shared/contact"
	"github.com/weir-engine/weir/shared/fault"
	"github.com/weir-engine/weir/shared/identity"
	"github.com/weir-engine/weir/shared/strategy"
)

// docForgotten begins the keys of receipts.
const docForgotten = "forgotten/"

// Receipt says what was destroyed of a user who was forgotten. It holds no personal data: the ids stand as keyed hashes.
type Receipt struct {
	ID        string   `json:"id"`
	Asked     int64    `json:"asked"`     // unix milliseconds
	Finished  int64    `json:"finished"`  // 0: it was interrupted; the next call goes on
	IDs       int64    `json:"ids"`       // how many the user was known under
	Profiles  int64    `json:"profiles"`  // with their state and decisions
	Addresses int64    `json:"addresses"` // with the data key of each id
	Messages  int64    `json:"messages"`  // pending and past
	Events    int64    `json:"events"`    // rows of the canonical files
	Horizon   int64    `json:"horizon"`   // until then backups and files that are about to expire may hold what is gone
	Hashes    []string `json:"hashes"`    // tombstones of the ids

	// Periods are what the horizon follows from.
	Periods Periods `json:"periods"`
	// Left are the ids while they are being forgotten: whoever repeats an interrupted call needs them. Gone when it has finished.
	Left []string `json:"left,omitempty"`
}

// Periods say for how many days a host keeps what it cannot take back at once; 0: it keeps no such thing by itself.
type Periods struct {
	Backups  int `json:"backups"`  // moments that the base can be restored to
	Versions int `json:"versions"` // former versions of files
	Uploads  int `json:"uploads"`  // event files as they arrived, and quarantined lines
}

func (p Periods) longest() int64 { return int64(max(p.Backups, p.Versions, p.Uploads)) }

const dayMillis = 24 * 3600 * 1000

// Forget destroys what is kept of a user under all of the user's ids, and leaves tombstones, so that events that come again are
// dropped, and a receipt. It is safe to repeat and to kill: a call with any of the ids goes on where the last one stopped. A
// second call answers with the receipt of the first. NotFound for an id that nobody is known under and nobody was.
func (a *App) Forget(ctx context.Context, id string) (Receipt, error) {
	ctx, release, err := a.exclusive(ctx)
	if err != nil {
		return Receipt{}, err
	}
	defer release()
	defer a.forgetBase()
	a.delivering.Lock()
	defer a.delivering.Unlock()
	index, err := a.index(ctx)
	if err != nil {
		return Receipt{}, err
	}
	all, err := a.Receipts(ctx)
	if err != nil {
		return Receipt{}, err
	}
	tombstone := index.Tombstone(id)
	at := slices.IndexFunc(all, func(r Receipt) bool { return slices.Contains(r.Hashes, tombstone) })
	if at >= 0 && len(all[at].Left) > 0 {
		return a.destroy(ctx, all[at])
	}
	ids, err := a.linkedSet(ctx, id)
	if err != nil {
		return Receipt{}, err
	}
	r, err := a.prepareReceipt(ctx, index, ids)
	if err != nil {
		return r, err
	}
	switch known := r.Profiles+r.Addresses+r.Messages > 0 || len(ids) > 1; {
	case at >= 0 && !known:
		return all[at], nil
	case at >= 0: // a backup brought the user back
		r.ID = all[at].ID
	case !known:
		return Receipt{}, unknownUser(id)
	}
	if err := a.putDoc(ctx, docForgotten+r.ID, r); err != nil {
		return r, err
	}
	return a.destroy(ctx, r)
}

// linkedSet returns every id of the user that an id belongs to, by the facts that join them, the canonical one first.
func (a *App) linkedSet(ctx context.Context, id string) ([]string, error) {
	facts, err := a.ports.Links.Touching(ctx, []string{id})
	if err != nil {
		return nil, fault.Wrap(err, "read the links")
	}
	if facts, err = a.component(ctx, facts); err != nil {
		return nil, err
	}
	canonical := identity.Resolve(identityLinks(facts)).Canonical
	of := func(id string) string { return cmp.Or(canonical[id], id) }
	key := of(id)
	ids := []string{key}
	for _, other := range slices.Sorted(maps.Keys(canonical)) {
		if other != key && of(other) == key {
			ids = append(ids, other)
		}
	}
	if id != key && !slices.Contains(ids, id) {
		ids = append(ids, id)
	}
	return ids, nil
}

// prepareReceipt counts what there is of ids.
func (a *App) prepareReceipt(ctx context.Context, index *contact.Index, ids []string) (Receipt, error) {
	now := a.ports.Clock()
	r := Receipt{
		ID: index.Tombstone(ids[0])[:16], Asked: now, IDs: int64(len(ids)), Left: ids, Periods: a.ports.Periods,
		Horizon: now + a.ports.Periods.longest()*dayMillis,
	}
	for _, id := range ids {
		r.Hashes = append(r.Hashes, index.Tombstone(id))
	}
	slices.Sort(r.Hashes)
	items, err := a.ports.Profiles.Get(ctx, ids)
	if err != nil {
		return r, fault.Wrap(err, "read profiles")
	}
	rooms, err := a.ports.Contacts.Rooms(ctx, ids)
	if err != nil {
		return r, fault.Wrap(err, "read contact data")
	}
	for i := range ids {
		if items[i].Version > 0 {
			r.Profiles++
		}
		r.Addresses += int64(len(rooms[i].Contacts))
		if err := a.eachIntent(ctx, ids[i], func(Intent) error { r.Messages++; return nil }); err != nil {
			return r, err
		}
	}
	for row, err := range a.ports.Canon.Read(ctx, RowFilter{Bucket: -1, Keys: slices.Sorted(slices.Values(ids))}) {
		if err != nil {
			return r, fault.Wrap(err, "read the kept events")
		}
		_ = row
		r.Events++
	}
	return r, nil
}

// eachIntent shows every intent about a key.
func (a *App) eachIntent(ctx context.Context, key string, do func(Intent) error) error {
	const page = 500
	for after := ""; ; {
		intents, err := a.ports.Intents.List(ctx, IntentQuery{Key: key, After: after, Limit: page})
		if err != nil {
			return fault.Wrap(err, "read the messages")
		}
		for _, in := range intents {
			if err := do(in); err != nil {
				return err
			}
		}
		if len(intents) < page {
			return nil
		}
		after = intents[page-1].ID
	}
}

// destroy does what a receipt stands for, in steps that can each be repeated. The tombstones come first: from then on nothing of the
// user comes back. The links go last: until then any of the ids leads to all of them.
func (a *App) destroy(ctx context.Context, r Receipt) (Receipt, error) {
	ids := r.Left
	for _, step := range []struct {
		doing string
		do    func() error
	}{
		{"leave the tombstones", func() error { return a.ports.Contacts.Entomb(ctx, r.Hashes) }},
		{"destroy the data keys", func() error { return a.ports.Contacts.Forget(ctx, ids) }},
		{"remove the entries of the suppression list", func() error { return a.forgetSuppressions(ctx, ids) }},
		{"clear the lists of who is due", func() error {
			return a.eraseDue(ctx, func(key string) bool { return slices.Contains(ids, key) })
		}},
		{"remove the profiles", func() error { return a.ports.Profiles.Forget(ctx, ids) }},
		{"take the keys out of the snapshots", func() error { return a.forgetPeople(ctx, ids) }},
		{"erase the events", func() error { _, err := a.ports.Canon.Erase(ctx, ids); return err }},
		{"remove the links", func() error { return a.ports.Links.Forget(ctx, ids) }},
	} {
		if err := step.do(); err != nil {
			return r, fault.Wrap(err, "%s", step.doing)
		}
	}
	r.Left, r.Finished = nil, a.ports.Clock()
	return r, a.putDoc(ctx, docForgotten+r.ID, r)
}

// forgetSuppressions removes what the suppression list holds under the ids. Entries of addresses stay, as references: whoever must not be
// written to is not to be written to under another id.
func (a *App) forgetSuppressions(ctx context.Context, ids []string) error {
	for _, id := range ids {
		for _, channel := range []string{strategy.ChannelEmail, strategy.ChannelOutbox} {
			found, err := a.ports.Suppressions.Find(ctx, channel, []string{SuppressedUser(id)})
			if err != nil {
				return err
			}
			for _, s := range found {
				if err := a.ports.Suppressions.Remove(ctx, channel, s.Who, s.Topic); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// eraseDue takes users out of the due lists of every snapshot that is kept, and of one that is being written.
func (a *App) eraseDue(ctx context.Context, gone func(key string) bool) error {
	generations, err := a.ports.Shots.Generations(ctx)
	if err != nil {
		return err
	}
	var work snapshotWork
	if _, err := a.getDoc(ctx, docSnapshotWork, &work); err != nil {
		return err
	}
	for _, generation := range generations {
		lists := work.Due
		text, err := a.ports.Shots.Get(ctx, generation, dueListName)
		switch {
		case fault.Is(err, fault.NotFound) && generation == work.Generation: // not all of them are written
		case fault.Is(err, fault.NotFound):
			continue
		case err != nil:
			return err
		default:
			lists = nil
			if json.Unmarshal(text, &lists) != nil {
				return fault.New(fault.Internal, "the due lists of the snapshot %s cannot be read", generation).WithHint("make a new snapshot")
			}
		}
		if err := a.eraseDueIn(ctx, generation, lists, gone); err != nil {
			return err
		}
	}
	return nil
}

// eraseDueIn takes users out of some due lists of a snapshot.
func (a *App) eraseDueIn(ctx context.Context, generation string, lists []dueList, gone func(key string) bool) error {
	for _, list := range lists {
		content, err := a.ports.Shots.Get(ctx, generation, list.Name)
		if fault.Is(err, fault.NotFound) { // the generation was removed meanwhile
			return nil
		}
		if err != nil {
			return err
		}
		kept := []byte{}
		whole := ParseDue(content, func(key string, due int64) {
			if !gone(key) {
				kept = AppendDue(kept, key, due)
			}
		})
		if !whole || len(kept) == len(content) {
			continue
		}
		if err := a.ports.Shots.Put(ctx, generation, list.Name, bytes.NewReader(kept)); err != nil {
			return err
		}
	}
	return nil
}

// Receipts returns the receipts of all users who were forgotten, the newest first.
func (a *App) Receipts(ctx context.Context) ([]Receipt, error) {
	docs, err := a.ports.Docs.List(ctx, docForgotten)
	if err != nil {
		return nil, fault.Wrap(err, "read the receipts")
	}
	all := make([]Receipt, len(docs))
	for i, d := range docs {
		if err := json.Unmarshal(d.Value, &all[i]); err != nil {
			return nil, fault.New(fault.Internal, "the receipt %s cannot be read", d.Key).Because(err)
		}
	}
	slices.SortFunc(all, func(x, y Receipt) int { return cmp.Or(cmp.Compare(y.Asked, x.Asked), cmp.Compare(x.ID, y.ID)) })
	return all, nil
}

// ForgetAgain forgets everyone who was forgotten once more, after a backup was restored: it goes on with what was interrupted, and
// looks at every profile for a tombstone. It returns how many users it found.
func (a *App) ForgetAgain(ctx context.Context) (users int64, err error) {
	g, err := a.graves(ctx)
	if err != nil || len(g.all) == 0 {
		return 0, err
	}
	all, err := a.Receipts(ctx)
	if err != nil {
		return 0, err
	}
	for _, r := range all {
		if len(r.Left) > 0 {
			users++
			if _, err := a.Forget(ctx, r.Left[0]); err != nil {
				return users, err
			}
		}
	}
	for after := ""; ; {
		items, err := a.ports.Profiles.Scan(ctx, after, writeBatch)
		if err != nil {
			return users, fault.Wrap(err, "read profiles")
		}
		for _, item := range items {
			if after = item.Key; !g.holds(item.Key) {
				continue
			}
			users++
			if _, err := a.Forget(ctx, item.Key); err != nil {
				return users, err
			}
		}
		if len(items) < writeBatch {
			return users, nil
		}
	}
}
