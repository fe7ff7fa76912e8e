package app_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/weir-engine/weir/infra/disk"
	"github.com/weir-engine/weir/infra/embedded"
	"github.com/weir-engine/weir/shared/app"
	"github.com/weir-engine/weir/shared/contact"
	"github.com/weir-engine/weir/shared/fault"
	"github.com/weir-engine/weir/shared/porttest"
	"github.com/weir-engine/weir/shared/strategy"
)

var ctx = context.Background()

// world is one base that the scripted run happens in: a folder, a clock that the script sets, and a process over them that can
// be killed and started again.
type world struct {
	dir     string
	now     int64
	sync    bool                      // fsync, as in production
	channel app.Channel               // in place of the outbox folder
	wrap    func(app.Ports) app.Ports // what lies between the process and the store
	plan    *porttest.Plan            // the call to die at; nil: the calls are not counted
	faults  *porttest.Faults
	store   *embedded.Store
	app     *app.App
}

// start starts the process.
func (w *world) start() error {
	if err := os.MkdirAll(w.dir, 0o755); err != nil {
		return err
	}
	keys := filepath.Join(w.dir, "keys")
	if _, err := os.Stat(keys); errors.Is(err, os.ErrNotExist) { // every run has the same references
		if err := disk.WriteSecret(keys, []byte(scriptKeys), true); err != nil {
			return err
		}
	}
	var err error
	if w.store, err = embedded.Open(w.dir, embedded.Options{NoSync: !w.sync, Buckets: 2}); err != nil {
		return err
	}
	p := w.store.Ports(func() int64 { return w.now })
	if w.channel != nil {
		p.Channels = map[string]app.Channel{embedded.OutboxChannel: w.channel}
	}
	if w.wrap != nil {
		p = w.wrap(p)
	}
	if w.plan != nil {
		p, w.faults = porttest.Faulty(p)
		w.faults.Begin(*w.plan)
	}
	w.app, err = app.New(ctx, p, app.Options{ChunkBytes: 1})
	return err
}

// scriptKeys is the ring of a scripted base.
const scriptKeys = `{"version":1,"index":"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",` +
	`"wrap":[{"number":1,"made":1,"key":"IAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="}]}`

func (w *world) stop() error { return w.store.Close() }

// step is one command of the script.
type step struct {
	name string
	at   string
	do   func(w *world) error
}

