package eventfile

import (
	"bytes"
	"io"
	"sync/atomic"

	"github.com/weir-engine/weir/shared/event"
	"github.com/weir-engine/weir/shared/fault"
)

// Reader reads the events of one file in their order. It is not safe for concurrent use.
type Reader struct {
	events   events
	src      *source   // nil for Parquet
	closer   io.Closer // of Parquet
	consumed *atomic.Int64
	kind     string
	failed   error
}

// events is what one kind of file gives.
type events interface {
	next() (*event.Event, error)
	line() int64
	// text is what the last event was read from.
	text() (text, header string)
}

// Open looks at the beginning of a file and returns a reader for what it finds. It fails when the content is of no known
// kind, is damaged at its beginning, or does not fit the mapping: a fault.Error that says what was expected and found.
func Open(r io.ReaderAt, size int64, o Options) (*Reader, error) {
	o.fill()
	if isParquet(r, size) || o.Format == formatParquet {
		return openParquet(r, size, &o)
	}
	src, err := openSource(r, size, &o)
	if err != nil {
		return nil, err
	}
	rd := &Reader{src: src, consumed: &src.consumed}
	if err := rd.open(&o); err != nil {
		src.close()
		return nil, err
	}
	return rd, nil
}

func (o *Options) fill() {
	if o.Limits == (event.Limits{}) {
		o.Limits = event.DefaultLimits
	}
	if o.MaxBytes <= 0 {
		o.MaxBytes = DefaultMaxBytes
	}
	if o.MaxRatio <= 0 {
		o.MaxRatio = DefaultMaxRatio
	}
}

// open chooses the format of a text file.
func (r *Reader) open(o *Options) (err error) {
	in := newLines(r.src, o.Limits.LineBytes)
	head, err := in.peek()
	if err != nil {
		return err
	}
	if bytes.HasPrefix(head, []byte("\xef\xbb\xbf")) {
		in.rest = in.rest[3:]
		head = head[3:]
	}
	if r.kind, err = sniff(head, o); err != nil {
		return err
	}
	if r.kind == formatNDJSON {
		r.events = &ndjson{in: in, p: event.NewParser(o.Limits), o: o}
		return nil
	}
	r.events, err = openTable(in, o)
	return err
}

// Next returns the next event, valid until the next call. At the end it returns io.EOF; a *LineError refuses one line and
// reading goes on; any other error is a fault.Error and means that the file as a whole is broken.
func (r *Reader) Next() (*event.Event, error) {
	if r.failed != nil {
		return nil, r.failed
	}
	ev, err := r.events.next()
	if err != nil {
		if _, one := err.(*LineError); !one { //nolint:errorlint // a LineError is never wrapped here
			r.failed = fileError(err, r.events.line())
			return nil, r.failed
		}
		return nil, err
	}
	return ev, nil
}

func fileError(err error, line int64) error {
	if err == io.EOF {
		return err
	}
	return fault.Wrap(err, "after line %d", line)
}

// Format returns what the file is: "ndjson", "csv" or "parquet".
func (r *Reader) Format() string { return r.kind }

// Line returns the line of the last event or LineError, counted from 1: of a group of rows the first, of a Parquet file the
// row.
func (r *Reader) Line() int64 { return r.events.line() }

// Text returns the line of the last event, cut to 64 KiB, and of a CSV file its header line: what a LineError would hold, for
// callers that refuse an event themselves.
func (r *Reader) Text() (text, header string) { return r.events.text() }

// Consumed returns the bytes of the file read so far, compressed, for progress. It may be called from another goroutine.
func (r *Reader) Consumed() int64 { return r.consumed.Load() }

// Close stops reading and frees what Open took. Events returned before are no longer valid.
func (r *Reader) Close() error {
	if r.src != nil {
		r.src.close()
		r.src = nil
	}
	var err error
	if r.closer != nil {
		err = r.closer.Close()
		r.closer = nil
	}
	r.failed = fault.New(fault.Internal, "the event file is closed")
	return err
}
