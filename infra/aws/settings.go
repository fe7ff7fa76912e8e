package aws

import (
	"os"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/weir-engine/weir/shared/fault"
)

// settings reads what Lambda tells every function: its region and its credentials, which live as long as the process. The SDK's own
// reader looks in ten more places and makes each program three megabytes larger.
func settings() (aws.Config, error) {
	c := aws.Config{Region: os.Getenv("AWS_REGION")}
	if c.Region == "" {
		c.Region = os.Getenv("AWS_DEFAULT_REGION")
	}
	id, secret := os.Getenv("AWS_ACCESS_KEY_ID"), os.Getenv("AWS_SECRET_ACCESS_KEY")
	if c.Region == "" || id == "" || secret == "" {
		return c, fault.New(fault.Invalid, "AWS_REGION, AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are not all set").
			WithHint("Lambda sets them; elsewhere export them before the program starts")
	}
	c.Credentials = aws.NewCredentialsCache(credentials.NewStaticCredentialsProvider(id, secret, os.Getenv("AWS_SESSION_TOKEN")))
	return c, nil
}

// endpoint is where a service is when it is not at its usual place, as for stand-ins; nil for the usual one.
func endpoint(service string) *string {
	for _, name := range []string{"AWS_ENDPOINT_URL_" + service, "AWS_ENDPOINT_URL"} {
		if url := os.Getenv(name); url != "" {
			return &url
		}
	}
	return nil
}

func tableClient(c aws.Config) *dynamodb.Client {
	return dynamodb.NewFromConfig(c, func(o *dynamodb.Options) { o.BaseEndpoint = endpoint("DYNAMODB") })
}

func bucketClient(c aws.Config, pathStyle bool) *s3.Client {
	return s3.NewFromConfig(c, func(o *s3.Options) { o.UsePathStyle, o.BaseEndpoint = pathStyle, endpoint("S3") })
}

func kmsClient(c aws.Config) *kms.Client {
	return kms.NewFromConfig(c, func(o *kms.Options) { o.BaseEndpoint = endpoint("KMS") })
}
