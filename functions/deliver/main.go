// Command deliver is the Lambda function that sends messages: the table's stream shows it each new pending
// intent.
package main

import (
	"context"
	"log/slog"
	"os"

	"github.com/aws/aws-lambda-go/lambda"

	"github.com/weir-engine/weir/infra/aws"
)

func main() {
	f, err := aws.OpenSender(context.Background(), aws.MailSettings{
		Mode: os.Getenv("WEIR_EMAIL"), From: os.Getenv("WEIR_EMAIL_FROM"), Set: os.Getenv("WEIR_EMAIL_SET"), Public: os.Getenv("WEIR_PUBLIC"),
	})
	if err != nil {
		slog.Error("the function cannot start", "error", err)
		os.Exit(1)
	}
	lambda.Start((&handler{app: f.App, begin: f.Begin}).handle)
}
