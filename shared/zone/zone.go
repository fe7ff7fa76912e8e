// Package zone turns moments into calendar days under zone rules that are passed in as data. It never looks up a zone by
// name: hosts load the rules and build a Zone, so that the same rules travel to Lambda, the browser and the edge.
package zone

import (
	"errors"
	"slices"
	"sort"
	"time"
)

// Day is a calendar day in some zone: days since 1970-01-01.
type Day int32

// Zone is a table of offsets: the offset in seconds east of UTC that is in force from each moment on.
type Zone struct {
	name    string
	from    []int64 // unix seconds, ascending; from[0] is the beginning of time
	offsets []int32
}

// UTC is the zone without offset.
var UTC = &Zone{name: "UTC", from: []int64{minSecond}, offsets: []int32{0}}

const (
	minSecond = -1 << 62
	firstYear = 1900
	lastYear  = 2100
)

// FromLocation reads the rules of loc between the years 1900 and 2100 into a table.
func FromLocation(loc *time.Location) *Zone {
	const step = 6 * 3600
	offsetAt := func(s int64) int32 {
		_, off := time.Unix(s, 0).In(loc).Zone()
		return int32(off)
	}
	s := time.Date(firstYear, 1, 1, 0, 0, 0, 0, time.UTC).Unix()
	end := time.Date(lastYear, 1, 1, 0, 0, 0, 0, time.UTC).Unix()
	z := &Zone{name: loc.String(), from: []int64{minSecond}, offsets: []int32{offsetAt(s)}}
	for s < end {
		next := s + step
		if _, to := time.Unix(s, 0).In(loc).ZoneBounds(); to.IsZero() {
			break
		} else if to.Unix() > s { // on the last day of leap years the end of the bounds can lie before the moment
			next = to.Unix()
		}
		before, after := offsetAt(s), offsetAt(next)
		if before != after {
			change := s + 1 + int64(sort.Search(int(next-s-1), func(i int) bool { return offsetAt(s+1+int64(i)) != before }))
			z.from, z.offsets = append(z.from, change), append(z.offsets, after)
		}
		s = next
	}
	return z
}

// Table returns the zone as New takes it. The slices must not be changed.
func (z *Zone) Table() (from []int64, offsets []int32) { return z.from, z.offsets }

// New makes a zone of a table: offsets[i], in seconds east of UTC, is in force from the moment from[i] on, unix seconds; what is
// before the first counts as the first. An error when the moments do not ascend, or an offset passes a day.
func New(name string, from []int64, offsets []int32) (*Zone, error) {
	if name == "" || len(from) == 0 || len(from) != len(offsets) {
		return nil, errors.New("the table of the zone " + name + " has not one moment for each offset")
	}
	for i := range from {
		if i > 0 && from[i] <= from[i-1] || offsets[i] < -86_400 || offsets[i] > 86_400 {
			return nil, errors.New("the table of the zone " + name + " does not ascend, or has an offset of more than a day")
		}
	}
	return &Zone{name: name, from: slices.Clone(from), offsets: slices.Clone(offsets)}, nil
}

// Name is the zone's name in the tz database, such as "Asia/Shanghai".
func (z *Zone) Name() string { return z.name }

// Offset returns the offset in seconds east of UTC at a moment (unix milliseconds).
func (z *Zone) Offset(ms int64) int32 {
	if len(z.from) == 1 {
		return z.offsets[0]
	}
	s := floorDiv(ms, 1000)
	if last := len(z.from) - 1; s >= z.from[last] {
		return z.offsets[last]
	}
	i := sort.Search(len(z.from), func(i int) bool { return z.from[i] > s }) - 1
	return z.offsets[max(i, 0)]
}

// Change returns the first moment after ms (unix milliseconds) from which another offset is in force; false when none is known.
func (z *Zone) Change(ms int64) (int64, bool) {
	s := floorDiv(ms, 1000)
	i := sort.Search(len(z.from), func(i int) bool { return z.from[i] > s })
	if i == len(z.from) {
		return 0, false
	}
	return z.from[i] * 1000, true
}

// Day returns the calendar day of a moment (unix milliseconds).
func (z *Zone) Day(ms int64) Day {
	return Day(floorDiv(ms+int64(z.Offset(ms))*1000, 86_400_000))
}

// Start returns the first moment (unix milliseconds) of a day.
func (z *Zone) Start(d Day) int64 {
	local := int64(d) * 86_400_000
	guess := local - int64(z.Offset(local))*1000
	t := local - int64(z.Offset(guess))*1000
	for z.Day(t) < d { // a gap at midnight: the day begins when the gap ends
		t += 900_000
	}
	for z.Day(t-1) == d {
		t -= 900_000
	}
	return t
}

// String formats a day as YYYY-MM-DD.
func (d Day) String() string { return d.Time().Format(time.DateOnly) }

// Time returns the day's first moment in UTC.
func (d Day) Time() time.Time { return time.Unix(int64(d)*86_400, 0).UTC() }

// DayOf returns the day of a civil date.
func DayOf(year int, month time.Month, day int) Day {
	return Day(floorDiv(time.Date(year, month, day, 0, 0, 0, 0, time.UTC).Unix(), 86_400))
}

// ParseDay reads YYYY-MM-DD.
func ParseDay(s string) (Day, error) {
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		return 0, err
	}
	return Day(floorDiv(t.Unix(), 86_400)), nil
}

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b != 0 && (a < 0) != (b < 0) {
		q--
	}
	return q
}
