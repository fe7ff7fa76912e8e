package emulated

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/weir-engine/weir/shared/fault"
)

// FunctionConfig is what AWS knows of a function.
type FunctionConfig struct {
	Name        string
	Program     string // path of its bootstrap
	Timeout     time.Duration
	MemoryMB    int
	Concurrency int // invocations at the same time; 0: as many as come
	Environment map[string]string
}

// Report is what AWS logs of an invocation.
type Report struct {
	Function string
	Request  string
	Cold     bool
	Init     time.Duration // from the start of the process to its first question for work; 0 unless Cold
	Duration time.Duration // from handing over the event to the answer
	Err      error
}

// Function hosts a built Lambda function behind the Runtime API, as AWS does: one invocation at a time for each process, processes
// kept for the next invocation, killed when an invocation outlasts its timeout, and started anew after they end.
type Function struct {
	FunctionConfig
	Log    io.Writer    // what the processes print; nil for nowhere
	Report func(Report) // called after each invocation; may be nil

	slots   chan struct{} // nil: no limit
	mu      sync.Mutex
	idle    []*instance
	running map[*instance]bool // every process, also while it works
	closed  bool
	numbers int
}

// NewFunction returns a function; its first process starts with the first invocation.
func NewFunction(c FunctionConfig) (*Function, error) {
	if _, err := os.Stat(c.Program); err != nil {
		return nil, fault.New(fault.NotFound, "the program of the function %s is not built", c.Name).Because(err).WithHint("make aws-local builds and runs it")
	}
	if c.Timeout <= 0 {
		c.Timeout = 3 * time.Second
	}
	if c.MemoryMB <= 0 {
		c.MemoryMB = 128
	}
	f := &Function{FunctionConfig: c, running: map[*instance]bool{}}
	if c.Concurrency > 0 {
		f.slots = make(chan struct{}, c.Concurrency)
	}
	return f, nil
}

// FunctionError is what a function answers instead of a result, or what became of its process.
type FunctionError struct {
	Type    string `json:"errorType"`
	Message string `json:"errorMessage"`
}

// Error implements error.
func (e *FunctionError) Error() string { return e.Type + ": " + e.Message }

// Invoke hands an event to the function and returns its answer. It waits for a free process where the function's concurrency is
// used up, until the context ends. Errors: *FunctionError when the function failed, timed out or ended.
func (f *Function) Invoke(ctx context.Context, event []byte) ([]byte, error) {
	if f.slots != nil {
		select {
		case f.slots <- struct{}{}:
			defer func() { <-f.slots }()
		case <-ctx.Done():
			return nil, fault.New(fault.Unavailable, "every process of %s is busy", f.Name).WithHint("repeat it in a moment").Because(ctx.Err())
		}
	}
	i, err := f.instance()
	if err != nil {
		return nil, err
	}
	inv := &invocation{id: requestID(), event: event, deadline: time.Now().Add(f.Timeout), answered: make(chan struct{}), next: make(chan struct{})}
	report := Report{Function: f.Name, Request: inv.id, Cold: i.cold}
	answer, err := i.run(ctx, inv)
	if report.Duration = time.Since(inv.handed); inv.handed.IsZero() {
		report.Duration = 0
	}
	if i.cold {
		report.Init = i.init
	}
	report.Err = err
	f.release(i)
	if f.Report != nil {
		f.Report(report)
	}
	return answer, err
}

// instance returns a process that waits for work, or starts one.
func (f *Function) instance() (*instance, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed {
		return nil, fault.New(fault.Unavailable, "the function %s is not hosted any more", f.Name)
	}
	for len(f.idle) > 0 {
		i := f.idle[len(f.idle)-1]
		f.idle = f.idle[:len(f.idle)-1]
		if !i.ended() {
			i.cold = false
			return i, nil
		}
		delete(f.running, i)
		i.close()
	}
	f.numbers++
	i, err := f.start(f.numbers)
	if err != nil {
		return nil, err
	}
	f.running[i] = true
	return i, nil
}

// release keeps a process for the next invocation; what ended is forgotten.
func (f *Function) release(i *instance) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if i.ended() || f.closed {
		delete(f.running, i)
		i.close()
		return
	}
	f.idle = append(f.idle, i)
}

// Kill ends every process of the function at once, in the middle of whatever it does, and returns how many there were.
func (f *Function) Kill() (n int) {
	f.mu.Lock()
	var all []*instance
	for i := range f.running {
		all = append(all, i)
	}
	f.mu.Unlock()
	for _, i := range all {
		if !i.ended() {
			i.process.kill()
			n++
		}
	}
	return n
}

// Signal sends a signal to every process of the function and returns how many there were. One that is stopped ends with its timeout.
func (f *Function) Signal(signal os.Signal) (n int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for i := range f.running {
		if !i.ended() && i.process.cmd.Process.Signal(signal) == nil {
			n++
		}
	}
	return n
}

