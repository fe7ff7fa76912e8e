package app

import (
	"context"

	"github.com/weir-engine/weir/shared/event"
	"github.com/weir-engine/weir/shared/fault"
)

// CompactReport is the outcome of a compaction.
type CompactReport struct {
	Compacted
	Sealed    int64 `json:"sealed"`    // rows from before contact data had its room, that were sealed
	Forgotten int64 `json:"forgotten"` // rows of users who were forgotten, that a backup had brought back
}

// Compact merges small canonical files, many of which come from the API: the same rows in fewer files. With all it writes every file
// anew, which seals contact data in those of an older version. It is safe to repeat and to kill. Conflict while the import of a
// file is half done.
func (a *App) Compact(ctx context.Context, all bool, progress func(done, total int64)) (CompactReport, error) {
	var report CompactReport
	ctx, release, err := a.exclusive(ctx)
	if err != nil {
		return report, err
	}
	defer release()
	if err := a.allFolded(ctx, ""); err != nil {
		return report, err
	}
	g, err := a.graves(ctx)
	if err != nil {
		return report, err
	}
	old := older{app: a}
	change := func(rows []Row) ([]Row, error) {
		kept := rows[:0]
		for _, r := range rows {
			if g.holds(r.Key) {
				report.Forgotten++
			} else {
				kept = append(kept, r)
			}
		}
		n, err := old.seal(ctx, kept)
		report.Sealed += n
		return kept, err
	}
	buckets := a.ports.Canon.Buckets()
	for bucket := range buckets {
		done, err := a.ports.Canon.Compact(ctx, bucket, all, change)
		report.Before, report.After, report.Rows = report.Before+done.Before, report.After+done.After, report.Rows+done.Rows
		if err != nil {
			return report, fault.Wrap(err, "compact the kept events")
		}
		if progress != nil {
			progress(int64(bucket+1), int64(buckets))
		}
	}
	return report, nil
}

// seal takes contact data out of rows that were written with it, puts the addresses into their rooms, and returns how many rows it
// changed.
func (o *older) seal(ctx context.Context, rows []Row) (int64, error) {
	var all []held
	var at []int
	for i := range rows {
		row := &rows[i]
		if row.Contact != "" {
			continue
		}
		var ev event.Event
		rowEvent(row, &ev)
		p, err := o.takeOut(ctx, row, &ev)
		if err != nil {
			return 0, err
		}
		if p == nil {
			continue
		}
		row.Properties, row.Traits, row.Context = ev.Properties.Raw, ev.Traits.Raw, ev.Context.Raw
		all, at = append(all, held{id: row.Key, time: row.Time, personal: *p}), append(at, i)
	}
	if len(all) == 0 {
		return 0, nil
	}
	s, err := o.app.newSealer(ctx, all)
	if err != nil {
		return 0, err
	}
	for i := range all {
		if err := s.seal(&rows[at[i]], &all[i].personal); err != nil {
			return 0, err
		}
	}
	return int64(len(all)), nil
}
