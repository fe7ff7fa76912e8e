package app_test

import (
	"context"
	"errors"
	"io"
	"iter"
	"sync"

	"github.com/weir-engine/weir/shared/app"
	"github.com/weir-engine/weir/shared/zone"
)

// killer counts the port calls of a run and kills the process at one of them: before the call happens, or after it happened
// and before its caller learns of it. A dead process gets nothing done: every later call fails too.
type killer struct {
	mu    sync.Mutex
	calls []string // names of the calls so far
	at    int      // number of the call to die at, from 1; 0 never
	after bool
	dead  bool
}

var errKilled = errors.New("the process was killed")

func (k *killer) enter(name string) (n int, err error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.dead {
		return 0, errKilled
	}
	k.calls = append(k.calls, name)
	n = len(k.calls)
	if n == k.at && !k.after {
		k.dead = true
		return n, errKilled
	}
	return n, nil
}

func (k *killer) leave(n int) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if n == k.at && k.after {
		k.dead = true
	}
	if k.dead {
		return errKilled
	}
	return nil
}

func (k *killer) killed() bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.dead
}

// call runs one port call under the killer.
func call[T any](k *killer, name string, do func() (T, error)) (T, error) {
	var zero T
	n, err := k.enter(name)
	if err != nil {
		return zero, err
	}
	v, failure := do()
	if err := k.leave(n); err != nil {
		return zero, err
	}
	return v, failure
}

func run(k *killer, name string, do func() error) error {
	_, err := call(k, name, func() (struct{}, error) { return struct{}{}, do() })
	return err
}

// pull runs a call that yields: the kill before it yields nothing, the one after it ends it with an error.
func pull[T any](k *killer, name string, seq iter.Seq2[T, error]) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var zero T
		n, err := k.enter(name)
		if err != nil {
			yield(zero, err)
			return
		}
		for v, err := range seq {
			if !yield(v, err) {
				return
			}
		}
		if err := k.leave(n); err != nil {
			yield(zero, err)
		}
	}
}

// killable wraps ports so that k sees every call.
func killable(p app.Ports, k *killer) app.Ports {
	p.Uploads, p.Ledger, p.Profiles = killUploads{p.Uploads, k}, killLedger{p.Ledger, k}, killProfiles{p.Profiles, k}
	p.Links, p.Canon, p.Rejects = killLinks{p.Links, k}, killCanon{p.Canon, k}, killRejects{p.Rejects, k}
	p.Intents, p.Docs, p.Scratch = killIntents{p.Intents, k}, killDocs{p.Docs, k}, killScratch{p.Scratch, k}
	channels := map[string]app.Channel{}
	for name, c := range p.Channels {
		channels[name] = killChannel{c, k}
	}
	p.Channels = channels
	return p
}

type killUploads struct {
	app.Uploads
	k *killer
}

func (p killUploads) List(ctx context.Context, prefix string) ([]app.Upload, error) {
	return call(p.k, "Uploads.List", func() ([]app.Upload, error) { return p.Uploads.List(ctx, prefix) })
}

func (p killUploads) Open(ctx context.Context, key string) (app.UploadReader, error) {
	return call(p.k, "Uploads.Open", func() (app.UploadReader, error) { return p.Uploads.Open(ctx, key) })
}

func (p killUploads) Put(ctx context.Context, key string, r io.Reader) (app.Upload, error) {
	return call(p.k, "Uploads.Put", func() (app.Upload, error) { return p.Uploads.Put(ctx, key, r) })
}

func (p killUploads) Delete(ctx context.Context, key string) error {
	return run(p.k, "Uploads.Delete", func() error { return p.Uploads.Delete(ctx, key) })
}

type killLedger struct {
	app.Ledger
	k *killer
}

func (p killLedger) Begin(ctx context.Context, f app.File) (stored app.File, known bool, err error) {
	err = run(p.k, "Ledger.Begin", func() (err error) { stored, known, err = p.Ledger.Begin(ctx, f); return err })
	return stored, known, err
}

