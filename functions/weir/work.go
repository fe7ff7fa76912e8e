package main

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/weir-engine/weir/infra/embedded"
	"github.com/weir-engine/weir/shared/app"
	"github.com/weir-engine/weir/shared/fault"
)

// pause is how long the host waits before it looks again when nothing tells it to, and before it tries again what failed. A snapshot, which
// reads the whole base, is a day old, or of another strategy, before it is made anew.
const pause = time.Minute

// work is what the host does beside answering: importing what arrives, delivering, the hourly sweep and the daily snapshot.
type work struct {
	base    *base
	log     *slog.Logger
	cancel  context.CancelFunc
	done    sync.WaitGroup
	deliver chan struct{} // asks for a delivery
}

func startWork(ctx context.Context, b *base, log *slog.Logger) *work {
	ctx, cancel := context.WithCancel(ctx)
	w := &work{base: b, log: log, cancel: cancel, deliver: make(chan struct{}, 1)}
	arrived := w.watch(ctx)
	w.loop(ctx, "import", arrived, w.ingest)
	w.loop(ctx, "deliver", w.deliver, w.send)
	sweeper := &sweeper{base: b}
	w.loop(ctx, "snapshot", nil, w.snapshot)
	w.loop(ctx, "sweep", nil, func(ctx context.Context) error { return sweeper.run(ctx, w) })
	return w
}

// stop ends all work and waits for it. What was begun goes on at the next start.
func (w *work) stop() {
	w.cancel()
	w.done.Wait()
}

// loop runs do at once, then each time it is asked to or the pause has passed. After a failure nobody can ask before that.
func (w *work) loop(ctx context.Context, name string, asked <-chan struct{}, do func(context.Context) error) {
	w.done.Go(func() {
		for ctx.Err() == nil {
			wake := asked
			if err := fault.Do(func() error { return do(ctx) }); err != nil && ctx.Err() == nil {
				w.log.Error("work failed and will be tried again", "work", name, "in", pause, "error", err)
				wake = nil
			}
			sleep(ctx, wake)
		}
	})
}

// sleep returns after a pause, when it is asked to, or when ctx ended.
func sleep(ctx context.Context, asked <-chan struct{}) {
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	case <-asked:
	}
}

// watch says when whole files have come into the bucket.
func (w *work) watch(ctx context.Context) <-chan struct{} {
	arrived := make(chan struct{}, 1)
	w.done.Go(func() {
		if err := fault.Do(func() error {
			return embedded.Watch(ctx, w.base.store.Dir(), func() { nudge(arrived) })
		}); err != nil {
			w.log.Warn("the event folder cannot be watched; it is looked at every minute", "error", err)
		}
	})
	return arrived
}

// nudge asks without waiting; one question is enough.
func nudge(c chan<- struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

func (w *work) ingest(ctx context.Context) error {
	results, err := w.base.app.IngestPending(ctx, nil)
	for _, r := range results {
		w.report(r)
	}
	if len(results) > 0 {
		nudge(w.deliver)
	}
	return err
}

func (w *work) report(r app.ImportResult) {
	attrs := []any{"file", r.File.ID, "name", r.File.Name, "events", r.Counts.Events, "accepted", r.Counts.Accepted,
		"rejected", r.Counts.Rejected, "duplicates", r.Counts.Duplicates, "users", r.Counts.Users}
	if r.File.Status == app.FileFailed {
		w.log.Warn("a file was refused", "file", r.File.ID, "name", r.File.Name, "error", r.File.Error)
		return
	}
	w.log.Info("imported", attrs...)
}

// snapshot keeps the snapshot of the base young, so that the console always has one.
func (w *work) snapshot(ctx context.Context) error {
	status, err := w.base.app.Status(ctx)
	if err != nil || status.Users == 0 {
		return err
	}
	due, err := w.base.app.SnapshotDue(ctx)
	if err != nil || !due {
		return err
	}
	s, err := w.base.app.TakeSnapshot(ctx, nil)
	if err == nil {
		w.log.Info("made a snapshot", "generation", s.Generation, "users", s.Users, "rows", s.Rows, "shards", s.Shards)
		err = w.compact(ctx)
	}
	return err
}

// compact merges files of kept events when enough came since it was last done: it is looked for with each snapshot, once a day.
func (w *work) compact(ctx context.Context) error {
	due, err := w.base.app.CompactionDue(ctx)
	if err != nil || !due {
		return err
	}
	r, err := w.base.app.Compact(ctx, false, nil)
	if fault.Is(err, fault.Conflict) {
		return nil // an import is half done: with the next snapshot
	}
	if err == nil {
		w.log.Info("merged files of kept events", "before", r.Before, "after", r.After, "rows", r.Rows)
	}
	return err
}

func (w *work) send(ctx context.Context) error {
	r, err := w.base.app.Deliver(ctx)
	if r.Sent+r.Suppressed+r.Unknown > 0 {
		w.log.Info("delivered", "sent", r.Sent, "suppressed", r.Suppressed, "unknown", r.Unknown, "held", r.Held)
	}
	return err
}

// sweeper evaluates who is due once an hour, and after a start: an earlier process may have missed hours. A held clock moves nobody.
type sweeper struct {
	base *base
	last int64 // hours since 1970; 0: none yet
	// expired is the day on which what was kept long enough was last removed.
	expired int64
}

func (s *sweeper) run(ctx context.Context, w *work) error {
	status, err := s.base.app.Status(ctx)
	if err != nil {
		return err
	}
	hour := status.Clock.Now / time.Hour.Milliseconds()
	if status.Clock.Pinned || status.Users == 0 || hour == s.last {
		return nil
	}
	report, err := s.base.app.Sweep(ctx, nil)
	if err != nil {
		return err
	}
	if day := hour / 24; day != s.expired {
		expired, err := s.base.app.Expire(ctx)
		if err != nil {
			return err
		}
		s.expired = day
		if expired.Uploads+expired.Rejects > 0 {
			w.log.Info("removed what was kept long enough", "event files", expired.Uploads, "quarantined lines", expired.Rejects)
		}
	}
	s.last = hour
	w.log.Info("swept", "users", report.Users, "changed", report.Changed, "messages", report.Intents, "everyone", report.Everyone)
	nudge(w.deliver)
	return nil
}
