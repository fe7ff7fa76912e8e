package analytics

import (
	"io"
	"strconv"

	"github.com/weir-engine/weir/shared/profile"
	"github.com/weir-engine/weir/shared/zone"
)

// Retention says who is still there k days after the first active day (day 0), in whole calendar days: on day k exactly, on
// day k or later, and within the bracket from one mark to the next. Only users for whom day k (the bracket's end) is over by
// asOf are counted.
type Retention struct {
	of   Of
	asOf zone.Day
	rows []RetentionRow
}

// RetentionRow is one day of the report.
type RetentionRow struct {
	Day       int   `json:"day"`
	Eligible  int64 `json:"eligible"`     // users whose day Day is over
	Exact     int64 `json:"n_day"`        // active on day Day
	Unbounded int64 `json:"unbounded"`    // active on day Day or later
	From      int   `json:"bracket_from"` // the day after the row before
	Bracket   int64 `json:"bracket"`      // active on a day in From..Day
}

// NewRetention starts a report on days (ascending, each at least 1) up to and including the day asOf.
func NewRetention(days []int, of Of, asOf zone.Day) *Retention {
	r := &Retention{of: of, asOf: asOf, rows: make([]RetentionRow, len(days))}
	from := 1
	for i, d := range days {
		r.rows[i].Day, r.rows[i].From = d, from
		from = d + 1
	}
	return r
}

// Add adds one user; one who was never active counts for nothing.
func (r *Retention) Add(f *profile.Facts) {
	first, last, any := zone.Day(0), zone.Day(0), false
	place, counted := 0, -1
	r.of.days(f, r.asOf, func(d zone.Day) {
		if !any {
			first, any = d, true
		}
		last = d
		k := int(d - first)
		for place < len(r.rows) && r.rows[place].Day < k {
			place++
		}
		if k == 0 || place == len(r.rows) || !r.over(first, place) {
			return
		}
		if counted != place {
			r.rows[place].Bracket++
			counted = place
		}
		if k == r.rows[place].Day {
			r.rows[place].Exact++
		}
	})
	for i := range r.rows {
		if !any || !r.over(first, i) {
			return
		}
		r.rows[i].Eligible++
		if int(last-first) >= r.rows[i].Day {
			r.rows[i].Unbounded++
		}
	}
}

// over reports whether the row's day has come for a user who was first active on a day.
func (r *Retention) over(first zone.Day, row int) bool {
	return first+zone.Day(r.rows[row].Day) <= r.asOf
}

// Rows returns the report.
func (r *Retention) Rows() []RetentionRow { return append([]RetentionRow{}, r.rows...) }

// CSV writes the rows: day, eligible, n_day, unbounded, bracket_from, bracket.
func (r *Retention) CSV(w io.Writer) error {
	t := newTable(w, "day", "eligible", "n_day", "unbounded", "bracket_from", "bracket")
	for _, row := range r.rows {
		t.row(strconv.Itoa(row.Day), itoa(row.Eligible), itoa(row.Exact), itoa(row.Unbounded), strconv.Itoa(row.From), itoa(row.Bracket))
	}
	return t.flush()
}
