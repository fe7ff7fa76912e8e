package profile

import (
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"github.com/weir-engine/weir/shared/event"
	"github.com/weir-engine/weir/shared/strategy"
	"github.com/weir-engine/weir/shared/zone"
)

// TestWindowEnds: no aggregate over a window changes before the day that WindowEnds gives, and counts and sums change on it.
func TestWindowEnds(t *testing.T) {
	st := strategy.Default()
	st.Metrics = nil
	for _, agg := range []string{"count", "sum", "min", "max", "last", "distinct"} {
		m := strategy.Metric{Name: agg, Event: "Viewed", Agg: agg, Windows: []int{3, 10, 40}}
		if agg != "count" {
			m.Value = "price"
		}
		if agg == "distinct" {
			m.Unit = "text"
		}
		st.Metrics = append(st.Metrics, m)
	}
	s, err := NewSchema(st, zone.UTC)
	if err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(t *rapid.T) {
		var f Facts
		const first = 20_000
		last := zone.Day(first)
		for k := range rapid.IntRange(0, 12).Draw(t, "events") {
			day := first + rapid.IntRange(0, 50).Draw(t, "day")
			last = max(last, zone.Day(day))
			ev := event.Event{Kind: event.Track, UserID: "u", MessageID: fmt.Sprint(k), Name: "Viewed", Time: int64(day) * 86_400_000}
			ev.Properties, _ = event.ParseObject(fmt.Sprintf(`{"price":%d}`, rapid.IntRange(1, 4).Draw(t, "price")))
			s.Fold(&f, &ev, ev.StableID(0))
		}
		asOf := last + zone.Day(rapid.IntRange(0, 20).Draw(t, "later"))
		for metric := range s.Metrics() {
			for _, days := range s.MetricWindows(metric) {
				now := s.Window(&f, metric, days, asOf)
				end, ok := s.WindowEnds(&f, metric, days, asOf)
				if ok && (end <= asOf || end > asOf+zone.Day(days)) {
					t.Fatalf("%s over %d days ends on %v, as of %v", s.MetricName(metric), days, end, asOf)
				}
				for d := asOf; d < asOf+60 && (!ok || d < end); d++ {
					if got := s.Window(&f, metric, days, d); got != now {
						t.Fatalf("%s over %d days: %+v became %+v on %v, before %v %v", s.MetricName(metric), days, now, got, d, end, ok)
					}
				}
				if ok && (metric < 2 || metric == 5) && s.Window(&f, metric, days, end) == now {
					t.Fatalf("%s over %d days is %+v on %v too", s.MetricName(metric), days, now, end)
				}
			}
		}
	})
}
