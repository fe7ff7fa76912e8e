package analytics

import (
	"io"
	"strconv"

	"github.com/weir-engine/weir/shared/profile"
	"github.com/weir-engine/weir/shared/zone"
)

// Lifecycle is interval growth accounting: each active user of a period is new (never active before), returning (active in
// the period before) or resurrecting (active earlier, not in the period before); dormant users were active in the period
// before and are not now. active(t) = active(t−1) + new + resurrecting − dormant.
type Lifecycle struct {
	period      Period
	of          Of
	asOf        zone.Day
	last        int
	active      series
	fresh       series
	returning   series
	resurrected series
	dormant     series
}

// GrowthRow is one period of growth accounting, with the reference's names.
type GrowthRow struct {
	Start        zone.Day `json:"-"`
	Period       string   `json:"period"` // its first day
	Active       int64    `json:"active"`
	New          int64    `json:"new"`
	Returning    int64    `json:"returning"`
	Resurrecting int64    `json:"resurrecting"`
	Dormant      int64    `json:"dormant"`
	Quick        *float64 `json:"quick_ratio"` // (new + resurrecting) / dormant; null when nobody went dormant
	Complete     bool     `json:"complete"`    // the period had ended at asOf
}

// NewLifecycle starts growth accounting of purchases up to and including the day asOf.
func NewLifecycle(p Period, asOf zone.Day) *Lifecycle { return NewLifecycleOf(Purchases, p, asOf) }

// NewLifecycleOf starts growth accounting of any sign of life.
func NewLifecycleOf(of Of, p Period, asOf zone.Day) *Lifecycle {
	return &Lifecycle{period: p, of: of, asOf: asOf, last: p.index(asOf)}
}

// Add adds one user.
func (l *Lifecycle) Add(f *profile.Facts) {
	before, any := 0, false
	l.of.days(f, l.asOf, func(d zone.Day) {
		p := l.period.index(d)
		if any && p == before {
			return
		}
		l.active.add(p)
		switch {
		case !any:
			l.fresh.add(p)
		case p == before+1:
			l.returning.add(p)
		default:
			l.dormant.add(before + 1)
			l.resurrected.add(p)
		}
		before, any = p, true
	})
	if any && before < l.last {
		l.dormant.add(before + 1)
	}
}

// Rows returns every period from the first active one to the one that holds asOf.
func (l *Lifecycle) Rows() []GrowthRow {
	rows := []GrowthRow{}
	if len(l.active.counts) == 0 {
		return rows
	}
	for p := l.active.base; p <= l.last; p++ {
		r := GrowthRow{
			Start: l.period.start(p), Active: l.active.at(p), New: l.fresh.at(p), Returning: l.returning.at(p),
			Resurrecting: l.resurrected.at(p), Dormant: l.dormant.at(p), Complete: l.period.start(p+1) <= l.asOf+1,
		}
		r.Period = r.Start.String()
		if r.Dormant > 0 {
			q := float64(r.New+r.Resurrecting) / float64(r.Dormant)
			r.Quick = &q
		}
		rows = append(rows, r)
	}
	return rows
}

// CSV writes the rows: week_start (or month_start, day), active, new, returning, resurrecting, dormant.
func (l *Lifecycle) CSV(w io.Writer) error {
	first := l.period.String() + "_start"
	if l.period == Daily {
		first = "day"
	}
	t := newTable(w, first, "active", "new", "returning", "resurrecting", "dormant")
	for _, r := range l.Rows() {
		t.row(r.Period, itoa(r.Active), itoa(r.New), itoa(r.Returning), itoa(r.Resurrecting), itoa(r.Dormant))
	}
	return t.flush()
}

func itoa(n int64) string { return strconv.FormatInt(n, 10) }
