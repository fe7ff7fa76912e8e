package eventfile

import (
	"bytes"
	"io"

	"github.com/weir-engine/weir/shared/fault"
)

// The formats.
const (
	formatNDJSON  = "ndjson"
	formatCSV     = "csv"
	formatParquet = "parquet"
)

// isParquet reports whether the file begins as Parquet files do.
func isParquet(r io.ReaderAt, size int64) bool {
	var magic [magicLength]byte
	if size < magicLength {
		return false
	}
	n, _ := r.ReadAt(magic[:], 0) // a file that cannot be read fails when it is opened as text
	return n == magicLength && string(magic[:]) == "PAR1"
}

// sniff finds the format of a text from its beginning, and refuses what is certainly no event file.
func sniff(head []byte, o *Options) (string, error) {
	if err := foreign(head); err != nil {
		return "", err
	}
	switch o.Format {
	case formatNDJSON, formatCSV:
		if o.Format == formatCSV && o.Mapping == nil {
			return "", needMapping()
		}
		return o.Format, nil
	case "":
	default:
		return "", fault.New(fault.Invalid, "unknown format %q", o.Format).WithHint("the formats are ndjson, csv and parquet; leave it out to find it by content")
	}
	if len(bytes.TrimSpace(head)) == 0 || looksNDJSON(head) {
		return formatNDJSON, nil
	}
	if o.Mapping != nil {
		return formatCSV, nil
	}
	if text := bytes.TrimSpace(head); text[0] == '[' {
		return "", fault.New(fault.Invalid, "the file is one JSON array").WithHint("write one event a line (NDJSON), for example with: jq -c '.[]'")
	}
	return "", needMapping()
}

func needMapping() error {
	return fault.New(fault.Invalid, "the file is no NDJSON, and no mapping says what its columns mean").
		WithHint("give a mapping file (--mapping), or write one JSON event a line")
}

// looksNDJSON reports whether any of the first lines begins an object. A first line that is damaged does not make a file
// of events anything else.
func looksNDJSON(head []byte) bool {
	for range 100 {
		line, rest, more := bytes.Cut(head, []byte{'\n'})
		if line = bytes.TrimSpace(line); len(line) > 0 && line[0] == '{' && (len(line) < 2 || line[1] == '"' || line[1] == '}' || line[1] <= ' ') {
			return true
		}
		if !more {
			return false
		}
		head = rest
	}
	return false
}

// foreign names kinds of files that people upload by mistake.
func foreign(head []byte) error {
	kind, hint := "", ""
	switch {
	case bytes.HasPrefix(head, []byte("PAR1")):
		kind, hint = "a Parquet file inside gzip or zstd", "upload the Parquet file itself: its pages are compressed already"
	case bytes.HasPrefix(head, []byte("PK\x03\x04")):
		kind, hint = "a zip archive or an Excel workbook", "save the sheet as CSV in UTF-8, or unpack the archive"
	case bytes.HasPrefix(head, []byte{0xff, 0xfe}), bytes.HasPrefix(head, []byte{0xfe, 0xff}):
		kind, hint = "UTF-16 text", "save the file as UTF-8"
	case bytes.HasPrefix(head, []byte{0x1f, 0x8b}), bytes.HasPrefix(head, []byte{0x28, 0xb5, 0x2f, 0xfd}):
		kind, hint = "compressed twice", "compress the file once"
	case bytes.HasPrefix(head, []byte("SQLite format 3\x00")):
		kind, hint = "an SQLite database", "export the table as CSV"
	case bytes.HasPrefix(head, []byte("BZh")), bytes.HasPrefix(head, []byte("\xfd7zXZ")):
		kind, hint = "compressed with bzip2 or xz", "compress it with gzip or zstd"
	case bytes.IndexByte(head[:min(len(head), 512)], 0) >= 0 && !looksNDJSON(head):
		kind, hint = "binary", "event files are NDJSON, CSV or Parquet, plain or compressed with gzip or zstd"
	default:
		return nil
	}
	return fault.New(fault.Invalid, "the file is %s", kind).WithHint("%s", hint)
}
