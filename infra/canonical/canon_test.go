package canonical

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/weir-engine/weir/infra/disk"
	"github.com/weir-engine/weir/shared/app"
	"github.com/weir-engine/weir/shared/event"
	"github.com/weir-engine/weir/shared/fault"
)

var canonStart = time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC).UnixMilli()

var ctx = context.Background()

func openTest(t testing.TB, buckets int) *Canon {
	t.Helper()
	return New(Folder{Dir: t.TempDir(), NoSync: true}, t.TempDir(), buckets)
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// keepUsers writes events of n users over days days, in chunks chunks, and returns the number of rows.
func keepUsers(t testing.TB, c *Canon, file string, users, events, days, chunks int) int {
	t.Helper()
	parts := make([][]app.Row, chunks)
	x := uint64(1)
	for i := range users {
		key := fmt.Sprintf("user-%08d", i)
		hash := event.UserHash(key)
		for j := range events {
			x = x*6364136223846793005 + 1442695040888963407
			r := app.Row{
				Hash: hash, Key: key, ID: event.ID{byte(j), byte(j >> 8), byte(x >> 40), byte(x >> 48), byte(x >> 56)}, Kind: event.Track,
				Name: "Order Completed", Time: canonStart + int64(x>>20)%(int64(days)*86_400_000), Arrived: canonStart, File: file,
				MessageID:  fmt.Sprintf("message-%d-%d", i, j),
				Properties: fmt.Sprintf(`{"revenue":%d.%02d,"quantity":%d,"currency":"USD"}`, x>>50, x>>40%100, j),
			}
			at := bucketOf(hash, chunks)
			parts[at] = append(parts[at], r)
		}
	}
	n := 0
	for chunk, rows := range parts {
		slices.SortFunc(rows, func(a, b app.Row) int { return compareRows(&a, &b) })
		if err := c.Write(ctx, file, chunk, chunk*c.Buckets()/chunks, rows); err != nil {
			t.Fatal(err)
		}
		n += len(rows)
	}
	return n
}

// TestTimelineReadsLittle checks that the rows of one user are found without reading everything.
func TestTimelineReadsLittle(t *testing.T) {
	c := openTest(t, 16)
	const users, events, files = 20_000, 8, 2
	rows := 0
	for i := range files {
		rows += keepUsers(t, c, fmt.Sprint("f", i), users, events, 59, 16)
	}
	var size int64
	must(t, filepath.Walk(c.files.(Folder).Dir, func(_ string, info os.FileInfo, err error) error {
		if err == nil && !info.IsDir() {
			size += info.Size()
		}
		return err
	}))
	before := c.Stats()
	n := 0
	for r, err := range c.Read(ctx, app.RowFilter{Bucket: -1, Keys: []string{"user-00000777"}}) {
		must(t, err)
		if r.Key != "user-00000777" {
			t.Fatalf("a row of %s came", r.Key)
		}
		n++
	}
	after := c.Stats()
	groups, bytes, decoded := after.RowGroups-before.RowGroups, after.Bytes-before.Bytes, after.Rows-before.Rows
	t.Logf("%d of %d rows: %d row groups, %d of %d bytes", n, rows, groups, bytes, size)
	if n != files*events || decoded != int64(n) {
		t.Errorf("%d rows came, %d were decoded, want %d", n, decoded, files*events)
	}
	if groups > files*2 { // one a file and month
		t.Errorf("%d row groups were read", groups)
	}
	if bytes*10 > size {
		t.Errorf("%d of %d bytes were read", bytes, size)
	}
}

// TestTimelineAfterCompaction: of many small files a timeline reads a page of each; merged, one row group a month of one bucket, whose hashes
// and the pages that hold the user are read, whatever lies in the other buckets.
func TestTimelineAfterCompaction(t *testing.T) {
	c := openTest(t, 16)
	const files, months = 16, 2
	rows := 0
	for i := range files {
		rows += keepUsers(t, c, fmt.Sprintf("f%02d", i), 2_000, 2, 59, 16)
	}
	read := func() (n int, s Stats) {
		before := c.Stats()
		for _, err := range c.Read(ctx, app.RowFilter{Bucket: -1, Keys: []string{"user-00000777"}}) {
			must(t, err)
			n++
		}
		after := c.Stats()
		return n, Stats{Files: after.Files - before.Files, RowGroups: after.RowGroups - before.RowGroups, Bytes: after.Bytes - before.Bytes}
	}
	small, scattered := read()
	for bucket := range c.Buckets() {
		_, err := c.Compact(ctx, bucket, false, nil)
		must(t, err)
	}
	merged, together := read()
	t.Logf("of %d rows: %d in %+v, then %d in %+v", rows, small, scattered, merged, together)
	if merged == 0 || together.Files > months || together.RowGroups > months*2 {
		t.Errorf("%d files and %d row groups were read", together.Files, together.RowGroups)
	}
	const hashes = 8 * rowGroupRows // of a row group, uncompressed
	if most := int64(months * (hashes + int(columnCount)*2*pageBytes)); together.Bytes > most {
		t.Errorf("%d bytes were read, more than %d", together.Bytes, most)
	}
	if together.Bytes*2 > scattered.Bytes && scattered.Files > files {
		t.Errorf("%d bytes were read, %d before they were merged", together.Bytes, scattered.Bytes)
	}
}

// BenchmarkTimeline reads the events of one user after the other: 10,000 users in 16 buckets, 64 events each over 12 months, written by 64
// imports, before and after compaction. Files are on a local disk and the ranges of files known, as in a process that serves.
func BenchmarkTimeline(b *testing.B) {
	c := openTest(b, 16)
	for i := range 64 {
		keepUsers(b, c, fmt.Sprintf("f%02d", i), 10_000, 1, 360, 16)
	}
	for _, state := range []string{"64 imports", "compacted"} {
		if state == "compacted" {
			for bucket := range c.Buckets() {
				_, err := c.Compact(ctx, bucket, false, nil)
				must(b, err)
			}
		}
		b.Run(state, func(b *testing.B) {
			read := func(user int) {
				for _, err := range c.Read(ctx, app.RowFilter{Bucket: -1, Keys: []string{fmt.Sprintf("user-%08d", user)}}) {
					must(b, err)
				}
			}
			for i := range 64 {
				read(i * 7)
			}
			before := c.Stats()
			var took []time.Duration
			for b.Loop() {
				begin := time.Now()
				read(len(took) * 7919 % 10_000)
				took = append(took, time.Since(begin))
			}
			after := c.Stats()
			slices.Sort(took)
			n := int64(len(took))
			b.ReportMetric(float64(took[len(took)/2].Microseconds())/1000, "p50-ms")
			b.ReportMetric(float64(took[len(took)*95/100].Microseconds())/1000, "p95-ms")
			b.ReportMetric(float64((after.Bytes-before.Bytes)/n), "bytes/timeline")
			b.ReportMetric(float64((after.Files-before.Files)/n), "files/timeline")
		})
	}
}

// TestMergeOfManyFiles checks the order over more files than are merged at once.
func TestMergeOfManyFiles(t *testing.T) {
	c := openTest(t, 1)
	c.fanIn = 5
	rows := 0
	for i := range 23 {
		rows += keepUsers(t, c, fmt.Sprint("f", i), 50, 4, 20, 1)
	}
	var last app.Row
	n := 0
	for r, err := range c.Read(ctx, app.RowFilter{Bucket: -1}) {
		must(t, err)
		if n > 0 && compareRows(&last, &r) > 0 {
			t.Fatalf("row %d is out of order", n)
		}
		last, n = r, n+1
	}
	if n != rows {
		t.Fatalf("%d rows, want %d", n, rows)
	}
	left, err := os.ReadDir(c.scratch)
	must(t, err)
	if len(left) > 0 {
		t.Fatalf("%d scratch files are left", len(left))
	}
}

func TestDamagedCanonicalFile(t *testing.T) {
	c := openTest(t, 1)
	keepUsers(t, c, "f1", 2000, 5, 20, 1)
	path := filepath.Join(c.files.(Folder).Dir, "bucket=00", "month=2025-01", "f1-00000.parquet")
	content, err := os.ReadFile(path)
	must(t, err)
	for name, damage := range map[string]func() []byte{
		"empty":       func() []byte { return nil },
		"no parquet":  func() []byte { return []byte("this is a text, and no Parquet file at all") },
		"cut":         func() []byte { return content[:len(content)/2] },
		"pages":       func() []byte { return flip(content, 100, len(content)/2) },
		"footer":      func() []byte { return flip(content, len(content)-300, len(content)-8) },
		"every 100th": func() []byte { return flip(content, 4, 0) },
	} {
		t.Run(name, func(t *testing.T) {
			must(t, os.WriteFile(path, damage(), 0o644))
			c.spans.Clear()
			for _, f := range []app.RowFilter{{Bucket: -1}, {Bucket: -1, Keys: []string{"user-00000007"}}} {
				var failure error
				for _, err := range c.Read(ctx, f) {
					failure = err
				}
				if f.Keys == nil || failure != nil { // the row group of one user may be whole
					if !fault.Is(failure, fault.Internal) || !strings.Contains(failure.Error(), "f1-00000.parquet") {
						t.Fatalf("got %v", failure)
					}
				}
			}
		})
	}
}

// flip changes the bytes from..to, or with to 0 every hundredth byte from from on.
func flip(content []byte, from, to int) []byte {
	c := slices.Clone(content)
	step := 1
	if to == 0 {
		to, step = len(c), 100
	}
	for i := from; i < to; i += step {
		c[i] ^= 0xa5
	}
	return c
}

func TestStrangeFilesAreLeftAlone(t *testing.T) {
	c := openTest(t, 1)
	want := keepUsers(t, c, "f-1", 20, 5, 20, 1)
	dir := filepath.Join(c.files.(Folder).Dir, "bucket=00", "month=2025-01")
	for _, name := range []string{"README", ".tmp-1", "x.parquet", "x-y.parquet", "-00000.parquet"} {
		must(t, os.WriteFile(filepath.Join(dir, name), []byte("x"), 0o644))
	}
	must(t, os.MkdirAll(filepath.Join(c.files.(Folder).Dir, "bucket=00", "month=never"), 0o755))
	must(t, c.Drop(ctx, "f"))
	n := 0
	for _, err := range c.Read(ctx, app.RowFilter{Bucket: -1}) {
		must(t, err)
		n++
	}
	if n != want {
		t.Fatalf("%d rows, want %d", n, want)
	}
}

func BenchmarkCanon(b *testing.B) {
	b.Run("write and read", func(b *testing.B) {
		for b.Loop() {
			c := openTest(b, 16)
			begin := time.Now()
			rows := keepUsers(b, c, "f1", 50_000, 10, 59, 16)
			written := time.Now()
			for _, err := range c.Read(ctx, app.RowFilter{Bucket: -1}) {
				if err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(rows)/written.Sub(begin).Seconds(), "rows-made-sorted-written/s")
			b.ReportMetric(float64(rows)/time.Since(written).Seconds(), "rows-read/s")
		}
	})
}

// TestFullDevice writes to the device that is always full: what fails says so.
func TestFullDevice(t *testing.T) {
	f, err := os.OpenFile("/dev/full", os.O_RDWR, 0)
	must(t, err)
	defer f.Close()
	rows := []app.Row{{Key: "u", Name: strings.Repeat("x", 1<<20)}}
	err = disk.Fault(newWriter().encode(f, rows, []int32{0}), "write")
	if !fault.Is(err, fault.Unavailable) || !strings.Contains(err.Error(), "full") {
		t.Fatalf("got %v", err)
	}
}
