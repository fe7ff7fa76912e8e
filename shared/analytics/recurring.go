package analytics

import (
	"io"

	"github.com/weir-engine/weir/shared/profile"
	"github.com/weir-engine/weir/shared/zone"
)

// Recurring is Retention counted from every active day instead of the first: who is still there k days after a day on which
// they were there. Its rows count pairs of a user and an active day as users; only pairs whose day k is over by asOf count. Of
// any events the days that facts keep count, those of about 400 days before a user's newest.
type Recurring struct {
	Retention
	room []zone.Day
}

// NewRecurring starts a report on days (ascending, each at least 1) up to and including the day asOf.
func NewRecurring(days []int, of Of, asOf zone.Day) *Recurring {
	return &Recurring{Retention: *NewRetention(days, of, asOf)}
}

// Add adds one user.
func (r *Recurring) Add(f *profile.Facts) {
	r.room = r.room[:0]
	r.of.days(f, r.asOf, func(d zone.Day) { r.room = append(r.room, d) })
	for i := range r.rows {
		r.row(i, r.room)
	}
}

// row goes through the starts with two marks: the first active days from the bracket's begin and from the row's day on.
func (r *Recurring) row(i int, days []zone.Day) {
	row, begin, end := &r.rows[i], 0, 0
	for _, start := range days {
		if !r.over(start, i) {
			return
		}
		from, to := start+zone.Day(row.From), start+zone.Day(row.Day)
		for begin < len(days) && days[begin] < from {
			begin++
		}
		for end < len(days) && days[end] < to {
			end++
		}
		row.Eligible++
		if end < len(days) {
			row.Unbounded++
			if days[end] == to {
				row.Exact++
			}
		}
		if begin < len(days) && days[begin] <= to {
			row.Bracket++
		}
	}
}

// CSV writes the rows as Retention does.
func (r *Recurring) CSV(w io.Writer) error { return r.Retention.CSV(w) }
