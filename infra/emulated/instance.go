package emulated

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"sync"
	"time"

	"github.com/weir-engine/weir/shared/fault"
)

// instance is one process of a function and the Runtime API it talks to
// (https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html).
type instance struct {
	name    string
	scratch string
	address string
	server  *http.Server
	process *process
	cold    bool // its first invocation
	init    time.Duration

	work  chan *invocation
	ready chan struct{} // closed by the first question for work
	once  sync.Once

	mu      sync.Mutex
	started time.Time
	current *invocation
	failed  *FunctionError // what it said before it ended while it started
}

// invocation is one event and what becomes of it.
type invocation struct {
	id       string
	event    []byte
	deadline time.Time
	handed   time.Time

	answered chan struct{} // closed with answer or err
	next     chan struct{} // closed when the process asks for the next one
	answer   []byte
	err      *FunctionError
}

func requestID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

// listen opens the Runtime API of the process.
func (i *instance) listen() error {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return fault.New(fault.Unavailable, "no port is free").Because(err)
	}
	i.address = l.Addr().String()
	mux := http.NewServeMux()
	mux.HandleFunc("GET /2018-06-01/runtime/invocation/next", i.serveNext)
	mux.HandleFunc("POST /2018-06-01/runtime/invocation/{id}/response", i.serveResponse)
	mux.HandleFunc("POST /2018-06-01/runtime/invocation/{id}/error", i.serveError)
	mux.HandleFunc("POST /2018-06-01/runtime/init/error", i.serveInitError)
	i.server = &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = i.server.Serve(l) }() // ends with close
	return nil
}

// begin notes when the process starts.
func (i *instance) begin() {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.started = time.Now()
}

// serveNext ends the invocation that was answered and waits for another one.
func (i *instance) serveNext(w http.ResponseWriter, r *http.Request) {
	i.mu.Lock()
	i.once.Do(func() {
		i.init = time.Since(i.started)
		close(i.ready)
	})
	if i.current != nil {
		close(i.current.next)
		i.current = nil
	}
	i.mu.Unlock()
	var inv *invocation
	select {
	case inv = <-i.work:
	case <-r.Context().Done():
		return
	}
	i.mu.Lock()
	i.current = inv
	i.mu.Unlock()
	h := w.Header()
	h.Set("Lambda-Runtime-Aws-Request-Id", inv.id)
	h.Set("Lambda-Runtime-Deadline-Ms", strconv.FormatInt(inv.deadline.UnixMilli(), 10))
	h.Set("Lambda-Runtime-Invoked-Function-Arn", functionARN(i.name))
	h.Set("Lambda-Runtime-Trace-Id", "Root=1-00000000-000000000000000000000000;Sampled=0")
	h.Set("Content-Type", "application/json")
	_, _ = w.Write(inv.event) // a process that is gone is noticed by its end
}

// largestAnswer is the limit of AWS on a synchronous answer.
const largestAnswer = 6 << 20

// settle gives the current invocation its answer; false when it is not the current one.
func (i *instance) settle(w http.ResponseWriter, r *http.Request, do func(inv *invocation, body []byte)) {
	body, err := io.ReadAll(io.LimitReader(r.Body, largestAnswer+1))
	i.mu.Lock()
	defer i.mu.Unlock()
	inv := i.current
	switch {
	case err != nil || inv == nil || inv.id != r.PathValue("id") || inv.settled():
		http.Error(w, `{"errorType":"InvalidRequestID","errorMessage":"there is no such invocation"}`, http.StatusBadRequest)
		return
	case len(body) > largestAnswer:
		inv.err = &FunctionError{Type: "Function.ResponseSizeTooLarge", Message: "the answer is larger than 6 MB"}
		w.WriteHeader(http.StatusRequestEntityTooLarge)
	default:
		do(inv, body)
		w.WriteHeader(http.StatusAccepted)
	}
	close(inv.answered)
}

func (inv *invocation) settled() bool {
	select {
	case <-inv.answered:
		return true
	default:
		return false
	}
}

func (i *instance) serveResponse(w http.ResponseWriter, r *http.Request) {
	i.settle(w, r, func(inv *invocation, body []byte) { inv.answer = body })
}

func (i *instance) serveError(w http.ResponseWriter, r *http.Request) {
	i.settle(w, r, func(inv *invocation, body []byte) { inv.err = decodeFunctionError(body) })
}

func (i *instance) serveInitError(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(io.LimitReader(r.Body, largestAnswer)) // what came is said
	i.mu.Lock()
	i.failed = decodeFunctionError(body)
	i.mu.Unlock()
	w.WriteHeader(http.StatusAccepted)
}

// run hands an invocation to the process and waits for what becomes of it. A process that outlasts the timeout is killed. The time
// that it takes to start does not count, and has a limit of its own.
func (i *instance) run(ctx context.Context, inv *invocation) ([]byte, error) {
	timeout := time.Until(inv.deadline)
	starting := time.NewTimer(max(timeout, 10*time.Second))
	defer starting.Stop()
	select {
	case <-i.ready:
	case <-i.process.done:
		return nil, i.exited()
	case <-starting.C:
		i.process.kill()
		return nil, &FunctionError{Type: "Sandbox.Timedout", Message: "the function did not start in time"}
	case <-ctx.Done():
		i.process.kill()
		return nil, ctx.Err()
	}
	inv.handed = time.Now()
	inv.deadline = inv.handed.Add(timeout)
	limit := time.NewTimer(timeout)
	defer limit.Stop()
	select {
	case i.work <- inv:
	case <-i.process.done:
		return nil, i.exited()
	case <-limit.C:
		return nil, i.timedOut(timeout)
	case <-ctx.Done():
		i.process.kill()
		return nil, ctx.Err()
	}
	select {
	case <-inv.answered:
	case <-i.process.done:
		if !inv.settled() {
			return nil, i.exited()
		}
	case <-limit.C:
		return nil, i.timedOut(timeout)
	case <-ctx.Done():
		i.process.kill()
		return nil, ctx.Err()
	}
	select { // it is free when it asks for the next one; one that panicked ends instead
	case <-inv.next:
	case <-i.process.done:
	case <-limit.C:
		i.process.kill()
	}
	if inv.err != nil {
		return nil, inv.err
	}
	return inv.answer, nil
}

func (i *instance) timedOut(after time.Duration) error {
	i.process.kill()
	return &FunctionError{Type: "Sandbox.Timedout", Message: fmt.Sprintf("Task timed out after %.2f seconds", after.Seconds())}
}

// exited says why a process that ended did.
func (i *instance) exited() error {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.failed != nil {
		return i.failed
	}
	why := "exit status 0"
	if i.process.err != nil {
		why = i.process.err.Error()
	}
	return &FunctionError{Type: "Runtime.ExitError", Message: "the process ended: " + why}
}

func (i *instance) ended() bool {
	select {
	case <-i.process.done:
		return true
	default:
		return false
	}
}

// close ends the process and its Runtime API, and removes its scratch folder.
func (i *instance) close() {
	if i.process != nil {
		i.process.kill()
	}
	if i.server != nil {
		_ = i.server.Close() // its listener is gone with it either way
	}
	_ = os.RemoveAll(i.scratch) // what cannot be removed is left to the system's temporary folder
}

// IsTimeout reports whether an invocation failed because it took too long.
func IsTimeout(err error) bool {
	var e *FunctionError
	return errors.As(err, &e) && e.Type == "Sandbox.Timedout"
}

func functionARN(name string) string { return "arn:aws:lambda:us-east-1:000000000000:function:" + name }
