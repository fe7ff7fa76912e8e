package app_test

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/weir-engine/weir/shared/app"
	"github.com/weir-engine/weir/shared/fault"
	"github.com/weir-engine/weir/shared/model"
	"github.com/weir-engine/weir/shared/porttest"
)

func (b *base) fitModels(change ...func(*app.FitModelsRequest)) *app.ModelSet {
	b.t.Helper()
	req := app.FitModelsRequest{}
	for _, c := range change {
		c(&req)
	}
	set, err := b.app.FitModels(ctx, req, nil)
	if err != nil {
		b.t.Fatal(err)
	}
	return set
}

func (b *base) publishModels(version string) app.PublishModelsReport {
	b.t.Helper()
	report, err := b.app.PublishModels(ctx, version, app.PublishModelsRequest{})
	if err != nil {
		b.t.Fatal(err)
	}
	return report
}

func (b *base) live() *app.Live {
	b.t.Helper()
	live, err := b.app.Live(ctx)
	if err != nil {
		b.t.Fatal(err)
	}
	return live
}

func codes(warnings []app.Warning) string {
	var out []string
	for _, w := range warnings {
		if w.En == "" || w.Zh == "" {
			out = append(out, "unexplained")
		}
		out = append(out, w.Code)
	}
	return strings.Join(out, " ")
}

// calibrated ends the histories where the reference does.
func calibrated(r *app.FitModelsRequest) { r.CalibrationEnd = at(calibrationEnd) }

func TestModelsOfTheSample(t *testing.T) {
	b := newBase(t, "2026-11-22T00:00:00Z")
	b.cdnow()
	set := b.fitModels(calibrated, func(r *app.FitModelsRequest) { r.Note = "first" })
	m := set.Models
	if m.Version == "" || m.Strategy != b.live().Version || m.Users != 2357 || m.AsOf != at(calibrationEnd) || set.HoldoutFrom != m.AsOf || set.At != b.now {
		t.Fatalf("%+v of %+v", m, set)
	}
	if got := codes(set.Warnings); got != "churn_shifted" { // the buyers of June are older than those of February
		t.Errorf("warnings %q", got)
	}
	if len(set.Fits) != 2 || set.Fits[0].Model != model.MBGNBD || set.Fits[1].Model != model.GammaGamma || set.Fits[0].Holdout == nil {
		t.Errorf("%d fits", len(set.Fits))
	}
	want := referenceFits(t)
	for name, got := range map[string]map[string]float64{"mbgnbd": m.Purchases.Params, "gamma_gamma": m.Money.Params} {
		for p, v := range got {
			if w := want[name][p].(float64); math.Abs(v-w) > 1e-3*w {
				t.Errorf("%s: %s is %v, want %v", name, p, v, w)
			}
		}
	}
	if n := len(m.Purchases.Draws); n != 64 || len(m.Purchases.Draws[63].Money) != 3 {
		t.Errorf("%d draws", n)
	}
	if e := m.Churn.Evidence; e.AUC < 0.6 || len(e.Deciles) != 10 || e.Cut != at("1997-06-03T00:00:00Z")-1 || m.Churn.Horizon != 120 {
		t.Errorf("%+v", m.Churn)
	}
	t.Run("a draft is in force for nobody", func(t *testing.T) {
		if l := b.live(); l.Models != nil || l.Engine.Version() != "" || set.Published != 0 || set.Current {
			t.Errorf("%+v", l.Models)
		}
	})
	t.Run("fitted again it is the same version", func(t *testing.T) {
		again := b.fitModels(calibrated)
		all, err := b.app.ModelSets(ctx)
		if err != nil || again.Models.Version != m.Version || len(all) != 1 {
			t.Errorf("%s and %s: %d sets, %v", again.Models.Version, m.Version, len(all), err)
		}
	})
	t.Run("without a moment the histories end with the default moment of views", func(t *testing.T) {
		again := b.fitModels()
		if again.Models.AsOf != at("1997-09-30T00:00:00Z") || again.Fits[0].Holdout == nil || again.Models.Purchases.Params["r"] != m.Purchases.Params["r"] {
			t.Errorf("%+v", again.Models)
		}
	})
	t.Run("published it scores", func(t *testing.T) {
		report := b.publishModels(m.Version)
		if report.Previous != "" || report.Sequence != 1 || report.Rescored.Users != 2357 || report.Rescored.Intents != 0 {
			t.Errorf("%+v", report)
		}
		l := b.live()
		if l.Models == nil || l.Engine.Version() != m.Version || l.ModelsStale != nil {
			t.Fatalf("%+v", l)
		}
		base := b.base("1997-09-30T00:00:00Z")
		for i, ref := range reference(t, "cdnow_sample_scores.csv") {
			if got, want := base.Users[i].PAlive, number(t, ref["mbgnbd_palive_mle"]); math.Abs(got-want) > 1e-4 {
				t.Fatalf("%s: P(alive) is %v, want %v", base.Users[i].Key, got, want)
			}
		}
		kept, err := b.app.ModelSet(ctx, "current")
		if err != nil || !kept.Current || kept.Published != b.now || kept.Models.Version != m.Version || kept.Fits[0].LogLik != set.Fits[0].LogLik {
			t.Errorf("%+v, %v", kept, err)
		}
		if n := len(b.intents()); n != 0 {
			t.Errorf("%d messages", n)
		}
	})
	t.Run("rolled back", func(t *testing.T) {
		other := b.fitModels(func(r *app.FitModelsRequest) { r.Kind, r.CalibrationEnd = model.BGNBD, at("1998-06-30T00:00:00Z") })
		if len(other.Fits) != 2 || other.Fits[0].Holdout == nil || other.HoldoutFrom >= other.Models.AsOf {
			t.Errorf("nothing was held out: %+v", other)
		}
		b.publishModels(other.Models.Version)
		if report := b.publishModels(m.Version); report.Previous != other.Models.Version || report.Sequence != 3 {
			t.Errorf("%+v", report)
		}
		if report := b.publishModels(""); report.Previous != m.Version || b.live().Models != nil {
			t.Errorf("%+v", report)
		}
		log, err := b.app.ModelPublications(ctx)
		var versions []string
		for _, p := range log {
			versions = append(versions, p.Version)
		}
		if err != nil || !slices.Equal(versions, []string{"", m.Version, other.Models.Version, m.Version}) {
			t.Errorf("%v, %v", versions, err)
		}
		if _, err := b.app.ModelSet(ctx, "current"); !fault.Is(err, fault.NotFound) || fault.HintOf(err) == "" {
			t.Error(err)
		}
	})
	t.Run("an unknown version", func(t *testing.T) {
		if _, err := b.app.PublishModels(ctx, "0123", app.PublishModelsRequest{}); !fault.Is(err, fault.NotFound) || fault.HintOf(err) == "" {
			t.Error(err)
		}
	})
}

