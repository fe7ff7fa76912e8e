package score

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/weir-engine/weir/shared/event"
	"github.com/weir-engine/weir/shared/fault"
	"github.com/weir-engine/weir/shared/profile"
	"github.com/weir-engine/weir/shared/segment"
	"github.com/weir-engine/weir/shared/strategy"
	"github.com/weir-engine/weir/shared/zone"
)

func zonesOf(t testing.TB) func(string) *zone.Zone {
	table := map[string]*zone.Zone{}
	for _, name := range []string{"Pacific/Honolulu", "Pacific/Kiritimati", "America/New_York", "Asia/Shanghai"} {
		loc, err := time.LoadLocation(name)
		if err != nil {
			t.Skip(err)
		}
		table[name] = zone.FromLocation(loc)
	}
	return func(name string) *zone.Zone { return table[name] }
}

// personal is a strategy whose segments read what is the user's own.
func personal(t testing.TB) *Engine {
	e, err := New(strategyWith(t, func(s *strategy.Strategy) {
		s.Templates = map[string]strategy.Template{"hello": {}}
		s.Outreach.Rules = []strategy.Rule{{Name: "winback", Template: "hello"}}
		for _, when := range [][2]string{
			{"birthday", "anniversary(traits.birthday) == 0"},
			{"soon", "anniversary(traits.birthday) <= 3"},
			{"adult", "years_since(traits.birthday) >= 36"},
			{"monday", "in_user_zone(weekday(today()) == 1)"},
			{"here", `traits.address.city == "上海" && traits["flat.name"] == 1 && traits.address.geo.lat > 31`},
			{"vip", `lists.has("vip") && !lists.has("blocked")`},
			{"reader", `message("winback").opened >= 1 && message("hello").delivered == 1 && message("*").days_since_clicked == null`},
			{"asked", `message("winback").triggered == 2 && message("hello").last_triggered != null && message("*").triggered == 3`},
			{"tenth", `bucket("spring", 10) == 9`},
			{"polyglot", `has_all(traits.langs, ["zh", "en"]) && max(traits.scores) > 90`},
		} {
			s.Segments = append(s.Segments, strategy.Segment{Name: when[0], When: when[1]})
		}
	}), shanghai(t))
	if err != nil {
		t.Fatal(err)
	}
	return e.WithZones(zonesOf(t))
}

func strategyWith(t testing.TB, edit func(*strategy.Strategy)) *strategy.Strategy {
	s := strategy.Default()
	s.Zone = "Asia/Shanghai"
	edit(s)
	return s
}

// foldText folds events that are written as JSON lines.
func foldText(t testing.TB, e *Engine, lines ...string) *profile.Facts {
	f, p := new(profile.Facts), event.NewParser(event.DefaultLimits)
	for _, line := range lines {
		var ev event.Event
		if reject := p.Parse([]byte(line), &ev); reject != nil {
			t.Fatal(reject)
		}
		e.Schema().Fold(f, &ev, ev.StableID(0))
	}
	return f
}

const person = `{"type":"identify","userId":"u1","messageId":"1","timestamp":"2026-03-01T00:00:00Z","traits":{"birthday":"1990-03-15","timezone":"ZONE",` +
	`"langs":["en","zh"],"scores":[71,94.5],"flat.name":1,"address":{"city":"上海","geo":{"lat":31.2}}}}`

