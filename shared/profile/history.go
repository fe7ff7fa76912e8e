package profile

import (
	"cmp"
	"iter"
	"slices"

	"github.com/weir-engine/weir/shared/event"
	"github.com/weir-engine/weir/shared/zone"
)

// History is a user's purchase history up to and including a day, in whole days and minor units. Purchases of one day are one
// purchase day. A day without an order holds only refunds: it moves money and is no purchase.
type History struct {
	Days        int      // purchase days
	X           int      // repeat purchases: purchase days after the first
	TX          int      // days from the first purchase day to the last
	T           int      // days from the first purchase day to asOf
	Orders      int      // purchases
	Spend       int64    // net of everything
	RepeatNet   int64    // net of everything after the first purchase day
	First, Last zone.Day // purchase days; both 0 when Days is 0
}

// History returns the purchase history as of a day. It is exact when AsOfExact holds for the moment it is asked for: a refund
// counts on its order's day, also when it came later.
func (f *Facts) History(asOf zone.Day) History {
	var h History
	for i := range f.Purchases {
		p := &f.Purchases[i]
		if p.Day > asOf {
			break
		}
		h.Spend += p.Net
		if h.Days > 0 {
			h.RepeatNet += p.Net
		}
		if p.Orders == 0 {
			continue
		}
		if h.Days == 0 {
			h.First = p.Day
		}
		h.Days++
		h.Orders += int(p.Orders)
		h.Last = p.Day
	}
	if h.Days > 0 {
		h.X, h.TX, h.T = h.Days-1, int(h.Last-h.First), int(asOf-h.First)
	}
	return h
}

// RepeatStats returns x, t_x and T of the purchase models, the latter two in days, and the net of the repeat purchases in minor
// units: the mean value m_x is repeatNet / x. All are 0 without a purchase.
func (f *Facts) RepeatStats(asOf zone.Day) (x, tx, t int, repeatNet int64) {
	h := f.History(asOf)
	return h.X, h.TX, h.T, h.RepeatNet
}

// OrderCount returns the number of purchases up to and including a day.
func (f *Facts) OrderCount(asOf zone.Day) int { return f.History(asOf).Orders }

// Spend returns purchases less refunds in minor units, up to and including a day.
func (f *Facts) Spend(asOf zone.Day) int64 { return f.History(asOf).Spend }

// LastPurchase returns the last purchase day up to and including asOf; ok is false when there is none.
func (f *Facts) LastPurchase(asOf zone.Day) (day zone.Day, ok bool) {
	for i := f.through(asOf) - 1; i >= 0; i-- {
		if f.Purchases[i].Orders > 0 {
			return f.Purchases[i].Day, true
		}
	}
	return 0, false
}

// FirstPurchase returns the first purchase day up to and including asOf; ok is false when there is none.
func (f *Facts) FirstPurchase(asOf zone.Day) (day zone.Day, ok bool) {
	for i := range f.Purchases {
		if p := &f.Purchases[i]; p.Orders > 0 {
			return p.Day, p.Day <= asOf
		}
	}
	return 0, false
}

// PurchaseDays yields the days with a purchase up to and including asOf, ascending.
func (f *Facts) PurchaseDays(asOf zone.Day) iter.Seq[PurchaseDay] {
	return func(yield func(PurchaseDay) bool) {
		for _, p := range f.Purchases[:f.through(asOf)] {
			if p.Orders > 0 && !yield(p) {
				return
			}
		}
	}
}

// PurchasesIn sums the days in (asOf-days, asOf]; days 0 is all time up to asOf.
func (f *Facts) PurchasesIn(asOf zone.Day, days int) (purchaseDays, orders int, net int64) {
	to := f.through(asOf)
	for i := to - 1; i >= 0; i-- {
		p := &f.Purchases[i]
		if days > 0 && int64(p.Day) <= int64(asOf)-int64(days) {
			break
		}
		net += p.Net
		orders += int(p.Orders)
		if p.Orders > 0 {
			purchaseDays++
		}
	}
	return purchaseDays, orders, net
}

// through is the number of entries up to and including a day.
func (f *Facts) through(asOf zone.Day) int {
	n := len(f.Purchases)
	if n == 0 || f.Purchases[n-1].Day <= asOf {
		return n
	}
	i, ok := slices.BinarySearchFunc(f.Purchases, asOf, func(p PurchaseDay, day zone.Day) int { return cmp.Compare(p.Day, day) })
	if ok {
		i++
	}
	return i
}

// ActiveDays returns the number of days with any event in (asOf-days, asOf], of the DaysKept days before the last event.
func (f *Facts) ActiveDays(asOf zone.Day, days int) int { return f.Active.Count(asOf, days) }

// Trait returns the current value of a trait; of kind None when it was never set or was removed.
func (f *Facts) Trait(name string) (t Trait, ok bool) {
	i, ok := slices.BinarySearchFunc(f.Traits, name, func(t Trait, name string) int { return cmp.Compare(t.Name, name) })
	if !ok || f.Traits[i].Value.Kind <= event.Null {
		return Trait{}, false
	}
	return f.Traits[i], true
}

// HasTag reports whether an event has set the tag and nothing has removed it by asOf (unix milliseconds).
func (f *Facts) HasTag(name string, asOf int64) bool {
	i, ok := slices.BinarySearchFunc(f.Tags, name, func(t Tag, name string) int { return cmp.Compare(t.Name, name) })
	return ok && f.Tags[i].Active(asOf)
}

// Active reports whether the tag is set at asOf (unix milliseconds).
func (t *Tag) Active(asOf int64) bool {
	return !t.Removed && t.Time <= asOf && (t.Expires == 0 || asOf < t.Expires)
}
