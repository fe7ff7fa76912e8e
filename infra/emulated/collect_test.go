package emulated

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sqs"

	weiraws "github.com/weir-engine/weir/infra/aws"
	"github.com/weir-engine/weir/shared/app"
	"github.com/weir-engine/weir/shared/fault"
)

// ask sends a request to the HTTP API as a person with a role.
func (c *cloud) ask(t *testing.T, role, method, path, body string) (status int, answer string) {
	t.Helper()
	token, err := c.Token(role, []string{role}, nil)
	must(t, err)
	r, err := http.NewRequestWithContext(t.Context(), method, c.API+path, strings.NewReader(body))
	must(t, err)
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Authorization", "Bearer "+token)
	response, err := http.DefaultClient.Do(r)
	must(t, err)
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	must(t, err)
	return response.StatusCode, string(text)
}

// collect lets a minute pass for the events of API calls.
func (c *cloud) collect() error {
	_, err := c.Functions["CollectFunction"].Invoke(context.Background(), []byte(`{}`))
	return err
}

// Events that the API has taken are in the queue, become one file, and are folded once: whatever becomes of the collector.
func TestEventsThroughTheQueue(t *testing.T) {
	var puts, deletes atomic.Int64
	var stack atomic.Pointer[Stack]
	kill := func(c Call) bool { return stack.Load().Functions[c.Function].Kill() > 0 }
	c := openCloud(t, Options{Fast: true, RetryAfter: &atOnce, Taps: &Taps{
		Before: func(c Call) *Answer {
			if c.Function != "CollectFunction" || stack.Load() == nil {
				return nil
			}
			switch {
			case c.Service == "s3" && strings.HasPrefix(c.Operation, "PUT") && puts.Add(1) == 1 && kill(c): // before anything is written
				return &Answer{}
			case c.Operation == "DeleteMessageBatch" && deletes.Add(1) <= 2 && kill(c): // when the file is there
				return &Answer{}
			}
			return nil
		},
	}})
	if c.API == "" || c.Functions["CollectFunction"] == nil {
		t.Skip("the functions are not built")
	}
	stack.Store(c.Stack)
	queue := c.Queues["ApiEventsQueue"]
	if queue.Visibility != 180*time.Second {
		t.Errorf("messages of killed collectors come back after %s", queue.Visibility)
	}
	queue.Visibility = 300 * time.Millisecond

	const calls, batch = 12, 40
	for i := range calls {
		at := time.Now().UTC().Format(time.RFC3339Nano)
		status, answer := c.ask(t, "editor", "POST", "/v1/track", fmt.Sprintf(`{"userId":"u%d","event":"Opened","messageId":"t%d","timestamp":%q}`, i%5, i, at))
		if status != http.StatusAccepted {
			t.Fatal(status, answer)
		}
	}
	var events []string
	for i := range batch {
		events = append(events, fmt.Sprintf(`{"type":"track","userId":"u%d","event":"Opened","messageId":"b%d"}`, i%5, i))
	}
	if status, answer := c.ask(t, "editor", "POST", "/v1/batch", `{"batch":[`+strings.Join(events, ",")+`]}`); status != http.StatusAccepted {
		t.Fatal(status, answer)
	}
	if n := queue.Len(); n != calls+1 {
		t.Errorf("%d messages wait", n)
	}
	for path, body := range map[string]string{
		"/v1/track": `{"userId":"u1"}`, "/v1/identify": `[]`, "/v1/page": `{"type":"track","userId":"u"}`, "/v1/batch": `{"batch":[]}`,
	} {
		if status, answer := c.ask(t, "editor", "POST", path, body); status != http.StatusBadRequest {
			t.Errorf("%s: %d %s", path, status, answer)
		}
	}
	if n := queue.Len(); n != calls+1 {
		t.Errorf("%d messages wait: what was refused is queued", n)
	}

	failed := 0
	c.until(t, "everything is collected", func() bool {
		if c.collect() != nil {
			failed++
		}
		return queue.Len() == 0
	})
	if failed != 3 {
		t.Errorf("the collector died %d times, not 3", failed)
	}
	c.until(t, "the events are folded", func() bool {
		n, err := c.ports.Profiles.Count(t.Context())
		return err == nil && n == 5 && c.Queues["EventsQueue"].Len() == 0
	})
	c.settle(t)
	ups, err := c.ports.Uploads.List(t.Context(), "api-")
	must(t, err)
	if len(ups) != 1 {
		t.Errorf("the events stand in %d files: %v", len(ups), ups)
	}
	files, err := c.ports.Ledger.Files(t.Context(), "", 100)
	must(t, err)
	sum := app.Counts{}
	for _, f := range files {
		sum.Accepted += f.Counts.Accepted
		sum.Rejected += f.Counts.Rejected
	}
	if sum.Accepted != calls+batch || sum.Rejected != 0 {
		t.Errorf("%d events were folded, %d refused; %d were sent", sum.Accepted, sum.Rejected, calls+batch)
	}
}

