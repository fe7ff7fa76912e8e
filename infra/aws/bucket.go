package aws

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/weir-engine/weir/infra/canonical"
	"github.com/weir-engine/weir/infra/disk"
	"github.com/weir-engine/weir/shared/app"
	"github.com/weir-engine/weir/shared/fault"
)

// bucket is the one bucket of a base.
type bucket struct {
	s3   Bucket
	name string
}

// Sizes of requests: a part of an upload, and a block of what is read.
const (
	partBytes  = 8 << 20
	blockBytes = 4 << 20
)

func (b *bucket) fault(err error, format string, args ...any) error {
	doing := fmt.Sprintf(format, args...)
	if err != nil && statusOf(err) == http.StatusNotFound {
		return fault.New(fault.NotFound, "%s", doing).Because(err)
	}
	return cloudFault(err, "the bucket "+b.name, doing)
}

func statusOf(err error) int {
	var response *awshttp.ResponseError
	if errors.As(err, &response) {
		return response.HTTPStatusCode()
	}
	return 0
}

// put writes an object whole or not at all, over whatever is there.
func (b *bucket) put(ctx context.Context, name string, content io.ReadSeeker) error {
	_, err := b.s3.PutObject(ctx, &s3.PutObjectInput{Bucket: &b.name, Key: &name, Body: content})
	return b.fault(err, "write the object %s", name)
}

func (b *bucket) remove(ctx context.Context, name string) error {
	_, err := b.s3.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: &b.name, Key: &name})
	if statusOf(err) == http.StatusNotFound {
		return nil
	}
	return b.fault(err, "remove the object %s", name)
}

// read returns the whole of a small object.
func (b *bucket) read(ctx context.Context, name string) ([]byte, error) {
	out, err := b.s3.GetObject(ctx, &s3.GetObjectInput{Bucket: &b.name, Key: &name})
	if err != nil {
		return nil, b.fault(err, "read the object %s", name)
	}
	defer func() { _ = out.Body.Close() }()
	content, err := io.ReadAll(out.Body)
	return content, b.fault(err, "read the object %s", name)
}

// part returns size bytes of an object from a place on.
func (b *bucket) part(ctx context.Context, name string, at, size int64) ([]byte, error) {
	out, err := b.s3.GetObject(ctx, &s3.GetObjectInput{Bucket: &b.name, Key: &name, Range: aws.String(fmt.Sprintf("bytes=%d-%d", at, at+size-1))})
	if err != nil {
		return nil, b.fault(err, "read the object %s", name)
	}
	defer func() { _ = out.Body.Close() }()
	content := make([]byte, size)
	_, err = io.ReadFull(out.Body, content)
	return content, b.fault(err, "read the object %s", name)
}

// each yields the objects under a prefix by name.
func (b *bucket) each(ctx context.Context, prefix string, do func(types.Object) error) error {
	in := &s3.ListObjectsV2Input{Bucket: &b.name, Prefix: &prefix}
	for {
		out, err := b.s3.ListObjectsV2(ctx, in)
		if err != nil {
			return b.fault(err, "list the objects under %s", prefix)
		}
		for _, o := range out.Contents {
			if err := do(o); err != nil {
				return err
			}
		}
		if !aws.ToBool(out.IsTruncated) {
			return nil
		}
		in.ContinuationToken = out.NextContinuationToken
	}
}

// object reads an object from any place, in blocks that are kept while they are read through.
type object struct {
	b    *bucket
	ctx  context.Context
	name string
	id   *string // its version; nil: the newest
	etag string  // of the content that was opened: another one fails
	size int64

	mu    sync.Mutex
	block []byte
	at    int64
}

func (b *bucket) open(ctx context.Context, name string) (*object, error) {
	return b.openVersion(ctx, name, "")
}

// openVersion opens a version of an object, "" the newest.
func (b *bucket) openVersion(ctx context.Context, name, version string) (*object, error) {
	out, err := b.head(ctx, name, version)
	if err != nil {
		return nil, err
	}
	return &object{b: b, ctx: ctx, name: name, id: versionID(version), etag: aws.ToString(out.ETag), size: aws.ToInt64(out.ContentLength)}, nil
}

func versionID(version string) *string {
	if version == "" {
		return nil
	}
	return &version
}

// head describes a version of an object, "" the newest. A version that no object ever had is not found, too.
func (b *bucket) head(ctx context.Context, name, version string) (*s3.HeadObjectOutput, error) {
	out, err := b.s3.HeadObject(ctx, &s3.HeadObjectInput{Bucket: &b.name, Key: &name, VersionId: versionID(version)})
	if status := statusOf(err); version != "" && (status == http.StatusBadRequest || status == http.StatusMethodNotAllowed) {
		return nil, fault.New(fault.NotFound, "there is no version %s of the object %s", version, name).Because(err)
	}
	return out, b.fault(err, "open the object %s", name)
}

