package app

import (
	"bytes"
	"context"
	"encoding/binary"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/weir-engine/weir/shared/event"
	"github.com/weir-engine/weir/shared/fault"
	"github.com/weir-engine/weir/shared/identity"
	"github.com/weir-engine/weir/shared/profile"
)

// RebuildReport is the outcome of a rebuild.
type RebuildReport struct {
	Events  int64 `json:"events"`  // distinct events read from the canonical files
	Users   int64 `json:"users"`   // profiles they make
	Changed int64 `json:"changed"` // profiles whose FACTS were other bytes before
}

// Rebuild folds FACTS anew from the canonical files, one bucket after another, and replaces those that differ. STATE is not
// touched. It is safe to repeat and to kill. Conflict while the import of a file is half done.
func (a *App) Rebuild(ctx context.Context, progress func(done, total int64)) (RebuildReport, error) {
	ctx, release, err := a.exclusive(ctx)
	if err != nil {
		return RebuildReport{}, err
	}
	defer release()
	defer a.forgetBase()
	if err := a.allFolded(ctx, ""); err != nil {
		return RebuildReport{}, err
	}
	live, err := a.Live(ctx)
	if err != nil {
		return RebuildReport{}, err
	}
	r, err := a.rebuilder(ctx, live)
	if err != nil {
		return RebuildReport{}, err
	}
	if err := r.run(ctx, 0, progress); err != nil {
		return r.report, err
	}
	return r.report, a.foldedAs(ctx, live)
}

// rebuilder starts to fold FACTS anew as a strategy extracts them.
func (a *App) rebuilder(ctx context.Context, live *Live) (*rebuilder, error) {
	pointers, err := a.allPointers(ctx)
	if err != nil {
		return nil, err
	}
	r := &rebuilder{app: a, live: live, pointers: pointers, joined: map[string]bool{}}
	for _, canonical := range pointers {
		r.joined[canonical] = true
	}
	return r, nil
}

// run folds the buckets from one on.
func (r *rebuilder) run(ctx context.Context, from int, progress func(done, total int64)) error {
	if len(r.pointers) > 0 {
		var err error
		if r.parts, err = r.app.ports.Scratch.Open(ctx, rebuildParts); err != nil {
			return err
		}
		defer r.parts.Close()
	}
	buckets := r.app.ports.Canon.Buckets()
	for bucket := from; bucket < buckets; bucket++ {
		if err := r.bucket(ctx, bucket); err != nil {
			return err
		}
		if r.after != nil {
			if err := r.after(bucket + 1); err != nil {
				return err
			}
		}
		if progress != nil {
			progress(int64(bucket+1), int64(buckets))
		}
	}
	return r.writeLinked(ctx)
}

// allPointers resolves every link fact.
func (a *App) allPointers(ctx context.Context) (map[string]string, error) {
	any, err := a.ports.Links.Any(ctx)
	if err != nil || !any {
		return nil, err
	}
	facts, err := a.ports.Links.All(ctx)
	if err != nil {
		return nil, fault.Wrap(err, "read the links")
	}
	pointers := identity.Resolve(identityLinks(facts)).Canonical
	maps.DeleteFunc(pointers, func(id, canonical string) bool { return id == canonical })
	return pointers, nil
}

// rebuilder collects the FACTS of a base. Users of one id are written bucket by bucket; the parts of those of several ids go
// to disk first, by user, and are merged when all buckets are read.
type rebuilder struct {
	app      *App
	live     *Live
	pointers map[string]string
	joined   map[string]bool // canonical ids that other ids point to
	parts    Spill           // linked users' parts: nil without links
	pending  []rebuilt
	report   RebuildReport

	dry    bool                       // compare, and write nothing
	after  func(bucket int) error     // told after each bucket which one is next; nil: nobody
	folded func(facts *profile.Facts) // shown each user's new FACTS; nil: nobody
}

// rebuildParts is the number of partitions that linked users are merged in.
const rebuildParts = 64

type rebuilt struct {
	key   string
	facts []byte
}

