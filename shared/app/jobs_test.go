package app_test

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/weir-engine/weir/shared/app"
	"github.com/weir-engine/weir/shared/fault"
	"github.com/weir-engine/weir/shared/profile"
)

// busy does the work of jobs as a test says.
type busy struct {
	app.JobWork
	rebuild func(ctx context.Context, progress func(done, total int64)) error
}

func (b *busy) Rebuild(ctx context.Context, progress func(done, total int64)) (app.RebuildReport, error) {
	return app.RebuildReport{}, b.rebuild(ctx, progress)
}

// handed is a queue that remembers.
type handed struct {
	mu  sync.Mutex
	ids []string
}

func (h *handed) Send(_ context.Context, id string) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.ids = append(h.ids, id)
	return nil
}

// mortal is documents that a dead process writes no more.
type mortal struct {
	app.Docs
	dead bool
}

func (m *mortal) Put(ctx context.Context, d app.Doc) error {
	if m.dead {
		return fault.New(fault.Unavailable, "the process is dead")
	}
	return m.Docs.Put(ctx, d)
}

// A job is a record that several processes see: one works on it, the others do not; one that was cut short is gone on with.
func TestJobs(t *testing.T) {
	ctx := context.Background()
	b := newBase(t, "2024-05-01T00:00:00Z")
	docs, queue := b.store.Ports(func() int64 { return b.now }).Docs, &handed{}
	process := func(name string, do func(ctx context.Context, progress func(done, total int64)) error) *app.Jobs {
		return &app.Jobs{Docs: docs, Clock: func() int64 { return b.now }, Holder: name, Hand: queue, Work: &busy{rebuild: do}}
	}
	var other *app.Jobs
	cut, cancel := context.WithCancel(ctx)
	first := process("first", func(ctx context.Context, progress func(done, total int64)) error {
		progress(3, 10)
		if done, err := other.Run(context.Background(), "rebuild-1"); !done || err != nil {
			t.Errorf("another process meddles: %v, %v", done, err)
		}
		cancel()
		return fault.New(fault.Unavailable, "interrupted").Because(ctx.Err())
	})
	ran := 0
	other = process("other", func(_ context.Context, progress func(done, total int64)) error {
		ran++
		progress(10, 10)
		return nil
	})
	one, err := first.Start(ctx, app.JobRebuild, struct{}{}, b.now)
	if err != nil || one.ID != "rebuild-1" || one.Status != app.JobWaiting || len(queue.ids) != 1 {
		t.Fatal(one, queue.ids, err)
	}
	if _, err := other.Start(ctx, app.JobRebuild, struct{}{}, b.now); !fault.Is(err, fault.Conflict) {
		t.Error("two of a kind:", err)
	}
	if done, err := first.Run(cut, "rebuild-1"); done || err != nil {
		t.Fatal(done, err)
	}
	if one, err = other.Job(ctx, "rebuild-1"); err != nil || one.Status != app.JobWaiting || one.Done != 3 || one.Total != 10 || one.Runs != 1 || ran != 0 {
		t.Errorf("%+v, %v", one, err)
	}
	if ids, err := other.Unfinished(ctx); err != nil || len(ids) != 1 {
		t.Error(ids, err)
	}
	if done, err := other.Run(ctx, "rebuild-1"); !done || err != nil {
		t.Fatal(done, err)
	}
	if one, err = first.Job(ctx, "rebuild-1"); err != nil || one.Status != app.JobDone || one.Done != 10 || one.Runs != 2 || ran != 1 {
		t.Errorf("%+v, %v", one, err)
	}
	if done, err := other.Run(ctx, "rebuild-1"); !done || err != nil || ran != 1 {
		t.Error("a job that ended runs again:", done, err)
	}
	if _, err := other.Job(ctx, "rebuild-9"); !fault.Is(err, fault.NotFound) {
		t.Error(err)
	}
}

