package score

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/weir-engine/weir/shared/event"
	"github.com/weir-engine/weir/shared/profile"
	"github.com/weir-engine/weir/shared/segment"
	"github.com/weir-engine/weir/shared/strategy"
	"github.com/weir-engine/weir/shared/zone"
)

const measuredStrategy = `
weir: 1
zone: %s
events: [Order]
metrics:
  - {name: lessons, event: Lesson, agg: count, windows: [7, 120]}
  - {name: long, event: Lesson, where: properties.minutes > 30, agg: count, windows: [120]}
  - {name: all, event: "*", agg: count, windows: [120]}
  - {name: minutes, event: Lesson, value: minutes, agg: sum, windows: [40]}
  - {name: shortest, event: Lesson, value: minutes, agg: min, windows: [40]}
  - {name: longest, event: Lesson, value: minutes, agg: max, windows: [40]}
  - {name: opening, event: Lesson, value: minutes, agg: first, windows: [40]}
  - {name: latest, event: Lesson, value: minutes, agg: last, windows: [40]}
  - {name: lengths, event: Lesson, value: minutes, unit: text, agg: distinct, windows: [40]}
  - {name: lessons_at, event: Lesson, agg: times, windows: [60]}
  - {name: long_at, event: Lesson, where: properties.minutes > 30, agg: times, windows: [60]}
  - {name: all_at, event: "*", agg: times, windows: [60]}
  - {name: orders_at, event: Order, agg: times, windows: [60]}
`

// happened is one event, for the oracle.
type happened struct {
	name    string
	at      int64
	day     zone.Day
	minutes int
	id      uint16
}

// history draws events on the days before asOf, some of them in one millisecond, some of them many.
func drawHistory(t *rapid.T, e *Engine, asOf int64) (*profile.Facts, []happened) {
	f, p := new(profile.Facts), event.NewParser(event.DefaultLimits)
	var all []happened
	n, span := rapid.SampledFrom([]int{0, 3, 10, 25, 60}).Draw(t, "events"), rapid.SampledFrom([]int{2, 20, 130}).Draw(t, "span")
	at := asOf
	for i := range n {
		if i == 0 || rapid.IntRange(0, 4).Draw(t, "tie") > 0 {
			day := rapid.IntRange(0, span).Draw(t, "day")
			at = asOf - int64(day)*dayMs - rapid.SampledFrom([]int64{0, 1, 60_000, hourMs, 5 * hourMs, 22 * hourMs}).Draw(t, "moment")
		}
		h := happened{name: rapid.SampledFrom([]string{"Lesson", "Lesson", "Order"}).Draw(t, "name"), at: at, day: e.zone.Day(at)}
		h.minutes = rapid.SampledFrom([]int{10, 25, 40, 55}).Draw(t, "minutes")
		var ev event.Event
		text := fmt.Sprintf(`{"userId":"u","messageId":"m%d","timestamp":"%s","type":"track","event":"%s","properties":{"minutes":%d}}`,
			i, time.UnixMilli(at).UTC().Format("2006-01-02T15:04:05.000Z"), h.name, h.minutes)
		if reject := p.Parse([]byte(text), &ev); reject != nil {
			t.Fatal(reject)
		}
		id := ev.StableID(0)
		h.id = uint16(binary.BigEndian.Uint64(id[:8]))
		e.Schema().Fold(f, &ev, id)
		all = append(all, h)
	}
	return f, all
}

// occurrences are the events of a measure's step up to asOf.
func occurrences(all []happened, o segment.Occurrence, asOf int64) []happened {
	var out []happened
	for _, h := range all {
		if h.at <= asOf && (o.Event == "*" || o.Event == h.name) && (o.Where == nil || h.minutes > 30) {
			out = append(out, h)
		}
	}
	slices.SortFunc(out, func(x, y happened) int { return cmp.Or(cmp.Compare(x.at, y.at), cmp.Compare(x.id, y.id)) })
	return out
}

// inWindow are those on days in (day-days, day].
func inWindow(list []happened, days int, day zone.Day) []happened {
	var out []happened
	for _, h := range list {
		if h.day <= day && h.day > day-zone.Day(days) {
			out = append(out, h)
		}
	}
	return out
}

