package embedded

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/weir-engine/weir/shared/app"
	"github.com/weir-engine/weir/shared/fault"
)

// TestFullDatabase bounds the database: a write that does not fit leaves everything as it was, and passes once it does.
func TestFullDatabase(t *testing.T) {
	s := openTest(t, t.TempDir(), Options{})
	p := s.Ports(aClock)
	each, err := p.Profiles.Write(ctx, []app.UserWrite{{Item: app.Item{Key: "u", Facts: []byte("old")}}})
	must(t, err)
	must(t, each[0])
	var writes []app.UserWrite
	for i := range 2000 {
		writes = append(writes, app.UserWrite{Item: app.Item{Key: fmt.Sprint("v", i), Facts: make([]byte, 1000)}})
	}
	writes = append(writes, app.UserWrite{Item: app.Item{Key: "u", Version: 1, Facts: []byte("new")}})
	must(t, s.db.writer.Exec("PRAGMA max_page_count=100"))
	_, err = p.Profiles.Write(ctx, writes)
	wantFault(t, err, fault.Unavailable, "full")
	if n, err := p.Profiles.Count(ctx); n != 1 || err != nil {
		t.Fatalf("after the disk was full: %d profiles, %v", n, err)
	}
	must(t, s.db.writer.Exec("PRAGMA max_page_count=1000000"))
	_, err = p.Profiles.Write(ctx, writes)
	must(t, err)
	items, err := p.Profiles.Get(ctx, []string{"u"})
	must(t, err)
	if string(items[0].Facts) != "new" {
		t.Fatalf("%+v", items[0])
	}
}

// TestFullDisk fills a real file system of a few megabytes. Without the right to mount one, TestFullDevice and TestFullDatabase
// stand alone.
func TestFullDisk(t *testing.T) {
	dir := t.TempDir()
	if err := syscall.Mount("weir", dir, "tmpfs", 0, "size=8m"); err != nil {
		t.Logf("no file system could be mounted (%v): only the stand-ins of a full disk were tested", err)
		return
	}
	t.Cleanup(func() { must(t, syscall.Unmount(dir, 0)) })
	s, err := Open(dir, Options{})
	must(t, err)
	closed := false
	t.Cleanup(func() {
		if !closed {
			_ = s.Close()
		}
	})
	p := s.Ports(aClock)
	for bucket := range p.Canon.Buckets() {
		must(t, p.Canon.Write(ctx, "small", bucket, bucket, rowsOf(bucket, "small", 12)))
	}
	each, err := p.Profiles.Write(ctx, []app.UserWrite{{Item: app.Item{Key: "u", Facts: []byte("old")}}})
	must(t, err)
	must(t, each[0])
	_, err = p.Uploads.Put(ctx, "kept.csv", strings.NewReader("kept"))
	must(t, err)
	filler := filepath.Join(dir, "filler")
	_ = os.WriteFile(filler, make([]byte, 9<<20), 0o644) // as far as it goes

	big := strings.Repeat("x", 1<<20)
	_, err = p.Uploads.Put(ctx, "big.csv", strings.NewReader(big))
	wantFault(t, err, fault.Unavailable, "full")
	var writes []app.UserWrite
	for i := range 3000 {
		writes = append(writes, app.UserWrite{Item: app.Item{Key: fmt.Sprint("v", i), Facts: make([]byte, 1000)}})
	}
	_, err = p.Profiles.Write(ctx, writes)
	wantFault(t, err, fault.Unavailable, "full")
	err = p.Canon.Write(ctx, "big", 0, 0, []app.Row{{Key: "a", Time: 1_735_689_600_000, File: "big", Properties: big}})
	wantFault(t, err, fault.Unavailable, "full")
	wantFault(t, p.Channels[OutboxChannel].Send(ctx, app.Message{ID: "m", Body: big}), fault.Unavailable, "full")
	s2, err := p.Scratch.Open(ctx, 1)
	if err == nil {
		if err = s2.Append(0, []byte(big)); err == nil {
			err = s2.Flush()
		}
		_ = s2.Close()
	}
	wantFault(t, err, fault.Unavailable, "full")

	must(t, os.Remove(filler))
	items, err := p.Profiles.Get(ctx, []string{"u", "v0"})
	must(t, err)
	if string(items[0].Facts) != "old" || items[1].Version != 0 {
		t.Fatalf("after the disk was full: %+v", items)
	}
	uploads, err := p.Uploads.List(ctx, "")
	must(t, err)
	if len(uploads) != 1 || uploads[0].Key != "kept.csv" {
		t.Fatalf("after the disk was full: %+v", uploads)
	}
	rows := 0
	for r, err := range p.Canon.Read(ctx, app.RowFilter{Bucket: -1}) {
		must(t, err)
		if r.File != "small" {
			t.Fatalf("a row of %s came", r.File)
		}
		rows++
	}
	if rows != 16*12 {
		t.Fatalf("after the disk was full: %d rows", rows)
	}
	_, err = p.Profiles.Write(ctx, writes[:1000])
	must(t, err)
	closed = true
	must(t, s.Close())
}

// rowsOf returns n rows of one user of a bucket of 16.
func rowsOf(bucket int, file string, n int) (rows []app.Row) {
	for i := range n {
		rows = append(rows, app.Row{Hash: uint64(bucket) << 60, Key: "u", Time: 1_735_689_600_000 + int64(i), File: file})
	}
	return rows
}
