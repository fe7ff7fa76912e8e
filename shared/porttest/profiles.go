package porttest

import (
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/weir-engine/weir/shared/app"
	"github.com/weir-engine/weir/shared/fault"
	"github.com/weir-engine/weir/shared/outreach"
)

// fullItem returns an item with every field set.
func fullItem(key string, version int64) app.Item {
	return app.Item{
		Key: key, Version: version, Facts: []byte("facts of " + key), State: []byte{0, 1, 2, 255}, Recent: []byte("recent"),
		Marks: []app.Mark{{File: "f1", Chunk: 0, Accepted: 3}, {File: "f2~1", Chunk: 4095, Duplicates: 2}}, Rebase: true,
		Due: 1_700_000_000_123, Soon: true,
	}
}

var profileTests = []test{
	{"get keeps the order of the keys", func(t *testing.T, p app.Ports) {
		write(t, p, app.UserWrite{Item: fullItem("b", 0)}, app.UserWrite{Item: fullItem("a", 0)})
		got := get[[]app.Item](t)(p.Profiles.Get(ctx, []string{"c", "a", "b", "a", "no"}))
		same(t, "the items", got, []app.Item{{Key: "c"}, fullItem("a", 1), fullItem("b", 1), fullItem("a", 1), {Key: "no"}})
		same(t, "the items of no keys", get[[]app.Item](t)(p.Profiles.Get(ctx, nil)), []app.Item(nil))
	}},
	{"keys of any kind", func(t *testing.T, p app.Ports) {
		keys := []string{"anon:1", "0001", "1", "张三", "a\x00b", "a b", "'; DROP TABLE profiles; --", "é", "e\u0301", "A", "a"}
		for _, k := range keys {
			write(t, p, app.UserWrite{Item: fullItem(k, 0)})
		}
		for i, item := range get[[]app.Item](t)(p.Profiles.Get(ctx, keys)) {
			same(t, "the item", item, fullItem(keys[i], 1))
		}
		same(t, "the scan", sortedScan(t, p, 3), sorted(keys))
	}},
	{"write replaces the version that was read", func(t *testing.T, p app.Ports) {
		for version := range int64(4) {
			item := fullItem("u", version)
			item.Facts = fmt.Append(nil, "facts ", version)
			write(t, p, app.UserWrite{Item: item})
			item.Version++
			same(t, "the item", getOne(t, p, "u"), item)
		}
	}},
	{"write of another version is a conflict", func(t *testing.T, p app.Ports) {
		write(t, p, app.UserWrite{Item: fullItem("u", 0)})
		before := getOne(t, p, "u")
		for _, version := range []int64{0, 2, -1} {
			conflict(t, p, app.UserWrite{Item: app.Item{Key: "u", Version: version, Facts: []byte("new")}})
			same(t, "the item", getOne(t, p, "u"), before)
		}
		conflict(t, p, app.UserWrite{Item: app.Item{Key: "missing", Version: 1}})
		same(t, "the count", get[int64](t)(p.Profiles.Count(ctx)), int64(1))
	}},
	{"a conflict leaves the other writes of the call", func(t *testing.T, p app.Ports) {
		write(t, p, app.UserWrite{Item: fullItem("b", 0)})
		each, err := p.Profiles.Write(ctx, []app.UserWrite{{Item: fullItem("a", 0)}, {Item: fullItem("b", 0)}, {Item: fullItem("c", 0)}})
		must(t, err)
		same(t, "the number of results", len(each), 3)
		must(t, each[0])
		wantCode(t, each[1], fault.Conflict)
		must(t, each[2])
		same(t, "the scan", sortedScan(t, p, 10), []string{"a", "b", "c"})
	}},
	{"repeating a whole write conflicts and changes nothing", func(t *testing.T, p app.Ports) {
		u := app.UserWrite{Item: fullItem("u", 0), Decision: &app.Decision{Key: "u", Seq: 1, AsOf: 5, Record: []byte(`{}`)}}
		write(t, p, u)
		conflict(t, p, u)
		same(t, "the item", getOne(t, p, "u"), fullItem("u", 1))
		same(t, "the decisions", len(get[[]app.Decision](t)(p.Profiles.Decisions(ctx, "u", 9))), 1)
	}},
	{"who is due", func(t *testing.T, p app.Ports) {
		due := func(until int64, limit int) (keys []string) {
			t.Helper()
			seen := map[string]bool{}
			for after, pages := "", 0; ; pages++ {
				page, next, err := p.Profiles.Due(ctx, until, after, limit)
				must(t, err)
				if len(page) > limit || pages > 100 {
					t.Fatalf("a page of %d, page %d", len(page), pages)
				}
				for _, key := range page {
					if seen[key] {
						t.Fatalf("%s came twice", key)
					}
					seen[key] = true
					keys = append(keys, key)
				}
				if after = next; after == "" {
					return sorted(keys)
				}
			}
		}
		same(t, "nobody", due(1<<60, 5), []string(nil))
		var early, all []string
		for i := range int64(40) {
			item := app.Item{Key: fmt.Sprint("u", i), Due: 1000 + i/4*1000, Soon: true} // four at a time
			write(t, p, app.UserWrite{Item: item})
			if all = append(all, item.Key); item.Due <= 5000 {
				early = append(early, item.Key)
			}
		}
		write(t, p, app.UserWrite{Item: app.Item{Key: "before", Due: -5, Soon: true}}, app.UserWrite{Item: app.Item{Key: "later", Due: 1000}},
			app.UserWrite{Item: app.Item{Key: "far", Due: 253402300799000, Soon: true}})
		early, all = sorted(append(early, "before")), sorted(append(all, "before"))
		for _, limit := range []int{1, 3, 7, 100} {
			same(t, "who is due early", due(5000, limit), early)
			same(t, "everyone", due(1_000_000, limit), all)
			same(t, "who was due long ago", due(999, limit), []string{"before"})
		}
		item := getOne(t, p, "u0")
		item.Due, item.Soon = 9_000_000, false
		write(t, p, app.UserWrite{Item: item})
		write(t, p, app.UserWrite{Item: app.Item{Key: "into"}, Absorb: []app.Absorbed{{Key: "u1", Version: 1}}})
		same(t, "who is left", due(1000, 3), []string{"before", "u2", "u3"})
		_, _, err := p.Profiles.Due(ctx, 5, "no place", 5)
		wantCode(t, err, fault.Invalid)
		same(t, "a page of none", len(get[struct{ keys []string }](t)(func() (r struct{ keys []string }, err error) {
			r.keys, _, err = p.Profiles.Due(ctx, 5000, "", 0)
			return r, err
		}()).keys), 0)
	}},
	{"empty parts of an item", func(t *testing.T, p app.Ports) {
		write(t, p, app.UserWrite{Item: app.Item{Key: "u"}})
		same(t, "the item", getOne(t, p, "u"), app.Item{Key: "u", Version: 1})
		write(t, p, app.UserWrite{Item: fullItem("u", 1)})
		write(t, p, app.UserWrite{Item: app.Item{Key: "u", Version: 2}})
		same(t, "the emptied item", getOne(t, p, "u"), app.Item{Key: "u", Version: 3})
	}},
	{"a large item", func(t *testing.T, p app.Ports) {
		item := fullItem("u", 0)
		item.Facts = slices.Repeat([]byte("0123456789abcdef"), 20_000)
		write(t, p, app.UserWrite{Item: item})
		item.Version = 1
		same(t, "the item", getOne(t, p, "u"), item)
	}},
	{"scan page by page, and count", func(t *testing.T, p app.Ports) {
		var writes []app.UserWrite
		var keys []string
		for i := range 257 {
			keys = append(keys, fmt.Sprintf("user-%d", i*7919%1000))
			writes = append(writes, app.UserWrite{Item: fullItem(keys[i], 0)})
		}
		write(t, p, writes...)
		order := scanKeys(t, p, 1000)
		same(t, "the scanned keys", sorted(order), sorted(keys))
		for _, limit := range []int{1, 10, 256, 257} {
			same(t, "the scan", scanKeys(t, p, limit), order)
		}
		page := get[[]app.Item](t)(p.Profiles.Scan(ctx, "nobody", 300))
		rest := order[len(order)-len(page):]
		for i, item := range page {
			same(t, "the page after a key that is not there", item.Key, rest[i])
		}
		same(t, "the count", get[int64](t)(p.Profiles.Count(ctx)), int64(257))
		same(t, "the exact count", get[int64](t)(p.Profiles.Exact(ctx)), int64(257))
	}},
	{"revision changes with every write", func(t *testing.T, p app.Ports) {
		seen := map[int64]bool{get[int64](t)(p.Profiles.Revision(ctx)): true}
		for version := range int64(3) {
			write(t, p, app.UserWrite{Item: fullItem("u", version)})
			r := get[int64](t)(p.Profiles.Revision(ctx))
			if seen[r] {
				t.Fatalf("the revision %d came twice", r)
			}
			seen[r] = true
			same(t, "the revision without a write", get[int64](t)(p.Profiles.Revision(ctx)), r)
		}
	}},
	{"of concurrent writes of one version one wins", func(t *testing.T, p app.Ports) {
		write(t, p, app.UserWrite{Item: fullItem("u", 0)})
		const writers = 8
		results := make([]error, writers)
		var group sync.WaitGroup
		for i := range writers {
			group.Go(func() {
				each, err := p.Profiles.Write(ctx, []app.UserWrite{{Item: fullItem("u", 1)}})
				if err == nil {
					err = each[0]
				}
				results[i] = err
			})
		}
		group.Wait()
		won := 0
		for _, err := range results {
			if err == nil {
				won++
				continue
			}
			wantCode(t, err, fault.Conflict)
		}
		same(t, "the number of winners", won, 1)
		same(t, "the item", getOne(t, p, "u"), fullItem("u", 2))
	}},
}

