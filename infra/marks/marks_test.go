package marks

import (
	"slices"
	"testing"

	"github.com/weir-engine/weir/shared/app"
)

// FuzzMarks reads any bytes as the marks of a profile: what is read is written and read again as it was.
func FuzzMarks(f *testing.F) {
	f.Add(Append(nil, []app.Mark{{File: "f", Chunk: 3, Accepted: 10, Duplicates: 1}, {File: "", Chunk: 0}}))
	f.Add([]byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1})
	f.Fuzz(func(t *testing.T, b []byte) {
		marks, ok := Parse(b)
		if !ok {
			return
		}
		if again, ok := Parse(Append(nil, marks)); !ok || !slices.Equal(again, marks) {
			t.Fatalf("%+v became %+v (%v)", marks, again, ok)
		}
	})
}
