package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/mattn/go-runewidth"
	"github.com/vbauerster/mpb/v8/cwriter"

	"github.com/weir-engine/weir/shared/event"
	"github.com/weir-engine/weir/shared/httpapi/gen"
)

// print writes a command's result: v as JSON, or what human writes for people.
func (c *cli) print(v any, human func(w io.Writer)) error {
	if !c.json {
		human(c.out)
		return nil
	}
	e := json.NewEncoder(c.out)
	e.SetEscapeHTML(false)
	return e.Encode(v)
}

// note tells people something that is no result.
func (c *cli) note(format string, args ...any) {
	fmt.Fprintf(c.err, format+"\n", args...)
}

// isTerminal reports whether w is a terminal.
func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && cwriter.IsTerminal(int(f.Fd()))
}

// table collects rows for people. A column whose head begins with ">" is aligned to the right.
type table struct {
	heads []string
	rows  [][]string
}

func newTable(heads ...string) *table { return &table{heads: heads} }

func (t *table) row(cells ...string) { t.rows = append(t.rows, cells) }

// write writes aligned columns to a terminal, and tab-separated ones, for other programs, to anything else.
func (t *table) write(w io.Writer) {
	if isTerminal(w) {
		t.align(w)
		return
	}
	for _, r := range t.all() {
		fmt.Fprintln(w, strings.Join(r, "\t"))
	}
}

// all returns the heads and the rows, each cell on one line.
func (t *table) all() [][]string {
	heads := make([]string, len(t.heads))
	for i, h := range t.heads {
		heads[i] = strings.TrimPrefix(h, ">")
	}
	out := [][]string{heads}
	for _, r := range t.rows {
		out = append(out, flat(r))
	}
	return out
}

// align writes columns for people. Chinese characters are two columns wide.
func (t *table) align(w io.Writer) {
	all, widths := t.all(), make([]int, len(t.heads))
	for _, r := range all {
		for i, cell := range r {
			widths[i] = max(widths[i], runewidth.StringWidth(cell))
		}
	}
	for _, r := range all {
		var line strings.Builder
		for i, cell := range r {
			pad := strings.Repeat(" ", widths[i]-runewidth.StringWidth(cell))
			if strings.HasPrefix(t.heads[i], ">") {
				cell = pad + cell
			} else {
				cell += pad
			}
			line.WriteString(cell + "  ")
		}
		fmt.Fprintln(w, strings.TrimRight(line.String(), " "))
	}
}

// flat keeps a cell on its line.
func flat(cells []string) []string {
	out := make([]string, len(cells))
	for i, cell := range cells {
		out[i] = strings.Map(func(r rune) rune {
			if r < ' ' || r == 0x7f {
				return ' '
			}
			return r
		}, cell)
	}
	return out
}

// money writes minor units in major ones: 12345 of USD as "123.45".
func money(minor int64, currency string) string {
	digits := event.MinorDigits(currency)
	sign := ""
	u := uint64(minor)
	if minor < 0 {
		sign, u = "-", -u
	}
	s := strconv.FormatUint(u, 10)
	if digits == 0 {
		return sign + s
	}
	if len(s) <= digits {
		s = strings.Repeat("0", digits+1-len(s)) + s
	}
	return sign + s[:len(s)-digits] + "." + s[len(s)-digits:]
}

// bar draws a value of at most most as a bar of at most width signs, in eighths of a sign.
func bar(value, most float64, width int) string {
	if !(value > 0 && most > 0) {
		return ""
	}
	eighths := int(min(value/most, 1)*float64(8*width) + 0.5)
	full := strings.Repeat("█", eighths/8)
	if eighths%8 == 0 {
		return full
	}
	return full + string([]rune("▏▎▍▌▋▊▉")[eighths%8-1])
}

// short writes a number with the digits that it has, six at most.
func short(v float64) string { return strconv.FormatFloat(v, 'g', 6, 64) }

// fixed writes a number with so many decimals, and no minus before zeros.
func fixed(v float64, decimals int) string {
	s := strconv.FormatFloat(v, 'f', decimals, 64)
	if strings.Trim(s, "-0.") == "" {
		return strings.TrimPrefix(s, "-")
	}
	return s
}

// pText writes a probability of error: small ones by their order of magnitude.
func pText(p float64) string {
	if p < 0.0001 {
		return strconv.FormatFloat(p, 'e', 1, 64)
	}
	return fixed(p, 4)
}

func number[T int | int32 | int64](n T) string { return strconv.FormatInt(int64(n), 10) }

func percent(share float64) string { return strconv.FormatFloat(100*share, 'f', 1, 64) + "%" }

func when(t time.Time) string { return t.UTC().Format(time.RFC3339) }

func str[T ~string](p *T) string {
	if p == nil {
		return ""
	}
	return string(*p)
}

// problemLine writes a mistake in a text with its place.
func problemLine(p gen.TextProblem) string {
	s := fmt.Sprintf("%d:%d: ", p.Line, p.Col)
	if at := str(p.Path); at != "" {
		s += at + ": "
	}
	s += p.Message
	if expected := str(p.Expected); expected != "" {
		s += "; expected " + expected
	}
	return s
}
