package outreach

import (
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/weir-engine/weir/shared/segment"
	"github.com/weir-engine/weir/shared/strategy"
	"github.com/weir-engine/weir/shared/zone"
)

func TestOver(t *testing.T) {
	log := Log{{1, 0, "email", nil}, {2, 1 * hour, "outbox", []string{"promo"}}, {3, 2 * hour, "email", []string{"promo", "news"}}}
	for _, c := range []struct {
		name    string
		caps    []strategy.Cap
		channel string
		tags    []string
		at      int64
		want    string
		until   int64
	}{
		{"no cap", nil, "email", nil, 3 * hour, "", 0},
		{"room for one more", []strategy.Cap{{Name: "a", Max: 4, Hours: 24}}, "email", nil, 3 * hour, "", 0},
		{"full", []strategy.Cap{{Name: "a", Max: 3, Hours: 24}}, "email", nil, 3 * hour, "a", 24 * hour},
		{"fuller than it may be", []strategy.Cap{{Name: "a", Max: 2, Hours: 24}}, "email", nil, 3 * hour, "a", 25 * hour},
		{"the last millisecond of the window", []strategy.Cap{{Name: "a", Max: 3, Hours: 24}}, "email", nil, 24*hour - 1, "a", 24 * hour},
		{"the end of the window", []strategy.Cap{{Name: "a", Max: 3, Hours: 24}}, "email", nil, 24 * hour, "", 0},
		{"another channel", []strategy.Cap{{Name: "a", Channel: "email", Max: 1, Hours: 24}}, "outbox", nil, 3 * hour, "", 0},
		{"its channel", []strategy.Cap{{Name: "a", Channel: "email", Max: 2, Hours: 24}}, "email", nil, 3 * hour, "a", 24 * hour},
		{"its tag", []strategy.Cap{{Name: "a", Tag: "promo", Max: 2, Hours: 24}}, "email", []string{"promo"}, 3 * hour, "a", 25 * hour},
		{"another tag", []strategy.Cap{{Name: "a", Tag: "promo", Max: 1, Hours: 24}}, "email", []string{"news"}, 3 * hour, "", 0},
		{"channel and tag", []strategy.Cap{{Name: "a", Channel: "email", Tag: "promo", Max: 1, Hours: 24}}, "email", []string{"promo"}, 3 * hour, "a", 26 * hour},
		{"days", []strategy.Cap{{Name: "a", Max: 3, Days: 2}}, "email", nil, 30 * hour, "a", 48 * hour},
		{"the longest", []strategy.Cap{{Name: "a", Max: 1, Hours: 24, Then: "hold"}, {Name: "b", Max: 2, Hours: 48, Then: "hold"}}, "email", nil, 3 * hour, "b", 49 * hour},
		{"dropping first", []strategy.Cap{{Name: "a", Max: 1, Hours: 24, Then: "drop"}, {Name: "b", Max: 2, Hours: 48, Then: "hold"}}, "email", nil, 3 * hour, "a", 26 * hour},
		{"a clock that was set back", []strategy.Cap{{Name: "a", Max: 3, Hours: 1}}, "email", nil, -5 * hour, "a", 1 * hour},
	} {
		over := log.Over(c.caps, c.channel, c.tags, c.at)
		if over == nil {
			over = &Over{}
		}
		if over.Cap.Name != c.want || over.Until != c.until {
			t.Errorf("%s: %q until %v, want %q until %v", c.name, over.Cap.Name, float64(over.Until)/hour, c.want, float64(c.until)/hour)
		}
	}
}

// A message that is let through at Until never makes more than Max in any window, and one that comes a millisecond earlier is refused;
// what prune leaves out no cap misses.
func TestCapsAreNeverExceeded(t *testing.T) {
	for seed := range uint64(60) {
		r := rand.New(rand.NewPCG(seed, 9))
		tags, channels := []string{"a", "b", "c"}, []string{"email", "outbox"}
		var caps []strategy.Cap
		for i := range 1 + r.IntN(4) {
			c := strategy.Cap{Name: string(rune('p' + i)), Max: 1 + r.IntN(5), Hours: 1 + r.IntN(100), Then: strategy.ThenHold}
			if r.IntN(2) == 0 {
				c.Channel = channels[r.IntN(2)]
			}
			if r.IntN(2) == 0 {
				c.Tag = tags[r.IntN(3)]
			}
			caps = append(caps, c)
		}
		var log, all Log
		at := int64(0)
		for n := range uint64(400) {
			at += r.Int64N(6 * hour)
			s := Sent{Mark: n, Channel: channels[r.IntN(2)], Tags: tags[:r.IntN(4)]}
			over := log.Over(caps, s.Channel, s.Tags, at)
			if want := all.Over(caps, s.Channel, s.Tags, at); !reflect.DeepEqual(over, want) {
				t.Fatalf("seed %d: pruned %+v, whole %+v", seed, over, want)
			}
			if over != nil && r.IntN(2) == 0 {
				continue
			}
			for ; over != nil; over = log.Over(caps, s.Channel, s.Tags, at) {
				if early := log.Over(caps, s.Channel, s.Tags, over.Until-1); early == nil {
					t.Fatalf("seed %d: there was room before %d", seed, over.Until)
				}
				at = over.Until
			}
			s.At = at
			log, all = log.Add(s), append(all, s)
		}
		for _, c := range caps {
			for i := range all {
				n := 0
				for _, s := range all[:i+1] {
					if Counts(&c, s.Channel, s.Tags) && all[i].At-s.At < int64(c.Hours)*hour {
						n++
					}
				}
				if n > c.Max {
					t.Fatalf("seed %d: %d messages under %+v", seed, n, c)
				}
			}
		}
	}
}

