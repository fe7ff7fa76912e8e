package emulated

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"

	weiraws "github.com/weir-engine/weir/infra/aws"
	"github.com/weir-engine/weir/shared/fault"
)

// Name is that of the table and of the bucket that Start makes.
const Name = "weir"

// Services are running stand-ins with an empty table and an empty bucket.
type Services struct {
	DynamoDB *dynamodb.Client
	S3       *s3.Client
	KMS      *kms.Client
	Tables   string // address of DynamoDB
	Objects  string // address of S3
	Secrets  *Secrets
	Mail     string // address of SES; "" where nothing sends by it
	servers  []*Server
}

// Start starts the stand-ins over a folder: DynamoDB Local as the reference, or with fast Dynoxide. NotFound when one is not
// installed.
func Start(ctx context.Context, dir string, fast bool) (s *Services, err error) {
	return startWith(ctx, dir, fast, "", false)
}

// startWith starts them with an address that is told what happens to objects, and a bucket that keeps their versions or does not.
func startWith(ctx context.Context, dir string, fast bool, events string, versions bool) (s *Services, err error) {
	s = &Services{}
	defer func() {
		if err != nil {
			s.Close()
		}
	}()
	objects, err := Versity(ctx, dir, events, versions)
	if err != nil {
		return nil, err
	}
	s.servers = append(s.servers, objects)
	tables, err := dynamo(ctx, fast)
	if err != nil {
		return nil, err
	}
	s.servers = append(s.servers, tables)
	if s.Secrets, err = KMS(ctx); err != nil {
		return nil, err
	}
	s.KMS = s.Secrets.Client()
	s.Tables, s.Objects = tables.URL, objects.URL
	c := Config()
	s.DynamoDB = dynamodb.NewFromConfig(c, func(o *dynamodb.Options) { o.BaseEndpoint = &s.Tables })
	s.S3 = s3.NewFromConfig(c, func(o *s3.Options) { o.BaseEndpoint, o.UsePathStyle = &s.Objects, true })
	if _, err := s.DynamoDB.CreateTable(ctx, weiraws.TableInput(Name)); err != nil {
		return nil, fault.New(fault.Internal, "make the table").Because(err)
	}
	if _, err := s.S3.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: aws.String(Name)}); err != nil {
		return nil, fault.New(fault.Internal, "make the bucket").Because(err)
	}
	if !versions {
		return s, nil
	}
	if _, err := s.S3.PutBucketVersioning(ctx, &s3.PutBucketVersioningInput{
		Bucket: aws.String(Name), VersioningConfiguration: &s3types.VersioningConfiguration{Status: s3types.BucketVersioningStatusEnabled},
	}); err != nil {
		return nil, fault.New(fault.Internal, "let the bucket keep versions").Because(err)
	}
	return s, nil
}

func dynamo(ctx context.Context, fast bool) (*Server, error) {
	if fast {
		return Dynoxide(ctx)
	}
	return DynamoDBLocal(ctx)
}

// Config is that of a client of the stand-ins.
func Config() aws.Config {
	return aws.Config{Region: "us-east-1", Credentials: credentials.NewStaticCredentialsProvider(AccessKey, SecretKey, "")}
}

// Close ends the stand-ins.
func (s *Services) Close() {
	for _, server := range s.servers {
		server.Close()
	}
	if s.Secrets != nil {
		s.Secrets.Close()
	}
	s.servers = nil
}
