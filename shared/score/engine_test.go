package score

import (
	"strings"
	"testing"

	"github.com/weir-engine/weir/shared/fault"
	"github.com/weir-engine/weir/shared/profile"
	"github.com/weir-engine/weir/shared/segment"
	"github.com/weir-engine/weir/shared/strategy"
	"github.com/weir-engine/weir/shared/zone"
)

func TestSettle(t *testing.T) {
	const day = zone.Day(100)
	any := []string(nil)
	for _, c := range []struct {
		prev      string
		since     zone.Day
		candidate string
		dwell     int
		allowed   []string
		want      Settled
	}{
		{"active", 90, "active", 0, any, Settled{"active", 90, SettledStay}},
		{"active", 90, "silent", 0, any, Settled{"silent", day, SettledMove}},
		{"active", 90, "silent", 10, any, Settled{"silent", day, SettledMove}},
		{"active", 91, "silent", 10, any, Settled{"active", 91, SettledDwell}},
		{"active", 0, "silent", 10, any, Settled{"silent", day, SettledMove}}, // not known since when: no dwell holds
		{"active", 90, "silent", 0, []string{"churned"}, Settled{"active", 90, SettledBarred}},
		{"active", 90, "silent", 0, []string{"churned", "silent"}, Settled{"silent", day, SettledMove}},
		{"active", 90, "silent", 0, []string{}, Settled{"active", 90, SettledBarred}},
		{"active", 99, "silent", 5, []string{}, Settled{"active", 99, SettledDwell}},
		{"active", 120, "silent", 1, any, Settled{"active", 120, SettledDwell}}, // settled after asOf: nothing goes back
	} {
		if got := settle(c.prev, c.since, c.candidate, day, c.dwell, c.allowed); got != c.want {
			t.Errorf("%+v: %+v", c, got)
		}
	}
}

func TestStageWithoutState(t *testing.T) {
	e := engine(t, nil)
	for _, st := range []*profile.State{nil, {}} {
		var r Result
		e.Score("u", &profile.Facts{}, st, nil, 0, &r)
		if r.Stage != "potential" || r.Candidate != "potential" || r.Since != 0 || r.RecencyDays != -1 {
			t.Errorf("%+v", r)
		}
	}
}

// TestRulesInOrderOfReference declares segments before what they refer to.
func TestRulesInOrderOfReference(t *testing.T) {
	e := engine(t, func(s *strategy.Strategy) {
		s.Tags = []strategy.Tag{{Name: "b", When: `tags.has("a") && events == 0`}, {Name: "a", When: `events == 0`}}
		s.Segments = []strategy.Segment{
			{Name: "z", When: `segments.has("y")`}, {Name: "y", When: `segments.has("x") && tags.has("b")`}, {Name: "x", When: `stage == "potential"`},
			{Name: "w", When: `tier == "top" || segments.has("x")`}, {Name: "v", When: `!segments.has("w")`},
		}
	})
	var r Result
	e.Score("u", &profile.Facts{}, nil, nil, 0, &r)
	if got := strings.Join(r.Tags, ",") + " " + strings.Join(r.Segments, ","); got != "a,b w,x,y,z" {
		t.Errorf("got %s", got)
	}
	for name, want := range map[string]bool{"z": false, "x": false, "w": true, "v": true, "unknown": false} {
		if e.CutsMove(name) != want {
			t.Errorf("new cuts move %s: %v", name, !want)
		}
	}
}

func TestStagesThatCutsMove(t *testing.T) {
	e := engine(t, func(s *strategy.Strategy) {
		s.Lifecycle.Stages = []strategy.Stage{{Name: "rich", When: `m == 5`}, {Name: "poor"}}
		s.Lifecycle.Transitions, s.Tags = nil, nil
		s.Segments = []strategy.Segment{{Name: "x", When: `stage == "rich"`}, {Name: "y", When: `orders > 0`}}
	})
	if !e.CutsMoveStage() || !e.CutsMove("x") || e.CutsMove("y") || engine(t, nil).CutsMoveStage() {
		t.Error("wrong about what cuts move")
	}
}

func TestNewRefuses(t *testing.T) {
	for name, edit := range map[string]func(*strategy.Strategy){
		"x → y → x": func(s *strategy.Strategy) {
			s.Segments = []strategy.Segment{{Name: "x", When: `segments.has("y")`}, {Name: "y", When: `segments.has("x")`}}
		},
		"segment x": func(s *strategy.Strategy) { s.Segments = []strategy.Segment{{Name: "x", When: `orders >`}} },
		"tag x":     func(s *strategy.Strategy) { s.Tags = []strategy.Tag{{Name: "x", When: `nothing == 1`}} },
		"stage silent": func(s *strategy.Strategy) {
			s.Lifecycle.Stages = []strategy.Stage{{Name: "silent", When: `tags.has("x")`}, {Name: "x"}}
		},
		"has a condition": func(s *strategy.Strategy) {
			s.Lifecycle.Stages = []strategy.Stage{{Name: "silent", When: `orders > 1`}}
		},
		"no lifecycle": func(s *strategy.Strategy) { s.Lifecycle.Stages = nil },
	} {
		s := strategy.Default()
		s.Segments, s.Tags = nil, nil
		edit(s)
		_, err := New(s, zone.UTC)
		if !fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), name) || fault.HintOf(err) == "" {
			t.Errorf("%s: %v (%s)", name, err, fault.HintOf(err))
		}
	}
}

