package app

import (
	"context"
	"slices"
	"sort"
	"sync"
	"time"

	"github.com/weir-engine/weir/shared/event"
	"github.com/weir-engine/weir/shared/fault"
	"github.com/weir-engine/weir/shared/profile"
)

// fold keeps and folds every chunk. Where links are known, all canonical rows are kept first, because the events of one
// user may stand in several chunks.
func (in *ingest) fold(ctx context.Context) error {
	if in.file.Backfill {
		if err := in.app.everyoneDue(ctx, false); err != nil {
			return err
		}
	}
	if !in.linked {
		return in.eachChunk(ctx, "fold", func(chunk int) error { return in.chunk(ctx, chunk, true) })
	}
	if err := in.eachChunk(ctx, "keep", func(chunk int) error { return in.keepLinked(ctx, chunk) }); err != nil {
		return err
	}
	if err := in.spill.Flush(); err != nil {
		return err
	}
	return in.eachChunk(ctx, "fold", func(chunk int) error { return in.chunk(ctx, chunk, false) })
}

// eachChunk runs do for every chunk on the app's workers and stops at the first error.
func (in *ingest) eachChunk(ctx context.Context, phase string, do func(chunk int) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	next := make(chan int)
	var wg sync.WaitGroup
	var done int64
	for range in.app.workers {
		wg.Go(func() {
			for chunk := range next {
				if err := fault.Do(func() error { return do(chunk) }); err != nil {
					cancel(err)
					return
				}
				in.mu.Lock()
				done++
				in.report(phase, done, int64(in.file.Chunks))
				in.mu.Unlock()
			}
		})
	}
feed:
	for chunk := range in.file.Chunks {
		select {
		case next <- chunk:
		case <-ctx.Done():
			break feed
		}
	}
	close(next)
	wg.Wait()
	if err := context.Cause(ctx); err != nil {
		if fault.CodeOf(err) == fault.Internal && ctx.Err() != nil && err == ctx.Err() {
			return fault.New(fault.Unavailable, "the import was interrupted").WithHint("start it again: it goes on where it was").Because(err)
		}
		return err
	}
	return nil
}

// chunk folds one chunk: its own users' events and those that links bring. keep says that the canonical rows are still to
// be written.
func (in *ingest) chunk(ctx context.Context, chunk int, keep bool) error {
	recorded, err := in.recorded(ctx, chunk)
	if err != nil {
		return err
	}
	if recorded.State == ChunkDone {
		in.add(recorded.Counts, recorded.Units)
		return nil
	}
	events, repeated, err := in.load(chunk, false)
	if err != nil {
		return err
	}
	c := &chunkFold{in: in, chunk: chunk, counts: Counts{Duplicates: repeated}}
	if in.linked {
		if c.items, err = in.spilledItems(chunk); err != nil {
			return err
		}
		if events, err = in.regroup(chunk, events, c.items); err != nil {
			return err
		}
	}
	if keep && recorded.State < ChunkKept {
		c.rows = make([]Row, 0, len(events))
	}
	if err := c.run(ctx, events); err != nil {
		return err
	}
	units := in.consumed()
	if err := in.app.ports.Ledger.PutChunk(ctx, Chunk{File: in.file.ID, Index: chunk, State: ChunkDone, Counts: c.counts, Units: units}); err != nil {
		return fault.Wrap(err, "record a chunk")
	}
	in.add(c.counts, units)
	return nil
}

// recorded returns what is recorded of a chunk; the ledger is asked once, and only where an earlier try may have recorded it. A
// chunk is one worker's at a time.
func (in *ingest) recorded(ctx context.Context, chunk int) (*Chunk, error) {
	c := &in.tries[chunk]
	if in.fresh || c.File != "" {
		return c, nil
	}
	stored, err := in.app.ports.Ledger.Chunk(ctx, in.file.ID, chunk)
	if err != nil {
		return nil, fault.Wrap(err, "read the ledger")
	}
	*c = stored
	c.File = in.file.ID
	return c, nil
}

func (in *ingest) add(c Counts, u Units) {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.counts.Accepted += c.Accepted
	in.counts.Duplicates += c.Duplicates
	in.counts.Users += c.Users
	in.units = in.units.Plus(u)
}

// keepLinked writes the canonical rows of one raw chunk, reads its ids, and sends the events of linked ones to their user's chunk.
func (in *ingest) keepLinked(ctx context.Context, chunk int) error {
	recorded, err := in.recorded(ctx, chunk)
	if err != nil {
		return err
	}
	events, _, err := in.load(chunk, false)
	if err != nil {
		return err
	}
	if recorded.State < ChunkKept {
		if err := in.keep(ctx, chunk, events); err != nil {
			return err
		}
	}
	var all [][]spilled
	var keys []string
	for user := range users(events) {
		all, keys = append(all, user), append(keys, user[0].key)
	}
	for len(all) > 0 {
		n := min(len(all), writeBatch)
		items, err := in.items(ctx, keys[:n], in.held)
		if err != nil {
			return err
		}
		if err := in.spillItems(chunk, items); err != nil {
			return err
		}
		for i, item := range items {
			if err := in.send(all[i], item.To); err != nil {
				return err
			}
		}
		all, keys = all[n:], keys[n:]
	}
	return nil
}

