package aws

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"github.com/weir-engine/weir/shared/app"
	"github.com/weir-engine/weir/shared/fault"
)

// Functions is what is used of Lambda.
type Functions interface {
	// Invoke hands an event to a function, which gets it when it can.
	Invoke(ctx context.Context, name string, event []byte) error
}

// JobEvent is what the function that runs jobs is invoked with.
type JobEvent struct {
	Job string `json:"job"` // its id
}

// workers implements app.Queue by asynchronous invocations of a function: Lambda keeps them, repeats those that fail, and bills nothing
// while there are none, where a queue would be polled.
type workers struct {
	functions Functions
	name      string
}

// Send implements app.Queue.
func (w *workers) Send(ctx context.Context, id string) error {
	event, err := json.Marshal(JobEvent{Job: id})
	if err != nil {
		return fault.New(fault.Internal, "the job cannot be written").Because(err)
	}
	return w.functions.Invoke(ctx, w.name, event)
}

// WithWorkers lets a function hand jobs to the function with a name.
func WithWorkers(name string) Part {
	return func(c aws.Config, _ Environment, p *app.Ports) {
		p.Workers = &workers{functions: &lambdaAPI{c: c, client: &http.Client{Timeout: 10 * time.Second}}, name: name}
	}
}

// lambdaAPI is the one operation of Lambda's API that is used. A client of the SDK would add a megabyte for it.
type lambdaAPI struct {
	c      aws.Config
	client *http.Client
}

// address is that of Lambda in the region.
func (l *lambdaAPI) address() string {
	if own := endpoint("LAMBDA"); own != nil {
		return *own
	}
	suffix := "amazonaws.com"
	if strings.HasPrefix(l.c.Region, "cn-") {
		suffix = "amazonaws.com.cn"
	}
	return "https://lambda." + l.c.Region + "." + suffix
}

// Invoke implements Functions.
func (l *lambdaAPI) Invoke(ctx context.Context, name string, event []byte) (err error) {
	for pause := 200 * time.Millisecond; ; pause *= 4 {
		again, err := l.once(ctx, name, event)
		if err == nil || !again || pause > 4*time.Second {
			return err
		}
		timer := time.NewTimer(pause)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return err
		}
	}
}

// once tries once; again says whether another try may help.
func (l *lambdaAPI) once(ctx context.Context, name string, event []byte) (again bool, err error) {
	to := l.address() + "/2015-03-31/functions/" + url.PathEscape(name) + "/invocations"
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, to, bytes.NewReader(event))
	if err != nil {
		return false, fault.New(fault.Internal, "%q is no function", name).Because(err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("X-Amz-Invocation-Type", "Event")
	who, err := l.c.Credentials.Retrieve(ctx)
	if err != nil {
		return false, fault.New(fault.Forbidden, "there are no credentials").Because(err)
	}
	sum := sha256.Sum256(event)
	if err := v4.NewSigner().SignHTTP(ctx, who, r, hex.EncodeToString(sum[:]), "lambda", l.c.Region, time.Now()); err != nil {
		return false, fault.New(fault.Internal, "sign a request").Because(err)
	}
	answer, err := l.client.Do(r)
	if err != nil {
		return true, fault.New(fault.Unavailable, "Lambda cannot be reached").WithHint("repeat it").Because(err)
	}
	defer func() { _ = answer.Body.Close() }()
	text, _ := io.ReadAll(io.LimitReader(answer.Body, 1000)) // for the message alone
	switch {
	case answer.StatusCode < 300:
		return false, nil
	case answer.StatusCode == http.StatusForbidden:
		return false, fault.New(fault.Forbidden, "the function may not invoke %s: %s", name, text).WithHint("give its role lambda:InvokeFunction")
	case answer.StatusCode == http.StatusTooManyRequests || answer.StatusCode >= 500:
		return true, fault.New(fault.Unavailable, "Lambda is busy: %s", text).WithHint("repeat it")
	}
	return false, fault.New(fault.Internal, "invoke %s: %s %s", name, answer.Status, text)
}
