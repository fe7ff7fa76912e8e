package segment

import (
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/weir-engine/weir/shared/zone"
)

var zoneNames = []string{"Asia/Shanghai", "Pacific/Honolulu", "Pacific/Kiritimati", "America/New_York", "Pacific/Apia", "Mars/North"}

var zoneTable = func() map[string]*zone.Zone {
	table := map[string]*zone.Zone{}
	for _, name := range zoneNames {
		if loc, err := time.LoadLocation(name); err == nil {
			table[name] = zone.FromLocation(loc)
		}
	}
	return table
}()

func zoneByName(name string) *zone.Zone { return zoneTable[name] }

// userAt is a user in a zone at a moment.
func userAt(t testing.TB, zoneName string, at time.Time, src string, inputs map[string]Value) bool {
	t.Helper()
	p, err := Compile(src, testSchema())
	if err != nil {
		t.Fatalf("%s: %v", src, err)
	}
	env := &Recorded{At: at.UnixMilli(), In: shanghai, Zones: zoneByName}
	for _, r := range p.Refs() {
		v := inputs[r.String()]
		if r.Kind == RefField && r.Field() == FieldTimezone && zoneName != "" {
			v = String(zoneName)
		}
		env.Inputs = append(env.Inputs, Input{r.String(), v})
	}
	return p.Bool(env)
}

// At 02:30 UTC on 2026-03-15 it is the 14th in Honolulu, the 15th in Shanghai and in Kiritimati.
func TestInUserZone(t *testing.T) {
	now := time.Date(2026, 3, 15, 2, 30, 0, 0, time.UTC)
	inputs := map[string]Value{
		"traits.birthday": String("1990-03-15"), "traits.leap": String("2000-02-29"), "traits.short": String("03-14"), "traits.vcard": String("--03-16"),
		"traits.moment": String("1990-03-15T03:00:00Z"), "traits.bad": String("15.3.1990"), "traits.list": List(nil),
		"last_seen": Time(time.Date(2026, 3, 14, 15, 0, 0, 0, time.UTC).UnixMilli()),
	}
	for _, c := range []struct{ zone, src string }{
		{"Asia/Shanghai", "anniversary(traits.birthday) == 0"},
		{"Pacific/Honolulu", "anniversary(traits.birthday) == 1"},
		{"Pacific/Kiritimati", "anniversary(traits.birthday) == 0"},
		{"Asia/Shanghai", "years_since(traits.birthday) == 36"},
		{"Pacific/Honolulu", "years_since(traits.birthday) == 35"},
		{"Pacific/Honolulu", "anniversary(traits.moment) == 0"}, // the 14th there
		{"Asia/Shanghai", "anniversary(traits.short) == 364"},
		{"Pacific/Honolulu", "anniversary(traits.short) == 0"},
		{"Asia/Shanghai", "anniversary(traits.vcard) == 1"},
		{"Asia/Shanghai", "years_since(traits.short) == null"},
		{"Asia/Shanghai", "anniversary(traits.bad) == null"},
		{"Asia/Shanghai", "anniversary(traits.none) == null"},
		{"Asia/Shanghai", "anniversary(traits.list) == null"},
		{"Asia/Shanghai", `anniversary(date("2027-03-16")) == 1`}, // the year does not matter
		{"Asia/Shanghai", `years_since(date("2027-03-15")) == -1`},
		{"Asia/Shanghai", `years_since(date("2027-03-16")) == -2`},
		{"Mars/North", "anniversary(traits.birthday) == null && in_user_zone(today()) == null"},
		{"", "anniversary(traits.birthday) == null"},
		{"Asia/Shanghai", "days_since(last_seen) == 1 && in_user_zone(days_since(last_seen) == 1)"},
		{"Pacific/Honolulu", "days_since(last_seen) == 1 && in_user_zone(days_since(last_seen) == 0)"},
		{"Pacific/Honolulu", "in_user_zone(weekday(today()) == 6) && weekday(today()) == 7"},
		{"Pacific/Honolulu", "in_user_zone(day(last_seen)) == 14 && in_user_zone(in_user_zone(day(last_seen)) + 1) == 15"},
		{"Pacific/Honolulu", `in_user_zone(date("2026-03-14")) == in_user_zone(today())`},
		{"Pacific/Honolulu", `in_user_zone(days_until(date("2026-03-20"))) == 6 && days_until(date("2026-03-20")) == 5`},
		{"Pacific/Honolulu", `timezone == "Pacific/Honolulu"`},
	} {
		if !userAt(t, c.zone, now, c.src, inputs) {
			t.Errorf("%s: %s does not hold", c.zone, c.src)
		}
		if userAt(t, c.zone, now, "!("+c.src+")", inputs) {
			t.Errorf("%s: !(%s) holds", c.zone, c.src)
		}
	}
}

