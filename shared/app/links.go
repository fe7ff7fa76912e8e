package app

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"slices"

	"github.com/weir-engine/weir/shared/fault"
	"github.com/weir-engine/weir/shared/identity"
	"github.com/weir-engine/weir/shared/profile"
)

// UserLinks returns the link facts of a user, revoked ones too.
func (a *App) UserLinks(ctx context.Context, id string) (key string, links []Link, err error) {
	key, ids, err := a.canonical(ctx, id)
	if err != nil {
		return "", nil, err
	}
	links, err = a.ports.Links.Touching(ctx, ids)
	if err != nil {
		return "", nil, fault.Wrap(err, "read the links of %s", key)
	}
	return key, links, nil
}

// RevokeLink undoes a wrong link and folds the users it had joined anew. It returns the canonical ids of both sides. It is safe
// to repeat.
func (a *App) RevokeLink(ctx context.Context, x, y string) (left, right string, err error) {
	ctx, release, err := a.exclusive(ctx)
	if err != nil {
		return "", "", err
	}
	defer release()
	defer a.forgetBase()
	if err := a.allFolded(ctx, ""); err != nil {
		return "", "", err
	}
	stored, err := a.ports.Links.Touching(ctx, []string{x, y})
	if err != nil {
		return "", "", fault.Wrap(err, "read the links of %s", x)
	}
	var revoked []Link
	for _, l := range stored {
		if l.A == x && l.B == y || l.A == y && l.B == x {
			if l.Revoked == 0 { // else an earlier call revoked it and perhaps died before the users were folded
				l.Revoked = a.ports.Clock()
			}
			revoked = append(revoked, l)
		}
	}
	if len(revoked) == 0 {
		return "", "", fault.New(fault.NotFound, "no link joins %q and %q", x, y).WithHint("list a user's links with: weir identity links ID")
	}
	before, err := a.component(ctx, revoked)
	if err != nil {
		return "", "", err
	}
	if err := a.applyLinks(ctx, revoked); err != nil {
		return "", "", err
	}
	if err := a.refoldSet(ctx, before); err != nil {
		return "", "", err
	}
	pointers, err := a.ports.Links.Resolve(ctx, []string{x, y})
	if err != nil {
		return "", "", fault.Wrap(err, "resolve %s", x)
	}
	return cmp.Or(pointers[x], x), cmp.Or(pointers[y], y), nil
}

// refoldSet folds every user of a linked set anew from the canonical files, after the links among them changed.
func (a *App) refoldSet(ctx context.Context, links []Link) error {
	live, err := a.Live(ctx)
	if err != nil {
		return err
	}
	var keys []string
	for id := range identity.Resolve(identityLinks(links)).Canonical {
		keys = append(keys, id)
	}
	slices.Sort(keys)
	pointers, err := a.ports.Links.Resolve(ctx, keys)
	if err != nil {
		return fault.Wrap(err, "resolve identities")
	}
	keys = slices.DeleteFunc(keys, func(id string) bool { _, moved := pointers[id]; return moved })
	facts, err := a.foldKept(ctx, live, keys, maxTime)
	if err != nil {
		return err
	}
	return a.writeSet(ctx, keys, facts)
}

// writeSet replaces the FACTS of users of a set whose links changed. The next decision about each is a baseline.
func (a *App) writeSet(ctx context.Context, keys []string, facts map[string]*profile.Facts) error {
	items, err := a.ports.Profiles.Get(ctx, keys)
	if err != nil {
		return fault.Wrap(err, "read profiles")
	}
	writes, err := separate(keys, items, facts)
	if err != nil || len(writes) == 0 {
		return err
	}
	for i := range writes {
		undecided(&writes[i].Item)
	}
	if err := a.everyoneDue(ctx, false); err != nil {
		return err
	}
	each, err := a.ports.Profiles.Write(ctx, writes)
	if err != nil {
		return fault.Wrap(err, "write profiles")
	}
	return errors.Join(each...)
}

// separate returns the writes that give each user of a set that came apart their own FACTS. All of them know the events that
// anyone of the set had on time, and count decisions and episodes on from where the set was, so that no name is used twice; a
// profile that has no events of its own any more is removed.
func separate(keys []string, items []Item, facts map[string]*profile.Facts) ([]UserWrite, error) {
	var recent profile.Recent
	var state profile.State
	for _, item := range items {
		var r profile.Recent
		var s profile.State
		if err := decodeItem(Item{Recent: item.Recent, State: item.State}, nil, &r, &s); err != nil {
			return nil, fault.Wrap(err, "read the profile of %s", item.Key)
		}
		profile.MergeRecent(&recent, &r)
		state = profile.MergeState(&state, &s)
	}
	var writes []UserWrite
	var empty []Absorbed
	for i, item := range items {
		f := facts[keys[i]]
		if f.Events == 0 {
			if item.Version > 0 {
				empty = append(empty, Absorbed{Key: item.Key, Version: item.Version, Log: item.Log, To: item.To})
			}
			continue
		}
		item.Key, item.Facts, item.Rebase = keys[i], profile.EncodeFacts(nil, f), true
		item.Recent = profile.EncodeRecent(nil, &recent)
		if len(item.State) == 0 && state.DecidedAt != 0 {
			item.State = profile.EncodeState(nil, &state)
		}
		writes = append(writes, UserWrite{Item: item})
	}
	if len(writes) > 0 {
		writes[0].Absorb = empty
	}
	return writes, nil
}

// maxTime is later than every event.
const maxTime = 1 << 53

// applyLinks stores facts and the pointers of every id of the sets they touch.
func (a *App) applyLinks(ctx context.Context, facts []Link) error {
	known, err := a.component(ctx, facts)
	if err != nil {
		return err
	}
	if err := a.ports.Links.Apply(ctx, facts, identity.Resolve(identityLinks(known)).Canonical); err != nil {
		return fault.Wrap(err, "store links")
	}
	return nil
}

// component returns facts and every stored fact that is connected with them.
func (a *App) component(ctx context.Context, facts []Link) ([]Link, error) {
	all := map[linkKey]Link{}
	seen := map[string]bool{}
	var ask []string
	visit := func(l Link) {
		for _, id := range []string{l.A, l.B} {
			if !seen[id] {
				seen[id] = true
				ask = append(ask, id)
			}
		}
	}
	for _, l := range facts {
		mergeFact(all, l)
		visit(l)
	}
	for len(ask) > 0 {
		stored, err := a.ports.Links.Touching(ctx, ask)
		if err != nil {
			return nil, fault.Wrap(err, "read links")
		}
		ask = nil
		for _, l := range stored {
			mergeFact(all, l)
			visit(l)
		}
	}
	keys := slices.SortedFunc(maps.Keys(all), compareLinkKeys)
	out := make([]Link, 0, len(keys))
	for _, k := range keys {
		out = append(out, all[k])
	}
	return out, nil
}

// mergeFact keeps the earliest time of a fact and whether a person revoked it.
func mergeFact(all map[linkKey]Link, l Link) {
	k := linkKey{l.A, l.B, l.Alias}
	have, ok := all[k]
	if !ok {
		all[k] = l
		return
	}
	have.Time = min(have.Time, l.Time)
	have.Revoked = max(have.Revoked, l.Revoked)
	all[k] = have
}

func identityLinks(links []Link) []identity.Link {
	out := make([]identity.Link, len(links))
	for i, l := range links {
		out[i] = identity.Link{A: l.A, B: l.B, Alias: l.Alias, Time: l.Time, Revoked: l.Revoked}
	}
	return out
}
