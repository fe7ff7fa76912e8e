package profile

import (
	"bytes"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/weir-engine/weir/shared/event"
	"github.com/weir-engine/weir/shared/zone"
)

func drawState(t *rapid.T) *State {
	word := rapid.SampledFrom([]string{"", "active", "silent", "a b", "über", "0a1b", "0A1B", "abc", "deadbeef"})
	words := func(label string) []string {
		list := rapid.SliceOfN(word, 0, 4).Draw(t, label)
		slices.Sort(list)
		if list = slices.Compact(list); len(list) == 0 {
			return nil
		}
		return list
	}
	at := rapid.Int64Range(0, 1<<45)
	s := &State{
		Stage: word.Draw(t, "stage"), From: word.Draw(t, "from"), SinceMs: at.Draw(t, "since"), Segments: words("segments"), Tags: words("tags"),
		DecidedAt: at.Draw(t, "decided"), Strategy: word.Draw(t, "strategy"), Cuts: word.Draw(t, "cuts"), Model: word.Draw(t, "model"),
		Seq: rapid.Int64Range(0, 300).Draw(t, "seq"),
	}
	s.Since = zone.Day(s.SinceMs / dayMs)
	for _, rule := range words("rules") {
		s.Episodes = append(s.Episodes, Episode{Rule: rule, Counter: rapid.Int64Range(0, 9).Draw(t, "counter"), Start: at.Draw(t, "start"), Open: rapid.Bool().Draw(t, "open")})
	}
	if rapid.Bool().Draw(t, "why") {
		s.Why = []byte(`{"a":1}`)
	}
	return s
}

func TestStateEncoding(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := drawState(t)
		var got State
		if err := DecodeState(EncodeState([]byte("x"), s)[1:], &got); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(s, &got); diff != "" {
			t.Fatal(diff)
		}
	})
	if b := EncodeState(nil, &State{}); len(b) != 1 {
		t.Errorf("the empty state takes %d bytes", len(b))
	}
}

func TestMergeState(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := drawState(t), drawState(t)
		ab, ba := MergeState(a, b), MergeState(b, a)
		if x, y := EncodeState(nil, &ab), EncodeState(nil, &ba); !bytes.Equal(x, y) {
			t.Fatalf("not commutative\n%+v\n%+v", ab, ba)
		}
	})
	a := &State{Stage: "active", SinceMs: 10, DecidedAt: 50, Segments: []string{"x"}, Episodes: []Episode{{Rule: "r", Counter: 2, Start: 40, Open: true}}, Seq: 3}
	b := &State{Stage: "silent", SinceMs: 20, DecidedAt: 60, Segments: []string{"y"}, Episodes: []Episode{{Rule: "r", Counter: 1, Start: 30, Open: true}, {Rule: "q", Counter: 1}}, Seq: 1}
	want := State{
		Stage: "active", SinceMs: 10, DecidedAt: 60, Segments: []string{"x", "y"}, Seq: 3,
		Episodes: []Episode{{Rule: "q", Counter: 1}, {Rule: "r", Counter: 2, Start: 30, Open: true}},
	}
	if diff := cmp.Diff(want, MergeState(a, b)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(*a, MergeState(a, &State{})); diff != "" {
		t.Error(diff)
	}
}

func eventID(n uint64) event.ID {
	var id event.ID
	for i := range 8 {
		id[8+i] = byte(n * 0x9e3779b97f4a7c15 >> (8 * i))
	}
	return id
}

// TestRecentGrowsAgain prunes many events to a few, which are searched one by one, and makes them many again.
func TestRecentGrowsAgain(t *testing.T) {
	var r Recent
	at := int64(testStart)
	for n := range uint64(200) {
		if n == 100 {
			at += 40 * dayMs
			r.Prune(at)
		}
		if !r.Add(eventID(n), at) || r.Add(eventID(n), at) {
			t.Fatalf("event %d", n)
		}
	}
	for n := range uint64(200) {
		if r.Has(eventID(n)) != (n >= 100) {
			t.Fatalf("event %d", n)
		}
	}
	at += 40 * dayMs
	for n := range uint64(20) {
		r.Add(eventID(300+n), at)
	}
	r.Prune(at)
	for n := range uint64(100) {
		r.Add(eventID(400+n), at)
	}
	for n := range uint64(20) {
		if !r.Has(eventID(300 + n)) {
			t.Fatalf("event %d is lost", 300+n)
		}
	}
}

