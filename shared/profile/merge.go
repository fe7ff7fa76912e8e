package profile

import (
	"cmp"
	"slices"
)

// Merge adds the facts of src to dst, as if every event of src had been folded into dst. It is commutative and associative;
// src stays as it is, and dst shares no memory with it but immutable strings. Metrics and declared events that the schema
// does not know, left from another strategy, are dropped.
func (s *Schema) Merge(dst, src *Facts) {
	if src.Events > 0 {
		if dst.Events == 0 {
			dst.FirstSeen, dst.LastSeen = src.FirstSeen, src.LastSeen
		}
		dst.FirstSeen, dst.LastSeen = min(dst.FirstSeen, src.FirstSeen), max(dst.LastSeen, src.LastSeen)
		dst.Events += src.Events
	}
	dst.Active.merge(&src.Active)
	dst.Spill |= src.Spill
	dst.mergePurchases(src)
	dst.Counts = mergeSorted(dst.Counts, src.Counts,
		func(x, y *EventCount) int { return cmp.Compare(x.Key, y.Key) },
		func(x, y *EventCount) {
			x.First, x.Last, x.Count = min(x.First, y.First), max(x.Last, y.Last), x.Count+y.Count
		})
	for i := range src.Traits {
		dst.trait(&src.Traits[i], false)
	}
	for i := range src.Tags {
		dst.tag(&src.Tags[i], false)
	}
	for i := range src.Lists {
		dst.list(&src.Lists[i], false)
	}
	dst.mergeMessages(src)
	dst.mergeMetrics(src)
	s.Adopt(dst)
}

// Adopt drops what the schema does not know of facts that another strategy's schema folded. What it knows and they lack is
// not there until the user is folded again: see Fingerprint.
func (s *Schema) Adopt(f *Facts) {
	f.keepMetrics(func(m *Metric) bool {
		own := s.stored(m.Key)
		return own != nil && own.agg == m.Agg
	})
	f.Counts = slices.DeleteFunc(f.Counts, func(c EventCount) bool { return !slices.Contains(s.counts, c.Key) })
	s.prune(f)
}

func (f *Facts) mergePurchases(src *Facts) {
	f.Purchases = mergeSorted(f.Purchases, src.Purchases,
		func(x, y *PurchaseDay) int { return cmp.Compare(x.Day, y.Day) },
		func(x, y *PurchaseDay) { x.Orders, x.Net = x.Orders+y.Orders, x.Net+y.Net })
	for _, o := range src.Orders {
		f.order(o)
	}
	for _, r := range src.Refunds {
		f.adjust(r.Day, r.Amount) // is in the merged day already
		f.refund(r)
	}
	f.Purchases = slices.DeleteFunc(f.Purchases, func(p PurchaseDay) bool { return p.Orders == 0 && p.Net == 0 })
}

func (f *Facts) mergeMetrics(src *Facts) {
	for i := range src.Metrics {
		from := &src.Metrics[i]
		at, ok := slices.BinarySearchFunc(f.Metrics, from.Key, compareMetricKey)
		if !ok {
			f.insertMetric(at, from.Key, from.Agg)
		}
		f.Metrics[at].merge(from)
	}
}

func (m *Metric) merge(src *Metric) {
	switch m.Agg {
	case Count, Sum:
		m.Days = mergeSorted(m.Days, src.Days,
			func(x, y *Bucket) int { return cmp.Compare(x.Day, y.Day) },
			func(x, y *Bucket) { x.Value += y.Value })
	case Last:
		for _, b := range src.Days {
			m.addLast(b, src.LastTime)
		}
	case First:
		for i, b := range src.Days {
			m.addFirst(b, src.Times[i].Time)
		}
	case Times:
		m.mergeTimes(src)
	case Min, Max:
		for _, b := range src.Days {
			m.addExtreme(b)
		}
	case Distinct:
		for _, v := range src.Values {
			m.putDistinct(v)
		}
		m.trimDistinct()
	}
}

// mergeSorted merges src into dst, both sorted without repetitions; join adds an equal element of src to that of dst.
func mergeSorted[T any](dst, src []T, compare func(x, y *T) int, join func(x, y *T)) []T {
	i, j := len(dst)-1, len(src)-1
	if j < 0 {
		return dst
	}
	dst = append(dst, src...)
	if i < 0 || compare(&dst[i], &src[0]) < 0 {
		return dst
	}
	to := len(dst) // dst[to:] is done; it grows from the end, so nothing is overwritten before it has moved
	for j >= 0 {
		to--
		c := -1
		if i >= 0 {
			c = compare(&dst[i], &src[j])
		}
		if c < 0 {
			dst[to] = src[j]
			j--
			continue
		}
		dst[to] = dst[i]
		i--
		if c == 0 {
			join(&dst[to], &src[j])
			j--
		}
	}
	return slices.Delete(dst, i+1, to)
}
