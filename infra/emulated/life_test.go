package emulated

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

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

// wire lies between a process and the services: it counts the process's calls and can end the process at one of them, before the
// service has the call or after it answered.
type wire struct {
	mu      sync.Mutex
	calls   int
	names   []string
	point   int // the call to die at; 0 for none
	after   bool
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
			return out, meta, errKilled
		}
		return out, meta, err
	}), middleware.Before)
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
		w.dead = true
		return w.after, !w.after
	}
	return false, false
}

func (w *wire) hit() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.dead
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
		return errKilled
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

// step is one command of a life at its moment.
type step struct {
	name string
	at   string
	do   func(l *life) error
}

func moment(text string) int64 {
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		panic(err)
	}
	return t.UnixMilli()
}

// lifeStrategy is the commerce preset with rules that send, one in shadow and one by e-mail, which this base does not send.
func lifeStrategy(more string) string {
	text := string(strategy.Init("commerce", "UTC", "USD"))
	return text[:strings.Index(text, "\noutreach:")+1] + `outreach:
  daily_ceiling: 1000
  rules:
    - {name: winback, on: {enter_stage: silent}, template: winback, channel: outbox}
    - {name: welcome, on: {enter_stage: first_purchase}, template: welcome, channel: outbox}
    - {name: watch, on: {enter_segment: new_buyers}, template: welcome, channel: outbox, shadow: true}
    - {name: nowhere, on: {enter_segment: one_time_buyers}, template: welcome, channel: email}
` + more
}

// visit is the script of a life: a history, live files with late events, repetitions, refunds, links and bad lines, deliveries, a
// sweep, another strategy, rejects driven again, and a link that is revoked.
func visit() []step {
	ctx := context.Background()
	lines := stream(11, 150)
	third := len(lines) / 3
	files := map[string][]byte{
		"history.ndjson": join(lines[:third]),
		"live1.ndjson":   join(append(append(slices.Clone(lines[third/2:2*third]), newcomers("n", 3, "2026-03-02T10:00:00Z")...), badLines...)),
		"live2.ndjson":   join(append(append(slices.Clone(lines[2*third-10:]), newcomers("o", 3, "2026-03-08T10:00:00Z")...), `{"type":"nothing"}`)),
	}
	ignore := func(err error, code fault.Code) error {
		if fault.Is(err, code) {
			return nil
		}
		return err
	}
	file := func(name string) func(l *life) error {
		return func(l *life) error {
			if err := l.put(name, files[name]); err != nil {
				return err
			}
			_, err := l.app.ImportKey(ctx, name, "")
			return err
		}
	}
	deliver := func(l *life) error { _, err := l.app.Deliver(ctx); return err }
	sweep := func(l *life) error { _, err := l.app.Sweep(ctx, nil); return err }
	publish := func(text string, existing bool) func(l *life) error {
		return func(l *life) error {
			_, err := l.app.Publish(ctx, app.PublishRequest{Text: []byte(text), IncludeExisting: existing})
			return err
		}
	}
	return []step{
		{"publish", "2026-02-01T00:00:00Z", publish(lifeStrategy(""), false)},
		{"history", "2026-03-01T00:00:00Z", func(l *life) error {
			_, err := l.app.Import(ctx, app.ImportRequest{
				Name: "history", Source: bytes.NewReader(files["history.ndjson"]), Size: int64(len(files["history.ndjson"])), Backfill: true,
			})
			return ignore(err, fault.Conflict)
		}},
		{"live1", "2026-03-03T00:00:00Z", file("live1.ndjson")},
		{"deliver1", "2026-03-03T00:10:00Z", deliver},
		{"live2", "2026-03-09T00:00:00Z", file("live2.ndjson")},
		{"deliver2", "2026-03-09T00:10:00Z", deliver},
		{"sweep", "2026-05-20T00:00:00Z", sweep},
		{"deliver3", "2026-05-20T00:10:00Z", deliver},
		{"republish", "2026-05-21T00:00:00Z", publish(strings.Replace(lifeStrategy(""), "windows: [7, 30]", "windows: [7, 60]", 1), false)},
		{"redrive", "2026-05-22T00:00:00Z", func(l *life) error {
			// What a first try uploaded is imported by its notification, whether or not somebody asks again.
			if _, err := l.app.IngestPending(ctx, nil); err != nil {
				return err
			}
			files, _, err := l.app.Files(ctx, "", 100)
			if err != nil {
				return err
			}
			at := slices.IndexFunc(files, func(f app.File) bool { return f.Name == "live1.ndjson" })
			_, err = l.app.Redrive(ctx, files[at].ID, "", nil)
			return ignore(err, fault.NotFound) // nothing waits any more
		}},
		{"revoke", "2026-05-23T00:00:00Z", func(l *life) error {
			links, err := l.ports.Links.All(ctx)
			if err != nil {
				return err
			}
			at := slices.IndexFunc(links, func(l app.Link) bool { return !l.Alias && strings.HasPrefix(l.A, "anon:") })
			if at < 0 {
				return errors.New("no event linked an anonymous id")
			}
			_, _, err = l.app.RevokeLink(ctx, links[at].A, links[at].B)
			return err
		}},
		{"sweep2", "2026-06-20T00:00:00Z", sweep},
		{"deliver4", "2026-06-20T00:10:00Z", deliver},
	}
}

