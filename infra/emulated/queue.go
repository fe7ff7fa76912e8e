package emulated

import (
	"cmp"
	"crypto/md5"
	"encoding/hex"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/aws/aws-lambda-go/events"
)

// Queue is a standard queue of SQS as far as functions notice: messages that were received are invisible for a while and come
// again unless they are deleted, each receipt is counted, and what was received too often moves to the dead letters. The order of
// messages is that of their arrival, which SQS does not promise.
type Queue struct {
	Name        string
	Visibility  time.Duration // how long a received message stays invisible
	MaxReceives int           // receipts before a message moves to DeadLetters; 0: no limit
	DeadLetters *Queue

	mu       sync.Mutex
	messages []*message
	numbers  int
	changed  chan struct{} // closed, and made anew, with every change
}

type message struct {
	number   int
	id, body string
	source   *Queue // that gave it up; nil: none did
	sent     time.Time
	first    time.Time // first receipt
	receives int
	receipt  string
	visible  time.Time
}

// NewQueue returns an empty queue.
func NewQueue(name string) *Queue {
	return &Queue{Name: name, Visibility: 30 * time.Second, changed: make(chan struct{})}
}

// Send adds a message and returns its id.
func (q *Queue) Send(body string) string {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.numbers++
	m := &message{number: q.numbers, id: requestID(), body: body, sent: time.Now()}
	q.messages = append(q.messages, m)
	q.notify()
	return m.id
}

// take adds a message of another queue, with its id; from is the queue that gave it up, nil when it comes back.
func (q *Queue) take(m *message, from *Queue) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.numbers++
	q.messages = append(q.messages, &message{number: q.numbers, id: m.id, body: m.body, sent: m.sent, source: from})
	q.notify()
}

func (q *Queue) notify() {
	close(q.changed)
	q.changed = make(chan struct{})
}

// Receive returns up to n visible messages, as a function gets them, and makes them invisible.
func (q *Queue) Receive(n int) (out []events.SQSMessage) {
	q.mu.Lock()
	defer q.mu.Unlock()
	now := time.Now()
	var dead []*message
	for _, m := range q.messages {
		if len(out) == n {
			break
		}
		if now.Before(m.visible) {
			continue
		}
		if q.MaxReceives > 0 && q.DeadLetters != nil && m.receives >= q.MaxReceives {
			dead = append(dead, m)
			continue
		}
		if m.receives++; m.receives == 1 {
			m.first = now
		}
		m.receipt, m.visible = requestID(), now.Add(q.Visibility)
		out = append(out, q.event(m))
	}
	if len(dead) > 0 {
		q.messages = slices.DeleteFunc(q.messages, func(m *message) bool { return slices.Contains(dead, m) })
		for _, m := range dead {
			q.DeadLetters.take(m, q)
		}
	}
	if len(out)+len(dead) > 0 {
		q.notify()
	}
	return out
}

func (q *Queue) event(m *message) events.SQSMessage {
	sum := md5.Sum([]byte(m.body)) // the field of the wire format, no protection
	return events.SQSMessage{
		MessageId: m.id, ReceiptHandle: m.receipt, Body: m.body, Md5OfBody: hex.EncodeToString(sum[:]),
		EventSource: "aws:sqs", EventSourceARN: queueARN(q.Name), AWSRegion: region,
		MessageAttributes: map[string]events.SQSMessageAttribute{},
		Attributes: map[string]string{
			"ApproximateReceiveCount":          strconv.Itoa(m.receives),
			"SentTimestamp":                    strconv.FormatInt(m.sent.UnixMilli(), 10),
			"ApproximateFirstReceiveTimestamp": strconv.FormatInt(m.first.UnixMilli(), 10),
			"SenderId":                         "000000000000",
		},
	}
}

// Delete removes a received message; false when its receipt is not the latest.
func (q *Queue) Delete(receipt string) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	at := slices.IndexFunc(q.messages, func(m *message) bool { return m.receipt == receipt && receipt != "" })
	if at < 0 {
		return false
	}
	q.messages = slices.Delete(q.messages, at, at+1)
	q.notify()
	return true
}

// Hide makes a received message visible again after a while; false when its receipt is not the latest.
func (q *Queue) Hide(receipt string, d time.Duration) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	at := slices.IndexFunc(q.messages, func(m *message) bool { return m.receipt == receipt && receipt != "" })
	if at < 0 {
		return false
	}
	q.messages[at].visible = time.Now().Add(d)
	q.notify()
	return true
}

// Len returns how many messages are in the queue, visible or not.
func (q *Queue) Len() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.messages)
}

// Bodies returns the messages of the queue in the order of their arrival, without receiving them.
func (q *Queue) Bodies() (all []string) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, m := range q.messages {
		all = append(all, m.body)
	}
	return all
}

// Redrive moves the messages that a queue gave up back to it, for a new round of receipts, and returns how many there were.
func (q *Queue) Redrive(to *Queue) int {
	q.mu.Lock()
	var moved []*message
	q.messages = slices.DeleteFunc(q.messages, func(m *message) bool {
		if m.source != to {
			return false
		}
		moved = append(moved, m)
		return true
	})
	q.notify()
	q.mu.Unlock()
	slices.SortFunc(moved, func(a, b *message) int { return cmp.Compare(a.number, b.number) })
	for _, m := range moved {
		to.take(m, nil)
	}
	return len(moved)
}

// wait returns a channel that is closed with the next change, and when the next invisible message becomes visible; zero: none will.
func (q *Queue) wait() (changed <-chan struct{}, next time.Time) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, m := range q.messages {
		if next.IsZero() || m.visible.Before(next) {
			next = m.visible
		}
	}
	return q.changed, next
}

// region is that of the emulated services.
const region = "us-east-1"

func queueARN(name string) string { return "arn:aws:sqs:" + region + ":000000000000:" + name }