// A job whose process died holds its lease no longer than that, and is handed to a worker again by whoever asks.
func TestStalledJob(t *testing.T) {
	ctx := context.Background()
	b := newBase(t, "2024-05-01T00:00:00Z")
	queue := &handed{}
	work := &busy{}
	docs := &mortal{Docs: b.store.Ports(nil).Docs}
	jobs := &app.Jobs{Docs: docs, Clock: func() int64 { return b.now }, Holder: "dead", Hand: queue, Work: work}
	work.rebuild = func(context.Context, func(int64, int64)) error { docs.dead = true; return nil }
	if _, err := jobs.Start(ctx, app.JobRebuild, struct{}{}, b.now); err != nil {
		t.Fatal(err)
	}
	if done, err := jobs.Run(ctx, "rebuild-1"); done || err == nil {
		t.Error("it noted its end after it died")
	}
	work.rebuild = func(context.Context, func(int64, int64)) error { return nil }
	next := &app.Jobs{Docs: docs.Docs, Clock: jobs.Clock, Holder: "next", Hand: queue, Work: work}
	short, cancel := context.WithTimeout(ctx, 50*time.Millisecond)
	defer cancel()
	if done, err := next.Run(short, "rebuild-1"); done || err != nil {
		t.Error(done, err)
	}
	if one, _ := next.Job(ctx, "rebuild-1"); one.Status != app.JobRunning {
		t.Errorf("somebody took a lease that holds: %+v", one)
	}
	b.now += 4 * 60_000
	if all, err := next.All(ctx); err != nil || len(all) != 1 || len(queue.ids) != 2 {
		t.Error("it is not handed over again:", queue.ids, err)
	}
	if _, _ = next.All(ctx); len(queue.ids) != 2 {
		t.Error("it is handed over with every look:", queue.ids)
	}
	if done, err := next.Run(ctx, "rebuild-1"); !done || err != nil {
		t.Error(done, err)
	}
	if one, _ := next.Job(ctx, "rebuild-1"); one.Status != app.JobDone {
		t.Errorf("%+v", one)
	}
}

