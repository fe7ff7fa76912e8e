package fault

import (
	"errors"
	"fmt"
	"testing"
	"time"
)

type (
	kind  string
	level int
)

func (l level) String() string { return "level " + fmt.Sprint(int(l)) }

// TestFormatsAsFmt compares with package fmt what messages may hold.
func TestFormatsAsFmt(t *testing.T) {
	values := []any{
		"", "a", "上海 \"x\"\n", kind("silent"), 0, -7, int32(5), int64(1 << 62), uint8(200), uint64(1 << 63), true, false, errors.New("broken"), time.Second, level(3),
		[]string{"a", "b c"}, []int{1, 2}, []string{}, []kind{"x"},
	}
	for _, verb := range []string{"%s", "%q", "%d", "%v", "%.3s"} {
		for _, v := range values {
			want := fmt.Sprintf("x "+verb+" y", v)
			if got := sprintf("x "+verb+" y", []any{v}); got != want && !contains(want, "%!") && !numbersAsText(verb, v) {
				t.Errorf("%s of %#v is %q, want %q", verb, v, got, want)
			}
		}
	}
	for _, x := range []float64{0, 1, -2.5, 0.1, 1e-5, 1e-4, 1e20, 1e21, 123456789, 1e6, 3.3e-300} {
		for _, verb := range []string{"%v", "%g", "%.3g", "%.0f", "%.2f", "%f"} {
			if want, got := fmt.Sprintf(verb, x), sprintf(verb, []any{x}); got != want {
				t.Errorf("%s of %v is %q, want %q", verb, x, got, want)
			}
		}
	}
	for _, c := range []struct {
		format string
		args   []any
	}{{"100 %% of %d", []any{3}}, {"plain", nil}, {"%s and %s", []any{"a", "b"}}, {"%s", nil}, {"%v", []any{nil}}} {
		if want, got := fmt.Sprintf(c.format, c.args...), sprintf(c.format, c.args); got != want {
			t.Errorf("%q is %q, want %q", c.format, got, want)
		}
	}
	for _, format := range []string{"%", "%.", "%z", "%+v", "%.999999999999999999999999d"} { // never a panic
		sprintf(format, []any{struct{}{}, nil})
	}
}

// numbersAsText are what package fmt quotes as characters: no message does.
func numbersAsText(verb string, v any) bool {
	switch v.(type) {
	case int, int32, int64, uint8, uint64, []int:
		return verb == "%q"
	}
	return false
}

func contains(s, part string) bool {
	for i := range s {
		if len(s)-i >= len(part) && s[i:i+len(part)] == part {
			return true
		}
	}
	return false
}
