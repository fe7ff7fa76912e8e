// Package profile holds what Weir knows of one user: FACTS, a pure fold of the user's events that does not depend on their
// order, and STATE, what decisions settled. Both have compact, versioned encodings.
package profile

import (
	"github.com/weir-engine/weir/shared/event"
	"github.com/weir-engine/weir/shared/zone"
)

// Facts is the fold of a user's events under one Schema. Every field is a function of the set of events folded, so that any
// order, split and merge of the same events gives equal facts and equal bytes. Slices are sorted by their first field.
// Neither Fold nor Merge removes duplicates: callers fold each event.ID once.
//
// What leaves a window is dropped, counted from LastSeen. Facts therefore answer for moments at or after LastSeen
// (AsOfExact); for an earlier one the user's events up to that moment are folded again.
type Facts struct {
	FirstSeen int64 // unix milliseconds of the earliest and latest event; both 0 when there is none
	LastSeen  int64
	Events    int64         // number of events folded
	Purchases []PurchaseDay // every day with a purchase or an adjustment, ascending
	Active    Days          // days on which the user did something: with any event that is not about them alone
	Metrics   []Metric      // declared metrics that have data, by Key
	Orders    []Order       // orders with an id, by hash: where a later refund of that order belongs
	Refunds   []Refund      // refunds whose named order has not been seen; they count on their own day until it is
	Traits    []Trait       // by name
	Tags      []Tag         // tags set by events, by name
	Lists     []Membership  // manual lists that the user is on or has left, by name
	Messages  []Message     // what became of messages to the user, by Key
	Counts    []EventCount  // declared events, by Key
	Spill     Spill         // what SplitSpill moved to the side part and JoinSpill has not brought back
}

// PurchaseDay is one calendar day (project zone) on which the user bought, or on which a refund without an order fell.
type PurchaseDay struct {
	Day    zone.Day
	Orders int32 // purchases on the day; 0 for a day that holds only adjustments
	Net    int64 // minor units: purchases less refunds
}

// Order says on which day the order with this id was placed: the earliest, should several purchases carry the id.
type Order struct {
	Hash     uint64 // 48 bits of a hash of the order id
	Day      zone.Day
	Refunded int64 // minor units: the refunds of the order, taken off Day's net
}

// Refund is the refunds of one order not seen so far, on one day.
type Refund struct {
	Hash   uint64
	Day    zone.Day
	Amount int64 // minor units, positive
}

// Metric is the data of one declared metric: day buckets within the metric's longest window before LastSeen, ascending. A
// metric over the whole lifetime has one bucket, on day 0.
//
// Windows always end at or after LastSeen, so a bucket that a later one outdoes in every window is dropped: max (min) keeps
// falling (rising) buckets alone, last keeps one bucket, and distinct keeps a value on its latest day alone. first keeps the value of
// the earliest event of each day.
type Metric struct {
	Key      uint32 // hash of the metric's definition: changing it starts a new metric
	Agg      Agg
	Days     []Bucket // all but distinct and times
	LastTime int64    // last: unix milliseconds of the value; ties go to the larger value
	Values   []Value  // distinct, by (Day, Hash)
	Times    []Moment // times: the newest TimesKept events; first: when each of Days happened
	First    int64    // times: unix milliseconds of the earliest event ever, whatever the windows
}

// Bucket is one day of a metric.
type Bucket struct {
	Day   zone.Day
	Value int64 // the count, sum, min, max, last or first; all but counts scaled by the unit (money: minor units; numbers: 1e-4)
}

// Value is one distinct value.
type Value struct {
	Day  zone.Day // the latest day with it
	Hash uint32
}

// Moment is one event of a metric.
type Moment struct {
	Time int64  // unix milliseconds
	ID   uint16 // times: 16 bits of the event's ID, which tell events of one millisecond apart
}

// TimesKept is the number of events within the longest window of which a times metric keeps the time: the newest, by (Time, ID).
const TimesKept = 32

// DistinctExact is the number of distinct values up to which a window's count is exact. Beyond it the count is an estimate
// from the smallest hashes (bottom-k sketch: Cohen, Kaplan 2007) and is flagged as spilled.
const DistinctExact = 32

// Trait is one trait, last writer wins by (Time, ID).
type Trait struct {
	Name  string
	Value event.Value // Null removes the trait but stays as its tombstone
	Time  int64       // unix milliseconds
	ID    uint64      // first 8 bytes of the writing event's ID: the tie-breaker
}

// Tag is a tag that an event set or removed, last writer wins by (Time, ID).
type Tag struct {
	Name    string
	Source  string // the event's name
	Time    int64
	ID      uint64
	Expires int64 // unix milliseconds, the first moment without the tag; 0 never
	Removed bool
}

// EventCount is the first and last time and the number of a declared event.
type EventCount struct {
	Key         uint32 // hash of the event's name
	First, Last int64  // unix milliseconds
	Count       int64
}

// Limits of what one profile keeps. What passes them stays in the canonical files.
const (
	MaxTraits     = 256     // traits a profile: those whose names sort first
	MaxTraitName  = 128     // bytes; a longer name is not kept
	MaxTraitValue = 1024    // bytes: a longer text is cut at a character, a longer list or object becomes null
	MaxAmount     = 1 << 53 // minor units of one purchase or refund, and of one metric value: more is refused or not counted
)

// Reset makes f empty and keeps its memory for the next user.
func (f *Facts) Reset() {
	f.FirstSeen, f.LastSeen, f.Events, f.Spill = 0, 0, 0, 0
	f.Purchases, f.Orders, f.Refunds = f.Purchases[:0], f.Orders[:0], f.Refunds[:0]
	f.Metrics, f.Traits, f.Tags, f.Counts = f.Metrics[:0], f.Traits[:0], f.Tags[:0], f.Counts[:0]
	f.Lists, f.Messages = f.Lists[:0], f.Messages[:0]
	f.Active.Newest, f.Active.Bits = 0, f.Active.Bits[:0]
}

// AsOfExact reports whether f answers for asOf (unix milliseconds): no event is later. When it is false the user's events up
// to asOf must be folded again from the canonical files.
func (f *Facts) AsOfExact(asOf int64) bool { return f.Events == 0 || f.LastSeen <= asOf }