var badLines = []string{
	`{"type":"track","messageId":"bad1","userId":"u1","event":"Order Completed","timestamp":"2026-03-01T00:00:00Z","properties":{"revenue":"much"}}`,
	`{"type":"track","messageId":"bad2","event":"X"`,
	`{"type":"track","messageId":"bad3","userId":"u1","event":"Later","timestamp":"2027-03-04T00:00:00Z"}`,
}

func join(lines []string) []byte { return []byte(strings.Join(lines, "\n") + "\n") }

// newcomers buy for the first time.
func newcomers(prefix string, n int, when string) (lines []string) {
	for i := range n {
		lines = append(lines, fmt.Sprintf(`{"type":"track","messageId":"%s%d","userId":"%s%d","event":"Order Completed","timestamp":"%s","properties":{"order_id":"%s%d","revenue":5}}`,
			prefix, i, prefix, i, when, prefix, i))
	}
	return lines
}

// stream is a random life of a few users between January and March: purchases, refunds, views without messageId, anonymous visits,
// identify and alias events, and repetitions. Equal lines without messageId count as often as a file holds them.
func stream(seed uint64, events int) (out []string) {
	r := rand.New(rand.NewPCG(seed, 3))
	start := time.Date(2026, 1, 10, 0, 0, 0, 0, time.UTC)
	when := func() string { return start.Add(time.Duration(r.IntN(50*24*60)) * time.Minute).Format(time.RFC3339) }
	user, anon := func() string { return fmt.Sprintf("u%d", r.IntN(12)) }, func() string { return fmt.Sprintf("a%d", r.IntN(8)) }
	add := func(format string, args ...any) { out = append(out, fmt.Sprintf(format, args...)) }
	for i := range events {
		switch r.IntN(10) {
		case 0, 1, 2:
			add(`{"type":"track","messageId":"m%d","userId":"%s","event":"Order Completed","timestamp":"%s","properties":{"order_id":"o%d","revenue":%d.%02d}}`,
				i, user(), when(), r.IntN(40), r.IntN(90), r.IntN(100))
		case 3:
			add(`{"type":"track","messageId":"m%d","userId":"%s","event":"Order Refunded","timestamp":"%s","properties":{"order_id":"o%d","revenue":%d}}`,
				i, user(), when(), r.IntN(40), 1+r.IntN(9))
		case 4, 5:
			add(`{"type":"track","messageId":"m%d","anonymousId":"%s","event":"Product Viewed","timestamp":"%s","properties":{"sku":"s%d"}}`, i, anon(), when(), r.IntN(3))
		case 6:
			add(`{"type":"identify","messageId":"m%d","userId":"%s","anonymousId":"%s","timestamp":"%s","traits":{"city":"c%d"}}`, i, user(), anon(), when(), r.IntN(3))
		case 7:
			add(`{"type":"identify","messageId":"m%d","userId":"%s","timestamp":"%s","traits":{"plan":"p%d"}}`, i, user(), when(), r.IntN(3))
		case 8:
			if i%3 == 0 {
				add(`{"type":"alias","messageId":"m%d","userId":"%s","previousId":"%s","timestamp":"%s"}`, i, user(), user(), when())
				continue
			}
			add(`{"type":"track","userId":"%s","event":"Cart Viewed","timestamp":"%s","properties":{"n":%d}}`, user(), when(), r.IntN(2))
		default:
			if len(out) > 0 {
				if repeated := out[r.IntN(len(out))]; strings.Contains(repeated, "messageId") {
					out = append(out, repeated)
				}
			}
		}
	}
	return out
}

// record is everything that the guarantees speak about, by name.
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

// cleanLife is a life that nothing disturbs, and the calls of each step from the start of its process.
type cleanLife struct {
	steps []step
	calls [][]string
	end   trail
	sent  map[string]int
}

