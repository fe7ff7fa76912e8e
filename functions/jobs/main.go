// Command jobs is the Lambda function that does what takes longer than a request: publications, fits, backtests, snapshots. The API
// invokes it with the id of a job; what is not done when the function's time ends it hands to its next invocation.
package main

import (
	"context"
	"log/slog"
	"os"

	"github.com/aws/aws-lambda-go/lambda"

	"github.com/weir-engine/weir/infra/aws"
)

func main() {
	f, err := aws.OpenFunction(context.Background(), nil, aws.WithWorkers(os.Getenv("AWS_LAMBDA_FUNCTION_NAME")))
	if err != nil {
		slog.Error("the function cannot start", "error", err)
		os.Exit(1)
	}
	lambda.Start((&handler{app: f.App, hand: f.Workers, begin: f.Begin}).handle)
}
