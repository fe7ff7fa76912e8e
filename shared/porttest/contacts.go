package porttest

import (
	"bytes"
	"fmt"
	"sync"
	"testing"

	"github.com/weir-engine/weir/shared/app"
	"github.com/weir-engine/weir/shared/contact"
	"github.com/weir-engine/weir/shared/fault"
)

// oneRoom reads the room of an id.
func oneRoom(t *testing.T, p app.Ports, id string) app.Room {
	t.Helper()
	return get[[]app.Room](t)(p.Contacts.Rooms(ctx, []string{id}))[0]
}

// keepRoom puts addresses of e-mail into the room of an id.
func keepRoom(t *testing.T, p app.Ports, id string, addresses ...string) app.Room {
	t.Helper()
	r := oneRoom(t, p, id)
	for i, address := range addresses {
		get[bool](t)(r.Add("ref:"+address, contact.Email, address, int64(i)))
	}
	for _, err := range get[[]error](t)(p.Contacts.Put(ctx, []app.Room{r})) {
		must(t, err)
	}
	return oneRoom(t, p, id)
}

var contactTests = []test{
	{"the index stays", func(t *testing.T, p app.Ports) {
		index := get[[]byte](t)(p.Contacts.Index(ctx))
		same(t, "its length", len(index), contact.KeyBytes)
		same(t, "the index", get[[]byte](t)(p.Contacts.Index(ctx)), index)
	}},
	{"a room that is not there has a new key", func(t *testing.T, p app.Ports) {
		a, b := oneRoom(t, p, "u1"), oneRoom(t, p, "u1")
		same(t, "the room", []any{a.ID, a.Version, len(a.Key), len(a.Contacts)}, []any{"u1", int64(0), contact.KeyBytes, 0})
		if bytes.Equal(a.Key, b.Key) {
			t.Error("two rooms have one key")
		}
	}},
	{"put keeps key and addresses under its condition", func(t *testing.T, p app.Ports) {
		first := oneRoom(t, p, "用户/1")
		get[bool](t)(first.Add("ref:a", contact.Email, "a@example.com", 7))
		same(t, "the outcome", get[[]error](t)(p.Contacts.Put(ctx, []app.Room{first})), []error{nil})
		stored := oneRoom(t, p, "用户/1")
		first.Version = 1
		same(t, "the room", stored, first)
		wantCode(t, get[[]error](t)(p.Contacts.Put(ctx, []app.Room{{ID: "用户/1", Key: first.Key}}))[0], fault.Conflict)
		get[bool](t)(stored.Add("ref:b", contact.Phone, "+49123456", 8))
		must(t, get[[]error](t)(p.Contacts.Put(ctx, []app.Room{stored}))[0])
		wantCode(t, get[[]error](t)(p.Contacts.Put(ctx, []app.Room{stored}))[0], fault.Conflict)
		stored.Version = 2
		same(t, "the room", oneRoom(t, p, "用户/1"), stored)
		wantCode(t, get[[]error](t)(p.Contacts.Put(ctx, []app.Room{{ID: "nobody", Version: 1, Key: first.Key}}))[0], fault.Conflict)
	}},
	{"many rooms keep their order", func(t *testing.T, p app.Ports) {
		var ids []string
		var rooms []app.Room
		for i := range 250 {
			ids = append(ids, fmt.Sprint("u", i))
		}
		for i, r := range get[[]app.Room](t)(p.Contacts.Rooms(ctx, ids)) {
			if i%2 == 0 {
				get[bool](t)(r.Add("ref:shared", contact.Email, "shared@example.com", 1))
				rooms = append(rooms, r)
			}
		}
		for _, err := range get[[]error](t)(p.Contacts.Put(ctx, rooms)) {
			must(t, err)
		}
		for i, r := range get[[]app.Room](t)(p.Contacts.Rooms(ctx, ids)) {
			same(t, "the room", []any{r.ID, r.Version}, []any{ids[i], int64(1 - i%2)})
		}
		same(t, "the ids of the address", len(get[[]string](t)(p.Contacts.Find(ctx, "ref:shared"))), 125)
	}},
	{"of concurrent puts of one room one wins", func(t *testing.T, p app.Ports) {
		var wg sync.WaitGroup
		outcomes := make([]error, 8)
		for i := range outcomes {
			wg.Go(func() {
				each, err := p.Contacts.Put(ctx, []app.Room{{ID: "u", Key: bytes.Repeat([]byte{byte(i)}, contact.KeyBytes)}})
				if err == nil {
					err = each[0]
				}
				outcomes[i] = err
			})
		}
		wg.Wait()
		won := -1
		for i, err := range outcomes {
			switch {
			case err == nil && won >= 0:
				t.Fatal("two won")
			case err == nil:
				won = i
			default:
				wantCode(t, err, fault.Conflict)
			}
		}
		same(t, "the key", oneRoom(t, p, "u").Key[0], byte(won))
	}},
	{"address is the newest of a kind", func(t *testing.T, p app.Ports) {
		_, err := p.Contacts.Address(ctx, "u", contact.Email)
		wantCode(t, err, fault.NotFound)
		keepRoom(t, p, "u", "old@example.com", "new@example.com")
		same(t, "the address", get[string](t)(p.Contacts.Address(ctx, "u", contact.Email)), "new@example.com")
		_, err = p.Contacts.Address(ctx, "u", contact.Phone)
		wantCode(t, err, fault.NotFound)
	}},
	{"find tells who holds a reference", func(t *testing.T, p app.Ports) {
		keepRoom(t, p, "b", "x@example.com")
		keepRoom(t, p, "a", "x@example.com", "y@example.com")
		same(t, "of both", get[[]string](t)(p.Contacts.Find(ctx, "ref:x@example.com")), []string{"a", "b"})
		same(t, "of one", get[[]string](t)(p.Contacts.Find(ctx, "ref:y@example.com")), []string{"a"})
		same(t, "of nobody", len(get[[]string](t)(p.Contacts.Find(ctx, "ref:z@example.com"))), 0)
	}},
	{"forget destroys keys and addresses", func(t *testing.T, p app.Ports) {
		before := keepRoom(t, p, "u", "x@example.com")
		keepRoom(t, p, "v", "x@example.com")
		for range 2 {
			must(t, p.Contacts.Forget(ctx, []string{"u", "nobody"}))
		}
		after := oneRoom(t, p, "u")
		same(t, "the room", []any{after.Version, len(after.Contacts)}, []any{int64(0), 0})
		if bytes.Equal(after.Key, before.Key) {
			t.Error("the data key is still there")
		}
		same(t, "who holds the address", get[[]string](t)(p.Contacts.Find(ctx, "ref:x@example.com")), []string{"v"})
		_, err := p.Contacts.Address(ctx, "u", contact.Email)
		wantCode(t, err, fault.NotFound)
	}},
	{"tombstones stay, once each", func(t *testing.T, p app.Ports) {
		same(t, "none", len(get[[]string](t)(p.Contacts.Tombstones(ctx))), 0)
		must(t, p.Contacts.Entomb(ctx, []string{"b", "a"}))
		must(t, p.Contacts.Entomb(ctx, []string{"b", "c"}))
		must(t, p.Contacts.Entomb(ctx, nil))
		same(t, "all", get[[]string](t)(p.Contacts.Tombstones(ctx)), []string{"a", "b", "c"})
	}},
	{"rotate wraps every key anew and keeps what they open", func(t *testing.T, p app.Ports) {
		index := get[[]byte](t)(p.Contacts.Index(ctx))
		u, v := keepRoom(t, p, "u", "x@example.com"), keepRoom(t, p, "v")
		first := get[[]app.KeyGeneration](t)(p.Contacts.Keys(ctx))
		same(t, "the generations", []any{len(first), first[0].Number}, []any{1, int64(1)})
		same(t, "the keys", get[int64](t)(p.Contacts.Rotate(ctx)), int64(2))
		second := get[[]app.KeyGeneration](t)(p.Contacts.Keys(ctx))
		same(t, "the generations", []any{len(second), second[0].Number}, []any{1, int64(2)})
		same(t, "the index", get[[]byte](t)(p.Contacts.Index(ctx)), index)
		same(t, "the key", oneRoom(t, p, "v").Key, v.Key)
		same(t, "the room", oneRoom(t, p, "u").Contacts, u.Contacts)
		same(t, "the address", get[string](t)(p.Contacts.Address(ctx, "u", contact.Email)), "x@example.com")
	}},
}

