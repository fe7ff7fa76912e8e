package emulated

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/aws/aws-lambda-go/events"
)

// queuePoller feeds a function from a queue, as the event source mapping of Lambda does.
type queuePoller struct {
	queue       *Queue
	function    *Function
	batch       int
	concurrency int
	partial     bool           // ReportBatchItemFailures
	retryAfter  *time.Duration // until a failed message is visible again; nil: when its visibility timeout ends
	log         *slog.Logger
}

// run polls until the context ends, and waits for the invocations that run then.
func (p *queuePoller) run(ctx context.Context) {
	var group sync.WaitGroup
	defer group.Wait()
	free := make(chan struct{}, max(p.concurrency, 1))
	for {
		select {
		case free <- struct{}{}:
		case <-ctx.Done():
			return
		}
		batch := p.receive(ctx)
		if batch == nil {
			return
		}
		group.Go(func() {
			p.invoke(ctx, batch)
			<-free
		})
	}
}

// receive waits for messages; nil when the context ended.
func (p *queuePoller) receive(ctx context.Context) []events.SQSMessage {
	for ctx.Err() == nil {
		changed, next := p.queue.wait()
		if batch := p.queue.Receive(max(p.batch, 1)); len(batch) > 0 {
			return batch
		}
		var due <-chan time.Time
		if !next.IsZero() {
			due = time.After(time.Until(next))
		}
		select {
		case <-changed:
		case <-due:
		case <-ctx.Done():
		}
	}
	return nil
}

func (p *queuePoller) invoke(ctx context.Context, batch []events.SQSMessage) {
	failed, err := p.ask(ctx, batch)
	if err != nil {
		p.log.Warn("a batch failed", "queue", p.queue.Name, "function", p.function.Name, "messages", len(batch), "error", err)
	}
	for _, m := range batch {
		switch {
		case err == nil && !failed[m.MessageId]:
			p.queue.Delete(m.ReceiptHandle)
		case p.retryAfter != nil:
			p.queue.Hide(m.ReceiptHandle, *p.retryAfter)
		}
	}
}

// ask invokes the function and returns the messages that it reports as failed.
func (p *queuePoller) ask(ctx context.Context, batch []events.SQSMessage) (map[string]bool, error) {
	body, err := json.Marshal(events.SQSEvent{Records: batch})
	if err != nil {
		return nil, err
	}
	answer, err := p.function.Invoke(ctx, body)
	if err != nil || !p.partial {
		return nil, err
	}
	ids, err := failures(answer)
	if err != nil {
		return nil, err
	}
	failed := map[string]bool{}
	for _, id := range ids {
		if !slices.ContainsFunc(batch, func(m events.SQSMessage) bool { return m.MessageId == id }) {
			return nil, errors.New("the function reports a message that was not in the batch: all of it comes again")
		}
		failed[id] = true
	}
	return failed, nil
}

// failures reads the answer of a function that reports what failed of a batch.
func failures(answer []byte) (ids []string, err error) {
	if len(answer) == 0 || string(answer) == "null" {
		return nil, nil
	}
	var out struct {
		Failures []struct {
			ID string `json:"itemIdentifier"`
		} `json:"batchItemFailures"`
	}
	if err := json.Unmarshal(answer, &out); err != nil {
		return nil, errors.New("the function's answer is no report of failures: all of the batch comes again")
	}
	for _, f := range out.Failures {
		ids = append(ids, f.ID)
	}
	return ids, nil
}
