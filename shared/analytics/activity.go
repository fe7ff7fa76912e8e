package analytics

import (
	"io"

	"github.com/weir-engine/weir/shared/profile"
	"github.com/weir-engine/weir/shared/zone"
)

// Windows of the activity report, in days.
const (
	weekDays  = 7
	monthDays = 28
)

// Activity counts distinct active users: in a day (DAU), in the trailing 7 days (WAU) and in the trailing 28 (MAU), any event
// being activity; and how many days of the last 28 each was active (L28). Facts know about 400 days before a user's newest
// event, so days further back than that before the newest data are undercounted.
type Activity struct {
	asOf    zone.Day
	from    zone.Day
	dau     []int64
	wau     []int64 // differences until Days sums them
	mau     []int64
	l28     [monthDays + 1]int64
	tracked int // days before the report's first that its first means need
}

// ActiveDay is one day of the report.
type ActiveDay struct {
	Day        zone.Day `json:"-"`
	Date       string   `json:"day"`
	DAU        int64    `json:"dau"`
	WAU        int64    `json:"wau"`
	MAU        int64    `json:"mau"`
	Stickiness *float64 `json:"stickiness"` // mean DAU over the 28 days / MAU; null without active users
}

// ActivityDays is how many days NewActivity reports.
const ActivityDays = 90

// NewActivity starts a report of the last ActivityDays days up to and including asOf.
func NewActivity(asOf zone.Day) *Activity { return NewActivityOver(ActivityDays, asOf) }

// NewActivityOver starts a report of the last days up to and including asOf.
func NewActivityOver(days int, asOf zone.Day) *Activity {
	a := &Activity{asOf: asOf, from: asOf - zone.Day(days) + 1, tracked: monthDays - 1}
	n := days + a.tracked
	a.dau, a.wau, a.mau = make([]int64, n), make([]int64, n+1), make([]int64, n+1)
	return a
}

// Add adds one user.
func (a *Activity) Add(f *profile.Facts) {
	origin := a.from - zone.Day(a.tracked)
	week, month, recent := 0, 0, 0 // first places that are not yet covered
	activeDays(f, a.asOf, func(d zone.Day) {
		if i := int(d - origin); i >= 0 {
			a.dau[i]++
		}
		week = cover(a.wau, int(d-origin), weekDays, week)
		month = cover(a.mau, int(d-origin), monthDays, month)
		if d > a.asOf-monthDays {
			recent++
		}
	})
	if recent > 0 {
		a.l28[recent]++
	}
}

// cover adds one user to the places from i to i+length-1 that are not covered yet, as differences.
func cover(diff []int64, i, length, covered int) int {
	end := min(i+length, len(diff)-1)
	start := max(i, covered)
	if start >= end {
		return covered
	}
	diff[start]++
	diff[end]--
	return end
}

// Days returns the days in order.
func (a *Activity) Days() []ActiveDay {
	out := make([]ActiveDay, 0, len(a.dau)-a.tracked)
	wau, mau, trailing := int64(0), int64(0), int64(0)
	for i := range a.dau {
		wau += a.wau[i]
		mau += a.mau[i]
		trailing += a.dau[i]
		if i >= monthDays {
			trailing -= a.dau[i-monthDays]
		}
		if i < a.tracked {
			continue
		}
		d := ActiveDay{Day: a.from + zone.Day(i-a.tracked), DAU: a.dau[i], WAU: wau, MAU: mau}
		d.Date = d.Day.String()
		if mau > 0 {
			s := float64(trailing) / float64(monthDays*mau)
			d.Stickiness = &s
		}
		out = append(out, d)
	}
	return out
}

// L28 returns how many users were active on exactly k of the last 28 days, for k = 1 to 28, at [k-1].
func (a *Activity) L28() []int64 { return append([]int64{}, a.l28[1:]...) }

// CSV writes the days: day, dau, wau, mau, stickiness.
func (a *Activity) CSV(w io.Writer) error {
	t := newTable(w, "day", "dau", "wau", "mau", "stickiness")
	for _, d := range a.Days() {
		s := ""
		if d.Stickiness != nil {
			s = ftoa(*d.Stickiness)
		}
		t.row(d.Date, itoa(d.DAU), itoa(d.WAU), itoa(d.MAU), s)
	}
	return t.flush()
}
