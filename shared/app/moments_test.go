package app_test

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"testing"

	"github.com/weir-engine/weir/shared/app"
)

// The past is the same whether users are looked up one by one or the kept events are read bucket by bucket: with linked users,
// late events, repetitions and refunds.
func TestBothWaysIntoThePast(t *testing.T) {
	w := &world{dir: t.TempDir()}
	steps := script()
	for _, s := range steps {
		w.now = at(s.at)
		if w.store == nil {
			if err := w.start(); err != nil {
				t.Fatal(err)
			}
		}
		if err := s.do(w); err != nil {
			t.Fatalf("%s: %v", s.name, err)
		}
	}
	defer func() { _ = w.stop() }()
	var ways [2]*app.App
	for i, users := range []int64{1 << 40, 0} {
		a, err := app.New(ctx, w.store.Ports(func() int64 { return w.now }), app.Options{})
		if err != nil {
			t.Fatal(err)
		}
		a.Scan(users)
		ways[i] = a
	}
	// Stages by what no later moment tells: how many events there were.
	byEvents := "weir: 1\nlifecycle:\n  preset: custom\n  stages:\n    - {name: many, when: events > 4}\n    - {name: some, when: events > 2}\n    - {name: few}\n"
	if _, err := ways[0].Publish(ctx, app.PublishRequest{Text: []byte(byEvents)}); err != nil {
		t.Fatal(err)
	}
	r := rand.New(rand.NewPCG(2, 3))
	first, span := at("2025-12-01T00:00:00Z"), at("2026-05-14T00:00:00Z")-at("2025-12-01T00:00:00Z")
	people := 0
	for range 12 {
		from := first + r.Int64N(span)
		to := from + 86_400_000 + r.Int64N(span)
		var told [2]string
		for i, a := range ways {
			base, err := a.Base(ctx, from)
			if err != nil {
				t.Fatal(err)
			}
			people += len(base.Users)
			moves, err := a.Transitions(ctx, from, to, app.TransitionsCandidate)
			if err != nil {
				t.Fatal(err)
			}
			stay, err := a.Retention(ctx, app.RetentionQuery{AsOf: from})
			if err != nil {
				t.Fatal(err)
			}
			told[i] = fmt.Sprintf("%+v\n%+v\n%+v\n%s", base.Users, moves, stay.First.Rows(), base.Live.Cuts.Version)
			if i == 1 && !reflect.DeepEqual(told[0], told[1]) {
				t.Fatalf("from %d to %d:\n%.3000s\nand by buckets\n%.3000s", from, to, told[0], told[1])
			}
		}
	}
	if people < 100 {
		t.Errorf("%d users: the test says little", people)
	}
}

// The model of churn is the same whichever way the past is read.
func TestChurnOfBothWays(t *testing.T) {
	b := newBase(t, "2026-11-22T00:00:00Z")
	b.cdnow()
	want := b.backtest("1997-12-31T00:00:00Z", 0)
	b.app.Scan(0)
	got := b.backtest("1997-12-31T00:00:00Z", 0)
	if !reflect.DeepEqual(got.Model, want.Model) || !reflect.DeepEqual(got.Choices, want.Choices) {
		t.Errorf("%+v, want %+v", got.Model, want.Model)
	}
}
