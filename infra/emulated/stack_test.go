package emulated

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	weiraws "github.com/weir-engine/weir/infra/aws"
	"github.com/weir-engine/weir/infra/embedded"
	"github.com/weir-engine/weir/shared/app"
	"github.com/weir-engine/weir/shared/fault"
)

var build = sync.OnceValue(func() error { return Build(context.Background()) })

// openStack starts the stack of the project's template, or skips the test where a stand-in is missing.
func openStack(t testing.TB, o Options) *Stack {
	t.Helper()
	must(t, build())
	log := &testLog{t: t}
	if o.Output != nil {
		o.Output = io.MultiWriter(o.Output, log)
	} else {
		o.Output = log
	}
	o.Dir, o.Log = t.TempDir(), slog.New(slog.NewTextHandler(log, nil))
	s, err := Open(context.Background(), o)
	if fault.Is(err, fault.NotFound) {
		t.Skip(err, fault.HintOf(err))
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		s.Close()
		log.show()
	})
	return s
}

// testLog shows what was logged when the test failed.
type testLog struct {
	t     testing.TB
	mu    sync.Mutex
	b     bytes.Buffer
	grown chan struct{} // closed when something is written
}

func (l *testLog) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.grown != nil {
		close(l.grown)
		l.grown = nil
	}
	return l.b.Write(p)
}

// growth is closed once more is written than the caller, who holds the lock, has seen.
func (l *testLog) growth() <-chan struct{} {
	if l.grown == nil {
		l.grown = make(chan struct{})
	}
	return l.grown
}

func (l *testLog) show() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if text := l.b.String(); l.t.Failed() {
		l.t.Log(text[max(0, len(text)-20_000):])
	}
}

// traces is what the life of a base leaves.
type traces struct {
	items     []app.Item
	decisions []app.Decision
	intents   []app.Intent
	sent      []app.Message
	files     []app.File
}

// look reads the traces of a base, but for what was sent.
func look(t *testing.T, ports app.Ports) (w traces) {
	t.Helper()
	ctx := context.Background()
	for after := ""; ; {
		page, err := ports.Profiles.Scan(ctx, after, 500)
		must(t, err)
		if len(page) == 0 {
			break
		}
		w.items = append(w.items, page...)
		after = page[len(page)-1].Key
	}
	slices.SortFunc(w.items, func(x, y app.Item) int { return strings.Compare(x.Key, y.Key) })
	for i, item := range w.items {
		all, err := ports.Profiles.Decisions(ctx, item.Key, 100)
		must(t, err)
		w.decisions = append(w.decisions, all...)
		w.items[i] = app.Item{Key: item.Key, Facts: item.Facts, State: item.State, Rebase: item.Rebase}
	}
	var err error
	w.intents, err = ports.Intents.List(ctx, app.IntentQuery{Limit: 100_000})
	must(t, err)
	files, err := ports.Ledger.Files(ctx, "", 100)
	must(t, err)
	for _, f := range files {
		if f.Status == app.FileDone {
			w.files = append(w.files, app.File{ID: f.ID, Name: f.Name, AsOf: f.AsOf, Status: f.Status, Counts: f.Counts})
		}
	}
	slices.SortFunc(w.files, func(x, y app.File) int { return strings.Compare(x.Name, y.Name) })
	return w
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err, fault.HintOf(err))
	}
}

// outbox is a channel in memory.
type outbox struct{ sent []app.Message }

func (o *outbox) Send(_ context.Context, m app.Message) error { o.sent = append(o.sent, m); return nil }
func (o *outbox) Idempotent() bool                            { return true }

func sortMessages(all []app.Message) {
	slices.SortFunc(all, func(x, y app.Message) int { return cmp.Compare(x.ID, y.ID) })
}

// liveHere lives the life of the sample on one machine.
func liveHere(t *testing.T, share string) traces {
	t.Helper()
	ctx := context.Background()
	store, err := embedded.Open(t.TempDir(), embedded.Options{NoSync: true})
	must(t, err)
	t.Cleanup(func() { _ = store.Close() })
	ports, sent := store.Ports(func() int64 { return time.Now().UnixMilli() }), &outbox{}
	ports.Channels = map[string]app.Channel{embedded.OutboxChannel: sent}
	a, err := app.New(ctx, ports, app.Options{})
	must(t, err)
	begin(t, a)
	for _, p := range sampleParts(t, share) {
		must(t, a.PinClock(ctx, p.at))
		_, err := a.Import(ctx, app.ImportRequest{Name: p.name, Source: bytes.NewReader(p.content), Size: int64(len(p.content))})
		must(t, err)
		_, err = a.Deliver(ctx)
		must(t, err)
		_, err = a.Sweep(ctx, nil)
		must(t, err)
		_, err = a.Deliver(ctx)
		must(t, err)
	}
	w := look(t, ports)
	w.sent = sent.sent
	sortMessages(w.sent)
	return w
}

func begin(t *testing.T, a *app.App) {
	t.Helper()
	must(t, a.PinClock(context.Background(), time.Date(1997, 1, 1, 0, 0, 0, 0, time.UTC).UnixMilli()))
	_, err := a.Publish(context.Background(), app.PublishRequest{Text: []byte(strings.Replace(twinStrategy, "300", "100000", 1))})
	must(t, err)
}

