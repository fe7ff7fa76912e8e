package emulated

import (
	"bytes"
	"os/exec"
	"runtime"
	"sync"
	"syscall"

	"github.com/weir-engine/weir/shared/fault"
)

// process is a running program that ends with this one.
type process struct {
	cmd  *exec.Cmd
	done chan struct{} // closed when it ended
	err  error         // of its end; to be read after done
}

// spawn starts a program.
func spawn(cmd *exec.Cmd) (*process, error) {
	p := &process{cmd: cmd, done: make(chan struct{})}
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{}
	}
	cmd.SysProcAttr.Pdeathsig = syscall.SIGKILL
	started := make(chan error, 1)
	go func() { // Pdeathsig follows the thread: keep it for as long as the program runs
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		started <- err
		if err == nil {
			p.err = cmd.Wait()
			close(p.done)
		}
	}()
	if err := <-started; err != nil {
		return nil, fault.New(fault.Internal, "start %s", cmd.Path).Because(err)
	}
	return p, nil
}

// kill ends the program without giving it a chance to clean up, and waits until it is gone.
func (p *process) kill() {
	_ = p.cmd.Process.Kill() // an error says that it ended already
	<-p.done
}

// tail keeps the last of what a program says.
type tail struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.b.Len() > 16<<10 {
		t.b.Reset()
	}
	return t.b.Write(p)
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.b.String()
}
