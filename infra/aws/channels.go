package aws

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/weir-engine/weir/infra/disk"
	"github.com/weir-engine/weir/shared/app"
	"github.com/weir-engine/weir/shared/fault"
	"github.com/weir-engine/weir/shared/strategy"
)

// MailSettings say how e-mail goes out.
type MailSettings struct {
	Mode   string // ses; sandbox, which puts each message into the bucket instead, is the default; off sends nothing and says so
	From   string // the sender: an address of a verified identity, with a name or without
	Set    string // configuration set; "" for the identity's own
	Public string // address at which everybody reaches the API, for links in messages
}

// channel returns the channel that the settings ask for; sandbox stands in for SES.
func (m *MailSettings) channel(sandbox app.Channel) (app.Channel, error) {
	switch m.Mode {
	case "", "sandbox":
		return sandbox, nil
	case "off":
		return app.Closed{Why: "e-mail is switched off (WEIR_EMAIL=off)"}, nil
	case "ses":
		if !strings.Contains(m.From, "@") || strings.ContainsAny(m.From, "\r\n") {
			return nil, fault.New(fault.Invalid, "WEIR_EMAIL is ses and WEIR_EMAIL_FROM names no sender").
				WithHint("set the parameter EmailFrom to an address of a verified identity")
		}
		if !strings.HasPrefix(m.Public, "https://") {
			return nil, fault.New(fault.Invalid, "WEIR_EMAIL is ses and WEIR_PUBLIC is no https address").
				WithHint("links to unsubscribe lead to the address of the API")
		}
		return sesChannel(m)
	}
	return nil, fault.New(fault.Invalid, "WEIR_EMAIL is %q", m.Mode).WithHint("use ses, sandbox or off")
}

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
