package fill

import (
	"slices"

	"github.com/weir-engine/weir/shared/profile"
	"github.com/weir-engine/weir/shared/segment"
	"github.com/weir-engine/weir/shared/segment/column"
	"github.com/weir-engine/weir/shared/whatif"
)

// ref declares the column of what a condition reads, unless it follows from others or the facts do not have it.
func (x *Filler) ref(r *segment.Ref) {
	switch r.Kind {
	case segment.RefField:
		x.field(r)
	case segment.RefMetric:
		x.metric(r)
	case segment.RefTrait:
		name := r.Name
		x.add(r.String(), column.Dict, 1, func(f *profile.Facts, at int) { x.w.Value(at, profile.ConditionValue(f.TraitAt(name))) })
	case segment.RefEvent:
		x.event(r)
	case segment.RefMeasure:
		x.measure(r)
	case segment.RefBucket, segment.RefList, segment.RefMessage:
		x.personal(r)
	}
}

// measure declares what conditions ask of the occurrences of events, where the metrics of the base's strategy tell it.
func (x *Filler) measure(r *segment.Ref) {
	text := r.String()
	if r.Type != segment.TBool {
		text += " != null"
	}
	p, err := x.e.Compile(text)
	if err != nil || len(p.Refs()) != 1 || x.w.Has(r.String()) {
		return
	}
	kind := column.Float
	switch p.Refs()[0].Type {
	case segment.TBool:
		kind = column.Bits
	case segment.TTime:
		kind = column.Time
	}
	at := x.w.Column(whatif.Field{Ref: r.String(), Kind: kind})
	x.measures, x.measured = append(x.measures, p.Refs()[0]), append(x.measured, at)
	x.values = append(x.values, segment.Null)
}

// measuresOf writes the measures of a user.
func (x *Filler) measuresOf(f *profile.Facts) {
	if len(x.measures) == 0 {
		return
	}
	x.e.Read(x.measures, f, x.asOf, x.values)
	for i, v := range x.values {
		at := x.measured[i]
		switch {
		case x.measures[i].Type == segment.TBool:
			if v.True() {
				x.w.Bit(at)
			}
		case v.Kind == segment.KindNumber:
			x.w.Float(at, v.Num)
		case v.Kind == segment.KindTime:
			x.w.Int(at, int64(v.Num))
		default:
			x.w.Null(at)
		}
	}
}

func (x *Filler) field(r *segment.Ref) {
	days := r.Window
	switch r.Field() {
	case segment.FieldOrders:
		x.number(r.String(), 1, func(f *profile.Facts) (int64, bool) {
			_, orders, _ := f.PurchasesIn(x.day, days)
			return int64(orders), true
		})
	case segment.FieldPurchaseDays:
		x.number(r.String(), 1, func(f *profile.Facts) (int64, bool) { n, _, _ := f.PurchasesIn(x.day, days); return int64(n), true })
	case segment.FieldSpend:
		x.number(r.String(), x.minor(), func(f *profile.Facts) (int64, bool) { _, _, net := f.PurchasesIn(x.day, days); return net, true })
	case segment.FieldActiveDays:
		x.number(r.String(), 1, func(f *profile.Facts) (int64, bool) { return int64(f.Active.Count(x.day, days)), true })
	case segment.FieldTimezone:
		x.add(r.String(), column.Dict, 1, func(f *profile.Facts, at int) { x.w.Value(at, x.e.Timezone(f)) })
	case segment.FieldExpected:
		x.add(r.String(), column.Float, 1, func(_ *profile.Facts, at int) { x.known(at, x.r.Expected, x.r.Expected >= 0) })
	case segment.FieldExpectedValue:
		x.add(r.String(), column.Float, 1, func(f *profile.Facts, at int) { v := x.e.Worth(f, x.asOf); x.known(at, v.PerPurchase, v.OK) })
	case segment.FieldCLV:
		x.add(r.String(), column.Float, 1, func(f *profile.Facts, at int) { v := x.e.Worth(f, x.asOf); x.known(at, v.CLV, v.OK) })
	case segment.FieldPAlive:
		x.add(r.String(), column.Float, 1, func(_ *profile.Facts, at int) { x.known(at, x.r.PAlive, x.r.PAlive >= 0) })
	case segment.FieldChurnP:
		x.add(r.String(), column.Float, 1, func(_ *profile.Facts, at int) { x.known(at, x.r.ChurnP, x.r.ChurnP >= 0) })
	}
}

func (x *Filler) known(at int, v float64, ok bool) {
	if ok {
		x.w.Float(at, v)
	} else {
		x.w.Null(at)
	}
}

// metric declares a metric of the base's strategy; one that another strategy declares has no data.
func (x *Filler) metric(r *segment.Ref) {
	schema := x.e.Schema()
	for m := range schema.Metrics() {
		if schema.MetricName(m) != r.Name || r.Window > 0 && !slices.Contains(schema.MetricWindows(m), r.Window) {
			continue
		}
		scale, days := int64(1), r.Window
		for range schema.Window(&profile.Facts{}, m, days, x.day).Decimals {
			scale *= 10
		}
		x.number(r.String(), scale, func(f *profile.Facts) (int64, bool) { v := schema.Window(f, m, days, x.day); return v.Value, v.OK })
	}
}

func (x *Filler) event(r *segment.Ref) {
	schema := x.e.Schema()
	i := slices.Index(schema.Events(), r.Name)
	if i < 0 {
		return
	}
	if r.Stat == segment.StatCount {
		x.number(r.String(), 1, func(f *profile.Facts) (int64, bool) { return schema.Event(f, i).Count, true })
		return
	}
	first := r.Stat == segment.StatFirst
	x.add(r.String(), column.Time, 1, func(f *profile.Facts, at int) {
		switch n := schema.Event(f, i); {
		case n.Count == 0:
			x.w.Null(at)
		case first:
			x.w.Int(at, n.First)
		default:
			x.w.Int(at, n.Last)
		}
	})
}
