package embedded

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"

	"github.com/weir-engine/weir/infra/disk"
	"github.com/weir-engine/weir/shared/app"
	"github.com/weir-engine/weir/shared/fault"
)

// uploads implements app.Uploads over a folder. Keys are paths with slashes; a file whose name begins with a dot or ends in
// .tmp or .part is not complete, and is not seen.
type uploads struct {
	dir     string
	options Options
	mu      sync.Mutex // one Put publishes at a time: looking and renaming are two steps
}

// path returns the file of a key; Invalid when it is no key of a bucket.
func (u *uploads) path(key string) (string, error) {
	err := app.CheckUploadKey(key)
	if err == nil && !filepath.IsLocal(filepath.FromSlash(key)) {
		err = fault.New(fault.Invalid, "%q is not a name for an event file on this system", key)
	}
	return filepath.Join(u.dir, filepath.FromSlash(key)), err
}

// List implements app.Uploads.
func (u *uploads) List(ctx context.Context, prefix string) (all []app.Upload, err error) {
	err = filepath.WalkDir(u.dir, func(p string, e fs.DirEntry, err error) error {
		switch {
		case errors.Is(err, fs.ErrNotExist): // removed while we look
			return nil
		case err != nil:
			return err
		case ctx.Err() != nil:
			return disk.Canceled(ctx.Err())
		case p == u.dir:
			return nil
		case e.IsDir() && strings.HasPrefix(e.Name(), "."):
			return fs.SkipDir
		case e.IsDir() || app.Incomplete(e.Name()):
			return nil
		}
		rel, err := filepath.Rel(u.dir, p)
		if err != nil {
			return err
		}
		key := filepath.ToSlash(rel)
		if !strings.HasPrefix(key, prefix) {
			return nil
		}
		info, err := os.Stat(p) // a link counts as what it points to
		if err != nil || !info.Mode().IsRegular() {
			return nil //nolint:nilerr // a file that went away or cannot be looked at is not there
		}
		all = append(all, app.Upload{Key: key, Size: info.Size(), Modified: info.ModTime().UnixMilli()})
		return nil
	})
	if err != nil {
		return nil, disk.Fault(err, "list %s", u.dir)
	}
	slices.SortFunc(all, func(a, b app.Upload) int { return strings.Compare(a.Key, b.Key) })
	return all, nil
}

// Stat implements app.Uploads. A folder keeps no versions.
func (u *uploads) Stat(ctx context.Context, key, object string) (app.Upload, error) {
	r, err := u.Open(ctx, key, object)
	if err != nil {
		return app.Upload{}, err
	}
	defer func() { _ = r.Close() }()
	info, err := r.(*uploadFile).Stat()
	if err != nil {
		return app.Upload{}, disk.Fault(err, "look at the event file %q", key)
	}
	return app.Upload{Key: key, Size: info.Size(), Modified: info.ModTime().UnixMilli()}, nil
}

// Open implements app.Uploads. A folder keeps no versions.
func (u *uploads) Open(ctx context.Context, key, object string) (app.UploadReader, error) {
	if err := ctx.Err(); err != nil {
		return nil, disk.Canceled(err)
	}
	p, err := u.path(key)
	if err != nil || object != "" {
		return nil, fault.New(fault.NotFound, "there is no event file %q", key).Because(err)
	}
	f, err := os.Open(p)
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) {
			return nil, fault.New(fault.NotFound, "there is no event file %q", key)
		}
		return nil, disk.Fault(err, "open the event file %q", key)
	}
	info, err := f.Stat()
	if err != nil || !info.Mode().IsRegular() {
		_ = f.Close()
		return nil, fault.New(fault.NotFound, "%q is not an event file", key)
	}
	return &uploadFile{File: f, size: info.Size()}, nil
}

type uploadFile struct {
	*os.File
	size int64
}

func (f *uploadFile) Size() int64 { return f.size }

// Put implements app.Uploads.
func (u *uploads) Put(ctx context.Context, key string, r io.Reader) (app.Upload, error) {
	if u.options.ReadOnly {
		return app.Upload{}, errReadOnly()
	}
	p, err := u.path(key)
	if err != nil {
		return app.Upload{}, err
	}
	if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
		return app.Upload{}, disk.Fault(err, "make the folder of the event file %q", key)
	}
	f, err := disk.CreateTemporary(p)
	if err != nil {
		return app.Upload{}, disk.Fault(err, "store the event file %q", key)
	}
	if _, err := disk.CopyTo(f, &contextReader{ctx, r}); err != nil {
		disk.Discard(f)
		return app.Upload{}, disk.Fault(err, "store the event file %q", key)
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	if err := u.settle(f, p, key); err != nil {
		return app.Upload{}, err
	}
	info, err := os.Stat(p)
	if err != nil {
		return app.Upload{}, disk.Fault(err, "store the event file %q", key)
	}
	return app.Upload{Key: key, Size: info.Size(), Modified: info.ModTime().UnixMilli()}, nil
}

// settle publishes a complete temporary file, or drops it when the key holds the same content.
func (u *uploads) settle(f *os.File, p, key string) error {
	old, err := os.Open(p)
	if errors.Is(err, fs.ErrNotExist) {
		if err := disk.Publish(f, p, u.options.NoSync); err != nil {
			return disk.Fault(err, "store the event file %q", key)
		}
		return nil
	}
	defer disk.Discard(f)
	if err != nil {
		return disk.Fault(err, "store the event file %q", key)
	}
	defer func() { _ = old.Close() }()
	same, err := sameContent(old, f)
	if err != nil {
		return disk.Fault(err, "compare the event file %q", key)
	}
	if !same {
		return fault.New(fault.Conflict, "there is an event file %q with other content", key).WithHint("store it under another name")
	}
	return nil
}

func sameContent(old, written *os.File) (bool, error) {
	if _, err := written.Seek(0, io.SeekStart); err != nil {
		return false, err
	}
	a, b := bufio.NewReaderSize(old, 1<<18), bufio.NewReaderSize(written, 1<<18)
	for {
		x, errX := a.Peek(1 << 16)
		y, errY := b.Peek(1 << 16)
		if !bytes.Equal(x, y) {
			return false, nil
		}
		if len(x) == 0 {
			return errors.Is(errX, io.EOF) && errors.Is(errY, io.EOF), nil
		}
		_, _ = a.Discard(len(x))
		_, _ = b.Discard(len(y))
	}
}

// contextReader stops reading when the context ends.
type contextReader struct {
	ctx context.Context
	r   io.Reader
}

func (c *contextReader) Read(b []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, disk.Canceled(err)
	}
	return c.r.Read(b)
}

// Delete implements app.Uploads.
func (u *uploads) Delete(ctx context.Context, key string) error {
	if u.options.ReadOnly {
		return errReadOnly()
	}
	if err := ctx.Err(); err != nil {
		return disk.Canceled(err)
	}
	p, err := u.path(key)
	if err != nil {
		return err
	}
	if err := os.Remove(p); err != nil && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, syscall.ENOTDIR) {
		return disk.Fault(err, "remove the event file %q", key)
	}
	return nil
}
