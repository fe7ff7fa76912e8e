package porttest

import (
	"bytes"
	"fmt"
	"sync"
	"testing"

	"github.com/weir-engine/weir/shared/app"
	"github.com/weir-engine/weir/shared/fault"
)

var docTests = []test{
	{"get of nothing has version 0", func(t *testing.T, p app.Ports) {
		same(t, "the version", get[app.Doc](t)(p.Docs.Get(ctx, "no")).Version, int64(0))
	}},
	{"put is conditional and counts the version", func(t *testing.T, p app.Ports) {
		for version := range int64(3) {
			d := app.Doc{Key: "k", Version: version, Value: fmt.Append(nil, "v", version, "\x00"), At: version * 10}
			must(t, p.Docs.Put(ctx, d))
			wantCode(t, p.Docs.Put(ctx, d), fault.Conflict)
			d.Version++
			same(t, "the document", get[app.Doc](t)(p.Docs.Get(ctx, "k")), d)
		}
		wantCode(t, p.Docs.Put(ctx, app.Doc{Key: "k", Version: 0}), fault.Conflict)
		wantCode(t, p.Docs.Put(ctx, app.Doc{Key: "k", Version: 4}), fault.Conflict)
		wantCode(t, p.Docs.Put(ctx, app.Doc{Key: "other", Version: 1}), fault.Conflict)
		same(t, "the version of what was refused", get[app.Doc](t)(p.Docs.Get(ctx, "other")).Version, int64(0))
	}},
	{"of many puts at once one wins", func(t *testing.T, p app.Ports) {
		for version := range int64(2) {
			errs := make([]error, 8)
			var group sync.WaitGroup
			for i := range errs {
				group.Go(func() { errs[i] = p.Docs.Put(ctx, app.Doc{Key: "k", Version: version, Value: fmt.Append(nil, i)}) })
			}
			group.Wait()
			won := -1
			for i, err := range errs {
				if err == nil && won < 0 {
					won = i
					continue
				}
				wantCode(t, err, fault.Conflict)
			}
			d := get[app.Doc](t)(p.Docs.Get(ctx, "k"))
			same(t, "the document", []any{d.Version, string(d.Value)}, []any{version + 1, fmt.Sprint(won)})
		}
	}},
	{"a large document", func(t *testing.T, p app.Ports) {
		for i := range int64(2) {
			must(t, p.Docs.Put(ctx, app.Doc{Key: "large/k", Version: i, Value: bytes.Repeat([]byte{byte('a' + i)}, 1<<20)}))
		}
		wantCode(t, p.Docs.Put(ctx, app.Doc{Key: "large/k", Value: bytes.Repeat([]byte("z"), 1<<20)}), fault.Conflict)
		want := string(bytes.Repeat([]byte("b"), 1<<20))
		same(t, "the document", string(get[app.Doc](t)(p.Docs.Get(ctx, "large/k")).Value) == want, true)
		list := get[[]app.Doc](t)(p.Docs.List(ctx, "large/"))
		same(t, "the list", len(list) == 1 && string(list[0].Value) == want, true)
	}},
	{"list by prefix", func(t *testing.T, p app.Ports) {
		for _, key := range []string{"cuts/2", "strategy/b", "cuts/1", "cuts", "cut_1", "CUTS/9", "策略/一"} {
			must(t, p.Docs.Put(ctx, app.Doc{Key: key, Value: []byte(key)}))
		}
		for prefix, want := range map[string][]string{
			"cuts/": {"cuts/1", "cuts/2"},
			"cut":   {"cut_1", "cuts", "cuts/1", "cuts/2"},
			"cuts":  {"cuts", "cuts/1", "cuts/2"},
			"策":     {"策略/一"},
			"x":     nil,
			"":      {"CUTS/9", "cut_1", "cuts", "cuts/1", "cuts/2", "strategy/b", "策略/一"},
		} {
			var keys []string
			for _, d := range get[[]app.Doc](t)(p.Docs.List(ctx, prefix)) {
				keys = append(keys, d.Key)
				same(t, "the document", []any{d.Version, string(d.Value)}, []any{int64(1), d.Key})
			}
			same(t, "the list of "+prefix, keys, want)
		}
	}},
}
