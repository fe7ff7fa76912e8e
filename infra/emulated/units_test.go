package emulated

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	weiraws "github.com/weir-engine/weir/infra/aws"
	"github.com/weir-engine/weir/shared/app"
	"github.com/weir-engine/weir/shared/cost"
	"github.com/weir-engine/weir/shared/fault"
	"github.com/weir-engine/weir/shared/strategy"
)

// The units that an import consumes, and that the model of the bill is not below them.
func TestUnits(t *testing.T) {
	ctx := context.Background()
	s, err := Start(ctx, t.TempDir(), false)
	if fault.Is(err, fault.NotFound) {
		t.Skip(err, fault.HintOf(err))
	}
	must(t, err)
	t.Cleanup(s.Close)
	store, err := weiraws.Open(ctx, s.DynamoDB, s.S3, s.KMS, weiraws.Config{Key: KeyARN, Table: Name, Bucket: Name, Scratch: t.TempDir()})
	must(t, err)
	var before app.Units
	since := func() (reads, writes float64) {
		now := store.Meter().Used()
		reads, writes = now.Reads-before.Reads, now.Writes-before.Writes
		before = now
		return reads, writes
	}
	outbox := weiraws.NewOutbox(s.S3, Name, "")
	a, err := app.New(ctx, store.Ports(func() int64 { return time.Now().UnixMilli() }, map[string]app.Channel{strategy.ChannelOutbox: outbox}), app.Options{Holder: "test"})
	must(t, err)
	begin(t, a)
	var users, files, messages float64
	var reads, writes, messageReads, messageWrites float64
	for _, p := range sampleParts(t, tenth) {
		must(t, a.PinClock(ctx, p.at))
		c := &cloud{Stack: &Stack{Services: s}}
		c.put(t, "events/main/"+p.name, p.content)
		since()
		r, err := a.ImportKey(ctx, p.name, "")
		must(t, err)
		importReads, importWrites := since()
		// The record says what the import says, but for finding the file and for the record itself.
		if u := r.File.Units; u.Writes > importWrites || u.Writes < importWrites-30 || u.Reads > importReads || u.Reads < importReads-30 {
			t.Errorf("the ledger says %+v of %.1f reads and %.1f writes", u, importReads, importWrites)
		}
		d, err := a.Deliver(ctx)
		must(t, err)
		deliverReads, deliverWrites := since()
		t.Logf("%d users, %d events: import %.1f reads and %.1f writes a user; %d messages: %.1f reads and %.1f writes each", r.Counts.Users, r.Counts.Accepted,
			importReads/float64(r.Counts.Users), importWrites/float64(r.Counts.Users), d.Sent, deliverReads/max(1, float64(d.Sent)), deliverWrites/max(1, float64(d.Sent)))
		users += float64(r.Counts.Users)
		files++
		messages += float64(d.Sent + d.Suppressed)
		reads += importReads + deliverReads
		writes += importWrites + deliverWrites
		messageReads += deliverReads
		messageWrites += deliverWrites
	}
	if messageReads > messages*cost.MessageReads || messageWrites > messages*cost.MessageWrites {
		t.Errorf("%.0f messages take %.0f reads and %.0f writes", messages, messageReads, messageWrites)
	}
	assumed := cost.Defaults()
	assumed.Decisions = 1 // at most, of a user in a file
	bill, err := cost.Monthly(cost.Traffic{Events: int64(users), Active: int64(users), Base: int64(users), Files: int64(files), Messages: int64(messages)}, assumed)
	must(t, err)
	for _, l := range bill.Lines {
		measured := map[string]float64{"DynamoDB writes": writes, "DynamoDB reads": reads}[l.Name]
		if strings.HasPrefix(l.Name, "DynamoDB") && measured > 0 {
			t.Logf("%s: measured %.0f, modelled %.0f", l.Name, measured, l.Quantity)
			if measured > l.Quantity {
				t.Errorf("%s: the model says %.0f units, and %.0f were consumed", l.Name, l.Quantity, measured)
			}
		}
	}
}

// TestFigures reads what the built functions log of a life: lines of CloudWatch's format whose sums are what the ledger has, and no
// line with a user's key.
func TestFigures(t *testing.T) {
	log := &lines{}
	c := openCloud(t, Options{RetryAfter: &atOnce, Fast: true, Parameters: map[string]string{"Metrics": "true"}, Output: log})
	c.live(t, hundredth)
	files, err := c.ports.Ledger.Files(context.Background(), "", 100)
	must(t, err)
	var want, got struct{ events, accepted, users, writes float64 }
	for _, f := range files {
		want.events += float64(f.Counts.Events)
		want.accepted += float64(f.Counts.Accepted)
		want.users += float64(f.Counts.Users)
		want.writes += f.Units.Writes
	}
	seen := map[string]float64{}
	for _, line := range log.all() {
		name, text, _ := strings.Cut(line, " | ")
		var l map[string]any
		if err := json.Unmarshal([]byte(text), &l); err != nil {
			t.Errorf("%s logs no JSON: %s", name, text)
			continue
		}
		if user, ok := l["user"].(string); ok && len(user) != 16 {
			t.Errorf("%s logs a user as %q", name, user)
		}
		if l["msg"] != "figures" {
			continue
		}
		meta, _ := l["_aws"].(map[string]any)
		directives, _ := meta["CloudWatchMetrics"].([]any)
		if len(directives) == 0 {
			t.Errorf("%s makes no metrics: %s", name, text)
			continue
		}
		for _, m := range directives[0].(map[string]any)["Metrics"].([]any) {
			metric := m.(map[string]any)["Name"].(string)
			n, ok := l[metric].(float64)
			if !ok || n == 0 {
				t.Errorf("%s names %s, which is %v", name, metric, l[metric])
			}
			seen[name+" "+metric] += n
		}
	}
	got.events, got.accepted, got.users = seen["IngestFunction Events"], seen["IngestFunction Accepted"], seen["IngestFunction Users"]
	got.writes = want.writes
	if d := cmp.Diff(fmt.Sprint(want), fmt.Sprint(got)); d != "" || want.events == 0 || want.writes == 0 {
		t.Errorf("the ledger and the log (-ledger +log): %s", d)
	}
	if w := seen["IngestFunction WriteUnits"]; w < want.writes {
		t.Errorf("the log has %.1f write units, the ledger %.1f", w, want.writes)
	}
	for _, name := range []string{"IngestFunction Duration", "IngestFunction OldestMessage", "DeliverFunction Sent", "DeliverFunction ReadUnits", "SweepFunction Users"} {
		if seen[name] == 0 {
			t.Errorf("nothing of %s was logged", name)
		}
	}
}

// lines keeps whole lines.
type lines struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lines) all() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Split(strings.TrimSpace(l.b.String()), "\n")
}
