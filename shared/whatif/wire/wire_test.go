package wire

import (
	"bytes"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/weir-engine/weir/shared/segment"
	"github.com/weir-engine/weir/shared/whatif"
	"github.com/weir-engine/weir/shared/zone"
)

func example(t testing.TB) *Plan {
	t.Helper()
	loc, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	return &Plan{
		Version: "abc", Zone: zone.FromLocation(loc), Activity: "purchase", Grid: whatif.GridEleven,
		Names: segment.Names{
			Metrics: []segment.MetricName{{Name: "carts", Windows: []int{7, 30}, Of: segment.Definition{Event: "Cart Viewed", Where: "properties.price > 3", Agg: "count"}}},
			Events:  []string{"App Opened"}, Purchase: "Order Completed", Tags: []string{"vip"}, RFM: []string{"champions"}, Tiers: []string{"top", "low"},
		},
		Stages:     []Stage{{Name: "active", When: "silence_days < 30", Dwell: 3, Bound: true}, {Name: "gone"}},
		Tags:       []Audience{{"big", "spend > 10"}},
		Segments:   []Audience{{"good", `stage == "active" && tags.has("big") && metrics.carts[7] > 1`}},
		Engagement: []Points{{"opens", "active_days[28] >= 4", 30}},
		Rules:      []whatif.Rule{{Name: "hello", Stage: "active"}},
		Churn:      0.25, ChurnSilence: 90, Missing: []whatif.Missing{{Prefix: "clv", Why: "no model"}},
		Cuts: whatif.Cuts{
			Scored: true, Recency: [4]int64{1, 2, 3, 4}, Ranked: [4]bool{true}, FromRow: &[4]int64{9, 8, 7, 6},
			CN: whatif.CNCuts{Known: true, Recency: -5}, Tiers: []whatif.TierCut{{Name: "top", Least: 1 << 40}, {Name: "low", Rest: true}},
		},
		Recut: &Recut{Rules: whatif.CutRules{Ties: "ntile_first", Tiers: []whatif.TierRule{{Name: "top", Top: 0.1}}}, KeepCN: true},
	}
}

func TestPlanRoundTrip(t *testing.T) {
	p := example(t)
	got, err := ParsePlan(p.Encode())
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got.Encode(), p.Encode()) || !reflect.DeepEqual(got, p) {
		t.Errorf("got %+v\nwant %+v", got, p)
	}
}

func TestPlanSpec(t *testing.T) {
	p := example(t)
	if _, err := p.Spec(nil); err == nil || !strings.Contains(err.Error(), "computed from a base") {
		t.Errorf("cuts of no base: %v", err)
	}
	p.Recut = nil
	spec, err := p.Spec(nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(spec.Stages) != 2 || spec.Stages[0].Allowed == nil || spec.Stages[1].When != nil || len(spec.Segments[0].When.Refs()) != 3 {
		t.Errorf("%+v", spec)
	}
	for _, c := range []struct {
		change func(p *Plan)
		want   string
	}{
		{func(p *Plan) { p.Stages[0].When = "orders >" }, "stage active"},
		{func(p *Plan) { p.Stages[0].When = `segments.has("good")` }, "stage active"},
		{func(p *Plan) { p.Tags[0].When = `segments.has("good")` }, "tag big"},
		{func(p *Plan) { p.Engagement[0].When = "engagement > 3" }, "engagement opens"},
		{func(p *Plan) { p.Segments[0].When = "metrics.views > 1" }, "segment good"},
	} {
		p := example(t)
		p.Recut = nil
		c.change(p)
		if _, err := p.Spec(nil); err == nil || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("%s: %v", c.want, err)
		}
	}
}

func TestPlanRefusesWhatIsDamaged(t *testing.T) {
	b := example(t).Encode()
	for n := range b {
		if _, err := ParsePlan(b[:n]); err == nil {
			t.Fatalf("the first %d of %d bytes are taken for a plan", n, len(b))
		}
	}
	if _, err := ParsePlan(append(bytes.Clone(b), 0)); err == nil {
		t.Error("a byte too many is taken for a plan")
	}
	b[8] = 3
	if _, err := ParsePlan(b); err == nil || !strings.Contains(err.Error(), "layout 3") {
		t.Errorf("another layout: %v", err)
	}
}

// TestPlanOfBefore reads a plan of version 1: it is one of version 2 without the list of engagement.
func TestPlanOfBefore(t *testing.T) {
	p := example(t)
	p.Engagement = nil
	b := p.Encode()
	rules := (&coder{})
	list(rules, &p.Rules, func(r *whatif.Rule) { rules.text(&r.Name); rules.text(&r.Stage); rules.text(&r.Segment) })
	at := bytes.Index(b, append(make([]byte, 4), rules.b...))
	if at < 0 {
		t.Fatal("the rules are not where they were")
	}
	b = append(b[:at:at], b[at+4:]...)
	b[8] = 1
	got, err := ParsePlan(b)
	if err != nil || !reflect.DeepEqual(got, p) {
		t.Errorf("%v: got %+v\nwant %+v", err, got, p)
	}
}

func TestReportRoundTrip(t *testing.T) {
	sums := []whatif.Sum{{Users: 1, Revenue: -2, Value: 3}, {Users: 4}}
	group := whatif.Group{Names: []string{"a", ""}, Old: sums, New: sums, Moves: [][]whatif.Sum{sums, sums}}
	r := &whatif.Report{Users: 5, Stage: group, Tier: group, Segments: []whatif.Member{{Name: "x", Enter: sums[0]}}, Churn: &whatif.Member{Name: "warning"}, Rules: []whatif.Entering{{Name: "r", Existing: sums[0]}}}
	got, ok := ParseReport(AppendReport(nil, r))
	if !ok || !reflect.DeepEqual(got, r) {
		t.Errorf("%v, got %+v\nwant %+v", ok, got, r)
	}
	if _, ok := ParseReport(AppendReport(nil, r)[1:]); ok {
		t.Error("a report without its first byte is read")
	}
}

func FuzzParsePlan(f *testing.F) {
	b := example(f).Encode()
	f.Add(b)
	f.Add(b[:100])
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := ParsePlan(b)
		if err != nil {
			return
		}
		if b[8] == PlanVersion && !bytes.Equal(p.Encode(), b) {
			t.Fatal("a plan is written otherwise than it was read")
		}
		_, _ = p.Spec(nil)
	})
}