func (r *rebuilder) bucket(ctx context.Context, bucket int) error {
	err := r.app.foldRows(ctx, r.live, RowFilter{Bucket: bucket}, func(key string, facts *profile.Facts) error {
		r.report.Events += facts.Events
		canonical, moved := r.pointers[key]
		if !moved {
			canonical = key
		}
		if moved || r.joined[key] {
			return r.part(canonical, facts)
		}
		return r.take(ctx, key, facts)
	})
	if err != nil {
		return err
	}
	return r.write(ctx)
}

func (r *rebuilder) take(ctx context.Context, key string, facts *profile.Facts) error {
	if r.folded != nil {
		r.folded(facts)
	}
	one := rebuilt{key, profile.EncodeFacts(nil, facts)}
	if r.pending = append(r.pending, one); len(r.pending) < writeBatch {
		return nil
	}
	return r.write(ctx)
}

// part keeps what one id brings to a user of several ids.
func (r *rebuilder) part(canonical string, facts *profile.Facts) error {
	record := binary.AppendUvarint(nil, uint64(len(canonical)))
	record = profile.EncodeFacts(append(record, canonical...), facts)
	return r.parts.Append(chunkOf(event.UserHash(canonical), rebuildParts), record)
}

// writeLinked merges the parts of linked users, partition by partition, and writes them.
func (r *rebuilder) writeLinked(ctx context.Context) error {
	if r.parts == nil {
		return nil
	}
	if err := r.parts.Flush(); err != nil {
		return err
	}
	for part := range rebuildParts {
		merged := map[string]*profile.Facts{}
		for record, err := range r.parts.Read(part) {
			if err != nil {
				return fault.Wrap(err, "read the scratch file of the rebuild")
			}
			if err := r.merge(merged, record); err != nil {
				return err
			}
		}
		for _, key := range slices.Sorted(maps.Keys(merged)) {
			if err := r.take(ctx, key, merged[key]); err != nil {
				return err
			}
		}
	}
	return r.write(ctx)
}

func (r *rebuilder) merge(merged map[string]*profile.Facts, record []byte) error {
	n, used := binary.Uvarint(record)
	if used <= 0 || uint64(len(record)-used) < n {
		return errSpill
	}
	key, facts := string(record[used:used+int(n)]), new(profile.Facts)
	if err := profile.DecodeFacts(record[used+int(n):], facts); err != nil {
		return errSpill.Because(err)
	}
	if merged[key] == nil {
		merged[key] = facts
		return nil
	}
	r.live.Engine.Schema().Merge(merged[key], facts)
	return nil
}

// write replaces the FACTS that differ.
func (r *rebuilder) write(ctx context.Context) error {
	pending := r.pending
	r.pending = r.pending[:0]
	slices.SortFunc(pending, func(a, b rebuilt) int { return strings.Compare(a.key, b.key) })
	r.report.Users += int64(len(pending))
	for len(pending) > 0 {
		keys := make([]string, len(pending))
		for i, p := range pending {
			keys[i] = p.key
		}
		items, err := r.app.ports.Profiles.Get(ctx, keys)
		if err != nil {
			return fault.Wrap(err, "read profiles")
		}
		var writes []UserWrite
		for i, item := range items {
			if !bytes.Equal(item.Facts, pending[i].facts) {
				item.Key, item.Facts = pending[i].key, pending[i].facts
				undecided(&item)
				writes = append(writes, UserWrite{Item: item})
			}
		}
		if r.dry {
			r.report.Changed += int64(len(writes))
			return nil
		}
		again, err := r.put(ctx, writes)
		if err != nil {
			return err
		}
		pending = again
	}
	return nil
}

// put writes and returns what changed in between.
func (r *rebuilder) put(ctx context.Context, writes []UserWrite) (again []rebuilt, err error) {
	if len(writes) == 0 {
		return nil, nil
	}
	if err := r.app.everyoneDue(ctx, false); err != nil {
		return nil, err
	}
	each, err := r.app.ports.Profiles.Write(ctx, writes)
	if err != nil {
		return nil, fault.Wrap(err, "write profiles")
	}
	for i, err := range each {
		switch {
		case fault.Is(err, fault.Conflict):
			again = append(again, rebuilt{writes[i].Item.Key, writes[i].Item.Facts})
		case err != nil:
			return nil, fault.Wrap(err, "write the profile of %s", writes[i].Item.Key)
		default:
			r.report.Changed++
		}
	}
	return again, nil
}

