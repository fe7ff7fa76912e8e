package profile

import (
	"cmp"
	"slices"

	"github.com/weir-engine/weir/shared/zone"
)

// MetricValue is a metric over a window.
type MetricValue struct {
	// OK is false when there is nothing to take the min, max or last of. A count, sum or distinct of nothing is 0.
	OK bool
	// Value is the result times ten to the power Decimals: money in minor units, numbers in 1e-4, counts as they are.
	Value    int64
	Decimals int
	// Spilled: there are more than DistinctExact distinct values, and Value is an estimate of their number; or all of the
	// TimesKept events that a times metric keeps are in the window, and there may be more.
	Spilled bool
}

// Float returns the value in major units; 0 when it is not OK.
func (v MetricValue) Float() float64 { return float64(v.Value) / float64(tens[v.Decimals]) }

// Metrics returns the number of declared metrics. They are numbered in the strategy's order.
func (s *Schema) Metrics() int { return len(s.declared) }

// MetricName returns the name of a declared metric.
func (s *Schema) MetricName(metric int) string { return s.declared[metric].name }

// MetricWindows returns the windows of a declared metric in days; empty: the lifetime. The caller does not change them.
func (s *Schema) MetricWindows(metric int) []int { return s.declared[metric].windows }

// Window returns a declared metric over (asOf-days, asOf]. days must not be longer than the metric's longest window; 0 is
// the whole of what is kept. It is exact when AsOfExact holds.
func (s *Schema) Window(f *Facts, metric int, days int, asOf zone.Day) MetricValue {
	m := &s.metrics[s.declared[metric].stored]
	v := MetricValue{Decimals: m.decimals, OK: m.agg == Count || m.agg == Sum || m.agg == Distinct || m.agg == Times}
	i, ok := slices.BinarySearchFunc(f.Metrics, m.key, compareMetricKey)
	if !ok {
		return v
	}
	if m.keep == 0 {
		days = 0
		if m.agg != Times {
			asOf = 0
		}
	}
	if m.agg == Times {
		v.Value = int64(len(s.timesWithin(&f.Metrics[i], days, asOf)))
		v.Spilled = v.Value == TimesKept
		return v
	}
	if m.agg == Distinct {
		v.Value, v.Spilled = distinct(f.Metrics[i].Values, days, asOf)
		return v
	}
	buckets := within(f.Metrics[i].Days, days, asOf)
	if len(buckets) == 0 {
		return v
	}
	v.OK = true
	if m.agg == Count || m.agg == Sum {
		for j := range buckets {
			v.Value += buckets[j].Value
		}
		return v
	}
	v.Value = buckets[0].Value // max falls, min rises, last is one, first is the earliest
	return v
}

// within returns the buckets in (asOf-days, asOf]; days 0 is everything up to asOf.
func within(buckets []Bucket, days int, asOf zone.Day) []Bucket {
	to := len(buckets)
	for to > 0 && buckets[to-1].Day > asOf {
		to--
	}
	from := to
	for from > 0 && (days <= 0 || int64(buckets[from-1].Day) > int64(asOf)-int64(days)) {
		from--
	}
	return buckets[from:to]
}

// distinct returns the number of distinct values in (asOf-days, asOf]. Beyond DistinctExact it is estimated from the smallest
// hashes: if n values are spread evenly over 2^32, the k-th smallest is near k * 2^32 / n, and (k-1) * 2^32 / it estimates n.
func distinct(values []Value, days int, asOf zone.Day) (n int64, spilled bool) {
	var room [2 * distinctKept]uint32
	hashes := room[:0]
	for _, v := range values {
		if v.Day <= asOf && (days <= 0 || int64(v.Day) > int64(asOf)-int64(days)) {
			hashes = append(hashes, v.Hash)
		}
	}
	if len(hashes) <= DistinctExact {
		return int64(len(hashes)), false
	}
	slices.Sort(hashes)
	estimate := DistinctExact << 32 / max(int64(hashes[distinctKept-1]), 1)
	return max(estimate, int64(len(hashes))), true
}

// Events returns the declared events, in the strategy's order without repetitions. The caller does not change them.
func (s *Schema) Events() []string { return s.events }

// Event returns the first and last time and the number of a declared event, by its index in Events; Count 0 when it never
// happened.
func (s *Schema) Event(f *Facts, index int) EventCount {
	key := s.counts[index]
	i, ok := slices.BinarySearchFunc(f.Counts, key, func(c EventCount, key uint32) int { return cmp.Compare(c.Key, key) })
	if !ok {
		return EventCount{Key: key}
	}
	return f.Counts[i]
}

// What counts as a sign of life.
const (
	ActivityAny      = "any"
	ActivityPurchase = "purchase"
	ActivityEvents   = "events"
)

// LastActivity returns the day of the last sign of life up to and including asOf: of any event, of a purchase or of a declared
// event; kind "" is the strategy's choice. ok is false when there is none.
func (s *Schema) LastActivity(f *Facts, kind string, asOf zone.Day) (day zone.Day, ok bool) {
	switch cmp.Or(kind, s.activity) {
	case ActivityPurchase:
		return f.LastPurchase(asOf)
	case ActivityEvents:
		for i := range f.Counts {
			if d := s.days.day(f.Counts[i].Last); slices.Contains(s.counts, f.Counts[i].Key) && d <= asOf && (!ok || d > day) {
				day, ok = d, true
			}
		}
		return day, ok
	}
	for d := range f.Active.All() {
		if d <= asOf {
			return d, true
		}
	}
	return 0, false
}

// Zone is the zone of the schema's days.
func (s *Schema) Zone() *zone.Zone { return s.zone }

// Day returns the calendar day of a moment (unix milliseconds) in the schema's zone.
func (s *Schema) Day(ms int64) zone.Day { return s.days.day(ms) }

// Fingerprint is the hash of everything in the strategy that FACTS depend on: zone, currency, purchases and refunds, metrics,
// event tags and declared events, whatever their order. Facts folded under one fingerprint answer for every strategy that has
// the same; under another the users must be folded again for metrics, tags and events to be complete.
func (s *Schema) Fingerprint() string { return s.fingerprint }

// MetricKey identifies what a declared metric holds in FACTS: metrics of one key hold the same.
func (s *Schema) MetricKey(metric int) uint32 { return s.metrics[s.declared[metric].stored].key }

// HasMetric reports whether f holds data of a declared metric.
func (s *Schema) HasMetric(f *Facts, metric int) bool { return s.metricOf(f, metric) != nil }