func (p killLedger) File(ctx context.Context, id string) (app.File, error) {
	return call(p.k, "Ledger.File", func() (app.File, error) { return p.Ledger.File(ctx, id) })
}

func (p killLedger) Files(ctx context.Context, after string, limit int) ([]app.File, error) {
	return call(p.k, "Ledger.Files", func() ([]app.File, error) { return p.Ledger.Files(ctx, after, limit) })
}

func (p killLedger) Update(ctx context.Context, f app.File) error {
	return run(p.k, "Ledger.Update", func() error { return p.Ledger.Update(ctx, f) })
}

func (p killLedger) Chunk(ctx context.Context, file string, chunk int) (app.Chunk, error) {
	return call(p.k, "Ledger.Chunk", func() (app.Chunk, error) { return p.Ledger.Chunk(ctx, file, chunk) })
}

func (p killLedger) PutChunk(ctx context.Context, c app.Chunk) error {
	return run(p.k, "Ledger.PutChunk", func() error { return p.Ledger.PutChunk(ctx, c) })
}

type killProfiles struct {
	app.Profiles
	k *killer
}

func (p killProfiles) Get(ctx context.Context, keys []string) ([]app.Item, error) {
	return call(p.k, "Profiles.Get", func() ([]app.Item, error) { return p.Profiles.Get(ctx, keys) })
}

func (p killProfiles) Write(ctx context.Context, writes []app.UserWrite) ([]error, error) {
	return call(p.k, "Profiles.Write", func() ([]error, error) { return p.Profiles.Write(ctx, writes) })
}

func (p killProfiles) Scan(ctx context.Context, after string, limit int) ([]app.Item, error) {
	return call(p.k, "Profiles.Scan", func() ([]app.Item, error) { return p.Profiles.Scan(ctx, after, limit) })
}

func (p killProfiles) Count(ctx context.Context) (int64, error) {
	return call(p.k, "Profiles.Count", func() (int64, error) { return p.Profiles.Count(ctx) })
}

func (p killProfiles) Revision(ctx context.Context) (int64, error) {
	return call(p.k, "Profiles.Revision", func() (int64, error) { return p.Profiles.Revision(ctx) })
}

func (p killProfiles) Decisions(ctx context.Context, key string, limit int) ([]app.Decision, error) {
	return call(p.k, "Profiles.Decisions", func() ([]app.Decision, error) { return p.Profiles.Decisions(ctx, key, limit) })
}

type killLinks struct {
	app.Links
	k *killer
}

func (p killLinks) Touching(ctx context.Context, ids []string) ([]app.Link, error) {
	return call(p.k, "Links.Touching", func() ([]app.Link, error) { return p.Links.Touching(ctx, ids) })
}

func (p killLinks) Resolve(ctx context.Context, keys []string) (map[string]string, error) {
	return call(p.k, "Links.Resolve", func() (map[string]string, error) { return p.Links.Resolve(ctx, keys) })
}

func (p killLinks) Apply(ctx context.Context, facts []app.Link, pointers map[string]string) error {
	return run(p.k, "Links.Apply", func() error { return p.Links.Apply(ctx, facts, pointers) })
}

func (p killLinks) Any(ctx context.Context) (bool, error) {
	return call(p.k, "Links.Any", func() (bool, error) { return p.Links.Any(ctx) })
}

func (p killLinks) All(ctx context.Context) ([]app.Link, error) {
	return call(p.k, "Links.All", func() ([]app.Link, error) { return p.Links.All(ctx) })
}

type killCanon struct {
	app.Canon
	k *killer
}

func (p killCanon) Write(ctx context.Context, file string, chunk, bucket int, rows []app.Row) error {
	return run(p.k, "Canon.Write", func() error { return p.Canon.Write(ctx, file, chunk, bucket, rows) })
}

func (p killCanon) Read(ctx context.Context, f app.RowFilter) iter.Seq2[app.Row, error] {
	return pull(p.k, "Canon.Read", p.Canon.Read(ctx, f))
}

