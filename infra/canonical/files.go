package canonical

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"

	"github.com/weir-engine/weir/infra/disk"
	"github.com/weir-engine/weir/shared/fault"
)

// Files keeps canonical files under names such as bucket=03/month=2026-01/FILE-00001.parquet: in a folder or in the cloud.
type Files interface {
	// List returns the names that begin with prefix, which ends with a slash, sorted.
	List(ctx context.Context, prefix string) ([]string, error)
	// Open opens a file; NotFound when there is none. The file is read under ctx.
	Open(ctx context.Context, name string) (File, error)
	// Publish gives complete temporary files their names and removes the temporary ones, also when it fails. A name that is
	// there is replaced. When one fails, any number of the others may be there.
	Publish(ctx context.Context, made []Made) error
	// Remove removes files; one that is not there is no error.
	Remove(ctx context.Context, names []string) error
}

// File is an open canonical file.
type File interface {
	io.ReaderAt
	io.Closer
	Size() int64
}

// Made is a complete temporary file and the name it is to get.
type Made struct {
	File *os.File
	Name string
}

// Folder keeps canonical files in a folder of a local disk.
type Folder struct {
	Dir    string
	NoSync bool // leave out fsync
}

// List implements Files.
func (f Folder) List(ctx context.Context, prefix string) (names []string, err error) {
	root := filepath.Join(f.Dir, filepath.FromSlash(prefix))
	err = filepath.WalkDir(root, func(p string, e fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil // dropped since its folder was listed, or not there yet
		}
		if err != nil || e.IsDir() {
			return errors.Join(err, ctx.Err())
		}
		rel, err := filepath.Rel(f.Dir, p)
		names = append(names, filepath.ToSlash(rel))
		return err
	})
	if ctx.Err() != nil {
		return nil, disk.Canceled(ctx.Err())
	}
	if err != nil {
		return nil, disk.Fault(err, "list %s", root)
	}
	slices.Sort(names)
	return names, nil
}

func (f Folder) path(name string) string { return filepath.Join(f.Dir, filepath.FromSlash(name)) }

// Open implements Files.
func (f Folder) Open(_ context.Context, name string) (File, error) { return openLocal(f.path(name)) }

// local is an open file of a local disk.
type local struct {
	*os.File
	size int64
}

// Size implements File.
func (l local) Size() int64 { return l.size }

func openLocal(p string) (File, error) {
	handle, err := os.Open(p)
	if err != nil {
		return nil, disk.Fault(err, "open the canonical file %s", p)
	}
	info, err := handle.Stat()
	if err != nil {
		return nil, disk.Fault(errors.Join(err, handle.Close()), "open the canonical file %s", p)
	}
	return local{handle, info.Size()}, nil
}

// Publish implements Files.
func (f Folder) Publish(_ context.Context, made []Made) error {
	files := make([]disk.Unpublished, len(made))
	var err error
	for i, m := range made {
		files[i] = disk.Unpublished{File: m.File, Path: f.path(m.Name)}
		if err == nil {
			err = os.MkdirAll(filepath.Dir(files[i].Path), 0o755)
		}
	}
	if err != nil {
		for _, m := range made {
			disk.Discard(m.File)
		}
		return disk.Fault(err, "make the folders of canonical files in %s", f.Dir)
	}
	if err := disk.PublishAll(files, f.NoSync); err != nil {
		return disk.Fault(err, "write canonical files into %s", f.Dir)
	}
	return nil
}

// Remove implements Files.
func (f Folder) Remove(_ context.Context, names []string) error {
	dirs := map[string]struct{}{}
	for _, name := range names {
		if err := os.Remove(f.path(name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return disk.Fault(err, "remove the canonical file %s", f.path(name))
		}
		dirs[path.Dir(name)] = struct{}{}
	}
	for _, dir := range slices.Sorted(maps.Keys(dirs)) {
		if err := disk.SyncDir(f.path(dir), f.NoSync); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return disk.Fault(err, "write %s to the disk", dir)
		}
	}
	return nil
}

// isMissing reports whether a file was dropped since it was listed.
func isMissing(err error) bool { return fault.Is(err, fault.NotFound) }
