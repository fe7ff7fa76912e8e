package segment

import (
	"time"

	"github.com/weir-engine/weir/shared/zone"
)

// Zones is an Env that knows the rules of users' zones: in_user_zone, anniversary and years_since ask it for the zone that
// the field timezone names. An Env without it knows the project's zone alone.
type Zones interface {
	// ZoneOf returns a zone's rules, nil when they are not known.
	ZoneOf(name string) *zone.Zone
}

func zoneOf(env Env, name string) *zone.Zone {
	if own := env.Zone(); own.Name() == name {
		return own
	}
	if zones, ok := env.(Zones); ok {
		return zones.ZoneOf(name)
	}
	return nil
}

// zoned gives a call the reference to the user's zone.
func (c *checker) zoned(n *Node) *Error {
	if c.schema.properties {
		return c.fail(n, "the user's zone is not known here: this condition is about one event").expect("conditions on properties alone")
	}
	field := &Node{Op: OpRef, Offset: n.Offset, Ref: &Ref{Kind: RefField, Name: fieldSpecs[FieldTimezone].Name}}
	if err := c.ref(field); err != nil {
		return err
	}
	n.Ref = field.Ref
	return nil
}

// userZone returns the rules of the user's zone; nil when they are not known.
func userZone(n *Node, env Env) *zone.Zone {
	if name := env.Lookup(n.Ref); name.Kind == KindString {
		return zoneOf(env, name.Str)
	}
	return nil
}

// local is an Env in the user's zone.
type local struct {
	Env
	zone *zone.Zone
}

func (l *local) Zone() *zone.Zone { return l.zone }

// ZoneOf implements Zones.
func (l *local) ZoneOf(name string) *zone.Zone { return zoneOf(l.Env, name) }

// zonedCall evaluates a function in the user's zone; it is null where that zone is not known.
func zonedCall(n *Node, env Env) Value {
	z := userZone(n, env)
	if z == nil {
		return Null
	}
	l := &local{env, z}
	v := eval(n.Args[0], l)
	if n.fn == fnInUserZone {
		return v
	}
	today := z.Day(env.AsOf())
	month, day, year, ok := civil(v, z)
	if !ok {
		return Null
	}
	if n.fn == fnAnniversary {
		return Value{Kind: KindNumber, Num: float64(untilAnniversary(today, month, day))}
	}
	if year < 0 {
		return Null
	}
	years := today.Time().Year() - year
	if anniversaryIn(today.Time().Year(), month, day) > today {
		years--
	}
	return Value{Kind: KindNumber, Num: float64(years)}
}

// civil reads a date: of a time, of unix milliseconds or of text that toTime reads, in z; a text without a time of day is that
// date in any zone. MM-DD and --MM-DD are dates without a year, which is -1 then.
func civil(v Value, z *zone.Zone) (month time.Month, day, year int, ok bool) {
	if v.Kind == KindString {
		s := v.Str
		if len(s) == 7 && s[:2] == "--" {
			s = s[2:]
		}
		if len(s) == 5 {
			d, ok := parseDate("2000-" + s) // a leap year
			return d.Time().Month(), d.Time().Day(), -1, ok
		}
		if len(s) == 10 {
			d, ok := parseDate(s)
			return d.Time().Month(), d.Time().Day(), d.Time().Year(), ok
		}
	}
	t := toTime(v, z)
	if t.Kind != KindTime || t.Num < minTime || t.Num > maxTime {
		return 0, 0, 0, false
	}
	at := z.Day(int64(t.Num)).Time()
	return at.Month(), at.Day(), at.Year(), true
}

// untilAnniversary is the number of days from today to the next day of that date, 0 today.
func untilAnniversary(today zone.Day, month time.Month, day int) int {
	next := anniversaryIn(today.Time().Year(), month, day)
	if next < today {
		next = anniversaryIn(today.Time().Year()+1, month, day)
	}
	return int(next - today)
}

// anniversaryIn is the day of a date in a year: 29 February is kept on 28 February in common years.
func anniversaryIn(year int, month time.Month, day int) zone.Day {
	if d := zone.DayOf(year, month, day); d.Time().Month() == month {
		return d
	}
	return zone.DayOf(year, month, 28)
}

// localMotion is the motion of what is read in the user's zone: nothing changes before the next day begins there, or before
// the zone does.
func (a *ahead) localMotion(n *Node, at int64) Motion {
	m := a.c.Motion(n.Ref, at)
	m.Rising, m.Fading = false, false
	if z := userZone(n, a.at(at)); z != nil {
		if tomorrow := z.Start(z.Day(at) + 1); tomorrow < m.Until {
			return Motion{Until: tomorrow}
		}
	}
	return m
}
