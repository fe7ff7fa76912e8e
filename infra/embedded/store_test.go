package embedded

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/weir-engine/weir/shared/app"
	"github.com/weir-engine/weir/shared/event"
	"github.com/weir-engine/weir/shared/fault"
)

var ctx = context.Background()

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatalf("unexpected error: %v", err)
	}
}

// wantFault checks an error's code, that it has a way out, and that it names what it is about.
func wantFault(t *testing.T, err error, code fault.Code, names ...string) {
	t.Helper()
	if !fault.Is(err, code) {
		t.Fatalf("got %v (%s), want %s", err, fault.CodeOf(err), code)
	}
	if fault.HintOf(err) == "" {
		t.Errorf("%v: no way out", err)
	}
	for _, name := range names {
		if !strings.Contains(err.Error(), name) {
			t.Errorf("%v: %s is not named", err, name)
		}
	}
}

func TestSecondProcessIsRefused(t *testing.T) {
	dir := t.TempDir()
	s := openTest(t, dir, Options{})
	_, err := Open(dir, Options{NoSync: true})
	wantFault(t, err, fault.Conflict, dir, fmt.Sprint(os.Getpid()))
	must(t, s.Close())
	must(t, s.Close())
	openTest(t, dir, Options{})
}

func TestReadOnly(t *testing.T) {
	dir := t.TempDir()
	_, err := Open(dir, Options{ReadOnly: true})
	wantFault(t, err, fault.NotFound, dir)
	s := openTest(t, dir, Options{})
	p := s.Ports(aClock)
	put := func(version int64) {
		t.Helper()
		each, err := p.Profiles.Write(ctx, []app.UserWrite{{Item: app.Item{Key: "u", Version: version}}})
		must(t, err)
		must(t, each[0])
	}
	put(0)
	r := openTest(t, dir, Options{ReadOnly: true})
	q := r.Ports(aClock)
	for version := range int64(2) {
		items, err := q.Profiles.Get(ctx, []string{"u"})
		must(t, err)
		if items[0].Version != version+1 {
			t.Fatalf("beside the writer version %d is seen, not %d", items[0].Version, version+1)
		}
		put(version + 1)
	}
	_, err = q.Profiles.Write(ctx, []app.UserWrite{{Item: app.Item{Key: "v"}}})
	wantFault(t, err, fault.Forbidden)
	_, err = q.Uploads.Put(ctx, "f", strings.NewReader("x"))
	wantFault(t, err, fault.Forbidden)
	wantFault(t, q.Uploads.Delete(ctx, "f"), fault.Forbidden)
	wantFault(t, q.Canon.Write(ctx, "f", 0, 0, nil), fault.Forbidden)
	wantFault(t, q.Canon.Drop(ctx, "f"), fault.Forbidden)
	_, err = q.Scratch.Open(ctx, 1)
	wantFault(t, err, fault.Forbidden)
	wantFault(t, q.Channels[OutboxChannel].Send(ctx, app.Message{ID: "m"}), fault.Forbidden)
	must(t, s.Close())
	if n, err := q.Profiles.Count(ctx); n != 1 || err != nil {
		t.Fatalf("after the writer ended: %d, %v", n, err)
	}
}

func TestBucketsStay(t *testing.T) {
	dir := t.TempDir()
	for _, wanted := range []int{4, 0, 32} {
		s := openTest(t, dir, Options{Buckets: wanted})
		if n := s.Ports(aClock).Canon.Buckets(); n != 4 {
			t.Fatalf("%d buckets", n)
		}
		must(t, s.Close())
	}
	for _, bad := range []int{-1, 3, 512} {
		_, err := Open(t.TempDir(), Options{Buckets: bad})
		wantFault(t, err, fault.Invalid)
	}
}

