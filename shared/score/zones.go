package score

import (
	"github.com/weir-engine/weir/shared/profile"
	"github.com/weir-engine/weir/shared/segment"
	"github.com/weir-engine/weir/shared/zone"
)

// timezoneTrait names the trait that holds the user's zone.
const timezoneTrait = "timezone"

// WithZones returns the same compiled strategy that knows the zones of users: zones gives the rules of a zone of the tz database
// by its name, nil for one that is not known. It must always give the same rules and be safe for concurrent use.
func (e *Engine) WithZones(zones func(name string) *zone.Zone) *Engine {
	with := *e
	with.zones = zones
	return &with
}

// ZoneOf returns the rules of a zone, nil when they are not known.
func (e *Engine) ZoneOf(name string) *zone.Zone {
	switch {
	case name == e.zone.Name():
		return e.zone
	case e.zones == nil || name == "":
		return nil
	}
	return e.zones(name)
}

// ZoneOf implements segment.Zones.
func (v *env) ZoneOf(name string) *zone.Zone { return v.e.ZoneOf(name) }

// Timezone is the name of a user's zone: the trait timezone, else the project's. A trait that names no known zone gives null, so
// that conditions on the user's calendar do not hold.
func (e *Engine) Timezone(f *profile.Facts) segment.Value {
	t, ok := f.Trait(timezoneTrait)
	if !ok {
		return segment.String(e.zone.Name())
	}
	if name, ok := t.Value.Str(); ok && e.ZoneOf(name) != nil {
		return segment.String(name)
	}
	return segment.Null
}

// UserZone is the zone that the trait timezone names; nil without one, and for a name that is not known.
func (e *Engine) UserZone(f *profile.Facts) *zone.Zone {
	if t, ok := f.Trait(timezoneTrait); ok {
		if name, ok := t.Value.Str(); ok {
			return e.ZoneOf(name)
		}
	}
	return nil
}

func (v *env) timezone() segment.Value { return v.e.Timezone(v.f) }

// localMidnight is the first moment of tomorrow in the user's zone; Never where that is not known.
func (v *env) localMidnight() int64 {
	if name := v.timezone(); name.Kind == segment.KindString {
		z := v.ZoneOf(name.Str)
		return z.Start(z.Day(v.asOf) + 1)
	}
	return segment.Never
}
