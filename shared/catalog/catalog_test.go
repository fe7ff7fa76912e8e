package catalog

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/weir-engine/weir/shared/event"
)

func track(t testing.TB, name, properties string, at int64) *event.Event {
	t.Helper()
	o, ok := event.ParseObject(properties)
	if !ok {
		t.Fatalf("%s is no object", properties)
	}
	return &event.Event{Kind: event.Track, Name: name, Time: at, Properties: o}
}

func TestCounts(t *testing.T) {
	c := NewCounter()
	for user := range uint64(8) {
		c.Add("Order Completed", track(t, "Order Completed", fmt.Sprintf(`{"channel":"app","revenue":%d.5,"coupon":null,"email":"u%d","items":[1]}`, user, user), int64(100+user)), user)
	}
	c.Add("Viewed", track(t, "Viewed", `{"channel":true}`, 7), 1)
	c.Broke(Violation{At: 1, File: "f", Line: 3, Event: "Viewed", Mode: "flag", Detail: "properties.x is missing"}, false)
	c.Broke(Violation{At: 1, File: "f", Line: 4, Event: "Else", Mode: "quarantine", Detail: "unplanned"}, true)
	got := c.Catalog()
	if len(got.Events) != 3 || got.Events[0].Name != "Else" || got.Events[0].Count != 0 || got.Events[0].Quarantined != 1 || len(got.Violations) != 2 {
		t.Fatalf("the catalogue is %+v", got)
	}
	e, ok := got.Event("Order Completed")
	if !ok || e.Count != 8 || e.Examined != 8 || e.First != 100 || e.Last != 107 {
		t.Errorf("the event is %+v", e)
	}
	var names []string
	for i := range e.Properties {
		p := &e.Properties[i]
		names = append(names, fmt.Sprintf("%s %v %v %d", p.Name, p.Closed, p.Common(), p.Seen()))
	}
	want := []string{`channel false ["app"] 8`, `coupon false [] 8`, `email true [] 8`, `items false [] 8`, `revenue true [] 8`}
	if !slices.Equal(names, want) {
		t.Errorf("the properties are %q, want %q", names, want)
	}
	if v, _ := got.Event("Viewed"); v.Flagged != 1 || len(v.Properties[0].Common()) != 0 {
		t.Errorf("a value of one user is shown: %+v", v)
	}
}

// No value that may tell who somebody is stands in what is stored, not even until others share it.
func TestNoPersonalData(t *testing.T) {
	personal := []string{
		`{"email":"ann"}`, `{"user_email":"ann"}`, `{"Phone Number":"x"}`, `{"contact":"ann@example.com"}`, `{"contact":"13800138000"}`,
		`{"contact":13800138000}`, `{"first_name":"Ann"}`, `{"name":"Ann"}`, `{"昵称":"安"}`, `{"note":"Ann, 3 Elm Street, is ill today"}`,
		`{"device_id":"ann"}`, `{"ref":"a-quite-long-text-about-ann"}`, `{"page":"/users/ann"}`, `{"searchQuery":"ann"}`,
	}
	c := NewCounter()
	for i, properties := range personal {
		for user := range uint64(9) {
			c.Add("A", track(t, "A", properties, 1), user*7+uint64(i))
		}
	}
	for _, e := range c.Catalog().Events {
		for _, p := range e.Properties {
			if len(p.Values) > 0 {
				t.Errorf("the values of %s are kept: %+v", p.Name, p.Values)
			}
		}
	}
}

// random makes the catalogue of a file of random events, among them more names and properties than are kept.
func random(t testing.TB, r *rand.Rand, events int) *Catalog {
	c := NewCounter()
	for range events {
		name := fmt.Sprintf("event %d", r.IntN(2*MaxEvents))
		properties := fmt.Sprintf(`{"p%d":"v%d","q":%d,"r":true}`, r.IntN(3*MaxProperties), r.IntN(8), r.IntN(4))
		if r.IntN(2) == 0 {
			name = "often"
		}
		c.Add(name, track(t, name, properties, r.Int64N(1000)+1), r.Uint64N(12))
		if r.IntN(20) == 0 {
			c.Broke(Violation{At: r.Int64N(5), File: fmt.Sprint(r.IntN(4)), Line: r.Int64N(99), Event: name, Mode: "flag", Detail: "x"}, false)
		}
	}
	return c.Catalog()
}

