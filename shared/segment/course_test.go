package segment

import (
	"math"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/weir-engine/weir/shared/zone"
)

const hour, dayMs = int64(time.Hour / time.Millisecond), int64(24 * time.Hour / time.Millisecond)

// fakeCourse moves the references of a program along paths.
type fakeCourse struct {
	zone  *zone.Zone
	paths map[string]path
}

// path is the values of one reference: values[i] before jumps[i]. A rising one gains a day's worth with every day.
type path struct {
	rising bool
	fading bool    // it halves every day
	jumps  []int64 // ascending; one less than values
	values []Value
	blind  bool // beyond the first jump nothing is told
}

func (p path) at(ms int64) int {
	i := 0
	for i < len(p.jumps) && p.jumps[i] <= ms {
		i++
	}
	return i
}

func (c *fakeCourse) AsOf() int64                   { return asOf }
func (c *fakeCourse) Zone() *zone.Zone              { return c.zone }
func (c *fakeCourse) ZoneOf(name string) *zone.Zone { return zoneByName(name) }

func (c *fakeCourse) Lookup(r *Ref) Value { return c.LookupAt(r, asOf) }

func (c *fakeCourse) LookupAt(r *Ref, ms int64) Value {
	p, ok := c.paths[r.String()]
	if !ok {
		return Null
	}
	v := p.values[p.at(ms)]
	if p.rising && v.Kind == KindNumber {
		v.Num += float64(c.zone.Day(ms) - c.zone.Day(asOf))
	}
	if p.fading && v.Kind == KindNumber {
		v.Num = math.Ldexp(v.Num, -int(c.zone.Day(ms)-c.zone.Day(asOf)))
	}
	return v
}

func (c *fakeCourse) Motion(r *Ref, ms int64) Motion {
	p := c.paths[r.String()]
	m := Motion{Until: Never, Rising: p.rising, Fading: p.fading}
	if i := p.at(ms); i < len(p.jumps) {
		m.Until, m.Blind = p.jumps[i], p.blind
	}
	return m
}

// answer is the truth at a moment.
func (c *fakeCourse) answer(p *Program, ms int64) bool { return p.Bool(&later{c: c, ms: ms}) }

// change finds the first moment of a change, within days, by looking at every hour.
func (c *fakeCourse) change(p *Program, days int64) int64 {
	now := p.Bool(c)
	for t := asOf/hour*hour + hour; t < asOf+days*dayMs; t += hour {
		if c.answer(p, t) != now {
			return t
		}
	}
	return Never
}

func still(v Value) path    { return path{values: []Value{v}} }
func rising(x float64) path { return path{rising: true, values: []Value{Number(x)}} }

