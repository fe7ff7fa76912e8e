package profile

import (
	"cmp"
	"slices"

	"github.com/weir-engine/weir/shared/zone"
)

// The money of a user is three sums over the events: purchases less unnamed refunds by day, the earliest day of each order,
// and named refunds by (order, day). Purchases, Orders and Refunds are those sums with every refund moved to where it counts
// now: the order's day once that is known, else its own. The moves below keep that true whatever comes first, and they move
// back what an earlier purchase with the same order id claims.

// purchase adds a purchase to a day.
func (f *Facts) purchase(day zone.Day, amount int64) {
	if n := len(f.Purchases); n > 0 && f.Purchases[n-1].Day == day {
		f.Purchases[n-1].Orders++
		f.Purchases[n-1].Net += amount
		return
	}
	p := f.purchaseDay(day)
	p.Orders++
	p.Net += amount
}

// purchaseDay returns a day, which is made when it is new.
func (f *Facts) purchaseDay(day zone.Day) *PurchaseDay {
	n := len(f.Purchases)
	if n == 0 || f.Purchases[n-1].Day < day {
		f.Purchases = append(f.Purchases, PurchaseDay{Day: day})
		return &f.Purchases[n]
	}
	i, j := 0, n-1
	for i < j {
		if m := int(uint(i+j) >> 1); f.Purchases[m].Day < day {
			i = m + 1
		} else {
			j = m
		}
	}
	if f.Purchases[i].Day != day {
		f.Purchases = append(f.Purchases, PurchaseDay{})
		copy(f.Purchases[i+1:], f.Purchases[i:n])
		f.Purchases[i] = PurchaseDay{Day: day}
	}
	return &f.Purchases[i]
}

// adjust moves the net of a day. A day without purchases whose adjustments are all gone is no day any more.
func (f *Facts) adjust(day zone.Day, by int64) {
	if by == 0 {
		return
	}
	p := f.purchaseDay(day)
	p.Net += by
	if p.Orders == 0 && p.Net == 0 {
		i, _ := slices.BinarySearchFunc(f.Purchases, day, func(p PurchaseDay, day zone.Day) int { return cmp.Compare(p.Day, day) })
		f.Purchases = slices.Delete(f.Purchases, i, i+1)
	}
}

// order notes an order, whose Refunded is taken off its day already, and draws the waiting refunds of it to its day.
func (f *Facts) order(o Order) {
	i, ok := f.findOrder(o.Hash)
	if !ok {
		f.Orders = slices.Insert(f.Orders, i, o)
		f.attach(&f.Orders[i])
		return
	}
	have := &f.Orders[i]
	early, late := have, &o
	if o.Day < have.Day {
		early, late = &o, have
	}
	if early.Day != late.Day {
		f.adjust(late.Day, late.Refunded)
		f.adjust(early.Day, -late.Refunded)
	}
	have.Day, have.Refunded = early.Day, early.Refunded+late.Refunded
}

func (f *Facts) findOrder(hash uint64) (int, bool) {
	i, j := 0, len(f.Orders)
	for i < j {
		if m := int(uint(i+j) >> 1); f.Orders[m].Hash < hash {
			i = m + 1
		} else {
			j = m
		}
	}
	return i, i < len(f.Orders) && f.Orders[i].Hash == hash
}

// attach moves the waiting refunds of an order to its day.
func (f *Facts) attach(o *Order) {
	if len(f.Refunds) == 0 {
		return
	}
	from, _ := slices.BinarySearchFunc(f.Refunds, o.Hash, func(r Refund, hash uint64) int { return cmp.Compare(r.Hash, hash) })
	to := from
	for ; to < len(f.Refunds) && f.Refunds[to].Hash == o.Hash; to++ {
		r := f.Refunds[to]
		f.adjust(r.Day, r.Amount)
		f.adjust(o.Day, -r.Amount)
		o.Refunded += r.Amount
	}
	f.Refunds = slices.Delete(f.Refunds, from, to)
}

// refund takes back money of a named order.
func (f *Facts) refund(r Refund) {
	if i, ok := f.findOrder(r.Hash); ok {
		o := &f.Orders[i]
		o.Refunded += r.Amount
		f.adjust(o.Day, -r.Amount)
		return
	}
	f.adjust(r.Day, -r.Amount)
	i, ok := slices.BinarySearchFunc(f.Refunds, r, compareRefunds)
	if ok {
		f.Refunds[i].Amount += r.Amount
		return
	}
	f.Refunds = slices.Insert(f.Refunds, i, r)
}

func compareRefunds(x, y Refund) int {
	return cmp.Or(cmp.Compare(x.Hash, y.Hash), cmp.Compare(x.Day, y.Day))
}