// foldRows folds the canonical rows of a filter and yields the FACTS of each raw key. Rows that stand twice count once: the
// earliest of an identity. What do receives is valid during the call.
func (a *App) foldRows(ctx context.Context, live *Live, filter RowFilter, do func(key string, facts *profile.Facts) error) error {
	return a.foldMoments(ctx, live, filter, []int64{math.MaxInt64}, func(key string, at []*profile.Facts) error { return do(key, at[0]) })
}

// foldMoments is foldRows that yields FACTS as they were at several moments, which ascend; filter ends at the last of them. The
// rows are read once: those of a key come in the order of time.
func (a *App) foldMoments(ctx context.Context, live *Live, filter RowFilter, moments []int64, do func(key string, at []*profile.Facts) error) error {
	var facts profile.Facts
	var ev event.Event
	seen := map[event.ID]struct{}{}
	key, open := "", false
	at, passed, last := make([]*profile.Facts, len(moments)), 0, len(moments)-1
	yield := func() error {
		for ; passed <= last; passed++ {
			at[passed] = &facts
		}
		passed = 0
		return do(key, at)
	}
	schema := live.Engine.Schema()
	old := older{app: a}
	for row, err := range a.kept(ctx, filter) {
		if err != nil {
			return err
		}
		if row.Key != key || !open {
			if open {
				if err := yield(); err != nil {
					return err
				}
			}
			key, open = strings.Clone(row.Key), true
			facts.Reset()
			clear(seen)
		}
		if _, again := seen[row.ID]; again {
			continue
		}
		seen[row.ID] = struct{}{}
		for ; passed < last && row.Time > moments[passed]; passed++ {
			at[passed] = facts.Clone()
		}
		rowEvent(&row, &ev)
		if _, err := old.takeOut(ctx, &row, &ev); err != nil {
			return err
		}
		schema.Fold(&facts, &ev, row.ID)
	}
	if !open {
		return nil
	}
	return yield()
}

// rowEvent turns a canonical row back into the event it was.
func rowEvent(row *Row, ev *event.Event) {
	*ev = event.Event{
		Kind: row.Kind, Name: row.Name, Time: row.Time, MessageID: row.MessageID,
		AnonymousID: row.Anonymous, PreviousID: row.Previous, GroupID: row.Group,
		Properties: object(row.Properties), Traits: object(row.Traits), Context: object(row.Context),
	}
	if anon, ok := strings.CutPrefix(row.Key, event.AnonPrefix); ok {
		ev.AnonymousID = anon
	} else {
		ev.UserID = row.Key
	}
}

func object(text string) event.Object {
	if text == "" {
		return event.Object{}
	}
	o, _ := event.ParseObject(text)
	return o
}

// foldKept folds the FACTS of users anew, from their kept events up to asOf.
func (a *App) foldKept(ctx context.Context, live *Live, keys []string, asOf int64) (map[string]*profile.Facts, error) {
	owner, err := a.ids(ctx, keys)
	if err != nil {
		return nil, err
	}
	out := make(map[string]*profile.Facts, len(keys))
	for _, key := range keys {
		out[key] = new(profile.Facts)
	}
	filter := RowFilter{Bucket: -1, Keys: slices.Sorted(maps.Keys(owner)), To: asOf + 1}
	err = a.foldRows(ctx, live, filter, func(key string, facts *profile.Facts) error {
		live.Engine.Schema().Merge(out[owner[key]], facts)
		return nil
	})
	return out, err
}

// ids returns every id that belongs to the users, with the user it belongs to.
func (a *App) ids(ctx context.Context, keys []string) (map[string]string, error) {
	owner := make(map[string]string, len(keys))
	for _, key := range keys {
		owner[key] = key
	}
	any, err := a.ports.Links.Any(ctx)
	if err != nil || !any {
		return owner, err
	}
	facts, err := a.ports.Links.Touching(ctx, keys)
	if err != nil {
		return nil, fault.Wrap(err, "read the links")
	}
	if facts, err = a.component(ctx, facts); err != nil {
		return nil, err
	}
	for id, canonical := range identity.Resolve(identityLinks(facts)).Canonical {
		if _, asked := owner[canonical]; asked {
			owner[id] = canonical
		}
	}
	return owner, nil
}