// script is a life of a base in which everything happens that a crash could spoil.
func script() []step {
	backfillFile, live1, live2, live3 := scriptFiles()
	importing := func(name string, content []byte, change ...func(*app.ImportRequest)) func(w *world) error {
		return func(w *world) error {
			req := app.ImportRequest{Name: name, Source: bytes.NewReader(content), Size: int64(len(content))}
			for _, c := range change {
				c(&req)
			}
			_, err := w.app.Import(ctx, req)
			return ignore(err, fault.Conflict) // a repetition of the whole command finds its work done
		}
	}
	deliver := func(w *world) error { _, err := w.app.Deliver(ctx); return err }
	return []step{
		{"publish", "2026-03-01T00:00:00Z", publishing(scriptStrategy, false)},
		{"backfill", "2026-03-01T01:00:00Z", importing("backfill", backfillFile, backfill)},
		{"live1", "2026-03-05T12:00:00Z", importing("live1", live1)},
		{"deliver1", "2026-03-05T12:10:00Z", deliver},
		{"live2", "2026-03-12T12:00:00Z", importing("live2", live2)},
		{"deliver2", "2026-03-12T12:10:00Z", deliver},
		{"sweep", "2026-05-10T00:00:00Z", func(w *world) error { _, err := w.app.Sweep(ctx, nil); return err }},
		{"deliver3", "2026-05-10T00:10:00Z", deliver},
		{"models", "2026-05-10T06:00:00Z", publishingModels},
		{"republish", "2026-05-11T00:00:00Z", publishing(scriptStrategy2, true)},
		{"deliver4", "2026-05-11T00:10:00Z", deliver},
		{"bucket", "2026-05-12T00:00:00Z", func(w *world) error {
			if err := os.WriteFile(filepath.Join(w.dir, "events", "live3.ndjson"), live3, 0o644); err != nil {
				return err
			}
			_, err := w.app.IngestPending(ctx, nil)
			return err
		}},
		{"redrive", "2026-05-13T00:00:00Z", func(w *world) error {
			_, err := w.app.Redrive(ctx, fileNamed(w, "live1"), "", nil)
			if fault.Is(err, fault.NotFound) { // a redrive that was killed after its upload is finished as any upload is
				_, err = w.app.IngestPending(ctx, nil)
			}
			return err
		}},
		{"revoke", "2026-05-14T00:00:00Z", func(w *world) error {
			_, _, err := w.app.RevokeLink(ctx, "anon:a1", "u01")
			return err
		}},
		{"upload", "2026-05-14T00:05:00Z", func(w *world) error {
			_, err := w.app.Upload(ctx, app.UploadRequest{
				Name: "orders.csv", Mapping: csvMapping, Backfill: true,
				Body: strings.NewReader("customer,date,amount\nu04,2026-05-13,10\nu40,2026-05-13,7\nu40,2026-05-13,x\n"),
			})
			if err := ignore(err, fault.Conflict); err != nil {
				return err
			}
			_, err = w.app.IngestPending(ctx, nil)
			return err
		}},
		{"deliver5", "2026-05-14T00:10:00Z", deliver},
		{"sweep2", "2026-06-10T00:00:00Z", func(w *world) error { _, err := w.app.Sweep(ctx, nil); return err }},
		{"without models", "2026-06-10T06:00:00Z", func(w *world) error {
			_, err := w.app.PublishModels(ctx, "", app.PublishModelsRequest{})
			return err
		}},
		{"deliver6", "2026-06-10T06:10:00Z", deliver},
	}
}

func ignore(err error, code fault.Code) error {
	if fault.Is(err, code) {
		return nil
	}
	return err
}

func publishing(text string, includeExisting bool) func(w *world) error {
	return func(w *world) error {
		_, err := w.app.Publish(ctx, app.PublishRequest{Text: []byte(text), IncludeExisting: includeExisting})
		return err
	}
}

// publishingModels fits models and puts them into force. A repetition fits the same again: nothing has changed in between but
// what it did itself.
func publishingModels(w *world) error {
	set, err := w.app.FitModels(ctx, app.FitModelsRequest{}, nil)
	if err != nil {
		return err
	}
	_, err = w.app.PublishModels(ctx, set.Models.Version, app.PublishModelsRequest{})
	return err
}

func fileNamed(w *world, name string) string {
	files, _, err := w.app.Files(ctx, "", 100)
	if err != nil {
		return ""
	}
	for _, f := range files {
		if f.Name == name {
			return f.ID
		}
	}
	return ""
}

// withRules replaces the outreach of the commerce preset.
func withRules(rules string) string {
	text := string(strategy.Init("commerce", "UTC", "USD"))
	return text[:strings.Index(text, "\noutreach:")+1] + rules
}

var scriptStrategy = strings.Replace(withRules(`outreach:
  daily_ceiling: 1000
  rules:
    - {name: winback, on: {enter_stage: silent}, template: winback, channel: outbox}
    - {name: welcome, on: {enter_stage: first_purchase}, template: welcome, channel: outbox}
    - {name: repeaters, on: {enter_segment: active_repeat}, template: winback, channel: outbox}
    - {name: watch, on: {enter_segment: new_buyers}, template: welcome, channel: outbox, shadow: true}
    - {name: foretold, on: {enter_segment: likely}, template: winback, channel: outbox}
    - {name: nowhere, on: {enter_segment: one_time_buyers}, template: welcome, channel: outbox}
`), "\nsegments:\n", "\nsegments:\n  - {name: likely, when: expected_purchases > 1}\n", 1)

