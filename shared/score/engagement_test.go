package score

import (
	"strings"
	"testing"

	"github.com/weir-engine/weir/shared/profile"
	"github.com/weir-engine/weir/shared/segment"
	"github.com/weir-engine/weir/shared/strategy"
	"github.com/weir-engine/weir/shared/zone"
)

const engagementStrategy = `
weir: 1
engagement:
  - {name: bought, when: "orders >= 1", points: 40, zh: 已购买, en: Has bought}
  - {name: often, when: "purchase_days >= 3", points: 90}
  - {name: silent, when: "silence_days > 30", points: -60}
lifecycle:
  preset: custom
  stages:
    - {name: engaged, when: engagement >= 80}
    - {name: other}
segments:
  - {name: warm, when: "engagement >= 40 && engagement < 80"}
`

func TestEngagement(t *testing.T) {
	s, err := strategy.Parse([]byte(engagementStrategy))
	if err != nil {
		t.Fatal(err)
	}
	e, err := New(s, zone.UTC)
	if err != nil {
		t.Fatal(err)
	}
	for _, one := range []struct {
		name     string
		days     []zone.Day // with a purchase
		at       zone.Day
		want     int
		stage    string
		segments string
	}{
		{"nothing bought, silent", nil, 100, 0, "other", ""},
		{"bought once", []zone.Day{90}, 100, 40, "other", "warm"},
		{"bought often: cut to 100", []zone.Day{80, 85, 90}, 100, 100, "engaged", ""},
		{"bought often, then silent", []zone.Day{10, 20, 30}, 100, 70, "other", "warm"},
		{"bought once, then silent: not below 0", []zone.Day{10}, 100, 0, "other", ""},
	} {
		t.Run(one.name, func(t *testing.T) {
			f := &profile.Facts{Events: 1, FirstSeen: 0, LastSeen: 0}
			for _, d := range one.days {
				f.Purchases = append(f.Purchases, profile.PurchaseDay{Day: d, Orders: 1, Net: 1000})
				f.LastSeen = zone.UTC.Start(d)
			}
			asOf := zone.UTC.Start(one.at)
			var r Result
			e.Score("u", f, nil, nil, asOf, &r)
			if r.Engagement != one.want || r.Stage != one.stage || strings.Join(r.Segments, " ") != one.segments {
				t.Errorf("engagement %d, stage %s, segments %v", r.Engagement, r.Stage, r.Segments)
			}
			for _, reason := range e.Explain("u", f, nil, nil, asOf) {
				got, err := Replay(reason, zone.UTC)
				if err != nil || got != reason.Value {
					t.Errorf("%s replays as %q, %v, not %q", reason.Score, got, err, reason.Value)
				}
			}
			next := e.NextChange("u", f, nil, nil, asOf)
			for d := one.at; zone.UTC.Start(d) < min(next, zone.UTC.Start(one.at+400)); d++ {
				var later Result
				e.Score("u", f, nil, nil, zone.UTC.Start(d), &later)
				if later.Stage != r.Stage || strings.Join(later.Segments, " ") != one.segments {
					t.Fatalf("on day %d, before the bound, it is %s %v", d, later.Stage, later.Segments)
				}
			}
		})
	}
}

func TestEngagementIsDeclared(t *testing.T) {
	if _, err := segment.Compile("engagement > 3", strategy.Default().SegmentSchema()); err == nil || !strings.Contains(err.Error(), "engagement") {
		t.Errorf("without points: %v", err)
	}
	for _, bad := range []string{
		`engagement: [{name: a, when: "engagement > 3", points: 5}]`, `engagement: [{name: a, when: 'stage == "active"', points: 5}]`,
		`engagement: [{name: a, when: "orders > 1", points: 0}]`, `engagement: [{name: a, when: "orders > 1", points: 101}]`,
		`engagement: [{name: a, points: 5}]`, `engagement: [{name: a, when: "true", points: 1}, {name: a, when: "true", points: 1}]`,
	} {
		if _, err := strategy.Parse([]byte("weir: 1\n" + bad + "\n")); err == nil {
			t.Errorf("%s was accepted", bad)
		}
	}
}