func TestPersonalConditions(t *testing.T) {
	e := personal(t)
	asOf := time.Date(2026, 3, 15, 2, 30, 0, 0, time.UTC).UnixMilli() // a Sunday in Shanghai, a Saturday in Honolulu
	events := []string{
		`{"type":"track","event":"List Joined","userId":"u1","messageId":"2","timestamp":"2026-03-02T00:00:00Z","properties":{"list":"vip"}}`,
		`{"type":"track","event":"List Joined","userId":"u1","messageId":"3","timestamp":"2026-03-02T00:00:00Z","properties":{"list":"blocked"}}`,
		`{"type":"track","event":"List Left","userId":"u1","messageId":"4","timestamp":"2026-03-03T00:00:00Z","properties":{"list":"blocked"}}`,
		`{"type":"track","event":"Email Delivered","userId":"u1","messageId":"5","timestamp":"2026-03-04T00:00:00Z","properties":{"weir_rule":"winback","weir_template":"hello"}}`,
		`{"type":"track","event":"Email Opened","userId":"u1","messageId":"6","timestamp":"2026-03-05T00:00:00Z","properties":{"weir_rule":"winback"}}`,
	}
	st := &profile.State{Stage: "potential", Episodes: []profile.Episode{{Rule: "gone", Counter: 1, Start: 5}, {Rule: "winback", Counter: 2, Start: asOf - dayMs}}}
	zones := zonesOf(t)
	always := []string{"asked", "here", "polyglot", "reader", "tenth", "vip"}
	for _, c := range []struct {
		zone string
		want []string
	}{
		{"Asia/Shanghai", []string{"adult", "birthday", "soon"}},
		{"", []string{"adult", "birthday", "soon"}},
		{"Pacific/Honolulu", []string{"soon"}},
		{"Pacific/Kiritimati", []string{"adult", "birthday", "soon"}},
		{"Mars/North", nil},
	} {
		text := strings.ReplaceAll(person, `"timezone":"ZONE",`, "")
		if c.zone != "" {
			text = strings.ReplaceAll(person, "ZONE", c.zone)
		}
		f := foldText(t, e, append(events, text)...)
		var r Result
		e.Score("u1", f, st, nil, asOf, &r)
		want := append(slices.Clone(always), c.want...)
		slices.Sort(want)
		if got := slices.DeleteFunc(slices.Clone(r.Segments), func(s string) bool { return strings.HasPrefix(s, "new_") }); !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", c.zone, got, want)
		}
		for _, reason := range e.Explain("u1", f, st, nil, asOf) {
			b, err := json.Marshal(lean(reason))
			if err != nil {
				t.Fatal(err)
			}
			var stored Reason
			if err := json.Unmarshal(b, &stored); err != nil {
				t.Fatal(err)
			}
			if got, err := ReplayIn(stored, e.Zone(), zones); err != nil || got != reason.Value {
				t.Errorf("%s replays to %q, %v", b, got, err)
			}
			if c.zone == "Pacific/Honolulu" && reason.Score == "segment:birthday" {
				if _, err := Replay(stored, e.Zone()); !fault.Is(err, fault.Invalid) || !strings.Contains(fault.HintOf(err), "Pacific/Honolulu") {
					t.Errorf("replayed without the rules of the user's zone: %v", err)
				}
			}
		}
	}
}

// What is the user's own changes at their midnight: nothing changes before the bound, and the bound comes true.
func TestNextChangeOfPersonalConditions(t *testing.T) {
	e := personal(t)
	asOf := time.Date(2026, 3, 9, 2, 30, 0, 0, time.UTC).UnixMilli()
	for _, name := range []string{"Asia/Shanghai", "Pacific/Honolulu", "Pacific/Kiritimati", "America/New_York", "Mars/North"} {
		f := foldText(t, e, strings.ReplaceAll(person, "ZONE", name))
		for at := asOf; at < asOf+40*dayMs; {
			var now, then Result
			e.Score("u1", f, nil, nil, at, &now)
			bound := e.NextChange("u1", f, nil, nil, at)
			if name == "Mars/North" {
				if bound < asOf+300*dayMs && bound != segment.Never {
					t.Errorf("%s: the bound is after %.2f days", name, float64(bound-at)/float64(dayMs))
				}
				break
			}
			for ms := at + hourMs/2; ms < min(bound, at+60*dayMs); ms += hourMs / 2 {
				if e.Score("u1", f, nil, nil, ms, &then); !same(&now, &then) {
					t.Fatalf("%s: %+v became %+v after %.2f days, before the bound of %.2f", name, now, then, float64(ms-at)/float64(dayMs), float64(bound-at)/float64(dayMs))
				}
			}
			if e.Score("u1", f, nil, nil, bound, &then); same(&now, &then) && bound < at+60*dayMs {
				t.Errorf("%s: nothing changed at the bound, %s", name, time.UnixMilli(bound).UTC())
			}
			at = bound
		}
	}
}
