package porttest

import (
	"errors"
	"strings"
	"testing"

	"github.com/weir-engine/weir/shared/app"
)

var errPlanned = errors.New("planned")

// TestSteps checks how the steps of an iterator are counted and fail.
func TestSteps(t *testing.T) {
	three := func(yield func(int, error) bool) {
		for i := 1; i <= 3 && yield(i, nil); i++ {
		}
	}
	for _, c := range []struct {
		plan  Plan
		want  []int
		fails bool
		calls int
	}{
		{Plan{}, []int{1, 2, 3}, false, 4},
		{Plan{Call: 1, Err: errPlanned}, nil, true, 1},
		{Plan{Call: 2, Err: errPlanned}, []int{1}, true, 2},
		{Plan{Call: 2, After: true, Err: errPlanned}, []int{1, 2}, true, 2},
		{Plan{Call: 3, After: true, Err: errPlanned}, []int{1, 2, 3}, true, 3},
		{Plan{Call: 4, Err: errPlanned}, []int{1, 2, 3}, true, 4},
		{Plan{Call: 5, Err: errPlanned}, []int{1, 2, 3}, false, 4},
	} {
		f := &Faults{}
		f.Begin(c.plan)
		var got []int
		failed := false
		for v, err := range steps(f, "step", three) {
			if err != nil {
				failed = errors.Is(err, errPlanned)
				continue
			}
			got = append(got, v)
		}
		same(t, "the values, the failure and the calls", []any{got, failed, f.Calls()}, []any{c.want, c.fails, c.calls})
	}
}

// TestPlan checks that a call fails before or after its effect, that the dead stay dead, and that ignored calls do not count.
func TestPlan(t *testing.T) {
	for _, c := range []struct {
		plan    Plan
		effects string // which of three calls took effect
		errors  string // which failed
	}{
		{Plan{}, "yyy", "nnn"},
		{Plan{Call: 2, Err: errPlanned}, "yny", "nyn"},
		{Plan{Call: 2, After: true, Err: errPlanned}, "yyy", "nyn"},
		{Plan{Call: 2, Dead: true, Err: errPlanned}, "ynn", "nyy"},
		{Plan{Call: 2, After: true, Dead: true, Err: errPlanned}, "yyn", "nyy"},
	} {
		f := &Faults{}
		f.Ignore(func(name string) bool { return strings.HasPrefix(name, "Spill") })
		f.Begin(c.plan)
		var effects, failures strings.Builder
		for range 3 {
			done := "n"
			err := f.do("call", func() error { done = "y"; return nil })
			effects.WriteString(done)
			failures.WriteString(map[bool]string{true: "y", false: "n"}[errors.Is(err, errPlanned)])
			_ = f.do("Spill.Append", func() error { return nil })
		}
		same(t, "effects and errors", []string{effects.String(), failures.String()}, []string{c.effects, c.errors})
		same(t, "hit", f.Hit(), c.plan.Call > 0)
	}
}

// TestFaultyChannels checks that the wrapped ports leave the others' map alone.
func TestFaultyChannels(t *testing.T) {
	p := app.Ports{Channels: map[string]app.Channel{"outbox": nil}}
	w, _ := Faulty(p)
	if p.Channels["outbox"] != nil || w.Channels["outbox"] == nil {
		t.Fatal("the channel was not wrapped apart")
	}
}