// scriptStrategy2 extracts another metric, so that FACTS are folded anew, and messages existing users.
var scriptStrategy2 = strings.NewReplacer(
	"windows: [7, 30]", "windows: [7, 60]",
	"on: {enter_segment: one_time_buyers}, template: welcome, channel: outbox}",
	"on: {enter_segment: one_time_buyers}, template: welcome, channel: outbox, include_existing: true}",
).Replace(scriptStrategy)

// scriptFiles makes the event files: a history, then three live files with late events, repetitions within a file and across
// files, anonymous users who become known, aliases, refunds, events without messageId and bad lines.
func scriptFiles() (history, live1, live2, live3 []byte) {
	r := rand.New(rand.NewPCG(7, 11))
	n := 0
	order := func(user string, when time.Time) string {
		n++
		return fmt.Sprintf(`{"type":"track","messageId":"m%04d","userId":"%s","event":"Order Completed","timestamp":"%s","properties":{"order_id":"o%d","revenue":%d.%02d}}`,
			n, user, when.Format(time.RFC3339), n, 5+r.IntN(200), r.IntN(100))
	}
	nameless := func(user string, when time.Time) string {
		return fmt.Sprintf(`{"type":"track","userId":"%s","event":"Product Viewed","timestamp":"%s","properties":{"sku":"s%d"}}`,
			user, when.Format(time.RFC3339), r.IntN(3))
	}
	anonymous := func(anon string, when time.Time) string {
		n++
		return fmt.Sprintf(`{"type":"track","messageId":"m%04d","anonymousId":"%s","event":"Product Viewed","timestamp":"%s","properties":{"sku":"s%d"}}`,
			n, anon, when.Format(time.RFC3339), r.IntN(3))
	}
	identify := func(anon, user string, when time.Time) string {
		n++
		return fmt.Sprintf(`{"type":"identify","messageId":"m%04d","userId":"%s","anonymousId":"%s","timestamp":"%s","traits":{"first_name":"N%s","locale":"en","email":"%s@Example.com"}}`,
			n, user, anon, when.Format(time.RFC3339), user, user)
	}
	alias := func(from, to string, when time.Time) string {
		n++
		return fmt.Sprintf(`{"type":"alias","messageId":"m%04d","userId":"%s","previousId":"%s","timestamp":"%s"}`, n, to, from, when.Format(time.RFC3339))
	}
	refund := func(user, orderID string, when time.Time) string {
		n++
		return fmt.Sprintf(`{"type":"track","messageId":"m%04d","userId":"%s","event":"Order Refunded","timestamp":"%s","properties":{"order_id":"%s","revenue":3.50}}`,
			n, user, when.Format(time.RFC3339), orderID)
	}
	day := func(s string, hours int) time.Time {
		t, _ := time.Parse(time.DateOnly, s)
		return t.Add(time.Duration(hours) * time.Hour)
	}
	user := func(i int) string { return fmt.Sprintf("u%02d", i) }

	var h, l1, l2, l3 []string
	for range 60 {
		h = append(h, order(user(1+r.IntN(16)), day("2025-12-01", r.IntN(89*24))))
	}
	for i := range 3 {
		h = append(h, anonymous(fmt.Sprintf("a%d", i+1), day("2026-02-20", 10*i)), nameless(user(2+i), day("2026-02-21", i)))
	}
	h = append(h, identify("a3", "u03", day("2026-02-22", 1)), h[3])

	for i := range 8 {
		l1 = append(l1, order(user(3+2*i), day("2026-03-02", 7*i)))
	}
	l1 = append(l1, h[0], h[5], h[61], h[61], l1[2], l1[2]) // known: late ones, one on time, and within the file
	l1 = append(l1,
		order("u04", day("2026-01-05", 3)), order("u30", day("2026-03-03", 2)), // late and unknown; a newcomer
		anonymous("a1", day("2026-03-03", 1)), identify("a1", "u01", day("2026-03-03", 3)), anonymous("a1", day("2026-03-03", 2)),
		anonymous("a9", day("2026-03-04", 1)), nameless("u02", day("2026-03-04", 2)), nameless("u02", day("2026-03-04", 2)),
		refund("u03", "o3", day("2026-03-04", 5)), order("u31", day("2026-03-04", 6)),
		`{"type":"track","messageId":"bad1","userId":"u02","event":"Order Completed","timestamp":"2026-03-04T00:00:00Z","properties":{"revenue":"much"}}`,
		`{"type":"track","messageId":"bad2","event":"X"`,
		`{"type":"track","messageId":"bad3","userId":"u02","event":"Later","timestamp":"2026-04-04T00:00:00Z"}`,
	)
	for i := range 6 {
		l2 = append(l2, order(user(2+3*i), day("2026-03-08", 9*i)))
	}
	l2 = append(l2, l1[8:12]...)
	l2 = append(l2,
		l1[0], h[10], anonymous("a9", day("2026-03-09", 2)), identify("a9", "u32", day("2026-03-09", 3)), order("u32", day("2026-03-09", 4)),
		alias("u05", "u06", day("2026-03-10", 1)), order("u06", day("2026-03-10", 2)), order("u05", day("2026-02-01", 2)),
		identify("a2", "u02", day("2026-03-10", 5)), identify("a2", "u07", day("2026-03-10", 6)), refund("u30", "o70", day("2026-03-11", 1)),
		order("u31", day("2026-03-11", 3)), `{"type":"nothing"}`,
	)
	for i := range 5 {
		l3 = append(l3, order(user(20+i), day("2026-05-11", 2*i)), l2[i], l1[i])
	}
	l3 = append(l3, order("u04", day("2026-05-11", 1)), anonymous("a1", day("2026-05-11", 2)), order("u01", day("2026-05-11", 3)))
	join := func(lines []string) []byte { return []byte(strings.Join(lines, "\n") + "\n") }
	return join(h), join(l1), join(l2), join(l3)
}

