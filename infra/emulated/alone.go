package emulated

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"unsafe"

	"github.com/weir-engine/weir/shared/fault"
)

// aloneEnv says that the process has a network of its own.
const aloneEnv = "WEIR_ALONE"

// Alone runs the tests of a package in a network namespace that has the loopback and nothing else: what they start reaches nobody, and
// nobody reaches what listens on every interface. It starts this program again there, which takes root; where that cannot be, it says
// so and runs the tests as they are. It returns the program's exit code.
func Alone(run func() int) int {
	if os.Getenv(aloneEnv) != "" {
		if err := loopbackUp(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		return run()
	}
	code, err := again()
	if err != nil {
		fmt.Fprintf(os.Stderr, "skipped: a network namespace for the stand-ins (%v)\n", err)
		return run()
	}
	return code
}

// again runs this program once more, in a network namespace of its own, and returns its exit code.
func again() (int, error) {
	if os.Geteuid() != 0 {
		return 0, fault.New(fault.Forbidden, "it takes root")
	}
	program, err := os.Executable()
	if err != nil {
		return 0, err
	}
	cmd := exec.Command(program, os.Args[1:]...)
	cmd.Env = append(os.Environ(), aloneEnv+"=1")
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET}
	p, err := spawn(cmd)
	if err != nil {
		return 0, err
	}
	<-p.done
	var exit *exec.ExitError
	if errors.As(p.err, &exit) {
		return max(exit.ExitCode(), 1), nil // below 0: a signal ended it
	}
	return 0, p.err
}

// loopbackUp switches the loopback of the process's network on, as `ip link set lo up` does.
func loopbackUp() error {
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_DGRAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		return fault.New(fault.Internal, "switch the loopback on").Because(err)
	}
	defer func() { _ = syscall.Close(fd) }()
	request := struct { // struct ifreq of netdevice(7)
		name  [syscall.IFNAMSIZ]byte
		flags uint16
		_     [22]byte
	}{flags: syscall.IFF_UP | syscall.IFF_RUNNING}
	copy(request.name[:], "lo")
	if _, _, code := syscall.Syscall(syscall.SYS_IOCTL, uintptr(fd), syscall.SIOCSIFFLAGS, uintptr(unsafe.Pointer(&request))); code != 0 {
		return fault.New(fault.Internal, "switch the loopback on").Because(code)
	}
	return nil
}
