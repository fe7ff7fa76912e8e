package aws

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync/atomic"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/weir-engine/weir/infra/emulated"
	"github.com/weir-engine/weir/shared/app"
	"github.com/weir-engine/weir/shared/fault"
	"github.com/weir-engine/weir/shared/porttest"
)

var ctx = context.Background()

// services are the stand-ins that the tests of this package share: every test has a workspace of its own.
var services struct {
	table  *dynamodb.Client
	fast   *dynamodb.Client
	bucket *s3.Client
	lack   string // what is not installed
}

const testName = "weir-test"

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "weir-aws-*")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer func() { _ = os.RemoveAll(dir) }()
	stop, err := startServices(dir)
	defer stop()
	if fault.Is(err, fault.NotFound) {
		services.lack = err.Error()
	} else if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return m.Run()
}

func startServices(dir string) (stop func(), err error) {
	var started []*emulated.Server
	stop = func() {
		for _, s := range started {
			_ = s.Close()
		}
	}
	c := aws.Config{Region: "us-east-1", Credentials: credentials.NewStaticCredentialsProvider(emulated.AccessKey, emulated.SecretKey, "")}
	objects, err := emulated.Versity(ctx, dir)
	if err != nil {
		return stop, err
	}
	started = append(started, objects)
	services.bucket = s3.NewFromConfig(c, func(o *s3.Options) { o.BaseEndpoint, o.UsePathStyle = &objects.URL, true })
	if _, err := services.bucket.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: aws.String(testName)}); err != nil {
		return stop, err
	}
	fast, err := emulated.Dynoxide(ctx, dir)
	if err != nil {
		return stop, err
	}
	started = append(started, fast)
	services.fast = dynamodb.NewFromConfig(c, func(o *dynamodb.Options) { o.BaseEndpoint = &fast.URL })
	reference, err := emulated.DynamoDBLocal(ctx)
	if err == nil {
		started = append(started, reference)
		services.table = dynamodb.NewFromConfig(c, func(o *dynamodb.Options) { o.BaseEndpoint = &reference.URL })
	} else if !fault.Is(err, fault.NotFound) {
		return stop, err
	}
	for _, db := range []*dynamodb.Client{services.fast, services.table} {
		if db == nil {
			continue
		}
		if _, e := db.CreateTable(ctx, TableInput(testName)); e != nil {
			return stop, errors.Join(e)
		}
	}
	return stop, err
}

var workspaces atomic.Int64

func newBase(t *testing.T, db Table) Config {
	t.Helper()
	if services.lack != "" && services.fast == nil {
		t.Skip(services.lack)
	}
	return Config{Table: testName, Bucket: testName, Workspace: fmt.Sprint("w", workspaces.Add(1)), Scratch: t.TempDir()}
}

func open(t *testing.T, db Table, c Config) app.Ports {
	t.Helper()
	s, err := Open(ctx, db, services.bucket, c)
	if err != nil {
		t.Fatal(err)
	}
	return s.Ports(func() int64 { return 1_700_000_000_000 }, nil)
}

// tables runs a test over each stand-in of DynamoDB that is installed. DynamoDB Local is the reference.
func tables(t *testing.T, do func(t *testing.T, db Table)) {
	t.Run("dynamodb-local", func(t *testing.T) {
		if services.table == nil {
			t.Skip(services.lack)
		}
		do(t, services.table)
	})
	t.Run("dynoxide", func(t *testing.T) {
		if services.fast == nil {
			t.Skip(services.lack)
		}
		do(t, services.fast)
	})
}

func TestContract(t *testing.T) {
	tables(t, func(t *testing.T, db Table) {
		porttest.Run(t, func(t *testing.T) app.Ports { return open(t, db, newBase(t, db)) })
	})
}

func TestReopen(t *testing.T) {
	tables(t, func(t *testing.T, db Table) {
		porttest.RunReopen(t, func(t *testing.T) (app.Ports, func() app.Ports) {
			c := newBase(t, db)
			return open(t, db, c), func() app.Ports { return open(t, db, c) }
		})
	})
}
