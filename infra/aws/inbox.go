package aws

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/weir-engine/weir/shared/app"
	"github.com/weir-engine/weir/shared/fault"
)

// Inbox is the queue of events that API calls brought, and the bucket that they become files of.
type Inbox struct {
	uploads app.Uploads
	queue   queue
	log     *slog.Logger
}

// Limits of what is written at once: messages, and bytes of them.
const (
	gatherMessages = 10_000
	gatherBytes    = 16 << 20
)

// OpenInbox opens the inbox with an address, of the base that the environment names.
func OpenInbox(url string) (*Inbox, error) {
	e, err := ReadEnvironment()
	if err != nil {
		return nil, err
	}
	c, err := settings()
	if err != nil {
		return nil, err
	}
	return &Inbox{
		uploads: &uploads{bucket: &bucket{s3: bucketClient(c, e.PathStyle), name: e.Bucket}, prefix: EventsPrefix(e.Workspace)},
		queue:   queue{sqs: queueClient(c), url: url}, log: slog.New(slog.NewJSONHandler(os.Stdout, nil)),
	}, nil
}

// Collected is what Collect did.
type Collected struct {
	Messages int `json:"messages"`
	Events   int `json:"events"`
	Files    int `json:"files"`
	Bad      int `json:"bad"`
}

// Collect writes what is in the queue into files and then removes it, until it has seen the queue empty. Whoever dies in between leaves messages
// that come again. Messages that hold no events stay until the queue gives them up.
func (i *Inbox) Collect(ctx context.Context) (sum Collected, err error) {
	for {
		batch, more, err := i.receive(ctx)
		if err != nil || len(batch) == 0 {
			return sum, err
		}
		messages := make([]app.InboxMessage, 0, len(batch))
		for _, m := range batch {
			sent, _ := strconv.ParseInt(m.Attributes[string(types.MessageSystemAttributeNameSentTimestamp)], 10, 64) // it names the file, nothing more
			messages = append(messages, app.InboxMessage{ID: aws.ToString(m.MessageId), Body: aws.ToString(m.Body), Sent: sent})
		}
		got, err := app.Gather(ctx, i.uploads, messages)
		if err != nil {
			return sum, err
		}
		sum.Messages, sum.Events, sum.Files, sum.Bad = sum.Messages+len(batch), sum.Events+got.Events, sum.Files+len(got.Keys), sum.Bad+len(got.Bad)
		for id, why := range got.Bad {
			i.log.Error("a message was not done", "message", id, "error", why, "hint", fault.HintOf(why))
		}
		if err := i.remove(ctx, batch, got.Bad); err != nil || !more {
			return sum, err
		}
	}
}

// receive takes messages until there are none or enough; then there are more. An empty queue is asked twice, because it answers from some of its servers.
func (i *Inbox) receive(ctx context.Context) (all []types.Message, more bool, err error) {
	bytes, empty := 0, 0
	for empty < 2 {
		if len(all) >= gatherMessages || bytes >= gatherBytes {
			return all, true, nil
		}
		out, err := i.queue.sqs.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{
			QueueUrl: &i.queue.url, MaxNumberOfMessages: 10,
			MessageSystemAttributeNames: []types.MessageSystemAttributeName{types.MessageSystemAttributeNameSentTimestamp},
		})
		if err != nil {
			return nil, false, cloudFault(err, "the queue", "receive messages")
		}
		if len(out.Messages) == 0 {
			empty++
		}
		for _, m := range out.Messages {
			bytes += len(aws.ToString(m.Body))
		}
		all = append(all, out.Messages...)
	}
	return all, false, nil
}

// remove deletes messages that are done.
func (i *Inbox) remove(ctx context.Context, batch []types.Message, bad map[string]error) error {
	var entries []types.DeleteMessageBatchRequestEntry
	flush := func() error {
		if len(entries) == 0 {
			return nil
		}
		out, err := i.queue.sqs.DeleteMessageBatch(ctx, &sqs.DeleteMessageBatchInput{QueueUrl: &i.queue.url, Entries: entries})
		if err == nil && len(out.Failed) > 0 {
			err = errors.New(aws.ToString(out.Failed[0].Message))
		}
		entries = entries[:0]
		return cloudFault(err, "the queue", "remove messages")
	}
	for _, m := range batch {
		if bad[aws.ToString(m.MessageId)] != nil {
			continue
		}
		entries = append(entries, types.DeleteMessageBatchRequestEntry{Id: aws.String(strconv.Itoa(len(entries))), ReceiptHandle: m.ReceiptHandle})
		if len(entries) == 10 {
			if err := flush(); err != nil {
				return err
			}
		}
	}
	return flush()
}
