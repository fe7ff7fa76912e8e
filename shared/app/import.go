package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/weir-engine/weir/shared/eventfile"
	"github.com/weir-engine/weir/shared/fault"
)

// ImportRequest names a file and says how to read it.
type ImportRequest struct {
	Name     string // for people
	Key      string // its key in the bucket, "" when it does not come from there
	Object   string // and its version
	ETag     string
	Source   io.ReaderAt
	Size     int64
	Mapping  string // text of the mapping file, "" for none
	Format   string // "" finds out; ndjson, csv or parquet
	Backfill bool   // history: folds facts, decides nothing
	Again    bool   // read it although its content is known
	AsOf     int64  // the moment of the decisions and views; 0: its arrival, or for a backfill the latest event
	Redrive  string // id of the file whose rejects this one holds
	Progress func(Progress)
}

// Progress is how far a running import is.
type Progress struct {
	File   string `json:"file"`
	Name   string `json:"name"`
	Phase  string `json:"phase"` // read | fold | score
	Done   int64  `json:"done"`  // of Total: bytes while reading, chunks while folding, users while scoring
	Total  int64  `json:"total"`
	Counts Counts `json:"counts"`
}

// ImportResult is the outcome of one file.
type ImportResult struct {
	File     File
	Counts   Counts
	Strategy string // the version that decided; "" when nothing was left to do
}

// Import reads one event file whole: it folds the accepted events into profiles, quarantines the bad lines and, unless it is
// a backfill, decides. It can be killed at any moment and called again with the same content: it goes on where it was.
//
// Errors: Conflict when the content is known already; Invalid or TooLarge when the file as a whole cannot be read, in which
// case nothing of it was applied; Unavailable when the disk is full or the store is busy.
func (a *App) Import(ctx context.Context, req ImportRequest) (ImportResult, error) {
	if _, err := parseMapping(req.Mapping); err != nil {
		return ImportResult{}, err
	}
	hash, err := eventfile.HashContent(req.Source, req.Size)
	if err != nil {
		return ImportResult{}, fault.Wrap(err, "read %s", req.Name)
	}
	file, err := a.begin(ctx, req, hash, FileRunning)
	if err != nil {
		return ImportResult{}, err
	}
	return a.importFile(ctx, file, req)
}

// importFile folds a recorded file. Its mapping and moments are those it was recorded with.
func (a *App) importFile(ctx context.Context, file File, req ImportRequest) (ImportResult, error) {
	ctx, release, err := a.exclusive(ctx)
	if err != nil {
		return ImportResult{}, err
	}
	defer release()
	file, err = a.ports.Ledger.File(ctx, file.ID)
	if err != nil {
		return ImportResult{}, fault.Wrap(err, "read the record of %s", req.Name)
	}
	if file.Status == FileDone { // another caller was faster
		return ImportResult{File: file, Counts: file.Counts}, nil
	}
	mapping, err := parseMapping(file.Mapping)
	if err != nil {
		return a.fail(ctx, file, err)
	}
	if file.Status == FileWaiting {
		file.Status = FileRunning
		if file, err = a.updateFile(ctx, file); err != nil {
			return ImportResult{}, err
		}
	}
	run, err := a.newIngest(ctx, file, req, mapping)
	if err != nil {
		return ImportResult{}, err
	}
	defer run.close()
	if _, err := a.refold(ctx, run.live, nil); err != nil {
		return ImportResult{}, err
	}
	err = run.all(ctx)
	if err != nil && !run.applied && refused(err) {
		return a.fail(ctx, run.file, err)
	}
	if err != nil {
		return ImportResult{File: run.file, Strategy: run.live.Version}, fault.Wrap(err, "import %s", file.Name)
	}
	a.forgetBase()
	return ImportResult{File: run.file, Counts: run.file.Counts, Strategy: run.live.Version}, nil
}

func parseMapping(text string) (*eventfile.Mapping, error) {
	if text == "" {
		return nil, nil
	}
	return eventfile.ParseMapping([]byte(text))
}

// refused reports whether err is about the file itself, so that trying again cannot help.
func refused(err error) bool {
	code := fault.CodeOf(err)
	return code == fault.Invalid || code == fault.TooLarge
}

// begin records the file, or finds the record of an earlier try.
func (a *App) begin(ctx context.Context, req ImportRequest, hash string, status FileStatus) (File, error) {
	clock, err := a.Clock(ctx)
	if err != nil {
		return File{}, err
	}
	// A file arrives when it does, whatever moment its decisions are for: in a rehearsal of the past its events are late, and
	// are looked for among all that was kept.
	f := File{
		ID: hash[:32], Name: req.Name, Key: req.Key, Object: req.Object, ETag: req.ETag, Size: req.Size, Arrived: a.ports.Clock(), AsOf: req.AsOf,
		Backfill: req.Backfill, Mapping: req.Mapping, Redrive: req.Redrive, Status: status,
	}
	if clock.Pinned && !f.Backfill && f.AsOf == 0 {
		f.AsOf = clock.Now
	}
	var tracking PlanVersion
	if _, err := a.getDoc(ctx, docPlan, &tracking); err != nil {
		return File{}, err
	}
	f.Plan = tracking.Sequence
	for n := 1; ; n++ {
		if n > 1 {
			f.ID = fmt.Sprintf("%s~%d", hash[:32], n)
		}
		stored, known, err := a.ports.Ledger.Begin(ctx, f)
		if err != nil {
			return File{}, fault.Wrap(err, "record the file %s", req.Name)
		}
		switch {
		case !known || stored.Status == FileRunning || stored.Status == FileWaiting:
			return stored, nil
		case stored.Status == FileFailed:
			f.Version = stored.Version
			return a.updateFile(ctx, f)
		case !req.Again:
			return File{}, fault.New(fault.Conflict, "the content of %s is known: it was imported as %s on %s", req.Name, stored.Name, day(stored.Arrived)).
				WithHint("nothing was done. To read it once more (events that are known count as duplicates), add --again")
		}
	}
}

// updateFile stores a changed record and returns it with its new version.
func (a *App) updateFile(ctx context.Context, f File) (File, error) {
	if err := a.ports.Ledger.Update(ctx, f); err != nil {
		return File{}, fault.Wrap(err, "record the file %s", f.Name)
	}
	f.Version++
	return f, nil
}

func day(ms int64) string { return time.UnixMilli(ms).UTC().Format(time.DateOnly) }

// fail records that the file as a whole was refused, and returns why.
func (a *App) fail(ctx context.Context, f File, why error) (ImportResult, error) {
	f.Status, f.Error, f.Finished = FileFailed, why.Error(), a.ports.Clock()
	if hint := fault.HintOf(why); hint != "" {
		f.Error += " (" + hint + ")"
	}
	if err := a.ports.Ledger.Update(ctx, f); err != nil {
		return ImportResult{File: f}, errors.Join(why, fault.Wrap(err, "record that %s was refused", f.Name))
	}
	return ImportResult{File: f}, why
}

// Running returns the progress of the imports that run now.
func (a *App) Running() []Progress {
	a.mu.Lock()
	defer a.mu.Unlock()
	var out []Progress
	for _, p := range a.progress {
		out = append(out, p)
	}
	return out
}
