package aws

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/weir-engine/weir/shared/app"
	"github.com/weir-engine/weir/shared/fault"
)

// tickets implements app.Tickets by presigned requests: S3 checks the signature, the length and that nothing is there.
type tickets struct {
	sign interface {
		PresignPutObject(context.Context, *s3.PutObjectInput, ...func(*s3.PresignOptions)) (*v4.PresignedHTTPRequest, error)
		PresignGetObject(context.Context, *s3.GetObjectInput, ...func(*s3.PresignOptions)) (*v4.PresignedHTTPRequest, error)
	}
	bucket string
	prefix string // of event files
	shots  string // of snapshots
	now    func() int64
}

// Ticket implements app.Tickets.
func (t *tickets) Ticket(ctx context.Context, key string, size, until int64) (string, map[string]string, error) {
	if err := app.CheckUploadKey(key); err != nil {
		return "", nil, err
	}
	left := time.Duration(until-t.now()) * time.Millisecond
	if left < time.Second || size < 1 {
		return "", nil, fault.New(fault.Invalid, "a ticket for %d bytes and %s is none", size, left)
	}
	out, err := t.sign.PresignPutObject(ctx, &s3.PutObjectInput{
		Bucket: &t.bucket, Key: aws.String(t.prefix + key), ContentLength: &size, IfNoneMatch: aws.String("*"),
	}, s3.WithPresignExpires(left))
	if err != nil {
		return "", nil, cloudFault(err, "the bucket "+t.bucket, "sign an upload")
	}
	return out.URL, map[string]string{"If-None-Match": "*"}, nil
}

// Fetch implements app.Tickets.
func (t *tickets) Fetch(ctx context.Context, generation, name string, until int64) (string, error) {
	if err := app.CheckSnapshotName(generation, name); err != nil {
		return "", err
	}
	left := time.Duration(until-t.now()) * time.Millisecond
	if left < time.Second {
		return "", fault.New(fault.Invalid, "an address for %s is none", left)
	}
	out, err := t.sign.PresignGetObject(ctx, &s3.GetObjectInput{
		Bucket: &t.bucket, Key: aws.String(t.shots + generation + "/" + name),
		ResponseContentDisposition: aws.String(`attachment; filename="` + generation + "-" + name + `"`),
	}, s3.WithPresignExpires(left))
	if err != nil {
		return "", cloudFault(err, "the bucket "+t.bucket, "sign a download")
	}
	return out.URL, nil
}

// WithTickets lets a function hand out addresses of the bucket that take one event file each, and of files of snapshots.
func WithTickets() Part {
	return func(c aws.Config, e Environment, p *app.Ports) {
		c.RequestChecksumCalculation = aws.RequestChecksumCalculationWhenRequired // the sender's bytes are not known here
		p.Tickets = &tickets{sign: s3.NewPresignClient(bucketClient(c, e.PathStyle)), bucket: e.Bucket, prefix: EventsPrefix(e.Workspace), shots: SnapshotsPrefix(e.Workspace), now: p.Clock}
	}
}