// Size is the object's size in bytes.
func (o *object) Size() int64 { return o.size }

// Close forgets what was read.
func (o *object) Close() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.block = nil
	return nil
}

// ReadAt implements io.ReaderAt.
func (o *object) ReadAt(p []byte, at int64) (n int, err error) {
	if at < 0 {
		return 0, fault.New(fault.Invalid, "%d is no place in an object", at)
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	for n < len(p) {
		place := at + int64(n)
		if place >= o.size {
			return n, io.EOF
		}
		if place < o.at || place >= o.at+int64(len(o.block)) {
			if err := o.load(place, max(int64(len(p)-n), blockBytes)); err != nil {
				return n, err
			}
		}
		n += copy(p[n:], o.block[place-o.at:])
	}
	return n, nil
}

func (o *object) load(at, size int64) error {
	end := min(at+size, o.size)
	out, err := o.b.s3.GetObject(o.ctx, &s3.GetObjectInput{
		Bucket: &o.b.name, Key: &o.name, VersionId: o.id, Range: aws.String(fmt.Sprintf("bytes=%d-%d", at, end-1)), IfMatch: &o.etag,
	})
	if statusOf(err) == http.StatusPreconditionFailed {
		return fault.New(fault.Conflict, "the object %s was replaced while it was read", o.name).WithHint("repeat: the new content is read then").Because(err)
	}
	if err != nil {
		return o.b.fault(err, "read the object %s", o.name)
	}
	defer func() { _ = out.Body.Close() }()
	o.block, o.at = make([]byte, end-at), at
	if _, err := io.ReadFull(out.Body, o.block); err != nil {
		o.block = nil
		return o.b.fault(err, "read the object %s", o.name)
	}
	return nil
}

// canonFiles implements canonical.Files under a prefix of the bucket.
type canonFiles struct {
	bucket *bucket
	prefix string
}

// List implements canonical.Files.
func (f *canonFiles) List(ctx context.Context, prefix string) (names []string, err error) {
	err = f.bucket.each(ctx, f.prefix+prefix, func(o types.Object) error {
		names = append(names, strings.TrimPrefix(aws.ToString(o.Key), f.prefix))
		return nil
	})
	return names, err
}

// Open implements canonical.Files.
func (f *canonFiles) Open(ctx context.Context, name string) (canonical.File, error) {
	o, err := f.bucket.open(ctx, f.prefix+name)
	if err != nil {
		return nil, err
	}
	return o, nil
}

// Publish implements canonical.Files.
func (f *canonFiles) Publish(ctx context.Context, made []canonical.Made) error {
	defer func() {
		for _, m := range made {
			disk.Discard(m.File)
		}
	}()
	return atOnce(ctx, len(made), 8, func(i int) error {
		if _, err := made[i].File.Seek(0, io.SeekStart); err != nil {
			return disk.Fault(err, "read the scratch file of %s", made[i].Name)
		}
		return f.bucket.put(ctx, f.prefix+made[i].Name, made[i].File)
	})
}

// Remove implements canonical.Files.
func (f *canonFiles) Remove(ctx context.Context, names []string) error {
	return atOnce(ctx, len(names), 8, func(i int) error { return f.bucket.remove(ctx, f.prefix+names[i]) })
}

// uploads implements app.Uploads under a prefix of the bucket.
type uploads struct {
	bucket *bucket
	prefix string
}

// List implements app.Uploads.
func (u *uploads) List(ctx context.Context, prefix string) (all []app.Upload, err error) {
	err = u.bucket.each(ctx, u.prefix+prefix, func(o types.Object) error {
		key := strings.TrimPrefix(aws.ToString(o.Key), u.prefix)
		if app.CheckUploadKey(key) == nil {
			all = append(all, app.Upload{Key: key, Size: aws.ToInt64(o.Size), Modified: o.LastModified.Unix() * 1000, ETag: aws.ToString(o.ETag)})
		}
		return nil
	})
	return all, err
}

// Stat implements app.Uploads.
func (u *uploads) Stat(ctx context.Context, key, object string) (app.Upload, error) {
	if err := app.CheckUploadKey(key); err != nil {
		return app.Upload{}, fault.New(fault.NotFound, "%q is not an event file", key).Because(err)
	}
	head, err := u.bucket.head(ctx, u.prefix+key, object)
	if err != nil {
		return app.Upload{}, err
	}
	version := aws.ToString(head.VersionId)
	if version == "null" { // what was there before the bucket kept versions
		version = ""
	}
	// Lists and answers give the moment in seconds, or finer; seconds it is.
	return app.Upload{
		Key: key, Size: aws.ToInt64(head.ContentLength), Modified: head.LastModified.Unix() * 1000, Object: version, ETag: aws.ToString(head.ETag),
	}, nil
}

// Open implements app.Uploads.
func (u *uploads) Open(ctx context.Context, key, object string) (app.UploadReader, error) {
	if err := app.CheckUploadKey(key); err != nil {
		return nil, fault.New(fault.NotFound, "%q is not an event file", key).Because(err)
	}
	o, err := u.bucket.openVersion(ctx, u.prefix+key, object)
	if err != nil {
		return nil, err
	}
	return o, nil
}

// Delete implements app.Uploads.
func (u *uploads) Delete(ctx context.Context, key string) error {
	if err := app.CheckUploadKey(key); err != nil {
		return err
	}
	return u.bucket.remove(ctx, u.prefix+key)
}

// Put implements app.Uploads: one request for what fits a part, a multipart upload for more; both only where nothing is.
func (u *uploads) Put(ctx context.Context, key string, r io.Reader) (app.Upload, error) {
	if err := app.CheckUploadKey(key); err != nil {
		return app.Upload{}, err
	}
	if ctx.Err() != nil {
		return app.Upload{}, disk.Canceled(ctx.Err())
	}
	sum := sha256.New()
	r = io.TeeReader(r, sum)
	first := make([]byte, partBytes)
	n, err := io.ReadFull(r, first)
	name := aws.String(u.prefix + key)
	switch {
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		_, err = u.bucket.s3.PutObject(ctx, &s3.PutObjectInput{
			Bucket: &u.bucket.name, Key: name, Body: bytes.NewReader(first[:n]), IfNoneMatch: nowhere,
		})
	case err == nil:
		err = u.bucket.multipart(ctx, *name, first, r, nowhere)
	default:
		return app.Upload{}, cloudFault(err, "the source", "read the event file "+key)
	}
	if statusOf(err) == http.StatusPreconditionFailed || statusOf(err) == http.StatusConflict {
		same, err := u.same(ctx, key, sum.Sum(nil))
		if err != nil {
			return app.Upload{}, err
		}
		if !same {
			return app.Upload{}, fault.New(fault.Conflict, "there is an event file %q with other content", key).WithHint("store it under another name")
		}
	} else if err != nil {
		return app.Upload{}, u.bucket.fault(err, "store the event file %q", key)
	}
	return u.Stat(ctx, key, "")
}

// same reports whether a stored file has a content with this hash.
func (u *uploads) same(ctx context.Context, key string, want []byte) (bool, error) {
	o, err := u.bucket.open(ctx, u.prefix+key)
	if err != nil {
		return false, err
	}
	sum := sha256.New()
	if _, err := io.CopyBuffer(sum, io.NewSectionReader(o, 0, o.size), make([]byte, 1<<20)); err != nil {
		return false, u.bucket.fault(err, "compare the event file %q", key)
	}
	return bytes.Equal(sum.Sum(nil), want), nil
}

// nowhere is the condition that nothing is there.
var nowhere = aws.String("*")

// multipart uploads first and what follows it, part by part, and completes where none allows it: nil anywhere, nowhere only where
// nothing is. What fails is aborted.
func (b *bucket) multipart(ctx context.Context, name string, first []byte, rest io.Reader, none *string) (err error) {
	made, err := b.s3.CreateMultipartUpload(ctx, &s3.CreateMultipartUploadInput{Bucket: &b.name, Key: &name})
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_, _ = b.s3.AbortMultipartUpload(context.WithoutCancel(ctx), &s3.AbortMultipartUploadInput{Bucket: &b.name, Key: &name, UploadId: made.UploadId})
		}
	}()
	var parts []types.CompletedPart
	buffer, n := first, len(first)
	for last := false; ; {
		number := aws.Int32(int32(len(parts) + 1))
		out, err := b.s3.UploadPart(ctx, &s3.UploadPartInput{
			Bucket: &b.name, Key: &name, UploadId: made.UploadId, PartNumber: number, Body: bytes.NewReader(buffer[:n]),
		})
		if err != nil {
			return err
		}
		parts = append(parts, types.CompletedPart{ETag: out.ETag, PartNumber: number})
		if last {
			break
		}
		if len(parts)%1000 == 0 { // 10,000 parts at most: let them grow
			buffer = make([]byte, 2*len(buffer))
		}
		n, err = io.ReadFull(rest, buffer)
		last = errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
		if err != nil && !last {
			return err
		}
		if n == 0 {
			break
		}
	}
	_, err = b.s3.CompleteMultipartUpload(ctx, &s3.CompleteMultipartUploadInput{
		Bucket: &b.name, Key: &name, UploadId: made.UploadId, IfNoneMatch: none,
		MultipartUpload: &types.CompletedMultipartUpload{Parts: parts},
	})
	return err
}
