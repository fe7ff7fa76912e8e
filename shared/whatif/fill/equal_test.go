package fill

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/weir-engine/weir/shared/event"
	"github.com/weir-engine/weir/shared/eventfile"
	"github.com/weir-engine/weir/shared/profile"
	"github.com/weir-engine/weir/shared/score"
	"github.com/weir-engine/weir/shared/strategy"
	"github.com/weir-engine/weir/shared/whatif"
	"github.com/weir-engine/weir/shared/zone"
)

// user is one profile with its state.
type user struct {
	key   string
	facts *profile.Facts
	state *profile.State
}

// sample is a base of profiles at one moment.
type sample struct {
	base  *score.Engine
	cuts  *score.Cuts
	asOf  int64
	users []user
}

func compiled(t testing.TB, text string, z *zone.Zone) *score.Engine {
	t.Helper()
	s, err := strategy.Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	e, err := score.New(s, z)
	if err != nil {
		t.Fatal(err)
	}
	return e.WithZones(zones)
}

// zones knows two zones of users.
func zones(name string) *zone.Zone {
	return map[string]*zone.Zone{"Pacific/Honolulu": honolulu, "Asia/Shanghai": utc8}[name]
}

var honolulu, utc8 = zone.FromLocation(time.FixedZone("Pacific/Honolulu", -10*3600)), zone.FromLocation(time.FixedZone("Asia/Shanghai", 8*3600))

