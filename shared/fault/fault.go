// Package fault is the one error type of Weir: a code that hosts map to statuses and exit codes, a sentence that says
// what is wrong and where, and a hint that says what to do next.
package fault

import "errors"

// Code classifies an error. There is one table from codes to HTTP statuses (shared/httpapi) and one to exit codes
// (functions/weir).
type Code string

// The codes.
const (
	Invalid     Code = "invalid"     // the input is wrong; repeating it cannot help
	NotFound    Code = "not_found"   // what was named does not exist
	Conflict    Code = "conflict"    // the state changed or already is what was asked for
	Forbidden   Code = "forbidden"   // the caller may not do this
	TooLarge    Code = "too_large"   // an input limit was passed
	Unavailable Code = "unavailable" // a resource is busy, full or down; repeating may help
	Internal    Code = "internal"    // a defect of Weir; users never see the text
)

// Error is an error with a code, a message for people and a hint with the way out.
type Error struct {
	Code    Code
	Message string
	Hint    string
	Err     error // what caused it, for operators; may be nil
}

// New returns an error with a formatted message.
func New(code Code, format string, args ...any) *Error {
	return &Error{Code: code, Message: sprintf(format, args)}
}

// Wrap returns an error that says what was being done when err happened. It keeps the code and the hint of err.
func Wrap(err error, format string, args ...any) *Error {
	e := &Error{Code: CodeOf(err), Message: sprintf(format, args), Hint: HintOf(err), Err: err}
	return e
}

// WithHint returns a copy of e that says what to do next.
func (e *Error) WithHint(format string, args ...any) *Error {
	c := *e
	c.Hint = sprintf(format, args)
	return &c
}

// Because returns a copy of e with its cause.
func (e *Error) Because(err error) *Error {
	c := *e
	c.Err = err
	return &c
}

// Error returns the message and the messages of the causes, without hints.
func (e *Error) Error() string {
	if e.Err != nil {
		return e.Message + ": " + e.Err.Error()
	}
	return e.Message
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// CodeOf returns the code of the outermost *Error in err's chain, Internal when there is none, and "" for nil.
func CodeOf(err error) Code {
	if err == nil {
		return ""
	}
	var e *Error
	if errors.As(err, &e) {
		return e.Code
	}
	return Internal
}

// HintOf returns the first hint in err's chain, or "".
func HintOf(err error) string {
	for err != nil {
		var e *Error
		if !errors.As(err, &e) {
			return ""
		}
		if e.Hint != "" {
			return e.Hint
		}
		err = e.Err
	}
	return ""
}

// Is reports whether err carries code.
func Is(err error, code Code) bool { return err != nil && CodeOf(err) == code }
