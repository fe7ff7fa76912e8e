package porttest

import (
	"testing"

	"github.com/weir-engine/weir/shared/app"
	"github.com/weir-engine/weir/shared/contact"
)

// reopenTest writes before the store is closed and checks after it was opened again.
type reopenTest struct {
	name         string
	write, check func(t *testing.T, p app.Ports)
}

var reopenTests = []reopenTest{
	{
		"uploads", func(t *testing.T, p app.Ports) { putUpload(t, p, "in/f.txt", "content") },
		func(t *testing.T, p app.Ports) { same(t, "content", readUpload(t, p, "in/f.txt"), "content") },
	},
	{
		"ledger", func(t *testing.T, p app.Ports) {
			_, _, err := p.Ledger.Begin(ctx, fullFile)
			must(t, err)
			must(t, p.Ledger.PutChunk(ctx, app.Chunk{File: "f1", Index: 2, State: app.ChunkDone}))
		},
		func(t *testing.T, p app.Ports) {
			f := get[app.File](t)(p.Ledger.File(ctx, "f1"))
			f.Version = 0
			same(t, "the record", f, fullFile)
			same(t, "the chunk", get[app.Chunk](t)(p.Ledger.Chunk(ctx, "f1", 2)).State, app.ChunkDone)
		},
	},
	{
		"profiles, intents and decisions", func(t *testing.T, p app.Ports) {
			write(t, p, fullWrite("u", 0), app.UserWrite{Item: fullItem("v", 0)})
			claim(t, p, "i-u", 5, true)
		},
		func(t *testing.T, p app.Ports) {
			same(t, "the profiles", sortedScan(t, p, 9), []string{"u", "v"})
			same(t, "the decisions", len(get[[]app.Decision](t)(p.Profiles.Decisions(ctx, "u", 9))), 1)
			same(t, "the intent", listIntents(t, p, app.IntentQuery{Limit: 9})[0].Status, app.IntentClaimed)
			same(t, "the day's count", get[int](t)(p.Intents.Claimed(ctx, aDay)), 1)
			conflict(t, p, app.UserWrite{Item: fullItem("u", 0)})
		},
	},
	{
		"links", func(t *testing.T, p app.Ports) {
			must(t, p.Links.Apply(ctx, []app.Link{{A: "a", B: "b", Time: 1, Source: "f"}}, map[string]string{"a": "b"}))
		},
		func(t *testing.T, p app.Ports) {
			same(t, "the facts", get[[]app.Link](t)(p.Links.All(ctx)), []app.Link{{A: "a", B: "b", Time: 1, Source: "f"}})
			same(t, "the pointers", get[map[string]string](t)(p.Links.Resolve(ctx, []string{"a"})), map[string]string{"a": "b"})
		},
	},
	{
		"contacts", func(t *testing.T, p app.Ports) {
			keepRoom(t, p, "u", "x@example.com")
			must(t, p.Contacts.Entomb(ctx, []string{"a"}))
		},
		func(t *testing.T, p app.Ports) {
			same(t, "the address", get[string](t)(p.Contacts.Address(ctx, "u", contact.Email)), "x@example.com")
			same(t, "the tombstones", get[[]string](t)(p.Contacts.Tombstones(ctx)), []string{"a"})
			same(t, "the keys", get[int64](t)(p.Contacts.Rotate(ctx)), int64(1))
		},
	},
	{
		"canonical rows", func(t *testing.T, p app.Ports) { keep(t, p, "f1", canonRows("f1", 30)) },
		func(t *testing.T, p app.Ports) {
			same(t, "the rows", readRows(t, p, app.RowFilter{Bucket: -1}), canonRows("f1", 30))
		},
	},
	{
		"rejects", func(t *testing.T, p app.Ports) { someRejects(t, p) },
		func(t *testing.T, p app.Ports) { same(t, "the number", len(pageRejects(t, p, "", 2)), 5) },
	},
	{
		"documents", func(t *testing.T, p app.Ports) {
			must(t, p.Docs.Put(ctx, app.Doc{Key: "k", Value: []byte("v"), At: 3}))
		},
		func(t *testing.T, p app.Ports) {
			same(t, "the document", get[app.Doc](t)(p.Docs.Get(ctx, "k")), app.Doc{Key: "k", Version: 1, Value: []byte("v"), At: 3})
		},
	},
	{
		"scratch is gone", func(t *testing.T, p app.Ports) {
			s := openSpill(t, p, 2)
			fillSpill(t, s, 2)
			must(t, s.Flush())
		},
		func(t *testing.T, p app.Ports) {
			same(t, "the records", readSpill(t, openSpill(t, p, 2), 0), [][]byte(nil))
		},
	},
}
