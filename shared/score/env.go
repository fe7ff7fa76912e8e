package score

import (
	"github.com/weir-engine/weir/shared/profile"
	"github.com/weir-engine/weir/shared/segment"
	"github.com/weir-engine/weir/shared/zone"
)

// env answers a condition's references for one user at one moment.
type env struct {
	e      *Engine
	f      *profile.Facts
	st     *profile.State
	cuts   *Cuts
	r      *Result
	asOf   int64
	day    zone.Day
	silent int
	h      history
	inside []bool // by the segments of the strategy
	lean   bool   // reasons without trees
	known  uint8  // which scores of models stand in modelled
	modelled
}

// AsOf implements segment.Env.
func (v *env) AsOf() int64 { return v.asOf }

// Zone implements segment.Env.
func (v *env) Zone() *zone.Zone { return v.e.zone }

// Lookup implements segment.Env.
func (v *env) Lookup(ref *segment.Ref) segment.Value {
	switch ref.Kind {
	case segment.RefField:
		return v.field(ref)
	case segment.RefMetric:
		return v.metric(ref)
	case segment.RefMeasure:
		return v.measure(ref)
	case segment.RefTrait:
		return v.trait(ref.Name)
	case segment.RefTag:
		return segment.Bool(contains(v.r.Tags, ref.Name))
	case segment.RefSegment:
		return segment.Bool(v.inside[ref.Index])
	case segment.RefEvent:
		return v.event(ref)
	case segment.RefBucket:
		return number(segment.Bucket(ref.Name, v.r.Key, ref.Window))
	case segment.RefList:
		return segment.Bool(v.f.OnList(ref.Name))
	case segment.RefMessage:
		return v.message(ref)
	}
	return segment.Null
}

func (v *env) field(ref *segment.Ref) segment.Value {
	r := v.r
	switch ref.Field() {
	case segment.FieldStage:
		return segment.String(r.Stage)
	case segment.FieldCandidate:
		return segment.String(r.Candidate)
	case segment.FieldStageDays:
		if r.Since == 0 {
			return segment.Null
		}
		return number(int(v.day - r.Since))
	case segment.FieldR:
		return number(r.R)
	case segment.FieldF:
		return number(r.F)
	case segment.FieldM:
		return number(r.M)
	case segment.FieldRFM:
		return segment.String(r.RFM)
	case segment.FieldRFMCN:
		return segment.String(r.RFMCN)
	case segment.FieldTier:
		return segment.String(r.Tier)
	case segment.FieldSilenceDays:
		return number(v.silent)
	case segment.FieldActiveDays:
		return number(v.f.Active.Count(v.day, ref.Window))
	case segment.FieldEvents:
		return number(int(v.f.Events))
	case segment.FieldEngagement:
		return number(r.Engagement)
	case segment.FieldTimezone:
		return v.timezone()
	}
	if value, ok := v.purchases(ref); ok {
		return value
	}
	if value, ok := v.models(ref); ok {
		return value
	}
	return v.times(ref)
}

// models answers the fields that models give.
func (v *env) models(ref *segment.Ref) (segment.Value, bool) {
	switch ref.Field() {
	case segment.FieldPAlive:
		return known(v.pAlive()), true
	case segment.FieldExpected:
		return known(v.expected()), true
	case segment.FieldExpectedValue:
		if value := v.value(); value.OK {
			return segment.Number(value.PerPurchase), true
		}
		return segment.Null, true
	case segment.FieldCLV:
		if value := v.value(); value.OK {
			return segment.Number(value.CLV), true
		}
		return segment.Null, true
	case segment.FieldChurnP:
		return known(v.churn()), true
	case segment.FieldChurnWarning:
		return segment.Bool(v.warned()), true
	}
	return segment.Null, false
}

// known is a score that is -1 where it is not known.
func known(x float64) segment.Value {
	if x < 0 {
		return segment.Null
	}
	return segment.Number(x)
}

// purchases answers the fields of the purchase history.
func (v *env) purchases(ref *segment.Ref) (segment.Value, bool) {
	h := &v.h
	switch ref.Field() {
	case segment.FieldOrders, segment.FieldPurchaseDays, segment.FieldSpend:
		return v.windowed(ref), true
	case segment.FieldAverageOrder:
		if h.orders == 0 {
			return segment.Null, true
		}
		return segment.Number(float64(h.spend) / (float64(h.orders) * v.e.minor)), true
	case segment.FieldRecencyDays:
		if h.days == 0 {
			return segment.Null, true
		}
		return number(int(h.recency)), true
	}
	return segment.Null, false
}

func (v *env) windowed(ref *segment.Ref) segment.Value {
	orders, days, spend := v.h.orders, v.h.days, v.h.spend
	if ref.Window > 0 {
		orders, days, spend = 0, 0, 0
		for i := len(v.f.Purchases) - 1; i >= 0; i-- {
			p := &v.f.Purchases[i]
			if p.Day > v.day {
				continue
			}
			if p.Day <= v.day-zone.Day(ref.Window) {
				break
			}
			spend += p.Net
			if p.Orders > 0 {
				orders += int(p.Orders)
				days++
			}
		}
	}
	switch ref.Field() {
	case segment.FieldOrders:
		return number(orders)
	case segment.FieldPurchaseDays:
		return number(days)
	}
	return segment.Number(float64(spend) / v.e.minor)
}

// times answers the fields that are moments, and the tenure.
func (v *env) times(ref *segment.Ref) segment.Value {
	if v.f.Events == 0 {
		return segment.Null
	}
	z := v.e.zone
	switch ref.Field() {
	case segment.FieldFirstSeen:
		return segment.Time(v.f.FirstSeen)
	case segment.FieldLastSeen:
		return segment.Time(v.f.LastSeen)
	case segment.FieldTenureDays:
		return number(int(v.day - z.Day(v.f.FirstSeen)))
	case segment.FieldFirstPurchase:
		if v.h.days > 0 {
			return segment.Time(z.Start(v.h.first))
		}
	case segment.FieldLastPurchase:
		if v.h.days > 0 {
			return segment.Time(z.Start(v.h.last))
		}
	}
	return segment.Null
}

func (v *env) metric(ref *segment.Ref) segment.Value {
	m := v.e.facts.Window(v.f, ref.Index, ref.Window, v.day)
	if !m.OK {
		return segment.Null
	}
	return segment.Number(m.Float())
}

func (v *env) trait(path string) segment.Value { return profile.ConditionValue(v.f.TraitAt(path)) }

func (v *env) event(ref *segment.Ref) segment.Value {
	n := v.e.facts.Event(v.f, ref.Index)
	switch {
	case ref.Stat == segment.StatCount:
		return number(int(n.Count))
	case n.Count == 0:
		return segment.Null
	case ref.Stat == segment.StatFirst:
		return segment.Time(n.First)
	}
	return segment.Time(n.Last)
}

func number(n int) segment.Value { return segment.Value{Kind: segment.KindNumber, Num: float64(n)} }
