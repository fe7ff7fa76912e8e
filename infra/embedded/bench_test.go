package embedded

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/weir-engine/weir/shared/app"
	"github.com/weir-engine/weir/shared/event"
)

// BenchmarkProfiles creates, replaces and scans profiles of 500 bytes in batches, as an import of all users does.
func BenchmarkProfiles(b *testing.B) {
	const users, batch = 200_000, 10_000
	keys := make([]string, users)
	for i := range keys {
		keys[i] = fmt.Sprintf("user-%08d", i)
	}
	slices.SortFunc(keys, func(x, y string) int {
		if event.UserHash(x) < event.UserHash(y) {
			return -1
		}
		return 1
	})
	for b.Loop() {
		s, err := Open(b.TempDir(), Options{})
		if err != nil {
			b.Fatal(err)
		}
		p := s.Ports(aClock)
		for _, pass := range []string{"create", "replace"} {
			var reading, writing time.Duration
			for part := range slices.Chunk(keys, batch) {
				begin := time.Now()
				writes := readForWrite(b, p, part)
				read := time.Now()
				if _, err := p.Profiles.Write(ctx, writes); err != nil {
					b.Fatal(err)
				}
				reading, writing = reading+read.Sub(begin), writing+time.Since(read)
			}
			b.ReportMetric(users/reading.Seconds(), pass+"-get/s")
			b.ReportMetric(users/writing.Seconds(), pass+"-write/s")
		}
		begin, n := time.Now(), 0
		for after := ""; ; {
			page, err := p.Profiles.Scan(ctx, after, batch)
			if err != nil {
				b.Fatal(err)
			}
			if len(page) == 0 {
				break
			}
			n, after = n+len(page), page[len(page)-1].Key
		}
		b.ReportMetric(float64(n)/time.Since(begin).Seconds(), "scan/s")
		_ = s.Close()
	}
}

func readForWrite(b *testing.B, p app.Ports, keys []string) []app.UserWrite {
	b.Helper()
	items, err := p.Profiles.Get(ctx, keys)
	if err != nil {
		b.Fatal(err)
	}
	content := make([]byte, 420)
	writes := make([]app.UserWrite, len(items))
	for i, item := range items {
		item.Facts, item.State, item.Recent = content[:300], content[:60], content[:60]
		item.Marks = []app.Mark{{File: "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef", Chunk: i % 64}}
		writes[i] = app.UserWrite{Item: item}
	}
	return writes
}