func (p killCanon) Drop(ctx context.Context, file string) error {
	return run(p.k, "Canon.Drop", func() error { return p.Canon.Drop(ctx, file) })
}

type killRejects struct {
	app.Rejects
	k *killer
}

func (p killRejects) Put(ctx context.Context, rs []app.Reject) error {
	return run(p.k, "Rejects.Put", func() error { return p.Rejects.Put(ctx, rs) })
}

func (p killRejects) List(ctx context.Context, file, afterFile string, afterLine int64, limit int) ([]app.Reject, error) {
	return call(p.k, "Rejects.List", func() ([]app.Reject, error) { return p.Rejects.List(ctx, file, afterFile, afterLine, limit) })
}

func (p killRejects) Redriven(ctx context.Context, file, by string) error {
	return run(p.k, "Rejects.Redriven", func() error { return p.Rejects.Redriven(ctx, file, by) })
}

func (p killRejects) Counts(ctx context.Context, file string) (map[string]int64, error) {
	return call(p.k, "Rejects.Counts", func() (map[string]int64, error) { return p.Rejects.Counts(ctx, file) })
}

type killIntents struct {
	app.Intents
	k *killer
}

func (p killIntents) List(ctx context.Context, q app.IntentQuery) ([]app.Intent, error) {
	return call(p.k, "Intents.List", func() ([]app.Intent, error) { return p.Intents.List(ctx, q) })
}

func (p killIntents) Claim(ctx context.Context, id string, at int64, day zone.Day, ceiling int) (bool, error) {
	return call(p.k, "Intents.Claim", func() (bool, error) { return p.Intents.Claim(ctx, id, at, day, ceiling) })
}

func (p killIntents) Settle(ctx context.Context, in app.Intent, from app.IntentStatus) error {
	return run(p.k, "Intents.Settle", func() error { return p.Intents.Settle(ctx, in, from) })
}

func (p killIntents) Claimed(ctx context.Context, day zone.Day) (int, error) {
	return call(p.k, "Intents.Claimed", func() (int, error) { return p.Intents.Claimed(ctx, day) })
}

func (p killIntents) Counts(ctx context.Context) (map[app.IntentStatus]int64, error) {
	return call(p.k, "Intents.Counts", func() (map[app.IntentStatus]int64, error) { return p.Intents.Counts(ctx) })
}

type killDocs struct {
	app.Docs
	k *killer
}

func (p killDocs) Get(ctx context.Context, key string) (app.Doc, error) {
	return call(p.k, "Docs.Get", func() (app.Doc, error) { return p.Docs.Get(ctx, key) })
}

func (p killDocs) Put(ctx context.Context, d app.Doc) error {
	return run(p.k, "Docs.Put", func() error { return p.Docs.Put(ctx, d) })
}

func (p killDocs) List(ctx context.Context, prefix string) ([]app.Doc, error) {
	return call(p.k, "Docs.List", func() ([]app.Doc, error) { return p.Docs.List(ctx, prefix) })
}

type killScratch struct {
	app.Scratch
	k *killer
}

func (p killScratch) Open(ctx context.Context, n int) (app.Spill, error) {
	s, err := call(p.k, "Scratch.Open", func() (app.Spill, error) { return p.Scratch.Open(ctx, n) })
	if err != nil {
		return nil, err
	}
	return killSpill{s, p.k}, nil
}

type killSpill struct {
	app.Spill
	k *killer
}

func (p killSpill) Append(part int, record []byte) error {
	return run(p.k, "Spill.Append", func() error { return p.Spill.Append(part, record) })
}

func (p killSpill) Flush() error { return run(p.k, "Spill.Flush", p.Spill.Flush) }

func (p killSpill) Read(part int) iter.Seq2[[]byte, error] {
	return pull(p.k, "Spill.Read", p.Spill.Read(part))
}

type killChannel struct {
	app.Channel
	k *killer
}

func (p killChannel) Send(ctx context.Context, m app.Message) error {
	return run(p.k, "Channel.Send", func() error { return p.Channel.Send(ctx, m) })
}
