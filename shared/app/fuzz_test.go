package app

import (
	"bytes"
	"reflect"
	"testing"

	"github.com/weir-engine/weir/shared/event"
	"github.com/weir-engine/weir/shared/fault"
)

// FuzzDecodeSpilled reads any bytes as an event of a scratch file: what is read is written again as it was, unless it is refused.
func FuzzDecodeSpilled(f *testing.F) {
	ev := event.Event{Kind: event.Track, MessageID: "m", UserID: "u", Name: "E", Time: 5}
	f.Add(appendSpilled(nil, event.UserHash("u"), "u", &ev, nil))
	f.Add(appendSpilled(nil, 1, "", &event.Event{Kind: event.Identify, AnonymousID: "a"}, []byte(`{"original":"{}"}`)))
	f.Add(bytes.Repeat([]byte{0xff}, 60))
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := decodeSpilled(b, false)
		if err != nil {
			if fault.HintOf(err) == "" {
				t.Fatal(err)
			}
			return
		}
		named := byte(0)
		if s.named {
			named = 1
		}
		again, err := decodeSpilled(append(appendSpillHeader(nil, s.hash, s.time, named, s.id, s.key), s.record...), false)
		if err != nil || again.hash != s.hash || again.time != s.time || again.key != s.key || again.id != s.id || !bytes.Equal(again.record, s.record) {
			t.Fatalf("%+v became %+v (%v)", s, again, err)
		}
		_ = event.DecodeRecord(s.record, new(event.Event))
	})
}

// FuzzParseItem reads any bytes as an item of a scratch file: what is read is written and read again as it was.
func FuzzParseItem(f *testing.F) {
	f.Add(appendItem(nil, &Item{Key: "u", Version: 7, Facts: []byte("f"), State: []byte("s"), Recent: []byte("r"), Log: []byte("l"), To: "c", Due: -1,
		Rebase: true, Soon: true, Marks: []Mark{{File: "f", Chunk: 3, Accepted: 10, Duplicates: 1}, {}}}))
	f.Add(appendItem(nil, &Item{Key: "u", To: "v"}))
	f.Add([]byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1})
	f.Fuzz(func(t *testing.T, b []byte) {
		item, ok := parseItem(b)
		if !ok {
			return
		}
		if again, ok := parseItem(appendItem(nil, &item)); !ok || !reflect.DeepEqual(again, item) {
			t.Fatalf("%+v became %+v (%v)", item, again, ok)
		}
	})
}

// FuzzUserCursor reads any text as the end of a page.
func FuzzUserCursor(f *testing.F) {
	for _, seed := range []string{"", "0", "50", "-1", "1e3", "99999999999999999999"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if n, err := parseCursor(s); n < 0 || err != nil && (!fault.Is(err, fault.Invalid) || fault.HintOf(err) == "") {
			t.Fatal(n, err)
		}
	})
}
