package analytics

import (
	"encoding/binary"
	"encoding/json"
	"slices"

	"github.com/weir-engine/weir/shared/fault"
	"github.com/weir-engine/weir/shared/zone"
)

// Accumulators can be kept as JSON and gone on with: MarshalJSON writes all that was added, UnmarshalJSON reads it back, and what is
// added afterwards counts as if it had not been interrupted. What is kept counts people and names none.

type keptSeries struct {
	Base   int     `json:"base,omitempty"`
	Counts []int64 `json:"counts,omitempty"`
}

func (s series) keep() keptSeries   { return keptSeries{s.base, s.counts} }
func (k keptSeries) series() series { return series{k.Base, k.Counts} }

type keptLifecycle struct {
	Period      Period     `json:"period"`
	Of          Of         `json:"of"`
	AsOf        zone.Day   `json:"as_of"`
	Active      keptSeries `json:"active"`
	Fresh       keptSeries `json:"fresh"`
	Returning   keptSeries `json:"returning"`
	Resurrected keptSeries `json:"resurrected"`
	Dormant     keptSeries `json:"dormant"`
}

// MarshalJSON keeps what was added.
func (l *Lifecycle) MarshalJSON() ([]byte, error) {
	return json.Marshal(keptLifecycle{
		l.period, l.of, l.asOf, l.active.keep(), l.fresh.keep(), l.returning.keep(), l.resurrected.keep(), l.dormant.keep(),
	})
}

// UnmarshalJSON reads what MarshalJSON kept.
func (l *Lifecycle) UnmarshalJSON(b []byte) error {
	var k keptLifecycle
	if err := json.Unmarshal(b, &k); err != nil {
		return err
	}
	if k.Period > Daily {
		return fault.New(fault.Invalid, "there is no period %d", k.Period)
	}
	*l = *NewLifecycleOf(k.Of, k.Period, k.AsOf)
	l.active, l.fresh, l.returning, l.resurrected, l.dormant = k.Active.series(), k.Fresh.series(), k.Returning.series(), k.Resurrected.series(), k.Dormant.series()
	return nil
}

type keptCohorts struct {
	Period Period       `json:"period"`
	AsOf   zone.Day     `json:"as_of"`
	Base   int          `json:"base"`
	Rows   []keptCohort `json:"rows"`
}

type keptCohort struct {
	Users   []int64 `json:"users,omitempty"`
	Revenue []int64 `json:"revenue,omitempty"`
}

// MarshalJSON keeps what was added.
func (c *Cohorts) MarshalJSON() ([]byte, error) {
	k := keptCohorts{Period: c.period, AsOf: c.asOf, Base: c.base}
	for _, r := range c.rows {
		k.Rows = append(k.Rows, keptCohort{r.users, r.revenue})
	}
	return json.Marshal(k)
}

// UnmarshalJSON reads what MarshalJSON kept.
func (c *Cohorts) UnmarshalJSON(b []byte) error {
	var k keptCohorts
	if err := json.Unmarshal(b, &k); err != nil {
		return err
	}
	if k.Period > Daily {
		return fault.New(fault.Invalid, "there is no period %d", k.Period)
	}
	*c = *NewCohorts(k.Period, k.AsOf)
	c.base = k.Base
	for _, r := range k.Rows {
		if len(r.Users) != len(r.Revenue) {
			return fault.New(fault.Invalid, "a cohort has %d counts and %d sums", len(r.Users), len(r.Revenue))
		}
		c.rows = append(c.rows, cohort{r.Users, r.Revenue})
	}
	return nil
}

// MarshalJSON keeps what was added: the spends in order, each as its distance from the one before.
func (c *Concentration) MarshalJSON() ([]byte, error) {
	c.sort()
	b := make([]byte, 0, 3*len(c.values))
	before := int64(0)
	for i, v := range c.values {
		if i == 0 {
			b = binary.AppendVarint(b, v)
		} else {
			b = binary.AppendUvarint(b, uint64(v)-uint64(before))
		}
		before = v
	}
	return json.Marshal(b)
}

// UnmarshalJSON reads what MarshalJSON kept.
func (c *Concentration) UnmarshalJSON(text []byte) error {
	var b []byte
	if err := json.Unmarshal(text, &b); err != nil {
		return err
	}
	*c = Concentration{sorted: true}
	for len(b) > 0 {
		v, n := int64(0), 0
		if len(c.values) == 0 {
			v, n = binary.Varint(b)
		} else {
			var up uint64
			up, n = binary.Uvarint(b)
			v = int64(uint64(c.values[len(c.values)-1]) + up)
		}
		if n <= 0 {
			return fault.New(fault.Invalid, "the spends are cut off")
		}
		b = b[n:]
		c.values, c.sum = append(c.values, v), c.sum+v
	}
	if !slices.IsSorted(c.values) {
		return fault.New(fault.Invalid, "the spends are not in order")
	}
	return nil
}

type keptActivity struct {
	AsOf zone.Day `json:"as_of"`
	Days int      `json:"days"`
	DAU  []int64  `json:"dau"`
	WAU  []int64  `json:"wau"`
	MAU  []int64  `json:"mau"`
	L28  []int64  `json:"l28"`
}

// MarshalJSON keeps what was added.
func (a *Activity) MarshalJSON() ([]byte, error) {
	return json.Marshal(keptActivity{a.asOf, len(a.dau) - a.tracked, a.dau, a.wau, a.mau, a.l28[:]})
}

// maxActivityDays bounds the days of a kept report.
const maxActivityDays = 1 << 16

// UnmarshalJSON reads what MarshalJSON kept.
func (a *Activity) UnmarshalJSON(b []byte) error {
	var k keptActivity
	if err := json.Unmarshal(b, &k); err != nil {
		return err
	}
	if k.Days < 0 || k.Days > maxActivityDays {
		return fault.New(fault.Invalid, "a report of %d days", k.Days)
	}
	fresh := NewActivityOver(k.Days, k.AsOf)
	if len(k.DAU) != len(fresh.dau) || len(k.WAU) != len(fresh.wau) || len(k.MAU) != len(fresh.mau) || len(k.L28) != len(fresh.l28) {
		return fault.New(fault.Invalid, "the activity of %d days is cut off", k.Days)
	}
	*a = *fresh
	a.dau, a.wau, a.mau = k.DAU, k.WAU, k.MAU
	copy(a.l28[:], k.L28)
	return nil
}

type keptReturns struct {
	Of     Of         `json:"of"`
	AsOf   zone.Day   `json:"as_of"`
	Closed keptSeries `json:"closed"`
	All    keptSeries `json:"all"`
	Gaps   keptSeries `json:"gaps"`
}

// MarshalJSON keeps what was added.
func (r *ReturnRate) MarshalJSON() ([]byte, error) {
	return json.Marshal(keptReturns{r.of, r.asOf, r.closed.keep(), r.all.keep(), r.gaps.keep()})
}

// UnmarshalJSON reads what MarshalJSON kept.
func (r *ReturnRate) UnmarshalJSON(b []byte) error {
	var k keptReturns
	if err := json.Unmarshal(b, &k); err != nil {
		return err
	}
	*r = ReturnRate{of: k.Of, asOf: k.AsOf, closed: k.Closed.series(), all: k.All.series(), gaps: k.Gaps.series()}
	return nil
}
