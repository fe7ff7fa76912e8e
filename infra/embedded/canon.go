package embedded

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/weir-engine/weir/shared/app"
	"github.com/weir-engine/weir/shared/fault"
)

// canon implements app.Canon over a folder of Parquet files. The columns are those of columns.go.
type canon struct {
	dir     string
	scratch string
	buckets int
	options Options
	fanIn   int       // files that a merge holds open at once
	writers sync.Pool // of *canonWriter
	spans   sync.Map  // path → span: the range of hashes of a file, read once
	stats   canonCounters
}

func newCanon(dir, scratch string, buckets int, o Options) *canon {
	return &canon{dir: dir, scratch: scratch, buckets: buckets, options: o, fanIn: maxFanIn}
}

// Buckets implements app.Canon.
func (c *canon) Buckets() int { return c.buckets }

// CanonStats counts what reading canonical files has touched since the store was opened.
type CanonStats struct {
	Files     int64 // files whose rows were read
	RowGroups int64
	Pages     int64
	Bytes     int64 // read from files, without their footers
	Rows      int64 // decoded
}

type canonCounters struct{ files, rowGroups, pages, bytes, rows atomic.Int64 }

// CanonStats returns the counts so far.
func (s *Store) CanonStats() CanonStats {
	k := &s.canon.stats
	return CanonStats{
		Files: k.files.Load(), RowGroups: k.rowGroups.Load(), Pages: k.pages.Load(), Bytes: k.bytes.Load(), Rows: k.rows.Load(),
	}
}

const (
	bucketPrefix = "bucket="
	monthPrefix  = "month="
	canonSuffix  = ".parquet"
)

func (c *canon) bucketDir(bucket int) string {
	return filepath.Join(c.dir, fmt.Sprintf("%s%02d", bucketPrefix, bucket))
}

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

// canonName is the name of a chunk's file within its month.
func canonName(file string, chunk int) string {
	return fmt.Sprintf("%s-%05d%s", safeName(file), chunk, canonSuffix)
}

// fileOf returns the escaped file that a canonical file's name begins with; "" when it is no canonical file.
func fileOf(name string) string {
	stem, ok := strings.CutSuffix(name, canonSuffix)
	at := strings.LastIndexByte(stem, '-')
	if !ok || at < 1 || strings.HasPrefix(name, ".") {
		return ""
	}
	if _, err := strconv.ParseUint(stem[at+1:], 10, 31); err != nil {
		return ""
	}
	return stem[:at]
}

// located is one canonical file.
type located struct {
	path  string
	month month
}

// files lists the canonical files of a bucket that a filter wants, by month and name.
func (c *canon) files(bucket int, f app.RowFilter) (all []located, err error) {
	months, err := readDir(c.bucketDir(bucket))
	if err != nil {
		return nil, err
	}
	not := ""
	if f.NotFile != "" {
		not = safeName(f.NotFile)
	}
	for _, e := range months {
		m, ok := parseMonth(e.Name())
		if !ok || f.From != 0 && m < monthOf(f.From) || f.To != 0 && m > monthOf(f.To-1) {
			continue
		}
		dir := filepath.Join(c.bucketDir(bucket), e.Name())
		names, err := readDir(dir)
		if err != nil {
			return nil, err
		}
		for _, n := range names {
			if of := fileOf(n.Name()); of != "" && of != not {
				all = append(all, located{filepath.Join(dir, n.Name()), m})
			}
		}
	}
	return all, nil
}

// readDir lists a folder by name; one that is not there is empty.
func readDir(dir string) ([]os.DirEntry, error) {
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fileFault(err, "list %s", dir)
	}
	return entries, nil
}

// Drop implements app.Canon.
func (c *canon) Drop(ctx context.Context, file string) error {
	if c.options.ReadOnly {
		return errReadOnly()
	}
	drop := safeName(file)
	for bucket := range c.buckets {
		if err := ctx.Err(); err != nil {
			return canceled(err)
		}
		files, err := c.files(bucket, app.RowFilter{})
		if err != nil {
			return err
		}
		files = slices.DeleteFunc(files, func(l located) bool { return fileOf(filepath.Base(l.path)) != drop })
		for _, l := range files {
			c.spans.Delete(l.path)
			if err := os.Remove(l.path); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return fileFault(err, "remove the canonical file %s", l.path)
			}
		}
		if err := syncDirs(files, c.options.NoSync); err != nil {
			return err
		}
	}
	return nil
}

// syncDirs makes the names in the folders of files last.
func syncDirs(files []located, noSync bool) error {
	var last string
	for _, l := range files {
		if dir := filepath.Dir(l.path); dir != last {
			last = dir
			if err := syncDir(dir, noSync); err != nil {
				return fileFault(err, "write %s to the disk", dir)
			}
		}
	}
	return nil
}

// damaged is the error of a canonical file that cannot be read.
func damaged(path string, err error) error {
	var own *fault.Error
	if errors.As(err, &own) {
		return err
	}
	return fault.New(fault.Internal, "the canonical file %s is damaged", path).
		WithHint("put a backup of the file in its place; without one, move it away and import its source again with --again").Because(err)
}

// start is the month's first moment, in unix milliseconds.
func (m month) start() int64 {
	return time.Date(int(m)/12, time.Month(int(m)%12+1), 1, 0, 0, 0, 0, time.UTC).UnixMilli()
}
