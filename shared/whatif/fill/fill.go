// Package fill turns profiles into the columns of package whatif, and strategies into what it evaluates.
package fill

import (
	"math"
	"slices"

	"github.com/weir-engine/weir/shared/profile"
	"github.com/weir-engine/weir/shared/score"
	"github.com/weir-engine/weir/shared/segment"
	"github.com/weir-engine/weir/shared/segment/column"
	"github.com/weir-engine/weir/shared/whatif"
	"github.com/weir-engine/weir/shared/zone"
)

// Options say what columns hold beside what every strategy reads.
type Options struct {
	// Engines are further strategies, such as the ones that are going to be tried: what their conditions read gets columns too, as
	// far as the facts, which are folded under the strategy of the base, have it.
	Engines []*score.Engine
	// Windows are days for which orders, purchase days and spend get columns beside those that conditions name; nil: 30, 90, 365.
	Windows []int
	// ShardRows is the number of rows of a shard; 0: whatif.MaxShardRows.
	ShardRows int
	// ID gives the number of a user, at least 0, that stands in the column IDRef; nil: there is none.
	ID    func(key string) int64
	IDRef string
	// Due gives the next moment (unix milliseconds) at which the user added next could change if nothing happens, 0 where nothing is known; its
	// day in the zone stands in the column DueRef; nil: there is none.
	Due    func() int64
	DueRef string
	// Tags bounds the different tags of events; 0: 256. The others are listed in Filler.Refused.
	Tags int
}

var defaultWindows = []int{30, 90, 365}

// Revenue is measured over so many days.
const revenueDays = 365

// Filler appends profiles to the shards of a base. Memory is bounded by one shard. It is not safe for concurrent use.
type Filler struct {
	e       *score.Engine
	cuts    *score.Cuts
	asOf    int64
	day     zone.Day
	w       *whatif.Writer
	emit    func(shard []byte) error
	fields  []filled
	tags    map[string]int
	mostTag int
	rows    int // of a shard
	refused []string
	rules   []int
	r       score.Result
	last    string
	n       int

	measures []*segment.Ref // with the places of their columns
	measured []int
	values   []segment.Value

	stage, age, rank, revenue, value int
}

// filled is a column and what it reads of a user.
type filled struct {
	at   int
	read func(f *profile.Facts, at int)
}

// New starts the columns of a base under the engine's strategy and models, with published cuts (nil: none), at asOf (unix
// milliseconds). emit takes each shard as it fills up; the rows stand in the order in which profiles are added.
func New(e *score.Engine, cuts *score.Cuts, asOf int64, o Options, emit func(shard []byte) error) *Filler {
	x := &Filler{e: e, cuts: cuts, asOf: asOf, day: e.Zone().Day(asOf), emit: emit, tags: map[string]int{}, mostTag: o.Tags, rows: o.ShardRows}
	if x.mostTag == 0 {
		x.mostTag = 256
	}
	head := whatif.Head{AsOf: asOf, Zone: e.Zone().Name(), Currency: e.Strategy().Currency, Strategy: e.StrategyVersion(), Models: e.Version(), Fingerprint: e.Schema().Fingerprint()}
	if cuts != nil {
		head.Cuts = cuts.Version
	}
	x.w = whatif.NewWriter(head, nil)
	x.standard()
	windows := o.Windows
	if windows == nil {
		windows = defaultWindows
	}
	for _, days := range windows {
		for _, field := range []segment.Field{segment.FieldOrders, segment.FieldPurchaseDays, segment.FieldSpend} {
			x.ref(&segment.Ref{Kind: segment.RefField, Name: field.String(), Index: int(field), Window: days})
		}
	}
	x.ref(&segment.Ref{Kind: segment.RefField, Name: segment.FieldActiveDays.String(), Index: int(segment.FieldActiveDays), Window: 28})
	x.declared()
	if o.ID != nil {
		x.number(o.IDRef, 1, func(*profile.Facts) (int64, bool) { return o.ID(x.r.Key), true })
	}
	if o.Due != nil {
		x.add(o.DueRef, column.Day, 1, func(_ *profile.Facts, at int) {
			if ms := o.Due(); ms > 0 && ms < segment.Never {
				x.w.Int(at, int64(e.Zone().Day(ms)))
			} else {
				x.w.Null(at)
			}
		})
	}
	for _, engine := range append([]*score.Engine{e}, o.Engines...) {
		for _, r := range reads(engine) {
			x.ref(r)
		}
	}
	return x
}

