package embedded

import (
	"slices"
	"testing"

	"github.com/weir-engine/weir/shared/app"
	"github.com/weir-engine/weir/shared/fault"
)

// FuzzMarks reads any bytes as the marks of a profile: what is read is written and read again as it was.
func FuzzMarks(f *testing.F) {
	f.Add(encodeMarks(nil, []app.Mark{{File: "f", Chunk: 3, Accepted: 10, Duplicates: 1}, {File: "", Chunk: 0}}))
	f.Add([]byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1})
	f.Fuzz(func(t *testing.T, b []byte) {
		marks, err := decodeMarks(b)
		if err != nil {
			if fault.HintOf(err) == "" {
				t.Fatal(err)
			}
			return
		}
		if again, err := decodeMarks(encodeMarks(nil, marks)); err != nil || !slices.Equal(again, marks) {
			t.Fatalf("%+v became %+v (%v)", marks, again, err)
		}
	})
}
