package profile

import "slices"

// Spill says which parts of a profile stand in its side part.
type Spill uint8

// SpillPurchases: the older purchase days, with their orders and refunds.
const SpillPurchases Spill = 1

// MaxPurchaseDays is how many purchase days the main part of a profile holds.
const MaxPurchaseDays = 150

// SplitSpill splits f into a main part, which is bounded, and a side part with the purchase days beyond MaxPurchaseDays,
// the oldest, and their orders and refunds. side is empty (Empty) when there is nothing to move. Both are facts of their own:
// new events may be merged into main while side waits, and JoinSpill gives the same as if nothing had been split. f is not
// changed; the parts share its memory.
func SplitSpill(f *Facts) (main, side Facts) {
	main = *f
	old := len(f.Purchases) - MaxPurchaseDays
	if old <= 0 {
		return main, side
	}
	first := f.Purchases[old].Day
	side.Purchases, main.Purchases = f.Purchases[:old:old], f.Purchases[old:]
	main.Orders, side.Orders = nil, nil
	for _, o := range f.Orders {
		if o.Day < first {
			side.Orders = append(side.Orders, o)
		} else {
			main.Orders = append(main.Orders, o)
		}
	}
	main.Refunds = nil
	for _, r := range f.Refunds {
		if r.Day < first {
			side.Refunds = append(side.Refunds, r)
		} else {
			main.Refunds = append(main.Refunds, r)
		}
	}
	main.Spill |= SpillPurchases
	return main, side
}

// JoinSpill brings a side part back into main.
func (s *Schema) JoinSpill(main, side *Facts) {
	s.Merge(main, side)
	main.Spill = 0
}

// Empty reports whether f holds nothing at all.
func (f *Facts) Empty() bool {
	return f.Events == 0 && len(f.Purchases) == 0 && len(f.Orders) == 0 && len(f.Refunds) == 0
}

// Clone returns a copy of f that shares no memory with it but immutable strings.
func (f *Facts) Clone() *Facts {
	c := *f
	c.Purchases, c.Orders, c.Refunds = slices.Clone(f.Purchases), slices.Clone(f.Orders), slices.Clone(f.Refunds)
	c.Traits, c.Tags, c.Counts = slices.Clone(f.Traits), slices.Clone(f.Tags), slices.Clone(f.Counts)
	c.Lists, c.Messages = slices.Clone(f.Lists), slices.Clone(f.Messages)
	c.Active.Bits = slices.Clone(f.Active.Bits)
	c.Metrics = slices.Clone(f.Metrics)
	for i := range c.Metrics {
		m := &c.Metrics[i]
		m.Days, m.Values, m.Times = slices.Clone(m.Days), slices.Clone(m.Values), slices.Clone(m.Times)
	}
	return &c
}
