// Package profile holds what Weir knows of one user: FACTS, a pure fold of the user's events that does not depend on their
// order, and STATE, what decisions settled. Both have compact, versioned encodings.
package profile

import (
	"github.com/weir-engine/weir/shared/event"
	"github.com/weir-engine/weir/shared/zone"
)

// Facts is the fold of a user's events. Slices are kept sorted by their first field, so that equal facts are equal bytes.
// Fold and Merge are commutative and associative; neither removes duplicates: callers fold each event.ID once.
type Facts struct {
	FirstSeen int64 // unix milliseconds of the earliest and latest event; both 0 when there is none
	LastSeen  int64
	Events    int64         // number of events folded
	Purchases []PurchaseDay // every day with a purchase or an adjustment, ascending
	Orders    []Order       // orders with an id, by hash: where a later refund of that order belongs
	Refunds   []Refund      // refunds whose named order has not been seen; they count on their own day until it is
	Metrics   []Metric      // declared metrics that have data, by Key
	Traits    []Trait       // by name
	Tags      []Tag         // tags set by events, by name
	Active    Days          // days with any event
	Counts    []EventCount  // declared events, by Key
}

// PurchaseDay is one calendar day (project zone) on which the user bought, or on which a refund without an order fell.
type PurchaseDay struct {
	Day    zone.Day
	Orders int32 // purchases on the day; 0 for a day that holds only adjustments
	Net    int64 // minor units: purchases less refunds
}

// Order says on which day the order with this id was placed.
type Order struct {
	Hash uint64 // 48 bits of a hash of the order id
	Day  zone.Day
}

// Refund is a refund of an order not seen so far.
type Refund struct {
	Hash   uint64
	Day    zone.Day
	Amount int64 // minor units, positive
}

// Metric is the data of one declared metric, as sparse day buckets within the metric's longest window before LastSeen.
type Metric struct {
	Key  uint32 // hash of the metric's definition: changing it starts a new metric
	Days []Bucket
}

// Bucket is one day of a metric.
type Bucket struct {
	Day      zone.Day
	Count    int64
	Sum      int64 // scaled by the metric's declared unit (money: minor units; numbers: 1e-4)
	Min, Max int64
	Last     int64
	LastTime int64    // unix milliseconds; ties go to the larger Last
	Distinct []uint32 // sorted hashes of distinct values, exact up to 32 a metric, then Spilled
	Spilled  bool     // the distinct values did not fit: they stand in the side item
}

// Trait is one trait, last writer wins by (Time, ID).
type Trait struct {
	Name  string
	Value event.Value // Null removes the trait but stays as its tombstone
	Time  int64       // unix milliseconds
	ID    uint64      // first 8 bytes of the writing event's ID: the tie-breaker
}

// Tag is a tag that an event set or removed.
type Tag struct {
	Name    string
	Source  string // the event's name
	Time    int64
	ID      uint64
	Expires int64 // unix milliseconds; 0 never
	Removed bool
}

// EventCount is the first and last time and the number of a declared event.
type EventCount struct {
	Key         uint32 // hash of the event's name
	First, Last int64  // unix milliseconds
	Count       int64
}
