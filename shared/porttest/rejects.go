package porttest

import (
	"slices"
	"strings"
	"testing"

	"github.com/weir-engine/weir/shared/app"
)

// someRejects are rejects of two recorded files, in the order of List.
func someRejects(t *testing.T, p app.Ports) []app.Reject {
	t.Helper()
	for id, arrived := range map[string]int64{"old": 10, "new": 20} {
		_, _, err := p.Ledger.Begin(ctx, app.File{ID: id, Arrived: arrived})
		must(t, err)
	}
	all := []app.Reject{
		{File: "new", Line: 2, Reason: "bad_json", Message: "not JSON", Text: "{\"a\": \xff\x00}", At: 5},
		{File: "new", Line: 10, Reason: "future", Message: "tomorrow", Text: "x", Header: "a,b", At: 5},
		{File: "old", Line: 1, Reason: "bad_json", Message: "not JSON", Text: strings.Repeat("y", 64<<10), At: 6},
		{File: "old", Line: 3, Reason: "no_user", Message: "nobody", Text: "", At: 6},
		{File: "old", Line: 9, Reason: "bad_json", Message: "not JSON", Text: "z", At: 6},
	}
	mixed := slices.Clone(all)
	slices.Reverse(mixed)
	must(t, p.Rejects.Put(ctx, mixed))
	return all
}

var rejectTests = []test{
	{"list by the newest file and line, page by page", func(t *testing.T, p app.Ports) {
		all := someRejects(t, p)
		for _, limit := range []int{1, 2, 5, 100} {
			same(t, "all rejects", pageRejects(t, p, "", limit), all)
			same(t, "one file's", pageRejects(t, p, "old", limit), all[2:])
		}
		same(t, "those of nothing", pageRejects(t, p, "nothing", 5), []app.Reject(nil))
	}},
	{"put leaves what exists", func(t *testing.T, p app.Ports) {
		all := someRejects(t, p)
		again := slices.Clone(all)
		for i := range again {
			again[i].Message, again[i].At = "another", 99
		}
		must(t, p.Rejects.Put(ctx, again))
		same(t, "all rejects", pageRejects(t, p, "", 100), all)
		must(t, p.Rejects.Put(ctx, nil))
	}},
	{"one line with two reasons", func(t *testing.T, p app.Ports) {
		all := someRejects(t, p)
		second := all[1]
		second.Reason = "no_user"
		must(t, p.Rejects.Put(ctx, []app.Reject{second}))
		want := slices.Insert(slices.Clone(all), 2, second)
		for _, limit := range []int{2, 3, 100} {
			same(t, "all rejects", pageRejects(t, p, "", limit), want)
		}
	}},
	{"redriven rejects wait no more", func(t *testing.T, p app.Ports) {
		all := someRejects(t, p)
		must(t, p.Rejects.Redriven(ctx, "old", "by1"))
		must(t, p.Rejects.Redriven(ctx, "old", "by2"))
		for i := 2; i < 5; i++ {
			all[i].Redrive = "by1"
		}
		same(t, "all rejects", pageRejects(t, p, "", 2), all)
		same(t, "the counts", get[map[string]int64](t)(p.Rejects.Counts(ctx, "")), map[string]int64{"bad_json": 1, "future": 1})
		same(t, "its counts", get[map[string]int64](t)(p.Rejects.Counts(ctx, "old")), map[string]int64{})
		must(t, p.Rejects.Put(ctx, all))
		same(t, "the counts after the same lines came again", get[map[string]int64](t)(p.Rejects.Counts(ctx, "old")), map[string]int64{})
	}},
	{"counts by reason", func(t *testing.T, p app.Ports) {
		same(t, "no counts", get[map[string]int64](t)(p.Rejects.Counts(ctx, "")), map[string]int64{})
		someRejects(t, p)
		same(t, "the counts", get[map[string]int64](t)(p.Rejects.Counts(ctx, "")),
			map[string]int64{"bad_json": 3, "future": 1, "no_user": 1})
		same(t, "one file's", get[map[string]int64](t)(p.Rejects.Counts(ctx, "old")), map[string]int64{"bad_json": 2, "no_user": 1})
	}},
}

func pageRejects(t *testing.T, p app.Ports, file string, limit int) (all []app.Reject) {
	t.Helper()
	afterFile, afterLine := "", int64(0)
	for {
		page := get[[]app.Reject](t)(p.Rejects.List(ctx, file, afterFile, afterLine, limit))
		if len(page) == 0 {
			return all
		}
		if len(page) > limit {
			t.Fatalf("a page of %d has %d", limit, len(page))
		}
		all = append(all, page...)
		afterFile, afterLine = page[len(page)-1].File, page[len(page)-1].Line
	}
}
