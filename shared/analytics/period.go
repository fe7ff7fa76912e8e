// Package analytics computes what a growth team reads of a whole base: growth accounting, cohorts, activity, retention,
// return rates and the concentration of value. Each report is an accumulator: users are added one by one in any order, and
// the result depends on nothing else. Memory depends on the span of time, not on the number of users, except for
// Concentration, which keeps 8 bytes a user. Definitions stand at each type.
package analytics

import (
	"time"

	"github.com/weir-engine/weir/shared/fault"
	"github.com/weir-engine/weir/shared/profile"
	"github.com/weir-engine/weir/shared/zone"
)

// Period is a calendar period.
type Period uint8

// The periods. Weeks begin on Monday.
const (
	Month Period = iota
	Week
	Daily
)

// ParsePeriod reads "month", "week" or "day".
func ParsePeriod(s string) (Period, error) {
	switch s {
	case "month", "":
		return Month, nil
	case "week":
		return Week, nil
	case "day":
		return Daily, nil
	}
	return 0, fault.New(fault.Invalid, "unknown period %q", s).WithHint("use month, week or day")
}

// String is the period's name.
func (p Period) String() string { return [...]string{"month", "week", "day"}[p] }

// index numbers the periods in order of time.
func (p Period) index(d zone.Day) int {
	switch p {
	case Month:
		y, m := civil(d)
		return y*12 + m - 1
	case Week:
		return floorDiv(int(d)+3, 7) // 1970-01-01 was a Thursday
	}
	return int(d)
}

// start is the first day of a period.
func (p Period) start(index int) zone.Day {
	switch p {
	case Month:
		return zone.DayOf(floorDiv(index, 12), time.Month(index-floorDiv(index, 12)*12+1), 1)
	case Week:
		return zone.Day(index*7 - 3)
	}
	return zone.Day(index)
}

// label names a period: 2006-01 for a month, its first day otherwise.
func (p Period) label(index int) string {
	s := p.start(index).String()
	if p == Month {
		return s[:len(s)-3]
	}
	return s
}

// civil turns a day into year and month by counting in eras of 400 years (Hinnant, "chrono-Compatible Low-Level Date
// Algorithms", civil_from_days).
func civil(d zone.Day) (year, month int) {
	z := int(d) + 719_468
	era := floorDiv(z, 146_097)
	doe := z - era*146_097
	yoe := (doe - doe/1460 + doe/36_524 - doe/146_096) / 365
	doy := doe - (365*yoe + yoe/4 - yoe/100)
	mp := (5*doy + 2) / 153
	month = mp + 3
	if mp >= 10 {
		month = mp - 9
	}
	year = yoe + era*400
	if month <= 2 {
		year++
	}
	return year, month
}

func floorDiv(a, b int) int {
	q := a / b
	if a%b != 0 && (a < 0) != (b < 0) {
		q--
	}
	return q
}

// purchaseDays calls yield with each purchase day up to and including asOf, ascending.
func purchaseDays(f *profile.Facts, asOf zone.Day, yield func(zone.Day)) {
	for i := range f.Purchases {
		p := &f.Purchases[i]
		if p.Day > asOf {
			return
		}
		if p.Orders > 0 {
			yield(p.Day)
		}
	}
}

// activeDays calls yield with each active day up to and including asOf, ascending. Facts keep the last 400 and more days
// before a user's newest one: what is older is not known.
func activeDays(f *profile.Facts, asOf zone.Day, yield func(zone.Day)) {
	for w := len(f.Active.Bits) - 1; w >= 0; w-- {
		bits := f.Active.Bits[w]
		for i := 63; bits != 0 && i >= 0; i-- {
			if bits>>uint(i)&1 == 0 {
				continue
			}
			day := f.Active.Newest - zone.Day(w*64+i)
			if day > asOf {
				return
			}
			yield(day)
		}
	}
}

// Of says what makes a user active in a report.
type Of uint8

// The signs of life.
const (
	Purchases Of = iota // days with a purchase: known for ever
	AnyEvent            // days with any event: known for about 400 days before the user's newest
)

// ParseOf reads "purchase" or "any".
func ParseOf(s string) (Of, error) {
	switch s {
	case "purchase", "":
		return Purchases, nil
	case "any":
		return AnyEvent, nil
	}
	return 0, fault.New(fault.Invalid, "unknown activity %q", s).WithHint("use purchase or any")
}

func (a Of) days(f *profile.Facts, asOf zone.Day, yield func(zone.Day)) {
	if a == AnyEvent {
		activeDays(f, asOf, yield)
		return
	}
	purchaseDays(f, asOf, yield)
}

// series is a slice of counters indexed by any integer that grows at both ends.
type series struct {
	base   int
	counts []int64
}

func (s *series) add(i int) {
	if len(s.counts) == 0 {
		s.base = i
	}
	if i < s.base {
		grown := make([]int64, len(s.counts)+s.base-i)
		copy(grown[s.base-i:], s.counts)
		s.base, s.counts = i, grown
	}
	for i-s.base >= len(s.counts) {
		s.counts = append(s.counts, 0)
	}
	s.counts[i-s.base]++
}

func (s *series) at(i int) int64 {
	if i -= s.base; i < 0 || i >= len(s.counts) {
		return 0
	}
	return s.counts[i]
}
