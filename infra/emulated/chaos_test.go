package emulated

import (
	"context"
	"encoding/json"
	"math/rand/v2"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/weir-engine/weir/shared/app"
)

// breaker kills the processes of a function around calls that a seed chooses, and lets services refuse calls.
type breaker struct {
	function string
	every    int // one kill in so many calls, on average
	kills    int // that are left
	refuse   int // one refusal in so many calls; 0 for none
	after    func()
	ways     []string // of ending a process: kill, abort (the runtime ends it, as after a panic), freeze (until its timeout); none: kill
	others   bool     // every function's processes

	mu      sync.Mutex
	random  *rand.Rand
	stack   *Stack
	killed  []string
	refused int
}

func newBreaker(function string, seed uint64, every, kills int) *breaker {
	return &breaker{function: function, every: every, kills: kills, random: rand.New(rand.NewPCG(seed, 1)), after: func() {}}
}

func (b *breaker) taps() *Taps {
	return &Taps{
		Before: func(c Call) *Answer {
			if b.kill(c, "before ") {
				return &Answer{}
			}
			return b.refusal(c)
		},
		After: func(c Call) { b.kill(c, "after ") },
	}
}

// kill ends the function's processes when the seed says so. One process is killed once: the calls of its other threads find the
// lock taken until it is gone.
func (b *breaker) kill(c Call, moment string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if c.Function != b.function && !b.others || b.stack == nil || b.kills == 0 || b.random.IntN(b.every) > 0 {
		return false
	}
	way := "kill"
	if len(b.ways) > 0 {
		way = b.ways[b.random.IntN(len(b.ways))]
	}
	f, n := b.stack.Functions[c.Function], 0
	switch way {
	case "kill":
		n = f.Kill()
	case "abort":
		n = f.Signal(syscall.SIGQUIT)
	case "freeze":
		n = f.Signal(syscall.SIGSTOP)
	}
	if n == 0 {
		return false
	}
	b.kills--
	b.killed = append(b.killed, way+" "+moment+c.Function+" "+c.Service+" "+c.Operation)
	b.after()
	return true
}

// refusal answers for DynamoDB as it does when it is busy or broken.
func (b *breaker) refusal(c Call) *Answer {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.refuse == 0 || c.Service != "dynamodb" || b.random.IntN(b.refuse) > 0 {
		return nil
	}
	if b.refused++; b.refused%2 == 0 {
		return &Answer{Status: 500, Body: `{"__type":"com.amazonaws.dynamodb.v20120810#InternalServerError","message":"internal"}`}
	}
	return &Answer{Status: 400, Body: `{"__type":"com.amazonaws.dynamodb.v20120810#ThrottlingException","message":"slow down"}`}
}

// expireLease lets the lease of a killed process end at once; by itself it ends 20 seconds after it was last renewed.
func expireLease(t *testing.T, ports app.Ports) {
	docs, err := ports.Docs.Get(context.Background(), "lease/writing")
	if err != nil {
		t.Errorf("the lease cannot be read: %v", err)
		return
	}
	var l struct {
		Holder string `json:"holder"`
	}
	if json.Unmarshal(docs.Value, &l) != nil || l.Holder == "" {
		return
	}
	if err := ports.Docs.Put(context.Background(), app.Doc{Key: docs.Key, Version: docs.Version, Value: []byte(`{}`)}); err != nil {
		t.Errorf("the lease cannot be ended: %v", err)
	}
}

// broken lives the life of the sample while a breaker is at work, and compares what it leaves with the life on one machine.
func broken(t *testing.T, b *breaker) *cloud {
	t.Helper()
	written := &creations{prefix: "outbox/", counts: map[string]int{}}
	c := openCloud(t, Options{
		Fast: true, RetryAfter: &atOnce, Seen: written.seen, Taps: b.taps(), Parameters: map[string]string{"IngestReceives": "100"},
	})
	b.mu.Lock()
	b.after = func() { expireLease(t, c.ports) }
	b.stack = c.Stack
	b.mu.Unlock()
	want, got := liveHere(t, hundredth), c.live(t, hundredth)
	for _, w := range []traces{want, got} { // what was claimed when a process died is settled by a later sweep
		for i := range w.intents {
			w.intents[i].Settled = 0
		}
	}
	same(t, want, got)
	if twice := written.twice(); len(twice) > 0 {
		t.Errorf("messages that were written more than once: %v", twice)
	}
	for name, q := range c.Queues {
		if n := q.Len(); n > 0 {
			t.Errorf("%d messages are left in %s", n, name)
		}
	}
	counts, err := c.ports.Intents.Counts(context.Background())
	must(t, err)
	for _, status := range []app.IntentStatus{app.IntentPending, app.IntentClaimed, app.IntentUnknown} {
		if counts[status] > 0 {
			t.Errorf("%d messages are %s", counts[status], status)
		}
	}
	t.Logf("%d kills, %d refusals:\n%s", len(b.killed), b.refused, strings.Join(b.killed, "\n"))
	return c
}

// TestKilledIngest kills the import around calls of its ports; the queue brings the file again.
func TestKilledIngest(t *testing.T) {
	for _, seed := range []uint64{1, 2} {
		b := newBreaker("IngestFunction", seed, 100, 12)
		broken(t, b)
		if len(b.killed) < 5 {
			t.Errorf("seed %d killed the import %d times", seed, len(b.killed))
		}
	}
}

// TestKilledDeliver kills the delivery around calls of its ports; the stream shows the messages again, and the sweep finds those
// that were claimed.
func TestKilledDeliver(t *testing.T) {
	for _, seed := range []uint64{3, 4} {
		b := newBreaker("DeliverFunction", seed, 40, 8)
		broken(t, b)
		if len(b.killed) < 4 {
			t.Errorf("seed %d killed the delivery %d times", seed, len(b.killed))
		}
	}
}

// TestBusyTable lets DynamoDB answer one call in a hundred with throttling or an internal error, and one in twenty at full size: the
// SDK waits before it repeats.
func TestBusyTable(t *testing.T) {
	b := newBreaker("", 5, 1, 0)
	if b.refuse = 100; os.Getenv("WEIR_SOAK") != "" {
		b.refuse = 20
	}
	broken(t, b)
	if b.refused < 5 {
		t.Errorf("%d calls were refused", b.refused)
	}
}

// TestKilledSweep kills the daily evaluation around calls of its ports; the schedule invokes it again.
func TestKilledSweep(t *testing.T) {
	b := newBreaker("SweepFunction", 6, 100, 8)
	broken(t, b)
	if len(b.killed) < 4 {
		t.Errorf("the sweep was killed %d times", len(b.killed))
	}
}
