package profile

import (
	"bytes"
	"testing"

	"github.com/weir-engine/weir/shared/fault"
	"github.com/weir-engine/weir/shared/zone"
)

// The fuzz targets check that a decoder never panics, that what it accepts encodes to bytes that give the same again, and that
// what it refuses leaves nothing behind.

func FuzzDecodeFacts(f *testing.F) {
	s := schemaOf(f, everything(), zone.UTC)
	f.Add([]byte{})
	f.Add([]byte{factsVersion, 0})
	for seed := range uint64(3) {
		f.Add(EncodeFacts(nil, fold(s, longStream(seed, 40))))
	}
	for i := range 3 {
		f.Add(EncodeFacts(nil, fold(richSchema(f), richUser(i).stream)))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		var got Facts
		if err := DecodeFacts(b, &got); err != nil {
			if fault.CodeOf(err) == "" || !got.Empty() || got.Active.Len() != 0 {
				t.Fatalf("refused bytes left facts behind: %+v", got)
			}
			return
		}
		once := EncodeFacts(nil, &got)
		again := decode(t, once)
		if twice := EncodeFacts(nil, again); !bytes.Equal(once, twice) {
			t.Fatalf("not stable:\n%x\n%x", once, twice)
		}
		s.Merge(again, &got)
		_ = s.View(again)
		_ = again.History(zone.Day(20_000))
	})
}

func FuzzDecodeState(f *testing.F) {
	f.Add([]byte{})
	f.Add([]byte{stateVersion})
	f.Add(EncodeState(nil, richState(1, testStart)))
	f.Add(EncodeState(nil, &State{Why: []byte("{}"), Stage: "x", Model: "AB", Cuts: "abc"}))
	f.Fuzz(func(t *testing.T, b []byte) {
		var got, again State
		if DecodeState(b, &got) != nil {
			if !got.empty() {
				t.Fatalf("refused bytes left a state behind: %+v", got)
			}
			return
		}
		once := EncodeState(nil, &got)
		if err := DecodeState(once, &again); err != nil {
			t.Fatal(err)
		}
		if twice := EncodeState(nil, &again); !bytes.Equal(once, twice) {
			t.Fatalf("not stable:\n%x\n%x", once, twice)
		}
	})
}

func FuzzDecodeRecent(f *testing.F) {
	var r Recent
	for i, e := range longStream(1, 100) {
		r.Add(e.id, e.ev.Time)
		if i%30 == 1 {
			f.Add(EncodeRecent(nil, &r))
		}
	}
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, b []byte) {
		var got, again Recent
		if DecodeRecent(b, &got) != nil {
			if got.Len() != 0 {
				t.Fatal("refused bytes left events behind")
			}
			return
		}
		once := EncodeRecent(nil, &got)
		if err := DecodeRecent(once, &again); err != nil {
			t.Fatalf("%v: %x -> %x", err, b, once)
		}
		if twice := EncodeRecent(nil, &again); !bytes.Equal(once, twice) {
			t.Fatalf("not stable:\n%x\n%x", once, twice)
		}
	})
}