// oracleMeasure computes a measure from the events themselves. kept limits a sequence's steps to the newest of so many.
func oracleMeasure(r *segment.Ref, all []happened, z *zone.Zone, asOf int64, kept int) segment.Value {
	m, day := r.Measure, z.Day(asOf)
	ever := occurrences(all, m.Events[0], asOf)
	in := inWindow(ever, r.Window, day)
	switch m.Kind {
	case segment.MeasureCount:
		return number(len(in))
	case segment.MeasureDistinct, segment.MeasureSum, segment.MeasureMin, segment.MeasureMax:
		return oracleNumber(m.Kind, in)
	case segment.MeasureFirst, segment.MeasureLast:
		return oracleEnd(m, in, z)
	case segment.MeasureFirstTime:
		return segment.Bool(len(ever) > 0 && ever[0].day > day-zone.Day(r.Window))
	case segment.MeasureRegularly:
		reached := 0
		for i := range m.Of {
			if len(inWindow(ever, m.Per, day-zone.Day(i*m.Per))) >= m.Least {
				reached++
			}
		}
		return segment.Bool(reached >= m.Periods)
	case segment.MeasureStopped:
		return segment.Bool(len(inWindow(ever, m.Span, day)) == 0 && len(inWindow(ever, m.Per, day-zone.Day(m.Span))) >= m.Least)
	case segment.MeasureResumed:
		for i := 1; i < len(ever); i++ {
			if ever[i].day > day-zone.Day(r.Window) && ever[i].day-ever[i-1].day >= zone.Day(m.Span) {
				return segment.Bool(true)
			}
		}
		return segment.Bool(false)
	}
	steps := make([][]happened, len(m.Events))
	for i, e := range m.Events {
		all := inWindow(occurrences(all, e, asOf), 60, z.Day(slices.MaxFunc(append(all, happened{at: math.MinInt64 / 2}), func(x, y happened) int { return cmp.Compare(x.at, y.at) }).at))
		steps[i] = inWindow(all[max(0, len(all)-kept):], r.Window, day)
	}
	return segment.Bool(inOrder(steps, nil, int64(m.Span)*dayMs))
}

// inOrder tries every choice of different events, one a step.
func inOrder(steps [][]happened, chosen []happened, span int64) bool {
	if len(chosen) == len(steps) {
		return true
	}
	for _, h := range steps[len(chosen)] {
		if n := len(chosen); n > 0 && (h.at < chosen[n-1].at || h.at-chosen[0].at > span) ||
			slices.ContainsFunc(chosen, func(c happened) bool { return c.at == h.at && c.id == h.id }) {
			continue
		}
		if inOrder(steps, append(chosen, h), span) {
			return true
		}
	}
	return false
}

func oracleNumber(kind segment.MeasureKind, in []happened) segment.Value {
	sum, low, high, seen := 0, math.MaxInt, math.MinInt, map[int]bool{}
	for _, h := range in {
		sum, low, high, seen[h.minutes] = sum+h.minutes, min(low, h.minutes), max(high, h.minutes), true
	}
	switch {
	case kind == segment.MeasureSum:
		return number(sum)
	case kind == segment.MeasureDistinct:
		return number(len(seen))
	case len(in) == 0:
		return segment.Null
	case kind == segment.MeasureMin:
		return number(low)
	}
	return number(high)
}

// oracleEnd is the first or the last day, or the value; of several in one millisecond the largest.
func oracleEnd(m *segment.Measure, in []happened, z *zone.Zone) segment.Value {
	if len(in) == 0 {
		return segment.Null
	}
	end := in[0].at
	if m.Kind == segment.MeasureLast {
		end = in[len(in)-1].at
	}
	if m.Value == "" {
		return segment.Time(z.Start(z.Day(end)))
	}
	value := 0
	for _, h := range in {
		if h.at == end {
			value = max(value, h.minutes)
		}
	}
	return number(value)
}