// Models that were fitted to other histories than the strategy reads are never scored with.
func TestStaleModels(t *testing.T) {
	b := newBase(t, "2026-11-22T00:00:00Z")
	b.cdnow()
	set := b.fitModels()
	b.publishModels(set.Models.Version)
	text := string(b.live().Text)
	b.publish(strings.Replace(text, "zone: UTC", "zone: Asia/Shanghai", 1))
	l := b.live()
	if l.Models != nil || l.Engine.Version() != "" || l.ModelsStale == nil || l.ModelsStale.Code != "models_stale" {
		t.Fatalf("%+v", l)
	}
	if base := b.base("1997-09-30T00:00:00Z"); base.Users[0].PAlive != -1 || base.Users[0].ChurnP != -1 {
		t.Errorf("scored with stale models: %+v", base.Users[0])
	}
	if _, err := b.app.PublishModels(ctx, set.Models.Version, app.PublishModelsRequest{}); !fault.Is(err, fault.Conflict) || fault.HintOf(err) == "" {
		t.Errorf("stale models were published: %v", err)
	}
	if all, err := b.app.ModelSets(ctx); err != nil || len(all) != 1 || !all[0].Current {
		t.Errorf("%+v, %v", all, err)
	}
	b.publish(text)
	if l := b.live(); l.Models == nil || l.ModelsStale != nil {
		t.Errorf("the old strategy is back, its models are not")
	}
	if n := len(b.intents()); n != 0 {
		t.Errorf("%d messages", n)
	}
}

