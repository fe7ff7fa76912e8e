package emulated

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	weiraws "github.com/weir-engine/weir/infra/aws"
	"github.com/weir-engine/weir/shared/app"
	"github.com/weir-engine/weir/shared/fault"
)

// shelf is a base over a bucket that keeps versions, in which a test imports what it names.
type shelf struct {
	*Services
	t     *testing.T
	app   *app.App
	ports app.Ports
}

func openShelf(t *testing.T) *shelf {
	t.Helper()
	dir := t.TempDir()
	if !hasAttributes(dir) {
		t.Skip("the file system of " + dir + " has no extended attributes: the stand-in of S3 keeps no versions")
	}
	s, err := startWith(context.Background(), dir, true, "", true)
	if fault.Is(err, fault.NotFound) {
		t.Skip(err, fault.HintOf(err))
	}
	must(t, err)
	t.Cleanup(s.Close)
	store, err := weiraws.Open(context.Background(), s.DynamoDB, s.S3, nil, weiraws.Config{Table: Name, Bucket: Name, Scratch: t.TempDir()})
	must(t, err)
	b := &shelf{Services: s, t: t, ports: store.Ports(func() int64 { return time.Now().UnixMilli() }, nil)}
	b.app, err = app.New(context.Background(), b.ports, app.Options{Holder: "test"})
	must(t, err)
	return b
}

// put puts an event of each user under a key and returns its version.
func (b *shelf) put(key string, users ...string) string {
	b.t.Helper()
	out, err := b.S3.PutObject(context.Background(), &s3.PutObjectInput{
		Bucket: aws.String(Name), Key: aws.String("events/main/" + key), Body: bytes.NewReader([]byte(visits(users...))),
	})
	must(b.t, err)
	return aws.ToString(out.VersionId)
}

func visits(users ...string) string {
	text := ""
	for _, u := range users {
		text += fmt.Sprintf(`{"type":"track","event":"Visited","userId":%q,"messageId":%q,"timestamp":"2026-01-02T03:04:05Z"}`+"\n", u, "m-"+u)
	}
	return text
}

func (b *shelf) remove(key string) {
	b.t.Helper()
	_, err := b.S3.DeleteObject(context.Background(), &s3.DeleteObjectInput{Bucket: aws.String(Name), Key: aws.String("events/main/" + key)})
	must(b.t, err)
}

func (b *shelf) load(key, version string) app.ImportResult {
	b.t.Helper()
	r, err := b.app.ImportKey(context.Background(), key, version)
	must(b.t, err)
	return r
}

// holds fails the test unless the base has these users with so many events each, and the ledger so many files by status.
func (b *shelf) holds(users string, files string) {
	b.t.Helper()
	var got []string
	page, err := b.ports.Profiles.Scan(context.Background(), "", 100)
	must(b.t, err)
	for _, i := range page {
		v, err := b.app.User(context.Background(), i.Key, 0)
		must(b.t, err)
		got = append(got, fmt.Sprintf("%s:%d", i.Key, v.Facts.Events))
	}
	slices.Sort(got)
	if text := strings.Join(got, " "); text != users {
		b.t.Errorf("the base holds %s, want %s", text, users)
	}
	all, err := b.ports.Ledger.Files(context.Background(), "", 100)
	must(b.t, err)
	var status []string
	for _, f := range all {
		status = append(status, string(f.Status))
	}
	slices.Sort(status)
	if text := strings.Join(status, " "); text != files {
		b.t.Errorf("the files are %q, want %q", text, files)
	}
}