// drawMeasure draws a measure as it stands in a condition, and whether it is a condition itself.
func drawMeasure(t *rapid.T) (src string, condition bool) {
	pick := func(label string, options ...string) string { return rapid.SampledFrom(options).Draw(t, label) }
	days := func(most int) int { return rapid.IntRange(1, most).Draw(t, "days") }
	counted := pick("event", `"Lesson"`, `"Lesson" where properties.minutes > 30`, `"*"`)
	ever := pick("event", `"Lesson" where properties.minutes > 30`, `"*"`, `"Lesson"`)
	if ever == `"Lesson"` {
		ever = `"Order"`
	}
	switch rapid.IntRange(0, 7).Draw(t, "measure") {
	case 0:
		return fmt.Sprintf("%s(%s, %d)", pick("fn", "count", "first", "last"), counted, days(120)), false
	case 1:
		return fmt.Sprintf(`%s("Lesson", minutes, %d)`, pick("fn", "sum", "min", "max", "first", "last", "distinct"), days(40)), false
	case 2:
		return fmt.Sprintf("first_time(%s, %d)", ever, days(130)), true
	case 3:
		per := days(15)
		of := rapid.IntRange(1, 120/per).Draw(t, "of")
		return fmt.Sprintf("regularly(%s, %d per %d, %d of %d)", counted, days(3), per, rapid.IntRange(1, of).Draw(t, "periods"), of), true
	case 4:
		return fmt.Sprintf("stopped(%s, %d per %d, for %d)", counted, days(3), days(80), days(40)), true
	case 5:
		resumed := pick("event", `"Lesson" where properties.minutes > 30`, `"*"`)
		return fmt.Sprintf("resumed(%s, after %d, %d)", resumed, days(80), days(40)), true
	case 6:
		return fmt.Sprintf(`last("Order", %d)`, days(130)), false
	}
	src = "sequence("
	for range rapid.IntRange(2, 4).Draw(t, "steps") {
		src += pick("step", `"Lesson"`, `"Lesson" where properties.minutes > 30`, `"*"`, `"Order"`) + ", "
	}
	return fmt.Sprintf("%swithin %d, %d)", src, days(20), days(60)), true
}

// TestMeasuresEqualTheOracle: what the fold keeps answers as the events themselves do, now and on every later day, and the
// bound on the next change is the day of a change.
func TestMeasuresEqualTheOracle(t *testing.T) {
	var engines []*Engine
	for _, name := range []string{"Asia/Shanghai", "America/New_York"} {
		loc, err := time.LoadLocation(name)
		if err != nil {
			t.Fatal(err)
		}
		s, err := strategy.Parse(fmt.Appendf(nil, measuredStrategy, name))
		if err != nil {
			t.Fatal(err)
		}
		e, err := New(s, zone.FromLocation(loc))
		if err != nil {
			t.Fatal(err)
		}
		engines = append(engines, e)
	}
	rapid.Check(t, func(t *rapid.T) {
		e := rapid.SampledFrom(engines).Draw(t, "zone")
		asOf := time.Date(2026, 3, 20, 4, 30, 0, 0, time.UTC).UnixMilli()
		f, all := drawHistory(t, e, asOf)
		text, condition := drawMeasure(t)
		src := text
		if !condition {
			src += " == null"
		}
		p, err := segment.Compile(src, e.Strategy().SegmentSchema())
		if err != nil {
			t.Fatal(err.(*segment.Error).Caret(src))
		}
		ref := p.Refs()[0]
		at := func(ms int64) segment.Value {
			v := e.enter("u", f, nil, nil, ms, new(Result))
			defer e.leave(v)
			return v.Lookup(ref)
		}
		check := func(ms int64) {
			got, want := at(ms), oracleMeasure(ref, all, e.zone, ms, profile.TimesKept)
			if !segment.Equal(got, want) {
				t.Fatalf("%s is %s, want %s, %d days on; %v", text, got, want, (ms-asOf)/dayMs, all)
			}
			if ref.Measure.Kind == segment.MeasureSequence && got.True() && !oracleMeasure(ref, all, e.zone, ms, math.MaxInt32).True() {
				t.Fatalf("%s holds wrongly", text)
			}
		}
		check(asOf)
		for d := range zone.Day(6) {
			check(e.zone.Start(e.zone.Day(asOf) + 1 + d*d*d))
		}
		v := e.enter("u", f, nil, nil, asOf, new(Result))
		e.evaluate(v)
		bound, now := p.NextChange(newCourse(v)), p.Bool(v)
		e.leave(v)
		for d := zone.Day(1); d < 400; d++ {
			start := e.zone.Start(e.zone.Day(asOf) + d)
			value := at(start)
			holds := value.True() || !condition && value.IsNull()
			if start < bound && holds != now {
				t.Fatalf("%s: %v now, %v after %d days; the bound is after %.1f", src, now, holds, d, float64(bound-asOf)/float64(dayMs))
			}
			if start == bound && holds == now && condition {
				t.Fatalf("%s: the bound after %d days is no change", src, d)
			}
		}
	})
}
