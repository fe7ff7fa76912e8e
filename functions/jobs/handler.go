package main

import (
	"context"
	"time"

	"github.com/weir-engine/weir/infra/aws"
	"github.com/weir-engine/weir/shared/app"
	"github.com/weir-engine/weir/shared/fault"
)

// worker is what the function needs of the use cases.
type worker interface {
	RunJob(ctx context.Context, id string) (done bool, err error)
}

type handler struct {
	app   worker
	hand  app.Queue // to the next invocation
	begin func(context.Context) *aws.Invocation
}

// breath is how long a job that was cut short for another reason than the time rests before it is gone on with.
const breath = 5 * time.Second

// outcome is what an invocation answers.
type outcome struct {
	Job  string `json:"job"`
	Done bool   `json:"done"`
}

// handle works on a job. It is safe to repeat, and beside another invocation of the same job.
func (h *handler) handle(ctx context.Context, in aws.JobEvent) (out outcome, err error) {
	run := h.begin(ctx)
	defer func() { run.End() }()
	defer fault.Catch(&err)
	if in.Job == "" {
		return outcome{}, fault.New(fault.Invalid, "the event names no job").WithHint(`invoke the function with {"job": ID}`)
	}
	bounded, cancel := aws.Bounded(ctx)
	defer cancel()
	done, err := h.app.RunJob(bounded, in.Job)
	out = outcome{Job: in.Job, Done: done}
	if done {
		if err != nil { // it stands in the record, without its cause
			run.Log.Error("a job failed", "job", in.Job, "error", err)
			return out, nil
		}
		run.Log.Info("a job ended", "job", in.Job)
		return out, nil
	}
	if err != nil { // Lambda repeats it
		return out, err
	}
	if bounded.Err() == nil {
		select {
		case <-time.After(breath):
		case <-bounded.Done():
		}
	}
	run.Log.Info("a job goes on in another invocation", "job", in.Job)
	return out, h.hand.Send(context.WithoutCancel(ctx), in.Job)
}
