package analytics

import (
	"bufio"
	"io"
	"strconv"
	"strings"

	"github.com/weir-engine/weir/shared/fault"
)

// table writes CSV of plain cells: numbers, dates and names of ours, none of which needs quotes.
type table struct {
	w    *bufio.Writer
	line []byte
}

func newTable(w io.Writer, header ...string) *table {
	t := &table{w: bufio.NewWriter(w)}
	t.row(header...)
	return t
}

func (t *table) row(cells ...string) {
	t.line = t.line[:0]
	for i, c := range cells {
		if i > 0 {
			t.line = append(t.line, ',')
		}
		t.line = append(t.line, c...)
	}
	_, _ = t.w.Write(append(t.line, '\n')) // errors of a bufio.Writer stay and come back from Flush
}

func (t *table) flush() error {
	if err := t.w.Flush(); err != nil {
		return fault.Wrap(err, "writing the report")
	}
	return nil
}

// ftoa writes a number with the fewest digits that read back to it, and always as a fraction ("1.0").
func ftoa(x float64) string {
	s := strconv.FormatFloat(x, 'f', -1, 64)
	if !strings.Contains(s, ".") {
		s += ".0"
	}
	return s
}
