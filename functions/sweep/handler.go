package main

import (
	"context"

	"github.com/weir-engine/weir/infra/aws"
	"github.com/weir-engine/weir/shared/app"
	"github.com/weir-engine/weir/shared/fault"
)

// sweeper is what the function needs of the use cases.
type sweeper interface {
	Sweep(ctx context.Context, progress func(done, total int64)) (app.SweepReport, error)
	Deliver(ctx context.Context) (app.DeliverReport, error)
}

type handler struct {
	app   sweeper
	begin func(context.Context) *aws.Invocation
}

// outcome is what an invocation answers.
type outcome struct {
	Sweep   app.SweepReport   `json:"sweep"`
	Deliver app.DeliverReport `json:"deliver"`
}

// handle evaluates who is due, then delivers what is pending. It is safe to repeat. When all is done and the snapshot is late it fails: an
// alarm counts failures.
func (h *handler) handle(ctx context.Context) (o outcome, err error) {
	run := h.begin(ctx)
	defer func() {
		run.End(aws.Count("Users", o.Sweep.Users), aws.Count("Changed", o.Sweep.Changed), aws.Count("Intents", o.Sweep.Intents),
			aws.Count("Everyone", everyone(o.Sweep)), aws.Metric{Name: "SnapshotAge", Unit: "Milliseconds", Value: float64(max(o.Sweep.Snapshot, 0))},
			aws.Count("Sent", o.Deliver.Sent), aws.Count("Suppressed", o.Deliver.Suppressed), aws.Count("Unknown", o.Deliver.Unknown))
	}()
	defer fault.Catch(&err)
	ctx, cancel := aws.Bounded(ctx)
	defer cancel()
	if o.Sweep, err = h.app.Sweep(ctx, nil); err != nil {
		return o, err
	}
	run.Log.Info("swept", "users", o.Sweep.Users, "changed", o.Sweep.Changed, "intents", o.Sweep.Intents, "everyone", o.Sweep.Everyone)
	if o.Deliver, err = h.app.Deliver(ctx); err != nil {
		return o, err
	}
	run.Log.Info("delivered", "sent", o.Deliver.Sent, "suppressed", o.Deliver.Suppressed, "unknown", o.Deliver.Unknown, "held", o.Deliver.Held)
	if o.Sweep.Everyone == app.EveryoneSnapshot {
		run.Log.Warn("everyone was evaluated, because the snapshot is late", "age_ms", o.Sweep.Snapshot)
		return o, fault.New(fault.Unavailable, "the snapshot of the base is late").WithHint("look at the log of the function snapshot")
	}
	return o, nil
}

// everyone counts the sweeps that evaluated everyone.
func everyone(r app.SweepReport) int64 {
	if r.Everyone != "" {
		return 1
	}
	return 0
}
