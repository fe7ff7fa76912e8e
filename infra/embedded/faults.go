package embedded

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"syscall"

	"github.com/ncruces/go-sqlite3"

	"github.com/weir-engine/weir/shared/fault"
)

// fileFault gives an error of the file system its code, and says what was being done.
func fileFault(err error, format string, args ...any) error {
	doing := fmt.Sprintf(format, args...)
	var own *fault.Error
	switch {
	case errors.As(err, &own):
		return fault.Wrap(err, "%s", doing)
	case full(err):
		return fullFault(err, doing)
	case errors.Is(err, fs.ErrNotExist):
		return fault.New(fault.NotFound, "%s", doing).Because(err)
	case errors.Is(err, fs.ErrPermission), errors.Is(err, syscall.EROFS):
		return fault.New(fault.Forbidden, "%s", doing).
			WithHint("give the user that runs Weir the right to write there").Because(err)
	case errors.Is(err, syscall.EMFILE), errors.Is(err, syscall.ENFILE):
		return fault.New(fault.Unavailable, "%s", doing).
			WithHint("raise the limit of open files (ulimit -n) and repeat").Because(err)
	}
	return fault.New(fault.Internal, "%s", doing).Because(err)
}

// full reports whether err says that there is no room left on the disk.
func full(err error) bool {
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) || errors.Is(err, sqlite3.FULL)
}

// noRoom reports whether the disk that holds a folder has less than a log page or two left: SQLite reports some failures to
// grow its files without their cause.
func noRoom(dir string) bool {
	var s syscall.Statfs_t
	return syscall.Statfs(dir, &s) == nil && s.Bavail*uint64(s.Bsize) < 64<<10
}

func fullFault(err error, doing string) error {
	return fault.New(fault.Unavailable, "%s: the disk is full", doing).
		WithHint("free space on the disk that holds the data folder and repeat: what was there is untouched").Because(err)
}

// fault gives an error of the database its code, and says what was being done.
func (d *database) fault(err error, format string, args ...any) error {
	doing := fmt.Sprintf(format, args...)
	var own *fault.Error
	switch {
	case errors.As(err, &own):
		return err
	case full(err), errors.Is(err, sqlite3.IOERR) && noRoom(filepath.Dir(d.path)):
		return fullFault(err, doing)
	case errors.Is(err, sqlite3.CORRUPT), errors.Is(err, sqlite3.NOTADB):
		return fault.New(fault.Internal, "%s: the database %s is damaged", doing, d.path).
			WithHint("stop Weir and put a backup of the file in its place; the events in %s are untouched", canonicalDir).Because(err)
	case errors.Is(err, sqlite3.BUSY), errors.Is(err, sqlite3.LOCKED):
		return fault.New(fault.Unavailable, "%s: the database %s is busy", doing, d.path).WithHint("repeat in a moment").Because(err)
	case errors.Is(err, sqlite3.READONLY), errors.Is(err, sqlite3.PERM), errors.Is(err, sqlite3.CANTOPEN):
		return fault.New(fault.Forbidden, "%s: the database %s cannot be opened for it", doing, d.path).
			WithHint("give the user that runs Weir the right to write there").Because(err)
	}
	return fault.New(fault.Internal, "%s in %s", doing, d.path).Because(err)
}

// canceled is the error of a call whose context ended.
func canceled(err error) error {
	return fault.New(fault.Unavailable, "the call was interrupted").WithHint("repeat it: it goes on where it was").Because(err)
}
