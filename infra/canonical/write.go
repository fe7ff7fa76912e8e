package canonical

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"math/bits"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/compress/zstd"

	"github.com/weir-engine/weir/infra/disk"
	"github.com/weir-engine/weir/shared/app"
	"github.com/weir-engine/weir/shared/fault"
)

const (
	rowGroupRows = 16 << 10 // rows of a row group: what reading one user decodes at most of a file
	pageBytes    = 64 << 10 // of a column's page, uncompressed: what a merge keeps in memory of each column
	writeRows    = 512      // rows handed to the encoder at a time
)

// compareRows is the order of the rows of a bucket.
func compareRows(a, b *app.Row) int {
	if a.Hash != b.Hash {
		return cmp.Compare(a.Hash, b.Hash)
	}
	return cmp.Or(strings.Compare(a.Key, b.Key), cmp.Compare(a.Time, b.Time), bytes.Compare(a.ID[:], b.ID[:]))
}

// Write implements app.Canon: one file a month, each whole or not at all.
func (c *Canon) Write(ctx context.Context, file string, chunk, bucket int, rows []app.Row) error {
	if err := c.check(chunk, bucket, rows); err != nil {
		return err
	}
	w, _ := c.writers.Get().(*writer)
	if w == nil {
		w = newWriter()
	}
	defer c.writers.Put(w)
	months := splitMonths(rows)
	var made []Made
	defer func() {
		for _, m := range made { // what was not published
			disk.Discard(m.File)
		}
	}()
	for _, m := range sortedMonths(months) {
		if err := ctx.Err(); err != nil {
			return disk.Canceled(err)
		}
		name := bucketDir(bucket) + monthPrefix + m.String() + "/" + fileName(file, chunk)
		f, err := disk.CreateTemporary(filepath.Join(c.scratch, "canon"))
		if err != nil {
			return disk.Fault(err, "write the canonical file %s", name)
		}
		made = append(made, Made{f, name})
		if err := w.encode(f, rows, months[m]); err != nil {
			return disk.Fault(err, "write the canonical file %s", name)
		}
		c.spans.Delete(name)
	}
	err := c.files.Publish(ctx, made)
	made = nil
	if err != nil {
		return disk.Fault(err, "write the canonical files of bucket %d", bucket)
	}
	return nil
}

// check refuses rows that lie in another bucket or out of order: readers rely on both.
func (c *Canon) check(chunk, bucket int, rows []app.Row) error {
	if chunk < 0 || bucket < 0 || bucket >= c.buckets {
		return fault.New(fault.Invalid, "there is no chunk %d of bucket %d", chunk, bucket)
	}
	for i := range rows {
		if bucketOf(rows[i].Hash, c.buckets) != bucket {
			return fault.New(fault.Invalid, "the row %d does not lie in bucket %d", i, bucket)
		}
		if i > 0 && compareRows(&rows[i-1], &rows[i]) > 0 {
			return fault.New(fault.Invalid, "the row %d is out of order", i)
		}
	}
	return nil
}

// bucketOf is the bucket of a hash: its top bits.
func bucketOf(hash uint64, buckets int) int {
	return int(hash >> (64 - bits.TrailingZeros(uint(buckets)))) // a shift by 64 gives 0: one bucket holds all
}

// splitMonths returns the places of the rows of each month.
func splitMonths(rows []app.Row) map[month][]int32 {
	months := map[month][]int32{}
	var m month
	var from, to int64 = 1, 0 // the bounds of m
	for i := range rows {
		if t := rows[i].Time; t < from || t >= to {
			m = monthOf(t)
			from, to = m.start(), (m + 1).start()
		}
		months[m] = append(months[m], int32(i))
	}
	return months
}

func sortedMonths(months map[month][]int32) []month {
	all := make([]month, 0, len(months))
	for m := range months {
		all = append(all, m)
	}
	slices.Sort(all)
	return all
}

// writer encodes canonical files, one after the other.
type writer struct {
	parquet *parquet.GenericWriter[row]
	batch   []row
}

func newWriter() *writer {
	return &writer{batch: make([]row, writeRows), parquet: parquet.NewGenericWriter[row](nil,
		schema,
		parquet.Compression(&zstd.Codec{Level: zstd.SpeedFastest}),
		parquet.MaxRowsPerRowGroup(rowGroupRows),
		parquet.PageBufferSize(pageBytes),
		parquet.CreatedBy("weir", "1", ""),
		parquet.SortingWriterConfig(parquet.SortingColumns(
			parquet.Ascending("hash"), parquet.Ascending("user_key"), parquet.Ascending("time"), parquet.Ascending("event_id"))),
	)}
}

// encode writes the rows at places as one file.
func (w *writer) encode(f *os.File, rows []app.Row, places []int32) error {
	w.parquet.Reset(f)
	for part := range slices.Chunk(places, writeRows) {
		for i, at := range part {
			w.batch[i].set(&rows[at])
		}
		if _, err := w.parquet.Write(w.batch[:len(part)]); err != nil {
			return err
		}
	}
	clear(w.batch)
	return w.parquet.Close()
}

// writeRun merges files into one file in scratch.
func (c *Canon) writeRun(m *merge) (run source, err error) {
	f, err := os.CreateTemp(c.scratch, "run-*"+suffix)
	if err != nil {
		return source{}, disk.Fault(err, "make a scratch file in %s", c.scratch)
	}
	run.located = located{name: f.Name(), scratch: true}
	defer func() {
		if err != nil {
			_ = os.Remove(run.name)
		}
	}()
	w := newWriter()
	w.parquet.Reset(f)
	m.walk(func(r app.Row, e error) bool {
		if err = e; err == nil {
			w.batch[0].set(&r)
			_, err = w.parquet.Write(w.batch[:1])
		}
		return err == nil
	})
	if err == nil {
		err = w.parquet.Close()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return run, disk.Fault(err, "write the scratch file %s", run.name)
	}
	run.span, err = c.span(m.ctx, run.located)
	return run, err
}