// write applies writes, with the place of the decision records as it is read now.
func write(t *testing.T, p app.Ports, writes ...app.UserWrite) {
	t.Helper()
	for i := range writes {
		giveBack(t, p, &writes[i])
	}
	each, err := p.Profiles.Write(ctx, writes)
	must(t, err)
	same(t, "the number of results", len(each), len(writes))
	for _, err := range each {
		must(t, err)
	}
}

// giveBack puts the place of the decision records and the pointer into a write, as whoever read the profiles would.
func giveBack(t *testing.T, p app.Ports, u *app.UserWrite) {
	t.Helper()
	read := func(key string, version int64) (log []byte, to string) {
		item := get[[]app.Item](t)(p.Profiles.Get(ctx, []string{key}))[0]
		if item.Version != version {
			item.Log = nil
		}
		return item.Log, item.To
	}
	u.Item.Log, u.Item.To = read(u.Item.Key, u.Item.Version)
	u.Absorb = slices.Clone(u.Absorb)
	for i := range u.Absorb {
		u.Absorb[i].Log, u.Absorb[i].To = read(u.Absorb[i].Key, u.Absorb[i].Version)
	}
}

func conflict(t *testing.T, p app.Ports, u app.UserWrite) {
	t.Helper()
	giveBack(t, p, &u)
	each, err := p.Profiles.Write(ctx, []app.UserWrite{u})
	must(t, err)
	same(t, "the number of results", len(each), 1)
	wantCode(t, each[0], fault.Conflict)
}

