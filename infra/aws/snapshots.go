package aws

import (
	"bytes"
	"context"
	"errors"
	"io"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/weir-engine/weir/infra/disk"
	"github.com/weir-engine/weir/shared/app"
)

// snapshots implements app.Snapshots: objects snapshots/WORKSPACE/GENERATION/NAME.
type snapshots struct {
	bucket *bucket
	prefix string
}

// Put implements app.Snapshots.
func (p *snapshots) Put(ctx context.Context, generation, name string, r io.Reader) error {
	if err := app.CheckSnapshotName(generation, name); err != nil {
		return err
	}
	if ctx.Err() != nil {
		return disk.Canceled(ctx.Err())
	}
	object := p.prefix + generation + "/" + name
	first := make([]byte, partBytes)
	n, err := io.ReadFull(r, first)
	switch {
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return p.bucket.put(ctx, object, bytes.NewReader(first[:n]))
	case err != nil:
		return cloudFault(err, "the source", "read "+object)
	}
	return p.bucket.fault(p.bucket.multipart(ctx, object, first, r, nil), "write the object %s", object)
}

// Get implements app.Snapshots.
func (p *snapshots) Get(ctx context.Context, generation, name string) ([]byte, error) {
	if err := app.CheckSnapshotName(generation, name); err != nil {
		return nil, err
	}
	return p.bucket.read(ctx, p.prefix+generation+"/"+name)
}

// Generations implements app.Snapshots.
func (p *snapshots) Generations(ctx context.Context) (names []string, err error) {
	err = p.bucket.each(ctx, p.prefix, func(o types.Object) error {
		generation, _, ok := strings.Cut(strings.TrimPrefix(aws.ToString(o.Key), p.prefix), "/")
		if ok && !slices.Contains(names, generation) {
			names = append(names, generation)
		}
		return nil
	})
	return names, err
}

// Remove implements app.Snapshots.
func (p *snapshots) Remove(ctx context.Context, generation string) error {
	if err := app.CheckSnapshotName(generation, "x"); err != nil {
		return err
	}
	var objects []string
	err := p.bucket.each(ctx, p.prefix+generation+"/", func(o types.Object) error {
		objects = append(objects, aws.ToString(o.Key))
		return nil
	})
	if err != nil {
		return err
	}
	return atOnce(ctx, len(objects), 8, func(i int) error { return p.bucket.remove(ctx, objects[i]) })
}
