package app_test

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/weir-engine/weir/shared/app"
	"github.com/weir-engine/weir/shared/porttest"
)

var errKilled = errors.New("the process was killed")

// cleanRun is a run of the script that nothing disturbs: the folder and the port calls of each step, and what was there at
// the end of each.
type cleanRun struct {
	steps   []step
	before  []string   // folders as they were before each step
	phones  []*phone   // what had been sent before each step
	calls   [][]string // port calls of each step, from the start of the process
	records []record   // after each step
	end     *phone     // nil: the outbox folder

	wrap func(app.Ports) app.Ports // what the runs that are killed lack
}

func runClean(t testing.TB, silent bool) *cleanRun {
	t.Helper()
	c := &cleanRun{steps: script()}
	w := &world{dir: filepath.Join(t.TempDir(), "run")}
	if silent {
		c.end = newPhone()
		w.channel = c.end
	}
	if err := os.MkdirAll(w.dir, 0o755); err != nil {
		t.Fatal(err)
	}
	snapshots := t.TempDir()
	for i, s := range c.steps {
		before := filepath.Join(snapshots, fmt.Sprint(i))
		copyDir(t, w.dir, before)
		c.before = append(c.before, before)
		if silent {
			c.phones = append(c.phones, c.end.clone())
		}
		w.now, w.plan = at(s.at), &porttest.Plan{}
		if err := w.start(); err != nil {
			t.Fatal(err)
		}
		if err := s.do(w); err != nil {
			t.Fatalf("%s: %v", s.name, err)
		}
		c.calls = append(c.calls, w.faults.Names())
		c.records = append(c.records, remember(t, w))
		if err := w.stop(); err != nil {
			t.Fatal(err)
		}
	}
	return c
}

// crash runs the step until the n-th port call, kills the process there, starts it again, repeats the step and runs the
// following steps up to `until`. It returns what differs from the clean run.
func (c *cleanRun) crash(t testing.TB, i, n int, after bool, until int) []string {
	t.Helper()
	dir := filepath.Join(filepath.Dir(c.before[i]), "again")
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	copyDir(t, c.before[i], dir)
	w := &world{dir: dir, now: at(c.steps[i].at), wrap: c.wrap, plan: &porttest.Plan{Call: n, After: after, Err: errKilled, Dead: true}}
	var sent *phone
	if c.end != nil {
		sent = c.phones[i].clone()
		w.channel = sent
	}
	err := w.start()
	if err == nil {
		err = c.steps[i].do(w)
	}
	if !w.faults.Hit() {
		t.Fatalf("%s: call %d did not happen; the run is not deterministic", c.steps[i].name, n)
	}
	if err == nil {
		// The command ended well although a call of it failed: what it could not do is left to the next one.
		t.Logf("%s: nobody noticed that call %d, %s, failed", c.steps[i].name, n, c.calls[i][n-1])
	}
	if err := w.stop(); err != nil {
		t.Fatal(err)
	}
	for j := i; j <= until; j++ {
		w.now, w.plan = at(c.steps[j].at), nil
		if err := w.start(); err != nil {
			t.Fatal(err)
		}
		if err := c.steps[j].do(w); err != nil {
			_ = w.stop()
			return []string{fmt.Sprintf("%s fails after the restart: %v", c.steps[j].name, err)}
		}
		if j < until {
			if err := w.stop(); err != nil {
				t.Fatal(err)
			}
		}
	}
	got := remember(t, w)
	if err := w.stop(); err != nil {
		t.Fatal(err)
	}
	if sent == nil {
		return differences(c.records[until], got)
	}
	return c.compareSends(until, got, sent, 1)
}