func TestDamagedDatabase(t *testing.T) {
	dir := t.TempDir()
	s := openTest(t, dir, Options{})
	p := s.Ports(aClock)
	var writes []app.UserWrite
	for i := range 2000 {
		writes = append(writes, app.UserWrite{Item: app.Item{Key: fmt.Sprint("user-", i), Facts: make([]byte, 400)}})
	}
	_, err := p.Profiles.Write(ctx, writes)
	must(t, err)
	must(t, s.Close())
	path := filepath.Join(dir, databaseName)
	content, err := os.ReadFile(path)
	must(t, err)

	half := slices.Clone(content)
	for i := pageSize; i < len(half); i++ {
		half[i] ^= 0x5a
	}
	must(t, os.WriteFile(path, half, 0o644))
	s, err = Open(dir, Options{NoSync: true})
	if err == nil {
		_, err = s.Ports(aClock).Profiles.Scan(ctx, "", 10_000)
		_ = s.Close()
	}
	wantFault(t, err, fault.Internal, path)

	must(t, os.WriteFile(path, []byte(strings.Repeat("this is no database ", 1000)), 0o644))
	_, err = Open(dir, Options{NoSync: true})
	wantFault(t, err, fault.Internal, path)
	_, err = Open(dir, Options{ReadOnly: true})
	wantFault(t, err, fault.Internal, path)

	must(t, os.WriteFile(path, content, 0o644))
	if n, err := openTest(t, dir, Options{}).Ports(aClock).Profiles.Count(ctx); n != 2000 || err != nil {
		t.Fatalf("after the backup was put back: %d, %v", n, err)
	}
}

func TestNewerDatabase(t *testing.T) {
	dir := t.TempDir()
	s := openTest(t, dir, Options{})
	must(t, s.db.writer.Exec("PRAGMA user_version=99"))
	must(t, s.Close())
	for _, readOnly := range []bool{false, true} {
		_, err := Open(dir, Options{ReadOnly: readOnly, NoSync: true})
		wantFault(t, err, fault.Conflict, databaseName)
	}
}

// TestHashCollisions runs profiles through a hash that gives all keys a few places.
func TestHashCollisions(t *testing.T) {
	placeHash = func(key string) uint64 { return uint64(len(key) % 2) }
	t.Cleanup(func() { placeHash = event.UserHash })
	p := openTest(t, t.TempDir(), Options{}).Ports(aClock)
	keys := []string{"a", "b", "cc", "d", "ee", "f"}
	for version := range int64(3) {
		var writes []app.UserWrite
		for _, k := range keys {
			writes = append(writes, app.UserWrite{Item: app.Item{Key: k, Version: version, Facts: fmt.Append(nil, k, version)}})
		}
		each, err := p.Profiles.Write(ctx, writes)
		must(t, err)
		for _, err := range each {
			must(t, err)
		}
		items, err := p.Profiles.Get(ctx, append(keys, "zz"))
		must(t, err)
		for i, k := range keys {
			if items[i].Version != version+1 || string(items[i].Facts) != fmt.Sprint(k, version) {
				t.Fatalf("%s is %+v", k, items[i])
			}
		}
		if items[len(keys)].Version != 0 {
			t.Fatal("a key that is not there was found")
		}
	}
	each, err := p.Profiles.Write(ctx, []app.UserWrite{{Item: app.Item{Key: "d", Version: 3}, Absorb: []app.Absorbed{{Key: "a", Version: 3}}}})
	must(t, err)
	must(t, each[0])
	items, err := p.Profiles.Get(ctx, []string{"a", "b", "d"})
	must(t, err)
	if items[0].Version != 0 || items[1].Version != 3 || items[2].Version != 4 {
		t.Fatalf("after a place came free: %+v", items)
	}
	each, err = p.Profiles.Write(ctx, []app.UserWrite{{Item: app.Item{Key: "b"}}})
	must(t, err)
	wantFault(t, each[0], fault.Conflict)
}

