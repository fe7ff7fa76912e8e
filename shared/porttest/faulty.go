package porttest

import (
	"context"
	"io"
	"iter"
	"sync"

	"github.com/weir-engine/weir/shared/app"
	"github.com/weir-engine/weir/shared/outreach"
	"github.com/weir-engine/weir/shared/zone"
)

// Plan says which call fails, and how.
type Plan struct {
	Call  int   // the number of the failing call, counted from 1; 0: none
	After bool  // the call takes effect, but its caller sees the error
	Err   error // what the caller sees
	Dead  bool  // every later call fails too, without effect, as if the process had died
}

// Faults counts the calls of wrapped ports and makes the planned one fail. A step of an iterator and a read of an upload are
// calls; what cannot fail (the clock, the number of buckets, sizes) is none. It is safe for concurrent use.
type Faults struct {
	mu     sync.Mutex
	plan   Plan
	names  []string
	ignore func(name string) bool
}

// Faulty wraps ports. Until Begin is called no call fails.
func Faulty(p app.Ports) (app.Ports, *Faults) {
	f := &Faults{}
	w := p
	w.Uploads = faultyUploads{f, p.Uploads}
	w.Ledger = faultyLedger{f, p.Ledger}
	w.Profiles = faultyProfiles{f, p.Profiles}
	w.Links = faultyLinks{f, p.Links}
	w.Canon = faultyCanon{f, p.Canon}
	w.Rejects = faultyRejects{f, p.Rejects}
	w.Intents = faultyIntents{f, p.Intents}
	w.Suppressions = faultySuppressions{f, p.Suppressions}
	w.Docs = faultyDocs{f, p.Docs}
	w.Contacts = faultyContacts{f, p.Contacts}
	w.Shots = faultySnapshots{f, p.Shots}
	w.Scratch = faultyScratch{f, p.Scratch}
	w.Channels = make(map[string]app.Channel, len(p.Channels))
	for name, c := range p.Channels {
		w.Channels[name] = faultyChannel{f, name, c}
	}
	return w, f
}

// Begin forgets the calls so far and follows a plan from now on.
func (f *Faults) Begin(plan Plan) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.plan, f.names = plan, nil
}

// Ignore leaves calls out of the count: those for whose name (such as "Spill.Append") ignore is true never fail, unless the
// plan has Dead and its call has failed already.
func (f *Faults) Ignore(ignore func(name string) bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.ignore = ignore
}

// Calls returns the number of calls since Begin.
func (f *Faults) Calls() int { return len(f.Names()) }

// Names returns the names of the calls since Begin, such as "Profiles.Write", in their order.
func (f *Faults) Names() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]string(nil), f.names...)
}

// Hit reports whether the planned call has come.
func (f *Faults) Hit() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.plan.Call > 0 && len(f.names) >= f.plan.Call
}

// count notes a call. before is the error of a call that must not take effect, after that of one that does.
func (f *Faults) count(name string) (before, after error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	hit := f.plan.Call > 0 && len(f.names) >= f.plan.Call
	if hit && f.plan.Dead {
		return f.plan.Err, nil
	}
	if f.ignore != nil && f.ignore(name) {
		return nil, nil
	}
	f.names = append(f.names, name)
	if len(f.names) != f.plan.Call {
		return nil, nil
	}
	if f.plan.After {
		return nil, f.plan.Err
	}
	return f.plan.Err, nil
}

// do makes a call without a result.
func (f *Faults) do(name string, call func() error) error {
	before, after := f.count(name)
	if before != nil {
		return before
	}
	if err := call(); err != nil {
		return err
	}
	return after
}

// value makes a call with a result.
func value[T any](f *Faults, name string, call func() (T, error)) (v T, err error) {
	err = f.do(name, func() error {
		v, err = call()
		return err
	})
	if err != nil {
		var none T
		return none, err
	}
	return v, nil
}

// steps makes each step of an iterator a call, the last one too, which finds that there is nothing more. A step that fails
// after its effect yields its value, and the error in place of the next.
func steps[T any](f *Faults, name string, seq iter.Seq2[T, error]) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var none T
		var late error
		for v, err := range seq {
			if late != nil {
				yield(none, late)
				return
			}
			before, after := f.count(name)
			if before != nil {
				yield(none, before)
				return
			}
			late = after
			if !yield(v, err) {
				return
			}
		}
		if late == nil {
			before, after := f.count(name)
			late = before
			if late == nil {
				late = after
			}
		}
		if late != nil {
			yield(none, late)
		}
	}
}

type faultyUploads struct {
	f *Faults
	p app.Uploads
}

func (w faultyUploads) List(ctx context.Context, prefix string) ([]app.Upload, error) {
	return value(w.f, "Uploads.List", func() ([]app.Upload, error) { return w.p.List(ctx, prefix) })
}

