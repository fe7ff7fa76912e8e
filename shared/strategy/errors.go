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

// Errors is everything that is wrong in a strategy file, in the order of the text. It unwraps to a fault.Error with the
// code Invalid, or TooLarge when the file is.
type Errors struct {
	Problems []Problem
	tooLarge bool
}

// Error returns one line a problem.
func (e *Errors) Error() string {
	if len(e.Problems) == 1 {
		return "strategy " + e.Problems[0].String()
	}
	lines := make([]string, len(e.Problems))
	for i, p := range e.Problems {
		lines[i] = "  " + p.String()
	}
	return fmt.Sprintf("the strategy has %d problems:\n%s", len(e.Problems), strings.Join(lines, "\n"))
}

// Unwrap returns the error as a fault.
func (e *Errors) Unwrap() error {
	code := fault.Invalid
	if e.tooLarge {
		code = fault.TooLarge
	}
	return fault.New(code, "the strategy has %d problems", len(e.Problems)).
		WithHint("correct the lines named in the message; docs/strategy.md explains every key, and `weir strategy validate FILE` checks again")
}

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
	slices.SortStableFunc(ps.list, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Col, b.Col))
	})
	return &Errors{Problems: ps.list}
}
