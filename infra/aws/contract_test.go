package aws_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/weir-engine/weir/infra/aws"
	"github.com/weir-engine/weir/infra/emulated"
	"github.com/weir-engine/weir/shared/app"
	"github.com/weir-engine/weir/shared/fault"
	"github.com/weir-engine/weir/shared/porttest"
)

var workspaces atomic.Int64

// newBase returns an empty workspace: the tests of a package share the stand-ins.
func newBase(t *testing.T) aws.Config {
	t.Helper()
	return aws.Config{
		Table: emulated.Name, Bucket: emulated.Name, Workspace: fmt.Sprint("w", workspaces.Add(1)), Key: emulated.KeyARN, Scratch: t.TempDir(),
	}
}

func open(t *testing.T, s *emulated.Services, c aws.Config) app.Ports {
	t.Helper()
	store, err := aws.Open(context.Background(), under(t, s.DynamoDB), s.S3, s.KMS, c)
	if err != nil {
		t.Fatal(err)
	}
	return store.Ports(func() int64 { return 1_700_000_000_000 }, nil)
}

// each runs a test over each stand-in of DynamoDB that is installed. DynamoDB Local is the reference.
func each(t *testing.T, do func(t *testing.T, s *emulated.Services)) {
	for name, fast := range map[string]bool{"dynamodb-local": false, "dynoxide": true} {
		t.Run(name, func(t *testing.T) {
			s, err := emulated.Start(context.Background(), t.TempDir(), fast)
			if fault.Is(err, fault.NotFound) {
				t.Skip(err, fault.HintOf(err))
			}
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(s.Close)
			do(t, s)
		})
	}
}

func TestContract(t *testing.T) {
	each(t, func(t *testing.T, s *emulated.Services) {
		porttest.Run(t, func(t *testing.T) app.Ports { return open(t, s, newBase(t)) })
		porttest.RunReopen(t, func(t *testing.T) (app.Ports, func() app.Ports) {
			c := newBase(t)
			return open(t, s, c), func() app.Ports { return open(t, s, c) }
		})
	})
}
