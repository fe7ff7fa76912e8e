package porttest

import (
	"slices"
	"testing"

	"github.com/weir-engine/weir/shared/app"
)

var linkTests = []test{
	{"touching finds every fact that names an id", func(t *testing.T, p app.Ports) {
		ab := app.Link{A: "a", B: "b", Time: 5, Source: "f1"}
		ac := app.Link{A: "a", B: "c", Alias: true, Time: 6, Source: "manual"}
		bc := app.Link{A: "b", B: "c", Time: 7, Source: "f1", Revoked: 9}
		de := app.Link{A: "d", B: "e", Time: 1, Source: "f2"}
		must(t, p.Links.Apply(ctx, []app.Link{de, bc, ac, ab}, nil))
		for _, one := range []struct {
			ids  []string
			want []app.Link
		}{
			{[]string{"a"}, []app.Link{ab, ac}},
			{[]string{"b"}, []app.Link{ab, bc}},
			{[]string{"c", "a", "c"}, []app.Link{ab, ac, bc}},
			{[]string{"e", "b"}, []app.Link{ab, bc, de}},
			{[]string{"x"}, nil},
			{nil, nil},
		} {
			same(t, "the facts", sortedLinks(get[[]app.Link](t)(p.Links.Touching(ctx, one.ids))), one.want)
		}
		same(t, "all facts", get[[]app.Link](t)(p.Links.All(ctx)), []app.Link{ab, ac, bc, de})
	}},
	{"of one fact the earliest time stays", func(t *testing.T, p app.Ports) {
		for _, l := range []app.Link{
			{A: "a", B: "b", Time: 50, Source: "f2"}, {A: "a", B: "b", Time: 30, Source: "f1"}, {A: "a", B: "b", Time: 40, Source: "f3"},
		} {
			must(t, p.Links.Apply(ctx, []app.Link{l}, nil))
			must(t, p.Links.Apply(ctx, []app.Link{l}, nil))
		}
		same(t, "all facts", get[[]app.Link](t)(p.Links.All(ctx)), []app.Link{{A: "a", B: "b", Time: 30, Source: "f1"}})
	}},
	{"of equal times the smaller source stays, and the first revocation", func(t *testing.T, p app.Ports) {
		for _, l := range []app.Link{
			{Time: 5, Source: "m"}, {Time: 5, Source: "z"}, {Time: 5, Source: "b"}, {Time: 5, Source: "c", Revoked: 70}, {Time: 5, Source: "b", Revoked: 90},
		} {
			l.A, l.B = "a", "b"
			must(t, p.Links.Apply(ctx, []app.Link{l}, nil))
		}
		same(t, "the fact", get[[]app.Link](t)(p.Links.All(ctx)), []app.Link{{A: "a", B: "b", Time: 5, Source: "b", Revoked: 70}})
	}},
	{"an alias is another fact", func(t *testing.T, p app.Ports) {
		both := []app.Link{{A: "a", B: "b", Time: 2, Source: "f"}, {A: "a", B: "b", Alias: true, Time: 1, Source: "f"}}
		must(t, p.Links.Apply(ctx, both, nil))
		same(t, "all facts", sortedLinks(get[[]app.Link](t)(p.Links.All(ctx))), both)
	}},
	{"a revoked fact stays revoked", func(t *testing.T, p app.Ports) {
		l := app.Link{A: "a", B: "b", Time: 30, Source: "f1"}
		must(t, p.Links.Apply(ctx, []app.Link{l}, nil))
		revoked := l
		revoked.Revoked = 99
		must(t, p.Links.Apply(ctx, []app.Link{revoked}, nil))
		must(t, p.Links.Apply(ctx, []app.Link{l}, nil))
		same(t, "all facts", get[[]app.Link](t)(p.Links.All(ctx)), []app.Link{revoked})
	}},
	{"pointers", func(t *testing.T, p app.Ports) {
		same(t, "any pointer in an empty base", get[bool](t)(p.Links.Any(ctx)), false)
		must(t, p.Links.Apply(ctx, nil, map[string]string{"anon:1": "u", "anon:2": "u", "v": "u", "w": "w"}))
		same(t, "any pointer", get[bool](t)(p.Links.Any(ctx)), true)
		same(t, "the canonical ids", get[map[string]string](t)(p.Links.Resolve(ctx, []string{"v", "u", "x", "anon:1", "w"})),
			map[string]string{"anon:1": "u", "v": "u"})
		must(t, p.Links.Apply(ctx, nil, map[string]string{"anon:1": "v", "v": "v"}))
		same(t, "the moved ids", get[map[string]string](t)(p.Links.Resolve(ctx, []string{"anon:1", "anon:2", "v"})),
			map[string]string{"anon:1": "v", "anon:2": "u"})
		must(t, p.Links.Apply(ctx, nil, map[string]string{"anon:1": "anon:1", "anon:2": "anon:2"}))
		same(t, "the canonical ids after all were removed", get[map[string]string](t)(p.Links.Resolve(ctx, []string{"anon:1", "anon:2", "v"})), map[string]string{})
		same(t, "no ids", get[map[string]string](t)(p.Links.Resolve(ctx, nil)), map[string]string{})
	}},
	{"the stored ones of some facts", func(t *testing.T, p app.Ports) {
		ab := app.Link{A: "a", B: "b", Time: 5, Source: "f1"}
		alias := app.Link{A: "a", B: "c", Alias: true, Time: 6, Source: "f1", Revoked: 9}
		must(t, p.Links.Apply(ctx, []app.Link{ab, alias}, nil))
		ask := []app.Link{{A: "a", B: "b", Time: 9, Source: "f2"}, {A: "a", B: "b", Alias: true}, {A: "a", B: "c"}, {A: "a", B: "c", Alias: true}, {A: "b", B: "c"}, {A: "a", B: "b"}}
		same(t, "the facts", sortedLinks(get[[]app.Link](t)(p.Links.Stored(ctx, ask))), []app.Link{ab, alias})
		same(t, "no facts", len(get[[]app.Link](t)(p.Links.Stored(ctx, nil))), 0)
	}},
	{"a profile's read says where its key points", func(t *testing.T, p app.Ports) {
		to := func(keys ...string) (all []string) {
			for _, item := range get[[]app.Item](t)(p.Profiles.Get(ctx, keys)) {
				all = append(all, item.To)
			}
			return all
		}
		write(t, p, app.UserWrite{Item: fullItem("anon:1", 0)}, app.UserWrite{Item: fullItem("u", 0)})
		must(t, p.Links.Apply(ctx, nil, map[string]string{"anon:1": "u", "anon:2": "u", "u": "u"}))
		same(t, "the pointers", to("anon:1", "anon:2", "u", "x"), []string{"u", "u", "", ""})
		items := get[[]app.Item](t)(p.Profiles.Get(ctx, []string{"anon:1", "anon:2", "u"}))
		same(t, "the versions", []int64{items[0].Version, items[1].Version, items[2].Version}, []int64{1, 0, 1})
		same(t, "the profiles", scannedKeys(t, p), []string{"anon:1", "u"})
		same(t, "their number", get[int64](t)(p.Profiles.Exact(ctx)), int64(2))

		write(t, p, app.UserWrite{Item: fullItem("anon:1", 1)})
		same(t, "the pointer of a profile that was written", to("anon:1"), []string{"u"})
		write(t, p, app.UserWrite{Item: fullItem("u", 1), Absorb: []app.Absorbed{{Key: "anon:1", Version: 2}}})
		same(t, "the pointer of a profile that was taken in", to("anon:1"), []string{"u"})
		same(t, "the profiles after that", scannedKeys(t, p), []string{"u"})

		write(t, p, app.UserWrite{Item: fullItem("anon:2", 0)})
		must(t, p.Links.Apply(ctx, nil, map[string]string{"anon:1": "anon:1", "anon:2": "anon:2", "u": "u", "x": "x"}))
		same(t, "no pointers", to("anon:1", "anon:2", "u", "x"), []string{"", "", "", ""})
		same(t, "the profiles in the end", scannedKeys(t, p), []string{"anon:2", "u"})
	}},
	{"facts alone are no pointers", func(t *testing.T, p app.Ports) {
		must(t, p.Links.Apply(ctx, []app.Link{{A: "a", B: "b", Time: 1}}, nil))
		same(t, "any pointer", get[bool](t)(p.Links.Any(ctx)), false)
	}},
}

// scannedKeys returns the keys of all profiles.
func scannedKeys(t *testing.T, p app.Ports) (keys []string) {
	t.Helper()
	for _, item := range get[[]app.Item](t)(p.Profiles.Scan(ctx, "", 99)) {
		keys = append(keys, item.Key)
	}
	slices.Sort(keys)
	return keys
}

// sortedLinks sorts by (A, B, Alias).
func sortedLinks(all []app.Link) []app.Link {
	for i := range all {
		for j := i; j > 0 && linkLess(all[j], all[j-1]); j-- {
			all[j], all[j-1] = all[j-1], all[j]
		}
	}
	return all
}

func linkLess(x, y app.Link) bool {
	switch {
	case x.A != y.A:
		return x.A < y.A
	case x.B != y.B:
		return x.B < y.B
	}
	return !x.Alias && y.Alias
}