func TestNextChange(t *testing.T) {
	start := func(days int) int64 { return shanghai.Start(shanghai.Day(asOf) + zone.Day(days)) }
	midday := start(5) + 12*hour
	paths := map[string]path{
		"silence_days": rising(20), "recency_days": rising(61), "tenure_days": rising(300), "stage_days": rising(0), "orders": still(Number(4)),
		"orders[30]":        {values: []Value{Number(3), Number(2), Number(0)}, jumps: []int64{start(4), start(11)}},
		"spend[90]":         {values: []Value{Number(3), Number(2)}, jumps: []int64{start(2)}, blind: true},
		`tags.has("vip")`:   {values: []Value{Bool(true), Bool(false)}, jumps: []int64{midday}},
		"last_purchase":     still(Time(start(-61))),
		"traits.birthday":   still(String("1990-03-20")),
		"traits.until":      still(String("2026-04-01")),
		"metrics.views[7]":  {values: []Value{Number(9), Number(8), Number(1)}, jumps: []int64{start(3), start(6)}},
		"metrics.spend[30]": still(Null),
		"m":                 {values: []Value{Number(4)}, fading: true},
	}
	for _, c := range []struct {
		src  string
		want int64
	}{
		{"true", Never},
		{"orders >= 3", Never},
		{"silence_days >= 60", start(40)},
		{"silence_days > 60", start(41)},
		{"!(silence_days < 60)", start(40)},
		{"silence_days == 30", start(10)},
		{"silence_days == 20", start(1)},
		{"silence_days != 25", start(5)},
		{"silence_days in [3, 27, 22]", start(2)},
		{"silence_days not in [3, 27]", start(7)},
		{"silence_days < 10", Never},
		{"recency_days >= 60", Never},
		{"silence_days >= 30 && silence_days < 60", start(10)},
		{"recency_days >= 60 && recency_days < 90", start(29)},
		{"silence_days >= 30 && orders > 100", Never},
		{"silence_days >= 30 || recency_days >= 60", Never},
		{"silence_days >= 60 || recency_days >= 90", start(29)},
		{"silence_days * 2 + 1 > 100", start(30)},
		{"100 - silence_days <= 70", start(10)},
		{"silence_days / 7 >= 4", start(8)},
		{"tenure_days / orders > 100", start(101)},
		{"round(silence_days / 10) >= 3", start(5)},
		{"min(silence_days, recency_days) > 30", start(11)},
		{"abs(silence_days - 30) < 3", start(8)},
		{"orders[30] >= 3", start(4)},
		{"orders[30] >= 2", start(11)},
		{"orders[30] < 1", start(11)},
		{"orders[30] > 5", Never},
		{"spend[90] > 5", start(2)},
		{"spend[90] > 5 || orders > 1", Never},
		{`tags.has("vip")`, midday},
		{`tags.has("vip") && orders >= 3`, midday},
		{`tags.has("vip") || orders >= 3`, Never},
		{"days_since(last_purchase) >= 90", start(29)},
		{"last_purchase < days_ago(90)", start(30)},
		{"today() >= date(\"2026-04-01\")", start(17)},
		{"today() >= time(traits.until)", start(17)},
		{"days_between(last_purchase, today()) == 70", start(9)},
		{"weekday(today()) == 1", start(1)}, // asOf is a Sunday
		{"weekday(today()) == 7", start(1)},
		{"year(today()) > 2026", start(292)},
		{"month(today()) == 3 && day(today()) == 20", start(5)},
		{"time(traits.until) <= days_ago(-7)", start(10)},
		{"metrics.views >= 8", start(6)},
		{"metrics.spend > 3", Never},
		{"metrics.spend == null", Never},
		{"days_since(first_seen) > 3", Never},
		{"m < 0.5", start(4)},
		{"silence_days >= 30 || m <= 0.25", start(4)},
		{"silence_days * 1 - m > 29.99", start(10)},
		{"stage_days >= 7 && metrics.views < 5", start(7)},
	} {
		p, err := Compile(c.src, testSchema())
		if err != nil {
			t.Errorf("%s: %v", c.src, err)
			continue
		}
		course := &fakeCourse{zone: shanghai, paths: paths}
		if got := p.NextChange(course); got != c.want {
			t.Errorf("%s: in %.2f days, want %.2f", c.src, float64(got-asOf)/float64(dayMs), float64(c.want-asOf)/float64(dayMs))
		}
		if got := course.change(p, 500); got != c.want && c.want != Never || c.want == Never && got < Never {
			if c.src != "spend[90] > 5" {
				t.Errorf("%s: really changes in %.2f days", c.src, float64(got-asOf)/float64(dayMs))
			}
		}
	}
}

// moving draws conditions that time moves.
func (g programs) moving(depth int) string {
	if depth > 0 {
		switch rapid.IntRange(0, 4).Draw(g.t, "moving") {
		case 0:
			return "!(" + g.moving(depth-1) + ")"
		case 1:
			return "(" + g.moving(depth-1) + ") && (" + g.moving(depth-1) + ")"
		case 2:
			return "(" + g.moving(depth-1) + ") || (" + g.moving(depth-1) + ")"
		}
	}
	op := g.pick("op", "==", "!=", "<", "<=", ">", ">=")
	switch rapid.IntRange(0, 5).Draw(g.t, "atom") {
	case 0:
		return g.days(1) + " " + op + " " + g.pick("threshold", "1", "7", "30", "31.5", "60", "90", "365")
	case 1:
		return g.days(1) + " " + op + " " + g.days(1)
	case 2:
		return g.moment() + " " + op + " " + g.pick("moment", "days_ago(30)", "days_ago(silence_days)", "today()", `date("2026-05-01")`, "last_seen", "days_ago(-9)")
	case 3:
		return g.pick("calendar", "weekday", "day", "month", "year") + "(" + g.pick("moment", "today()", "days_ago(r)", "last_seen") + ") " + op + " " + g.pick("part", "1", "3", "15", "2026")
	case 4:
		return g.days(0) + g.pick("in", " in ", " not in ") + "[1, 30, 31, 65]"
	}
	return g.condition(1)
}

func (g programs) days(depth int) string {
	if depth > 0 {
		switch rapid.IntRange(0, 5).Draw(g.t, "days") {
		case 0:
			return "(" + g.days(0) + g.pick("op", " + ", " - ", " * ", " / ") + g.pick("number", "2", "-3", "7", "orders[7]", "tenure_days", "days_since(last_seen)", "0") + ")"
		case 1:
			return g.pick("fn", "abs", "round", "floor", "-") + "(" + g.days(0) + ")"
		case 2:
			return g.pick("fn", "min", "max", "coalesce") + "(" + g.days(0) + ", " + g.days(0) + ")"
		}
	}
	return g.pick("days", "silence_days", "recency_days", "tenure_days", "days_since(last_purchase)", "days_since(first_seen)", "orders[7]", "metrics.views",
		"days_between(last_seen, today())", "days_between(today(), days_ago(-40))", "days_since(days_ago(3))", "days_since(time(traits.x))",
		"in_user_zone(days_since(last_seen))", "in_user_zone(day(today()) + recency_days)", "anniversary(traits.x)", "years_since(last_seen)", "days_until(last_purchase)")
}