// What a notification names is the version that it is about, whatever lies under the key by then.
func TestVersionsOfObjects(t *testing.T) {
	for _, c := range []struct {
		name string
		do   func(b *shelf)
	}{
		{"a file that was replaced by one of the same size in the same second", func(b *shelf) {
			first := b.put("f.ndjson", "a")
			b.load("f.ndjson", first)
			second := b.put("f.ndjson", "b")
			b.load("f.ndjson", second)
			b.load("f.ndjson", first)
			b.load("f.ndjson", second)
			b.holds("a:1 b:1", "done done")
		}},
		{"notifications out of order", func(b *shelf) {
			first, second, third := b.put("f.ndjson", "a", "b"), b.put("f.ndjson", "b", "c"), b.put("f.ndjson", "d")
			for _, v := range []string{third, first, second, first, third} {
				b.load("f.ndjson", v)
			}
			b.holds("a:1 b:1 c:1 d:1", "done done done")
		}},
		{"the same content under two keys", func(b *shelf) {
			one, two := b.put("one.ndjson", "a"), b.put("two.ndjson", "a")
			b.load("one.ndjson", one)
			b.load("two.ndjson", two)
			b.load("two.ndjson", two)
			b.holds("a:1", "done")
		}},
		{"removed before it was imported", func(b *shelf) {
			v := b.put("f.ndjson", "a")
			b.remove("f.ndjson")
			for range 3 {
				if r := b.load("f.ndjson", v); r.File.Status != app.FileFailed || !strings.Contains(r.File.Error, "removed") {
					t.Errorf("the ledger says %+v", r.File)
				}
			}
			b.holds("", "failed")
		}},
		{"removed after it was imported", func(b *shelf) {
			v := b.put("f.ndjson", "a")
			b.load("f.ndjson", v)
			b.remove("f.ndjson")
			b.load("f.ndjson", v)
			b.load("f.ndjson", "")
			b.holds("a:1", "done")
		}},
		{"removed and put again, the same", func(b *shelf) {
			first := b.put("f.ndjson", "a")
			b.load("f.ndjson", first)
			b.remove("f.ndjson")
			again := b.put("f.ndjson", "a")
			b.load("f.ndjson", again)
			b.load("f.ndjson", first)
			b.holds("a:1", "done")
		}},
		{"removed and put again, another", func(b *shelf) {
			first := b.put("f.ndjson", "a")
			b.remove("f.ndjson")
			again := b.put("f.ndjson", "b")
			b.load("f.ndjson", first) // it was replaced, not removed: its content counts
			b.load("f.ndjson", again)
			b.holds("a:1 b:1", "done done")
		}},
		{"a mapping of another version", func(b *shelf) {
			csv := func(column, user string) string {
				out, err := b.S3.PutObject(context.Background(), &s3.PutObjectInput{
					Bucket: aws.String(Name), Key: aws.String("events/main/f.csv"), Body: strings.NewReader(column + ",when\n" + user + ",2026-01-02\n"),
				})
				must(b.t, err)
				return aws.ToString(out.VersionId)
			}
			mapping := func(column string) {
				_, err := b.S3.PutObject(context.Background(), &s3.PutObjectInput{
					Bucket: aws.String(Name), Key: aws.String("events/main/f.csv.mapping.yaml"),
					Body: strings.NewReader("version: 1\nuser_id: " + column + "\ntimestamp: when\nevent: Visited\n"),
				})
				must(b.t, err)
			}
			mapping("who")
			b.load("f.csv", csv("who", "a"))
			mapping("customer")
			b.load("f.csv", csv("customer", "b"))
			b.holds("a:1 b:1", "done done")
		}},
	} {
		t.Run(c.name, func(t *testing.T) { c.do(openShelf(t)) })
	}
}

// A file that is replaced while it is imported is imported as it was, and then as it is.
func TestReplacedWhileItIsImported(t *testing.T) {
	const key = "events/main/grows + more.ndjson"
	var c *cloud
	var once sync.Once
	ready := make(chan struct{})
	taps := &Taps{Before: func(call Call) *Answer {
		if call.Function == "IngestFunction" && call.Service == "s3" && strings.HasPrefix(call.Operation, "GET /"+Name+"/"+key) {
			<-ready
			once.Do(func() { c.put(t, key, []byte(visits("a", "b"))) })
		}
		return nil
	}}
	c = openCloud(t, Options{RetryAfter: &atOnce, Fast: true, Taps: taps})
	if len(c.Skipped) > 0 {
		t.Skip(c.Skipped)
	}
	close(ready)
	c.put(t, key, []byte(visits("a")))
	c.until(t, "both versions are in", func() bool {
		files, err := c.ports.Ledger.Files(t.Context(), "", 10)
		return err == nil && len(files) == 2 && files[0].Status == app.FileDone && files[1].Status == app.FileDone
	})
	c.settle(t)
	files, err := c.ports.Ledger.Files(t.Context(), "", 10)
	must(t, err)
	var accepted, duplicates int64
	for _, f := range files {
		accepted += f.Counts.Accepted
		duplicates += f.Counts.Duplicates
	}
	if accepted != 2 || duplicates != 1 || len(files) != 2 {
		t.Errorf("%d files with %d events accepted and %d known", len(files), accepted, duplicates)
	}
	if n := c.Queues["EventsDeadLetters"].Len(); n > 0 {
		t.Errorf("%d dead letters", n)
	}
}
