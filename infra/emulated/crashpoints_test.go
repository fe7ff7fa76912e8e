package emulated

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/weir-engine/weir/shared/app"
	"github.com/weir-engine/weir/shared/fault"
)

// cleanLife is a life that nothing disturbs, and the calls of each step from the start of its process.
type cleanLife struct {
	steps []step
	calls [][]string
	end   trail
	sent  map[string]int
}

func liveClean(t *testing.T, s *Services) *cleanLife {
	t.Helper()
	c := &cleanLife{steps: visit()}
	l := newLife(t, s, 2)
	defer l.end(t)
	for _, st := range c.steps {
		l.now = moment(st.at)
		must(t, l.start())
		if err := st.do(l); err != nil {
			t.Fatalf("%s: %v %s", st.name, err, fault.HintOf(err))
		}
		c.calls = append(c.calls, l.wire.names)
	}
	if want := []string{app.EveryoneFirst, app.EveryoneFirst, ""}; !slices.Equal(l.sweeps, want) {
		t.Fatalf("the sweeps evaluated everyone because of %q, not %q", l.sweeps, want)
	}
	var err error
	c.sent = l.phone.sent
	c.end, err = l.remember()
	must(t, err)
	return c
}

// point is a place in a step: before a call, or after it.
type point struct {
	call  int // counts from 1
	after bool
}

// points are the places in a step that differ. Between two writes nothing outside the process changes: it may die in any of the reads
// there, and leaves the same. Of reads that follow each other the first and the last are points.
func points(calls []string) (all []point) {
	for i, name := range calls {
		switch {
		case !reads(name):
			all = append(all, point{i + 1, false}, point{i + 1, true})
		case i == 0 || !reads(calls[i-1]) || i == len(calls)-1 || !reads(calls[i+1]):
			all = append(all, point{i + 1, false})
		}
	}
	return all
}

// reads reports whether an operation changes nothing.
func reads(operation string) bool {
	return slices.ContainsFunc([]string{"Get", "BatchGet", "Query", "Scan", "Head", "List", "Describe"}, func(prefix string) bool {
		return strings.HasPrefix(operation, prefix)
	})
}

// disturbed lives the same life, and once in every step the process comes to grief at a point. A process that dies is started again; one in
// which a call panics goes on, unless it was starting. Then the command is repeated. It returns what differs at the end, and how often
// the process died and how often it panicked.
func (c *cleanLife) disturbed(t *testing.T, s *Services, at func(step int) (p point, panics bool)) (diff []string, hits [2]int) {
	t.Helper()
	l := newLife(t, s, 2)
	defer l.end(t)
	for i, st := range c.steps {
		l.now = moment(st.at)
		p, panics := at(i)
		w, started := &wire{point: p.call, after: p.after, panics: panics}, false
		err := fault.Do(func() error { // as every host does
			if err := l.startOver(w); err != nil {
				return err
			}
			started = true
			return st.do(l)
		})
		if !w.hit() {
			if err != nil {
				return []string{fmt.Sprintf("%s fails: %v", st.name, err)}, hits
			}
			continue
		}
		if panics {
			hits[1]++
		} else {
			hits[0]++
		}
		where := fmt.Sprintf("%s, call %d, %s, after it: %v, panics: %v", st.name, p.call, w.names[p.call-1], p.after, panics)
		if code := fault.CodeOf(err); panics && (code == fault.Invalid || code == fault.TooLarge) { // then nobody would repeat it
			return []string{fmt.Sprintf("%s: the defect is told as %v", where, err)}, hits
		}
		if !panics || !started {
			if err := l.start(); err != nil {
				return []string{fmt.Sprintf("%s: the process does not start again: %v", where, err)}, hits
			}
		}
		if err := st.do(l); err != nil {
			return []string{fmt.Sprintf("%s: repeated, it fails: %v", where, err)}, hits
		}
	}
	got, err := l.remember()
	if err != nil {
		return []string{err.Error()}, hits
	}
	return c.compare(got, l.phone.sent, hits[0]+hits[1]), hits
}

// compare compares under G1's wording: sends are a subset of the clean life's and never twice; the missing ones are the messages shown
// as unknown, at most one for each kill.
func (c *cleanLife) compare(got trail, sent map[string]int, kills int) (out []string) {
	want, unknown := maps.Clone(c.end), 0
	for id := range c.sent {
		if _, kept := c.end["fate "+id]; !kept && sent[id] == 0 { // of the user who was forgotten: nothing says that it was unknown
			unknown++
			continue
		}
		if got["fate "+id] == string(app.IntentUnknown) {
			unknown++
			for _, part := range []string{"fate ", "told "} {
				delete(want, part+id)
				delete(got, part+id)
			}
		} else if sent[id] != 1 {
			out = append(out, fmt.Sprintf("the message %s was sent %d times", id, sent[id]))
		}
	}
	for id, n := range sent {
		if n > 1 || c.sent[id] == 0 {
			out = append(out, fmt.Sprintf("the message %s was sent %d times, in the clean life %d times", id, n, c.sent[id]))
		}
	}
	if unknown > kills {
		out = append(out, fmt.Sprintf("%d messages are unknown after %d kills", unknown, kills))
	}
	return append(out, differences(want, got)...)
}

// TestCrashPoints dies, or panics, before and after calls of DynamoDB, S3 and the provider, in every step of a life, and compares what is
// left. A life comes to grief at one point of each step, by turns by dying and by a panic; at full size there are as many lives as the
// longest step has points, and the points of shorter steps are met in both ways.
func TestCrashPoints(t *testing.T) {
	s := openServices(t)
	c := liveClean(t, s)
	longest, total := 0, 0
	at := make([][]point, len(c.calls))
	for i, calls := range c.calls {
		at[i] = points(calls)
		t.Logf("%-10s %4d calls, %4d points", c.steps[i].name, len(calls), len(at[i]))
		longest, total = max(longest, len(at[i])), total+len(at[i])
	}
	all := make([]int, longest)
	for i := range all {
		all[i] = i
	}
	if !soak() {
		n := crashLives
		if text := os.Getenv("WEIR_CRASH_LIVES"); text != "" {
			var err error
			n, err = strconv.Atoi(text)
			must(t, err)
		}
		r := rand.New(rand.NewPCG(7, 7))
		r.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
		all = all[:min(n, len(all))]
	}
	var hits [2]int
	start := time.Now()
	for i, n := range all {
		if i > 0 && i%50 == 0 {
			t.Logf("%d deaths and %d panics in %d of %d lives, in %s", hits[0], hits[1], i, len(all), time.Since(start).Round(time.Second))
		}
		diff, met := c.disturbed(t, s, func(step int) (point, bool) {
			points := at[step]
			return points[n%len(points)], (n+n/len(points))%2 == 1
		})
		hits[0], hits[1] = hits[0]+met[0], hits[1]+met[1]
		if len(diff) > 0 {
			t.Fatalf("life %d: %s", n, strings.Join(diff, "\n"))
		}
	}
	t.Logf("%d deaths and %d panics in %d lives, of %d points each, in %s", hits[0], hits[1], len(all), total, time.Since(start).Round(time.Millisecond))
}

// crashLives is how many lives an ordinary run disturbs; WEIR_CRASH_LIVES asks for more, chosen at random.
const crashLives = 8