// modelled adds models of the CDNOW sample, with churn by every feature.
func modelled(t testing.TB, e *score.Engine) *score.Engine {
	t.Helper()
	m := score.Models{
		Basis: e.ModelBasis(), Strategy: e.StrategyVersion(),
		Purchases: &score.PurchaseModel{Kind: score.KindMBGNBD, Params: map[string]float64{"r": 0.524843216029, "alpha": 6.18308621615, "a": 0.891359114915, "b": 1.61400174533}},
		Money:     &score.MoneyModel{Params: map[string]float64{"p": 6.24957278791, "q": 3.7442248041, "v": 15.4435201949}},
		Churn:     &score.ChurnModel{Horizon: 90, Intercept: -0.3, Threshold: 0.6},
	}
	for i, name := range score.ChurnFeatureNames() {
		m.Churn.Features = append(m.Churn.Features, score.ChurnFeature{Name: name, Mean: 1, Scale: 1 + float64(i)/10, Coef: []float64{0.9, 0.6, 0.3, -0.2, -0.4, -0.5, -0.3, -0.2, -0.1, -0.2}[i]})
	}
	e, err := e.With(m.Sealed())
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func cutsOf(e *score.Engine, users []user, asOf int64) *score.Cuts {
	b := e.NewCuts(asOf)
	for _, u := range users {
		b.Add(u.key, u.facts)
	}
	return b.Build()
}

// load fills the columns of a sample, in shards of some rows.
func (s *sample) load(t testing.TB, rows int, others ...*score.Engine) *whatif.Base {
	t.Helper()
	base := whatif.NewBase(s.base.Zone())
	base.WithZones(zones)
	f := New(s.base, s.cuts, s.asOf, Options{Engines: others, ShardRows: rows}, base.Add)
	for _, u := range s.users {
		if err := f.Add(u.key, u.facts, u.state); err != nil {
			t.Fatal(err)
		}
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if base.Rows() != len(s.users) {
		t.Fatalf("%d rows of %d users", base.Rows(), len(s.users))
	}
	return base
}

// compare holds every row, and every sum, against the scalar engine.
func (s *sample) compare(t testing.TB, p *whatif.Preview, start, now *score.Engine, startCuts, cuts *score.Cuts) {
	t.Helper()
	var r, old score.Result
	stages, segments := map[string]whatif.Sum{}, map[string]whatif.Sum{}
	moves, tags, names, tiers, points := map[[2]string]int64{}, map[string]int64{}, map[string]int64{}, map[string]int64{}, map[[2]string]int64{}
	for i, u := range s.users {
		now.Score(u.key, u.facts, u.state, cuts, s.asOf, &r)
		start.Score(u.key, u.facts, u.state, startCuts, s.asOf, &old)
		got := p.Row(i)
		want := whatif.Row{
			R: r.R, F: r.F, M: r.M, RFM: r.RFM, RFMCN: r.RFMCN, Tier: r.Tier, Candidate: r.Candidate, Stage: r.Stage, Since: r.Since,
			Tags: r.Tags, Segments: r.Segments, Churn: r.ChurnWarning, Engagement: r.Engagement,
		}
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Fatalf("user %s, state %+v:\n got %+v\nwant %+v", u.key, u.state, got, want)
		}
		_, _, net := u.facts.PurchasesIn(s.base.Zone().Day(s.asOf), 365)
		add := func(m map[string]whatif.Sum, name string) {
			sum := m[name]
			sum.Users++
			sum.Revenue += net
			m[name] = sum
		}
		add(stages, r.Stage)
		for _, name := range r.Segments {
			add(segments, name)
		}
		for _, name := range r.Tags {
			tags[name]++
		}
		names[r.RFM]++
		tiers[r.Tier]++
		moves[[2]string{old.Stage, r.Stage}]++
		points[[2]string{band(old.Engagement), band(r.Engagement)}]++
	}
	report := p.Report()
	for i, name := range report.Stage.Names {
		if got := report.Stage.New[i]; got.Users != stages[name].Users || got.Revenue != stages[name].Revenue {
			t.Fatalf("stage %s: %+v, want %+v", name, got, stages[name])
		}
		for j, to := range report.Stage.Names {
			if got, want := report.Stage.Moves[i][j].Users, moves[[2]string{name, to}]; got != want {
				t.Fatalf("from %s to %s: %d, want %d", name, to, got, want)
			}
		}
	}
	for i, name := range report.RFM.Names {
		if report.RFM.New[i].Users != names[name] {
			t.Fatalf("%s: %d, want %d", name, report.RFM.New[i].Users, names[name])
		}
	}
	for i, name := range report.Tier.Names {
		if report.Tier.New[i].Users != tiers[name] {
			t.Fatalf("tier %s: %d, want %d", name, report.Tier.New[i].Users, tiers[name])
		}
	}
	for i, name := range report.Points.Names {
		for j, to := range report.Points.Names {
			if got, want := report.Points.Moves[i][j].Users, points[[2]string{name, to}]; got != want {
				t.Fatalf("engagement from %s to %s: %d, want %d", name, to, got, want)
			}
		}
	}
	if gives := len(start.Strategy().Engagement)+len(now.Strategy().Engagement) > 0; gives != (len(report.Points.Names) > 0) {
		t.Fatalf("engagement: %v", report.Points.Names)
	}
	for _, m := range report.Segments {
		if m.New.Users != segments[m.Name].Users || m.New.Revenue != segments[m.Name].Revenue {
			t.Fatalf("segment %s: %+v, want %+v", m.Name, m.New, segments[m.Name])
		}
	}
	for _, m := range report.Tags {
		if m.New.Users != tags[m.Name] {
			t.Fatalf("tag %s: %+v, want %d", m.Name, m.New, tags[m.Name])
		}
	}
}

// band is the five points that an engagement score is among.
func band(score int) string {
	switch {
	case score < 0:
		return ""
	case score >= 95:
		return "95-100"
	}
	return fmt.Sprintf("%d-%d", score/5*5, score/5*5+4)
}

const commonText = `
events: [App Opened, Product Viewed]
metrics:
  - {name: carts, event: Cart Viewed, agg: count, windows: [7, 30]}
  - {name: basket, event: Cart Viewed, agg: max, value: price, unit: money, windows: [30]}
  - {name: brands, event: Cart Viewed, agg: distinct, value: brand, unit: text, windows: [90]}
event_tags:
  - {tag: coupon, event: Coupon Issued, for_days: 30}
  - {tag: vip, event: Made VIP}
tags:
  - {name: big, when: 'spend >= 150'}
  - {name: browser, when: 'metrics.carts[30] >= 2 && (metrics.basket > 10 || metrics.brands >= 1)'}
`

// strategies that are tried on one base, one after another: each is a head and what it puts after the common part.
var tried = []string{
	`rfm: {ties: ntile_first, grid: eleven, cn: {m_kind: average, cut: median}}
lifecycle: {preset: commerce, thresholds: {silent_days: 30, churned_days: 90}, dwell_days: {silent: 7}, transitions: {churned: [active, first_purchase]}}
tiers: [{name: top, top: 0.05}, {name: high, top: 0.3}, {name: low, top: 1}]
engagement:
  - {name: opens, when: 'active_days[28] >= 2', points: 40}
  - {name: near, when: r >= 4, points: 33}
  - {name: carts, when: 'metrics.carts[30] >= 2 && rfm != "lost"', points: 61}
  - {name: silent, when: silence_days > 90, points: -25}
segments:
  - {name: engaged, when: engagement >= 40 && engagement != 100}
  - {name: urgent, when: 'segments.has("risky") && !tags.has("coupon")'}
  - {name: risky, when: 'stage in ["silent", "churned"] && f >= 2 && rfm != "lost" || tags.has("browser")'}
  - {name: fresh, when: 'days_since(first_seen) <= 100 && traits.city == "上海" || event("App Opened").count > 3'}
  - {name: measured, when: 'count("Cart Viewed", 30) >= 2 || last("Cart Viewed", 30) > days_ago(20) && max("Cart Viewed", price, 30) > 15'}
  - {name: lapsed, when: 'stopped("Cart Viewed", 1 per 14, for 7)'}
  - {name: asked, when: 'stage_candidate == "silent"'}
  - {name: listed, when: 'lists.has("vip") && bucket("spring", 100) < 60'}
  - {name: readers, when: 'message("*").opened >= 2 || message("*").days_since_delivered < 90'}
  - {name: birthday, when: 'anniversary(traits.birthday) < 120 && in_user_zone(weekday(last_seen)) != 3'}
  - {name: today, when: 'in_user_zone(weekday(today())) == 1 || years_since(first_seen) > 0'}
  - {name: near, when: 'traits.address.city == "x" || has_any(traits.langs, ["zh"])'}
  - {name: dated, when: 'last_purchase > date("2026-01-01") && event("Product Viewed").last == null'}
  - {name: worth, when: 'tier != "" && average_order > 20 && orders[90] >= 1 && spend[30] < 1000 && rfm_cn startsWith "重要"'}
`, `rfm: {ties: ntile_first, grid: eleven, cn: {m_kind: average, cut: median}}
lifecycle: {preset: commerce, thresholds: {silent_days: 31, churned_days: 90}, dwell_days: {silent: 7}, transitions: {churned: [active, first_purchase]}}
tiers: [{name: top, top: 0.05}, {name: high, top: 0.3}, {name: low, top: 1}]
engagement:
  - {name: opens, when: 'active_days[28] >= 3', points: 12}
  - {name: near, when: r >= 4, points: 33}
segments:
  - {name: engaged, when: engagement >= 40 && engagement != 100}
  - {name: urgent, when: 'segments.has("risky") && !tags.has("vip")'}
  - {name: risky, when: 'stage in ["silent", "churned"] && f >= 2 && rfm != "lost" || tags.has("browser")'}
  - {name: new, when: 'tenure_days < 60 && r + m > 3 && stage_days != null'}
`, `rfm: {ties: fixed, recency: [30, 60, 120, 240], frequency: [1, 2, 4, 8], monetary: [50, 100, 250.5, 500], cn: {cut: fixed, fixed: [60, 3, 200]}}
activity: {of: any}
engagement:
  - {name: spent, when: spend >= 300 || m == 5, points: 50}
  - {name: lost, when: f < 2, points: -20}
lifecycle:
  preset: custom
  stages:
    - {name: visitor, when: orders == 0}
    - {name: active, when: 'silence_days * 1.5 < 60 || rfm == "champions" || engagement >= 30'}
    - {name: former}
tiers: [{name: best, top: 0.1}, {name: low, top: 1}]
segments:
  - {name: urgent, when: 'stage == "active" && stage_candidate != "former" && m >= 2'}
  - {name: coupon, when: 'tags.has("coupon") && purchase_days[365] > 1'}
`, `rfm: {cn: {cut: mean}}
activity: {of: events}
engagement: [{name: bought, when: orders > 2 || silence_days < 9, points: 7}]
lifecycle: {preset: growth, thresholds: {silent_days: 10, churned_days: 25}, dwell_days: {growing: 3, mature: 9, dormant: 2}}
segments:
  - {name: asleep, when: 'stage == "dormant" || first_purchase < date("2026-01-20") || engagement == 7'}
`,
}

func init() {
	// The same conditions under another sign of life, and a tag by a condition that events of the base have set too.
	tried = append(tried, "activity: {of: any}\n"+tried[0], tried[0])
}

// textOf is a strategy that is tried.
func textOf(i int) string {
	common := commonText
	if i == 5 {
		common = strings.Replace(common, "  - {tag: vip, event: Made VIP}\n", "", 1) + "  - {name: vip, when: 'spend >= 700'}\n"
	}
	return headText + common + tried[i]
}

const headText = "weir: 1\nzone: Asia/Shanghai\ncurrency: CNY\n"

func shanghai(t testing.TB) *zone.Zone {
	t.Helper()
	loc, err := time.LoadLocation("Asia/Shanghai")
	if err != nil {
		t.Fatal(err)
	}
	return zone.FromLocation(loc)
}

// random makes profiles from random events; some have no purchase, some refunds alone.
func random(t testing.TB, e *score.Engine, seed uint64, n int, asOf int64) []user {
	t.Helper()
	d := rand.New(rand.NewPCG(seed, 1))
	parser, start := event.NewParser(event.DefaultLimits), time.UnixMilli(asOf).Add(-300*24*time.Hour)
	users := make([]user, n)
	day := e.Zone().Day(asOf)
	for u := range users {
		f, key := new(profile.Facts), fmt.Sprintf("u%06d", u)
		k := 0
		add := func(line string) {
			var ev event.Event
			at := start.Add(time.Duration(d.IntN(300*86_400)) * time.Second).UTC().Format(time.RFC3339)
			k++
			text := fmt.Sprintf(`{"userId":"%s","messageId":"%s-%d","timestamp":"%s",%s}`, key, key, k, at, line)
			if reject := parser.Parse([]byte(text), &ev); reject != nil {
				t.Fatal(reject)
			}
			if reject := e.Schema().Check(&ev); reject != nil {
				t.Fatal(reject)
			}
			e.Schema().Fold(f, &ev, ev.StableID(0))
		}
		add(`"type":"identify","traits":{"city":"` + []string{"上海", "Köln", "x"}[d.IntN(3)] + `","langs":["` + []string{"zh", "en"}[d.IntN(2)] + `"],"birthday":"` + []string{"1990-02-29", "06-15", "x"}[d.IntN(3)] + `","timezone":"` + []string{"Asia/Shanghai", "Pacific/Honolulu", "Mars/North"}[d.IntN(3)] + `","address":{"city":"` + []string{"x", "y"}[d.IntN(2)] + `"}}`)
		if d.IntN(3) == 0 {
			add(`"type":"track","event":"` + []string{"List Joined", "List Left"}[d.IntN(2)] + `","properties":{"list":"vip"}`)
			add(`"type":"track","event":"` + []string{"Email Delivered", "Email Opened"}[d.IntN(2)] + `","properties":{"weir_rule":"winback"}`)
		}
		for range d.IntN(d.IntN(12) + 1) {
			switch d.IntN(8) {
			case 0:
				add(`"type":"track","event":"Order Refunded","properties":{"revenue":` + fmt.Sprint(d.IntN(90)) + `.25}`)
			case 1:
				add(`"type":"track","event":"Cart Viewed","properties":{"price":` + fmt.Sprint(d.IntN(40)) + `,"brand":"b` + fmt.Sprint(d.IntN(3)) + `"}`)
			case 2:
				add(`"type":"track","event":"App Opened"`)
			case 3:
				add(`"type":"track","event":"` + []string{"Coupon Issued", "Made VIP", "Product Viewed"}[d.IntN(3)] + `"`)
			default:
				add(`"type":"track","event":"Order Completed","properties":{"revenue":` + fmt.Sprint(d.IntN(400)) + `.5}`)
			}
		}
		users[u] = user{key, f, randomState(d, day)}
	}
	return users
}

func randomState(d *rand.Rand, day zone.Day) *profile.State {
	if d.IntN(4) == 0 {
		return nil
	}
	st := &profile.State{
		Stage: []string{"", "potential", "first_purchase", "active", "silent", "churned", "growing", "mature", "of another strategy"}[d.IntN(9)],
		Since: day - zone.Day(d.IntN(30)), DecidedAt: 1,
	}
	if d.IntN(5) == 0 {
		st.Since = 0
	}
	return st
}

// TestEqualsScalar tries strategies one after another over random profiles: every row and every sum is what the scalar engine
// gives under the same strategy, cuts, state and moment.
func TestEqualsScalar(t *testing.T) {
	z, asOf := shanghai(t), time.Date(2026, 4, 12, 18, 0, 0, 0, time.UTC).UnixMilli()
	var engines []*score.Engine
	for i := range tried {
		engines = append(engines, compiled(t, textOf(i), z))
	}
	for seed, n := range []int{1, 63, 1500, 3000} {
		s := &sample{base: engines[0], asOf: asOf, users: random(t, engines[0], uint64(seed), n, asOf)}
		cuts := make([]*score.Cuts, len(engines))
		for i, e := range engines {
			cuts[i] = cutsOf(e, s.users, asOf)
		}
		s.cuts = cuts[0]
		base := s.load(t, []int{0, 64, 1100, 1024}[seed], engines...)
		specs := make([]*whatif.Spec, len(engines))
		for i, e := range engines {
			spec, err := Spec(engines[0], e, cuts[i])
			if err != nil {
				t.Fatal(err)
			}
			if i == 1 { // the same ties and keys, cut again from the columns
				if spec.Cuts, err = base.Recut(Rules(e.Strategy())); err != nil {
					t.Fatal(err)
				}
			}
			specs[i] = spec
		}
		p, err := base.Compare(specs[0])
		if err != nil {
			t.Fatal(err)
		}
		for _, i := range []int{0, 4, 1, 0, 5, 2, 3, 1, 2, 0} {
			if err := p.Try(specs[i]); err != nil {
				t.Fatal(err)
			}
			s.compare(t, p, engines[0], engines[i], cuts[0], cuts[i])
		}
	}
}

// TestRecutEqualsBuilder computes cuts from columns and from profiles.
func TestRecutEqualsBuilder(t *testing.T) {
	z, asOf := shanghai(t), time.Date(2026, 4, 12, 18, 0, 0, 0, time.UTC).UnixMilli()
	first := compiled(t, headText+commonText+tried[0], z)
	for _, n := range []int{0, 1, 2000} {
		s := &sample{base: first, asOf: asOf, users: random(t, first, 7, n, asOf)}
		s.cuts = cutsOf(first, s.users, asOf)
		base := s.load(t, 700)
		for _, ties := range []string{"ties: min_rank", "ties: ntile_first", "ties: fixed, recency: [30, 60, 120, 240], frequency: [1, 2, 4, 8], monetary: [50, 100, 250.5, 500]"} {
			for _, cn := range []string{"{m_kind: average, cut: median}", "{m_kind: total, cut: mean}", "{cut: fixed, fixed: [60, 3, 200]}"} {
				e := compiled(t, headText+commonText+"rfm: {"+ties+", cn: "+cn+"}\ntiers: [{name: a, top: 0.07}, {name: b, top: 0.5}, {name: c, top: 1}]\n", z)
				want := Cuts(cutsOf(e, s.users, asOf))
				got, err := Recut(base, e)
				if err != nil {
					t.Fatal(err)
				}
				got.FromRow = nil
				if fmt.Sprint(got) != fmt.Sprint(want) {
					t.Errorf("%d users, %s %s:\n got %+v\nwant %+v", n, ties, cn, got, want)
				}
			}
		}
	}
}

// cdnow folds the sample of CDNOW.
func cdnow(t testing.TB, e *score.Engine) []user {
	t.Helper()
	dir := filepath.Join("..", "..", "..", "functions", "weir", "sample")
	text, err := os.ReadFile(filepath.Join(dir, "cdnow.mapping.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	mapping, err := eventfile.ParseMapping(text)
	if err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(filepath.Join(dir, "cdnow_sample.txt.gz"))
	if err != nil {
		t.Fatal(err)
	}
	r, err := eventfile.Open(bytes.NewReader(data), int64(len(data)), eventfile.Options{Mapping: mapping})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	at, seen := map[string]int{}, map[[16]byte]uint32{}
	var users []user
	for {
		ev, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		i, ok := at[ev.Key()]
		if !ok {
			i = len(users)
			key := strings.Clone(ev.Key())
			at[key] = i
			users = append(users, user{key: key, facts: new(profile.Facts)})
		}
		id := ev.StableID(seen[ev.Content])
		seen[ev.Content]++
		e.Schema().Fold(users[i].facts, ev, id)
	}
	slices.SortFunc(users, func(a, b user) int { return strings.Compare(a.key, b.key) })
	if len(users) != 2357 {
		t.Fatalf("the sample has %d users", len(users))
	}
	return users
}

// TestCDNOW compares every customer of the CDNOW sample, with models, under thresholds that move.
func TestCDNOW(t *testing.T) {
	head := "weir: 1\n"
	text := func(silent, churned int, threshold string) string {
		return head + fmt.Sprintf("lifecycle: {preset: commerce, thresholds: {silent_days: %d, churned_days: %d}, dwell_days: {silent: 5}}\nchurn: {threshold: %s}\n", silent, churned, threshold) + `
tags:
  - {name: repeat, when: purchase_days >= 2}
segments:
  - {name: at_risk, when: 'p_alive < 0.3 && tags.has("repeat")'}
  - {name: warned, when: 'churn_warning && r >= 2 || clv > 40 || expected_purchases >= 1.5'}
  - {name: likely, when: 'churn_p < 0.5 && expected_value > 30.25'}
`
	}
	first := modelled(t, compiled(t, text(60, 120, "0.55"), zone.UTC))
	day, err := zone.ParseDay("1997-12-31")
	if err != nil {
		t.Fatal(err)
	}
	s := &sample{base: first, asOf: zone.UTC.Start(day)}
	for _, u := range cdnow(t, first) {
		if u.facts.FirstSeen <= s.asOf {
			s.users = append(s.users, u)
		}
	}
	d := rand.New(rand.NewPCG(5, 5))
	for i := range s.users {
		s.users[i].state = randomState(d, day)
	}
	s.cuts = cutsOf(first, s.users, s.asOf)
	base := s.load(t, 1000)
	spec, err := Spec(first, first, s.cuts)
	if err != nil {
		t.Fatal(err)
	}
	p, err := base.Compare(spec)
	if err != nil {
		t.Fatal(err)
	}
	s.compare(t, p, first, first, s.cuts, s.cuts)
	for _, c := range []struct {
		silent, churned int
		threshold       string
	}{{60, 121, "0.55"}, {30, 90, "0.55"}, {45, 200, "0.8"}, {60, 120, "0.55"}} {
		e := modelled(t, compiled(t, text(c.silent, c.churned, c.threshold), zone.UTC))
		spec, err := Spec(first, e, s.cuts)
		if err != nil {
			t.Fatal(err)
		}
		if err := p.Try(spec); err != nil {
			t.Fatal(err)
		}
		s.compare(t, p, first, e, s.cuts, s.cuts)
	}
	if err := p.Try(spec); err != nil || p.Computed() != 0 {
		t.Errorf("the strategy of before: %d rows were computed (%v)", p.Computed(), err)
	}
}
