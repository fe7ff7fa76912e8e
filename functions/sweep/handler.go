package main

import (
	"context"
	"log/slog"

	"github.com/weir-engine/weir/infra/aws"
	"github.com/weir-engine/weir/shared/app"
)

// sweeper is what the function needs of the use cases.
type sweeper interface {
	Sweep(ctx context.Context, progress func(done, total int64)) (app.SweepReport, error)
	Deliver(ctx context.Context) (app.DeliverReport, error)
}

type handler struct {
	app sweeper
	log *slog.Logger
}

// outcome is what an invocation answers.
type outcome struct {
	Sweep   app.SweepReport   `json:"sweep"`
	Deliver app.DeliverReport `json:"deliver"`
}

// handle evaluates everyone, then delivers what is pending. It is safe to repeat.
func (h *handler) handle(ctx context.Context) (o outcome, err error) {
	ctx, cancel := aws.Bounded(ctx)
	defer cancel()
	if o.Sweep, err = h.app.Sweep(ctx, nil); err != nil {
		return o, err
	}
	h.log.Info("swept", "users", o.Sweep.Users, "changed", o.Sweep.Changed, "intents", o.Sweep.Intents)
	if o.Deliver, err = h.app.Deliver(ctx); err != nil {
		return o, err
	}
	h.log.Info("delivered", "sent", o.Deliver.Sent, "suppressed", o.Deliver.Suppressed, "unknown", o.Deliver.Unknown, "held", o.Deliver.Held)
	return o, nil
}
