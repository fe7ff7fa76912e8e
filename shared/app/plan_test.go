package app_test

import (
	"context"
	"strings"
	"testing"

	"github.com/weir-engine/weir/shared/app"
	"github.com/weir-engine/weir/shared/fault"
	"github.com/weir-engine/weir/shared/plan"
)

const strictPlan = `weir_plan: 1
unplanned: flag
events:
  Order Completed: {schema: {required: [order_id]}}
  Viewed: {mode: flag, schema: {properties: {price: {type: number}}}}
`

func (b *base) publishPlan(text string) app.PlanVersion {
	b.t.Helper()
	v, err := b.app.PublishPlan(context.Background(), app.PublishPlanRequest{Text: []byte(text)})
	if err != nil {
		b.t.Fatal(err)
	}
	return v
}

func (b *base) catalog() *app.Catalog {
	b.t.Helper()
	c, err := b.app.Catalog(context.Background())
	if err != nil {
		b.t.Fatal(err)
	}
	return c
}

func viewed(id, user, moment, price string) string {
	return `{"type":"track","messageId":"` + id + `","userId":"` + user + `","event":"Viewed","timestamp":"` + moment + `","properties":{"price":` + price + `}}` + "\n"
}

// TestPlan: what breaks the plan is quarantined or flagged, and driven again after a fix.
func TestPlan(t *testing.T) {
	b := newBase(t, "2026-03-01T00:00:00Z")
	first := b.publishPlan(strictPlan)
	text := bought("m1", "a", "2026-02-27T10:00:00Z", 5) + viewed("m2", "a", "2026-02-27T11:00:00Z", "3") +
		viewed("m3", "b", "2026-02-27T12:00:00Z", `"3"`) + strings.Replace(viewed("m4", "c", "2026-02-27T13:00:00Z", "1"), "Viewed", "Unknown", 1)
	res, err := b.try([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	if want := (app.Counts{Events: 4, Accepted: 3, Rejected: 1, Users: 3}); res.Counts != want {
		t.Fatalf("the file counts %+v, want %+v", res.Counts, want)
	}
	if res.File.Plan != first.Sequence {
		t.Errorf("the file names the plan %d, not %d", res.File.Plan, first.Sequence)
	}
	rejects, err := b.app.Rejects(context.Background(), app.RejectQuery{File: res.File.ID, Limit: 10})
	if err != nil || len(rejects) != 1 || rejects[0].Reason != plan.ReasonViolation || !strings.HasPrefix(rejects[0].Message, "properties.order_id is missing") {
		t.Fatalf("the rejects are %+v, %v", rejects, err)
	}
	c := b.catalog()
	for _, want := range []struct {
		name                        string
		count, flagged, quarantined int64
	}{{"Order Completed", 0, 0, 1}, {"Unknown", 1, 1, 0}, {"Viewed", 2, 1, 0}} {
		e, ok := c.Event(want.name)
		if !ok || e.Count != want.count || e.Flagged != want.flagged || e.Quarantined != want.quarantined {
			t.Errorf("the catalogue says of %s: %+v", want.name, e)
		}
	}
	if len(c.Violations) != 3 || c.Violations[1].Detail != "properties.price is a string; expected number" || c.Violations[1].Line != 3 {
		t.Errorf("the violations are %+v", c.Violations)
	}

	again, err := b.app.Redrive(context.Background(), res.File.ID, "", nil)
	if err != nil || again.Counts.Rejected != 1 {
		t.Fatalf("without a fix the line is taken: %+v, %v", again.Counts, err)
	}
	b.publishPlan(strings.Replace(strictPlan, "required: [order_id]", "required: [revenue]", 1))
	b.now += 1000
	mended, err := b.app.Redrive(context.Background(), again.File.ID, "", nil)
	if err != nil || mended.Counts.Accepted != 1 || mended.File.Plan != 2 {
		t.Fatalf("after the fix: %+v under plan %d, %v", mended.Counts, mended.File.Plan, err)
	}
	if e, _ := b.catalog().Event("Order Completed"); e.Count != 1 || e.Quarantined != 2 {
		t.Errorf("the catalogue says %+v", e)
	}
}

// TestPlanOfAFileStays: a file that was begun under one plan is finished under it.
func TestPlanOfAFileStays(t *testing.T) {
	b := newBase(t, "2026-03-01T00:00:00Z")
	up, err := b.app.Upload(context.Background(), app.UploadRequest{Name: "a.ndjson", Body: strings.NewReader(bought("m1", "a", "2026-02-27T10:00:00Z", 5))})
	if err != nil {
		t.Fatal(err)
	}
	b.publishPlan(strictPlan)
	results, err := b.app.IngestPending(context.Background(), nil)
	if err != nil || len(results) != 1 || results[0].File.ID != up.ID || results[0].Counts.Rejected != 0 {
		t.Fatalf("the file that came before the plan gives %+v, %v", results, err)
	}
}

func TestPublishPlanIsConditional(t *testing.T) {
	b := newBase(t, "2026-03-01T00:00:00Z")
	ctx := context.Background()
	if _, err := b.app.Plan(ctx); !fault.Is(err, fault.NotFound) {
		t.Fatalf("without a plan: %v", err)
	}
	one := b.publishPlan(strictPlan)
	if again := b.publishPlan(strictPlan); again != one {
		t.Errorf("publishing the same again gives %+v", again)
	}
	_, err := b.app.PublishPlan(ctx, app.PublishPlanRequest{Text: []byte("weir_plan: 1"), From: "other"})
	if !fault.Is(err, fault.Conflict) {
		t.Errorf("from another version: %v", err)
	}
	if _, err := b.app.PublishPlan(ctx, app.PublishPlanRequest{Text: []byte("weir_plan: 2")}); !fault.Is(err, fault.Invalid) {
		t.Errorf("a plan with a mistake: %v", err)
	}
	d, err := b.app.DiffPlan(ctx, "", []byte("weir_plan: 1\nunplanned: flag\nevents: {Viewed: {}}"))
	if err != nil || len(d.Changes) != 3 || d.From != one.Version {
		t.Errorf("the difference is %+v, %v", d, err)
	}
	two := b.publishPlan("weir_plan: 1")
	if two.Sequence != 2 {
		t.Errorf("the second publication is %+v", two)
	}
	if v, err := b.app.PlanVersion(ctx, one.Version); err != nil || v.Sequence != 1 {
		t.Errorf("the first version is %+v, %v", v, err)
	}
}

// TestCatalogCountsAFileOnce: repetitions of a file's content, and tries that died, count once; events that stand in two files count
// in both, until the kept ones are counted.
func TestCatalogCountsAFileOnce(t *testing.T) {
	b := newBase(t, "2026-03-01T00:00:00Z")
	one := bought("m1", "a", "2026-02-27T10:00:00Z", 5) + viewed("m2", "a", "2026-02-27T11:00:00Z", "3")
	volume := func() [2]int64 {
		t.Helper()
		var out [2]int64
		c := b.catalog()
		for i, name := range []string{"Order Completed", "Viewed"} {
			if e, ok := c.Event(name); ok {
				out[i] = e.Count
			}
		}
		return out
	}
	b.load(one)
	if got := volume(); got != [2]int64{1, 1} {
		t.Fatalf("one file: %v", got)
	}
	b.now += 1000
	b.load(one, func(r *app.ImportRequest) { r.Again = true })
	if got := volume(); got != [2]int64{1, 1} {
		t.Errorf("the same file again: %v", got)
	}
	b.load(one + viewed("m3", "b", "2026-02-27T12:00:00Z", "4"))
	if got := volume(); got != [2]int64{2, 3} {
		t.Errorf("a file that holds the first: %v", got)
	}
	c, err := b.app.RebuildCatalog(context.Background(), nil)
	if err != nil || c.Partial {
		t.Fatalf("%+v, %v", c, err)
	}
	if got := volume(); got != [2]int64{1, 2} {
		t.Errorf("counted from the kept events: %v", got)
	}
	b.load(viewed("m4", "b", "2026-02-27T12:00:00Z", "4"))
	if got := volume(); got != [2]int64{1, 3} {
		t.Errorf("a file after that: %v", got)
	}
}

// TestOldBasesHaveAPartialCatalog: a base that files came to before there was a catalogue says so.
func TestOldBasesHaveAPartialCatalog(t *testing.T) {
	b := newBase(t, "2026-03-01T00:00:00Z")
	_, _, err := b.store.Ports(nil).Ledger.Begin(context.Background(), app.File{ID: "old", Arrived: 1, Status: app.FileDone})
	if err != nil {
		t.Fatal(err)
	}
	b.load(viewed("m2", "a", "2026-02-27T11:00:00Z", "3"))
	if c := b.catalog(); !c.Partial {
		t.Error("the catalogue does not say that it is partial")
	}
	if c, err := b.app.RebuildCatalog(context.Background(), nil); err != nil || c.Partial || len(c.Events) != 1 {
		t.Errorf("counted again: %+v, %v", c, err)
	}
}
