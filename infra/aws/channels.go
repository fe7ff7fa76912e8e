package aws

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/weir-engine/weir/infra/disk"
	"github.com/weir-engine/weir/shared/app"
	"github.com/weir-engine/weir/shared/fault"
	"github.com/weir-engine/weir/shared/strategy"
)

// Channels returns the channels of the environment.
func Channels(m MailSettings) (map[string]app.Channel, error) {
	e, err := ReadEnvironment()
	if err != nil {
		return nil, err
	}
	c, err := settings()
	if err != nil {
		return nil, err
	}
	outbox := NewOutbox(bucketClient(c, e.PathStyle), e.Bucket, e.Workspace)
	email, err := m.channel(outbox)
	if err != nil {
		return nil, err
	}
	return map[string]app.Channel{strategy.ChannelOutbox: outbox, strategy.ChannelEmail: email}, nil
}

// Outbox implements app.Channel: one object a message, named by its id.
type Outbox struct {
	bucket *bucket
	prefix string
}

// NewOutbox returns the outbox of a workspace; "" is "main".
func NewOutbox(objects Bucket, name, workspace string) *Outbox {
	return &Outbox{bucket: &bucket{s3: objects, name: name}, prefix: "outbox/" + orMain(workspace) + "/"}
}

// letterName is the object of a message, without its folder.
func letterName(id string) string { return disk.SafeName(id) + ".json" }

// Send implements app.Channel: an object that is there already stays as it is.
func (o *Outbox) Send(ctx context.Context, m app.Message) error {
	text, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return fault.New(fault.Internal, "the message %s cannot be written", m.ID).Because(err)
	}
	name := aws.String(o.prefix + letterName(m.ID))
	_, err = o.bucket.s3.PutObject(ctx, &s3.PutObjectInput{
		Bucket: &o.bucket.name, Key: name, Body: bytes.NewReader(append(text, '\n')), IfNoneMatch: aws.String("*"),
		ContentType: aws.String("application/json"),
	})
	if statusOf(err) == http.StatusPreconditionFailed {
		return nil
	}
	return o.bucket.fault(err, "write the message %s", m.ID)
}

// Idempotent implements app.Channel.
func (o *Outbox) Idempotent() bool { return true }
