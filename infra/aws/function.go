package aws

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"log/slog"
	"os"
	"runtime"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/weir-engine/weir/shared/app"
	"github.com/weir-engine/weir/shared/fault"
)

// Environment is what a function is told by its environment variables. template.yaml sets them.
type Environment struct {
	Table     string      // WEIR_TABLE
	Bucket    string      // WEIR_BUCKET
	Workspace string      // WEIR_WORKSPACE
	Key       string      // WEIR_KEY: the key of KMS
	Periods   app.Periods // WEIR_EVENTS_DAYS, WEIR_OLD_VERSIONS_DAYS
	Metrics   bool        // WEIR_METRICS: "true" makes CloudWatch metrics of the figures in the log
	Approval  bool        // WEIR_APPROVAL: "true" demands that another person approves a strategy
	PathStyle bool        // WEIR_S3_PATH_STYLE: "true" for stand-ins of S3
}

// Variables are the names of the environment variables that ReadEnvironment reads.
func Variables() []string {
	return []string{"WEIR_TABLE", "WEIR_BUCKET", "WEIR_WORKSPACE", "WEIR_KEY", "WEIR_EVENTS_DAYS", "WEIR_OLD_VERSIONS_DAYS", "WEIR_METRICS", "WEIR_APPROVAL", "WEIR_S3_PATH_STYLE"}
}

// ReadEnvironment reads the environment of a function.
func ReadEnvironment() (Environment, error) {
	e := Environment{
		Table: os.Getenv("WEIR_TABLE"), Bucket: os.Getenv("WEIR_BUCKET"), Workspace: os.Getenv("WEIR_WORKSPACE"),
		Key:     os.Getenv("WEIR_KEY"),
		Periods: app.Periods{Backups: restoreDays, Versions: days("WEIR_OLD_VERSIONS_DAYS"), Uploads: days("WEIR_EVENTS_DAYS")},
		Metrics: os.Getenv("WEIR_METRICS") == "true", Approval: os.Getenv("WEIR_APPROVAL") == "true", PathStyle: os.Getenv("WEIR_S3_PATH_STYLE") == "true",
	}
	if e.Table == "" || e.Bucket == "" {
		return e, fault.New(fault.Invalid, "WEIR_TABLE and WEIR_BUCKET are not set").WithHint("deploy the functions with template.yaml")
	}
	return e, nil
}

// restoreDays is how far back DynamoDB restores a table.
const restoreDays = 35

// days reads a number of days; 0 for none.
func days(name string) int {
	n, err := strconv.Atoi(os.Getenv(name))
	if err != nil {
		return 0
	}
	return max(n, 0)
}

// Function is a base as a Lambda function works on it.
type Function struct {
	App     *app.App
	Log     *slog.Logger
	Workers app.Queue // that jobs are handed to; nil: none
	Environment

	store   *Store
	meter   *Meter
	metrics *Metrics
}

// Part is a port that some functions have.
type Part func(c aws.Config, e Environment, p *app.Ports)

// OpenFunction opens the base that the environment names, with channels to send by and what else the function needs.
func OpenFunction(ctx context.Context, channels map[string]app.Channel, parts ...Part) (*Function, error) {
	return openFunction(ctx, channels, "", parts...)
}

func openFunction(ctx context.Context, channels map[string]app.Channel, public string, parts ...Part) (*Function, error) {
	f := &Function{Log: slog.New(slog.NewJSONHandler(os.Stdout, nil))}
	var err error
	if f.Environment, err = ReadEnvironment(); err != nil {
		return nil, err
	}
	c, err := settings()
	if err != nil {
		return nil, err
	}
	store, err := Open(ctx, tableClient(c), bucketClient(c, f.PathStyle), kmsClient(c), Config{
		Table: f.Table, Bucket: f.Bucket, Workspace: f.Workspace, Key: f.Key, Periods: f.Periods,
	})
	if err != nil {
		return nil, err
	}
	f.store, f.meter = store, store.Meter()
	f.metrics = &Metrics{Out: os.Stdout, Function: os.Getenv("AWS_LAMBDA_FUNCTION_NAME"), On: f.Metrics}
	holder := make([]byte, 16)
	if _, err := rand.Read(holder); err != nil {
		return nil, fault.New(fault.Internal, "name the process").Because(err)
	}
	clock := func() int64 { return time.Now().UnixMilli() }
	ports := store.Ports(clock, channels)
	for _, part := range parts {
		part(c, f.Environment, &ports)
	}
	f.Workers = ports.Workers
	f.App, err = app.New(ctx, ports, app.Options{Workers: runtime.NumCPU(), Holder: hex.EncodeToString(holder), Public: public, Approval: f.Approval})
	return f, err
}

// OpenSender opens the base that the environment names, with every channel to send by.
func OpenSender(ctx context.Context, m MailSettings) (*Function, error) {
	channels, err := Channels(m)
	if err != nil {
		return nil, err
	}
	return openFunction(ctx, channels, m.Public)
}

// margin is how long before its timeout a function stops, so that it can say how far it came.
const margin = 10 * time.Second

// Bounded returns a context that ends a moment before the function's timeout.
func Bounded(ctx context.Context) (context.Context, context.CancelFunc) {
	end, ok := ctx.Deadline()
	if !ok {
		return ctx, func() {}
	}
	return context.WithDeadline(ctx, end.Add(-min(margin, time.Until(end)/4)))
}
