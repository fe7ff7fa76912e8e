// Package canonical keeps accepted events as Parquet files by hash bucket and month, sorted by user: app.Canon over any store of
// files.
package canonical

import (
	"context"
	"errors"
	"fmt"
	"path"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/weir-engine/weir/infra/disk"
	"github.com/weir-engine/weir/shared/app"
	"github.com/weir-engine/weir/shared/fault"
)

// Canon implements app.Canon over canonical files. The columns are those of schema.go.
type Canon struct {
	files   Files
	scratch string
	buckets int
	fanIn   int       // files that a merge holds open at once
	writers sync.Pool // of *writer
	spans   sync.Map  // name → span: the range of hashes of a file, read once
	stats   counters
}

// New returns the canonical files of a store: buckets is a power of two, and scratch a local folder with room for what is
// being written.
func New(files Files, scratch string, buckets int) *Canon {
	return &Canon{files: files, scratch: scratch, buckets: buckets, fanIn: maxFanIn}
}

// Buckets implements app.Canon.
func (c *Canon) Buckets() int { return c.buckets }

// Stats counts what reading canonical files has touched since the store was opened.
type Stats struct {
	Files     int64 // files whose rows were read
	RowGroups int64
	Pages     int64
	Bytes     int64 // read from files, without their footers
	Rows      int64 // decoded
}

type counters struct{ files, rowGroups, pages, bytes, rows atomic.Int64 }

// Stats returns the counts so far.
func (c *Canon) Stats() Stats {
	k := &c.stats
	return Stats{
		Files: k.files.Load(), RowGroups: k.rowGroups.Load(), Pages: k.pages.Load(), Bytes: k.bytes.Load(), Rows: k.rows.Load(),
	}
}

const (
	bucketPrefix = "bucket="
	monthPrefix  = "month="
	suffix       = ".parquet"
)

// bucketDir is the folder of a bucket, with its slash.
func bucketDir(bucket int) string { return fmt.Sprintf("%s%02d/", bucketPrefix, bucket) }

// month is a calendar month in UTC: years times twelve plus months.
type month int

func monthOf(ms int64) month {
	t := time.UnixMilli(ms).UTC()
	return month(t.Year()*12 + int(t.Month()) - 1)
}

func (m month) String() string { return fmt.Sprintf("%04d-%02d", int(m)/12, int(m)%12+1) }

// parseMonth reads the name of a month's folder.
func parseMonth(name string) (month, bool) {
	text, ok := strings.CutPrefix(name, monthPrefix)
	if !ok {
		return 0, false
	}
	t, err := time.Parse("2006-01", text)
	if err != nil {
		return 0, false
	}
	return monthOf(t.UnixMilli()), true
}

// fileName is the name of a chunk's file within its month.
func fileName(file string, chunk int) string {
	return fmt.Sprintf("%s-%05d%s", disk.SafeName(file), chunk, suffix)
}

// fileOf returns the escaped file that a canonical file's name begins with; "" when it is no canonical file.
func fileOf(name string) string {
	stem, ok := strings.CutSuffix(name, suffix)
	at := strings.LastIndexByte(stem, '-')
	if !ok || at < 1 || strings.HasPrefix(name, ".") {
		return ""
	}
	if _, err := strconv.ParseUint(stem[at+1:], 10, 31); err != nil {
		return ""
	}
	return stem[:at]
}

// located is one canonical file: of the store, or a run in scratch.
type located struct {
	name    string
	month   month
	scratch bool
}

// list returns the canonical files of a bucket that a filter wants, by month and name.
func (c *Canon) list(ctx context.Context, bucket int, f app.RowFilter) (all []located, err error) {
	names, err := c.files.List(ctx, bucketDir(bucket))
	if err != nil {
		return nil, err
	}
	not := ""
	if f.NotFile != "" {
		not = disk.SafeName(f.NotFile)
	}
	for _, name := range names {
		dir, base := path.Split(name)
		m, ok := parseMonth(path.Base(dir))
		if !ok || f.From != 0 && m < monthOf(f.From) || f.To != 0 && m > monthOf(f.To-1) {
			continue
		}
		if of := fileOf(base); of != "" && of != not {
			all = append(all, located{name: name, month: m})
		}
	}
	return all, nil
}

// Drop implements app.Canon.
func (c *Canon) Drop(ctx context.Context, file string) error {
	drop := disk.SafeName(file)
	for bucket := range c.buckets {
		if err := ctx.Err(); err != nil {
			return disk.Canceled(err)
		}
		files, err := c.list(ctx, bucket, app.RowFilter{})
		if err != nil {
			return err
		}
		var names []string
		for _, l := range files {
			if fileOf(path.Base(l.name)) == drop {
				c.spans.Delete(l.name)
				names = append(names, l.name)
			}
		}
		if len(names) == 0 {
			continue
		}
		if err := c.files.Remove(ctx, names); err != nil {
			return err
		}
	}
	return nil
}

// damaged is the error of a canonical file that cannot be read.
func damaged(name string, err error) error {
	var own *fault.Error
	if errors.As(err, &own) {
		return err
	}
	return fault.New(fault.Internal, "the canonical file %s is damaged", name).
		WithHint("put a backup of the file in its place; without one, move it away and import its source again with --again").Because(err)
}

// start is the month's first moment, in unix milliseconds.
func (m month) start() int64 {
	return time.Date(int(m)/12, time.Month(int(m)%12+1), 1, 0, 0, 0, 0, time.UTC).UnixMilli()
}