// record is everything that G1 speaks about, by name.
type record map[string]string

// remember reads the whole base. Ports are those of a store that nobody else uses.
func remember(t testing.TB, w *world) record {
	t.Helper()
	p := w.store.Ports(func() int64 { return w.now })
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	out := record{}
	items, err := p.Profiles.Scan(ctx, "", 100_000)
	must(err)
	for _, i := range items {
		out["facts "+i.Key] = fmt.Sprintf("%x", i.Facts)
		out["state "+i.Key] = fmt.Sprintf("%x", i.State)
		out["recent "+i.Key] = fmt.Sprintf("%x", i.Recent)
		out["rebase "+i.Key] = fmt.Sprint(i.Rebase)
	}
	keys := map[string]bool{}
	for row, err := range p.Canon.Read(ctx, app.RowFilter{Bucket: -1}) {
		must(err)
		keys[strings.Clone(row.Key)] = true
		if row.Contact != "" { // data keys are random: what is sealed is compared
			row.Sealed = []byte(original(t, p, row))
		}
		out["row "+row.Key+" "+app.EventID(row.ID)+" "+row.File] = fmt.Sprintf("%+v", row)
	}
	for _, i := range items {
		keys[i.Key] = true
	}
	for key := range keys {
		decisions, err := p.Profiles.Decisions(ctx, key, 10_000)
		must(err)
		for _, d := range decisions {
			out[fmt.Sprintf("decision %s %d", d.Key, d.Seq)] = fmt.Sprintf("%d %s", d.AsOf, d.Record)
		}
	}
	rooms, err := p.Contacts.Rooms(ctx, slices.Sorted(maps.Keys(keys)))
	must(err)
	for _, room := range rooms {
		if room.Version == 0 {
			continue
		}
		address, err := room.Address("", contact.Email)
		must(err)
		out["room "+room.ID] = fmt.Sprint(len(room.Contacts), address)
	}
	rememberRest(t, out, p, slices.Sorted(maps.Keys(keys)), w)
	return out
}