// Work that always fails ends; so does work that never comes through.
func TestJobsEnd(t *testing.T) {
	ctx := context.Background()
	b := newBase(t, "2024-05-01T00:00:00Z")
	var why error
	jobs := &app.Jobs{Docs: b.store.Ports(nil).Docs, Clock: func() int64 { return b.now }, Work: &busy{rebuild: func(context.Context, func(int64, int64)) error { return why }}}
	for i, c := range []struct {
		why    error
		status app.JobStatus
	}{
		{fault.New(fault.Invalid, "no").WithHint("yes"), app.JobFailed}, {fault.New(fault.Unavailable, "busy"), app.JobWaiting}, {nil, app.JobDone},
	} {
		why = c.why
		id := fmt.Sprintf("rebuild-%d", min(i+1, 2))
		if i < 2 {
			if _, err := jobs.Start(ctx, app.JobRebuild, struct{}{}, b.now); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := jobs.Run(ctx, id); err != nil {
			t.Fatal(err)
		}
		if one, err := jobs.Job(ctx, id); err != nil || one.Status != c.status {
			t.Errorf("%v: %+v, %v", c.why, one, err)
		}
	}
	if done, err := jobs.Run(ctx, "rebuild-1"); !done || err != nil {
		t.Error(done, err)
	}
	for range 10 {
		one, err := jobs.Start(ctx, app.JobRebuild, struct{}{}, b.now)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := jobs.Run(ctx, one.ID); err != nil {
			t.Fatal(err)
		}
	}
	if all, err := jobs.All(ctx); err != nil || len(all) != 8 || all[0].Number != 12 {
		t.Errorf("%d jobs are kept, %v", len(all), err)
	}
}

// people is a base with more users than are evaluated at once.
func people(t *testing.T, n int) *base {
	t.Helper()
	b := newBase(t, "2024-05-01T00:00:00Z")
	var events strings.Builder
	for i := range n {
		events.WriteString(bought(fmt.Sprint("m", i), fmt.Sprint("u", i), "2024-04-01T00:00:00Z", 5))
	}
	b.load(events.String(), backfill)
	return b
}

// A publication that is cut short in its re-score goes on where it was, in another process, and ends as one that nobody cut short.
func TestPublishGoesOn(t *testing.T) {
	const users = 9000
	cut, clean := people(t, users), people(t, users)
	text := strings.Replace(mustStrategy(t, cut), "silent_days: 60", "silent_days: 45", 1)
	want := clean.publish(text)
	ask := app.PublishJob{Text: text}
	one, err := cut.app.StartJob(t.Context(), app.JobStrategy, ask)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	_, err = cut.app.Publish(ctx, app.PublishRequest{Text: []byte(text), Progress: func(phase string, done, _ int64) {
		if phase == "rescore" && done < users {
			cancel()
		}
	}})
	if !fault.Is(err, fault.Unavailable) {
		t.Fatal("it was not cut short:", err)
	}
	r, err := cut.app.Rescoring(t.Context())
	if err != nil || r.Finished || r.Users == 0 || r.Users == users || r.Total != users {
		t.Fatalf("%+v, %v", r, err)
	}
	old, renewed := 0, 0
	version := ""
	for _, item := range cut.items() {
		var s profile.State
		if err := profile.DecodeState(item.State, &s); err == nil && s.Strategy != "" {
			renewed, version = renewed+1, s.Strategy
			continue
		}
		old++
	}
	if renewed != int(r.Users) || old != users-renewed || version != want.Version {
		t.Errorf("%d users are under the new version, %d not; the place says %d", renewed, old, r.Users)
	}
	_ = cut.store.Close()
	cut.open()
	if done, err := cut.app.RunJob(t.Context(), one.ID); !done || err != nil {
		t.Fatal(done, err)
	}
	if one, err = cut.app.Job(t.Context(), one.ID); err != nil || one.Status != app.JobDone || one.Version != want.Version || one.Done != users {
		t.Errorf("%+v, %v", one, err)
	}
	if r, err = cut.app.Rescoring(t.Context()); err != nil || !r.Finished {
		t.Errorf("%+v, %v", r, err)
	}
	a, b := clean.items(), cut.items()
	for i := range a {
		if a[i].Key != b[i].Key || !bytes.Equal(a[i].State, b[i].State) || !bytes.Equal(a[i].Facts, b[i].Facts) {
			t.Fatalf("%s differs from the run that nobody cut short", a[i].Key)
		}
	}
	if versions, err := cut.app.StrategyVersions(t.Context()); err != nil || len(versions) != 2 {
		t.Errorf("%d publications, %v", len(versions), err)
	}
}

func mustStrategy(t *testing.T, b *base) string {
	t.Helper()
	v, err := b.app.Strategy(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return v.Text
}

// A publication asks again when other users would move than the author saw, or when other versions are in force.
func TestPublishAsksAgain(t *testing.T) {
	b := newBase(t, "1997-09-30T00:00:00Z")
	b.cdnow()
	text := strings.Replace(mustStrategy(t, b), "silent_days: 60", "silent_days: 20", 1)
	w, err := b.app.WhatIf(t.Context(), app.WhatIfRequest{Text: []byte(text)})
	if err != nil || w.Moved() < 100 {
		t.Fatal(w.Moved(), err)
	}
	moved := w.Moved()
	try := func(p app.Preview) error {
		_, err := b.app.Publish(t.Context(), app.PublishRequest{Text: []byte(text), Preview: &p})
		return err
	}
	good := app.Preview{From: w.Published, To: w.Tried, Users: w.Report.Users, Moved: moved}
	for name, change := range map[string]func(*app.Preview){
		"another version was in force": func(p *app.Preview) { p.From = "x" },
		"another one was tried":        func(p *app.Preview) { p.To = "x" },
		"fewer moved":                  func(p *app.Preview) { p.Moved = moved - moved/100 - 2 },
		"more moved":                   func(p *app.Preview) { p.Moved = moved + moved/99 + 2 },
		"nobody moved":                 func(p *app.Preview) { p.Moved = 0 },
	} {
		p := good
		change(&p)
		if err := try(p); !fault.Is(err, fault.Conflict) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if v, _ := b.app.Strategy(t.Context()); v.Sequence != 1 {
		t.Error("something was published")
	}
	good.Moved += moved / 200
	if err := try(good); err != nil {
		t.Error(err)
	}
}

// lossy is documents that keep one change of a job and lose the answer, because the work ended meanwhile.
type lossy struct {
	app.Docs
	armed chan struct{} // closed when the next change is to be lost
	lost  chan struct{} // closed when it is kept
}

func (l *lossy) Put(ctx context.Context, d app.Doc) error {
	select {
	case <-l.armed:
	default:
		return l.Docs.Put(ctx, d)
	}
	select {
	case <-l.lost:
		return l.Docs.Put(ctx, d)
	default:
	}
	if err := l.Docs.Put(ctx, d); err != nil {
		return err
	}
	close(l.lost)
	<-ctx.Done()
	return fault.New(fault.Unavailable, "the answer was lost")
}

// A job whose progress is noted at the moment at which it ends has ended.
func TestJobEndsWhileItsProgressIsNoted(t *testing.T) {
	ctx := context.Background()
	b := newBase(t, "2024-05-01T00:00:00Z")
	docs := &lossy{Docs: b.store.Ports(func() int64 { return b.now }).Docs, armed: make(chan struct{}), lost: make(chan struct{})}
	j := &app.Jobs{Docs: docs, Clock: func() int64 { return b.now }, Work: &busy{rebuild: func(_ context.Context, progress func(done, total int64)) error {
		progress(1, 2)
		close(docs.armed)
		<-docs.lost
		return nil
	}}}
	one, err := j.Start(ctx, app.JobRebuild, nil, b.now)
	if err != nil {
		t.Fatal(err)
	}
	if done, err := j.Run(ctx, one.ID); !done || err != nil {
		t.Errorf("done: %v, %v", done, err)
	}
	if one, err = j.Job(ctx, one.ID); err != nil || one.Status != app.JobDone {
		t.Errorf("the job is %+v, %v", one, err)
	}
}