func TestOutboxFile(t *testing.T) {
	dir := t.TempDir()
	c := openTest(t, dir, Options{}).Ports(aClock).Channels[OutboxChannel]
	m := app.Message{ID: "../a/b", User: "u", Rule: "r", Channel: "outbox", Subject: "你好", Body: "line\nline", At: 0}
	must(t, c.Send(ctx, m))
	path := filepath.Join(dir, outboxDir, "%2E.%2Fa%2Fb.json")
	got, err := os.ReadFile(path)
	must(t, err)
	want := "{\n  \"id\": \"../a/b\",\n  \"user_id\": \"u\",\n  \"rule\": \"r\",\n  \"channel\": \"outbox\",\n" +
		"  \"at\": \"1970-01-01T00:00:00Z\",\n  \"subject\": \"你好\",\n  \"body\": \"line\\nline\"\n}\n"
	if string(got) != want {
		t.Fatalf("got %s", got)
	}
	m.Body = "another"
	must(t, c.Send(ctx, m))
	if again, _ := os.ReadFile(path); string(again) != want {
		t.Fatalf("the message was written again: %s", again)
	}
}

func TestUnfinishedFilesGo(t *testing.T) {
	dir := t.TempDir()
	must(t, openTest(t, dir, Options{}).Close())
	left := []string{"scratch/spill-1", "scratch/.tmp-9", "events/.tmp-1", "outbox/.tmp-2"}
	kept := []string{"events/a.csv", "events/.note", "outbox/m.json"}
	for _, name := range append(left, kept...) {
		must(t, os.WriteFile(filepath.Join(dir, name), []byte("x"), 0o644))
	}
	openTest(t, dir, Options{})
	for i, name := range append(left, kept...) {
		if _, err := os.Stat(filepath.Join(dir, name)); (err == nil) != (i >= len(left)) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestUploadsHideUnfinished(t *testing.T) {
	dir := t.TempDir()
	p := openTest(t, dir, Options{}).Ports(aClock)
	for _, name := range []string{".a.csv", "b.csv.tmp", "c.part", "d.csv"} {
		must(t, os.WriteFile(filepath.Join(dir, eventsDir, name), []byte("x"), 0o644))
	}
	all, err := p.Uploads.List(ctx, "")
	must(t, err)
	if len(all) != 1 || all[0].Key != "d.csv" {
		t.Fatalf("%+v", all)
	}
	_, err = p.Uploads.Put(ctx, "e.part", strings.NewReader("x"))
	wantFault(t, err, fault.Invalid)
}

func TestWatch(t *testing.T) {
	for _, notify := range []bool{true, false} {
		t.Run(fmt.Sprint("notify=", notify), func(t *testing.T) {
			dir := t.TempDir()
			must(t, openTest(t, dir, Options{}).Close())
			root := filepath.Join(dir, eventsDir)
			w := watcher{root: root, every: time.Millisecond, settle: time.Millisecond, silent: !notify}
			if notify {
				w.every = time.Hour
			}
			told := make(chan struct{}, 1)
			watching, stop := context.WithCancel(ctx)
			ended := make(chan error, 1)
			must(t, os.WriteFile(filepath.Join(root, "a.csv"), []byte("1"), 0o644))
			go func() { ended <- w.run(watching, func() { told <- struct{}{} }) }()
			<-told // the files that were there
			must(t, os.WriteFile(filepath.Join(root, ".b.csv"), []byte("1"), 0o644))
			must(t, os.Rename(filepath.Join(root, ".b.csv"), filepath.Join(root, "b.csv")))
			<-told
			must(t, os.MkdirAll(filepath.Join(root, "in"), 0o755))
			must(t, os.WriteFile(filepath.Join(root, "in", "c.csv"), []byte("1"), 0o644))
			<-told
			must(t, os.Remove(filepath.Join(root, "a.csv")))
			<-told
			stop()
			must(t, <-ended)
		})
	}
	w := watcher{root: filepath.Join(t.TempDir(), "none"), every: time.Millisecond, settle: time.Millisecond}
	wantFault(t, w.run(ctx, func() {}), fault.NotFound, w.root)
}
