// Command sweep is the Lambda function that lets time pass: every hour it evaluates who is due, and it sends what no other
// delivery claimed. A schedule invokes it.
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
