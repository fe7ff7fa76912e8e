package eventfile

import (
	"bytes"
	"errors"

	"github.com/weir-engine/weir/shared/event"
)

// ndjson reads one JSON object a line. Blank lines are passed over.
type ndjson struct {
	in   *lines
	p    *event.Parser
	ev   event.Event
	o    *Options
	last []byte // the line of the last event
}

func (n *ndjson) next() (*event.Event, error) {
	for {
		text, err := n.in.next()
		if err != nil {
			return nil, lineError(n.in, "", err)
		}
		if len(text) == 0 || text[0] != '{' && len(bytes.TrimSpace(text)) == 0 {
			continue
		}
		n.last = text
		r := n.p.Parse(text, &n.ev)
		if r == nil {
			r = event.CheckFuture(&n.ev, n.o.Arrived, n.o.Limits)
		}
		if r != nil {
			return nil, &LineError{Line: n.in.line, Text: cut(text), Reject: r}
		}
		return &n.ev, nil
	}
}

func (n *ndjson) line() int64 { return n.in.line }

func (n *ndjson) text() (text, header string) { return cut(n.last), "" }

// lineError turns a line beyond the limit into a LineError and leaves other errors as they are.
func lineError(in *lines, header string, err error) error {
	var long *longLine
	if errors.As(err, &long) {
		return &LineError{Line: in.line, Text: long.head, Header: header, Reject: long.reject(in.limit)}
	}
	return err
}
