package analytics

import (
	"io"
	"strconv"

	"github.com/weir-engine/weir/shared/profile"
	"github.com/weir-engine/weir/shared/zone"
)

// Cohorts counts, for the users whose first purchase falls in each period, how many bought again k periods later, and their
// net revenue then.
type Cohorts struct {
	period Period
	asOf   zone.Day
	last   int
	base   int
	rows   []cohort // by period - base
}

type cohort struct {
	users   []int64 // by offset
	revenue []int64
}

// CohortRow is one cohort.
type CohortRow struct {
	Cohort   string  `json:"cohort"`   // 2006-01 for a month, else the first day
	Users    []int64 `json:"users"`    // distinct buyers by offset; [0] is the cohort's size
	Revenue  []int64 `json:"revenue"`  // net, minor units, by offset
	Observed int     `json:"observed"` // offsets from here on lie after asOf: their zeros mean nothing
}

// NewCohorts starts cohorts of first purchases up to and including the day asOf.
func NewCohorts(p Period, asOf zone.Day) *Cohorts {
	return &Cohorts{period: p, asOf: asOf, last: p.index(asOf)}
}

// Add adds one user; one who never bought counts for nothing.
func (c *Cohorts) Add(f *profile.Facts) {
	var row *cohort
	first, before := 0, -1
	for i := range f.Purchases {
		d := &f.Purchases[i]
		if d.Day > c.asOf {
			return
		}
		if row == nil && d.Orders <= 0 {
			continue
		}
		p := c.period.index(d.Day)
		if row == nil {
			first, row = p, c.row(p)
		}
		k := p - first
		row.grow(k)
		row.revenue[k] += d.Net
		if d.Orders > 0 && k != before {
			row.users[k]++
			before = k
		}
	}
}

func (c *Cohorts) row(p int) *cohort {
	if len(c.rows) == 0 {
		c.base = p
	}
	if p < c.base {
		c.rows = append(make([]cohort, c.base-p), c.rows...)
		c.base = p
	}
	for p-c.base >= len(c.rows) {
		c.rows = append(c.rows, cohort{})
	}
	return &c.rows[p-c.base]
}

func (r *cohort) grow(k int) {
	for len(r.users) <= k {
		r.users, r.revenue = append(r.users, 0), append(r.revenue, 0)
	}
}

// Rows returns the cohorts that have users, in order of time, all with as many offsets as any cohort has buyers for.
func (c *Cohorts) Rows() []CohortRow {
	width := 0
	for i := range c.rows {
		width = max(width, len(c.rows[i].users))
	}
	rows := []CohortRow{}
	for i := range c.rows {
		r := &c.rows[i]
		if len(r.users) == 0 {
			continue
		}
		out := CohortRow{Cohort: c.period.label(c.base + i), Users: make([]int64, width), Revenue: make([]int64, width)}
		copy(out.Users, r.users)
		copy(out.Revenue, r.revenue)
		out.Observed = min(width, c.last-(c.base+i)+1)
		rows = append(rows, out)
	}
	return rows
}

// CSV writes the matrix of buyers: c (the cohort), then one column an offset. Offsets after asOf are 0.
func (c *Cohorts) CSV(w io.Writer) error {
	rows := c.Rows()
	header := []string{"c"}
	if len(rows) > 0 {
		for k := range rows[0].Users {
			header = append(header, strconv.Itoa(k))
		}
	}
	t := newTable(w, header...)
	for _, r := range rows {
		cells := []string{r.Cohort}
		for _, n := range r.Users {
			cells = append(cells, itoa(n))
		}
		t.row(cells...)
	}
	return t.flush()
}