// forgetTests are the other ports' part in forgetting a user.
var forgetTests = []test{
	{"profiles with everything about them", func(t *testing.T, p app.Ports) {
		write(t, p, fullWrite("u", 0), fullWrite("v", 0), app.UserWrite{Item: fullItem("w", 0)})
		if c := p.Channels["outbox"]; c != nil {
			must(t, c.Send(ctx, app.Message{ID: "i-u", User: "u", Body: "text"}))
		}
		for range 2 {
			must(t, p.Profiles.Forget(ctx, []string{"u", "w", "nobody"}))
		}
		same(t, "the profiles", sortedScan(t, p, 9), []string{"v"})
		same(t, "the decisions", len(get[[]app.Decision](t)(p.Profiles.Decisions(ctx, "u", 9))), 0)
		same(t, "another's decisions", len(get[[]app.Decision](t)(p.Profiles.Decisions(ctx, "v", 9))), 1)
		for _, in := range listIntents(t, p, app.IntentQuery{Limit: 9}) {
			same(t, "whom an intent is about", in.Key, "v")
		}
		write(t, p, fullWrite("u", 0))
		same(t, "the profiles", sortedScan(t, p, 9), []string{"u", "v"})
	}},
	{"links of ids", func(t *testing.T, p app.Ports) {
		ab, bc, de := app.Link{A: "a", B: "b", Time: 5, Source: "f"}, app.Link{A: "b", B: "c", Alias: true, Time: 6}, app.Link{A: "d", B: "e", Time: 7}
		must(t, p.Links.Apply(ctx, []app.Link{ab, bc, de}, map[string]string{"b": "a", "e": "d"}))
		for range 2 {
			must(t, p.Links.Forget(ctx, []string{"b", "x"}))
		}
		same(t, "the facts", get[[]app.Link](t)(p.Links.All(ctx)), []app.Link{de})
		same(t, "the pointers", get[map[string]string](t)(p.Links.Resolve(ctx, []string{"b", "e"})), map[string]string{"e": "d"})
		same(t, "the facts of the other id", len(get[[]app.Link](t)(p.Links.Touching(ctx, []string{"a", "c"}))), 0)
	}},
	{"rejects from before a moment", func(t *testing.T, p app.Ports) {
		reject := func(file string, line, at int64) app.Reject {
			return app.Reject{File: file, Line: line, Reason: "bad_json", Message: "m", Text: "t", At: at}
		}
		must(t, p.Rejects.Put(ctx, []app.Reject{reject("f1", 1, 10), reject("f1", 2, 20), reject("f2", 1, 15)}))
		same(t, "how many", get[int64](t)(p.Rejects.Expire(ctx, 20)), int64(2))
		same(t, "again", get[int64](t)(p.Rejects.Expire(ctx, 20)), int64(0))
		left := get[[]app.Reject](t)(p.Rejects.List(ctx, "", "", 0, 9))
		same(t, "what is left", []any{len(left), left[0].Line}, []any{1, int64(2)})
		same(t, "what waits", get[map[string]int64](t)(p.Rejects.Counts(ctx, "")), map[string]int64{"bad_json": 1})
	}},
	{"compaction keeps the rows in fewer files", func(t *testing.T, p app.Ports) {
		for i := range 6 {
			keep(t, p, fmt.Sprint("f", i), canonRows(fmt.Sprint("f", i), 40))
		}
		keep(t, p, "g0", canonRows("f0", 40)) // the same events in another file
		before := readRows(t, p, app.RowFilter{Bucket: -1})
		compact := func(all bool, change func([]app.Row) ([]app.Row, error)) (sum app.Compacted) {
			for bucket := range p.Canon.Buckets() {
				one := get[app.Compacted](t)(p.Canon.Compact(ctx, bucket, all, change))
				sum.Before, sum.After, sum.Rows = sum.Before+one.Before, sum.After+one.After, sum.Rows+one.Rows
			}
			return sum
		}
		first := compact(false, nil)
		if first.After*3 > first.Before {
			t.Errorf("%d files became %d", first.Before, first.After)
		}
		after := readRows(t, p, app.RowFilter{Bucket: -1})
		same(t, "the number of rows", len(after), len(before)-40)
		seen := map[string]bool{}
		for _, r := range after {
			seen[fmt.Sprint(r.Key, r.ID)] = true
		}
		same(t, "the number of events", len(seen), len(after))
		same(t, "of one key", readRows(t, p, app.RowFilter{Bucket: -1, Keys: []string{"user-3"}}), filterRows(after, func(r app.Row) bool { return r.Key == "user-3" }))
		second := compact(false, nil)
		same(t, "again", []int64{second.Before, second.After, second.Rows}, []int64{first.After, first.After, 0})
		compact(true, func(rows []app.Row) ([]app.Row, error) {
			return filterRows(rows, func(r app.Row) bool { return r.Key != "user-3" }), nil
		})
		same(t, "without one", readRows(t, p, app.RowFilter{Bucket: -1}), filterRows(after, func(r app.Row) bool { return r.Key != "user-3" }))
	}},
	{"canonical rows of keys", func(t *testing.T, p app.Ports) {
		for _, file := range []string{"f1", "f2"} {
			keep(t, p, file, canonRows(file, 60))
		}
		gone := func(r app.Row) bool { return r.Key == "user-3" || r.Key == "user-5" }
		before := readRows(t, p, app.RowFilter{Bucket: -1})
		left := filterRows(before, func(r app.Row) bool { return !gone(r) })
		same(t, "the number of rows", get[int64](t)(p.Canon.Erase(ctx, []string{"user-3", "user-5", "nobody"})), int64(len(before)-len(left)))
		same(t, "the rows", readRows(t, p, app.RowFilter{Bucket: -1}), left)
		same(t, "of the keys", len(readRows(t, p, app.RowFilter{Bucket: -1, Keys: []string{"user-3"}})), 0)
		same(t, "again", get[int64](t)(p.Canon.Erase(ctx, []string{"user-3", "user-5"})), int64(0))
		all := make([]string, 8)
		for i := range all {
			all[i] = fmt.Sprintf("user-%d", i)
		}
		same(t, "the rest", get[int64](t)(p.Canon.Erase(ctx, all)), int64(len(left)))
		same(t, "the rows", len(readRows(t, p, app.RowFilter{Bucket: -1})), 0)
	}},
}