func (w faultyUploads) Stat(ctx context.Context, key, object string) (app.Upload, error) {
	return value(w.f, "Uploads.Stat", func() (app.Upload, error) { return w.p.Stat(ctx, key, object) })
}

func (w faultyUploads) Open(ctx context.Context, key, object string) (app.UploadReader, error) {
	var r app.UploadReader
	err := w.f.do("Uploads.Open", func() (err error) {
		r, err = w.p.Open(ctx, key, object)
		return err
	})
	if err != nil {
		if r != nil {
			_ = r.Close()
		}
		return nil, err
	}
	return faultyReader{w.f, r}, nil
}

func (w faultyUploads) Put(ctx context.Context, key string, r io.Reader) (app.Upload, error) {
	return value(w.f, "Uploads.Put", func() (app.Upload, error) { return w.p.Put(ctx, key, r) })
}

func (w faultyUploads) Delete(ctx context.Context, key string) error {
	return w.f.do("Uploads.Delete", func() error { return w.p.Delete(ctx, key) })
}

type faultyReader struct {
	f *Faults
	app.UploadReader
}

func (w faultyReader) ReadAt(b []byte, at int64) (n int, err error) {
	before, after := w.f.count("UploadReader.ReadAt")
	if before != nil {
		return 0, before
	}
	if n, err = w.UploadReader.ReadAt(b, at); after != nil {
		return 0, after
	}
	return n, err
}

// Close closes the file whatever the plan: a reader that stays open is not what a crash leaves behind.
func (w faultyReader) Close() error {
	before, after := w.f.count("UploadReader.Close")
	err := w.UploadReader.Close()
	switch {
	case before != nil:
		return before
	case after != nil:
		return after
	}
	return err
}

type faultyLedger struct {
	f *Faults
	p app.Ledger
}

func (w faultyLedger) Begin(ctx context.Context, file app.File) (stored app.File, known bool, err error) {
	err = w.f.do("Ledger.Begin", func() (err error) {
		stored, known, err = w.p.Begin(ctx, file)
		return err
	})
	if err != nil {
		return app.File{}, false, err
	}
	return stored, known, nil
}

func (w faultyLedger) File(ctx context.Context, id string) (app.File, error) {
	return value(w.f, "Ledger.File", func() (app.File, error) { return w.p.File(ctx, id) })
}

func (w faultyLedger) Files(ctx context.Context, after string, limit int) ([]app.File, error) {
	return value(w.f, "Ledger.Files", func() ([]app.File, error) { return w.p.Files(ctx, after, limit) })
}

func (w faultyLedger) Update(ctx context.Context, file app.File) error {
	return w.f.do("Ledger.Update", func() error { return w.p.Update(ctx, file) })
}

func (w faultyLedger) Chunk(ctx context.Context, file string, chunk int) (app.Chunk, error) {
	return value(w.f, "Ledger.Chunk", func() (app.Chunk, error) { return w.p.Chunk(ctx, file, chunk) })
}

func (w faultyLedger) PutChunk(ctx context.Context, c app.Chunk) error {
	return w.f.do("Ledger.PutChunk", func() error { return w.p.PutChunk(ctx, c) })
}

type faultyProfiles struct {
	f *Faults
	p app.Profiles
}

func (w faultyProfiles) Get(ctx context.Context, keys []string) ([]app.Item, error) {
	return value(w.f, "Profiles.Get", func() ([]app.Item, error) { return w.p.Get(ctx, keys) })
}

func (w faultyProfiles) Write(ctx context.Context, writes []app.UserWrite) ([]error, error) {
	return value(w.f, "Profiles.Write", func() ([]error, error) { return w.p.Write(ctx, writes) })
}

func (w faultyProfiles) Forget(ctx context.Context, keys []string) error {
	return w.f.do("Profiles.Forget", func() error { return w.p.Forget(ctx, keys) })
}

func (w faultyProfiles) Scan(ctx context.Context, after string, limit int) ([]app.Item, error) {
	return value(w.f, "Profiles.Scan", func() ([]app.Item, error) { return w.p.Scan(ctx, after, limit) })
}

func (w faultyProfiles) Due(ctx context.Context, until int64, after string, limit int) (keys []string, next string, err error) {
	err = w.f.do("Profiles.Due", func() (err error) {
		keys, next, err = w.p.Due(ctx, until, after, limit)
		return err
	})
	if err != nil {
		return nil, "", err
	}
	return keys, next, nil
}

func (w faultyProfiles) Count(ctx context.Context) (int64, error) {
	return value(w.f, "Profiles.Count", func() (int64, error) { return w.p.Count(ctx) })
}