// compareSends compares under G1's wording for a provider that does not know what it sent: sends are a subset of the clean
// run's and never twice; the missing ones are among the messages shown as unknown, of which there is at most one for each kill.
func (c *cleanRun) compareSends(until int, got record, sent *phone, kills int) []string {
	clean := c.end
	if until+1 < len(c.phones) {
		clean = c.phones[until+1]
	}
	want, out := maps.Clone(c.records[until]), []string(nil)
	unknown := 0
	for _, id := range slices.Sorted(maps.Keys(clean.sent)) {
		if got["fate "+id] == string(app.IntentUnknown) {
			unknown++
			for _, part := range []string{"fate ", "told "} {
				delete(want, part+id)
				delete(got, part+id)
			}
			continue
		}
		if sent.sent[id] != 1 {
			out = append(out, fmt.Sprintf("the message %s was sent %d times", id, sent.sent[id]))
		}
	}
	for id, n := range sent.sent {
		if n > 1 || clean.sent[id] == 0 || clean.text[id] != sent.text[id] {
			out = append(out, fmt.Sprintf("the message %s was sent %d times, in the clean run %d times", id, n, clean.sent[id]))
		}
	}
	if unknown > kills {
		out = append(out, fmt.Sprintf("%d messages are unknown after %d kills", unknown, kills))
	}
	return append(out, differences(want, got)...)
}

// point is one place to die at.
type point struct {
	step, call int
	after      bool
}

// points lists every k-th crash point, the first of each call that reads, and the first of each call that writes in each step.
func (c *cleanRun) points(k int) (out []point, total int) {
	read := map[string]bool{}
	for i, calls := range c.calls {
		wrote := map[string]bool{}
		for n, name := range calls {
			seen := read
			if writes(name) {
				seen = wrote
			}
			for _, after := range []bool{false, true} {
				total++
				if total%k == 0 || !seen[name] {
					out = append(out, point{i, n + 1, after})
				}
			}
			seen[name] = true
		}
	}
	return out, total
}

// writes reports whether a port call changes something that lasts.
func writes(name string) bool {
	switch name {
	case "Uploads.Put", "Uploads.Delete", "Ledger.Begin", "Ledger.Update", "Ledger.PutChunk", "Profiles.Write", "Links.Apply",
		"Canon.Write", "Canon.Drop", "Rejects.Put", "Rejects.Redriven", "Intents.Claim", "Intents.Settle", "Docs.Put":
		return true
	}
	return strings.HasPrefix(name, "Channel")
}

func soak() bool { return os.Getenv("WEIR_SOAK") == "1" }

// TestCrashPoints dies before and after the port calls of the script and compares what a restart makes of it.
func TestCrashPoints(t *testing.T) {
	for _, variant := range []struct {
		name   string
		silent bool
	}{{"outbox", false}, {"a provider that knows no ids", true}} {
		t.Run(variant.name, func(t *testing.T) {
			start := time.Now()
			c := runClean(t, variant.silent)
			points, total := c.points(30)
			if soak() {
				points, total = c.points(1)
			}
			failed, ran := 0, 0
			for n, p := range points {
				if variant.silent && len(c.phones[p.step].sent) == len(c.phoneAfter(p.step).sent) {
					continue // nothing is sent in this step: the other variant dies here
				}
				ran++
				until := p.step
				if n%20 == 0 {
					until = len(c.steps) - 1
				}
				diff := c.crash(t, p.step, p.call, p.after, until)
				if len(diff) == 0 {
					continue
				}
				side := map[bool]string{false: "before", true: "after"}[p.after]
				t.Errorf("%s, killed %s call %d, %s:", c.steps[p.step].name, side, p.call, c.calls[p.step][p.call-1])
				for _, d := range diff {
					t.Log("\t" + d)
				}
				if failed++; failed == 5 {
					t.FailNow()
				}
			}
			t.Logf("%d of %d crash points in %s", ran, total, time.Since(start).Round(time.Millisecond))
		})
	}
}

func (c *cleanRun) phoneAfter(step int) *phone {
	if step+1 < len(c.phones) {
		return c.phones[step+1]
	}
	return c.end
}
