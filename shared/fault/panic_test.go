package fault_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/weir-engine/weir/shared/fault"
)

func TestDo(t *testing.T) {
	wanted := errors.New("wanted")
	for _, c := range []struct {
		name, text string
		do         func() error
	}{
		{"an error of the runtime", "index out of range [3] with length 1", func() error { return []error{nil}[len("abc")] }},
		{"a text", "no way", func() error { panic("no way") }},
		{"an error", "wanted", func() error { panic(wanted) }},
		{"a long text", strings.Repeat("x", 200) + " at", func() error { panic(strings.Repeat("x", 1000)) }},
		{"anything", "a value of another kind", func() error { panic(7) }},
	} {
		err := fault.Do(c.do)
		var p *fault.Panic
		if !fault.Is(err, fault.Internal) || !errors.As(err, &p) || !fault.IsPanic(fault.Wrap(err, "doing it")) || fault.HintOf(err) == "" {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if text := err.Error(); !strings.Contains(text, c.text) || strings.Contains(text, "\n") || strings.Contains(text, "runtime.") {
			t.Errorf("%s: %s", c.name, text)
		}
		if !strings.HasPrefix(p.Places, "fault_test.TestDo.func") {
			t.Errorf("%s happened at %s", c.name, p.Places)
		}
	}
	if err := fault.Do(func() error { return wanted }); err != wanted || fault.IsPanic(err) {
		t.Errorf("an error became %v", err)
	}
	if err := fault.Do(func() error { return nil }); err != nil {
		t.Errorf("nothing became %v", err)
	}
}