// TestMatchAgreesWithScore evaluates each segment's own condition on scored users.
func TestMatchAgreesWithScore(t *testing.T) {
	e, err := New(rich(t), shanghai(t))
	if err != nil {
		t.Fatal(err)
	}
	b, asOf := richUsers(t, e), int64(1_776_000_000_000)
	cuts := b.cuts(e, asOf)
	programs := map[string]*segment.Program{}
	for _, s := range e.Strategy().Segments {
		if programs[s.Name], err = e.Compile(s.When); err != nil {
			t.Fatal(err)
		}
	}
	hits := 0
	for i, key := range b.keys {
		for _, st := range states(e.Zone().Day(asOf)) {
			var r Result
			e.Score(key, b.facts[i], st, cuts, asOf, &r)
			for name, p := range programs {
				is := contains(r.Segments, name)
				if e.Match(p, b.facts[i], st, &r, asOf) != is {
					t.Fatalf("%s: %s holds: %v", key, name, is)
				}
				hits += bit(is)
			}
		}
	}
	if hits == 0 {
		t.Error("nobody is in any segment")
	}
	if _, err := e.Compile(`stage = "x"`); err == nil {
		t.Error("compiled a wrong condition")
	}
}

func TestRefundDaysMoveMoneyAlone(t *testing.T) {
	e := engine(t, nil)
	f := &profile.Facts{Events: 5, Purchases: []profile.PurchaseDay{
		{Day: 8, Net: -500}, {Day: 10, Orders: 2, Net: 3000}, {Day: 20, Orders: 1, Net: -100}, {Day: 25, Net: -200}, {Day: 40, Orders: 1, Net: 999},
	}}
	var r Result
	e.Score("u", f, nil, nil, 30*86_400_000, &r)
	if r.Orders != 3 || r.PurchaseDays != 2 || r.X != 1 || r.TXDays != 10 || r.TDays != 20 || r.Spend != 2200 || r.MX != -3 || r.RecencyDays != 10 {
		t.Errorf("%+v", r)
	}
}

func TestFormatMoney(t *testing.T) {
	for _, c := range []struct {
		minor    int64
		currency string
		want     string
	}{
		{0, "USD", "0.00"}, {5, "USD", "0.05"}, {-5, "USD", "-0.05"}, {2345, "CNY", "23.45"}, {2345, "JPY", "2345"}, {12, "KWD", "0.012"},
		{-1 << 63, "USD", "-92233720368547758.08"},
	} {
		if got := FormatMoney(c.minor, c.currency); got != c.want {
			t.Errorf("%d %s is %s, want %s", c.minor, c.currency, got, c.want)
		}
	}
}

// TestScoreAllocatesNothing scores users over and over into one Result.
func TestScoreAllocatesNothing(t *testing.T) {
	b, e := loadCDNOW(t), engine(t, nil)
	asOf := millis(t, "1998-07-01")
	cuts, i := b.cuts(e, asOf), 0
	st := &profile.State{Stage: "active", Since: 10_000}
	var r Result
	for i := range b.keys {
		e.Score(b.keys[i], b.facts[i], st, cuts, asOf, &r)
	}
	if n := testing.AllocsPerRun(2000, func() {
		e.Score(b.keys[i%len(b.keys)], b.facts[i%len(b.keys)], st, cuts, asOf, &r)
		i++
	}); n > 0.01 {
		t.Errorf("%v allocations a user", n)
	}
}

func BenchmarkScore(b *testing.B) {
	base, e := loadCDNOW(b), engine(b, nil)
	asOf := millis(b, "1998-07-01")
	cuts := base.cuts(e, asOf)
	st := &profile.State{Stage: "active", Since: 10_000}
	var r Result
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		e.Score(base.keys[i], base.facts[i], st, cuts, asOf, &r)
		if i++; i == len(base.keys) {
			i = 0
		}
	}
}

func BenchmarkScoreRich(b *testing.B) {
	e, err := New(rich(b), shanghai(b))
	if err != nil {
		b.Fatal(err)
	}
	base, asOf := richUsers(b, e), int64(1_776_000_000_000)
	cuts := base.cuts(e, asOf)
	var r Result
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		e.Score(base.keys[i], base.facts[i], nil, cuts, asOf, &r)
		if i++; i == len(base.keys) {
			i = 0
		}
	}
}

func BenchmarkExplain(b *testing.B) {
	base, e := loadCDNOW(b), engine(b, nil)
	asOf := millis(b, "1998-07-01")
	cuts := base.cuts(e, asOf)
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		e.Explain(base.keys[i], base.facts[i], nil, cuts, asOf)
		if i++; i == len(base.keys) {
			i = 0
		}
	}
}
