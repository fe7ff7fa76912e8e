package profile

import (
	"bytes"
	"reflect"
	"testing"

	"pgregory.net/rapid"

	"github.com/weir-engine/weir/shared/event"
	"github.com/weir-engine/weir/shared/zone"
)

// TestAnyOrderAndSplitGivesEqualBytes is guarantee G2: shuffles, chunks that are folded apart, stored, read and merged in any
// order, and repetitions that are removed by ID first.
func TestAnyOrderAndSplitGivesEqualBytes(t *testing.T) {
	schemas := []*Schema{schemaOf(t, everything(), zone.UTC), schemaOf(t, everything(), zoneOf(t, "America/New_York"))}
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.SampledFrom(schemas).Draw(t, "schema")
		stream := drawStream(t, 60)
		want := EncodeFacts(nil, fold(s, stream))
		stream = unique(append(stream, stream...), rapid.Permutation(index(2*len(stream))).Draw(t, "order"))
		if got := EncodeFacts(nil, fold(s, stream)); !bytes.Equal(got, want) {
			t.Fatalf("another order gives other bytes\n got %x\nwant %x\n got %+v\nwant %+v", got, want, decode(t, got), decode(t, want))
		}
		parts := chunks(t, s, stream)
		for len(parts) > 1 {
			i := rapid.IntRange(0, len(parts)-2).Draw(t, "merge")
			a, b := decode(t, parts[i]), decode(t, parts[i+1])
			if rapid.Bool().Draw(t, "swap") {
				a, b = b, a
			}
			before := EncodeFacts(nil, b)
			s.Merge(a, b)
			if !bytes.Equal(before, EncodeFacts(nil, b)) {
				t.Fatal("Merge changed its source")
			}
			parts = append(parts[:i], parts[i+1:]...)
			parts[i] = EncodeFacts(nil, a)
		}
		if !bytes.Equal(parts[0], want) {
			t.Fatalf("merged chunks give other bytes\n got %x\nwant %x\n got %+v\nwant %+v", parts[0], want, decode(t, parts[0]), decode(t, want))
		}
	})
}

func index(n int) []int {
	list := make([]int, n)
	for i := range list {
		list[i] = i
	}
	return list
}

// unique takes the stream in an order and leaves out what it has seen.
func unique(stream []entry, order []int) []entry {
	var out []entry
	seen := map[event.ID]bool{}
	for _, i := range order {
		if !seen[stream[i].id] {
			out = append(out, stream[i])
		}
		seen[stream[i].id] = true
	}
	return out
}

// chunks folds a stream in chunks, each into new facts or on top of stored ones.
func chunks(t *rapid.T, s *Schema, stream []entry) [][]byte {
	size := rapid.IntRange(1, 20).Draw(t, "chunk")
	parts := [][]byte{EncodeFacts(nil, &Facts{})}
	for len(stream) > 0 {
		n := min(size, len(stream))
		f := &Facts{}
		if rapid.Bool().Draw(t, "onto") {
			f = decode(t, parts[len(parts)-1])
			parts = parts[:len(parts)-1]
		}
		for i := range stream[:n] {
			s.Fold(f, &stream[i].ev, stream[i].id)
		}
		parts, stream = append(parts, EncodeFacts(nil, f)), stream[n:]
	}
	return parts
}

func decode(t rapid.TB, b []byte) *Facts {
	t.Helper()
	f := &Facts{}
	if err := DecodeFacts(b, f); err != nil {
		t.Fatalf("decode %x: %v", b, err)
	}
	return f
}

// TestEncodingKeepsEverything compares the decoded facts field by field.
func TestEncodingKeepsEverything(t *testing.T) {
	s := schemaOf(t, everything(), zoneOf(t, "Asia/Shanghai"))
	used := &Facts{}
	rapid.Check(t, func(t *rapid.T) {
		f := fold(s, drawStream(t, 60))
		b := EncodeFacts(nil, f)
		got := decode(t, b)
		if !reflect.DeepEqual(normal(got), normal(f)) {
			t.Fatalf("\n got %+v\nwant %+v", got, f)
		}
		if err := DecodeFacts(b, used); err != nil || !reflect.DeepEqual(normal(used), normal(f)) {
			t.Fatalf("into used facts: %v\n got %+v\nwant %+v", err, used, f)
		}
	})
}

// normal makes empty slices nil.
func normal(f *Facts) *Facts {
	c := f.Clone()
	if len(c.Active.Bits) == 0 {
		c.Active.Bits = nil
	}
	v := reflect.ValueOf(c).Elem()
	for i := range v.NumField() {
		if v.Field(i).Kind() == reflect.Slice && v.Field(i).Len() == 0 {
			v.Field(i).SetZero()
		}
	}
	for i := range c.Metrics {
		m := &c.Metrics[i]
		if len(m.Days) == 0 {
			m.Days = nil
		}
		if len(m.Values) == 0 {
			m.Values = nil
		}
		if len(m.Times) == 0 {
			m.Times = nil
		}
	}
	return c
}