// cloud is the base of a stack, as a test looks at it.
type cloud struct {
	*Stack
	ports app.Ports
	app   *app.App
}

func openCloud(t *testing.T, o Options) *cloud {
	t.Helper()
	s := openStack(t, o)
	store, err := weiraws.Open(context.Background(), s.DynamoDB, s.S3, s.KMS, weiraws.Config{Key: KeyARN, Table: Name, Bucket: Name, Scratch: t.TempDir()})
	must(t, err)
	c := &cloud{Stack: s, ports: store.Ports(func() int64 { return time.Now().UnixMilli() }, nil)}
	c.app, err = app.New(context.Background(), c.ports, app.Options{Holder: "test"})
	must(t, err)
	return c
}

func (c *cloud) put(t *testing.T, key string, content []byte) {
	t.Helper()
	_, err := c.S3.PutObject(context.Background(), &s3.PutObjectInput{Bucket: aws.String(Name), Key: aws.String(key), Body: bytes.NewReader(content)})
	must(t, err)
}

// live puts the sample's files into the bucket at their moments, and lets time pass after each.
func (c *cloud) live(t *testing.T, share string) traces {
	t.Helper()
	ctx := context.Background()
	begin(t, c.app)
	for _, p := range sampleParts(t, share) {
		must(t, c.app.PinClock(ctx, p.at))
		c.put(t, "events/main/a day + more/"+p.name, p.content)
		c.until(t, p.name+" is in", func() bool {
			f, err := c.file(p.name)
			return err == nil && f.Status == app.FileDone
		})
		c.settle(t)
		c.until(t, "the sweep is through", func() bool {
			_, err := c.Functions["SweepFunction"].Invoke(ctx, []byte(`{}`))
			return err == nil
		})
		c.settle(t)
	}
	w := look(t, c.ports)
	w.sent = c.sent(t)
	return w
}

func (c *cloud) file(name string) (app.File, error) {
	files, err := c.ports.Ledger.Files(context.Background(), "", 100)
	if err != nil {
		return app.File{}, err
	}
	for _, f := range files {
		if f.Name == name {
			return f, nil
		}
	}
	return app.File{}, fault.New(fault.NotFound, "no file is called %s", name)
}

// patience is how long a test waits for what must come.
func patience() time.Duration {
	if soak() {
		return 20 * time.Minute
	}
	return 4 * time.Minute
}

// settle waits until nothing moves any more.
func (c *cloud) settle(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience())
	defer cancel()
	must(t, c.Drained(ctx))
	c.until(t, "no message is pending", func() bool {
		counts, err := c.ports.Intents.Counts(ctx)
		return err == nil && counts[app.IntentPending] == 0
	})
	must(t, c.Drained(ctx))
}

// until waits for a condition.
func (c *cloud) until(t *testing.T, what string, holds func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience())
	defer cancel()
	for !holds() {
		select {
		case <-time.After(pollPause):
		case <-ctx.Done():
			t.Fatalf("waited in vain until %s", what)
		}
	}
}

// sent reads the messages in the bucket's outbox.
func (c *cloud) sent(t *testing.T) (all []app.Message) {
	t.Helper()
	ctx := context.Background()
	in := &s3.ListObjectsV2Input{Bucket: aws.String(Name), Prefix: aws.String("outbox/main/")}
	for {
		page, err := c.S3.ListObjectsV2(ctx, in)
		must(t, err)
		for _, o := range page.Contents {
			got, err := c.S3.GetObject(ctx, &s3.GetObjectInput{Bucket: aws.String(Name), Key: o.Key})
			must(t, err)
			text, err := io.ReadAll(got.Body)
			must(t, err)
			_ = got.Body.Close()
			var m app.Message
			must(t, json.Unmarshal(text, &m))
			all = append(all, m)
		}
		if in.ContinuationToken = page.NextContinuationToken; in.ContinuationToken == nil {
			sortMessages(all)
			return all
		}
	}
}

// same fails the test where two lives left other traces.
func same(t *testing.T, want, got traces) {
	t.Helper()
	for _, pair := range []struct {
		name      string
		want, got any
	}{
		{"files", want.files, got.files},
		{"profiles", want.items, got.items},
		{"decisions", want.decisions, got.decisions},
		{"intents", want.intents, got.intents},
		{"messages", want.sent, got.sent},
	} {
		if d := diff(pair.want, pair.got); d != "" {
			t.Errorf("%s differ (-one machine +AWS):\n%.3000s", pair.name, d)
		}
	}
	if len(got.items) == 0 || len(got.sent) == 0 || len(got.files) != 5 {
		t.Errorf("%d profiles, %d messages were sent, %d files are in", len(got.items), len(got.sent), len(got.files))
	}
	t.Logf("%d profiles, %d decisions, %d intents, %d messages", len(got.items), len(got.decisions), len(got.intents), len(got.sent))
}

// creations counts how often each object under a prefix was written.
type creations struct {
	mu     sync.Mutex
	prefix string
	counts map[string]int
}

func (c *creations) seen(event, _, key string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if strings.HasPrefix(event, "ObjectCreated:") && strings.HasPrefix(key, c.prefix) {
		c.counts[key]++
	}
}

func (c *creations) twice() (all []string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for key, n := range c.counts {
		if n > 1 {
			all = append(all, fmt.Sprint(key, " ", n))
		}
	}
	slices.Sort(all)
	return all
}
