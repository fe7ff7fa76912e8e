package canonical

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/weir-engine/weir/shared/app"
	"github.com/weir-engine/weir/shared/event"
)

// halfway removes the first of the files it is asked to remove, and dies.
type halfway struct {
	Files
	dies bool
}

var errDied = errors.New("died")

func (h *halfway) Remove(ctx context.Context, names []string) error {
	if !h.dies {
		return h.Files.Remove(ctx, names)
	}
	if err := h.Files.Remove(ctx, slices.Sorted(slices.Values(names))[:1]); err != nil {
		return err
	}
	return errDied
}

// Of an event that stands in two files the row that came first stays, whatever the files are called, and also when a compaction died.
func TestCompactKeepsWhatCameFirst(t *testing.T) {
	for _, dies := range []bool{false, true} {
		for _, first := range []string{"a", "z"} {
			second := map[string]string{"a": "z", "z": "a"}[first]
			files := &halfway{Files: Folder{Dir: t.TempDir(), NoSync: true}, dies: dies}
			c := New(files, t.TempDir(), 1)
			row := func(file string, arrived int64) app.Row {
				return app.Row{Hash: event.UserHash("u"), Key: "u", ID: event.ID{1}, Kind: event.Track, Name: "x", Time: canonStart, Arrived: arrived, File: file}
			}
			must(t, c.Write(ctx, first, 0, 0, []app.Row{row(first, canonStart)}))
			must(t, c.Write(ctx, second, 0, 0, []app.Row{row(second, canonStart+1)}))
			if _, err := c.Compact(ctx, 0, false, nil); dies != errors.Is(err, errDied) {
				t.Fatal(err)
			}
			files.dies = false
			_, err := c.Compact(ctx, 0, false, nil)
			must(t, err)
			var left []string
			for r, err := range c.Read(ctx, app.RowFilter{Bucket: -1}) {
				must(t, err)
				left = append(left, r.File)
			}
			if !slices.Equal(left, []string{first}) {
				t.Errorf("dies %v: left are the rows of %v, and %s came first", dies, left, first)
			}
		}
	}
}
