package app_test

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/weir-engine/weir/infra/embedded"
	"github.com/weir-engine/weir/shared/app"
)

// benchFile writes a deterministic file of about 150 bytes an event: a fifth purchases, users with a heavy tail.
func benchFile(b testing.TB, events, users int) *os.File {
	b.Helper()
	f, err := os.Create(filepath.Join(b.TempDir(), "events.ndjson"))
	if err != nil {
		b.Fatal(err)
	}
	w := bufio.NewWriterSize(f, 1<<20)
	r := rand.New(rand.NewPCG(1, 2))
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for i := range events {
		user := int(float64(users) * r.Float64())
		if i%3 == 0 {
			user = int(float64(user) * r.Float64())
		}
		when := start.Add(time.Duration(r.Int64N(300*86400)) * time.Second).Format(time.RFC3339)
		if r.IntN(5) == 0 {
			fmt.Fprintf(w, `{"type":"track","messageId":"m%09d","userId":"u%07d","event":"Order Completed","timestamp":"%s","properties":{"revenue":%d.%02d}}`+"\n",
				i, user, when, 1+r.IntN(200), r.IntN(100))
			continue
		}
		fmt.Fprintf(w, `{"type":"track","messageId":"m%09d","userId":"u%07d","event":"Product Viewed","timestamp":"%s","properties":{"sku":"s%d"}}`+"\n",
			i, user, when, r.IntN(1000))
	}
	if err := w.Flush(); err != nil {
		b.Fatal(err)
	}
	return f
}

// BenchmarkImport imports a file into an empty base on disk, with fsync, cuts and scores. WEIR_BENCH_EVENTS sets its size
// (default 500,000; the published figure is of 5,000,000), a tenth of which are users.
func BenchmarkImport(b *testing.B) {
	events := 500_000
	if n, err := strconv.Atoi(os.Getenv("WEIR_BENCH_EVENTS")); err == nil {
		events = n
	}
	f := benchFile(b, events, events/10)
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(info.Size())
	for b.Loop() {
		dir := b.TempDir()
		store, err := embedded.Open(dir, embedded.Options{})
		if err != nil {
			b.Fatal(err)
		}
		clock := func() int64 { return at("2026-11-22T00:00:00Z") }
		a, err := app.New(context.Background(), store.Ports(clock), app.Options{Workers: 2})
		if err != nil {
			b.Fatal(err)
		}
		res, err := a.Import(context.Background(), app.ImportRequest{Name: "bench", Source: f, Size: info.Size(), Backfill: true})
		if err != nil {
			b.Fatal(err)
		}
		if res.Counts.Accepted != int64(events) {
			b.Fatalf("counts are %+v", res.Counts)
		}
		if err := store.Close(); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(events)*float64(b.N)/b.Elapsed().Seconds(), "events/s")
}
