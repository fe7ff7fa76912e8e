package analytics

import (
	"encoding/json"
	"math"
	"testing"

	"github.com/weir-engine/weir/shared/profile"
	"github.com/weir-engine/weir/shared/strategy"
	"github.com/weir-engine/weir/shared/zone"
)

// TestDegenerateBases runs every report over bases that no report is made for: nobody, one user, all identical, nobody who bought
// again, totals below zero and at the limit, ten thousand purchase days, days before 1970 and a century later. What comes out is JSON
// without a number that is not finite.
func TestDegenerateBases(t *testing.T) {
	asOf := zone.Day(20_000)
	buyer := func(days int, gap int, net int64) *profile.Facts {
		f := &profile.Facts{Events: int64(days), Active: profile.Days{Newest: asOf - 1, Bits: []uint64{1}}}
		for i := range days {
			f.Purchases = append(f.Purchases, profile.PurchaseDay{Day: asOf - zone.Day((days-i)*gap), Orders: 1, Net: net})
		}
		f.FirstSeen, f.LastSeen = zone.UTC.Start(f.Purchases[0].Day), zone.UTC.Start(asOf-1)
		return f
	}
	same := make([]*profile.Facts, 50)
	for i := range same {
		same[i] = buyer(3, 9, 500)
	}
	for name, users := range map[string][]*profile.Facts{
		"nobody":              nil,
		"one who did nothing": {{}},
		"one who looked":      {{FirstSeen: 1, LastSeen: 1, Events: 1}},
		"one purchase":        {buyer(1, 1, 999)},
		"today":               {buyer(1, 0, 999)},
		"all identical":       same,
		"no repeat buyer":     {buyer(1, 3, 5), buyer(1, 80, 7), buyer(1, 400, 9)},
		"a negative total":    {buyer(4, 5, -700), buyer(2, 5, 100)},
		"only negative":       {buyer(4, 5, -700), buyer(2, 5, -100)},
		"nothing in total":    {buyer(1, 5, 700), buyer(1, 5, -700)},
		"10,000 purchases":    {buyer(10_001, 1, 5), buyer(1, 1, 5)},
		"huge":                {buyer(900, 1, profile.MaxAmount), buyer(900, 1, profile.MaxAmount), buyer(900, 1, profile.MaxAmount)},
		"before 1970":         {buyer(3, 8_000, 5)},
		"the future":          {{FirstSeen: 5, LastSeen: zone.UTC.Start(asOf + 36_525), Purchases: []profile.PurchaseDay{{Day: asOf + 36_525, Orders: 1, Net: 5}}}},
	} {
		t.Run(name, func(t *testing.T) { everyReport(t, users, asOf) })
	}
}

func everyReport(t *testing.T, users []*profile.Facts, asOf zone.Day) {
	st := strategy.Default()
	schema, err := profile.NewSchema(st, zone.UTC)
	if err != nil {
		t.Fatal(err)
	}
	aha, err := NewAha(st, schema, AhaCandidates(st, 30), 30, 0, zone.UTC.Start(asOf))
	if err != nil {
		t.Fatal(err)
	}
	concentration, activity := NewConcentration(), NewActivity(asOf)
	cohorts := []*Cohorts{NewCohorts(Month, asOf), NewCohorts(Week, asOf)}
	lives := []*Lifecycle{NewLifecycle(Month, asOf), NewLifecycleOf(AnyEvent, Month, asOf)}
	returns := []*ReturnRate{NewReturnRate(asOf), NewReturnRateOf(AnyEvent, asOf)}
	retention, recurring := NewRetention([]int{1, 7, 36_525}, Purchases, asOf), NewRecurring([]int{1, 7, 36_525}, AnyEvent, asOf)
	for _, f := range users {
		aha.Add(f)
		concentration.Add(f)
		activity.Add(f)
		retention.Add(f)
		recurring.Add(f)
		for i := range 2 {
			cohorts[i].Add(f)
			lives[i].Add(f)
			returns[i].Add(f)
		}
	}
	gini, ok := concentration.Gini()
	if ok != (concentration.Spend() > 0) || math.IsNaN(gini) || math.IsInf(gini, 0) {
		t.Errorf("Gini %v (%v), of a spend of %d", gini, ok, concentration.Spend())
	}
	rows, err := aha.Report()
	if err != nil {
		t.Logf("aha: %v", err)
	}
	for name, v := range map[string]any{
		"aha": rows, "curve": concentration.Curve(), "top": concentration.Top(200), "top of none": concentration.Top(0), "days": activity.Days(), "l28": activity.L28(),
		"months": cohorts[0].Rows(), "weeks": cohorts[1].Rows(), "growth": lives[0].Rows(), "growth of events": lives[1].Rows(),
		"returns": returns[0].Curve(7, 364), "returns of events": returns[1].Curve(7, 364), "a century of returns": returns[0].Curve(365, 36_525),
		"retention": retention.Rows(), "recurring": recurring.Rows(),
	} {
		if _, err := json.Marshal(v); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}
