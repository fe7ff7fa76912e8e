package app

import (
	"context"
	"slices"

	"github.com/weir-engine/weir/shared/event"
	"github.com/weir-engine/weir/shared/fault"
	"github.com/weir-engine/weir/shared/profile"
)

// writeBatch is how many users are read and written at once.
const writeBatch = 4096

// chunkFold folds the users of one chunk and writes each once.
type chunkFold struct {
	in     *ingest
	chunk  int
	items  map[string]Item // that were read when the chunk's rows were kept
	rows   []Row           // collects the canonical rows when they are still to be kept, else nil
	known  map[lateKey]bool
	counts Counts

	event  event.Event // decoded one after another
	facts  profile.Facts
	recent profile.Recent
	state  profile.State
}

// touched is one user of a chunk: the events, ready to fold.
type touched struct {
	key    string
	events []spilled
	absorb []string
}

// run keeps the chunk's rows and writes its users.
func (c *chunkFold) run(ctx context.Context, events []spilled) error {
	var err error
	if c.known, err = c.in.knownLate(ctx, events); err != nil {
		return err
	}
	var all []touched
	for user := range users(events) {
		all = append(all, c.touch(user))
	}
	if c.rows != nil {
		if err := c.keepRows(ctx, events); err != nil {
			return err
		}
	}
	for batch := range slices.Chunk(all, writeBatch) {
		if err := c.writeUsers(ctx, batch); err != nil {
			return err
		}
	}
	return nil
}

func (c *chunkFold) keepRows(ctx context.Context, events []spilled) error {
	for i := range events {
		if err := event.DecodeRecord(events[i].record, &c.event); err != nil {
			return errSpill.Because(err)
		}
		c.rows = append(c.rows, c.in.row(&events[i], &c.event))
	}
	if err := c.in.sealRows(ctx, c.rows, events); err != nil {
		return err
	}
	return c.in.writeRows(ctx, c.chunk, c.rows)
}

// touch separates the events of a user from the profiles to absorb.
func (c *chunkFold) touch(user []spilled) touched {
	t := touched{key: user[0].key}
	for i := range user {
		if user[i].isAbsorb() {
			t.absorb = append(t.absorb, string(user[i].record[1:]))
		}
	}
	t.events = user
	if t.absorb != nil {
		t.events = slices.DeleteFunc(slices.Clone(user), func(s spilled) bool { return s.isAbsorb() })
	}
	return t
}

// writeUsers folds and writes a batch; users whose profile changed in between are read and folded again.
func (c *chunkFold) writeUsers(ctx context.Context, batch []touched) error {
	for held := true; len(batch) > 0; held = false {
		writes, pending, err := c.foldUsers(ctx, batch, held)
		if err != nil {
			return err
		}
		each, err := c.in.app.ports.Profiles.Write(ctx, writes)
		if err != nil {
			return fault.Wrap(err, "write profiles")
		}
		batch = batch[:0]
		for i, err := range each {
			switch {
			case fault.Is(err, fault.Conflict):
				batch = append(batch, pending[i])
			case err != nil:
				return fault.Wrap(err, "write the profile of %s", writes[i].Item.Key)
			default:
				c.count(writes[i].Item.Marks)
			}
		}
	}
	return nil
}

// count adds what this chunk brought to a user.
func (c *chunkFold) count(marks []Mark) {
	for _, m := range marks {
		if m.File == c.in.file.ID && m.Chunk == c.chunk {
			c.counts.Accepted += m.Accepted
			c.counts.Duplicates += m.Duplicates
			c.counts.Users++
		}
	}
}

// foldUsers reads the users of a batch, but for those that were read before where held says so, and folds their events. Users that
// carry the chunk's mark are done already.
func (c *chunkFold) foldUsers(ctx context.Context, batch []touched, held bool) (writes []UserWrite, pending []touched, err error) {
	keys := make([]string, 0, len(batch))
	for _, t := range batch {
		keys = append(append(keys, t.key), t.absorb...)
	}
	var before []map[string]Item
	if held {
		before = []map[string]Item{c.items, c.in.held}
	}
	items, err := c.in.items(ctx, keys, before...)
	if err != nil {
		return nil, nil, err
	}
	for _, t := range batch {
		item, absorbed := items[0], items[1:1+len(t.absorb)]
		items = items[1+len(t.absorb):]
		if c.in.marked(item, c.chunk) {
			c.count(item.Marks)
			continue
		}
		if item.To != "" {
			return nil, nil, fault.New(fault.Unavailable, "another process linked users while their events were folded").
				WithHint("repeat it: it goes on where it was")
		}
		w, err := c.foldUser(ctx, t, item, absorbed)
		if err != nil {
			return nil, nil, fault.Wrap(err, "fold the events of %s", t.key)
		}
		writes, pending = append(writes, w), append(pending, t)
	}
	return writes, pending, nil
}