func (w faultyProfiles) Exact(ctx context.Context) (int64, error) {
	return value(w.f, "Profiles.Exact", func() (int64, error) { return w.p.Exact(ctx) })
}

func (w faultyProfiles) Revision(ctx context.Context) (int64, error) {
	return value(w.f, "Profiles.Revision", func() (int64, error) { return w.p.Revision(ctx) })
}

func (w faultyProfiles) Decisions(ctx context.Context, key string, limit int) ([]app.Decision, error) {
	return value(w.f, "Profiles.Decisions", func() ([]app.Decision, error) { return w.p.Decisions(ctx, key, limit) })
}

type faultyLinks struct {
	f *Faults
	p app.Links
}

func (w faultyLinks) Touching(ctx context.Context, ids []string) ([]app.Link, error) {
	return value(w.f, "Links.Touching", func() ([]app.Link, error) { return w.p.Touching(ctx, ids) })
}

func (w faultyLinks) Stored(ctx context.Context, facts []app.Link) ([]app.Link, error) {
	return value(w.f, "Links.Stored", func() ([]app.Link, error) { return w.p.Stored(ctx, facts) })
}

func (w faultyLinks) Resolve(ctx context.Context, keys []string) (map[string]string, error) {
	return value(w.f, "Links.Resolve", func() (map[string]string, error) { return w.p.Resolve(ctx, keys) })
}

func (w faultyLinks) Apply(ctx context.Context, facts []app.Link, pointers map[string]string) error {
	return w.f.do("Links.Apply", func() error { return w.p.Apply(ctx, facts, pointers) })
}

func (w faultyLinks) Forget(ctx context.Context, ids []string) error {
	return w.f.do("Links.Forget", func() error { return w.p.Forget(ctx, ids) })
}

func (w faultyLinks) Any(ctx context.Context) (bool, error) {
	return value(w.f, "Links.Any", func() (bool, error) { return w.p.Any(ctx) })
}

func (w faultyLinks) All(ctx context.Context) ([]app.Link, error) {
	return value(w.f, "Links.All", func() ([]app.Link, error) { return w.p.All(ctx) })
}

type faultyCanon struct {
	f *Faults
	p app.Canon
}

func (w faultyCanon) Buckets() int { return w.p.Buckets() }

func (w faultyCanon) Write(ctx context.Context, file string, chunk, bucket int, rows []app.Row) error {
	return w.f.do("Canon.Write", func() error { return w.p.Write(ctx, file, chunk, bucket, rows) })
}

func (w faultyCanon) Read(ctx context.Context, filter app.RowFilter) iter.Seq2[app.Row, error] {
	return steps(w.f, "Canon.Read", w.p.Read(ctx, filter))
}

func (w faultyCanon) Erase(ctx context.Context, keys []string) (int64, error) {
	return value(w.f, "Canon.Erase", func() (int64, error) { return w.p.Erase(ctx, keys) })
}

func (w faultyCanon) Compact(ctx context.Context, bucket int, all bool, change func([]app.Row) ([]app.Row, error)) (app.Compacted, error) {
	return value(w.f, "Canon.Compact", func() (app.Compacted, error) { return w.p.Compact(ctx, bucket, all, change) })
}

func (w faultyCanon) Drop(ctx context.Context, file string) error {
	return w.f.do("Canon.Drop", func() error { return w.p.Drop(ctx, file) })
}

type faultyRejects struct {
	f *Faults
	p app.Rejects
}

func (w faultyRejects) Put(ctx context.Context, rs []app.Reject) error {
	return w.f.do("Rejects.Put", func() error { return w.p.Put(ctx, rs) })
}

func (w faultyRejects) List(ctx context.Context, file, afterFile string, afterLine int64, limit int) ([]app.Reject, error) {
	return value(w.f, "Rejects.List", func() ([]app.Reject, error) { return w.p.List(ctx, file, afterFile, afterLine, limit) })
}

func (w faultyRejects) Redriven(ctx context.Context, file, by string) error {
	return w.f.do("Rejects.Redriven", func() error { return w.p.Redriven(ctx, file, by) })
}

func (w faultyRejects) Expire(ctx context.Context, before int64) (int64, error) {
	return value(w.f, "Rejects.Expire", func() (int64, error) { return w.p.Expire(ctx, before) })
}

func (w faultyRejects) Counts(ctx context.Context, file string) (map[string]int64, error) {
	return value(w.f, "Rejects.Counts", func() (map[string]int64, error) { return w.p.Counts(ctx, file) })
}

type faultyIntents struct {
	f *Faults
	p app.Intents
}

func (w faultyIntents) List(ctx context.Context, q app.IntentQuery) ([]app.Intent, error) {
	return value(w.f, "Intents.List", func() ([]app.Intent, error) { return w.p.List(ctx, q) })
}

