package embedded

import (
	"errors"
	"fmt"
	"path/filepath"
	"syscall"

	"github.com/ncruces/go-sqlite3"

	"github.com/weir-engine/weir/infra/disk"
	"github.com/weir-engine/weir/shared/fault"
)

// full reports whether err says that there is no room left on the disk.
func full(err error) bool {
	return disk.Full(err) || errors.Is(err, sqlite3.FULL)
}

// noRoom reports whether the disk that holds a folder has less than a log page or two left: SQLite reports some failures to
// grow its files without their cause.
func noRoom(dir string) bool {
	var s syscall.Statfs_t
	return syscall.Statfs(dir, &s) == nil && s.Bavail*uint64(s.Bsize) < 64<<10
}

// fault gives an error of the database its code, and says what was being done.
func (d *database) fault(err error, format string, args ...any) error {
	doing := fmt.Sprintf(format, args...)
	var own *fault.Error
	switch {
	case errors.As(err, &own):
		return err
	case full(err), errors.Is(err, sqlite3.IOERR) && noRoom(filepath.Dir(d.path)):
		return disk.FullFault(err, doing)
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