func liveClean(t *testing.T, s *Services) *cleanLife {
	t.Helper()
	c := &cleanLife{steps: visit()}
	l := newLife(t, s, 2)
	defer l.end(t)
	for _, st := range c.steps {
		l.now = moment(st.at)
		must(t, l.start())
		if err := st.do(l); err != nil {
			t.Fatalf("%s: %v %s", st.name, err, fault.HintOf(err))
		}
		c.calls = append(c.calls, l.wire.names)
	}
	var err error
	c.sent = l.phone.sent
	c.end, err = l.remember()
	must(t, err)
	return c
}

// killed lives the same life and dies once in every step, at the call that point names; then the process starts again and repeats the
// command. It returns what differs at the end, and how often the process died.
func (c *cleanLife) killed(t *testing.T, s *Services, point func(step int) (call int, after bool)) (diff []string, kills int) {
	t.Helper()
	l := newLife(t, s, 2)
	defer l.end(t)
	for i, st := range c.steps {
		l.now = moment(st.at)
		w := &wire{}
		w.point, w.after = point(i)
		err := l.startOver(w)
		if err == nil {
			err = st.do(l)
		}
		if !w.hit() {
			if err != nil {
				return []string{fmt.Sprintf("%s fails: %v", st.name, err)}, kills
			}
			continue
		}
		kills++
		if err := l.start(); err != nil {
			return []string{fmt.Sprintf("%s: the process does not start again: %v", st.name, err)}, kills
		}
		if err := st.do(l); err != nil {
			return []string{fmt.Sprintf("%s fails after it was killed at call %d, %s: %v", st.name, w.point, w.names[w.point-1], err)}, kills
		}
	}
	got, err := l.remember()
	if err != nil {
		return []string{err.Error()}, kills
	}
	return c.compare(got, l.phone.sent, kills), kills
}

// compare compares under G1's wording: sends are a subset of the clean life's and never twice; the missing ones are the messages shown
// as unknown, at most one for each kill.
func (c *cleanLife) compare(got trail, sent map[string]int, kills int) (out []string) {
	want, unknown := maps.Clone(c.end), 0
	for id := range c.sent {
		if got["fate "+id] == string(app.IntentUnknown) {
			unknown++
			for _, part := range []string{"fate ", "told "} {
				delete(want, part+id)
				delete(got, part+id)
			}
		} else if sent[id] != 1 {
			out = append(out, fmt.Sprintf("the message %s was sent %d times", id, sent[id]))
		}
	}
	for id, n := range sent {
		if n > 1 || c.sent[id] == 0 {
			out = append(out, fmt.Sprintf("the message %s was sent %d times, in the clean life %d times", id, n, c.sent[id]))
		}
	}
	if unknown > kills {
		out = append(out, fmt.Sprintf("%d messages are unknown after %d kills", unknown, kills))
	}
	return append(out, differences(want, got)...)
}

// TestCrashPoints dies before and after calls of DynamoDB, S3 and the provider, in every step of a life, and compares what is left.
// A life dies at one call of each step; at full size there are as many lives as the longest step has points.
func TestCrashPoints(t *testing.T) {
	s := openServices(t)
	c := liveClean(t, s)
	longest, total := 0, 0
	for i, calls := range c.calls {
		t.Logf("%-10s %4d calls", c.steps[i].name, len(calls))
		longest, total = max(longest, len(calls)), total+2*len(calls)
	}
	all := make([]int, 2*longest)
	for i := range all {
		all[i] = i
	}
	if !soak() {
		n := crashLives
		if text := os.Getenv("WEIR_CRASH_LIVES"); text != "" {
			var err error
			n, err = strconv.Atoi(text)
			must(t, err)
		}
		r := rand.New(rand.NewPCG(7, 7))
		r.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
		all = all[:min(n, len(all))]
	}
	kills, start := 0, time.Now()
	for i, n := range all {
		if i > 0 && i%100 == 0 {
			t.Logf("%d kills in %d of %d lives, in %s", kills, i, len(all), time.Since(start).Round(time.Second))
		}
		diff, died := c.killed(t, s, func(step int) (int, bool) { return 1 + n/2%len(c.calls[step]), n%2 == 1 })
		kills += died
		if len(diff) > 0 {
			t.Fatalf("life %d: %s", n, strings.Join(diff, "\n"))
		}
	}
	t.Logf("%d kills in %d lives, of %d points, in %s", kills, len(all), total, time.Since(start).Round(time.Millisecond))
}

// crashLives is how many lives an ordinary run kills; WEIR_CRASH_LIVES asks for more, chosen at random.
const crashLives = 8
