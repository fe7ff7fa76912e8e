package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/parquet-go/parquet-go"
)

const (
	events = 500_000
	users  = 83_385
)

// row is one event, named like the Segment spec.
type row struct {
	Type       string     `parquet:"type,dict"`
	Event      string     `parquet:"event,dict"`
	UserID     string     `parquet:"userId,dict"`
	MessageID  string     `parquet:"messageId"`
	Timestamp  int64      `parquet:"timestamp,timestamp(millisecond)"`
	Properties properties `parquet:"properties"`
}

type properties struct {
	Revenue float64 `parquet:"revenue"`
}

// event returns the i-th event: its user, its moment in minutes of the year, its cents. Every user has one at least.
func eventOf(i int) (user, minute, cents int) {
	h := uint64(i) * 0x9e3779b97f4a7c15
	h ^= h >> 29
	h *= 0xbf58476d1ce4e5b9
	h ^= h >> 32
	user = i
	if i >= users {
		user = int(h % users)
	}
	return user, int(h>>20) % (28 * 24 * 60), 100 + int(h>>40)%900
}

// generate writes the four files.
func generate(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	for name, wrap := range map[string]func(io.Writer) (io.WriteCloser, error){
		"events.ndjson":    func(w io.Writer) (io.WriteCloser, error) { return nopCloser{w}, nil },
		"events.ndjson.gz": func(w io.Writer) (io.WriteCloser, error) { return gzip.NewWriterLevel(w, 6) },
		// The window of the zstd program at its usual level; the package would take 8 MiB.
		"events.ndjson.zst": func(w io.Writer) (io.WriteCloser, error) { return zstd.NewWriter(w, zstd.WithWindowSize(2<<20)) },
	} {
		if err := write(filepath.Join(dir, name), wrap, ndjson); err != nil {
			return err
		}
	}
	plain := func(w io.Writer) (io.WriteCloser, error) { return nopCloser{w}, nil }
	return write(filepath.Join(dir, "events.parquet"), plain, columns)
}

type nopCloser struct{ io.Writer }

func (nopCloser) Close() error { return nil }

func write(path string, wrap func(io.Writer) (io.WriteCloser, error), content func(io.Writer) error) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer f.Close()
	buffer := bufio.NewWriterSize(f, 1<<20)
	w, err := wrap(buffer)
	if err != nil {
		return err
	}
	if err := content(w); err != nil {
		return err
	}
	if err := w.Close(); err != nil {
		return err
	}
	return buffer.Flush()
}

// ndjson writes lines of 147 bytes, the line end among them.
func ndjson(w io.Writer) error {
	var line []byte
	for i := range events {
		user, minute, cents := eventOf(i)
		line = fmt.Appendf(line[:0], `{"type":"track","event":"Order Completed","userId":"u%05d","messageId":"m%06d","timestamp":"2026-02-%02dT%02d:%02d:00Z","properties":{"revenue":%d.%02d}}`+"\n",
			user, i, minute/1440+1, minute/60%24, minute%60, cents/100, cents%100)
		if _, err := w.Write(line); err != nil {
			return err
		}
	}
	return nil
}

func columns(w io.Writer) error {
	out := parquet.NewGenericWriter[row](w, parquet.Compression(&parquet.Snappy))
	rows := make([]row, 0, 1000)
	for i := range events {
		user, minute, cents := eventOf(i)
		rows = append(rows, row{"track", "Order Completed", fmt.Sprintf("u%05d", user), fmt.Sprintf("m%06d", i), february + int64(minute)*60_000, properties{float64(cents) / 100}})
		if len(rows) == cap(rows) {
			if _, err := out.Write(rows); err != nil {
				return err
			}
			rows = rows[:0]
		}
	}
	return out.Close()
}

// february is 2026-02-01T00:00:00Z.
const february = 1_769_904_000_000
