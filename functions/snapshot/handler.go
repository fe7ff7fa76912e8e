package main

import (
	"context"
	"log/slog"

	"github.com/weir-engine/weir/infra/aws"
	"github.com/weir-engine/weir/shared/app"
	"github.com/weir-engine/weir/shared/fault"
)

// snapshotter is what the function needs of the use cases.
type snapshotter interface {
	SnapshotDue(ctx context.Context) (bool, error)
	TakeSnapshot(ctx context.Context, progress func(done, total int64)) (app.StoredSnapshot, error)
	CurrentSnapshot(ctx context.Context) (app.StoredSnapshot, error)
	SnapshotAge(ctx context.Context, s app.StoredSnapshot) (int64, error)
	StartCompaction(ctx context.Context) (started bool, err error)
}

type handler struct {
	app   snapshotter
	begin func(context.Context) *aws.Invocation
}

// outcome is what an invocation answers.
type outcome struct {
	Generation string `json:"generation"` // of the current snapshot
	Made       bool   `json:"made"`       // by this invocation
	Age        int64  `json:"age_ms"`     // -1: there is none
}

// handle makes the snapshot where it is due. One that takes longer than an invocation is gone on with by the next. Where the
// snapshot becomes late the sweeps raise the alarm.
func (h *handler) handle(ctx context.Context) (o outcome, err error) {
	run := h.begin(ctx)
	o.Age = -1
	defer func() {
		run.End(aws.Count("SnapshotsMade", made(o)), aws.Metric{Name: "SnapshotAge", Unit: "Milliseconds", Value: float64(max(o.Age, 0))})
	}()
	defer fault.Catch(&err)
	working, cancel := aws.Bounded(ctx)
	defer cancel()
	due, err := h.app.SnapshotDue(working)
	if err == nil && due {
		err = fault.Do(func() error { _, err := h.app.TakeSnapshot(working, nil); return err })
		o.Made = err == nil
	}
	if o.Made { // once a day is often enough
		h.compact(working, run.Log)
	}
	current, failed := h.app.CurrentSnapshot(ctx)
	if failed == nil {
		o.Generation = current.Generation
		o.Age, failed = h.app.SnapshotAge(ctx, current)
	}
	switch {
	case err == nil:
		run.Log.Info("the snapshot is young", "generation", o.Generation, "made", o.Made, "age_ms", o.Age)
		return o, failed
	case failed == nil && o.Age < app.SnapshotLate && fault.Is(err, fault.Unavailable):
		run.Log.Warn("the snapshot is not finished; the next invocation goes on with it", "generation", o.Generation, "age_ms", o.Age, "why", err.Error())
		return o, nil
	}
	run.Log.Error("the snapshot is not made", "generation", o.Generation, "age_ms", o.Age, "error", err)
	return o, err
}

// compact hands a compaction to the function of jobs when enough files came. What goes wrong is tried again with the next snapshot.
func (h *handler) compact(ctx context.Context, log *slog.Logger) {
	started, err := h.app.StartCompaction(ctx)
	if err != nil {
		log.Error("a compaction is due and could not be begun", "error", err)
	}
	if started {
		log.Info("a compaction of the kept events begins")
	}
}

func made(o outcome) int64 {
	if o.Made {
		return 1
	}
	return 0
}