func drawCourse(t *rapid.T, p *Program) *fakeCourse {
	c := &fakeCourse{zone: rapid.SampledFrom([]*zone.Zone{shanghai, zone.UTC, newYork}).Draw(t, "zone"), paths: map[string]path{}}
	env := randomEnv(t, p, true)
	for i, r := range p.Refs() {
		way := path{values: []Value{env.Inputs[i].Value}}
		switch r.Field() {
		case FieldSilenceDays, FieldRecencyDays, FieldTenureDays, FieldStageDays:
			way.rising = r.Kind == RefField
		case FieldM, FieldR:
			way.fading = r.Kind == RefField && env.Inputs[i].Value.Num > 0
		}
		jump := c.zone.Start(c.zone.Day(asOf) + 1)
		for range rapid.IntRange(0, 3).Draw(t, "jumps") {
			jump += rapid.SampledFrom([]int64{0, 1, 3, 8, 30}).Draw(t, "gap") * dayMs
			if r.Kind == RefTag {
				jump += 7 * hour
			}
			way.jumps = append(way.jumps, jump)
			value := randomEnv(t, p, true).Inputs[i].Value
			if way.fading && value.Num < 0 {
				value.Num = 0 - value.Num
			}
			way.values = append(way.values, value)
			jump += dayMs
		}
		way.blind = rapid.IntRange(0, 9).Draw(t, "blind") == 0
		c.paths[r.String()] = way
	}
	return c
}

// newYork has summer time: days of 23 and 25 hours.
var newYork = func() *zone.Zone {
	loc, err := time.LoadLocation("America/New_York")
	if err != nil {
		return zone.UTC
	}
	return zone.FromLocation(loc)
}()

// TestNextChangeHolds looks at every hour, and at both ends of every day, before the bound of random conditions on random
// courses: nothing changes.
func TestNextChangeHolds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := compileDrawn(t, programs{t: t}.moving(3))
		c := drawCourse(t, p)
		bound, now := p.NextChange(c), p.Bool(c)
		if bound <= asOf || bound > Never {
			t.Fatalf("%s: the bound is %d, asOf %d", p, bound, asOf)
		}
		check := func(ms int64) {
			if ms > asOf && ms < bound && c.answer(p, ms) != now {
				t.Fatalf("%s: %v now, %v after %.3f days, before the bound of %.3f; %v", p, now, !now, float64(ms-asOf)/float64(dayMs), float64(bound-asOf)/float64(dayMs), c.paths)
			}
		}
		for h := int64(1); h < 40*24; h++ {
			check(asOf + h*hour)
		}
		for d := zone.Day(1); d < 800; d++ {
			start := c.zone.Start(c.zone.Day(asOf) + d)
			check(start - 1)
			check(start)
		}
		check(bound - 1)
	})
}

// TestNextChangeIsUseful counts, over drawn conditions that are the same in every run, the bounds that are the moment of a change, and those
// that spare looking every day.
func TestNextChangeIsUseful(t *testing.T) {
	type found struct{ exact, far bool }
	draw := rapid.Custom(func(t *rapid.T) found {
		p := compileDrawn(t, programs{t: t}.moving(3))
		c := drawCourse(t, p)
		bound, now := p.NextChange(c), p.Bool(c)
		return found{bound == Never || c.answer(p, bound) != now, bound > asOf+2*dayMs}
	})
	const bounds = 200
	var exact, far int
	for seed := range bounds {
		one := draw.Example(seed)
		if one.exact {
			exact++
		}
		if one.far {
			far++
		}
	}
	if exact*10 < bounds*4 || far*2 < bounds {
		t.Errorf("of %d bounds %d are exact and %d further than two days", bounds, exact, far)
	}
	t.Logf("of %d bounds %d are exact and %d further than two days", bounds, exact, far)
}

func BenchmarkNextChange(b *testing.B) {
	p, err := Compile(`silence_days >= 60 && silence_days < 120 && orders >= 2 || last_purchase < days_ago(365)`, testSchema())
	if err != nil {
		b.Fatal(err)
	}
	c := &fakeCourse{zone: shanghai, paths: map[string]path{"silence_days": rising(20), "orders": still(Number(4)), "last_purchase": still(Time(asOf))}}
	b.ReportAllocs()
	for b.Loop() {
		p.NextChange(c)
	}
}
