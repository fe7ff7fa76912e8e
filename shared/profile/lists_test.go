package profile

import (
	"bytes"
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"github.com/weir-engine/weir/shared/event"
	"github.com/weir-engine/weir/shared/strategy"
	"github.com/weir-engine/weir/shared/zone"
)

// TestListsAndMessagesEqualOracle compares with the plain reading of the same events: the latest word on a list counts, deeds are
// counted, and only what the user does makes an active day.
func TestListsAndMessagesEqualOracle(t *testing.T) {
	s := schemaOf(t, everything(), zone.UTC)
	rapid.Check(t, func(t *rapid.T) {
		stream := drawStream(t, 40)
		f := decode(t, EncodeFacts(nil, fold(s, stream)))
		for _, list := range []string{"vip", "老客", "c", "none"} {
			var last *entry
			for i := range stream {
				e := &stream[i]
				if listOf(e.ev.Name) != 0 && e.ev.Kind == event.Track && listName(&e.ev) == list && (last == nil || later(e, last)) {
					last = e
				}
			}
			if want := last != nil && last.ev.Name == EventListJoined; f.OnList(list) != want {
				t.Fatalf("on %s: %v, want %v", list, f.OnList(list), want)
			}
		}
		for _, name := range []string{"*", "winback", "hello", "none"} {
			want := Message{Key: messageKey(name)}
			for i := range stream {
				e := &stream[i].ev
				rule, _ := e.Properties.Path("weir_rule").Str()
				template, _ := e.Properties.Path("weir_template").Str()
				for d := range Deed(Deeds) {
					if messageOf(e.Name)>>d&1 != 0 && (name == "*" || rule == name || template == name) {
						want.Deeds[d].Count++
						want.Deeds[d].Last = max(want.Deeds[d].Last, e.Time)
					}
				}
			}
			if got := f.Message(name); got != want {
				t.Fatalf("%s: %+v, want %+v", name, got, want)
			}
		}
		active := map[zone.Day]bool{}
		for i := range stream {
			e := &stream[i].ev
			about := e.Name == EventListJoined || e.Name == EventListLeft || messageOf(e.Name) != 0 && messageOf(e.Name)&(1<<Opened|1<<Clicked) == 0
			if day := s.Day(e.Time); !about && day > s.Day(f.LastSeen)-DaysKept {
				active[day] = true
			}
		}
		if f.Active.Len() != len(active) {
			t.Fatalf("%d active days, want %d", f.Active.Len(), len(active))
		}
		for day := range f.Active.All() {
			if !active[day] {
				t.Fatalf("%s is no active day", day)
			}
		}
	})
}

func later(a, b *entry) bool {
	if a.ev.Time != b.ev.Time {
		return a.ev.Time > b.ev.Time
	}
	return bytes.Compare(a.id[:8], b.id[:8]) > 0
}

// What a profile keeps of lists and messages is bounded, whatever the order.
func TestListsAndMessagesAreBounded(t *testing.T) {
	s := schemaOf(t, everything(), zone.UTC)
	var stream []entry
	for i := range 3 * MaxLists {
		stream = append(stream,
			track(EventListJoined, testStart+int64(i), fmt.Sprintf(`{"list":"l%03d"}`, i*7%(3*MaxLists))),
			track("Email Opened", testStart+int64(i), fmt.Sprintf(`{"weir_rule":"r%03d"}`, i*5%(3*MaxLists))))
	}
	want := fold(s, stream)
	if len(want.Lists) != MaxLists || len(want.Messages) != MaxMessages || want.Lists[0].List != "l000" || want.Message("*").Deeds[Opened].Count != 3*MaxLists {
		t.Fatalf("%d lists, %d messages: %+v", len(want.Lists), len(want.Messages), want.Message("*"))
	}
	half := fold(s, stream[len(stream)/2:])
	s.Merge(half, fold(s, stream[:len(stream)/2]))
	if !bytes.Equal(EncodeFacts(nil, half), EncodeFacts(nil, want)) {
		t.Error("another order keeps others")
	}
}

// A user that is only on a list is known, and never was active.
func TestOnlyOnAList(t *testing.T) {
	s := schemaOf(t, everything(), zone.UTC)
	f := decode(t, EncodeFacts(nil, fold(s, []entry{track(EventListJoined, testStart, `{"list":"vip"}`)})))
	if !f.OnList("vip") || f.Active.Len() != 0 || f.Events != 1 || f.LastSeen != testStart || f.Empty() {
		t.Errorf("%+v", f)
	}
	if _, ok := s.LastActivity(f, ActivityAny, s.Day(testStart)); ok {
		t.Error("a list is a sign of life")
	}
	bought := track("Order Completed", testStart-5*dayMs, `{"revenue":1}`)
	s.Fold(f, &bought.ev, bought.id)
	if day, ok := s.LastActivity(f, ActivityAny, s.Day(testStart)); !ok || day != s.Day(testStart)-5 {
		t.Errorf("the last activity was on %s", day)
	}
}

func TestListWithoutName(t *testing.T) {
	s := schemaOf(t, everything(), zone.UTC)
	for _, properties := range []string{`{}`, `{"list":3}`, `{"list":""}`, `{"list":"two words"}`} {
		e := track(EventListJoined, testStart, properties)
		if r := s.Check(&e.ev); r == nil || r.Reason != event.ReasonBadField || r.Hint == "" {
			t.Errorf("%s: %+v", properties, r)
		}
		var x Extract
		if r := s.Extract(&e.ev, &x); r == nil {
			t.Errorf("%s is extracted", properties)
		}
	}
	e := track(EventListJoined, testStart, `{"list":"vip"}`)
	if r := s.Check(&e.ev); r != nil {
		t.Errorf("%+v", r)
	}
}

// TestVersion2Lists pins the encoding of lists, messages and a newest day that is not active.
func TestVersion2Lists(t *testing.T) {
	s := schemaOf(t, &strategy.Strategy{Currency: "USD", EventTags: []strategy.EventTag{{Tag: "buyer", Event: "Order Completed"}}}, zone.UTC)
	f := fold(s, []entry{
		track("Order Completed", testStart, `{"revenue":12.5}`),
		track(EventListJoined, testStart+dayMs, `{"list":"vip"}`), track(EventListLeft, testStart+2*dayMs, `{"list":"old"}`),
		track("Email Delivered", testStart+dayMs, `{"weir_rule":"winback","weir_template":"hello"}`), track("Email Opened", testStart+dayMs+1000, `{"weir_rule":"winback"}`),
		track("Email Bounced", testStart+3*dayMs, `{}`),
	})
	golden(t, "facts_v2_lists.hex", hexLines(EncodeFacts(nil, f)))
	stored := decode(t, fromHex(t, "facts_v2_lists.hex"))
	if got := stored.Message("winback"); got.Deeds[Opened] != (DeedCount{1, testStart + dayMs + 1000}) || got.Deeds[Delivered].Count != 1 || got.Deeds[Bounced].Count != 0 {
		t.Errorf("%+v", got)
	}
	if !stored.OnList("vip") || stored.OnList("old") || stored.Active.Len() != 2 || stored.Active.Newest != s.Day(testStart+3*dayMs) {
		t.Errorf("%+v", stored)
	}
	if len(stored.Lists) != 2 || stored.Message("*").Deeds[Bounced].Count != 1 {
		t.Errorf("%+v", stored)
	}
}