func TestMergeDoesNotMindTheOrder(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for range 20 {
		files := make([]*Catalog, 5)
		for i := range files {
			files[i] = random(t, r, 400)
		}
		want := merged(t, files)
		for range 4 {
			r.Shuffle(len(files), func(i, j int) { files[i], files[j] = files[j], files[i] })
			if got := merged(t, files); !reflect.DeepEqual(got, want) {
				t.Fatalf("another order gives\n%+v, not\n%+v", got, want)
			}
		}
		left := Merge(merged(t, files[:2]), merged(t, files[2:]))
		if got := stored(t, left); !reflect.DeepEqual(got, want) {
			t.Fatal("other brackets give something else")
		}
		if len(want.Events) != MaxEvents || want.Beyond == 0 {
			t.Fatalf("%d names and %d events beyond: nothing was left out", len(want.Events), want.Beyond)
		}
	}
}

func merged(t testing.TB, files []*Catalog) *Catalog {
	out := &Catalog{}
	for _, f := range files {
		out = Merge(out, f)
	}
	return stored(t, out)
}

func stored(t testing.TB, c *Catalog) *Catalog {
	t.Helper()
	b, err := c.Encode()
	if err != nil {
		t.Fatal(err)
	}
	out, err := Decode(b)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// What stays of too many names is exact: a file that is cut in two counts the same.
func TestBoundsAreExact(t *testing.T) {
	whole, counted := NewCounter(), map[string]int64{}
	r := rand.New(rand.NewPCG(5, 6))
	total := int64(0)
	for i := range 20_000 {
		name := fmt.Sprintf("n%d", r.IntN(5000))
		whole.Add(name, track(t, name, `{}`, int64(i+1)), 1)
		counted[name]++
		total++
	}
	c := whole.Catalog()
	sum := c.Beyond
	for _, e := range c.Events {
		if e.Count != counted[e.Name] {
			t.Errorf("%s is counted %d times, not %d", e.Name, e.Count, counted[e.Name])
		}
		sum += e.Count
	}
	if len(c.Events) != MaxEvents || sum != total {
		t.Errorf("%d names, %d events of %d", len(c.Events), sum, total)
	}
	if b, err := c.Encode(); err != nil || len(b) > 32<<10 {
		t.Errorf("%d bytes, %v", len(b), err)
	}
}

func TestLongNames(t *testing.T) {
	c := NewCounter()
	long := strings.Repeat("名", 60)
	c.Add(long, track(t, long, `{}`, 1), 1)
	c.Add("A", track(t, "A", `{"`+long+`":1}`, 1), 1)
	got := c.Catalog()
	if len(got.Events) != 1 || got.Beyond != 1 || !got.Events[0].More || len(got.Events[0].Properties) != 0 {
		t.Errorf("the catalogue is %+v", got)
	}
}

func FuzzDecode(f *testing.F) {
	c := NewCounter()
	c.Add("A", track(f, "A", `{"a":1}`, 1), 1)
	b, _ := c.Catalog().Encode()
	f.Add(b)
	f.Fuzz(func(t *testing.T, b []byte) {
		c, err := Decode(b)
		if err == nil {
			Merge(c, c)
		}
	})
}

func BenchmarkAdd(b *testing.B) {
	c := NewCounter()
	events := []*event.Event{
		track(b, "Order Completed", `{"order_id":"o","revenue":3,"currency":"USD"}`, 5), track(b, "Product Viewed", `{"sku":"a","price":3}`, 6),
	}
	b.ReportAllocs()
	for i := range b.N {
		ev := events[i&1]
		c.Add(ev.Name, ev, uint64(i))
	}
}