// 29 February is kept on the 28th in common years. Days without a midnight, days that the date line took away, and days of 23
// and 25 hours are days like others.
func TestAnniversaryEdges(t *testing.T) {
	leap := map[string]Value{"traits.b": String("2000-02-29")}
	at := func(name string, year int, month time.Month, day, hour int) time.Time {
		loc, err := time.LoadLocation(name)
		if err != nil {
			t.Skip(err)
		}
		return time.Date(year, month, day, hour, 0, 0, 0, loc)
	}
	for _, c := range []struct {
		zone string
		at   time.Time
		src  string
	}{
		{"Asia/Shanghai", at("Asia/Shanghai", 2026, 2, 28, 1), "anniversary(traits.b) == 0 && years_since(traits.b) == 26"},
		{"Asia/Shanghai", at("Asia/Shanghai", 2026, 2, 27, 23), "anniversary(traits.b) == 1 && years_since(traits.b) == 25"},
		{"Asia/Shanghai", at("Asia/Shanghai", 2026, 3, 1, 0), "anniversary(traits.b) == 364"},
		{"Asia/Shanghai", at("Asia/Shanghai", 2028, 2, 28, 1), "anniversary(traits.b) == 1 && years_since(traits.b) == 27"},
		{"Asia/Shanghai", at("Asia/Shanghai", 2028, 2, 29, 1), "anniversary(traits.b) == 0"},
		{"Asia/Shanghai", at("Asia/Shanghai", 2027, 3, 1, 1), "anniversary(traits.b) == 365"},
		{"America/New_York", at("America/New_York", 2026, 3, 8, 23), `in_user_zone(days_until(date("2026-03-09"))) == 1`}, // 23 hours
		{"America/New_York", at("America/New_York", 2026, 11, 1, 1), `in_user_zone(days_since(date("2026-10-31"))) == 1`}, // 25 hours
		{"Pacific/Apia", at("Pacific/Apia", 2011, 12, 29, 12), `in_user_zone(days_until(date("2011-12-31"))) == 2`},       // the 30th never came
		{"Pacific/Apia", at("Pacific/Apia", 2011, 12, 31, 12), `anniversary(date("2000-12-31")) == 0`},
	} {
		if !userAt(t, c.zone, c.at, c.src, leap) {
			t.Errorf("%s at %s: %s does not hold", c.zone, c.at, c.src)
		}
	}
}

// The day after n days that anniversary promises is the anniversary.
func TestAnniversaryComes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		today := zone.Day(rapid.IntRange(-20_000, 60_000).Draw(t, "today"))
		of := zone.Day(rapid.IntRange(-20_000, 60_000).Draw(t, "of")).Time()
		n := untilAnniversary(today, of.Month(), of.Day())
		day := (today + zone.Day(n)).Time()
		if n < 0 || n > 366 || day.Month() != of.Month() || day.Day() != of.Day() && (of.Month() != time.February || of.Day() != 29 || day.Day() != 28) {
			t.Fatalf("on %s the anniversary of %s is said to be in %d days, on %s", today, of, n, day)
		}
		if n > 0 && untilAnniversary(today+1, of.Month(), of.Day()) != n-1 {
			t.Fatalf("on %s it is %d days, on the next day another distance", today, n)
		}
	})
}

func TestUserZoneIsAnInput(t *testing.T) {
	p, err := Compile("anniversary(traits.birthday) <= 7 && in_user_zone(weekday(today()) < 6)", testSchema())
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, r := range p.Refs() {
		names = append(names, r.String())
	}
	if got := strings.Join(names, " "); got != "traits.birthday timezone" {
		t.Errorf("reads %s", got)
	}
	env := &Recorded{At: asOf, In: shanghai, Zones: zoneByName, Inputs: []Input{{"traits.birthday", String("03-16")}, {"timezone", String("Asia/Shanghai")}}}
	if r := p.Explain(env); r.Children[0].Got != `traits.birthday = "03-16", timezone = "Asia/Shanghai"` {
		t.Errorf("explained by %s", r.Children[0].Got)
	}
	env.Zones = nil // the project's own zone needs no table
	if !p.Explain(env).Children[0].Value {
		t.Error("the project's zone is not known")
	}
}

// A condition in the user's zone changes at that zone's midnight.
func TestNextChangeInUserZone(t *testing.T) {
	midnight := func(name string, days int) int64 {
		z := zoneTable[name]
		return z.Start(z.Day(asOf) + zone.Day(days))
	}
	for _, c := range []struct {
		zone, src string
		want      int64
	}{
		{"Pacific/Honolulu", "anniversary(traits.birthday) == 0", midnight("Pacific/Honolulu", 6)},
		{"Pacific/Kiritimati", "anniversary(traits.birthday) <= 3", midnight("Pacific/Kiritimati", 2)},
		{"Pacific/Honolulu", "in_user_zone(weekday(today()) == 1)", midnight("Pacific/Honolulu", 2)},
		{"Pacific/Honolulu", "in_user_zone(days_since(last_seen)) >= 30", midnight("Pacific/Honolulu", 30)},
		{"Pacific/Honolulu", "years_since(traits.birthday) >= 36", midnight("Pacific/Honolulu", 6)},
		{"Mars/North", "anniversary(traits.birthday) == 0", Never},
	} {
		p, err := Compile(c.src, testSchema())
		if err != nil {
			t.Fatal(err)
		}
		course := &fakeCourse{zone: shanghai, paths: map[string]path{
			"timezone": still(String(c.zone)), "traits.birthday": still(String("1990-03-20")), "last_seen": still(Time(asOf)),
		}}
		if got := p.NextChange(course); got != c.want {
			t.Errorf("%s in %s: in %.2f days, want %.2f", c.src, c.zone, float64(got-asOf)/float64(dayMs), float64(c.want-asOf)/float64(dayMs))
		}
	}
}
