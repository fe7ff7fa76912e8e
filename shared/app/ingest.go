package app

import (
	"context"
	"errors"
	"io"
	"math/bits"
	"sync"
	"sync/atomic"

	"github.com/weir-engine/weir/shared/catalog"
	"github.com/weir-engine/weir/shared/contact"
	"github.com/weir-engine/weir/shared/event"
	"github.com/weir-engine/weir/shared/eventfile"
	"github.com/weir-engine/weir/shared/fault"
	"github.com/weir-engine/weir/shared/plan"
	"github.com/weir-engine/weir/shared/profile"
)

// ingest is one pass of one file through keep, fold, decide and write.
type ingest struct {
	app      *App
	live     *Live
	file     File
	req      ImportRequest
	mapping  *eventfile.Mapping
	spill    Spill
	applied  bool // something of the file may be in the base
	latest   atomic.Int64
	plan     *plan.Plan        // the file's tracking plan; nil: none
	counter  *catalog.Counter  // of the event catalogue; nil: the file is not counted
	linked   bool              // some keys have pointers: canonical rows first, then users
	fresh    bool              // no earlier try recorded a chunk
	tries    []Chunk           // what earlier tries and this one recorded of the chunks, where it was asked for
	moved    map[string]string // profiles that the file's links take into another one, and which
	held     map[string]Item   // what was read around the file's links; it does not change while chunks are folded
	heldSize int64
	mu       sync.Mutex
	now      int64           // by the clock of the base, when the import began or went on
	done     map[string]bool // files that finished, of the marks seen
	counts   Counts
	units    Units // of the chunks that are done
	metered  Units // what the meter said when units were last taken
}

func (a *App) newIngest(ctx context.Context, f File, req ImportRequest, m *eventfile.Mapping) (*ingest, error) {
	live, err := a.Live(ctx)
	if err != nil {
		return nil, err
	}
	now, err := a.now(ctx)
	if err != nil {
		return nil, err
	}
	in := &ingest{app: a, live: live, now: now, file: f, req: req, mapping: m, applied: f.Chunks > 0, fresh: f.Chunks == 0,
		done: map[string]bool{}, moved: map[string]string{}, held: map[string]Item{}, counter: newCounter(&f)}
	if in.plan, err = a.planOf(ctx, f.Plan); err != nil {
		return nil, err
	}
	in.consumed()
	return in, nil
}

// consumed returns what was consumed since it was last asked.
func (in *ingest) consumed() Units {
	if in.app.ports.Meter == nil {
		return Units{}
	}
	in.mu.Lock()
	defer in.mu.Unlock()
	now := in.app.ports.Meter()
	since := Units{now.Reads - in.metered.Reads, now.Writes - in.metered.Writes}
	in.metered = now
	return since
}

func (in *ingest) close() {
	if in.spill != nil {
		_ = in.spill.Close()
	}
	in.app.mu.Lock()
	delete(in.app.progress, in.file.ID)
	in.app.mu.Unlock()
}

// all runs the steps of a file in their order. Each can be repeated.
func (in *ingest) all(ctx context.Context) error {
	if err := in.partition(ctx); err != nil {
		return err
	}
	if err := in.persistChunks(ctx); err != nil {
		return err
	}
	if err := in.putRejects(ctx); err != nil {
		return err
	}
	if err := in.link(ctx); err != nil {
		return err
	}
	if err := in.fold(ctx); err != nil {
		return err
	}
	return in.finish(ctx)
}

// report tells the caller and the status page how far the file is.
func (in *ingest) report(phase string, done, total int64) {
	p := Progress{File: in.file.ID, Name: in.file.Name, Phase: phase, Done: done, Total: total, Counts: in.counts}
	in.app.mu.Lock()
	in.app.progress[in.file.ID] = p
	in.app.mu.Unlock()
	if in.req.Progress != nil {
		in.req.Progress(p)
	}
}

// chunkBytes is how much of an uncompressed file one chunk of a large file holds: small enough that a chunk's events fit in memory many
// times over, large enough that its users are written in few batches. A small file has a chunk for each smallChunk bytes of it, as it
// is stored: what is recorded of a chunk costs as much as some users.
const (
	chunkBytes = 12 << 20
	smallChunk = 1 << 20
)

// chunkCount returns the number of chunks for a file: a power of two, more than one a bucket only where chunks would be too large.
func (in *ingest) chunkCount() int {
	if in.file.Chunks > 0 {
		return in.file.Chunks
	}
	const likelyRatio = 6 // of compressed and columnar files
	want := min(in.req.Size/in.app.chunk, int64(in.app.ports.Canon.Buckets()-1))
	want = max(want, in.req.Size*likelyRatio/chunkBytes)
	return min(1<<bits.Len64(uint64(want)), 4096)
}

// chunkOf returns the chunk of a key's hash: the top bits, so that a chunk lies in one bucket, or holds whole ones.
func chunkOf(hash uint64, chunks int) int {
	return int(hash >> (64 - bits.Len(uint(chunks-1))))
}

func bucketOf(hash uint64, buckets int) int { return chunkOf(hash, buckets) }

