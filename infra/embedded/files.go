package embedded

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

// temporary marks files that are being written. A name that begins with a dot is no upload, message or canonical file.
const temporary = ".tmp-"

// createTemporary makes a new file beside the one it is to become.
func createTemporary(path string) (*os.File, error) {
	return os.CreateTemp(filepath.Dir(path), temporary+"*")
}

// unpublished is a complete temporary file and the name it is to get.
type unpublished struct {
	file *os.File
	path string
}

// publish gives a complete temporary file its name, after its content has reached the disk.
func publish(f *os.File, path string, noSync bool) error {
	return publishAll([]unpublished{{f, path}}, noSync)
}

// publishAll publishes files of one file system. They are brought to the disk side by side: the file system joins what it
// would else do once a file. When one fails, any number of the others may have got their names.
func publishAll(files []unpublished, noSync bool) error {
	err := atOnce(len(files), func(i int) error {
		f := files[i].file
		err := f.Chmod(0o644)
		if !noSync && err == nil {
			err = f.Sync()
		}
		return errors.Join(err, f.Close())
	})
	dirs := map[string]struct{}{}
	for _, u := range files {
		if err == nil {
			err = os.Rename(u.file.Name(), u.path)
			dirs[filepath.Dir(u.path)] = struct{}{}
		}
		if err != nil {
			_ = os.Remove(u.file.Name())
		}
	}
	if err != nil || noSync {
		return err
	}
	names := slices.Collect(maps.Keys(dirs))
	return atOnce(len(names), func(i int) error { return syncDir(names[i], false) })
}

// atOnce calls f for each of n, up to 32 at a time, and returns the errors.
func atOnce(n int, f func(i int) error) error {
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

// discard removes a temporary file.
func discard(f *os.File) {
	_ = f.Close()
	_ = os.Remove(f.Name())
}

// writeWhole writes a file whole or not at all.
func writeWhole(path string, content []byte, noSync bool) error {
	f, err := createTemporary(path)
	if err != nil {
		return err
	}
	if _, err := f.Write(content); err != nil {
		discard(f)
		return err
	}
	return publish(f, path, noSync)
}

// syncDir makes the names in a folder last.
func syncDir(dir string, noSync bool) error {
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

// emptyDir removes everything in a folder.
func emptyDir(dir string) error {
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

// removeTemporaries removes the files that a process that died was writing.
func removeTemporaries(roots ...string) error {
	for _, root := range roots {
		err := filepath.WalkDir(root, func(path string, e fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			if !e.IsDir() && strings.HasPrefix(e.Name(), temporary) {
				return os.Remove(path)
			}
			return nil
		})
		if err != nil {
			return fileFault(err, "clear %s of unfinished files", root)
		}
	}
	return nil
}

// copyTo writes what r holds into f, and returns the number of bytes.
func copyTo(f *os.File, r io.Reader) (int64, error) {
	return io.CopyBuffer(struct{ io.Writer }{f}, r, make([]byte, 1<<20))
}
