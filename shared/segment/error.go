package segment

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/weir-engine/weir/shared/fault"
)

// Error says what is wrong with a condition and where. Its fault code is Invalid, or TooLarge when a budget was passed.
type Error struct {
	Line, Col  int    // from 1; Col counts characters
	Offset     int    // byte offset in the source
	Message    string // what is wrong
	Expected   string // what would have been right; may be ""
	DidYouMean string // the nearest known name; may be ""
	TooLarge   bool   // a budget was passed
}

// Error returns "line:column: message; expected …; did you mean …?".
func (e *Error) Error() string {
	return strconv.Itoa(e.Line) + ":" + strconv.Itoa(e.Col) + ": " + e.Text()
}

// Text returns the message without the place.
func (e *Error) Text() string {
	s := e.Message
	if h := e.Hint(); h != "" {
		s += "; " + h
	}
	return s
}

// Hint returns what to do: what was expected, and the nearest known name.
func (e *Error) Hint() string {
	var parts []string
	if e.Expected != "" {
		parts = append(parts, "expected "+e.Expected)
	}
	if e.DidYouMean != "" {
		parts = append(parts, "did you mean "+e.DidYouMean+"?")
	}
	return strings.Join(parts, "; ")
}

// Unwrap returns the error as a fault, so that hosts find its code and hint.
func (e *Error) Unwrap() error {
	code := fault.Invalid
	if e.TooLarge {
		code = fault.TooLarge
	}
	return &fault.Error{Code: code, Message: e.Message, Hint: e.Hint()}
}

// Caret returns the error, the source line it points at and a line with ^ under the place.
func (e *Error) Caret(src string) string {
	lines := strings.Split(src, "\n")
	if e.Line < 1 || e.Line > len(lines) {
		return e.Error()
	}
	line := strings.TrimSuffix(lines[e.Line-1], "\r")
	var b strings.Builder
	b.WriteString(e.Error())
	b.WriteString("\n  | ")
	b.WriteString(line)
	b.WriteString("\n  | ")
	col := 1
	for _, r := range line {
		if col >= e.Col {
			break
		}
		switch {
		case r == '\t':
			b.WriteByte('\t')
		case wide(r):
			b.WriteString("  ")
		default:
			b.WriteByte(' ')
		}
		col++
	}
	b.WriteByte('^')
	return b.String()
}

// wide reports whether a terminal shows the character two columns wide.
func wide(r rune) bool {
	return r >= 0x1100 && (r <= 0x115f || r >= 0x2e80 && r <= 0xa4cf || r >= 0xac00 && r <= 0xd7a3 ||
		r >= 0xf900 && r <= 0xfaff || r >= 0xfe30 && r <= 0xfe6f || r >= 0xff00 && r <= 0xff60 ||
		r >= 0xffe0 && r <= 0xffe6 || r >= 0x1f300 && r <= 0x1faff || r >= 0x20000 && r <= 0x3fffd)
}

func errorAt(src string, offset int, message string) *Error {
	offset = min(offset, len(src))
	before := src[:offset]
	line := strings.Count(before, "\n") + 1
	start := strings.LastIndexByte(before, '\n') + 1
	return &Error{Line: line, Col: utf8.RuneCountInString(before[start:]) + 1, Offset: offset, Message: message}
}

func (e *Error) expect(what string) *Error { e.Expected = what; return e }

// suggest sets DidYouMean to the known name nearest to name, written by format.
func (e *Error) suggest(name string, known []string, format func(string) string) *Error {
	if near := Nearest(name, known); near != "" {
		e.DidYouMean = format(near)
	}
	return e
}

// Nearest returns the candidate that name was probably meant to be: the one with the smallest edit distance, ignoring case,
// if that is at most a third of the name's length (rounded, at most 3). Ties go to the earlier candidate; "" when none is near.
func Nearest(name string, candidates []string) string {
	limit := min((utf8.RuneCountInString(name)+1)/3, 3)
	best, found := "", limit+1
	lowered := strings.ToLower(name)
	for _, c := range candidates {
		if d := distance(lowered, strings.ToLower(c), found); d < found {
			best, found = c, d
		}
	}
	return best
}

// distance is the optimal string alignment distance (a swap of neighbours costs 1), or any number >= limit when it is not
// below limit.
func distance(a, b string, limit int) int {
	ra, rb := []rune(a), []rune(b)
	if d := len(ra) - len(rb); d >= limit || -d >= limit {
		return limit
	}
	before, row, next := make([]int, len(rb)+1), make([]int, len(rb)+1), make([]int, len(rb)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(ra); i++ {
		next[0] = i
		for j := 1; j <= len(rb); j++ {
			cost := 1
			if ra[i-1] == rb[j-1] {
				cost = 0
			}
			next[j] = min(row[j]+1, next[j-1]+1, row[j-1]+cost)
			if i > 1 && j > 1 && ra[i-1] == rb[j-2] && ra[i-2] == rb[j-1] {
				next[j] = min(next[j], before[j-2]+1)
			}
		}
		before, row, next = row, next, before
	}
	return row[len(rb)]
}
