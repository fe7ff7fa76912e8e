package emulated

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go/middleware"

	weiraws "github.com/weir-engine/weir/infra/aws"
	"github.com/weir-engine/weir/shared/app"
	"github.com/weir-engine/weir/shared/fault"
	"github.com/weir-engine/weir/shared/strategy"
)

// soak asks for the tests at full size.
func soak() bool { return os.Getenv("WEIR_SOAK") != "" }

var errKilled = errors.New("the process was killed")

// wire lies between a process and the services: it counts the process's calls and can end the process at one of them, or panic in it,
// before the service has the call or after it answered.
type wire struct {
	mu      sync.Mutex
	calls   int
	names   []string
	point   int // the call to die at; 0 for none
	after   bool
	panics  bool // rather than to die
	met     bool // the process came to the point
	dead    bool
	before  func(operation string, in any) any // may change what is sent; may be nil
	between func(operation string, in any)     // called before each call; may be nil
}

// option puts the wire into the calls of a client.
func (w *wire) option(stack *middleware.Stack) error {
	return stack.Initialize.Add(middleware.InitializeMiddlewareFunc("wire", func(
		ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler,
	) (out middleware.InitializeOutput, meta middleware.Metadata, err error) {
		operation := awsmiddleware.GetOperationName(ctx)
		if operation == "" {
			operation = fmt.Sprintf("%T", in.Parameters)
			operation = strings.TrimSuffix(operation[strings.LastIndexByte(operation, '.')+1:], "Input")
		}
		die, dead := w.count(operation)
		if dead {
			return out, meta, errKilled
		}
		if w.between != nil {
			w.between(operation, in.Parameters)
		}
		if w.before != nil {
			in.Parameters = w.before(operation, in.Parameters)
		}
		out, meta, err = next.HandleInitialize(ctx, in)
		if die {
			return out, meta, w.gone()
		}
		return out, meta, err
	}), middleware.Before)
}

// gone is what the process learns of an answer that does not reach it.
func (w *wire) gone() error {
	if w.panics {
		panic("a call that panics")
	}
	return errKilled
}

// count notes a call. dead says that it does not happen, die that nobody learns its answer.
func (w *wire) count(operation string) (die, dead bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.dead {
		return false, true
	}
	w.calls++
	w.names = append(w.names, operation)
	if w.point > 0 && w.calls == w.point {
		w.met, w.dead = true, !w.panics
		if w.panics && !w.after {
			panic("a call that panics")
		}
		return w.after, !w.after
	}
	return false, false
}

func (w *wire) hit() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.met
}

// phone is a channel that does not know what it sent. It outlives the process, as a provider does; the call to it is one to die at.
type phone struct {
	mu   sync.Mutex
	wire *wire
	sent map[string]int
}

func (p *phone) Send(_ context.Context, m app.Message) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	die, dead := p.wire.count("Send")
	if dead {
		return errKilled
	}
	p.sent[m.ID]++
	if die {
		return p.wire.gone()
	}
	return nil
}

func (p *phone) Idempotent() bool { return false }

// life is a base on the stand-ins and the process that works on it, which can die and start again.
type life struct {
	services  *Services
	workspace string // also the name of its table
	buckets   int
	workers   int
	scratch   string
	now       int64
	phone     *phone
	wire      *wire
	ports     app.Ports
	app       *app.App
	sweeps    []string // why each sweep evaluated everyone; "": it found who was due
}

var lives atomic.Int64

func newLife(t testing.TB, s *Services, buckets int) *life {
	t.Helper()
	l := &life{
		services: s, workspace: fmt.Sprint("life", lives.Add(1)), buckets: buckets, scratch: t.TempDir(), phone: &phone{sent: map[string]int{}},
	}
	_, err := s.DynamoDB.CreateTable(context.Background(), weiraws.TableInput(l.workspace))
	must(t, err)
	return l
}

// end removes the table: the stand-in becomes slower with what it holds.
func (l *life) end(t testing.TB) {
	t.Helper()
	_, err := l.services.DynamoDB.DeleteTable(context.Background(), &dynamodb.DeleteTableInput{TableName: &l.workspace})
	must(t, err)
}