// Messages that come in other company make another file, whose events are known.
func TestRegroupedEvents(t *testing.T) {
	c := openCloud(t, Options{Fast: true, RetryAfter: &atOnce})
	if c.API == "" || c.Functions["CollectFunction"] == nil {
		t.Skip("the functions are not built")
	}
	queue := c.Queues["ApiEventsQueue"]
	send := func(id string) {
		status, answer := c.ask(t, "editor", "POST", "/v1/track", `{"userId":"u","event":"Opened","messageId":"`+id+`"}`)
		if status != http.StatusAccepted {
			t.Fatal(status, answer)
		}
	}
	send("one")
	again := queue.Bodies()[0]
	must(t, c.collect())
	queue.Send(again) // as if the collector had died before it removed the message
	send("two")
	must(t, c.collect())
	queue.Send("this is no event") // nobody but the API sends here
	must(t, c.collect())
	if queue.Len() != 1 {
		t.Errorf("%d messages are left", queue.Len())
	}
	queue.Visibility, queue.MaxReceives = 0, 1
	if queue.Receive(10); c.Queues["EventsDeadLetters"].Len() != 0 { // still invisible
		t.Error("a message is given up while somebody works on it")
	}
	if !queue.Hide(queue.messages[0].receipt, 0) || len(queue.Receive(10)) != 0 || c.Queues["EventsDeadLetters"].Len() != 1 {
		t.Error("what holds no events does not become a dead letter")
	}
	c.settle(t)
	files, err := c.ports.Ledger.Files(t.Context(), "", 100)
	must(t, err)
	accepted, duplicates := int64(0), int64(0)
	for _, f := range files {
		accepted, duplicates = accepted+f.Counts.Accepted, duplicates+f.Counts.Duplicates
	}
	if accepted != 2 || duplicates != 1 {
		t.Errorf("%d accepted, %d duplicates", accepted, duplicates)
	}
}

// The queue of a function's adapter as SQS answers it.
func TestQueueAdapter(t *testing.T) {
	s := openStack(t, Options{Fast: true})
	client := sqs.NewFromConfig(Config(), func(o *sqs.Options) { o.BaseEndpoint = &s.URL })
	q := weiraws.NewQueue(client, "https://sqs.us-east-1.amazonaws.com/000000000000/ApiEventsQueue")
	must(t, q.Send(t.Context(), "hello"))
	must(t, q.Send(t.Context(), strings.Repeat("x", app.QueueBytes)))
	if got := s.Queues["ApiEventsQueue"].Bodies(); len(got) != 2 || got[0] != "hello" {
		t.Errorf("%d messages", len(got))
	}
	for name, bad := range map[string]string{"empty": "", "too long": strings.Repeat("x", app.QueueBytes+1)} {
		if err := q.Send(t.Context(), bad); !fault.Is(err, fault.TooLarge) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := weiraws.NewQueue(client, "x/NoQueue").Send(t.Context(), "x"); err == nil {
		t.Error("a queue that is not there takes messages")
	}
}