func TestLogKeepsWhatCapsCount(t *testing.T) {
	var log Log
	for n := range uint64(300) {
		s := Sent{Mark: n, At: int64(n) * hour, Channel: "email"}
		if n%100 == 0 {
			s.Tags = []string{"rare"}
		}
		log = log.Add(s)
	}
	if len(log) != strategy.MaxCap+3 || log[0].Mark != 0 || log[1].Mark != 100 {
		t.Errorf("%d messages are kept, the first is %+v", len(log), log[0])
	}
	if log = log.Add(Sent{Mark: 1000, At: 299*hour + strategy.MaxCapWindow*hour, Channel: "email"}); len(log) != 1 {
		t.Errorf("%d messages are kept after the longest window", len(log))
	}
	if log = log.Remove(1000); len(log) != 0 {
		t.Errorf("%v is kept", log)
	}
}

func TestUnionDependsOnNoOrder(t *testing.T) {
	a := Log{{1, 5, "email", nil}, {2, 7, "email", []string{"x"}}}
	b := Log{{3, 6, "outbox", nil}, {2, 7, "email", []string{"x"}}}
	want := Log{{1, 5, "email", nil}, {3, 6, "outbox", nil}, {2, 7, "email", []string{"x"}}}
	if got := Union(a, b); !reflect.DeepEqual(got, want) || !reflect.DeepEqual(Union(b, a), want) {
		t.Errorf("%v, want %v", got, want)
	}
	if Union(nil, nil) != nil || !reflect.DeepEqual(Union(nil, a), a) {
		t.Error("nothing adds something")
	}
}

func FuzzDecodeLog(f *testing.F) {
	f.Add([]byte(nil))
	f.Add(Log{{1, 5, "email", nil}, {3, 6, "outbox", []string{"促销", "b"}}, {1 << 63, -7, "", []string{"b"}}}.Encode())
	f.Add([]byte{1, 1, 200})
	f.Add([]byte{2, 0, 0})
	f.Fuzz(func(t *testing.T, b []byte) {
		log, err := DecodeLog(b)
		if err != nil {
			return
		}
		again, err := DecodeLog(log.Encode())
		if err != nil || !reflect.DeepEqual(again, log) {
			t.Errorf("%v became %v, %v", log, again, err)
		}
	})
}

// Quiet hours end at the first minute that is outside them, found by looking at each.
func TestQuietUntil(t *testing.T) {
	hours := []strategy.Quiet{
		{From: "21:00", To: "08:00"}, {From: "00:30", To: "06:00"}, {From: "02:15", To: "02:45"}, {From: "23:59", To: "00:00"}, {From: "03:00", To: "02:00"}, {From: "00:00", To: "23:59"},
	}
	for name, days := range map[string][]string{
		"UTC":                 {"2026-03-15"},
		"America/New_York":    {"2026-03-08", "2026-11-01", "2026-07-01"}, // forward at 02:00, back at 02:00
		"Australia/Lord_Howe": {"2026-10-04", "2026-04-05"},               // by half an hour
		"America/Sao_Paulo":   {"2018-11-04", "2018-02-18"},               // at midnight
		"Pacific/Apia":        {"2011-12-29"},                             // a day is left out
		"Africa/Casablanca":   {"2026-02-15", "2026-03-22"},
	} {
		loc, err := time.LoadLocation(name)
		if err != nil {
			t.Skip(err)
		}
		z := zone.FromLocation(loc)
		for _, day := range days {
			start, err := time.ParseInLocation(time.DateOnly, day, loc)
			if err != nil {
				t.Fatal(err)
			}
			for _, q := range hours {
				from, to := q.Minutes()
				quiet := func(ms int64) bool {
					local := time.UnixMilli(ms).In(loc)
					return within(from, to, local.Hour()*60+local.Minute())
				}
				for at := start.UnixMilli() - 6*hour; at < start.UnixMilli()+40*hour; at += 29*60_000 + 7_123 {
					want := at
					for quiet(want) {
						want = want/60_000*60_000 + 60_000
					}
					if got := QuietUntil(&q, z, at); got != want {
						t.Fatalf("%s %s–%s: from %v until %v, want %v", name, q.From, q.To, time.UnixMilli(at).In(loc), time.UnixMilli(got).In(loc), time.UnixMilli(want).In(loc))
					}
				}
			}
		}
	}
}

// The holdout is the stated share, grows by adding, and hangs on salt and user alone.
func TestHoldout(t *testing.T) {
	var before []string
	for _, percent := range []int{0, 1, 5, 50, 100} {
		var in []string
		for n := range 20_000 {
			user := "u" + time.Duration(n).String()
			if InHoldout(&strategy.Holdout{Percent: percent}, user) {
				in = append(in, user)
			}
		}
		for _, user := range before {
			if !slices.Contains(in, user) {
				t.Fatalf("%s left the holdout when it grew to %d %%", user, percent)
			}
		}
		if share := float64(len(in)) / 200; share < float64(percent)-1 || share > float64(percent)+1 {
			t.Errorf("%v %% are in a holdout of %d %%", share, percent)
		}
		if before = in; len(before) > 500 {
			before = before[:500]
		}
	}
	h := strategy.Holdout{Percent: 7}
	for _, user := range before {
		if InHoldout(&h, user) != (segment.Bucket("holdout", user, 100) < 7) {
			t.Errorf("%s is not where the condition bucket(\"holdout\", 100) < 7 says", user)
		}
	}
}
