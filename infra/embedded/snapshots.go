package embedded

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/weir-engine/weir/infra/disk"
	"github.com/weir-engine/weir/shared/app"
	"github.com/weir-engine/weir/shared/fault"
)

// snapshots implements app.Snapshots: a folder a generation.
type snapshots struct {
	dir     string
	options Options
}

// Put implements app.Snapshots.
func (p *snapshots) Put(ctx context.Context, generation, name string, r io.Reader) error {
	if p.options.ReadOnly {
		return errReadOnly()
	}
	if err := app.CheckSnapshotName(generation, name); err != nil {
		return err
	}
	dir := filepath.Join(p.dir, generation)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return disk.Fault(err, "make the folder of the snapshot %s", generation)
	}
	f, err := disk.CreateTemporary(filepath.Join(dir, name))
	if err != nil {
		return disk.Fault(err, "write %s of the snapshot %s", name, generation)
	}
	if _, err := disk.CopyTo(f, &contextReader{ctx, r}); err != nil {
		disk.Discard(f)
		return disk.Fault(err, "write %s of the snapshot %s", name, generation)
	}
	if err := disk.Publish(f, filepath.Join(dir, name), p.options.NoSync); err != nil {
		return disk.Fault(err, "write %s of the snapshot %s", name, generation)
	}
	return nil
}

// Get implements app.Snapshots.
func (p *snapshots) Get(ctx context.Context, generation, name string) ([]byte, error) {
	if ctx.Err() != nil {
		return nil, disk.Canceled(ctx.Err())
	}
	if err := app.CheckSnapshotName(generation, name); err != nil {
		return nil, err
	}
	f, err := os.Open(filepath.Join(p.dir, generation, name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fault.New(fault.NotFound, "the snapshot %s has no file %s", generation, name)
	}
	if err != nil {
		return nil, disk.Fault(err, "read %s of the snapshot %s", name, generation)
	}
	defer func() { _ = f.Close() }()
	var b bytes.Buffer
	if info, err := f.Stat(); err == nil {
		b.Grow(int(info.Size()) + bytes.MinRead)
	}
	if _, err := b.ReadFrom(&contextReader{ctx, f}); err != nil {
		return nil, disk.Fault(err, "read %s of the snapshot %s", name, generation)
	}
	return b.Bytes(), nil
}

// Generations implements app.Snapshots.
func (p *snapshots) Generations(ctx context.Context) (names []string, err error) {
	if ctx.Err() != nil {
		return nil, disk.Canceled(ctx.Err())
	}
	entries, err := os.ReadDir(p.dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, disk.Fault(err, "list %s", p.dir)
	}
	for _, e := range entries {
		if e.IsDir() && app.CheckSnapshotName(e.Name(), "x") == nil {
			names = append(names, e.Name())
		}
	}
	slices.Sort(names)
	return names, nil
}

// Remove implements app.Snapshots.
func (p *snapshots) Remove(ctx context.Context, generation string) error {
	if p.options.ReadOnly {
		return errReadOnly()
	}
	if ctx.Err() != nil {
		return disk.Canceled(ctx.Err())
	}
	if err := app.CheckSnapshotName(generation, "x"); err != nil {
		return err
	}
	if err := os.RemoveAll(filepath.Join(p.dir, generation)); err != nil {
		return disk.Fault(err, "remove the snapshot %s", generation)
	}
	return nil
}
