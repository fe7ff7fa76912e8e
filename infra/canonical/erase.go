package canonical

import (
	"context"
	"errors"
	"path/filepath"

	"github.com/weir-engine/weir/infra/disk"
	"github.com/weir-engine/weir/shared/app"
)

// Erase implements app.Canon: each file that holds a row of the keys is written again without them under its own name, so that a call
// that died left every file whole, with or without.
func (c *Canon) Erase(ctx context.Context, keys []string) (erased int64, err error) {
	want := newWanted(app.RowFilter{Keys: keys})
	for bucket := range c.buckets {
		if want.none(bucket, c.buckets) {
			continue
		}
		files, err := c.list(ctx, bucket, app.RowFilter{})
		if err != nil {
			return erased, err
		}
		for _, l := range files {
			if err := ctx.Err(); err != nil {
				return erased, disk.Canceled(err)
			}
			n, err := c.eraseFile(ctx, l, want)
			erased += n
			if err != nil {
				return erased, err
			}
		}
	}
	return erased, nil
}

// eraseFile writes one file again without the rows that are wanted gone.
func (c *Canon) eraseFile(ctx context.Context, l located, gone *wanted) (int64, error) {
	s, err := c.span(ctx, l)
	if err != nil || s.rows == 0 || !gone.within(s) {
		return 0, err
	}
	k, err := c.openCursor(ctx, l, gone)
	if errors.Is(err, errGone) || err == nil && k == nil {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	k.close()
	kept, err := c.rowsOf(ctx, l, gone)
	if err != nil {
		return 0, err
	}
	c.spans.Delete(l.name)
	erased := s.rows - int64(len(kept))
	if len(kept) == 0 {
		return erased, c.files.Remove(ctx, []string{l.name})
	}
	return erased, c.replace(ctx, l.name, kept)
}

// rowsOf reads a whole file but the rows of some.
func (c *Canon) rowsOf(ctx context.Context, l located, but *wanted) (rows []app.Row, err error) {
	k, err := c.openCursor(ctx, l, newWanted(app.RowFilter{}))
	if err != nil || k == nil {
		return nil, err
	}
	defer k.close()
	for more := true; more; {
		if but == nil || !but.key(k.key) {
			row, err := k.row()
			if err != nil {
				return nil, err
			}
			rows = append(rows, row)
		}
		if more, err = k.next(); err != nil {
			return nil, err
		}
	}
	return rows, nil
}

// replace writes rows, which are of one month and in order, as the file name.
func (c *Canon) replace(ctx context.Context, name string, rows []app.Row) error {
	w, _ := c.writers.Get().(*writer)
	if w == nil {
		w = newWriter()
	}
	defer c.writers.Put(w)
	f, err := disk.CreateTemporary(filepath.Join(c.scratch, "canon"))
	if err != nil {
		return disk.Fault(err, "write the canonical file %s", name)
	}
	at := make([]int32, len(rows))
	for i := range at {
		at[i] = int32(i)
	}
	if err := w.encode(f, rows, at); err != nil {
		disk.Discard(f)
		return disk.Fault(err, "write the canonical file %s", name)
	}
	if err := c.files.Publish(ctx, []Made{{f, name}}); err != nil {
		return disk.Fault(err, "write the canonical file %s", name)
	}
	c.spans.Delete(name)
	return nil
}
