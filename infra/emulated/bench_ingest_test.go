package emulated

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	weiraws "github.com/weir-engine/weir/infra/aws"
	"github.com/weir-engine/weir/infra/simulate"
	"github.com/weir-engine/weir/shared/app"
	"github.com/weir-engine/weir/shared/zone"
)

// waits measures for how long a function waited for each service: the time in which a call was on its way, however many there were. Each
// call takes the time of its stand-in, and delay more.
type waits struct {
	mu    sync.Mutex
	open  map[string]int
	since map[string]time.Time
	spent map[string]time.Duration
	calls map[string]int
	delay map[string]time.Duration
}

func newWaits(delay map[string]time.Duration) *waits {
	w := &waits{delay: delay}
	w.clear()
	return w
}

func (w *waits) clear() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.open, w.since, w.spent, w.calls = map[string]int{}, map[string]time.Time{}, map[string]time.Duration{}, map[string]int{}
}

// both counts the time in which any service is waited for.
const both = "any service"

func (w *waits) before(c Call) *Answer {
	if c.Function != "IngestFunction" {
		return nil
	}
	w.mu.Lock()
	for _, name := range []string{c.Service, both} {
		if w.open[name]++; w.open[name] == 1 {
			w.since[name] = time.Now()
		}
		w.calls[name]++
	}
	w.mu.Unlock()
	time.Sleep(w.delay[c.Service])
	return nil
}

func (w *waits) after(c Call) {
	if c.Function != "IngestFunction" {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, name := range []string{c.Service, both} {
		if w.open[name]--; w.open[name] == 0 {
			w.spent[name] += time.Since(w.since[name])
		}
	}
}

// BenchmarkIngest measures how many events a second the built ingest function folds: a first file of many users, then a day's file, over
// the fast stand-ins as they are, and with the latencies of AWS added to each call. It tells how long the function waited for the table and for
// the bucket; the rest is its own work. Stand-ins and function share the processors.
func BenchmarkIngest(b *testing.B) {
	o := simulate.Options{Users: 2000, Days: 60, Seed: 4, End: zone.Day(time.Now().Unix() / 86_400), Format: "ndjson", Daily: true}
	dir := filepath.Join(b.TempDir(), "simulated")
	manifest, err := simulate.Run(context.Background(), dir, o)
	must(b, err)
	var first, day bytes.Buffer
	for i, f := range manifest.Files {
		part, err := os.ReadFile(filepath.Join(dir, f.Name))
		must(b, err)
		if i < len(manifest.Files)-1 {
			first.Write(part)
		} else {
			day.Write(part)
		}
	}
	for name, delay := range map[string]map[string]time.Duration{
		"stand-ins": nil, "with-latencies": {"dynamodb": 5 * time.Millisecond, "s3": 25 * time.Millisecond},
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				ingestBoth(b, delay, first.Bytes(), day.Bytes())
			}
		})
	}
}

func ingestBoth(b *testing.B, delay map[string]time.Duration, first, day []byte) {
	ctx := context.Background()
	w := newWaits(delay)
	s := openStack(b, Options{Fast: true, Taps: &Taps{Before: w.before, After: w.after}})
	store, err := weiraws.Open(ctx, s.DynamoDB, s.S3, s.KMS, weiraws.Config{Key: KeyARN, Table: Name, Bucket: Name, Scratch: b.TempDir()})
	must(b, err)
	ports := store.Ports(func() int64 { return time.Now().UnixMilli() }, nil)
	a, err := app.New(ctx, ports, app.Options{Holder: "test"})
	must(b, err)
	_, err = a.Publish(ctx, app.PublishRequest{Text: []byte(richStrategy)})
	must(b, err)
	_, err = s.Functions["IngestFunction"].Invoke(ctx, []byte(`{"Records":[]}`)) // it is warm
	must(b, err)
	for _, file := range []struct {
		name    string
		content []byte
	}{{"first", first}, {"day", day}} {
		key := "events/main/" + file.name + ".ndjson"
		must(b, s.put(ctx, key, file.content))
		var f app.File
		for f.Name != file.name+".ndjson" || f.Status != app.FileDone { // the notification invokes the function
			time.Sleep(pollPause)
			files, err := ports.Ledger.Files(ctx, "", 1)
			must(b, err)
			if len(files) > 0 {
				f = files[0]
			}
			if f.Status == app.FileFailed {
				b.Fatal(f.Error)
			}
		}
		took := time.Duration(f.Finished-f.Arrived) * time.Millisecond
		w.mu.Lock()
		var parts []string
		for _, service := range []string{"dynamodb", "s3", both} {
			parts = append(parts, fmt.Sprintf("%s %.2f s in %d calls", service, w.spent[service].Seconds(), w.calls[service]))
		}
		w.mu.Unlock()
		b.Logf("%s file: %d events, %d users, %d chunks: %.2f s, %.0f events a second; waited: %s", file.name, f.Counts.Events, f.Counts.Users, f.Chunks,
			took.Seconds(), float64(f.Counts.Events)/took.Seconds(), strings.Join(parts, ", "))
		b.ReportMetric(float64(f.Counts.Events)/took.Seconds(), file.name+"-events/s")
		w.clear()
	}
}

func (s *Stack) put(ctx context.Context, key string, content []byte) error {
	_, err := s.S3.PutObject(ctx, &s3.PutObjectInput{Bucket: aws.String(Name), Key: aws.String(key), Body: bytes.NewReader(content)})
	return err
}