// reads lists what the conditions of a strategy read.
func reads(e *score.Engine) []*segment.Ref {
	s := e.Strategy()
	var texts []string
	for _, st := range s.Lifecycle.Stages {
		texts = append(texts, st.When)
	}
	for _, t := range s.Tags {
		texts = append(texts, t.When)
	}
	for _, g := range s.Segments {
		texts = append(texts, g.When)
	}
	var list []*segment.Ref
	for _, p := range s.Engagement {
		texts = append(texts, p.When)
	}
	for _, text := range texts {
		if text == "" {
			continue
		}
		if p, err := e.Compile(text); err == nil {
			list = append(list, p.Refs()...)
		}
	}
	return list
}

// add declares a column once.
func (x *Filler) add(ref string, kind column.Kind, scale int64, read func(f *profile.Facts, at int)) {
	if x.w.Has(ref) {
		return
	}
	at := x.w.Column(whatif.Field{Ref: ref, Kind: kind, Scale: scale})
	x.fields = append(x.fields, filled{at, read})
}

// number declares a column of whole numbers.
func (x *Filler) number(ref string, scale int64, of func(f *profile.Facts) (v int64, ok bool)) {
	x.add(ref, column.Number, scale, func(f *profile.Facts, at int) {
		if v, ok := of(f); ok {
			x.w.Int(at, v)
		} else {
			x.w.Null(at)
		}
	})
}

// moment declares a column of times, 0 for null.
func (x *Filler) moment(ref string, of func(f *profile.Facts) int64) {
	x.add(ref, column.Time, 1, func(f *profile.Facts, at int) {
		if ms := of(f); ms != 0 {
			x.w.Int(at, ms)
		} else {
			x.w.Null(at)
		}
	})
}

// minor is how many minor units make a major one.
func (x *Filler) minor() int64 {
	scale := int64(1)
	for range minorDigits(x.e) {
		scale *= 10
	}
	return scale
}

// standard declares the columns that every base has.
func (x *Filler) standard() {
	schema, minor, r := x.e.Schema(), x.minor(), &x.r
	x.number("recency_days", 1, func(*profile.Facts) (int64, bool) { return int64(r.RecencyDays), r.RecencyDays >= 0 })
	x.number("purchase_days", 1, func(*profile.Facts) (int64, bool) { return int64(r.PurchaseDays), true })
	x.number("orders", 1, func(*profile.Facts) (int64, bool) { return int64(r.Orders), true })
	x.number("spend", minor, func(*profile.Facts) (int64, bool) { return r.Spend, true })
	x.number("events", 1, func(f *profile.Facts) (int64, bool) { return f.Events, true })
	for _, kind := range []struct{ of, ref string }{
		{profile.ActivityPurchase, whatif.ColSilencePurchase}, {profile.ActivityAny, whatif.ColSilenceAny}, {profile.ActivityEvents, whatif.ColSilenceEvents},
	} {
		x.number(kind.ref, 1, func(f *profile.Facts) (int64, bool) {
			if last, ok := schema.LastActivity(f, kind.of, x.day); ok {
				return int64(x.day - last), true
			}
			return max(int64(x.day-schema.Day(f.FirstSeen)), 0), true
		})
	}
	x.add("first_seen", column.Time, 1, x.seen(func(f *profile.Facts) int64 { return f.FirstSeen }))
	x.add("last_seen", column.Time, 1, x.seen(func(f *profile.Facts) int64 { return f.LastSeen }))
	x.add("first_purchase", column.Day, 1, func(f *profile.Facts, at int) {
		if day, ok := f.FirstPurchase(x.day); ok && f.Events > 0 {
			x.w.Int(at, int64(day))
		} else {
			x.w.Null(at)
		}
	})
	x.stage = x.w.Column(whatif.Field{Ref: whatif.ColStage, Kind: column.Dict})
	x.age = x.w.Column(whatif.Field{Ref: whatif.ColStageAge})
	x.rank = x.w.Column(whatif.Field{Ref: whatif.ColKeyRank})
	x.revenue = x.w.Column(whatif.Field{Ref: whatif.ColRevenue, Scale: minor})
	x.value = x.w.Column(whatif.Field{Ref: whatif.ColValue, Scale: minor})
	for i := range x.e.Strategy().Outreach.Rules {
		x.rules = append(x.rules, x.w.Column(whatif.Field{Ref: whatif.ColOpen(x.e.Strategy().Outreach.Rules[i].Name), Kind: column.Bits}))
	}
	if x.e.Models() == nil {
		return
	}
	score := func(of func() float64) func(*profile.Facts, int) {
		return func(_ *profile.Facts, at int) {
			if v := of(); v >= 0 {
				x.w.Float(at, v)
			} else {
				x.w.Null(at)
			}
		}
	}
	x.add("p_alive", column.Float, 1, score(func() float64 { return r.PAlive }))
	x.add("churn_p", column.Float, 1, score(func() float64 { return r.ChurnP }))
}

