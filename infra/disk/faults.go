package disk

import (
	"errors"
	"fmt"
	"io/fs"
	"syscall"

	"github.com/weir-engine/weir/shared/fault"
)

// Fault gives an error of the file system its code, and says what was being done.
func Fault(err error, format string, args ...any) error {
	doing := fmt.Sprintf(format, args...)
	var own *fault.Error
	switch {
	case errors.As(err, &own):
		return fault.Wrap(err, "%s", doing)
	case Full(err):
		return FullFault(err, doing)
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

// Full reports whether err says that there is no room left on the disk.
func Full(err error) bool { return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) }

// FullFault is the error of a disk without room left.
func FullFault(err error, doing string) error {
	return fault.New(fault.Unavailable, "%s: the disk is full", doing).
		WithHint("free space on the disk that holds the data folder and repeat: what was there is untouched").Because(err)
}

// Canceled is the error of a call whose context ended.
func Canceled(err error) error {
	return fault.New(fault.Unavailable, "the call was interrupted").WithHint("repeat it: it goes on where it was").Because(err)
}
