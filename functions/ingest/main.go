// Command ingest is the Lambda function that folds the event files of the bucket into profiles: S3 tells SQS of each file, SQS
// invokes it.
package main

import (
	"context"
	"log/slog"
	"os"

	"github.com/aws/aws-lambda-go/lambda"

	"github.com/weir-engine/weir/infra/aws"
)

func main() {
	f, err := aws.OpenFunction(context.Background(), nil)
	if err != nil {
		slog.Error("the function cannot start", "error", err)
		os.Exit(1)
	}
	lambda.Start((&handler{app: f.App, begin: f.Begin, bucket: f.Bucket, prefix: aws.EventsPrefix(f.Workspace)}).handle)
}
