package fault

import (
	"errors"
	"runtime"
	"strings"
)

// Panic is what is known of a panic: it is a defect of Weir, or of a library. Hosts turn panics into errors where work begins, so that one
// request, file or message that meets a defect does not end the others.
type Panic struct {
	Value  string // what was thrown, cut short
	Places string // the calls that led there, the innermost first
}

// Error says what happened and where, in one line.
func (p *Panic) Error() string { return "panic: " + p.Value + " at " + p.Places }

// Catch, when it is deferred, makes a panic the error of the function that defers it: Internal.
func Catch(err *error) {
	if p := recover(); p != nil {
		*err = Panicked(p)
	}
}

// IsPanic reports whether err is, or was caused by, a panic.
func IsPanic(err error) bool {
	var p *Panic
	return errors.As(err, &p)
}

// Do returns the error of f, or its panic as one.
func Do(f func() error) (err error) {
	defer Catch(&err)
	return f()
}

// Panicked is the error of a panic that was just recovered.
func Panicked(value any) *Error {
	return New(Internal, "a defect of Weir broke the work off").WithHint("repeat it: it goes on where it was; if it fails again, report the places in the log").
		Because(&Panic{Value: thrown(value), Places: places()})
}

const (
	maxThrown = 200 // bytes of a panic's text
	maxPlaces = 12
)

func thrown(value any) string {
	text := "a value of another kind"
	switch v := value.(type) {
	case error:
		text = v.Error()
	case string:
		text = v
	}
	return strings.ToValidUTF8(text[:min(len(text), maxThrown)], "")
}

// places are the calls below the panic, without those of the runtime and of this file.
func places() string {
	var at [64]uintptr
	frames := runtime.CallersFrames(at[:runtime.Callers(3, at[:])])
	var b strings.Builder
	for n := 0; n < maxPlaces; {
		f, more := frames.Next()
		if name := f.Function[strings.LastIndexByte(f.Function, '/')+1:]; name != "" && !strings.HasPrefix(name, "runtime.") && name != "fault.Catch" {
			if n > 0 {
				b.WriteString(" < ")
			}
			b.WriteString(name + sprintf(":%d", []any{f.Line}))
			n++
		}
		if !more {
			break
		}
	}
	return b.String()
}