func TestModelsOfABaseThatGivesNone(t *testing.T) {
	b := newBase(t, "2026-03-01T00:00:00Z")
	if _, err := b.app.FitModels(ctx, app.FitModelsRequest{}, nil); !fault.Is(err, fault.Invalid) || fault.HintOf(err) == "" {
		t.Errorf("an empty base: %v", err)
	}
	b.load(bought("1", "a", "2026-02-27T10:00:00Z", 5)+bought("2", "b", "2026-02-27T10:00:00Z", 5), backfill)
	if _, err := b.app.FitModels(ctx, app.FitModelsRequest{}, nil); !fault.Is(err, fault.Invalid) || fault.HintOf(err) == "" {
		t.Errorf("two users: %v", err)
	}
	if _, err := b.app.FitModels(ctx, app.FitModelsRequest{Kind: model.SBG}, nil); !fault.Is(err, fault.Invalid) || fault.HintOf(err) == "" {
		t.Errorf("sbg: %v", err)
	}
}

// riskRules messages those whom only models put at risk.
func riskRules() string {
	text := withRules(`outreach:
  daily_ceiling: 10000
  rules:
    - {name: rescue, on: {enter_segment: at_risk}, template: winback, channel: outbox}
    - {name: welcome, on: {enter_stage: first_purchase}, template: welcome, channel: outbox}
`)
	return strings.Replace(text, "\nsegments:\n", "\nsegments:\n  - {name: at_risk, when: churn_warning || p_alive < 0.3}\n", 1)
}

// G6: new models move thousands of users, and message none; the next move does.
func TestPublishedModelsMessageNobody(t *testing.T) {
	b := newBase(t, "2026-11-22T00:00:00Z")
	b.publish(riskRules())
	b.cdnow()
	if err := b.app.PinClock(ctx, at("1997-10-01T00:00:00Z")); err != nil {
		t.Fatal(err)
	}
	b.sweep("2026-11-22T00:00:00Z")
	set := b.fitModels()
	report := b.publishModels(set.Models.Version)
	if report.Rescored.Changed != 2357 || report.Rescored.Intents != 0 {
		t.Errorf("%+v", report.Rescored)
	}
	in := func(segment string) (n int64) {
		_, groups, err := b.app.Segments(ctx, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, g := range groups {
			if g.Name == segment {
				n = g.Users
			}
		}
		return n
	}
	if n := in("at_risk"); n < 100 {
		t.Fatalf("%d users are at risk: the test says nothing", n)
	}
	b.sweep("2026-11-22T00:00:00Z")
	b.expect()
	if err := b.app.PinClock(ctx, at("1997-10-01T12:00:00Z")); err != nil {
		t.Fatal(err)
	}
	b.publishModels("")
	b.publishModels(set.Models.Version)
	b.sweep("2026-11-22T00:00:00Z")
	b.expect()
	t.Run("nor does a publication that died before it set the baseline", func(t *testing.T) {
		ports, faults := porttest.Faulty(b.store.Ports(func() int64 { return b.now }))
		dying, err := app.New(ctx, ports, app.Options{})
		if err != nil {
			t.Fatal(err)
		}
		b.publishModels("")
		faults.Begin(porttest.Plan{})
		if _, err := dying.PublishModels(ctx, set.Models.Version, app.PublishModelsRequest{}); err != nil {
			t.Fatal(err)
		}
		write := slices.Index(faults.Names(), "Profiles.Write")
		b.publishModels("")
		faults.Begin(porttest.Plan{Call: write + 1, Dead: true, Err: errKilled})
		if _, err := dying.PublishModels(ctx, set.Models.Version, app.PublishModelsRequest{}); err == nil || b.live().Models == nil {
			t.Fatalf("it did not die in the middle: %v", err)
		}
		if report := b.sweep("2026-11-22T00:00:00Z"); report.Changed != 2357 {
			t.Errorf("%+v", report)
		}
		b.expect()
	})
	t.Run("a newcomer under models is messaged", func(t *testing.T) {
		if err := b.app.PinClock(ctx, 0); err != nil {
			t.Fatal(err)
		}
		b.at("2026-11-23T00:00:00Z").load(bought("new", "newcomer", "2026-11-22T12:00:00Z", 5))
		b.expect("newcomer welcome 1 pending")
	})
}