// partition reads the file once and spreads its events over the chunks on disk. Nothing of the base changes.
func (in *ingest) partition(ctx context.Context) error {
	chunks := in.chunkCount()
	spill, err := in.app.ports.Scratch.Open(ctx, 3*chunks+2)
	if err != nil {
		return err
	}
	in.spill, in.file.Chunks, in.tries = spill, chunks, make([]Chunk, chunks)
	r, err := eventfile.Open(in.req.Source, in.req.Size, eventfile.Options{
		Limits: in.app.limits, Arrived: in.arrivedLimit(), Mapping: in.mapping, Format: in.req.Format, Zones: in.app.ports.Zones,
	})
	if err != nil {
		return err
	}
	defer r.Close()
	w := partitioner{in: in, links: map[linkKey]Link{}}
	if w.graves, err = in.app.graves(ctx); err != nil {
		return err
	}
	for n := 0; ; n++ {
		if n%4096 == 0 {
			if err := ctx.Err(); err != nil {
				return fault.New(fault.Unavailable, "the import was interrupted").WithHint("start it again: it goes on where it was").Because(err)
			}
			in.report("read", r.Consumed(), in.req.Size)
		}
		ev, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err := w.take(ctx, r, ev, err); err != nil {
			return err
		}
	}
	if err := w.flushLinks(); err != nil {
		return err
	}
	in.report("read", in.req.Size, in.req.Size)
	return spill.Flush()
}

// arrivedLimit is the moment against which the dates of events are checked: that of the decisions of a live file. A backfill as
// of the past brings what came after that moment too: views as of then do not see it.
func (in *ingest) arrivedLimit() int64 {
	if in.file.AsOf != 0 && !in.file.Backfill {
		return in.file.AsOf
	}
	return in.file.Arrived
}

// partitioner writes what the reader yields to the partitions of one file.
type partitioner struct {
	in    *ingest
	buf   []byte
	links map[linkKey]Link

	graves *graves
	index  *contact.Index // nil until an event holds contact data
}

// take handles one event or one bad line.
func (w *partitioner) take(ctx context.Context, r *eventfile.Reader, ev *event.Event, err error) error {
	in := w.in
	var bad *eventfile.LineError
	switch {
	case errors.As(err, &bad):
		in.counts.Events++
		return w.reject(bad.Line, bad.Reject, bad.Text, bad.Header)
	case err != nil:
		return err
	}
	in.counts.Events++
	key := ev.Key()
	if w.graves.holds(key) { // before anything could keep the line
		in.counts.Forgotten++
		return nil
	}
	if reject := in.live.Engine.Schema().Check(ev); reject != nil {
		text, header := r.Text()
		return w.reject(r.Line(), reject, text, header)
	}
	name := profile.EventName(ev)
	if in.plan != nil {
		if reject := w.planned(name, ev, r.Line()); reject != nil {
			text, header := r.Text()
			return w.reject(r.Line(), reject, text, header)
		}
	}
	if ev.Time > in.latest.Load() {
		in.latest.Store(ev.Time)
	}
	if err := w.link(ev); err != nil {
		return err
	}
	taken, err := w.takeOut(ctx, ev)
	if err != nil {
		return err
	}
	hash := event.UserHash(key)
	if in.counter != nil {
		in.counter.Add(name, ev, hash)
	}
	w.buf = appendSpilled(w.buf[:0], hash, key, ev, taken)
	return in.spill.Append(chunkOf(hash, in.file.Chunks), w.buf)
}

func (in *ingest) linkedPart(chunk int) int { return in.file.Chunks + chunk }
func (in *ingest) itemPart(chunk int) int   { return 2*in.file.Chunks + chunk }
func (in *ingest) rejectPart() int          { return 3 * in.file.Chunks }
func (in *ingest) linkPart() int            { return 3*in.file.Chunks + 1 }

// persistChunks records the number of chunks before the first is applied: a later try must cut the file the same way.
func (in *ingest) persistChunks(ctx context.Context) error {
	if in.applied {
		return nil
	}
	if err := in.app.ports.Ledger.Update(ctx, in.file); err != nil {
		return fault.Wrap(err, "record the chunks of %s", in.file.Name)
	}
	in.file.Version++
	in.applied = true
	return nil
}

// finish refreshes the cuts, moves the base's moment on and closes the file.
func (in *ingest) finish(ctx context.Context) error {
	asOf, err := in.viewMoment(ctx)
	if err != nil {
		return err
	}
	if err := in.app.afterImport(ctx, in, asOf); err != nil {
		return err
	}
	if err := in.count(ctx); err != nil {
		return fault.Wrap(err, "count the events of %s", in.file.Name)
	}
	if in.file.Redrive != "" {
		if err := in.app.ports.Rejects.Redriven(ctx, in.file.Redrive, in.file.ID); err != nil {
			return fault.Wrap(err, "close the rejects that were driven again")
		}
	}
	in.file.Status, in.file.Counts, in.file.Finished = FileDone, in.counts, in.app.ports.Clock()
	in.file.Units = in.units.Plus(in.consumed())
	if err := in.app.ports.Ledger.Update(ctx, in.file); err != nil {
		return fault.Wrap(err, "record the end of %s", in.file.Name)
	}
	in.file.Version++
	return nil
}

// viewMoment is the default moment of views after the file: one that was asked for, else the held clock, else that of the
// file. History that is filled in does not move it back.
func (in *ingest) viewMoment(ctx context.Context) (int64, error) {
	clock, err := in.app.Clock(ctx)
	switch {
	case err != nil || in.file.AsOf != 0:
		return in.file.AsOf, err
	case clock.Pinned:
		return clock.Now, nil
	}
	var base baseDoc
	_, err = in.app.getDoc(ctx, docBase, &base)
	return max(in.asOf(), base.AsOf), err
}

// asOf is the moment of the file's decisions.
func (in *ingest) asOf() int64 {
	switch {
	case in.file.AsOf != 0:
		return in.file.AsOf
	case in.file.Backfill:
		return min(max(in.latest.Load(), 1), in.file.Arrived)
	}
	return in.file.Arrived
}
