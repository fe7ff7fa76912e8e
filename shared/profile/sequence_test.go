package profile

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"testing"

	"github.com/weir-engine/weir/shared/strategy"
	"github.com/weir-engine/weir/shared/zone"
)

func timesSchema(t testing.TB) *Schema {
	s := everything()
	s.Metrics = []strategy.Metric{
		{Name: "a", Event: "A", Agg: "times", Windows: []int{30}},
		{Name: "b", Event: "B", Agg: "times", Windows: []int{30}},
		{Name: "any", Event: "*", Agg: "times", Windows: []int{30}},
		{Name: "opening", Event: "A", Value: "price", Agg: "first", Windows: []int{30}},
	}
	return schemaOf(t, s, zone.UTC)
}

// timesOfEvents folds events by name and milliseconds since testStart.
func timesOfEvents(s *Schema, events ...any) *Facts {
	f := &Facts{}
	for i := 0; i < len(events); i += 2 {
		e := track(events[i].(string), testStart+int64(events[i+1].(int)), fmt.Sprintf(`{"price":%d}`, i))
		e.ev.MessageID = fmt.Sprint("m", i)
		e.id = e.ev.StableID(0)
		s.Fold(f, &e.ev, e.id)
	}
	return f
}

func TestSequence(t *testing.T) {
	s := timesSchema(t)
	const a, b, each, day = 0, 1, 2, int(dayMs)
	for _, c := range []struct {
		name   string
		events []any
		steps  []int
		within int
		want   bool
	}{
		{"none", nil, []int{a, b}, 10, false},
		{"in order", []any{"A", 0, "B", 5}, []int{a, b}, 10, true},
		{"the wrong way round", []any{"B", 0, "A", 5}, []int{a, b}, 10, false},
		{"just within", []any{"A", 0, "B", 10}, []int{a, b}, 10, true},
		{"just beyond", []any{"A", 0, "B", 11}, []int{a, b}, 10, false},
		{"a later start is within", []any{"A", 0, "A", 5, "B", 11}, []int{a, b}, 10, true},
		{"in one millisecond", []any{"B", 3, "A", 3}, []int{a, b}, 0, true},
		{"one event is not two", []any{"A", 3}, []int{a, each}, 10, false},
		{"two events are", []any{"A", 3, "A", 3}, []int{a, each}, 0, true},
		{"the first event makes room for the second step", []any{"A", 3, "B", 3}, []int{each, a}, 0, true},
		{"three steps of two events", []any{"A", 3, "B", 3}, []int{each, a, each}, 0, false},
		{"three steps of three events", []any{"A", 3, "B", 3, "C", 3}, []int{each, a, each}, 0, true},
		{"outside the window", []any{"A", 0, "B", 5, "C", 20 * day}, []int{a, b}, 10, false},
		{"the window's first day", []any{"A", 0, "B", 5, "C", 9 * day}, []int{a, b}, 10, true},
		{"after asOf", []any{"A", 0, "B", 41 * day}, []int{a, b}, 50 * day, false},
	} {
		f := timesOfEvents(s, c.events...)
		asOf := max(f.LastSeen, testStart)
		if c.name == "after asOf" {
			asOf = testStart + 30*dayMs
		}
		if got := s.Sequence(f, c.steps, int64(c.within), 10, asOf); got != c.want {
			t.Errorf("%s: %v", c.name, got)
		}
	}
}

// A times metric keeps the newest events: of a step with more of them an old sequence is no longer seen.
func TestSequenceForgets(t *testing.T) {
	s := timesSchema(t)
	events := []any{"A", 0, "B", 1}
	for i := range TimesKept {
		f := timesOfEvents(s, events...)
		if !s.Sequence(f, []int{0, 1}, 10, 30, f.LastSeen) {
			t.Fatalf("%d events of B: the sequence is gone", i+1)
		}
		events = append(events, "B", 1000+i)
	}
	f := timesOfEvents(s, events...)
	if s.Sequence(f, []int{0, 1}, 10, 30, f.LastSeen) || !s.Window(f, 1, 30, s.Day(f.LastSeen)).Spilled {
		t.Error("the oldest B is kept")
	}
	if first, ok := s.FirstEver(f, 1); !ok || first != testStart+1 {
		t.Errorf("the first B was at %d", first)
	}
}

// TestVersion2OfTimes pins the encoding of facts with first values and times; without them facts are written as in version 1.
func TestVersion2OfTimes(t *testing.T) {
	s := timesSchema(t)
	f := timesOfEvents(s, "A", 5_000, "B", 70_000, "A", 70_000, "A", 3*int(dayMs)+1, "B", 40*int(dayMs))
	b := EncodeFacts(nil, f)
	golden(t, "facts_v2_times.hex", hexLines(b))
	if stored := decode(t, fromHex(t, "facts_v2_times.hex")); b[0] != 2 || !bytes.Equal(EncodeFacts(nil, stored), b) {
		t.Errorf("%+v", stored)
	}
	if old := EncodeFacts(nil, fold(richSchema(t), richUser(42).stream)); old[0] != 1 {
		t.Errorf("version %d", old[0])
	}
	b[0] = 1
	if err := DecodeFacts(b, &Facts{}); err == nil {
		t.Errorf("version 1 holds times: %s", hex.EncodeToString(b))
	}
}

// TestTimesBudget: a full times metric takes no more of a profile than the budget says.
func TestTimesBudget(t *testing.T) {
	s := timesSchema(t)
	var events []any
	for i := range 3 * TimesKept {
		events = append(events, "B", i*27_000_001)
	}
	f := timesOfEvents(s, events...)
	whole := len(EncodeFacts(nil, f))
	f.keepMetrics(func(m *Metric) bool { return m.Key != s.MetricKey(1) })
	size := whole - len(EncodeFacts(nil, f))
	for _, line := range s.Budget() {
		if line.Name == "b" && (size > line.Max || size < line.Max/3 || line.Typical > size) {
			t.Errorf("%d bytes, the budget is %d, at most %d", size, line.Typical, line.Max)
		}
	}
}