// start starts the process, over a wire that does not break.
func (l *life) start() error { return l.startOver(&wire{}) }

func (l *life) startOver(w *wire) error {
	l.wire, l.phone.wire = w, w
	c := Config()
	tables := dynamodb.NewFromConfig(c, func(o *dynamodb.Options) {
		o.BaseEndpoint, o.APIOptions = &l.services.Tables, append(o.APIOptions, w.option)
	})
	objects := s3.NewFromConfig(c, func(o *s3.Options) {
		o.BaseEndpoint, o.UsePathStyle, o.APIOptions = &l.services.Objects, true, append(o.APIOptions, w.option)
	})
	store, err := weiraws.Open(context.Background(), tables, objects, l.services.KMS, weiraws.Config{
		Table: l.workspace, Bucket: Name, Key: KeyARN, Workspace: l.workspace, Buckets: l.buckets, Scratch: l.scratch,
	})
	if err != nil {
		return err
	}
	l.ports = store.Ports(func() int64 { return l.now }, map[string]app.Channel{strategy.ChannelOutbox: l.phone})
	l.app, err = app.New(context.Background(), l.ports, app.Options{Workers: max(l.workers, 1)})
	return err
}

// put puts a file into the bucket, past the wire.
func (l *life) put(key string, content []byte) error {
	_, err := l.services.S3.PutObject(context.Background(), &s3.PutObjectInput{
		Bucket: awssdk.String(Name), Key: awssdk.String(weiraws.EventsPrefix(l.workspace) + key), Body: bytes.NewReader(content),
	})
	return err
}

// trail is everything that the guarantees speak about, by name.
type trail map[string]string

// remember reads the whole base.
func (l *life) remember() (trail, error) {
	ctx := context.Background()
	if err := l.start(); err != nil {
		return nil, err
	}
	p, out := l.ports, trail{}
	var keys []string
	for after := ""; ; {
		items, err := p.Profiles.Scan(ctx, after, 500)
		if err != nil {
			return nil, err
		}
		if len(items) == 0 {
			break
		}
		for _, i := range items {
			keys = append(keys, i.Key)
			out["facts "+i.Key] = fmt.Sprintf("%x", i.Facts)
			out["state "+i.Key] = fmt.Sprintf("%x", i.State)
			out["recent "+i.Key] = fmt.Sprintf("%x %v", i.Recent, i.Rebase)
			out["due "+i.Key] = fmt.Sprint(i.Due, i.Soon)
		}
		after = items[len(items)-1].Key
	}
	for row, err := range p.Canon.Read(ctx, app.RowFilter{Bucket: -1}) {
		if err != nil {
			return nil, err
		}
		out["row "+row.Key+" "+app.EventID(row.ID)+" "+row.File] = fmt.Sprintf("%+v", row)
		keys = append(keys, strings.Clone(row.Key))
	}
	slices.Sort(keys)
	keys = slices.Compact(keys)
	for _, key := range keys {
		decisions, err := p.Profiles.Decisions(ctx, key, 10_000)
		if err != nil {
			return nil, err
		}
		for _, d := range decisions {
			out[fmt.Sprintf("decision %s %d", d.Key, d.Seq)] = fmt.Sprintf("%d %s", d.AsOf, d.Record)
		}
	}
	return out, l.rememberRest(out, keys)
}

