package simulate

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"hash"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"github.com/weir-engine/weir/shared/event"
	"github.com/weir-engine/weir/shared/fault"
)

// fileBytes is the size, in bytes of records, from which a file ends with the slot of time that is being written.
const fileBytes = 64 << 20

// writer writes events in one format.
type writer interface {
	write(ev *event.Event) error
	close() error
}

// files writes the events, slot by slot, into files that each cover some days.
func files(ctx context.Context, dir string, o Options, s *spill, m *Manifest) error {
	var out *file
	var written int64
	for i := range s.slots {
		if err := ctx.Err(); err != nil {
			return err
		}
		records, err := s.slot(i)
		if err != nil {
			return err
		}
		if out != nil && (out.size >= fileBytes || o.Daily && (int64(i)*s.length)%dayMs == 0) {
			if err := out.finish(m); err != nil {
				return err
			}
			out = nil
		}
		for _, b := range records {
			if out == nil {
				if out, err = newFile(dir, o, len(m.Files)); err != nil {
					return err
				}
			}
			if err := out.add(b); err != nil {
				out.abandon()
				return err
			}
			if written++; written%5000 == 0 {
				o.progress("files", written, m.Counts.Events)
			}
		}
	}
	if out != nil {
		if err := out.finish(m); err != nil {
			return err
		}
	}
	o.progress("files", m.Counts.Events, m.Counts.Events)
	return nil
}

// file is a file of events that is being written.
type file struct {
	name   string
	f      *os.File
	sum    hash.Hash
	count  counter
	buffer *bufio.Writer
	packed io.WriteCloser // nil when not compressed
	events writer
	ev     event.Event
	first  int64
	last   int64
	n      int64
	size   int64
}

// counter counts bytes.
type counter int64

// Write implements io.Writer.
func (c *counter) Write(p []byte) (int, error) {
	*c += counter(len(p))
	return len(p), nil
}

func newFile(dir string, o Options, index int) (*file, error) {
	name := fmt.Sprintf("events-%05d.%s", index, o.Format)
	if o.Format == "ndjson" {
		name += map[string]string{"gzip": ".gz", "zstd": ".zst"}[o.Compress]
	}
	f, err := os.Create(filepath.Join(dir, name))
	if err != nil {
		return nil, cannotWrite(name, err)
	}
	out := &file{name: name, f: f, sum: sha256.New()}
	out.buffer = bufio.NewWriterSize(io.MultiWriter(f, out.sum, &out.count), 1<<18)
	if o.Format == "parquet" {
		out.events = newParquet(out.buffer, o.Compress)
		return out, nil
	}
	var into io.Writer = out.buffer
	switch o.Compress {
	case "gzip":
		out.packed, err = gzip.NewWriterLevel(out.buffer, 6)
	case "zstd":
		// The window of the zstd program at its usual level, which is quick to read; one goroutine, so that the bytes are the same.
		out.packed, err = zstd.NewWriter(out.buffer, zstd.WithWindowSize(2<<20), zstd.WithEncoderConcurrency(1))
	}
	if err != nil {
		_ = f.Close()
		return nil, fault.Wrap(err, "compress %s", name)
	}
	if out.packed != nil {
		into = out.packed
	}
	out.events = &ndjson{out: into}
	return out, nil
}

// add writes one record of the spill.
func (f *file) add(record []byte) error {
	at := int64(binary.BigEndian.Uint64(record))
	if f.n == 0 {
		f.first = at
	}
	f.last, f.n, f.size = at, f.n+1, f.size+int64(len(record))
	if err := event.DecodeRecord(record[recordHead:], &f.ev); err != nil {
		return fault.Wrap(err, "read the unsorted events")
	}
	if err := f.events.write(&f.ev); err != nil {
		return cannotWrite(f.name, err)
	}
	return nil
}

func (f *file) abandon() { _ = f.f.Close() }

// finish closes the file and adds it to the manifest.
func (f *file) finish(m *Manifest) error {
	err := f.events.close()
	if f.packed != nil && err == nil {
		err = f.packed.Close()
	}
	if err == nil {
		err = f.buffer.Flush()
	}
	if closed := f.f.Close(); err == nil {
		err = closed
	}
	if err != nil {
		return cannotWrite(f.name, err)
	}
	moment := func(ms int64) string { return time.UnixMilli(ms).UTC().Format(time.RFC3339Nano) }
	m.Files = append(m.Files, File{f.name, moment(f.first), moment(f.last), f.n, int64(f.count), hex.EncodeToString(f.sum.Sum(nil))})
	return nil
}

// ndjson writes one JSON object a line, named as in the Segment spec.
type ndjson struct {
	out  io.Writer
	line []byte
}

func (w *ndjson) write(ev *event.Event) error {
	b := append(w.line[:0], `{"type":"`...)
	b = append(append(b, ev.Kind.String()...), '"')
	text := func(key, value string) {
		if value != "" {
			b = append(append(append(b, `,"`...), key...), `":`...)
			b = event.AppendString(b, value)
		}
	}
	if ev.Kind == event.Track {
		text("event", ev.Name)
	} else {
		text("name", ev.Name)
	}
	text("userId", ev.UserID)
	text("anonymousId", ev.AnonymousID)
	text("messageId", ev.MessageID)
	b = append(b, `,"timestamp":"`...)
	b = append(time.UnixMilli(ev.Time).UTC().AppendFormat(b, "2006-01-02T15:04:05.000Z"), '"')
	if ev.Properties.Raw != "" {
		b = append(append(b, `,"properties":`...), ev.Properties.Raw...)
	}
	if ev.Traits.Raw != "" {
		b = append(append(b, `,"traits":`...), ev.Traits.Raw...)
	}
	w.line = append(b, "}\n"...)
	_, err := w.out.Write(w.line)
	return err
}

func (w *ndjson) close() error { return nil }