func getOne(t *testing.T, p app.Ports, key string) app.Item {
	t.Helper()
	items := get[[]app.Item](t)(p.Profiles.Get(ctx, []string{key}))
	same(t, "the number of items", len(items), 1)
	items[0].Log = nil
	return items[0]
}

func scanKeys(t *testing.T, p app.Ports, limit int) (keys []string) {
	t.Helper()
	for after := ""; ; after = keys[len(keys)-1] {
		page := get[[]app.Item](t)(p.Profiles.Scan(ctx, after, limit))
		if len(page) > limit {
			t.Fatalf("a page of %d has %d", limit, len(page))
		}
		for _, item := range page {
			keys = append(keys, item.Key)
			item.Log = nil
			want := fullItem(item.Key, 1)
			if log := get[outreach.Log](t)(p.Intents.Log(ctx, item.Key)); len(log) > 0 {
				want.Version = item.Version // the first message of a user may count it up
			}
			same(t, "the scanned item", item, want)
		}
		if len(page) < limit {
			return keys
		}
	}
}

// sorted returns keys in their order.
func sorted(keys []string) []string { return slices.Sorted(slices.Values(keys)) }

func sortedScan(t *testing.T, p app.Ports, limit int) []string {
	t.Helper()
	return sorted(scanKeys(t, p, limit))
}