func (x *Filler) seen(of func(f *profile.Facts) int64) func(f *profile.Facts, at int) {
	return func(f *profile.Facts, at int) {
		if f.Events > 0 {
			x.w.Int(at, of(f))
		} else {
			x.w.Null(at)
		}
	}
}

// declared gives the metrics of the strategy a column in each of their windows, and its events their counts and times.
func (x *Filler) declared() {
	schema := x.e.Schema()
	for m := range schema.Metrics() {
		windows := schema.MetricWindows(m)
		if len(windows) == 0 {
			windows = []int{0}
		}
		for _, days := range windows {
			x.ref(&segment.Ref{Kind: segment.RefMetric, Name: schema.MetricName(m), Index: m, Window: days})
		}
	}
	for i, name := range schema.Events() {
		for _, stat := range []string{segment.StatCount, segment.StatFirst, segment.StatLast} {
			x.ref(&segment.Ref{Kind: segment.RefEvent, Name: name, Index: i, Stat: stat})
		}
	}
}

// Add appends a user. f and st are as for score.Engine.Score.
func (x *Filler) Add(key string, f *profile.Facts, st *profile.State) error {
	x.e.Score(key, f, st, x.cuts, x.asOf, &x.r)
	for i := range x.fields {
		x.fields[i].read(f, x.fields[i].at)
	}
	x.measuresOf(f)
	x.settled(st)
	x.ranks(key)
	_, _, net := f.PurchasesIn(x.day, revenueDays)
	x.w.Int(x.revenue, net)
	x.w.Int(x.value, x.worth(f))
	x.eventTags(f)
	if x.n > 0 && key <= x.last {
		x.w.Unordered()
	}
	x.last = key
	x.n++
	if x.w.Next() || x.w.Rows() == x.rows {
		return x.flush()
	}
	return nil
}

// Close emits the last shard. A base without users has one without rows.
func (x *Filler) Close() error {
	if x.w.Rows() == 0 && x.n > 0 {
		return nil
	}
	return x.flush()
}

// Refused lists what has no column because it has too many different values.
func (x *Filler) Refused() []string { return append(slices.Clone(x.refused), x.w.Refused()...) }

func (x *Filler) flush() error {
	shard, err := x.w.Shard()
	if err != nil {
		return err
	}
	return x.emit(shard)
}

// settled writes the stage of STATE and its age.
func (x *Filler) settled(st *profile.State) {
	if st == nil || st.Stage == "" {
		x.w.Value(x.stage, segment.String(""))
		x.w.Null(x.age)
		return
	}
	x.w.Value(x.stage, segment.String(st.Stage))
	switch {
	case st.Since == 0:
		x.w.Null(x.age)
	case st.Since > x.day:
		x.w.Int(x.age, 0)
	default:
		x.w.Int(x.age, 1+int64(x.day-st.Since))
	}
	for i := range x.e.Strategy().Outreach.Rules {
		name := x.e.Strategy().Outreach.Rules[i].Name
		if slices.ContainsFunc(st.Episodes, func(e profile.Episode) bool { return e.Rule == name && e.Open }) {
			x.w.Bit(x.rules[i])
		}
	}
}

// ranks notes which cuts of frequency the key is beyond.
func (x *Filler) ranks(key string) {
	bits := int64(0)
	if x.cuts != nil {
		for i, c := range x.cuts.Frequency {
			if c.Key != "" && key > c.Key {
				bits |= 1 << i
			}
		}
	}
	x.w.Int(x.rank, bits)
}

// worth is the value of the next 52 weeks in minor units; 0 where it is not known.
func (x *Filler) worth(f *profile.Facts) int64 {
	if x.e.Models() == nil {
		return 0
	}
	v := x.e.Worth(f, x.asOf)
	if !v.OK || !(v.CLV < 1<<52) {
		return 0
	}
	return int64(math.Round(v.CLV * float64(x.minor())))
}

// eventTags sets the tags that events have set and that have not expired.
func (x *Filler) eventTags(f *profile.Facts) {
	for i := range f.Tags {
		t := &f.Tags[i]
		if t.Removed || t.Expires != 0 && x.asOf >= t.Expires {
			continue
		}
		at, known := x.tags[t.Name]
		if !known {
			at = -1
			if len(x.tags) < x.mostTag {
				at = x.w.Column(whatif.Field{Ref: whatif.ColTag(t.Name), Kind: column.Bits})
			} else {
				x.refused = append(x.refused, whatif.ColTag(t.Name))
			}
			x.tags[t.Name] = at
		}
		if at >= 0 {
			x.w.Bit(at)
		}
	}
}
