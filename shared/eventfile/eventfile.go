// Package eventfile reads files of events: NDJSON, CSV and other tables by a mapping file, and Parquet; plain, gzip or
// zstd. What a file is, its content tells, never its name. Memory is bounded whatever the file's size.
package eventfile

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"time"

	"github.com/weir-engine/weir/shared/event"
	"github.com/weir-engine/weir/shared/fault"
)

// Options say how a file is read. The zero value reads NDJSON and Parquet with the default limits.
type Options struct {
	Limits   event.Limits                              // the zero value: event.DefaultLimits
	Arrived  int64                                     // unix milliseconds; events dated too far behind it are refused; 0: none is
	Mapping  *Mapping                                  // how columns become events; needed for CSV
	Format   string                                    // ndjson, csv or parquet; "": found by content
	MaxBytes int64                                     // uncompressed size; 0: DefaultMaxBytes
	MaxRatio int                                       // uncompressed to compressed size; 0: DefaultMaxRatio
	Zones    func(name string) (*time.Location, error) // zone rules for the mapping's zones; nil knows UTC alone
}

// The limits on what a compressed file may grow to.
const (
	DefaultMaxBytes = 1 << 40
	DefaultMaxRatio = 250
)

// textBytes is how much of a refused line is kept.
const textBytes = 64 << 10

// LineError says that one line, row or group of rows is refused. Reading goes on behind it.
type LineError struct {
	Line   int64  // the line in the text, or the row of a Parquet file, counted from 1
	Text   string // the line, cut to 64 KiB; of a Parquet row its columns as JSON
	Header string // the header line of a CSV file, "" when it has none
	Reject *event.Reject
}

// Error returns the line and what is wrong with it.
func (e *LineError) Error() string { return fmt.Sprintf("line %d: %s", e.Line, e.Reject.Message) }

// Unwrap returns the event.Reject.
func (e *LineError) Unwrap() error { return e.Reject }

// HashContent returns the SHA-256 of a file's bytes in hexadecimal, streaming.
func HashContent(r io.ReaderAt, size int64) (string, error) {
	h := sha256.New()
	if _, err := io.CopyBuffer(h, io.NewSectionReader(r, 0, size), make([]byte, 1<<18)); err != nil {
		return "", unreadable(err)
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// unreadable is the error for a file whose bytes cannot be had.
func unreadable(err error) error {
	return fault.New(fault.Unavailable, "the file cannot be read").WithHint("check the disk and the permissions, then try again").Because(err)
}
