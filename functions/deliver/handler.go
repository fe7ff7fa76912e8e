package main

import (
	"context"
	"log/slog"

	"github.com/aws/aws-lambda-go/events"

	"github.com/weir-engine/weir/infra/aws"
	"github.com/weir-engine/weir/shared/app"
	"github.com/weir-engine/weir/shared/fault"
)

// deliverer is what the function needs of the use cases.
type deliverer interface {
	DeliverThese(ctx context.Context, intents []app.Intent) (app.DeliverReport, error)
}

type handler struct {
	app deliverer
	log *slog.Logger
}

// handle delivers the pending intents of a batch. The first that fails is reported with everything after it: the stream shows them
// again. What the kill switch or the ceiling holds stays pending until the sweep finds it.
func (h *handler) handle(ctx context.Context, batch events.DynamoDBEvent) (events.DynamoDBEventResponse, error) {
	ctx, cancel := aws.Bounded(ctx)
	defer cancel()
	var total app.DeliverReport
	var out events.DynamoDBEventResponse
	for _, r := range batch.Records {
		in, ok := aws.PendingIntent(r)
		if !ok {
			continue
		}
		report, err := h.app.DeliverThese(ctx, []app.Intent{in})
		total.Sent += report.Sent
		total.Suppressed += report.Suppressed
		total.Unknown += report.Unknown
		total.Held = total.Held || report.Held
		if err != nil {
			h.log.Error("a message was not delivered", "intent", in.ID, "code", string(fault.CodeOf(err)), "error", err, "hint", fault.HintOf(err))
			out.BatchItemFailures = []events.DynamoDBBatchItemFailure{{ItemIdentifier: r.Change.SequenceNumber}}
			break
		}
	}
	h.log.Info("delivered", "sent", total.Sent, "suppressed", total.Suppressed, "unknown", total.Unknown, "held", total.Held)
	return out, nil
}
