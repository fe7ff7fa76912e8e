package porttest

import (
	"fmt"
	"testing"

	"github.com/weir-engine/weir/shared/app"
	"github.com/weir-engine/weir/shared/fault"
)

// fullFile is a record with every field set.
var fullFile = app.File{
	ID: "f1", Name: "orders.csv", Key: "in/orders.csv", Object: "v1", ETag: `"e"`, Size: 12, Arrived: 1000, AsOf: 900, Backfill: true, Mapping: "a: b\n",
	Redrive: "f0", Chunks: 64, Status: app.FileFailed, Error: "why", Finished: 1100, Plan: 3,
	Counts: app.Counts{Events: 9, Accepted: 5, Rejected: 3, Duplicates: 1, Users: 2},
	Units:  app.Units{Reads: 2.5, Writes: 17},
}

var ledgerTests = []test{
	{"begin records a file once", func(t *testing.T, p app.Ports) {
		stored, known, err := p.Ledger.Begin(ctx, fullFile)
		must(t, err)
		want := fullFile
		want.Version = stored.Version
		same(t, "the new record", []any{stored, known}, []any{want, false})
		other := app.File{ID: "f1", Name: "another", Arrived: 2000}
		again, known, err := p.Ledger.Begin(ctx, other)
		must(t, err)
		same(t, "the known record", []any{again, known}, []any{want, true})
		same(t, "the stored record", get[app.File](t)(p.Ledger.File(ctx, "f1")), want)
	}},
	{"file that is not there", func(t *testing.T, p app.Ports) {
		_, err := p.Ledger.File(ctx, "no")
		wantCode(t, err, fault.NotFound)
	}},
	{"update is conditional and counts the version", func(t *testing.T, p app.Ports) {
		f, _, err := p.Ledger.Begin(ctx, app.File{ID: "f1", Arrived: 1, Status: app.FileRunning})
		must(t, err)
		next := fullFile
		next.Version = f.Version
		must(t, p.Ledger.Update(ctx, next))
		want := next
		want.Version = f.Version + 1
		same(t, "the stored record", get[app.File](t)(p.Ledger.File(ctx, "f1")), want)
		next.Name = "repeated"
		wantCode(t, p.Ledger.Update(ctx, next), fault.Conflict)
		next.Version = f.Version + 2
		wantCode(t, p.Ledger.Update(ctx, next), fault.Conflict)
		wantCode(t, p.Ledger.Update(ctx, app.File{ID: "no", Version: 1}), fault.Conflict)
		same(t, "the stored record", get[app.File](t)(p.Ledger.File(ctx, "f1")), want)
	}},
	{"files from the newest, page by page", func(t *testing.T, p app.Ports) {
		for i, arrived := range []int64{30, 10, 20, 20, 50, 20} {
			_, _, err := p.Ledger.Begin(ctx, app.File{ID: fmt.Sprintf("f%d", i), Arrived: arrived})
			must(t, err)
		}
		all := get[[]app.File](t)(p.Ledger.Files(ctx, "", 100))
		same(t, "the number of files", len(all), 6)
		for i := 1; i < len(all); i++ {
			if all[i-1].Arrived < all[i].Arrived {
				t.Fatalf("the file %s stands before %s, which is newer", all[i-1].ID, all[i].ID)
			}
		}
		var paged []app.File
		for after := ""; ; after = paged[len(paged)-1].ID {
			page := get[[]app.File](t)(p.Ledger.Files(ctx, after, 2))
			if len(page) == 0 {
				break
			}
			if len(page) > 2 {
				t.Fatalf("a page of 2 has %d", len(page))
			}
			paged = append(paged, page...)
		}
		same(t, "the pages", paged, all)
	}},
	{"chunks", func(t *testing.T, p app.Ports) {
		same(t, "a chunk of which nothing is recorded", get[app.Chunk](t)(p.Ledger.Chunk(ctx, "f1", 3)), app.Chunk{})
		c := app.Chunk{File: "f1", Index: 3, State: app.ChunkKept, Counts: app.Counts{Events: 4, Accepted: 3, Duplicates: 1}, Units: app.Units{Reads: 0.5, Writes: 3}}
		must(t, p.Ledger.PutChunk(ctx, c))
		must(t, p.Ledger.PutChunk(ctx, c))
		same(t, "the chunk", get[app.Chunk](t)(p.Ledger.Chunk(ctx, "f1", 3)), c)
		c.State, c.Counts.Users = app.ChunkDone, 7
		must(t, p.Ledger.PutChunk(ctx, c))
		same(t, "the replaced chunk", get[app.Chunk](t)(p.Ledger.Chunk(ctx, "f1", 3)), c)
		same(t, "its neighbour", get[app.Chunk](t)(p.Ledger.Chunk(ctx, "f1", 4)), app.Chunk{})
		same(t, "another file's", get[app.Chunk](t)(p.Ledger.Chunk(ctx, "f2", 3)), app.Chunk{})
	}},
}