func (in *ingest) marked(item Item, chunk int) bool {
	return slices.ContainsFunc(item.Marks, func(m Mark) bool { return m.File == in.file.ID && m.Chunk == chunk })
}

// foldUser returns the write that brings one user up to date with the chunk.
func (c *chunkFold) foldUser(ctx context.Context, t touched, item Item, absorbed []Item) (UserWrite, error) {
	w := UserWrite{Item: item}
	w.Item.Key = t.key
	if err := c.open(item); err != nil {
		return w, err
	}
	marks, err := c.in.openMarks(ctx, item.Marks)
	if err != nil {
		return w, err
	}
	for _, other := range absorbed {
		if other.Version == 0 {
			continue
		}
		if err := c.absorb(other); err != nil {
			return w, err
		}
		w.Absorb = append(w.Absorb, Absorbed{Key: other.Key, Version: other.Version, Log: other.Log, To: other.To})
		w.Item.Rebase = w.Item.Rebase || other.Rebase
		more, err := c.in.openMarks(ctx, other.Marks)
		if err != nil {
			return w, err
		}
		marks = append(marks, more...)
	}
	mark, err := c.foldEvents(t)
	if err != nil {
		return w, err
	}
	w.Item.Marks = append(marks, mark)
	return w, c.decide(&w, mark.Accepted > 0 || len(w.Absorb) > 0)
}

// open decodes an item into the fold's memory.
func (c *chunkFold) open(item Item) error {
	c.facts.Reset()
	c.recent.Reset()
	c.state = profile.State{}
	return decodeItem(item, &c.facts, &c.recent, &c.state)
}

func decodeItem(item Item, facts *profile.Facts, recent *profile.Recent, state *profile.State) error {
	if len(item.Facts) > 0 {
		if err := profile.DecodeFacts(item.Facts, facts); err != nil {
			return err
		}
	}
	if len(item.Recent) > 0 && recent != nil {
		if err := profile.DecodeRecent(item.Recent, recent); err != nil {
			return err
		}
	}
	if len(item.State) > 0 && state != nil {
		return profile.DecodeState(item.State, state)
	}
	return nil
}

// absorb merges another profile into the open one.
func (c *chunkFold) absorb(other Item) error {
	var facts profile.Facts
	var recent profile.Recent
	var state profile.State
	if err := decodeItem(other, &facts, &recent, &state); err != nil {
		return err
	}
	c.in.live.Engine.Schema().Merge(&c.facts, &facts)
	profile.MergeRecent(&c.recent, &recent)
	c.state = profile.MergeState(&c.state, &state)
	return nil
}

// foldEvents folds the events that are new and returns the mark that says so.
func (c *chunkFold) foldEvents(t touched) (Mark, error) {
	mark := Mark{File: c.in.file.ID, Chunk: c.chunk}
	schema, arrived := c.in.live.Engine.Schema(), c.in.file.Arrived
	c.recent.Prune(arrived)
	for i := range t.events {
		s := &t.events[i]
		if err := event.DecodeRecord(s.record, &c.event); err != nil {
			return mark, errSpill.Because(err)
		}
		var known bool
		if profile.IsLate(s.time, arrived) {
			known = len(c.known) > 0 && c.known[lateKey{c.event.Key(), s.id}]
		} else {
			known = !c.recent.Add(s.id, s.time)
		}
		if known {
			mark.Duplicates++
			continue
		}
		schema.Fold(&c.facts, &c.event, s.id)
		mark.Accepted++
	}
	return mark, nil
}

// openMarks keeps the marks of files that have not finished.
func (in *ingest) openMarks(ctx context.Context, marks []Mark) ([]Mark, error) {
	var open []Mark
	for _, m := range marks {
		done, err := in.finished(ctx, m.File)
		if err != nil {
			return nil, err
		}
		if !done {
			open = append(open, m)
		}
	}
	return open, nil
}

// finished reports whether another file is done, asking the ledger once a file.
func (in *ingest) finished(ctx context.Context, file string) (bool, error) {
	if file == in.file.ID {
		return false, nil
	}
	in.mu.Lock()
	defer in.mu.Unlock()
	if done, ok := in.done[file]; ok {
		return done, nil
	}
	f, err := in.app.ports.Ledger.File(ctx, file)
	if err != nil && !fault.Is(err, fault.NotFound) {
		return false, fault.Wrap(err, "read the ledger")
	}
	in.done[file] = f.Status == FileDone
	return in.done[file], nil
}
