package httpapi

import (
	"testing"

	"github.com/weir-engine/weir/shared/fault"
)

// FuzzCursor reads any text as a cursor: it is refused with a way out, or gives a place that a cursor leads back to.
func FuzzCursor(f *testing.F) {
	type place struct {
		Time int64
		Key  string
	}
	f.Add(*cursor(place{5, "u"}))
	f.Add("")
	f.Add("bnVsbA")
	f.Fuzz(func(t *testing.T, s string) {
		var p, again place
		if err := openCursor(&s, &p); err != nil {
			if !fault.Is(err, fault.Invalid) || fault.HintOf(err) == "" {
				t.Fatal(err)
			}
			return
		}
		if err := openCursor(cursor(p), &again); err != nil || again != p {
			t.Fatalf("%+v became %+v (%v)", p, again, err)
		}
	})
}
