package app_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/weir-engine/weir/shared/app"
	"github.com/weir-engine/weir/shared/fault"
)

// put writes a file into the bucket's folder, as a person does.
func (b *base) put(name, text string) {
	b.t.Helper()
	if err := os.WriteFile(filepath.Join(b.dir, "events", name), []byte(text), 0o600); err != nil {
		b.t.Fatal(err)
	}
}

func (b *base) ingestPending() []app.ImportResult {
	b.t.Helper()
	results, err := b.app.IngestPending(context.Background(), nil)
	if err != nil {
		b.t.Fatal(err)
	}
	return results
}

func TestAMappingThatComesAfterItsFile(t *testing.T) {
	b := newBase(t, "2026-11-12T00:00:00Z")
	b.put("orders.csv", "customer,date,amount\nc1,2026-11-01,12.50\nc2,2026-11-02,7\n")
	if results := b.ingestPending(); len(results) != 1 || results[0].File.Status != app.FileFailed {
		t.Fatalf("a CSV without a mapping gave %+v", results)
	}
	if results := b.ingestPending(); len(results) != 0 {
		t.Fatalf("a file that failed was tried again without a reason: %+v", results)
	}
	b.put("orders.csv"+app.MappingSuffix, csvMapping)
	results := b.ingestPending()
	if len(results) != 1 || results[0].File.Status != app.FileDone || results[0].Counts.Accepted != 2 {
		t.Fatalf("with its mapping the file gave %+v", results)
	}
	if results := b.ingestPending(); len(results) != 0 {
		t.Fatalf("the file was imported again: %+v", results)
	}
}

func TestASecondUploadOfWhatWaits(t *testing.T) {
	b := newBase(t, "2026-11-12T00:00:00Z")
	upload := func(name string) error {
		b.now++
		_, err := b.app.Upload(context.Background(), app.UploadRequest{Name: name, Body: strings.NewReader(bought("1", "a", "2026-11-01T10:00:00Z", 5))})
		return err
	}
	if err := upload("one.ndjson"); err != nil {
		t.Fatal(err)
	}
	if err := upload("two.ndjson"); !fault.Is(err, fault.Conflict) {
		t.Fatalf("the same content was taken twice: %v", err)
	}
	if results := b.ingestPending(); len(results) != 1 || results[0].Counts.Accepted != 1 {
		t.Fatalf("imported %+v", results)
	}
}

func TestHistoryDoesNotMoveTheViewBack(t *testing.T) {
	b := newBase(t, "2026-11-12T00:00:00Z")
	moment := func() int64 {
		t.Helper()
		at, err := b.app.AsOf(context.Background(), 0)
		if err != nil {
			t.Fatal(err)
		}
		return at
	}
	b.load(bought("1", "a", "2026-11-11T10:00:00Z", 5))
	b.load(bought("2", "a", "2025-01-01T10:00:00Z", 5), backfill)
	if got := moment(); got != at("2026-11-12T00:00:00Z") {
		t.Errorf("a backfill moved the view to %d", got)
	}
	if err := b.app.PinClock(context.Background(), at("2026-06-01T00:00:00Z")); err != nil {
		t.Fatal(err)
	}
	b.load(bought("3", "a", "2025-02-01T10:00:00Z", 5), backfill)
	if got := moment(); got != at("2026-06-01T00:00:00Z") {
		t.Errorf("under a held clock the view is at %d", got)
	}
}

func TestBucketFolder(t *testing.T) {
	b := newBase(t, "2026-03-01T00:00:00Z")
	put := func(name, text string) {
		if err := os.WriteFile(filepath.Join(b.dir, "events", name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	put("a.ndjson", bought("1", "a", "2026-02-27T10:00:00Z", 5))
	put("b.csv", "customer,date,amount\nc1,2026-01-03,10\n")
	put("b.csv"+app.MappingSuffix, csvMapping)
	put("c.csv", "customer,date,amount\nc1,2026-01-03,11\n") // without a mapping: refused, and stops nobody
	put(".hidden", "x")
	put("d.ndjson.part", "half a")
	for round := range 2 {
		results, err := b.app.IngestPending(ctx, nil)
		if err != nil {
			t.Fatal(err)
		}
		if n := len(results); n != 3*(1-round) {
			t.Errorf("round %d imported %d files", round, n)
		}
	}
	status := map[string]app.FileStatus{}
	files, _, err := b.app.Files(ctx, "", 10)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		status[f.Name] = f.Status
	}
	if status["a.ndjson"] != app.FileDone || status["b.csv"] != app.FileDone || status["c.csv"] != app.FileFailed || len(status) != 3 {
		t.Errorf("the ledger says %v", status)
	}
	if n := len(b.items()); n != 2 {
		t.Errorf("%d users", n)
	}
}

func TestUploadKeepsItsMappingAndMode(t *testing.T) {
	b := newBase(t, "2026-03-01T00:00:00Z")
	f, err := b.app.Upload(ctx, app.UploadRequest{Name: `C:\x\orders.csv`, Body: strings.NewReader("customer,date,amount\nc1,2026-02-28,10\n"), Mapping: csvMapping, Backfill: true})
	if err != nil || f.Status != app.FileWaiting || !f.Backfill {
		t.Fatalf("%+v, %v", f, err)
	}
	if _, err := b.app.Upload(ctx, app.UploadRequest{Name: "same.csv", Body: strings.NewReader("customer,date,amount\nc1,2026-02-28,10\n"), Mapping: csvMapping}); err != nil && !fault.Is(err, fault.Conflict) {
		t.Fatal(err)
	}
	if _, err := b.app.IngestPending(ctx, nil); err != nil {
		t.Fatal(err)
	}
	if got := b.intents(); len(got) != 0 || len(b.items()) != 1 {
		t.Errorf("%d messages, %d users", len(got), len(b.items()))
	}
}

func TestCollectIsDurable(t *testing.T) {
	b := newBase(t, "2026-03-01T00:00:00Z")
	var wg sync.WaitGroup
	for i := range 20 {
		wg.Go(func() {
			line := strings.TrimSpace(bought(fmt.Sprint(i), fmt.Sprintf("u%d", i%7), "2026-02-27T10:00:00Z", 5))
			if err := b.app.Collect(ctx, [][]byte{[]byte(line)}); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if err := b.store.Close(); err != nil {
		t.Fatal(err)
	}
	b.open()
	results, err := b.app.IngestPending(ctx, nil)
	total := int64(0)
	for _, r := range results {
		total += r.Counts.Accepted
	}
	if err != nil || total != 20 || len(results) > 10 {
		t.Errorf("%d events in %d files, %v", total, len(results), err)
	}
	if n := len(b.items()); n != 7 {
		t.Errorf("%d users", n)
	}
}