// Close ends the function's processes. What runs fails.
func (f *Function) Close() {
	f.mu.Lock()
	f.closed = true
	f.mu.Unlock()
	f.Kill()
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, i := range f.idle {
		delete(f.running, i)
		i.close()
	}
	f.idle = nil
}

// start starts a process with the environment that AWS gives it and nothing of this program's.
func (f *Function) start(number int) (*instance, error) {
	scratch, err := os.MkdirTemp("", "weir-lambda-")
	if err != nil {
		return nil, fault.New(fault.Internal, "make the scratch folder of %s", f.Name).Because(err)
	}
	i := &instance{name: f.Name, scratch: scratch, work: make(chan *invocation), ready: make(chan struct{}), cold: true}
	if err := i.listen(); err != nil {
		i.close()
		return nil, err
	}
	program, err := filepath.Abs(f.Program)
	if err != nil {
		i.close()
		return nil, fault.New(fault.Internal, "find the program of %s", f.Name).Because(err)
	}
	cmd := exec.Command(program)
	cmd.Dir = filepath.Dir(program)
	cmd.Env = []string{
		"AWS_LAMBDA_RUNTIME_API=" + i.address, "AWS_LAMBDA_FUNCTION_NAME=" + f.Name, "AWS_LAMBDA_FUNCTION_VERSION=$LATEST",
		fmt.Sprint("AWS_LAMBDA_FUNCTION_MEMORY_SIZE=", f.MemoryMB), fmt.Sprint("AWS_LAMBDA_LOG_STREAM_NAME=", f.Name, "/", number),
		"AWS_LAMBDA_INITIALIZATION_TYPE=on-demand", "_HANDLER=bootstrap", "LAMBDA_TASK_ROOT=" + cmd.Dir, "TMPDIR=" + scratch,
		"PATH=/usr/local/bin:/usr/bin/:/bin", "LANG=en_US.UTF-8", "TZ=:UTC",
	}
	names := make([]string, 0, len(f.Environment))
	for name := range f.Environment {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		cmd.Env = append(cmd.Env, name+"="+f.Environment[name])
	}
	out := f.Log
	if out == nil {
		out = io.Discard
	}
	cmd.Stdout, cmd.Stderr = &prefixed{to: out, prefix: f.Name + " | "}, &prefixed{to: out, prefix: f.Name + " | "}
	i.begin()
	if i.process, err = spawn(cmd); err != nil {
		i.close()
		return nil, err
	}
	return i, nil
}

// prefixed writes whole lines, each after a prefix.
type prefixed struct {
	to     io.Writer
	prefix string
	mu     sync.Mutex
	rest   []byte
}

func (p *prefixed) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.rest = append(p.rest, b...)
	for {
		at := slices.Index(p.rest, '\n')
		if at < 0 {
			return len(b), nil
		}
		if _, err := fmt.Fprintf(p.to, "%s%s\n", p.prefix, p.rest[:at]); err != nil {
			return 0, err
		}
		p.rest = p.rest[at+1:]
	}
}

// LogReports returns a Report that writes to a log.
func LogReports(log *slog.Logger) func(Report) {
	return func(r Report) {
		args := []any{"function", r.Function, "request", r.Request, "duration", r.Duration.Round(10 * time.Microsecond)}
		if r.Cold {
			args = append(args, "init", r.Init.Round(10*time.Microsecond))
		}
		if r.Err != nil {
			log.Error("invocation", append(args, "error", r.Err)...)
			return
		}
		log.Info("invocation", args...)
	}
}

// Build builds the programs of the project's functions for this machine, as `make functions` does for AWS, into Programs.
func Build(ctx context.Context, names ...string) error {
	arch := map[string]string{"amd64": "x86_64"}[runtime.GOARCH]
	if arch == "" {
		arch = runtime.GOARCH
	}
	cmd := exec.CommandContext(ctx, "infra/functions/build.sh", append([]string{arch}, names...)...)
	cmd.Dir, cmd.Env = root(), append(os.Environ(), "OUT="+programs)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fault.New(fault.Internal, "build the functions: %s", strings.TrimSpace(string(out))).Because(err)
	}
	return nil
}

const programs = ".cache/functions"

// Programs is the folder for what Build builds, each as NAME/bootstrap.
func Programs() string { return filepath.Join(root(), programs) }

// decodeFunctionError reads what a function posts as its error.
func decodeFunctionError(body []byte) *FunctionError {
	e := &FunctionError{}
	if json.Unmarshal(body, e) != nil || e.Type == "" {
		return &FunctionError{Type: "Runtime.UnknownReason", Message: string(body)}
	}
	return e
}
