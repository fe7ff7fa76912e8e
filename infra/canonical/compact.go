package canonical

import (
	"cmp"
	"context"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/weir-engine/weir/infra/disk"
	"github.com/weir-engine/weir/shared/app"
	"github.com/weir-engine/weir/shared/event"
	"github.com/weir-engine/weir/shared/fault"
)

// compactRows bounds the rows of a file that compaction makes, and with it the memory it takes. A file of half as many is left alone.
const compactRows = 400_000

// Compact implements app.Canon. What was merged is published before its sources are removed: whoever reads in between finds rows twice,
// as readers expect. A call that died in between is finished by the next.
func (c *Canon) Compact(ctx context.Context, bucket int, all bool, change func([]app.Row) ([]app.Row, error)) (done app.Compacted, err error) {
	files, err := c.list(ctx, bucket, app.RowFilter{})
	if err != nil {
		return done, err
	}
	for start := 0; start < len(files); {
		end := start + 1
		for end < len(files) && files[end].month == files[start].month {
			end++
		}
		if err := c.compactMonth(ctx, bucket, files[start:end], all, change, &done); err != nil {
			return done, err
		}
		start = end
	}
	return done, nil
}

// compactMonth groups the small files of a month and merges each group.
func (c *Canon) compactMonth(ctx context.Context, bucket int, files []located, all bool, change func([]app.Row) ([]app.Row, error), done *app.Compacted) error {
	var group []located
	var rows int64
	flush := func() error {
		defer func() { group, rows = nil, 0 }()
		if len(group) == 0 || len(group) == 1 && !all {
			done.After += int64(len(group))
			return nil
		}
		return c.compactGroup(ctx, bucket, group, change, done)
	}
	for _, l := range files {
		if err := ctx.Err(); err != nil {
			return disk.Canceled(err)
		}
		s, err := c.span(ctx, l)
		if err != nil {
			return err
		}
		done.Before++
		if s.rows >= compactRows/2 && !all {
			done.After++
			continue
		}
		if rows+s.rows > compactRows {
			if err := flush(); err != nil {
				return err
			}
		}
		group, rows = append(group, l), rows+s.rows
	}
	return flush()
}

func (c *Canon) compactGroup(ctx context.Context, bucket int, group []located, change func([]app.Row) ([]app.Row, error), done *app.Compacted) error {
	var rows []app.Row
	names := make([]string, len(group))
	for i, l := range group {
		more, err := c.rowsOf(ctx, l, nil)
		if err != nil {
			return err
		}
		rows, names[i] = append(rows, more...), l.name
	}
	slices.SortStableFunc(rows, func(a, b app.Row) int {
		return cmp.Or(compareRows(&a, &b), cmp.Compare(a.Arrived, b.Arrived), strings.Compare(a.File, b.File))
	})
	rows = slices.CompactFunc(rows, func(a, b app.Row) bool { // the same event in two files: what came first stays
		return a.ID == b.ID && a.Hash == b.Hash && a.Key == b.Key && a.Time == b.Time
	})
	if change != nil {
		var err error
		if rows, err = change(rows); err != nil {
			return err
		}
	}
	name := fmt.Sprintf("%s%s%s/%s", bucketDir(bucket), monthPrefix, group[0].month,
		fileName(fmt.Sprintf("compacted%016x", event.UserHash(strings.Join(names, "\n"))), 0))
	if len(rows) > 0 {
		if err := c.replace(ctx, name, rows); err != nil {
			return err
		}
		done.After++
		done.Rows += int64(len(rows))
	}
	for _, old := range names {
		c.spans.Delete(old)
	}
	return c.files.Remove(ctx, slices.DeleteFunc(names, func(old string) bool { return old == name && len(rows) > 0 }))
}

// replaced reports whether a file that was listed and is gone was merged into one that the reader does not know: one that was dropped
// was not.
func (m *merge) replaced() (bool, error) {
	files, err := m.c.list(m.ctx, m.bucket, m.want.filter)
	if err != nil {
		return false, err
	}
	for _, l := range files {
		if !m.listed[l.name] && strings.HasPrefix(path.Base(l.name), "compacted") {
			return true, nil
		}
	}
	return false, nil
}

// errReplaced says that files were merged under a reader.
var errReplaced = fault.New(fault.Unavailable, "the kept events were compacted while they were read").WithHint("repeat it")
