package main

import (
	"context"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"github.com/weir-engine/weir/infra/aws"
	"github.com/weir-engine/weir/shared/app"
	"github.com/weir-engine/weir/shared/fault"
)

// deliverer is what the function needs of the use cases.
type deliverer interface {
	Deliver(ctx context.Context) (app.DeliverReport, error)
	DeliverThese(ctx context.Context, intents []app.Intent) (app.DeliverReport, error)
}

type handler struct {
	app   deliverer
	begin func(context.Context) *aws.Invocation
}

// handle delivers the pending intents of a batch. The first that fails is reported with everything after it: the stream shows them
// again. An event without records comes from a person: then everything that is pending is looked at, as the sweep does every hour,
// for what was held back until a moment that has come. What the kill switch or the ceiling holds stays pending until then.
func (h *handler) handle(ctx context.Context, batch events.DynamoDBEvent) (events.DynamoDBEventResponse, error) {
	run := h.begin(ctx)
	ctx, cancel := aws.Bounded(ctx)
	defer cancel()
	var total app.DeliverReport
	var out events.DynamoDBEventResponse
	began, oldest := time.Now(), time.Now()
	if len(batch.Records) == 0 {
		report, err := h.deliver(func() (app.DeliverReport, error) { return h.app.Deliver(ctx) })
		run.Log.Info("delivered", "sent", report.Sent, "suppressed", report.Suppressed, "unknown", report.Unknown, "withheld", report.Withheld, "expired", report.Expired, "waiting", report.Waiting, "held", report.Held)
		run.End(aws.Count("Sent", report.Sent), aws.Count("Suppressed", report.Suppressed), aws.Count("Unknown", report.Unknown))
		return out, err
	}
	for _, r := range batch.Records {
		in, ok := aws.PendingIntent(r)
		if !ok {
			continue
		}
		if at := r.Change.ApproximateCreationDateTime.Time; !at.IsZero() && at.Before(oldest) {
			oldest = at
		}
		log := run.Log.With("intent", in.ID, "user", run.User(in.Key), "rule", in.Rule, "strategy", in.Strategy)
		report, err := h.deliver(func() (app.DeliverReport, error) { return h.app.DeliverThese(ctx, []app.Intent{in}) })
		total.Sent += report.Sent
		total.Suppressed += report.Suppressed
		total.Unknown += report.Unknown
		total.Held = total.Held || report.Held
		if err != nil {
			log.Error("a message was not delivered", "code", string(fault.CodeOf(err)), "error", err, "hint", fault.HintOf(err))
			out.BatchItemFailures = []events.DynamoDBBatchItemFailure{{ItemIdentifier: r.Change.SequenceNumber}}
			break
		}
		log.Info("delivered", "sent", report.Sent, "suppressed", report.Suppressed, "unknown", report.Unknown, "withheld", report.Withheld, "expired", report.Expired, "waiting", report.Waiting, "held", report.Held)
	}
	run.End(aws.Count("Sent", total.Sent), aws.Count("Suppressed", total.Suppressed), aws.Count("Unknown", total.Unknown),
		aws.Count("Failed", int64(len(out.BatchItemFailures))), aws.Age("OldestMessage", oldest, began))
	return out, nil
}

// deliver delivers; what breaks it off does not end the function.
func (h *handler) deliver(do func() (app.DeliverReport, error)) (report app.DeliverReport, err error) {
	defer fault.Catch(&err)
	return do()
}