// send gives the events of an id to the user that it points to; "" for none.
func (in *ingest) send(events []spilled, canonical string) error {
	if canonical == "" {
		return nil
	}
	hash := event.UserHash(canonical)
	part := in.linkedPart(chunkOf(hash, in.file.Chunks))
	var buf []byte
	for _, s := range events {
		buf = append(appendSpillHeader(buf[:0], hash, s.time, 1, s.id, canonical), s.record...)
		if err := in.spill.Append(part, buf); err != nil {
			return err
		}
	}
	return nil
}

// regroup leaves out the events of ids that belong to another user now, as their items say, and takes in those of the chunk's users
// that arrived under other ids.
func (in *ingest) regroup(chunk int, events []spilled, items map[string]Item) ([]spilled, error) {
	events = slices.DeleteFunc(events, func(s spilled) bool { return items[s.key].To != "" })
	more, _, err := in.load(in.linkedPart(chunk), true)
	if err != nil {
		return nil, err
	}
	return dedupe(append(events, more...)), nil
}

// keep writes the canonical rows of a chunk's events.
func (in *ingest) keep(ctx context.Context, chunk int, events []spilled) error {
	rows := make([]Row, 0, len(events))
	for _, s := range events {
		var ev event.Event
		if err := event.DecodeRecord(s.record, &ev); err != nil {
			return errSpill.Because(err)
		}
		rows = append(rows, in.row(&s, &ev))
	}
	if err := in.sealRows(ctx, rows, events); err != nil {
		return err
	}
	return in.writeRows(ctx, chunk, rows)
}

// writeRows keeps rows, which are sorted by hash, bucket by bucket, and records that they are kept.
func (in *ingest) writeRows(ctx context.Context, chunk int, rows []Row) error {
	buckets := in.app.ports.Canon.Buckets()
	for len(rows) > 0 {
		bucket := bucketOf(rows[0].Hash, buckets)
		n := sort.Search(len(rows), func(i int) bool { return bucketOf(rows[i].Hash, buckets) > bucket })
		if err := in.app.ports.Canon.Write(ctx, in.file.ID, chunk, bucket, rows[:n]); err != nil {
			return fault.Wrap(err, "keep the events of chunk %d", chunk)
		}
		rows = rows[n:]
	}
	in.tries[chunk].State = ChunkKept
	if err := in.app.ports.Ledger.PutChunk(ctx, Chunk{File: in.file.ID, Index: chunk, State: ChunkKept}); err != nil {
		return fault.Wrap(err, "record a chunk")
	}
	return nil
}

// row is the canonical form of an event. Its strings alias the chunk's memory.
func (in *ingest) row(s *spilled, ev *event.Event) Row {
	return Row{
		Hash: s.hash, Key: s.key, ID: s.id, Kind: ev.Kind, Name: ev.Name, Time: ev.Time,
		Arrived: in.file.Arrived, File: in.file.ID, MessageID: ev.MessageID,
		Anonymous: ev.AnonymousID, Previous: ev.PreviousID, Group: ev.GroupID,
		Properties: ev.Properties.Raw, Traits: ev.Traits.Raw, Context: ev.Context.Raw,
	}
}

// lateKey identifies an event that must be looked for among the kept ones.
type lateKey struct {
	key string
	id  event.ID
}

// knownLate returns those late events of a chunk that an earlier file brought already. An event on time is looked for in the
// profile instead.
func (in *ingest) knownLate(ctx context.Context, events []spilled) (map[lateKey]bool, error) {
	late := map[lateKey]bool{}
	var keys []string
	from, to := int64(0), int64(0)
	for i := range events {
		s := &events[i]
		if s.isAbsorb() || !profile.IsLate(s.time, in.file.Arrived) {
			continue
		}
		raw, err := s.rawKey()
		if err != nil {
			return nil, err
		}
		if len(late) == 0 {
			from, to = s.time, s.time
		}
		from, to = min(from, s.time), max(to, s.time)
		late[lateKey{raw, s.id}] = false
		keys = append(keys, raw)
	}
	if len(late) == 0 {
		return nil, nil
	}
	slices.Sort(keys)
	filter := RowFilter{Bucket: -1, Keys: slices.Compact(keys), From: monthStart(from), To: monthStart(to) + 32*24*3600*1000, NotFile: in.file.ID}
	known := map[lateKey]bool{}
	for row, err := range in.app.ports.Canon.Read(ctx, filter) {
		if err != nil {
			return nil, fault.Wrap(err, "read the kept events")
		}
		k := lateKey{row.Key, row.ID}
		if _, ok := late[k]; ok {
			known[lateKey{string([]byte(row.Key)), row.ID}] = true
		}
	}
	return known, nil
}

func monthStart(ms int64) int64 {
	t := time.UnixMilli(ms).UTC()
	return time.Date(t.Year(), t.Month(), 1, 0, 0, 0, 0, time.UTC).UnixMilli()
}

// isAbsorb reports whether the record names a profile to absorb.
func (s *spilled) isAbsorb() bool {
	return s.linked && len(s.record) > 0 && s.record[0] == absorbMark[0]
}

// rawKey is the key the event arrived under.
func (s *spilled) rawKey() (string, error) {
	if !s.linked {
		return s.key, nil
	}
	var ev event.Event
	if err := event.DecodeRecord(s.record, &ev); err != nil {
		return "", errSpill.Because(err)
	}
	return ev.Key(), nil
}
