package strategy

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/weir-engine/weir/shared/fault"
)

// Problem is one thing that is wrong in a strategy file.
type Problem struct {
	Line, Col int    // from 1; 0 when the place is not known
	Path      string // as in segments[2].when
	Message   string
	Expected  string // what would have been right; may be ""
}

// String returns "line:column: path: message; expected …".
func (p Problem) String() string {
	s := p.Message
	if p.Path != "" {
		s = p.Path + ": " + s
	}
	if p.Line > 0 {
		s = fmt.Sprintf("%d:%d: %s", p.Line, p.Col, s)
	}
	if p.Expected != "" {
		s += "; expected " + p.Expected
	}
	return s
}

// Errors is everything that is wrong in a strategy file, or another file that people write, in the order of the text. It unwraps
// to a fault.Error with the code Invalid, or TooLarge when the file is.
type Errors struct {
	Problems []Problem
	tooLarge bool
	of, hint string // what the file is; "": a strategy
}

// NewErrors returns the problems of another file than a strategy, in the order of the text: of says what it is ("tracking plan"),
// hint what to do.
func NewErrors(problems []Problem, of, hint string) *Errors {
	slices.SortStableFunc(problems, byPlace)
	return &Errors{Problems: problems, of: of, hint: hint}
}

func byPlace(a, b Problem) int { return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Col, b.Col)) }

// Error returns one line a problem.
func (e *Errors) Error() string {
	if len(e.Problems) == 1 {
		return e.name() + " " + e.Problems[0].String()
	}
	lines := make([]string, len(e.Problems))
	for i, p := range e.Problems {
		lines[i] = "  " + p.String()
	}
	return fmt.Sprintf("the %s has %d problems:\n%s", e.name(), len(e.Problems), strings.Join(lines, "\n"))
}

// Unwrap returns the error as a fault.
func (e *Errors) Unwrap() error {
	code := fault.Invalid
	if e.tooLarge {
		code = fault.TooLarge
	}
	hint := cmp.Or(e.hint, "correct the lines named in the message; docs/strategy.md explains every key, and `weir strategy validate FILE` checks again")
	return fault.New(code, "the %s has %d problems", e.name(), len(e.Problems)).WithHint("%s", hint)
}

func (e *Errors) name() string { return cmp.Or(e.of, "strategy") }

// problems collects what is wrong. It keeps at most maxProblems.
type problems struct {
	list []Problem
}

const maxProblems = 100

func (ps *problems) add(p Problem) {
	if len(ps.list) < maxProblems {
		ps.list = append(ps.list, p)
	}
}

// err returns the problems as an error, nil when there are none.
func (ps *problems) err() error {
	if len(ps.list) == 0 {
		return nil
	}
	slices.SortStableFunc(ps.list, byPlace)
	return &Errors{Problems: ps.list}
}
