package profile

import (
	"encoding/binary"

	"github.com/weir-engine/weir/shared/event"
	"github.com/weir-engine/weir/shared/zone"
)

// Extract is what the fold reads of one event: small enough to keep until the events of the user come together. Most events
// need nothing more (Whole).
type Extract struct {
	Time   int64
	amount int64  // of a purchase, or of a refund (not negative), in minor units
	order  uint64 // hash of the order id
	day    zone.Day
	plan   int32 // index in planTable.plans, -1 for an event that the strategy does not mention
	flags  uint8
}

// What an extract says.
const (
	extractWhole    = 1 << iota // the fold needs the event itself
	extractAmount               // amount is the amount of a purchase
	extractRefunded             // amount is the amount of a refund
	extractOrder                // order is the order's hash
)

// Whole reports whether FoldExtract needs the event itself, for its traits or for the properties that metrics and tags read.
func (x *Extract) Whole() bool { return x.flags&extractWhole != 0 }

// Extract is Check, and fills x for FoldExtract when the event passes.
func (s *Schema) Extract(ev *event.Event, x *Extract) *event.Reject {
	var r reading
	if s.extract(ev, x, &r) {
		return nil
	}
	return s.Check(ev)
}

// extract fills x, with what it read of the properties in r. ok is false when Check may refuse the event; x is right for Fold
// even so.
func (s *Schema) extract(ev *event.Event, x *Extract, r *reading) (ok bool) {
	name := ev.Name
	if ev.Kind != event.Track {
		name = EventName(ev)
	}
	*x = Extract{Time: ev.Time, day: s.days.day(ev.Time), plan: s.plans.index(name)}
	p := s.plans.plan(x.plan)
	if p.whole || ev.Kind == event.Identify {
		x.flags = extractWhole
	}
	switch {
	case p.purchase: // of a purchase that is a refund too the fold reads the amount of the refund itself, and Check decides
		ok = s.extractPurchase(ev, x, r) && !p.refund
	case p.refund:
		ok = s.extractRefund(ev, x)
	default:
		return p.list == 0 || listName(ev) != ""
	}
	return ok && s.inCurrency(ev)
}

func (s *Schema) extractPurchase(ev *event.Event, x *Extract, r *reading) (ok bool) {
	for _, path := range s.amounts {
		if r.read(&ev.Properties, path, s.digits); r.value.Kind > event.Null {
			break
		}
	}
	if !r.ok || r.n < 0 {
		return false
	}
	x.amount = r.n
	x.flags |= extractAmount
	x.extractOrder(property(&ev.Properties, s.orderPath))
	return true
}

func (s *Schema) extractRefund(ev *event.Event, x *Extract) (ok bool) {
	v, _ := amountOf(&ev.Properties, s.refunded)
	amount, ok := v.Scaled(s.digits)
	if amount = max(amount, -amount); !ok || amount < 0 || amount > MaxAmount {
		return false
	}
	if amount > 0 {
		x.amount = amount
		x.flags |= extractRefunded
		x.extractOrder(property(&ev.Properties, s.refOrder))
	}
	return true
}

func (x *Extract) extractOrder(id event.Value) {
	if hash, ok := orderHash(id); ok {
		x.order = hash
		x.flags |= extractOrder
	}
}

// FoldExtract is Fold of the event that x was extracted from. ev may be nil unless x is Whole.
func (s *Schema) FoldExtract(f *Facts, x *Extract, ev *event.Event, id event.ID) {
	var r reading
	s.fold(f, x, ev, id, &r)
}

// fold adds an event; r holds what was read of its properties before.
func (s *Schema) fold(f *Facts, x *Extract, ev *event.Event, id event.ID, r *reading) {
	f.see(x.Time)
	p := s.plans.plan(x.plan)
	newest := false
	if p.quiet() {
		newest = f.Active.reach(x.day)
	} else {
		newest = f.Active.add(x.day)
	}
	if newest && len(f.Metrics) > 0 {
		s.prune(f)
	}
	if x.flags&extractAmount != 0 {
		f.purchase(x.day, x.amount)
		if x.flags&extractOrder != 0 {
			f.order(Order{Hash: x.order, Day: x.day})
		}
	} else if x.flags&extractRefunded != 0 {
		s.foldRefund(f, x)
	}
	if p.count >= 0 {
		f.count(s.counts[p.count], x.Time)
	}
	if x.flags&extractWhole != 0 {
		s.foldWhole(f, x, p, ev, id, r)
		return
	}
	for _, at := range p.metrics {
		s.foldCount(f, at, x.day)
	}
}

func (s *Schema) foldRefund(f *Facts, x *Extract) {
	if x.flags&extractOrder != 0 {
		f.refund(Refund{Hash: x.order, Day: x.day, Amount: x.amount})
		return
	}
	f.adjust(x.day, -x.amount)
}

// foldWhole folds what is read of the event itself.
func (s *Schema) foldWhole(f *Facts, x *Extract, p *plan, ev *event.Event, id event.ID, r *reading) {
	number := binary.BigEndian.Uint64(id[:8])
	if ev.Kind == event.Identify {
		f.foldTraits(ev, number)
	}
	if p.purchase && p.refund {
		back := Extract{day: x.day}
		if s.extractRefund(ev, &back); back.flags != 0 {
			s.foldRefund(f, &back)
		}
	}
	if len(p.metrics) > 0 {
		s.foldMetrics(f, ev, x.day, p.metrics, number, r)
	}
	if p.list != 0 {
		f.list(&Membership{List: listName(ev), Time: ev.Time, ID: number, Left: p.list == listLeft}, true)
	}
	if p.message != 0 {
		f.foldMessage(ev, p.message)
	}
	if len(p.tags) > 0 {
		s.foldTags(f, ev, x.day, p.tags, number)
	}
}
