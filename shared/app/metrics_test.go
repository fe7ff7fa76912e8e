package app_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/weir-engine/weir/shared/app"
	"github.com/weir-engine/weir/shared/fault"
	"github.com/weir-engine/weir/shared/porttest"
)

const (
	withoutMetrics = "weir: 1\nname: before\nmetrics:\n  - {name: old, event: Order Completed, agg: count, windows: [90]}\n"
	withMetrics    = "weir: 1\nname: after\nmetrics:\n  - {name: old, event: Order Completed, agg: count, windows: [90]}\n" +
		"  - {name: paid, event: Order Completed, value: revenue, unit: money, agg: sum, windows: [90]}\n" +
		"  - {name: times, event: Order Completed, agg: times, windows: [90]}\n"
)

// counted makes a base of users with orders under withoutMetrics.
func counted(t *testing.T) *world {
	t.Helper()
	w := &world{dir: filepath.Join(t.TempDir(), "run"), now: at("2026-03-10T00:00:00Z")}
	must(t, w.start())
	must(t, publishing(withoutMetrics, false)(w))
	var events strings.Builder
	for i := range 60 {
		events.WriteString(bought(fmt.Sprint(i), fmt.Sprintf("u%02d", i%23), fmt.Sprintf("2026-02-%02dT10:00:00Z", 1+i%28), 10+i))
	}
	_, err := w.app.Import(ctx, app.ImportRequest{Name: "orders", Source: strings.NewReader(events.String()), Size: int64(events.Len())})
	must(t, err)
	must(t, w.stop())
	return w
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// restart opens the folder again, with a plan or without.
func (w *world) restart(t *testing.T, plan *porttest.Plan) {
	t.Helper()
	_ = w.stop()
	w.plan = plan
	must(t, w.start())
}

func (w *world) facts(t *testing.T) map[string]string {
	t.Helper()
	out := map[string]string{}
	for name, value := range remember(t, w) {
		if strings.HasPrefix(name, "facts ") {
			out[name] = value
		}
	}
	return out
}

func sameFacts(t *testing.T, what string, got, want map[string]string) {
	t.Helper()
	for _, d := range differences(want, got) {
		t.Errorf("%s: %s", what, d)
	}
}

// TestBackfillFinishesWhatAPublicationBegan kills a publication at every call; the backfill, or going back to the strategy
// before, makes FACTS whole again, and neither decides about anybody.
func TestBackfillFinishesWhatAPublicationBegan(t *testing.T) {
	w := counted(t)
	w.restart(t, nil)
	before := w.facts(t)
	must(t, w.stop())
	clean := filepath.Join(t.TempDir(), "clean")
	copyDir(t, w.dir, clean)

	w.restart(t, &porttest.Plan{})
	must(t, publishing(withMetrics, false)(w))
	calls := len(w.faults.Names())
	want := w.facts(t)
	must(t, w.stop())
	resumed, mixed := 0, 0
	for n := 1; n <= calls; n++ {
		w.dir = filepath.Join(t.TempDir(), "again")
		copyDir(t, clean, w.dir)
		w.plan = &porttest.Plan{Call: n, Err: errKilled, Dead: true}
		if w.start() == nil {
			_ = publishing(withMetrics, false)(w)
		}
		w.restart(t, nil)
		v, err := w.app.Strategy(ctx)
		must(t, err)
		other := w.dir + "-back"
		copyDir(t, w.dir, other)

		state := withoutFacts(remember(t, w))
		report, err := w.app.BackfillMetrics(ctx, app.BackfillRequest{})
		must(t, err)
		if d := differences(state, withoutFacts(remember(t, w))); len(d) > 0 {
			t.Fatalf("call %d: the backfill changed %v", n, d)
		}
		if report.Resumed {
			resumed++
		}
		if v.Name == "before" {
			sameFacts(t, fmt.Sprintf("call %d: not published", n), w.facts(t), before)
			continue
		}
		sameFacts(t, fmt.Sprintf("call %d", n), w.facts(t), want)
		if again, err := w.app.BackfillMetrics(ctx, app.BackfillRequest{}); err != nil || again.Needed {
			t.Fatalf("call %d: the backfill is not complete: %+v %v", n, again, err)
		}

		must(t, w.stop())
		w.dir = other
		must(t, w.start())
		if len(differences(before, w.facts(t))) > 0 && len(differences(want, w.facts(t))) > 0 {
			mixed++
		}
		must(t, publishing(withoutMetrics, false)(w))
		sameFacts(t, fmt.Sprintf("call %d: back again", n), w.facts(t), before)
	}
	if resumed == 0 || mixed == 0 {
		t.Errorf("of %d calls %d leave something to resume, %d some FACTS of each kind", calls, resumed, mixed)
	}
	_ = w.stop()
}

// withoutFacts is everything but FACTS.
func withoutFacts(r record) record {
	out := record{}
	for name, value := range r {
		if !strings.HasPrefix(name, "facts ") && !strings.HasPrefix(name, "doc base") {
			out[name] = value
		}
	}
	return out
}

func TestBackfill(t *testing.T) {
	w := counted(t)
	w.restart(t, nil)
	before := remember(t, w)

	plan, err := w.app.BackfillMetrics(ctx, app.BackfillRequest{Strategy: []byte(withMetrics)})
	must(t, err)
	if plan.Stored || plan.Changed != 23 || plan.Users != 23 || plan.Events != 60 || plan.Metrics[1].Complete || !plan.Metrics[0].Complete || plan.Metrics[2].Users != 23 {
		t.Errorf("%+v", plan)
	}
	if d := differences(before, remember(t, w)); len(d) > 0 {
		t.Errorf("a comparison wrote %v", d)
	}
	must(t, publishing(withMetrics, false)(w))
	metrics, err := w.app.Metrics(ctx)
	must(t, err)
	if len(metrics) != 3 || !metrics[0].Complete || !metrics[2].Complete || metrics[1].Typical == 0 {
		t.Errorf("%+v", metrics)
	}
	before = remember(t, w)
	for _, req := range []app.BackfillRequest{{}, {Metric: "paid"}, {Force: true}} {
		report, err := w.app.BackfillMetrics(ctx, req)
		must(t, err)
		if report.Changed != 0 || report.Needed == (req.Metric == "" && !req.Force) || req.Metric != "" && (len(report.Metrics) != 1 || report.Metrics[0].Users != 23) {
			t.Errorf("%+v: %+v", req, report)
		}
	}
	if d := differences(withoutFacts(before), withoutFacts(remember(t, w))); len(d) > 0 {
		t.Errorf("a backfill changed %v", d)
	}
	if _, err := w.app.BackfillMetrics(ctx, app.BackfillRequest{Metric: "none"}); !fault.Is(err, fault.NotFound) {
		t.Error(err)
	}
	if _, err := w.app.BackfillMetrics(ctx, app.BackfillRequest{Strategy: []byte("weir: 2")}); !fault.Is(err, fault.Invalid) {
		t.Error(err)
	}
	must(t, w.stop())
}
