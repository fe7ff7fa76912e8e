package app_test

import (
	"context"
	"strings"
	"testing"

	"github.com/weir-engine/weir/shared/app"
	"github.com/weir-engine/weir/shared/fault"
)

// trapped is a bucket with a file that makes whoever reads it panic, as long as the trap is set.
type trapped struct {
	app.Uploads
	key string
}

func (p *trapped) Open(ctx context.Context, key, object string) (app.UploadReader, error) {
	r, err := p.Uploads.Open(ctx, key, object)
	if err == nil && key == p.key {
		return &trap{r}, nil
	}
	return r, err
}

type trap struct{ app.UploadReader }

func (t *trap) ReadAt([]byte, int64) (int, error) { panic("a trap") }

// A file over which Weir panics does not hold up the others, and is imported when the defect is gone.
func TestPanickingFile(t *testing.T) {
	ctx := context.Background()
	b := newBase(t, "2026-02-01T00:00:00Z")
	b.publish(withRules(welcoming))
	ports := b.store.Ports(func() int64 { return b.now })
	uploads := &trapped{Uploads: ports.Uploads}
	ports.Uploads = uploads
	a, err := app.New(ctx, ports, app.Options{Workers: 2})
	if err != nil {
		t.Fatal(err)
	}
	for _, user := range []string{"ann", "bob"} {
		if _, err := a.Upload(ctx, app.UploadRequest{Name: user + ".ndjson", Body: strings.NewReader(bought("1"+user, user, "2026-01-31T00:00:00Z", 5))}); err != nil {
			t.Fatal(err)
		}
		if uploads.key == "" {
			all, err := ports.Uploads.List(ctx, "")
			if err != nil {
				t.Fatal(err)
			}
			uploads.key = all[0].Key
		}
	}
	done, err := a.IngestPending(ctx, nil)
	if !fault.IsPanic(err) || len(done) != 1 || done[0].Counts.Accepted != 1 {
		t.Errorf("with the trap: %d files, %v", len(done), err)
	}
	uploads.key = ""
	if done, err = a.IngestPending(ctx, nil); err != nil || len(done) != 1 || done[0].Counts.Accepted != 1 {
		t.Errorf("without the trap: %d files, %v", len(done), err)
	}
}

// A job whose work panics has failed, for a reason that is told to nobody but the log.
func TestPanickingJob(t *testing.T) {
	ctx := context.Background()
	b := newBase(t, "2026-02-01T00:00:00Z")
	j := &app.Jobs{Docs: b.store.Ports(func() int64 { return b.now }).Docs, Clock: func() int64 { return b.now }, Work: &busy{
		rebuild: func(context.Context, func(done, total int64)) error { panic("a trap") },
	}}
	one, err := j.Start(ctx, app.JobRebuild, nil, b.now)
	if err != nil {
		t.Fatal(err)
	}
	if done, err := j.Run(ctx, one.ID); !done || !fault.IsPanic(err) {
		t.Errorf("done: %v, %v", done, err)
	}
	if one, err = j.Job(ctx, one.ID); err != nil || one.Status != app.JobFailed || one.Code != fault.Internal {
		t.Errorf("the job is %+v, %v", one, err)
	}
}
