package app_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/weir-engine/weir/shared/app"
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
