// Command snapshot is the Lambda function that keeps the snapshot of the base young: columns for what-ifs, and the lists of who is due.
// A schedule invokes it every hour; it makes a snapshot a day, and goes on with one that an invocation did not finish.
package main

import (
	"context"
	"log/slog"
	"os"

	"github.com/aws/aws-lambda-go/lambda"

	"github.com/weir-engine/weir/infra/aws"
)

// jobsFunction is the environment variable with the name of the function that compactions are handed to.
const jobsFunction = "WEIR_JOBS_FUNCTION"

func main() {
	f, err := aws.OpenFunction(context.Background(), nil, aws.WithWorkers(os.Getenv(jobsFunction)))
	if err != nil {
		slog.Error("the function cannot start", "error", err)
		os.Exit(1)
	}
	lambda.Start((&handler{app: f.App, begin: f.Begin}).handle)
}