func rememberRest(t testing.TB, out record, p app.Ports, keys []string, w *world) {
	t.Helper()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	intents, err := p.Intents.List(ctx, app.IntentQuery{Limit: 100_000})
	must(err)
	for _, in := range intents {
		out["fate "+in.ID] = string(in.Status)
		out["told "+in.ID] = fmt.Sprintf("%s|%s|%s", in.Why, in.Subject, in.Body)
		in.Status, in.Why, in.Subject, in.Body, in.Claimed, in.Settled = "", "", "", "", 0, 0
		out["intent "+in.ID] = fmt.Sprintf("%+v", in)
	}
	files, err := p.Ledger.Files(ctx, "", 1000)
	must(err)
	for _, f := range files {
		f.Version, f.Key = 0, "" // how often the record was written, and the moment in the key of a repeated upload
		out["file "+f.ID] = fmt.Sprintf("%+v", f)
	}
	rejects, err := p.Rejects.List(ctx, "", "", 0, 10_000)
	must(err)
	for _, r := range rejects {
		out[fmt.Sprintf("reject %s %d %s", r.File, r.Line, r.Reason)] = fmt.Sprintf("%+v", r)
	}
	links, err := p.Links.All(ctx)
	must(err)
	for _, l := range links {
		out[fmt.Sprintf("link %s %s %v", l.A, l.B, l.Alias)] = fmt.Sprintf("%+v", l)
	}
	pointers, err := p.Links.Resolve(ctx, keys)
	must(err)
	for id, canonical := range pointers {
		out["pointer "+id] = canonical
	}
	for _, prefix := range []string{"strategy/current", "cuts/", "models/", "base", "clock", "outreach/", "events/", "plan/"} {
		docs, err := p.Docs.List(ctx, prefix)
		must(err)
		for _, d := range docs {
			out["doc "+d.Key] = string(d.Value)
		}
	}
	letters, err := filepath.Glob(filepath.Join(w.dir, "outbox", "*"))
	must(err)
	for _, path := range letters {
		text, err := os.ReadFile(path)
		must(err)
		out["letter "+filepath.Base(path)] = string(text)
	}
}

// differences compares two records and names what differs, the worst first: at most ten.
func differences(want, got record) []string {
	var out []string
	for _, k := range slices.Sorted(maps.Keys(want)) {
		g, ok := got[k]
		switch {
		case !ok:
			out = append(out, fmt.Sprintf("missing: %s (%.300s)", k, want[k]))
		case g != want[k]:
			out = append(out, fmt.Sprintf("%s:\n\tis   %.600s\n\twant %.600s", k, g, want[k]))
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

// phone is a channel that does not know what it sent already. It outlives the process, as a provider does.
type phone struct {
	mu   sync.Mutex
	sent map[string]int
	text map[string]string
}

func newPhone() *phone { return &phone{sent: map[string]int{}, text: map[string]string{}} }

func (p *phone) Send(_ context.Context, m app.Message) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.sent[m.ID]++
	p.text[m.ID] = m.Subject + "|" + m.Body
	return nil
}

func (p *phone) Idempotent() bool { return false }

func (p *phone) clone() *phone {
	return &phone{sent: maps.Clone(p.sent), text: maps.Clone(p.text)}
}

// copyDir copies a data folder. Canonical files, letters and uploads are linked: they never change once they have their name.
func copyDir(t testing.TB, from, to string) {
	t.Helper()
	err := filepath.WalkDir(from, func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		target := filepath.Join(to, name)
		switch {
		case e.IsDir():
			return os.MkdirAll(target, 0o755)
		case strings.Contains(name, string(filepath.Separator)):
			return os.Link(path, target)
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return os.WriteFile(target, content, 0o644)
	})
	if err != nil {
		t.Fatal(err)
	}
}
