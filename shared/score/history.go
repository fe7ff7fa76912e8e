package score

import (
	"github.com/weir-engine/weir/shared/profile"
	"github.com/weir-engine/weir/shared/zone"
)

// history is the purchase history of one user up to and including a day: what RFM, value tiers and purchase models read.
// Purchases of one day are one; a day without an order holds only refunds and moves money, nothing else.
type history struct {
	first, last zone.Day // purchase days; unset when days is 0
	recency     int32    // whole days since the last purchase day
	days        int      // purchase days
	orders      int      // orders
	spend       int64    // net of everything, minor units
	repeat      int64    // net of everything after the first purchase day
}

func (h *history) read(f *profile.Facts, asOf zone.Day) {
	p := f.History(asOf)
	*h = history{first: p.First, last: p.Last, days: p.Days, orders: p.Orders, spend: p.Spend, repeat: p.RepeatNet}
	if h.days > 0 {
		h.recency = int32(asOf - h.last)
	}
}

// x is the number of repeat purchases: purchase days after the first.
func (h *history) x() int { return max(h.days-1, 0) }

// average is the net spend an order, in minor units, rounded half away from zero; 0 without orders.
func (h *history) average() int64 {
	if h.orders == 0 {
		return 0
	}
	return roundDiv(h.spend, int64(h.orders))
}
