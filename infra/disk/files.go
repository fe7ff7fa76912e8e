// Package disk holds what adapters share on a local disk: files that are there whole or not at all, scratch room for one pass over
// a file, and the faults of a file system.
package disk

import (
	"errors"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
)

// Temporary marks files that are being written. A name that begins with a dot is no upload, message or canonical file.
const Temporary = ".tmp-"

// CreateTemporary makes a new file beside the one it is to become.
func CreateTemporary(path string) (*os.File, error) {
	return os.CreateTemp(filepath.Dir(path), Temporary+"*")
}

// Unpublished is a complete temporary file and the name it is to get.
type Unpublished struct {
	File *os.File
	Path string
}

// Publish gives a complete temporary file its name, after its content has reached the disk.
func Publish(f *os.File, path string, noSync bool) error {
	return PublishAll([]Unpublished{{f, path}}, noSync)
}

// PublishAll publishes files of one file system. They are brought to the disk side by side: the file system joins what it
// would else do once a file. When one fails, any number of the others may have got their names.
func PublishAll(files []Unpublished, noSync bool) error {
	err := AtOnce(len(files), func(i int) error {
		f := files[i].File
		err := f.Chmod(0o644)
		if !noSync && err == nil {
			err = f.Sync()
		}
		return errors.Join(err, f.Close())
	})
	dirs := map[string]struct{}{}
	for _, u := range files {
		if err == nil {
			err = os.Rename(u.File.Name(), u.Path)
			dirs[filepath.Dir(u.Path)] = struct{}{}
		}
		if err != nil {
			_ = os.Remove(u.File.Name())
		}
	}
	if err != nil || noSync {
		return err
	}
	names := slices.Collect(maps.Keys(dirs))
	return AtOnce(len(names), func(i int) error { return SyncDir(names[i], false) })
}

// AtOnce calls f for each of n, up to 32 at a time, and returns the errors.
func AtOnce(n int, f func(i int) error) error {
	if n == 1 {
		return f(0)
	}
	errs := make([]error, n)
	var group sync.WaitGroup
	var next atomic.Int64
	for range min(n, 32) {
		group.Go(func() {
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				errs[i] = f(i)
			}
		})
	}
	group.Wait()
	return errors.Join(errs...)
}

// Discard removes a temporary file.
func Discard(f *os.File) {
	_ = f.Close()
	_ = os.Remove(f.Name())
}

// WriteWhole writes a file whole or not at all.
func WriteWhole(path string, content []byte, noSync bool) error {
	f, err := CreateTemporary(path)
	if err != nil {
		return err
	}
	if _, err := f.Write(content); err != nil {
		Discard(f)
		return err
	}
	return Publish(f, path, noSync)
}

// WriteSecret writes a file whole or not at all, for its owner's eyes alone.
func WriteSecret(path string, content []byte, noSync bool) error {
	f, err := CreateTemporary(path) // with mode 0600
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	if err == nil {
		err = f.Chmod(0o600)
	}
	if err == nil && !noSync {
		err = f.Sync()
	}
	if err != nil {
		Discard(f)
		return err
	}
	if err := errors.Join(f.Close(), os.Rename(f.Name(), path)); err != nil {
		_ = os.Remove(f.Name())
		return err
	}
	return SyncDir(filepath.Dir(path), noSync)
}

// SyncDir makes the names in a folder last.
func SyncDir(dir string, noSync bool) error {
	if noSync {
		return nil
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	err = d.Sync()
	return errors.Join(err, d.Close())
}

// EmptyDir removes everything in a folder.
func EmptyDir(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if err := os.RemoveAll(filepath.Join(dir, e.Name())); err != nil {
			return err
		}
	}
	return nil
}

// RemoveTemporaries removes the files that a process that died was writing.
func RemoveTemporaries(roots ...string) error {
	for _, root := range roots {
		err := filepath.WalkDir(root, func(path string, e fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			if !e.IsDir() && strings.HasPrefix(e.Name(), Temporary) {
				return os.Remove(path)
			}
			return nil
		})
		if err != nil {
			return Fault(err, "clear %s of unfinished files", root)
		}
	}
	return nil
}

// CopyTo writes what r holds into f, and returns the number of bytes.
func CopyTo(f *os.File, r io.Reader) (int64, error) {
	return io.CopyBuffer(struct{ io.Writer }{f}, r, make([]byte, 1<<20))
}