// TestRecent compares Recent with a map, through encodings, prunings and merges.
func TestRecent(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var r Recent
		known := map[uint64]int64{}
		now := int64(testStart)
		for range rapid.IntRange(0, 40).Draw(t, "steps") {
			switch rapid.IntRange(0, 4).Draw(t, "step") {
			case 0, 1:
				for range rapid.IntRange(1, 40).Draw(t, "n") {
					n := rapid.Uint64Range(0, 300).Draw(t, "id")
					at := testStart - LateAfter + int64(n)*dayMs/9
					if IsLate(at, now) {
						continue
					}
					_, have := known[n]
					if r.Add(eventID(n), at) == have {
						t.Fatalf("Add(%d) reports %v", n, !have)
					}
					if !have {
						known[n] = at
					}
				}
			case 2:
				var again Recent
				if err := DecodeRecent(EncodeRecent(nil, &r), &again); err != nil {
					t.Fatal(err)
				}
				r = again
			case 3:
				now += rapid.Int64Range(0, 5*dayMs).Draw(t, "later")
				r.Prune(now)
				for n, at := range known {
					if IsLate(at, now) && !r.Has(eventID(n)) {
						delete(known, n)
					}
				}
			case 4:
				var a Recent
				for n, at := range known {
					if n%2 == 0 {
						a.Add(eventID(n), at)
					}
				}
				MergeRecent(&a, &r)
				r = a
			}
		}
		for n, at := range known {
			if !IsLate(at, now) && !r.Has(eventID(n)) {
				t.Fatalf("event %d of %d is forgotten at %d", n, at, now)
			}
		}
		if r.Has(eventID(1000)) {
			t.Fatal("knows what it never saw")
		}
	})
}

func TestRecentForgetsInTime(t *testing.T) {
	var r Recent
	for i := range uint64(1000) {
		r.Add(eventID(i), testStart+int64(i)*dayMs/10)
	}
	if r.Prune(testStart + 64*dayMs); r.Len() < 500 || r.Len() > 510 {
		t.Errorf("%d events are known after pruning", r.Len())
	}
	if r.Prune(testStart + 200*dayMs); r.Len() != 0 || len(EncodeRecent(nil, &r)) != 0 {
		t.Errorf("%d events are known when all are late", r.Len())
	}
	if IsLate(testStart, testStart+LateAfter) || !IsLate(testStart-1, testStart+LateAfter) {
		t.Error("IsLate")
	}
}

// TestDays compares Days with a map of days.
func TestDays(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var d, e Days
		seen := map[zone.Day]bool{}
		newest := zone.Day(-1 << 30)
		for range rapid.IntRange(0, 60).Draw(t, "n") {
			day := zone.Day(rapid.IntRange(-300, 900).Draw(t, "day"))
			if rapid.Bool().Draw(t, "which") {
				d.add(day)
			} else {
				e.add(day)
			}
			seen[day] = true
			newest = max(newest, day)
		}
		d.merge(&e)
		n := 0
		for day := range seen {
			if day <= newest-DaysKept {
				continue
			}
			if n++; !d.Has(day) {
				t.Fatalf("lacks %d", day)
			}
		}
		last := newest + 1
		for day := range d.All() {
			if !seen[day] || day >= last {
				t.Fatalf("has %d", day)
			}
			last = day
		}
		asOf, days := newest+zone.Day(rapid.IntRange(-500, 100).Draw(t, "asOf")), rapid.IntRange(0, 600).Draw(t, "days")
		count := 0
		for day := range seen {
			if day > asOf-zone.Day(days) && day <= asOf && day > newest-DaysKept {
				count++
			}
		}
		if d.Len() != n || n > 0 && d.Count(asOf, days) != count {
			t.Fatalf("%d days, want %d; %d in the window, want %d", d.Len(), n, d.Count(asOf, days), count)
		}
	})
}

// TestDayTable compares the table with the zone, around every kind of change.
func TestDayTable(t *testing.T) {
	for _, name := range []string{"UTC", "America/New_York", "Asia/Shanghai", "Australia/Lord_Howe", "Pacific/Apia", "Asia/Kathmandu", "Africa/Monrovia"} {
		z := zoneOf(t, name)
		var table dayTable
		table.init(z)
		for _, from := range []int64{0, 315_532_800_000, 1_325_000_000_000, 1_698_000_000_000, 4_102_000_000_000, 32_000_000_000_000} {
			for ms := from; ms < from+400*dayMs; ms += 13*3_600_000 + 1 {
				for range 2 {
					if got, want := table.day(ms), z.Day(ms); got != want {
						t.Fatalf("%s at %d: %v, want %v", name, ms, got, want)
					}
				}
			}
			for day := zone.Day(from / dayMs); day < zone.Day(from/dayMs)+400; day++ {
				if at := z.Start(day); table.day(at) != z.Day(at) || table.day(at-1) != z.Day(at-1) {
					t.Fatalf("%s: the day %v begins elsewhere", name, day)
				}
			}
		}
	}
}

func TestItemSize(t *testing.T) {
	if got := ItemSize("u1", nil, nil, nil, 0); got != (2+9)+(2+2)+(1+3)+1 {
		t.Errorf("an empty item has %d bytes", got)
	}
	if got := ItemSize("u1", make([]byte, 10), make([]byte, 20), make([]byte, 30), 2); got != (2+9)+(2+2)+(1+3)+11+21+25+31+(1+2*37) {
		t.Errorf("a full item has %d bytes", got)
	}
}

func TestDecimal(t *testing.T) {
	for want, in := range map[string][2]int64{"0": {0, 2}, "12.34": {1234, 2}, "-0.05": {-5, 2}, "7": {7, 0}, "1.5": {15000, 4}, "-922337203685477.5808": {-1 << 63, 4}} {
		if got := Decimal(in[0], int(in[1])); got != want {
			t.Errorf("%v: %s, want %s", in, got, want)
		}
	}
}
