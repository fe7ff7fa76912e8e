package aws

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/weir-engine/weir/shared/app"
	"github.com/weir-engine/weir/shared/fault"
)

// Messages is what is used of SQS.
type Messages interface {
	SendMessage(context.Context, *sqs.SendMessageInput, ...func(*sqs.Options)) (*sqs.SendMessageOutput, error)
	ReceiveMessage(context.Context, *sqs.ReceiveMessageInput, ...func(*sqs.Options)) (*sqs.ReceiveMessageOutput, error)
	DeleteMessageBatch(context.Context, *sqs.DeleteMessageBatchInput, ...func(*sqs.Options)) (*sqs.DeleteMessageBatchOutput, error)
}

// queue implements app.Queue by a queue of SQS.
type queue struct {
	sqs Messages
	url string
}

// NewQueue returns the queue with an address.
func NewQueue(client Messages, url string) app.Queue { return &queue{sqs: client, url: url} }

// Send implements app.Queue.
func (q *queue) Send(ctx context.Context, message string) error {
	if len(message) == 0 || len(message) > app.QueueBytes {
		return fault.New(fault.TooLarge, "a message has %d bytes, not 1 to %d", len(message), app.QueueBytes)
	}
	_, err := q.sqs.SendMessage(ctx, &sqs.SendMessageInput{QueueUrl: &q.url, MessageBody: &message})
	return cloudFault(err, "the queue", "send a message")
}

func queueClient(c aws.Config) *sqs.Client {
	return sqs.NewFromConfig(c, func(o *sqs.Options) { o.BaseEndpoint = endpoint("SQS") })
}

// WithInbox lets a function send the events that API calls bring to the queue with an address.
func WithInbox(url string) Part {
	return func(c aws.Config, _ Environment, p *app.Ports) { p.Inbox = NewQueue(queueClient(c), url) }
}
