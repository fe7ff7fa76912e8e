package profile

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/weir-engine/weir/shared/event"
	"github.com/weir-engine/weir/shared/zone"
)

// drawFile draws the events of a file: several users, some anonymous, some events without a messageId, some twice, and some
// that Check refuses.
func drawFile(t *rapid.T) []event.Event {
	var file []event.Event
	for i := range rapid.IntRange(0, 60).Draw(t, "events") {
		ev := drawEntry(t, i).ev
		ev.UserID = rapid.SampledFrom([]string{"u", "v", "w", "", strings.Repeat("long", 60)}).Draw(t, "user")
		if ev.UserID == "" {
			ev.AnonymousID = rapid.SampledFrom([]string{"a", "b"}).Draw(t, "visitor")
		}
		if rapid.IntRange(0, 3).Draw(t, "nameless") == 0 {
			ev.MessageID, ev.Content = "", [16]byte{byte(rapid.IntRange(0, 2).Draw(t, "content"))}
		}
		if rapid.IntRange(0, 9).Draw(t, "refused") == 0 {
			ev.Kind, ev.Name, ev.Properties = event.Track, "Order Completed", object(`{"revenue":"none"}`)
		}
		file = append(file, ev)
		if rapid.IntRange(0, 5).Draw(t, "twice") == 0 && ev.MessageID != "" {
			file = append(file, ev)
		}
	}
	return file
}

// foldFile is what a Table must give, one event after another.
func foldFile(s *Schema, file []event.Event) (facts map[string]*Facts, duplicates, refused int64) {
	type content struct {
		key  string
		hash [16]byte
	}
	facts = map[string]*Facts{}
	again, seen := map[content]uint32{}, map[string]bool{}
	for i := range file {
		ev := &file[i]
		if s.Check(ev) != nil {
			refused++
			continue
		}
		key := ev.Key()
		if facts[key] == nil {
			facts[key] = &Facts{}
		}
		id := ev.StableID(again[content{key, ev.Content}])
		if ev.MessageID == "" {
			again[content{key, ev.Content}]++
		} else if known := fmt.Sprint(key, id); seen[known] {
			duplicates++
			continue
		} else {
			seen[known] = true
		}
		s.Fold(facts[key], ev, id)
	}
	return facts, duplicates, refused
}

func TestTableFoldsLikeFold(t *testing.T) {
	schemas := []*Schema{
		schemaOf(t, everything(), zone.UTC), schemaOf(t, plain(), zoneOf(t, "America/New_York")), richSchema(t),
	}
	tables := make([]*Table, len(schemas))
	for i, s := range schemas {
		tables[i] = NewTable(s)
	}
	rapid.Check(t, func(t *rapid.T) {
		at := rapid.IntRange(0, len(schemas)-1).Draw(t, "schema")
		s, table := schemas[at], tables[at] // used for file after file
		file := drawFile(t)
		want, duplicates, refused := foldFile(s, file)
		for i := range file {
			if (table.Add(&file[i]) == nil) != (s.Check(&file[i]) == nil) {
				t.Fatalf("event %d: Add and Check differ", i)
			}
		}
		got := 0
		for key, f := range table.Users() {
			got++
			if want[key] == nil {
				t.Fatalf("user %q appears from nowhere", key)
			}
			if !bytes.Equal(EncodeFacts(nil, f), EncodeFacts(nil, want[key])) {
				t.Fatalf("user %q\n got %+v\nwant %+v", key, f, want[key])
			}
		}
		if got != len(want) || table.Duplicates() != duplicates {
			t.Fatalf("%d users and %d duplicates, want %d and %d (%d refused)", got, table.Duplicates(), len(want), duplicates, refused)
		}
	})
}

// TestTableGrows folds more users and events than the first tables hold, with records longer than a block.
func TestTableGrows(t *testing.T) {
	s := schemaOf(t, everything(), zone.UTC)
	table := NewTable(s)
	note := strings.Repeat("n", 2*tableBlock)
	const users, each = 20_000, 3
	for range 2 {
		for i := range users * each {
			e := track("Order Completed", testStart+int64(i), `{"revenue":1}`)
			if i%10_000 == 0 {
				e = track("Order Completed", testStart+int64(i), `{"revenue":1,"note":"`+note+`"}`)
			}
			e.ev.UserID = fmt.Sprint("user ", i%users)
			for range 2 {
				if reject := table.Add(&e.ev); reject != nil {
					t.Fatal(reject)
				}
			}
		}
		seen := map[string]bool{}
		for key, f := range table.Users() {
			if f.Events != each || f.Spend(s.Day(testStart)+1) != 100*each {
				t.Fatalf("%s: %+v", key, f)
			}
			seen[strings.Clone(key)] = true
		}
		if len(seen) != users || table.Duplicates() != users*each {
			t.Fatalf("%d users, %d duplicates", len(seen), table.Duplicates())
		}
	}
	for range table.Users() {
		t.Fatal("the table is not empty")
	}
}

// TestCollidingUsers puts users with one hash side by side.
func TestCollidingUsers(t *testing.T) {
	var users userTable
	var ids idTable
	for i, key := range []string{"a", "b", "c", "a", "c"} {
		if got, want := users.find(7, key), map[string]uint32{"a": 0, "b": 1, "c": 2}[key]; got != want {
			t.Errorf("%s is %d, want %d", key, got, want)
		}
		if got := ids.add(event.ID{1}, users.find(7, key)); got != (i < 3) {
			t.Errorf("%d: new is %v", i, got)
		}
	}
}

func BenchmarkTable(b *testing.B) {
	base := shopEvents(20_000, 8)
	table := NewTable(schemaOf(b, plain(), zone.UTC))
	b.ReportAllocs()
	for n := 0; n < b.N; {
		for _, stream := range base {
			for i := range stream {
				if reject := table.Add(&stream[i].ev); reject != nil {
					b.Fatal(reject)
				}
			}
			n += len(stream)
		}
		for range table.Users() {
		}
	}
}
