package score

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
	_ "time/tzdata"

	"github.com/weir-engine/weir/shared/event"
	"github.com/weir-engine/weir/shared/fault"
	"github.com/weir-engine/weir/shared/profile"
	"github.com/weir-engine/weir/shared/strategy"
	"github.com/weir-engine/weir/shared/zone"
)

// rich is a strategy whose conditions read everything that conditions can read.
func rich(t testing.TB) *strategy.Strategy {
	t.Helper()
	s, err := strategy.Parse([]byte(`
weir: 1
name: rich
zone: Asia/Shanghai
currency: CNY
activity: {of: any}
events: [App Opened, "Odd \"name\""]
metrics:
  - {name: carts, event: Cart Viewed, agg: count, windows: [7, 30]}
  - {name: basket, event: Cart Viewed, agg: max, value: price, unit: money, windows: [30]}
  - {name: cart_at, event: Cart Viewed, agg: times, windows: [60]}
  - {name: opened_at, event: App Opened, agg: times, windows: [60]}
  - {name: brands, event: Cart Viewed, agg: distinct, value: brand, unit: text, windows: [90]}
event_tags:
  - {tag: coupon, event: Coupon Issued, for_days: 30}
  - {tag: vip, event: Made VIP}
rfm: {ties: ntile_first, grid: eleven, cn: {m_kind: average, cut: median}}
lifecycle:
  preset: commerce
  thresholds: {silent_days: 30, churned_days: 90}
  dwell_days: {silent: 7}
  transitions: {churned: [active, first_purchase]}
tags:
  - {name: big, when: 'spend >= 150'}
  - {name: browser, when: 'metrics.carts[30] >= 2 && (metrics.basket > 10 || metrics.brands >= 1)'}
segments:
  - {name: urgent, when: 'segments.has("risky") && !tags.has("coupon")'}
  - {name: risky, when: 'stage in ["silent", "churned"] && f >= 2 && rfm != "lost" || tags.has("browser")'}
  - {name: fresh, when: 'days_since(first_seen) <= 100 && traits.city == "上海" || event("App Opened").count > 3'}
  - {name: dated, when: 'last_purchase > date("2026-01-01") && event("Odd \"name\"").last == null && stage_days >= 0'}
  - {name: flow, when: 'sequence("Cart Viewed", "App Opened", within 20) || stopped("Cart Viewed", 1 per 20, for 5) || first_time("App Opened", 40)'}
  - {name: habit, when: 'count("Cart Viewed", 14) >= 1 && !regularly("Cart Viewed", 1 per 7, 2 of 4) || days_since(last("App Opened", 30)) > 3'}
  - {name: worth, when: 'tier != "" && average_order > 20 && orders[90] >= 1 && spend[30] < 1000 && rfm_cn startsWith "重要"'}
  - {name: modelled, when: 'p_alive > 0.4 && expected_purchases < 9 || clv > 1e6 || churn_p > 0.9 && churn_warning && expected_value > 1'}
`))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func shanghai(t testing.TB) *zone.Zone {
	t.Helper()
	loc, err := time.LoadLocation("Asia/Shanghai")
	if err != nil {
		t.Fatal(err)
	}
	return zone.FromLocation(loc)
}

// richUsers folds a small base of users who have some of everything.
func richUsers(t testing.TB, e *Engine) *base {
	t.Helper()
	b, p := new(base), event.NewParser(event.DefaultLimits)
	for u := range 40 {
		f, key := new(profile.Facts), fmt.Sprintf("u%02d", u)
		add := func(k int, day int, line string) {
			var ev event.Event
			at := time.Date(2026, 1, 1+day, 15, 30, u, 0, time.UTC).Format(time.RFC3339)
			text := fmt.Sprintf(`{"userId":"%s","messageId":"%s-%d","timestamp":"%s",%s}`, key, key, k, at, line)
			if reject := p.Parse([]byte(text), &ev); reject != nil {
				t.Fatal(reject)
			}
			if reject := e.Schema().Check(&ev); reject != nil {
				t.Fatal(reject)
			}
			e.Schema().Fold(f, &ev, ev.StableID(0))
		}
		add(0, u%9, `"type":"identify","traits":{"city":"`+[]string{"上海", "Köln", "x"}[u%3]+`","langs":["zh","en"]}`)
		for i := range u % 5 {
			add(10+i, (u*7+i*13)%100, `"type":"track","event":"Order Completed","properties":{"revenue":`+strconv.Itoa(20+u*i)+`.5}`)
		}
		for i := range u % 4 {
			add(20+i, (u*3+i)%80, `"type":"track","event":"Cart Viewed","properties":{"price":`+strconv.Itoa(u)+`,"brand":"b`+strconv.Itoa(i)+`"}`)
			add(30+i, (u+i)%90, `"type":"track","event":"App Opened"`)
		}
		if u%6 == 0 {
			add(40, 60, `"type":"track","event":"Coupon Issued"`)
			add(41, 10, `"type":"track","event":"Made VIP"`)
		}
		b.keys, b.facts = append(b.keys, key), append(b.facts, f)
	}
	return b
}

// states are STATEs that users may come from.
func states(day zone.Day) []*profile.State {
	return []*profile.State{
		nil, {},
		{Stage: "silent", Since: day - 3, DecidedAt: 1}, {Stage: "silent", Since: day - 9, DecidedAt: 1},
		{Stage: "churned", Since: day - 50, DecidedAt: 1}, {Stage: "active", Since: day - 1, DecidedAt: 1},
		{Stage: "gone from the strategy", Since: day - 1, DecidedAt: 1},
	}
}

// TestReplayAllReasons explains everybody, from every state, sends the reasons through JSON, and computes each value again
// from what the reason stores alone.
func TestReplayAllReasons(t *testing.T) {
	s, z := rich(t), shanghai(t)
	e, err := New(s, z)
	if err != nil {
		t.Fatal(err)
	}
	e = with(t, e, nil)
	b := richUsers(t, e)
	asOf := time.Date(2026, 4, 12, 18, 0, 0, 0, time.UTC).UnixMilli() // already the 13th in Shanghai
	cuts, replayed, values := b.cuts(e, asOf), 0, map[string]bool{}
	for i, key := range b.keys {
		for _, st := range states(z.Day(asOf)) {
			names := []string{"segment:risky", NameStage, "tag:browser", "nothing", "segment:modelled"}
			full, stored := e.Why(key, b.facts[i], st, cuts, asOf, false, names...), e.Why(key, b.facts[i], st, cuts, asOf, true, names...)
			for j := range full {
				full[j] = lean(full[j])
			}
			if len(full) != 5 || !reflect.DeepEqual(full, stored) {
				t.Fatalf("lean reasons differ: %+v and %+v", full, stored)
			}
			for _, c := range []*Cuts{cuts, nil} {
				var r Result
				e.Score(key, b.facts[i], st, c, asOf, &r)
				reasons := e.Explain(key, b.facts[i], st, c, asOf)
				sameAsScore(t, &r, reasons)
				for _, reason := range reasons {
					checkReason(t, reason, z)
					values[reason.Score+"="+reason.Value] = true
					replayed++
				}
			}
		}
	}
	for _, want := range []string{
		"stage=silent", "stage=churned", "stage=active", "segment:urgent=true", "segment:risky=false", "segment:fresh=true",
		"segment:dated=true", "segment:worth=true", "tag:browser=true", "tag:big=true", "tag:big=false", "tag:vip=true",
		"tag:coupon=false", "rfm_name=lost", "f=5", "f=1", "r=0", "tier=",
		"segment:modelled=true", "segment:modelled=false", "p_alive=", "clv=",
	} {
		if !values[want] {
			t.Errorf("no user has %s: the base is too poor to test with", want)
		}
	}
	t.Logf("%d reasons replayed", replayed)
}

// sameAsScore checks that Explain says what Score says.
func sameAsScore(t *testing.T, r *Result, reasons []Reason) {
	t.Helper()
	want := map[string]string{
		NameCandidate: r.Candidate, NameStage: r.Stage, NameR: strconv.Itoa(r.R), NameF: strconv.Itoa(r.F), NameM: strconv.Itoa(r.M),
		NameRFM: r.RFM, NameRFMCN: r.RFMCN, NameTier: r.Tier,
		NameAlive: scored(r.PAlive), NameExpected: scored(r.Expected), NameChurn: scored(r.ChurnP),
	}
	var tags, segments []string
	for _, reason := range reasons {
		if value, ok := want[reason.Score]; ok {
			if value != reason.Value {
				t.Fatalf("%s: %s is %q, explained as %q", r.Key, reason.Score, value, reason.Value)
			}
			delete(want, reason.Score)
		}
		kind, name, _ := strings.Cut(reason.Score, ":")
		switch {
		case reason.Value == "true" && kind == "segment":
			segments = append(segments, name)
		case reason.Value == "true" && kind != "segment" && !slices.Contains(tags, name):
			tags = append(tags, name)
		}
	}
	slices.Sort(tags)
	slices.Sort(segments)
	if len(want) > 0 || !slices.Equal(tags, r.Tags) || !slices.Equal(segments, r.Segments) {
		t.Fatalf("%s: unexplained %v; tags %v, want %v; segments %v, want %v", r.Key, want, tags, r.Tags, segments, r.Segments)
	}
}

// scored is a score of a model as reasons give it.
func scored(x float64) string {
	if x < 0 {
		return ""
	}
	return strconv.FormatFloat(x, 'g', -1, 64)
}

// lean is the reason as records keep it.
func lean(r Reason) Reason {
	r.Rule = nil
	return r
}

func checkReason(t *testing.T, reason Reason, z *zone.Zone) {
	t.Helper()
	text, err := json.Marshal(lean(reason))
	if err != nil {
		t.Fatal(err)
	}
	var stored Reason
	if err := json.Unmarshal(text, &stored); err != nil {
		t.Fatal(err)
	}
	got, err := Replay(stored, z)
	if err != nil || got != reason.Value {
		t.Fatalf("%s\nreplays to %q, %v", text, got, err)
	}
	if reason.Text.En == "" || reason.Text.Zh == "" || !strings.HasSuffix(reason.Text.En, ".") || !strings.HasSuffix(reason.Text.Zh, "。") {
		t.Fatalf("%s has the sentences %+v", reason.Score, reason.Text)
	}
	if reason.How == HowCondition && (reason.Rule == nil || reason.Rule.Value != reason.Value) {
		t.Fatalf("%s has the tree %+v", reason.Score, reason.Rule)
	}
}

// TestReplayCDNOW replays the reasons of the whole sample under both tie rules.
func TestReplayCDNOW(t *testing.T) {
	b, asOf := loadCDNOW(t), millis(t, "1998-07-01")
	for _, ties := range []string{TiesMinRank, TiesNtileFirst} {
		e := with(t, engine(t, func(s *strategy.Strategy) { s.RFM.Ties = ties }), nil)
		cuts := b.cuts(e, asOf)
		for i := 0; i < len(b.keys); i += 7 {
			for _, reason := range e.Explain(b.keys[i], b.facts[i], nil, cuts, asOf) {
				checkReason(t, reason, zone.UTC)
			}
		}
	}
}

// TestReplayNeedsItsInputs takes each input, cut and condition away in turn: Replay must not fall back on a default.
func TestReplayNeedsItsInputs(t *testing.T) {
	b, asOf := loadCDNOW(t), millis(t, "1998-07-01")
	e := with(t, engine(t, nil), nil)
	reasons := e.Explain(b.keys[0], b.facts[0], &profile.State{Stage: "active", Since: 10_000}, b.cuts(e, asOf), asOf)
	for _, r := range reasons {
		for i := range r.Inputs {
			less := r
			less.Inputs = slices.Delete(slices.Clone(r.Inputs), i, i+1)
			if got, err := Replay(less, zone.UTC); !fault.Is(err, fault.Invalid) {
				t.Errorf("%s without %s: %q, %v", r.Score, r.Inputs[i].Name, got, err)
			}
		}
		for i := range r.Cuts {
			less := r
			less.Cuts = slices.Delete(slices.Clone(r.Cuts), i, i+1)
			if got, err := Replay(less, zone.UTC); err == nil && contains(modelNames[:], r.Score) {
				t.Errorf("%s without %s: %q", r.Score, r.Cuts[i].Name, got)
			}
		}
	}
	for _, damaged := range []Reason{
		{Score: "r", How: "magic", Zone: "UTC"}, {Score: "r", How: HowAtMost, Zone: "UTC"}, {Score: "r", How: HowAtMost, Zone: "Asia/Tokyo"},
		{Score: "x", How: HowCondition, Zone: "UTC"}, {Score: "x", How: HowCondition, Zone: "UTC", Conditions: []Condition{{When: "orders >"}}},
		{Score: "x", How: HowStages, Zone: "UTC"}, {Score: "tier", How: HowTier, Zone: "UTC", Inputs: []Input{{Name: "spend_minor", Value: "x"}}},
	} {
		if _, err := Replay(damaged, zone.UTC); !fault.Is(err, fault.Invalid) || fault.HintOf(err) == "" {
			t.Errorf("%+v: %v", damaged, err)
		}
	}
}

// FuzzReplay feeds Replay stored reasons of any content: it must answer or refuse, never panic.
func FuzzReplay(f *testing.F) {
	f.Add([]byte(`{"score":"segment:x","how":"condition","zone":"UTC","inputs":[{"name":"event(\"a\").count","value":"3"}],"conditions":[{"name":"x","when":"event(\"a\").count > 2"}]}`))
	f.Add([]byte(`{"score":"f","how":"exceeds","zone":"UTC","inputs":[{"name":"purchase_days","value":"2"},{"name":"user","value":"b"}],"cuts":[{"name":"cut_1","value":"2"},{"name":"cut_1_key","value":"a"}]}`))
	f.Add([]byte(`{"score":"x","how":"stages","zone":"UTC","inputs":[{"name":"metrics.m[7]","value":"null"},{"name":"segments.has(\"s\")","value":"true"}],"conditions":[{"name":"a","when":"metrics.m[7] > 1"},{"name":"b","when":""}]}`))
	f.Add([]byte(`{"score":"stage","how":"settle","zone":"UTC","inputs":[{"name":"previous","value":"a"},{"name":"since","value":"2026-01-01"}]}`))
	f.Add([]byte(`{"score":"clv","how":"lifetime","zone":"UTC","inputs":[{"name":"model","value":"a"},{"name":"kind","value":"nbd"},{"name":"x","value":"2"},{"name":"t_x_days","value":"30"},{"name":"t_days","value":"90"},{"name":"repeat_minor","value":"900"},{"name":"currency","value":"USD"},{"name":"horizon_weeks","value":"52"},{"name":"discount","value":"0.1"},{"name":"margin","value":"1"}],"cuts":[{"name":"r","value":"0.4"},{"name":"alpha","value":"8"},{"name":"p","value":"6"},{"name":"q","value":"4"},{"name":"v","value":"15"}]}`))
	f.Add([]byte(`{"score":"churn_p","how":"churn","zone":"UTC","inputs":[{"name":"model","value":"a"},{"name":"currency","value":"USD"},{"name":"silence_days","value":"2"},{"name":"gap_days","value":"3.5"}],"cuts":[{"name":"intercept","value":"0.4"},{"name":"silence_mean","value":"1"},{"name":"silence_scale","value":"1"},{"name":"silence_coef","value":"1"}]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		var r Reason
		if json.Unmarshal(text, &r) != nil {
			return
		}
		first, err := Replay(r, zone.UTC)
		again, err2 := Replay(r, zone.UTC)
		if first != again || (err == nil) != (err2 == nil) {
			t.Fatalf("%q, %v and then %q, %v", first, err, again, err2)
		}
	})
}
