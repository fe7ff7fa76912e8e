package emulated

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/weir-engine/weir/infra/aws"
	"github.com/weir-engine/weir/infra/embedded"
	"github.com/weir-engine/weir/shared/app"
	"github.com/weir-engine/weir/shared/fault"
)

// TestTwins runs one life of a base on one machine and on AWS, with the same clock, and compares everything that is left: the
// bytes of every profile, the decisions, the messages and what was sent.
func TestTwins(t *testing.T) {
	services, err := Start(context.Background(), t.TempDir(), true)
	if fault.Is(err, fault.NotFound) {
		t.Skip(err, fault.HintOf(err))
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(services.Close)
	onAWS, err := aws.Open(context.Background(), services.DynamoDB, services.S3, services.KMS, aws.Config{Key: KeyARN, Table: Name, Bucket: Name, Scratch: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	local, err := embedded.Open(t.TempDir(), embedded.Options{NoSync: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = local.Close() })
	here, there := &twin{}, &twin{}
	here.live(t, local.Ports(here.clock))
	there.live(t, onAWS.Ports(there.clock, nil))
	for name, pair := range map[string][2]any{
		"profiles":  {here.items, there.items},
		"decisions": {here.decisions, there.decisions},
		"intents":   {here.intents, there.intents},
		"sent":      {here.sent, there.sent},
		"files":     {here.files, there.files},
	} {
		if d := cmp.Diff(pair[0], pair[1], cmpopts.EquateEmpty()); d != "" {
			t.Errorf("%s differ (-one machine +AWS):\n%.4000s", name, d)
		}
	}
	if len(here.items) != 236 || len(here.sent) == 0 {
		t.Errorf("%d profiles, %d messages were sent", len(here.items), len(here.sent))
	}
}

// twin is one life of a base and what it left.
type twin struct {
	now       int64
	mu        sync.Mutex
	sent      []string
	items     []app.Item
	decisions []app.Decision
	intents   []app.Intent
	files     []app.File
}

func (w *twin) clock() int64 { return w.now }

// Send implements app.Channel.
func (w *twin) Send(_ context.Context, m app.Message) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.sent = append(w.sent, fmt.Sprint(m))
	return nil
}

// Idempotent implements app.Channel.
func (w *twin) Idempotent() bool { return false }

const twinStrategy = `
weir: 1
currency: USD
lifecycle: {preset: commerce, thresholds: {silent_days: 60, churned_days: 120}}
segments:
  - {name: frequent, when: "purchase_days >= 3"}
templates:
  back: {subject: Come back, body: "Hello {{ user }}"}
outreach:
  daily_ceiling: 300
  rules:
    - {name: silent, on: {enter_stage: silent}, template: back}
    - {name: frequent, on: {enter_segment: frequent}, template: back, shadow: true}
`

// live imports the sample in four parts at their moments, with a sweep and a delivery after each.
func (w *twin) live(t *testing.T, ports app.Ports) {
	t.Helper()
	ctx := context.Background()
	ports.Channels = map[string]app.Channel{embedded.OutboxChannel: w}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	w.now = time.Date(1997, 1, 1, 0, 0, 0, 0, time.UTC).UnixMilli()
	a, err := app.New(ctx, ports, app.Options{})
	must(err)
	_, err = a.Publish(ctx, app.PublishRequest{Text: []byte(twinStrategy)})
	must(err)
	for _, part := range sampleParts(t, tenth) {
		w.now = part.at
		_, err := a.Import(ctx, app.ImportRequest{Name: part.name, Source: bytes.NewReader(part.content), Size: int64(len(part.content))})
		must(err)
		_, err = a.Sweep(ctx, nil)
		must(err)
		_, err = a.Deliver(ctx)
		must(err)
	}
	for after := ""; ; {
		page, err := ports.Profiles.Scan(ctx, after, 500)
		must(err)
		if len(page) == 0 {
			break
		}
		w.items = append(w.items, page...)
		after = page[len(page)-1].Key
	}
	slices.SortFunc(w.items, func(x, y app.Item) int { return strings.Compare(x.Key, y.Key) })
	for i, item := range w.items {
		w.items[i].Log = nil // the adapter's own
		all, err := ports.Profiles.Decisions(ctx, item.Key, 100)
		must(err)
		w.decisions = append(w.decisions, all...)
	}
	w.intents, err = ports.Intents.List(ctx, app.IntentQuery{Limit: 100_000})
	must(err)
	w.files, err = ports.Ledger.Files(ctx, "", 100)
	must(err)
	for i := range w.files {
		w.files[i].Version, w.files[i].Units = 0, app.Units{} // what a host consumes is its own
	}
	slices.Sort(w.sent)
}

type part struct {
	name    string
	at      int64
	content []byte
}

// Shares of the sample's customers, by the end of their number: DynamoDB's stand-ins take their time.
const (
	tenth     = "7"
	hundredth = "37"
)

// sampleParts returns a share of the CDNOW sample as event files of about four months each, which arrive on the day after their last
// event.
func sampleParts(t *testing.T, share string) (parts []part) {
	t.Helper()
	f, err := os.Open("../../functions/weir/sample/cdnow_sample.txt.gz")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	var lines [5][]string
	for i, line := range strings.Split(strings.TrimSpace(string(text)), "\n") {
		row := strings.Fields(line)
		if !strings.HasSuffix(row[1], share) {
			continue
		}
		day, err := time.Parse("20060102", row[2])
		if err != nil {
			t.Fatal(err)
		}
		event, err := json.Marshal(map[string]any{
			"type": "track", "event": "Order Completed", "userId": row[1], "messageId": fmt.Sprint("m", i), "timestamp": day.Format(time.RFC3339),
			"properties": map[string]any{"revenue": row[4], "order_id": fmt.Sprint("o", i)},
		})
		if err != nil {
			t.Fatal(err)
		}
		at := (day.Year()-1997)*3 + (int(day.Month())-1)/4
		lines[at] = append(lines[at], string(event))
	}
	for i, part_ := range lines {
		parts = append(parts, part{
			name: fmt.Sprintf("part%d.ndjson", i), at: time.Date(1997, time.Month(4*i+5), 1, 12, 0, 0, 0, time.UTC).UnixMilli(),
			content: []byte(strings.Join(part_, "\n") + "\n"),
		})
	}
	return parts
}
