package app

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"

	"github.com/weir-engine/weir/shared/event"
	"github.com/weir-engine/weir/shared/fault"
)

// rejectText is how much of a bad line is kept.
const rejectText = 64 << 10

// reject quarantines a line. It goes to disk first: nothing is stored of a file that turns out to be broken as a whole.
func (w *partitioner) reject(line int64, why *event.Reject, text, header string) error {
	in := w.in
	in.counts.Rejected++
	message := why.Message
	if why.Hint != "" {
		message += " (" + why.Hint + ")"
	}
	b, err := json.Marshal(Reject{
		File: in.file.ID, Line: line, Reason: why.Reason, Message: message,
		Text: text[:min(len(text), rejectText)], Header: header, At: in.file.Arrived,
	})
	if err != nil {
		return fault.New(fault.Internal, "a rejected line cannot be written").Because(err)
	}
	return in.spill.Append(in.rejectPart(), b)
}

// putRejects moves the quarantined lines of the file into the store.
func (in *ingest) putRejects(ctx context.Context) error {
	var batch []Reject
	put := func() error {
		if len(batch) == 0 {
			return nil
		}
		if err := in.app.ports.Rejects.Put(ctx, batch); err != nil {
			return fault.Wrap(err, "quarantine the bad lines")
		}
		batch = batch[:0]
		return nil
	}
	for b, err := range in.spill.Read(in.rejectPart()) {
		if err != nil {
			return fault.Wrap(err, "read the scratch file of the import")
		}
		var r Reject
		if err := json.Unmarshal(b, &r); err != nil {
			return errSpill.Because(err)
		}
		if batch = append(batch, r); len(batch) == 500 {
			if err := put(); err != nil {
				return err
			}
		}
	}
	return put()
}

// RejectQuery selects quarantined lines.
type RejectQuery struct {
	File      string // "" for all
	AfterFile string
	AfterLine int64
	Limit     int
}

// Rejects returns a page of quarantined lines.
func (a *App) Rejects(ctx context.Context, q RejectQuery) ([]Reject, error) {
	rs, err := a.ports.Rejects.List(ctx, q.File, q.AfterFile, q.AfterLine, min(max(q.Limit, 1), 1000))
	if err != nil {
		return nil, fault.Wrap(err, "read the quarantined lines")
	}
	return rs, nil
}

// RejectCounts returns the number of waiting lines by reason.
func (a *App) RejectCounts(ctx context.Context, file string) (map[string]int64, error) {
	n, err := a.ports.Rejects.Counts(ctx, file)
	if err != nil {
		return nil, fault.Wrap(err, "count the quarantined lines")
	}
	return n, nil
}

// Redrive reads the waiting lines of a file again, after a fix of the mapping ("" keeps the file's own) or of the strategy.
// Lines that are bad again are quarantined under the new file.
func (a *App) Redrive(ctx context.Context, id, mapping string, progress func(Progress)) (ImportResult, error) {
	up, err := a.StartRedrive(ctx, id, mapping)
	if err != nil {
		return ImportResult{}, err
	}
	return a.importKey(ctx, up, progress)
}

// StartRedrive puts the waiting lines of a file into the bucket as a file of its own, for whoever imports what arrives there.
func (a *App) StartRedrive(ctx context.Context, id, mapping string) (File, error) {
	f, err := a.File(ctx, id)
	if err != nil {
		return File{}, err
	}
	counts, err := a.RejectCounts(ctx, id)
	if err != nil {
		return File{}, err
	}
	if len(counts) == 0 {
		return File{}, fault.New(fault.NotFound, "no quarantined line of %s waits", f.Name).WithHint("list them with: weir rejects list")
	}
	if mapping == "" {
		mapping = f.Mapping
	}
	r, w := io.Pipe()
	go func() { w.CloseWithError(fault.Do(func() error { return a.writeRejects(ctx, w, id) })) }()
	up, err := a.Upload(ctx, UploadRequest{
		Name: "redrive of " + f.Name, Body: r, Mapping: mapping, Backfill: f.Backfill, Again: true, AsOf: f.AsOf, Redrive: id,
	})
	if err != nil {
		return File{}, errors.Join(err, r.CloseWithError(err))
	}
	return up, nil
}

// writeRejects writes the waiting lines of a file as a file of the same format.
func (a *App) writeRejects(ctx context.Context, out io.Writer, id string) error {
	w := bufio.NewWriter(out)
	header := ""
	after := RejectQuery{File: id, Limit: 1000}
	for {
		page, err := a.Rejects(ctx, after)
		if err != nil {
			return err
		}
		if len(page) == 0 {
			return w.Flush()
		}
		for _, r := range page {
			after.AfterFile, after.AfterLine = r.File, r.Line
			if r.Redrive != "" {
				continue
			}
			if r.Header != "" && header == "" {
				header = r.Header
				if _, err := w.WriteString(header + "\n"); err != nil {
					return err
				}
			}
			if _, err := w.WriteString(r.Text + "\n"); err != nil {
				return err
			}
		}
	}
}
