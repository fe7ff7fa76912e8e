package emulated

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambdacontext"
)

// TestMain makes the test's own program a function when the host starts it as one.
func TestMain(m *testing.M) {
	if os.Getenv("WEIR_TEST_FUNCTION") == "" {
		os.Exit(Alone(m.Run))
	}
	if os.Getenv("WEIR_TEST_FUNCTION") == "broken" {
		os.Exit(3)
	}
	calls := 0
	lambda.Start(func(ctx context.Context, in map[string]string) (map[string]any, error) {
		calls++
		switch in["do"] {
		case "panic":
			panic("on purpose")
		case "exit":
			os.Exit(7)
		case "hang":
			select {}
		case "fail":
			return nil, errors.New("it failed")
		}
		deadline, _ := ctx.Deadline()
		lc, _ := lambdacontext.FromContext(ctx)
		return map[string]any{
			"calls": calls, "left": time.Until(deadline).Seconds(), "request": lc.AwsRequestID, "arn": lc.InvokedFunctionArn,
			"home": os.Getenv("HOME"), "own": os.Getenv("OWN"), "tmp": os.TempDir(),
		}, nil
	})
}

func hosted(t *testing.T, kind string, timeout time.Duration, concurrency int) *Function {
	t.Helper()
	program, err := os.Executable()
	must(t, err)
	f, err := NewFunction(FunctionConfig{
		Name: "TestFunction", Program: program, Timeout: timeout, Concurrency: concurrency,
		Environment: map[string]string{"WEIR_TEST_FUNCTION": kind, "OWN": "mine"},
	})
	must(t, err)
	t.Cleanup(f.Close)
	return f
}

type echo struct {
	Calls                        int
	Left                         float64
	Request, Arn, Home, Own, Tmp string
}

func ask(t *testing.T, f *Function, do string) (e echo, err error) {
	t.Helper()
	answer, err := f.Invoke(context.Background(), []byte(`{"do":"`+do+`"}`))
	if err == nil {
		must(t, json.Unmarshal(answer, &e))
	}
	return e, err
}

func TestHostKeepsProcesses(t *testing.T) {
	var reports []Report
	f := hosted(t, "yes", time.Minute, 1)
	f.Report = func(r Report) { reports = append(reports, r) }
	first, err := ask(t, f, "")
	must(t, err)
	second, err := ask(t, f, "")
	must(t, err)
	if first.Calls != 1 || second.Calls != 2 || first.Request == second.Request || first.Arn != functionARN("TestFunction") {
		t.Errorf("%+v, then %+v", first, second)
	}
	if first.Left <= 0 || first.Left > 60 {
		t.Errorf("%g seconds are left of 60", first.Left)
	}
	if first.Home != "" || first.Own != "mine" || first.Tmp == os.Getenv("TMPDIR") {
		t.Errorf("the environment of the function is %+v", first)
	}
	if len(reports) != 2 || !reports[0].Cold || reports[0].Init <= 0 || reports[1].Cold || reports[1].Duration <= 0 {
		t.Errorf("reports %+v", reports)
	}
	if f.Close(); true {
		if _, err := os.Stat(first.Tmp); err == nil {
			t.Errorf("the scratch folder %s is left", first.Tmp)
		}
	}
	if _, err := ask(t, f, ""); err == nil {
		t.Error("a closed function answers")
	}
}

func TestHostReplacesProcesses(t *testing.T) {
	for _, test := range []struct {
		do, kind, says string
		calls          int // the process has had when it is asked again
	}{
		{"panic", "string", "on purpose", 1},
		{"exit", "Runtime.ExitError", "exit status 7", 1},
		{"fail", "errorString", "it failed", 2},
	} {
		f := hosted(t, "yes", time.Minute, 0)
		_, err := ask(t, f, test.do)
		own := asFunctionError(err)
		if own == nil || own.Type != test.kind || !strings.Contains(own.Message, test.says) {
			t.Errorf("%s: %v", test.do, err)
		}
		e, err := ask(t, f, "")
		if err != nil || e.Calls != test.calls {
			t.Errorf("after %s: call %d, %v", test.do, e.Calls, err)
		}
	}
	f := hosted(t, "yes", 200*time.Millisecond, 0)
	if _, err := ask(t, f, "hang"); !IsTimeout(err) {
		t.Errorf("a function that hangs: %v", err)
	}
	if n := f.Kill(); n != 0 {
		t.Errorf("%d processes outlive their timeout", n)
	}
	if _, err := ask(t, hosted(t, "broken", time.Minute, 0), ""); err == nil || !strings.Contains(err.Error(), "exit status 3") {
		t.Errorf("a function that cannot start: %v", err)
	}
}

// TestHostLimitsConcurrency asks a function at the same time from many sides.
func TestHostLimitsConcurrency(t *testing.T) {
	f := hosted(t, "yes", time.Minute, 2)
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			if _, err := f.Invoke(context.Background(), []byte(`{}`)); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	if f.numbers > 2 {
		t.Errorf("%d processes were started", f.numbers)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	f.slots <- struct{}{}
	f.slots <- struct{}{}
	if _, err := f.Invoke(ctx, nil); err == nil {
		t.Error("a call found a third process")
	}
}
