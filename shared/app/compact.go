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

// compaction is how far the merging of canonical files has come, and up to which file it was done.
type compaction struct {
	All    bool          `json:"all,omitempty"`
	Bucket int           `json:"bucket"`           // the first that is not done; 0: none is being done
	Begun  string        `json:"begun,omitempty"`  // the newest file when it was begun
	Newest string        `json:"newest,omitempty"` // the newest file when the last whole one was begun
	Report CompactReport `json:"report"`
}

const docCompaction = "compaction"

// compactAfter is how many files are imported until their canonical ones are merged without being asked: each may have added one to every
// month of a bucket.
const compactAfter = 64

// Compact merges small canonical files, many of which come from the API: the same rows in fewer files. With all it writes every file
// anew, which seals contact data in those of an older version. It is safe to repeat and to kill: it goes on with the bucket it had come
// to, and imports run between two buckets. Conflict while the import of a file is half done.
func (a *App) Compact(ctx context.Context, all bool, progress func(done, total int64)) (CompactReport, error) {
	var work compaction
	if _, err := a.getDoc(ctx, docCompaction, &work); err != nil {
		return CompactReport{}, err
	}
	if work.Bucket == 0 || work.All != all {
		newest, err := a.newestFile(ctx)
		if err != nil {
			return CompactReport{}, err
		}
		work = compaction{All: all, Begun: newest, Newest: work.Newest}
	}
	buckets := a.ports.Canon.Buckets()
	for work.Bucket < buckets {
		if err := a.compactBucket(ctx, &work); err != nil {
			return work.Report, err
		}
		if progress != nil {
			progress(int64(work.Bucket), int64(buckets))
		}
	}
	report := work.Report
	return report, a.putDoc(ctx, docCompaction, compaction{Newest: work.Begun, Report: report})
}

// compactBucket merges the files of the next bucket and notes that it is done.
func (a *App) compactBucket(ctx context.Context, work *compaction) error {
	ctx, release, err := a.exclusive(ctx)
	if err != nil {
		return err
	}
	defer release()
	if err := a.allFolded(ctx, ""); err != nil {
		return err
	}
	g, err := a.graves(ctx)
	if err != nil {
		return err
	}
	report := work.Report
	old := older{app: a}
	done, err := a.ports.Canon.Compact(ctx, work.Bucket, work.All, func(rows []Row) ([]Row, error) {
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
	})
	if err != nil {
		return fault.Wrap(err, "compact the kept events")
	}
	report.Before, report.After, report.Rows = report.Before+done.Before, report.After+done.After, report.Rows+done.Rows
	next := *work
	next.Bucket, next.Report = work.Bucket+1, report
	if err := a.putDoc(ctx, docCompaction, next); err != nil {
		return err
	}
	*work = next
	return nil
}

// newestFile is the id of the newest file of the ledger; "" without files.
func (a *App) newestFile(ctx context.Context) (string, error) {
	files, err := a.ports.Ledger.Files(ctx, "", 1)
	if err != nil || len(files) == 0 {
		return "", fault.Wrap(err, "read the ledger")
	}
	return files[0].ID, nil
}

// CompactionDue reports whether so many files were imported since the last compaction that their canonical ones should be merged, or one was
// interrupted. It reads the ledger: where nothing arrived that is one read.
func (a *App) CompactionDue(ctx context.Context) (bool, error) {
	var last compaction
	if _, err := a.getDoc(ctx, docCompaction, &last); err != nil || last.Bucket > 0 {
		return err == nil, err
	}
	const page = 16
	after := ""
	for n := 0; n < compactAfter; n += page {
		files, err := a.ports.Ledger.Files(ctx, after, page)
		if err != nil {
			return false, fault.Wrap(err, "read the ledger")
		}
		for _, f := range files {
			if f.ID == last.Newest {
				return false, nil
			}
			after = f.ID
		}
		if len(files) < page {
			return false, nil
		}
	}
	return true, nil
}

// StartCompaction hands a compaction to a worker when one is due; started is false when none is, or one is running.
func (a *App) StartCompaction(ctx context.Context) (started bool, err error) {
	due, err := a.CompactionDue(ctx)
	if err != nil || !due {
		return false, err
	}
	_, err = a.StartJob(ctx, JobCompact, CompactJob{})
	if fault.Is(err, fault.Conflict) {
		return false, nil
	}
	return err == nil, err
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