func (l *life) rememberRest(out trail, keys []string) error {
	ctx, p := context.Background(), l.ports
	intents, err := p.Intents.List(ctx, app.IntentQuery{Limit: 100_000})
	if err != nil {
		return err
	}
	for _, in := range intents {
		out["fate "+in.ID] = string(in.Status)
		out["told "+in.ID] = fmt.Sprintf("%s|%s|%s", in.Why, in.Subject, in.Body)
		in.Status, in.Why, in.Subject, in.Body, in.Claimed, in.Settled = "", "", "", "", 0, 0
		out["intent "+in.ID] = fmt.Sprintf("%+v", in)
	}
	files, err := p.Ledger.Files(ctx, "", 1000)
	if err != nil {
		return err
	}
	for _, f := range files {
		f.Version, f.Key, f.Units, f.ETag = 0, "", app.Units{}, ""
		out["file "+f.ID] = fmt.Sprintf("%+v", f)
	}
	rejects, err := p.Rejects.List(ctx, "", "", 0, 10_000)
	if err != nil {
		return err
	}
	for _, r := range rejects {
		out[fmt.Sprintf("reject %s %d %s", r.File, r.Line, r.Reason)] = fmt.Sprintf("%+v", r)
	}
	links, err := p.Links.All(ctx)
	if err != nil {
		return err
	}
	for _, l := range links {
		out[fmt.Sprintf("link %s %s %v", l.A, l.B, l.Alias)] = fmt.Sprintf("%+v", l)
	}
	pointers, err := p.Links.Resolve(ctx, keys)
	if err != nil {
		return err
	}
	for id, canonical := range pointers {
		out["pointer "+id] = canonical
	}
	for _, prefix := range []string{"strategy/", "cuts/", "base", "outreach/"} {
		docs, err := p.Docs.List(ctx, prefix)
		if err != nil {
			return err
		}
		for _, d := range docs {
			out["doc "+d.Key] = string(d.Value)
		}
	}
	return l.rememberWork(out)
}

// rememberWork reads what the longer works left: the snapshot with its due lists, the last job of a kind, receipts of who was forgotten.
func (l *life) rememberWork(out trail) error {
	ctx := context.Background()
	switch s, err := l.app.CurrentSnapshot(ctx); {
	case fault.Is(err, fault.NotFound):
	case err != nil:
		return err
	default:
		m, err := l.app.SnapshotManifest(ctx, s)
		if err != nil {
			return err
		}
		for _, shard := range m.Shards {
			if _, err := l.app.SnapshotFiles(ctx, s)(shard.Path); err != nil {
				return err
			}
			out["shard "+shard.Path] = fmt.Sprint(shard.Rows, shard.Bytes)
		}
		lists, err := l.ports.Shots.Get(ctx, s.Generation, "due.json")
		if err != nil {
			return err
		}
		s.Generation, s.Replaced = "", nil // another try is another generation
		out["snapshot"], out["due lists"] = fmt.Sprintf("%+v", s), string(lists)
	}
	jobs, err := l.app.Jobs(ctx)
	if err != nil {
		return err
	}
	for _, j := range jobs {
		if j.Status == app.JobDone { // one that a defect broke off has failed, and another was begun
			out["job "+j.Kind] = j.Version
		}
	}
	receipts, err := l.app.Receipts(ctx)
	if err != nil {
		return err
	}
	for i, r := range receipts { // keyed by a random key: no two lives have the same hashes
		r.ID, r.Hashes = "", nil
		out[fmt.Sprint("receipt ", i)] = fmt.Sprintf("%+v", r)
	}
	return nil
}

// differences compares two trails and names what differs: at most ten.
func differences(want, got trail) (out []string) {
	for _, k := range slices.Sorted(maps.Keys(want)) {
		switch g, ok := got[k]; {
		case !ok:
			out = append(out, fmt.Sprintf("missing: %s (%.300s)", k, want[k]))
		case g != want[k]:
			out = append(out, fmt.Sprintf("%s:\n\tis   %.500s\n\twant %.500s", k, g, want[k]))
		}
	}
	for _, k := range slices.Sorted(maps.Keys(got)) {
		if _, ok := want[k]; !ok {
			out = append(out, fmt.Sprintf("added: %s (%.300s)", k, got[k]))
		}
	}
	if len(out) > 10 {
		out = append(out[:10], fmt.Sprintf("and %d more", len(out)-10))
	}
	return out
}

// openServices starts the fast stand-ins, or skips the test.
func openServices(t *testing.T) *Services {
	t.Helper()
	s, err := Start(context.Background(), t.TempDir(), true)
	if fault.Is(err, fault.NotFound) {
		t.Skip(err, fault.HintOf(err))
	}
	must(t, err)
	t.Cleanup(s.Close)
	return s
}
