package embedded

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"syscall"

	"github.com/weir-engine/weir/infra/disk"
	"github.com/weir-engine/weir/shared/fault"
)

// takeLock takes the lock of a data folder. The system gives it free when the process ends, however it ends.
func takeLock(path, dir string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, disk.Fault(err, "open the lock %s", path)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		holder, _ := io.ReadAll(io.LimitReader(f, 64))
		_ = f.Close()
		if !errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, disk.Fault(err, "lock %s", path)
		}
		return nil, fault.New(fault.Conflict, "another Weir process%s is writing to %s", process(holder), dir).
			WithHint("stop it, or use its address instead (weir run serves the same commands), or name another folder with --data")
	}
	// The number of the process is for people alone: a full disk must not keep anyone from starting.
	if err := f.Truncate(0); err == nil {
		_, _ = f.WriteAt(fmt.Appendf(nil, "%d\n", os.Getpid()), 0)
	}
	return f, nil
}

func process(holder []byte) string {
	if id := strings.TrimSpace(string(holder)); id != "" {
		return " (process " + id + ")"
	}
	return ""
}
