package httpapi

import (
	"encoding/json"
	"errors"
	"net/http"
	"strconv"

	"github.com/weir-engine/weir/shared/fault"
	"github.com/weir-engine/weir/shared/httpapi/gen"
	"github.com/weir-engine/weir/shared/segment"
	"github.com/weir-engine/weir/shared/strategy"
)

// statuses is the one table from codes to HTTP statuses.
var statuses = map[fault.Code]int{
	fault.Invalid:     http.StatusBadRequest,
	fault.NotFound:    http.StatusNotFound,
	fault.Conflict:    http.StatusConflict,
	fault.Forbidden:   http.StatusForbidden,
	fault.TooLarge:    http.StatusRequestEntityTooLarge,
	fault.Unavailable: http.StatusServiceUnavailable,
	fault.Internal:    http.StatusInternalServerError,
}

// Status returns the HTTP status of a code; 500 for one that is not in the table.
func Status(code fault.Code) int {
	if s, ok := statuses[code]; ok {
		return s
	}
	return http.StatusInternalServerError
}

// ProblemOf describes err to a client. Of an internal error the client learns only that there was one.
func ProblemOf(err error) gen.Problem {
	var big *http.MaxBytesError
	if errors.As(err, &big) {
		err = fault.New(fault.TooLarge, "the body is larger than %s bytes", strconv.FormatInt(big.Limit, 10)).
			WithHint("send less at once, or upload a file to /v1/files")
	}
	code := fault.CodeOf(err)
	status := Status(code)
	p := gen.Problem{
		Type: "about:blank#" + string(code), Title: http.StatusText(status), Status: status, Code: gen.FaultCode(code),
		Detail: err.Error(), Hint: text(fault.HintOf(err)), Problems: some(TextProblems(err)),
	}
	if code == fault.Internal {
		p.Detail = "Weir made a mistake and could not answer"
		p.Hint = text("try again; if it stays, the program's log says what happened")
	}
	return p
}

// writeProblem answers with err as problem+json.
func writeProblem(w http.ResponseWriter, err error) {
	p := ProblemOf(err)
	if p.Status == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", "1")
	}
	writeProblemJSON(w, p)
}

func writeProblemJSON(w http.ResponseWriter, p gen.Problem) {
	w.Header().Set("Content-Type", "application/problem+json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(p.Status)
	_ = json.NewEncoder(w).Encode(p) // a client that went away cannot be told
}

// TextProblems lists the mistakes in a strategy or in a condition that err carries, with their places; nil for another error.
func TextProblems(err error) []gen.TextProblem {
	var inStrategy *strategy.Errors
	if errors.As(err, &inStrategy) {
		return textProblems(inStrategy.Problems)
	}
	var inCondition *segment.Error
	if errors.As(err, &inCondition) {
		return []gen.TextProblem{conditionProblem(inCondition)}
	}
	return nil
}

func conditionProblem(e *segment.Error) gen.TextProblem {
	p := gen.TextProblem{Line: e.Line, Col: e.Col, Message: e.Message, Expected: text(e.Expected)}
	if e.DidYouMean != "" {
		p.Message += "; did you mean " + e.DidYouMean + "?"
	}
	return p
}

// text returns nil for "", so that an absent value is left out of the JSON.
func text(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// some returns nil for an empty list, so that it is left out of the JSON.
func some[T any](list []T) *[]T {
	if len(list) == 0 {
		return nil
	}
	return &list
}

// list returns an empty list for nil, so that the JSON says [] rather than null.
func list[T any](items []T) []T {
	if items == nil {
		return []T{}
	}
	return items
}
