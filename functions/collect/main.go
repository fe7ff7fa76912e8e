// Command collect is the Lambda function that writes the events of API calls into files of the bucket: the API sends them to a queue,
// and a schedule invokes this function every minute.
package main

import (
	"context"
	"log/slog"
	"os"

	"github.com/aws/aws-lambda-go/lambda"

	"github.com/weir-engine/weir/infra/aws"
	"github.com/weir-engine/weir/shared/fault"
)

// apiEvents is the environment variable with the address of the queue.
const apiEvents = "WEIR_API_EVENTS_QUEUE"

func main() {
	log := slog.New(slog.NewJSONHandler(os.Stdout, nil))
	inbox, err := aws.OpenInbox(os.Getenv(apiEvents))
	if err != nil {
		log.Error("the function cannot start", "error", err)
		os.Exit(1)
	}
	lambda.Start(func(ctx context.Context) (sum aws.Collected, err error) {
		ctx, cancel := aws.Bounded(ctx)
		defer cancel()
		err = fault.Do(func() error { sum, err = inbox.Collect(ctx); return err })
		if err != nil {
			log.Error("events stay in the queue", "error", err)
		}
		if sum.Messages > 0 {
			log.Info("collected", "messages", sum.Messages, "events", sum.Events, "files", sum.Files, "bad", sum.Bad)
		}
		return sum, err
	})
}
