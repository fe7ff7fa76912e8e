package profile

import "slices"

func (d *decoder) metrics() {
	n := d.count(keyBytes + 2)
	d.ranks = d.rankOf[:0]
	f := d.f
	for i := range n {
		key, head := uint32(d.fixed(keyBytes)), d.byte()
		if d.failed || i > 0 && key <= f.Metrics[i-1].Key || Agg(head&7) > Distinct {
			d.fail()
			return
		}
		f.insertMetric(i, key, Agg(head&7))
		m := &f.Metrics[i]
		if head&metricRanked != 0 {
			d.rankedDays(m)
		} else {
			d.plainDays(m)
		}
		for j := len(m.Days) - 1; j >= 0 && !d.failed; j-- {
			d.bucket(m.Agg, &m.Days[j], int(head>>scaleShift))
		}
		if d.failed || len(m.Days) == 0 {
			d.fail()
			return
		}
	}
}

// rankedDays reads days that are numbered among the active days.
func (d *decoder) rankedDays(m *Metric) {
	if len(d.ranks) == 0 {
		for day := range d.f.Active.All() {
			d.ranks = append(d.ranks, day)
		}
	}
	set := d.reader.set(d.set[:0], uint64(len(d.ranks)))
	if d.failed {
		return
	}
	m.Days = slices.Grow(m.Days[:0], len(set))[:len(set)]
	for i, rank := range set {
		m.Days[len(set)-1-i] = Bucket{Day: d.ranks[rank]}
	}
}

// plainDays reads the newest day and the days before it.
func (d *decoder) plainDays(m *Metric) {
	newest := int64(d.back())
	set := d.reader.set(d.set[:0], maxWindow)
	if d.failed || len(set) > 0 && newest-maxWindow-1 < -maxDay {
		d.fail()
		return
	}
	n := len(set) + 1
	m.Days = slices.Grow(m.Days[:0], n)[:n]
	m.Days[n-1] = Bucket{Day: zoneDay(newest)}
	for i, v := range set {
		m.Days[n-2-i] = Bucket{Day: zoneDay(newest - int64(v) - 1)}
	}
}

func (d *decoder) bucket(a Agg, b *Bucket, scale int) {
	switch a {
	case Count:
		b.Count = 1
		if scale == 0 {
			b.Count = int64(d.uint())
		}
	case Distinct:
		n := d.count(4)
		b.Distinct = make([]uint32, n)
		for i := range b.Distinct {
			b.Distinct[i] = uint32(d.fixed(4))
			if i > 0 && b.Distinct[i] <= b.Distinct[i-1] {
				d.fail()
				return
			}
		}
		if n == 0 {
			d.fail()
		}
	case Last:
		b.Last = d.int() * tens[scale]
		b.LastTime = d.int() + int64(b.Day)*dayMs
	default:
		b.setValue(a, d.int()*tens[scale])
	}
}

// maxWindow is the longest window of a metric in days that an encoding can hold: a hundred years.
const maxWindow = 36_525