func (w faultyIntents) Claim(ctx context.Context, c app.Claim) (bool, error) {
	return value(w.f, "Intents.Claim", func() (bool, error) { return w.p.Claim(ctx, c) })
}

func (w faultyIntents) Log(ctx context.Context, user string) (outreach.Log, error) {
	return value(w.f, "Intents.Log", func() (outreach.Log, error) { return w.p.Log(ctx, user) })
}

func (w faultyIntents) Release(ctx context.Context, id string, day zone.Day, until int64, why string) error {
	return w.f.do("Intents.Release", func() error { return w.p.Release(ctx, id, day, until, why) })
}

func (w faultyIntents) Hold(ctx context.Context, id string, until int64, why string) error {
	return w.f.do("Intents.Hold", func() error { return w.p.Hold(ctx, id, until, why) })
}

func (w faultyIntents) Settle(ctx context.Context, in app.Intent, from app.IntentStatus) error {
	return w.f.do("Intents.Settle", func() error { return w.p.Settle(ctx, in, from) })
}

func (w faultyIntents) Claimed(ctx context.Context, day zone.Day) (int, error) {
	return value(w.f, "Intents.Claimed", func() (int, error) { return w.p.Claimed(ctx, day) })
}

func (w faultyIntents) Counts(ctx context.Context) (map[app.IntentStatus]int64, error) {
	return value(w.f, "Intents.Counts", func() (map[app.IntentStatus]int64, error) { return w.p.Counts(ctx) })
}

type faultyDocs struct {
	f *Faults
	p app.Docs
}

func (w faultyDocs) Get(ctx context.Context, key string) (app.Doc, error) {
	return value(w.f, "Docs.Get", func() (app.Doc, error) { return w.p.Get(ctx, key) })
}

func (w faultyDocs) Put(ctx context.Context, d app.Doc) error {
	return w.f.do("Docs.Put", func() error { return w.p.Put(ctx, d) })
}

func (w faultyDocs) List(ctx context.Context, prefix string) ([]app.Doc, error) {
	return value(w.f, "Docs.List", func() ([]app.Doc, error) { return w.p.List(ctx, prefix) })
}

type faultySnapshots struct {
	f *Faults
	p app.Snapshots
}

// Put reads the source to its end even when the call fails before its effect: whoever writes into it must not wait for ever.
func (w faultySnapshots) Put(ctx context.Context, generation, name string, r io.Reader) error {
	err := w.f.do("Snapshots.Put", func() error { return w.p.Put(ctx, generation, name, r) })
	_, _ = io.Copy(io.Discard, r)
	return err
}

func (w faultySnapshots) Get(ctx context.Context, generation, name string) ([]byte, error) {
	return value(w.f, "Snapshots.Get", func() ([]byte, error) { return w.p.Get(ctx, generation, name) })
}

func (w faultySnapshots) Generations(ctx context.Context) ([]string, error) {
	return value(w.f, "Snapshots.Generations", func() ([]string, error) { return w.p.Generations(ctx) })
}

func (w faultySnapshots) Remove(ctx context.Context, generation string) error {
	return w.f.do("Snapshots.Remove", func() error { return w.p.Remove(ctx, generation) })
}

type faultyScratch struct {
	f *Faults
	p app.Scratch
}

func (w faultyScratch) Open(ctx context.Context, n int) (app.Spill, error) {
	var s app.Spill
	err := w.f.do("Scratch.Open", func() (err error) {
		s, err = w.p.Open(ctx, n)
		return err
	})
	if err != nil {
		if s != nil {
			_ = s.Close()
		}
		return nil, err
	}
	return faultySpill{w.f, s}, nil
}

type faultySpill struct {
	f *Faults
	p app.Spill
}

func (w faultySpill) Append(part int, record []byte) error {
	return w.f.do("Spill.Append", func() error { return w.p.Append(part, record) })
}

func (w faultySpill) Flush() error { return w.f.do("Spill.Flush", w.p.Flush) }

func (w faultySpill) Read(part int) iter.Seq2[[]byte, error] {
	return steps(w.f, "Spill.Read", w.p.Read(part))
}

func (w faultySpill) Bytes(part int) int64 { return w.p.Bytes(part) }

// Close closes the spill whatever the plan, as the end of a process does.
func (w faultySpill) Close() error {
	before, after := w.f.count("Spill.Close")
	err := w.p.Close()
	switch {
	case before != nil:
		return before
	case after != nil:
		return after
	}
	return err
}

type faultyChannel struct {
	f    *Faults
	name string
	p    app.Channel
}

func (w faultyChannel) Send(ctx context.Context, m app.Message) error {
	return w.f.do("Channel."+w.name+".Send", func() error { return w.p.Send(ctx, m) })
}

func (w faultyChannel) Idempotent() bool { return w.p.Idempotent() }
